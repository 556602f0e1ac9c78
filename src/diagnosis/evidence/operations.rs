//! Writes: what is written again, and what the ledger and the queue had said to those who did.

use super::{Evidence, Fact, Spans, points};
use crate::{
    diagnosis::{
        marks::written::{self, Repeat},
        series::What,
        stats::{ln, share},
        view::View,
    },
    recording::{lookup, writes},
};

/// Two that begin within this, ns, look before either can have written: a look takes milliseconds.
const TOGETHER: u64 = 50_000_000;
/// ln ratio by which a queue's time-out must have fallen to be another one.
const CUT: f64 = -0.1;

/// Why something could be written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    OtherKey,
    SentOn,
    Expired,
    Together,
    Forgotten,
    Lapsed,
    InDoubt,
    HandedOut,
    Other,
}

const FACTS: [(Why, Fact); 8] = [
    (Why::OtherKey, Fact::AgainOtherKey),
    (Why::SentOn, Fact::AgainSentOn),
    (Why::Expired, Fact::AgainExpired),
    (Why::Together, Fact::AgainTogether),
    (Why::Forgotten, Fact::AgainForgotten),
    (Why::Lapsed, Fact::AgainLapsed),
    (Why::InDoubt, Fact::AgainInDoubt),
    (Why::HandedOut, Fact::AgainHandedOut),
];

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    if view.recording.writes.is_empty() {
        return;
    }
    for (fact, what) in [
        (Fact::Repeats, What::Repeats),
        (Fact::SharedKeys, What::SharedKeys),
        (Fact::Unpublished, What::Unpublished),
    ] {
        evidence.put(fact, points(view, spans, what));
    }
    let cut = hands_out_sooner(view, spans);
    let whys: Vec<Why> = written::all_repeats(view)
        .iter()
        .filter(|r| spans.during.contains(&r.time))
        .map(|r| why(view, r, cut))
        .collect();
    for (of, fact) in FACTS {
        let k = whys.iter().filter(|w| **w == of).count();
        evidence.put(fact, share(k as f64, whys.len() as f64));
    }
    let table = &view.recording.writes;
    if !table.has(writes::lookup) || !table.has(writes::key) {
        evidence.limits.push(
            "what the ledger found, or under which key, is not recorded: why something is written twice cannot be told"
                .into(),
        );
    }
}

/// Whether queues leave what they hand out alone for less time than before.
fn hands_out_sooner(view: &View, spans: &Spans) -> bool {
    let typical = |from: u64, to: u64| {
        let rows = u32::try_from(view.recording.writes.len()).unwrap_or(u32::MAX);
        let mut all: Vec<f64> = (0..rows)
            .filter(|&r| (from..to).contains(&view.of_write(writes::started, r)))
            .map(|r| match view.of_write(writes::visibility, r) {
                // For ever.
                0 => 1e18,
                ns => ns as f64,
            })
            .collect();
        (!all.is_empty()).then(|| crate::diagnosis::stats::median(&mut all))
    };
    let (before, during) = (
        typical(spans.before.start, spans.before.end),
        typical(spans.during.start, spans.during.end),
    );
    before
        .zip(during)
        .is_some_and(|(before, during)| ln(during / before) < CUT)
}

fn why(view: &View, repeat: &Repeat, cut: bool) -> Why {
    let Repeat { first, second, .. } = *repeat;
    if first == second {
        return Why::SentOn;
    }
    let of = |column: usize| (view.of_write(column, first), view.of_write(column, second));
    let (started, keys) = (of(writes::started), of(writes::key));
    if keys.0 != keys.1 {
        return Why::OtherKey;
    }
    let handed_out = of(writes::redelivered).1 == 1;
    let at_work = started.0.saturating_add(of(writes::time).0) > started.1;
    match of(writes::lookup).1 as u8 {
        0 if handed_out => Why::HandedOut,
        0 => Why::InDoubt,
        lookup::EXPIRED => Why::Expired,
        lookup::ABSENT if started.1.abs_diff(started.0) <= TOGETHER => Why::Together,
        lookup::ABSENT => Why::Forgotten,
        lookup::LAPSED if of(writes::asked).1 == 1 => Why::Other,
        lookup::LAPSED if at_work && handed_out && cut => Why::HandedOut,
        lookup::LAPSED if at_work => Why::Lapsed,
        lookup::LAPSED | lookup::FAILED => Why::InDoubt,
        _ => Why::Other,
    }
}
