//! Which point of a sweep to take, and why, in words.
//!
//! Not simply the one with the best median: what the seeds cannot tell apart is alike, and of what is alike the smallest
//! change is the best.

use super::{
    goal::Of,
    outcome::Outcome,
    plan::Plan,
    summary::{Point, ends, median},
};
use crate::config::show_percent;

/// The point to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its number.
    pub point: usize,
    /// Whether all gates hold in all of its seeds. Otherwise it is only the nearest to that.
    pub passes: bool,
    /// Why, in words.
    pub reason: String,
}

/// Whether the seeds cannot tell a point from the best one: the same seed is compared with itself, and the interval of the
/// median difference has 0 in it. With fewer than five seeds only what is equal is equal.
fn alike(one: &[f64], best: &[f64]) -> bool {
    let of = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { a - b };
    let differences: Vec<f64> = one.iter().zip(best).map(of).collect();
    match ends(&differences) {
        Some((low, high)) => low <= 0.0 && high >= 0.0,
        None => median(one) == median(best),
    }
}

/// How far a point is from what the file has: for each axis the share of its length.
fn change(plan: &Plan, point: usize) -> f64 {
    let axes = plan.axes.iter().zip(plan.places(point)).zip(&plan.present);
    axes.filter(|((axis, _), _)| axis.is_swept())
        .map(|((axis, place), present)| {
            let Some(present) = present else {
                return 0.0;
            };
            if axis.values[place].is(present) {
                return 0.0;
            }
            let amount = present.amount.as_ref().filter(|a| {
                axis.values[0]
                    .amount
                    .as_ref()
                    .is_some_and(|first| first.unit == a.unit)
            });
            match (axis.amounts(), amount.map(|a| a.value())) {
                (Some(values), Some(now)) => {
                    let ends = values.iter().chain([&now]);
                    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                        (l.min(*v), h.max(*v))
                    });
                    (values[place] - now).abs() / (high - low)
                }
                _ => 1.0,
            }
        })
        .sum()
}

/// The point to take: of those that pass, what the first goal says, then the second, and so on; of what is alike the nearest.
pub(super) fn choose(
    plan: &Plan,
    points: &[Point],
    costs: &[Vec<Vec<f64>>],
    passing: &[usize],
) -> Choice {
    let most = points.iter().map(|p| p.passed).max().unwrap_or(0);
    let passes = !passing.is_empty();
    let mut left: Vec<usize> = if passes {
        passing.to_vec()
    } else {
        (0..points.len())
            .filter(|p| points[*p].passed == most)
            .collect()
    };
    let among = left.len();
    let mut decided: Vec<usize> = vec![];
    for (g, _) in plan.goals.iter().enumerate() {
        if left.len() < 2 {
            break;
        }
        let by = |p: &usize| median(&costs[*p][g]);
        let best = left
            .iter()
            .copied()
            .reduce(|a, b| if by(&b) < by(&a) { b } else { a });
        let Some(best) = best else { break };
        let before = left.len();
        left.retain(|p| alike(&costs[*p][g], &costs[best][g]));
        if left.len() < before {
            decided.push(g);
        }
    }
    let tied = left.len();
    let nearest = left.iter().copied().reduce(|a, b| {
        if change(plan, b) < change(plan, a) {
            b
        } else {
            a
        }
    });
    let point = nearest.unwrap_or(0);
    let said = |g: &usize| {
        let goal = &plan.goals[*g];
        let value = goal.show(points[point].values[*g].median, &plan.axes);
        format!("the {} {} ({value})", goal.best_word(), goal.name)
    };
    let why: Vec<String> = decided.iter().map(said).collect();
    let n = plan.seeds.1;
    let seeds = |k: u64| {
        if n == 1 {
            String::new()
        } else {
            format!(" in {k} of {n} seeds")
        }
    };
    let gates = if plan.gates.is_empty() {
        "no gates"
    } else if plan.gates.len() == 1 {
        "the gate"
    } else {
        "all gates"
    };
    let mut reason = match why.is_empty() {
        false => why.join(", then "),
        true if tied == 1 => String::new(),
        true => format!("{tied} points are alike in everything that is compared"),
    };
    let held = match (passes, among) {
        (true, _) if plan.gates.is_empty() => {
            format!("among {among} points; the file has no gates to pass")
        }
        (true, 1) => format!("the only one that passes {gates}{}", seeds(n)),
        (true, _) => format!("among the {among} points that pass {gates}{}", seeds(n)),
        (false, _) if most == 0 => {
            format!("no point passes {gates} in any run, so nothing here is enough")
        }
        (false, _) => format!(
            "no point passes {gates}{}; this one does{}",
            if n == 1 { "" } else { " in every seed" },
            seeds(most)
        ),
    };
    reason = match (reason.is_empty(), passes) {
        (true, _) => held,
        (false, true) => format!("{reason} {held}"),
        (false, false) if tied > 1 && why.is_empty() => format!("{held}; {reason}"),
        (false, false) if most > 0 => format!("{held}, and has {reason}"),
        (false, false) => format!("{held}; this one has {reason}"),
    };
    if passes && n > 1 && !plan.gates.is_empty() {
        reason += &format!(
            " (in {} of seeds at least, 95% interval)",
            show_percent(points[point].share.0)
        );
    }
    if tied > 1 {
        let known = plan
            .axes
            .iter()
            .zip(&plan.present)
            .any(|(a, p)| a.is_swept() && p.is_some());
        let others = if tied == 2 {
            "one other is".to_string()
        } else {
            format!("{} others are", tied - 1)
        };
        let which = if known {
            "this is nearest to what the file has"
        } else {
            "this is the first of them"
        };
        reason += &format!(
            "; {others} as good as far as {} can tell, and {which}",
            if n == 1 { "one seed" } else { "these seeds" }
        );
    }
    Choice {
        point,
        passes,
        reason,
    }
}

