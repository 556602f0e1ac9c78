//! Q30: compound and self-sustaining.

use super::{
    super::{draft::time, world::Need},
    Draft, Kind,
    q25::used,
};

const PLAIN: Need = Need {
    requests: (10_000.0, 50_000.0),
    call: (40.0, 300.0),
    cached: 0.0,
    // The storms' dependency is used as much as that, less a little: it stands its own peaks.
    busy: (0.6, 0.75),
    retries: 0.0,
};

const fn kind(cause: &'static str, same: &'static [&'static str], draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same,
        need: PLAIN,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("retry-storm", &[], retry_storm),
    kind("retry-without-backoff", &[], retry_without_backoff),
    // One event by two names: more arrives than can be served, and nothing else changed.
    kind("load-spike", &["traffic-surge"], load_spike),
    kind("capacity-loss", &[], capacity_loss),
    kind("shard-loss", &[], shard_loss),
    // What times out fills nothing: the emptied cache stays empty for both reasons at once.
    kind("cold-cache-overload", &["no-fill-on-timeout"], cold_cache),
    kind("latent-bug-by-data", &[], latent_bug),
    kind("restart-herd", &[], restart_herd),
];

/// A dependency with so many workers that the load uses this share of them, and callers that try again.
fn tried_again(d: &mut Draft, busy: f64, backoff: &str) {
    let (dependency, call) = (d.dependency, d.call);
    // Latencies by their median and 99 %: the mean of a narrow one is a tenth above its median.
    let workers = (d.rate * call * 1.1e-3 / busy).ceil().max(2.0);
    // Fewer workers than one in all cannot be had: then calls take as long as it takes to use them so much.
    let call = busy * workers / (d.rate * 1.1e-3);
    d.call = call;
    let timeout = (call * d.between(4.0, 7.0)).max(150.0);
    let tries = d.count(3, 4);
    let room = (d.rate * timeout * 8e-3 / 3.0).ceil().max(20.0);
    d.merge(&format!(
        r#"
[clients]
patience = "{:.0}ms"
[service]
queue = {{ workers = {room:.0}, limit = 2000 }}
call = {{ dependency = "{dependency}", timeout = "{timeout:.0}ms", retry = {{ max = {tries}, backoff = "{backoff}", jitter = "full" }} }}
[dependency.{dependency}]
latency = {{ kind = "lognormal", p50 = "{call:.3}ms", p99 = "{:.3}ms" }}
workers = {workers:.0}
pool = 0
"#,
        timeout * (tries as f64 + 1.0) + 2000.0,
        call * 2.5,
    ));
    d.remove_faults();
}

fn trigger(d: &mut Draft) {
    let (at, lasts) = (time(d.from), time(d.between(40.0, 90.0)));
    let more = d.call * d.between(3.0, 6.0);
    let dependency = d.dependency;
    d.to = None;
    d.entry(&format!(
        "at = {at:?}, for = {lasts:?}, fault = {{ kind = \"latency\", target = \"{dependency}\", latency = \"{more:.1}ms\" }}"
    ));
}

fn retry_storm(d: &mut Draft) {
    let busy = 0.7 * d.busy;
    let backoff = (d.call * d.between(0.3, 1.0)).max(20.0);
    tried_again(d, busy, &format!("{backoff:.0}ms"));
    trigger(d);
}

fn retry_without_backoff(d: &mut Draft) {
    let busy = 0.6 * d.busy;
    tried_again(d, busy, "0s");
    trigger(d);
}

fn load_spike(d: &mut Draft) {
    let lasts = d.seconds * d.between(0.06, 0.2);
    d.to = Some(d.from + lasts);
    // More than all workers can do, by the service's own numbers: it has whole ones, so a small service more than it needs. (Below
    // that a crowd waits for a while near saturation, which healthy runs have too: `world::PEAK`.)
    let used = used(d).clamp(0.05, 1.0);
    let factor = 1.25 / used * d.sized(1.0, 2.2);
    d.drift(
        &format!("\"trace.load\" = {factor:.3}"),
        "\"trace.load\" = 1.0",
    );
}

fn capacity_loss(d: &mut Draft) {
    let replicas = d.count(3, 8);
    let workers = d
        .get("service.queue.workers")
        .and_then(toml::Value::as_integer)
        .unwrap_or(4);
    let had = d
        .get("service.replicas")
        .and_then(toml::Value::as_integer)
        .unwrap_or(1);
    let each = ((workers * had) as f64 / replicas as f64).ceil().max(1.0);
    d.merge(&format!(
        "[service]\nreplicas = {replicas}\nbalancer = \"least-in-flight\"\nqueue = {{ workers = {each:.0} }}\nprobe = {{ route = \"/health\", every = \"5s\", timeout = \"4s\", misses = 3 }}"
    ));
    // Some of the replicas, or all. They stand still until their machine is well again and probes take them out; or they are dead,
    // and nobody starts others in their place until then. (Probes that fail though replicas serve are `probe-removes-replicas`.)
    let lost = ((replicas as f64 * d.sized(0.35, 1.0)).round() as u64).clamp(1, replicas);
    let lasts = time(d.to.unwrap_or(d.seconds) - d.from);
    let dead = d.chance(0.5);
    let at = time(d.from);
    for replica in 1..=lost {
        d.entry(&if dead {
            format!(
                "at = {at:?}, fault = {{ kind = \"crash\", replica = {replica}, down = {lasts:?} }}"
            )
        } else {
            format!(
                "at = {at:?}, for = {lasts:?}, fault = {{ kind = \"pause\", replica = {replica} }}"
            )
        });
    }
}

fn shard_loss(d: &mut Draft) {
    let (dependency, count) = (d.dependency, d.count(3, 8));
    d.merge(&format!(
        "[dependency.{dependency}]\nshards = {{ count = {count}, by = \"user\", hits = 1 }}\n[trace]\nusers = {{ count = 300, exponent = 0.6 }}\n[trace.contents]\ncount = 400\nexponent = 0.5"
    ));
    let lost = ((count as f64 * d.sized(0.12, 0.7)).round() as u64).clamp(1, count - 1);
    let mut shards: Vec<u64> = (1..=count).collect();
    while shards.len() as u64 > lost {
        let at = d.count(0, shards.len() as u64 - 1) as usize;
        shards.remove(at);
    }
    let list: Vec<String> = shards.iter().map(u64::to_string).collect();
    d.fault(
        &format!(
            "kind = \"shard-loss\", target = \"{dependency}\", shard = [{}]",
            list.join(", ")
        ),
        false,
    );
}

fn cold_cache(d: &mut Draft) {
    let contents = (d.rate * d.seconds * d.between(0.01, 0.03)).max(80.0);
    let busy = d.between(2.2, 4.0); // of the whole load, which the cache keeps off
    tried_again(d, busy, "50ms");
    let ttl = d.seconds * 3.0;
    d.merge(&format!(
        r#"
[trace]
contents = {{ count = {contents:.0}, exponent = 0.9, shared = "all" }}
[service]
key = {{ fields = ["prompt"] }}
cache = {{ kind = "lru", scope = "shared", capacity = 100000, ttl = "{ttl:.0}s", lookup = "300us" }}
"#
    ));
    // The first fill needs the room that the filled cache spares.
    let path = format!("dependency.{}.workers", d.dependency);
    let workers = d.get(&path).and_then(toml::Value::as_integer).unwrap_or(2);
    d.merge(&format!(
        "[dependency.{}]\nworkers = {}",
        d.dependency,
        workers * 10
    ));
    let filled = time(d.seconds * 0.15);
    d.innocent(&format!(
        "at = {filled:?}, deploy = \"k\", set = {{ \"{path}\" = {workers} }}"
    ));
    d.to = None;
    let at = time(d.from);
    d.entry(&format!("at = {at:?}, flush = true"));
}

fn latent_bug(d: &mut Draft) {
    let replicas = d.count(3, 8);
    let (early, delay) = (time(d.seconds * d.between(0.12, 0.2)), d.between(4.0, 20.0));
    d.merge(&format!(
        r#"
[trace]
clients = {{ api = {{ share = 1, extra = {{ quota = "default" }} }} }}
[service]
replicas = {replicas}
parse = {{ kind = "json", version = 1, required = ["prompt"] }}
start = {{ delay = "{delay:.0}s" }}
"#
    ));
    d.innocent(&format!(
        "at = {early:?}, deploy = \"q\", set = {{ \"service.parse\" = {{ kind = \"json\", version = 2, required = [\"prompt\", \"quota\"], on_failure = \"crash\" }} }}"
    ));
    // So rarely that a process lives for a while, or hardly.
    let share = (100.0 / (d.rate / replicas as f64) / d.sized(60.0, 4.0)).clamp(0.01, 30.0);
    d.fault(
        &format!(
            "kind = \"payload\", change = \"drop\", field = \"quota\", percentage = {share:.3}"
        ),
        false,
    );
}

fn restart_herd(d: &mut Draft) {
    let replicas = d.count(12, 40);
    let (read, workers) = (d.between(1.5, 3.0), d.count(2, 4));
    let timeout = read * d.between(1.3, 1.8);
    let each = (d.rate * d.call * 1.5e-3 / d.busy / replicas as f64)
        .ceil()
        .max(1.0);
    d.merge(&format!(
        r#"
[service]
replicas = {replicas}
queue = {{ workers = {each:.0} }}
start = {{ reads = "policies", timeout = "{timeout:.1}s", again = "1s", delay = "1s" }}
[dependency.policies]
latency = "{read:.1}s"
workers = {workers}
"#
    ));
    d.to = None;
    d.deployed(
        "\"service.queue.limit\" = 900",
        "restart = \"all\", down = \"1s\"",
    );
}
