//! The run over time: latency, traffic, failures, the cache, under the same axis, with everything that happened.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::{
    Figure, Panel, Plot, Role, Series, bands, line, marks, subtitle, time_axis, values,
    without_zeros,
};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "timeline",
    title: "What happened, over time",
    figure,
};

/// A failure rate below this does not fill a panel.
const LEAST_SHARE: f64 = 0.01;

fn figure(findings: &Findings) -> Option<Figure> {
    let panel =
        |title: &str, y: Axis, series: Vec<Series>, height| Panel::new(title, y, height, series);
    let of = |label, role, name| line(findings, label, role, name);

    let latency = vec![
        of("p99", Role::P99, "latency.p99"),
        of("p95", Role::P95, "latency.p95"),
        of("p50", Role::P50, "latency.p50"),
    ];
    let traffic = vec![
        of("arrivals", Role::Arrivals, "arrival_rate"),
        of("answers", Role::Answers, "throughput"),
    ];
    let failures = without_zeros(vec![
        of("failed", Role::Errors, "error_rate"),
        of("rejected", Role::Rejects, "reject_rate"),
        of("hung up", Role::HangUps, "hangup_rate"),
    ]);
    let cache = vec![of("hit rate", Role::HitRate, "cache.hit_rate")];

    let mut panels = vec![
        panel(
            "Latency from the intended arrival",
            Axis::log(Reading::Duration, values(&latency)),
            latency,
            230,
        ),
        panel(
            "Requests a second",
            Axis::linear(Reading::Count, values(&traffic), 1.0),
            traffic,
            110,
        ),
        panel(
            "Share of requests not answered",
            Axis::linear(Reading::Percent, values(&failures), LEAST_SHARE),
            failures,
            110,
        ),
    ];
    if cache.iter().any(Series::has_data) {
        panels.push(panel(
            "Cache hit rate",
            Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0),
            cache,
            110,
        ));
    }
    Some(Figure {
        title: PLOT.title.into(),
        subtitle: subtitle(findings),
        panels,
        x: time_axis(findings),
        bands: bands(findings),
        marks: marks(findings, true),
    })
}
