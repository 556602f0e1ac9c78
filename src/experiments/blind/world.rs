//! Drawing the healthy service, its traffic, its noise and the deploys that do no harm.

use super::draft::{Draft, Onset, time};
use crate::{config::Refusal, trace::Requests};
use std::path::Path;

/// Lengths of a trace, s.
const LENGTHS: [f64; 5] = [600.0, 900.0, 1200.0, 1800.0, 3600.0];
/// Requests of a trace: what a sample of a service's day holds.
const REQUESTS: (f64, f64) = (10_000.0, 70_000.0);

/// Share of the workers that a healthy service uses at its peak: a crowd or a day that needs more than there are is an incident.
const PEAK: f64 = 0.95;

/// How the service that a family asks for differs from the usual one.
#[derive(Clone, Copy)]
pub struct Need {
    /// Requests of the trace, at least and at most.
    pub requests: (f64, f64),
    /// Median time of a call, ms.
    pub call: (f64, f64),
    /// How much of the workers the healthy service uses, on average.
    pub busy: (f64, f64),
    /// Share of the draws in which it has a result cache of its own accord.
    pub cached: f64,
    /// Share of the draws with calls that are tried again.
    pub retries: f64,
}

/// What most causes ask for.
pub const USUAL: Need = Need {
    requests: REQUESTS,
    call: (20.0, 500.0),
    busy: (0.3, 0.75),
    cached: 0.3,
    retries: 0.5,
};

/// Draws when, how long and how large, and then the service, into an empty draft.
pub fn draw(d: &mut Draft, need: &Need, traces: &[Captured]) {
    d.seconds = d.pick(&LENGTHS);
    let requests = d.log_between(need.requests.0, need.requests.1);
    d.rate = requests / d.seconds;
    d.from = d.seconds * d.between(0.3, 0.6);
    let lasts = d.seconds * d.between(0.15, 0.35);
    d.to = d.chance(0.6).then_some(d.from + lasts);
    d.onset = if d.chance(0.25) {
        Onset::Ramp
    } else {
        Onset::Step
    };
    d.size = d.unit();
    d.busy = d.between(need.busy.0, need.busy.1);
    traffic(d, traces);
    service(d, need);
    noise(d);
}

/// Who asks, how often, and for what.
fn traffic(d: &mut Draft, traces: &[Captured]) {
    let (seconds, rate) = (d.seconds, d.rate);
    d.merge(&format!(
        "schema = 1\ntitle = \"drawn\"\n[trace]\nduration = \"{seconds}s\""
    ));
    let generator = d.pick(&[
        "poisson",
        "bursts",
        "long-bursts",
        "diurnal",
        "flash-crowd",
        "gamma",
    ]);
    d.traffic = generator.to_string();
    let arrivals = match generator {
        "bursts" | "long-bursts" => {
            let long = generator == "long-bursts";
            let (busy, quiet) = if long {
                ((40.0, 120.0), (120.0, 400.0))
            } else {
                ((5.0, 30.0), (30.0, 200.0))
            };
            let (b, q) = (d.between(busy.0, busy.1), d.between(quiet.0, quiet.1));
            let height = d.between(1.2, 2.2).min(PEAK / d.busy).max(1.1);
            let low = rate * (b + q) / (q + height * b);
            format!(
                "{{ kind = \"bursts\", quiet = \"{low:.4}/s\", busy = \"{:.4}/s\", quiet_for = \"{q:.0}s\", busy_for = \"{b:.0}s\" }}",
                low * height
            )
        }
        "diurnal" => {
            let depth = d.between(0.1, 0.45).min(PEAK / d.busy - 1.0);
            let (day, starts) = (d.pick(&[0.5, 1.0, 3.0, 24.0]), d.unit());
            format!(
                "{{ kind = \"diurnal\", low = \"{:.4}/s\", high = \"{:.4}/s\", day = \"{day}h\", starts = {starts:.3} }}",
                rate * (1.0 - depth),
                rate * (1.0 + depth)
            )
        }
        "flash-crowd" => {
            let (at, stay) = (seconds * d.between(0.2, 0.7), d.between(40.0, 240.0));
            let crowd = rate * d.between(0.3, 0.9).min(PEAK / d.busy - 1.0);
            format!(
                "{{ kind = \"flash-crowd\", rate = \"{rate:.4}/s\", crowd = \"{crowd:.4}/s\", at = \"{at:.0}s\", stay = \"{stay:.0}s\", rise = \"20s\", fall = \"60s\" }}"
            )
        }
        "gamma" => {
            let cv = d.between(1.2, 3.0);
            format!("{{ kind = \"gamma\", rate = \"{rate:.4}/s\", cv = {cv:.2} }}")
        }
        _ => format!("{{ kind = \"poisson\", rate = \"{rate:.4}/s\" }}"),
    };
    let tenants = d.log_between(2.0, 60.0) as u64;
    let skew = d.between(0.2, 1.3);
    let users = d.log_between(20.0, 3000.0) as u64;
    let (regions, models) = (d.count(1, 5), d.count(1, 4));
    let contents = (rate * seconds * d.log_between(0.01, 0.3)).max(50.0) as u64;
    let popular = d.between(0.4, 1.2);
    let shared = d.pick(&["all", "tenant"]);
    let (asked, answered) = (d.log_between(100.0, 1500.0), d.log_between(30.0, 400.0));
    let (wide, long) = (d.between(3.0, 12.0), d.between(3.0, 10.0));
    d.merge(&format!(
        r#"
[trace]
arrivals = {arrivals}
tenants = {{ count = {tenants}, exponent = {skew:.2} }}
users = {{ count = {users}, exponent = 0.8 }}
regions = {{ count = {regions}, exponent = 0.5 }}
models = {{ count = {models}, exponent = 0.7 }}
routes = {{ "/chat" = 5, "/search" = 3, "/export" = 1 }}
contents = {{ count = {contents}, exponent = {popular:.2}, shared = "{shared}" }}
input_tokens = {{ kind = "lognormal", p50 = {asked:.0}, p99 = {:.0} }}
output_tokens = {{ kind = "lognormal", p50 = {answered:.0}, p99 = {:.0} }}
"#,
        asked * wide,
        answered * long,
    ));
    captured(d, traces);
}

