//! How good an answer is: whether the true cause comes first, among the first three, and how far off the onset is.

use super::diagnosers::Answer;
use crate::experiments::recurrence::{Z95, wilson};

/// What is known of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Names that are right: the cause's, and those of what no recording tells from it. Two causes are two entries; none is
    /// a healthy run.
    pub causes: Vec<Vec<String>>,
    /// When it began to act, ns: an interval, since a ramp and a leak begin before they are felt.
    pub onset: (u64, u64),
    /// How far off an onset may be, ns.
    pub within: u64,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Whether an incident was seen.
    pub seen: bool,
    /// AC@1 to AC@5: 1 when a true cause is among the first k; of k that are tied for the first place, 1/k.
    pub at: [f64; 5],
    /// How far off the onset is, ns; `None`: none was told.
    pub off: Option<u64>,
    /// Whether that is within what it may be.
    pub on_time: bool,
    /// Confidence of the first cause.
    pub confidence: f64,
    /// Whether all causes are among the first as many and one more, or are those of other episodes.
    pub all_found: bool,
}

/// Scores an answer to an incident.
pub fn score(truth: &Truth, answer: &Answer) -> Score {
    let right = |cause: &str| {
        truth
            .causes
            .iter()
            .any(|names| names.iter().any(|n| n == cause))
    };
    let first = answer.causes.iter().position(|(cause, _)| right(cause));
    let tied = answer.tied.max(1);
    // Of those that are tied, more than one may be right.
    let first_ones = answer.causes.iter().take(tied);
    let hits = first_ones.filter(|(cause, _)| right(cause)).count();
    let mut at = [0.0; 5];
    if let Some(first) = first {
        for (k, at) in at.iter_mut().enumerate() {
            *at = if first < tied && k < tied {
                // All of those that are tied share the first places.
                (((k + 1) * hits) as f64 / tied as f64).min(1.0)
            } else {
                f64::from(u8::from(first <= k))
            };
        }
    }
    let off = answer.onset.map(|onset| {
        let (from, to) = truth.onset;
        from.saturating_sub(onset)
            .max(onset.saturating_sub(to.max(from)))
    });
    let among = answer.causes.iter().take(truth.causes.len() + 1);
    let among: Vec<&str> = among
        .map(|(cause, _)| cause.as_str())
        .chain(answer.second.iter().map(String::as_str))
        .collect();
    Score {
        seen: answer.seen,
        at,
        off,
        on_time: off.is_some_and(|off| off <= truth.within),
        confidence: answer.causes.first().map_or(0.0, |c| c.1),
        all_found: truth
            .causes
            .iter()
            .all(|names| names.iter().any(|n| among.contains(&n.as_str()))),
    }
}

/// A share with its 95 % interval (Wilson).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Share {
    /// The sum: of ones, or of parts where causes are tied.
    pub hits: f64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// Counts one more.
    pub fn add(&mut self, hit: f64) {
        self.hits += hit;
        self.of += 1;
    }

    /// The share.
    pub fn value(&self) -> f64 {
        self.hits / self.of.max(1) as f64
    }

    /// Its interval; of parts the interval of the whole below.
    pub fn interval(&self) -> (f64, f64) {
        wilson(self.hits.floor() as u64, self.of, Z95)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(causes: &[&str], tied: usize) -> Answer {
        Answer {
            seen: true,
            causes: causes.iter().map(|c| ((*c).to_string(), 0.5)).collect(),
            tied,
            second: vec![],
            onset: Some(100),
        }
    }

    fn truth(causes: &[&[&str]]) -> Truth {
        Truth {
            causes: causes
                .iter()
                .map(|names| names.iter().map(|n| (*n).to_string()).collect())
                .collect(),
            onset: (120, 130),
            within: 10,
        }
    }

    #[test]
    fn a_tie_shares_its_places() {
        let a = score(&truth(&[&["a"]]), &answer(&["b", "a", "c"], 2));
        assert_eq!(a.at, [0.5, 1.0, 1.0, 1.0, 1.0]);
        let alone = score(&truth(&[&["a"]]), &answer(&["b", "a", "c"], 0));
        assert_eq!(alone.at, [0.0, 1.0, 1.0, 1.0, 1.0]);
        let either = score(&truth(&[&["a", "b"]]), &answer(&["b", "a", "c"], 2));
        assert_eq!(either.at[0], 1.0);
        assert_eq!(
            score(&truth(&[&["z"]]), &answer(&["b", "a"], 0)).at,
            [0.0; 5]
        );
    }

    #[test]
    fn an_onset_is_held_to_an_interval() {
        let scored = score(&truth(&[&["a"]]), &answer(&["a"], 0));
        assert_eq!((scored.off, scored.on_time), (Some(20), false));
    }

    #[test]
    fn either_of_two_causes_may_come_first_and_both_are_to_be_found() {
        let both = truth(&[&["a", "a2"], &["b"]]);
        let scored = score(&both, &answer(&["b", "x", "a2"], 0));
        assert_eq!(scored.at[0], 1.0);
        assert!(scored.all_found);
        assert!(!score(&both, &answer(&["b", "x", "y", "a"], 0)).all_found);
    }
}
