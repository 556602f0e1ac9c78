//! latent-bug-by-data: data wakes a bug that was deployed long ago.
//! ## Looks like
//! Processes die of certain requests, on all replicas, versions and regions alike, and nobody deployed anything.
//! ## Told apart from
//! a bad deploy (its version alone, from its minute on), capacity-loss (nobody dies), missing-field (requests are refused, and
//! processes live).
//! ## Fixed by
//! Switch it off by flag, then mend the data.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "latent-bug-by-data",
    family: Family::Compound,
    summary: "data wakes a bug that was deployed long ago",
    signature: "all versions and regions at once, without a deploy near",
    look_alikes: &["regex-backtracking", "enum-drift"],
    requires: &[
        // Beyond e^1.6, which is five: a restart of all is one of each, and no more.
        more(Fact::Deaths, 1.6, 0.4),
    ],
    supports: &[
        // What they die of may be told as a reader's error.
        more(Fact::Unread, 0.002, 0.001).hint(),
        less(Fact::ByNewReader, 0.5, 0.2).at_most(2.0).hint(),
        less(Fact::DeployAtOnset, 0.5, 0.25).at_most(1.5),
        more(Fact::Failing, 0.005, 0.0025).at_most(1.0),
    ],
    against: &[more(Fact::FailedStarts, 1.6, 0.5).at_most(2.0)],
    subject: Subject::None,
    containment: "switch off what reads the data, by its flag; keep the data out",
    remedy: "switch it off by flag, then mend the data",
    next: "the request that each process had in hand when it died",
    trigger: "process exits above one a minute",
};
