//! The room of a cache and who lies where in it.
//!
//! Each tenant has two lists in order of use: what is private (as much of what it used last as its share reaches), and what
//! is not, which lies in the shared list of all tenants as well. A use makes an entry private; what no longer fits the share
//! goes to the front of the shared list; what no longer fits the room leaves from the back of it. Where nothing is shared,
//! the tenant that holds most for its weight gives.

use super::{
    super::Entry,
    list::{ALL, EMPTY, List, NONE, Node, OWN, Place},
    options::{Room, Rules},
};
use crate::sim::hash::{FixedState, mix};
use hashbrown::{HashMap, HashTable};
use std::collections::BTreeSet;

struct Tenant {
    digest: u64,
    weight: u64,
    private: List,
    shared: List,
    private_bytes: u64,
    shared_bytes: u64,
    /// Its place in the order of who holds most for its weight.
    load: u64,
}

/// What a space counts.
pub(super) struct Counts {
    pub entries: u64,
    pub bytes: u64,
    pub tenants: usize,
    pub evictions: u64,
    /// Evictions for another tenant's sake of what was within the even part of the whole room.
    pub unfair: u64,
}

/// See the module.
pub(super) struct Space {
    room: Room,
    private: Room,
    index: HashTable<u32>,
    nodes: Vec<Node>,
    free: Vec<u32>,
    tenants: Vec<Tenant>,
    free_tenants: Vec<u32>,
    by_digest: HashMap<u64, u32, FixedState>,
    /// Sum of the weights of the tenants that are there.
    weights: u64,
    /// Tenants, by digest, in order of what they hold in private for their weight.
    loads: BTreeSet<(u64, u64)>,
    shared: List,
    ghosts: List,
    held: u64,
    bytes: u64,
    evictions: u64,
    unfair: u64,
}

impl Space {
    pub fn new(rules: &Rules) -> Space {
        Space {
            room: rules.room,
            private: rules.private,
            index: HashTable::new(),
            nodes: vec![],
            free: vec![],
            tenants: vec![],
            free_tenants: vec![],
            by_digest: HashMap::default(),
            weights: 0,
            loads: BTreeSet::new(),
            shared: EMPTY,
            ghosts: EMPTY,
            held: 0,
            bytes: 0,
            evictions: 0,
            unfair: 0,
        }
    }

    pub fn counts(&self) -> Counts {
        Counts {
            entries: self.held,
            bytes: self.bytes,
            tenants: self.by_digest.len(),
            evictions: self.evictions,
            unfair: self.unfair,
        }
    }

    pub fn node(&self, i: u32) -> &Node {
        &self.nodes[i as usize]
    }

    pub fn find(&self, key: u64) -> Option<u32> {
        self.index
            .find(mix(key), |&i| self.nodes[i as usize].key == key)
            .copied()
    }

    /// The tenant of a digest, which is there from now on: until [`Space::leave`] finds it with nothing.
    pub fn enter(&mut self, digest: u64, rules: &Rules) -> u32 {
        if let Some(&t) = self.by_digest.get(&digest) {
            return t;
        }
        let tenant = Tenant {
            digest,
            weight: rules.weight(digest),
            private: EMPTY,
            shared: EMPTY,
            private_bytes: 0,
            shared_bytes: 0,
            load: 0,
        };
        self.weights += tenant.weight;
        let t = match self.free_tenants.pop() {
            Some(t) => {
                self.tenants[t as usize] = tenant;
                t
            }
            None => {
                self.tenants.push(tenant);
                (self.tenants.len() - 1) as u32
            }
        };
        self.loads.insert((0, digest));
        self.by_digest.insert(digest, t);
        t
    }

    /// Forgets a tenant that has no entry.
    pub fn leave(&mut self, t: u32) {
        let tenant = &self.tenants[t as usize];
        if tenant.private.len + tenant.shared.len == 0 {
            self.weights -= tenant.weight;
            self.loads.remove(&(tenant.load, tenant.digest));
            self.by_digest.remove(&tenant.digest);
            self.free_tenants.push(t);
        }
    }

    /// Whether a tenant stays within a budget with one more entry.
    pub fn fits(&self, t: u32, bytes: u64, budget: Room) -> bool {
        let tenant = &self.tenants[t as usize];
        let held = tenant.private.len + tenant.shared.len;
        let all = tenant.private_bytes + tenant.shared_bytes;
        !budget.exceeded_by(held + 1, all.saturating_add(bytes))
    }

