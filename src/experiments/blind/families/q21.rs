//! Q21: the tail rises, the median stays.

use super::{
    super::{
        draft::time,
        world::{Need, USUAL},
    },
    Draft, Kind,
};

/// A service that waits more than it computes, without a cache to hide it.
const PLAIN: Need = Need {
    cached: 0.0,
    ..USUAL
};

const fn kind(cause: &'static str, need: Need, draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same: &[],
        need,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("dependency-slow", USUAL, dependency_slow),
    kind("slow-minority-dependency", USUAL, slow_minority),
    kind("new-connection-penalty", PLAIN, new_connection),
    Kind {
        // A tenant that stops while its line still stands has flooded the queue: two names of one thing.
        same: &["single-fifo-flood"],
        ..kind("hot-tenant-queue", PLAIN, hot_tenant_queue)
    },
    kind("cold-start", PLAIN, cold_start),
    kind("autoscaler-lag", PLAIN, autoscaler_lag),
    kind("pool-too-small", PLAIN, pool_too_small),
    kind("pool-leak", PLAIN, pool_leak),
    kind(
        "retries-in-tail",
        Need {
            retries: 1.0,
            ..PLAIN
        },
        retries_in_tail,
    ),
    kind("request-size-grown", PLAIN, request_size_grown),
    kind(
        "size-shift-blocks-others",
        Need {
            requests: (10_000.0, 20_000.0),
            ..PLAIN
        },
        size_shift,
    ),
    kind("cpu-quota-throttling", PLAIN, cpu_quota),
    kind("runtime-pause", PLAIN, runtime_pause),
    kind("lock-contention", PLAIN, lock_contention),
    kind("traffic-surge", PLAIN, traffic_surge),
];

fn number(d: &Draft, path: &str) -> f64 {
    d.get(path)
        .and_then(toml::Value::as_integer)
        .map_or(1.0, |n| n as f64)
}

/// Requests a second of each replica.
fn each(d: &Draft) -> f64 {
    d.rate / number(d, "service.replicas")
}

fn dependency_slow(d: &mut Draft) {
    let more = d.call * d.sized(0.15, 2.0);
    d.fault(
        &format!(
            "kind = \"latency\", target = \"{}\", latency = \"{more:.3}ms\"",
            d.dependency
        ),
        true,
    );
}

fn slow_minority(d: &mut Draft) {
    let (share, more) = (d.sized(2.0, 12.0), d.call * d.between(4.0, 12.0));
    d.fault(
        &format!(
            "kind = \"latency\", target = \"{}\", percentage = {share:.1}, latency = \"{more:.3}ms\"",
            d.dependency
        ),
        true,
    );
}

/// Idle connections are kept for less time, and opening one costs more; or whoever answers for the opening is slow.
fn new_connection(d: &mut Draft) {
    let (dependency, call) = (d.dependency, d.call);
    let usual = call * d.between(0.05, 0.3);
    let more = call * d.sized(1.0, 8.0);
    d.remove(&format!("dependency.{dependency}.pool"));
    if d.chance(0.5) {
        d.merge(&format!(
            "[dependency.{dependency}]\nconnect = \"{usual:.2}ms\""
        ));
        let keep = 1e3 / each(d) * d.between(0.3, 3.0);
        d.deploy(&format!(
            "\"dependency.{dependency}.keep_alive\" = \"{keep:.0}ms\", \"dependency.{dependency}.connect\" = \"{more:.2}ms\""
        ));
    } else {
        let keep = 1e3 / each(d) * d.between(1.0, 6.0);
        d.merge(&format!(
            "[dependency.{dependency}]\nconnect = \"{usual:.2}ms\"\nkeep_alive = \"{keep:.0}ms\""
        ));
        d.fault(
            &format!("kind = \"new-connection\", target = \"{dependency}\", latency = \"{more:.2}ms\", jitter = \"{:.2}ms\"", more * 0.2),
            false,
        );
    }
}

/// One tenant brings what the workers cannot do.
fn hot_tenant_queue(d: &mut Draft) {
    let share = d.between(0.05, 0.3);
    let others = d.count(2, 9);
    let mut tenants = format!("hot = {share:.3}");
    for k in 0..others {
        let part = (1.0 - share) / others as f64 * d.between(0.7, 1.3);
        tenants += &format!(", t{k} = {part:.3}");
    }
    d.remove("trace.tenants");
    d.merge(&format!("[trace]\ntenants = {{ {tenants} }}"));
    let wanted = d.sized(0.92, 1.3) / d.busy;
    let times = (1.0 + (wanted - 1.0).max(0.15) / share).min(100.0);
    d.drift(
        &format!("\"trace.rates.hot\" = {times:.2}"),
        "\"trace.rates.hot\" = 1.0",
    );
}

