//! By which rule a queue serves: by age, by class, by length or by weight, read off the turns that could have been another's; and
//! whom it serves instead: one producer's flood, messages that never succeed, nobody at all.

use super::{
    Evidence, Fact, Spans,
    reign::{self, over},
};
use crate::{
    diagnosis::{
        marks::queue as marks,
        series::What,
        stats::{Measure, difference, ln, quantile, share, spaced},
        turns::{CLASSES, Turn},
        view::View,
    },
    recording::{outcome, requests},
    sim::hash::FixedState,
};
use std::ops::Range;

/// Turns below which nothing is said of the rule.
const FEW: usize = 50;
/// Turns of the starved class below which nothing is said of when it gets them.
const WINS: usize = 8;

/// Gathers the facts of a queue.
pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let reign = reign::of(view, spans);
    for (fact, what) in [
        (Fact::PassedOver, What::PassedOver),
        (Fact::UrgentWaits, What::UrgentWaits),
    ] {
        evidence.put(fact, change(view, &spans.before, &reign, what));
    }
    for (fact, what) in [
        (Fact::IdleWaits, What::IdleWaits),
        (Fact::WorkersGone, What::WorkersGone),
        (Fact::Flooded, What::Flooded),
        (Fact::ManyTries, What::ManyTries),
    ] {
        evidence.put(fact, change(view, &spans.before, &spans.during, what));
    }
    if evidence.get(Fact::Flooded).is_some_and(|m| m.value > 0.05) {
        evidence.put(Fact::Backlog, backlog(view, &spans.before, &spans.during));
    }
    if evidence
        .get(Fact::ManyTries)
        .is_some_and(|m| m.value > 0.002)
    {
        evidence.put(Fact::NeverWell, never_well(view, &reign));
    }
    waits(view, spans, evidence);
    let (before, during) = (
        view.turns.between(&spans.before),
        &view.turns.anew(&reign)[..],
    );
    if during.len() < FEW {
        return;
    }
    let by_age = |turns: &[Turn]| {
        let n = turns.iter().filter(|t| t.by_age()).count();
        share(n as f64, turns.len() as f64)
    };
    evidence.put(Fact::ServedByAge, by_age(during));
    if before.len() >= FEW
        && let (Some(b), Some(d)) = (by_age(before), by_age(during))
    {
        evidence.put(Fact::AgeBefore, Some(difference(d, b)));
    }
    evidence.put(Fact::LengthOverAge, by_length(during));
    evidence.put(Fact::StrictOrder, strict(during));
    let Some(starved) = starved(during) else {
        return;
    };
    evidence.put(Fact::StarvedTurns, turns_of(during, starved, 1));
    if let (Some(b), Some(d)) = (turns_of(before, starved, 1), turns_of(during, starved, 1)) {
        evidence.put(Fact::StarvedBefore, Some(difference(d, b)));
    }
    if let (Some(one), Some(two)) = (
        turns_beside(before, starved, |others| others == 1),
        turns_beside(before, starved, |others| others > 1),
    ) {
        evidence.put(Fact::CapBefore, Some(difference(one, two)));
    }
    let Fitted { free, capped, n } = ageing(during, starved);
    if n < WINS as f64 {
        return;
    }
    // Half an answer of so many; where many answer, the lines that are tried are what remains.
    let se = (0.5 / n.max(1.0).sqrt()).max(0.02);
    evidence.put(Fact::AgeingFits, Some(Measure::new(free, se)));
    evidence.put(Fact::CapFits, Some(Measure::new(capped - free, se)));
}

/// Share of bad things of a mark, more than before.
fn change(view: &View, before: &Range<u64>, during: &Range<u64>, what: What) -> Option<Measure> {
    let things = view.marks.get(&what)?;
    let of = |span: &Range<u64>| {
        let at = |t| things.partition_point(|x| x.time < t);
        let of = &things[at(span.start)..at(span.end).max(at(span.start))];
        share(of.iter().filter(|x| x.bad).count() as f64, of.len() as f64)
    };
    Some(difference(of(during)?, of(before)?))
}

