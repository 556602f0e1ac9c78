//! The single-threaded executor of virtual time: [`Sim`].
//!
//! Requests are root futures of one concrete type, kept in boxed slots that are reused, so that a
//! million requests allocate about as often as the longest backlog is long. Each event (a wake, a
//! timer, an arrival) runs to quiescence before the next one: first what is ready, in one
//! first-in-first-out order; then the earliest timer; then, later or at the same instant, the next
//! arrival. Nothing here draws a random number or reads a clock, so a run is a function of its
//! input alone.
//!
//! Not for real time, sockets or threads: a `Sim` lives on one thread.

use super::Nanos;
use super::tasks::Tasks;
use super::timers::{TimerId, TimerQueue};
use super::wakes::{self, CHILD, FOREIGN, Foreign, NOBODY, Running, WakeRef};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// In the ready queue: end the run. (Has [`CHILD`] set, so that the common path need not look.)
const STOP: u32 = u32::MAX;

/// A virtual clock with the tasks that wait on it. See the [module](super) for an example.
///
/// Never hold a `RefCell` borrow of your own across an `.await`; the executor holds none across a
/// poll, a wake or the drop of a future.
pub struct Sim {
    now: Cell<Nanos>,
    /// The task that runs, and the data pointer of its waker: how a leaf tells its own task's
    /// waker from somebody else's.
    current: Cell<u32>,
    current_waker: Cell<*const ()>,
    pub(super) number: u32,
    in_run: Cell<bool>,
    ready: RefCell<VecDeque<u32>>,
    pub(super) timers: RefCell<TimerQueue>,
    foreign: RefCell<Foreign>,
    pub(super) tasks: RefCell<Tasks>,
}

/// What a [`Sim::run`] came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// Root futures started.
    pub arrivals: u64,
    /// Root futures that had not ended when nothing could happen any more (or at a
    /// [`Sim::stop`]): they waited for something that never came. They were dropped.
    pub stuck: usize,
    /// Spawned tasks that were dropped unfinished, background ones included.
    pub unfinished_tasks: usize,
    /// Times that a root or a task was polled.
    pub polls: u64,
    /// Most root futures alive at once.
    pub slots: usize,
    /// The instant of the last event.
    pub now: Nanos,
}

struct Slot<F> {
    future: Pin<Box<F>>,
    waker: Waker,
    live: bool,
}

impl Sim {
    /// A simulation at instant 0 with nothing in it.
    pub fn new() -> Rc<Sim> {
        Rc::new(Sim {
            now: Cell::new(0),
            current: Cell::new(NOBODY),
            current_waker: Cell::new(no_waker()),
            number: wakes::simulation_number(),
            in_run: Cell::new(false),
            ready: RefCell::default(),
            timers: RefCell::default(),
            foreign: RefCell::default(),
            tasks: RefCell::default(),
        })
    }

    /// The current instant, in ns since the run's start.
    #[inline(always)]
    pub fn now(&self) -> Nanos {
        self.now.get()
    }

