//! Times of rows run forward.

use super::{
    super::stamp::{self, Time},
    draft::Wrong,
};
use crate::config::show_nanos;

/// Holds that times run forward, as far as `reorder` does not forgive.
#[derive(Debug, Default)]
pub(super) struct Clock {
    window: u64,
    newest: Option<u64>,
    pub absolute: Option<bool>,
    pub origin_given: bool,
    back: u64,
    furthest: u64,
}

/// An offset of more than three years is seconds since 1970.
const EPOCH_FROM: u64 = 100_000_000 * stamp::SECOND;

impl Clock {
    /// One that forgives this much, ns.
    pub fn new(window: u64) -> Clock {
        Clock {
            window,
            ..Clock::default()
        }
    }

    /// The time of the next row, ns.
    pub fn check(&mut self, time: Time) -> Result<u64, Wrong> {
        let (ns, stamp) = match time {
            Time::Stamp(ns) => (ns, true),
            Time::Offset(ns) => (
                ns,
                self.absolute
                    .unwrap_or(ns >= EPOCH_FROM && !self.origin_given)
                    && ns >= EPOCH_FROM,
            ),
        };
        match self.absolute {
            None => self.absolute = Some(stamp),
            Some(before) if before != stamp => {
                let (a, b) = if stamp {
                    ("a time of day", "seconds from the start")
                } else {
                    ("seconds from the start", "a time of day")
                };
                return Err((
                    format!("{a} where the rows before have {b}"),
                    "write all times one way".into(),
                ));
            }
            _ => {}
        }
        let newest = self.newest.unwrap_or(ns).max(ns);
        let late = newest - ns;
        if late > 0 {
            self.back += 1;
            self.furthest = self.furthest.max(late);
        }
        if late > self.window {
            let so_far = if self.back == 1 {
                "the first row to do so".to_string()
            } else {
                format!(
                    "{} rows did so by now, the furthest by {}",
                    self.back,
                    show_nanos(self.furthest)
                )
            };
            let help = if self.window == 0 {
                format!(
                    "sort the file, or allow it: --reorder {}",
                    show_nanos(late.saturating_mul(2))
                )
            } else {
                format!("further than the {} of reorder", show_nanos(self.window))
            };
            return Err((
                format!("time goes back by {} ({so_far})", show_nanos(late)),
                help,
            ));
        }
        self.newest = Some(newest);
        Ok(ns)
    }
}
