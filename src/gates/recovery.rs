//! Whether an expression holds in a few windows: when is it well again?

use super::{
    Context,
    judge::allowed,
    syntax::{Expr, Quantity},
};
use crate::indicators::Watch;
use std::ops::Range;

/// What an expression says of a few windows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
    NoData,
    /// The expression is not about windows.
    Aside,
}

/// Whether an expression holds in a range of windows: its phases and sliding windows are left aside, and scalars,
/// which have one value a run, decide nothing.
pub(super) fn held_in(expr: &Expr, context: &Context, windows: &Range<usize>) -> Held {
    let parts = |parts: &[Expr], decides: Held, otherwise: Held| {
        let held: Vec<Held> = parts.iter().map(|p| held_in(p, context, windows)).collect();
        [decides, Held::NoData, otherwise]
            .into_iter()
            .find(|h| held.contains(h))
            .unwrap_or(Held::Aside)
    };
    match expr {
        Expr::All(all) => parts(all, Held::No, Held::Yes),
        Expr::Any(any) => parts(any, Held::Yes, Held::No),
        Expr::Named(named) => held_in(&super::expand(named), context, windows),
        Expr::Compare(condition) => {
            let Quantity::Indicator(subject) = &condition.quantity else {
                return Held::Aside;
            };
            if matches!(condition.during, Some("baseline" | "warm-up")) {
                return Held::Aside;
            }
            let one = |watch: &Watch| {
                let Ok(allowed) = allowed(condition, Some((subject, watch)), context) else {
                    return Held::NoData;
                };
                match watch.measure(&subject.measure, windows.clone()) {
                    Some(value) if condition.op.holds(value, allowed) => Held::Yes,
                    Some(_) => Held::No,
                    None => Held::NoData,
                }
            };
            match subject.by {
                None => context
                    .watched
                    .selected(&subject.select)
                    .map_or(Held::NoData, one),
                Some(by) => {
                    let segments =
                        context
                            .watched
                            .segments(&subject.select, by.column, context.names);
                    let all = 0..context.watched.windows.len();
                    let enough = |watch: &Watch| watch.requests(all.clone()) >= by.min;
                    let held: Vec<Held> = segments
                        .map_or(vec![], |(segments, _)| segments)
                        .iter()
                        .filter(|s| enough(s.watch))
                        .map(|s| one(s.watch))
                        .collect();
                    [Held::No, Held::Yes]
                        .into_iter()
                        .find(|h| held.contains(h))
                        .unwrap_or(Held::NoData)
                }
            }
        }
    }
}
