//! A share over a sliding window, as requests end: what guards watch, and what may end a run.

use std::collections::VecDeque;

/// Sums over the last while, in parts of it.
#[derive(Default)]
pub(super) struct Sums(VecDeque<(u64, u64, u64)>);

/// Parts of a window: what leaves it does so in such steps.
const PARTS: u64 = 32;

impl Sums {
    /// What a request adds to both sums, at the time of its end. ns.
    pub(super) fn record(&mut self, (of, over): (u32, u32), ended: u64, window: u64) {
        let part = ended / (window / PARTS).max(1);
        match self.0.back_mut() {
            Some((last, a, b)) if *last == part => {
                *a += u64::from(of);
                *b += u64::from(over);
            }
            _ => self.0.push_back((part, of.into(), over.into())),
        }
        self.forget(ended, window);
    }

    fn forget(&mut self, now: u64, window: u64) {
        let size = (window / PARTS).max(1);
        let first = (now / size).saturating_sub(PARTS - 1);
        while self.0.front().is_some_and(|(part, ..)| *part < first) {
            self.0.pop_front();
        }
    }

    /// Both sums over the window that ends now. ns.
    pub(super) fn read(&mut self, now: u64, window: u64) -> (u64, u64) {
        self.forget(now, window);
        let add = |(a, b): (u64, u64), (_, of, over): &(u64, u64, u64)| (a + of, b + over);
        self.0.iter().fold((0, 0), add)
    }
}
