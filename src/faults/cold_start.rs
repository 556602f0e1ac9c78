//! Fresh processes are slow at first: code not yet compiled, caches of the machine not yet filled. It strikes those that
//! start while it lasts, by a deploy, a restart or an autoscaler; the processes of the start have been up for long.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    faults::ailments::Ail,
};

crate::options! {
    /// Cold-start fault.
    #[derive(Clone, Debug)]
    pub struct ColdStartFault {
        /// How many times slower a fresh process computes.
        factor: f64 = 10.0, "10";
        /// How long a process is fresh.
        lasts: Span = Span(30_000_000_000), "30s";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = ColdStartFault::read_table(at, table, &[taken, COMMON].concat())?;
    if !(1.0..=MOST).contains(&fault.factor) {
        let place = table.get("factor").map_or(at, |entry| &entry.node.at);
        return Err(Refusal::at(place, format!("a factor of {}", fault.factor))
            .help(format!("1 to {MOST}")));
    }
    Ok(Box::new(fault))
}

/// The largest factor.
const MOST: f64 = 1e6;

impl Fault for ColdStartFault {
    fn reach(&self) -> Reach {
        Reach::Replicas
    }

    fn ail(&self) -> Ail {
        Ail::Cold {
            factor: self.factor,
            lasts: self.lasts.0,
        }
    }
}
