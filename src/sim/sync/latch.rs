//! A thing that happens once and stays so, with a value.

use super::super::Sim;
use super::queue::{Queue, Ticket};
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Set once; everybody who waits, now or later, gets a clone of the value.
///
/// `Latch<()>` is a switch. [`until`](Self::until) runs work that dies when the switch is thrown:
/// a process that is killed takes its requests with it.
pub struct Latch<T> {
    sim: Rc<Sim>,
    state: RefCell<State<T>>,
}

struct State<T> {
    value: Option<T>,
    queue: Queue,
}

impl<T: Clone> Latch<T> {
    /// A latch that is not set.
    pub fn new(sim: &Rc<Sim>) -> Latch<T> {
        Latch {
            sim: sim.clone(),
            state: RefCell::new(State {
                value: None,
                queue: Queue::default(),
            }),
        }
    }

    /// Sets the value and wakes all who wait, in order. `false`: it was set already, and stays.
    pub fn set(&self, value: T) -> bool {
        {
            let mut state = self.state.borrow_mut();
            if state.value.is_some() {
                return false;
            }
            state.value = Some(value);
        }
        loop {
            let whom = self.state.borrow_mut().queue.call();
            match whom {
                Some(whom) => self.sim.wake(whom),
                None => return true,
            }
        }
    }

    /// The value, if it is set.
    pub fn get(&self) -> Option<T> {
        self.state.borrow().value.clone()
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.state.borrow().value.is_some()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state.borrow().queue.len()
    }

    /// Waits for the value.
    pub fn wait(&self) -> Latched<'_, T> {
        Latched {
            latch: self,
            ticket: None,
        }
    }

    /// Runs `future` until the latch is set: `Err` with the value if that comes first. The latch is
    /// looked at first, so at a tie (and if it was set before) `future` is polled no more.
    pub fn until<F: Future>(&self, future: F) -> Until<'_, T, F> {
        Until {
            future,
            latched: self.wait(),
        }
    }
}

/// Future of [`Latch::wait`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Latched<'l, T: Clone> {
    latch: &'l Latch<T>,
    ticket: Option<Ticket>,
}

impl<T: Clone> Future for Latched<'_, T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.latch.state.borrow_mut();
        if let Some(value) = &state.value {
            return Poll::Ready(value.clone());
        }
        match self.ticket {
            None => {
                let ticket = state.queue.join(&self.latch.sim, cx);
                drop(state);
                self.ticket = Some(ticket);
            }
            Some(ticket) => state.queue.refresh(ticket, &self.latch.sim, cx),
        }
        Poll::Pending
    }
}

impl<T: Clone> Drop for Latched<'_, T> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.latch.state.borrow_mut();
        if !state.queue.is_called(ticket) {
            let whom = state.queue.leave(ticket);
            drop(state);
            self.latch.sim.forget(whom);
        }
    }
}

pin_project! {
    /// Future of [`Latch::until`].
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct Until<'l, T: Clone, F> {
        #[pin]
        future: F,
        #[pin]
        latched: Latched<'l, T>,
    }
}

impl<T: Clone, F: Future> Future for Until<'_, T, F> {
    type Output = Result<F::Output, T>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(value) = this.latched.poll(cx) {
            return Poll::Ready(Err(value));
        }
        this.future.poll(cx).map(Ok)
    }
}
