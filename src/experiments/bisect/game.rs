//! Sets of items and what a replay with them came to: smallest sets that breach (Zeller and Hildebrandt, "Simplifying and
//! Isolating Failure-Inducing Input", TSE 2002), and shares that add up to the whole (Shapley 1953).
//!
//! A set is a mask: bit `i` says that item `i` is there.

use crate::{
    config::Refusal,
    experiments::recurrence::Z95,
    sim::dice::{Dice, Purpose},
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What a replay came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The quantity, larger being worse.
    pub harm: f64,
    /// Whether the gate is breached.
    pub breached: bool,
}

/// A share of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// In the unit of the quantity.
    pub amount: f64,
    /// Half the width of its interval of 95 %; 0 where it is exact.
    pub half: f64,
}

/// Items, and replays of sets of them, each made once.
pub struct Game<'a> {
    /// How many items.
    n: usize,
    /// Items of which nothing depends: a set with them is the set without.
    inert: u64,
    play: &'a (dyn Fn(u64) -> Result<Point, Refusal> + Sync),
    known: BTreeMap<u64, Point>,
}

/// Most items: a set is a mask.
pub const MOST: usize = 60;
/// Most smallest sets that are looked for where not every set is replayed: each costs as many replays again.
const SETS: usize = 4;
const ORDER: Purpose = Purpose::named("gameday.bisect");

