//! What goes on all through a run: what looks, probes, scales, and runs what outlives its request.

use super::Plan;
use crate::{
    incident::file::Incident,
    service::{Control, ServiceSpec},
};

/// Puts it before all that happens at the first instant. `length` of the trace, ns.
pub(super) fn stand(plan: &mut Plan, incident: &Incident, length: u64) {
    if !incident.healthy {
        let looks = incident.guards.iter().enumerate().map(|(guard, of)| {
            let (every, until) = (of.every, length);
            (
                0,
                Control::Guard {
                    guard,
                    every,
                    until,
                },
            )
        });
        plan.controls.splice(0..0, looks);
    }
    if plan.versions.iter().any(ServiceSpec::outlives) {
        plan.controls
            .insert(0, (0, Control::Strays { until: length }));
    }
    let reads = |spec: &ServiceSpec| spec.dies() || spec.start.is_some();
    if plan.faults.kills() || plan.versions.iter().any(reads) {
        plan.controls
            .insert(0, (0, Control::Starts { until: length }));
    }
    let probes = |spec: &ServiceSpec| spec.probe.is_some();
    if plan.versions.iter().any(probes) {
        let replicas = incident.service.replicas as usize;
        let each = (0..replicas).map(|replica| {
            let until = length;
            (0, Control::Probe { replica, until })
        });
        plan.controls.splice(0..0, each);
    }
    let scales = |spec: &ServiceSpec| spec.autoscaler.is_some();
    if plan.versions.iter().any(scales) {
        plan.controls
            .insert(0, (0, Control::Autoscale { until: length }));
    }
}
