//! Parked tasks that a policy calls by number.

use super::super::Sim;
use super::super::wakes::{NOBODY, WakeRef};
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Tasks that wait until somebody names them: the waiting half of a scheduler whose deciding half
/// (shortest first, weighted, by deadline) is plain state that knows only numbers.
///
/// ```
/// # use gameday::sim::{Sim, sync::Parking};
/// # use std::cell::RefCell;
/// let sim = Sim::new();
/// let (parking, policy) = (Parking::new(&sim), RefCell::new(Vec::new()));
/// let order = RefCell::new(Vec::new());
/// let (parking, policy, order_ref, sim_ref) = (&parking, &policy, &order, &sim);
/// sim.run((0..4).map(|i| (i, i)), |i| async move {
///     if i < 3 {
///         let parked = parking.park();
///         policy.borrow_mut().push(parked.id()); // known before anything is awaited
///         parked.await;
///         order_ref.borrow_mut().push(i);
///     } else {
///         while let Some(last) = { let last = policy.borrow_mut().pop(); last } {
///             parking.unpark(last);
///             sim_ref.sleep(0).await;
///         }
///     }
/// });
/// assert_eq!(*order.borrow(), [2, 1, 0]);
/// ```
///
/// **Numbers.** A number is in use from [`park`](Self::park) until it has been both named by
/// [`unpark`](Self::unpark) and let go by its future, in either order. So a number that a policy
/// still holds never comes to mean another task; in return, name each number exactly once, also
/// that of a task that has gone: `false` says so, and the policy picks another.
///
/// **Leaving.** A future dropped after it was named and before it noticed has been given a turn
/// that it will not use. See [`Parked::on_lost`].
pub struct Parking {
    sim: Rc<Sim>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    places: Vec<Place>,
    free: Vec<u32>,
    waiting: usize,
}

#[derive(Clone, Copy)]
struct Place {
    whom: WakeRef,
    named: bool,
    left: bool,
}

impl Parking {
    /// An empty parking.
    pub fn new(sim: &Rc<Sim>) -> Parking {
        Parking {
            sim: sim.clone(),
            state: RefCell::default(),
        }
    }

    /// Takes a place now; await it to wait there.
    pub fn park(&self) -> Parked<'_> {
        let state = &mut *self.state.borrow_mut();
        let place = Place {
            whom: NOBODY,
            named: false,
            left: false,
        };
        state.waiting += 1;
        let id = match state.free.pop() {
            Some(id) => {
                state.places[id as usize] = place;
                id
            }
            None => {
                state.places.push(place);
                (state.places.len() - 1) as u32
            }
        };
        Parked {
            parking: self,
            id,
            seen: false,
            on_lost: None,
        }
    }

    /// Lets the task with this number go on. `false`: it has left, and somebody else may have the
    /// turn. A number that is not in use is answered with `false` too.
    pub fn unpark(&self, id: u32) -> bool {
        let mut state = self.state.borrow_mut();
        let Some(place) = state.places.get_mut(id as usize) else {
            return false;
        };
        if place.named {
            return false;
        }
        place.named = true;
        if place.left {
            state.free.push(id);
            return false;
        }
        let whom = std::mem::replace(&mut place.whom, NOBODY);
        state.waiting -= 1;
        drop(state);
        self.sim.wake(whom);
        true
    }

    /// Whether the task with this number still waits.
    pub fn is_parked(&self, id: u32) -> bool {
        let state = self.state.borrow();
        let place = state.places.get(id as usize);
        place.is_some_and(|place| !place.named && !place.left)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state.borrow().waiting
    }
}

/// Future of [`Parking::park`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Parked<'p> {
    parking: &'p Parking,
    id: u32,
    seen: bool,
    on_lost: Option<&'p dyn Fn()>,
}

impl<'p> Parked<'p> {
    /// The number by which [`Parking::unpark`] calls this task.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it has been named.
    pub fn is_named(&self) -> bool {
        self.seen || self.parking.state.borrow().places[self.id as usize].named
    }

    /// What to do when this future is dropped after it was named and before it noticed: as a rule,
    /// to give the turn to the next.
    pub fn on_lost(mut self, give_turn_on: &'p dyn Fn()) -> Parked<'p> {
        self.on_lost = Some(give_turn_on);
        self
    }
}

impl Future for Parked<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.seen {
            return Poll::Ready(());
        }
        let sim = &self.parking.sim;
        let state = &mut *self.parking.state.borrow_mut();
        let place = &mut state.places[self.id as usize];
        if place.named {
            state.free.push(self.id);
            self.seen = true;
            return Poll::Ready(());
        }
        if sim.is_stale(place.whom, cx) {
            sim.forget(place.whom);
            place.whom = sim.wake_ref(cx);
        }
        Poll::Pending
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if self.seen {
            return;
        }
        let mut state = self.parking.state.borrow_mut();
        let place = &mut state.places[self.id as usize];
        if place.named {
            state.free.push(self.id);
            drop(state);
            if let Some(give_turn_on) = self.on_lost {
                give_turn_on();
            }
        } else {
            place.left = true;
            let whom = std::mem::replace(&mut place.whom, NOBODY);
            state.waiting -= 1;
            drop(state);
            self.parking.sim.forget(whom);
        }
    }
}
