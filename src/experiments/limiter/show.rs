//! The answer as text and as JSON.

use super::Tuning;
use crate::config::{show_count, show_nanos, show_percent, show_rate};
use serde_json::{Value, json};
use std::fmt::Write;

fn share(part: u64, of: u64) -> String {
    show_percent(part as f64 / of.max(1) as f64)
}

/// A rate for people, in the unit in which it is no small fraction.
fn rate_of(per_second: f64) -> String {
    match per_second {
        r if r >= 0.1 => show_rate(r),
        r if r * 60.0 >= 0.1 => show_rate(r * 60.0).replace("/s", "/min"),
        r => format!("{:.2}/h", r * 3600.0),
    }
}

/// For people. `key` is what the limit is per.
pub fn text(t: &Tuning, key: &[String]) -> String {
    let mut out = String::new();
    let per = match key {
        [] => "all together".to_string(),
        names => format!("per {}", names.join("+")),
    };
    let [p50, p90, p99, max] = t.means.map(rate_of);
    let _ = write!(
        out,
        "{} requests of {} keys ({per}) over {}\nmean rate of a key: p50 {p50}, p90 {p90}, p99 {p99}, max {max}\n\n\
         Least burst at which no request of a key is refused, by rate: of the key at p50, p90, p99, and of the worst\n\
         {:>12} {:>10} {:>10} {:>10} {:>10}\n",
        show_count(t.requests),
        show_count(t.keys),
        show_nanos(t.span),
        "rate",
        "p50",
        "p90",
        "p99",
        "max"
    );
    for point in &t.frontier {
        let [a, b, c, d] = point.bursts;
        let rate = rate_of(point.rate);
        let _ = writeln!(out, "{rate:>12} {a:>10} {b:>10} {c:>10} {d:>10}");
    }
    let e = &t.effect;
    let names: Vec<String> = key.iter().map(|k| format!("\"{k}\"")).collect();
    let _ = write!(
        out,
        "\nlimiter = {{ kind = \"{}\", key = [{}], rate = \"{}/s\", burst = {} }}\n\
         refuses {} of {} requests ({}), of {} of {} keys ({})\n",
        t.kind,
        names.join(", "),
        e.rate,
        e.burst,
        e.refused,
        t.requests,
        share(e.refused, t.requests),
        e.keys,
        t.keys,
        share(e.keys, t.keys),
    );
    for (name, refused, requests) in &e.worst {
        let name = match name.as_str() {
            "" => "(not recorded)",
            name => name,
        };
        let name: String = name
            .chars()
            .map(|c| if c.is_control() { '·' } else { c })
            .take(60)
            .collect();
        let _ = writeln!(
            out,
            "  {name}: {refused} of {requests} ({})",
            share(*refused, *requests)
        );
    }
    out
}

/// For programs.
pub fn json(t: &Tuning, key: &[String]) -> Value {
    let four = |values: [Value; 4]| {
        let [p50, p90, p99, max] = values;
        json!({ "p50": p50, "p90": p90, "p99": p99, "max": max })
    };
    let frontier: Vec<Value> = t
        .frontier
        .iter()
        .map(|p| json!({ "rate": p.rate, "least_burst": four(p.bursts.map(Value::from)) }))
        .collect();
    let e = &t.effect;
    let worst: Vec<Value> = e
        .worst
        .iter()
        .map(|(name, refused, requests)| json!({ "key": name, "refused": refused, "requests": requests }))
        .collect();
    json!({
        "key": key,
        "requests": t.requests,
        "keys": t.keys,
        "span_seconds": t.span as f64 / 1e9,
        "mean_rate": four(t.means.map(Value::from)),
        "frontier": frontier,
        "allowed_share": t.allow,
        "limit": {
            "kind": t.kind,
            "rate": e.rate,
            "burst": e.burst,
            "refused": e.refused,
            "keys_refused": e.keys,
            "worst": worst,
        },
    })
}
