//! The comparison for a terminal of a hundred columns: the verdict, what is worse, what is better, what is not clear, the
//! rest by name; and of pairs where the difference lies and which requests changed most.

use super::{Compared, Outcome};
use crate::{
    compare::{Changed, Comparison, Moved, Paired, Row, Verdict, percent_moved},
    config::{show_nanos, show_percent},
    report::{
        text::{Grid, Ink, Paint, wrap},
        words::{clock, thousands},
    },
};

/// Rows of a verdict that are shown; the rest is counted.
const SHOWN: usize = 25;

/// The whole comparison. `styled` uses colour.
pub fn render(compared: &Compared, styled: bool) -> String {
    let paint = Paint { styled };
    let comparison = compared.comparison();
    let mut lines = heading(compared, paint);
    for (verdict, title, mark, ink) in [
        (Verdict::Worse, "Worse", "✗", Ink::Bad),
        (Verdict::Better, "Better", "✓", Ink::Good),
        (
            Verdict::Unclear,
            "Unclear: chance may have done it, or may hide it",
            "?",
            Ink::Doubt,
        ),
    ] {
        lines.extend(table(comparison, verdict, title, mark, ink, paint));
    }
    if let Outcome::Paired(paired) = &compared.outcome {
        lines.extend(pairs(paired, paint));
    }
    lines.extend(names(
        comparison,
        Verdict::Same,
        "Same within the tolerance",
        paint,
    ));
    lines.extend(names(comparison, Verdict::TooFew, "Too few to say", paint));
    lines.join("\n") + "\n"
}

fn heading(compared: &Compared, paint: Paint) -> Vec<String> {
    let comparison = compared.comparison();
    let title = format!("{} -> {}", compared.base, compared.new);
    let mut lines: Vec<String> = wrap("", &title)
        .iter()
        .map(|l| paint.ink(Ink::Head, l))
        .collect();
    let whole = |w: &crate::compare::Whole| {
        format!(
            "{} requests in {}, {} answers a second",
            thousands(w.requests),
            show_nanos((w.seconds * 1e9).round() as u64),
            crate::indicators::Unit::Ratio.show(w.answers)
        )
    };
    let (base, new) = (whole(&comparison.base), whole(&comparison.new));
    let traffic = if base == new {
        base
    } else {
        format!("{base} -> {new}")
    };
    lines.extend(wrap("", &traffic).iter().map(|l| paint.ink(Ink::Dim, l)));
    let tolerance = &comparison.tolerance;
    let limit = format!(
        "{} and {} (of shares, {} of the side that hurts)",
        show_percent(tolerance.relative),
        show_nanos(tolerance.absolute.round() as u64),
        show_percent(tolerance.relative)
    );
    let how = match &compared.outcome {
        Outcome::Paired(paired) => format!(
            "paired: {} of first tries are the same requests; numbers are exact, and a change counts beyond {limit}",
            show_percent(paired.matched.share)
        ),
        Outcome::Unpaired(_, why) => format!(
            "unpaired{}: a change counts beyond chance (p at most {} over all rows together) and beyond {limit}",
            why.map_or(String::new(), |why| format!(" ({why})")),
            comparison.alpha
        ),
    };
    lines.extend(wrap("", &how).iter().map(|l| paint.ink(Ink::Dim, l)));
    for note in &comparison.notes {
        lines.extend(wrap("! ", note).iter().map(|l| paint.ink(Ink::Doubt, l)));
    }
    let count = |v| comparison.with(v).count();
    let ink = match () {
        () if count(Verdict::Worse) > 0 => Ink::Bad,
        () if count(Verdict::Better) > 0 => Ink::Good,
        () => Ink::Doubt,
    };
    lines.push(String::new());
    lines.push(format!(
        "{}  {} worse, {} better, {} unclear, {} the same, {} with too few requests",
        paint.ink(ink, &format!("Verdict: {}", compared.verdict())),
        count(Verdict::Worse),
        count(Verdict::Better),
        count(Verdict::Unclear),
        count(Verdict::Same),
        count(Verdict::TooFew)
    ));
    lines
}

