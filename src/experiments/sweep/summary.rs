//! What a sweep says: each point over its seeds, which points are worth a choice, and which one to take.
//!
//! A point's value is its median over the seeds, with the interval of order statistics that covers the median with 90% or more
//! (binomial, without any assumption about the distribution; five seeds at least). A run without data counts as worse than any.
//! The share of seeds in which all gates hold has Wilson's 95% interval.

use super::{goal::Goal, outcome::Outcome, plan::Plan};
use crate::{
    config::show_percent,
    experiments::recurrence::{Z95, wilson},
};

/// A median over seeds with its interval; `None` where the run of that rank has no data, or seeds are too few.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The median.
    pub median: Option<f64>,
    /// Lower end, 90%.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// A point of the grid over its seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its number in the plan.
    pub point: usize,
    /// Of each goal.
    pub values: Vec<Interval>,
    /// In how many seeds all gates hold.
    pub passed: u64,
    /// Wilson's 95% interval of that share.
    pub share: (f64, f64),
    /// Whether no point is at least as good in everything and better in something.
    pub front: bool,
}

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

/// All that is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Of which plan.
    pub plan: Plan,
    /// In the order of the plan.
    pub points: Vec<Point>,
    /// What to take.
    pub choice: Choice,
    /// What else a reader should know.
    pub notes: Vec<String>,
}

/// Takes the runs of a plan together; all of them, in order.
pub fn summarise(plan: &Plan, outcomes: &[Outcome]) -> Summary {
    let seeds = plan.seeds.1 as usize;
    let costs: Vec<Vec<Vec<f64>>> = outcomes
        .chunks(seeds)
        .map(|runs| {
            let goals = plan.goals.iter().enumerate();
            goals
                .map(|(g, goal)| runs.iter().map(|run| cost(goal, run.values[g])).collect())
                .collect()
        })
        .collect();
    let mut points: Vec<Point> = outcomes
        .chunks(seeds)
        .zip(&costs)
        .enumerate()
        .map(|(point, (runs, costs))| {
            let passed = runs.iter().filter(|r| r.passes()).count() as u64;
            Point {
                point,
                values: plan
                    .goals
                    .iter()
                    .zip(costs)
                    .map(|(goal, costs)| interval(goal, costs))
                    .collect(),
                passed,
                share: wilson(passed, plan.seeds.1, Z95),
                front: false,
            }
        })
        .collect();
    let all = plan.seeds.1;
    let passing: Vec<usize> = (0..points.len())
        .filter(|p| points[*p].passed == all)
        .collect();
    // Among those that pass, or else among all, with how often they pass as one more goal.
    let among: Vec<usize> = if passing.is_empty() {
        (0..points.len()).collect()
    } else {
        passing.clone()
    };
    let rows: Vec<Vec<f64>> = among
        .iter()
        .map(|&p| {
            let medians = costs[p].iter().map(|c| median(c));
            let share = if passing.is_empty() {
                vec![-(points[p].passed as f64)]
            } else {
                vec![]
            };
            share.into_iter().chain(medians).collect()
        })
        .collect();
    for place in front(&rows) {
        points[among[place]].front = true;
    }
    let choice = choose(plan, &points, &costs, &passing);
    let notes = notes(plan, outcomes, &points, &costs, &choice);
    Summary {
        plan: plan.clone(),
        points,
        choice,
        notes,
    }
}

/// What is to be small. No data is worse than anything.
fn cost(goal: &Goal, value: Option<f64>) -> f64 {
    match value {
        Some(v) if goal.lower => v,
        Some(v) => -v,
        None => f64::INFINITY,
    }
}

fn uncost(goal: &Goal, cost: f64) -> Option<f64> {
    let value = if goal.lower { cost } else { -cost };
    value.is_finite().then_some(value + 0.0)
}

/// The median; between the two in the middle where their number is even.
fn median(costs: &[f64]) -> f64 {
    let mut sorted = costs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (a, b) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    // Of one and the same value no rounding, and of infinities no NaN.
    if a == b { a } else { a + (b - a) / 2.0 }
}

