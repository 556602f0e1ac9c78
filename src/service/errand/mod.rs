//! A request whose work may outlive its client.
//!
//! As a rule a client is the root of all that is done for it, and takes it along when it goes. Where a service says what
//! becomes of such work (`on_disconnect`, `queue.expired`, `on_cancel` and `intended` of calls), the work is an errand: the
//! root of [`strays`](super::strays) runs it, the client waits for its end, and when the client leaves it is decided here
//! what stops and what goes on. The row of the request is the client's, and holds what was known when it left.

mod departures;

pub(super) use departures::{Departures, For};

use super::{
    deaths::while_alive,
    journey::{Visit, journey},
    process::Process,
    registry,
    spec::{Expired, OnCancel, OnDisconnect, Step},
    stages::call::{End, Limit, one},
    strays::{Counted, Order},
    world::World,
};
use crate::{
    components::dag::FanOut,
    recording::{RequestRow, outcome},
    sim::{
        Sim,
        sync::{Event, Latch},
    },
    trace::Request,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// How far an errand has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not yet in the queue.
    Door,
    /// It waits for a worker.
    Queue,
    /// It has one.
    Work,
}

/// How far a call of an errand has come.
enum Called {
    /// It has not begun.
    No,
    /// It runs; the latch stops it.
    Runs(Rc<Latch<()>>),
    /// It has ended.
    Ended,
}

/// What the parts of an errand share.
pub(super) struct Errand {
    /// The client has left.
    left: Cell<bool>,
    leaves: Latch<()>,
    /// Outcome, and when to come back.
    ended: Latch<(u8, u64)>,
    /// As far as it is known.
    row: RefCell<RequestRow>,
    /// ns at which the answer is due, as the request says; `u64::MAX` is never.
    deadline: u64,
    place: Cell<Place>,
    calls: RefCell<Vec<Called>>,
    /// Pieces of work under way, and those that are meant to be done.
    working: [Cell<u32>; 2],
    /// Calls that are tasks of their own, and those of them that are meant to be made.
    tasks: [Cell<u32>; 2],
    /// The client has left, and what goes on without it has been counted.
    parted: Cell<bool>,
    /// The journey goes on though the client has left.
    goes_on: Cell<bool>,
    task_ended: Event,
}

/// All that an errand needs to be run.
pub(super) struct Job {
    request: Request,
    version_index: usize,
    process: Rc<Process>,
    number: u64,
    row: RequestRow,
    errand: Rc<Errand>,
}

impl Errand {
    fn new(sim: &Rc<Sim>, row: RequestRow, deadline: u64) -> Errand {
        Errand {
            left: Cell::new(false),
            leaves: Latch::new(sim),
            ended: Latch::new(sim),
            row: RefCell::new(row),
            deadline,
            place: Cell::new(Place::Door),
            calls: RefCell::default(),
            working: Default::default(),
            tasks: Default::default(),
            parted: Cell::new(false),
            goes_on: Cell::new(false),
            task_ended: Event::new(sim),
        }
    }

    /// Whether nobody waits for it any more.
    pub fn is_left(&self) -> bool {
        self.left.get()
    }

    /// ns at which the answer is due, as the request says; `u64::MAX` is never.
    pub fn deadline(&self) -> u64 {
        self.deadline
    }

    /// What is known of the request by now.
    pub fn note(&self, row: &RequestRow) {
        if !self.left.get() {
            self.row.borrow_mut().clone_from(row);
        }
    }

    /// It waits for a worker from here on.
    pub fn queues(&self) {
        self.place.set(Place::Queue);
    }

    /// It got a worker, or none was needed.
    pub fn works(&self) {
        self.place.set(Place::Work);
    }

    fn set_call(&self, step: usize, state: Called) {
        let calls = &mut *self.calls.borrow_mut();
        if calls.len() <= step {
            calls.resize_with(step + 1, || Called::No);
        }
        calls[step] = state;
    }
}

