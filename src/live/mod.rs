//! The real thing beside a run: stores that keep what they acknowledge, with sockets, threads, fsync and a wall clock.
//!
//! Nothing of this is inside virtual time. A store here goes by the rules of its model in `components/`, takes `now` from its
//! caller as the model does, and is held to the model on random schedules and when it is killed (`tests/durable_ledger.rs`).

pub mod ledger;
