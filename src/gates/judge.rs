//! Holds an expression against what was measured.

use super::{
    Context, Stretch, Verdict,
    syntax::{Bound, Condition, Expr, Quantity, Subject, To, exact, value_of},
};
use crate::{
    config::show_nanos,
    indicators::{Unit, Watch},
};
use std::ops::Range;

/// A verdict with its numbers.
pub(super) struct Finding {
    pub verdict: Verdict,
    pub detail: String,
}

fn no_data(detail: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::NoData,
        detail: detail.into(),
    }
}

/// Judges an expression over a phase. A part without data decides nothing by itself: `and` is broken by any part that
/// is, `or` is held by any part that is, whatever the others lack.
pub(super) fn judge(expr: &Expr, context: &Context, phase: &Stretch) -> Finding {
    let parts = |parts: &[Expr], decides: Verdict, otherwise: Verdict, between: &str| {
        let found: Vec<Finding> = parts.iter().map(|p| judge(p, context, phase)).collect();
        let any = |verdict| found.iter().any(|f| f.verdict == verdict);
        let verdict = if any(decides) {
            decides
        } else if any(Verdict::NoData) {
            Verdict::NoData
        } else {
            otherwise
        };
        let details: Vec<_> = found.into_iter().map(|f| f.detail).collect();
        Finding {
            verdict,
            detail: details.join(between),
        }
    };
    match expr {
        Expr::All(all) => parts(all, Verdict::Breach, Verdict::Pass, "; and "),
        Expr::Any(any) => parts(any, Verdict::Pass, Verdict::Breach, "; or "),
        Expr::Named(named) => judge(&super::expand(named), context, phase),
        Expr::Compare(condition) => compare(condition, context, phase),
    }
}

fn compare(condition: &Condition, context: &Context, phase: &Stretch) -> Finding {
    let phase = match condition.during {
        None => phase.from..phase.to,
        Some("all") => context.watched.windows.all(),
        Some(name) => match context.stretch(name) {
            Some(stretch) => stretch,
            None => return no_data(format!("there was no {name} phase")),
        },
    };
    match &condition.quantity {
        Quantity::Scalar(scalar) => match context.scalars.get(scalar.name) {
            Some(&value) => held(condition, value, None, context, scalar.name, ""),
            None => no_data(format!("{} was not measured in this run", scalar.name)),
        },
        Quantity::Indicator(subject) => match subject.by {
            None => match context.watched.selected(&subject.select) {
                Some(watch) => over(
                    condition,
                    subject,
                    watch,
                    &subject.to_string(),
                    &phase,
                    context,
                ),
                None => no_data(format!("{subject} was not watched in this run")),
            },
            Some(_) => segments(condition, subject, &phase, context),
        },
    }
}

/// Judges each value of a split that has enough requests; one that is broken breaks the gate.
fn segments(
    condition: &Condition,
    subject: &Subject,
    phase: &Range<u64>,
    context: &Context,
) -> Finding {
    let Some(by) = subject.by else {
        return no_data("");
    };
    let Some((segments, other)) =
        context
            .watched
            .segments(&subject.select, by.column, context.names)
    else {
        return no_data(format!("{subject} was not watched in this run"));
    };
    let (mut worst, mut broken, mut judged, mut without): (Option<(f64, Finding)>, _, _, _) =
        (None, 0, 0, 0);
    let windows = context.watched.windows.within(phase.start, phase.end);
    for segment in &segments {
        if by.min > 0 && segment.watch.requests(windows.clone()) < by.min {
            continue;
        }
        let name = format!("{} of {} {}", plain_name(subject), by.column, segment.name);
        let finding = over(condition, subject, segment.watch, &name, phase, context);
        if finding.verdict == Verdict::NoData {
            without += 1;
            continue;
        }
        judged += 1;
        broken += u64::from(finding.verdict == Verdict::Breach);
        let margin = margin(condition, subject, segment.watch, phase, context);
        if worst.as_ref().is_none_or(|(m, _)| margin > *m) {
            worst = Some((margin, finding));
        }
    }
    let Some((_, worst)) = worst else {
        let few = if by.min > 0 {
            format!(" with {} requests", by.min)
        } else {
            String::new()
        };
        return no_data(format!(
            "no {}{few} has data for {}",
            by.column,
            plain_name(subject)
        ));
    };
    let mut detail = format!("{}; worst of {judged}", worst.detail);
    if broken > 0 {
        detail += &format!(", {broken} broken");
    }
    if without > 0 {
        detail += &format!(", {without} without data left out");
    }
    if other > 0 {
        detail += &format!(", {other} requests of rarer values not judged");
    }
    Finding {
        verdict: if broken > 0 {
            Verdict::Breach
        } else {
            Verdict::Pass
        },
        detail,
    }
}

