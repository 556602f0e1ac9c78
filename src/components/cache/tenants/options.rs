//! Options of the kind with tenants, checked and turned into what is asked on each call.

use crate::config::{At, Bytes, Count, Node, Read, Refusal, Share, Span};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

crate::options! {
    /// LRU cache of many tenants.
    #[derive(Clone, Debug)]
    pub struct TenantOptions {
        /// Entries that it holds at most, of all tenants together.
        capacity: Count = Count(10_000), "10k";
        /// Bytes of answers that it holds at most; 0 is no bound.
        bytes: Bytes = Bytes(0), "no bound";
        /// Share of the room that is divided among the tenants that hold anything, by weight; the rest is for what was used last. 0% is one space for all: a known flaw.
        private: Share = Share(0.5), "50%";
        /// Weights of tenants, such as { acme = 4, globex = 2.5 }.
        weights: Option<Node> = None, "all alike";
        /// Weight of tenants that are not named.
        other: f64 = 1.0, "1";
        /// What shares go by. `equal` takes no notice of weights: a known flaw.
        shares: Shares = Shares::ByWeight, "by-weight";
        /// Share of the room that one tenant may hold at most.
        budget: Share = Share(1.0), "100%";
        /// Budgets of tenants that may hold more or less, such as { acme = "80%" }.
        budgets: Option<Node> = None, "none";
        /// What becomes of a write above the budget: replace, refuse, short-life. `admit` is a known flaw.
        over_budget: OverBudget = OverBudget::Replace, "replace";
        /// How long an answer lives that was written above the budget, under over_budget = "short-life".
        short_ttl: Span = Span(10_000_000_000), "10s";
        /// What an entry is looked up by. `unscoped` leaves the tenant to the key: a known flaw.
        keys: Keys = Keys::Scoped, "scoped";
    }
}

crate::choice! {
    /// What shares go by.
    pub enum Shares {
        /// The tenants' weights.
        ByWeight = "by-weight",
        /// Nothing: all alike, whatever they pay.
        Equal = "equal",
    }
}

crate::choice! {
    /// What becomes of a write above its tenant's budget.
    pub enum OverBudget {
        /// The tenant's own least recently used entries make room.
        Replace = "replace",
        /// It is not stored.
        Refuse = "refuse",
        /// It is stored for a short time.
        ShortLife = "short-life",
        /// It is stored and counted, and nothing else.
        Admit = "admit",
    }
}

crate::choice! {
    /// What an entry is looked up by.
    pub enum Keys {
        /// The tenant and the key.
        Scoped = "scoped",
        /// The key alone, in the hope that the tenant is part of it.
        Unscoped = "unscoped",
    }
}

/// Room, in entries and in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub entries: u64,
    pub bytes: u64,
}

impl Room {
    /// A part of it, rounded down. No bound stays none.
    pub fn part(self, of: f64) -> Room {
        let bytes = match self.bytes {
            u64::MAX => u64::MAX,
            bytes => (bytes as f64 * of) as u64,
        };
        Room {
            entries: (self.entries as f64 * of) as u64,
            bytes,
        }
    }

    /// What `weight` of `all` gets of it, rounded down.
    pub fn divided(self, weight: u64, all: u64) -> Room {
        let part = |n: u64| (u128::from(n) * u128::from(weight) / u128::from(all.max(1))) as u64;
        Room {
            entries: part(self.entries),
            bytes: match self.bytes {
                u64::MAX => u64::MAX,
                bytes => part(bytes),
            },
        }
    }

    /// Whether so much is too much for it.
    pub fn exceeded_by(self, entries: u64, bytes: u64) -> bool {
        entries > self.entries || bytes > self.bytes
    }
}

/// Weights are kept as whole numbers of this part, so that sums come back to what they were.
const WEIGHT: f64 = 1_000_000.0;
/// Largest weight: with as many tenants as a cache may have entries, the sum fits.
const MOST_WEIGHT: f64 = 1_000.0;

/// Options, checked.
pub(super) struct Rules {
    pub room: Room,
    /// What of it is divided among tenants.
    pub private: Room,
    weights: BTreeMap<u64, u64>,
    other: u64,
    budget: Room,
    budgets: BTreeMap<u64, Room>,
    pub over_budget: OverBudget,
    pub short_ttl: u64,
    pub keys: Keys,
}

impl Rules {
    /// Checks the options of a table at `at`.
    pub fn of(o: &TenantOptions, at: &At) -> Result<Rules, Refusal> {
        if o.capacity.0 == 0 || o.capacity.0 >= u64::from(u32::MAX) {
            return Err(
                Refusal::at(at, format!("a cache of {} entries", o.capacity.0))
                    .help("give a capacity from 1 to 4 billion, or leave the cache out"),
            );
        }
        if o.short_ttl.0 == 0 {
            return Err(Refusal::at(at, "a short life of 0").help(
                "how long, such as \"10s\"; over_budget = \"refuse\" does not store at all",
            ));
        }
        let room = Room {
            entries: o.capacity.0,
            bytes: if o.bytes.0 == 0 { u64::MAX } else { o.bytes.0 },
        };
        let budget_of = |share: Share, at: &At| {
            let budget = room.part(share.0);
            if budget.entries == 0 || budget.bytes == 0 {
                return Err(
                    Refusal::at(at, "a budget that no entry fits into").help(format!(
                        "at least one of the {} entries, such as 10%",
                        room.entries
                    )),
                );
            }
            Ok(budget)
        };
        let equal = o.shares == Shares::Equal;
        let weights = each(o.weights.as_ref(), "weights", |node| {
            let weight = f64::read(node)?;
            whole(weight).ok_or_else(|| node.wrong(RIGHT_WEIGHT))
        })?;
        let other = whole(o.other).ok_or_else(|| {
            Refusal::at(at, format!("`other` is a weight of {}", o.other)).help(RIGHT_WEIGHT)
        })?;
        Ok(Rules {
            room,
            private: room.part(o.private.0),
            weights: if equal { BTreeMap::new() } else { weights },
            other: if equal { WEIGHT as u64 } else { other },
            budget: budget_of(o.budget, at)?,
            budgets: each(o.budgets.as_ref(), "budgets", |node| {
                budget_of(Share::read(node)?, &node.at)
            })?,
            over_budget: o.over_budget,
            short_ttl: o.short_ttl.0,
            keys: o.keys,
        })
    }

    /// Weight of a tenant, by the digest of its name.
    pub fn weight(&self, tenant: u64) -> u64 {
        self.weights.get(&tenant).copied().unwrap_or(self.other)
    }

    /// What a tenant may hold.
    pub fn budget(&self, tenant: u64) -> Room {
        self.budgets.get(&tenant).copied().unwrap_or(self.budget)
    }
}

const RIGHT_WEIGHT: &str = "a weight from 0.001 to 1000";

fn whole(weight: f64) -> Option<u64> {
    (0.001..=MOST_WEIGHT)
        .contains(&weight)
        .then_some((weight * WEIGHT) as u64)
}

/// A table from tenants' names to something, by the digests of the names.
fn each<T>(
    node: Option<&Node>,
    what: &str,
    read: impl Fn(&Node) -> Result<T, Refusal>,
) -> Result<BTreeMap<u64, T>, Refusal> {
    let Some(node) = node else {
        return Ok(BTreeMap::new());
    };
    node.table(&format!("the tenants' {what}"))?
        .iter()
        .map(|(name, entry)| Ok((xxh3_64(name.as_bytes()), read(&entry.node)?)))
        .collect()
}