/// A row's name, with the part of the traffic that it is about.
fn name(row: &Row) -> String {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    match &row.segment {
        Some(segment) => format!(
            "{} ({} {})",
            row.name,
            segment.column,
            plain(&segment.value)
        ),
        None => row.name.clone(),
    }
}

fn table(
    comparison: &Comparison,
    verdict: Verdict,
    title: &str,
    mark: &str,
    ink: Ink,
    paint: Paint,
) -> Vec<String> {
    let rows: Vec<&Row> = comparison.with(verdict).collect();
    if rows.is_empty() {
        return vec![];
    }
    let mut lines = vec![String::new(), paint.ink(Ink::Head, title)];
    let mut grid = Grid::default();
    let dim = |text: &str| (text.to_string(), Ink::Dim);
    let chance = comparison.alpha > 0.0;
    let mut head = vec![dim(""), dim("base"), dim("new"), dim("change")];
    if chance {
        head.extend([dim("95 % interval"), dim("p")]);
    }
    grid.row(head);
    for row in rows.iter().take(SHOWN) {
        let plain = |text: String| (text, Ink::Plain);
        let mut cells = vec![(format!("{mark} {}", name(row)), ink)];
        if row.name.ends_with(".distribution") {
            let by = row.new.unwrap_or(0.0);
            let way = if by < 0.0 { "faster" } else { "slower" };
            cells.extend([
                plain(String::new()),
                plain(String::new()),
                plain(format!("{} {way}", show_percent(by.abs()))),
                plain(String::new()),
            ]);
        } else {
            let show = |v: Option<f64>| v.map_or(String::new(), |v| row.unit.show(v.max(0.0)));
            let (by, interval) = percent_moved(row).unwrap_or_default();
            cells.extend([
                plain(show(row.base)),
                plain(show(row.new)),
                plain(by),
                plain(interval),
            ]);
        }
        if chance {
            let p = row
                .corrected
                .map_or(String::new(), crate::compare::show_chance);
            cells.push(plain(p.trim_start_matches("p ").to_string()));
        } else {
            cells.pop();
        }
        grid.row(cells);
    }
    lines.extend(grid.lines(paint));
    if rows.len() > SHOWN {
        lines.push(format!("  and {} more", rows.len() - SHOWN));
    }
    lines
}

/// Names of the rows of a verdict, for those that nobody needs to look at one by one.
fn names(comparison: &Comparison, verdict: Verdict, title: &str, paint: Paint) -> Vec<String> {
    let whole = comparison.with(verdict).filter(|r| r.segment.is_none());
    let mut all: Vec<String> = whole.map(|r| r.name.clone()).collect();
    let parts = comparison
        .with(verdict)
        .filter(|r| r.segment.is_some())
        .count();
    if parts > 0 {
        all.push(format!("{parts} rows of parts of the traffic"));
    }
    if all.is_empty() {
        return vec![];
    }
    let mut lines = vec![String::new(), paint.ink(Ink::Head, title)];
    lines.extend(wrap("  ", &all.join(", ")));
    if verdict == Verdict::TooFew {
        let short = |row: &&Row| row.detail.contains("too short");
        let mut rows = comparison.with(verdict);
        let first = [rows.clone().find(short), rows.find(|row| !short(row))];
        for row in first.into_iter().flatten() {
            lines.extend(wrap("  such as ", &row.detail));
        }
    }
    lines
}

fn signed(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "+" };
    format!("{sign}{}", show_nanos(ns.unsigned_abs()))
}

