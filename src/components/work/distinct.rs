//! The items of a list without those that came before: tags, ids, documents that were retrieved twice.
//!
//! Sound (`set`): each item is looked up in a set. Flawed (`pairs`): each item is compared with all that were kept.

use super::{
    Exhausted, Job, Meter, Work,
    json::{count_items, digest, items},
};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};
use hashbrown::HashTable;

crate::choice! {
    /// How an item is found among those before it.
    pub enum DistinctWay {
        /// By its hash.
        Set = "set",
        /// By comparing it with each.
        Pairs = "pairs",
    }
}

crate::options! {
    /// Taking out what came before: of the items of a JSON array, else of the words.
    #[derive(Clone, Debug, PartialEq)]
    pub struct DistinctOptions {
        /// How an item is found among those before it: set, pairs.
        way: DistinctWay = DistinctWay::Set, "set";
    }
}

const PARSE: usize = 0;
const FIND: usize = 1;

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    Ok(Box::new(DistinctOptions::read_table(at, table, taken)?))
}

impl Work for DistinctOptions {
    /// Units: bytes parsed; look-ups and comparisons after one, or comparisons.
    fn parts(&self) -> &'static [&'static str] {
        match self.way {
            DistinctWay::Set => &["parse", "look-up"],
            DistinctWay::Pairs => &["parse", "compare"],
        }
    }

    fn costs(&self) -> &'static [f64] {
        match self.way {
            DistinctWay::Set => &[5.0, 20.0],
            DistinctWay::Pairs => &[5.0, 2.0],
        }
    }

    /// The product covers the items that are kept, in order.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let items = items(job.text, meter, PARSE)?;
        let kept = match self.way {
            DistinctWay::Set => by_hash(&items, meter)?,
            DistinctWay::Pairs => by_pairs(&items, meter)?,
        };
        let product = |so_far, item: &&String| mix(so_far ^ digest(item.as_bytes()));
        Ok(kept.iter().fold(kept.len() as u64, product))
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        count_items(job.text)
    }
}

fn by_hash<'a>(items: &'a [String], meter: &mut Meter) -> Result<Vec<&'a String>, Exhausted> {
    let (mut kept, mut places) = (Vec::<&String>::new(), HashTable::<usize>::new());
    for item in items {
        let mut units = 1;
        let hash = digest(item.as_bytes());
        let found = places.find(hash, |&place| {
            units += 1;
            kept[place] == item
        });
        if found.is_none() {
            let rehash = |&place: &usize| digest(kept[place].as_bytes());
            places.insert_unique(hash, kept.len(), rehash);
            kept.push(item);
        }
        meter.spend(FIND, units)?;
    }
    Ok(kept)
}

fn by_pairs<'a>(items: &'a [String], meter: &mut Meter) -> Result<Vec<&'a String>, Exhausted> {
    let mut kept = Vec::<&String>::new();
    for item in items {
        let found = kept.iter().position(|other| *other == item);
        let compared = found.map_or(kept.len(), |place| place + 1);
        if found.is_none() {
            kept.push(item);
        }
        meter.spend(FIND, compared as u64)?;
    }
    Ok(kept)
}
