//! A process that stands still: a full collection of garbage, a page fault storm, a snapshot of its machine.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    faults::ailments::Ail,
};

crate::options! {
    /// Pause fault.
    #[derive(Clone, Debug)]
    pub struct PauseFault {
        /// How long each pause is.
        lasts: Span = Span(0), "as long as the entry";
        /// Time from the beginning of a pause to that of the next.
        every: Span = Span(0), "once";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = PauseFault::read_table(at, table, &[taken, COMMON].concat())?;
    if (fault.every.0 > 0 || fault.lasts.0 > 0) && fault.every.0 <= fault.lasts.0 {
        let place = table.get("every").map_or(at, |entry| &entry.node.at);
        return Err(Refusal::at(place, "each pause lasts as long as the period")
            .help("`every` must be longer than `lasts`"));
    }
    Ok(Box::new(fault))
}

impl Fault for PauseFault {
    fn reach(&self) -> Reach {
        Reach::Replicas
    }

    fn ail(&self) -> Ail {
        Ail::Pause {
            lasts: self.lasts.0,
            every: self.every.0,
        }
    }
}
