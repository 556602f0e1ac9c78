//! An answer beside the truth: right, as right, a look-alike, a symptom, or wrong; and what of this run tells it apart.

use super::Answer;
use crate::{
    diagnosis::{
        Diagnosis,
        catalogue::{self, Known},
        weighed,
    },
    experiments::blind::same_as,
};
use serde::Serialize;

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The true cause.
    Right,
    /// Another name for it: no recording tells the two apart.
    AsRight,
    /// Mistaken for it by many: the catalogue names the two as look-alikes.
    LookAlike,
    /// What was seen, not why.
    Symptom,
    /// None of these.
    Wrong,
    /// The file does not say what was wrong.
    Unknown,
}

impl Mark {
    /// Whether it counts.
    pub fn counts(self) -> bool {
        matches!(self, Mark::Right | Mark::AsRight)
    }
}

/// An answer with its mark.
#[derive(Clone, Debug, Serialize)]
pub struct Graded {
    /// The answer.
    pub answer: String,
    /// Its mark.
    pub mark: Mark,
    /// The true cause that it was held against.
    pub of: Option<String>,
    /// What of this run speaks against it, or else how the two differ.
    pub against: Vec<String>,
    /// What of this run speaks for the true cause, and not for it.
    pub instead: Vec<String>,
}

/// What is right of a run.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// What was truly at work; nothing: no incident. `None`: the file does not say.
    pub causes: Option<&'a [String]>,
    /// What a correct lab finds, if it says: as right, whatever else was at work.
    pub found: Option<&'a [String]>,
    /// What was concluded from the recording.
    pub diagnosis: &'a Diagnosis,
}

/// Facts that tell two causes apart, told at most.
const TOLD: usize = 4;

/// Grades answers, the best first, with their score from 0 to 1; no score without answers or truth.
pub fn grade(answers: &[Answer], sheet: &Sheet) -> (Vec<Graded>, Option<f64>) {
    let graded: Vec<Graded> = answers.iter().map(|answer| one(answer, sheet)).collect();
    let Some(causes) = sheet.causes.filter(|_| !answers.is_empty()) else {
        return (graded, None);
    };
    if causes.is_empty() {
        let score = first_right(&graded, None);
        return (graded, Some(score));
    }
    let each = causes.iter().map(|c| first_right(&graded, Some(c)));
    let score = each.sum::<f64>() / causes.len() as f64;
    (graded, Some(score))
}

/// 1/rank of the first answer that is right of this cause. Those that are right of another do not stand in its way.
fn first_right(graded: &[Graded], cause: Option<&String>) -> f64 {
    let mut rank = 0.0;
    for one in graded {
        let of_this = one.of.as_ref() == cause;
        if !one.mark.counts() || of_this {
            rank += 1.0;
        }
        if one.mark.counts() && of_this {
            return 1.0 / rank;
        }
    }
    0.0
}

fn one(answer: &Answer, sheet: &Sheet) -> Graded {
    let name = answer.name();
    let mut graded = Graded {
        answer: name.into(),
        mark: Mark::Unknown,
        of: None,
        against: vec![],
        instead: vec![],
    };
    let Some(causes) = sheet.causes else {
        return graded;
    };
    let found = sheet.found.unwrap_or(causes);
    if causes.iter().any(|c| c == name) {
        graded.mark = Mark::Right;
        graded.of = Some(name.into());
        return graded;
    }
    if *answer == Answer::NoIncident {
        graded.mark = match (causes.is_empty(), found.is_empty()) {
            (true, _) => Mark::Right,
            // Something was at work that no recording shows.
            (false, true) => Mark::AsRight,
            (false, false) => Mark::Wrong,
        };
        graded.of = causes.first().cloned();
        return graded;
    }
    if let Answer::Symptom(_) = answer {
        graded.mark = Mark::Symptom;
        return graded;
    }
    let same = causes.iter().find(|c| same_as(c).any(|s| s == name));
    let as_found = found.iter().any(|c| c == name);
    if let Some(of) = same.or_else(|| causes.first().filter(|_| as_found)) {
        graded.mark = Mark::AsRight;
        graded.of = Some(of.clone());
        return graded;
    }
    let alike = causes.iter().find(|c| look_alikes(name, c));
    graded.mark = match alike {
        Some(_) => Mark::LookAlike,
        None => Mark::Wrong,
    };
    graded.of = alike.or(causes.first()).cloned();
    tell_apart(&mut graded, sheet.diagnosis);
    graded
}

