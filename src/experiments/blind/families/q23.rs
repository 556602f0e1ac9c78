//! Q23: a limiter refuses good traffic. Each service has a limiter that is right before: of a few times what its busiest
//! tenant asks, as the contract (`service.quota`) says.

use super::{
    super::world::{Need, USUAL},
    Draft, Kind,
};

/// A service that is not near its capacity: what refuses here is the limiter.
const CALM: Need = Need {
    busy: (0.25, 0.5),
    ..USUAL
};

const fn kind(cause: &'static str, draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same: &[],
        need: CALM,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("limiter-key-too-broad", key_too_broad),
    kind("refill-lost", refill_lost),
    kind("refill-too-slow", refill_too_slow),
    kind("burst-capacity-too-small", burst_too_small),
    kind("window-cliff", window_cliff),
    kind("clock-skew", clock_skew),
    kind("stacked-limits", stacked),
    kind("limit-divided-by-replicas", divided),
    kind("real-abuse", abuse),
];

/// Tenants by a law of which the first asks most; its share of the requests.
fn tenants(d: &mut Draft, count: u64, exponent: f64) -> f64 {
    d.merge(&format!(
        "[trace]\ntenants = {{ count = {count}, exponent = {exponent:.2} }}"
    ));
    let weights = (1..=count).map(|k| libm::pow(k as f64, -exponent));
    1.0 / weights.sum::<f64>()
}

/// A level of a limiter.
#[derive(Clone, Copy)]
struct Level {
    kind: &'static str,
    key: &'static str,
    rate: f64,
    burst: u64,
}

impl Level {
    fn text(&self) -> String {
        self.named("limit")
    }

    fn named(&self, name: &str) -> String {
        let Level {
            kind,
            key,
            rate,
            burst,
        } = self;
        let key = if key.is_empty() {
            String::new()
        } else {
            format!("{key:?}")
        };
        format!(
            "{{ name = {name:?}, key = [{key}], kind = {kind:?}, rate = \"{rate:.4}/s\", burst = {burst} }}"
        )
    }

    /// As it stands in the service before, with the contract that it keeps.
    fn lay(&self, d: &mut Draft, scope: &str) {
        let Level { rate, burst, .. } = self;
        d.merge(&format!(
            "[service]\nquota = {{ rate = \"{rate:.4}/s\", burst = {burst} }}\nlimiter = {{ scope = {scope:?}, levels = [{}] }}",
            self.text()
        ));
        // Clients who are refused come back, some when they are told to.
        if d.chance(0.6) {
            let (max, after) = (d.count(1, 3), d.log_between(100.0, 2000.0));
            let obey = d.chance(0.7);
            d.merge(&format!(
                "[clients]\nretry = {{ max = {max}, after = \"{after:.0}ms\", jitter = \"50%\", obey_retry_after = {obey} }}"
            ));
        }
    }

    /// The deploy of another level in its place.
    fn becomes(&self, d: &mut Draft, other: Level, more: &str) {
        let state = if other.kind == self.kind {
            ""
        } else {
            "state = \"cold\""
        };
        let both = if state.is_empty() || more.is_empty() {
            ""
        } else {
            ", "
        };
        d.deployed(
            &format!("\"service.limiter.levels\" = [{}]", other.text()),
            &format!("{state}{both}{more}"),
        );
    }
}

/// A limit by tenant of so many times what the busiest asks, with room for a burst of so many seconds of it.
fn by_tenant(d: &mut Draft, share: f64, times: (f64, f64), seconds: (f64, f64)) -> Level {
    let rate = d.rate * share * d.between(times.0, times.1);
    let burst = (rate * d.between(seconds.0, seconds.1)).max(20.0) as u64;
    let kind = d.pick(&["token-bucket", "gcra"]);
    Level {
        kind,
        key: "tenant",
        rate,
        burst,
    }
}

fn scope(d: &mut Draft) -> &'static str {
    let one = d.get("service.replicas").and_then(toml::Value::as_integer) == Some(1);
    if one && d.chance(0.5) {
        "local"
    } else {
        "shared"
    }
}

/// More replicas than one, whatever the draw said.
fn several(d: &mut Draft, least: u64, most: u64) -> u64 {
    let replicas = d.count(least, most);
    let number = |d: &Draft, path: &str| d.get(path).and_then(toml::Value::as_integer).unwrap_or(1);
    let all = number(d, "service.replicas") * number(d, "service.queue.workers");
    let workers = (all as u64).div_ceil(replicas) + 1;
    d.merge(&format!(
        "[service]\nreplicas = {replicas}\nqueue = {{ workers = {workers} }}"
    ));
    d.shape = if workers <= 3 { "narrow" } else { "wide" };
    replicas
}