/// ln ratio of the wait of all, at its p95; at least a tenth of a work's time, since nothing is nothing. (Not the whole of it: where
/// few tasks take a minute, the mean is far from what most wait for.)
fn waits(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let least = (0.1 * view.turns.work as f32).max(1e-3);
    let p95 = |span: &Range<u64>| {
        let began = &view.turns.began;
        let at = |t| began.partition_point(|x| x.time < t);
        let mut of: Vec<f32> = spaced(at(span.start)..at(span.end).max(at(span.start)), 50_000)
            .map(|k| began[k].waited.max(least))
            .collect();
        (of.len() >= FEW).then(|| quantile(&mut of, 0.95)).flatten()
    };
    if let (Some(b), Some(d)) = (p95(&spans.before), p95(&spans.during)) {
        evidence.put(
            Fact::QueueWait,
            Some(Measure::new(ln(f64::from(d / b)), 0.05)),
        );
    }
}

/// Of the turns at which the longest line is not the oldest, the share that the longest got.
fn by_length(turns: &[Turn]) -> Option<Measure> {
    let (mut n, mut k) = (0.0, 0.0);
    for turn in turns {
        let Some(deepest) = turn.deepest() else {
            continue;
        };
        if deepest != turn.oldest().0 {
            n += 1.0;
            k += f64::from(u8::from(deepest == usize::from(turn.chosen)));
        }
    }
    (n >= FEW as f64).then(|| share(k, n)).flatten()
}

/// Share of pairs, of who was chosen and who waited, that agree with one order of the classes.
fn strict(turns: &[Turn]) -> Option<Measure> {
    let over = over(turns);
    // The worst pair: classes that hardly meet say nothing.
    let mut worst: Option<Measure> = None;
    #[expect(clippy::needless_range_loop, reason = "pairs of classes, both ways")]
    for a in 0..CLASSES {
        for b in a + 1..CLASSES {
            let n = over[a][b] + over[b][a];
            if n >= FEW as f64
                && let Some(m) = share(over[a][b].max(over[b][a]), n)
                && worst.is_none_or(|w| m.value < w.value)
            {
                worst = Some(m);
            }
        }
    }
    worst
}

