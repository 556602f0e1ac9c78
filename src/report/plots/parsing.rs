//! Payloads that could not be read, by what is wrong with them, by who sent them and which parser read them, and what was
//! read all the same.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, heights, stacked};
use super::split::{Split, in_all};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values};
use crate::indicators::{Parts, Watch};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "parsing",
    title: "What could not be read",
    figure,
};

/// Faults of payloads: name, indicator.
const FAULTS: &[(&str, &str)] = &[
    ("missing field", "parse.missing_field_rate"),
    ("wrong type", "parse.wrong_type_rate"),
    ("unknown value", "parse.unknown_value_rate"),
    ("truncated", "parse.truncated_rate"),
    ("wrapped", "parse.wrapped_rate"),
    ("not the format", "parse.syntax_rate"),
    ("unknown field", "parse.unknown_field_rate"),
    ("too large", "parse.too_large_rate"),
    ("wrong format", "parse.wrong_format_rate"),
];

/// How payloads with a fault were read all the same.
const MENDED: &[(&str, Role, &str)] = &[
    ("after a repair", Role::Mended, "parse.repair_rate"),
    ("by a mapping", Role::Waiting, "parse.adapt_rate"),
    (
        "by the parser of before",
        Role::Unpublished,
        "parse.fallback_rate",
    ),
];

/// Columns that say who sent a payload, or what read it.
const BY: &[(&str, &str, &str)] = &[
    ("client", "Faults by version of the client", ""),
    ("parser_version", "Faults by version of the parser", "v"),
];

fn figure(findings: &Findings) -> Option<Figure> {
    let faults = FAULTS
        .iter()
        .enumerate()
        .filter(|(_, (_, name))| any(findings, &[name]));
    let faults = faults.map(|(kind, (label, name))| line(findings, label, Role::Nth(kind), name));
    let faults = stacked(faults.collect());
    let mended = MENDED.iter().filter(|(.., name)| any(findings, &[name]));
    let mended = mended.map(|(label, role, name)| line(findings, label, *role, name));
    let mended = stacked(mended.collect());
    if faults.is_empty() && mended.is_empty() {
        return None;
    }
    let areas = |title: &str, height, series: Vec<Series>| {
        let y = Axis::linear(Reading::Percent, heights(&series), 0.01);
        Panel::new(title, y, height, series)
    };
    let mut panels = vec![];
    if !faults.is_empty() {
        panels.push(areas(
            "Payloads with a fault, share of requests",
            190,
            faults,
        ));
        panels.extend(BY.iter().filter_map(|(by, title, prefix)| {
            let series = by_part(findings, by, prefix)?;
            let y = Axis::linear(Reading::Percent, values(&series), 0.01);
            Some(Panel::new(*title, y, 120, series))
        }));
    }
    if !mended.is_empty() {
        panels.push(areas("Read all the same, share of requests", 120, mended));
    }
    over_time(findings, PLOT.title, panels)
}

/// The parts with most faults; `None` when there is one part alone.
fn by_part(findings: &Findings, by: &'static str, prefix: &str) -> Option<Vec<Series>> {
    let split = Split::of(findings, by, Parts::NONE)?;
    if split.heaviest(|watch| in_all(watch, "requests")).len() < 2 {
        return None;
    }
    let faults = |watch: &Watch| in_all(watch, "parse.error_rate") * in_all(watch, "requests");
    let mut parts = split.heaviest(faults);
    for (name, _) in &mut parts {
        name.insert_str(0, prefix);
    }
    (!parts.is_empty()).then(|| split.lines(&parts, "parse.error_rate"))
}
