//! Whether a run without a cause is healthy. What is drawn may be too much for itself: a crowd that a queue cannot hold, in
//! which users leave and are turned away. Who calls that an incident is right, so it is no healthy run, and no other half of
//! a pair; it is drawn again.

use crate::recording::{Recording, outcome, requests};

/// ns of a stretch: a queue needs a minute to drain after a burst.
const STRETCH: u64 = 60_000_000_000;
/// Points of requests turned away or left waiting, beyond the run's usual, that users notice: twice the noticeable 1 %, as a
/// stretch is the worst of many.
const POINTS: f64 = 0.02;
/// Standard errors beyond which that is no chance, among the hundred stretches of a long run (1 in 30,000 each).
const SURE: f64 = 4.0;

/// Whether no stretch of a minute hurts users by traffic alone: nobody is turned away from a queue, times out or leaves, beyond
/// what the run does all along. A limiter's refusals are its work.
pub fn sound(recording: &Recording) -> bool {
    let table = &recording.requests;
    let mut stretches: Vec<[f64; 2]> = vec![];
    for row in 0..table.len() {
        if table.value(requests::background, row) != 0 {
            continue;
        }
        let at = (table.value(requests::arrived, row) / STRETCH) as usize;
        if stretches.len() <= at {
            stretches.resize(at + 1, [0.0; 2]);
        }
        let word = table.value(requests::outcome, row) as u8;
        let hurt = matches!(
            word,
            outcome::SHED | outcome::TIMEOUT | outcome::HUNG_UP | outcome::UNAVAILABLE
        );
        stretches[at][0] += f64::from(u8::from(hurt));
        stretches[at][1] += 1.0;
    }
    let all = stretches
        .iter()
        .fold([0.0; 2], |a, s| [a[0] + s[0], a[1] + s[1]]);
    let usual = {
        let mut shares: Vec<f64> = stretches
            .iter()
            .filter(|s| s[1] > 0.0)
            .map(|s| s[0] / s[1])
            .collect();
        shares.sort_by(f64::total_cmp);
        shares.get(shares.len() / 2).copied().unwrap_or(0.0)
    };
    stretches.iter().filter(|s| s[1] > 0.0).all(|[hurt, n]| {
        // Of the whole run's share: a stretch without a failure has no error of its own.
        let mean = (all[0] / all[1]).max(1.0 / n).min(0.5);
        let error = (mean * (1.0 - mean) / n).sqrt();
        hurt / n - usual < POINTS.max(SURE * error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::RequestRow;

    /// Ten a second for ten minutes; `ends` says how each ends.
    fn run(ends: impl Fn(u64) -> u8) -> Recording {
        let mut recording = Recording::default();
        for i in 0..6_000u64 {
            recording.requests.push(&RequestRow {
                arrived: i * 100_000_000,
                outcome: ends(i),
                ..RequestRow::default()
            });
        }
        recording
    }

    #[test]
    fn a_minute_in_which_users_leave_is_not_healthy_and_a_few_all_along_are() {
        assert!(sound(&run(|_| outcome::OK)));
        let few = |i: u64| {
            if i.is_multiple_of(40) {
                outcome::HUNG_UP
            } else {
                outcome::OK
            }
        };
        assert!(sound(&run(few)));
        let crowd = |i: u64| match i {
            3_000..3_600 if i.is_multiple_of(10) => outcome::SHED,
            _ => outcome::OK,
        };
        assert!(!sound(&run(crowd)));
        // A last minute with one request is no evidence.
        let mut short = run(|_| outcome::OK);
        short.requests.push(&RequestRow {
            arrived: 11 * STRETCH,
            outcome: outcome::HUNG_UP,
            ..RequestRow::default()
        });
        assert!(sound(&short));
        let limited = |i: u64| match i {
            3_000..3_600 if i.is_multiple_of(10) => outcome::REJECTED,
            _ => outcome::OK,
        };
        assert!(sound(&run(limited)));
    }
}
