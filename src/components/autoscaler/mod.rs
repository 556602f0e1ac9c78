//! Autoscalers: how many replicas should there be? Sources: Q21 (autoscaler lag), Q30.
//!
//! # Short answer
//! Now and then the load of all replicas is divided by what one should bear: so many are wanted. More are started at once,
//! fewer only when none of the last while wanted more (the cool-down), so that load that comes and goes does not make
//! replicas come and go. Near the target nothing is done.
//!
//! # Complexity
//! A decision is O(1) amortised; memory one entry for each decision of the cool-down, one for each of the lag.
//!
//! # Follow-ups of the seed
//! - How do you confirm that the tail is an autoscaler's lag? The wait for a worker rises first, `replicas.wanted` runs ahead
//!   of `replicas.up`, and both end when the last replica is up. `gameday replay incident-21 --variant autoscaler-lag`.
//! - Targeted mitigation: a warm pool (`warm`) takes the start-up out of the way.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `acts-on-old-metrics`, `no-cool-down`, `scale-to-zero`, `never-comes-down`.
//!
//! # Smallest set-up
//! ```toml
//! autoscaler = { kind = "target-utilisation", target = "60%", min = 2, max = 10, interval = "15s", cool_down = "5m", start_up = "30s" }
//! ```
//!
//! # Source
//! Kubernetes, "Horizontal Pod Autoscaling": the algorithm, its tolerance and its stabilisation window.

mod target;

#[cfg(test)]
mod laws;

use crate::config::{Kind, Node, Refusal};

/// What an autoscaler may know when it decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Replicas in service and those that are starting.
    pub replicas: u32,
    /// Requests in hand of all replicas in service, those that wait included.
    pub in_flight: u64,
    /// Workers at work.
    pub busy: u64,
    /// Workers of one replica; 0: no bound.
    pub workers: u32,
    /// Requests that found no replica since the last decision.
    pub turned_away: u64,
}

/// Decides how many replicas there should be.
pub trait Autoscaler {
    /// How many are wanted at `now`, ns. `now` never goes back.
    fn decide(&mut self, seen: &Seen, now: u64) -> u32;
    /// ns between two decisions; never 0.
    fn interval(&self) -> u64;
    /// A deploy: policy replaced, state kept.
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node) -> Result<(), Refusal>;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "acts-on-old-metrics",
        kind: "target-in-flight",
        options: "lag = \"10m\"",
        breaks: "it_follows_a_rise_at_once",
        source: "Q21: autoscaler lag; what is decided on is minutes old",
    },
    super::Flaw {
        name: "no-cool-down",
        kind: "target-in-flight",
        options: "cool_down = \"0s\"",
        breaks: "load_that_comes_and_goes_moves_nothing",
        source: "Kubernetes, Horizontal Pod Autoscaling: thrashing, and why there is a stabilisation window",
    },
    super::Flaw {
        name: "scale-to-zero",
        kind: "target-in-flight",
        options: "min = 0",
        breaks: "somebody_is_always_there",
        source: "Q21: cold starts; the first request after a quiet time finds nobody",
    },
    super::Flaw {
        name: "never-comes-down",
        kind: "target-in-flight",
        options: "cool_down = \"1000h\"",
        breaks: "it_comes_down_in_the_end",
        source: "Q21, red flag: everything is scaled up, and nobody asks what drives the tail",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Autoscaler>>> {
    vec![
        Kind {
            name: "target-utilisation",
            summary: "so many replicas that a share of their workers is busy",
            fields: target::utilisation_fields,
            build: target::build_utilisation,
        },
        Kind {
            name: "target-in-flight",
            summary: "so many replicas that each has so many requests in hand",
            fields: target::in_flight_fields,
            build: target::build_in_flight,
        },
    ]
}

/// Options that the *service* reads from the same table.
pub const OF_SERVICE: &[&str] = &["start_up", "warm"];
