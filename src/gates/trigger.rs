//! What a guard acts on: a condition that is known while a run goes on ([`online`](super::online)), as the line that is crossed.

use super::{
    Gate,
    online::{Online, Watched},
    syntax::Op,
};
use crate::{
    config::{Node, Refusal},
    indicators::{Selector, Stage},
};

/// What is held against an amount.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The largest time of a request.
    Most {
        /// The time.
        stage: Stage,
        /// ns that it has to reach.
        least: u64,
    },
    /// A share of requests.
    Share {
        /// Counters above the line.
        of: &'static [usize],
        /// Counters below it.
        over: &'static [usize],
        /// The share that it has to exceed, or to reach.
        least: f64,
        /// Whether reaching it is enough.
        reached: bool,
    },
}

/// What a guard watches: `latency{tenant="acme"} max > 3s for 30s`, or `parse.error_rate > 2% for 30s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Of which quantity, and the line.
    pub watched: Line,
    /// Which requests.
    pub select: Vec<Selector>,
    /// ns of the sliding window.
    pub over: u64,
}

impl Trigger {
    /// Reads a condition that can be watched online.
    ///
    /// # Errors
    /// What is no condition, and what is known only at the end.
    pub fn parse(node: &Node) -> Result<Trigger, Refusal> {
        let gate = Gate::parse("guard", node)?;
        let no = |why: &str| {
            Refusal::at(&node.at, format!("a guard cannot watch this: {why}"))
                .help("write when = \"latency max > 3s for 30s\" (other stages: queue.wait, ttft, call and so on), or \"error_rate > 2% for 30s\"")
        };
        let fits = |_: &Watched, op| match op {
            Op::More | Op::AtLeast => Ok(()),
            _ => Err("a guard acts when something is more than it should be"),
        };
        let online = Online::of(&gate.expr, fits).map_err(no)?;
        let reached = online.op == Op::AtLeast;
        let watched = match online.watched {
            Watched::Share(of, over) => Line::Share {
                of,
                over,
                least: online.bound,
                reached,
            },
            Watched::Most(stage) => Line::Most {
                stage,
                least: online.bound as u64 + u64::from(!reached),
            },
        };
        Ok(Trigger {
            watched,
            select: online.select,
            over: online.over,
        })
    }
}
