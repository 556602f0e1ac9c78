//! Virtual time cut into windows.

use std::ops::Range;

/// A second.
const S: u64 = 1_000_000_000;

/// Widths for traces of five minutes and more: below 5 s a window of production traffic says little, see [`Windows::plan`].
const WIDTHS: &[u64] = &[5 * S, 10 * S, 15 * S, 30 * S, 60 * S];
/// Widths for shorter traces.
const SHORT: &[u64] = &[
    S / 100,
    S / 50,
    S / 20,
    S / 10,
    S / 5,
    S / 2,
    S,
    2 * S,
    5 * S,
    10 * S,
    15 * S,
];
/// A trace below this length is short.
const SHORT_BELOW: u64 = 300 * S;
/// Windows that a short trace is cut into at most.
const SHORT_WINDOWS: u64 = 300;
/// Windows that a trace is cut into at most: a day of minutes.
const MOST: u64 = 1_440;
/// Requests a window: with fewer, those beyond the 95th percentile are less than three.
const ENOUGH: u64 = 50;
/// When no width has enough requests, a trace is cut into about this many windows at least.
const FEWEST: u64 = 20;

/// Virtual time cut into windows: all of one width, but for extra cuts where the caller wants an edge.
///
/// A time past the last edge belongs to the last window (a client's retry after the end of the trace, say).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Width in ns.
    pub width: u64,
    /// Start of each window and the end of the last, ascending, ns.
    pub edges: Vec<u64>,
}

impl Windows {
    /// Windows of one width over `[0, length)`, with extra edges at `cuts`.
    pub fn new(width: u64, length: u64, cuts: &[u64]) -> Windows {
        let (width, length) = (width.max(1), length.max(1));
        let inside = |cut: &u64| *cut > 0 && *cut < length;
        let mut edges: Vec<u64> = (0..length.div_ceil(width)).map(|i| i * width).collect();
        edges.extend(cuts.iter().copied().filter(inside));
        edges.push(length);
        edges.sort_unstable();
        edges.dedup();
        Windows { width, edges }
    }

    /// The windows for a trace of this length (ns) and number of requests: the smallest of 5, 10, 15, 30 and 60 s with
    /// at least 50 requests in the average window; 60 s when none has.
    ///
    /// A trace below five minutes may be cut finer (10 ms at the least), into at most 300 windows; one of more than
    /// 1,440 minutes coarser, so that there are at most 1,440 windows besides the cuts. A short trace with few
    /// requests is still cut into 20.
    pub fn plan(length: u64, rows: u64, cuts: &[u64]) -> Windows {
        let short = length < SHORT_BELOW;
        let (widths, most) = if short {
            (SHORT, SHORT_WINDOWS)
        } else {
            (WIDTHS, MOST)
        };
        let fits = |width: u64| length.div_ceil(width) <= most;
        let enough = |width: u64| {
            u128::from(rows) * u128::from(width) >= u128::from(ENOUGH) * u128::from(length)
        };
        let width = widths
            .iter()
            .copied()
            .find(|&width| fits(width) && enough(width));
        let width = width.filter(|width| !short || length.div_ceil(*width) >= FEWEST);
        let width = width.unwrap_or_else(|| {
            let coarse = if short {
                let fine = |width: &&u64| length.div_ceil(**width) >= FEWEST;
                widths.iter().rev().find(fine).unwrap_or(&widths[0])
            } else {
                &WIDTHS[WIDTHS.len() - 1]
            };
            // Whole minutes, as many as a long trace needs.
            coarse * length.div_ceil(coarse * MOST).max(1)
        });
        Windows::new(width, length, cuts)
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// Whether a window has the full width: no cut made it shorter.
    pub fn is_whole(&self, index: usize) -> bool {
        let edge = |i: usize| self.edges.get(i).copied().unwrap_or(0);
        edge(index + 1).saturating_sub(edge(index)) >= self.width
    }

    /// Never: there is at least one window.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The window that a time falls into.
    #[inline]
    pub fn index(&self, time: u64) -> usize {
        let after = self.edges.partition_point(|&edge| edge <= time);
        after.saturating_sub(1).min(self.len() - 1)
    }

    /// The windows that lie within `[from, to)`.
    pub fn within(&self, from: u64, to: u64) -> Range<usize> {
        let start = self.edges.partition_point(|&edge| edge < from);
        let end = self.edges.partition_point(|&edge| edge <= to);
        start..end.saturating_sub(1).max(start)
    }

    /// Start and end of a range of windows, ns.
    pub fn span(&self, range: &Range<usize>) -> (u64, u64) {
        let edge = |i: usize| self.edges[i.min(self.len())];
        (edge(range.start), edge(range.end))
    }

    /// The whole, ns.
    pub fn all(&self) -> Range<u64> {
        self.edges[0]..self.edges[self.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_width_is_the_smallest_with_fifty_requests_a_window() {
        let hour = 3600 * S;
        let width = |length, rows| Windows::plan(length, rows, &[]).width / S;
        assert_eq!(width(hour, 1_500_000), 5);
        assert_eq!(width(hour, 36_000), 5);
        assert_eq!(width(hour, 35_999), 10);
        assert_eq!(width(hour, 10_000), 30);
        assert_eq!(width(hour, 10), 60);
        assert_eq!(width(24 * hour, 100_000_000), 60, "1,440 windows a day");
        assert_eq!(width(7 * 24 * hour, 100_000_000), 420);
        assert_eq!(Windows::plan(60 * S, 100_000, &[]).width, S / 5);
        assert_eq!(Windows::plan(60 * S, 10, &[]).len(), 30);
    }

    #[test]
    fn cuts_are_edges() {
        let windows = Windows::new(10, 35, &[7, 20, 99]);
        assert_eq!(windows.edges, [0, 7, 10, 20, 30, 35]);
        assert_eq!(
            [0, 6, 7, 34, 35, 1000].map(|t| windows.index(t)),
            [0, 0, 1, 4, 4, 4]
        );
        assert_eq!(windows.within(7, 30), 1..4);
        assert_eq!(windows.within(8, 29), 2..3, "only what lies within");
        assert_eq!(windows.within(21, 22), 4..4);
        assert_eq!(windows.within(0, u64::MAX), 0..5);
    }

    proptest! {
        #[test]
        fn there_are_never_more_windows_than_a_day_has_minutes(length in 1u64..u64::MAX / 4, rows in any::<u64>()) {
            let windows = Windows::plan(length, rows, &[]);
            prop_assert!((1..=1440).contains(&windows.len()), "{}", windows.len());
            prop_assert_eq!(windows.all(), 0..length);
        }
    }
}
