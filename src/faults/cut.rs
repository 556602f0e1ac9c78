//! Calls that are broken off on the way: at once or in mid-answer (a reset), or by a proxy that waits no longer (a time-out).

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    service::seams::Perturb,
    sim::dice::Draw,
};

crate::options! {
    /// Connection-reset fault: the call fails, and its connection is lost.
    #[derive(Clone, Debug)]
    pub struct ResetFault {
        /// How long after it was sent; sooner, where the answer comes sooner.
        after: Span = Span(0), "at once";
    }
}

crate::options! {
    /// Timeout fault: the answer never comes, and whoever is in between gives up.
    #[derive(Clone, Debug)]
    pub struct TimeoutFault {
        /// How long whoever is in between waits; 0: for ever, and the caller's own time-out is what is left.
        after: Span = Span(0), "for ever";
    }
}

/// Builds a reset from its options.
pub fn build_reset(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(ResetFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

/// Builds a time-out from its options.
pub fn build_timeout(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(TimeoutFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for ResetFault {
    /// While it ramps, a share of its victims is spared.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        if draw.chance(strength) {
            Perturb::Cut(self.after.0)
        } else {
            Perturb::Nothing
        }
    }
}

impl Fault for TimeoutFault {
    /// While it ramps, a share of its victims is spared.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        match self.after.0 {
            _ if !draw.chance(strength) => Perturb::Nothing,
            0 => Perturb::Hang,
            after => Perturb::Late(after),
        }
    }
}
