//! What limit does a traffic need? Capacity and refill from what was seen, not from intuition.
//!
//! For a key and a rate there is one least burst that refuses none of its requests: the largest number of tokens that its bucket
//! ever lacks, `max (level)` with `level = max(level - time passed, 0) + 1 token`, in whole ns of the rate, so that it is
//! the very number at which the limiter of the lab stops refusing. Over all keys that gives a frontier: the more a second, the
//! smaller the burst. Who proposes a limit chooses a point on it, and says how many requests and keys it would refuse; those are
//! counted by the limiter itself. O(requests) time for each rate, 8 bytes a request.
//! Source: Q23; Turner, "New directions in communications", 1986.

mod show;
#[cfg(test)]
mod tests;

pub use show::{json, text};

use crate::{
    components::limiter::{Admission, gcra::Gcra, kinds},
    config::{At, Node, Refusal, Source, pick},
};

/// When the requests of one key came, ns, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// What it is called.
    pub name: String,
    /// Arrivals.
    pub arrived: Vec<u64>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// The limiter's kind.
    pub kind: String,
    /// The rate, a second; `None` proposes one.
    pub rate: Option<f64>,
    /// The burst; `None` proposes one.
    pub burst: Option<u64>,
    /// Share of the requests that may be refused.
    pub allow: f64,
}

/// A point of the frontier: the least bursts at a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Tokens a second.
    pub rate: f64,
    /// Least burst that refuses none of the requests of a key: of the key at p50, p90, p99, and of the worst.
    pub bursts: [u64; 4],
}

/// What a limit does to the traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Tokens a second.
    pub rate: f64,
    /// Tokens at once.
    pub burst: u64,
    /// Requests that it refuses.
    pub refused: u64,
    /// Keys that it refuses at least once.
    pub keys: u64,
    /// The keys that it refuses most: name, requests refused, requests.
    pub worst: Vec<(String, u64, u64)>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The limiter's kind.
    pub kind: String,
    /// Requests.
    pub requests: u64,
    /// Keys.
    pub keys: u64,
    /// From the first request to the last, ns.
    pub span: u64,
    /// Mean rate of a key, a second, over the whole span: at p50, p90, p99, and the largest.
    pub means: [f64; 4],
    /// The frontier, by rate.
    pub frontier: Vec<Point>,
    /// The limit that was proposed, or asked about.
    pub effect: Effect,
    /// Share of the requests that might be refused.
    pub allow: f64,
}

/// Percentiles that are told; the last is the largest.
pub const PERCENTILES: [f64; 4] = [0.5, 0.9, 0.99, 1.0];

