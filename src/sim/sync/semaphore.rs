//! Permits, first come, first served to the nanosecond.

use super::super::Sim;
use super::queue::{Queue, Ticket};
use std::cell::RefCell;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A number of permits, handed over directly from who releases to who has waited longest.
///
/// Waits in front of it equal the Kiefer-Wolfowitz recursion to the nanosecond.
pub struct Semaphore {
    sim: Rc<Sim>,
    state: RefCell<State>,
}

struct State {
    free: usize,
    /// Permits to be taken out of future releases.
    owed: usize,
    queue: Queue,
}

impl Semaphore {
    /// A semaphore with `permits` free permits.
    pub fn new(sim: &Rc<Sim>, permits: usize) -> Semaphore {
        Semaphore {
            sim: sim.clone(),
            state: RefCell::new(State {
                free: permits,
                owed: 0,
                queue: Queue::default(),
            }),
        }
    }

    /// Waits for a permit, behind all who wait already. The place in the queue is taken at the
    /// first poll; a permit that was granted to a dropped waiter goes to the next.
    #[inline(always)]
    pub fn acquire(&self) -> Acquire<&Semaphore> {
        Acquire {
            semaphore: Some(self),
            ticket: None,
        }
    }

    /// As [`acquire`](Self::acquire), with a permit that borrows nothing: for spawned tasks.
    pub fn acquire_owned(self: &Rc<Self>) -> Acquire<Rc<Semaphore>> {
        Acquire {
            semaphore: Some(self.clone()),
            ticket: None,
        }
    }

    /// A permit if one is free now.
    #[inline(always)]
    pub fn try_acquire(&self) -> Option<Permit<&Semaphore>> {
        self.take().then_some(Permit { semaphore: self })
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that borrows nothing.
    pub fn try_acquire_owned(self: &Rc<Self>) -> Option<Permit<Rc<Semaphore>>> {
        self.take().then(|| Permit {
            semaphore: self.clone(),
        })
    }

    /// Adds permits: first against what [`remove_permits`](Self::remove_permits) is still owed,
    /// then to those who wait, then to the free ones.
    pub fn add_permits(&self, n: usize) {
        for done in 0..n {
            let mut state = self.state.borrow_mut();
            if state.owed == 0 && state.queue.len() == 0 {
                // Nobody waits: the rest at once, of which there may be billions.
                state.free += n - done;
                return;
            }
            drop(state);
            self.release();
        }
    }

    /// Takes `n` permits away: free ones now, the rest as they are released. Who holds one keeps it.
    pub fn remove_permits(&self, n: usize) {
        let mut state = self.state.borrow_mut();
        let now = n.min(state.free);
        state.free -= now;
        state.owed += n - now;
    }

    /// Permits that are free now.
    pub fn available(&self) -> usize {
        self.state.borrow().free
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state.borrow().queue.len()
    }

    #[inline(always)]
    fn take(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let free = state.free > 0;
        state.free -= usize::from(free);
        free
    }

    #[inline(always)]
    fn release(&self) {
        let mut state = self.state.borrow_mut();
        if state.owed > 0 {
            state.owed -= 1;
            return;
        }
        match state.queue.call() {
            Some(whom) => {
                drop(state);
                self.sim.wake(whom);
            }
            None => state.free += 1,
        }
    }
}

/// Future of [`Semaphore::acquire`]. `S` is how it holds the semaphore: a reference or an `Rc`.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Acquire<S: Deref<Target = Semaphore>> {
    /// `None` once the permit has been handed out.
    semaphore: Option<S>,
    ticket: Option<Ticket>,
}

impl<S: Deref<Target = Semaphore>> Unpin for Acquire<S> {}

impl<S: Deref<Target = Semaphore>> Future for Acquire<S> {
    type Output = Permit<S>;
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit<S>> {
        let this = &mut *self;
        let Some(semaphore) = &this.semaphore else {
            panic!("a permit was handed out already");
        };
        match this.ticket {
            None => {
                if !semaphore.take() {
                    let mut state = semaphore.state.borrow_mut();
                    this.ticket = Some(state.queue.join(&semaphore.sim, cx));
                    return Poll::Pending;
                }
            }
            Some(ticket) => {
                let mut state = semaphore.state.borrow_mut();
                if !state.queue.is_called(ticket) {
                    state.queue.refresh(ticket, &semaphore.sim, cx);
                    return Poll::Pending;
                }
            }
        }
        match this.semaphore.take() {
            Some(semaphore) => Poll::Ready(Permit { semaphore }),
            None => Poll::Pending,
        }
    }
}

impl<S: Deref<Target = Semaphore>> Drop for Acquire<S> {
    #[inline(always)]
    fn drop(&mut self) {
        let (Some(semaphore), Some(ticket)) = (&self.semaphore, self.ticket) else {
            return;
        };
        let mut state = semaphore.state.borrow_mut();
        if state.queue.is_called(ticket) {
            drop(state);
            semaphore.release();
        } else {
            let whom = state.queue.leave(ticket);
            drop(state);
            semaphore.sim.forget(whom);
        }
    }
}

/// A permit; dropping it hands it to who has waited longest.
#[must_use = "a permit that is dropped is released at once"]
pub struct Permit<S: Deref<Target = Semaphore>> {
    semaphore: S,
}

impl<S: Deref<Target = Semaphore>> Permit<S> {
    /// Keeps the permit out of circulation; [`Semaphore::add_permits`] brings it back.
    pub fn forget(self) {
        self.semaphore.remove_permits(1);
    }
}

impl<S: Deref<Target = Semaphore>> Drop for Permit<S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.semaphore.release();
    }
}
