//! Calls that nobody waits for any more: what `leftovers = "detach"` leaves running.
//!
//! A request is a root of the simulation and takes all that it does with it when it goes. What is to outlive it is run by
//! a root of its own, which [`Control::Strays`](super::Control::Strays) starts.

use super::{
    deaths::while_alive,
    join::First,
    journey::Visit,
    process::Process,
    stages::call::{End, Limit, one},
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
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
};

/// All that a call needs of its request.
pub(super) struct Stray {
    request: Request,
    version_index: usize,
    process: Rc<Process>,
    dice: Dice,
    number: u64,
    background: bool,
    step: usize,
    limit: Rc<Limit>,
    /// How it ended, for as long as somebody waits.
    ended: Rc<Latch<End>>,
}

/// Calls under way of fan-outs.
pub(super) struct Strays {
    to_root: Sender<Stray>,
    root: RefCell<Option<Receiver<Stray>>>,
    /// Whether the root has been started.
    pub started: Cell<bool>,
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
            running: Cell::new(0),
            awaited: Cell::new(0),
        }
    }
}

impl World<'_> {
    /// Makes a call that goes on when the one who waits for it goes away.
    pub(super) async fn detached(&self, v: &Visit<'_>, step: usize, limit: &Rc<Limit>) -> End {
        let ended = Rc::new(Latch::new(&self.sim));
        let stray = Stray {
            request: v.request.clone(),
            version_index: v.version_index,
            process: v.process.clone(),
            dice: v.dice,
            number: v.number,
            background: v.background,
            step,
            limit: limit.clone(),
            ended: ended.clone(),
        };
        if self.strays.to_root.try_send(stray).is_err() {
            // The root ends with the run alone.
            return std::future::pending().await;
        }
        ended.wait().await
    }

    /// Runs what is detached, until the run ends.
    pub(super) async fn run_strays(&self) {
        let Some(mut root) = self.strays.root.take() else {
            return;
        };
        self.strays.started.set(true);
        let mut running = First::new();
        loop {
            let next = {
                let mut next = pin!(root.recv());
                poll_fn(|cx| {
                    while running.poll_next(cx).is_ready() {}
                    next.as_mut().poll(cx)
                })
                .await
            };
            let Some(stray) = next else { return };
            running.push(0, self.run_stray(stray));
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
            number: stray.number,
            background: stray.background,
            spoilt: Cell::new(false),
            retry_after: Cell::new(0),
            parts: None,
        };
        let _running = Counted::new(&self.strays.running);
        let step = &version.spec.steps[stray.step];
        let call = one(self, &visit, step, &stray.limit);
        if let Some(end) = while_alive(self, &visit.process, call).await {
            stray.ended.set(end);
        }
    }
}
