//! How evenly a cache serves its tenants: hit rates of late, by tenant, and one index over them.

use crate::sim::hash::FixedState;
use hashbrown::HashMap;

/// Tenants whose hit rates are kept.
const MOST: usize = 4096;
/// Look-ups after which all counts are halved, so that what was long ago fades.
const HALVED_AFTER: u32 = 65_536;
/// Look-ups below which a tenant's hit rate says nothing.
const FEW: u32 = 20;

#[derive(Clone, Copy, Default)]
struct Count {
    hits: u32,
    all: u32,
}

/// Counts of look-ups by tenant, bounded.
#[derive(Default)]
pub(super) struct Fairness {
    of: HashMap<u64, Count, FixedState>,
    since: u32,
}

/// What they say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// Jain's index of the hit rates: 1 when all are alike, 1/n when one tenant of n has all the hits.
    pub jain: f64,
    /// The lowest hit rate.
    pub worst: f64,
}

impl Fairness {
    /// Counts a look-up.
    pub fn add(&mut self, tenant: u64, hit: bool) {
        self.since += 1;
        if self.since >= HALVED_AFTER {
            self.since = 0;
            self.of.retain(|_, count| {
                count.hits /= 2;
                count.all /= 2;
                count.all > 0
            });
        }
        if self.of.len() >= MOST && !self.of.contains_key(&tenant) {
            return;
        }
        let count = self.of.entry(tenant).or_default();
        count.hits += u32::from(hit);
        count.all += 1;
    }

    /// Of the tenants that asked often enough; `None` when there are none.
    pub fn read(&self) -> Option<Seen> {
        let often = self.of.values().filter(|c| c.all >= FEW);
        let mut rates: Vec<f64> = often
            .map(|c| f64::from(c.hits) / f64::from(c.all))
            .collect();
        // Sums of floats depend on their order; that of a table is nobody's business.
        rates.sort_by(f64::total_cmp);
        let worst = *rates.first()?;
        let (sum, squares) = rates
            .iter()
            .fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        let jain = if squares == 0.0 {
            1.0
        } else {
            sum * sum / (rates.len() as f64 * squares)
        };
        Some(Seen { jain, worst })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tenants: &[(u64, u32, u32)]) -> Fairness {
        let mut fairness = Fairness::default();
        for (tenant, hits, all) in tenants {
            (0..*all).for_each(|i| fairness.add(*tenant, i < *hits));
        }
        fairness
    }

    #[test]
    fn the_index_is_one_for_equals_and_one_in_n_for_a_winner() {
        assert_eq!(asked(&[]).read(), None);
        let all_alike = asked(&[(1, 30, 40), (2, 30, 40), (3, 75, 100)])
            .read()
            .unwrap();
        assert!((all_alike.jain - 1.0).abs() < 1e-12);
        assert_eq!(all_alike.worst, 0.75);
        let winner = asked(&[(1, 40, 40), (2, 0, 40), (3, 0, 40), (4, 0, 40)]);
        assert_eq!(
            winner.read().unwrap(),
            Seen {
                jain: 0.25,
                worst: 0.0
            }
        );
        let nobody = asked(&[(1, 0, 40), (2, 0, 40)]).read().unwrap();
        assert_eq!(
            nobody,
            Seen {
                jain: 1.0,
                worst: 0.0
            }
        );
        let seldom = asked(&[(1, 40, 40), (2, 0, 19)]).read().unwrap();
        assert_eq!(
            seldom,
            Seen {
                jain: 1.0,
                worst: 1.0
            }
        );
    }

    #[test]
    fn what_was_long_ago_fades_and_a_million_tenants_are_a_few_thousand() {
        let mut fairness = asked(&[(1, 0, 1000)]);
        (0..3 * HALVED_AFTER).for_each(|_| fairness.add(1, true));
        assert!(fairness.read().unwrap().worst > 0.99);
        (0..1_000_000).for_each(|tenant| fairness.add(tenant, true));
        assert!(fairness.of.len() <= MOST);
    }
}
