//! When a service has recovered.

use super::{
    file::Incident,
    run::{context, stretches},
    truth::{Phase, PhaseName, Truth},
};
use crate::{gates::Gate, indicators::Watched, recording::Recording};
use indexmap::IndexMap;

/// Windows in a row in which the gates must hold before a service counts as recovered.
const HOLD: usize = 3;

/// Finds the end of recovering: the first of three windows in a row in which every gate holds (a gate that has nothing to
/// judge by in a window does not count against it). Phases end with the trace from here on.
pub(super) fn settle_recovery(
    incident: &Incident,
    watched: &Watched,
    recording: &Recording,
    truth: &mut Truth,
    scalars: &mut IndexMap<String, f64>,
) {
    let end = watched.windows.all().end;
    for phase in &mut truth.phases {
        phase.to = phase.to.min(end);
    }
    truth.phases.retain(|p| p.from < p.to);
    let Some(i) = truth
        .phases
        .iter()
        .position(|p| p.name == PhaseName::Recovering)
    else {
        return;
    };
    let recovering = truth.phases[i];
    let stretches = stretches(truth);
    let mut windows = watched.windows.within(recovering.from, recovering.to);
    let recovered = {
        let context = context(watched, recording, truth, &stretches, scalars);
        let gates: Vec<_> = incident.gates.iter().filter(|g| g.is_windowed()).collect();
        // Up to the first that holds for long enough; a window may cost a percentile of the whole baseline.
        let mut held = 0;
        let last = windows.find(|&w| {
            let holds = |g: &&Gate| g.holds_in(&context, w..w + 1) != Some(false);
            held = if gates.iter().all(holds) { held + 1 } else { 0 };
            held == HOLD
        });
        last.map(|w| watched.windows.edges[w + 1 - HOLD])
    };
    if let Some(at) = recovered {
        truth.recovery_time = Some(at - recovering.from);
        scalars.insert("recovery_time".into(), (at - recovering.from) as f64);
        truth.phases[i].to = at;
        truth.phases.insert(
            i + 1,
            Phase {
                name: PhaseName::Recovered,
                from: at,
                to: recovering.to,
            },
        );
        truth.phases.retain(|p| p.from < p.to);
    }
}
