//! One recording from end to end: is there an incident, since when, and what to say of it.

use super::{
    Diagnosis, Family, Known, Onset, Ranked,
    causes::CAUSES,
    contrast,
    episode::{self, Episode, Frame},
    evidence::{self, Event, Spans},
    locate::{Located, locate},
    rank, say, segments, series,
    series::What,
    stats::{difference, quantile, share, spaced},
    users,
    view::View,
    windows::{self, SECOND, Windows},
};
use crate::recording::{Recording, outcome, requests};
use std::{collections::BTreeSet, ops::Range};

/// Requests below which nothing can be told: 2.10 of the method needs some hundreds for any quantity.
const LEAST_REQUESTS: usize = 200;
/// Windows below which there is no before and no after.
const LEAST_WINDOWS: usize = 12;

/// See [`super::loudest`].
pub fn loudest(recording: &Recording) -> Vec<episode::Loud> {
    let Some(view) = View::new(recording) else {
        return vec![];
    };
    let windows = Windows::choose(&view, None);
    if windows.count < LEAST_WINDOWS {
        return vec![];
    }
    episode::loudest(&view, &frame(&view, windows, None))
}

fn frame(view: &View, windows: Windows, healthy: Option<u64>) -> Frame {
    let series = series::all(view, &windows, healthy);
    let settling: Vec<_> = series
        .iter()
        .filter(|s| matches!(s.marker.what, What::Misses | What::Slow))
        .collect();
    let warm = match healthy {
        None => windows::warm_up(&windows, &settling),
        // What comes later may be broken, and everything before it would look like a warm-up.
        Some(healthy) => windows::warm_up_until(&windows, &settling, windows.of(healthy)),
    };
    Frame {
        windows,
        series,
        warm,
        healthy: healthy.unwrap_or(0),
    }
}

/// See [`super::diagnose`].
pub fn diagnose(recording: &Recording, told: Option<u64>) -> Diagnosis {
    let Some(view) = View::new(recording).filter(|v| v.len() >= LEAST_REQUESTS) else {
        return too_little(format!(
            "{} requests are too few to tell anything from (at least {LEAST_REQUESTS})",
            recording.requests.len()
        ));
    };
    let windows = Windows::choose(&view, told);
    if windows.count < LEAST_WINDOWS {
        return too_little(format!(
            "{} windows of {} are too few to tell before from after (at least {LEAST_WINDOWS})",
            windows.count,
            say::seconds(windows.width as f64 * 1e-9)
        ));
    }
    let frame = frame(&view, windows, told);
    if let Some(why) = told.and_then(|healthy| one_sided(&view, &frame, healthy)) {
        return too_little(why);
    }
    let episodes = episode::all(&view, &frame);
    let Some(main) = episodes.first() else {
        return healthy(&view, &frame);
    };
    let located = locate(&view, &frame, main, &episodes);
    describe(&view, &frame, main, &located, &episodes)
}

/// Why one side of the end of what is known to be healthy is too little to be compared with the other.
fn one_sided(view: &View, frame: &Frame, healthy: u64) -> Option<String> {
    let (windows, edge) = (&frame.windows, frame.windows.of(healthy));
    let needed = |n: usize| say::seconds((n as u64 * windows.width) as f64 * 1e-9);
    let few = |side: &str, n: usize| {
        let least = LEAST_REQUESTS / 2;
        (n < least).then(|| format!("{n} requests {side} the onset are too few (at least {least})"))
    };
    let least = frame.warm + 2 * windows.shortest;
    let before = view.between(0, healthy).len();
    if edge < least {
        return Some(format!(
            "{} before the onset is too short a baseline at this rate of requests: at least {}",
            say::seconds(healthy as f64 * 1e-9),
            needed(least)
        ));
    }
    if windows.count < edge + windows.shortest {
        return Some(format!(
            "{} after the onset is too short to be compared at this rate of requests: at least {}",
            say::seconds(view.end.saturating_sub(healthy) as f64 * 1e-9),
            needed(windows.shortest + 1)
        ));
    }
    few("before", before).or_else(|| few("after", view.len() - before))
}

