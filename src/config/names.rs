//! Names and their small numbers. A tenant, a route, a region is a `u32` on the hot path and a name to people.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// An append-only dictionary: numbers count from 0 in order of first appearance. Number 0 is always the
/// empty name, "not recorded".
#[derive(Clone, Debug)]
pub struct Names {
    names: Vec<Box<str>>,
    digests: Vec<u64>,
    index: HashTable<u32>,
    last: u32,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names {
            names: vec![],
            digests: vec![],
            index: HashTable::new(),
            last: 0,
        };
        names.number("");
        names
    }
}

impl Names {
    /// The number of a name, which is given one if it is new.
    pub fn number(&mut self, name: &str) -> u32 {
        // Most traffic repeats its last value.
        if self
            .names
            .get(self.last as usize)
            .is_some_and(|last| **last == *name)
        {
            return self.last;
        }
        let digest = xxh3_64(name.as_bytes());
        let found = self
            .index
            .find(digest, |&i| *self.names[i as usize] == *name)
            .copied();
        self.last = found.unwrap_or_else(|| {
            let number = u32::try_from(self.names.len()).expect("fewer than four billion names");
            self.names.push(name.into());
            self.digests.push(digest);
            let digests = &self.digests;
            self.index
                .insert_unique(digest, number, |&i| digests[i as usize]);
            number
        });
        self.last
    }

    /// The number of a name, if it has one.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.index
            .find(xxh3_64(name.as_bytes()), |&i| {
                *self.names[i as usize] == *name
            })
            .copied()
    }

    /// The name of a number; empty when there is none.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |n| n)
    }

    /// A digest of the name, the same in every run whatever the order of appearance.
    pub fn digest(&self, number: u32) -> u64 {
        self.digests.get(number as usize).copied().unwrap_or(0)
    }

    /// How many names there are, the empty one included.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether nothing but the empty name was ever seen.
    pub fn is_empty(&self) -> bool {
        self.names.len() <= 1
    }

    /// All names in order of their numbers, the empty one first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|n| &**n)
    }
}