    /// Runs until nothing more can happen: nothing ready, no arrival left, no timer pending (or
    /// none but those of [background tasks](Self::spawn_background)).
    ///
    /// `arrivals` gives instants that never go back, each with what `make` needs to build that
    /// request's future. At equal instants timers go before arrivals, and arrivals in order.
    /// What has not ended by then is dropped: roots first, in the order of their slots, then
    /// tasks. A panic in a future drops everything likewise and goes on to the caller.
    ///
    /// # Panics
    ///
    /// When an arrival lies before the current instant, or when this simulation is running
    /// already. (Another `Sim` may run inside a request of this one.)
    pub fn run<A, F>(
        &self,
        arrivals: impl IntoIterator<Item = (Nanos, A)>,
        mut make: impl FnMut(A) -> F,
    ) -> RunEnd
    where
        F: Future<Output = ()>,
    {
        assert!(!self.in_run.replace(true), "this simulation runs already");
        // Order of drops at a panic: the slots, then what is left over, then this thread's wakes.
        let _running = Running::start(self.number);
        let _cleanup = Cleanup(self);
        let mut slots: Vec<Slot<F>> = Vec::new();
        let mut free: Vec<u32> = Vec::new();
        let mut arrivals = arrivals.into_iter();
        let mut next = arrivals.next();
        let mut end = RunEnd::default();
        loop {
            let id = match self.next_ready() {
                Some(id) => id,
                None => {
                    let limit = match &next {
                        Some((at, _)) => *at,
                        None if self.may_end(slots.len() - free.len()) => break,
                        None => Nanos::MAX,
                    };
                    let due = self.timers.borrow_mut().pop_until(limit);
                    match due {
                        Some((at, whom)) => {
                            self.now.set(at);
                            if whom & FOREIGN != 0 {
                                self.wake(whom);
                                continue;
                            }
                            whom
                        }
                        None => {
                            let Some((at, what)) = next else { break };
                            next = arrivals.next();
                            assert!(at >= self.now(), "arrivals may not go back in time");
                            self.now.set(at);
                            end.arrivals += 1;
                            let future = make(what);
                            match free.pop() {
                                Some(id) => {
                                    let slot = &mut slots[id as usize];
                                    slot.future.as_mut().set(future);
                                    slot.live = true;
                                    id
                                }
                                None => {
                                    let id = slots.len() as u32;
                                    assert!(id < CHILD, "more than 2^30 requests at once");
                                    slots.push(Slot {
                                        future: Box::pin(future),
                                        waker: wakes::waker(self.number, id),
                                        live: true,
                                    });
                                    id
                                }
                            }
                        }
                    }
                }
            };
            if id & CHILD != 0 {
                if id == STOP {
                    break;
                }
                end.polls += 1;
                self.poll_task(id);
                continue;
            }
            end.polls += 1;
            // A wake of a root that has ended, or from an earlier run, is no concern of ours.
            let Some(slot) = slots.get_mut(id as usize) else {
                continue;
            };
            if slot.live && self.poll_root(id, slot).is_ready() {
                slot.live = false;
                free.push(id);
            }
        }
        end.stuck = slots.len() - free.len();
        end.slots = slots.len();
        end.unfinished_tasks = self.tasks.borrow().alive();
        end.now = self.now();
        end
    }

