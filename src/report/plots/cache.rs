//! The cache over time: what it answered, why it missed, and how many keys there are for how much content. The picture
//! for the families of causes that sit in keys, lifetimes and capacity.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::{
    Figure, Panel, Plot, Role, Series, Shape, bands, in_whole_windows, line, marks, subtitle,
    time_axis, values, without_zeros,
};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "cache",
    title: "What the cache did",
    figure,
};

fn figure(findings: &Findings) -> Option<Figure> {
    let panel =
        |title: &str, y: Axis, series: Vec<Series>, height| Panel::new(title, y, height, series);
    let of = |label, role, name| line(findings, label, role, name);
    let hits = without_zeros(vec![
        of("hit rate", Role::HitRate, "cache.hit_rate"),
        of(
            "answered by another request under way",
            Role::FlightShare,
            "flight.share",
        ),
    ]);
    if !hits[0].has_data() {
        return None;
    }
    let stacked = |label, role, name| Series {
        shape: Shape::Stack,
        ..of(label, role, name)
    };
    let misses = vec![
        stacked("never seen", Role::NeverSeen, "cache.miss_rate.never_seen"),
        stacked("expired", Role::Expired, "cache.miss_rate.expired"),
        stacked("evicted", Role::Evicted, "cache.miss_rate.evicted"),
    ];
    let top = |series: &[Series]| -> Vec<f64> {
        let windows = series.iter().map(|s| s.points.len()).max().unwrap_or(0);
        let sum = |i: usize| {
            series
                .iter()
                .filter_map(|s| s.points.get(i).and_then(|p| p.1))
                .sum()
        };
        (0..windows).map(sum).collect()
    };
    let misses_axis = Axis::linear(Reading::Percent, top(&misses).into_iter(), 0.01);
    let whole = |label, role, name| in_whole_windows(findings, of(label, role, name));
    let keys = vec![
        whole("distinct keys", Role::Keys, "key.cardinality"),
        whole("distinct contents", Role::Contents, "content.cardinality"),
    ];
    let per_content = vec![whole(
        "keys per content",
        Role::KeysPerContent,
        "key.per_content",
    )];
    let mut panels = vec![
        panel(
            "Hit rate",
            Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0),
            hits,
            140,
        ),
        panel(
            "Misses by reason, share of look-ups",
            misses_axis,
            misses,
            140,
        ),
    ];
    if keys.iter().any(Series::has_data) {
        let axis = Axis::linear(Reading::Count, values(&keys), 1.0);
        panels.push(panel(
            &format!("Keys and contents in a window of {}", width(findings)),
            axis,
            keys,
            130,
        ));
        let axis = Axis::linear(Reading::Plain, values(&per_content), 2.0);
        panels.push(panel(
            "Keys for each content in a window",
            axis,
            per_content,
            100,
        ));
    }
    Some(Figure {
        title: PLOT.title.into(),
        subtitle: subtitle(findings),
        panels,
        x: time_axis(findings),
        bands: bands(findings),
        marks: marks(findings, false),
    })
}

fn width(findings: &Findings) -> String {
    crate::config::show_nanos(findings.watch.windows.width)
}
