//! Entries of the cache by the time at which they were written, and whether they died young.
//!
//! A lifetime belongs to an entry from its writing on. Seen by the time of *writing*, a shorter lifetime is a step at the
//! instant of the change, however slowly its effect is felt; and the first expiry of what was written together, which by the
//! clock looks like an incident, is no step at all.

use super::{
    stats::ln,
    view::{Thing, View},
};
use crate::{
    recording::{cache, miss, outcome, requests},
    sim::hash::{FixedState, mix},
};
use hashbrown::HashMap;

/// Entries kept: bounds time and memory. Keys are kept whole.
const MOST: usize = 250_000;
/// Entries that must have died before anything is said.
const LEAST: usize = 20;
/// Ages to try for "young": as many quantiles of the ages at death.
const AGES: usize = 12;

/// What is known of one entry.
#[derive(Clone, Copy, Debug)]
struct Entry {
    written: u64,
    /// The oldest age at which it hit.
    alive: u64,
    /// The age at which it was found expired.
    dead: Option<u64>,
}

/// The entries whose fate at one age is known, in order of writing; bad is one that was dead by then. The age is the one that
/// tells most. Empty when keys or reasons of misses are not recorded, or hardly anything expired.
pub fn of(view: &View) -> Vec<Thing> {
    let mut entries = entries(view);
    entries.sort_unstable_by_key(|e| e.written);
    let mut ages: Vec<u64> = entries.iter().filter_map(|e| e.dead).collect();
    if ages.len() < LEAST {
        return vec![];
    }
    ages.sort_unstable();
    let mut tried: Vec<u64> = (1..=AGES)
        .map(|k| ages[(ages.len() - 1) * k / (AGES + 1)])
        .collect();
    tried.dedup();
    tried
        .into_iter()
        .map(|age| fates(&entries, age, view.end))
        .map(|fates| (gain(&fates), fates))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(vec![], |best| best.1)
}

/// Whether entries lived to an age. Both fates are looked for up to twice the age and no later, so that neither is seen less
/// often towards the end of the recording.
fn fates(entries: &[Entry], age: u64, end: u64) -> Vec<Thing> {
    entries
        .iter()
        .filter(|e| e.written.saturating_add(2 * age) <= end)
        .filter_map(|e| {
            let bad = if e.dead.is_some_and(|d| d <= age) {
                true
            } else if e.alive > age {
                false
            } else {
                return None;
            };
            Some(Thing {
                time: e.written,
                bad,
            })
        })
        .collect()
}

/// Nats by which two levels, one of them over one stretch, fit better than one level.
fn gain(fates: &[Thing]) -> f64 {
    let (n, k) = count(fates);
    if k < LEAST as f64 || n - k < LEAST as f64 {
        return 0.0;
    }
    let all = k / n;
    let (mut low, mut high) = (all / 2.0, (1.0 + all) / 2.0);
    let mut best = 0.0;
    for _ in 0..4 {
        let (bad, good) = (ln(high / low), ln((1.0 - high) / (1.0 - low)));
        let (mut sum, mut start, mut top, mut stretch) = (0.0, 0, 0.0, 0..0);
        for (i, fate) in fates.iter().enumerate() {
            if sum <= 0.0 {
                (sum, start) = (0.0, i);
            }
            sum += if fate.bad { bad } else { good };
            if sum > top {
                (top, stretch) = (sum, start..i + 1);
            }
        }
        let (inside, bad_inside) = count(&fates[stretch]);
        let clip = |p: f64| p.clamp(1e-3, 1.0 - 1e-3);
        (high, low) = (
            clip(bad_inside / inside.max(1.0)),
            clip((k - bad_inside) / (n - inside).max(1.0)),
        );
        if high <= low {
            return best;
        }
        let nats = |n: f64, k: f64, p: f64| k * ln(p) + (n - k) * ln(1.0 - p);
        best = nats(inside, bad_inside, high) + nats(n - inside, k - bad_inside, low)
            - nats(n, k, clip(all));
    }
    best
}

