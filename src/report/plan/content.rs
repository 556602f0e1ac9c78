//! What a plan says, section by section.

use super::{Block, Lean, Plan};
use crate::{
    config::{show_nanos, show_percent},
    diagnosis,
    experiments::hardening::{
        By, Course, EVERY, Effect, GAPS, Hardening, Kind, Outcome, Reviewed, Row, Tree,
    },
    incident::Proof,
    report::words::{clock, thousands},
};

/// Rows of tenants and endpoints.
const TOP: usize = 5;

use Lean::{Left, Right};

pub(super) fn blocks(plan: &Plan) -> Vec<Block> {
    let h = plan.hardening;
    let mut out = vec![];
    happened(h, &mut out);
    reached(h, &mut out);
    tree(h, &mut out);
    missing(h, &mut out);
    funding(h, &mut out);
    out.push(Block::Heading("Left open".into()));
    if plan.open.is_empty() {
        out.push(Block::Paragraph(
            "nothing: each cause has an action, and each action an owner, a day, and a gate that only its control holds".into(),
        ));
    }
    out.extend(plan.open.iter().map(|o| Block::Item("-".into(), o.clone())));
    if !plan.prove.is_empty() {
        out.push(Block::Heading("To prove it".into()));
        out.push(Block::Commands(plan.prove.to_vec()));
    }
    out.push(Block::Heading("Run".into()));
    let replays = format!("{} replays, seed {}", h.replays, h.seed);
    out.push(Block::Item("rests on".into(), replays));
    out.push(Block::Item("again".into(), plan.reproduce.into()));
    out
}

fn happened(h: &Hardening, out: &mut Vec<Block>) {
    out.push(Block::Heading("What happened".into()));
    let course = &h.course;
    let rows = course.moments.iter().map(|m| {
        let kind = match m.kind {
            Kind::Trigger => "trigger",
            Kind::TriggerOver => "over",
            Kind::Onset => "onset",
            Kind::Guard => "guard",
            Kind::Fix => "fix",
            Kind::Recovered => "recovered",
        };
        let since = match course.began {
            Some(began) if m.at > began => format!("+{}", show_nanos(m.at - began)),
            Some(began) if m.at < began => format!("-{}", show_nanos(began - m.at)),
            _ => "0".into(),
        };
        vec![clock(m.at), since, kind.into(), m.what.clone()]
    });
    out.push(Block::Table {
        columns: vec![("time", Left), ("since", Right), ("", Left), ("what", Left)],
        rows: rows.collect(),
    });
    for (label, words) in times(course) {
        out.push(Block::Item(label.into(), words));
    }
}

/// The times that a review asks for.
fn times(course: &Course) -> Vec<(&'static str, String)> {
    let none = |what: &str| what.to_owned();
    let detect = match (course.detect, course.by_guard) {
        (Some(ns), true) => format!("{}, by a guard", show_nanos(ns)),
        (Some(ns), false) => format!(
            "{}, when people began the fix: no guard acted",
            show_nanos(ns)
        ),
        (None, _) => none("never: no guard acted, and there was no fix"),
    };
    let mitigate = course.mitigate.map_or_else(|| none("never"), show_nanos);
    let end = if course.moments.iter().any(|m| m.kind == Kind::Fix) {
        "the last step of the fix"
    } else {
        "the end of the last fault"
    };
    let recover = match (course.recover, course.recovery, course.onset) {
        (Some(ns), Some(0), _) => format!("{}, at once with {end}", show_nanos(ns)),
        (Some(ns), Some(last), _) => {
            format!("{}, {} after {end}", show_nanos(ns), show_nanos(last))
        }
        (_, _, None) => none("no gate was breached"),
        _ => none("never"),
    };
    let onset = course
        .onset
        .map_or_else(|| none("no gate was breached"), show_nanos);
    vec![
        ("to onset", onset),
        ("to detect", detect),
        ("to mitigate", mitigate),
        ("to recover", recover),
    ]
}

fn of(part: u64, all: u64) -> String {
    let share = show_percent(part as f64 / all.max(1) as f64);
    format!("{} of {} ({share})", thousands(part), thousands(all))
}

