//! Cutting time into windows, and leaving out the warm-up.

use super::{series::Series, view::View};

/// ns in a second.
pub const SECOND: u64 = 1_000_000_000;

/// Widths of a window to choose from, s; those below 5 s for runs of fewer than [`FINE`] windows of 5 s: what a longer run
/// does by itself within seconds is no news.
const WIDTHS: [u64; 10] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const FINE: u64 = 60;
/// Windows that a run should have, if need be with fewer requests in each: the law of noise is read off an eighth of them, and
/// three are the least for one scale. A test of shares knows how little a small window says, one of shapes does not.
const FEW: u64 = 24;
/// Windows that a beginning which is known to be healthy should have: two shortest stretches, a warm-up, and one that is cut.
const FEW_HEALTHY: u64 = 8;
/// Requests that a window should hold at the median: below that a count of the worst 5 % is less than three.
const ENOUGH: usize = 50;
/// At most as many windows: a scan's cost grows with their number.
const MOST: u64 = 1_440;

/// Windows of one width over a recording.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// Width, ns.
    pub width: u64,
    /// How many; the last may be cut short by the end.
    pub count: usize,
    /// Shortest stretch that counts as a change, in windows: three, and at least 30 s where the run is long.
    pub shortest: usize,
}

impl Windows {
    /// The narrowest windows that hold enough requests each. `healthy` is how long the run is known to be well at its beginning,
    /// ns: that has to have some windows of its own.
    pub fn choose(view: &View, healthy: Option<u64>) -> Windows {
        let fits = |w: u64| view.end.div_ceil(w * SECOND) <= MOST;
        let median = |w: u64| {
            let mut n = vec![0usize; view.end.div_ceil(w * SECOND) as usize + 1];
            view.arrived
                .iter()
                .for_each(|t| n[(t / (w * SECOND)) as usize] += 1);
            n.pop();
            let mid = n.len() / 2;
            if n.is_empty() {
                0
            } else {
                *n.select_nth_unstable(mid).1
            }
        };
        let wide = view.end.div_ceil(MOST * SECOND).max(600);
        let many = |w: u64| {
            view.end >= FEW * w * SECOND && healthy.is_none_or(|h| h >= FEW_HEALTHY * w * SECOND)
        };
        let fine = |w: u64| w >= 5 || view.end < FINE * 5 * SECOND;
        let choice = || WIDTHS.into_iter().filter(|&w| fits(w) && fine(w));
        let width = choice()
            .find(|&w| many(w) && median(w) >= ENOUGH)
            .or(choice().rfind(|&w| many(w)))
            .or(choice().next())
            .unwrap_or(wide);
        // A twentieth of a short run.
        let long = 30u64.min(view.end / (20 * SECOND));
        Windows {
            width: width * SECOND,
            count: (view.end / (width * SECOND)) as usize,
            shortest: 3.max(long.div_ceil(width) as usize),
        }
    }

    /// The window of an instant.
    #[inline]
    pub fn of(&self, time: u64) -> usize {
        (time / self.width) as usize
    }

    /// The start of a window, ns.
    pub fn start(&self, window: usize) -> u64 {
        window as u64 * self.width
    }
}

/// Windows to leave out at the start, while caches fill: at least a minute; then as long as MSER-5 says (White 1997: cut
/// where the standard error of the mean of what remains is smallest, on means of five); at most a fifth of the run.
pub fn warm_up(windows: &Windows, series: &[&Series]) -> usize {
    let most = windows.count / 5;
    let least = (60 * SECOND).div_ceil(windows.width) as usize;
    let mser = series.iter().map(|s| mser5(&s.y, most)).max().unwrap_or(0);
    least.max(mser).min(most)
}

/// The same of the windows before `healthy` alone.
pub fn warm_up_until(windows: &Windows, series: &[&Series], healthy: usize) -> usize {
    let count = healthy.min(windows.count);
    let of = |s: &&Series| Series {
        y: s.y[..count].to_vec(),
        ..(*s).clone()
    };
    let early: Vec<Series> = series.iter().map(of).collect();
    let early: Vec<&Series> = early.iter().collect();
    warm_up(&Windows { count, ..*windows }, &early)
}

fn mser5(y: &[f64], most: usize) -> usize {
    let means: Vec<f64> = y
        .chunks_exact(5)
        .map(|c| c.iter().sum::<f64>() / 5.0)
        .collect();
    let mut best = (f64::INFINITY, 0);
    let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
    for (i, m) in means.iter().enumerate().rev() {
        (sum, squares, n) = (sum + m, squares + m * m, n + 1.0);
        let error = (squares / n - (sum / n) * (sum / n)).max(0.0) / n;
        if n >= 5.0 && error <= best.0 && i * 5 <= most {
            best = (error, i * 5);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filling_cache_is_left_out_and_a_steady_one_is_not() {
        let filling: Vec<f64> = (0..200)
            .map(|i| {
                if i < 20 {
                    2.0 - 0.05 * f64::from(i)
                } else {
                    1.0
                }
            })
            .collect();
        assert!((15..=25).contains(&mser5(&filling, 40)));
        let steady: Vec<f64> = (0..200).map(|i| f64::from(i % 5)).collect();
        assert_eq!(mser5(&steady, 40), 0);
    }
}
