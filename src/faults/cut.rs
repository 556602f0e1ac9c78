//! Calls that are broken off on the way: at once or in mid-answer (a reset), or by a proxy that waits no longer (a time-out).
//! Neither has done anything at the dependency. A lost response has: the work is done, a write takes effect, and the caller
//! cannot tell it from the other two.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    service::seams::{Ending, Perturb},
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

crate::choice! {
    /// What a caller notices of an answer that is lost.
    pub enum LostAs {
        /// Nothing, until its own time-out.
        Timeout = "timeout",
        /// Its connection breaks when the answer would have come.
        Reset = "reset",
    }
}

crate::options! {
    /// Lost-response fault: the dependency has done the work, and the answer does not arrive.
    #[derive(Clone, Debug)]
    pub struct LostFault {
        /// What the caller notices: timeout, reset.
        r#as: LostAs = LostAs::Timeout, "timeout";
    }
}

/// Builds a lost response from its options.
pub fn build_lost(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(LostFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
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
            Ending::Cut(self.after.0).into()
        } else {
            Perturb::default()
        }
    }
}

impl Fault for LostFault {
    /// While it ramps, a share of its victims is spared.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        let reset = self.r#as == LostAs::Reset;
        match draw.chance(strength) {
            true => Ending::Lost { reset }.into(),
            false => Perturb::default(),
        }
    }
}

impl Fault for TimeoutFault {
    /// While it ramps, a share of its victims is spared.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        match self.after.0 {
            _ if !draw.chance(strength) => Perturb::default(),
            0 => Ending::Hang.into(),
            after => Ending::Late(after).into(),
        }
    }
}
