//! Engines of a language model as a dependency: callers wait for their answer, one task looks at the engines whenever
//! their batches change.

use crate::{
    components::engine::{Done, Fleet, Job, Seat},
    config::{Node, Refusal, pick},
    sim::{
        Sim,
        sync::{Event, oneshot},
    },
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Engines while a run goes on.
pub(in crate::service) struct EngineRoom(Rc<Room>);

struct Room {
    sim: Rc<Sim>,
    fleet: RefCell<Fleet>,
    /// Callers by ticket. A place is free when its caller has gone, not before: tickets of two are never the same.
    callers: RefCell<Vec<Option<oneshot::Sender<Done>>>>,
    free: RefCell<Vec<u64>>,
    /// Something must be looked at sooner than was thought.
    sooner: Event,
    /// When the task will look, ns.
    looks_at: Cell<u64>,
}

impl EngineRoom {
    /// Idle engines.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(sim: &Rc<Sim>, options: &Node) -> Result<EngineRoom, Refusal> {
        let room = Rc::new(Room {
            sim: sim.clone(),
            fleet: RefCell::new(pick(
                &crate::components::engine::kinds(),
                "dependency",
                options,
            )?),
            callers: RefCell::default(),
            free: RefCell::default(),
            sooner: Event::new(sim),
            looks_at: Cell::new(u64::MAX),
        });
        sim.spawn_background(watch(room.clone())).detach();
        Ok(EngineRoom(room))
    }

    /// Answers; `None` when the prompt and its answer do not fit into memory. Dropping the future takes the sequence out
    /// at the next boundary.
    pub async fn answer(&self, job: Job<'_>) -> Option<Done> {
        let (sender, receiver) = oneshot::channel(&self.0.sim);
        let mut place = Place {
            room: &self.0,
            ticket: self.0.seat(sender),
            seat: None,
        };
        let job = Job {
            ticket: place.ticket,
            ..job
        };
        self.0.pass();
        let seat = self.0.fleet.borrow_mut().submit(&job, self.0.sim.now())?;
        place.seat = Some(seat);
        self.0.look_soon_enough();
        receiver.await.ok()
    }

    /// A change of its pace.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn retune(&self, options: &Node) -> Result<(), Refusal> {
        self.0.pass();
        let now = self.0.sim.now();
        self.0.fleet.borrow_mut().retune(options, now)?;
        self.0.look_soon_enough();
        Ok(())
    }

    /// Forgets all prefixes that nobody holds.
    pub fn flush(&self) {
        self.0.pass();
        self.0.fleet.borrow_mut().flush();
    }

    /// Names and values of its gauges.
    pub fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        self.0.fleet.borrow().gauges(out);
    }
}

/// Looks when a batch changes, for ever.
async fn watch(room: Rc<Room>) {
    loop {
        let at = room.fleet.borrow().next_change();
        room.looks_at.set(at);
        let sooner = room.sooner.wait();
        if at == u64::MAX {
            sooner.await;
        } else {
            // Either way there may be something to do.
            let _ = room.sim.timeout_at(at, sooner).await;
        }
        room.pass();
    }
}

impl Room {
    /// Lets the engines catch up with the clock, and tells those whose answer is complete.
    fn pass(&self) {
        let done: Vec<Done> = {
            let mut fleet = self.fleet.borrow_mut();
            fleet.advance(self.sim.now());
            fleet.done().collect()
        };
        for done in done {
            let caller = self.callers.borrow_mut()[done.ticket as usize].take();
            if let Some(caller) = caller {
                // Who left in this instant does not hear of it.
                let _ = caller.send(done);
            }
        }
    }

    fn look_soon_enough(&self) {
        if self.fleet.borrow().next_change() < self.looks_at.get() {
            self.sooner.notify();
        }
    }

    fn seat(&self, caller: oneshot::Sender<Done>) -> u64 {
        let mut callers = self.callers.borrow_mut();
        if let Some(ticket) = self.free.borrow_mut().pop() {
            callers[ticket as usize] = Some(caller);
            return ticket;
        }
        callers.push(Some(caller));
        callers.len() as u64 - 1
    }
}

