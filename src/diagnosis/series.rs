//! What may move: primary quantities (a mechanism changed) and derived ones (users suffer), window by window.
//!
//! Each is a share of things that are bad, as its variance-stabilised value, so that no single spike dominates and the floor
//! of its noise is known. Alarms come from primary ones; derived ones say how much users felt, and alarm only together with load.

use super::{
    marks,
    stats::{arcsine, ln, quantile},
    view::{Call, Thing, View},
    windows::Windows,
};
use crate::recording::{
    attempts, cache, end_marker, outcome, parsed, requests, result, served_by, told,
};

/// A quantity that may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Share of look-ups that miss.
    Misses,
    /// Share of look-ups of known contents that miss under a key which the content never had.
    NewKeys,
    /// Share of entries, by the time of their writing, that died young.
    DiedYoung,
    /// Share of look-ups that miss for a content never asked for before.
    NewContents,
    /// Share of calls that take longer than the run's median.
    CallsSlow,
    /// Share of calls that take longer than the run's p95.
    CallsVerySlow,
    /// Share of calls that fail.
    CallErrors,
    /// Share of requests whose own computation takes longer than the run's p95.
    ComputeSlow,
    /// Share of requests that wait for a lock for a good part of what a request takes.
    LockWaits,
    /// Share of readings of a process whose quota of CPU was spent.
    Throttled,
    /// Share of readings of a process that had stood still.
    Paused,
    /// Share of readings of fewer replicas than are wanted.
    Behind,
    /// Share of prompts of which an engine finds little in its memory.
    PrefixMisses,
    /// Share of readings with less capacity than usual.
    CapacityLess,
    /// Share of requests that cannot be read, or whose answer cannot, whatever is made of that.
    ParseErrors,
    /// Share of the calls that were answered whose answer cannot be read.
    OutputUnread,
    /// Share of answers that say they are complete, and are not.
    Hidden,
    /// Share of answers that lack something, and do not say that they are complete.
    Incomplete,
    /// Share of requests that a limiter refuses.
    Rejects,
    /// Share of requests for which a dependency works on after their client has left.
    Orphans,
    /// Share of those who leave whose record, meant to be made all the same, is not made.
    RecordsKilled,
    /// Share of readings of a pool with connections in use by no call.
    Held,
    /// Share of readings of a registry with entries of requests that are over.
    Listed,
    /// Share of readings of a pool that is smaller than it was.
    PoolSmaller,
    /// Share of operations that are written more than once.
    Repeats,
    /// Share of operations under a key that stood for another one.
    SharedKeys,
    /// Share of written operations without their second step.
    Unpublished,
    /// Share of requests that take more CPU than half of the run's.
    CpuMore,
    /// Share of requests that take far more CPU than any used to.
    CpuFar,
    /// Share of beginnings of work that pass over somebody who has waited long.
    PassedOver,
    /// Share of requests of the class that goes first which wait.
    UrgentWaits,
    /// Share of readings with idle workers while somebody waits.
    IdleWaits,
    /// Share of requests that are tries beyond what a sound client makes.
    ManyTries,
    /// Share of readings with fewer workers of a class than it had.
    WorkersGone,
    /// Share of arrivals behind a line that is one producer's.
    Flooded,
    /// Requests arriving (derived: alone it is nobody's fault).
    Arrivals,
    /// Share of requests that come from one tenant (derived: its arrivals).
    OneTenant,
    /// Share of requests that fail in any way (derived).
    Failures,
    /// Share of requests slower than the run's p95 (derived).
    Slow,
}

impl What {
    /// All of them, primary ones first.
    pub const ALL: [What; 39] = [
        What::Misses,
        What::NewKeys,
        What::DiedYoung,
        What::NewContents,
        What::CallsSlow,
        What::CallsVerySlow,
        What::CallErrors,
        What::ComputeSlow,
        What::LockWaits,
        What::Throttled,
        What::Paused,
        What::Behind,
        What::PrefixMisses,
        What::CapacityLess,
        What::ParseErrors,
        What::OutputUnread,
        What::Hidden,
        What::Incomplete,
        What::Rejects,
        What::Orphans,
        What::RecordsKilled,
        What::Held,
        What::Listed,
        What::PoolSmaller,
        What::Repeats,
        What::SharedKeys,
        What::Unpublished,
        What::CpuMore,
        What::CpuFar,
        What::PassedOver,
        What::UrgentWaits,
        What::IdleWaits,
        What::ManyTries,
        What::WorkersGone,
        What::Flooded,
        What::Arrivals,
        What::OneTenant,
        What::Failures,
        What::Slow,
    ];

    /// Whether a mechanism changed when this moves.
    pub fn primary(self) -> bool {
        !matches!(
            self,
            What::Arrivals | What::OneTenant | What::Flooded | What::Failures | What::Slow
        )
    }

