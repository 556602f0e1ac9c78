//! What the LRU kind keeps besides: shards, early renewal, what it counts, and how many steps it takes.

use super::{
    Cache, Lookup,
    laws::{Make, entry, gauge, hit},
    lru::Lru,
    lru_options::{LruOptions, part, shard_of},
    sharded::shard,
};
use crate::{
    config::{Bytes, Count, Span, pick},
    sim::{
        dice::{Dice, Purpose},
        hash::mix,
    },
};
use proptest::prelude::*;

const EARLY: Purpose = Purpose::named("renew-early");

fn lru(options: &str, capacity: usize) -> Box<dyn Cache> {
    Make {
        kind: "lru",
        options,
    }
    .cache(capacity, 0)
}

fn refused(options: &str) -> String {
    let text = format!("c = {{ kind = \"lru\", {options} }}");
    let node = crate::config::Node::parse(&crate::config::Source::new("law.toml", text));
    let built = node.and_then(|n| pick(&super::kinds(), "cache", n.get("c").unwrap()));
    built.err().map_or_else(String::new, |r| r.to_string())
}

#[test]
fn what_no_cache_can_be_is_refused_and_said() {
    for (options, why) in [
        ("capacity = 0", "a cache of 0 entries"),
        ("capacity = 9_000_000_000", "a cache of 9000000000 entries"),
        ("shards = 0", "0 shards"),
        ("capacity = 3, shards = 4", "4 shards for 3 entries"),
        ("shards = 1_000_000", "1000000 shards"),
        ("shards = 8, bytes = 7", "8 shards for 7 bytes"),
        ("early = nan", "must be finite"),
        ("early = inf", "must be finite"),
        ("early = 1e300", "times early"),
        ("early = -1", "-1 times early"),
        ("sweep = -1", "-1"),
    ] {
        let told = refused(options);
        assert!(
            told.contains(why) && told.contains("law.toml:1:"),
            "{options}: {told}"
        );
    }
    assert_eq!(
        refused("capacity = 4_000_000_000, shards = 1024, early = 1e6"),
        ""
    );
}

#[test]
fn shards_hold_the_whole_capacity_and_no_more() {
    for (capacity, shards) in [(1, 1), (7, 2), (10, 3), (64, 64), (100, 7), (1000, 16)] {
        let mut cache = lru(&format!("shards = {shards}, detail = true"), capacity);
        for key in 0..60 * capacity as u64 {
            cache.put(key, entry(0, 1), key);
            assert!(gauge(&*cache, "cache.entries") <= capacity as f64);
            assert!(hit(cache.get(key, key)), "what was just put");
        }
        assert_eq!(gauge(&*cache, "cache.entries"), capacity as f64);
        let fullest = gauge(&*cache, "cache.fullest_shard");
        assert_eq!(fullest, capacity.div_ceil(shards) as f64);
    }
}

#[test]
fn a_skewed_shard_evicts_early_and_that_is_counted() {
    // All keys of one shard of four: a quarter of the room is all they get.
    let of_one: Vec<u64> = (0..)
        .filter(|&k| shard_of(mix(k), 4) == 2)
        .take(50)
        .collect();
    let mut sharded = lru("shards = 4, detail = true", 100);
    let mut whole = lru("detail = true", 100);
    for (now, &key) in of_one.iter().enumerate() {
        sharded.put(key, entry(0, 1), now as u64);
        whole.put(key, entry(0, 1), now as u64);
    }
    let read = |cache: &dyn Cache| {
        ["entries", "evicted_early", "fullest_shard"].map(|g| gauge(cache, &format!("cache.{g}")))
    };
    assert_eq!(read(&*sharded), [25.0, 25.0, 25.0]);
    assert_eq!(read(&*whole), [50.0, 0.0, 50.0]);
    // Once everything is full, an eviction is due, and not early.
    (0..10_000).for_each(|key| sharded.put(key, entry(0, 1), 99));
    let before = gauge(&*sharded, "cache.evicted_early");
    (10_000..20_000).for_each(|key| sharded.put(key, entry(0, 1), 99));
    assert_eq!(gauge(&*sharded, "cache.evicted_early"), before);
}

