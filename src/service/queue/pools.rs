//! The workers of a process: those that classes share, and those that a class has of its own, each with a queue in front.

use super::{Queue, Slot, Turned};
use crate::{
    components::queue::{Discipline, first_come},
    config::Refusal,
    service::{
        seams::Loss,
        spec::{QueueSpec, Staff},
        world::World,
    },
    sim::Sim,
};
use std::{cell::RefCell, rc::Rc};

/// See the module.
pub struct Queues {
    shared: Queue,
    /// By class: first come, first served.
    own: Vec<(String, Queue)>,
    /// Which of these each class of traffic waits for, by its number. Asked once a class.
    of: RefCell<Vec<Option<Place>>>,
}

/// The place among `own` of a class that has workers of its own.
type Place = Option<usize>;

impl Queues {
    /// Queues as a file describes them, the shared one of this discipline.
    pub fn new(sim: &Rc<Sim>, discipline: Box<dyn Discipline>, spec: &QueueSpec) -> Queues {
        let new = |discipline, workers| {
            let staff = Staff {
                workers,
                ..spec.staff
            };
            Queue::new(sim, discipline, staff, spec.guard.clone())
        };
        let own = spec.pools.iter();
        Queues {
            shared: new(discipline, spec.staff.workers),
            own: own
                .map(|(class, workers)| (class.clone(), new(first_come(), *workers)))
                .collect(),
            of: RefCell::default(),
        }
    }

    /// Waits for a worker of its class, as the try of this number. `name` tells the name of the class.
    ///
    /// # Errors
    /// When the queue is full or too slow, or this is a dead letter.
    pub async fn enter(
        &self,
        class: u32,
        tries: u8,
        name: &dyn Fn() -> String,
    ) -> Result<Slot<'_>, Turned> {
        self.of(class, name).enter(class, tries, name).await
    }

    fn of(&self, class: u32, name: &dyn Fn() -> String) -> &Queue {
        if self.own.is_empty() {
            return &self.shared;
        }
        let mut of = self.of.borrow_mut();
        let place = class as usize;
        if of.len() <= place {
            of.resize(place + 1, None);
        }
        let own = *of[place].get_or_insert_with(|| {
            let name = name();
            self.own.iter().position(|(class, _)| *class == name)
        });
        own.map_or(&self.shared, |own| &self.own[own].1)
    }

    /// A deploy: the policy retuned, or replaced by a fresh one; more or fewer workers, other bounds.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(
        &self,
        spec: &QueueSpec,
        fresh: Option<Box<dyn Discipline>>,
    ) -> Result<(), Refusal> {
        let guard = || spec.guard.clone();
        let policy = Some(&spec.part.node);
        self.shared.tune(policy, fresh, spec.staff, guard())?;
        for (class, queue) in &self.own {
            if let Some((_, workers)) = spec.pools.iter().find(|(own, _)| own == class) {
                let staff = Staff {
                    workers: *workers,
                    ..spec.staff
                };
                queue.tune(None, None, staff, guard())?;
            }
        }
        Ok(())
    }

    /// What is lost by now, of which only some struck this process.
    fn loses(&self, losses: &[Loss], started: u64) {
        let lost = |class: Option<&str>| {
            let here = losses
                .iter()
                .filter(|loss| loss.class.as_deref() == class && started <= loss.since);
            here.fold(0u32, |all, loss| all.saturating_add(loss.workers))
        };
        self.shared.loses(lost(None));
        for (class, queue) in &self.own {
            queue.loses(lost(Some(class)));
        }
    }

    fn all(&self) -> impl Iterator<Item = &Queue> {
        std::iter::once(&self.shared).chain(self.own.iter().map(|(_, queue)| queue))
    }

    /// Requests waiting that no worker has taken.
    fn waiting(&self) -> usize {
        self.all().map(Queue::waiting).sum()
    }

    /// Workers, and how many of them are busy.
    pub fn workers(&self) -> (u32, u32) {
        let sum = |a: (u32, u32), b: (u32, u32)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
        self.all().map(Queue::workers).fold((0, 0), sum)
    }

    /// Names and values of gauges. `reads`: those of tasks taken in advance too.
    pub fn gauges(&self, reads: bool, out: &mut dyn FnMut(&str, f64)) {
        let (workers, busy) = self.shared.workers();
        out("queue.depth", self.waiting() as f64);
        out("workers.size", f64::from(workers));
        out("workers.busy", f64::from(busy));
        self.shared.gauges(out);
        let set_aside = self.all().filter_map(Queue::dead_letters);
        if let Some(set_aside) = set_aside.reduce(|all, more| all + more) {
            out("queue.dead_letters", set_aside as f64);
        }
        for (class, queue) in &self.own {
            let (workers, busy) = queue.workers();
            out(&format!("workers.own.{class}"), f64::from(workers));
            out(&format!("workers.own_busy.{class}"), f64::from(busy));
            out(
                &format!("queue.class_depth.{class}"),
                queue.waiting() as f64,
            );
            out(&format!("queue.class_age.{class}"), queue.age() as f64);
        }
        if reads {
            let reserved: usize = self.all().map(Queue::reserved).sum();
            let idle: usize = self.all().map(Queue::kept_idle).sum();
            out("queue.reserved", reserved as f64);
            out("workers.kept_idle", idle as f64);
        }
    }
}

impl World<'_> {
    /// Workers have gone, or have come back: each process that ran then has so many fewer.
    pub(in crate::service) fn look_at_workers(&self) {
        let Some(ailments) = self.saboteur.ailments() else {
            return;
        };
        for process in self.processes.borrow().iter() {
            if let Some(queue) = &process.queue {
                let losses = ailments.losses(process.replica, self.sim.now());
                queue.loses(&losses, process.started);
            }
        }
    }
}
