//! Q26: duplicate writes.

use super::{super::world::Need, Draft, Kind};

/// A service that writes.
const WRITES: Need = Need {
    requests: (10_000.0, 60_000.0),
    call: (40.0, 300.0),
    busy: (0.2, 0.5),
    cached: 0.0,
    retries: 0.0,
};

const fn kind(cause: &'static str, draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same: &[],
        need: WRITES,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("idempotency-key-unstable", key_unstable),
    kind("idempotency-key-too-broad", key_too_broad),
    kind("idempotency-store-lost", store_lost),
    kind("check-then-act-race", race),
    kind("idempotency-record-expired", record_expired),
    kind("visibility-timeout-too-short", visibility),
    kind("timeout-taken-for-failure", timeout),
    kind("hidden-retry-layer", hidden_retry),
    kind("lease-shorter-than-work", lease),
    kind("no-outbox", no_outbox),
];

/// A service whose requests write, with tries of its own and of its clients. `options` are further ones of the write.
fn writes(d: &mut Draft, options: &str) {
    let replicas = d.count(2, 6);
    let dependency = d.dependency;
    let (p99, errors) = (d.call * d.between(2.5, 5.0), d.between(0.0, 0.4));
    let (call, timeout) = (d.call, (d.call * d.between(8.0, 14.0)).max(500.0));
    let after = d.between(50.0, 300.0);
    for gone in [
        "service.call",
        "service.queue",
        "service.cache",
        "service.key",
        "service.retry",
        "clients",
    ] {
        d.remove(gone);
    }
    d.remove(&format!("dependency.{dependency}"));
    let more = if options.is_empty() {
        String::new()
    } else {
        format!(", {options}")
    };
    d.merge(&format!(
        r#"
[clients]
patience = "30s"
retry = {{ max = 2, after = "500ms" }}
[service]
replicas = {replicas}
queue = {{ kind = "fifo", workers = 400, limit = 1000 }}
[service.write]
dependency = "{dependency}"
timeout = "{timeout:.0}ms"
tries = 3
after = "{after:.0}ms"
[dependency.{dependency}]
latency = {{ kind = "lognormal", p50 = "{call:.1}ms", p99 = "{p99:.1}ms" }}
error_rate = "{errors:.2}%"
"#
    ));
    if !more.is_empty() {
        d.merge(&format!(
            "[service]\nwrite = {{ dependency = \"{dependency}\"{more} }}"
        ));
    }
}

/// What makes tries come again: some writes are slower than anybody waits, or their answers are lost. All along, or from the
/// onset on.
fn trouble(d: &mut Draft) {
    let dependency = d.dependency;
    let share = d.sized(1.0, 12.0);
    let long = d
        .get("service.write.timeout")
        .and_then(toml::Value::as_str)
        .and_then(|t| t.strip_suffix("ms"))
        .and_then(|t| t.parse::<f64>().ok())
        .unwrap_or(2000.0)
        * d.between(1.1, 1.8);
    let fault = match d.count(0, 2) {
        0 => {
            format!("kind = \"lost-response\", target = \"{dependency}\", percentage = {share:.2}")
        }
        1 => format!(
            "kind = \"lost-response\", target = \"{dependency}\", percentage = {share:.2}, as = \"reset\""
        ),
        _ => format!(
            "kind = \"latency\", target = \"{dependency}\", percentage = {share:.2}, latency = \"{long:.0}ms\""
        ),
    };
    always(d, &fault);
}

/// A fault in the healthy run as well.
fn always(d: &mut Draft, fault: &str) {
    let length = format!("{:.0}ms", d.seconds * 1e3);
    d.innocent(&format!(
        "at = \"0ms\", for = {length:?}, fault = {{ {fault} }}"
    ));
}

fn rolled_out(d: &mut Draft, set: &str) {
    if d.chance(0.2) {
        let share = d.between(25.0, 60.0);
        d.deployed(set, &format!("canary = \"{share:.0}%\""));
    } else {
        d.deploy(set);
    }
}

fn key_unstable(d: &mut Draft) {
    writes(d, "");
    trouble(d);
    let key = d.pick(&["payload", "per-try"]);
    rolled_out(d, &format!("\"service.write.ledger.key\" = \"{key}\""));
}

fn key_too_broad(d: &mut Draft) {
    writes(d, "");
    trouble(d);
    let contents = d.log_between(10.0, 2000.0);
    d.merge(&format!(
        "[trace]\ncontents = {{ count = {contents:.0}, exponent = 0.6 }}"
    ));
    d.deploy("\"service.write.ledger.key\" = \"content\"");
}

fn store_lost(d: &mut Draft) {
    writes(d, "");
    // Clients come back sooner than the provider answers, or long after.
    if d.chance(0.5) {
        let share = d.sized(0.8, 4.0);
        let long = d.between(5.0, 40.0);
        d.merge(&format!(
            "[clients]\nreplay = {{ share = \"{share:.2}%\", after = {{ kind = \"uniform\", min = \"2s\", max = \"{long:.0}s\" }} }}"
        ));
    } else {
        let share = d.sized(1.0, 8.0);
        let patience = (d.call * 14.0).max(1200.0);
        d.merge(&format!("[clients]\npatience = \"{patience:.0}ms\"\n[service.write]\ntimeout = \"20s\"\nledger = {{ lease = \"1s\", heartbeat = \"300ms\" }}"));
        let dependency = d.dependency;
        let long = patience * d.between(1.2, 2.5);
        always(
            d,
            &format!(
                "kind = \"latency\", target = \"{dependency}\", percentage = {share:.2}, latency = \"{long:.0}ms\""
            ),
        );
    }
    d.deploy("\"service.write.ledger.durable\" = false");
}