#[test]
fn evictions_are_told_by_reason() {
    let options = "detail = true, sweep = 1";
    let mut cache = Make {
        kind: "lru",
        options,
    }
    .cache(3, 100);
    (0..5).for_each(|key| cache.put(key, entry(0, 10), 0)); // two make room for entries
    cache.put(9, entry(0, 95), 1); // one more does, and then two for bytes
    cache.put(10, entry(0, 101), 1); // larger than all there is
    cache.put(9, entry(5, 1), 2);
    cache.put(11, entry(0, 1), 7); // sweeps 9
    let told = [
        "evicted_for_entries",
        "evicted_for_bytes",
        "too_large",
        "expirations",
        "evictions",
    ];
    let found = told.map(|name| gauge(&*cache, &format!("cache.{name}")));
    assert_eq!(found, [3.0, 2.0, 1.0, 1.0, 5.0]);
}

#[test]
fn what_was_swept_is_missed_as_expired_and_what_made_room_as_evicted() {
    let mut cache = lru("sweep = 1", 2);
    cache.put(1, entry(5, 1), 0);
    cache.put(2, entry(0, 1), 1);
    cache.put(3, entry(0, 1), 6); // sweeps 1
    cache.put(4, entry(0, 1), 7); // evicts 2
    assert_eq!(cache.get(1, 8), Lookup::Miss(super::Reason::Expired));
    assert_eq!(cache.get(2, 8), Lookup::Miss(super::Reason::Evicted));
    cache.put(1, entry(9, 1), 9);
    assert!(hit(cache.get(1, 10)), "written anew");
}

#[test]
fn an_answer_that_grew_too_large_leaves_no_old_one_behind() {
    let mut cache = Make {
        kind: "lru",
        options: "",
    }
    .cache(3, 100);
    cache.put(1, entry(0, 10), 0);
    cache.put(1, entry(0, 101), 1);
    assert!(!hit(cache.get(1, 2)));
    assert_eq!(gauge(&*cache, "cache.bytes"), 0.0);
}

/// Requests that go to work around one expiry, of those that come at `rate` a second while an answer takes 100 ms to make.
fn sent_at_an_expiry(options: &str, rate: u64, seed: u64) -> (u64, u64) {
    const MS: u64 = 1_000_000;
    let mut cache = lru(&format!("detail = true{options}"), 10);
    let fresh = super::Entry {
        cost: 100 * MS,
        ..entry(10_000 * MS, 1)
    };
    cache.put(1, fresh, 0);
    let mut under_way: Vec<u64> = vec![];
    let mut sent = 0;
    for n in 0..20 * rate {
        let now = n * 1000 * MS / rate;
        if under_way.first().is_some_and(|&done| done <= now) {
            cache.put(1, fresh, under_way.remove(0));
        }
        let dice = Dice::new(seed, n).draw(EARLY, 0);
        if !hit(cache.look_up(&|| 0, 1, now, dice)) {
            sent += 1;
            under_way.push(now + 100 * MS);
        }
    }
    (sent, gauge(&*cache, "cache.stampede") as u64)
}

/// Two entries' lives pass: at most two expiries.
#[test]
fn a_stampede_is_as_large_as_the_rate_says_unless_something_is_done_about_it() {
    // 500 a second for the 100 ms that it takes to make: 50 go, once or twice, and all but the first were not needed.
    let (sent, counted) = sent_at_an_expiry("", 500, 1);
    assert!((50..=110).contains(&sent), "{sent}");
    assert!((49..sent).contains(&counted), "{counted} of {sent}");
    for seed in 0..8 {
        // By dice alone, several go, since nobody knows of the others.
        let (early, _) = sent_at_an_expiry(", early = 1, lease = \"0s\"", 500, seed);
        assert!(early <= 30, "{early}");
        // With a lease, one goes at a time.
        let (leased, counted) = sent_at_an_expiry(", early = 1", 500, seed);
        assert!((1..=3).contains(&leased), "{leased}");
        assert_eq!(counted, 0);
        let (stale, counted) = sent_at_an_expiry(", stale = \"1s\"", 500, seed);
        assert!((1..=2).contains(&stale), "{stale}");
        assert_eq!(counted, 0);
    }
}