fn too_little(why: String) -> Diagnosis {
    Diagnosis {
        summary: "undecided: too little to tell".into(),
        limits: vec![why],
        ..Diagnosis::default()
    }
}

fn healthy(view: &View, frame: &Frame) -> Diagnosis {
    let log = evidence::events(view);
    let cleared = log
        .iter()
        .filter(|e| e.version > 1)
        .take(4)
        .map(|e| {
            format!(
                "{}: nothing changed with it beyond the run's own noise",
                name(e)
            )
        })
        .collect();
    let mut limits = vec![];
    if !view.has(requests::cache) {
        limits.push("cache look-ups are not recorded: nothing can be said of the cache".into());
    }
    limits.push(if frame.healthy > 0 {
        format!(
            "nothing from {} on is worse than before it, beyond the run's own noise",
            say::clock(frame.healthy)
        )
    } else {
        format!(
            "what began before {} would not be seen: there is no \"before\" to compare with",
            say::clock(frame.windows.start(frame.first()))
        )
    });
    Diagnosis {
        summary: "no incident".into(),
        cleared,
        limits,
        ..Diagnosis::default()
    }
}

/// An event in words.
fn name(event: &Event) -> String {
    let version = if event.version > 0 {
        format!(" of v{}", event.version)
    } else {
        String::new()
    };
    format!(
        "{}{version} at {}",
        if event.name.is_empty() {
            "event"
        } else {
            &event.name
        },
        say::clock(event.time)
    )
}

fn describe(
    view: &View,
    frame: &Frame,
    main: &Episode,
    located: &Located,
    episodes: &[Episode],
) -> Diagnosis {
    let Located { spans, onset, lead } = located;
    let facts = evidence::gather(view, frame, spans);
    let (symptoms, better) = users::symptoms(view, spans);
    let segments = segments::find(view, spans, *lead);
    let tail = users::tail(view, spans);
    let mut notes = vec![];
    if let Some(v) = spans.version {
        notes.push(format!(
            "confined to {} v{}, beside v{} in the same minutes",
            View::column_name(v.column),
            v.value,
            v.old
        ));
    }
    // A quantity may be found along more than one line; the most telling finding speaks for it.
    let mut told = vec![];
    for f in main.findings.iter().filter(|f| f.marker.what.primary()) {
        let name = f.marker.what.name();
        if told.len() == 4 || told.contains(&name) {
            continue;
        }
        told.push(name);
        notes.push(format!(
            "also moved: {name}, {} → {} of {}",
            say::percent(f.before),
            say::percent(f.during),
            f.marker.what.base()
        ));
    }
    notes.extend(
        better
            .iter()
            .map(|s| format!("not for the worse: {}", s.words)),
    );
    let others: Vec<(&Episode, Option<Ranked>)> = episodes
        .iter()
        .filter(|e| !std::ptr::eq(*e, main))
        .take(3)
        .enumerate()
        .map(|(place, e)| {
            (
                e,
                (place < WEIGHED).then(|| first_of(view, frame, e, episodes)),
            )
        })
        .map(|(e, first)| (e, first.flatten()))
        .collect();
    let also = others
        .iter()
        .map(|(e, first)| {
            let what: Vec<&str> = e.findings.iter().map(|f| f.marker.what.name()).collect();
            let cause = first
                .as_ref()
                .map_or(String::new(), |c| format!("; {}", c.cause));
            format!(
                "{}-{}: {}{cause}",
                say::clock(frame.windows.start(e.from)),
                say::clock(frame.windows.start(e.to).min(view.end)),
                what.join(", ")
            )
        })
        .collect();
    let causes = rank::ranked(&facts);
    Diagnosis {
        summary: summary(view, onset, &symptoms, &segments, &tail),
        onset: Some(onset.clone()),
        cleared: cleared(view, spans, onset, &causes),
        symptoms,
        causes,
        segments,
        tail,
        notes,
        also,
        second: others
            .into_iter()
            .filter_map(|(_, first)| first)
            .map(|c| c.cause)
            .collect(),
        facts: facts
            .all()
            .map(|(fact, m)| Known {
                fact: fact.name(),
                value: m.value,
                se: m.se,
            })
            .collect(),
        compared: Some((spans.before.clone(), spans.during.clone())),
        limits: facts.limits,
    }
}

