//! The queue against a world of plain lists, on random schedules: who serves whom, from when on.

use super::{Queue, Turned};
use crate::{
    components::queue::{Guard, kinds},
    config::{At, Node, Source, Table, pick},
    service::spec::Staff,
    sim::Sim,
};
use proptest::prelude::*;
use std::cell::RefCell;

/// What happens, each at a time of its own.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A task comes: ns that it takes, and ns after which nobody waits for it any more.
    Task { takes: u64, patience: u64 },
    /// A deploy: workers, and what each may hold.
    Deploy { workers: u32, prefetch: u32 },
}

/// When a task began, and with which worker where that is known.
type Began = Option<(u64, Option<u32>)>;

fn staff((workers, prefetch): (u32, u32)) -> Staff {
    Staff {
        workers,
        prefetch,
        reads: true,
    }
}

fn guard() -> Guard {
    Guard::of(&At::nowhere(), &Table::new()).unwrap()
}

fn policy() -> Node {
    Node::parse(&Source::new("model.toml", "kind = \"fifo\"".to_string())).unwrap()
}

/// The queue itself, in virtual time. Gives when each began, and whether somebody idled for nothing at any step.
fn played(first: (u32, u32), steps: &[(u64, Step)]) -> Vec<Began> {
    let sim = Sim::new();
    let node = policy();
    let queue = Queue::new(
        &sim,
        pick(&kinds(), "queue", &node).unwrap(),
        staff(first),
        guard(),
    );
    let began = RefCell::new(vec![None; steps.len()]);
    let (queue, began_in, node, sim_in) = (&queue, &began, &node, &sim);
    let items = steps
        .iter()
        .enumerate()
        .map(|(i, (at, step))| (*at, (i, *step)));
    sim.run(items, |(i, step)| async move {
        match step {
            Step::Deploy { workers, prefetch } => {
                queue
                    .tune(Some(node), None, staff((workers, prefetch)), guard())
                    .unwrap();
            }
            Step::Task { takes, patience } => {
                let name = || "any".to_string();
                let waits = queue.enter(0, 1, &name);
                if let Ok(slot) = sim_in.timeout(patience, waits).await {
                    let slot = slot.map_err(|t: Turned| format!("{t:?}")).unwrap();
                    let worker = slot.2.map(|task| task.worker);
                    began_in.borrow_mut()[i] = Some((sim_in.now(), worker));
                    sim_in.sleep(takes).await;
                }
            }
        }
        let waits = queue.parking.waiting();
        let (workers, busy) = queue.workers();
        // With nothing in advance nobody idles while anybody waits.
        if queue.crew.borrow().is_none() {
            assert!(
                waits == 0 || busy >= workers,
                "{waits} wait, {busy} of {workers} busy"
            );
        }
    });
    began.take()
}

/// What a worker of the model is at.
#[derive(Clone, Copy, PartialEq)]
enum Job {
    Nothing,
    Task(usize),
    /// A task that began before anybody took in advance, or with a worker who was let go.
    Another,
}

/// The model: plain lists, searched whole each time.
struct World<'a> {
    steps: &'a [(u64, Step)],
    workers: (u32, u32),
    /// What each works on, and what it holds.
    seats: Vec<(Job, Vec<usize>)>,
    leaving: usize,
    turn: usize,
    line: Vec<usize>,
    /// When each was taken by a worker, where it was.
    taken: Vec<usize>,
    takes: usize,
    waits: Vec<bool>,
    running: Vec<(u64, usize)>,
    began: Vec<Began>,
}

