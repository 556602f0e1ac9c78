//! Q25: work goes on after the client has left.

use super::{
    super::{draft::time, world::Need},
    Draft, Kind,
};

/// Calls that are long enough to be left.
const LONG: Need = Need {
    requests: (10_000.0, 60_000.0),
    call: (300.0, 6_000.0),
    busy: (0.3, 0.6),
    cached: 0.0,
    retries: 0.0,
};

const fn kind(cause: &'static str, draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same: &[],
        need: LONG,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("detached-task", |d| on_cancel(d, "detach")),
    kind("swallowed-cancellation", |d| on_cancel(d, "swallow")),
    kind("cancellation-hostile-driver", |d| on_cancel(d, "ignore")),
    kind("disconnect-masked", |d| on_disconnect(d, "masked")),
    kind("no-cancel-path", |d| on_disconnect(d, "ignore")),
    kind("registry-leak", registry_leak),
    kind("no-deadline", no_deadline),
    Kind {
        need: Need {
            call: (20.0, 200.0),
            busy: (0.5, 0.7),
            ..LONG
        },
        ..kind("deadline-ignored", deadline_ignored)
    },
    Kind {
        need: Need {
            requests: (20_000.0, 60_000.0),
            ..LONG
        },
        ..kind("slot-leak-on-cancel", slot_leak)
    },
    kind("connection-leak", connection_leak),
    kind("audit-killed", audit_killed),
];

/// Clients that leave in the middle, a service that stops their work, and in two of three services a record that is made all
/// the same.
fn leavers(d: &mut Draft) -> Calls {
    let share = d.sized(4.0, 30.0).max(4.0);
    let after = d.call * d.between(0.15, 0.6);
    d.merge(&format!(
        r#"
[trace]
disconnect = {{ share = "{share:.1}%", after = {{ kind = "lognormal", p50 = "{after:.0}ms", p99 = "{:.0}ms" }} }}
[service]
on_disconnect = "stop"
"#,
        after * 2.5,
    ));
    let calls = Calls {
        dependency: d.dependency,
        timeout: (d.call * d.between(12.0, 30.0)).max(1000.0),
        first: d.chance(0.4),
        audit: d.chance(0.66),
    };
    if calls.first {
        let quick = d.call * d.between(0.02, 0.1);
        d.merge(&format!(
            "[dependency.profile]\nlatency = {{ kind = \"lognormal\", p50 = \"{quick:.2}ms\", p99 = \"{:.2}ms\" }}",
            quick * 4.0
        ));
    }
    if calls.audit {
        d.merge("[dependency.audit]\nlatency = { kind = \"lognormal\", p50 = \"12ms\", p99 = \"60ms\" }");
    }
    let text = calls.text("", true);
    d.remove("service.call");
    d.merge(&format!("[service]\ncall = {text}"));
    calls
}

struct Calls {
    dependency: &'static str,
    timeout: f64,
    first: bool,
    audit: bool,
}

impl Calls {
    /// The calls as TOML; `more` are further options of the main one.
    fn text(&self, more: &str, safe: bool) -> String {
        let mut all = vec![];
        let mut after = String::new();
        if self.first {
            all.push(
                "{ name = \"profile\", dependency = \"profile\", timeout = \"5s\" }".to_string(),
            );
            after = ", after = [\"profile\"]".into();
        }
        let timeout = if more.contains("unbounded") {
            String::new()
        } else {
            format!(", timeout = \"{:.0}ms\"", self.timeout)
        };
        let more = more.replace("unbounded", "");
        all.push(format!(
            "{{ name = \"main\", dependency = \"{}\"{timeout}{after}{more} }}",
            self.dependency
        ));
        if self.audit {
            let safe = if safe { ", on_cancel = \"detach\"" } else { "" };
            all.push(format!("{{ name = \"audit\", dependency = \"audit\", after = [\"main\"], intended = true{safe} }}"));
        }
        format!("[{}]", all.join(", "))
    }
}

/// Everywhere at once, replica by replica, or for a part of the traffic.
fn rolled_out(d: &mut Draft, set: &str) {
    if d.chance(0.25) {
        let share = d.between(20.0, 60.0);
        d.deployed(set, &format!("canary = \"{share:.0}%\""));
    } else {
        d.deploy(set);
    }
}

fn on_cancel(d: &mut Draft, how: &str) {
    let calls = leavers(d);
    let text = calls.text(&format!(", on_cancel = \"{how}\""), true);
    rolled_out(d, &format!("\"service.call\" = {text}"));
}

fn on_disconnect(d: &mut Draft, how: &str) {
    leavers(d);
    rolled_out(d, &format!("\"service.on_disconnect\" = \"{how}\""));
}

fn registry_leak(d: &mut Draft) {
    leavers(d);
    d.merge("[service]\nregistry = { removal = \"every-exit\" }");
    let how = d.pick(&["answer", "answer", "success", "refusal"]);
    rolled_out(d, &format!("\"service.registry.removal\" = \"{how}\""));
    restarts(d);
}

