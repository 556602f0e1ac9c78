//! The clients in the order in which they come, and those who come back.

use std::{cmp::Reverse, collections::BinaryHeap};

/// What a client is after. Ordered by when it comes back.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Errand {
    /// ns.
    due: u64,
    /// Its operation.
    pub key: u64,
    /// Its place in the line.
    pub client: u64,
    /// Tries that were let write.
    pub tries: u32,
    /// Since when the store has not answered it, ns.
    pub silent_since: Option<u64>,
}

pub(super) enum Next {
    Go(Errand),
    /// Nobody is there for so many ns.
    Wait(u64),
    End,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Line<'a> {
    keys: &'a [u64],
    came: usize,
    back: BinaryHeap<Reverse<Errand>>,
    stopped: bool,
}

impl<'a> Line<'a> {
    pub fn new(keys: &'a [u64]) -> Line<'a> {
        Line {
            keys,
            came: 0,
            back: BinaryHeap::new(),
            stopped: false,
        }
    }

    /// Who is next: those who are due, then those who have not come yet. At the end nobody has an errand but those whom a
    /// thread serves, which sees them through.
    pub fn next(&mut self, now: u64) -> Next {
        let due = self.back.peek().map(|Reverse(errand)| errand.due);
        match (self.stopped, due, self.keys.get(self.came)) {
            (true, _, _) => Next::End,
            (_, Some(due), _) if due <= now => match self.back.pop() {
                Some(Reverse(errand)) => Next::Go(errand),
                None => Next::End,
            },
            (_, _, Some(&key)) => {
                let client = self.came as u64;
                self.came += 1;
                Next::Go(Errand {
                    due: now,
                    key,
                    client,
                    tries: 0,
                    silent_since: None,
                })
            }
            // Not for longer than another thread may take to bring one that is due sooner.
            (_, Some(due), None) => Next::Wait((due - now).min(10_000_000)),
            (_, None, None) => Next::End,
        }
    }

    /// It comes back at this time, ns.
    pub fn again(&mut self, errand: Errand, due: u64) {
        self.back.push(Reverse(Errand { due, ..errand }));
    }

    /// The trial is given up.
    pub fn stop(&mut self) {
        self.stopped = true;
    }
}
