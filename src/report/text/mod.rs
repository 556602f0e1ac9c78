//! A report for the terminal, in the manner of k6 and hyperfine: whether it may ship first, then numbers, then what
//! happened and why, then what is needed to do it again.
//!
//! About a hundred columns, plain text unless told otherwise. Nothing is worked out here: numbers come from the tables,
//! sentences from the story, verdicts and causes from the findings.

mod course;
mod grid;
pub(super) mod moved;
mod paint;
mod spark;

use super::tables::{self, Table};
use super::words::clock;
use super::{Findings, diagnosed, story};
use crate::diagnosis::Diagnosis;
use crate::gates::{Judgement, Verdict};
pub(super) use grid::{Grid, wrap};
use grid::{beside, visible};
pub(super) use paint::{Ink, Paint};
use std::path::{Path, PathBuf};

/// The whole report. `styled` uses colour; whether the reader wants it is the caller's business.
pub fn render(findings: &Findings, styled: bool) -> String {
    let paint = Paint { styled };
    let sections = [
        heading(findings, paint),
        verdict(findings, paint),
        gates(findings, paint),
        moved::lines(findings, paint),
        side_by_side(&tables::latency(findings), paint),
        side_by_side(&tables::outcomes(findings), paint),
        side_by_side(&tables::cache(findings), paint),
        course::lines(findings, paint),
        happened(findings, paint),
        diagnosis(findings, paint),
        run(findings, paint),
    ];
    let sections: Vec<String> = sections
        .iter()
        .filter(|s| !s.is_empty())
        .map(|s| s.join("\n") + "\n")
        .collect();
    sections.join("\n")
}

/// What a diagnosis says, without a run to set it beside.
pub fn of_diagnosis(diagnosis: &Diagnosis, styled: bool) -> String {
    let since = diagnosis.onset.as_ref();
    let since = since.map(|onset| (diagnosed::since(onset), None));
    concluded(diagnosis, since.as_ref(), Paint { styled }).join("\n") + "\n"
}

/// Where a report was written: one line, for after it.
pub fn written(files: &[PathBuf]) -> String {
    let folder = files
        .first()
        .and_then(|f| f.parent())
        .unwrap_or(Path::new("."));
    let name = |f: &PathBuf| f.file_name().map(|n| n.to_string_lossy().into_owned());
    let names: Vec<String> = files.iter().filter_map(name).collect();
    let text = format!("{}/: {}", folder.display(), names.join(" "));
    wrap("written    ", &text).join("\n") + "\n"
}

fn heading(findings: &Findings, paint: Paint) -> Vec<String> {
    let lines = |ink, text: &str| -> Vec<String> {
        wrap("", text).iter().map(|l| paint.ink(ink, l)).collect()
    };
    [
        lines(Ink::Head, findings.title),
        lines(Ink::Dim, &story::name(findings)),
    ]
    .concat()
}

fn ink_of(verdict: Verdict) -> (Ink, &'static str, &'static str) {
    match verdict {
        Verdict::Pass => (Ink::Good, "✓", "passed"),
        Verdict::Breach => (Ink::Bad, "✗", "breached"),
        Verdict::NoData => (Ink::Doubt, "?", "without data"),
    }
}

/// What somebody on call asks first.
fn verdict(findings: &Findings, paint: Paint) -> Vec<String> {
    let (word, words) = story::verdict(findings);
    let (ink, mark, _) = findings.verdict().map_or((Ink::Dim, "–", ""), ink_of);
    let first = format!("{mark} {word}  ");
    let painted = |l: String| match l.strip_prefix(&first) {
        Some(rest) => format!("{}{rest}", paint.ink(ink, &first)),
        None => l,
    };
    let mut lines: Vec<String> = wrap(&first, &words).into_iter().map(painted).collect();
    for (label, told) in story::brief(findings) {
        lines.extend(marked(paint, &format!("  {label:<6} "), &told));
    }
    lines
}