/// The class that gets the fewest turns of those it waits for: not the one whose line is oldest, which under a flood is the
/// flooding one, however many turns it gets.
fn starved(turns: &[Turn]) -> Option<usize> {
    let passed_over = |class: usize| {
        let waits = |t: &&Turn| t.oldest().0 == class && usize::from(t.chosen) != class;
        turns.iter().any(|t| waits(&t))
    };
    (0..CLASSES)
        .filter(|&class| passed_over(class))
        .filter_map(|class| Some((class, turns_of(turns, class, 1)?.value)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(class, _)| class)
}

/// Share of the turns of a class, of those at which it waits beside `others` classes and more.
fn turns_of(turns: &[Turn], class: usize, others: usize) -> Option<Measure> {
    turns_beside(turns, class, |n| n >= others)
}

fn turns_beside(turns: &[Turn], class: usize, wanted: impl Fn(usize) -> bool) -> Option<Measure> {
    let (mut n, mut k) = (0.0, 0.0);
    for turn in turns.iter().filter(|t| t.age[class] >= 0.0) {
        let others = turn.age.iter().filter(|a| **a >= 0.0).count() - 1;
        if wanted(others) {
            n += 1.0;
            k += f64::from(u8::from(usize::from(turn.chosen) == class));
        }
    }
    (n >= 20.0).then(|| share(k, n)).flatten()
}

/// How well a rule of ageing tells when the starved class gets its turn from when another does: the mean of both shares that it
/// tells rightly, where waiting counts without end, and where it counts up to some wait.
fn ageing(turns: &[Turn], starved: usize) -> Fitted {
    let mut best = Fitted {
        free: 0.5,
        capped: 0.5,
        n: 0.0,
    };
    let mut most = 0;
    for other in (0..CLASSES).filter(|&k| k != starved) {
        let (mut wins, mut losses) = (vec![], vec![]);
        for turn in turns {
            if turn.age[starved] < 0.0 || turn.age[other] < 0.0 {
                continue;
            }
            let pair = (turn.age[starved], turn.age[other]);
            match usize::from(turn.chosen) {
                k if k == starved => wins.push(pair),
                k if k == other => losses.push(pair),
                _ => {}
            }
        }
        let n = wins.len().min(losses.len());
        if n < WINS || n <= most {
            continue;
        }
        most = n;
        let few = |all: &[(f32, f32)]| -> Vec<(f32, f32)> {
            spaced(0..all.len(), 1000).map(|k| all[k]).collect()
        };
        let (free, capped) = fit(&few(&wins), &few(&losses));
        best = Fitted {
            free,
            capped,
            n: n as f64,
        };
    }
    best
}

/// How well ageing fits, with no end to what counts and with one, and on how many turns of the rarer kind that rests.
struct Fitted {
    free: f64,
    capped: f64,
    n: f64,
}

/// Lines that are tried for the lead, and for the end of what counts.
const TRIED: usize = 16;

fn fit(wins: &[(f32, f32)], losses: &[(f32, f32)]) -> (f64, f64) {
    let told = |lead: f32, cap: f32| {
        let ahead = |(a, b): &&(f32, f32)| a.min(cap) - b.min(cap) >= lead;
        let right = wins.iter().filter(ahead).count() as f64 / wins.len() as f64;
        let wrong = losses.iter().filter(ahead).count() as f64 / losses.len() as f64;
        (right + 1.0 - wrong) / 2.0
    };
    let quantiles = |mut of: Vec<f32>| -> Vec<f32> {
        of.sort_unstable_by(f32::total_cmp);
        (0..TRIED)
            .filter_map(|k| of.get(k * of.len() / TRIED).copied())
            .collect()
    };
    let both = || wins.iter().chain(losses);
    let mut leads = quantiles(both().map(|(a, b)| a - b).collect());
    leads.extend(quantiles(wins.iter().map(|(a, b)| a - b).collect()));
    let caps = quantiles(both().map(|(a, _)| *a).collect());
    let best = |cap: f32| {
        let over = |lead: &f32| told(lead.min(cap), cap);
        leads.iter().map(over).fold(0.5, f64::max)
    };
    let free = best(f32::INFINITY);
    // With an end to what counts, the lead may be any part of it.
    let capped = caps
        .iter()
        .flat_map(|&cap| (1..8).map(move |k| told(cap * k as f32 / 8.0, cap)))
        .chain(caps.iter().map(|&cap| best(cap)))
        .fold(free, f64::max);
    (free, capped)
}

/// ns without anybody behind his line after which another line is another flood.
const APART: u64 = 30_000_000_000;

/// Of the time of one producer's line, the share in which he sends no more than usual: the line outlasts what made it.
pub fn backlog(view: &View, before: &Range<u64>, during: &Range<u64>) -> Option<Measure> {
    let flood = marks::flood(view)?;
    let his = |i: usize| view.get(flood.column, i) == flood.producer;
    let calm = view.between(before.start, before.end);
    let n = calm.filter(|&i| his(i)).count() as f64;
    let usual = n / (before.end - before.start).max(1) as f64;
    // To the end of his line, which comes after that of what he sends, if he stops.
    let mut end = during.end;
    for (i, &(of_it, waiting)) in flood.ahead.iter().enumerate() {
        let time = view.arrived[i];
        if time >= during.start && flood.is(of_it, waiting) {
            if time > end + APART {
                break;
            }
            end = end.max(time);
        }
    }
    let width = ((end - during.start) / 40).max(1);
    let (mut all, mut calm) = (0.0, 0.0);
    for k in 0..40 {
        let from = during.start + k * width;
        let rows = view.between(from, from + width);
        let rate = rows.clone().filter(|&i| his(i)).count() as f64 / width as f64;
        let behind = rows
            .filter(|&i| {
                let (of_it, waiting) = flood.ahead[i];
                flood.is(of_it, waiting)
            })
            .count();
        if behind > 0 {
            all += 1.0;
            calm += f64::from(u8::from(rate <= 2.0 * usual));
        }
    }
    share(calm, all)
}

/// Of the operations that were tried more often than is sound, the share of which no try succeeded.
fn never_well(view: &View, during: &Range<u64>) -> Option<Measure> {
    let mut operations: hashbrown::HashMap<u64, (u32, bool), FixedState> =
        hashbrown::HashMap::default();
    let by_op = view.has(requests::op) && view.has(requests::tries);
    for i in view.between(during.start, during.end) {
        let who = if by_op {
            view.get(requests::op, i)
        } else {
            i as u64
        };
        let of = operations.entry(who).or_default();
        of.0 = of.0.max(
            view.get(requests::tries, i)
                .max(view.get(requests::attempts, i)) as u32,
        );
        of.1 |= matches!(
            view.get(requests::outcome, i) as u8,
            outcome::OK | outcome::DEGRADED
        );
    }
    let many = || {
        operations
            .values()
            .filter(|o| u64::from(o.0) > marks::TRIES)
    };
    share(
        many().filter(|o| !o.1).count() as f64,
        many().count() as f64,
    )
}