    /// Whether it says how long something takes, which is noise where nobody waits for it.
    pub fn times(self) -> bool {
        matches!(
            self,
            What::CallsSlow | What::CallsVerySlow | What::ComputeSlow
        )
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            What::Misses => "cache misses",
            What::NewKeys => "misses under new keys",
            What::DiedYoung => "entries that died young",
            What::NewContents => "misses of new contents",
            What::CallsSlow => "time of calls to dependencies",
            What::CallsVerySlow => "tail of calls to dependencies",
            What::CallErrors => "errors of calls to dependencies",
            What::ComputeSlow => "the service's own computation",
            What::LockWaits => "waits for a lock",
            What::Throttled => "quotas of CPU spent",
            What::Paused => "processes that stood still",
            What::Behind => "replicas that are wanted and not there",
            What::PrefixMisses => "prompts not found in memory",
            What::CapacityLess => "replicas in service",
            What::ParseErrors => "parse errors",
            What::OutputUnread => "answers of calls that cannot be read",
            What::Hidden => "failures behind success",
            What::Incomplete => "answers that lack something",
            What::Rejects => "rejects by a limiter",
            What::Orphans => "work for clients that have left",
            What::RecordsKilled => {
                "records that were to be made for clients that left, and were not"
            }
            What::Held => "connections in use by no call",
            What::Listed => "entries of requests that are over",
            What::PoolSmaller => "pools that are smaller than before",
            What::Repeats => "operations written more than once",
            What::SharedKeys => "operations under the key of another",
            What::Unpublished => "writes without their second step",
            What::CpuMore => "CPU of a request",
            What::CpuFar => "requests of far more CPU",
            What::PassedOver => "turns that pass over who has waited long",
            What::UrgentWaits => "waits of the class that goes first",
            What::IdleWaits => "workers who idle while somebody waits",
            What::ManyTries => "tries beyond the fifth",
            What::WorkersGone => "workers of a class that are gone",
            What::Flooded => "lines that are one producer's",
            What::Arrivals => "arrivals",
            What::OneTenant => "one tenant's share of arrivals",
            What::Failures => "failed requests",
            What::Slow => "slow requests",
        }
    }

    /// What its shares are shares of.
    pub fn base(self) -> &'static str {
        match self {
            What::Misses => "look-ups",
            What::NewKeys => "look-ups of known contents",
            What::DiedYoung => "entries, by the time of writing,",
            What::NewContents => "look-ups",
            What::CallsSlow => "calls above the run's median",
            What::CallsVerySlow => "calls above the run's p95",
            What::CallErrors => "calls",
            What::OutputUnread => "calls that were answered",
            What::Throttled | What::Paused | What::Behind => "readings",
            What::ComputeSlow => "requests worked on, above the run's p95",
            What::RecordsKilled => "clients that left",
            What::CapacityLess | What::Held | What::Listed | What::PoolSmaller => "readings",
            What::CpuMore => "requests worked on, above the run's median",
            What::CpuFar => "requests worked on",
            What::Repeats | What::SharedKeys => "operations",
            What::Unpublished => "operations that are written",
            What::PassedOver => "turns",
            What::UrgentWaits => "turns of that class",
            What::IdleWaits | What::WorkersGone => "readings",
            _ => "requests",
        }
    }

    /// Whether it is about the inside of the cache: a mechanism whose effect, if there is one, is misses.
    pub fn behind_misses(self) -> bool {
        matches!(self, What::NewKeys | What::DiedYoung | What::NewContents)
    }

    /// Of what a sound service has none, the first says when it began, whatever is louder: what is told one by one sooner than
    /// what gauges are read for now and then.
    pub fn precise(self) -> u8 {
        match self {
            What::Orphans | What::Repeats | What::SharedKeys | What::Unpublished => 2,
            What::RecordsKilled | What::Held | What::Listed | What::PoolSmaller => 1,
            _ => 0,
        }
    }

    /// Whether its things are readings of gauges.
    pub fn of_readings(self) -> bool {
        matches!(self, What::Held | What::Listed | What::PoolSmaller)
    }

    /// Whether a sound service has next to none of it, so that a few are many.
    pub fn rare(self) -> bool {
        matches!(
            self,
            What::Orphans
                | What::RecordsKilled
                | What::Repeats
                | What::SharedKeys
                | What::Unpublished
        )
    }

    /// Whether it counts calls instead of requests.
    fn of_calls(self) -> bool {
        matches!(
            self,
            What::CallsSlow | What::CallsVerySlow | What::CallErrors | What::OutputUnread
        )
    }
}

/// How things are marked bad: a quantity, and where its line lies.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// Of what.
    pub what: What,
    /// Seconds above which it is bad, for durations.
    pub line: f32,
}