/// Each gate with its expression, and below it what it says in each phase.
fn gates(findings: &Findings, paint: Paint) -> Vec<String> {
    let judgements = findings.judgements;
    // What an incident asks for says what it is about.
    if findings.sealed.is_some() && judgements.is_empty() {
        return vec![];
    }
    let gates = story::by_gate(findings);
    let mut counts = vec![];
    for verdict in [Verdict::Pass, Verdict::Breach, Verdict::NoData] {
        let of =
            |(_, judgements): &&(&str, Vec<&Judgement>)| story::worst(judgements) == Some(verdict);
        let count = gates.iter().filter(of).count();
        let (ink, _, word) = ink_of(verdict);
        if count > 0 {
            counts.push(paint.ink(ink, &format!("{count} {word}")));
        }
    }
    let counts = if counts.is_empty() {
        "none".to_owned()
    } else {
        counts.join(", ")
    };
    let mut lines = vec![format!("{}  {counts}", paint.ink(Ink::Head, "Gates"))];
    let width = |of: fn(&Judgement) -> &str| {
        judgements
            .iter()
            .map(|j| of(j).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (gate, phase) = (width(|j| &j.gate), width(|j| &j.phase));
    for (name, judgements) in gates {
        let expression = judgements.first().map_or("", |j| &j.expression);
        let (ink, mark, _) = ink_of(story::worst(&judgements).unwrap_or(Verdict::NoData));
        let painted = |l: String| l.replacen(mark, &paint.ink(ink, mark), 1);
        let first = wrap(&format!("  {mark} {name:<gate$}  "), expression);
        lines.extend(first.into_iter().map(painted));
        for judgement in judgements {
            let (ink, mark, _) = ink_of(judgement.verdict);
            let first = format!("    {:gate$}  {mark} {:<phase$}  ", "", judgement.phase);
            let painted = |l: String| l.replacen(mark, &paint.ink(ink, mark), 1);
            lines.extend(wrap(&first, &judgement.detail).into_iter().map(painted));
        }
    }
    lines
}

fn side_by_side(tables: &[Table], paint: Paint) -> Vec<String> {
    let block = |table: &Table| {
        let mut grid = Grid::default();
        let names = table.phases.iter().map(|p| ((*p).to_owned(), Ink::Dim));
        grid.row(std::iter::once((String::new(), Ink::Plain)).chain(names));
        for row in &table.rows {
            let ink = |worse| if worse { Ink::Bad } else { Ink::Plain };
            let values = row.values.iter().map(|v| (v.text.clone(), ink(v.worse)));
            grid.row(std::iter::once((row.name.to_owned(), Ink::Plain)).chain(values));
        }
        let mut lines = vec![paint.ink(Ink::Head, table.title)];
        lines.extend(grid.lines(paint));
        lines
    };
    let blocks: Vec<Vec<String>> = tables.iter().map(block).collect();
    match &blocks[..] {
        [left, right] => beside(left, right, visible),
        _ => blocks.concat(),
    }
}

/// The timeline as it was carried out, between the phases that follow from it.
fn happened(findings: &Findings, paint: Paint) -> Vec<String> {
    let all = story::happenings(findings);
    if all.is_empty() {
        return vec![];
    }
    let mut lines = vec![paint.ink(Ink::Head, "What happened")];
    for happening in all {
        let (space, ink) = if happening.phase {
            ("", Ink::Dim)
        } else {
            ("  ", Ink::Plain)
        };
        let wrapped = wrap(
            &format!("  {}  {space}", clock(happening.at)),
            &happening.words,
        );
        lines.extend(wrapped.iter().map(|l| paint.ink(ink, l)));
    }
    if let Some((words, good)) = story::recovery(findings) {
        lines.push(format!("  {}", paint.ink(tone(good), &words)));
    }
    lines
}

/// What was concluded, and beside it what was expected.
fn diagnosis(findings: &Findings, paint: Paint) -> Vec<String> {
    let title = format!("{}, from the recording alone", story::concluded(findings));
    let mut lines = vec![paint.ink(Ink::Head, &title)];
    let since = story::onset(findings);
    lines.extend(concluded(findings.diagnosis, since.as_ref(), paint));
    if let Some(expected) = story::expected(findings) {
        lines.extend(marked(paint, "  expected: ", &expected));
    }
    lines
}

/// What a diagnosis says; `since` may set its onset beside the truth.
fn concluded(diagnosis: &Diagnosis, since: Option<&story::Told>, paint: Paint) -> Vec<String> {
    let mut lines = wrap("  ", &diagnosis.summary);
    if let Some(told) = since {
        lines.extend(marked(paint, "  since     ", told));
    }
    lines.extend(diagnosed::facts(diagnosis).iter().flat_map(labelled));
    for (i, cause) in diagnosis.causes.iter().enumerate() {
        if !diagnosed::is_named(i, cause) {
            continue;
        }
        let ink = if i == 0 { Ink::Head } else { Ink::Plain };
        let title = wrap(&format!("  {}. ", i + 1), &diagnosed::cause(cause));
        lines.extend(title.iter().map(|l| paint.ink(ink, l)));
        if diagnosed::is_likely(i, cause) {
            lines.extend(weighed("+", &cause.evidence, diagnosed::FACTS));
            lines.extend(weighed("-", &cause.against, diagnosed::FACTS));
        } else {
            lines.extend(weighed("-", &cause.against, 1));
        }
        let advice = diagnosed::advice(i, cause);
        lines.extend(advice.iter().flat_map(|(what, text)| {
            let label = format!("{what}:");
            wrap(&format!("     {label:<13} "), text)
        }));
    }
    lines.extend(diagnosed::besides(diagnosis).iter().flat_map(labelled));
    for limit in &diagnosis.limits {
        lines.extend(wrap("  ! ", limit).iter().map(|l| paint.ink(Ink::Doubt, l)));
    }
    lines
}

/// The label once, and under it what it stands for.
fn labelled((label, items): &diagnosed::Labelled) -> Vec<String> {
    let label = |i| if i == 0 { *label } else { "" };
    let one = |(i, item): (usize, &String)| wrap(&format!("  {:<9} ", label(i)), item);
    items.iter().enumerate().flat_map(one).collect()
}

/// The weightiest facts, and how many are left out.
fn weighed(sign: &str, facts: &[String], most: usize) -> Vec<String> {
    let first = format!("     {sign} ");
    let mut lines: Vec<String> = facts
        .iter()
        .take(most)
        .flat_map(|f| wrap(&first, f))
        .collect();
    if most > 1 && facts.len() > most {
        lines.push(format!("       and {} more", facts.len() - most));
    }
    lines
}

fn run(findings: &Findings, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.ink(Ink::Head, "Run")];
    lines.extend(
        story::run(findings)
            .iter()
            .flat_map(|(what, words)| wrap(&format!("  {what:<8} "), words)),
    );
    lines
}

fn tone(good: Option<bool>) -> Ink {
    match good {
        Some(true) => Ink::Good,
        Some(false) => Ink::Bad,
        None => Ink::Dim,
    }
}

/// A sentence with its mark.
fn marked(paint: Paint, first: &str, (words, good): &story::Told) -> Vec<String> {
    let mark = match good {
        Some(true) => " ✓",
        Some(false) => " ✗",
        None => "",
    };
    let mut lines = wrap(first, &format!("{words}{mark}"));
    if let (Some(last), false) = (lines.last_mut(), mark.is_empty()) {
        let sign = mark.trim_start();
        *last = last.trim_end_matches(sign).to_owned() + &paint.ink(tone(*good), sign);
    }
    lines
}
