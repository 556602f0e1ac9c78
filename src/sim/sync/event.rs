//! The next time that something happens.

use super::super::Sim;
use super::queue::{Queue, Ticket};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Something that happens again and again: a wait ends with the first [`notify`](Self::notify)
/// after [`wait`](Self::wait) was called, so that nothing is missed between looking at a
/// condition and awaiting.
pub struct Event {
    sim: Rc<Sim>,
    happened: Cell<u64>,
    queue: RefCell<Queue>,
}

impl Event {
    /// An event that has not happened yet.
    pub fn new(sim: &Rc<Sim>) -> Event {
        Event {
            sim: sim.clone(),
            happened: Cell::new(0),
            queue: RefCell::default(),
        }
    }

    /// It happens: wakes all who wait, in order.
    pub fn notify(&self) {
        self.happened.set(self.happened.get() + 1);
        // Only those who wait now: who is woken may wait again.
        let waiting = self.waiting();
        for _ in 0..waiting {
            let whom = self.queue.borrow_mut().call();
            if let Some(whom) = whom {
                self.sim.wake(whom);
            }
        }
    }

    /// Waits until it happens next.
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            event: self,
            seen: self.happened.get(),
            ticket: None,
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.queue.borrow().len()
    }
}

/// Future of [`Event::wait`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Wait<'e> {
    event: &'e Event,
    seen: u64,
    ticket: Option<Ticket>,
}

impl Future for Wait<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let event = self.event;
        if event.happened.get() != self.seen {
            return Poll::Ready(());
        }
        let mut queue = event.queue.borrow_mut();
        match self.ticket {
            None => self.ticket = Some(queue.join(&event.sim, cx)),
            Some(ticket) => queue.refresh(ticket, &event.sim, cx),
        }
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut queue = self.event.queue.borrow_mut();
        if !queue.is_called(ticket) {
            let whom = queue.leave(ticket);
            drop(queue);
            self.event.sim.forget(whom);
        }
    }
}
