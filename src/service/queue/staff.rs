//! The workers of a queue: how many there are, what a deploy changes, and what is read of them.

use super::Queue;
use crate::{
    components::queue::{Crew, Discipline, Guard},
    config::{Node, Refusal},
    service::spec::Staff,
};

impl Queue {
    /// A deploy: policy retuned, where it is given, or replaced by a fresh one; more or fewer workers, other bounds. Those who wait stay: a
    /// fresh policy gets them in the order of the old one, as waiters of no class who have just come. What workers took in
    /// advance stays with them, unless they may hold less or are let go: that is given back, and served first.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(
        &self,
        policy: Option<&Node>,
        fresh: Option<Box<dyn Discipline>>,
        staff: Staff,
        guard: Guard,
    ) -> Result<(), Refusal> {
        let now = self.sim.now();
        match (fresh, policy) {
            (None, None) => {}
            (None, Some(policy)) => self.discipline.borrow_mut().retune(policy, now)?,
            (Some(fresh), _) => {
                let mut old = self.discipline.replace(fresh);
                while let Some(ticket) = old.pop(now) {
                    self.discipline.borrow_mut().push(ticket, 0, now);
                }
            }
        }
        self.classes.borrow_mut().clear();
        if self.guard.borrow().codel != guard.codel
            || self.guard.borrow().best_effort_share != guard.best_effort_share
        {
            self.codels.replace(guard.codels());
        }
        self.guard.replace(guard);
        self.staffs(staff);
        Ok(())
    }

    /// So many of the workers are lost, as far as there are so many.
    pub fn loses(&self, workers: u32) {
        if self.lost.replace(workers) != workers {
            self.staffs(self.staff.get());
        }
    }

    /// Has so many workers from here on, but for those that are lost. Busy ones finish what they run.
    fn staffs(&self, staff: Staff) {
        self.staff.set(staff);
        let prefetch = staff.prefetch;
        let workers = staff.workers.saturating_sub(self.lost.get());
        let more = i64::from(workers) - i64::from(self.workers.replace(workers));
        let busy = self.busy(i64::from(workers) - more);
        self.free.set(self.free.get() + more);
        let mut crew = self.crew.borrow_mut();
        let back = match (&mut *crew, prefetch > 1) {
            (None, false) => vec![],
            (None, true) => {
                *crew = Some(Crew::new(workers, prefetch, busy, self.nth.get()));
                vec![]
            }
            (Some(crew), true) => crew.tune(workers, prefetch),
            (Some(held), false) => {
                let back = held.tune(0, 1);
                self.nth.set(held.nth());
                *crew = None;
                back
            }
        };
        drop(crew);
        if !back.is_empty() {
            let mut returned = self.returned.borrow_mut();
            returned.extend(back);
            returned.make_contiguous().sort_unstable();
        }
        // An idle policy is not asked.
        if self.parking.waiting() > 0 {
            self.serve();
        }
    }

    /// Names and values of the policy's gauges.
    pub fn gauges(&self, out: &mut dyn FnMut(&str, f64)) {
        self.discipline.borrow().gauges(self.sim.now(), out);
    }

    /// Requests set aside so far, where any ever are.
    pub fn dead_letters(&self) -> Option<u64> {
        let set_aside = self.dead_letters.get();
        (self.guard.borrow().dead_letter.is_some() || set_aside > 0).then_some(set_aside)
    }

    /// ns that the first has waited of those whom no worker has taken.
    pub fn age(&self) -> u64 {
        match self.discipline.borrow().oldest(0) {
            Some(joined) if self.waiting() > 0 => self.sim.now() - joined,
            _ => 0,
        }
    }

    /// Workers who idle though somebody waits whom they could serve.
    pub fn kept_idle(&self) -> usize {
        let (workers, busy) = self.workers();
        (workers.saturating_sub(busy) as usize).min(self.parking.waiting())
    }

    /// Requests waiting that no worker has taken.
    pub fn waiting(&self) -> usize {
        self.parking.waiting() - self.reserved()
    }

    /// Requests that wait for the worker who has taken them.
    pub fn reserved(&self) -> usize {
        let crew = self.crew.borrow();
        let held = crew.iter().flat_map(Crew::reserved);
        held.filter(|ticket| self.parking.is_parked(*ticket))
            .count()
    }

    /// Workers, and how many of them are busy.
    pub fn workers(&self) -> (u32, u32) {
        let workers = self.workers.get();
        (workers, self.busy(i64::from(workers)))
    }

    /// How many are busy, where there are so many workers.
    fn busy(&self, workers: i64) -> u32 {
        u32::try_from((workers - self.free.get()).max(0)).unwrap_or(0)
    }
}