fn count(fates: &[Thing]) -> (f64, f64) {
    (
        fates.len() as f64,
        fates.iter().filter(|f| f.bad).count() as f64,
    )
}

fn entries(view: &View) -> Vec<Entry> {
    if !view.has(requests::miss) || !view.has(requests::h_key) {
        return vec![];
    }
    let local = view.local_caches(&(0..view.end));
    let keep = if view.len() <= MOST {
        u64::MAX
    } else {
        (u64::MAX as f64 * (MOST as f64 / view.len() as f64)) as u64
    };
    let hit_ages = view.has(requests::hit_age);
    let mut open: HashMap<u64, Entry, FixedState> = HashMap::default();
    let mut all = vec![];
    for i in 0..view.len() {
        let key = view.get(requests::h_key, i);
        if mix(key ^ 0x6c69_7665) > keep {
            continue;
        }
        let now = view.arrived[i];
        let process = if local {
            view.get(requests::process, i)
        } else {
            0
        };
        let place = mix(key ^ process.rotate_left(40));
        match view.get(requests::cache, i) as u8 {
            cache::HIT => {
                let age = view.get(requests::hit_age, i);
                // An entry written by work in the background is known by the age at its first hit.
                let entry = open.entry(place).or_insert(Entry {
                    written: now.saturating_sub(age),
                    alive: 0,
                    dead: None,
                });
                let written = if hit_ages {
                    now.saturating_sub(age)
                } else {
                    entry.written
                };
                if written > entry.written + entry.alive {
                    all.push(*entry);
                    *entry = Entry {
                        written,
                        alive: 0,
                        dead: None,
                    };
                }
                entry.alive = entry.alive.max(now.saturating_sub(entry.written));
            }
            cache::MISS => {
                let expired = view.get(requests::miss, i) == u64::from(miss::EXPIRED);
                let old = open.get(&place).copied();
                // While the answer is under way, a miss says nothing of the entry that it will make.
                if old.is_some_and(|e| e.written > now) {
                    continue;
                }
                if let Some(mut entry) = open.remove(&place) {
                    let age = now - entry.written;
                    entry.dead = (expired && age > entry.alive).then_some(age);
                    all.push(entry);
                }
                let answered = matches!(
                    view.get(requests::outcome, i) as u8,
                    0 | outcome::OK | outcome::DEGRADED
                );
                if answered {
                    let written = now + view.get(requests::latency, i);
                    open.insert(
                        place,
                        Entry {
                            written,
                            alive: 0,
                            dead: None,
                        },
                    );
                }
            }
            _ => {}
        }
    }
    all.extend(open.into_values());
    all.sort_unstable_by_key(|e| (e.written, e.alive, e.dead));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(cut: Option<std::ops::Range<u64>>) -> Vec<Entry> {
        // Entries live 600 to 900 s, or 60 to 90 s when written in the cut; each is asked for every 20 s.
        (0..2000u64)
            .map(|i| {
                let (written, jitter) = (2 * i, mix(i) % 300);
                let short = cut.as_ref().is_some_and(|c| c.contains(&written));
                let life = (600 + jitter) / if short { 10 } else { 1 };
                Entry {
                    written,
                    alive: life / 20 * 20,
                    dead: Some(life / 20 * 20 + 20),
                }
            })
            .collect()
    }

    #[test]
    fn a_shorter_life_is_a_step_by_the_time_of_writing_and_a_steady_one_is_none() {
        let steady = fates(&world(None), 700, 10_000);
        assert!(gain(&steady) < 12.0, "{}", gain(&steady));
        let cut = fates(&world(Some(1500..2500)), 100, 10_000);
        assert!(gain(&cut) > 200.0);
        let bad: Vec<u64> = cut.iter().filter(|f| f.bad).map(|f| f.time).collect();
        assert_eq!((bad[0], bad[bad.len() - 1]), (1500, 2498));
    }

    #[test]
    fn near_the_end_neither_fate_is_seen() {
        let entries = world(None);
        assert!(fates(&entries, 700, 4_000).iter().all(|f| f.time <= 2_600));
    }
}
