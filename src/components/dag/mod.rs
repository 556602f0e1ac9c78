//! The calls of a request as a graph: which may start, what a failure means for the others, how long each may take.
//! Sources: Q4, Q5.
//!
//! # Short answer
//! The graph is checked before anything runs: Kahn's algorithm, and a refusal with the path of the cycle ([`Dag::build`]).
//! A call starts as soon as all that it waits for are there, at most `parallel` at once; it gets at most its share of what
//! is left of the request's deadline ([`FanOut::time_for`]). When the request is decided, or its deadline comes, every call
//! that still runs is cancelled ([`Walk::leftovers`]).
//!
//! # Complexity
//! `Dag::build` looks at each step and edge a constant number of times (names by a hash map); a whole [`Walk`] looks at
//! each edge once, and takes O(log n) a step for the set of those that are ready. A test counts: [`Walk::looked`].
//! Memory: O(steps + edges) once a version, O(steps) a request.
//!
//! # Follow-ups
//! - *Throughput doubles?* `gameday replay incident-04 --variant twice-the-load`.
//! - *The latency budget is halved?* `gameday replay incident-04 --variant half-the-deadline`.
//! - *Which metric triggers the roll-back?* `latency p(99)` beside `degraded_rate`: a slow tool shows in the second alone
//!   when budgets hold. `calls.orphans` above 0 means that children outlive their requests.
//! - *A node fails?* `gameday replay incident-05`, and its variant `sound`.
//!
//! # Anti-patterns
//! - A fan-out without bound: flaw `unbounded-fan-out`.
//! - Children that know nothing of the request's deadline: `no-child-budget`.
//! - Children that run on when their request was answered, failed or given up (python/cpython#75633):
//!   `child-outlives-parent`.
//! - A cycle run as one layer side by side (kyegomez/swarms#1757): not expressible; the file is refused.
//!
//! # Smallest set-up
//! ```toml
//! [service]
//! fan_out = { parallel = 4, deadline = "2s", budget = "90%" }
//! call = [
//!     { dependency = "search" },
//!     { dependency = "weather", on_failure = "skip" },
//!     { dependency = "llm", after = ["search"] },
//! ]
//! ```
//!
//! # Source
//! Kahn, "Topological sorting of large networks", CACM 5 (1962); the seed's Q4 and Q5; the rows 4 and 5 of the table of
//! real failures (python/cpython#75633, kyegomez/swarms#1757).

mod graph;
#[cfg(test)]
mod laws;
mod walk;

use crate::config::{Node, Read, Refusal, Share, Span};
pub use graph::{Dag, Wrong};
pub use walk::{Verdict, Walk};

crate::choice! {
    /// What the failure of a call means for the request.
    pub enum OnFailure {
        /// The request fails.
        Fail = "fail",
        /// The answer goes without it, and without all calls that wait for it.
        Skip = "skip",
        /// A default takes its place; calls that wait for it go on.
        Default = "default",
    }
}

crate::choice! {
    /// What becomes of calls that still run when their request is decided.
    pub enum Leftovers {
        /// They are cancelled.
        Cancel = "cancel",
        /// Nobody waits for them, and they run on.
        Detach = "detach",
    }
}

/// How many calls must succeed: `2`, or `"2 of 3"`, which also says how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// So many; 0 leaves it to each call's `on_failure`.
    pub of_them: u32,
    /// Of so many, where the file says it.
    pub all: Option<u32>,
}

impl Read for Need {
    const WHAT: &'static str = "a number of calls such as 2, or \"2 of 3\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let Ok(text) = String::read(node) else {
            let of_them = u32::read(node).map_err(|_| node.wrong(Self::WHAT))?;
            return Ok(Need { of_them, all: None });
        };
        let read = |t: &str| t.trim().parse::<u32>().ok();
        match text.split_once("of").map(|(a, b)| (read(a), read(b))) {
            Some((Some(of_them), Some(all))) if of_them <= all => Ok(Need {
                of_them,
                all: Some(all),
            }),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": ["integer", "string"], "minimum": 0, "examples": [2, "2 of 3"] })
    }
}

crate::options! {
    /// Fan-out: how the calls of a request go together.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FanOut {
        /// Calls of one request at once; 0 is no bound.
        parallel: u32 = 0, "no bound";
        /// When the request is answered with what there is, or fails; its own deadline counts too. 0 is never.
        deadline: Span = Span(0), "never";
        /// Share of what is left of the deadline that a call may take; 0: calls do not know it.
        budget: Share = Share(0.0), "0";
        /// So many calls must succeed, such as "2 of 3"; 0 leaves it to each call's on_failure.
        need: Need = Need { of_them: 0, all: None }, "0";
        /// Answer as soon as `need` calls have succeeded.
        early: bool = false, "false";
        /// Retries of all calls of a request together.
        retries: u32 = u32::MAX, "no bound";
        /// Calls that still run when the request is decided: cancel or detach.
        leftovers: Leftovers = Leftovers::Cancel, "cancel";
    }
}

impl Default for FanOut {
    fn default() -> FanOut {
        FanOut {
            parallel: 0,
            deadline: Span(0),
            budget: Share(0.0),
            need: Need::default(),
            early: false,
            retries: u32::MAX,
            leftovers: Leftovers::Cancel,
        }
    }
}

impl FanOut {
    /// ns that a call may take which starts at `now`, when the request must be answered at `deadline` (`u64::MAX`: never),
    /// the call's own timeout is `own` (0: none) and its own share of the budget is `share` (`None`: that of all). 0 is for
    /// ever; `None`: there is no time left to start.
    pub fn time_for(&self, own: u64, share: Option<Share>, deadline: u64, now: u64) -> Option<u64> {
        let budget = share.unwrap_or(self.budget).0;
        if budget <= 0.0 || deadline == u64::MAX {
            return Some(own);
        }
        let left = deadline.saturating_sub(now);
        let share = ((left as f64 * budget) as u64).min(left);
        match (share, own) {
            (0, _) => None,
            (share, 0) => Some(share),
            (share, own) => Some(share.min(own)),
        }
    }

    /// Whether a retry after a wait of `wait` ns still has a chance to be of use.
    pub fn worth_waiting(&self, wait: u64, deadline: u64, now: u64) -> bool {
        self.budget.0 <= 0.0 || now.saturating_add(wait) < deadline
    }
}

/// Set-ups that the field knows to be wrong. `kind` is the option that the set-up replaces.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "unbounded-fan-out",
        kind: "fan-out",
        options: "parallel = 0",
        breaks: "never_more_at_once_than_the_bound",
        source: "Q4",
    },
    super::Flaw {
        name: "no-child-budget",
        kind: "fan-out",
        options: "budget = 0",
        breaks: "no_child_gets_more_than_what_is_left",
        source: "Q4",
    },
    super::Flaw {
        name: "child-outlives-parent",
        kind: "fan-out",
        options: "leftovers = \"detach\"",
        breaks: "nothing_runs_after_the_decision",
        source: "python/cpython#75633",
    },
];
