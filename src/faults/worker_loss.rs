//! Workers that die, and nobody starts others: of a class that has some of its own, or of those that all share. A busy one
//! finishes what it does first. They are back when the fault ends; a process that starts anew has all of its workers.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Table},
    faults::ailments::Ail,
};

crate::options! {
    /// Worker-loss fault.
    #[derive(Clone, Debug)]
    pub struct WorkerLossFault {
        /// How many each replica loses, as far as it has them.
        workers: u32,
        /// Class whose own workers are lost (`service.queue.pools`).
        class: Option<String> = None, "those that all share";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = WorkerLossFault::read_table(at, table, &[taken, COMMON].concat())?;
    if fault.workers == 0 {
        let place = table.get("workers").map_or(at, |entry| &entry.node.at);
        return Err(Refusal::at(place, "no worker is lost").help("1 or more"));
    }
    Ok(Box::new(fault))
}

impl Fault for WorkerLossFault {
    fn reach(&self) -> Reach {
        Reach::Replicas
    }

    fn ail(&self) -> Ail {
        Ail::Lose
    }

    fn loses(&self) -> Option<(Option<&str>, u32)> {
        Some((self.class.as_deref(), self.workers))
    }
}
