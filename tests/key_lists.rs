//! Plain lists of keys through a service with a cache: every hit and miss of an LRU is the one that a few lines of
//! simulation say, on real cache traces too.
//!
//! What makes them comparable: the simulation stores an answer at once, so no request may come before the one before it
//! has stored its own. The calls take 1 ms and keys come every 2 ms (or calls take nothing), there is one cache without a
//! time to live, and nobody fails.

mod provided;

use gameday::{
    incident::{Incident, Overlay, Registries, Run, RunOptions, run},
    recording::{Keep, cache, requests},
    trace::{Overrides, Source, TraceSpec},
};
use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
};

/// Hits and misses of an LRU of `capacity`: keys by the time of their last use, the oldest goes.
fn simulated(keys: &[String], capacity: usize) -> Vec<bool> {
    let (mut used, mut order) = (BTreeMap::new(), BTreeMap::new());
    let mut hits = Vec::with_capacity(keys.len());
    for (now, key) in keys.iter().enumerate() {
        let before = used.insert(key, now);
        hits.push(before.is_some());
        if let Some(before) = before {
            order.remove(&before);
        }
        order.insert(now, key);
        if used.len() > capacity
            && let Some((_, oldest)) = order.pop_first()
        {
            used.remove(oldest);
        }
    }
    hits
}

fn keys(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text.lines().map(str::to_string).collect()
}

fn replayed(path: &Path, capacity: usize, latency: &str, take: usize) -> Run {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\npath = {path:?}\nrate = \"500/s\"\ntake = {take}\n[service]\n\
         key = {{ fields = [\"prompt\"] }}\ncache = {{ kind = \"lru\", capacity = {capacity} }}\n\
         call = {{ dependency = \"origin\" }}\n[dependency.origin]\nlatency = \"{latency}\"\n"
    );
    let registries = Registries::builtin();
    let incident = Incident::read(
        Path::new("t.toml"),
        &text,
        &Overlay::default(),
        &Default::default(),
        &registries,
    )
    .unwrap_or_else(|e| panic!("{e}"));
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    run(&incident, &registries, &options).unwrap_or_else(|e| panic!("{e}"))
}

/// The replay's hits are the simulation's, one by one; gives how many.
#[track_caller]
fn agree(path: &Path, keys: &[String], capacity: usize, latency: &str) -> usize {
    let run = replayed(path, capacity, latency, keys.len());
    let rows = &run.recording.requests;
    let hits = simulated(keys, capacity);
    assert_eq!(rows.len(), keys.len());
    assert_eq!(run.wrong_answers, 0);
    for (i, hit) in hits.iter().enumerate() {
        let said = rows.value(requests::cache, i);
        assert!(said == u64::from(cache::HIT) || said == u64::from(cache::MISS));
        assert_eq!(
            said == u64::from(cache::HIT),
            *hit,
            "row {i}, key {}, capacity {capacity}",
            keys[i]
        );
    }
    hits.iter().filter(|hit| **hit).count()
}

/// Both real lists are long; without optimisation a part of the longer one has to do.
fn real(name: &str, rows: usize) -> Option<(PathBuf, Vec<String>)> {
    let path = provided::trace(name)?;
    let mut keys = keys(&path);
    assert_eq!(keys.len(), rows);
    keys.truncate(if cfg!(debug_assertions) {
        150_000
    } else {
        rows
    });
    Some((path, keys))
}

#[test]
fn web_pages_hit_as_an_independent_simulation_says() {
    let Some((path, keys)) = real("cache_cache2k_web07.txt.gz", 76_118) else {
        return;
    };
    let hits = [100, 1_000, 10_000].map(|capacity| agree(&path, &keys, capacity, "1ms"));
    assert_eq!(hits, [25_427, 38_368, 52_519]);
}

#[test]
fn database_objects_hit_as_an_independent_simulation_says() {
    let Some((path, keys)) = real("cache_cache2k_orm_night_1m.txt.gz", 1_000_000) else {
        return;
    };
    let hits = [100, 1_000, 10_000].map(|capacity| agree(&path, &keys, capacity, "0ms"));
    if keys.len() == 1_000_000 {
        assert_eq!(hits, [466_044, 686_519, 929_675]);
    } else {
        assert_eq!(hits, [66_737, 118_616, 137_192]);
    }
}

#[test]
fn a_list_of_ours_hits_as_an_independent_simulation_says() {
    let path = Path::new("traces/keys.txt");
    let keys = keys(path);
    for capacity in [1, 2, 7, 50, 1_000] {
        for latency in ["0ms", "1ms"] {
            let hits = agree(path, &keys, capacity, latency);
            assert!(hits > 0 || capacity < 7, "{capacity}");
        }
    }
}

/// With calls that are still under way when the same key comes again, hits are fewer than the simulation's: the replay
/// knows time, a list of keys does not.
#[test]
fn a_key_that_comes_while_its_call_is_under_way_misses() {
    let path = Path::new("traces/keys.txt");
    let keys = keys(path);
    let slow = replayed(path, 50, "1s", keys.len());
    let rows = &slow.recording.requests;
    let hits = (0..rows.len()).filter(|&i| rows.value(requests::cache, i) == u64::from(cache::HIT));
    let ideal = simulated(&keys, 50).into_iter().filter(|hit| *hit).count();
    assert!(hits.count() < ideal);
}

#[test]
fn keys_come_evenly_at_the_rate_that_is_asked_for_and_without_one_are_refused() {
    let path = Path::new("traces/keys.txt");
    let spec = TraceSpec::file(path).unwrap();
    for refusal in [
        spec.open(1).map(drop).unwrap_err(),
        spec.extent(1).unwrap_err(),
    ] {
        let refusal = refusal.to_string();
        assert!(
            refusal.starts_with("traces/keys.txt: has keys and no times"),
            "{refusal}"
        );
        assert!(refusal.contains("--rate 500/s"), "{refusal}");
    }
    let with = |rate: &str, filter: Option<&str>| {
        let over = Overrides {
            rate: Some(rate.into()),
            filter: filter.map(Into::into),
            ..Overrides::default()
        };
        spec.overridden(&over).unwrap()
    };
    let Source::Open(stream) = with("4/s", None).open(1).unwrap() else {
        panic!("a file is open");
    };
    let times: Vec<u64> = stream.map(|r| r.unwrap().arrived).collect();
    let even: Vec<u64> = (0..times.len() as u64).map(|i| i * 250_000_000).collect();
    assert_eq!(times, even);
    // As for any trace, the rate is that of the requests that pass.
    let extent = with("4/s", Some("op < 101")).extent(1).unwrap();
    assert_eq!((extent.rows, extent.last), (101, 25_000_000_000));
    let speed = Overrides {
        speed: Some("2x".into()),
        ..Overrides::default()
    };
    let refusal = spec.overridden(&speed).unwrap().extent(1).unwrap_err();
    assert!(
        refusal.to_string().contains("no times"),
        "twice as fast as what?"
    );
}
