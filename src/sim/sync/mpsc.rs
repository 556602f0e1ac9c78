//! A queue of messages, from many to one.

use super::super::Sim;
use super::super::wakes::{NOBODY, WakeRef};
use super::Semaphore;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

struct Shared<T> {
    sim: Rc<Sim>,
    messages: RefCell<VecDeque<T>>,
    /// Free places of a bounded channel.
    places: Option<Semaphore>,
    receiver: Cell<WakeRef>,
    senders: Cell<usize>,
    closed: Cell<bool>,
}

/// A channel that holds at most `capacity` messages; a sender waits while it is full, behind those
/// who wait already.
pub fn channel<T>(sim: &Rc<Sim>, capacity: usize) -> (Sender<T>, Receiver<T>) {
    new(sim, Some(Semaphore::new(sim, capacity)))
}

/// A channel without a bound.
pub fn unbounded<T>(sim: &Rc<Sim>) -> (Sender<T>, Receiver<T>) {
    new(sim, None)
}

fn new<T>(sim: &Rc<Sim>, places: Option<Semaphore>) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        sim: sim.clone(),
        messages: RefCell::default(),
        places,
        receiver: Cell::new(NOBODY),
        senders: Cell::new(1),
        closed: Cell::new(false),
    });
    (Sender(shared.clone()), Receiver(shared))
}

/// The sending end; clone it for more.
pub struct Sender<T>(Rc<Shared<T>>);

/// Why [`Sender::try_send`] gave the message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent<T> {
    /// The channel is full.
    Full(T),
    /// The receiver has gone.
    Closed(T),
}

impl<T> Sender<T> {
    /// Sends a message, once there is a place for it; gives it back if the receiver has gone.
    pub async fn send(&self, message: T) -> Result<(), T> {
        if let Some(places) = &self.0.places
            && !self.0.closed.get()
        {
            places.acquire().await.forget();
        }
        self.push(message)
    }

    /// Sends a message if there is a place for it now. On a channel without a bound there is.
    pub fn try_send(&self, message: T) -> Result<(), NotSent<T>> {
        if let Some(places) = &self.0.places
            && !self.0.closed.get()
        {
            match places.try_acquire() {
                Some(place) => place.forget(),
                None => return Err(NotSent::Full(message)),
            }
        }
        self.push(message).map_err(NotSent::Closed)
    }

    fn push(&self, message: T) -> Result<(), T> {
        if self.0.closed.get() {
            return Err(message);
        }
        self.0.messages.borrow_mut().push_back(message);
        self.0.sim.wake(self.0.receiver.replace(NOBODY));
        Ok(())
    }

    /// Whether the receiver has gone.
    pub fn is_closed(&self) -> bool {
        self.0.closed.get()
    }

    /// Messages in the channel.
    pub fn len(&self) -> usize {
        self.0.messages.borrow().len()
    }

    /// Whether the channel is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.set(self.0.senders.get() + 1);
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.senders.set(self.0.senders.get() - 1);
        if self.0.senders.get() == 0 {
            self.0.sim.wake(self.0.receiver.replace(NOBODY));
        }
    }
}

/// The receiving end.
pub struct Receiver<T>(Rc<Shared<T>>);

impl<T> Receiver<T> {
    /// Waits for the next message; `None` once all senders have gone and all was received.
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv(self)
    }

    /// The next message, if there is one now.
    pub fn try_recv(&mut self) -> Option<T> {
        let message = self.0.messages.borrow_mut().pop_front()?;
        if let Some(places) = &self.0.places {
            places.add_permits(1);
        }
        Some(message)
    }

    /// Messages in the channel.
    pub fn len(&self) -> usize {
        self.0.messages.borrow().len()
    }

    /// Whether the channel is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.closed.set(true);
        self.0.sim.forget(self.0.receiver.replace(NOBODY));
        // Those who wait for a place learn that there is none to wait for.
        if let Some(places) = &self.0.places {
            places.add_permits(places.waiting());
        }
        let left = std::mem::take(&mut *self.0.messages.borrow_mut());
        drop(left);
    }
}

/// Future of [`Receiver::recv`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Recv<'r, T>(&'r mut Receiver<T>);

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(message) = self.0.try_recv() {
            return Poll::Ready(Some(message));
        }
        let shared = &*self.0.0;
        if shared.senders.get() == 0 {
            return Poll::Ready(None);
        }
        let whom = shared.receiver.get();
        if shared.sim.is_stale(whom, cx) {
            shared.sim.forget(whom);
            shared.receiver.set(shared.sim.wake_ref(cx));
        }
        Poll::Pending
    }
}
