//! Controlled delay: a wait that stands is shed, a burst that drains by itself is not.
//!
//! A queue is there for bursts: it fills, drains, and nobody is refused for it. What hurts is a wait that never goes below the
//! target for a whole interval. Then the one whose turn it is leaves unserved, and further ones at a pace that grows with
//! the square root of their number until the wait gives in. No length is tuned: only the wait that may stand, and how long a
//! burst may last.
//!
//! O(1) a turn, four numbers of memory. Source: Nichols and Jacobson, "Controlling Queue Delay", CACM 55 (7), 2012; RFC 8289.

use crate::config::{At, Refusal, Span};

crate::options! {
    /// Controlled delay.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct CodelOptions {
        /// Wait that may stand.
        target: Span = Span(100_000_000), "100ms";
        /// How long the wait must be above the target before anybody is sent away: a little more than a burst lasts.
        interval: Span = Span(1_000_000_000), "1s";
    }
}

impl CodelOptions {
    /// Refuses what would send everybody away, or never settle.
    ///
    /// # Errors
    /// A target or an interval of nothing.
    pub(super) fn check(&self, at: &At) -> Result<(), Refusal> {
        if self.target.0 == 0 || self.interval.0 == 0 {
            return Err(
                Refusal::at(at, "controlled delay needs a target and an interval")
                    .help("such as codel = { target = \"100ms\", interval = \"1s\" }"),
            );
        }
        Ok(())
    }
}

/// The state of the control.
#[derive(Clone, Copy, Debug)]
pub struct Codel {
    options: CodelOptions,
    /// ns at which the wait will have stood above the target for an interval.
    patience_ends: Option<u64>,
    /// ns of the next one to be sent away, while sending away.
    next: Option<u64>,
    /// ns at which the last such time would have gone on.
    stopped: u64,
    count: u64,
    /// `count` when the last such time began.
    began_with: u64,
}

impl Codel {
    /// A control that has seen nothing.
    pub fn new(options: CodelOptions) -> Codel {
        Codel {
            options,
            patience_ends: None,
            next: None,
            stopped: 0,
            count: 0,
            began_with: 0,
        }
    }

    /// ns of patience.
    pub fn interval(&self) -> u64 {
        self.options.interval.0
    }

    /// Whether the one whose turn it is, after so many ns, is sent away. `last`: nobody waits behind it.
    pub fn sheds(&mut self, waited: u64, last: bool, now: u64) -> bool {
        let standing = self.stands(waited, last, now);
        match self.next {
            Some(next) if !standing => {
                self.stopped = next;
                self.next = None;
                false
            }
            Some(next) if now >= next => {
                self.count += 1;
                self.next = Some(self.after(next));
                true
            }
            Some(_) => false,
            None if standing => {
                // Shortly after the last time, it goes on at the pace that was right then.
                let more = self.count - self.began_with;
                let lately = now.saturating_sub(self.stopped) < self.interval().saturating_mul(16);
                self.count = if more > 1 && lately { more } else { 1 };
                self.began_with = self.count;
                self.next = Some(self.after(now));
                true
            }
            None => false,
        }
    }

    /// Whether the wait has been above the target for an interval.
    fn stands(&mut self, waited: u64, last: bool, now: u64) -> bool {
        if waited < self.options.target.0 || last {
            self.patience_ends = None;
            return false;
        }
        let interval = self.interval();
        now >= *self
            .patience_ends
            .get_or_insert_with(|| now.saturating_add(interval))
    }

    /// The control law: the pace grows with the square root of those sent away, which a rate of loss answers linearly.
    fn after(&self, instant: u64) -> u64 {
        let pause = self.interval() as f64 / libm::sqrt(self.count as f64);
        instant.saturating_add(pause as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    fn codel() -> Codel {
        Codel::new(CodelOptions {
            target: Span(5 * MS),
            interval: Span(100 * MS),
        })
    }

    #[test]
    fn the_first_goes_after_an_interval_and_the_next_at_the_published_pace() {
        let mut codel = codel();
        let shed: Vec<u64> = (0..500)
            .filter(|ms| codel.sheds(50 * MS, false, ms * MS))
            .collect();
        // 100 ms, and then 100 / sqrt(n) after each: 200, 270.7, 328.4, 378.4, 423.1, 463.9, each at the next turn.
        assert_eq!(shed, [100, 200, 271, 329, 379, 424, 464]);
    }

    #[test]
    fn a_short_wait_or_an_empty_queue_ends_it() {
        for (waited, last) in [(4 * MS, false), (50 * MS, true)] {
            let mut codel = codel();
            assert!((0..=100).any(|ms| codel.sheds(50 * MS, false, ms * MS)));
            assert!(!codel.sheds(waited, last, 101 * MS));
            assert!((102..=201).all(|ms| !codel.sheds(50 * MS, false, ms * MS)));
            assert!(codel.sheds(50 * MS, false, 202 * MS));
        }
    }

    proptest! {
        /// Against the pseudo-code of RFC 8289, section 5, in floating seconds of its own.
        #[test]
        fn it_does_what_the_rfc_says(steps in prop::collection::vec((0u64..40, 0u64..12, any::<bool>()), 1..800)) {
            let mut codel = codel();
            let (target, interval) = (5 * MS, 100 * MS);
            let law = |t: u64, count: u64| t + (interval as f64 / (count as f64).sqrt()) as u64;
            let (mut first_above, mut drop_next, mut count, mut last_count, mut dropping) = (0, 0u64, 0u64, 0u64, false);
            let mut now = MS;
            for (gap, waited, last) in steps {
                now += gap * MS;
                let waited = waited * MS;
                let mut ok = false;
                if waited < target || last {
                    first_above = 0;
                } else if first_above == 0 {
                    first_above = now + interval;
                } else if now >= first_above {
                    ok = true;
                }
                let mut shed = false;
                if dropping {
                    if !ok {
                        dropping = false;
                    } else if now >= drop_next {
                        count += 1;
                        drop_next = law(drop_next, count);
                        shed = true;
                    }
                } else if ok {
                    shed = true;
                    dropping = true;
                    let delta = count - last_count;
                    count = if delta > 1 && now.saturating_sub(drop_next) < 16 * interval { delta } else { 1 };
                    drop_next = law(now, count);
                    last_count = count;
                }
                prop_assert_eq!(codel.sheds(waited, last, now), shed);
            }
        }
    }
}