/// See [`super::stands_in`].
pub fn stands_in(diagnosis: &Diagnosis, other: &Recording) -> Option<bool> {
    let first = diagnosis.causes.first()?;
    let cause = CAUSES.iter().find(|c| c.id == first.cause)?;
    let (before, during) = diagnosis.compared.clone()?;
    let Some(view) = View::new(other) else {
        return Some(false);
    };
    let windows = Windows::choose(&view, None);
    if windows.count < LEAST_WINDOWS {
        return Some(false);
    }
    let frame = frame(&view, windows, None);
    let spans = Spans {
        onset: during.start..during.start,
        keys_until: during.end,
        before,
        during,
        version: None,
        behind_misses: false,
    };
    Some(rank::stands(
        cause,
        &evidence::gather(&view, &frame, &spans),
    ))
}

/// Other episodes whose cause is looked for as well.
const WEIGHED: usize = 2;

/// The first cause of another episode, if it stands.
fn first_of(view: &View, frame: &Frame, episode: &Episode, all: &[Episode]) -> Option<Ranked> {
    let located = locate(view, frame, episode, all);
    let facts = evidence::gather(view, frame, &located.spans);
    let first = rank::ranked(&facts).into_iter().next()?;
    (first.cause != rank::NONE && !first.tied).then_some(first)
}

fn summary(
    view: &View,
    onset: &Onset,
    symptoms: &[super::Symptom],
    segments: &[super::Segment],
    tail: &[(String, f64)],
) -> String {
    let half = ((onset.to - onset.from) as f64 / 2e9).ceil();
    let since = format!(
        "Since {} (±{half:.0} s){}",
        say::clock(onset.at),
        if onset.ramp {
            ", growing over time,"
        } else {
            ""
        }
    );
    let wanted = [
        "cache.hit_rate",
        "latency.p95",
        "error_rate",
        "shed_rate",
        "reject_rate",
        "parse.error_rate",
        "call.time.p50",
        "arrivals",
    ];
    let mut told: Vec<&str> = wanted
        .iter()
        .filter_map(|w| symptoms.iter().find(|s| s.indicator == *w))
        .map(|s| s.words.as_str())
        .collect();
    told.truncate(4);
    let what = if told.is_empty() {
        "a change that users hardly feel".to_string()
    } else {
        told.join(", ")
    };
    let whom = match segments.first() {
        Some(s) => format!(
            "worst for {} {} (odds x{})",
            s.tag,
            s.value,
            say::number(s.odds)
        ),
        None if view.has(requests::tenant) => "for all tenants".to_string(),
        // Who they are is not known: then nothing is said of them.
        None => String::new(),
    };
    let where_ = tail
        .first()
        .filter(|t| t.1 >= 0.5)
        .map(|(stage, share)| {
            format!(
                "; {} of the tail's growth is {stage}",
                say::percent(share.min(1.0))
            )
        })
        .unwrap_or_default();
    let until = onset
        .until
        .map(|u| format!("; well again at {}", say::clock(u)))
        .unwrap_or_default();
    let whom = if whom.is_empty() {
        whom
    } else {
        format!(" {whom}")
    };
    format!("{since} {what}{whom}{where_}{until}")
}

