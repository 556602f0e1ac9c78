//! The queue behind the primitives: tickets, called in the order in which they were drawn.
//!
//! A ticket is a number; it has been called once the head of the queue has passed it, so that a
//! waiter learns of its turn without a flag of its own, and cancelling is one store.

use super::super::Sim;
use super::super::wakes::{NOBODY, WakeRef};
use std::collections::VecDeque;
use std::task::Context;

/// A place in a [`Queue`].
pub(super) type Ticket = u64;

#[derive(Default)]
pub(super) struct Queue {
    /// Tickets below this have been called (or given back).
    head: Ticket,
    /// From `head` on. [`NOBODY`]: that one has left.
    waiting: VecDeque<WakeRef>,
    gone: usize,
}

impl Queue {
    /// How many wait.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.waiting.len() - self.gone
    }

    /// Joins the queue at its end.
    #[inline(always)]
    pub fn join(&mut self, sim: &Sim, cx: &Context<'_>) -> Ticket {
        let ticket = self.head + self.waiting.len() as u64;
        self.waiting.push_back(sim.wake_ref(cx));
        ticket
    }

    #[inline(always)]
    pub fn is_called(&self, ticket: Ticket) -> bool {
        ticket < self.head
    }

    /// A waiter was polled again: by the same task as before?
    #[inline(always)]
    pub fn refresh(&mut self, ticket: Ticket, sim: &Sim, cx: &Context<'_>) {
        let place = &mut self.waiting[(ticket - self.head) as usize];
        if sim.is_stale(*place, cx) {
            sim.forget(*place);
            *place = sim.wake_ref(cx);
        }
    }

    /// Takes the next waiter off the queue. The caller wakes it, once it holds no borrow.
    #[inline(always)]
    pub fn call(&mut self) -> Option<WakeRef> {
        while let Some(whom) = self.waiting.pop_front() {
            self.head += 1;
            if whom != NOBODY {
                return Some(whom);
            }
            self.gone -= 1;
        }
        None
    }

    /// Leaves before being called. The caller forgets the answer, once it holds no borrow.
    pub fn leave(&mut self, ticket: Ticket) -> WakeRef {
        let place = &mut self.waiting[(ticket - self.head) as usize];
        let whom = std::mem::replace(place, NOBODY);
        self.gone += 1;
        // Empty places at either end go at once: waiters that give up leave no trail behind.
        while let Some(&NOBODY) = self.waiting.back() {
            self.waiting.pop_back();
            self.gone -= 1;
        }
        while let Some(&NOBODY) = self.waiting.front() {
            self.waiting.pop_front();
            self.head += 1;
            self.gone -= 1;
        }
        whom
    }
}
