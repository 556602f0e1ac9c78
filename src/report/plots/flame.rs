//! Where the CPU of a request goes, as flame graphs: the baseline above, the incident below. Widths are shares of the CPU
//! of a request; what costs a request more than it did is coloured by how much.

use super::super::{Findings, profile::Profile};
use super::axis::{Axis, Reading};
use super::figure::Tile;
use super::{Figure, Panel, Plot, Role, Series, Shape, subtitle};
use crate::config::{show_nanos, show_percent};
use crate::incident::{Phase, PhaseName};
use std::collections::BTreeMap;

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "flame",
    title: "Where the CPU of a request goes",
    figure,
};

/// What the boxes of all stacks stand on.
const ALL: &str = "all";
/// A cost that grew, or shrank, by less than this is as it was.
const ALIKE: f64 = 1.25;
/// A cost that grew, or shrank, by this much has the full colour.
const MUCH: f64 = 8.0;
/// Boxes narrower than this share are not drawn: half a px.
const THIN: f64 = 0.0005;

fn figure(findings: &Findings) -> Option<Figure> {
    let recording = findings.recording?;
    let phases = findings.phases();
    let of = |name| phases.iter().find(|p| p.name == name);
    let baseline = of(PhaseName::Baseline)?;
    let shown: Vec<&Phase> = [Some(baseline), of(PhaseName::Incident)]
        .into_iter()
        .flatten()
        .collect();
    let costs = shown.iter().map(|phase| {
        let profile = Profile::of(recording, phase.from..phase.to);
        (**phase, profile.per_request(), cost(&profile))
    });
    let costs: Vec<(Phase, u64, Cost)> = costs.collect();
    let before = &costs.first()?.2;
    if costs.iter().all(|(_, all, _)| *all == 0) {
        return None;
    }
    let deepest = costs.iter().flat_map(|(.., cost)| cost.keys());
    let rows = deepest.map(|stack| stack.len()).max().unwrap_or(0) + 1;
    let x = Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0)
        .labelled("share of the CPU of a request");
    let panels = costs.iter().map(|(phase, all, cost)| Panel {
        x: Some(x.clone()),
        tiles: tiles(cost, before, rows),
        ..Panel::new(
            format!(
                "{}: {} of CPU a request",
                phase.name.word(),
                show_nanos(*all)
            ),
            Axis::rows(names(rows)),
            30 * rows as u32,
            legend(phase.name),
        )
    });
    Some(Figure {
        title: PLOT.title.into(),
        subtitle: subtitle(findings),
        panels: panels.collect(),
        x: x.clone(),
        bands: vec![],
        marks: vec![],
    })
}

/// ns of CPU a request by a stack and all that stand on it; the empty stack is everything.
type Cost = BTreeMap<Vec<String>, f64>;

fn cost(profile: &Profile) -> Cost {
    let mut cost = Cost::new();
    let requests = profile.requests.max(1) as f64;
    for (stack, ns) in profile.stacks.iter().filter(|(_, ns)| **ns > 0) {
        let frames: Vec<String> = stack.split(';').map(str::to_owned).collect();
        for depth in 0..=frames.len() {
            *cost.entry(frames[..depth].to_vec()).or_default() += *ns as f64 / requests;
        }
    }
    cost
}

/// Rows from the top: what is furthest from the bottom first.
fn names(rows: usize) -> Vec<String> {
    let of = |depth| match depth {
        0 => ALL,
        1 => "stage",
        2 => "site",
        3 => "part",
        _ => "",
    };
    (0..rows).rev().map(|depth| of(depth).to_owned()).collect()
}

/// The boxes: a stack stands on the one that it is part of, neighbours by name, as in any flame graph.
fn tiles(cost: &Cost, before: &Cost, rows: usize) -> Vec<Tile> {
    let all = cost.get(&vec![]).copied().unwrap_or(0.0);
    if all <= 0.0 {
        return vec![];
    }
    // Where the next box on a stack begins.
    let mut next: BTreeMap<&[String], f64> = BTreeMap::new();
    let mut tiles = vec![];
    for (stack, ns) in cost {
        let parent = &stack[..stack.len().saturating_sub(1)];
        let from = match stack.is_empty() {
            true => 0.0,
            false => next.get(parent).copied().unwrap_or(0.0),
        };
        let to = from + ns / all;
        next.insert(parent, to);
        next.insert(stack, from);
        if to - from < THIN {
            continue;
        }
        let (role, strength) = change(*ns, before.get(stack).copied());
        tiles.push(Tile {
            label: stack.last().map_or(ALL, |frame| frame).to_owned(),
            note: note(*ns, ns / all, before.get(stack).copied()),
            row: rows - 1 - stack.len(),
            from,
            to,
            role,
            strength,
        });
    }
    tiles
}

/// How a box is coloured: by how many times as much it costs.
fn change(now: f64, before: Option<f64>) -> (Role, f64) {
    let times = now
        / before
            .unwrap_or(0.0)
            .max(now / MUCH / 2.0)
            .max(f64::MIN_POSITIVE);
    let strength = |times: f64| (libm::log(times) / libm::log(MUCH)).clamp(0.0, 1.0);
    match times {
        t if t >= ALIKE => (Role::Grown, strength(t)),
        t if t <= 1.0 / ALIKE => (Role::Shrunk, strength(1.0 / t)),
        _ => (Role::Alike, 0.0),
    }
}

/// `8.1ms, 74%, 12x`.
fn note(now: f64, share: f64, before: Option<f64>) -> String {
    let mut note = format!("{}, {}", show_nanos(now as u64), show_percent(share));
    match before {
        None => note += ", new",
        Some(before) if now / before >= ALIKE || now / before <= 1.0 / ALIKE => {
            let times = now / before;
            note += &match times >= 10.0 {
                true => format!(", {times:.0}x"),
                false => format!(", {times:.1}x"),
            };
        }
        Some(_) => {}
    }
    note
}

/// What the colours mean, beside the second graph.
fn legend(phase: PhaseName) -> Vec<Series> {
    if phase == PhaseName::Baseline {
        return vec![];
    }
    let name = |label: &str, role| Series {
        label: label.into(),
        role,
        shape: Shape::Bar,
        points: vec![(0.0, Some(0.0))],
    };
    vec![
        name("as before", Role::Alike),
        name("costs a request more", Role::Grown),
        name("less", Role::Shrunk),
    ]
}