/// What each request's difference with itself comes to.
fn pairs(paired: &Paired, paint: Paint) -> Vec<String> {
    let mut lines = vec![String::new(), paint.ink(Ink::Head, "Request by request")];
    let matched = &paired.matched;
    let n = matched.both;
    let share = |k: u64| show_percent(k as f64 / n.max(1) as f64);
    lines.extend(wrap(
        "  ",
        &format!(
            "{} pairs: {} slower ({} beyond the tolerance), {} faster ({}), {} as long as before; {} in the mean",
            thousands(n),
            share(paired.slower),
            share(paired.slower_beyond),
            share(paired.faster),
            share(paired.faster_beyond),
            share(paired.equal),
            signed(paired.mean.round() as i64)
        ),
    ));
    if matched.only_base + matched.only_new + matched.different > 0 {
        lines.extend(wrap(
            "  ",
            &format!(
                "without a partner: {} tries of the base alone, {} of the new one alone, {} that are different requests",
                thousands(matched.only_base),
                thousands(matched.only_new),
                thousands(matched.different)
            ),
        ));
    }
    if paired.equal == n && paired.outcomes.is_empty() {
        return lines;
    }
    let mut grid = Grid::default();
    let dim = |text: String| (text, Ink::Dim);
    let heads = paired
        .quantiles
        .iter()
        .map(|(q, _)| dim(format!("p{}", trim(100.0 * q))));
    grid.row(std::iter::once(dim(String::new())).chain(heads));
    let values = paired
        .quantiles
        .iter()
        .map(|(_, ns)| (signed(*ns), Ink::Plain));
    grid.row(std::iter::once(("difference".into(), Ink::Plain)).chain(values));
    lines.extend(grid.lines(paint));
    if !paired.stages.is_empty() {
        let one = |(stage, ns): &(&str, f64)| format!("{stage} {}", signed(ns.round() as i64));
        let stages: Vec<String> = paired.stages.iter().map(one).collect();
        lines.extend(wrap("  lies in     ", &stages.join("  ")));
    }
    if !paired.outcomes.is_empty() {
        let one = |(from, to, n): &(&str, &str, u64)| format!("{from} -> {to} {}", thousands(*n));
        let outcomes: Vec<String> = paired.outcomes.iter().map(one).collect();
        lines.extend(wrap("  ended       ", &outcomes.join("  ")));
    }
    lines.extend(parts(&paired.segments, paint));
    lines.extend(most(&paired.most, paint));
    lines
}

fn trim(value: f64) -> String {
    let text = format!("{value:.1}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn parts(segments: &[Moved], paint: Paint) -> Vec<String> {
    if segments.is_empty() {
        return vec![];
    }
    let mut grid = Grid::default();
    let dim = |text: &str| (text.to_string(), Ink::Dim);
    grid.row(["", "requests", "in the mean", "ended otherwise"].map(dim));
    for moved in segments {
        let plain = |text: String| (text, Ink::Plain);
        let value: String = moved
            .segment
            .value
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        grid.row([
            plain(format!("{} {value}", moved.segment.column)),
            plain(thousands(moved.requests)),
            plain(signed(moved.mean.round() as i64)),
            plain(thousands(moved.ended_otherwise)),
        ]);
    }
    let mut lines = vec![String::new(), paint.ink(Ink::Head, "Who changed most")];
    lines.extend(grid.lines(paint));
    lines
}

fn most(changed: &[Changed], paint: Paint) -> Vec<String> {
    if changed.is_empty() {
        return vec![];
    }
    let mut grid = Grid::default();
    let dim = |text: &str| (text.to_string(), Ink::Dim);
    grid.row(["request", "sent", "base", "new", "ended", "mostly in"].map(dim));
    for one in changed {
        let plain = |text: String| (text, Ink::Plain);
        let ended = if one.base_outcome == one.new_outcome {
            one.new_outcome.to_string()
        } else {
            format!("{} -> {}", one.base_outcome, one.new_outcome)
        };
        let stage = one.stages.iter().max_by_key(|(_, d)| d.unsigned_abs());
        let stage = stage.map_or(String::new(), |(s, d)| format!("{s} {}", signed(*d)));
        let tries = if one.tries > 1 {
            format!(" (try {})", one.tries)
        } else {
            String::new()
        };
        grid.row([
            plain(format!("{}{tries}", one.op)),
            plain(clock(one.arrived)),
            plain(show_nanos(one.base)),
            plain(show_nanos(one.new)),
            plain(ended),
            plain(stage),
        ]);
    }
    let mut lines = vec![
        String::new(),
        paint.ink(Ink::Head, "Requests that changed most"),
    ];
    lines.extend(grid.lines(paint));
    lines
}
