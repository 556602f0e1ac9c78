//! per-process-key-seed: each process hashes with a seed of its own, so no process finds what another wrote.
//! ## Looks like
//! After restarts the shared cache answers only the process that wrote; one content has as many keys as there are processes;
//! puts go on and the store fills.
//! ## Told apart from
//! cache-flush (recovers, and all processes share again), key-field-added (keys grow with every repeat).
//! ## Fixed by
//! A fixed seed.
//! ## Seen in
//! Case 24b (chains of block hashes that start from a random value per process).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "per-process-key-seed",
    family: Family::Keys,
    summary: "keys are hashed with a seed drawn when a process starts",
    signature: "keys of one content follow the process; hits only on entries that the same process wrote",
    look_alikes: &["cache-flush", "key-field-added", "key-model-field-added"],
    requires: &[
        more(Fact::Misses, 0.01, 0.005),
        more(Fact::BySeed, 0.85, 0.07),
    ],
    supports: &[
        more(Fact::FromKeys, 0.01, 0.005),
        less(Fact::ForeignHits, -0.10, 0.05).at_most(2.0),
        more(Fact::Process, 0.85, 0.07).hint(),
        more(Fact::NewProcess, 0.5, 0.25).at_most(1.5),
    ],
    against: &[more(Fact::Novel, 0.8, 0.1).at_most(3.0)],
    subject: Subject::None,
    containment: "pin the seed (an environment variable as a rule) and restart replica by replica",
    remedy: "hash keys with a fixed function and seed; hold it in a test that starts two processes",
    next: "the key that two replicas give to one payload",
    trigger: "hits on entries written by other processes below half of before for a minute",
};