/// Has a request worked on, and waits for its end as long as `patience` lasts, ns. Gives its outcome and when to come back.
pub(super) async fn wait(
    w: &World<'_>,
    request: &Request,
    version_index: usize,
    process: Rc<Process>,
    number: u64,
    row: &mut RequestRow,
    patience: Option<u64>,
) -> (u8, u64) {
    let after = |p: u64| w.sim.now().saturating_add(p);
    let leaves = patience.map_or(u64::MAX, after);
    // Who leaves of their own accord do not say so before.
    let said = [w.newest().spec.clients.patience.0, request.deadline];
    let deadline = said.into_iter().filter(|&p| p > 0).min();
    let deadline = deadline.map_or(u64::MAX, after);
    let errand = Rc::new(Errand::new(&w.sim, row.clone(), deadline));
    let job = Job {
        request: request.clone(),
        version_index,
        process,
        number,
        row: row.clone(),
        errand: errand.clone(),
    };
    w.strays.order(Order::Errand(Box::new(job)));
    let ended = match leaves {
        u64::MAX => Ok(errand.ended.wait().await),
        at => w.sim.timeout_at(at, errand.ended.wait()).await,
    };
    row.clone_from(&errand.row.borrow());
    ended.unwrap_or_else(|_| {
        w.is_left(&errand);
        row.disconnected = 1;
        (outcome::HUNG_UP, 0)
    })
}

impl World<'_> {
    /// The client of an errand leaves.
    fn is_left(&self, errand: &Errand) {
        errand.left.set(true);
        let now = self.sim.now();
        for (whom, pieces) in [For::Nobody, For::Record].into_iter().zip(&errand.working) {
            self.departures.orphan(whom, pieces.get(), now);
        }
        errand.leaves.set(());
    }

    /// Runs an errand to its end, or to where it stops.
    pub(super) async fn run_errand(&self, job: Job) {
        let Job {
            request,
            version_index,
            process,
            number,
            mut row,
            errand,
        } = job;
        let version = &self.versions[version_index];
        let visit = Visit {
            request: &request,
            version,
            version_index,
            process: process.clone(),
            dice: self.dice(request.op).again(row.tries),
            lasting: self.dice(request.op),
            number,
            background: false,
            spoilt: Cell::new(false),
            retry_after: Cell::new(0),
            parts: version.logs_parts.then(Rc::default),
            errand: Some(errand.clone()),
        };
        let work = journey(self, &visit, &mut row);
        let mut work = Box::pin(while_alive(self, &visit.process, work));
        let ended = errand.leaves.until(work.as_mut()).await;
        let left = self.sim.now();
        if ended.is_err() {
            let goes_on = self.part(&visit, &errand);
            errand.goes_on.set(goes_on);
            let counted = if goes_on { 1 } else { errand.tasks[0].get() };
            add(&self.departures.tasks, counted);
            add(&self.departures.meant, errand.tasks[1].get());
            errand.parted.set(true);
            if goes_on {
                work.as_mut().await;
                errand.goes_on.set(false);
                add(&self.departures.tasks, errand.tasks[0].get());
                take(&self.departures.tasks, 1);
            }
        }
        drop(work);
        // Its process died: the connection is reset.
        let end = ended.map_or(outcome::HUNG_UP, |end| end.unwrap_or(outcome::ERROR));
        take(&process.in_flight, 1);
        registry::leave(&version.spec, &process, end);
        if ended.is_ok() {
            errand.row.replace(row);
            errand.ended.set((end, visit.retry_after.get()));
            return;
        }
        while errand.tasks[0].get() > 0 {
            errand.task_ended.wait().await;
        }
        self.departures.cleaned(self.sim.now() - left);
    }

    /// A client has left: tells whoever can be told. Whether the journey goes on all the same.
    fn part(&self, v: &Visit<'_>, errand: &Errand) -> bool {
        let spec = &v.version.spec;
        let how = spec.on_disconnect.unwrap_or(OnDisconnect::Stop);
        self.departures.left(how != OnDisconnect::Masked);
        if how != OnDisconnect::Stop {
            return true;
        }
        let expired = spec.queue.as_ref().and_then(|q| q.expired);
        if errand.place.get() == Place::Queue && expired.is_some_and(|e| e != Expired::Leave) {
            return true;
        }
        let mut goes_on = false;
        let mut stops = vec![];
        for (step, called) in spec.steps.iter().zip(&*errand.calls.borrow()) {
            let Called::Runs(stop) = called else { continue };
            let (received, honoured) = match step.options.on_cancel {
                OnCancel::Detach => continue,
                OnCancel::Stop => (true, true),
                OnCancel::Swallow => (true, false),
                OnCancel::Ignore => (false, false),
            };
            self.departures.cancel(step.dependency, received, honoured);
            goes_on |= step.options.on_cancel == OnCancel::Swallow;
            if honoured {
                stops.push(stop.clone());
            }
        }
        if goes_on {
            // Its siblings are stopped one by one; what comes after them sees no cancellation.
            for stop in stops {
                stop.set(());
            }
        } else if errand.place.get() == Place::Work {
            self.settle_records(v, errand);
        }
        goes_on
    }

    /// The journey stops: what is meant to be made all the same is begun, or lost.
    fn settle_records(&self, v: &Visit<'_>, errand: &Errand) {
        for (i, step) in v.version.spec.steps.iter().enumerate() {
            if !step.options.intended {
                continue;
            }
            let (begun, runs) = match errand.calls.borrow().get(i) {
                None | Some(Called::No) => (false, false),
                Some(Called::Runs(_)) => (true, true),
                Some(Called::Ended) => (true, false),
            };
            match step.options.on_cancel {
                OnCancel::Detach if !begun => {
                    let limit = Rc::new(Limit::new(&FanOut::default(), u64::MAX));
                    self.detach(v, i, &limit);
                }
                how if !begun || runs && !how.outlives() => self.departures.kill(),
                _ => {}
            }
        }
    }

    /// A call that is a task of its own has begun, or ended.
    pub(super) fn task_begins(&self, errand: &Errand, step: &Step) {
        add(&errand.tasks[usize::from(step.options.intended)], 1);
        if let Some(goes_on) = self.goes_on(errand, step) {
            add(goes_on, 1);
        }
    }

    /// See [`World::task_begins`].
    pub(super) fn task_ends(&self, errand: &Errand, step: &Step) {
        take(&errand.tasks[usize::from(step.options.intended)], 1);
        if let Some(goes_on) = self.goes_on(errand, step) {
            take(goes_on, 1);
        }
        errand.task_ended.notify();
    }

    /// What a call that is a task of its own is counted in, once its client has left. A journey that goes on is one with
    /// all of its calls.
    fn goes_on(&self, errand: &Errand, step: &Step) -> Option<&Cell<u32>> {
        match (errand.parted.get(), step.options.intended) {
            (false, _) => None,
            (true, true) => Some(&self.departures.meant),
            (true, false) => (!errand.goes_on.get()).then_some(&self.departures.tasks),
        }
    }
}

