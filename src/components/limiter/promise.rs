//! Who is within what they were promised, whatever a limiter made of it.
//!
//! All that a key asks is counted, what was refused included: a bucket that leaks at the promised rate. A request is within the promise
//! while the bucket, with it, holds no more than the burst. So who asks ten times the promise is beyond it with every request, and a
//! token bucket with the same rate and burst refuses nobody who is within: it has never more to let leak than this.
//! A bucket holds twice the burst at most, so that who comes back to the promise is within it again after `burst / rate`.
//! O(1) time a request, 8 bytes a key, of keys whose bucket is not empty.

use super::keyed::{Keyed, MOST_KEYS, pace};
use crate::config::{At, Refusal};

/// See the module.
pub struct Promise {
    /// ns a request.
    gap: u64,
    /// ns in which a burst leaks away.
    depth: u64,
    /// Instant at which the bucket of a key is empty.
    empty_at: Keyed<u64>,
}

impl Promise {
    /// So many a second, and so many at once.
    ///
    /// # Errors
    /// A rate or burst of 0.
    pub fn new(rate: f64, burst: u64, at: &At) -> Result<Promise, Refusal> {
        let (gap, depth) = pace(rate, burst, "quota", at)?;
        let mut empty_at = Keyed::new();
        empty_at.bound(MOST_KEYS, true, at)?;
        Ok(Promise {
            gap,
            depth,
            empty_at,
        })
    }

    /// Whether a request of `key` is within it.
    pub fn holds(&mut self, key: u64, now: u64) -> bool {
        let empty_at = self.empty_at.slot(key, |empty_at| *empty_at <= now);
        let level = empty_at.saturating_sub(now).saturating_add(self.gap);
        *empty_at = now.saturating_add(level.min(self.depth.saturating_mul(2)));
        level <= self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Admission, RateLimiter, gcra::Gcra},
        *,
    };
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    proptest! {
        /// A limiter with the same numbers, whenever it was started, refuses nobody who is within.
        #[test]
        fn a_sound_limiter_refuses_nobody_within_the_promise(
            calls in proptest::collection::vec((0_u64..3, 0_u64..400), 1..300),
            fresh in 0_usize..300,
        ) {
            let at = At::nowhere();
            let mut promise = Promise::new(5.0, 4, &at).unwrap();
            let mut limiter = Gcra::new(5.0, 4, &at).unwrap();
            let mut now = 0;
            for (i, (key, gap)) in calls.into_iter().enumerate() {
                now += gap * MS;
                if i == fresh {
                    limiter = Gcra::new(5.0, 4, &at).unwrap();
                }
                let within = promise.holds(key, now);
                let granted = matches!(limiter.check(key, 1, now), Admission::Granted { .. });
                prop_assert!(granted || !within);
            }
        }
    }

    #[test]
    fn who_asks_twice_the_promise_is_beyond_it_and_comes_back() {
        let mut promise = Promise::new(10.0, 5, &At::nowhere()).unwrap();
        let mut now = 0;
        let mut asks = |every: u64, times: u64| {
            (0..times)
                .filter(|_| {
                    now += every * MS;
                    promise.holds(1, now)
                })
                .count()
        };
        assert_eq!(asks(100, 100), 100);
        // 50 ms apart: half a request more in the bucket each time, from 1 to 5.
        assert_eq!(asks(50, 200), 8);
        // 200 ms apart a bucket of 10 has one less with each: 9, 8, 7 and 6 are beyond it.
        assert_eq!(asks(200, 100), 96);
    }
}