fn plain_name(subject: &Subject) -> String {
    Subject {
        by: None,
        ..subject.clone()
    }
    .to_string()
}

/// Judges over a stretch, or over every sliding window of it: broken in one is broken.
fn over(
    condition: &Condition,
    subject: &Subject,
    watch: &Watch,
    name: &str,
    phase: &Range<u64>,
    context: &Context,
) -> Finding {
    let allowed = match allowed(condition, Some((subject, watch)), context) {
        Ok(allowed) => allowed,
        Err(why) => return no_data(format!("{name}: {why}")),
    };
    match worst(condition, subject, watch, phase, allowed) {
        Some((value, place)) => {
            let place = match condition.sliding {
                Some(_) => {
                    let (from, to) = watch.windows.span(&place);
                    format!(" from {} to {}", show_nanos(from), show_nanos(to))
                }
                None => String::new(),
            };
            held(
                condition,
                value,
                Some((subject, watch)),
                context,
                name,
                &place,
            )
        }
        None => {
            let (from, to) = (show_nanos(phase.start), show_nanos(phase.end));
            no_data(format!("{name} has no data from {from} to {to}"))
        }
    }
}

/// The value that is furthest from what is allowed, and the windows that it is of.
fn worst(
    condition: &Condition,
    subject: &Subject,
    watch: &Watch,
    phase: &Range<u64>,
    allowed: f64,
) -> Option<(f64, Range<usize>)> {
    let windows = watch.windows.within(phase.start, phase.end);
    let spans = match condition.sliding {
        None => vec![windows],
        Some(length) => sliding(&watch.windows.edges, windows, length),
    };
    let values = spans.into_iter().filter_map(|span| {
        let value = watch.measure(&subject.measure, span.clone())?;
        Some((value, span))
    });
    // The first of equals: when it began is worth more than when it ended.
    values.reduce(|worst, next| {
        if distance(condition, next.0, allowed) > distance(condition, worst.0, allowed) {
            next
        } else {
            worst
        }
    })
}

/// Every shortest run of windows that is at least `length` long; all of them when they are shorter together.
fn sliding(edges: &[u64], windows: Range<usize>, length: u64) -> Vec<Range<usize>> {
    let mut spans = vec![];
    let mut end = windows.start;
    for start in windows.clone() {
        end = end.max(start + 1);
        while end < windows.end && edges[end] - edges[start] < length {
            end += 1;
        }
        if edges[end] - edges[start] < length && !spans.is_empty() {
            break;
        }
        spans.push(start..end);
    }
    spans
}

/// How far on the wrong side a value is.
fn distance(condition: &Condition, value: f64, allowed: f64) -> f64 {
    use super::syntax::Op;
    match condition.op {
        Op::Less | Op::AtMost => value - allowed,
        Op::More | Op::AtLeast => allowed - value,
        Op::Equal => (value - allowed).abs(),
        Op::NotEqual => -(value - allowed).abs(),
    }
}

