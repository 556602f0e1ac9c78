//! Who may wait at all: the bounds of a queue. What cannot be served in time is refused at the door.
//!
//! Two signs of delay are looked at, since each is blind where the other sees. The expected wait (those ahead x the time
//! that a worker takes, over the workers) sees a crowd that has only just come. The wait of the one at the head sees workers
//! that have become slow, before any of them has finished and told.

use super::{Codel, CodelOptions, DeadLetter};
use crate::config::{At, Options, Refusal, Share, Span, Table};

crate::options! {
    /// Bounds of a queue.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Guard {
        /// Waiting requests of each replica at most.
        limit: u32 = u32::MAX, "no bound";
        /// Longest wait: a newcomer is refused when it expects more, or when the first in its line has waited as long; 0 is no bound.
        max_wait: Span = Span(0), "no bound";
        /// Classes that are refused first.
        best_effort: Vec<String> = vec![], "none";
        /// Share of the bounds that these classes may use.
        best_effort_share: Share = Share(0.5), "50%";
        /// Sheds a wait that stands, at the moment of service: { target, interval }; best-effort classes have their share of the target.
        codel: Option<CodelOptions> = None, "none";
        /// When a request is set aside for good: { after, attempts }.
        dead_letter: Option<DeadLetter> = None, "never";
    }
}

/// What a newcomer meets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// All who wait.
    pub waiting: usize,
    /// Those who would be served before it.
    pub ahead: usize,
    /// ns that the first in its line has waited.
    pub head_wait: u64,
    /// ns that a worker takes for a request, lately.
    pub hold: u64,
    /// Workers.
    pub workers: u32,
}

impl Guard {
    /// Reads the bounds from a queue's table, whose other entries are other people's.
    ///
    /// # Errors
    /// A bound that is none.
    pub fn of(at: &At, table: &Table) -> Result<Guard, Refusal> {
        let own: Vec<&str> = Guard::fields().iter().map(|f| f.name).collect();
        let mut table = table.clone();
        table.retain(|name, _| own.contains(&name.as_str()));
        let guard = Guard::read_table(at, &table, &[])?;
        let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
        if let Some(codel) = &guard.codel {
            codel.check(place("codel"))?;
        }
        if let Some(dead_letter) = &guard.dead_letter {
            dead_letter.check(place("dead_letter"))?;
        }
        Ok(guard)
    }

    /// Share of the bounds that a class may use.
    fn share(&self, best_effort: bool) -> f64 {
        if best_effort {
            self.best_effort_share.0
        } else {
            1.0
        }
    }

    /// Controls of the delay: of best-effort classes, and of all others.
    pub fn codels(&self) -> Option<[Codel; 2]> {
        let options = self.codel?;
        let share = (options.target.0 as f64 * self.best_effort_share.0) as u64;
        let target = Span(share.max(1));
        Some([
            Codel::new(options),
            Codel::new(CodelOptions { target, ..options }),
        ])
    }

    /// ns after which one who is refused now does well to come back: when all who wait now will have been served. When only
    /// the excess has been, those who are refused meanwhile are there first. 0 when nobody knows.
    pub fn come_back(&self, seen: &Seen) -> u64 {
        // Workers that are slower than they lately were: as long as the first in line has waited.
        let slow = if self.max_wait.0 > 0 && seen.head_wait > self.max_wait.0 {
            seen.head_wait as f64
        } else {
            0.0
        };
        seen.expected().max(slow) as u64
    }

    /// Whether a newcomer may wait.
    pub fn lets_in(&self, best_effort: bool, seen: &Seen) -> bool {
        let share = self.share(best_effort);
        if seen.waiting as f64 >= f64::from(self.limit) * share {
            return false;
        }
        if self.max_wait.0 == 0 {
            return true;
        }
        let most = self.max_wait.0 as f64 * share;
        seen.head_wait as f64 <= most && seen.expected() <= most
    }
}

impl Seen {
    /// ns that a newcomer may expect to wait: those ahead and itself, each for its turn at one of the workers.
    pub fn expected(&self) -> f64 {
        (self.ahead as f64 + 1.0) * self.hold as f64 / f64::from(self.workers.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(limit: u32, max_wait: u64) -> Guard {
        Guard {
            limit,
            max_wait: Span(max_wait),
            best_effort: vec![],
            best_effort_share: Share(0.5),
            codel: None,
            dead_letter: None,
        }
    }

    fn seen(waiting: usize, head_wait: u64) -> Seen {
        Seen {
            waiting,
            ahead: waiting,
            head_wait,
            hold: 10,
            workers: 2,
        }
    }

    #[test]
    fn both_signs_of_delay_refuse_by_themselves() {
        let guard = guard(1000, 100);
        assert!(guard.lets_in(false, &seen(19, 100)));
        assert!(!guard.lets_in(false, &seen(20, 0)), "a crowd");
        assert!(!guard.lets_in(false, &seen(0, 101)), "slow workers");
    }

    #[test]
    fn who_is_refused_is_told_when_those_who_wait_will_have_been_served() {
        // Ten and itself, 10 ns each, two workers.
        assert_eq!(guard(10, 0).come_back(&seen(10, 0)), 55);
        assert_eq!(guard(10, 100).come_back(&seen(0, 101)), 101, "slow workers");
        let unknown = Seen {
            hold: 0,
            ..seen(10, 0)
        };
        assert_eq!(guard(10, 0).come_back(&unknown), 0);
    }

    #[test]
    fn best_effort_is_refused_first_and_nobody_else_with_it() {
        let guard = guard(10, 100);
        for (waiting, head) in [(5, 0), (0, 51)] {
            assert!(!guard.lets_in(true, &seen(waiting, head)));
            assert!(guard.lets_in(false, &seen(waiting, head)));
        }
    }
}