    /// Runs one future to its end and gives its result; `None` if it got stuck. Handy in tests.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let result = Cell::new(None);
        let result_ref = &result;
        self.run([(self.now(), future)], |future| async move {
            result_ref.set(Some(future.await));
        });
        result.take()
    }

    /// Ends the run after the events that are ready now, whatever is pending: for a watchdog or a
    /// horizon (`sleep_until(t)` in a background task, then this).
    pub fn stop(&self) {
        self.wake_task(STOP);
    }

    /// Whether only background tasks are left, so that the run need not wait for their timers.
    fn may_end(&self, roots: usize) -> bool {
        roots == 0 && self.tasks.borrow().foreground() == 0
    }

    #[inline(always)]
    fn poll_root<F: Future<Output = ()>>(&self, id: u32, slot: &mut Slot<F>) -> Poll<()> {
        self.running(id, &slot.waker);
        let mut cx = Context::from_waker(&slot.waker);
        slot.future.as_mut().poll(&mut cx)
    }

    #[inline(always)]
    pub(super) fn running(&self, id: u32, waker: &Waker) {
        self.current.set(id);
        self.current_waker.set(waker.data());
    }

    #[inline(always)]
    fn next_ready(&self) -> Option<u32> {
        self.drain_woken();
        self.ready.borrow_mut().pop_front()
    }

    #[inline(always)]
    fn drain_woken(&self) {
        if wakes::any() {
            let mut ready = self.ready.borrow_mut();
            wakes::drain(self.number, |id| ready.push_back(id));
        }
    }

    #[inline(always)]
    fn is_own(&self, cx: &Context<'_>) -> bool {
        cx.waker().data() == self.current_waker.get()
    }

    /// How to wake whoever polls with `cx`.
    #[inline(always)]
    pub(super) fn wake_ref(&self, cx: &Context<'_>) -> WakeRef {
        if self.is_own(cx) {
            self.current.get()
        } else {
            self.store_foreign(cx.waker())
        }
    }

    #[cold]
    fn store_foreign(&self, waker: &Waker) -> WakeRef {
        let waker = waker.clone();
        self.foreign.borrow_mut().store(waker)
    }

    /// Whether `whom`, noted earlier, is somebody else than who polls with `cx` now.
    #[inline(always)]
    pub(super) fn is_stale(&self, whom: WakeRef, cx: &Context<'_>) -> bool {
        whom != self.current.get() || !self.is_own(cx)
    }

    /// Wakes `whom`, once; [`NOBODY`] is allowed. Hold no borrow: a foreign waker may do anything.
    #[inline(always)]
    pub(super) fn wake(&self, whom: WakeRef) {
        if whom & FOREIGN != 0 {
            self.wake_foreign(whom);
        } else {
            self.wake_task(whom);
        }
    }

    #[inline(always)]
    fn wake_task(&self, id: u32) {
        self.drain_woken();
        self.ready.borrow_mut().push_back(id);
    }

    #[cold]
    fn wake_foreign(&self, whom: WakeRef) {
        if whom != NOBODY {
            let waker = self.foreign.borrow_mut().take(whom);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Gives back a [`WakeRef`] that will not be used.
    #[inline(always)]
    pub(super) fn forget(&self, whom: WakeRef) {
        if whom & FOREIGN != 0 && whom != NOBODY {
            let waker = self.foreign.borrow_mut().take(whom);
            drop(waker);
        }
    }

    /// Releases a timer whose tag is a [`WakeRef`].
    #[inline(always)]
    pub(super) fn release_timer(&self, id: TimerId) {
        let mut timers = self.timers.borrow_mut();
        let whom = if timers.fired(id) {
            NOBODY
        } else {
            timers.tag(id)
        };
        timers.release(id);
        drop(timers);
        self.forget(whom);
    }

    /// How many wakers of others are held; none, once all that waited has gone.
    #[cfg(test)]
    pub(super) fn foreign_held(&self) -> usize {
        self.foreign.borrow().held()
    }
}

/// A waker pointer that no task has; not null, which `Waker::noop` has.
fn no_waker() -> *const () {
    std::ptr::dangling::<u64>().cast()
}

/// Drops what a run leaves behind, in good order and at a panic: spawned tasks hold the `Rc` of
/// the simulation that holds them.
struct Cleanup<'s>(&'s Sim);

impl Drop for Cleanup<'_> {
    fn drop(&mut self) {
        let sim = self.0;
        sim.running_nobody();
        sim.drop_tasks();
        sim.ready.borrow_mut().clear();
        sim.in_run.set(false);
    }
}

impl Sim {
    fn running_nobody(&self) {
        self.current.set(NOBODY);
        self.current_waker.set(no_waker());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::sync::{Latch, Semaphore, Station};
    use futures_util::future::{join, join_all};

    #[test]
    fn wakers_of_others_are_given_back_whether_they_were_used_or_not() {
        let sim = Sim::new();
        let (semaphore, station) = (Semaphore::new(&sim, 1), Station::new(&sim, 1));
        let latch = Latch::<u64>::new(&sim);
        // join_all of more than 30 polls each future through a waker of its own.
        let each = (0..100u64).map(|i| {
            let (sim, semaphore, station, latch) = (&sim, &semaphore, &station, &latch);
            sim.timeout(i * 7, async move {
                let _permit = semaphore.acquire().await;
                let task = sim.spawn(async move { i });
                join(station.serve(i), sim.sleep(i)).await;
                latch.wait().await;
                task.await
            })
        });
        let ended = sim.block_on(async { join(join_all(each), sim.sleep(50)).await });
        assert!(ended.is_some());
        assert_eq!(sim.foreign_held(), 0);
        assert!(sim.timers.borrow().is_empty());
    }
}
