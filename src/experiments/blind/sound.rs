//! Whether a run without a cause is healthy. What is drawn may be too much for itself: a crowd that a queue cannot hold, in
//! which users leave, are turned away, or wait for minutes. Who calls that an incident is right, so it is no healthy run, and
//! no other half of a pair; it is drawn again.

use crate::recording::{Recording, outcome, requests};

/// ns of a stretch: a queue needs a minute to drain after a burst.
const STRETCH: u64 = 60_000_000_000;
/// Requests of a stretch below which its slowest say nothing.
const FEW: usize = 30;
/// Points of requests turned away or left waiting, beyond the run's usual, that users notice: twice the noticeable 1 %, as a
/// stretch is the worst of many.
const POINTS: f64 = 0.02;
/// Standard errors beyond which that is no chance, among the hundred stretches of a long run (1 in 30,000 each).
const SURE: f64 = 4.0;
/// A queue at 92 % of its capacity waits about eight times as long as at 60 % (M/M/c): more than that is beyond capacity.
const WAITS: f64 = 8.0;
/// And where hardly anybody waits as a rule, waits count from three times what the slowest requests take.
const SLOWEST: f64 = 3.0;

/// Arrivals of a minute.
#[derive(Clone, Debug, Default)]
struct Stretch {
    hurt: f64,
    waits: Vec<u64>,
    latencies: Vec<u64>,
}

impl Stretch {
    fn all(&self) -> f64 {
        self.waits.len() as f64
    }
}

/// Whether no stretch of a minute hurts users by traffic alone: nobody is turned away from a queue, times out or leaves, and
/// nobody waits in it, beyond what the run does all along. A limiter's refusals are its work.
pub fn sound(recording: &Recording) -> bool {
    let mut stretches = stretches(recording);
    stretches.retain(|s| !s.waits.is_empty());
    for s in &mut stretches {
        s.waits.sort_unstable();
        s.latencies.sort_unstable();
    }
    nobody_is_turned_away(&stretches) && nobody_waits(&stretches)
}

fn stretches(recording: &Recording) -> Vec<Stretch> {
    let table = &recording.requests;
    let mut stretches: Vec<Stretch> = vec![];
    for row in 0..table.len() {
        if table.value(requests::background, row) != 0 {
            continue;
        }
        let at = (table.value(requests::arrived, row) / STRETCH) as usize;
        if stretches.len() <= at {
            stretches.resize(at + 1, Stretch::default());
        }
        let word = table.value(requests::outcome, row) as u8;
        let hurt = matches!(
            word,
            outcome::SHED | outcome::TIMEOUT | outcome::HUNG_UP | outcome::UNAVAILABLE
        );
        let s = &mut stretches[at];
        s.hurt += f64::from(u8::from(hurt));
        s.waits.push(table.value(requests::queue_wait, row));
        s.latencies.push(table.value(requests::latency, row));
    }
    stretches
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or(0.0)
}

/// The value of this rank among sorted ones.
fn ranked(sorted: &[u64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last as f64 * share).round() as usize)
        .map_or(0.0, |v| *v as f64)
}

fn nobody_is_turned_away(stretches: &[Stretch]) -> bool {
    let (hurt, all) = stretches
        .iter()
        .fold((0.0, 0.0), |(h, n), s| (h + s.hurt, n + s.all()));
    let usual = median(stretches.iter().map(|s| s.hurt / s.all()).collect());
    stretches.iter().all(|s| {
        // Of the whole run's share: a stretch without a failure has no error of its own.
        let mean = (hurt / all).max(1.0 / s.all()).min(0.5);
        let error = (mean * (1.0 - mean) / s.all()).sqrt();
        s.hurt / s.all() - usual < POINTS.max(SURE * error)
    })
}

fn nobody_waits(stretches: &[Stretch]) -> bool {
    let full = || stretches.iter().filter(|s| s.waits.len() >= FEW);
    let wait = |s: &Stretch| ranked(&s.waits, 0.95);
    let usual = median(full().map(wait).collect());
    let slowest = median(full().map(|s| ranked(&s.latencies, 0.99)).collect());
    full().all(|s| wait(s) <= (WAITS * usual).max(SLOWEST * slowest))
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
    fn a_minute_in_which_everybody_waits_is_not_healthy() {
        let waits = |longest: u64| {
            let mut recording = Recording::default();
            for i in 0..6_000u64 {
                let wait = match i {
                    3_000..3_600 => longest,
                    _ => 1_000_000,
                };
                recording.requests.push(&RequestRow {
                    arrived: i * 100_000_000,
                    outcome: outcome::OK,
                    queue_wait: wait,
                    latency: wait + 100_000_000,
                    ..RequestRow::default()
                });
            }
            recording
        };
        assert!(sound(&waits(200_000_000)));
        assert!(!sound(&waits(2_000_000_000)));
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