/// What else a reader should know.
pub(super) fn notes(
    plan: &Plan,
    outcomes: &[Outcome],
    points: &[Point],
    costs: &[Vec<Vec<f64>>],
    choice: &Choice,
) -> Vec<String> {
    let mut notes = vec![];
    let seeds = plan.seeds.1 as usize;
    let runs = |point: usize| {
        outcomes[point * seeds..(point + 1) * seeds]
            .iter()
            .map(|o| &o.digest)
    };
    for (i, axis) in plan.axes.iter().enumerate().filter(|(_, a)| a.is_swept()) {
        let same = (0..plan.points()).all(|point| {
            let mut first = plan.places(point);
            first[i] = 0;
            runs(point).eq(runs(plan.point(&first)))
        });
        if same {
            notes.push(format!(
                "{} changes nothing: every run is the same whatever it is. Perhaps the timeline sets it again, or what it belongs to is off.",
                axis.path
            ));
            continue;
        }
        // An end of the grid that is better than its neighbour: the best may lie beyond.
        let places = plan.places(choice.point);
        let neighbour = match places[i] {
            0 => 1,
            last if last + 1 == axis.values.len() => last - 1,
            _ => continue,
        };
        let mut other = places.clone();
        other[i] = neighbour;
        let other = plan.point(&other);
        let of_axis = matches!(plan.goals[0].of, Of::Setting(a) if a == i);
        let better = !alike(&costs[other][0], &costs[choice.point][0])
            || points[other].passed < points[choice.point].passed;
        if axis.amounts().is_some() && better && !of_axis {
            notes.push(format!(
                "{}={} is the end of its range, and better than {}: look beyond it.",
                axis.path, axis.values[places[i]].text, axis.values[neighbour].text
            ));
        }
    }
    if plan.seeds.1 == 1 {
        notes.push(
            "One seed says nothing of chance: --seeds 20 shows how far values spread.".into(),
        );
    } else if plan.seeds.1 < 5 {
        notes.push("Intervals need five seeds or more.".into());
    }
    notes
}
