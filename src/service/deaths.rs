//! Processes that die, and those that start in their place.
//!
//! A process that dies takes what it has in hand with it: each of its requests fails at that instant, whatever it waited
//! for, and what it kept in memory is gone. What it had sent goes on: a dependency does not know that nobody listens. A
//! replica without a process takes no requests. After a while another process starts there; where the service reads
//! something before it serves (`service.start`), it takes requests when it has read that.

use super::{
    join::First,
    journey::Visit,
    latency::Size,
    process::{NEVER, Process},
    purpose,
    seams::{Ending, Moment, Seam},
    spec::{DependencyKind, DependencySpec},
    world::{World, named},
};
use crate::{
    config::{At, Node, Read, Refusal, Span},
    sim::{
        Sim,
        sync::mpsc::{Receiver, Sender, unbounded},
    },
    trace::{Payload, Request},
};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
};

crate::options! {
    /// How processes start.
    #[derive(Clone, Debug)]
    pub struct StartOptions {
        /// Whom a process asks before it serves: a name under `[dependency]`, which takes its latency, and a worker, for it.
        reads: Option<(String, At)> = None, "nothing";
        /// How long it waits for that; what takes longer is a start that failed.
        timeout: Span = Span(0), "for ever";
        /// How long after a start that failed the next one begins.
        again: Span = Span(1_000_000_000), "1s";
        /// Each start waits up to so long before it reads, by dice.
        spread: Span = Span(0), "0";
        /// How long after a process died another starts in its place; a crash fault has a `down` of its own.
        delay: Span = Span(DELAY), "1s";
    }
}

/// How long after a process died another starts in its place, ns, unless a file says otherwise.
pub(super) const DELAY: u64 = 1_000_000_000;

/// How processes of a service start.
#[derive(Clone, Debug)]
pub struct StartSpec {
    /// Index of the dependency that they read.
    pub reads: Option<usize>,
    /// As the file says.
    pub options: StartOptions,
}

impl StartSpec {
    /// Reads it.
    ///
    /// # Errors
    /// A dependency that there is not, and options of a read where nothing is read.
    pub fn read(node: &Node, dependencies: &[DependencySpec]) -> Result<StartSpec, Refusal> {
        let options = StartOptions::read(node)?;
        if options.again.0 < 1_000_000 {
            let place = node.get("again").map_or(&node.at, |n| &n.at);
            return Err(Refusal::at(place, "a start that is tried again at once")
                .help("1ms or more, which keeps time going on"));
        }
        let reads = match &options.reads {
            None => {
                let of_reads = ["timeout", "again", "spread"];
                if let Some(unused) = of_reads.iter().find_map(|name| node.get(name)) {
                    return Err(Refusal::at(&unused.at, "a start that reads nothing")
                        .help("say reads = \"NAME\" beside it, or leave it out"));
                }
                None
            }
            Some((name, at)) => {
                let Some(place) = dependencies.iter().position(|d| d.name == *name) else {
                    let known = dependencies.iter().map(|d| d.name.as_str());
                    return Err(Refusal::at(at, format!("there is no [dependency.{name}]"))
                        .help(crate::config::suggestion(name, known)));
                };
                if matches!(dependencies[place].kind, DependencyKind::Engine(_)) {
                    return Err(
                        Refusal::at(at, "engines answer prompts, and a start has none")
                            .help("name a dependency of another kind"),
                    );
                }
                Some(place)
            }
        };
        Ok(StartSpec { reads, options })
    }
}

/// When the next process of a replica starts: there is one, and nobody knows yet when it is up.
pub(super) const STARTING: u64 = NEVER - 1;

/// Another process is to start on a replica.
struct Start {
    /// Index of the replica.
    replica: usize,
    /// Number of the process that it takes the place of.
    after: u32,
    /// ns until it begins.
    delay: u64,
}

/// What there is to dying and starting while a run goes on.
pub(super) struct Deaths {
    to_root: Sender<Start>,
    root: RefCell<Option<Receiver<Start>>>,
    /// Whether the root has been started: whether anything may die, or reads before it serves.
    pub started: Cell<bool>,
    reading: Cell<u32>,
    failed: Cell<u64>,
}

