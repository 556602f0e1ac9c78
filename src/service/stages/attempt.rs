//! An attempt under way, and what is lost when it, or the wait for its connection, is cancelled.

use crate::{
    recording::{AttemptRow, result},
    service::{
        errand::Piece,
        journey::Visit,
        process::Process,
        purpose,
        spec::{LostOnCancel, Step},
        world::World,
    },
    sim::sync::{Permit, Semaphore},
};

/// An attempt under way. Recorded when it ends, however it ends: dropped half way it is a cancelled one.
pub(super) struct Attempt<'w, 'r> {
    pub w: &'w World<'r>,
    pub row: AttemptRow,
    /// What else its end means.
    pub after: Option<Box<After<'w>>>,
}

/// What the end of an attempt means besides its row; of few.
pub(super) struct After<'w> {
    /// Work of an errand ends.
    _piece: Option<Piece<'w>>,
    /// The pool whose connection is never given back if the attempt is cancelled.
    keeps: Option<&'w Semaphore>,
}

impl<'w> After<'w> {
    pub fn of(
        w: &'w World<'_>,
        v: &'w Visit<'_>,
        step: &Step,
        number: u16,
    ) -> Option<Box<After<'w>>> {
        let lost = lost(w, step);
        if v.errand.is_none() && lost.is_none() {
            return None;
        }
        let n = u64::from(number) << 16 | step.draws;
        let keeps = lost.is_some_and(|lost| {
            let mut draw = v.dice.draw(purpose::CONNECTION_KEPT, n);
            draw.chance(lost.connection.0)
        });
        let pool = v.process.pools[step.dependency].as_ref();
        Some(Box::new(After {
            _piece: Piece::begin(w, v, step.options.intended),
            keeps: pool.filter(|_| keeps),
        }))
    }
}

impl Drop for Attempt<'_, '_> {
    fn drop(&mut self) {
        self.row.time = self.w.sim.now() - self.row.started;
        self.w.recorder.borrow_mut().attempt(&self.row);
        let keeps = self.after.as_ref().and_then(|after| after.keeps);
        if let (Some(pool), result::CANCELLED) = (keeps, self.row.result) {
            // The connection is released after this, and swallowed then.
            pool.remove_permits(1);
        }
    }
}

/// What the pool of this call's dependency loses when a request is cancelled.
pub(super) fn lost(w: &World<'_>, step: &Step) -> Option<LostOnCancel> {
    w.newest().spec.dependencies[step.dependency].lost_on_cancel
}

/// Waits for a connection of a pool that may lose its slot when the wait is cancelled.
pub(super) async fn acquire<'p>(
    w: &World<'_>,
    v: &'p Visit<'_>,
    step: &Step,
    number: u16,
    pool: &'p Semaphore,
) -> Permit<&'p Semaphore> {
    let n = u64::from(number) << 16 | step.draws;
    let share = lost(w, step).map_or(0.0, |lost| lost.slot.0);
    let is_lost = v.dice.draw(purpose::SLOT_LOST, n).chance(share);
    let waits = is_lost.then(|| Waits(pool, &v.process, step.dependency));
    let connection = pool.acquire().await;
    waits.into_iter().for_each(std::mem::forget);
    connection
}

/// One who waits for a connection and will take the slot along when it is cancelled.
struct Waits<'p>(&'p Semaphore, &'p Process, usize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let Waits(pool, process, dependency) = *self;
        let lost = &process.lost_slots[dependency];
        // The last one is lost once.
        if lost.get() < process.pool_sizes.borrow()[dependency] {
            lost.set(lost.get() + 1);
            pool.remove_permits(1);
        }
    }
}
