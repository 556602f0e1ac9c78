//! A clock that is wrong: what a replica's limiter, and whoever else asks the replica for the time of day, takes for now.
//!
//! Timers and the latency that clients see go by true time; only readings of the clock are off. A limiter that is shared by replicas
//! whose clocks disagree counts tokens of a future that has not come, or of a past that is over. A clock that is set right again steps
//! back, and buckets whose mark lies ahead of it do not fill until it has come there.

use super::{COMMON, Fault, Reach};
use crate::config::{At, Options, Refusal, Span, Table};

crate::options! {
    /// Clock skew.
    #[derive(Clone, Debug)]
    pub struct ClockSkewFault {
        /// By how much the clock is wrong.
        skew: Span,
        /// Whether it shows an earlier time, not a later one.
        behind: bool = false, "false";
    }
}

/// A clock is off by a century at most.
const MOST: u64 = 100 * 365 * 86_400 * 1_000_000_000;

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let options = ClockSkewFault::read_table(at, table, &[taken, COMMON].concat())?;
    let place = |name: &str| table.get(name).map_or(at, |e| &e.node.at);
    if options.skew.0 == 0 || options.skew.0 > MOST {
        return Err(Refusal::at(place("skew"), "no clock is off by so much")
            .help("more than 0, and a century at most"));
    }
    if let Some(entry) = table.get("percentage") {
        return Err(Refusal::at(
            &entry.key,
            "a clock is wrong for all requests of its replica",
        )
        .help("leave percentage out; name a replica"));
    }
    Ok(Box::new(options))
}

impl Fault for ClockSkewFault {
    fn reach(&self) -> Reach {
        Reach::Clocks
    }

    fn skew(&self, strength: f64) -> i64 {
        let ns = (self.skew.0 as f64 * strength) as i64;
        if self.behind { -ns } else { ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Node, Source, pick},
        faults::{Faults, Planted, Shape, kinds},
        service::seams::Saboteur,
    };
    use std::cell::Cell;

    fn fault(text: &str) -> Result<Box<dyn Fault>, Refusal> {
        let text = format!("kind = \"clock-skew\"\n{text}");
        pick(
            &kinds(),
            "fault",
            &Node::parse(&Source::new("f.toml", text))?,
        )
    }

    #[test]
    fn the_clock_of_its_replica_alone_is_wrong_while_it_lasts() {
        let planted = |text: &str, replica| Planted {
            reach: Reach::Clocks,
            only: None,
            fault: fault(text).unwrap(),
            dependency: usize::MAX,
            share: 1.0,
            replica,
            shape: Shape::step(1_000, Some(2_000)),
            hits: Cell::new(0),
        };
        let faults = Faults {
            planted: vec![
                planted("skew = \"500ns\"", 2),
                planted("skew = \"5us\"\nbehind = true", 3),
            ],
            ..Faults::default()
        };
        assert_eq!(faults.clock(2, 999), 999);
        assert_eq!(faults.clock(2, 1_000), 1_500);
        assert_eq!(faults.clock(1, 1_500), 1_500);
        // No clock shows a time before the run.
        assert_eq!(faults.clock(3, 1_500), 0);
        assert_eq!(faults.clock(2, 2_000), 2_000);
        assert_eq!(faults.planted[0].hits.get(), 1);
        assert_eq!(faults.planted[1].hits.get(), 1);
    }

    #[test]
    fn a_skew_that_is_none_is_refused() {
        for (text, says) in [
            ("skew = \"0s\"", "off by so much"),
            ("skew = \"900y\"", ""),
            ("skew = \"1s\"\npercentage = 5", "all requests"),
            ("skew = \"1s\"\nbehind = 1", "true or false"),
        ] {
            let refusal = fault(text).err().map(|r| r.to_string()).unwrap_or_default();
            assert!(
                !refusal.is_empty() && refusal.contains(says),
                "{text}: {refusal}"
            );
        }
    }
}
