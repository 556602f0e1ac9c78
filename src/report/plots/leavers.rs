//! What goes on for clients that have left: how much, which share of all work, and where on its way the news is lost.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, varies};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values, without_zeros};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "leavers",
    title: "What goes on for clients that have left",
    figure,
};

fn figure(findings: &Findings) -> Option<Figure> {
    if !any(findings, &["orphan.tasks", "orphan.seconds"]) {
        return None;
    }
    let of = |label, role, name| line(findings, label, role, name);
    let share = |title: &str, least: f64, height, series: Vec<Series>| {
        let y = Axis::linear(Reading::Percent, values(&series), least);
        Panel::new(title, y, height, series)
    };
    let count = |title: &str, height, series: Vec<Series>| {
        let y = Axis::linear(Reading::Count, values(&series), 1.0);
        Panel::new(title, y, height, series)
    };
    let mut panels = vec![
        count(
            "Requests and calls under way that nobody waits for",
            170,
            without_zeros(vec![
                of("orphans", Role::Orphans, "orphan.tasks"),
                of("meant to go on", Role::Meant, "orphan.intended"),
            ]),
        ),
        share(
            "Their share of all work",
            0.02,
            120,
            vec![of("orphans", Role::Orphans, "orphan.share")],
        ),
    ];
    // What falls first is where the news is lost.
    let way = vec![
        of("calls that ended", Role::Kept, "cancels.honour_rate"),
        of("calls told", Role::Tries, "cancels.received_rate"),
        of("handlers told", Role::Heard, "disconnects.heard"),
    ];
    if way.iter().any(Series::has_data) {
        panels.push(share(
            "How far the news gets that a client has left",
            1.0,
            120,
            way,
        ));
    }
    let left = without_zeros(vec![of("hung up", Role::HangUps, "hangup_rate")]);
    panels.push(share(
        "Clients that leave, share of requests",
        0.01,
        90,
        left,
    ));
    let ends = vec![
        of("longest", Role::P99, "cleanup.longest.max"),
        of("mean", Role::P50, "cleanup.time"),
    ];
    if ends.iter().any(Series::has_data) {
        let y = Axis::log(Reading::Duration, values(&ends));
        panels.push(Panel::new(
            "From a client's leaving to the end of the work for it",
            y,
            110,
            ends,
        ));
    }
    let kept = of("entries", Role::Keys, "registry.entries");
    if varies(&kept) {
        panels.push(count(
            "Requests that a replica believes to be under way",
            100,
            vec![kept],
        ));
    }
    over_time(findings, PLOT.title, panels)
}