/// The instants of the deploys that brought the keys which the first cause blames: what they write of keys is new in the episode,
/// and was first seen right after them. However late its effect was felt, such a deploy is not cleared.
fn bringers(view: &View, log: &[Event], spans: &Spans, causes: &[Ranked]) -> Vec<u64> {
    let of_keys = |name: &str| {
        CAUSES
            .iter()
            .any(|c| c.id == name && c.family == Family::Keys)
    };
    if !causes.first().is_some_and(|c| of_keys(&c.cause)) {
        return vec![];
    }
    let before = view.between(spans.before.start, spans.before.end);
    let during = view.between(spans.during.start, spans.during.end);
    let mut times = vec![];
    for column in [
        requests::key_template,
        requests::serializer,
        requests::process,
    ] {
        let of = |rows: &Range<usize>| -> BTreeSet<u64> {
            rows.clone().map(|i| view.get(column, i)).collect()
        };
        let (old, new) = (of(&before), of(&during));
        for (value, first, _) in contrast::appearances(view, column) {
            if new.contains(&value) && !old.contains(&value) {
                let seen = view.arrived[first];
                let latest = log.iter().rev().find(|e| e.version > 0 && e.time <= seen);
                times.extend(latest.map(|e| e.time));
            }
        }
    }
    times
}

/// Changes that are not to blame: too early, too late, or no worse than what served beside them.
fn cleared(view: &View, spans: &Spans, onset: &Onset, causes: &[Ranked]) -> Vec<String> {
    let log = evidence::events(view);
    let own = bringers(view, &log, spans, causes);
    log.iter()
        .filter(|e| e.version > 1 && !own.contains(&e.time))
        .filter_map(|e| {
            let (at, words) = (e.time, name(e));
            if at > spans.onset.end + SECOND && onset.until.is_none_or(|u| at < u) {
                Some(format!(
                    "{words}: {} after the onset",
                    say::seconds((at - spans.onset.end) as f64 * 1e-9)
                ))
            } else if at + evidence::REACH < spans.onset.start
                && spans.version.is_none_or(|v| v.value != e.version)
            {
                Some(format!(
                    "{words}: nothing changed for {} after it",
                    say::seconds((spans.onset.start - at) as f64 * 1e-9)
                ))
            } else {
                alike(view, spans, e.version).map(|text| format!("{words}: {text}"))
            }
        })
        .take(4)
        .collect()
}

/// Requests of either side from which a comparison says something.
const SIDES: f64 = 100.0;

/// Whether the requests of a version fail, or are slow, as those that others served in the same minutes: then its deploy is not to
/// blame, whenever it was.
fn alike(view: &View, spans: &Spans, version: u64) -> Option<String> {
    if spans.version.is_some_and(|v| v.value == version) {
        return None;
    }
    let line = p95(view, &spans.before)?;
    let (mut n, mut bad) = ([0.0f64; 2], [0.0f64; 2]);
    for i in view.between(spans.during.start, spans.during.end) {
        let served = view.get(requests::service_version, i);
        if served == 0 {
            continue;
        }
        let side = usize::from(served == version);
        let fails = !matches!(
            view.get(requests::outcome, i) as u8,
            0 | outcome::OK | outcome::DEGRADED
        );
        n[side] += 1.0;
        bad[side] += f64::from(u8::from(fails || view.seconds(requests::latency, i) > line));
    }
    // Of a canary, both sides are there; a roll-out to all has no other side.
    if n[0].min(n[1]) < SIDES {
        return None;
    }
    let (old, new) = (share(bad[0], n[0])?, share(bad[1], n[1])?);
    let off = difference(new, old);
    (off.value < 2.0 * off.se && old.value > 0.06).then(|| {
        format!(
            "both sides of it go alike, {} of its requests fail or are slow and {} of the others in the same minutes",
            say::percent(new.value),
            say::percent(old.value)
        )
    })
}

/// The p95 of latency over a stretch, s.
fn p95(view: &View, span: &Range<u64>) -> Option<f32> {
    let rows = spaced(view.between(span.start, span.end), 50_000);
    let mut latencies: Vec<f32> = rows.map(|i| view.seconds(requests::latency, i)).collect();
    quantile(&mut latencies, 0.95)
}
