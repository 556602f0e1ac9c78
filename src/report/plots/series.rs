//! Series from findings: an indicator over the windows, the readings of one gauge, and what is said with several of them.

use super::super::Findings;
use super::figure::{Panel, Series, Shape};
use super::style::Role;
use super::{Figure, bands, marks, subtitle, time_axis};
use crate::indicators::GaugeStat;

/// Stretches that a run is cut into at most where peaks are shown.
const STRETCHES: usize = 120;

/// Panels over the time of the run, with its phases and everything that happened. `None` when there is nothing in them.
pub fn over_time(findings: &Findings, title: &str, panels: Vec<Panel>) -> Option<Figure> {
    let mut panels = panels;
    for series in panels.iter_mut().flat_map(|p| &mut p.series) {
        bridge(findings, series);
    }
    panels.iter().any(Panel::has_data).then(|| Figure {
        title: title.into(),
        subtitle: subtitle(findings),
        panels,
        x: time_axis(findings),
        bands: bands(findings),
        marks: marks(findings, true),
    })
}

/// An indicator's course: the middle of each window, and its value.
pub fn course(findings: &Findings, name: &str) -> Vec<(f64, Option<f64>)> {
    at_windows(findings, &findings.series(name))
}

/// Values at the middles of their windows.
pub fn at_windows(findings: &Findings, values: &[Option<f64>]) -> Vec<(f64, Option<f64>)> {
    let middles = findings
        .watch
        .windows
        .edges
        .windows(2)
        .map(|e| (e[0] as f64 + e[1] as f64) / 2.0);
    middles.zip(values.iter().copied()).collect()
}

/// The same without windows that were cut short: what counts different things says less there, for no other reason.
pub fn in_whole_windows(findings: &Findings, mut series: Series) -> Series {
    for (i, point) in series.points.iter_mut().enumerate() {
        if !findings.watch.windows.is_whole(i) {
            point.1 = None;
        }
    }
    series
}

/// A line over time.
pub fn line(findings: &Findings, label: &str, role: Role, indicator: &str) -> Series {
    Series {
        label: label.to_owned(),
        role,
        shape: Shape::Line,
        points: course(findings, indicator),
    }
}

/// Without the series that are zero wherever they have data, but for the first: nothing to see, a name less to read.
pub fn without_zeros(series: Vec<Series>) -> Vec<Series> {
    let something = |(i, s): &(usize, Series)| {
        *i == 0 || s.points.iter().any(|(_, y)| y.is_some_and(|y| y != 0.0))
    };
    series
        .into_iter()
        .enumerate()
        .filter(something)
        .map(|(_, s)| s)
        .collect()
}

/// All values of some series.
pub fn values(series: &[Series]) -> impl Iterator<Item = f64> + '_ {
    series
        .iter()
        .flat_map(|s| s.points.iter().filter_map(|(_, y)| *y))
}

/// A window that was cut short may hold no reading, which is no gap: a line goes on to the next, an area stays as it was.
fn bridge(findings: &Findings, series: &mut Series) {
    let windows = &findings.watch.windows;
    if series.points.len() != windows.len() {
        return; // of windows of its own
    }
    let mut before = None;
    for (i, point) in series.points.iter_mut().enumerate() {
        if point.1.is_none() && !windows.is_whole(i) {
            point.1 = before;
        }
        before = point.1;
    }
}

/// Areas on top of one another.
pub fn stacked(series: Vec<Series>) -> Vec<Series> {
    let stack = |s: Series| Series {
        shape: Shape::Stack,
        ..s
    };
    series.into_iter().map(stack).collect()
}

/// The sums of series at each place: how high a stack of them is.
pub fn heights(series: &[Series]) -> impl Iterator<Item = f64> + '_ {
    let places = series.iter().map(|s| s.points.len()).max().unwrap_or(0);
    let at = |i: usize| series.iter().filter_map(move |s| s.points.get(i)?.1);
    (0..places).map(move |i| at(i).sum())
}

/// The largest value of a series of the catalogue; `None` without data.
pub fn most(findings: &Findings, name: &str) -> Option<f64> {
    let values = findings.series(name).into_iter().flatten();
    values.max_by(f64::total_cmp)
}

/// Whether an indicator is more than so many times what it was in the first phase, in another, and above `least`.
pub fn grew(findings: &Findings, name: &str, times: f64, least: f64) -> bool {
    let phases = findings.phases();
    let Some((first, others)) = phases.split_first() else {
        return false;
    };
    let base = findings.value(name, first).unwrap_or(0.0);
    let worse = |value: f64| value > base * times && value > least;
    let mut others = others.iter();
    others.any(|phase| findings.value(name, phase).is_some_and(worse))
}

/// Whether any of these indicators is above nothing in any window.
pub fn any(findings: &Findings, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| most(findings, name).is_some_and(|v| v > 0.0))
}

/// Whether a series is not the same throughout.
pub fn varies(series: &Series) -> bool {
    let mut values = series.points.iter().filter_map(|(_, y)| *y);
    let first = values.next();
    values.any(|v| Some(v) != first)
}

/// What the gauges of a kind belong to: `bulk` and `chat` of `queue.class_depth.bulk` and `queue.class_depth.chat`; those with the
/// largest readings first, at most so many.
pub fn members(findings: &Findings, kind: &str, most: usize) -> Vec<String> {
    let watch = findings.watch;
    let names = watch.gauges().filter_map(|gauge| {
        let member = gauge.strip_prefix(kind)?.strip_prefix('.')?;
        let peak = watch.gauge(gauge, GaugeStat::Max, 0..watch.windows.len())?;
        Some((member.to_owned(), peak))
    });
    let mut names: Vec<(String, f64)> = names.collect();
    names.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
    names.truncate(most);
    names.into_iter().map(|(name, _)| name).collect()
}

/// The mean readings of one gauge over the windows.
pub fn gauge(findings: &Findings, label: &str, role: Role, name: &str) -> Series {
    let watch = findings.watch;
    let mean = |i| watch.gauge(name, GaugeStat::Mean, i..i + 1);
    let values: Vec<_> = (0..watch.windows.len()).map(mean).collect();
    Series {
        label: label.to_owned(),
        role,
        shape: Shape::Line,
        points: at_windows(findings, &values),
    }
}

/// The largest readings of one gauge over stretches of several windows, so that what comes and goes can be seen.
pub fn peaks(findings: &Findings, label: &str, role: Role, name: &str) -> Series {
    let windows = &findings.watch.windows;
    let step = windows.len().div_ceil(STRETCHES).max(1);
    let stretches = (0..windows.len()).step_by(step);
    let point = |from: usize| {
        let range = from..(from + step).min(windows.len());
        let (start, end) = windows.span(&range);
        let peak = findings.watch.gauge(name, GaugeStat::Max, range);
        ((start as f64 + end as f64) / 2.0, peak)
    };
    Series {
        label: label.to_owned(),
        role,
        shape: Shape::Line,
        points: stretches.map(point).collect(),
    }
}

/// The sum of all readings of a gauge up to each window: for what was counted since it was last read.
pub fn so_far(findings: &Findings, label: &str, role: Role, name: &str) -> Series {
    let mut sum = None;
    let windows = 0..findings.watch.windows.len();
    let values: Vec<_> = windows
        .map(|i| {
            let (more, readings) = findings.watch.sum_of_gauge(name, i..i + 1);
            if readings > 0 {
                sum = Some(sum.unwrap_or(0.0) + more);
            }
            sum
        })
        .collect();
    Series {
        label: label.to_owned(),
        role,
        shape: Shape::Line,
        points: at_windows(findings, &values),
    }
}