fn known(cause: &str) -> Option<Known> {
    let mut all = catalogue::all().map(|(known, _)| known);
    all.find(|known| known.id == cause)
}

/// Whether one is named as a look-alike of the other.
fn look_alikes(a: &str, b: &str) -> bool {
    let names = |a: &str, b: &str| known(a).is_some_and(|k| k.look_alikes.contains(&b));
    names(a, b) || names(b, a)
}

/// What the run says of the two; where it says nothing, how they look as a rule.
fn tell_apart(graded: &mut Graded, diagnosis: &Diagnosis) {
    let answer = weighed(diagnosis, &graded.answer);
    let truth = graded.of.as_ref().and_then(|of| weighed(diagnosis, of));
    let speaks_for = |facts: &[String]| -> Vec<String> {
        let own = truth.iter().flat_map(|t| t.evidence.iter());
        own.filter(|f| !facts.contains(f)).cloned().collect()
    };
    if let Some(answer) = &answer {
        graded.against = answer.against.clone();
        graded.instead = speaks_for(&answer.evidence);
    }
    if graded.against.is_empty() && graded.instead.is_empty() {
        let looks = |id: &str| known(id).map(|k| format!("{} looks like: {}", k.id, k.signature));
        graded.against.extend(looks(&graded.answer));
        let of = graded.of.clone();
        graded.instead.extend(of.and_then(|of| looks(&of)));
    }
    graded.against.truncate(TOLD);
    graded.instead.truncate(TOLD);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(answers: &[&str], causes: &[&str], found: &[&str]) -> (Vec<Mark>, Option<f64>) {
        let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let (causes, found) = (own(causes), own(found));
        let diagnosis = Diagnosis::default();
        let sheet = Sheet {
            causes: Some(&causes),
            found: Some(&found),
            diagnosis: &diagnosis,
        };
        let answers: Vec<Answer> = answers.iter().map(|a| Answer::read(a).unwrap()).collect();
        let (graded, score) = grade(&answers, &sheet);
        (graded.iter().map(|g| g.mark).collect(), score)
    }

    #[test]
    fn answers_count_by_rank() {
        use Mark::{AsRight, LookAlike, Right, Symptom, Wrong};
        let floor = &["no-floor"][..];
        assert_eq!(marks(&["no-floor"], floor, floor), (vec![Right], Some(1.0)));
        assert_eq!(
            marks(&["no-burst-cap"], floor, floor),
            (vec![AsRight], Some(1.0))
        );
        let two = marks(&["error_rate", "no-floor"], floor, floor);
        assert_eq!(two, (vec![Symptom, Right], Some(0.5)));
        let alike = known("no-floor").unwrap().look_alikes;
        let alike = alike.iter().find(|a| **a != "no-burst-cap").unwrap();
        assert_eq!(marks(&[alike], floor, floor), (vec![LookAlike], Some(0.0)));
        let none = marks(&["none"], floor, floor);
        assert_eq!(none, (vec![Wrong], Some(0.0)));
        assert_eq!(marks(&[], floor, floor), (vec![], None));
    }

    #[test]
    fn of_two_causes_each_counts_half_and_no_incident_is_an_answer() {
        let both = &["no-floor", "retry-storm"][..];
        let (_, score) = marks(&["retry-storm", "no-floor"], both, both);
        assert_eq!(score, Some(1.0), "their order is nobody's to know");
        assert_eq!(marks(&["retry-storm"], both, both).1, Some(0.5));
        assert_eq!(
            marks(&["healthy"], &[], &[]),
            (vec![Mark::Right], Some(1.0))
        );
        assert_eq!(
            marks(&["no-floor"], &[], &[]),
            (vec![Mark::Wrong], Some(0.0))
        );
        // What goes unnoticed by any recording.
        let unseen = marks(&["healthy"], &["no-floor"], &[]);
        assert_eq!(unseen, (vec![Mark::AsRight], Some(1.0)));
    }

    #[test]
    fn a_look_alike_is_told_apart() {
        let causes = ["no-floor".to_owned()];
        let sheet = Sheet {
            causes: Some(&causes),
            found: None,
            diagnosis: &Diagnosis::default(),
        };
        let (graded, _) = grade(&[Answer::Cause("retry-storm")], &sheet);
        assert!(!graded[0].against.is_empty() && !graded[0].instead.is_empty());
    }
}