/// A caller's place.
struct Place<'r> {
    room: &'r Room,
    ticket: u64,
    seat: Option<Seat>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let room = self.room;
        if let Some(seat) = self.seat {
            room.pass();
            let waits = room.callers.borrow_mut()[self.ticket as usize].take();
            if waits.is_some() {
                room.fleet.borrow_mut().cancel(seat, room.sim.now());
                room.look_soon_enough();
            }
        } else {
            drop(room.callers.borrow_mut()[self.ticket as usize].take());
        }
        room.free.borrow_mut().push(self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    const MS: u64 = 1_000_000;

    fn room(sim: &Rc<Sim>, options: &str) -> EngineRoom {
        let text = format!("engine = {{ kind = \"llm-engine\", {options} }}");
        let file = Node::parse(&Source::new("room.toml", text)).unwrap();
        EngineRoom::new(sim, file.get("engine").unwrap()).unwrap()
    }

    fn job(prompt: u64, answer: u64) -> Job<'static> {
        Job {
            ticket: 0,
            prompt,
            answer,
            prefix: &[],
            inputs: Default::default(),
        }
    }

    fn gauge(room: &EngineRoom, name: &str) -> f64 {
        let mut value = f64::NAN;
        room.gauges(&mut |gauge, v| {
            if gauge == name {
                value = v;
            }
        });
        value
    }

    #[test]
    fn each_caller_is_told_its_own_answer_at_its_own_time() {
        let sim = Sim::new();
        let room = room(
            &sim,
            "step = \"10ms\", step_per_sequence = \"0\", step_per_kv_token = \"0\", prefill = \"1000000000/s\"",
        );
        let ends = RefCell::new(vec![]);
        let end = sim.run((1..=50u64).map(|n| (n, n)), |n| {
            let (room, ends, sim) = (&room, &ends, &sim);
            async move {
                let done = room.answer(job(10, n)).await.unwrap();
                assert_eq!(done.ended, sim.now());
                ends.borrow_mut().push((n, done.ended.div_ceil(10 * MS)));
            }
        });
        assert_eq!(end.stuck, 0);
        // The first begins alone; the others join a step later.
        assert_eq!(ends.borrow()[0], (1, 2));
        assert!(ends.borrow()[1..].iter().all(|(n, steps)| *steps == n + 2));
    }

    #[test]
    fn who_hangs_up_leaves_at_the_next_boundary_and_frees_its_memory() {
        let sim = Sim::new();
        let room = room(&sim, "step = \"10ms\", blocks = 100, block = 16");
        let (seen, room_ref, sim_ref) = (Cell::new((0.0, 0.0)), &room, &sim);
        sim.run([(0, true), (0, false)], |caller| {
            let seen = &seen;
            async move {
                if caller {
                    let left = sim_ref
                        .timeout(95 * MS, room_ref.answer(job(160, 1000)))
                        .await;
                    assert!(left.is_err());
                } else {
                    sim_ref.sleep(90 * MS).await;
                    let before = gauge(room_ref, "engine.kv_blocks.used");
                    sim_ref.sleep(30 * MS).await;
                    seen.set((before, gauge(room_ref, "engine.kv_blocks.used")));
                }
            }
        });
        assert!(seen.get().0 >= 10.0, "{:?}", seen.get());
        assert_eq!(seen.get().1, 0.0);
    }

    #[test]
    fn what_does_not_fit_is_told_so_and_callers_at_once_get_tickets_of_their_own() {
        let sim = Sim::new();
        let room = room(&sim, "blocks = 4, block = 16");
        let answered = Cell::new(0);
        let end = sim.run((0..200u64).map(|n| (0, n)), |n| {
            let (room, answered, sim) = (&room, &answered, &sim);
            async move {
                if n == 199 {
                    // The last of those who left does so at a boundary.
                    sim.sleep(10_000 * MS).await;
                    return;
                }
                let prompt = if n % 10 == 0 { 65 } else { 20 };
                let done = sim
                    .timeout(MS * (n % 7) * 100 + 1, room.answer(job(prompt, 5)))
                    .await;
                if let Ok(done) = done {
                    assert_eq!(done.is_none(), n % 10 == 0);
                    answered.set(answered.get() + 1);
                }
            }
        });
        assert_eq!(end.stuck, 0);
        assert!(answered.get() > 40, "{}", answered.get());
        assert_eq!(gauge(&room, "engine.kv_blocks.used"), 0.0);
        assert_eq!(gauge(&room, "engine.waiting"), 0.0);
    }
}
