//! What every cache keeps that knows tenants: walks the table for those that take weights.

use super::{super::*, naive::Naive};
use crate::config::{Source, pick};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// A way to set a cache up: its kind, and options that a flaw adds.
struct Make {
    kind: &'static str,
    options: &'static str,
}

impl Make {
    fn cache(&self, options: &str) -> Box<dyn Cache> {
        let comma = if self.options.is_empty() { "" } else { ", " };
        let text = format!(
            "c = {{ kind = \"{}\", {options}{comma}{} }}",
            self.kind, self.options
        );
        let file = Node::parse(&Source::new("law.toml", text)).unwrap();
        pick(&kinds(), "cache", file.get("c").unwrap()).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn entry(bytes: u64, ttl: u64, content: u64) -> Entry {
    Entry {
        bytes,
        ttl,
        writer: 1,
        content,
        cost: 0,
    }
}

fn gauge(cache: &dyn Cache, name: &str) -> f64 {
    let mut found = f64::NAN;
    cache.gauges(&mut |gauge, value| {
        if gauge == name {
            found = value
        }
    });
    found
}

fn put(cache: &mut dyn Cache, tenant: u64, key: u64) {
    cache.put_for(&|| tenant, key, entry(1, 0, tenant), 1);
}

fn hit(cache: &mut dyn Cache, tenant: u64, key: u64) -> bool {
    matches!(cache.get_for(&|| tenant, key, 2), Lookup::Hit { .. })
}

/// How many of a range of keys a tenant has.
fn held(cache: &mut dyn Cache, tenant: u64, keys: std::ops::Range<u64>) -> usize {
    keys.filter(|&key| hit(cache, tenant, key)).count()
}

/// Keys that no two tenants share, so that only the law about that is about that.
fn of(tenant: u64, n: u64) -> u64 {
    tenant * 1_000_000 + n
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, right: T) -> Result<(), String> {
    if found == right {
        return Ok(());
    }
    Err(format!("{what}: {found:?}, not {right:?}"))
}

type Law = fn(&Make) -> Result<(), String>;

/// The laws, by the names that flaws refer to.
const LAWS: &[(&str, Law)] = &[
    (
        "two_tenants_never_share_an_entry",
        two_tenants_never_share_an_entry,
    ),
    (
        "a_tenant_within_its_share_loses_nothing_to_others",
        a_tenant_within_its_share_loses_nothing_to_others,
    ),
    (
        "who_asks_by_weight_holds_by_weight",
        who_asks_by_weight_holds_by_weight,
    ),
    (
        "no_tenant_holds_more_than_its_budget",
        no_tenant_holds_more_than_its_budget,
    ),
    (
        "a_share_that_is_not_used_is_lent",
        a_share_that_is_not_used_is_lent,
    ),
];

/// nightscout/nocturne#321: two tenants, the same path.
fn two_tenants_never_share_an_entry(make: &Make) -> Result<(), String> {
    let mut cache = make.cache("capacity = 100");
    for key in [0, 1, u64::MAX] {
        for tenant in [1, 2, 3] {
            let before = cache.get_for(&|| tenant, key, 1);
            same(
                "before it is written",
                before,
                Lookup::Miss(Reason::NeverSeen),
            )?;
            put(&mut *cache, tenant, key);
        }
        for tenant in [1, 2, 3] {
            let Lookup::Hit { content, .. } = cache.get_for(&|| tenant, key, 2) else {
                return Err(format!("tenant {tenant} lost its answer"));
            };
            same("whose answer", content, tenant)?;
        }
    }
    same("entries", gauge(&*cache, "cache.entries"), 9.0)
}

fn a_tenant_within_its_share_loses_nothing_to_others(make: &Make) -> Result<(), String> {
    // Half of 100 entries is divided among two: 25 are sure.
    let mut cache = make.cache("capacity = 100");
    (0..25).for_each(|n| put(&mut *cache, 1, of(1, n)));
    for n in 0..10_000 {
        put(&mut *cache, 2, of(2, n));
        hit(&mut *cache, 2, of(2, n));
    }
    same(
        "of the quiet tenant",
        held(&mut *cache, 1, of(1, 0)..of(1, 25)),
        25,
    )
}

fn who_asks_by_weight_holds_by_weight(make: &Make) -> Result<(), String> {
    let heavy = xxh3_64(b"heavy");
    let mut cache = make.cache("capacity = 100, weights = { heavy = 4 }");
    let light = 7;
    // Both go round more keys than there is room for, the heavy one four times as often.
    for n in 0..4000 {
        put(&mut *cache, heavy, n);
        if n % 4 == 0 {
            put(&mut *cache, light, of(light, n / 4));
        }
    }
    let of_heavy = held(&mut *cache, heavy, 0..4000);
    if of_heavy.abs_diff(80) > 1 {
        return Err(format!("{of_heavy} of 100 entries, with 4/5 of the weight"));
    }
    Ok(())
}

fn no_tenant_holds_more_than_its_budget(make: &Make) -> Result<(), String> {
    let mut cache = make.cache("capacity = 100, bytes = 1000, budget = \"20%\"");
    for n in 0..1000 {
        put(&mut *cache, 1, of(1, n));
        let all = gauge(&*cache, "cache.entries");
        same("entries", all, 20f64.min(n as f64 + 1.0))?;
    }
    // In bytes too, of several together.
    for tenant in 2..5 {
        for n in 0..100 {
            cache.put_for(&|| tenant, of(tenant, n), entry(30, 0, tenant), 1);
        }
        let share = held(&mut *cache, tenant, of(tenant, 0)..of(tenant, 100)) * 30;
        if !(180..=200).contains(&share) {
            return Err(format!("{share} bytes, with a budget of 200"));
        }
    }
    Ok(())
}

fn a_share_that_is_not_used_is_lent(make: &Make) -> Result<(), String> {
    let mut cache = make.cache("capacity = 100");
    (0..200).for_each(|n| put(&mut *cache, 1, of(1, n)));
    same("alone", held(&mut *cache, 1, of(1, 100)..of(1, 200)), 100)?;
    // It comes back as soon as another needs it, without a word of the first.
    (0..25).for_each(|n| put(&mut *cache, 2, of(2, n)));
    same(
        "the newcomer",
        held(&mut *cache, 2, of(2, 0)..of(2, 25)),
        25,
    )?;
    same(
        "the lender",
        held(&mut *cache, 1, of(1, 125)..of(1, 200)),
        75,
    )
}

fn that_know_tenants() -> impl Iterator<Item = &'static str> {
    let knows = |k: &Kind<Box<dyn Cache>>| (k.fields)().iter().any(|f| f.name == "weights");
    kinds().into_iter().filter(knows).map(|k| k.name)
}

#[test]
fn every_kind_that_knows_tenants_keeps_every_law() {
    assert!(that_know_tenants().next().is_some());
    for kind in that_know_tenants() {
        for (name, law) in LAWS {
            let make = Make { kind, options: "" };
            assert_eq!(law(&make), Ok(()), "{kind} breaks {name}");
        }
    }
}

#[test]
fn a_flaw_of_tenants_breaks_the_law_that_it_names_and_no_other() {
    let about_tenants = |f: &&crate::components::Flaw| that_know_tenants().any(|k| k == f.kind);
    for flaw in FLAWS.iter().filter(about_tenants) {
        let make = Make {
            kind: flaw.kind,
            options: flaw.options,
        };
        let broken: Vec<&str> = LAWS
            .iter()
            .filter(|(_, law)| law(&make).is_err())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(broken, [flaw.breaks], "{}", flaw.name);
    }
}

fn tenant_lru(options: &str) -> Box<dyn Cache> {
    Make {
        kind: "tenant-lru",
        options: "",
    }
    .cache(options)
}

#[test]
fn with_all_the_room_private_a_flood_gets_what_its_weight_buys() {
    let heavy = xxh3_64(b"heavy");
    let mut cache = tenant_lru("capacity = 100, private = \"100%\", weights = { heavy = 3 }");
    for n in 0..1000 {
        put(&mut *cache, heavy, n);
        // The light one floods ten times as hard.
        (0..10).for_each(|k| put(&mut *cache, 7, of(7, 10 * n + k)));
    }
    assert_eq!(held(&mut *cache, heavy, 0..1000), 75);
}

#[test]
fn a_write_above_the_budget_is_refused_or_lives_short() {
    let options = "capacity = 100, budget = \"10%\", over_budget = ";
    let mut cache = tenant_lru(&format!("{options}\"refuse\""));
    (0..50).for_each(|n| put(&mut *cache, 1, n));
    assert_eq!(held(&mut *cache, 1, 0..10), 10, "the first stay");
    assert_eq!(gauge(&*cache, "cache.entries"), 10.0);
    assert_eq!(gauge(&*cache, "cache.over_budget"), 40.0);
    put(&mut *cache, 1, 3);
    assert!(hit(&mut *cache, 1, 3), "what is there may be written anew");
    let mut cache = tenant_lru(&format!("{options}\"short-life\", short_ttl = \"5ns\""));
    (0..50).for_each(|n| put(&mut *cache, 1, n));
    assert_eq!(held(&mut *cache, 1, 0..50), 50);
    let lives = |n: u64| matches!(cache.get_for(&|| 1, n, 6), Lookup::Hit { .. });
    assert_eq!((0..50).map(lives).filter(|l| *l).count(), 10);
    // Their room is free again at the next write, whoever writes.
    cache.put_for(&|| 2, 0, entry(1, 0, 2), 6);
    assert_eq!(gauge(&*cache, "cache.entries"), 11.0);
    let gone = cache.get_for(&|| 1, 45, 7);
    assert_eq!(gone, Lookup::Miss(Reason::Expired));
    put(&mut *cache, 1, 45);
    assert!(hit(&mut *cache, 1, 45));
}

#[test]
fn what_was_taken_from_a_quiet_tenant_is_counted_and_the_index_falls() {
    let even = |private: &str| {
        let mut cache = tenant_lru(&format!("capacity = 100, private = \"{private}\""));
        for n in 0..5000 {
            // The quiet one comes back to the same 20 keys, the noisy one never comes back.
            let key = of(1, n % 20);
            if !hit(&mut *cache, 1, key) {
                put(&mut *cache, 1, key);
            }
            for k in 0..9 {
                if !hit(&mut *cache, 2, of(2, 10 * n + k)) {
                    put(&mut *cache, 2, of(2, 10 * n + k));
                }
            }
            if n % 2 == 0 && !hit(&mut *cache, 3, of(3, 0)) {
                put(&mut *cache, 3, of(3, 0));
            }
        }
        let read = |name| gauge(&*cache, name);
        (read("cache.unfair_evictions"), read("cache.fairness"))
    };
    let (sound, fair) = even("100%");
    let (flawed, unfair) = even("0%");
    assert_eq!(sound, 0.0);
    assert!(flawed > 4000.0, "{flawed}");
    assert!(fair > 0.6 && unfair < 0.4, "{fair} {unfair}");
}

#[test]
fn a_million_tenants_cost_what_they_hold() {
    let mut cache = tenant_lru("capacity = 1000");
    for tenant in 0..1_000_000 {
        put(&mut *cache, tenant, tenant);
        cache.get_for(&|| tenant, 1, 3);
    }
    assert_eq!(gauge(&*cache, "cache.entries"), 1000.0);
    assert_eq!(gauge(&*cache, "cache.tenants"), 1000.0);
}

#[test]
fn a_deploy_changes_shares_and_budgets_of_what_is_there() {
    let node = |options: &str| {
        let text = format!("c = {{ kind = \"tenant-lru\", {options} }}");
        let file = Node::parse(&Source::new("law.toml", text)).unwrap();
        file.get("c").unwrap().clone()
    };
    let mut cache = tenant_lru("capacity = 100, private = \"100%\"");
    for n in 0..100 {
        put(&mut *cache, 1, of(1, n));
        put(&mut *cache, 2, of(2, n));
    }
    assert_eq!(held(&mut *cache, 1, of(1, 0)..of(1, 100)), 50);
    cache
        .retune(&node("capacity = 100, budget = \"30%\""), 5)
        .unwrap();
    assert_eq!(gauge(&*cache, "cache.entries"), 60.0);
    cache.retune(&node("capacity = 10"), 5).unwrap();
    assert_eq!(gauge(&*cache, "cache.entries"), 10.0);
    assert!(cache.retune(&node("capacity = 0"), 5).is_err());
    cache.flush();
    assert_eq!(gauge(&*cache, "cache.tenants"), 0.0);
    assert_eq!(
        cache.get_for(&|| 1, of(1, 99), 6),
        Lookup::Miss(Reason::NeverSeen)
    );
}

#[derive(Clone, Debug)]
struct Op {
    put: bool,
    tenant: u64,
    key: u64,
    bytes: u64,
    ttl: u64,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = (any::<bool>(), 0u64..5, 0u64..8, 1u64..40, 0u64..3);
    let op = op.prop_map(|(put, tenant, key, bytes, ttl)| Op {
        put,
        tenant,
        key,
        bytes,
        ttl: ttl * 20,
    });
    prop::collection::vec(op, 0..300)
}

proptest! {
    #[test]
    fn it_is_the_naive_one(ops in ops(), capacity in 1u64..16, private in 0u64..5, bytes in prop_oneof![Just(0u64), 50u64..200], budget in 1u64..5) {
        let text = format!("capacity = {capacity}, bytes = {bytes}, private = {}, budget = {}, weights = {{ a = 3 }}", private as f64 / 4.0, budget as f64 / 4.0);
        let share = |n: u64, of: u64| (n as f64 * (of as f64 / 4.0)) as u64;
        let room = if bytes == 0 { u64::MAX } else { bytes };
        let part = |of: u64| (share(capacity, of), if bytes == 0 { u64::MAX } else { share(bytes, of) });
        // A budget that nothing fits into is refused.
        prop_assume!(part(budget).0 > 0 && part(budget).1 > 0);
        let mut cache = tenant_lru(&text);
        let digest = |tenant: u64| if tenant == 0 { xxh3_64(b"a") } else { tenant };
        let mut naive = Naive::new((capacity as usize, room), part(private), if budget == 4 { (usize::MAX, u64::MAX) } else { (part(budget).0 as usize, part(budget).1) }, |t| if t == xxh3_64(b"a") { 3_000_000 } else { 1_000_000 });
        for (now, op) in ops.into_iter().enumerate() {
            let (now, tenant) = (now as u64, digest(op.tenant));
            let within: Vec<u64> = (0..5).map(digest).filter(|t| *t != tenant).filter(|t| {
                let share = naive.share(*t, tenant);
                naive.of(*t) as u64 <= share.0 && bytes == 0
            }).collect();
            let before: Vec<usize> = within.iter().map(|t| naive.of(*t)).collect();
            if op.put {
                let expires = if op.ttl == 0 { u64::MAX } else { now + op.ttl };
                naive.put(tenant, op.key, op.bytes, expires);
                cache.put_for(&|| tenant, op.key, entry(op.bytes, op.ttl, tenant), now);
            } else {
                let right = naive.get(tenant, op.key, now);
                prop_assert_eq!(matches!(cache.get_for(&|| tenant, op.key, now), Lookup::Hit { .. }), right);
            }
            prop_assert_eq!(gauge(&*cache, "cache.entries"), naive.len() as f64);
            prop_assert_eq!(gauge(&*cache, "cache.bytes"), naive.total_bytes() as f64);
            // Whatever one tenant does, the others that are within their shares keep all they have.
            let after: Vec<usize> = within.iter().map(|t| naive.of(*t)).collect();
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn with_one_tenant_or_nothing_private_it_is_an_lru(ops in ops(), capacity in 1u64..16, bytes in prop_oneof![Just(0u64), 50u64..200], private in 0u64..5) {
        let several = private == 0;
        let mut cache = tenant_lru(&format!("capacity = {capacity}, bytes = {bytes}, private = {}", private as f64 / 4.0));
        let mut lru = Make { kind: "lru", options: "" }.cache(&format!("capacity = {capacity}, bytes = {bytes}"));
        for (now, op) in ops.into_iter().enumerate() {
            let (now, tenant) = (now as u64, if several { op.tenant } else { 9 });
            let key = of(tenant, op.key);
            if op.put {
                lru.put(key, entry(op.bytes, op.ttl, 0), now);
                cache.put_for(&|| tenant, key, entry(op.bytes, op.ttl, 0), now);
            } else {
                prop_assert_eq!(cache.get_for(&|| tenant, key, now), lru.get(key, now));
            }
        }
    }
}
