//! Spawned tasks: futures that run beside the request that started them.
//!
//! Not for a static fan-out: joining futures in place is twice as fast. A spawned task is boxed,
//! lives in a slab of the simulation, and dies with its [`Task`] handle unless it is detached. As
//! the parent's future holds the handle, children and grandchildren die with their parent.

use super::Sim;
use super::wakes::{self, CHILD, NOBODY, WakeRef};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Body = Pin<Box<dyn Future<Output = ()>>>;

/// The slab of spawned tasks.
#[derive(Default)]
pub(super) struct Tasks {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Spawns so far: tells a handle from a later user of its slot.
    serial: u64,
    /// Tasks that hold the run open.
    foreground: usize,
    alive: usize,
}

struct Slot {
    /// Taken out while it is polled.
    body: Option<Body>,
    /// Made once a slot; taken out while it is used.
    waker: Option<Waker>,
    serial: u64,
    alive: bool,
    background: bool,
    cancelled_during_poll: bool,
}

impl Tasks {
    fn add(&mut self, simulation: u32, body: Body, background: bool) -> (u32, u64) {
        let slot = self.free.pop().unwrap_or_else(|| {
            let slot = self.slots.len() as u32;
            assert!(slot < CHILD, "more than 2^30 spawned tasks at once");
            self.slots.push(Slot {
                body: None,
                waker: Some(wakes::waker(simulation, slot | CHILD)),
                serial: 0,
                alive: false,
                background: false,
                cancelled_during_poll: false,
            });
            slot
        });
        self.serial += 1;
        let s = &mut self.slots[slot as usize];
        s.body = Some(body);
        s.serial = self.serial;
        s.alive = true;
        s.background = background;
        s.cancelled_during_poll = false;
        self.alive += 1;
        self.foreground += usize::from(!background);
        (slot, self.serial)
    }

    fn end(&mut self, slot: u32) {
        let s = &mut self.slots[slot as usize];
        s.alive = false;
        self.alive -= 1;
        self.foreground -= usize::from(!s.background);
        self.free.push(slot);
    }

    pub fn foreground(&self) -> usize {
        self.foreground
    }

    pub fn alive(&self) -> usize {
        self.alive
    }

    fn is(&self, slot: u32, serial: u64) -> bool {
        let s = self.slots.get(slot as usize);
        s.is_some_and(|s| s.alive && s.serial == serial)
    }
}

impl Sim {
    /// Starts a task beside the caller; it is first polled after everything that is ready now, at
    /// this same instant. Await the handle for its result; dropping the handle cancels the task.
    /// The run does not end while a spawned task can still move.
    pub fn spawn<R: 'static>(
        self: &Rc<Self>,
        future: impl Future<Output = R> + 'static,
    ) -> Task<R> {
        self.spawn_as(future, false)
    }

    /// As [`spawn`](Self::spawn), for a task that never ends by itself (a probe, a sampler, an
    /// autoscaler): the run does not wait for it.
    pub fn spawn_background<R: 'static>(
        self: &Rc<Self>,
        future: impl Future<Output = R> + 'static,
    ) -> Task<R> {
        self.spawn_as(future, true)
    }

    fn spawn_as<R: 'static>(
        self: &Rc<Self>,
        future: impl Future<Output = R> + 'static,
        background: bool,
    ) -> Task<R> {
        let result = Rc::new(Outcome {
            value: Cell::new(None),
            awaited_by: Cell::new(NOBODY),
        });
        let (sim, theirs) = (self.clone(), result.clone());
        let body = Box::pin(async move {
            let value = future.await;
            theirs.value.set(Some(value));
            sim.wake(theirs.awaited_by.replace(NOBODY));
        });
        let (slot, serial) = self.tasks.borrow_mut().add(self.number, body, background);
        self.wake(slot | CHILD);
        Task {
            sim: self.clone(),
            slot,
            serial,
            result,
            cancels: true,
        }
    }

    pub(super) fn poll_task(&self, id: u32) {
        let slot = id & !CHILD;
        let (mut body, waker) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(s) = tasks.slots.get_mut(slot as usize) else {
                return;
            };
            match (s.body.take(), s.waker.take()) {
                (Some(body), Some(waker)) => (body, waker),
                // A late wake of a task that has ended.
                (body, waker) => {
                    (s.body, s.waker) = (body, waker);
                    return;
                }
            }
        };
        self.running(id, &waker);
        let done = body.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks.borrow_mut();
        let s = &mut tasks.slots[slot as usize];
        s.waker = Some(waker);
        if done.is_pending() && !s.cancelled_during_poll {
            s.body = Some(body);
        } else {
            tasks.end(slot);
            // What the task held may call back into the simulation as it goes.
            drop(tasks);
            drop(body);
        }
    }

    fn cancel_task(&self, slot: u32, serial: u64) {
        let mut tasks = self.tasks.borrow_mut();
        if !tasks.is(slot, serial) {
            return;
        }
        let body = tasks.slots[slot as usize].body.take();
        match body {
            Some(_) => tasks.end(slot),
            None => tasks.slots[slot as usize].cancelled_during_poll = true,
        }
        drop(tasks);
        drop(body);
    }

    /// Drops all tasks, in the order of their slots, and those which these start as they go.
    pub(super) fn drop_tasks(&self) {
        loop {
            let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
            if tasks.alive == 0 {
                // Serials go on, so that an old handle never names a new task.
                self.tasks.borrow_mut().serial = tasks.serial;
                return;
            }
            self.tasks.borrow_mut().serial = tasks.serial;
            drop(tasks);
        }
    }
}

struct Outcome<R> {
    value: Cell<Option<R>>,
    awaited_by: Cell<WakeRef>,
}

/// A spawned task. Await it for its result; drop it to cancel the task, at once and with all that
/// the task holds; [`detach`](Task::detach) it to let it run on.
#[must_use = "dropping the handle cancels the task; call detach() to let it run on"]
pub struct Task<R> {
    sim: Rc<Sim>,
    slot: u32,
    serial: u64,
    result: Rc<Outcome<R>>,
    cancels: bool,
}

impl<R> Task<R> {
    /// Lets the task run on without its handle.
    pub fn detach(mut self) {
        self.cancels = false;
    }

    /// Whether the task has ended (or was dropped with its run).
    pub fn is_finished(&self) -> bool {
        !self.sim.tasks.borrow().is(self.slot, self.serial)
    }
}

impl<R> Future for Task<R> {
    type Output = R;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        if let Some(value) = self.result.value.take() {
            return Poll::Ready(value);
        }
        let old = self.result.awaited_by.replace(NOBODY);
        self.sim.forget(old);
        self.result.awaited_by.set(self.sim.wake_ref(cx));
        Poll::Pending
    }
}

impl<R> Drop for Task<R> {
    fn drop(&mut self) {
        self.sim.forget(self.result.awaited_by.replace(NOBODY));
        if self.cancels {
            self.sim.cancel_task(self.slot, self.serial);
        }
    }
}
