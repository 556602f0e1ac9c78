//! From facts to ranked causes: the weakest required claim, plus one vote a group, through a softmax.
//!
//! One vote a group cures the double counting of facts that are views of one thing; the minimum keeps a cause from winning
//! without its defining evidence. A field that is not recorded votes for nobody; where a *required* one is missing the cause
//! is at best not excluded.

use super::{
    Known, Ranked,
    causes::{CAUSES, Cause, Clause, Subject},
    evidence::{Evidence, Fact, Group},
    say,
    stats::Measure,
};
use std::collections::BTreeMap;

/// Name of the answer that no cause of the catalogue fits.
pub const NONE: &str = "none-of-these";

/// What "none of these" scores: a cause needs its required evidence and a little more to beat it.
const NONE_SCORE: f64 = 1.5;
/// The most that a cause may score while a required fact is not recorded: not excluded, never shown.
const NOT_EXCLUDED: f64 = 0.3;
/// Nats of the weakest required claim from which it stands in full: e² is 7 to 1.
const STANDS: f64 = 2.0;
/// Top two closer than 3 to 1 are a tie (DIAGNOSIS.md 2.7).
const TIE: f64 = 1.0986;
/// Causes that are listed at most.
const LISTED: usize = 5;
/// Causes that are told beside the first, with what speaks against them.
const RUNNERS_UP: usize = 2;
/// Softens odds: causes share facts, so their scores are not independent evidence.
const TEMPER: f64 = 1.5;

/// One cause with its score in nats.
pub struct Scored {
    /// `None` is "none of these".
    pub cause: Option<&'static Cause>,
    /// Nats.
    pub score: f64,
}

/// The score of a cause.
pub fn score(cause: &Cause, evidence: &Evidence) -> f64 {
    let mut weakest = f64::INFINITY;
    let mut missing = false;
    let mut recorded = false;
    for clause in cause.requires {
        match clause.nats(evidence) {
            Some(nats) => {
                weakest = weakest.min(nats);
                recorded = true;
            }
            // That something did *not* happen is no defining evidence. A service without a cache has no misses to record:
            // then the cause stands on what it claims, and claims no more than it takes to stand.
            None if !clause.more => weakest = weakest.min(STANDS),
            None => missing = true,
        }
    }
    if !recorded {
        return f64::NEG_INFINITY; // nothing that it requires is recorded
    }
    let mut votes: BTreeMap<Group, f64> = BTreeMap::new();
    let mut vote = |clause: &Clause, nats: f64| {
        let held = votes.entry(clause.group()).or_insert(0.0);
        if nats.abs() > held.abs() {
            *held = nats;
        }
    };
    for clause in cause.supports {
        clause
            .nats(evidence)
            .into_iter()
            .for_each(|nats| vote(clause, nats));
    }
    for clause in cause.against {
        clause
            .nats(evidence)
            .into_iter()
            .filter(|nats| *nats > 0.0)
            .for_each(|nats| vote(clause, -nats));
    }
    // What supports a cause counts only as far as its defining evidence stands.
    let standing = (weakest / STANDS).clamp(0.0, 1.0);
    let score = weakest
        + votes
            .values()
            .map(|v| if *v > 0.0 { v * standing } else { *v })
            .sum::<f64>();
    if missing {
        score.min(NOT_EXCLUDED)
    } else {
        score
    }
}

