//! Workers with a queue in front: the waiting half of a [`Discipline`].

use crate::{
    components::queue::{Discipline, Guard, Seen},
    config::{Node, Refusal},
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
    guard: RefCell<Guard>,
    /// Lane of each class of traffic, by its number, and whether it is best-effort. Asked once a class and deploy.
    classes: RefCell<Vec<Option<(u32, bool)>>>,
    /// ns that a worker is held, lately: a moving average of 16.
    hold: Cell<u64>,
}

/// A worker, held since then. Dropping it hands it to the next in the queue.
pub struct Slot<'q>(&'q Queue, u64);

impl Queue {
    /// A queue of this discipline.
    pub fn new(
        sim: &Rc<Sim>,
        discipline: Box<dyn Discipline>,
        workers: u32,
        guard: Guard,
    ) -> Queue {
        Queue {
            sim: sim.clone(),
            parking: Parking::new(sim),
            discipline: RefCell::new(discipline),
            free: Cell::new(i64::from(workers)),
            workers: Cell::new(workers),
            guard: RefCell::new(guard),
            classes: RefCell::default(),
            hold: Cell::new(0),
        }
    }

    /// Waits for a worker. `None` when the queue is full, or too slow. `name` tells the name of the class.
    pub async fn enter(&self, class: u32, name: &dyn Fn() -> String) -> Option<Slot<'_>> {
        // Nobody waits while a worker is free, so taking it is no barging.
        if self.free.get() > 0 {
            self.free.set(self.free.get() - 1);
            return Some(self.slot());
        }
        let (lane, best_effort) = self.class(class, name);
        if !self.lets_in(lane, best_effort) {
            return None;
        }
        let give_on = || self.release();
        let parked = self.parking.park();
        self.discipline
            .borrow_mut()
            .push(parked.id(), lane, self.sim.now());
        parked.on_lost(&give_on).await;
        Some(self.slot())
    }

    fn slot(&self) -> Slot<'_> {
        Slot(self, self.sim.now())
    }

    fn class(&self, class: u32, name: &dyn Fn() -> String) -> (u32, bool) {
        let mut classes = self.classes.borrow_mut();
        let place = class as usize;
        if classes.len() <= place {
            classes.resize(place + 1, None);
        }
        *classes[place].get_or_insert_with(|| {
            let name = name();
            let best_effort = self.guard.borrow().best_effort.contains(&name);
            (self.discipline.borrow().lane(&name), best_effort)
        })
    }

    fn lets_in(&self, lane: u32, best_effort: bool) -> bool {
        let (discipline, now) = (self.discipline.borrow(), self.sim.now());
        let waiting = self.parking.waiting();
        self.guard.borrow().lets_in(
            best_effort,
            &Seen {
                waiting,
                // Those who hung up stay in the discipline until their turn, and delay nobody.
                ahead: discipline.ahead(lane, now).min(waiting),
                head_wait: match discipline.oldest(lane) {
                    Some(joined) if waiting > 0 => now - joined,
                    _ => 0,
                },
                hold: self.hold.get(),
                workers: self.workers.get(),
            },
        )
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

    /// A deploy: policy retuned, or replaced by a fresh one; more or fewer workers, other bounds. Those who wait stay: a
    /// fresh policy gets them in the order of the old one, as waiters of no class who have just come.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(
        &self,
        policy: &Node,
        fresh: Option<Box<dyn Discipline>>,
        workers: u32,
        guard: Guard,
    ) -> Result<(), Refusal> {
        let now = self.sim.now();
        match fresh {
            None => self.discipline.borrow_mut().retune(policy, now)?,
            Some(fresh) => {
                let mut old = self.discipline.replace(fresh);
                while let Some(ticket) = old.pop(now) {
                    self.discipline.borrow_mut().push(ticket, 0, now);
                }
            }
        }
        self.classes.borrow_mut().clear();
        self.guard.replace(guard);
        let more = i64::from(workers) - i64::from(self.workers.replace(workers));
        if more < 0 {
            self.free.set(self.free.get() + more);
        }
        // One by one only as far as somebody waits: there may be four billion of them.
        let mut left = more.max(0);
        while left > 0
            && self.free.get() <= 0
            && (self.free.get() < 0 || self.parking.waiting() > 0)
        {
            self.release();
            left -= 1;
        }
        self.free.set(self.free.get() + left);
        Ok(())
    }

    /// Names and values of the policy's gauges.
    pub fn gauges(&self, out: &mut dyn FnMut(&str, f64)) {
        self.discipline.borrow().gauges(self.sim.now(), out);
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
        let Slot(queue, since) = *self;
        let held = queue.sim.now() - since;
        queue.hold.set(match queue.hold.get() {
            0 => held,
            hold => hold - hold / 16 + held / 16,
        });
        queue.release();
    }
}
