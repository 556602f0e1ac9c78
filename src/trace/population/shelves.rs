//! A map from (group, number) whose numbers are small and dense in most groups, such as contents by popularity or users by
//! rank: a shelf a group, indexed by number. What is popular then lies together in memory, and a look-up is one step.

use crate::sim::hash::Map;
use std::hash::Hash;

/// Places on all shelves together. A number that needs more room goes into an ordinary map.
const PLACES: usize = 1 << 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Shelves<G, V> {
    shelves: Map<G, Vec<Option<V>>>,
    rest: Map<(G, u64), V>,
    /// Places on shelves, empty ones included.
    places: usize,
    len: usize,
}

impl<G, V> Default for Shelves<G, V> {
    fn default() -> Self {
        Shelves {
            shelves: Map::default(),
            rest: Map::default(),
            places: 0,
            len: 0,
        }
    }
}

impl<G: Copy + Eq + Hash, V> Shelves<G, V> {
    /// What stands there.
    #[inline]
    pub fn get(&self, group: G, number: u64) -> Option<&V> {
        if let Some(shelf) = self.shelves.get(&group)
            && let Some(Some(value)) = shelf.get(number as usize)
        {
            return Some(value);
        }
        if self.rest.is_empty() {
            return None;
        }
        self.rest.get(&(group, number))
    }

    /// Puts something there, in place of what stood there.
    pub fn insert(&mut self, group: G, number: u64, value: V) {
        let shelf = self.shelves.entry(group).or_default();
        let more = (number as usize)
            .saturating_add(1)
            .saturating_sub(shelf.len());
        let old = if self.places.saturating_add(more) <= PLACES {
            if more > 0 {
                shelf.resize_with(number as usize + 1, || None);
                self.places += more;
            }
            let old = shelf[number as usize].replace(value);
            // It may have stood elsewhere, before its shelf reached so far.
            old.or_else(|| self.rest.remove(&(group, number)))
        } else {
            self.rest.insert((group, number), value)
        };
        self.len += usize::from(old.is_none());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Keeps those for which this says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        for place in self.shelves.values_mut().flatten() {
            if place.as_ref().is_some_and(|v| !keep(v)) {
                *place = None;
                self.len -= 1;
            }
        }
        let before = self.rest.len();
        self.rest.retain(|_, v| keep(v));
        self.len -= before - self.rest.len();
    }

    /// All of them, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        let shelved = self.shelves.values().flatten().flatten();
        shelved.chain(self.rest.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map_whatever_the_numbers(
            puts in prop::collection::vec((0u8..3, prop_oneof![0u64..50, 900_000u64..1_200_000, any::<u64>()], 0u32..9), 0..60)
        ) {
            let (mut shelves, mut map) = (Shelves::default(), BTreeMap::new());
            for (group, number, value) in puts {
                shelves.insert(group, number, value);
                map.insert((group, number), value);
                prop_assert_eq!(shelves.len(), map.len());
            }
            for (&(group, number), value) in &map {
                prop_assert_eq!(shelves.get(group, number), Some(value));
                prop_assert_eq!(shelves.get(group + 3, number), None);
            }
            shelves.retain(|v| *v > 4);
            map.retain(|_, v| *v > 4);
            prop_assert_eq!(shelves.len(), map.len());
            let mut left: Vec<u32> = shelves.values().copied().collect();
            let mut expected: Vec<u32> = map.into_values().collect();
            left.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(left, expected);
        }
    }
}