fn traffic_surge(d: &mut Draft) {
    let load = (d.sized(1.0, 1.4) / d.busy).max(1.2);
    d.drift(
        &format!("\"trace.load\" = {load:.3}"),
        "\"trace.load\" = 1.0",
    );
}

/// Computation that is a good part of what a request takes, with workers for it.
fn computing(d: &mut Draft, part: f64) -> f64 {
    let own = d.call * part;
    let p99 = own * d.between(2.0, 4.0);
    let workers = (number(d, "service.queue.workers") * (1.0 + part) * 1.2).ceil();
    d.merge(&format!(
        "[service]\ncompute = {{ kind = \"lognormal\", p50 = \"{own:.3}ms\", p99 = \"{p99:.3}ms\" }}\n[service.queue]\nworkers = {workers:.0}"
    ));
    own
}

/// Replicas are restarted now and then, one after the other, as ever; since the onset they are slow for a while.
fn cold_start(d: &mut Draft) {
    let part = d.between(0.1, 0.5);
    computing(d, part);
    let replicas = d.count(2, 6);
    let workers = (number(d, "service.queue.workers") * number(d, "service.replicas")
        / replicas as f64
        * 1.3)
        .ceil()
        .max(2.0);
    d.merge(&format!(
        "[service]\nreplicas = {replicas}\n[service.queue]\nworkers = {workers:.0}"
    ));
    let every = d.between(60.0, 150.0);
    let pace = d.between(5.0, 15.0);
    let mut at = every * d.unit();
    while at < d.seconds {
        d.innocent(&format!(
            "at = {:?}, restart = \"rolling\", pace = \"{pace:.0}s\"",
            time(at)
        ));
        at += every.max(pace * replicas as f64 + 5.0);
    }
    let lasts = every * d.between(0.15, 0.5);
    let factor = 1.0 + d.sized(4.0, 20.0) / part * 0.5;
    if d.chance(0.5) {
        d.fault(
            &format!("kind = \"cold-start\", factor = {factor:.1}, lasts = \"{lasts:.0}s\""),
            false,
        );
    } else {
        d.merge(&format!("[service]\ncold_factor = {factor:.1}"));
        d.deploy(&format!("\"service.cold_for\" = \"{lasts:.0}s\""));
    }
}

/// Waves of load, and an autoscaler that follows them, or no longer does.
fn autoscaler_lag(d: &mut Draft) {
    let (low, times) = (d.rate * 0.6, d.between(2.0, 3.5));
    let (quiet, busy) = (d.between(50.0, 90.0), d.between(20.0, 40.0));
    let (least, work) = (d.count(2, 4), d.call * 1.4 / 1e3);
    // At the low rate the least number is busy by half.
    let workers = (low * work / 0.5 / least as f64).ceil().max(1.0);
    let most = (least as f64 * times * 1.3).ceil();
    let (start_up, warm) = (d.between(10.0, 25.0), (least as f64 * times).ceil());
    d.merge(&format!(
        r#"
[service]
replicas = {least}
autoscaler = {{ kind = "target-utilisation", target = "60%", min = {least}, max = {most:.0}, interval = "5s", cool_down = "20s", start_up = "{start_up:.0}s", warm = {warm:.0} }}
[service.queue]
workers = {workers:.0}
"#
    ));
    let high = low * times;
    d.generated(
        "waves",
        &format!("{{ kind = \"bursts\", quiet = \"{low:.3}/s\", quiet_for = \"{quiet:.0}s\", busy = \"{high:.3}/s\", busy_for = \"{busy:.0}s\", regular = true }}"),
    );
    let lag = d.between(20.0, 70.0);
    d.deploy(&format!(
        "\"service.autoscaler.lag\" = \"{lag:.0}s\", \"service.autoscaler.warm\" = 0"
    ));
}

/// A pool in front of the dependency, and how many of its connections are in use in the mean.
fn pooled(d: &mut Draft, busy: f64) -> (f64, f64) {
    let used = each(d) * d.call * 1.25 / 1e3;
    let size = (used / busy).ceil().max(4.0);
    let workers = number(d, "service.queue.workers").max(size + 4.0);
    d.merge(&format!(
        "[dependency.{}]\npool = {size:.0}\n[service.queue]\nworkers = {workers:.0}",
        d.dependency
    ));
    (size, used)
}