/// A generator whose law the cause needs; captured traffic stays as it is.
fn arrivals(d: &mut Draft, law: &str, text: &str) {
    if d.get("trace.arrivals").is_some() {
        d.generated(law, text);
    }
}

fn poisson(d: &mut Draft) {
    let rate = d.rate;
    arrivals(
        d,
        "poisson",
        &format!("{{ kind = \"poisson\", rate = \"{rate:.4}/s\" }}"),
    );
}

fn key_too_broad(d: &mut Draft) {
    let (count, exponent) = (d.count(40, 300), d.between(0.0, 0.5));
    let share = tenants(d, count, exponent);
    let way = d.pick(&["tenant-lost", "proxy", "carrier"]);
    let mut level = by_tenant(d, share, (2.5, 4.0), (5.0, 15.0));
    let part = match way {
        "carrier" => d.sized(0.15, 0.6),
        _ => 1.0,
    };
    // The key for all has so many times what it grants to one.
    let asked = d.sized(1.15, 8.0);
    level.rate = level.rate.max(d.rate * part / asked);
    if way == "tenant-lost" {
        let scope = scope(d);
        level.lay(d, scope);
        let key = d.pick(&["", "", "region", "route", "model"]);
        level.becomes(d, Level { key, ..level }, "");
        return;
    }
    level.key = "address";
    d.merge("[trace]\nusers = { count = 1 }\naddresses = {}");
    level.lay(d, "shared");
    if way == "proxy" {
        d.merge("[service]\naddress = { proxies = 0, trusted_hops = 0 }");
        d.deploy("\"service.address.proxies\" = 1");
    } else {
        d.drift(
            &format!(
                "\"trace.addresses.exits\" = {{ carrier = \"{:.1}%\" }}",
                100.0 * part
            ),
            "\"trace.addresses.exits\" = {}",
        );
    }
}

fn refill_lost(d: &mut Draft) {
    let (count, exponent) = (d.count(1, 4), d.between(1.0, 3.0));
    let share = tenants(d, count, exponent);
    poisson(d);
    let busy = d.sized(0.74, 0.9);
    let mut level = by_tenant(d, share, (1.0 / busy, 1.0 / busy), (8.0, 20.0));
    level.kind = "token-bucket";
    let scope = scope(d);
    level.lay(d, scope);
    let flaw = d.pick(&["whole-tokens", "whole-tokens-mark-always"]);
    let text = level
        .text()
        .replace(" }", &format!(", refill = {flaw:?} }}"));
    d.deploy(&format!("\"service.limiter.levels\" = [{text}]"));
}

fn refill_too_slow(d: &mut Draft) {
    let (count, exponent) = (d.count(1, 60), d.between(0.0, 1.2));
    let share = tenants(d, count, exponent);
    let level = by_tenant(d, share, (2.0, 4.0), (5.0, 15.0));
    let scope = scope(d);
    level.lay(d, scope);
    let rate = d.rate * share * d.sized(0.95, 0.15);
    level.becomes(d, Level { rate, ..level }, "");
}

fn burst_too_small(d: &mut Draft) {
    let count = d.count(1, 4);
    let share = tenants(d, count, 0.5);
    let (rate, cv) = (d.rate, d.between(2.0, 3.5));
    arrivals(
        d,
        "gamma",
        &format!("{{ kind = \"gamma\", rate = \"{rate:.4}/s\", cv = {cv:.2} }}"),
    );
    let mut level = by_tenant(d, share, (2.5, 4.0), (10.0, 20.0));
    level.burst = level.burst.clamp(30, 300);
    let scope = scope(d);
    level.lay(d, scope);
    let burst = (d.sized(6.0, 1.0).round() as u64).max(1);
    level.becomes(d, Level { burst, ..level }, "");
}

fn window_cliff(d: &mut Draft) {
    let count = d.count(1, 12);
    let share = tenants(d, count, 0.0);
    poisson(d);
    let busy = d.sized(0.74, 0.88);
    let mut level = by_tenant(d, share, (1.0 / busy, 1.0 / busy), (4.0, 9.0));
    level.burst = d.count(12, 24);
    let scope = scope(d);
    level.lay(d, scope);
    let text = Level {
        kind: "sliding-window",
        ..level
    }
    .text()
    .replace(" }", ", edge = \"fixed\" }");
    let to = d.to.take();
    d.deployed(
        &format!("\"service.limiter.levels\" = [{text}]"),
        "state = \"cold\"",
    );
    if let Some(to) = to {
        d.to = Some(to);
        d.entry(&format!(
            "at = {:?}, rollback = \"b1\", state = \"cold\"",
            super::super::draft::time(to)
        ));
    }
}

