//! What a riddle was: each answer beside the truth, then the truth with what to do about it, then what the diagnosis said.

use super::super::{
    diagnosed, story,
    text::{self, Ink, Paint, wrap},
    words::clock,
};
use crate::{
    diagnosis::{Diagnosis, catalogue, weighed},
    experiments::training::{Graded, Mark},
    incident::Truth,
};

/// Everything that is said.
pub struct Reveal<'a> {
    /// The incident's title.
    pub title: &'a str,
    /// Its name, with the variant.
    pub name: &'a str,
    /// Answers with their marks.
    pub graded: &'a [Graded],
    /// From 0 to 1.
    pub score: Option<f64>,
    /// When the trainee says it began, ns.
    pub onset: Option<u64>,
    /// What was truly at work; `None`: the file does not say.
    pub causes: Option<&'a [String]>,
    /// What only the lab knows.
    pub truth: &'a Truth,
    /// What was concluded from the recording alone.
    pub diagnosis: &'a Diagnosis,
    /// Why the run may not be the one that was shown.
    pub doubt: Option<&'a str>,
    /// The command that replays it in the open.
    pub reproduce: &'a str,
}

/// The text.
pub fn render(reveal: &Reveal, styled: bool) -> String {
    let paint = Paint { styled };
    let sections = [
        head(reveal, paint),
        answers(reveal, paint),
        truth(reveal, paint),
        diagnosis(reveal, paint),
        labelled("again", reveal.reproduce),
    ];
    let told = sections.iter().filter(|s| !s.is_empty());
    let told: Vec<String> = told.map(|s| s.join("\n") + "\n").collect();
    told.join("\n")
}

fn labelled(label: &str, words: &str) -> Vec<String> {
    wrap(&format!("  {label:<9} "), words)
}

fn inked(paint: Paint, ink: Ink, lines: Vec<String>) -> Vec<String> {
    lines.iter().map(|l| paint.ink(ink, l)).collect()
}

fn head(reveal: &Reveal, paint: Paint) -> Vec<String> {
    let mut lines = inked(paint, Ink::Head, wrap("", reveal.title));
    lines.push(paint.ink(Ink::Dim, reveal.name));
    let doubt = reveal.doubt.map(|words| wrap("  ! ", words));
    lines.extend(inked(paint, Ink::Doubt, doubt.unwrap_or_default()));
    lines
}

/// What a mark says, and whether it is good.
fn verdict(graded: &Graded) -> (Ink, &'static str, String) {
    let of = graded.of.as_deref().unwrap_or("nothing");
    match graded.mark {
        Mark::Right => (Ink::Good, "✓", "right".into()),
        Mark::AsRight if graded.answer == "no-incident" => (
            Ink::Good,
            "✓",
            format!("as right: {of} was at work, and no recording shows it"),
        ),
        Mark::AsRight => (
            Ink::Good,
            "✓",
            format!("as right: no recording tells it from {of}"),
        ),
        Mark::LookAlike => (Ink::Doubt, "~", format!("a look-alike of {of}")),
        Mark::Symptom => (
            Ink::Bad,
            "✗",
            "a symptom, no cause: what made it move?".into(),
        ),
        Mark::Wrong if graded.of.is_none() => (Ink::Bad, "✗", "nothing was wrong".into()),
        Mark::Wrong => (Ink::Bad, "✗", "not it".into()),
        Mark::Unknown => (
            Ink::Dim,
            "–",
            "cannot be graded: the incident's file names no cause".into(),
        ),
    }
}

fn answers(reveal: &Reveal, paint: Paint) -> Vec<String> {
    if reveal.graded.is_empty() && reveal.onset.is_none() {
        return vec![];
    }
    let mut lines = vec![paint.ink(Ink::Head, "Your answer")];
    for (i, graded) in reveal.graded.iter().enumerate() {
        let (ink, mark, words) = verdict(graded);
        let first = wrap(
            &format!("  {}. ", i + 1),
            &format!("{}: {words} {mark}", graded.answer),
        );
        lines.extend(inked(paint, ink, first));
        for fact in &graded.against {
            lines.extend(wrap("     - ", fact));
        }
        if let (Some(of), false) = (&graded.of, graded.instead.is_empty()) {
            lines.extend(wrap(
                "     ",
                &format!("what speaks for {of}, and not for it:"),
            ));
            for fact in &graded.instead {
                lines.extend(wrap("     + ", fact));
            }
        }
    }
    if let Some(score) = reveal.score {
        let words = match reveal.graded.len() {
            1 => format!("{score:.2} of 1"),
            _ => format!("{score:.2} of 1, by the rank of what is right"),
        };
        lines.extend(labelled("score", &words));
    }
    if let Some(at) = reveal.onset {
        let words = match reveal.truth.true_onset() {
            Some(truth) => format!("{}: {}", clock(at), story::off(at, truth)),
            None => format!("{}, and in truth nothing began", clock(at)),
        };
        lines.extend(labelled("onset", &words));
    }
    lines
}

fn truth(reveal: &Reveal, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.ink(Ink::Head, "The truth")];
    match reveal.causes {
        None => lines.extend(labelled(
            "cause",
            "the incident's file names none; what was done says it",
        )),
        Some([]) => lines.extend(labelled("cause", "no incident")),
        Some(causes) => causes.iter().for_each(|c| lines.extend(cause(c, reveal))),
    }
    if let Some(at) = reveal.truth.true_onset() {
        lines.extend(labelled("since", &clock(at)));
    }
    let done = reveal.truth.entries.iter();
    for (i, entry) in done.enumerate() {
        let words = format!("{} {}", clock(entry.at), story::entry_name(entry));
        lines.extend(labelled(if i == 0 { "done" } else { "" }, &words));
    }
    lines
}

/// A cause with what it is, how this run shows it, what stops the harm and what cures it.
fn cause(cause: &str, reveal: &Reveal) -> Vec<String> {
    let known = catalogue::all().map(|(known, _)| known);
    let known = known.filter(|k| k.id == cause);
    let mut lines = vec![];
    let weighed = weighed(reveal.diagnosis, cause);
    for known in known {
        lines.extend(labelled("cause", &format!("{cause}: {}", known.summary)));
        lines.extend(labelled("looks", known.signature));
        let seen = weighed.iter().flat_map(|w| &w.evidence);
        for fact in seen.take(diagnosed::FACTS) {
            lines.extend(wrap("            + ", fact));
        }
        let contain = weighed.as_ref().map_or("", |w| &w.containment);
        for (label, words) in [("contain", contain), ("cure", known.remedy)] {
            if !words.is_empty() {
                lines.extend(labelled(label, words));
            }
        }
    }
    lines
}

fn diagnosis(reveal: &Reveal, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.ink(
        Ink::Head,
        "What the diagnosis said, from the recording alone",
    )];
    let said = text::of_diagnosis(reveal.diagnosis, paint.styled);
    lines.extend(said.lines().map(str::to_owned));
    lines
}
