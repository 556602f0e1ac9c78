//! One fetches, many wait for what it brings.

use super::super::Sim;
use super::queue::{Queue, Ticket};
use std::cell::RefCell;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Flights under way: for each one leader, who brings back a `T`, and followers, who each get a
/// clone of it. Which key belongs to which flight is the caller's map; take the key out before the
/// leader publishes (or is dropped).
///
/// Places are reused, so a flight allocates nothing once the slab has grown. A leader that is
/// dropped publishes the value it was opened with: nobody is left behind.
pub struct Flights<T> {
    sim: Rc<Sim>,
    state: RefCell<State<T>>,
}

struct State<T> {
    flights: Vec<Flight<T>>,
    free: Vec<u32>,
}

struct Flight<T> {
    queue: Queue,
    landed: Option<T>,
    /// Who still looks at this place: the leader and the followers.
    users: u32,
    generation: u32,
}

/// Names a flight while its leader is under way; later it names nothing, also when the place is
/// used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlightId {
    place: u32,
    generation: u32,
}

impl<T: Clone> Flights<T> {
    /// No flights yet.
    pub fn new(sim: &Rc<Sim>) -> Flights<T> {
        Flights {
            sim: sim.clone(),
            state: RefCell::new(State {
                flights: Vec::new(),
                free: Vec::new(),
            }),
        }
    }

    /// Opens a flight. `if_dropped` is what followers get if the leader never publishes.
    pub fn lead(&self, if_dropped: T) -> Lead<&Flights<T>, T> {
        let id = self.open();
        Lead {
            flights: self,
            id,
            value: Some(if_dropped),
        }
    }

    /// As [`lead`](Self::lead), with a leader that borrows nothing: for spawned tasks.
    pub fn lead_owned(self: &Rc<Self>, if_dropped: T) -> Lead<Rc<Flights<T>>, T> {
        let id = self.open();
        Lead {
            flights: self.clone(),
            id,
            value: Some(if_dropped),
        }
    }

    fn open(&self) -> FlightId {
        let state = &mut *self.state.borrow_mut();
        let place = state.free.pop().unwrap_or_else(|| {
            state.flights.push(Flight {
                queue: Queue::default(),
                landed: None,
                users: 0,
                generation: 0,
            });
            (state.flights.len() - 1) as u32
        });
        let flight = &mut state.flights[place as usize];
        flight.users = 1;
        flight.generation = flight.generation.wrapping_add(1);
        FlightId {
            place,
            generation: flight.generation,
        }
    }

    /// Joins a flight that is under way; `None` once its leader has published or gone.
    pub fn follow(&self, id: FlightId) -> Option<Follow<'_, T>> {
        let mut state = self.state.borrow_mut();
        let flight = state.flights.get_mut(id.place as usize)?;
        if flight.generation != id.generation || flight.landed.is_some() || flight.users == 0 {
            return None;
        }
        flight.users += 1;
        Some(Follow {
            flights: self,
            place: id.place,
            ticket: None,
        })
    }

    /// How many wait for this flight.
    pub fn followers(&self, id: FlightId) -> usize {
        let state = self.state.borrow();
        match state.flights.get(id.place as usize) {
            Some(flight) if flight.generation == id.generation => flight.queue.len(),
            _ => 0,
        }
    }

    fn land(&self, place: u32, value: T) {
        self.state.borrow_mut().flights[place as usize].landed = Some(value);
        loop {
            let whom = self.state.borrow_mut().flights[place as usize].queue.call();
            match whom {
                Some(whom) => self.sim.wake(whom),
                None => break,
            }
        }
        drop(self.leave(place));
    }

    /// One user fewer; the value, if that was the last (drop it while nothing is borrowed).
    fn leave(&self, place: u32) -> Option<T> {
        let state = &mut *self.state.borrow_mut();
        let flight = &mut state.flights[place as usize];
        flight.users -= 1;
        if flight.users > 0 {
            return None;
        }
        state.free.push(place);
        flight.landed.take()
    }
}

/// The one who fetches. [`publish`](Self::publish) ends the flight; so does dropping this, with
/// the value that was set last.
#[must_use = "a leader that is dropped ends its flight"]
pub struct Lead<F: Deref<Target = Flights<T>>, T: Clone> {
    flights: F,
    id: FlightId,
    value: Option<T>,
}

impl<F: Deref<Target = Flights<T>>, T: Clone> Lead<F, T> {
    /// What followers need in order to join.
    pub fn id(&self) -> FlightId {
        self.id
    }

    /// How many wait.
    pub fn followers(&self) -> usize {
        self.flights.followers(self.id)
    }

    /// Sets what followers will get when this is dropped.
    pub fn set(&mut self, value: T) {
        self.value = Some(value);
    }

    /// Ends the flight: every follower gets a clone of `value`, in the order in which they joined.
    pub fn publish(mut self, value: T) {
        self.value = Some(value);
    }
}

impl<F: Deref<Target = Flights<T>>, T: Clone> Drop for Lead<F, T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.flights.land(self.id.place, value);
        }
    }
}

/// Future of [`Flights::follow`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Follow<'f, T: Clone> {
    flights: &'f Flights<T>,
    place: u32,
    ticket: Option<Ticket>,
}

impl<T: Clone> Future for Follow<'_, T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let sim = &self.flights.sim;
        let state = &mut *self.flights.state.borrow_mut();
        let flight = &mut state.flights[self.place as usize];
        if let Some(value) = &flight.landed {
            return Poll::Ready(value.clone());
        }
        match self.ticket {
            None => self.ticket = Some(flight.queue.join(sim, cx)),
            Some(ticket) => flight.queue.refresh(ticket, sim, cx),
        }
        Poll::Pending
    }
}

impl<T: Clone> Drop for Follow<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.flights.state.borrow_mut();
            let queue = &mut state.flights[self.place as usize].queue;
            if !queue.is_called(ticket) {
                let whom = queue.leave(ticket);
                drop(state);
                self.flights.sim.forget(whom);
            }
        }
        drop(self.flights.leave(self.place));
    }
}