/// A call of an errand.
pub(super) async fn call(
    w: &World<'_>,
    v: &Visit<'_>,
    errand: &Errand,
    step: usize,
    limit: &Rc<Limit>,
    detached: bool,
) -> End {
    let stop = Rc::new(Latch::new(&w.sim));
    errand.set_call(step, Called::Runs(stop.clone()));
    let of = &v.version.spec.steps[step];
    let end = if detached || of.options.on_cancel.outlives() {
        w.detached(v, step, limit).await
    } else {
        let _running = Counted::new(&w.strays.running);
        match stop.until(one(w, v, of, limit)).await {
            Ok(end) => end,
            Err(()) => (Default::default(), Err((outcome::ERROR, 0))),
        }
    };
    errand.set_call(step, Called::Ended);
    end
}

/// A piece of work of an errand, as long as it lives.
pub(super) struct Piece<'w> {
    departures: &'w Departures,
    errand: &'w Errand,
    whom: For,
    sim: &'w Sim,
}

impl<'w> Piece<'w> {
    /// Begins one, where the request is an errand.
    pub fn begin(w: &'w World<'_>, v: &'w Visit<'_>, intended: bool) -> Option<Piece<'w>> {
        let errand = v.errand.as_deref()?;
        let whom = if intended { For::Record } else { For::Nobody };
        add(&errand.working[whom as usize], 1);
        w.departures.begin(whom, errand.left.get(), w.sim.now());
        Some(Piece {
            departures: &w.departures,
            errand,
            whom,
            sim: &w.sim,
        })
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        take(&self.errand.working[self.whom as usize], 1);
        let gone = self.errand.left.get();
        self.departures.end(self.whom, gone, self.sim.now());
    }
}

fn add(count: &Cell<u32>, n: u32) {
    count.set(count.get() + n);
}

fn take(count: &Cell<u32>, n: u32) {
    count.set(count.get() - n);
}
