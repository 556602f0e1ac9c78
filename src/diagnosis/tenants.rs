//! Whose share of the traffic rose most: the tenant to watch.
//!
//! Bursts of everybody leave shares as they are, so a share tells when one tenant began to send more far better than the sum of
//! arrivals does. Only one tenant is watched: the one whose rise over one stretch is clearest.

use super::{stats::ln, view::View};
use crate::{recording::requests, sim::hash::FixedState};
use hashbrown::HashMap;

/// Blocks of equally many requests in which tenants are counted.
const BLOCKS: usize = 40;
/// Requests that are counted; more change no answer.
const SAMPLE: usize = 200_000;

/// The tenant whose share of the traffic over one stretch is most above that over the rest (by likelihood); `None` when
/// tenants are not recorded or there is but one.
pub fn hottest(view: &View) -> Option<u64> {
    if !view.has(requests::tenant) {
        return None;
    }
    let step = view.len().div_ceil(SAMPLE).max(1);
    let rows = view.len() / step;
    let mut counts: HashMap<u64, [f64; BLOCKS], FixedState> = HashMap::default();
    let mut sizes = [0.0; BLOCKS];
    for k in 0..rows {
        let block = (k * BLOCKS / rows).min(BLOCKS - 1);
        sizes[block] += 1.0;
        counts
            .entry(view.get(requests::tenant, k * step))
            .or_insert([0.0; BLOCKS])[block] += 1.0;
    }
    // Ties go to the smaller number, so that the map's order never shows.
    counts
        .iter()
        .filter(|(tenant, _)| **tenant != 0 && counts.len() > 1)
        .map(|(&tenant, counts)| (tenant, rise(counts, &sizes)))
        .filter(|(_, nats)| *nats > 0.0)
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|(tenant, _)| tenant)
}

/// Nats by which a higher share over one stretch fits better than one share throughout.
fn rise(counts: &[f64; BLOCKS], sizes: &[f64; BLOCKS]) -> f64 {
    let nats = |k: f64, n: f64| {
        let p = (k / n.max(1.0)).clamp(1e-9, 1.0 - 1e-9);
        k * ln(p) + (n - k) * ln(1.0 - p)
    };
    let (all, of) = (counts.iter().sum::<f64>(), sizes.iter().sum::<f64>());
    let mut best = 0.0;
    for from in 0..BLOCKS {
        let (mut k, mut n) = (0.0, 0.0);
        for to in from..BLOCKS {
            (k, n) = (k + counts[to], n + sizes[to]);
            let (rest, of_rest) = (all - k, of - n);
            if of_rest > 0.0 && k * of_rest > rest * n {
                best = f64::max(best, nats(k, n) + nats(rest, of_rest) - nats(all, of));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_rises_counts_and_one_that_falls_does_not() {
        let sizes = [100.0; BLOCKS];
        let (mut up, mut down) = ([20.0; BLOCKS], [20.0; BLOCKS]);
        (10..20).for_each(|b| (up[b], down[b]) = (40.0, 20.0));
        (0..BLOCKS)
            .filter(|b| !(10..20).contains(b))
            .for_each(|b| down[b] = 22.0);
        assert!(rise(&up, &sizes) > 50.0);
        assert!(rise(&down, &sizes) < 5.0, "{}", rise(&down, &sizes));
    }
}