fn no_deadline(d: &mut Draft) {
    // Where handlers stop, what is stopped leaves nothing behind.
    let how = d.pick(&["ignore", "masked"]);
    let calls = leavers(d);
    d.remove("trace.disconnect");
    let patience = calls.timeout * d.between(1.2, 2.0);
    d.merge(&format!(
        "[service]\non_disconnect = \"{how}\"\n[clients]\npatience = \"{patience:.0}ms\""
    ));
    let text = calls.text("unbounded", true);
    d.deploy(&format!("\"service.call\" = {text}"));
    let (share, long) = (d.sized(0.5, 4.0), patience * d.between(2.0, 6.0));
    // Room for all of them, or nobody else would be served.
    let more = d.rate * share / 100.0 * long / 1e3 * 2.0;
    let workers = d
        .get("service.queue.workers")
        .and_then(toml::Value::as_integer);
    let workers = workers.unwrap_or(1) as f64 + more.ceil();
    d.merge(&format!("[service.queue]\nworkers = {workers:.0}"));
    d.remove(&format!("dependency.{}.pool", d.dependency));
    d.fault(
        &format!(
            "kind = \"latency\", target = \"{}\", percentage = {share:.2}, latency = \"{long:.0}ms\"",
            d.dependency
        ),
        false,
    );
}

/// Share of its workers that the service uses, from its own numbers.
pub(super) fn used(d: &Draft) -> f64 {
    let whole = |path: &str| d.get(path).and_then(toml::Value::as_integer).unwrap_or(1) as f64;
    let ms = |path: &str| {
        let text = d.get(path).and_then(toml::Value::as_str).unwrap_or("1ms");
        text.strip_suffix("ms")
            .and_then(|t| t.parse().ok())
            .unwrap_or(1.0f64)
    };
    let dependency = format!("dependency.{}.latency", d.dependency);
    let (p50, p99) = (
        ms(&format!("{dependency}.p50")),
        ms(&format!("{dependency}.p99")),
    );
    let sigma = libm::log(p99 / p50) / 2.326;
    let own = ms("service.compute.p50") * 1.15;
    let mean = p50 * libm::exp(sigma * sigma / 2.0) + own;
    d.rate * mean / 1e3 / whole("service.replicas") / whole("service.queue.workers")
}

/// A burst makes the queue longer than clients wait, and whoever has waited longer is worked on all the same.
fn deadline_ignored(d: &mut Draft) {
    d.remove("trace.disconnect");
    let patience = d.between(2.0, 8.0);
    d.merge(&format!(
        "[clients]\npatience = \"{:.0}ms\"\n[service]\non_disconnect = \"ignore\"\n[service.queue]\nkind = \"fifo\"\nlimit = 100000\nexpired = \"serve\"",
        patience * 1e3
    ));
    d.remove("clients.retry");
    // Within a third of its time the queue is longer than anybody waits.
    let lasts = d.to.unwrap_or(d.seconds) - d.from;
    let over = 3.0 * patience / lasts;
    let load = (1.0 + over.max(0.25) * d.between(1.0, 2.5)) / used(d);
    d.drift(
        &format!("\"trace.load\" = {load:.3}"),
        "\"trace.load\" = 1.0",
    );
}

fn pooled(d: &mut Draft, busy: f64) -> f64 {
    let dependency = d.dependency;
    // By the law of Little, and what each replica gets of it.
    let replicas = d
        .get("service.replicas")
        .and_then(toml::Value::as_integer)
        .unwrap_or(1) as f64;
    let used = d.rate * d.call * 1.2 / 1e3 / replicas;
    let size = (used / busy).ceil().max(4.0);
    d.merge(&format!("[dependency.{dependency}]\npool = {size:.0}"));
    size
}

fn slot_leak(d: &mut Draft) {
    leavers(d);
    // Some wait for a connection even so, and some of these leave meanwhile.
    let size = pooled(d, d.busy.max(0.3) + 0.35);
    let share = (d.sized(1.0, 6.0) * size / 8.0).clamp(0.5, 30.0);
    d.deploy(&format!(
        "\"dependency.{}.lost_on_cancel\" = {{ slot = \"{share:.1}%\" }}",
        d.dependency
    ));
    restarts(d);
}

fn connection_leak(d: &mut Draft) {
    leavers(d);
    let size = pooled(d, d.busy.min(0.6));
    let cancels = d.rate * d.size.mul_add(0.2, 0.05) * (d.seconds - d.from);
    let share = (100.0 * size * d.between(0.4, 2.0) / cancels.max(1.0)).clamp(1.0, 50.0);
    d.deploy(&format!(
        "\"dependency.{}.lost_on_cancel\" = {{ connection = \"{share:.1}%\" }}",
        d.dependency
    ));
    restarts(d);
}

/// What has leaked comes back with a restart alone.
fn restarts(d: &mut Draft) {
    if let Some(to) = d.to {
        d.entry(&format!("at = {:?}, restart = \"all\"", time(to + 1.0)));
    }
}

fn audit_killed(d: &mut Draft) {
    let mut calls = leavers(d);
    if !calls.audit {
        calls.audit = true;
        d.merge("[dependency.audit]\nlatency = { kind = \"lognormal\", p50 = \"12ms\", p99 = \"60ms\" }");
        let text = calls.text("", true);
        d.remove("service.call");
        d.merge(&format!("[service]\ncall = {text}"));
    }
    let text = calls.text("", false);
    rolled_out(d, &format!("\"service.call\" = {text}"));
}