impl Deaths {
    pub fn new(sim: &Rc<Sim>) -> Deaths {
        let (to_root, root) = unbounded(sim);
        Deaths {
            to_root,
            root: RefCell::new(Some(root)),
            started: Cell::new(false),
            reading: Cell::new(0),
            failed: Cell::new(0),
        }
    }
}

/// Runs what a process does, as long as it lives; `None`: it died. Costs nothing where nothing ever dies.
pub(super) async fn while_alive<T>(
    w: &World<'_>,
    process: &Process,
    work: impl Future<Output = T>,
) -> Option<T> {
    match w.deaths.started.get() {
        false => Some(work.await),
        // Boxed: few incidents have deaths in them, and no other journey shall be larger for it.
        true => Box::pin(process.died.until(work)).await.ok(),
    }
}

/// Where a request may be the death of its process, the `nth` time that it comes here: never comes back then.
pub(super) async fn may_kill(w: &World<'_>, v: &Visit<'_>, moment: Moment, nth: u32) {
    if !w.deaths.started.get() {
        return;
    }
    let Some(ailments) = w.saboteur.ailments() else {
        return;
    };
    let replica = v.process.replica;
    if let Some(down) = ailments.poisons(moment, nth, replica, v.request, v.lasting, w.sim.now()) {
        die::<()>(w, v, down).await;
    }
}

/// The process of this request dies now. Never comes back.
pub(super) async fn die<T>(w: &World<'_>, v: &Visit<'_>, down: u64) -> T {
    w.kill(&v.process, down);
    std::future::pending().await
}

