//! Look-ups that miss although their content is known, since their key is one that this content never had.
//!
//! Whether a look-up hits depends on what is asked for, on ages and on room: its noise is that of all three, and while a cache
//! fills it has a slope as well. Whether a known content comes under a known key depends on keys alone, and in a healthy run
//! it hardly moves. So a change of keys shows here in a few hundred requests, where the hit rate needs thousands. New keys
//! that hit (written beforehand, or read from their old place) harm nobody and do not count.

use super::{
    evidence::looks,
    view::{Thing, View},
};
use crate::sim::hash::{FixedState, mix};
use hashbrown::HashSet;

/// Look-ups in order of time, and which of them are bad.
#[derive(Debug, Default)]
pub struct Repeats {
    /// Those of known contents; bad is a miss under a new key.
    pub new_keys: Vec<Thing>,
    /// All of them; bad is a miss of a known content, whatever its key: what would have missed under the old key as well is no harm done by
    /// the new one.
    pub known: Vec<Thing>,
}

/// The look-ups of a recording; empty when keys or contents are not recorded.
pub fn of(view: &View) -> Repeats {
    let Some(all) = looks::whole(view) else {
        return Repeats::default();
    };
    let mut known: HashSet<u64, FixedState> = HashSet::default();
    let mut keys: HashSet<u64, FixedState> = HashSet::default();
    let mut repeats = Repeats::default();
    for look in &all {
        let fresh = keys.insert(mix(look.content ^ look.key.rotate_left(1)));
        let first = known.insert(look.content);
        let missed = !first && look.miss;
        let thing = |bad| Thing {
            time: look.time,
            bad,
        };
        // Of known contents only: they become more by themselves.
        if !first {
            repeats.new_keys.push(thing(missed && fresh));
        }
        repeats.known.push(thing(missed));
    }
    repeats
}
