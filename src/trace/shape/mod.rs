//! What is done to a trace on its way into the replay: speed or rate, take, filter, loop, reorder, lenient.
//!
//! They apply in this order, whatever the order in the file: rows are put in order (`reorder`), times are scaled (`speed`,
//! `rate`), absent fields are filled, rows are chosen (`filter`), counted (`take`), and all of it is repeated (`loop`).
//! A request keeps its number (`op`) through all of them; in lap n it is its number in the file plus n * 2^40, and the
//! copies that a surge adds are numbered from 2^56 on.

pub mod filter;

use crate::config::{Count, Node, Rate, Read, Refusal, Span, Value, parse_nanos};
pub use filter::Filter;

/// Op numbers of laps are this far apart.
pub const LAP: u64 = 1 << 40;
/// Op numbers of copies are this far apart.
pub const COPY: u64 = 1 << 56;
/// Laps that op numbers have room for.
pub const MOST_LAPS: u64 = 65_535;

/// How many times as fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(pub f64);

impl Read for Speed {
    const WHAT: &'static str = "how many times as fast, such as 2 or \"2x\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let x = match &node.value {
            Value::Integer(i) => Some(*i as f64),
            Value::Float(x) => Some(*x),
            Value::Text(t) => t.trim().trim_end_matches(['x', 'X']).trim().parse().ok(),
            _ => None,
        };
        match x {
            Some(x) if (1e-6..=1e9).contains(&x) => Ok(Speed(x)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": ["number", "string"], "examples": ["2x", 0.5] })
    }
}

/// How much of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Take {
    /// The first rows.
    Rows(u64),
    /// The first ns of the replay.
    Time(u64),
}

impl Read for Take {
    const WHAT: &'static str =
        "how many requests, such as 10_000 or \"10k\", or how long, such as \"10m\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let take = match &node.value {
            Value::Text(t) if parse_nanos(t).is_some() && t.trim() != "0" => {
                parse_nanos(t).map(Take::Time)
            }
            _ => Count::read(node).ok().map(|c| Take::Rows(c.0)),
        };
        take.filter(|t| !matches!(t, Take::Rows(0) | Take::Time(0)))
            .ok_or_else(|| node.wrong(Self::WHAT))
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": ["integer", "string"], "examples": ["10k", "10m"] })
    }
}

crate::options! {
    /// What is done to a trace on its way into the replay.
    #[derive(Clone, Debug)]
    pub struct Shape {
        /// How many times as fast.
        speed: Option<Speed> = None, "as captured";
        /// Gaps are scaled so that this is the mean rate.
        rate: Option<Rate> = None, "as captured";
        /// The first so many requests, or the first so much time.
        take: Option<Take> = None, "all";
        /// Which requests, such as 'tenant == "acme" and input_tokens > 1000'.
        filter: Option<Filter> = None, "all";
        /// Times may go back by this much; the rows are put in order.
        reorder: Span = Span(0), "0";
        /// Bad rows are left out and counted.
        lenient: bool = false, "false";
    }
}