fn reached(h: &Hardening, out: &mut Vec<Block>) {
    out.push(Block::Heading("Whom it reached".into()));
    let harmed = &h.was.harmed;
    let mut ways = vec![format!("{} failed", thousands(harmed.failed))];
    if harmed.in_part > 0 {
        ways.push(format!("{} answered in part", thousands(harmed.in_part)));
    }
    if let Some(most) = h.slow {
        ways.push(format!(
            "{} over {}",
            thousands(harmed.slow),
            show_nanos(most)
        ));
    }
    let text = format!(
        "{} requests from the trigger to recovery were worse off than in the healthy run of the same traffic: {}.",
        of(harmed.harmed, harmed.requests),
        ways.join(", ")
    );
    out.push(Block::Paragraph(text));
    let blast = &h.blast;
    let tenants = blast.tenants.len() as u64;
    if tenants > 0 {
        out.push(Block::Item(
            "tenants".into(),
            of(blast.tenants_harmed(), tenants),
        ));
    }
    if blast.users.1 > 0 {
        out.push(Block::Item(
            "users".into(),
            of(blast.users.0, blast.users.1),
        ));
    }
    for (name, rows) in [("tenant", &blast.tenants), ("endpoint", &blast.routes)] {
        if !rows.is_empty() {
            out.push(top(name, rows));
        }
    }
}

fn top(name: &'static str, rows: &[Row]) -> Block {
    let row = |r: &Row| {
        let share = show_percent(r.harmed as f64 / r.requests.max(1) as f64);
        vec![
            r.name.clone(),
            thousands(r.requests),
            thousands(r.harmed),
            share,
        ]
    };
    let mut shown: Vec<Vec<String>> = rows.iter().take(TOP).map(row).collect();
    if rows.len() > TOP {
        let (all, harmed) = rows[TOP..]
            .iter()
            .fold((0, 0), |(a, b), r| (a + r.requests, b + r.harmed));
        let name = format!("{} more", rows.len() - TOP);
        shown.push(row(&Row {
            name,
            requests: all,
            harmed,
        }));
    }
    Block::Table {
        columns: vec![
            (name, Left),
            ("requests", Right),
            ("harmed", Right),
            ("share", Right),
        ],
        rows: shown,
    }
}

fn tree(h: &Hardening, out: &mut Vec<Block>) {
    out.push(Block::Heading("What it takes".into()));
    let tree = &h.tree;
    if h.breached.is_empty() {
        out.push(Block::Paragraph(
            "No gate was breached: there is no failure to take apart.".into(),
        ));
        return;
    }
    let rows = tree
        .factors
        .iter()
        .map(|f| vec![f.letter.clone(), f.what.clone(), f.part.word().into()]);
    out.push(Block::Table {
        columns: vec![("", Left), ("what was there", Left), ("part", Left)],
        rows: rows.collect(),
    });
    let gates = h.breached.join(", ");
    let how = if tree.every_subset {
        format!("every subset replayed, {} of them", tree.subsets.len())
    } else {
        format!(
            "more than {EVERY}, so each alone and all but each replayed, {} of them",
            tree.subsets.len()
        )
    };
    let words = match (tree.sets.is_empty(), tree.every_subset) {
        (true, _) => format!("{gates}: not breached by what was replayed ({how})"),
        (false, true) => format!("{gates}: breached by {} ({how})", tree.words()),
        (false, false) => format!(
            "{gates}: breached by {}, the smallest that were replayed ({how})",
            tree.words()
        ),
    };
    out.push(Block::Item("breached".into(), words));
    out.push(deciding(tree));
}

/// The replays that decide a tree: all of it, all but each, each alone, and the smallest that breach.
fn deciding(tree: &Tree) -> Block {
    let n = tree.factors.len();
    let decides = |there: &Vec<String>| {
        let count = there.len();
        count == n || count + 1 == n || count <= 1 || tree.sets.contains(there)
    };
    let rows = tree.subsets.iter().filter(|s| decides(&s.there)).map(|s| {
        let there = match &s.there[..] {
            [] => "nothing".to_string(),
            all => all.join(" "),
        };
        let breached = match &s.breached[..] {
            [] => "held".to_string(),
            gates => gates.join(", "),
        };
        vec![there, thousands(s.harmed), breached]
    });
    Block::Table {
        columns: vec![("there", Left), ("harmed", Right), ("breached", Left)],
        rows: rows.collect(),
    }
}

