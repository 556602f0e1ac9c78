//! At which age entries expire: whether a wave of expired misses is a shorter lifetime or an echo of a cold start.
//!
//! What was written when the cache was empty expires together, one lifetime later, in a run where nothing is wrong. Then each
//! entry dies older than any that hit before. A shorter lifetime shows in entries that die *young*: at an age at which others
//! used to hit. And since an entry keeps the lifetime that it was written with, the first that dies young and the last that
//! lives long bracket the instant of the change, however late its effect is felt.

use super::{
    refine::Instant,
    stats::{Measure, share},
    view::View,
};
use crate::{
    recording::{cache, miss, requests},
    sim::hash::{FixedState, mix},
};
use hashbrown::{HashMap, HashSet};
use std::ops::Range;

/// An entry dies young at less than so much of the oldest age at which entries hit before. Lifetimes have jitter.
const YOUNG: f64 = 0.8;
/// Expired misses below which nothing is said.
const LEAST: usize = 20;

/// What the expired misses of an episode say.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// Share of the expired misses during the episode whose entry died young.
    pub young: Measure,
    /// Between which instants the lifetime changed, if it did.
    pub change: Option<Instant>,
}

/// Reads the expired misses of an episode; `None` when keys or reasons are not recorded, or there are too few.
pub fn read(view: &View, before: &Range<u64>, during: &Range<u64>) -> Option<Expiry> {
    if !view.has(requests::miss) || !view.has(requests::h_key) {
        return None;
    }
    let oldest = oldest_hit(view, before)?;
    let line = (oldest as f64 * YOUNG) as u64;
    let local = view.local_caches(before);
    // When each key was written last, and whether that entry was seen to hit beyond the line.
    let mut written: HashMap<u64, u64, FixedState> = HashMap::default();
    let (mut expired, mut young) = (0usize, 0usize);
    let mut short: Vec<(u64, u64)> = vec![]; // written, age at death
    let mut long: Vec<(u64, u64)> = vec![]; // written, age at a hit
    for i in view.between(0, during.end) {
        let now = view.arrived[i];
        let place = place(view, i, local);
        match view.get(requests::cache, i) as u8 {
            cache::HIT => {
                let age = view.get(requests::hit_age, i);
                if during.contains(&now) || now + oldest >= during.start {
                    long.push((now.saturating_sub(age), age));
                }
            }
            cache::MISS => {
                let ends = now + view.get(requests::latency, i);
                let last = written.insert(place, ends);
                if during.contains(&now)
                    && view.get(requests::miss, i) == u64::from(miss::EXPIRED)
                    && let Some(at) = last.filter(|at| *at < now)
                {
                    expired += 1;
                    if now - at < line {
                        young += 1;
                        short.push((at, now - at));
                    }
                }
            }
            _ => {}
        }
    }
    if expired < LEAST {
        return None;
    }
    Some(Expiry {
        young: share(young as f64, expired as f64)?,
        change: change(&mut short, &long, during),
    })
}

/// The expired misses up to `end` whose entry lived as long as others did before, by number of the request; `None` when
/// keys or reasons are not recorded.
pub fn lawful(view: &View, before: &Range<u64>, end: u64) -> Option<HashSet<u32, FixedState>> {
    if !view.has(requests::miss) || !view.has(requests::h_key) {
        return None;
    }
    let line = (oldest_hit(view, before)? as f64 * YOUNG) as u64;
    let local = view.local_caches(before);
    let mut written: HashMap<u64, u64, FixedState> = HashMap::default();
    let mut found = HashSet::default();
    for i in view
        .between(0, end)
        .filter(|&i| view.get(requests::cache, i) == u64::from(cache::MISS))
    {
        let now = view.arrived[i];
        let last = written.insert(place(view, i, local), now + view.get(requests::latency, i));
        if view.get(requests::miss, i) == u64::from(miss::EXPIRED)
            && last.is_none_or(|at| at > now || now - at >= line)
        {
            found.insert(i as u32);
        }
    }
    Some(found)
}

/// The place of an entry: its key, and the process where each has a cache of its own.
fn place(view: &View, i: usize, local: bool) -> u64 {
    let process = if local {
        view.get(requests::process, i)
    } else {
        0
    };
    mix(view.get(requests::h_key, i) ^ process.rotate_left(40))
}

/// The oldest age at which entries hit, but for the oldest thousandth.
fn oldest_hit(view: &View, span: &Range<u64>) -> Option<u64> {
    let mut ages: Vec<u64> = view
        .between(span.start, span.end)
        .filter(|&i| view.get(requests::cache, i) == u64::from(cache::HIT))
        .map(|i| view.get(requests::hit_age, i))
        .collect();
    if ages.len() < 50 {
        return None;
    }
    let rank = (ages.len() - 1) * 999 / 1000;
    Some(*ages.select_nth_unstable(rank).1).filter(|age| *age > 0)
}

/// Entries written before the change live longer than the new lifetime, those written after it do not.
fn change(short: &mut [(u64, u64)], long: &[(u64, u64)], during: &Range<u64>) -> Option<Instant> {
    if short.len() < LEAST {
        return None;
    }
    // The new lifetime is at most the age of most that died young: the smallest twentieth bounds it from above.
    let rank = short.len() / 20;
    let lifetime = short.select_nth_unstable_by_key(rank, |s| s.1).1.1;
    let first_short = short.iter().map(|s| s.0).min()?;
    let last_long = long
        .iter()
        .filter(|(at, age)| *age > lifetime + lifetime / 4 && *at < first_short + lifetime)
        .map(|l| l.0)
        .max();
    let from = last_long.unwrap_or(first_short).min(first_short);
    // A bracket as wide as the run says nothing.
    let near = first_short < during.end && first_short - from < during.end / 4;
    near.then_some(Instant {
        at: first_short,
        from,
        to: first_short,
    })
}
