//! What happens to the traffic while a run goes on.

use super::Plan;
use crate::{
    config::{Entry, Refusal},
    trace::TraceSpec,
};

/// A change of the traffic.
pub struct Drift {
    /// When it begins, ns.
    pub at: u64,
    /// When the traffic is again as before.
    pub until: Option<u64>,
    /// ns until it is there in full.
    pub ramp: u64,
    /// Dotted paths with their new values.
    pub set: Vec<(String, Entry)>,
}

impl Plan {
    /// The trace with what drifts in it: from each time at which a drift begins or ends on, those that last by then.
    ///
    /// # Errors
    /// As [`TraceSpec::drift`].
    pub fn drifting(&self, trace: &TraceSpec) -> Result<TraceSpec, Refusal> {
        let mut trace = trace.clone();
        let mut turns: Vec<u64> = self
            .drifts
            .iter()
            .flat_map(|drift| std::iter::once(drift.at).chain(drift.until))
            .collect();
        turns.sort_unstable();
        turns.dedup();
        for at in turns {
            let begins = |drift: &&Drift| drift.at == at;
            let ramp = self.drifts.iter().filter(begins).map(|drift| drift.ramp);
            let lasts =
                |drift: &&Drift| drift.at <= at && drift.until.is_none_or(|until| at < until);
            let set: Vec<_> = self
                .drifts
                .iter()
                .filter(lasts)
                .flat_map(|drift| &drift.set)
                .map(|(path, e)| (path.clone(), e.key.clone(), e.node.clone()))
                .collect();
            trace.drift(at, ramp.max().unwrap_or(0), &set)?;
        }
        Ok(trace)
    }
}