/// The value at a percentile of sorted ones: the least that so many are no larger than.
fn at<T: Copy>(sorted: &[T], p: f64) -> Option<T> {
    let rank = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// The least burst at which a bucket of this rate refuses none of these arrivals.
///
/// # Errors
/// A rate that lets nobody in.
pub fn least_burst(arrived: &[u64], rate: f64) -> Result<u64, Refusal> {
    let gap = Gcra::new(rate, 1, &At::nowhere())?.gap();
    let (mut level, mut last, mut most) = (0_u64, 0, 0);
    for &now in arrived {
        level = level.saturating_sub(now - last).saturating_add(gap);
        last = now;
        most = most.max(level);
    }
    Ok(most.div_ceil(gap).max(1))
}

/// What a limit does: its own decisions on the traffic.
///
/// # Errors
/// An unknown kind, or a rate or burst that it refuses.
pub fn effect(keys: &[Key], kind: &str, rate: f64, burst: u64) -> Result<Effect, Refusal> {
    let text = format!("kind = {kind:?}\nrate = \"{rate}/s\"\nburst = {burst}");
    let node = Node::parse(&Source::new("the limit", text))?;
    let mut effect = Effect {
        rate,
        burst,
        refused: 0,
        keys: 0,
        worst: vec![],
    };
    for key in keys {
        let mut limiter = pick(&kinds(), "limiter", &node)?;
        let refuses = |now: &&u64| matches!(limiter.check(1, 1, **now), Admission::Refused { .. });
        let refused = key.arrived.iter().filter(refuses).count() as u64;
        effect.refused += refused;
        if refused > 0 {
            effect.keys += 1;
            effect
                .worst
                .push((key.name.clone(), refused, key.arrived.len() as u64));
        }
    }
    effect
        .worst
        .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    effect.worst.truncate(5);
    Ok(effect)
}

/// Proposes a limit, or says what a given one does.
///
/// # Errors
/// No requests, or numbers that no limiter takes.
pub fn tune(keys: &[Key], question: &Question) -> Result<Tuning, Refusal> {
    let requests: u64 = keys.iter().map(|k| k.arrived.len() as u64).sum();
    let first = keys.iter().filter_map(|k| k.arrived.first()).min();
    let last = keys.iter().filter_map(|k| k.arrived.last()).max();
    let (Some(&first), Some(&last)) = (first, last) else {
        return Err(Refusal::new("there is no request to learn from"));
    };
    let span = last - first;
    if span == 0 {
        return Err(Refusal::new(
            "all requests come at one time: there is no rate to learn from",
        ));
    }
    let seconds = span as f64 / 1e9;
    let mut means: Vec<f64> = keys
        .iter()
        .map(|k| k.arrived.len() as f64 / seconds)
        .collect();
    means.sort_by(f64::total_cmp);
    let means = PERCENTILES.map(|p| at(&means, p).unwrap_or(0.0));
    let rate = match question.rate {
        Some(rate) => rate,
        // Twice what all but a hundredth of the keys ask in the mean: room to come back from a burst.
        None => told(2.0 * means[2]),
    };
    let mut rates: Vec<f64> = means
        .iter()
        .flat_map(|mean| [1.25, 2.0, 5.0].map(|times| told(mean * times)))
        .chain([rate])
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let frontier = rates
        .iter()
        .map(|rate| point(keys, *rate))
        .collect::<Result<_, _>>()?;
    let kind = &question.kind;
    let effect = match question.burst {
        Some(burst) => effect(keys, kind, rate, burst)?,
        None => propose(keys, kind, rate, (question.allow * requests as f64) as u64)?,
    };
    Ok(Tuning {
        kind: kind.clone(),
        requests,
        keys: keys.len() as u64,
        span,
        means,
        frontier,
        effect,
        allow: question.allow,
    })
}

/// A rate to two digits, rounded up, so that what is told is what was counted.
fn told(rate: f64) -> f64 {
    let mut digits = 1.0;
    while rate * digits < 10.0 && digits < 1e12 {
        digits *= 10.0;
    }
    while rate * digits >= 100.0 && digits > 1e-12 {
        digits /= 10.0;
    }
    let up = (rate * digits).ceil() / digits;
    // Without the dust of the division.
    format!("{up:.9}")
        .parse()
        .ok()
        .filter(|r| *r > 0.0)
        .unwrap_or(up)
}

fn point(keys: &[Key], rate: f64) -> Result<Point, Refusal> {
    let mut bursts = keys
        .iter()
        .map(|key| least_burst(&key.arrived, rate))
        .collect::<Result<Vec<u64>, _>>()?;
    bursts.sort_unstable();
    Ok(Point {
        rate,
        bursts: PERCENTILES.map(|p| at(&bursts, p).unwrap_or(1)),
    })
}

/// The least burst at which this rate refuses no more requests than allowed.
fn propose(keys: &[Key], kind: &str, rate: f64, allowed: u64) -> Result<Effect, Refusal> {
    let most = point(keys, rate)?.bursts[3];
    let (mut low, mut best) = (1, effect(keys, kind, rate, most)?);
    // A larger burst refuses no more in all, so halving finds it; whatever it finds was counted.
    while low < best.burst {
        let middle = low + (best.burst - low) / 2;
        let tried = effect(keys, kind, rate, middle)?;
        match tried.refused <= allowed {
            true => best = tried,
            false => low = middle + 1,
        }
    }
    Ok(best)
}