/// Rows of a trace below which nothing can be drawn from it: a baseline and an incident of some hundreds each.
const ROWS: u64 = 2_000;
/// A little more of a trace than is taken, so that the end of what is drawn lies within it.
const SPARE: f64 = 1.02;

/// A captured trace, and how much there is of it.
#[derive(Clone, Debug)]
pub struct Captured {
    path: String,
    rows: u64,
}

impl Captured {
    /// Reads a trace through once.
    ///
    /// # Errors
    /// What is no trace, has a bad row, or too few of them.
    pub fn read(path: &Path) -> Result<Captured, Refusal> {
        let bent = |refusal: Refusal| {
            refusal.help(
                "what a trace is read with is not asked for here: `gameday trace convert` it first",
            )
        };
        let mut rows = 0;
        for request in Requests::open(path).map_err(bent)? {
            request.map_err(bent)?;
            rows += 1;
        }
        if rows < ROWS {
            let what = format!("has {rows} requests");
            return Err(Refusal::file(path.display(), what).help(format!(
                "incidents are drawn from traces of at least {ROWS}"
            )));
        }
        Ok(Captured {
            path: path.display().to_string(),
            rows,
        })
    }
}

/// In half of the draws where traces are given, their arrivals and fields in the place of a generator's: at the drawn rate, or at
/// as much less as makes a shorter trace last.
fn captured(d: &mut Draft, traces: &[Captured]) {
    if traces.is_empty() || !d.chance(0.5) {
        return;
    }
    let trace = &traces[d.count(0, traces.len() as u64 - 1) as usize];
    let name = Path::new(&trace.path).file_name();
    d.traffic = name.map_or_else(|| trace.path.clone(), |n| n.to_string_lossy().into_owned());
    d.rate = d.rate.min(trace.rows as f64 / (d.seconds * SPARE));
    let (rate, seconds, path) = (d.rate, d.seconds, &trace.path);
    d.remove("trace.arrivals");
    d.remove("trace.duration");
    d.merge(&format!(
        "[trace]\npath = {path:?}\nrate = \"{rate:.4}/s\"\ntake = \"{seconds}s\""
    ));
}