#[test]
fn an_answer_is_renewed_as_early_as_the_paper_says() {
    // P(renewed with g left) = exp(-g / (beta cost)).
    for (beta, cost, left) in [
        (1.0, 100u64, 100u64),
        (1.0, 100, 230),
        (2.0, 100, 100),
        (0.5, 1000, 200),
    ] {
        let n = 5_000;
        let renewed = (0..n)
            .filter(|&seed| {
                let mut cache = lru(&format!("early = {beta}"), 4);
                let fresh = super::Entry {
                    cost,
                    ..entry(10_000, 1)
                };
                cache.put(1, fresh, 0);
                let dice = Dice::new(seed, 7).draw(EARLY, 0);
                cache.look_up(&|| 0, 1, 10_000 - left, dice) == Lookup::Refresh
            })
            .count() as f64;
        let p = libm::exp(-(left as f64) / (beta * cost as f64));
        let z = (renewed / n as f64 - p) / (p * (1.0 - p) / n as f64).sqrt();
        assert!(z.abs() < 4.0, "beta {beta}, {left} left: {renewed}, z {z}");
    }
}

#[test]
fn what_lives_for_ever_or_costs_nothing_is_not_renewed() {
    let mut cache = lru("early = 1000", 4);
    let dear = super::Entry {
        cost: 1_000,
        ..entry(0, 1)
    };
    cache.put(1, dear, 0);
    cache.put(2, entry(10, 1), 0);
    for n in 0..1000 {
        let dice = Dice::new(1, n).draw(EARLY, 0);
        assert!(hit(cache.look_up(&|| 0, 1, 9, dice)) && hit(cache.look_up(&|| 0, 2, 9, dice)));
    }
}

#[test]
fn steps_do_not_grow_with_the_cache() {
    let most = |capacity: usize, sweep: u64| {
        let options = LruOptions {
            capacity: Count(capacity as u64),
            sweep: Count(sweep),
            ..LruOptions::default()
        };
        let mut lru: Lru<()> = shard(&options, 0);
        let (mut get, mut put) = (0, 0);
        // Fills it twice over, so that ghosts go too; every third life is over when it is swept.
        for n in 0..4 * capacity as u64 {
            let before = lru.steps();
            lru.put(n, &entry(n % 3 * 1000, 1), (), n, &mut drop);
            put = put.max(lru.steps() - before);
            let before = lru.steps();
            lru.get(mix(n) % (n + 1), n, None);
            get = get.max(lru.steps() - before);
        }
        (get, put)
    };
    let (get, put) = most(64, 0);
    for capacity in [1000, 10_000] {
        let (more, worse) = most(capacity, 0);
        // Keys whose hashes share seven bits are looked at in vain, a few at most.
        assert!(more <= get + 4 && get <= 20, "get: {get}, {more}");
        assert!(worse <= put + 4 && put <= 50, "put: {put}, {worse}");
        let (_, swept) = most(capacity, 8);
        assert!(swept <= worse + 8 * 12, "put that sweeps: {swept}");
    }
}

#[test]
fn parts_add_up() {
    for (total, n) in [(1, 1), (10, 3), (1000, 1024), (u64::from(u32::MAX), 1000)] {
        let parts: Vec<u64> = (0..n).map(|i| part(total, n, i)).collect();
        assert_eq!(parts.iter().sum::<u64>(), total);
        assert!(parts.iter().max().unwrap() - parts.iter().min().unwrap() <= 1);
    }
}

#[test]
fn keys_spread_over_shards() {
    for shards in [2usize, 3, 16, 100] {
        let mut counts = vec![0u64; shards];
        (0..100_000u64).for_each(|key| counts[shard_of(mix(key), shards)] += 1);
        let expected = 100_000.0 / shards as f64;
        let chi: f64 = counts
            .iter()
            .map(|&c| (c as f64 - expected) * (c as f64 - expected) / expected)
            .sum();
        let free = (shards - 1) as f64;
        assert!(
            chi < free + 5.0 * (2.0 * free).sqrt() + 10.0,
            "{shards}: {chi}"
        );
    }
}