fn race(d: &mut Draft) {
    writes(d, "");
    let share = d.sized(0.6, 5.0);
    d.merge(&format!("[service.write]\ntwice = \"{share:.2}%\""));
    if d.chance(0.5) {
        trouble(d);
    }
    rolled_out(d, "\"service.write.ledger.atomic\" = false");
}

fn record_expired(d: &mut Draft) {
    writes(d, "");
    if d.chance(0.5) {
        trouble(d);
    }
    let (share, most) = (d.sized(0.8, 5.0), d.seconds * d.between(0.03, 0.12));
    let least = most * d.between(0.2, 0.6);
    d.merge(&format!(
        "[clients]\nreplay = {{ share = \"{share:.2}%\", after = {{ kind = \"uniform\", min = \"{least:.1}s\", max = \"{most:.1}s\" }} }}"
    ));
    let ttl = d.between(0.3, 0.9) * (least + most) / 2.0;
    d.deploy(&format!(
        "\"service.write.ledger.ttl\" = \"{:.0}ms\"",
        ttl * 1e3
    ));
}

fn visibility(d: &mut Draft) {
    if d.chance(0.6) {
        // Jobs that are due later: they become due later than the queue waits, or it waits less.
        let (wait, short) = (d.between(20.0, 60.0), d.between(0.3, 0.9));
        writes(d, "");
        let longest = wait * short;
        d.merge(&format!(
            "[service.write]\nidempotent = false\nvisibility = \"{:.0}ms\"\ndelay = {{ kind = \"uniform\", min = \"1s\", max = \"{longest:.1}s\" }}",
            wait * 1e3
        ));
        let beyond = d.sized(1.02, 1.8);
        if d.chance(0.5) {
            let longer = wait * beyond;
            d.deploy(&format!("\"service.write.delay\" = {{ kind = \"uniform\", min = \"1s\", max = \"{longer:.1}s\" }}"));
        } else {
            let wait = longest / beyond;
            d.deploy(&format!(
                "\"service.write.visibility\" = \"{:.0}ms\"",
                wait * 1e3
            ));
        }
    } else {
        // Work that takes longer than the queue waits, whose lease has ended by then.
        let (share, visible) = (d.sized(1.0, 8.0), (d.call * 12.0).max(800.0));
        writes(d, "");
        d.merge(&format!(
            "[service.write]\ntimeout = \"30s\"\nvisibility = \"60s\"\nledger = {{ lease = \"{:.0}ms\", heartbeat = \"0s\", doubt = \"run-again\" }}",
            visible * 0.5
        ));
        let dependency = d.dependency;
        let long = visible * d.between(1.5, 3.0);
        always(
            d,
            &format!(
                "kind = \"latency\", target = \"{dependency}\", percentage = {share:.2}, latency = \"{long:.0}ms\""
            ),
        );
        d.deploy(&format!(
            "\"service.write.visibility\" = \"{visible:.0}ms\""
        ));
    }
}

fn timeout(d: &mut Draft) {
    writes(d, "");
    trouble(d);
    rolled_out(d, "\"service.write.ledger.doubt\" = \"run-again\"");
}

fn hidden_retry(d: &mut Draft) {
    writes(d, "");
    trouble(d);
    let (retries, wait) = (d.count(1, 2), d.call * d.between(4.0, 7.0));
    rolled_out(
        d,
        &format!(
            "\"service.write.proxy_retries\" = {retries}, \"service.write.proxy_timeout\" = \"{:.0}ms\"",
            wait.max(2.0)
        ),
    );
}

fn lease(d: &mut Draft) {
    let (share, visible) = (d.sized(1.0, 8.0), (d.call * 12.0).max(800.0));
    writes(d, "");
    d.merge(&format!(
        "[service.write]\ntimeout = \"30s\"\nvisibility = \"{visible:.0}ms\""
    ));
    let dependency = d.dependency;
    let long = visible * d.between(1.5, 3.0);
    always(
        d,
        &format!(
            "kind = \"latency\", target = \"{dependency}\", percentage = {share:.2}, latency = \"{long:.0}ms\""
        ),
    );
    let lease = visible * d.between(0.2, 0.8);
    d.deploy(&format!(
        "\"service.write.ledger\" = {{ lease = \"{lease:.0}ms\", heartbeat = \"0s\", doubt = \"run-again\" }}"
    ));
}

fn no_outbox(d: &mut Draft) {
    writes(d, "then = \"events\"");
    let errors = d.sized(0.6, 4.0);
    // A relay sends one after the other: with a quarter of its time in the mean it keeps up with any crowd.
    let median = (1e3 * 0.2 / d.rate).min(10.0);
    let tail = median * 4.0;
    d.merge(&format!(
        "[dependency.events]\nlatency = {{ kind = \"lognormal\", p50 = \"{median:.2}ms\", p99 = \"{tail:.2}ms\" }}\nerror_rate = \"{errors:.2}%\""
    ));
    if d.chance(0.5) {
        let deaths = d.sized(0.02, 0.1);
        always(
            d,
            &format!(
                "kind = \"crash\", when = \"committed\", percentage = {deaths:.3}, down = \"5s\", jitter = \"5s\""
            ),
        );
    }
    if d.chance(0.5) {
        trouble(d);
    }
    d.deploy("\"service.write.ledger.outbox\" = false");
}
