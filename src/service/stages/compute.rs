//! A worker's own work.

use super::super::{latency::Size, purpose};
use crate::{
    recording::RequestRow,
    service::{cpu, errand::Piece, journey::Visit, world::World},
};

/// Works; a cold process works more slowly.
pub(in crate::service) async fn work(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) {
    let Some(latency) = &v.version.spec.compute else {
        return;
    };
    let mut time = latency.sample(size(v), &mut v.dice.draw(purpose::COMPUTE, 0));
    if row.cold == 1 {
        time = (time as f64 * v.version.spec.cold_factor) as u64;
    }
    if let Some(ailments) = w.saboteur.ailments() {
        let now = w.sim.now();
        let up_for = now.saturating_sub(v.process.started);
        // The processes of the start have been up for long.
        if v.process.started > 0 {
            time = (time as f64 * ailments.chill(v.process.replica, up_for, now)) as u64;
        }
    }
    let started = w.sim.now();
    let piece = Piece::begin(w, v, false);
    cpu::work(w, v, time).await;
    cpu::stand_still(w, v).await;
    drop(piece);
    row.compute += w.sim.now() - started;
}

/// What of a request times may depend on.
pub(in crate::service) fn size(v: &Visit<'_>) -> Size {
    Size {
        input_tokens: v.request.input_tokens,
        output_tokens: v.request.output_tokens,
        captured: v.request.service_time,
    }
}
