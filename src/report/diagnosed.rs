//! What a diagnosis says, in labelled lines. The report of a run, its page and `gameday diagnose` tell the same.
//!
//! Not here: the truth. What is set beside it stands in `story`.

use super::words::clock;
use crate::config::show_percent;
use crate::diagnosis::{Diagnosis, Onset, Ranked, Segment};

/// A label and what stands under it; never empty.
pub type Labelled = (&'static str, Vec<String>);

/// A stage below this share of the tail's growth is not worth its name.
const LEAST_SHARE: f64 = 0.01;
/// A cause below this probability is named, and of its evidence only what rules it out is shown.
const UNLIKELY: f64 = 0.05;
/// Causes that are named in any case: the answer, and what it was weighed against.
const NAMED: usize = 3;
/// Facts that are shown for and against a cause where room is short; they come by weight.
pub const FACTS: usize = 6;

/// Since when, and until when.
pub fn since(onset: &Onset) -> String {
    let mut words = clock(onset.at);
    let (from, to) = (clock(onset.from), clock(onset.to));
    if from != to {
        words += &format!(" (between {from} and {to})");
    }
    if onset.ramp {
        words += ", little by little";
    }
    if let Some(until) = onset.until {
        words += &format!(", well again from {}", clock(until));
    }
    words
}

/// What moved, for whom it is worse than for the others, in which stage the tail grew, and what else was noticed.
pub fn facts(diagnosis: &Diagnosis) -> Vec<Labelled> {
    let moved = diagnosis.symptoms.iter().map(|s| s.words.clone()).collect();
    let worse = diagnosis.segments.iter().map(segment).collect();
    let tail = diagnosis.tail.iter();
    let tail: Vec<String> = tail
        .filter(|(_, share)| *share >= LEAST_SHARE)
        .enumerate()
        .map(|(i, (stage, share))| {
            let of = if i == 0 { " of its growth is" } else { "" };
            format!("{}{of} {stage}", show_percent(share.min(1.0)))
        })
        .collect();
    let tail = match tail.is_empty() {
        true => vec![],
        false => vec![tail.join(", ")],
    };
    labelled([
        ("moved", moved),
        ("worse for", worse),
        ("tail", tail),
        ("noticed", diagnosis.notes.clone()),
    ])
}

/// For whom it is, in a few words; `None` when nothing began. Further segments are told by [`facts`].
pub fn whom(diagnosis: &Diagnosis) -> Option<String> {
    diagnosis.onset.as_ref()?;
    let Some(worst) = diagnosis.segments.first() else {
        return Some("everybody alike".to_owned());
    };
    let share = show_percent(worst.share);
    let mut words = format!(
        "above all {} {}, {share} of requests",
        worst.tag, worst.value
    );
    if diagnosis.segments.len() > 1 {
        words += &format!(", and {} more", diagnosis.segments.len() - 1);
    }
    Some(words)
}

/// What is not to blame, other episodes.
pub fn besides(diagnosis: &Diagnosis) -> Vec<Labelled> {
    let also = diagnosis.also.iter();
    let also = also.map(|episode| format!("a smaller episode, {episode}"));
    labelled([
        ("cleared", diagnosis.cleared.clone()),
        ("also", also.collect()),
    ])
}

fn labelled<const N: usize>(all: [Labelled; N]) -> Vec<Labelled> {
    let mut all = Vec::from(all);
    all.retain(|(_, words)| !words.is_empty());
    all
}

/// `model m-large, 75% of requests: the odds of a bad one grew 1.47x beyond the others'`.
fn segment(segment: &Segment) -> String {
    format!(
        "{} {}, {} of requests: the odds of a bad one grew {:.2}x beyond the others'",
        segment.tag,
        segment.value,
        show_percent(segment.share),
        segment.odds
    )
}

/// A cause with its subject and probability: `key-field-added (service v2) 94%`.
pub fn cause(ranked: &Ranked) -> String {
    let subject = ranked
        .subject
        .as_ref()
        .map(|s| format!(" ({s})"))
        .unwrap_or_default();
    let tied = if ranked.tied {
        ", tied with its neighbour"
    } else {
        ""
    };
    format!(
        "{}{subject} {}{tied}",
        ranked.cause,
        show_percent(ranked.probability)
    )
}

/// Whether a cause of this rank is worth its evidence on the first page.
pub fn is_likely(rank: usize, ranked: &Ranked) -> bool {
    rank == 0 || ranked.tied || ranked.probability >= UNLIKELY
}

/// Whether a cause of this rank is named where room is short.
pub fn is_named(rank: usize, ranked: &Ranked) -> bool {
    rank < NAMED || is_likely(rank, ranked)
}

/// What to do about a cause, in the order in which it is done; for those only that may well be it.
pub fn advice(rank: usize, ranked: &Ranked) -> Vec<(&'static str, &str)> {
    if rank > 0 && !ranked.tied {
        return vec![];
    }
    let all = [
        ("contain", &ranked.containment),
        ("cure", &ranked.remedy),
        ("look at", &ranked.next),
        ("roll back on", &ranked.trigger),
    ];
    let given = all.into_iter().filter(|(_, text)| !text.is_empty());
    given.map(|(what, text)| (what, text.as_str())).collect()
}
