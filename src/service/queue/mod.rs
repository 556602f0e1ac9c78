//! Workers with a queue in front: the waiting half of a [`Discipline`], and of a [`Crew`] where workers take tasks in advance.

#[cfg(test)]
mod model;
mod pools;
mod staff;

pub use pools::Queues;

use super::spec::Staff;
use crate::{
    components::queue::{Codel, Crew, Discipline, Guard, Running, Seen, Taken},
    sim::{Sim, sync::Parking},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

/// See the module.
pub struct Queue {
    sim: Rc<Sim>,
    parking: Parking,
    discipline: RefCell<Box<dyn Discipline>>,
    /// Workers free; negative while a shrunk pool waits for busy ones to finish.
    free: Cell<i64>,
    /// Workers there are.
    workers: Cell<u32>,
    /// As a file says it, and how many of these are lost.
    staff: Cell<Staff>,
    lost: Cell<u32>,
    /// Who holds what, where workers take tasks in advance.
    crew: RefCell<Option<Crew>>,
    /// What each ticket runs as from the moment when it is called, in a crew.
    runs: RefCell<Vec<Option<Running>>>,
    /// Tasks that workers took in advance and gave back, which are served before all who wait.
    returned: RefCell<VecDeque<Taken>>,
    /// Tasks taken by crews of before.
    nth: Cell<u64>,
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
pub struct Slot<'q>(&'q Queue, u64, Option<Running>);

impl Slot<'_> {
    /// Hands the worker on at once: nobody was served, and how long one holds it is not learnt from that.
    pub fn forgo(self) {
        let (queue, task) = (self.0, self.2);
        std::mem::forget(self);
        queue.release(task);
    }
}

impl Queue {
    /// A queue of this discipline.
    pub fn new(
        sim: &Rc<Sim>,
        discipline: Box<dyn Discipline>,
        staff: Staff,
        guard: Guard,
    ) -> Queue {
        let Staff {
            workers, prefetch, ..
        } = staff;
        Queue {
            sim: sim.clone(),
            parking: Parking::new(sim),
            discipline: RefCell::new(discipline),
            free: Cell::new(i64::from(workers)),
            workers: Cell::new(workers),
            staff: Cell::new(staff),
            lost: Cell::new(0),
            crew: RefCell::new((prefetch > 1).then(|| Crew::new(workers, prefetch, 0, 0))),
            runs: RefCell::default(),
            returned: RefCell::default(),
            nth: Cell::new(0),
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
        let picked = self.crew.borrow_mut().as_mut().map(Crew::pick);
        let reserving = match picked {
            // Nobody waits while a worker is free, so taking it is no barging.
            None if self.free.get() > 0 => {
                self.nobody_waits();
                return Ok(self.begin(None));
            }
            None | Some(None) => None,
            Some(Some(worker)) if self.is_idle(worker) => {
                self.nobody_waits();
                return Ok(self.begin(Some(worker)));
            }
            Some(reserving) => reserving,
        };
        let (lane, best_effort) = self.class(class, name);
        if reserving.is_none() {
            self.lets_in(lane, best_effort)?;
        }
        let parked = self.parking.park();
        let ticket = parked.id();
        let give_on = || self.release(self.task_of(ticket));
        let joined = self.sim.now();
        match (reserving, &mut *self.crew.borrow_mut()) {
            (Some(worker), Some(crew)) => crew.reserve(worker, ticket),
            _ => self.discipline.borrow_mut().push(ticket, lane, joined),
        }
        let parked = parked.on_lost(&give_on);
        match dead_letter.and_then(|d| d.ends(joined)) {
            None => parked.await,
            Some(end) => {
                if self.sim.timeout_at(end, parked).await.is_err() {
                    return Err(self.set_aside());
                }
            }
        }
        let task = self.task_of(ticket);
        self.shed(best_effort, joined, task)?;
        Ok(Slot(self, self.sim.now(), task))
    }

    fn is_idle(&self, worker: u32) -> bool {
        let crew = self.crew.borrow();
        crew.as_ref().is_some_and(|crew| crew.is_idle(worker))
    }

    /// Somebody who has just come is served at once.
    fn begin(&self, worker: Option<u32>) -> Slot<'_> {
        self.free.set(self.free.get() - 1);
        let mut crew = self.crew.borrow_mut();
        let task = crew.as_mut().zip(worker).map(|(crew, w)| crew.begin(w));
        Slot(self, self.sim.now(), task)
    }

    /// What a ticket runs as that has been called.
    fn task_of(&self, ticket: u32) -> Option<Running> {
        self.runs.borrow_mut().get_mut(ticket as usize)?.take()
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
    fn shed(&self, best_effort: bool, joined: u64, task: Option<Running>) -> Result<(), Turned> {
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
        self.release(task);
        Err(Turned::Away(come_back))
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
        let waiting = self.waiting();
        let ahead = self.returned.borrow().len() + discipline.ahead(lane, now);
        let seen = Seen {
            waiting,
            // Those who hung up stay in the discipline until their turn, and delay nobody.
            ahead: ahead.min(waiting),
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

    /// A task has ended, and whoever served it serves the next.
    fn release(&self, task: Option<Running>) {
        self.free.set(self.free.get() + 1);
        let mut crew = self.crew.borrow_mut();
        if let Some(crew) = crew.as_mut()
            && let Some(worker) = crew.end(task)
        {
            while let Some(ticket) = crew.next_of(worker) {
                if self.calls(ticket, Some((&mut *crew, worker))) {
                    break;
                }
            }
        }
        drop(crew);
        self.serve();
    }

    /// Lets somebody go on whom a free worker serves. False: it hung up meanwhile, and is passed over.
    fn calls(&self, ticket: u32, by: Option<(&mut Crew, u32)>) -> bool {
        if !self.parking.is_parked(ticket) {
            return self.parking.unpark(ticket);
        }
        self.free.set(self.free.get() - 1);
        if let Some((crew, worker)) = by {
            let mut runs = self.runs.borrow_mut();
            let place = ticket as usize;
            if runs.len() <= place {
                runs.resize(place + 1, None);
            }
            runs[place] = Some(crew.begin(worker));
        }
        self.parking.unpark(ticket)
    }

    /// The next of those whom no worker has taken.
    fn pop(&self) -> Option<u32> {
        let returned = self.returned.borrow_mut().pop_front();
        match returned {
            Some((_, ticket)) => Some(ticket),
            None => self.discipline.borrow_mut().pop(self.sim.now()),
        }
    }

    /// Hands over those who wait, as far as workers have room.
    fn serve(&self) {
        let mut crew = self.crew.borrow_mut();
        let room = |crew: &Option<Crew>| match crew {
            None => self.free.get() > 0,
            Some(crew) => crew.any_room(),
        };
        while room(&crew)
            && let Some(ticket) = self.pop()
        {
            let Some(crew) = crew.as_mut() else {
                self.calls(ticket, None);
                continue;
            };
            if !self.parking.is_parked(ticket) {
                self.parking.unpark(ticket);
            } else if let Some(worker) = crew.pick() {
                match crew.is_idle(worker) {
                    true => drop(self.calls(ticket, Some((crew, worker)))),
                    false => crew.reserve(worker, ticket),
                }
            }
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let Slot(queue, since, task) = *self;
        let held = queue.sim.now() - since;
        queue.hold.set(match queue.hold.get() {
            0 => held,
            hold => hold - hold / 16 + held / 16,
        });
        queue.release(task);
    }
}
