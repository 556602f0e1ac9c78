//! Workers that take tasks in advance, as consumers of RabbitMQ and Celery do: who holds what, and who is handed the next.
//!
//! Each worker may hold so many tasks, the one that it runs included. A task is handed to the next worker in turn that has
//! room, whether others idle or not, and stays with it: first come, first served behind what it runs. So a short task may
//! wait behind a long one while others idle. Whoever hung up stays too, and is passed over when its turn comes.
//!
//! `pick` O(workers), all else O(1) and what is given back; memory O(workers x prefetch), which [`MOST`] bounds.

use std::collections::VecDeque;

/// Most tasks that the workers of a replica may hold together, where they take any in advance.
pub const MOST: u64 = 10_000;

/// A task that a worker runs: whose it is, and which of all tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Place of the worker.
    pub worker: u32,
    nth: u64,
}

/// A task that somebody holds and does not run: when it was taken, and its ticket.
pub type Taken = (u64, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    Nothing,
    /// The task of this number.
    Task(u64),
    /// A task of somebody who is not known here; until it ends this worker takes nothing.
    Stranger,
}

#[derive(Debug)]
struct Worker {
    runs: Runs,
    reserved: VecDeque<Taken>,
}

/// The workers of a replica.
#[derive(Debug)]
pub struct Crew {
    workers: Vec<Worker>,
    /// Tasks that each may hold.
    each: usize,
    /// Tasks that go on though their worker was let go.
    leaving: u32,
    /// Whose turn it is.
    next: usize,
    /// Tasks taken and begun so far.
    nth: u64,
}

impl Crew {
    /// Workers of whom so many are busy with what they had before; tasks are numbered from `nth`.
    pub fn new(workers: u32, prefetch: u32, busy: u32, nth: u64) -> Crew {
        let mut crew = Crew {
            workers: vec![],
            each: 1,
            leaving: busy,
            next: 0,
            nth,
        };
        let none = crew.tune(workers, prefetch);
        debug_assert!(none.is_empty());
        crew
    }

    /// The number of the next task.
    pub fn nth(&self) -> u64 {
        self.nth
    }

    fn has_room(&self, worker: &Worker) -> bool {
        match worker.runs {
            Runs::Nothing => true,
            Runs::Task(_) => 1 + worker.reserved.len() < self.each,
            Runs::Stranger => false,
        }
    }

    /// Whether anybody has room for one more.
    pub fn any_room(&self) -> bool {
        self.workers.iter().any(|w| self.has_room(w))
    }

    /// The next in turn who has room.
    pub fn pick(&mut self) -> Option<u32> {
        let n = self.workers.len();
        let in_turn = (0..n).map(|i| (self.next + i) % n);
        let found = in_turn.into_iter().find(|i| {
            let worker = &self.workers[*i];
            self.has_room(worker)
        })?;
        self.next = (found + 1) % n;
        Some(found as u32)
    }

    /// Whether a worker runs nothing.
    pub fn is_idle(&self, worker: u32) -> bool {
        self.workers[worker as usize].runs == Runs::Nothing
    }

    /// An idle worker begins with a task.
    pub fn begin(&mut self, worker: u32) -> Running {
        let nth = self.count();
        self.workers[worker as usize].runs = Runs::Task(nth);
        Running { worker, nth }
    }

    /// A worker takes a task in advance.
    pub fn reserve(&mut self, worker: u32, ticket: u32) {
        let nth = self.count();
        self.workers[worker as usize]
            .reserved
            .push_back((nth, ticket));
    }

    fn count(&mut self) -> u64 {
        self.nth += 1;
        self.nth
    }

    /// A task has ended, of which `None` is known where it began before anybody took in advance. Gives the worker that is
    /// idle now, unless it was let go.
    pub fn end(&mut self, task: Option<Running>) -> Option<u32> {
        let own = task.filter(|t| {
            let worker = self.workers.get(t.worker as usize);
            worker.is_some_and(|w| w.runs == Runs::Task(t.nth))
        });
        let place = match own {
            Some(task) => task.worker as usize,
            None if self.leaving > 0 => {
                self.leaving -= 1;
                return None;
            }
            None => self.workers.iter().position(|w| w.runs == Runs::Stranger)?,
        };
        self.workers[place].runs = Runs::Nothing;
        Some(place as u32)
    }

    /// What an idle worker holds next.
    pub fn next_of(&mut self, worker: u32) -> Option<u32> {
        let held = &mut self.workers[worker as usize].reserved;
        held.pop_front().map(|(_, ticket)| ticket)
    }