impl<'a> Game<'a> {
    /// Of `n` items.
    pub fn new(
        n: usize,
        inert: u64,
        play: &'a (dyn Fn(u64) -> Result<Point, Refusal> + Sync),
    ) -> Game<'a> {
        Game {
            n,
            inert: inert & full(n),
            play,
            known: BTreeMap::new(),
        }
    }

    /// How many replays there were.
    pub fn replays(&self) -> usize {
        self.known.len()
    }

    /// Items that can make a difference.
    pub fn live(&self) -> Vec<usize> {
        (0..self.n).filter(|i| self.inert >> i & 1 == 0).collect()
    }

    /// Replays those of the sets that were not yet, on all cores.
    fn all(&mut self, sets: impl IntoIterator<Item = u64>) -> Result<(), Refusal> {
        let inert = self.inert;
        let new: BTreeSet<u64> = sets
            .into_iter()
            .map(|s| s | inert)
            .filter(|s| !self.known.contains_key(s))
            .collect();
        let new: Vec<u64> = new.into_iter().collect();
        let play = self.play;
        let points: Result<Vec<(u64, Point)>, Refusal> =
            new.into_par_iter().map(|s| Ok((s, play(s)?))).collect();
        self.known.extend(points?);
        Ok(())
    }

    /// What a set came to.
    pub fn of(&mut self, set: u64) -> Result<Point, Refusal> {
        self.all([set])?;
        let point = self.known.get(&(set | self.inert)).copied();
        point.ok_or_else(|| Refusal::new("a replay got lost"))
    }

    /// All items.
    pub fn full(&self) -> u64 {
        full(self.n)
    }

    /// Every set of the items that make a difference.
    fn every(&self) -> Vec<u64> {
        let live = self.live();
        let of = |mask: u64| {
            let there = live.iter().enumerate().filter(|(k, _)| mask >> k & 1 == 1);
            there.fold(self.inert, |set, (_, i)| set | 1 << i)
        };
        (0..1u64 << live.len()).map(of).collect()
    }

    /// The share of each item of what all of them add, exactly: from every set.
    ///
    /// # Errors
    /// As a replay.
    pub fn exact(&mut self) -> Result<Vec<Share>, Refusal> {
        let (sets, live) = (self.every(), self.live());
        self.all(sets.iter().copied())?;
        let mut shares = vec![Share::default(); self.n];
        for &i in &live {
            for &without in sets.iter().filter(|s| *s >> i & 1 == 0) {
                let before = (without & !self.inert).count_ones() as usize;
                let more = self.of(without | 1 << i)?.harm - self.of(without)?.harm;
                shares[i].amount += more * weight(live.len(), before);
            }
        }
        Ok(shares)
    }

    /// The same from so many random orders, in which the items come one after another.
    ///
    /// # Errors
    /// As a replay.
    pub fn sampled(&mut self, orders: u64, seed: u64) -> Result<Vec<Share>, Refusal> {
        let live = self.live();
        let orders: Vec<Vec<usize>> = (0..orders.max(2))
            .map(|k| {
                let mut order = live.clone();
                Dice::new(seed, k).draw(ORDER, 0).shuffle(&mut order);
                order
            })
            .collect();
        let inert = self.inert;
        let prefixes = |order: &[usize]| -> Vec<u64> {
            let grow = |set: &mut u64, i: &usize| {
                *set |= 1 << i;
                Some(*set)
            };
            let grown = order.iter().scan(inert, grow);
            std::iter::once(inert).chain(grown).collect()
        };
        self.all(orders.iter().flat_map(|o| prefixes(o)))?;
        let mut seen: Vec<Vec<f64>> = vec![vec![]; self.n];
        for order in &orders {
            let sets = prefixes(order);
            for (&i, pair) in order.iter().zip(sets.windows(2)) {
                let more = self.of(pair[1])?.harm - self.of(pair[0])?.harm;
                seen[i].push(more);
            }
        }
        Ok(seen.iter().map(|all| mean(all)).collect())
    }

    /// Smallest sets that breach: taking any item out of one ends the breach. All of them where every set is replayed, else
    /// some. None where all items together do not breach.
    ///
    /// # Errors
    /// As a replay.
    pub fn smallest(&mut self, every: bool) -> Result<Vec<u64>, Refusal> {
        if !self.of(self.full())?.breached {
            return Ok(vec![]);
        }
        let mut sets: Vec<u64> = vec![];
        if every {
            let mut all = self.every();
            self.all(all.iter().copied())?;
            all.sort_by_key(|s| s.count_ones());
            for set in all {
                let has_smaller = sets.iter().any(|small| small & set == *small);
                if !has_smaller && self.of(set)?.breached {
                    sets.push(set);
                }
            }
        } else {
            // Each further set lacks an item of one that is known.
            let mut within = vec![self.full() | self.inert];
            while let Some(from) = within.pop() {
                if sets.len() >= SETS || !self.of(from)?.breached {
                    continue;
                }
                let set = self.ddmin(from)?;
                if !sets.contains(&set) {
                    sets.push(set);
                    let items = self.live().into_iter().filter(|i| set >> i & 1 == 1);
                    within.extend(items.map(|i| from & !(1 << i)));
                }
            }
        }
        let mut sets: Vec<u64> = sets.iter().map(|s| s & !self.inert).collect();
        sets.sort_by_key(|s| (s.count_ones(), *s));
        Ok(sets)
    }

    /// A set within `from`, which breaches, such that leaving any item out ends the breach.
    fn ddmin(&mut self, from: u64) -> Result<u64, Refusal> {
        let mut set = from;
        let mut parts = 2;
        loop {
            let items: Vec<usize> = self
                .live()
                .into_iter()
                .filter(|i| set >> i & 1 == 1)
                .collect();
            if items.is_empty() {
                return Ok(set);
            }
            let parts_now = parts.min(items.len());
            let length = items.len().div_ceil(parts_now);
            let chunks: Vec<u64> = items
                .chunks(length)
                .map(|c| c.iter().fold(0, |s, i| s | 1 << i))
                .collect();
            let alone = chunks.iter().map(|c| c | self.inert);
            let but = chunks.iter().map(|c| set & !c);
            let tries: Vec<u64> = alone.chain(but).filter(|t| *t != set).collect();
            self.all(tries.iter().copied())?;
            let mut found = None;
            for t in tries {
                if self.of(t)?.breached {
                    found = Some(t);
                    break;
                }
            }
            match found {
                Some(smaller) => (set, parts) = (smaller, 2),
                None if parts_now >= items.len() => return Ok(set),
                None => parts = (2 * parts_now).min(items.len()),
            }
        }
    }
}

fn full(n: usize) -> u64 {
    (1u64 << n) - 1
}