fn missing(h: &Hardening, out: &mut Vec<Block>) {
    out.push(Block::Heading("What was missing".into()));
    if h.actions.is_empty() {
        out.push(Block::Paragraph(
            "Nothing has been decided: the file has no [[action]].".into(),
        ));
    }
    for gap in GAPS {
        let of_gap: Vec<&Reviewed> = h.actions.iter().filter(|a| a.gap == gap.word()).collect();
        if of_gap.is_empty() {
            continue;
        }
        out.push(Block::Paragraph(format!("{} gap:", capital(gap.word()))));
        for action in of_gap {
            reviewed(action, out);
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn reviewed(action: &Reviewed, out: &mut Vec<Block>) {
    let owner = action.owner.as_deref().unwrap_or("nobody");
    let due = action
        .due
        .as_deref()
        .map_or("without a day".into(), |d| format!("by {d}"));
    let good = match action.proof {
        Proof::Cures => Some(true),
        Proof::Symptom => Some(false),
        Proof::Idle | Proof::Unproved => None,
    };
    out.push(Block::Entry(
        format!("{}: {owner}, {due}", action.name),
        good,
    ));
    let mut item = |label: &str, words: String| out.push(Block::Item(label.into(), words));
    if let Some(cause) = &action.cause {
        let known = diagnosis::catalogue::all().find(|(k, _)| k.id == cause);
        let what = known.map_or("", |(k, _)| k.summary);
        item("answers", format!("{cause}: {what}"));
    }
    item(
        "control",
        action
            .control
            .clone()
            .unwrap_or_else(|| "none that could be replayed".into()),
    );
    if let Some(gate) = &action.gate {
        item("gate", gate.clone());
    }
    if let Some(before) = &action.before {
        item("as it was", before.clone());
    }
    if let Some(after) = &action.after {
        item("with it", after.clone());
    }
    let verdict = match action.proof {
        Proof::Cures => "its gate holds with the control alone, and did not without",
        Proof::Symptom => "treats a symptom: with the control alone its gate is still breached",
        Proof::Idle => "its gate held without it too: it measures nothing",
        Proof::Unproved => "unproved",
    };
    item("proof", verdict.into());
}

fn row(name: String, outcome: &Outcome) -> Vec<String> {
    let recovery = match outcome.recovery {
        _ if outcome.broken_for == 0 => "not needed".into(),
        Some(0) => "at once".into(),
        Some(ns) => show_nanos(ns),
        None => "never".into(),
    };
    vec![
        name,
        thousands(outcome.harmed.harmed),
        thousands(outcome.harmed.failed),
        show_nanos(outcome.broken_for),
        outcome.detect.map_or("never".into(), show_nanos),
        recovery,
        match &outcome.breached[..] {
            [] => "none".into(),
            gates => gates.join(", "),
        },
    ]
}

fn funding(h: &Hardening, out: &mut Vec<Block>) {
    let funding = &h.funding;
    if funding.alone.is_empty() {
        return;
    }
    out.push(Block::Heading("What to pay for first".into()));
    let by = match funding.by {
        By::Harmed => "requests that are no longer harmed",
        By::BrokenFor => "time in which the gates hold again, since few requests were harmed",
    };
    out.push(Block::Paragraph(format!(
        "Each control from the start, with the same timeline, and the fix where it was unless a control brings it forward; in order of {by}."
    )));
    let name = |i: &usize| h.actions.get(*i).map_or(String::new(), |a| a.name.clone());
    let mut rows = vec![row("as it was".into(), &h.was)];
    let mut alone: Vec<&Effect> = funding.alone.iter().collect();
    let left = |o: &Outcome| match funding.by {
        By::Harmed => (o.harmed.harmed, o.broken_for),
        By::BrokenFor => (o.broken_for, o.harmed.harmed),
    };
    alone.sort_by_key(|e| left(&e.outcome));
    for effect in alone {
        rows.push(row(
            effect.actions.iter().map(name).collect(),
            &effect.outcome,
        ));
    }
    let columns = vec![
        ("control", Left),
        ("harmed", Right),
        ("failed", Right),
        ("gates broken", Right),
        ("detected", Right),
        ("recovery", Right),
        ("breached", Left),
    ];
    out.push(Block::Table {
        columns: columns.clone(),
        rows,
    });
    if funding.together.is_empty() {
        out.push(Block::Paragraph(
            "None of them makes anything better.".into(),
        ));
        return;
    }
    let rows = funding.together.iter().enumerate().map(|(n, effect)| {
        let last = effect.actions.last().map(name).unwrap_or_default();
        let plus = if n == 0 { "" } else { "+ " };
        row(format!("{}. {plus}{last}", n + 1), &effect.outcome)
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    rows.insert(0, row("as it was".into(), &h.was));
    out.push(Block::Paragraph(
        "Together, each time the best that can be added:".into(),
    ));
    out.push(Block::Table { columns, rows });
    let all = funding.alone.len();
    if funding.together.len() < all.min(crate::experiments::hardening::FIRST) {
        out.push(Block::Paragraph(
            "What is not listed adds nothing to them in this incident.".into(),
        ));
    }
}
