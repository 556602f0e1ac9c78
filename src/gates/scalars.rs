//! Quantities that no recording holds: the runner hands their values over. `truth.*` are what only the lab can
//! measure; diagnosis may not use them, gates may.

use crate::indicators::{Unit, Worse};

/// A quantity with one value a run.
#[derive(Debug, PartialEq)]
pub struct Scalar {
    /// Its name in expressions.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is worse.
    pub worse: Worse,
    /// What it is, one line.
    pub doc: &'static str,
    /// Whether a run of today measures it. What none measures has a name already, so that files can be written for it;
    /// until then it is no data, which fails a gate.
    pub measured: bool,
}

const fn scalar(name: &'static str, unit: Unit, doc: &'static str) -> Scalar {
    Scalar {
        name,
        unit,
        worse: Worse::Higher,
        doc,
        measured: false,
    }
}

const fn measured(name: &'static str, unit: Unit, doc: &'static str) -> Scalar {
    Scalar {
        measured: true,
        ..scalar(name, unit, doc)
    }
}

/// Every scalar that an expression may name. One that the run did not measure is no data.
pub const SCALARS: &[Scalar] = &[
    measured(
        "recovery_time",
        Unit::Nanos,
        "from the last step of the fix until the gates hold again",
    ),
    measured(
        "time_to_detect",
        Unit::Nanos,
        "from the first entry of the timeline until a guard acted, or else the fix began, or else it was over",
    ),
    measured(
        "time_to_mitigate",
        Unit::Nanos,
        "from the first entry of the timeline until a guard rolled back, or the fix began, or else it was over",
    ),
    scalar(
        "duplicate_writes",
        Unit::Count,
        "writes of the audited ledger that happened more than once",
    ),
    scalar(
        "lost_writes",
        Unit::Count,
        "acknowledged writes that the audited ledger does not have",
    ),
    measured(
        "orphan.work_seconds",
        Unit::Nanos,
        "work of the whole run for clients that had left, and not meant to be done all the same; orphan.seconds is of its time",
    ),
    scalar(
        "blast_radius",
        Unit::Fraction,
        "share of tenants that felt the incident",
    ),
    measured(
        "truth.wrong_answers",
        Unit::Count,
        "answers of a cache that belonged to another question",
    ),
    measured("truth.writes", Unit::Count, "writes that happened"),
    measured(
        "truth.duplicates",
        Unit::Count,
        "writes beyond the first of an operation",
    ),
    measured(
        "truth.lost",
        Unit::Count,
        "operations that were answered and never written",
    ),
    measured(
        "truth.unpublished",
        Unit::Count,
        "writes that are done and whose second step never came",
    ),
    measured(
        "truth.killed",
        Unit::Count,
        "records that were meant to be made though their client had left, and were not",
    ),
    scalar(
        "truth.stale_answers",
        Unit::Count,
        "answers of a cache that were older than the truth",
    ),
    scalar(
        "truth.good_rejects",
        Unit::Count,
        "requests within their quota that a limiter refused",
    ),
    scalar(
        "truth.duplicate_writes",
        Unit::Count,
        "the same as duplicate_writes",
    ),
    measured(
        "truth.hits",
        Unit::Count,
        "requests and calls that a fault touched",
    ),
];

/// The scalar of this name.
pub fn find_scalar(name: &str) -> Option<&'static Scalar> {
    SCALARS.iter().find(|scalar| scalar.name == name)
}
