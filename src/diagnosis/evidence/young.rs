//! Whether what is computed slowly is computed by processes that have just started.
//!
//! Not every service says which of its requests met a cold process, and one that says so says what its own settings call cold. The
//! age of a process is seen all the same: since its first request, if there were requests before it.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        series::computed,
        stats::{quantile, share, spaced},
        view::View,
    },
    recording::requests,
    sim::hash::FixedState,
};
use hashbrown::HashMap;

/// Requests that are read at most, each side.
const SAMPLE: usize = 60_000;
/// Slow ones beyond the usual number below which nothing is said.
const LEAST: f64 = 20.0;
/// Share of the requests worked on, beyond the usual twentieth, from which computation is slow at all.
const MORE: f64 = 0.01;
/// Ages until which a process may be cold, s: few looks, so that none of them fits by chance.
const AGES: [f32; 5] = [5.0, 10.0, 20.0, 40.0, 80.0];
/// ns from the start of the recording in which processes appear that have been up for long.
const BEGINNING: u64 = 30_000_000_000;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    if !view.has(requests::process) || !view.has(requests::compute) {
        return;
    }
    let mut started: HashMap<u64, u64, FixedState> = HashMap::default();
    for i in 0..view.len() {
        let process = view.get(requests::process, i);
        started.entry(process).or_insert(view.arrived[i]);
    }
    started.remove(&0);
    if started.values().all(|&at| at < BEGINNING) {
        return; // nobody is young
    }
    let mut usual: Vec<f32> = spaced(view.between(spans.before.start, spans.before.end), SAMPLE)
        .filter_map(|i| computed(view, i))
        .collect();
    let Some(line) = quantile(&mut usual, 0.95) else {
        return;
    };
    let worked: Vec<(f32, bool)> =
        spaced(view.between(spans.during.start, spans.during.end), SAMPLE)
            .filter_map(|i| {
                let seconds = computed(view, i)?;
                let at = *started.get(&view.get(requests::process, i))?;
                let age = if at < BEGINNING {
                    f32::INFINITY
                } else {
                    (view.arrived[i] - at) as f32 * 1e-9
                };
                Some((age, seconds > line))
            })
            .collect();
    let Some((part, n)) = of_the_young(&worked) else {
        return;
    };
    let told = evidence.get(Fact::PartCold).map_or(0.0, |m| m.value);
    if part > told {
        evidence.put(Fact::PartCold, share(part * n, n));
    }
}

/// Of the slow ones beyond the usual twentieth, how many more are of the young than would be if age did not matter, as a share of
/// all that could be; and how many slow ones there are. By the age that parts them best.
fn of_the_young(worked: &[(f32, bool)]) -> Option<(f64, f64)> {
    let all = worked.len() as f64;
    let slow = worked.iter().filter(|w| w.1).count() as f64 - 0.05 * all;
    if slow < LEAST || slow < MORE * all {
        return None;
    }
    let part = |age: f32| {
        let young = || worked.iter().filter(move |w| w.0 < age);
        let n = young().count() as f64;
        if n > 0.9 * all {
            return 0.0; // nobody to compare with
        }
        let of_young = (young().filter(|w| w.1).count() as f64 - 0.05 * n) / slow;
        let expected = n / all;
        ((of_young - expected) / (1.0 - expected)).clamp(0.0, 1.0)
    };
    let best = AGES.into_iter().map(part).fold(0.0, f64::max);
    Some((best, slow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slow_when_young_is_cold_and_who_is_slow_at_any_age_is_not() {
        // Processes live for 100 s: 15 of a hundred requests are of the first 15 s.
        let requests = |slow: &dyn Fn(usize) -> bool| -> Vec<(f32, bool)> {
            (0..2000).map(|i| ((i % 100) as f32, slow(i))).collect()
        };
        let cold = of_the_young(&requests(&|i| i % 100 < 15)).unwrap();
        assert!(cold.0 > 0.7, "{cold:?}");
        let any = of_the_young(&requests(&|i| i % 7 == 0)).unwrap();
        assert!(any.0 < 0.1, "{any:?}");
        assert!(of_the_young(&requests(&|i| i % 20 == 0)).is_none());
    }
}