fn clock_skew(d: &mut Draft) {
    let (count, exponent) = (d.count(2, 60), d.between(0.0, 0.8));
    let share = tenants(d, count, exponent);
    let replicas = several(d, 2, 6);
    d.merge("[service]\nbalancer = \"random\"");
    let mut level = by_tenant(d, share, (2.0, 4.0), (4.0, 8.0));
    level.kind = "gcra";
    level.lay(d, "shared");
    let skew = level.burst as f64 / level.rate * d.sized(0.8, 6.0);
    let (which, behind) = (d.count(1, replicas), d.chance(0.3));
    d.fault(
        &format!(
            "kind = \"clock-skew\", replica = {which}, skew = \"{skew:.1}s\", behind = {behind}"
        ),
        false,
    );
}

fn stacked(d: &mut Draft) {
    let (count, exponent) = (d.count(60, 300), d.between(0.0, 0.3));
    let share = tenants(d, count, exponent);
    d.merge("[trace]\nusers = { count = 1 }\naddresses = {}");
    let own = by_tenant(d, share, (2.5, 4.0), (5.0, 15.0));
    let part = d.between(0.08, 0.4);
    let outer = Level {
        key: "address",
        rate: (d.rate * part / d.sized(1.2, 8.0)).max(own.rate),
        burst: own.burst * d.count(1, 3),
        ..own
    };
    own.lay(d, "shared");
    let first = d.pick(&["tenant", "user"]);
    let own = Level { key: first, ..own };
    let levels = format!("[{}, {}]", own.named("own"), outer.named("address"));
    let late = d.chance(0.3);
    let exits = format!("{{ office = \"{:.1}%\" }}", 100.0 * part);
    if late {
        // The office was always there; the second limit is new.
        d.merge(&format!("[trace]\naddresses = {{ exits = {exits} }}"));
        d.merge(&format!(
            "[service]\nlimiter = {{ levels = [{}] }}",
            own.named("own")
        ));
        d.deploy(&format!("\"service.limiter.levels\" = {levels}"));
    } else {
        d.merge(&format!("[service]\nlimiter = {{ levels = {levels} }}"));
        d.drift(
            &format!("\"trace.addresses.exits\" = {exits}"),
            "\"trace.addresses.exits\" = {}",
        );
    }
}

fn divided(d: &mut Draft) {
    let replicas = several(d, 2, 6);
    let parts = replicas as f64;
    let (count, exponent) = (d.count(4, 40), d.between(0.0, 0.4));
    let share = tenants(d, count, exponent);
    // Each replica's part is below what the busiest asks of the one that serves it.
    let asked = d.sized(1.05, 2.5).min(parts / 1.3);
    let mut level = by_tenant(d, share, (parts / asked, parts / asked), (5.0, 12.0));
    level.burst = level.burst.max(4 * replicas);
    let part = Level {
        rate: level.rate / parts,
        burst: (level.burst as f64 / parts).round() as u64,
        ..level
    };
    let way = d.pick(&["local", "shared", "sticky"]);
    match way {
        "sticky" => {
            // Divided and spread evenly: nobody notices, until each has one replica.
            level.lay(d, "local");
            d.merge(&format!(
                "[service]\nbalancer = \"round-robin\"\nlimiter = {{ levels = [{}] }}",
                part.text()
            ));
            d.deploy("\"service.balancer\" = \"sticky\"");
        }
        "shared" => {
            level.lay(d, "shared");
            d.merge("[service]\nbalancer = \"sticky\"");
            d.deployed(
                &format!(
                    "\"service.limiter\" = {{ scope = \"local\", levels = [{}] }}",
                    part.text()
                ),
                "state = \"cold\"",
            );
        }
        _ => {
            level.lay(d, "local");
            d.merge("[service]\nbalancer = \"sticky\"");
            level.becomes(d, part, "");
        }
    }
}

fn abuse(d: &mut Draft) {
    let (count, exponent) = (d.count(8, 60), d.between(0.0, 0.6));
    let share = tenants(d, count, exponent);
    let level = by_tenant(d, share, (2.0, 3.5), (5.0, 15.0));
    let scope = scope(d);
    level.lay(d, scope);
    // Beyond what it is granted, however little it asked before.
    let which = d.count(1, count.min(5));
    let usual = d.rate * share * libm::pow(which as f64, -exponent);
    // A hundred times is the most that a trace can be sent.
    let factor = (level.rate / usual * d.sized(1.3, 8.0)).min(100.0);
    d.drift(
        &format!("\"trace.rates\" = {{ tenant-{which} = {factor:.2} }}"),
        "\"trace.rates\" = {}",
    );
}
