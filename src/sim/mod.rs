//! Virtual time: a deterministic executor, places to wait, and dice that belong to what they
//! decide.
//!
//! ```text
//!   arrivals            root futures                     timers
//!   (0 ns, a) ─┐      ┌─ request a ──acquire──▶ runs ────▶ sleep 5 ─▶ ends at 5
//!   (1 ns, b) ─┼─make─┼─ request b ──acquire──▶ waits 4 ──▶ sleep 5 ─▶ ends at 10
//!   (2 ns, c) ─┘      └─ request c ──acquire──▶ waits 8 ──▶ sleep 5 ─▶ ends at 15
//!                                    one permit, first come, first served
//! ```
//!
//! ```
//! use gameday::sim::{Sim, sync::Semaphore};
//! use std::cell::RefCell;
//!
//! let sim = Sim::new();
//! let permit = Semaphore::new(&sim, 1);
//! let ends = RefCell::new(Vec::new());
//! let (sim_ref, permit, ends_ref) = (&sim, &permit, &ends);
//! let end = sim.run([(0, 'a'), (1, 'b'), (2, 'c')], |name| async move {
//!     let _held = permit.acquire().await;
//!     sim_ref.sleep(5).await;
//!     ends_ref.borrow_mut().push((name, sim_ref.now()));
//! });
//! assert_eq!(*ends.borrow(), [('a', 5), ('b', 10), ('c', 15)]);
//! assert_eq!((end.arrivals, end.stuck, end.now), (3, 0, 15));
//! ```
//!
//! - [`Sim`]: the clock and the executor; [`Task`]s beside a request, and [`Sim::timeout`].
//! - [`sync`]: semaphores, stations, parking for schedulers, flights, channels.
//! - [`dice`], [`distribution`], [`zipf`]: randomness by (seed, entity, purpose, n).
//! - [`hash`]: maps that iterate alike in every run. [`digest`]: whether two runs are the same, and
//!   if not, since when.
//! - [`timers`]: the timer store, for loops written by hand.
//!
//! The same input gives the same events in the same order, on every machine. Time is exact: a wait
//! in a first-come-first-served queue equals the Kiefer-Wolfowitz recursion to the nanosecond.
//! Nothing here knows what is simulated, and nothing here is real time: no sockets, no threads.

pub mod dice;
pub mod digest;
pub mod distribution;
mod executor;
pub mod hash;
mod maths;
mod sleep;
pub mod sync;
mod tasks;
pub mod timers;
mod wakes;
pub mod zipf;

pub use executor::{RunEnd, Sim};
pub use sleep::{Elapsed, Sleep, Timeout};
pub use tasks::Task;

/// An instant or a duration of virtual time, in nanoseconds. Instants count from the run's start.
pub type Nanos = u64;
/// Nanoseconds in a microsecond.
pub const MICROS: Nanos = 1_000;
/// Nanoseconds in a millisecond.
pub const MILLIS: Nanos = 1_000_000;
/// Nanoseconds in a second.
pub const SECONDS: Nanos = 1_000_000_000;
