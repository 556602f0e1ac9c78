//! Work that may outlive the one who waits for it: calls that `leftovers = "detach"` leaves running,
//! [errands](super::errand), [jobs](super::jobs) that are due later, what clients send again, and
//! second steps of writes.
//!
//! A request is a root of the simulation and takes all that it does with it when it goes. What is to outlive it is run by
//! a root of its own, which [`Control::Strays`](super::Control::Strays) starts.

use super::{
    client,
    deaths::while_alive,
    errand::{self, Errand},
    jobs,
    journey::Visit,
    parts::Parts,
    process::Process,
    stages::{
        call::{End, Limit, one},
        then,
    },
    world::World,
};
use crate::{
    sim::{
        Sim,
        dice::Dice,
        sync::{
            Latch,
            mpsc::{Receiver, Sender, unbounded},
        },
    },
    trace::Request,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
};

/// All that a call needs of its request.
pub(super) struct Stray {
    request: Request,
    version_index: usize,
    process: Rc<Process>,
    dice: Dice,
    number: u64,
    background: bool,
    parts: Option<Rc<RefCell<Parts>>>,
    errand: Option<Rc<Errand>>,
    step: usize,
    limit: Rc<Limit>,
    /// How it ended, for as long as somebody waits.
    ended: Rc<Latch<End>>,
}

/// What the root is to run.
pub(super) enum Order {
    /// A call.
    Call(Box<Stray>),
    /// A request.
    Errand(Box<errand::Job>),
    /// An operation that its client sends again.
    Replay(Box<client::Replay>),
    /// The second steps of writes.
    Relay(Box<then::Relay>),
    /// A write that is due later.
    Job(Box<jobs::Job>),
}

/// Calls under way of fan-outs.
pub(super) struct Strays {
    to_root: Sender<Order>,
    root: RefCell<Option<Receiver<Order>>>,
    /// Whether the root has been started.
    pub started: Cell<bool>,
    /// ns from which nothing is tried again that goes on failing: a run has an end.
    pub until: Cell<u64>,
    /// Calls of fan-outs that run.
    pub running: Cell<u32>,
    /// Those that a request waits for.
    pub awaited: Cell<u32>,
}

/// One more, as long as it lives.
pub(super) struct Counted<'c>(&'c Cell<u32>);

impl<'c> Counted<'c> {
    pub fn new(count: &'c Cell<u32>) -> Self {
        count.set(count.get() + 1);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Strays {
    pub fn new(sim: &Rc<Sim>) -> Strays {
        let (to_root, root) = unbounded(sim);
        Strays {
            to_root,
            root: RefCell::new(Some(root)),
            started: Cell::new(false),
            until: Cell::new(u64::MAX),
            running: Cell::new(0),
            awaited: Cell::new(0),
        }
    }

    /// Has something run.
    pub fn order(&self, order: Order) {
        // The root ends with the run alone, and then nobody waits.
        let _ = self.to_root.try_send(order);
    }
}

impl World<'_> {
    /// Makes a call that goes on when the one who waits for it goes away.
    pub(super) async fn detached(&self, v: &Visit<'_>, step: usize, limit: &Rc<Limit>) -> End {
        self.detach(v, step, limit).wait().await
    }

    /// Has a call made; the latch tells how it ended.
    pub(super) fn detach(&self, v: &Visit<'_>, step: usize, limit: &Rc<Limit>) -> Rc<Latch<End>> {
        let ended = Rc::new(Latch::new(&self.sim));
        let stray = Stray {
            request: v.request.clone(),
            version_index: v.version_index,
            process: v.process.clone(),
            dice: v.dice,
            number: v.number,
            background: v.background,
            parts: v.parts.clone(),
            errand: v.errand.clone(),
            step,
            limit: limit.clone(),
            ended: ended.clone(),
        };
        if let Some(errand) = &v.errand {
            self.task_begins(errand, &v.version.spec.steps[step]);
        }
        self.strays.order(Order::Call(Box::new(stray)));
        ended
    }

    /// Runs what is detached, until the run ends.
    pub(super) async fn run_strays(&self, until: u64) {
        let Some(mut root) = self.strays.root.take() else {
            return;
        };
        self.strays.started.set(true);
        self.strays.until.set(until);
        let minds = self.versions.iter().any(|v| v.spec.minds_leavers());
        self.departures.on.set(minds);
        // There may be thousands: each is woken by itself.
        let mut running: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + '_>>> =
            FuturesUnordered::new();
        loop {
            let next = {
                let mut next = pin!(root.recv());
                poll_fn(|cx| {
                    while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {}
                    next.as_mut().poll(cx)
                })
                .await
            };
            match next {
                Some(Order::Call(stray)) => running.push(Box::pin(self.run_stray(*stray))),
                Some(Order::Errand(job)) => running.push(Box::pin(self.run_errand(*job))),
                Some(Order::Replay(again)) => running.push(Box::pin(client::replay(self, *again))),
                Some(Order::Relay(relay)) => running.push(Box::pin(self.run_relay(*relay))),
                Some(Order::Job(job)) => running.push(Box::pin(self.run_job(*job))),
                None => return,
            }
        }
    }

    async fn run_stray(&self, stray: Stray) {
        let version = &self.versions[stray.version_index];
        let visit = Visit {
            request: &stray.request,
            version,
            version_index: stray.version_index,
            process: stray.process.clone(),
            dice: stray.dice,
            lasting: self.dice(stray.request.op),
            number: stray.number,
            background: stray.background,
            spoilt: Cell::new(false),
            retry_after: Cell::new(0),
            parts: stray.parts.clone(),
            errand: stray.errand.clone(),
        };
        let _running = Counted::new(&self.strays.running);
        let step = &version.spec.steps[stray.step];
        let call = one(self, &visit, step, &stray.limit);
        let end = while_alive(self, &visit.process, call).await;
        if let Some(errand) = &stray.errand {
            self.task_ends(errand, step);
        }
        // Who waited for it died with it.
        if let Some(end) = end {
            stray.ended.set(end);
        }
    }
}
