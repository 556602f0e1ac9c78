//! Why look-ups miss more than before: because of what is asked for, because of keys, or because of the cache.
//!
//! A look-up's chance of a hit depends on how long ago the same was asked for. So the growth of the miss rate is taken apart
//! (Kitagawa 1955) by that gap: contents come back later or are new (traffic); a content came back soon, but its key did not
//! (keys); the key came back soon, and missed all the same (the cache). The three parts add up to the whole.

use super::{
    Evidence, Fact,
    looks::{Look, Looks, Phase},
};
use crate::{
    diagnosis::stats::Measure,
    sim::hash::{FixedState, mix},
};
use hashbrown::HashMap;

/// Classes of gaps: three an octave of seconds (a lifetime is then sharp enough), and one for "longer than the horizon, or
/// never".
const CLASSES: usize = 64;
const AN_OCTAVE: f64 = 3.0;
const NEVER: usize = CLASSES - 1;
/// Repeats of one content and requests of one burst are alike: errors are this much larger than for independent ones.
const DESIGN: f64 = 2.0;

#[derive(Clone, Copy)]
struct Last {
    time: u64,
    ends: u64,
    during: bool,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    n: f64,
    misses: f64,
}

struct Seen {
    content: usize,
    key: usize,
    key_again: bool,
    miss: bool,
    /// After an episode that healed by itself: it only says how keys fare that were asked for within it.
    after: bool,
}

fn class(last: Option<Last>, look: &Look, horizon: u64) -> usize {
    match last.map(|l| look.time.saturating_sub(l.time)) {
        Some(gap) if gap <= horizon => {
            let octaves = libm::log2(1.0 + gap as f64 * 1e-9);
            ((AN_OCTAVE * octaves) as usize).min(NEVER - 1)
        }
        _ => NEVER,
    }
}

pub fn gather(looks: &Looks, evidence: &mut Evidence) {
    let mut asked: HashMap<u64, Last, FixedState> = HashMap::default();
    let mut contents: HashMap<u64, Last, FixedState> = HashMap::default();
    let mut keys: HashMap<u64, Last, FixedState> = HashMap::default();
    let mut usual = [Cell::default(); CLASSES];
    let mut shares = [[0.0; CLASSES]; 2];
    let mut during: Vec<Seen> = vec![];
    for look in &looks.all {
        let at = |identity: u64| mix(identity ^ look.place.rotate_left(32));
        let (content, key) = (at(look.content), at(look.key));
        let (by_content, by_key) = (contents.get(&content).copied(), keys.get(&key).copied());
        let last = Last {
            time: look.time,
            ends: look.answered.unwrap_or(0),
            during: matches!(look.phase, Phase::During | Phase::After),
        };
        let by_asked = asked.insert(content, last);
        // What failed was asked for, and left nothing in the cache.
        if look.answered.is_some() {
            contents.insert(content, last);
            keys.insert(key, last);
        }
        // While the answer is under way, a miss says nothing of keys, cache or traffic.
        if by_content.is_some_and(|l| l.ends > look.time) {
            continue;
        }
        let asked = class(by_asked, look, looks.horizon);
        let (content, key) = (
            class(by_content, look, looks.horizon),
            class(by_key, look, looks.horizon),
        );
        match look.phase {
            Phase::History => {}
            Phase::Before => {
                usual[key].n += 1.0;
                usual[key].misses += f64::from(u8::from(look.miss));
                shares[0][asked] += 1.0;
            }
            Phase::During | Phase::After => {
                let after = look.phase == Phase::After;
                shares[1][asked] += f64::from(u8::from(!after));
                let key_again = key != NEVER && by_key.is_some_and(|l| l.during);
                during.push(Seen {
                    content,
                    key,
                    key_again,
                    miss: look.miss,
                    after,
                });
            }
        }
    }
    let n = [shares[0].iter().sum::<f64>(), shares[1].iter().sum::<f64>()];
    if n[0] < 50.0 || n[1] < 50.0 {
        evidence
            .limits
            .push("too few look-ups to compare how contents come back".into());
        return;
    }
    let rates = rates(&usual);
    let error = |p: f64, k: f64| {
        DESIGN * (p.clamp(0.01, 0.99) * (1.0 - p.clamp(0.01, 0.99)) / k.max(1.0)).sqrt()
    };
    let mix_of = |side: usize| {
        (0..CLASSES)
            .map(|c| shares[side][c] / n[side] * rates[c])
            .sum::<f64>()
    };
    let traffic = mix_of(1) - mix_of(0);
    let never = |side: usize| shares[side][NEVER] / n[side];
    let se = error(never(0), n[0]).hypot(error(never(1), n[1]));
    if looks.contents {
        evidence.put(Fact::FromTraffic, Some(Measure::new(traffic, se)));
        evidence.put(
            Fact::NewContent,
            Some(Measure::new(never(1) - never(0), se)),
        );
        let keys: f64 = during
            .iter()
            .filter(|s| !s.after)
            .map(|s| rates[s.key] - rates[s.content])
            .sum::<f64>()
            / n[1];
        evidence.put(
            Fact::FromKeys,
            Some(Measure::new(keys, error(keys.abs(), n[1]))),
        );
    }
    let beyond = |of: &dyn Fn(&&Seen) -> bool| {
        let (mut k, mut sum, mut expected) = (0.0f64, 0.0f64, 0.0f64);
        for seen in during.iter().filter(|s| s.key != NEVER).filter(of) {
            k += 1.0;
            sum += f64::from(u8::from(seen.miss)) - rates[seen.key];
            expected += rates[seen.key];
        }
        (k, sum, expected)
    };
    let (k, sum, expected) = beyond(&|s| !s.after);
    evidence.put(
        Fact::FromCache,
        Some(Measure::new(
            sum / n[1],
            error(expected / k.max(1.0), k) * k / n[1],
        )),
    );
    for (fact, again) in [(Fact::FromCacheAgain, true), (Fact::FromCacheFirst, false)] {
        let (k, sum, expected) = beyond(&|s| s.key_again == again && (again || !s.after));
        if k >= 15.0 {
            evidence.put(fact, Some(Measure::new(sum / k, error(expected / k, k))));
        }
    }
}

/// Miss rates by class, each drawn a little towards its neighbour so that thin classes say little.
fn rates(usual: &[Cell; CLASSES]) -> [f64; CLASSES] {
    let all = usual.iter().fold(Cell::default(), |a, c| Cell {
        n: a.n + c.n,
        misses: a.misses + c.misses,
    });
    let mut rates = [0.0; CLASSES];
    let mut near = all.misses / all.n.max(1.0);
    for c in 0..NEVER {
        near = (usual[c].misses + 5.0 * near) / (usual[c].n + 5.0);
        rates[c] = near;
    }
    rates[NEVER] = (usual[NEVER].misses + 5.0) / (usual[NEVER].n + 5.0);
    rates
}
