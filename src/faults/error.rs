//! A failing dependency: some calls fail, after the time that they would have taken.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Table},
    service::seams::{Ending, Perturb},
    sim::dice::Draw,
};

crate::options! {
    /// Error fault.
    #[derive(Clone, Debug)]
    pub struct ErrorFault {}
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(ErrorFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for ErrorFault {
    /// While it ramps, a share of its victims is spared.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        if draw.chance(strength) {
            Ending::Fail.into()
        } else {
            Perturb::default()
        }
    }
}
