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
    /// Which way is worse; `None` where neither is.
    pub worse: Option<Worse>,
    /// What it is, one line.
    pub doc: &'static str,
}

const fn scalar(name: &'static str, unit: Unit, doc: &'static str) -> Scalar {
    Scalar {
        name,
        unit,
        worse: Some(Worse::Higher),
        doc,
    }
}

const fn neutral(name: &'static str, unit: Unit, doc: &'static str) -> Scalar {
    Scalar {
        worse: None,
        ..scalar(name, unit, doc)
    }
}

/// Every scalar that an expression may name. One that the run did not measure is no data.
pub const SCALARS: &[Scalar] = &[
    scalar(
        "recovery_time",
        Unit::Nanos,
        "from the last step of the fix until the gates hold again",
    ),
    scalar(
        "time_to_detect",
        Unit::Nanos,
        "from the first entry of the timeline until a guard acted, or else the fix began, or else it was over",
    ),
    scalar(
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
    scalar(
        "orphan.work_seconds",
        Unit::Nanos,
        "work of the whole run for clients that had left, and not meant to be done all the same; orphan.seconds is of its time",
    ),
    scalar(
        "blast_radius",
        Unit::Fraction,
        "share of the tenants (20 requests in both phases at least) who felt the incident: five points more of their requests than in their baseline, and surely so (3 standard errors), were not answered or slower than its 95th percentile",
    ),
    scalar(
        "truth.wrong_answers",
        Unit::Count,
        "answers of a cache that belonged to another question",
    ),
    neutral("truth.writes", Unit::Count, "writes that happened"),
    scalar(
        "truth.duplicates",
        Unit::Count,
        "writes beyond the first of an operation",
    ),
    scalar(
        "truth.lost",
        Unit::Count,
        "operations that were answered and never written",
    ),
    scalar(
        "truth.unpublished",
        Unit::Count,
        "writes that are done and whose second step never came",
    ),
    scalar(
        "truth.killed",
        Unit::Count,
        "records that were meant to be made though their client had left, and were not",
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
    neutral(
        "truth.hits",
        Unit::Count,
        "requests and calls that a fault touched",
    ),
];

/// The scalar of this name.
pub fn find_scalar(name: &str) -> Option<&'static Scalar> {
    SCALARS.iter().find(|scalar| scalar.name == name)
}