/// How often, among all orders of `n`, exactly these `before` come before an item: `before! (n - 1 - before)! / n!`.
fn weight(n: usize, before: usize) -> f64 {
    // 1 / (n · C(n-1, before))
    let mut choose = 1.0;
    for k in 0..before {
        choose = choose * (n - 1 - k) as f64 / (k + 1) as f64;
    }
    1.0 / (n as f64 * choose)
}

fn mean(all: &[f64]) -> Share {
    let n = all.len() as f64;
    if all.len() < 2 {
        return Share::default();
    }
    let amount = all.iter().sum::<f64>() / n;
    let variance = all.iter().map(|x| (x - amount) * (x - amount)).sum::<f64>() / (n - 1.0);
    Share {
        amount,
        half: Z95 * (variance / n).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A game of any values: the harm of a set is hashed from it, so that nothing about it is regular.
    fn any(seed: u64) -> impl Fn(u64) -> Result<Point, Refusal> + Sync {
        move |set| {
            let harm = Dice::new(seed, set).draw(ORDER, 1).unit() * 10.0 - 3.0;
            Ok(Point {
                harm,
                breached: harm > 0.0,
            })
        }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_whole(seed: u64, n in 1usize..7) {
            let play = any(seed);
            let mut game = Game::new(n, 0, &play);
            let whole = game.of(game.full()).unwrap().harm - game.of(0).unwrap().harm;
            for shares in [game.exact().unwrap(), game.sampled(9, seed).unwrap()] {
                prop_assert!(near(shares.iter().map(|s| s.amount).sum(), whole));
            }
        }

        #[test]
        fn alike_items_share_alike_and_idle_ones_have_none(seed: u64) {
            // 0 and 1 count by their number, 2 does as it likes, 3 changes nothing.
            let of = any(seed);
            let play = move |set: u64| of((set & 1) + (set >> 1 & 1) + (set & 4));
            let mut game = Game::new(4, 0, &play);
            let shares = game.exact().unwrap();
            prop_assert!(near(shares[0].amount, shares[1].amount));
            prop_assert!(near(shares[3].amount, 0.0));
            let mut without = Game::new(4, 0b1000, &play);
            let fewer = without.exact().unwrap();
            for (a, b) in shares.iter().zip(&fewer) {
                prop_assert!(near(a.amount, b.amount));
            }
            prop_assert_eq!(without.replays(), 8);
        }

        #[test]
        fn no_item_of_a_smallest_set_can_be_left_out(seed: u64, n in 1usize..9) {
            let of = any(seed);
            let top = full(n);
            let play = move |set: u64| Ok(Point { breached: set == top || of(set)?.breached && set > 0, ..of(set)? });
            for every in [true, false] {
                let mut game = Game::new(n, 0, &play);
                let sets = game.smallest(every).unwrap();
                prop_assert!(!sets.is_empty());
                for set in sets {
                    prop_assert!(game.of(set).unwrap().breached);
                    for i in (0..n).filter(|i| set >> i & 1 == 1) {
                        prop_assert!(!game.of(set & !(1 << i)).unwrap().breached);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_sampled_is_within_its_interval_of_what_is_exact() {
        let (mut inside, mut all) = (0, 0);
        for seed in 0..40 {
            let play = any(seed);
            let mut game = Game::new(5, 0, &play);
            let exact = game.exact().unwrap();
            let sampled = game.sampled(60, seed).unwrap();
            all += exact.len();
            inside += exact
                .iter()
                .zip(&sampled)
                .filter(|(e, s)| (e.amount - s.amount).abs() <= s.half)
                .count();
        }
        assert!(inside as f64 >= 0.9 * all as f64, "{inside} of {all}");
    }

    #[test]
    fn several_smallest_sets_are_all_found() {
        // 0 and 1, or 2.
        let play = |set: u64| {
            let breached = set & 3 == 3 || set & 4 == 4;
            Ok(Point {
                harm: f64::from(u8::from(breached)),
                breached,
            })
        };
        for every in [true, false] {
            let sets = Game::new(9, 0, &play).smallest(every).unwrap();
            assert_eq!(sets, [0b100, 0b11]);
        }
        let quiet = |_| {
            Ok(Point {
                harm: 0.0,
                breached: false,
            })
        };
        assert!(Game::new(3, 0, &quiet).smallest(true).unwrap().is_empty());
    }
}