impl World<'_> {
    fn new(workers: (u32, u32), steps: &[(u64, Step)]) -> World<'_> {
        World {
            steps,
            workers,
            seats: vec![(Job::Nothing, vec![]); workers.0 as usize],
            leaving: 0,
            turn: 0,
            line: vec![],
            taken: vec![0; steps.len()],
            takes: 0,
            waits: vec![false; steps.len()],
            running: vec![],
            began: vec![None; steps.len()],
        }
    }

    fn begins(&mut self, task: usize, seat: Option<usize>, now: u64) {
        let Step::Task { takes, .. } = self.steps[task].1 else {
            panic!("a deploy is no task");
        };
        self.waits[task] = false;
        self.running.push((now + takes, task));
        self.began[task] = Some((now, seat.map(|s| s as u32)));
        if let Some(seat) = seat {
            self.takes += 1;
            self.seats[seat].0 = Job::Task(task);
        }
    }

    /// Hands over the line, one by one, to the next in turn with room.
    fn hands_over(&mut self, now: u64) {
        loop {
            let each = self.workers.1 as usize;
            let found = if each == 1 {
                (self.running.len() < self.workers.0 as usize).then_some(0)
            } else {
                let n = self.seats.len();
                (0..n)
                    .map(|i| (self.turn + i) % n)
                    .find(|&i| match self.seats[i].0 {
                        Job::Nothing => true,
                        Job::Task(_) => self.seats[i].1.len() + 1 < each,
                        Job::Another => false,
                    })
            };
            let gone = self.line.first().is_some_and(|&task| !self.waits[task]);
            let (Some(seat), false) = (found, self.line.is_empty()) else {
                return;
            };
            let task = self.line.remove(0);
            if gone {
                continue;
            }
            if each == 1 {
                self.begins(task, None, now);
                continue;
            }
            self.turn = (seat + 1) % self.seats.len();
            if self.seats[seat].0 == Job::Nothing {
                self.begins(task, Some(seat), now);
            } else {
                self.takes += 1;
                self.taken[task] = self.takes;
                self.seats[seat].1.push(task);
            }
        }
    }

    fn ends(&mut self, task: usize, now: u64) {
        self.running.retain(|(_, t)| *t != task);
        if self.workers.1 > 1 {
            let own = self.seats.iter().position(|s| s.0 == Job::Task(task));
            let seat = match own {
                None if self.leaving > 0 => {
                    self.leaving -= 1;
                    None
                }
                None => self.seats.iter().position(|s| s.0 == Job::Another),
                own => own,
            };
            if let Some(seat) = seat {
                self.seats[seat].0 = Job::Nothing;
                while self.seats[seat].0 == Job::Nothing && !self.seats[seat].1.is_empty() {
                    let next = self.seats[seat].1.remove(0);
                    if self.waits[next] {
                        self.begins(next, Some(seat), now);
                    }
                }
            }
        }
        self.hands_over(now);
    }

    fn deploys(&mut self, to: (u32, u32), now: u64) {
        let mut back = vec![];
        if self.workers.1 == 1 || to.1 == 1 {
            // Nobody is known from before.
            self.seats.drain(..).for_each(|s| back.extend(s.1));
            self.leaving = self.running.len();
        }
        while self.seats.len() > to.0 as usize {
            let (at, held) = self.seats.pop().unwrap();
            back.extend(held);
            self.leaving += usize::from(at != Job::Nothing);
        }
        while self.seats.len() < to.0 as usize {
            let another = self.leaving > 0;
            self.leaving -= usize::from(another);
            let at = if another { Job::Another } else { Job::Nothing };
            self.seats.push((at, vec![]));
        }
        for seat in &mut self.seats {
            while seat.1.len() >= to.1 as usize {
                back.extend(seat.1.pop());
            }
        }
        if self.workers.1 == 1 && to.1 > 1 {
            self.turn = 0;
        }
        self.turn %= to.0 as usize;
        // Before those who wait in the line: after those who were given back sooner, and were taken sooner.
        let given_back = self.line.iter().take_while(|&&t| self.taken[t] > 0).count();
        back.extend(self.line.drain(..given_back));
        back.sort_by_key(|&t| self.taken[t]);
        self.line.splice(0..0, back);
        self.workers = to;
        self.hands_over(now);
    }

    fn play(mut self) -> Vec<Began> {
        let mut next = 0;
        loop {
            let step = self.steps.get(next).map(|s| (s.0, 0, next));
            let end = self.running.iter().min().map(|&(at, task)| (at, 1, task));
            let waits = (0..next).filter(|&t| self.waits[t]);
            let leaves = waits.filter_map(|t| match self.steps[t] {
                (at, Step::Task { patience, .. }) => Some((at + patience, 2, t)),
                _ => None,
            });
            let first = leaves.chain(step).chain(end).min();
            let Some((now, what, which)) = first else {
                return self.began;
            };
            match (what, self.steps[which].1) {
                (1, _) => self.ends(which, now),
                (2, _) => self.waits[which] = false,
                (_, Step::Deploy { workers, prefetch }) => {
                    next += 1;
                    self.deploys((workers, prefetch), now);
                }
                (_, Step::Task { .. }) => {
                    next += 1;
                    self.waits[which] = true;
                    self.line.push(which);
                    self.hands_over(now);
                }
            }
        }
    }
}

fn steps(deploys: u32) -> impl Strategy<Value = Vec<(u64, Step)>> {
    // Long enough that no two things ever happen at once.
    const LONG: u64 = 1 << 42;
    let time = || prop_oneof![4 => 1..LONG, 1 => 1..20 * LONG];
    let task = (time(), time()).prop_map(|(takes, patience)| Step::Task { takes, patience });
    let deploy =
        (1u32..6, 1u32..5).prop_map(|(workers, prefetch)| Step::Deploy { workers, prefetch });
    let step = prop_oneof![12 => task, deploys => deploy];
    let gap = prop_oneof![3 => 1..LONG / 4, 1 => 1..LONG];
    prop::collection::vec((gap, step), 1..80).prop_map(|mut steps| {
        let mut now = 0;
        for step in &mut steps {
            now += step.0;
            step.0 = now;
        }
        steps
    })
}

proptest! {
    #[test]
    fn it_does_what_plain_lists_do(workers in 1u32..6, prefetch in 1u32..5, steps in steps(0)) {
        let first = (workers, prefetch);
        prop_assert_eq!(played(first, &steps), World::new(first, &steps).play());
    }

    #[test]
    fn deploys_lose_nobody_and_keep_the_order(workers in 1u32..6, prefetch in 1u32..5, steps in steps(1)) {
        let first = (workers, prefetch);
        prop_assert_eq!(played(first, &steps), World::new(first, &steps).play());
    }
}

/// The wait of a task is explained by which worker took it.
#[test]
fn a_short_task_waits_behind_a_long_one_though_others_idle() {
    let task = |at, takes| {
        (
            at,
            Step::Task {
                takes,
                patience: u64::MAX,
            },
        )
    };
    let steps = [
        task(0, 60_000),
        task(1, 10),
        task(100, 10),
        task(200, 10),
        task(300, 10),
    ];
    let began = |prefetch| played((2, prefetch), &steps);
    let alone: Vec<u64> = began(1).iter().map(|b| b.unwrap().0).collect();
    assert_eq!(alone, [0, 1, 100, 200, 300]);
    assert_eq!(
        began(2),
        [(0, 0), (1, 1), (60_000, 0), (200, 1), (300, 1)]
            .map(|(at, worker)| Some((at, Some(worker))))
    );
}
