//! Workers with a queue in front: the waiting half of a [`Discipline`].

use crate::{
    components::queue::Discipline,
    sim::{Sim, sync::Parking},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// See the module.
pub struct Queue {
    sim: Rc<Sim>,
    parking: Parking,
    discipline: RefCell<Box<dyn Discipline>>,
    /// Workers free; negative while a shrunk pool waits for busy ones to finish.
    free: Cell<i64>,
    workers: Cell<u32>,
    limit: Cell<u32>,
}

/// A worker, held. Dropping it hands it to the next in the queue.
pub struct Slot<'q>(&'q Queue);

impl Queue {
    /// A queue of this discipline.
    pub fn new(sim: &Rc<Sim>, discipline: Box<dyn Discipline>, workers: u32, limit: u32) -> Queue {
        Queue {
            sim: sim.clone(),
            parking: Parking::new(sim),
            discipline: RefCell::new(discipline),
            free: Cell::new(i64::from(workers)),
            workers: Cell::new(workers),
            limit: Cell::new(limit),
        }
    }

    /// Waits for a worker. `None` when the queue is full.
    pub async fn enter(&self, class: u32) -> Option<Slot<'_>> {
        // Nobody waits while a worker is free, so taking it is no barging.
        if self.free.get() > 0 {
            self.free.set(self.free.get() - 1);
            return Some(Slot(self));
        }
        if self.parking.waiting() >= self.limit.get() as usize {
            return None;
        }
        let give_on = || self.release();
        let parked = self.parking.park();
        self.discipline
            .borrow_mut()
            .push(parked.id(), class, self.sim.now());
        parked.on_lost(&give_on).await;
        Some(Slot(self))
    }

    fn release(&self) {
        if self.free.get() < 0 {
            self.free.set(self.free.get() + 1);
            return;
        }
        loop {
            let next = self.discipline.borrow_mut().pop(self.sim.now());
            match next {
                None => return self.free.set(self.free.get() + 1),
                // One that hung up meanwhile is passed over.
                Some(ticket) if self.parking.unpark(ticket) => return,
                Some(_) => {}
            }
        }
    }

    /// A deploy: more or fewer workers, another limit. Those who wait stay.
    pub fn resize(&self, workers: u32, limit: u32) {
        let more = i64::from(workers) - i64::from(self.workers.replace(workers));
        self.limit.set(limit);
        if more < 0 {
            self.free.set(self.free.get() + more);
        }
        (0..more).for_each(|_| self.release());
    }

    /// The policy, for retuning.
    pub fn discipline(&self) -> &RefCell<Box<dyn Discipline>> {
        &self.discipline
    }

    /// Requests waiting.
    pub fn waiting(&self) -> usize {
        self.parking.waiting()
    }

    /// Workers, and how many of them are busy.
    pub fn workers(&self) -> (u32, u32) {
        let workers = self.workers.get();
        (
            workers,
            u32::try_from((i64::from(workers) - self.free.get()).max(0)).unwrap_or(0),
        )
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