fn pool_too_small(d: &mut Draft) {
    let (size, used) = pooled(d, 0.4);
    let small = (used / d.sized(0.75, 1.1)).round().clamp(1.0, size - 1.0);
    let path = format!("\"dependency.{}.pool\"", d.dependency);
    d.deploy(&format!("{path} = {small:.0}"));
}

/// What has leaked comes back with a restart alone.
fn pool_leak(d: &mut Draft) {
    let busy = d.between(0.3, 0.6);
    let (size, used) = pooled(d, busy);
    let length = d.to.unwrap_or(d.seconds) - d.from;
    // All that was free is gone after a part of the time.
    let calls = each(d) * length * d.between(0.3, 1.1);
    let share = (100.0 * (size - used).max(1.0) / calls.max(1.0)).min(20.0);
    if d.chance(0.5) {
        d.deploy(&format!(
            "\"dependency.{}.leak\" = \"{share:.3}%\"",
            d.dependency
        ));
    } else {
        d.fault(
            &format!(
                "kind = \"pool-leak\", target = \"{}\", percentage = {share:.3}",
                d.dependency
            ),
            false,
        );
    }
    if let Some(to) = d.to {
        d.entry(&format!("at = {:?}, restart = \"all\"", time(to + 1.0)));
    }
}

fn retries_in_tail(d: &mut Draft) {
    let (max, backoff) = (d.count(2, 4), d.call * d.between(1.0, 4.0));
    d.merge(&format!(
        "[service.call]\nretry = {{ max = {max}, backoff = \"{backoff:.0}ms\", jitter = \"full\" }}"
    ));
    let share = d.sized(3.0, 14.0);
    let dependency = d.dependency;
    if d.chance(0.5) {
        d.fault(
            &format!("kind = \"error\", target = \"{dependency}\", percentage = {share:.1}"),
            true,
        );
    } else {
        let after = d.call * d.between(0.5, 2.0);
        d.fault(
            &format!("kind = \"connection-reset\", target = \"{dependency}\", percentage = {share:.1}, after = \"{after:.0}ms\""),
            true,
        );
    }
}

/// Calls that take as long as they answer.
fn request_size_grown(d: &mut Draft) {
    let (dependency, call) = (d.dependency, d.call);
    let base = call * d.between(0.1, 0.4);
    let answered = d.log_between(50.0, 400.0);
    let wide = d.between(3.0, 8.0);
    let each = (call - base) / answered;
    d.remove(&format!("dependency.{dependency}.latency"));
    d.remove("service.call.timeout");
    d.remove("trace.output_tokens");
    d.remove_faults();
    let workers = (number(d, "service.queue.workers") * 1.5).ceil() + 2.0;
    let sizes =
        |p50: f64, p99: f64| format!("{{ kind = \"lognormal\", p50 = {p50:.0}, p99 = {p99:.0} }}");
    let usual = sizes(answered, answered * wide);
    d.merge(&format!(
        "[trace]\noutput_tokens = {usual}\n[dependency.{dependency}.latency]\nkind = \"tokens\"\nbase = \"{base:.3}ms\"\nper_output = \"{each:.4}ms\"\n[service.queue]\nworkers = {workers:.0}"
    ));
    let times = d.sized(1.2, 3.0);
    let grown = if d.chance(0.5) {
        sizes(answered * times, answered * wide * times)
    } else {
        sizes(answered, answered * wide * times * times)
    };
    d.drift(
        &format!("\"trace.output_tokens\" = {grown}"),
        &format!("\"trace.output_tokens\" = {usual}"),
    );
}

