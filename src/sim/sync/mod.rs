//! Places to wait: all first come, first served, and all safe to leave.
//!
//! | wait for | use |
//! |---|---|
//! | one of n permits | [`Semaphore`] |
//! | one of n servers, for a known time | [`Station`] (half the polls of a semaphore and a sleep) |
//! | a turn that a policy of yours gives out | [`Parking`] |
//! | the answer that somebody else is fetching already | [`Flights`] |
//! | a thing that happens once and stays so | [`Latch`] |
//! | the next time that something happens | [`Event`] |
//! | a message, a single answer | [`mpsc`], [`oneshot`] |
//!
//! Whoever is dropped while it waits leaves no trace; whoever is dropped after it was given
//! something and before it noticed passes it on. Nothing barges: who comes later waits behind.
//! Everything works under the wakers of `join_all`, `select` and `FuturesUnordered` too, and
//! `tokio::sync` primitives may be used beside these.

mod event;
mod flights;
mod latch;
pub mod mpsc;
pub mod oneshot;
mod parking;
mod queue;
mod semaphore;
mod station;

pub use event::{Event, Wait};
pub use flights::{FlightId, Flights, Follow, Lead};
pub use latch::{Latch, Latched, Until};
pub use parking::{Parked, Parking};
pub use semaphore::{Acquire, Permit, Semaphore};
pub use station::{Serve, Station};
