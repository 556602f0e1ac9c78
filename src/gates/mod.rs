//! Thresholds on indicators: the expression language, and what it says of a run.

use serde::Serialize;

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The condition holds.
    Pass,
    /// It does not.
    Breach,
    /// There is nothing to judge by, which fails.
    NoData,
}

/// A gate's verdict in one phase, with the numbers that it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// The gate's name in the file.
    pub gate: String,
    /// Its expression as written.
    pub expression: String,
    /// The phase it was held in.
    pub phase: String,
    /// What it says.
    pub verdict: Verdict,
    /// For people: `latency.p95 930ms, allowed 47.2ms (1.15x baseline 41ms)`.
    pub detail: String,
}
