//! Q27: a class starves. Each service has three classes and serves them well before: turns by weight with a floor for the low
//! one, and workers enough for its peaks. Async work grows when the rule changes; in some services the load was high all along.

use super::{
    super::{
        draft::time,
        world::{Need, USUAL},
    },
    Draft, Kind,
};

const NEED: Need = Need {
    requests: (12_000.0, 60_000.0),
    busy: (0.45, 0.65),
    cached: 0.0,
    ..USUAL
};

const fn kind(cause: &'static str, same: &'static [&'static str], draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same,
        need: NEED,
        draw,
    }
}

/// The causes. A cap on turns in a row, where each class has few, is a floor: with one phase of load no recording tells which is gone.
pub const KINDS: &[Kind] = &[
    kind("strict-priority", &[], strict),
    kind("ageing-too-slow", &[], too_slow),
    kind("ageing-saturates", &[], saturates),
    kind("ageing-too-aggressive", &[], too_aggressive),
    kind("no-burst-cap", &["no-floor"], no_burst_cap),
    kind("no-floor", &["no-burst-cap"], no_floor),
    kind("prefetch-hoarding", &[], prefetch),
    // Where the producer is a tenant, it is that tenant's requests that fill the queue of all: two names of one thing.
    kind("single-fifo-flood", &["hot-tenant-queue"], flood),
    kind("poison-message", &[], poison),
    kind("scheduled-by-queue-length", &[], by_length),
    kind("worker-loss", &[], worker_loss),
];

/// The service: how much of its workers it uses, and what each class asks for.
struct Service {
    used: f64,
    /// Mean seconds of work.
    work: f64,
    workers: u64,
    replicas: u64,
    shares: [f64; 3],
}

fn number(d: &Draft, path: &str) -> f64 {
    let value = d.get(path);
    let text = value.and_then(toml::Value::as_str).unwrap_or("0ms");
    text.trim_end_matches("ms").parse().unwrap_or(0.0)
}

/// The mean of a log-normal by its p50 and p99, in seconds.
fn mean(d: &Draft, path: &str) -> f64 {
    let (p50, p99) = (
        number(d, &format!("{path}.p50")),
        number(d, &format!("{path}.p99")),
    );
    let sigma = libm::log(p99 / p50) / 2.326;
    p50 * libm::exp(sigma * sigma / 2.0) / 1e3
}

/// Three classes, and as many workers as the load needs.
fn served(d: &mut Draft, used: f64) -> Service {
    served_by(d, used, f64::INFINITY)
}

/// The same by replicas of so many workers at most: the wider, the fewer wait.
fn served_by(d: &mut Draft, used: f64, most: f64) -> Service {
    let shares = [
        d.between(0.4, 0.6),
        d.between(0.25, 0.4),
        d.between(0.06, 0.14),
    ];
    let sum: f64 = shares.iter().sum();
    let shares = shares.map(|s| s / sum);
    d.merge(&format!(
        "[trace]\nclasses = {{ interactive = {:.1}, async = {:.1}, maintenance = {:.1} }}",
        1000.0 * shares[0],
        1000.0 * shares[1],
        1000.0 * shares[2]
    ));
    let dependency = d.dependency;
    let work = mean(d, "service.compute") + mean(d, &format!("dependency.{dependency}.latency"));
    let wanted = d.rate * work / used;
    let least = (wanted / most).ceil().max(1.0) as u64;
    let replicas = d.count(least, (wanted as u64 / 3).clamp(1, 3).max(least));
    // Rather one too many: a healthy service is not short of half a worker.
    let workers = (wanted / replicas as f64).ceil().max(1.0) as u64;
    let patience = d.pick(&["3600s", "3600s", "600s"]);
    d.remove(&format!("dependency.{dependency}.pool"));
    d.merge(&format!(
        "[clients]\npatience = {patience:?}\n[service]\nreplicas = {replicas}\n"
    ));
    d.shape = if workers <= 3 { "narrow" } else { "wide" };
    Service {
        used: d.rate * work / (replicas * workers) as f64,
        work,
        workers,
        replicas,
        shares,
    }
}