impl Marker {
    /// Things that are marked beforehand.
    #[inline]
    fn things<'v>(&self, view: &'v View) -> Option<&'v [Thing]> {
        match self.what {
            What::NewKeys => Some(&view.repeats.new_keys),
            What::DiedYoung => Some(&view.lives),
            What::NewContents => Some(&view.repeats.first),
            _ => view.marks.get(&self.what).map(Vec::as_slice),
        }
    }

    /// Things that it may mark.
    pub fn len(&self, view: &View) -> usize {
        if let Some(things) = self.things(view) {
            things.len()
        } else if self.what.of_calls() {
            view.calls.len()
        } else {
            view.len()
        }
    }

    /// When thing `i` happened, ns.
    #[inline]
    pub fn time(&self, view: &View, i: usize) -> u64 {
        if let Some(things) = self.things(view) {
            things[i].time
        } else if self.what.of_calls() {
            view.calls[i].started
        } else {
            view.arrived[i]
        }
    }

    /// Numbers of the things in `[from, to)`.
    pub fn between(&self, view: &View, from: u64, to: u64) -> std::ops::Range<usize> {
        if let Some(things) = self.things(view) {
            let at = |t| things.partition_point(|x| x.time < t);
            at(from)..at(to).max(at(from))
        } else if self.what.of_calls() {
            view.calls_between(from, to)
        } else {
            view.between(from, to)
        }
    }

    /// Whether thing `i` is bad; `None` when the question does not arise.
    #[inline]
    pub fn bad(&self, view: &View, i: usize) -> Option<bool> {
        if let Some(things) = self.things(view) {
            return Some(things[i].bad);
        }
        let ended = |word: u8| Some(view.get(requests::outcome, i) == u64::from(word));
        match self.what {
            What::Misses => match view.get(requests::cache, i) as u8 {
                cache::HIT => Some(false),
                cache::MISS => Some(true),
                _ => None,
            },
            What::CallsSlow | What::CallsVerySlow => {
                let call = &view.calls[i];
                match call.result {
                    0 | result::OK => Some(call.seconds > self.line),
                    result::TIMEOUT => Some(true),
                    _ => None,
                }
            }
            What::CallErrors => match view.calls[i].result {
                result::ERROR | result::REFUSED | result::THROTTLED => Some(true),
                0 | result::OK | result::TIMEOUT => Some(false),
                _ => None,
            },
            What::ComputeSlow => computed(view, i).map(|seconds| seconds > self.line),
            What::LockWaits => Some(view.seconds(requests::lock_wait, i) > self.line),
            What::ParseErrors => Some(unread(view, i)),
            What::OutputUnread => match view.calls[i].result {
                result::OK => Some(unread_call(view, &view.calls[i])),
                _ => None,
            },
            What::Hidden => match view.get(requests::told, i) as u8 {
                0 => None,
                says => Some(says == told::COMPLETE && !whole(view, i)),
            },
            What::Incomplete => {
                let hidden = view.get(requests::told, i) == u64::from(told::COMPLETE);
                Some(!hidden && lacks(view, i))
            }
            What::Rejects => ended(outcome::REJECTED),
            What::Arrivals => Some(true),
            What::OneTenant => Some(view.get(requests::tenant, i) == view.hot),
            What::Failures => Some(!matches!(
                view.get(requests::outcome, i) as u8,
                0 | outcome::OK | outcome::DEGRADED
            )),
            What::Slow => Some(view.seconds(requests::latency, i) > self.line),
            // The others are marked beforehand.
            _ => None,
        }
    }
}

/// A quantity window by window.
#[derive(Clone, Debug)]
pub struct Series {
    /// How things were marked.
    pub marker: Marker,
    /// Things in each window.
    pub n: Vec<f64>,
    /// Bad ones.
    pub bad: Vec<f64>,
    /// The value that the scan looks at.
    pub y: Vec<f64>,
}

/// Values that a quantile is read off at most, evenly spaced: its error is then below a thousandth in rank.
const SAMPLE: usize = 100_000;

/// The quantile of a duration over the whole run, for drawing a line.
fn line(view: &View, what: What) -> Option<f32> {
    let pick = |len: usize, q: f64, get: &dyn Fn(usize) -> Option<f32>| {
        let mut values: Vec<f32> = (0..len)
            .step_by(len.div_ceil(SAMPLE).max(1))
            .filter_map(get)
            .collect();
        quantile(&mut values, q)
    };
    let answered =
        |i: usize| matches!(view.calls[i].result, 0 | result::OK).then(|| view.calls[i].seconds);
    match what {
        What::CallsSlow => pick(view.calls.len(), 0.5, &answered),
        What::CallsVerySlow => pick(view.calls.len(), 0.95, &answered),
        What::ComputeSlow if view.has(requests::compute) => {
            pick(view.len(), 0.95, &|i| computed(view, i))
        }
        What::Slow if view.has(requests::latency) => pick(view.len(), 0.95, &|i| {
            Some(view.seconds(requests::latency, i))
        }),
        // A fifth of what half of the requests take: below that nobody feels it.
        What::LockWaits if view.has(requests::lock_wait) => pick(view.len(), 0.5, &|i| {
            Some(view.seconds(requests::latency, i))
        })
        .map(|s| s / 5.0),
        What::ComputeSlow | What::Slow | What::LockWaits => None,
        _ => Some(0.0),
    }
}

