//! Workers with a queue in front: the waiting half of a [`Discipline`].

use crate::{
    components::queue::{Codel, Discipline, Guard, Seen},
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
    /// Controls of the delay, where the guard has any: of best-effort classes last.
    codels: RefCell<Option<[Codel; 2]>>,
    /// Requests set aside so far.
    dead_letters: Cell<u64>,
    /// Lane of each class of traffic, by its number, and whether it is best-effort. Asked once a class and deploy.
    classes: RefCell<Vec<Option<(u32, bool)>>>,
    /// ns that a worker is held, lately: a moving average of 16.
    hold: Cell<u64>,
}

/// Why somebody was not served.
#[derive(Clone, Copy, Debug)]
pub enum Turned {
    /// Too many, or too slow: come back at this instant, ns; 0: nobody knows.
    Away(u64),
    /// It is a dead letter, and is not to come back.
    Dead,
}

/// A worker, held since then. Dropping it hands it to the next in the queue.
pub struct Slot<'q>(&'q Queue, u64);

impl Slot<'_> {
    /// Hands the worker on at once: nobody was served, and how long one holds it is not learnt from that.
    pub fn forgo(self) {
        let queue = self.0;
        std::mem::forget(self);
        queue.release();
    }
}

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
            codels: RefCell::new(guard.codels()),
            guard: RefCell::new(guard),
            dead_letters: Cell::new(0),
            classes: RefCell::default(),
            hold: Cell::new(0),
        }
    }

    /// Waits for a worker, as the try of this number. `name` tells the name of the class.
    ///
    /// # Errors
    /// When the queue is full or too slow, or this is a dead letter.
    pub async fn enter(
        &self,
        class: u32,
        tries: u8,
        name: &dyn Fn() -> String,
    ) -> Result<Slot<'_>, Turned> {
        let dead_letter = self.guard.borrow().dead_letter;
        if dead_letter.is_some_and(|d| d.takes(tries)) {
            return Err(self.set_aside());
        }
        // Nobody waits while a worker is free, so taking it is no barging.
        if self.free.get() > 0 {
            self.free.set(self.free.get() - 1);
            self.nobody_waits();
            return Ok(self.slot());
        }
        let (lane, best_effort) = self.class(class, name);
        self.lets_in(lane, best_effort)?;
        let give_on = || self.release();
        let parked = self.parking.park();
        let joined = self.sim.now();
        self.discipline.borrow_mut().push(parked.id(), lane, joined);
        let parked = parked.on_lost(&give_on);
        match dead_letter.and_then(|d| d.ends(joined)) {
            None => parked.await,
            Some(end) => {
                if self.sim.timeout_at(end, parked).await.is_err() {
                    return Err(self.set_aside());
                }
            }
        }
        self.shed(best_effort, joined)?;
        Ok(self.slot())
    }

    /// What the controls of the delay see of an empty queue.
    fn nobody_waits(&self) {
        if let Some(codels) = &mut *self.codels.borrow_mut() {
            let now = self.sim.now();
            for codel in codels {
                codel.sheds(0, true, now);
            }
        }
    }

    fn set_aside(&self) -> Turned {
        self.dead_letters.set(self.dead_letters.get() + 1);
        Turned::Dead
    }

    /// The control of the delay sends away the one whose turn it is, and the turn is the next one's.
    fn shed(&self, best_effort: bool, joined: u64) -> Result<(), Turned> {
        let now = self.sim.now();
        if self.parking.waiting() == 0 {
            self.nobody_waits();
            return Ok(());
        }
        let come_back = match &mut *self.codels.borrow_mut() {
            Some(codels) => {
                let codel = &mut codels[usize::from(best_effort)];
                if !codel.sheds(now - joined, false, now) {
                    return Ok(());
                }
                now.saturating_add(codel.interval())
            }
            None => return Ok(()),
        };
        self.release();
        Err(Turned::Away(come_back))
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

    fn lets_in(&self, lane: u32, best_effort: bool) -> Result<(), Turned> {
        let (discipline, now) = (self.discipline.borrow(), self.sim.now());
        let waiting = self.parking.waiting();
        let seen = Seen {
            waiting,
            // Those who hung up stay in the discipline until their turn, and delay nobody.
            ahead: discipline.ahead(lane, now).min(waiting),
            head_wait: match discipline.oldest(lane) {
                Some(joined) if waiting > 0 => now - joined,
                _ => 0,
            },
            hold: self.hold.get(),
            workers: self.workers.get(),
        };
        let guard = self.guard.borrow();
        if guard.lets_in(best_effort, &seen) {
            return Ok(());
        }
        Err(Turned::Away(match guard.come_back(&seen) {
            0 => 0,
            after => now.saturating_add(after),
        }))
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
        if self.guard.borrow().codel != guard.codel
            || self.guard.borrow().best_effort_share != guard.best_effort_share
        {
            self.codels.replace(guard.codels());
        }
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
        if self.guard.borrow().dead_letter.is_some() || self.dead_letters.get() > 0 {
            out("queue.dead_letters", self.dead_letters.get() as f64);
        }
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
