//! A quota on the CPU of replicas that nobody of the service has set: the platform's, or a neighbour's share.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Table},
    faults::ailments::Ail,
    service::{RationOptions, seams::Quota},
};

struct CpuQuotaFault(Quota);

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let options = RationOptions::read_table(at, table, &[taken, COMMON].concat())?;
    let quota = options.sensible(|name| table.get(name).map_or(at, |entry| &entry.node.at))?;
    Ok(Box::new(CpuQuotaFault(quota)))
}

impl Fault for CpuQuotaFault {
    fn reach(&self) -> Reach {
        Reach::Replicas
    }

    fn ail(&self) -> Ail {
        Ail::Ration(self.0)
    }
}
