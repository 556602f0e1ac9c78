//! How long a queue kept to one rule: facts of a rule are read off the turns under it, and no others.

use super::{REACH, Spans, events};
use crate::diagnosis::{
    turns::{CLASSES, Turn},
    view::View,
};
use std::ops::Range;

/// Turns below which nothing is said of how they go.
const FEW: usize = 50;

/// The time under one rule: from the onset, which comes before the waits that are its effect, to the end; or until a change
/// from which on turns go otherwise, such as a roll-back, when the old rule returns and finds the line.
pub fn of(view: &View, spans: &Spans) -> Range<u64> {
    let log = events(view);
    // What was changed at the onset, and not just before: those who came until then came under the old rule.
    let near = spans.onset.start.saturating_sub(REACH)..=spans.onset.end + REACH;
    let from = log
        .iter()
        .filter(|e| e.version > 0 && near.contains(&e.time))
        .map(|e| e.time)
        .next_back()
        .unwrap_or(spans.onset.start)
        .min(spans.during.start);
    let last = spans.during.end.max(from);
    let mut cuts: Vec<u64> = log
        .iter()
        .filter(|e| e.version > 0 && e.time > spans.onset.end + REACH && e.time < last)
        .map(|e| e.time)
        .collect();
    cuts.push(last);
    let mut reign = from..cuts[0];
    for pair in cuts.windows(2) {
        let (so_far, next) = (
            view.turns.anew(&reign),
            view.turns.anew(&(pair[0]..pair[1])),
        );
        if so_far.len() >= FEW && next.len() >= FEW && otherwise(&so_far, &next) {
            break;
        }
        reign.end = pair[1];
    }
    reign
}

/// Points by which two shares of turns differ when the rule does: three standard errors of the fewest that are compared, and more
/// than what a line that grows does by itself between two deploys.
const OTHERWISE: f64 = 0.2;

/// Whether turns go otherwise: between two classes that both wait, or to who has waited longest.
fn otherwise(old: &[Turn], new: &[Turn]) -> bool {
    let by_age = |turns: &[Turn]| {
        let n = turns.iter().filter(|t| t.by_age()).count();
        n as f64 / turns.len().max(1) as f64
    };
    let (a, b) = (over(old), over(new));
    let pairs = (0..CLASSES).flat_map(|k| (0..k).map(move |o| (k, o)));
    let differ = |(k, o): (usize, usize)| {
        let (n, m) = (a[k][o] + a[o][k], b[k][o] + b[o][k]);
        n.min(m) >= FEW as f64 && (a[k][o] / n - b[k][o] / m).abs() > OTHERWISE
    };
    (by_age(old) - by_age(new)).abs() > OTHERWISE || pairs.into_iter().any(differ)
}

/// How often each class got a turn at which another waited.
pub fn over(turns: &[Turn]) -> [[f64; CLASSES]; CLASSES] {
    let mut over = [[0.0f64; CLASSES]; CLASSES];
    for turn in turns {
        let k = usize::from(turn.chosen);
        for other in (0..CLASSES).filter(|&o| o != k && turn.age[o] >= 0.0) {
            over[k][other] += 1.0;
        }
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns at which the second class has waited longest; the first gets those for which `first` says so.
    fn turns(n: usize, first: impl Fn(usize) -> bool) -> Vec<Turn> {
        let mut age = [-1.0; CLASSES];
        (age[0], age[1]) = (1.0, 30.0);
        (0..n)
            .map(|k| Turn {
                time: k as u64,
                chosen: u8::from(!first(k)),
                age,
                depth: [1; CLASSES],
            })
            .collect()
    }

    #[test]
    fn another_rule_is_seen_in_who_gets_the_turns() {
        let strict = turns(200, |_| true);
        assert!(!otherwise(&strict, &turns(100, |_| true)));
        assert!(!otherwise(&strict, &turns(100, |k| k % 10 > 0)));
        assert!(otherwise(&strict, &turns(100, |k| k % 3 > 0)));
    }
}
