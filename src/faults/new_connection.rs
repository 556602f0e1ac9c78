//! Opening a connection takes longer: a certificate chain that has grown, a resolver or a proxy that is slow. Whoever finds
//! one that lies idle notices nothing. Needs a dependency with `connect`.

use super::{COMMON, Fault};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    faults::ailments::Ail,
    service::DependencySpec,
    sim::dice::Draw,
};

crate::options! {
    /// New-connection fault.
    #[derive(Clone, Debug)]
    pub struct NewConnectionFault {
        /// Time added to the opening of each connection that it strikes.
        latency: Span,
        /// Up to so much more, or less, by dice.
        jitter: Span = Span(0), "0";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    Ok(Box::new(NewConnectionFault::read_table(
        at,
        table,
        &[taken, COMMON].concat(),
    )?))
}

impl Fault for NewConnectionFault {
    fn lacks(&self, dependency: &DependencySpec) -> Option<String> {
        let keeps = dependency.keep.is_some();
        (!keeps).then(|| "connect = \"20ms\"".into())
    }

    fn ail(&self) -> Ail {
        Ail::Connect
    }

    fn penalty(&self, strength: f64, draw: &mut Draw) -> u64 {
        let jitter = self.jitter.0 as f64 * (2.0 * draw.unit() - 1.0);
        ((self.latency.0 as f64 + jitter).max(0.0) * strength) as u64
    }
}