/// How many values at each end lie outside the interval that covers the median with 90% or more: the largest k with
/// 2 P(Binomial(n, 1/2) < k) <= 10%. `None`: not even all of them are enough.
pub(super) fn outside(n: usize) -> Option<usize> {
    const EITHER_END: f64 = 0.05;
    let log = |k: usize| {
        let gamma = |x: usize| libm::lgamma(x as f64 + 1.0);
        gamma(n) - gamma(k) - gamma(n - k) - n as f64 * std::f64::consts::LN_2
    };
    let (mut below, mut k) = (0.0, 0);
    loop {
        below += libm::exp(log(k));
        if below > EITHER_END || 2 * (k + 1) > n {
            return k.checked_sub(1);
        }
        k += 1;
    }
}

/// Ends of the interval of the median.
fn ends(costs: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = costs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let k = outside(sorted.len())?;
    Some((sorted[k], sorted[sorted.len() - 1 - k]))
}

fn interval(goal: &Goal, costs: &[f64]) -> Interval {
    let ends = ends(costs);
    let (low, high) = (
        ends.and_then(|e| uncost(goal, e.0)),
        ends.and_then(|e| uncost(goal, e.1)),
    );
    let (low, high) = if goal.lower { (low, high) } else { (high, low) };
    Interval {
        median: uncost(goal, median(costs)),
        low,
        high,
    }
}

/// Places of rows that no other row dominates: at most as much everywhere, and less somewhere.
pub fn front(rows: &[Vec<f64>]) -> Vec<usize> {
    let dominates = |a: &[f64], b: &[f64]| {
        a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
    };
    // In order of their first goal a row can only be dominated by one before it, so by one of the front so far.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let compare = |a: &usize, b: &usize| {
        let pairs = rows[*a].iter().zip(&rows[*b]);
        let mut unlike = pairs.map(|(a, b)| a.total_cmp(b)).filter(|o| o.is_ne());
        unlike.next().unwrap_or(std::cmp::Ordering::Equal)
    };
    order.sort_by(compare);
    let mut front: Vec<usize> = vec![];
    for row in order {
        if !front.iter().any(|f| dominates(&rows[*f], &rows[row])) {
            front.push(row);
        }
    }
    front.sort_unstable();
    front
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

fn choose(plan: &Plan, points: &[Point], costs: &[Vec<Vec<f64>>], passing: &[usize]) -> Choice {
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
    let mut why: Vec<String> = vec![];
    for (g, goal) in plan.goals.iter().enumerate() {
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
            let value = goal.show(uncost(goal, by(&left[0])), &plan.axes);
            why.push(format!("the {} {} ({value})", goal.best_word(), goal.name));
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

fn notes(
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
        let of_axis = matches!(plan.goals[0].of, super::Of::Setting(a) if a == i);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_interval_of_a_median_covers_it_with_nine_tenths_and_is_no_wider_than_needed() {
        // Exactly, by counting subsets: P(Binomial(n, 1/2) < k) with 128-bit numbers.
        for n in 1..=60usize {
            let mut row = vec![1u128];
            for _ in 0..n {
                let pairs = row.windows(2).map(|w| w[0] + w[1]);
                row = std::iter::once(1).chain(pairs).chain([1]).collect();
            }
            let all: u128 = 1 << n;
            let below = |k: usize| row[..k].iter().sum::<u128>();
            match outside(n) {
                None => assert!(below(1) * 20 > all, "{n}"),
                Some(k) => {
                    assert!(below(k + 1) * 20 <= all, "{n}: {k}");
                    assert!(below(k + 2) * 20 > all, "{n}: {k}");
                }
            }
        }
        assert_eq!(
            (outside(4), outside(5), outside(50)),
            (None, Some(0), Some(18))
        );
    }

    proptest! {
        #[test]
        fn the_front_is_what_no_other_dominates(rows in prop::collection::vec(prop::collection::vec(0u8..6, 3), 0..40)) {
            let rows: Vec<Vec<f64>> = rows.into_iter().map(|r| r.into_iter().map(|v| if v == 5 { f64::INFINITY } else { v.into() }).collect()).collect();
            let found = front(&rows);
            for (i, row) in rows.iter().enumerate() {
                let dominated = rows.iter().any(|other| {
                    (0..3).all(|g| other[g] <= row[g]) && (0..3).any(|g| other[g] < row[g])
                });
                prop_assert_eq!(found.contains(&i), !dominated, "{}", i);
            }
        }
    }
}
