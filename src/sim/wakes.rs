//! How a waiting task is woken: by a plain number where we can, by a real `Waker` where we must.
//!
//! Our own leaves note a [`WakeRef`], the number of the running task, and a wake is one push onto
//! the ready queue. Two cases need more. A future that is polled through somebody else's waker
//! (`join_all`, `FuturesUnordered`) stores a clone of it and notes where. And primitives that are
//! not ours (`tokio::sync`) hold the task's real `Waker`, which must be `Send`: it puts the task's
//! number on a list of this thread, from which the executor moves it to the ready queue before
//! its next push or pop. So all wakes, of either kind, share one first-in-first-out order.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

/// Whom to wake: a task's number, or (with [`FOREIGN`] set) a place in [`Foreign`].
pub(super) type WakeRef = u32;
/// Nobody.
pub(super) const NOBODY: WakeRef = u32::MAX;
/// Set in a [`WakeRef`] that is a place in [`Foreign`].
pub(super) const FOREIGN: u32 = 1 << 31;
/// Set in the number of a spawned task; roots have it clear.
pub(super) const CHILD: u32 = 1 << 30;

/// Wakers of others, held until they are used or forgotten.
#[derive(Default)]
pub(super) struct Foreign {
    places: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Foreign {
    pub fn store(&mut self, waker: Waker) -> WakeRef {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            (self.places.len() - 1) as u32
        });
        self.places[place as usize] = Some(waker);
        place | FOREIGN
    }

    pub fn take(&mut self, whom: WakeRef) -> Option<Waker> {
        let place = whom & !FOREIGN;
        let waker = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(waker)
    }

    /// How many wakers are held.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

thread_local! {
    /// Length of `WOKEN`, apart from it so that the common "none" costs one load.
    static WOKEN_COUNT: Cell<usize> = const { Cell::new(0) };
    /// (simulation, task), in the order of the wakes.
    static WOKEN: RefCell<Vec<(u32, u32)>> = const { RefCell::new(Vec::new()) };
    /// The simulations that run on this thread, innermost last.
    static RUNNING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// A number that no other simulation of this process has.
pub(super) fn simulation_number() -> u32 {
    // Tells the wakers of nested simulations apart and has no other effect, so that the order in
    // which threads ask does not matter.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

struct TaskWaker {
    simulation: u32,
    task: u32,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        WOKEN.with(|woken| woken.borrow_mut().push((self.simulation, self.task)));
        WOKEN_COUNT.set(WOKEN_COUNT.get() + 1);
    }
}

pub(super) fn waker(simulation: u32, task: u32) -> Waker {
    Waker::from(Arc::new(TaskWaker { simulation, task }))
}

/// Whether any wake has come through a real `Waker` since the last [`drain`].
#[inline(always)]
pub(super) fn any() -> bool {
    WOKEN_COUNT.get() != 0
}

/// Hands out the tasks of `simulation` that were woken through real wakers. Wakes of simulations
/// around this one stay for them; those of simulations that run no more are dropped.
#[inline(never)]
pub(super) fn drain(simulation: u32, mut ready: impl FnMut(u32)) {
    WOKEN.with(|woken| {
        let woken = &mut *woken.borrow_mut();
        let mut kept = 0;
        for i in 0..woken.len() {
            let (of, task) = woken[i];
            if of == simulation {
                ready(task);
            } else if is_running(of) {
                woken[kept] = (of, task);
                kept += 1;
            }
        }
        woken.truncate(kept);
        WOKEN_COUNT.set(kept);
    });
}

#[cold]
fn is_running(simulation: u32) -> bool {
    RUNNING.with(|running| running.borrow().contains(&simulation))
}

/// Marks a simulation as running for as long as this lives, and clears away its wakes after that,
/// also when a panic ends it: the next simulation on this thread starts clean.
pub(super) struct Running {
    simulation: u32,
}

impl Running {
    pub fn start(simulation: u32) -> Running {
        RUNNING.with(|running| running.borrow_mut().push(simulation));
        Running { simulation }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.with(|running| running.borrow_mut().retain(|&of| of != self.simulation));
        drain(self.simulation, |_| {});
    }
}
