//! A dependency that does not answer: calls never end, and the caller's timeout is what is left.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Table},
    service::seams::{Ending, Perturb},
    sim::dice::Draw,
};

crate::options! {
    /// Outage fault.
    #[derive(Clone, Debug)]
    pub struct OutageFault {}
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(OutageFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for OutageFault {
    /// While it ramps, a share of its victims is spared.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        if draw.chance(strength) {
            Ending::Hang.into()
        } else {
            Perturb::default()
        }
    }
}
