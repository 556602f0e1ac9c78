//! Connections that are never given back: each victim costs the replica's pool one until its process restarts. Needs a
//! dependency with a `pool`.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Table},
    faults::ailments::Ail,
    service::DependencySpec,
};

crate::options! {
    /// Pool-leak fault; `percentage` is the share of calls whose connection is lost.
    #[derive(Clone, Debug)]
    pub struct PoolLeakFault {}
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(PoolLeakFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for PoolLeakFault {
    fn lacks(&self, dependency: &DependencySpec) -> Option<String> {
        (dependency.pool == 0).then(|| "pool = 64".into())
    }

    fn ail(&self) -> Ail {
        Ail::Leak
    }
}