impl World<'_> {
    /// A process dies, and another is to start in its place after `down` ns. False: it was dead already.
    pub(super) fn kill(&self, process: &Process, down: u64) -> bool {
        let replica = usize::from(process.replica) - 1;
        // One that was replaced, and finishes what it has in hand, leaves no gap.
        let current = self.processes.borrow()[replica].number == process.number;
        if current && self.down_until.borrow()[replica] != NEVER {
            self.down_until.borrow_mut()[replica] = STARTING;
            self.start_another(replica, process.number, down);
        }
        if !process.died.set(()) {
            return false;
        }
        let event = named(&self.names, "event", "exit");
        let version = self.versions[self.version_on(replica)].number;
        self.record_event(event, process.replica, version, 1.0);
        true
    }

    /// A process that is to take the place of number `after` begins to start in `delay` ns.
    pub(super) fn start_another(&self, replica: usize, after: u32, delay: u64) {
        let start = Start {
            replica,
            after,
            delay,
        };
        // The root ends with the run alone.
        let _ = self.deaths.to_root.try_send(start);
    }

    /// All that cannot live now die.
    pub(super) fn strike_dead(&self) {
        let processes: Vec<Rc<Process>> = self.processes.borrow().iter().cloned().collect();
        processes.iter().for_each(|process| {
            self.dies_at_once(process);
        });
    }

    /// Whether something kills this process now.
    fn dies_at_once(&self, process: &Process) -> bool {
        let (now, replica) = (self.sim.now(), usize::from(process.replica) - 1);
        let up = self.down_until.borrow()[replica] <= now && !process.died.is_set();
        let Some(ailments) = self.saboteur.ailments().filter(|_| up) else {
            return false;
        };
        let dice = self.dice(u64::from(process.number));
        let fatal = ailments.fatal(process.replica, dice, now);
        fatal.is_some_and(|down| self.kill(process, down))
    }

    /// The newest change that has reached a replica as a whole.
    fn version_on(&self, replica: usize) -> usize {
        let deployed = self.deployed.borrow();
        let there = deployed.iter().rev().find(|d| match &d.upgraded {
            Some(upgraded) => upgraded.get(replica).copied().unwrap_or(false),
            None => d.share >= 1.0,
        });
        there.map_or(0, |d| d.version)
    }

    /// Starts processes in the place of those that died, until the run ends.
    ///
    /// # Errors
    /// None that loading did not find.
    pub(super) async fn run_starts(&self, until: u64) -> Result<(), Refusal> {
        let Some(mut root) = self.deaths.root.take() else {
            return Ok(());
        };
        self.deaths.started.set(true);
        let mut running: First<'_, Result<(), Refusal>> = First::new();
        loop {
            let next = {
                let mut next = pin!(root.recv());
                poll_fn(|cx| {
                    while let std::task::Poll::Ready((_, ended)) = running.poll_next(cx) {
                        if ended.is_err() {
                            return std::task::Poll::Ready(Err(ended));
                        }
                    }
                    next.as_mut().poll(cx).map(Ok)
                })
                .await
            };
            match next {
                Err(refused) => return refused,
                Ok(None) => return Ok(()),
                Ok(Some(start)) => running.push(0, self.start(start, until)),
            }
        }
    }

    async fn start(&self, of: Start, until: u64) -> Result<(), Refusal> {
        self.sim.sleep(of.delay).await;
        for nth in 0u64.. {
            let wanted = || {
                let here = self.processes.borrow()[of.replica].number == of.after;
                here && self.down_until.borrow()[of.replica] == STARTING
            };
            if !wanted() || nth > 0 && self.sim.now() > until {
                // Somebody else has seen to it, the replica was taken out of service, or all is over.
                return Ok(());
            }
            let version = &self.versions[self.version_on(of.replica)];
            let read = match &version.spec.start {
                Some(start) => self.reads(start, &of, nth).await,
                None => true,
            };
            if read && wanted() {
                break;
            }
            if !read {
                self.deaths.failed.set(self.deaths.failed.get() + 1);
                // As it is by now: a deploy may have come.
                let version = &self.versions[self.version_on(of.replica)];
                let again = version.spec.start.as_ref().map_or(0, |s| s.options.again.0);
                self.sim.sleep(again).await;
            }
        }
        self.restart_now(of.replica, self.version_on(of.replica))?;
        let process = self.processes.borrow()[of.replica].clone();
        self.dies_at_once(&process);
        Ok(())
    }

    /// Reads what is read before a process serves. Whether it got it.
    async fn reads(&self, start: &StartSpec, of: &Start, nth: u64) -> bool {
        let Some(index) = start.reads else {
            return true;
        };
        let (o, dice) = (&start.options, self.dice(u64::from(of.after)));
        let spread = dice.draw(purpose::START_SPREAD, nth).unit() * o.spread.0 as f64;
        self.sim.sleep(spread as u64).await;
        let spec = &self.newest().spec.dependencies[index];
        let size = Size::default();
        let mut time = spec
            .latency
            .sample(size, &mut dice.draw(purpose::START_READ, nth));
        let rate = spec.error_rate;
        let mut fails = rate > 0.0 && dice.draw(purpose::START_FAILS, nth).chance(rate);
        let mut unheard = false;
        let request = Request::blank(Rc::new(Payload::new("", &[])));
        let seam = Seam::Call {
            dependency: index,
            replica: of.replica as u16 + 1,
            attempt: u16::try_from(nth + 1).unwrap_or(u16::MAX),
            request: &request,
        };
        let perturb = self.saboteur.at(seam, dice, self.sim.now());
        time = time.saturating_add(perturb.delay);
        match perturb.end {
            Ending::AsEver => {}
            Ending::Fail => fails = true,
            Ending::Hang => time = u64::MAX,
            Ending::Cut(after) => (time, fails) = (time.min(after), true),
            Ending::Late(after) => (time, fails) = (after, true),
            Ending::Lost { reset: true } => fails = true,
            Ending::Lost { reset: false } => unheard = true,
        }
        self.deaths.reading.set(self.deaths.reading.get() + 1);
        let regional = self.regions.as_ref();
        let regional = regional.and_then(|r| r.table(of.replica, index));
        let dependency = regional.unwrap_or(&self.dependencies[index]);
        let answered = match unheard {
            true => dependency.serve_unheard(self, time, o.timeout.0).await,
            false => dependency.serve(self, time, o.timeout.0).await,
        };
        self.deaths.reading.set(self.deaths.reading.get() - 1);
        answered && !fails
    }

    /// Names and values of gauges.
    pub(super) fn look_at_starts(&self, put: &mut dyn FnMut(&'static str, f64)) {
        let spec = &self.newest().spec;
        let Some(start) = &spec.start else { return };
        if spec.autoscaler.is_none() {
            let now = self.sim.now();
            let starts = |until: &&u64| **until > now && **until != NEVER;
            let starting = self.down_until.borrow().iter().filter(starts).count();
            put("replicas.starting", starting as f64);
        }
        if start.reads.is_some() {
            put("replicas.reading", f64::from(self.deaths.reading.get()));
            put("replicas.failed_starts", self.deaths.failed.get() as f64);
        }
    }
}