/// A queue as TOML.
fn queue(kind: &str, more: &str, s: &Service) -> String {
    format!(
        "{{ kind = {kind:?}, {more}, workers = {}, limit = 1_000_000 }}",
        s.workers
    )
}

fn lay(d: &mut Draft, queue: &str) {
    d.remove("service.queue");
    d.merge(&format!("[service]\nqueue = {queue}"));
}

/// Turns by weight with a floor.
fn weighted(d: &mut Draft) -> String {
    // Next to nothing by its weight, and more than it asks for by its floor.
    let (urgent, low, floor) = (d.count(40, 100), d.count(1, 2), d.count(15, 25));
    format!(
        "classes = {{ interactive = {urgent}, async = 30, maintenance = {low} }}, other = 30, floors = {{ maintenance = {floor} }}, burst = 1000"
    )
}

/// What the upper classes ask for from the onset on, as a share of the workers: async work brings the growth.
fn surge(d: &mut Draft, s: &Service, asked: f64) {
    let [urgent, _, low] = s.shares;
    let more = (asked / s.used - urgent).max(0.05);
    let load = urgent + more + low;
    let set = |load: f64, more: f64| {
        format!(
            "\"trace.load\" = {load:.3}, \"trace.classes\" = {{ interactive = {:.1}, async = {:.1}, maintenance = {:.1} }}",
            1000.0 * urgent,
            1000.0 * more,
            1000.0 * low
        )
    };
    let (there, back) = (set(load, more), set(1.0, s.shares[1]));
    d.drift(&there, &back);
}

/// Part of what traffic may ask for at its peak that these services let it: near saturation turns by weight pass over somebody
/// for long, with nothing wrong.
const ROOM: f64 = 0.9;

/// What a healthy service uses of its workers, with room at its peaks.
fn roomy(d: &Draft) -> f64 {
    ROOM * d.busy
}

/// Traffic that is much all along, and even: with bursts on top of it the service would be too small.
fn high(d: &mut Draft) -> f64 {
    let rate = d.rate;
    d.generated(
        "poisson",
        &format!("{{ kind = \"poisson\", rate = \"{rate:.4}/s\" }}"),
    );
    d.between(0.78, 0.86)
}

/// A healthy service with turns by weight; async work grows with the cause, from where there is much room or from where there
/// is little.
fn base(d: &mut Draft, least: f64, most: f64, little: f64) -> Service {
    let asked = d.sized(least, most);
    let used = if d.chance(little) { high(d) } else { roomy(d) };
    let s = served(d, used);
    let more = weighted(d);
    let before = queue("weighted-round-robin", &more, &s);
    lay(d, &before);
    surge(d, &s, asked);
    s
}

/// In how many the load was high before.
const HIGH: f64 = 0.3;

/// Another queue in its place, at once; the way back is as cold.
fn becomes(d: &mut Draft, queue: &str) {
    let (from, to) = (time(d.from), d.to);
    d.entry(&format!(
        "at = {from:?}, deploy = \"b1\", state = \"cold\", set = {{ \"service.queue\" = {queue} }}"
    ));
    if let Some(to) = to {
        d.entry(&format!(
            "at = {:?}, rollback = \"b1\", state = \"cold\"",
            time(to)
        ));
    }
}

fn aged(s: &Service, bases: [u32; 3], factor: f64, cap: Option<f64>) -> String {
    let cap = cap.map_or(String::new(), |c| format!(", age_cap = \"{c:.1}s\""));
    let more = format!(
        "classes = {{ interactive = {}, async = {}, maintenance = {} }}, age_factor = {factor:.5}{cap}",
        bases[0], bases[1], bases[2]
    );
    queue("priority-aging", &more, s)
}

fn strict(d: &mut Draft) {
    let s = base(d, 0.95, 1.12, HIGH);
    let queue = aged(&s, [20, 10, 0], 0.0, None);
    becomes(d, &queue);
}