/// Replicas, workers, a dependency, time-outs.
fn service(d: &mut Draft, need: &Need) {
    d.dependency = d.pick(&["backend", "llm", "db", "search"]);
    d.call = d.log_between(need.call.0, need.call.1);
    let spread = d.log_between(2.0, 8.0);
    // The mean of a log-normal by its median and its spread at 99 %.
    let sigma = libm::log(spread) / 2.326;
    let own = d.log_between(1.0, 10.0);
    let mean = (d.call * libm::exp(sigma * sigma / 2.0) + own * 1.2) / 1e3;
    let wanted = d.rate * mean / d.busy;
    let most = (wanted.floor() as u64).clamp(1, 6);
    let replicas = d.count(1, most);
    let workers = (wanted / replicas as f64).ceil().max(1.0) as u64;
    d.shape = match (replicas, workers) {
        (1, _) => "one-replica",
        (_, 1..=3) => "narrow",
        _ => "wide",
    };
    let balancer = d.pick(&["random", "round-robin", "least-in-flight"]);
    let (limit, errors) = (d.count(50, 1000), d.between(0.02, 0.6));
    let timeout = (d.call * spread * d.between(3.0, 8.0)).max(200.0);
    let patience = (timeout * 3.0 + 2000.0).min(60_000.0);
    let dependency = d.dependency;
    let retry = if d.chance(need.retries) {
        let (max, backoff) = (d.count(1, 3), d.log_between(10.0, 200.0));
        format!(", retry = {{ max = {max}, backoff = \"{backoff:.0}ms\", jitter = \"full\" }}")
    } else {
        String::new()
    };
    let pool = if d.chance(0.5) {
        format!("pool = {}\n", workers + d.count(0, 8))
    } else {
        String::new()
    };
    let p99 = own * d.between(2.0, 5.0);
    d.merge(&format!(
        r#"
[clients]
patience = "{patience:.0}ms"
[service]
replicas = {replicas}
balancer = "{balancer}"
queue = {{ kind = "fifo", workers = {workers}, limit = {limit} }}
compute = {{ kind = "lognormal", p50 = "{own:.3}ms", p99 = "{p99:.3}ms" }}
call = {{ dependency = "{dependency}", timeout = "{timeout:.0}ms"{retry} }}
[dependency.{dependency}]
latency = {{ kind = "lognormal", p50 = "{:.3}ms", p99 = "{:.3}ms" }}
error_rate = "{errors:.3}%"
{pool}"#,
        d.call,
        d.call * spread,
    ));
    if d.chance(need.cached) {
        cache(d);
    }
}

/// A result cache before the calls.
pub fn cache(d: &mut Draft) {
    let ttl = d.seconds * d.log_between(0.1, 1.0);
    let scope = d.pick(&["shared", "shared", "shared", "local"]);
    let contents = d
        .get("trace.contents.count")
        .and_then(toml::Value::as_integer)
        .unwrap_or(1000) as f64;
    let capacity = if d.chance(0.5) {
        1e6
    } else {
        (contents * d.between(0.3, 1.5)).max(50.0)
    };
    d.merge(&format!(
        r#"
[service]
key = {{ fields = ["tenant", "model", "prompt"] }}
cache = {{ kind = "lru", scope = "{scope}", capacity = {capacity:.0}, ttl = "{ttl:.0}s", jitter = "30%", lookup = "300us" }}
"#
    ));
}

/// What a healthy service does by itself now and then, and deploys that change nothing that matters.
fn noise(d: &mut Draft) {
    let (seconds, dependency, call) = (d.seconds, d.dependency, d.call);
    // A slow wave in the dependency's time, of a few percent.
    for k in 0..8u64 {
        let at = seconds * k as f64 / 8.0;
        let (more, chance) = (call * d.between(0.0, 0.06), d.chance(0.6));
        if chance {
            d.innocent(&format!(
                "at = {:?}, for = {:?}, fault = {{ kind = \"latency\", target = \"{dependency}\", latency = \"{more:.3}ms\" }}",
                time(at),
                time(seconds / 8.0)
            ));
        }
    }
    // Seconds in which it pauses, in some services.
    if d.chance(0.3) {
        for _ in 0..d.count(1, (seconds / 400.0) as u64) {
            let (at, lasts) = (seconds * d.unit(), d.between(3.0, 15.0));
            let (share, more) = (d.between(20.0, 100.0), call * d.between(0.3, 0.6));
            d.innocent(&format!(
                "at = {:?}, for = {:?}, fault = {{ kind = \"latency\", target = \"{dependency}\", percentage = {share:.0}, latency = \"{more:.3}ms\" }}",
                time(at),
                time(lasts)
            ));
        }
    }
    for k in 0..d.count(0, 2) {
        let at = seconds * d.between(0.15, 0.95);
        let limit = 1001 + d.count(0, 500);
        d.innocent(&format!(
            "at = {:?}, deploy = \"a{k}\", set = {{ \"service.queue.limit\" = {limit} }}",
            time(at)
        ));
    }
}