    /// All tickets that workers hold and do not run.
    pub fn reserved(&self) -> impl Iterator<Item = u32> {
        let all = self.workers.iter().flat_map(|w| &w.reserved);
        all.map(|(_, ticket)| *ticket)
    }

    /// More or fewer workers, who may hold more or less. What the last ones held when they are let go, and what is beyond the
    /// new bound, is given back. Busy ones finish what they run, and count as new ones that are not free yet.
    pub fn tune(&mut self, workers: u32, prefetch: u32) -> Vec<Taken> {
        let mut back = vec![];
        let workers = workers as usize;
        while self.workers.len() > workers
            && let Some(last) = self.workers.pop()
        {
            back.extend(last.reserved);
            self.leaving += u32::from(last.runs != Runs::Nothing);
        }
        while self.workers.len() < workers {
            let runs = match self.leaving.checked_sub(1) {
                Some(fewer) => {
                    self.leaving = fewer;
                    Runs::Stranger
                }
                None => Runs::Nothing,
            };
            self.workers.push(Worker {
                runs,
                reserved: VecDeque::new(),
            });
        }
        self.each = prefetch.max(1) as usize;
        for worker in &mut self.workers {
            while worker.reserved.len() >= self.each {
                back.extend(worker.reserved.pop_back());
            }
        }
        self.next = self.next.checked_rem(workers).unwrap_or(0);
        back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over the next ticket: which worker has it, and whether it runs.
    fn hand(crew: &mut Crew, ticket: u32) -> Option<(u32, Option<Running>)> {
        let worker = crew.pick()?;
        if crew.is_idle(worker) {
            return Some((worker, Some(crew.begin(worker))));
        }
        crew.reserve(worker, ticket);
        Some((worker, None))
    }

    #[test]
    fn turns_go_round_though_others_idle() {
        let mut crew = Crew::new(3, 2, 0, 0);
        let first: Vec<Running> = (0..3)
            .filter_map(|ticket| hand(&mut crew, ticket)?.1)
            .collect();
        // The last two are idle again, and the fourth still goes to the first.
        assert_eq!(crew.end(Some(first[1])), Some(1));
        assert_eq!(crew.end(Some(first[2])), Some(2));
        assert_eq!(hand(&mut crew, 3), Some((0, None)));
        // Which has no room any more.
        assert!(matches!(hand(&mut crew, 4), Some((1, Some(_)))));
        assert!(matches!(hand(&mut crew, 5), Some((2, Some(_)))));
        assert_eq!(hand(&mut crew, 6), Some((1, None)));
        assert_eq!(hand(&mut crew, 7), Some((2, None)));
        assert!(!crew.any_room());
        assert_eq!(hand(&mut crew, 8), None);
        assert_eq!(crew.reserved().collect::<Vec<_>>(), [3, 6, 7]);
        assert_eq!(crew.end(Some(first[0])), Some(0));
        assert_eq!(crew.next_of(0), Some(3));
    }

    #[test]
    fn who_is_let_go_gives_back_what_it_held_and_finishes_what_it_runs() {
        let mut crew = Crew::new(2, 2, 0, 0);
        let running: Vec<_> = (0..4)
            .filter_map(|ticket| hand(&mut crew, ticket)?.1)
            .collect();
        let back = crew.tune(1, 2);
        assert_eq!(back.iter().map(|b| b.1).collect::<Vec<_>>(), [3]);
        // A new second worker is not free before the old one's task has ended.
        assert!(crew.tune(2, 2).is_empty());
        assert_eq!(hand(&mut crew, 4), None);
        assert_eq!(crew.end(Some(running[1])), Some(1));
        assert!(matches!(hand(&mut crew, 4), Some((1, Some(_)))));
        // Holding less, it keeps what it took first.
        assert_eq!(crew.tune(2, 1).len(), 1);
        assert_eq!(crew.reserved().count(), 0);
    }

    #[test]
    fn those_who_were_busy_before_take_nothing_until_they_have_finished() {
        let mut crew = Crew::new(2, 4, 3, 7);
        assert!(!crew.any_room());
        assert_eq!(crew.end(None), None, "one more was busy than there are");
        assert_eq!(crew.end(None), Some(0));
        assert!(matches!(hand(&mut crew, 1), Some((0, Some(_)))));
        assert_eq!(hand(&mut crew, 2), Some((0, None)));
        assert_eq!(crew.end(None), Some(1));
        assert_eq!(crew.nth(), 9);
    }
}