fn too_slow(d: &mut Draft) {
    // Hardly more than there is room for: else all wait, and the lead is a small part of it. Hardly less: else maintenance never
    // leads by so long, and that is strict priority.
    let s = base(d, 1.0, 1.06, HIGH);
    let lasts = d.to.unwrap_or(d.seconds) - d.from;
    // Async work goes first until maintenance leads by so long.
    let lead = d
        .log_between(60.0 * s.work, 0.15 * lasts)
        .clamp(20.0 * s.work, 0.15 * lasts);
    let queue = aged(&s, [20, 10, 0], 10.0 / lead, None);
    becomes(d, &queue);
}

fn saturates(d: &mut Draft) {
    let s = base(d, 1.06, 1.2, 0.0);
    let lasts = d.to.unwrap_or(d.seconds) - d.from;
    // Async work waits for the rest of what counts some leads later: until then ageing works, and that is on record.
    let (lead, rest) = (d.between(0.04, 0.1) * lasts, d.between(0.5, 1.0));
    let queue = aged(&s, [40, 10, 0], 10.0 / lead, Some((1.0 + rest) * lead));
    becomes(d, &queue);
}

/// Who went first before is on record only where somebody waited.
fn too_aggressive(d: &mut Draft) {
    let asked = d.sized(0.9, 1.05);
    let balancer = d.pick(&["random", "round-robin"]);
    d.merge(&format!("[service]\nbalancer = {balancer:?}"));
    let used = high(d);
    let s = served_by(d, used, 6.0);
    let more = weighted(d);
    let before = queue("weighted-round-robin", &more, &s);
    lay(d, &before);
    surge(d, &s, asked);
    let queue = aged(&s, [20, 10, 0], 1000.0, None);
    becomes(d, &queue);
}

fn by_length(d: &mut Draft) {
    let s = base(d, 0.97, 1.1, HIGH);
    let queue = queue(
        "longest-queue",
        "classes = { interactive = 1, async = 1, maintenance = 1 }, rescue = \"0s\"",
        &s,
    );
    becomes(d, &queue);
}

fn no_floor(d: &mut Draft) {
    base(d, 0.98, 1.12, HIGH);
    d.deploy("\"service.queue.floors\" = {}");
}

fn no_burst_cap(d: &mut Draft) {
    let asked = d.sized(1.0, 1.12);
    let used = roomy(d);
    let s = served(d, used);
    let cap = d.count(2, 3);
    let before = queue(
        "weighted-round-robin",
        &format!(
            "classes = {{ interactive = 1000, async = 1000, maintenance = 1 }}, other = 1000, floors = {{ maintenance = 0.01 }}, burst = {cap}"
        ),
        &s,
    );
    lay(d, &before);
    surge(d, &s, asked);
    d.deploy("\"service.queue.burst\" = 1_000_000");
}

/// Tasks of which a few take very long; what a worker takes in advance waits behind them.
fn prefetch(d: &mut Draft) {
    let used = d.busy * d.between(0.6, 0.9);
    let s = served(d, used);
    let prefetch = d.count(3, 6);
    let long = d.between(20.0, 60.0);
    let rare = (d.sized(0.2, 1.0) / long).min(0.05);
    // The long ones ask for as many workers again as are needed for the rest.
    let workers = ((s.workers as f64) * (1.0 + 2.0 * rare * long)).ceil() as u64 + 2;
    let s = Service { workers, ..s };
    let unit = s.work * 1e3 / 500.0;
    d.remove("service.call");
    d.remove("service.compute");
    d.merge(&format!(
        "[trace]\noutput_tokens = 500\n[service]\ncompute = {{ kind = \"tokens\", per_output = \"{unit:.4}ms\" }}"
    ));
    let tail = format!(
        "{{ kind = \"bimodal\", a = 500, b = {:.0}, share = \"{:.3}%\" }}",
        500.0 * long,
        100.0 * rare
    );
    if d.chance(0.5) {
        // The tasks are so all along, and a deploy takes more of them in advance.
        d.merge(&format!("[trace]\noutput_tokens = {tail}"));
        lay(d, &queue("fifo", "prefetch = 1", &s));
        let queue = queue("fifo", &format!("prefetch = {prefetch}"), &s);
        becomes(d, &queue);
    } else {
        lay(d, &queue("fifo", &format!("prefetch = {prefetch}"), &s));
        d.drift(
            &format!("\"trace.output_tokens\" = {tail}"),
            "\"trace.output_tokens\" = 500",
        );
    }
}

