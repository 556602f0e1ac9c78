//! When a service has recovered.

use super::{
    file::Incident,
    run::{context, stretches},
    truth::{Phase, PhaseName, Truth},
};
use crate::{indicators::Watched, recording::Recording};
use indexmap::IndexMap;

/// Windows in a row in which the gates must hold before a service counts as recovered.
const HOLD: usize = 3;

/// Finds the end of recovering: the first of three windows in a row in which every gate holds (a gate that has nothing to
/// judge by in a window does not count against it), and from which on all hold as a whole; once
/// they broke again, for longer than they held before. What comes again and again is not over between two times. Phases end with the trace from here on.
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
    let windows = watched.windows.within(recovering.from, recovering.to);
    let mut held_before = None;
    let recovered = {
        let context = context(watched, recording, truth, &stretches, scalars);
        let gates: Vec<_> = incident.gates.iter().filter(|g| g.is_windowed()).collect();
        let hold = |range: std::ops::Range<usize>, lasting: bool| {
            gates
                .iter()
                .filter(|g| !lasting || g.phases().is_empty())
                .all(|g| g.holds_in(&context, range.clone()) != Some(false))
        };
        // Up to the first that holds for long enough; a window may cost a percentile of the whole baseline.
        let (mut held, mut longest, end) = (0, 0, windows.end);
        let mut all = windows;
        let last = all.find(|&w| {
            longest = longest.max(held);
            held = if hold(w..w + 1, false) { held + 1 } else { 0 };
            if held != HOLD {
                return false;
            }
            let since = w + 1 - HOLD;
            // Having broken again, they must hold for longer than they did then.
            let longer = held_before.is_none() || end - since > longest;
            let lasts = longer && hold(since..end, true);
            if !lasts && held_before.is_none() {
                held_before = Some(watched.windows.edges[since]);
            }
            lasts
        });
        last.map(|w| watched.windows.edges[w + 1 - HOLD])
    };
    if recovered.is_none() {
        truth.held_at = held_before;
    }
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
