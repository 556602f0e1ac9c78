//! A row in words, as a gate or a reviewer quotes it.

use super::{Comparison, Row, rows::SETTINGS, side::Side};
use crate::indicators::{Unit, find};

/// `latency.p95 41ms -> 47ms, +14 % (95 % interval +9 to +20 %), p 0.0003`.
pub fn detail(row: &Row, missing: Option<&str>) -> String {
    let name = match &row.segment {
        Some(segment) => format!("{} of {} {}", row.name, segment.column, segment.value),
        None => row.name.clone(),
    };
    if let Some(missing) = missing {
        return format!("{name}: {missing}");
    }
    let (Some(base), Some(new)) = (row.base, row.new) else {
        return name;
    };
    let chance = row
        .corrected
        .map_or(String::new(), |p| format!(", {}", chance(p)));
    if row.name.ends_with(".distribution") {
        let way = if new < 0.0 { "faster" } else { "slower" };
        return format!(
            "{name} {} of the requests {way} beyond the tolerance{chance}",
            Unit::Fraction.show(new.abs())
        );
    }
    let show = |v: f64| row.unit.show(v.max(0.0));
    let moved = moved(row).map_or(String::new(), |m| format!(", {m}"));
    format!("{name} {} -> {}{moved}{chance}", show(base), show(new))
}

/// How far a row moved, and the 95 % interval of that: `+14 %` and `+9 to +20 %`; in percentage points for shares, in the
/// unit where base is nothing. The interval is empty where nothing was left to chance.
pub fn percent_moved(row: &Row) -> Option<(String, String)> {
    let change = row.change?;
    let base = row.base?;
    let points = row.unit == Unit::Fraction;
    let sign = |v: f64| if v < 0.0 { "-" } else { "+" };
    let unit = match () {
        () if points => " pp",
        () if base > 0.0 => " %",
        () => "",
    };
    let of = |v: f64| match () {
        () if points => trimmed(100.0 * v.abs()),
        () if base > 0.0 => trimmed(100.0 * v.abs() / base),
        () => row.unit.show(v.abs()),
    };
    // Beyond ten times nobody reads percent.
    if !points && base > 0.0 && change.by > 9.0 * base {
        let times = |v: f64| format!("{}x", trimmed((base + v).max(0.0) / base));
        let interval = if change.low == change.high {
            String::new()
        } else {
            format!("{} to {}", times(change.low), times(change.high))
        };
        return Some((times(change.by), interval));
    }
    let one = |v: f64| format!("{}{}", sign(v), of(v));
    let interval = if change.low == change.high {
        String::new()
    } else {
        format!("{} to {}{unit}", one(change.low), one(change.high))
    };
    Some((format!("{}{unit}", one(change.by)), interval))
}

/// `+14 % (95 % interval +9 to +20 %)`.
fn moved(row: &Row) -> Option<String> {
    let (by, interval) = percent_moved(row)?;
    Some(if interval.is_empty() {
        by
    } else {
        format!("{by} (95 % interval {interval})")
    })
}

/// Two significant digits, or whole: `0.034`, `1.4`, `14`.
fn trimmed(value: f64) -> String {
    let text = match value {
        v if v >= 9.95 || v == 0.0 => return format!("{v:.0}"),
        v if v >= 0.995 => format!("{v:.1}"),
        v if v >= 0.0995 => format!("{v:.2}"),
        v if v >= 0.00995 => format!("{v:.3}"),
        v => format!("{v:.4}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// `p 0.0003`, `p < 0.0001`.
pub fn chance(p: f64) -> String {
    match p {
        p if p < 1e-4 => "p < 0.0001".into(),
        p if p < 0.001 => format!("p {p:.4}"),
        p if p < 0.01 => format!("p {p:.3}"),
        p => format!("p {p:.2}"),
    }
}

/// What a reader must bear in mind.
pub fn notes(sides: &[Side; 2], comparison: &mut Comparison) {
    let (base, new) = (&comparison.base, &comparison.new);
    let limit = 1.0 + 2.0 * comparison.tolerance.relative;
    let ratio = new.arrivals / base.arrivals.max(f64::MIN_POSITIVE);
    let mut notes = vec![];
    if ratio > limit || ratio < 1.0 / limit {
        notes.push(format!(
            "the traffic is not the same: {} -> {} requests a second; what follows may be its effect",
            trimmed(base.arrivals),
            trimmed(new.arrivals)
        ));
    }
    for indicator in SETTINGS.iter().filter_map(|name| find(name)) {
        let [Some(a), Some(b)] = [&sides[0], &sides[1]].map(|side| {
            let all = 0..side.watch.windows.len();
            side.watch.measure(&indicator.measure, all)
        }) else {
            continue;
        };
        if a != b {
            let show = |v| indicator.unit.show(v);
            notes.push(format!(
                "{} is set to {} -> {}",
                indicator.name,
                show(a),
                show(b)
            ));
        }
    }
    let only = |a: &Side, b: &Side| -> Vec<&'static str> {
        use crate::recording::{RequestRow, Row as _};
        let columns = a.recording.requests.recorded();
        let only = columns.filter(|&c| !b.recording.requests.has(c));
        only.map(|c| RequestRow::COLUMNS[c].name).collect()
    };
    for (a, b, name) in [(0, 1, "the new recording"), (1, 0, "the base")] {
        let lacking = only(&sides[a], &sides[b]);
        if !lacking.is_empty() {
            notes.push(format!(
                "{name} lacks columns that the other has: {}; what is made of them is not compared",
                lacking.join(", ")
            ));
        }
    }
    let short = |row: &&Row| row.detail.contains("too short");
    let short = comparison.rows.iter().filter(short).count();
    if 4 * short > comparison.rows.len() {
        notes.push(
            "much of it is too short to tell a change from what drifts: compare longer recordings, or leave out the stretch \
             that warms up"
                .into(),
        );
    }
    comparison.notes.splice(0..0, notes);
}
