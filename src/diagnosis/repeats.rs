//! Look-ups by whether their content and their key are known: what changed, the keys or the contents.
//!
//! Whether a look-up hits depends on what is asked for, on ages and on room: its noise is that of all three, and while a cache
//! fills it has a slope as well. Each of these asks one
//! question, and in a healthy run its answer hardly moves, so a change
//! shows in a few hundred requests where the hit rate needs thousands:
//!
//! - does a known *content* miss under a key that it never had? (keys alone; new keys that hit harm nobody)
//! - was the content never asked for before? (what is asked for)

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
    /// All of them; bad is a miss of a known content, whatever its key: what would have missed under the old key as well is no
    /// harm done by the new one.
    pub known: Vec<Thing>,
    /// All of them; bad is a miss of a content that was never asked for before.
    pub first: Vec<Thing>,
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
        let thing = |bad| Thing {
            time: look.time,
            bad,
        };
        // Of known contents only: they become more by themselves.
        if !first {
            repeats.new_keys.push(thing(look.miss && fresh));
        }
        repeats.known.push(thing(look.miss && !first));
        repeats.first.push(thing(look.miss && first));
    }
    repeats
}
