//! A slow dependency: some calls take longer, by a fixed time and a part that dice give.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    service::seams::Perturb,
    sim::dice::Draw,
};

crate::options! {
    /// Latency fault.
    #[derive(Clone, Debug)]
    pub struct LatencyFault {
        /// Time added to each call that it strikes.
        latency: Span,
        /// Up to so much more, or less, by dice.
        jitter: Span = Span(0), "0";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(LatencyFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for LatencyFault {
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb {
        let jitter = self.jitter.0 as f64 * (2.0 * draw.unit() - 1.0);
        Perturb::delay(((self.latency.0 as f64 + jitter).max(0.0) * strength) as u64)
    }
}
