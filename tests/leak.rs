//! Soaks of a virtual day: a limiter that never cleans up beside one that does, and a worker that is killed at its limit.

use gameday::{
    components::limiter::{Admission, RateLimiter},
    config::{At, Kind, Node, Refusal, Table},
    experiments::leak::{Growth, examine},
    incident::{Incident, Overlay, Registries, Run, RunOptions, run},
    recording::Keep,
};
use std::{collections::BTreeSet, path::Path};

/// Lets everybody in, and remembers them for ever.
struct Hoarder(BTreeSet<u64>);

impl RateLimiter for Hoarder {
    fn check(&mut self, key: u64, _cost: u32, _now: u64) -> Admission {
        self.0.insert(key);
        Admission::Granted { remaining: 1 }
    }
    fn give_back(&mut self, _key: u64, _cost: u32, _now: u64) {}
    fn retune(&mut self, _options: &Node, _now: u64) -> Result<(), Refusal> {
        Ok(())
    }
    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("limiter.keys", self.0.len() as f64);
    }
}

fn hoarder(_: &At, _: &Table, _: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    Ok(Box::new(Hoarder(BTreeSet::new())))
}

fn soak(service: &str) -> Run {
    let mut registries = Registries::builtin();
    registries.components.limiters.push(Kind {
        name: "hoarder",
        summary: "never forgets a key",
        fields: Vec::new,
        build: hoarder,
    });
    let text = format!(
        "schema = 1\ntitle = \"soak\"\nseed = 3\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"30/m\" }}\n\
         duration = \"24h\"\nusers = {{ count = 500_000, exponent = 0.1 }}\n[service]\n{service}"
    );
    let (path, overlay) = (Path::new("soak.toml"), Overlay::default());
    let incident = Incident::read(path, &text, &overlay, &Default::default(), &registries)
        .unwrap_or_else(|e| panic!("{e}"));
    let options = RunOptions {
        keep: Keep::NoRows,
        progress: None,
    };
    run(&incident, &registries, &options).unwrap()
}

fn growth(run: &Run, gauge: &str) -> Growth {
    let sites = examine(&run.recording);
    let site = sites.iter().find(|s| s.gauge == gauge);
    site.unwrap_or_else(|| panic!("{gauge}")).trend.growth
}

#[test]
fn a_limiter_that_never_cleans_up_leaks_and_one_that_does_is_steady() {
    let with = |limiter: &str| {
        soak(&format!(
            "limiter = {{ {limiter}, key = [\"user\"] }}\ncompute = \"1ms\"\nmemory = {{}}"
        ))
    };
    let leaks = with("kind = \"hoarder\"");
    for gauge in ["memory.live.limiter", "memory.live", "limiter.keys"] {
        assert_eq!(growth(&leaks, gauge), Growth::Leak, "{gauge}");
    }
    let sound = with("kind = \"token-bucket\", rate = \"1/s\", burst = 10");
    for gauge in ["memory.live.limiter", "memory.live", "limiter.keys"] {
        assert_eq!(growth(&sound, gauge), Growth::Steady, "{gauge}");
    }
}

#[test]
fn a_worker_is_killed_at_its_limit_and_the_leak_is_seen_all_the_same() {
    // 36 bytes a key, half a request a second: 65 kB an hour, so seven kills in the 1555 kB of a day.
    let killed = soak(
        "limiter = { kind = \"hoarder\", key = [\"user\"] }\ncompute = \"1ms\"\nmemory = { limit = \"200kB\", down = \"1m\" }",
    );
    let name = |e: u16| killed.recording.name("event", u32::from(e)).to_string();
    let restarts = killed
        .recording
        .events
        .rows()
        .filter(|e| name(e.event) == "restart");
    assert_eq!(restarts.count(), 7);
    let most =
        killed.recording.gauges.rows().filter(|g| {
            killed.recording.name("gauge", u32::from(g.gauge)) == "memory.live.limiter"
        });
    let most = most.map(|g| g.value).fold(0.0, f64::max);
    assert!((200_000.0..220_000.0).contains(&most), "{most}");
    assert_eq!(growth(&killed, "memory.live.limiter"), Growth::Leak);
}

#[test]
fn memory_is_read_where_the_service_says_so_and_nowhere_else() {
    let silent = soak("compute = \"1ms\"");
    assert!(examine(&silent.recording).iter().all(|s| !s.bytes));
}