/// An engine that gives each step a chunk of a prompt, and prompts that become long.
fn size_shift(d: &mut Draft) {
    d.remove("trace.input_tokens");
    d.remove("trace.output_tokens");
    d.remove(&format!("dependency.{}", d.dependency));
    d.remove("service.call");
    d.remove_faults();
    d.dependency = "engine";
    let engines = d.count(2, 4);
    let (asked, seconds) = (d.log_between(300.0, 900.0), d.seconds.max(1800.0));
    let rate = engines as f64 * d.between(0.7, 1.2);
    // A longer run than was drawn: the cause lies in the same part of it.
    let longer = seconds / d.seconds;
    (d.from, d.to) = (d.from * longer, d.to.map(|to| to * longer));
    (d.seconds, d.rate) = (seconds, rate);
    let usual = format!(
        "{{ kind = \"lognormal\", p50 = {asked:.0}, p99 = {:.0} }}",
        asked * 2.5
    );
    d.merge(&format!(
        r#"
[trace]
input_tokens = {usual}
output_tokens = {{ kind = "lognormal", p50 = 150, p99 = 900 }}
[clients]
patience = "120s"
[service]
replicas = 2
call = {{ dependency = "engine", timeout = "100s" }}
[service.queue]
workers = 64
[dependency.engine]
kind = "llm-engine"
engines = {engines}
chunk = 8192
prefill = "20000/s"
blocks = 4000
"#
    ));
    d.generated(
        "poisson",
        &format!("{{ kind = \"poisson\", rate = \"{rate:.3}/s\" }}"),
    );
    let long = asked * d.sized(20.0, 80.0);
    d.drift(
        &format!(
            "\"trace.input_tokens\" = {{ kind = \"lognormal\", p50 = {asked:.0}, p99 = {long:.0} }}"
        ),
        &format!("\"trace.input_tokens\" = {usual}"),
    );
}

/// Less CPU in each period than a burst needs, and more than is used on average.
fn cpu_quota(d: &mut Draft) {
    let part = d.between(0.1, 0.5);
    let own = computing(d, part);
    // CPU of a period of 100 ms, in the mean.
    let used = each(d) * own * 1.2 / 1e3 * 100.0;
    let quota = used.max(own * 0.3) * d.sized(2.6, 1.15);
    let enough = (used * 20.0).max(own * 20.0).max(100.0);
    let fault = d.chance(0.5);
    if d.chance(0.5) {
        d.merge(&format!(
            "[service]\ncpu = {{ quota = \"{enough:.1}ms\", period = \"100ms\" }}"
        ));
    }
    if fault {
        d.fault(
            &format!("kind = \"cpu-quota\", quota = \"{quota:.2}ms\", period = \"100ms\""),
            false,
        );
    } else {
        d.deploy(&format!(
            "\"service.cpu\" = {{ quota = \"{quota:.2}ms\", period = \"100ms\" }}"
        ));
    }
}

fn runtime_pause(d: &mut Draft) {
    d.merge("[service]\nruntime_metrics = true");
    let lasts = d.call * d.between(2.0, 6.0);
    let every = lasts / d.sized(0.04, 0.25);
    d.fault(
        &format!("kind = \"pause\", lasts = \"{lasts:.0}ms\", every = \"{every:.0}ms\""),
        false,
    );
}

/// An index is built of some answers; since a deploy under the lock that all others take.
fn lock_contention(d: &mut Draft) {
    let scale = d.call / 100.0;
    let share = d.between(0.03, 0.3);
    // One lock in each process: in use for so much of the time.
    let hold = d.sized(0.15, 0.7) / (each(d) * share) * 1e3;
    let hold = hold.min(20.0 * d.call).max(scale);
    let (replicas, workers) = (
        number(d, "service.replicas"),
        number(d, "service.queue.workers"),
    );
    let more = (each(d) * share * hold / 1e3 * 2.0).ceil() + 4.0;
    let line = {
        // The output is log-normal: so many are above.
        let p50 = d.log_between(50.0, 400.0);
        d.remove("trace.output_tokens");
        d.merge(&format!(
            "[trace]\noutput_tokens = {{ kind = \"bimodal\", a = {p50:.0}, b = {:.0}, share = \"{:.1}%\" }}",
            p50 * 6.0,
            share * 100.0
        ));
        p50 * 3.0
    };
    // An answer is of about four bytes a token, and a unit is a byte.
    let unit = hold * 1e6 / (line * 2.0 * 4.0 * 10.0);
    d.merge(&format!(
        r#"
[service]
replicas = {replicas:.0}
cpu = {{ cores = {:.0} }}
[service.queue]
workers = {:.0}
[service.work.index]
kind = "scan"
times = 10
unit = "{unit:.1}ns"
stage = "answer"
on = "answer"
where = "output_tokens > {line:.0}"
[service.work.look]
kind = "scan"
stage = "answer"
on = "request"
lock = "index"
"#,
        more + 4.0,
        workers + more
    ));
    d.deploy("\"service.work.index.lock\" = \"index\"");
}