/// The service's own computation for a request that it worked on. A hit saves the work: with hits among them, a rise of
/// misses would pass for slower code.
pub fn computed(view: &View, i: usize) -> Option<f32> {
    let seconds = view.seconds(requests::compute, i);
    let hit = view.get(requests::cache, i) == u64::from(cache::HIT);
    (seconds > 0.0 && !hit).then_some(seconds)
}

/// Whether the payload of a request, or its answer, could not be read.
pub fn unread(view: &View, i: usize) -> bool {
    parsed::is_fault(view.get(requests::parse_error, i) as u8)
        || view.get(requests::outcome, i) == u64::from(outcome::PARSE_ERROR)
}

/// Whether the answer of a call could not be read.
pub fn unread_call(view: &View, call: &Call) -> bool {
    parsed::is_fault(view.of_call(attempts::parse_error, call) as u8)
}

/// Whether all is well by the log of sub-steps; so where there is none.
pub fn whole(view: &View, i: usize) -> bool {
    matches!(
        view.get(requests::honest, i) as u8,
        0 | outcome::OK | outcome::HUNG_UP
    )
}

/// Whether a part of an answer is not there: a sub-step, an item, a shard, the end; or a default stands for it.
pub fn lacks(view: &View, i: usize) -> bool {
    let get = |column| view.get(column, i);
    get(requests::steps_failed) > 0
        || get(requests::items_stored) < get(requests::items_sent)
        || get(requests::shards_ok) < get(requests::shards)
        || get(requests::end_marker) == u64::from(end_marker::MISSING)
        || get(requests::served_by) == u64::from(served_by::FALLBACK)
        || get(requests::outcome) == u64::from(outcome::DEGRADED)
}

/// Whether the recording can say anything about it.
fn recorded(view: &View, what: What) -> bool {
    match what {
        What::Misses => view.has(requests::cache),
        What::NewKeys => !view.repeats.new_keys.is_empty(),
        What::DiedYoung => !view.lives.is_empty(),
        What::NewContents => !view.repeats.first.is_empty(),
        What::PassedOver
        | What::UrgentWaits
        | What::IdleWaits
        | What::ManyTries
        | What::WorkersGone
        | What::Flooded => view.marks.contains_key(&what),
        What::CallErrors => view.own_calls,
        What::OneTenant => view.hot != 0,
        What::ParseErrors => view.has(requests::outcome) || view.has(requests::parse_error),
        What::OutputUnread => view.calls_have(attempts::parse_error),
        What::Hidden => view.has(requests::told) && view.has(requests::honest),
        What::Rejects | What::Failures | What::Incomplete => view.has(requests::outcome),
        marked if marks::covers(marked) => view.marks.contains_key(&marked),
        _ => true,
    }
}

/// All quantities that the recording has.
pub fn all(view: &View, windows: &Windows) -> Vec<Series> {
    What::ALL
        .into_iter()
        .filter(|&what| recorded(view, what))
        .filter_map(|what| {
            Some(Marker {
                what,
                line: line(view, what)?,
            })
        })
        .map(|marker| one(view, windows, marker))
        .collect()
}

fn one(view: &View, windows: &Windows, marker: Marker) -> Series {
    let (mut n, mut bad) = (vec![0.0; windows.count], vec![0.0; windows.count]);
    for i in 0..marker.len(view) {
        let w = windows.of(marker.time(view, i));
        if w < windows.count
            && let Some(is_bad) = marker.bad(view, i)
        {
            n[w] += 1.0;
            bad[w] += f64::from(u8::from(is_bad));
        }
    }
    let y = if marker.what == What::Arrivals {
        let mut sorted = n.clone();
        let typical = super::stats::median(&mut sorted).max(0.5);
        let y = n.iter().map(|k| ln((k + 0.5) / typical)).collect();
        // Every window weighs the same, and `bad` of `n` is the rate as a multiple of the typical one.
        n.fill(typical);
        y
    } else {
        n.iter().zip(&bad).map(|(n, k)| arcsine(*k, *n)).collect()
    };
    Series { marker, n, bad, y }
}
