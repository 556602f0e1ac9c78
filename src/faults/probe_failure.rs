//! Health probes that fail though the replica serves: a page of health that asks what is not needed, a certificate of the
//! checker, a path that a proxy no longer lets through. Who believes them takes well replicas out.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Table},
    faults::ailments::Ail,
};

crate::options! {
    /// Probe-failure fault; `percentage` is the share of probes that fail.
    #[derive(Clone, Debug)]
    pub struct ProbeFailureFault {}
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(ProbeFailureFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for ProbeFailureFault {
    fn reach(&self) -> Reach {
        Reach::Replicas
    }

    fn aims(&self) -> &'static [&'static str] {
        &["percentage"]
    }

    fn ail(&self) -> Ail {
        Ail::Probe
    }
}