/// One producer, a class or a tenant, sends for a short time far more than there is room for.
fn flood(d: &mut Draft) {
    let used = roomy(d);
    let s = served(d, used);
    let kind = d.pick(&["fifo", "priority-aging"]);
    let more = if kind == "fifo" {
        "prefetch = 1"
    } else {
        "classes = { interactive = 0, async = 0, maintenance = 0 }"
    };
    lay(d, &queue(kind, more, &s));
    let lasts = d.between(20.0, 90.0);
    let line = d.sized(40.0, 400.0) * s.work.max(0.2);
    // Room for a second is 1 / used of what comes.
    let factor = (1.0 + line / lasts) / s.used;
    let [urgent, _, low] = s.shares;
    d.to = Some((d.from + 4.0 * (lasts + line)).min(d.seconds));
    let end = time(d.from + lasts);
    if d.chance(0.6) {
        let more = factor - urgent - low;
        d.entry(&format!(
            "at = {:?}, drift = {{ set = {{ \"trace.load\" = {factor:.3}, \"trace.classes\" = {{ interactive = {:.1}, async = {:.1}, maintenance = {:.1} }} }} }}",
            time(d.from), 1000.0 * urgent, 1000.0 * more, 1000.0 * low
        ));
        d.entry(&format!(
            "at = {end:?}, drift = {{ set = {{ \"trace.load\" = 1.0, \"trace.classes\" = {{ interactive = {:.1}, async = {:.1}, maintenance = {:.1} }} }} }}",
            1000.0 * urgent, 1000.0 * s.shares[1], 1000.0 * low
        ));
    } else {
        let tenants = d.count(5, 30);
        d.merge(&format!(
            "[trace]\ntenants = {{ count = {tenants}, exponent = 0.3 }}"
        ));
        let rate = (factor * tenants as f64).min(100.0);
        d.entry(&format!(
            "at = {:?}, drift = {{ set = {{ \"trace.rates\" = {{ tenant-2 = {rate:.2} }} }} }}",
            time(d.from)
        ));
        d.entry(&format!(
            "at = {end:?}, drift = {{ set = {{ \"trace.rates\" = {{}} }} }}"
        ));
    }
}

/// A few messages fail each time, and nobody counts.
fn poison(d: &mut Draft) {
    let used = roomy(d);
    let s = served(d, used);
    let more = weighted(d);
    lay(d, &queue("weighted-round-robin", &more, &s));
    let (most, after) = (d.count(15, 60), d.log_between(10.0, 500.0));
    d.merge(&format!(
        "[clients]\nretry = {{ max = {most}, after = \"{after:.0}ms\", obey_retry_after = false, budget_burst = 1_000_000 }}"
    ));
    let share = d.sized(0.5, 4.0);
    let dependency = d.dependency;
    // What fails of it fails for good: where nobody counts tries, a service is well only as long as nothing does.
    d.merge(&format!("[dependency.{dependency}]\nerror_rate = \"0%\""));
    d.deploy(&format!(
        "\"dependency.{dependency}.errors\" = {{ permanent = \"{share:.2}%\" }}"
    ));
}

/// The low class has workers of its own, and they die.
fn worker_loss(d: &mut Draft) {
    let used = roomy(d);
    let s = served(d, used);
    let need = s.used * (s.workers as f64) * s.shares[2];
    // Traffic is twice the mean at times.
    let own = (need / d.between(0.25, 0.45)).ceil().max(1.0) as u64;
    lay(
        d,
        &queue(
            "priority-aging",
            &format!(
                "classes = {{ interactive = 20, async = 10 }}, age_factor = 0.0, pools = {{ maintenance = {own} }}"
            ),
            &s,
        ),
    );
    let dead = if own > 1 && d.size < 0.4 {
        own - 1
    } else {
        own
    };
    let _ = s.replicas;
    d.fault(
        &format!("kind = \"worker-loss\", class = \"maintenance\", workers = {dead}"),
        false,
    );
}
