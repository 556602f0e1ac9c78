//! One answer, from one to one.

use super::super::Sim;
use super::super::wakes::{NOBODY, WakeRef};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

struct Shared<T> {
    sim: Rc<Sim>,
    value: RefCell<Option<T>>,
    receiver: Cell<WakeRef>,
    sender_gone: Cell<bool>,
    receiver_gone: Cell<bool>,
}

/// A channel for one value.
pub fn channel<T>(sim: &Rc<Sim>) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        sim: sim.clone(),
        value: RefCell::new(None),
        receiver: Cell::new(NOBODY),
        sender_gone: Cell::new(false),
        receiver_gone: Cell::new(false),
    });
    (Sender(shared.clone()), Receiver(shared))
}

/// The sending end.
pub struct Sender<T>(Rc<Shared<T>>);

impl<T> Sender<T> {
    /// Sends the value; gives it back if the receiver has gone.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        *self.0.value.borrow_mut() = Some(value);
        Ok(())
    }

    /// Whether the receiver has gone.
    pub fn is_closed(&self) -> bool {
        self.0.receiver_gone.get()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.sender_gone.set(true);
        self.0.sim.wake(self.0.receiver.replace(NOBODY));
    }
}

/// The sender has gone and has sent nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sender has gone and has sent nothing")
    }
}

impl std::error::Error for Closed {}

/// The receiving end: await it for the value.
pub struct Receiver<T>(Rc<Shared<T>>);

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = &*self.0;
        if shared.sender_gone.get() {
            return Poll::Ready(shared.value.borrow_mut().take().ok_or(Closed));
        }
        let whom = shared.receiver.get();
        if shared.sim.is_stale(whom, cx) {
            shared.sim.forget(whom);
            shared.receiver.set(shared.sim.wake_ref(cx));
        }
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.receiver_gone.set(true);
        self.0.sim.forget(self.0.receiver.replace(NOBODY));
    }
}