/// The same as a share of what is allowed, so that segments with baselines of their own can be compared.
fn margin(
    condition: &Condition,
    subject: &Subject,
    watch: &Watch,
    phase: &Range<u64>,
    context: &Context,
) -> f64 {
    let Ok(allowed) = allowed(condition, Some((subject, watch)), context) else {
        return f64::NEG_INFINITY;
    };
    let worst = worst(condition, subject, watch, phase, allowed);
    worst.map_or(f64::NEG_INFINITY, |(value, _)| {
        distance(condition, value, allowed) / allowed.abs().max(f64::MIN_POSITIVE)
    })
}

/// The number that values are compared with, or why there is none.
pub(super) fn allowed(
    condition: &Condition,
    of: Option<(&Subject, &Watch)>,
    context: &Context,
) -> Result<f64, String> {
    let unit = condition.quantity.unit();
    match condition.bound {
        Bound::Amount(amount) => Ok(value_of(amount, unit)),
        Bound::Relative { factor, to, plus } => {
            let value = elsewhere(to, condition, of, context)?;
            Ok(factor * value + value_of(plus, unit))
        }
    }
}

/// The value of the same quantity in the baseline or in the reference.
fn elsewhere(
    to: To,
    condition: &Condition,
    of: Option<(&Subject, &Watch)>,
    context: &Context,
) -> Result<f64, String> {
    let value = match (to, of) {
        (To::Baseline, Some((subject, watch))) => {
            let span = context
                .baseline
                .as_ref()
                .ok_or("there is no baseline phase before it")?;
            let other = context.baseline_of.filter(|_| subject.by.is_none());
            let watch = other.map_or(Some(watch), |of| of.selected(&subject.select));
            let watch = watch.ok_or("the baseline was not watched")?;
            context
                .in_baseline(watch, &subject.measure, span)
                .ok_or("the baseline has no data")?
        }
        (To::Baseline, None) => return Err("it has no baseline".into()),
        (To::Reference, _) => {
            let reference = context
                .reference
                .ok_or("there is no reference; give one with --baseline FILE")?;
            // A scalar has one value a run, whatever phase is named.
            let during = condition.during.filter(|_| of.is_some());
            let key = super::Gate::reference_key(&condition.quantity.to_string(), during);
            let missing = || format!("the reference has no value for {key}");
            *reference.get(&key).ok_or_else(missing)?
        }
    };
    if value == 0.0 && matches!(condition.bound, Bound::Relative { plus, .. } if plus == 0.0) {
        return Err(format!(
            "the {} is 0, and so is any multiple of it",
            to.word()
        ));
    }
    Ok(value)
}

/// Compares a value and puts both numbers into words.
fn held(
    condition: &Condition,
    value: f64,
    of: Option<(&Subject, &Watch)>,
    context: &Context,
    name: &str,
    place: &str,
) -> Finding {
    let unit = condition.quantity.unit();
    let allowed = match allowed(condition, of, context) {
        Ok(allowed) => allowed,
        Err(why) => return no_data(format!("{name}: {why}")),
    };
    let holds = condition.op.holds(value, allowed);
    let mut detail = format!(
        "{name} {}{place}, {} {}",
        unit.show(value),
        condition.op.bound_word(),
        show_allowed(allowed, unit)
    );
    if let Bound::Relative { factor, to, plus } = condition.bound
        && let Ok(base) = elsewhere(to, condition, of, context)
    {
        let times = if factor == 1.0 {
            String::new()
        } else {
            format!("{factor}x ")
        };
        let sign = if plus < 0.0 { '-' } else { '+' };
        let plus = match unit {
            _ if plus == 0.0 => String::new(),
            Unit::Fraction => format!(" {sign} {} points", plus.abs()),
            _ => format!(" {sign} {}", exact(plus.abs(), unit)),
        };
        detail += &format!(" ({times}{} {}{plus})", to.word(), unit.show(base));
    }
    Finding {
        verdict: if holds {
            Verdict::Pass
        } else {
            Verdict::Breach
        },
        detail,
    }
}

/// Durations are shown by a whole number, which a bound below zero has not.
fn show_allowed(allowed: f64, unit: Unit) -> String {
    if allowed < 0.0 {
        return format!("-{}", unit.show(-allowed));
    }
    unit.show(allowed)
}
