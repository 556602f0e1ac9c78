//! A sweep for the terminal: what to set, why, and the points that are worth a choice beside it.

use super::short_names;
use crate::{
    experiments::sweep::{Axis, Goal, Interval, Of, Plan, Summary},
    report::{
        text::{Grid, Ink, Paint, wrap},
        words::thousands,
    },
};

/// Rows of the table at most; the rest is in `results.csv`.
const MOST_ROWS: usize = 20;
/// Goals with a column of their own.
const MOST_GOALS: usize = 3;
/// Letters of a column's heading.
const HEADING: usize = 26;

/// The whole report. `styled` uses colour.
pub fn render(summary: &Summary, styled: bool) -> String {
    let paint = Paint { styled };
    let plan = &summary.plan;
    let mut lines: Vec<String> = wrap("", &plan.title)
        .iter()
        .map(|l| paint.ink(Ink::Head, l))
        .collect();
    let (first, n) = plan.seeds;
    let seeds = match n {
        1 => format!("seed {first}"),
        _ => format!("{n} seeds from {first}"),
    };
    let runs = if plan.runs() == 1 { "run" } else { "runs" };
    let about = format!(
        "{} · sweep · {} points, {seeds}: {} {runs} · plan {}",
        plan.incident,
        thousands(plan.points() as u64),
        thousands(plan.runs()),
        plan.digest()
    );
    lines.extend(wrap("", &about).iter().map(|l| paint.ink(Ink::Dim, l)));
    lines.push(String::new());
    let (word, ink) = match summary.choice.passes {
        true => ("set", Ink::Good),
        false => ("nearest", Ink::Bad),
    };
    let label = format!("{word:<9} ");
    let named = wrap(&label, &plan.name(summary.choice.point));
    lines.extend(named.iter().map(|l| paint.ink(ink, l)));
    lines.extend(wrap("because   ", &sentence(&summary.choice.reason)));
    if let Some(now) = plan.present_point() {
        let now = wrap("now       ", &plan.name(now));
        lines.extend(now);
    }
    lines.extend(
        summary
            .notes
            .iter()
            .flat_map(|note| wrap("note      ", note)),
    );
    lines.push(String::new());
    lines.extend(table(summary, paint));
    lines.join("\n") + "\n"
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

/// The points worth a choice, with the chosen one and the one of now.
fn table(summary: &Summary, paint: Paint) -> Vec<String> {
    let plan = &summary.plan;
    let (now, chosen) = (plan.present_point(), summary.choice.point);
    let front = summary.points.iter().filter(|p| p.front).count();
    let mut shown: Vec<usize> = vec![chosen];
    shown.extend(now);
    shown.extend(summary.points.iter().filter(|p| p.front).map(|p| p.point));
    // Each once; the order is kept, so that what is left out is of the front.
    let mut seen = vec![];
    shown.retain(|p| {
        !seen.contains(p) && {
            seen.push(*p);
            true
        }
    });
    let left_out = shown.len().saturating_sub(MOST_ROWS);
    shown.truncate(MOST_ROWS);
    shown.sort_unstable();
    let swept: Vec<&Axis> = plan.axes.iter().filter(|a| a.is_swept()).collect();
    // What a setting costs has its column already.
    let goals = plan.goals.iter().enumerate();
    let goals: Vec<(usize, &Goal)> = goals
        .filter(|(_, g)| matches!(g.of, Of::Quantity(_)))
        .take(MOST_GOALS)
        .collect();
    let mut grid = Grid::default();
    let dim = |text: String| (text, Ink::Dim);
    let heads = std::iter::once(dim(String::new()))
        .chain(short_names(&swept).into_iter().map(dim))
        .chain([dim("gates hold".into())])
        .chain(goals.iter().map(|(_, g)| dim(cut(&g.name))));
    grid.row(heads);
    for point in &shown {
        let at = &summary.points[*point];
        let place = plan.places(*point);
        let mark = match (*point == chosen, Some(*point) == now) {
            (true, true) => "> now",
            (true, false) => ">",
            (false, true) => "  now",
            (false, false) if at.front => "  front",
            _ => "",
        };
        let settings = plan.axes.iter().zip(&place).filter(|(a, _)| a.is_swept());
        let good = if at.passed == plan.seeds.1 {
            Ink::Good
        } else {
            Ink::Bad
        };
        let line = if *point == chosen {
            Ink::Head
        } else {
            Ink::Plain
        };
        let cells = std::iter::once((mark.to_string(), line))
            .chain(settings.map(|(a, p)| (cut(&a.values[*p].text), line)))
            .chain([(format!("{}/{}", at.passed, plan.seeds.1), good)])
            .chain(
                goals
                    .iter()
                    .map(|(i, g)| (value(plan, g, &at.values[*i]), line)),
            );
        grid.row(cells);
    }
    let mut lines = grid.lines(paint);
    lines.push(String::new());
    let goals = plan.goals.iter().map(|g| {
        format!(
            "{} ({} is better)",
            g.name,
            if g.lower { "lower" } else { "higher" }
        )
    });
    let goals: Vec<String> = goals.collect();
    let among = match summary.choice.passes {
        true => "of those whose gates hold in every seed",
        false => "of all, where how often gates hold counts as well",
    };
    let mut legend = format!(
        "front: the {front} to which no other one is preferable in everything, {among}. Compared by {}.",
        goals.join(", ")
    );
    if plan.seeds.1 > 1 {
        legend +=
            " Values are medians over seeds, in brackets the 90% interval of order statistics.";
    }
    if left_out > 0 {
        legend += &format!(" {left_out} more of the front are in results.csv.");
    }
    lines.extend(wrap("  ", &legend).iter().map(|l| paint.ink(Ink::Dim, l)));
    lines
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    if shown.chars().count() <= HEADING {
        return shown;
    }
    let kept: String = shown.chars().take(HEADING - 1).collect();
    format!("{}…", kept.trim_end())
}

fn value(plan: &Plan, goal: &Goal, v: &Interval) -> String {
    let show = |v| goal.show(v, &plan.axes);
    match (v.low, v.high) {
        (None, None) => show(v.median),
        (low, high) if low == high => show(v.median),
        (low, high) => format!("{} [{}, {}]", show(v.median), show(low), show(high)),
    }
}