    /// A use: the entry is its tenant's most recent one.
    pub fn touch(&mut self, i: u32) {
        let t = self.nodes[i as usize].tenant;
        self.unlink(i);
        self.make_private(i, false);
        self.settle(t);
    }

    /// Takes what is known of a key out of its list, to be written anew by `tenant`.
    pub fn take_out(&mut self, key: u64, tenant: u32) {
        let Some(i) = self.find(key) else { return };
        let Node {
            place,
            tenant: owner,
            ..
        } = self.nodes[i as usize];
        self.unlink(i);
        if matches!(place, Place::Private | Place::Shared) && owner != tenant {
            self.leave(owner);
        }
        self.forget(i);
    }

    /// Puts an entry in front of its tenant's others.
    pub fn insert(&mut self, tenant: u32, key: u64, entry: Entry, now: u64, expires: u64) {
        let node = Node {
            key,
            entry,
            written: now,
            expires,
            tenant,
            place: Place::Out,
            links: [(NONE, NONE); 2],
        };
        let i = match self.free.pop() {
            Some(i) => {
                self.nodes[i as usize] = node;
                i
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        let nodes = &self.nodes;
        self.index
            .insert_unique(mix(key), i, |&j| mix(nodes[j as usize].key));
        self.make_private(i, false);
        self.settle(tenant);
    }

    /// Evicts until all that is held has room. `writer` is who needs it; it stays, even with nothing left.
    pub fn make_room(&mut self, writer: u32) {
        while self.held > 0 && self.room.exceeded_by(self.held, self.bytes) {
            self.evict_one(writer);
        }
    }

    /// Evicts the least recently used entry of a tenant that has one.
    pub fn evict_oldest_of(&mut self, t: u32) {
        let tenant = &self.tenants[t as usize];
        let oldest = match tenant.shared.last {
            NONE => tenant.private.last,
            last => last,
        };
        if oldest != NONE {
            self.evict(oldest, t);
        }
    }

    /// Other rules for what is there.
    pub fn retune(&mut self, rules: &Rules) {
        (self.room, self.private) = (rules.room, rules.private);
        let mut there: Vec<u32> = self.by_digest.values().copied().collect();
        there.sort_unstable();
        for &t in &there {
            let tenant = &mut self.tenants[t as usize];
            self.weights -= tenant.weight;
            tenant.weight = rules.weight(tenant.digest);
            self.weights += tenant.weight;
            let budget = rules.budget(tenant.digest);
            loop {
                let tenant = &self.tenants[t as usize];
                let held = tenant.private.len + tenant.shared.len;
                let bytes = tenant.private_bytes + tenant.shared_bytes;
                if held == 0 || !budget.exceeded_by(held, bytes) {
                    break;
                }
                self.evict_oldest_of(t);
            }
        }
        for &t in &there {
            self.reload(t);
            self.settle(t);
        }
        self.make_room(NONE);
        self.trim_ghosts();
        there.into_iter().for_each(|t| {
            if self.is_there(t) {
                self.leave(t);
            }
        });
    }

    fn is_there(&self, t: u32) -> bool {
        self.by_digest.get(&self.tenants[t as usize].digest) == Some(&t)
    }

    /// What a tenant's share is at this moment.
    fn share(&self, t: u32) -> Room {
        let weight = self.tenants[t as usize].weight;
        self.private.divided(weight, self.weights)
    }

    /// Moves what is beyond the tenant's share to the shared space.
    fn settle(&mut self, t: u32) {
        let share = self.share(t);
        loop {
            let tenant = &self.tenants[t as usize];
            if !share.exceeded_by(tenant.private.len, tenant.private_bytes) {
                return;
            }
            let last = tenant.private.last;
            self.unlink(last);
            self.make_shared(last);
        }
    }

    fn evict_one(&mut self, writer: u32) {
        loop {
            let last = self.shared.last;
            if last == NONE {
                break;
            }
            // Shares grow when tenants leave: then what lies in the shared space may be private again.
            let t = self.nodes[last as usize].tenant;
            let share = self.share(t);
            let tenant = &self.tenants[t as usize];
            let next = tenant.shared.first;
            let bytes = self.nodes[next as usize].entry.bytes;
            let all = tenant.private_bytes.saturating_add(bytes);
            if share.exceeded_by(tenant.private.len + 1, all) {
                self.evict(last, writer);
                return;
            }
            self.unlink(next);
            self.make_private(next, true);
        }
        let most = self.loads.last().and_then(|(_, d)| self.by_digest.get(d));
        if let Some(&t) = most {
            self.evict(self.tenants[t as usize].private.last, writer);
        }
    }

    fn evict(&mut self, i: u32, writer: u32) {
        let t = self.nodes[i as usize].tenant;
        let tenant = &self.tenants[t as usize];
        let even = self.room.divided(tenant.weight, self.weights);
        let held = tenant.private.len + tenant.shared.len;
        let bytes = tenant.private_bytes + tenant.shared_bytes;
        if t != writer && !even.exceeded_by(held, bytes) {
            self.unfair += 1;
        }
        self.evictions += 1;
        self.unlink(i);
        self.nodes[i as usize].place = Place::Ghost;
        self.ghosts.push_front(&mut self.nodes, ALL, i);
        self.trim_ghosts();
        if t != writer {
            self.leave(t);
        }
    }

    fn trim_ghosts(&mut self) {
        while self.ghosts.len > self.room.entries {
            let oldest = self.ghosts.last;
            self.unlink(oldest);
            self.forget(oldest);
        }
    }

    /// Drops a node that is in no list.
    fn forget(&mut self, i: u32) {
        let hash = mix(self.nodes[i as usize].key);
        if let Ok(entry) = self.index.find_entry(hash, |&j| j == i) {
            entry.remove();
        }
        self.free.push(i);
    }

    /// Takes a node out of its lists, and what it holds out of the sums.
    fn unlink(&mut self, i: u32) {
        let Node {
            tenant: t,
            place,
            entry,
            ..
        } = self.nodes[i as usize];
        self.nodes[i as usize].place = Place::Out;
        match place {
            Place::Out => {}
            Place::Ghost => self.ghosts.remove(&mut self.nodes, ALL, i),
            Place::Private => {
                let tenant = &mut self.tenants[t as usize];
                tenant.private.remove(&mut self.nodes, OWN, i);
                tenant.private_bytes -= entry.bytes;
                self.held -= 1;
                self.bytes -= entry.bytes;
                self.reload(t);
            }
            Place::Shared => {
                let tenant = &mut self.tenants[t as usize];
                tenant.shared.remove(&mut self.nodes, OWN, i);
                tenant.shared_bytes -= entry.bytes;
                self.shared.remove(&mut self.nodes, ALL, i);
                self.held -= 1;
                self.bytes -= entry.bytes;
            }
        }
    }

    fn make_private(&mut self, i: u32, behind: bool) {
        let Node {
            tenant: t, entry, ..
        } = self.nodes[i as usize];
        let tenant = &mut self.tenants[t as usize];
        if behind {
            tenant.private.push_back(&mut self.nodes, OWN, i);
        } else {
            tenant.private.push_front(&mut self.nodes, OWN, i);
        }
        tenant.private_bytes += entry.bytes;
        self.nodes[i as usize].place = Place::Private;
        self.held += 1;
        self.bytes += entry.bytes;
        self.reload(t);
    }

    fn make_shared(&mut self, i: u32) {
        let Node {
            tenant: t, entry, ..
        } = self.nodes[i as usize];
        let tenant = &mut self.tenants[t as usize];
        tenant.shared.push_front(&mut self.nodes, OWN, i);
        tenant.shared_bytes += entry.bytes;
        self.shared.push_front(&mut self.nodes, ALL, i);
        self.nodes[i as usize].place = Place::Shared;
        self.held += 1;
        self.bytes += entry.bytes;
    }

    /// Puts a tenant where it belongs in the order of loads.
    fn reload(&mut self, t: u32) {
        let tenant = &mut self.tenants[t as usize];
        let entries = tenant.private.len as f64 / self.room.entries as f64;
        let bytes = tenant.private_bytes as f64 / self.room.bytes as f64;
        // Numbers that are not negative are ordered as their bits are.
        let load = (entries.max(bytes) / tenant.weight as f64).to_bits();
        if load != tenant.load {
            self.loads.remove(&(tenant.load, tenant.digest));
            self.loads.insert((load, tenant.digest));
            tenant.load = load;
        }
    }
}