/// All causes and "none of these", the best first.
pub fn scores(evidence: &Evidence) -> Vec<Scored> {
    let mut all: Vec<Scored> = CAUSES
        .iter()
        .map(|c| Scored {
            cause: Some(c),
            score: score(c, evidence),
        })
        .collect();
    all.push(Scored {
        cause: None,
        score: NONE_SCORE,
    });
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

/// Whether a cause is more than not excluded.
pub fn stands(cause: &Cause, evidence: &Evidence) -> bool {
    score(cause, evidence) > NONE_SCORE
}

/// The first of the causes that are not among these, or [`NONE`].
pub fn first_without(facts: &[Known], causes: &[&str]) -> String {
    let all = scores(&evidence_of(facts));
    let mut left = all
        .iter()
        .filter(|s| s.cause.is_none_or(|c| !causes.contains(&c.id)));
    left.next()
        .and_then(|s| s.cause)
        .map_or(NONE, |c| c.id)
        .to_string()
}

/// Evidence from facts that were told.
fn evidence_of(facts: &[Known]) -> Evidence {
    let mut evidence = Evidence::default();
    for known in facts {
        let fact = Fact::ALL.iter().find(|f| f.name() == known.fact);
        if let Some(&fact) = fact {
            evidence.put(fact, Some(Measure::new(known.value, known.se)));
        }
    }
    evidence
}

/// One cause as [`ranked`] would show it, if it came that far; with what it lacks, unless it is `first`.
pub fn weighed(facts: &[Known], id: &str, first: Option<&str>) -> Option<Ranked> {
    let find = |id: &str| CAUSES.iter().copied().find(|c| c.id == id);
    let cause = find(id)?;
    let evidence = evidence_of(facts);
    let scored = Scored {
        cause: Some(cause),
        score: score(cause, &evidence),
    };
    let first = first.and_then(find);
    Some(answer(&scored, &evidence, 0.0, false, first))
}

/// The causes to show.
pub fn ranked(evidence: &Evidence) -> Vec<Ranked> {
    let mut scores = scores(evidence);
    let top = scores[0].score;
    let weight = |s: &Scored| libm::exp((s.score - top) / TEMPER);
    let total: f64 = scores.iter().map(weight).sum();
    // That none fits stands behind two runners-up, unless it is first or as good as that: they say more.
    let none = scores.iter().position(|s| s.cause.is_none());
    if let Some(none) = none.filter(|&none| none > 0 && top - scores[none].score >= TIE) {
        let none_fits = scores.remove(none);
        scores.insert(RUNNERS_UP + 1, none_fits);
    }
    scores
        .iter()
        .take(LISTED)
        .enumerate()
        .map(|(place, s)| {
            let near = |other: usize| {
                scores
                    .get(other)
                    .is_some_and(|o| (o.score - s.score).abs() < TIE)
            };
            let tied = if place == 0 {
                near(1)
            } else {
                top - s.score < TIE
            };
            answer(s, evidence, weight(s) / total, tied, scores[0].cause)
        })
        .collect()
}

fn answer(
    scored: &Scored,
    evidence: &Evidence,
    probability: f64,
    tied: bool,
    first: Option<&Cause>,
) -> Ranked {
    let Some(cause) = scored.cause else {
        return Ranked {
            cause: NONE.into(),
            subject: None,
            probability,
            tied,
            evidence: vec![],
            against: vec![],
            containment: "undo the latest change if it falls on the onset".into(),
            remedy: "not known to the catalogue".into(),
            next: "what moved first, and what else changed then".into(),
            trigger: String::new(),
        };
    };
    let mut clauses: Vec<(f64, &Clause, bool)> = vec![];
    for (list, sign) in [
        (cause.requires, 1.0),
        (cause.supports, 1.0),
        (cause.against, -1.0),
    ] {
        clauses.extend(
            list.iter()
                .filter_map(|c| Some((sign * c.nats(evidence)?, c, sign > 0.0))),
        );
    }
    clauses.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut told = vec![];
    let mut words = |wanted: &dyn Fn(f64) -> bool| -> Vec<String> {
        let mut list = vec![];
        for (_, clause, _) in clauses.iter().filter(|(nats, ..)| wanted(*nats)) {
            if !told.contains(&clause.fact) {
                told.push(clause.fact);
                list.extend(say::fact(clause.fact, evidence));
            }
        }
        list
    };
    let (speaks_for, mut speaks_against) = (words(&|nats| nats > 0.5), words(&|nats| nats < -0.5));
    if first.is_some_and(|f| f.id != cause.id) && speaks_against.is_empty() {
        speaks_against.extend(lacking(cause, evidence));
    }
    let subject = match cause.subject {
        Subject::None => None,
        Subject::Field => evidence.field.clone(),
        Subject::Tag => evidence.tag.clone(),
        Subject::Tenant => evidence.tenant.clone(),
        Subject::Dependency => evidence.dependency.clone(),
    };
    let mut next = cause.next.to_string();
    if tied && let Some(other) = first.filter(|f| f.id != cause.id) {
        next = format!(
            "{next}; what tells it from {}: {}",
            other.id, other.signature
        );
    }
    Ranked {
        cause: cause.id.into(),
        subject,
        probability,
        tied,
        evidence: speaks_for,
        against: speaks_against,
        containment: cause.containment.into(),
        remedy: cause.remedy.into(),
        next,
        trigger: cause.trigger.into(),
    }
}

/// What a cause lacks of its defining evidence: what is not recorded, or else the claim that stands least.
fn lacking(cause: &Cause, evidence: &Evidence) -> Option<String> {
    let requires = || cause.requires.iter();
    if let Some(clause) = requires().find(|c| c.more && c.nats(evidence).is_none()) {
        return Some(format!("not recorded: {}", clause.fact.text()));
    }
    let nats = |c: &Clause| c.nats(evidence).unwrap_or(f64::INFINITY);
    let weakest = requires().min_by(|a, b| nats(a).total_cmp(&nats(b)))?;
    (nats(weakest) < STANDS).then(|| say::fact(weakest.fact, evidence))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{evidence::Fact, stats::Measure};

    fn first(facts: &[(Fact, f64)]) -> (String, f64) {
        let mut evidence = Evidence::default();
        for &(fact, value) in facts {
            evidence.put(fact, Some(Measure::new(value, 0.0)));
        }
        let ranked = ranked(&evidence);
        (ranked[0].cause.clone(), ranked[0].probability)
    }

    #[test]
    fn what_a_service_does_not_have_need_not_be_seen_to_have_stayed() {
        let slow = [
            (Fact::CallSlower, 8.0),
            (Fact::CallMedian, 1.1),
            (Fact::CallTail, 0.8),
            (Fact::Arrivals, 0.0),
        ];
        let (cause, probability) = first(&slow);
        assert_eq!(cause, "dependency-slow");
        assert!(probability > 0.8, "{probability}");
        assert_eq!(
            first(&[(Fact::Arrivals, 0.6), (Fact::OneTenant, 0.2)]).0,
            "traffic-surge"
        );
    }

    #[test]
    fn a_cause_whose_own_mark_is_not_recorded_is_at_most_not_excluded() {
        // Slower answers, and nothing is known of calls: the dependency may be it, but nobody saw it.
        assert_eq!(first(&[(Fact::Misses, 0.0), (Fact::Arrivals, 0.0)]).0, NONE);
    }
}
