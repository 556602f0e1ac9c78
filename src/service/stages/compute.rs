//! A worker's own work.

use super::super::{latency::Size, purpose};
use crate::{
    recording::RequestRow,
    service::{
        cpu::{self, Bill},
        errand::Piece,
        journey::Visit,
        metered,
        world::World,
    },
};

/// Works; a cold process works more slowly.
pub(in crate::service) async fn work(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) {
    let Some(latency) = &v.version.spec.compute else {
        return;
    };
    let time = latency.sample(size(v), &mut v.dice.draw(purpose::COMPUTE, 0));
    let time = slowed(w, v, row, time);
    let piece = Piece::begin(w, v, false);
    if w.metered.on {
        // Boxed: few services have bounded cores, and no other journey shall be larger for it.
        let bill = [(metered::COMPUTE, time)].into();
        Box::pin(cpu::compute(w, v, row, bill, None)).await;
    } else {
        let started = w.sim.now();
        cpu::work(w, v, time).await;
        cpu::stand_still(w, v).await;
        row.compute += w.sim.now() - started;
    }
    drop(piece);
    v.note(row);
}

/// How long work takes here and now that takes `time` ns in a process that has been up for long.
#[inline]
fn slowed(w: &World<'_>, v: &Visit<'_>, row: &RequestRow, mut time: u64) -> u64 {
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
    time
}

/// What a bill comes to here and now.
pub(super) fn paced(w: &World<'_>, v: &Visit<'_>, row: &RequestRow, bill: &Bill) -> Bill {
    if row.cold == 0 && w.saboteur.ailments().is_none() {
        return bill.clone();
    }
    let slowed = bill
        .iter()
        .map(|&(account, time)| (account, slowed(w, v, row, time)));
    slowed.collect()
}

/// What of a request times may depend on.
pub(in crate::service) fn size(v: &Visit<'_>) -> Size {
    Size::of(v.request)
}