proptest! {
    /// Each shard is an LRU of its own: the same as that many naive lists.
    #[test]
    fn shards_equal_that_many_naive_lists(
        ops in prop::collection::vec((any::<bool>(), 0u64..40, 0u64..4), 0..400),
        capacity in 3usize..20,
        shards in 1usize..4,
    ) {
        let mut cache = lru(&format!("shards = {shards}"), capacity);
        let mut lists: Vec<Vec<(u64, u64)>> = vec![vec![]; shards];
        for (now, (put, key, ttl)) in ops.into_iter().enumerate() {
            let now = now as u64;
            let i = shard_of(mix(key), shards);
            let room = part(capacity as u64, shards as u64, i as u64) as usize;
            let list = &mut lists[i];
            let at = list.iter().position(|e| e.0 == key);
            if put {
                at.map(|i| list.remove(i));
                list.insert(0, (key, if ttl == 0 { u64::MAX } else { now + 9 * ttl }));
                list.truncate(room);
                cache.put(key, entry(9 * ttl, 1), now);
            } else {
                let expected = at.is_some_and(|i| list[i].1 > now);
                if let (true, Some(i)) = (expected, at) {
                    let used = list.remove(i);
                    list.insert(0, used);
                }
                prop_assert_eq!(hit(cache.get(key, now)), expected);
            }
            let held: usize = lists.iter().map(Vec::len).sum();
            prop_assert_eq!(gauge(&*cache, "cache.entries"), held as f64);
        }
    }

    /// A deploy that changes shards keeps what still has room, each with the rest of its life.
    #[test]
    fn a_deploy_of_other_shards_keeps_entries_and_their_lives(
        keys in prop::collection::vec((0u64..1000, 1u64..100), 1..60),
        from in 1u64..5,
        to in 1u64..5,
        stale in any::<bool>(),
    ) {
        // Room for all in every shard, so that nothing need go.
        let options = |shards: u64| format!("shards = {shards}, stale = \"{}\"", if stale { "7ns" } else { "0s" });
        let mut cache = lru(&options(from), 400);
        let mut lives = std::collections::BTreeMap::new();
        for (now, (key, ttl)) in keys.into_iter().enumerate() {
            cache.put(key, entry(ttl, 1), now as u64);
            lives.insert(key, now as u64 + ttl);
        }
        let (kind, options) = ("lru", &*options(to));
        cache.retune(&Make { kind, options }.node(400, 0), 60).unwrap();
        prop_assert_eq!(gauge(&*cache, "cache.entries"), lives.len() as f64);
        for (key, ends) in lives {
            for now in [ends - 1, ends, ends + 8] {
                let served = hit(cache.get(key, now));
                prop_assert_eq!(served, now < ends, "{} at {}, ends {}", key, now, ends);
            }
        }
    }

    /// Whatever is asked of it, its bounds hold.
    #[test]
    fn bounds_hold_under_any_options(
        ops in prop::collection::vec((0u64..60, 0u64..50, 0u64..30), 0..300),
        capacity in 1u64..30,
        bytes in 0u64..200,
        shards in 1u64..9,
        sweep in 0u64..4,
        stale in 0u64..20,
        early in 0.0f64..3.0,
    ) {
        let options = LruOptions {
            capacity: Count(capacity),
            bytes: Bytes(bytes),
            shards: Count(shards),
            sweep: Count(sweep),
            stale: Span(stale),
            early,
            ..LruOptions::default()
        };
        let nowhere = crate::config::At::nowhere();
        prop_assume!(options.check(&nowhere).is_ok());
        let mut all: Vec<Lru<()>> = (0..shards).map(|i| shard(&options, i)).collect();
        for (n, (key, size, ttl)) in ops.into_iter().enumerate() {
            let lru = &mut all[shard_of(mix(key), shards as usize)];
            let dice = Dice::new(1, n as u64).draw(EARLY, 0);
            if !hit(lru.get(key, n as u64, Some(dice))) {
                lru.put(key, &super::Entry { cost: size, ..entry(ttl, size) }, (), n as u64, &mut drop);
            }
            prop_assert!(all.iter().map(Lru::held).sum::<usize>() <= capacity as usize);
            prop_assert!(bytes == 0 || all.iter().map(Lru::bytes).sum::<u64>() <= bytes);
        }
    }
}
