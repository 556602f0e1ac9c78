//! Q29: partial failure behind success.

use super::{
    super::{
        draft::Onset,
        world::{Need, USUAL},
    },
    Draft, Kind,
};

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("tool-failure-swallowed", tool_failure_swallowed),
    kind("item-errors-hidden", item_errors_hidden),
    kind("dropped-at-deadline", dropped_at_deadline),
    kind("partial-results-as-full", partial_results),
    kind("truncated-as-complete", truncated_as_complete),
    kind("silent-fallback", silent_fallback),
    kind("aggregate-boolean", aggregate_boolean),
];

const fn kind(cause: &'static str, draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same: &[],
        // Steps are made side by side, and a missing one may take as long as a deadline.
        need: Need {
            busy: (0.15, 0.45),
            cached: 0.0,
            retries: 0.0,
            ..USUAL
        },
        draw,
    }
}

const HONEST: &str = "{ kind = \"honest\" }";
const ALWAYS_OK: &str = "{ kind = \"always-ok\" }";
const ONE_FLAG: &str = "{ kind = \"aggregate-boolean\" }";

/// How the lie comes about: the service has always told it and something begins to fail (the words of a fault), or something
/// has always failed a little (the table that says so) and a deploy stops saying so.
fn lie(d: &mut Draft, kind: &str, fault: &str, ramps: bool, always: &str) {
    match d.count(0, 2) {
        0 if !always.is_empty() => {
            d.onset = Onset::Step;
            d.merge(&format!("[service]\nreport = {HONEST}\n{always}"));
            d.deploy(&format!("\"service.report\" = {kind}"));
        }
        1 => {
            d.onset = Onset::Step;
            d.merge(&format!("[service]\nreport = {HONEST}"));
            d.deploy(&format!("\"service.report\" = {kind}"));
            d.fault(fault, false);
        }
        _ => {
            d.merge(&format!("[service]\nreport = {kind}"));
            if !ramps {
                d.onset = Onset::Step;
            }
            d.fault(fault, ramps);
        }
    }
}

/// The answer of the drawn dependency, after an index and a tool whose failures it goes without. `more` are options of the answer.
fn agent(d: &mut Draft, more: &str) {
    let dependency = d.dependency;
    let (index, tool) = (d.call * d.between(0.1, 0.5), d.call * d.between(0.1, 0.8));
    let (errors, slips) = (d.between(0.02, 0.3), d.between(0.02, 0.3));
    let (after, wide) = (
        d.pick(&["[\"index\", \"tool\"]", "[\"index\"]"]),
        d.between(2.0, 4.0),
    );
    d.remove("service.call");
    d.merge(&format!(
        r#"
[service]
fan_out = {{ parallel = 3 }}
call = [
    {{ name = "index", dependency = "index", on_failure = "default" }},
    {{ name = "tool", dependency = "tool", on_failure = "default" }},
    {{ name = "answer", dependency = "{dependency}", after = {after}{more} }},
]
[dependency.index]
latency = {{ kind = "lognormal", p50 = "{index:.3}ms", p99 = "{:.3}ms" }}
error_rate = "{errors:.3}%"
[dependency.tool]
latency = {{ kind = "lognormal", p50 = "{tool:.3}ms", p99 = "{:.3}ms" }}
error_rate = "{slips:.3}%"
"#,
        index * wide,
        tool * wide,
    ));
}

fn tool_failure_swallowed(d: &mut Draft) {
    agent(d, "");
    let (share, who) = (d.sized(1.8, 30.0), d.pick(&["tool", "index"]));
    lie(
        d,
        ALWAYS_OK,
        &format!("kind = \"error\", target = \"{who}\", percentage = {share:.2}"),
        true,
        &format!("[dependency.{who}]\nerror_rate = \"{share:.2}%\""),
    );
}

/// One call, which is all there is.
fn alone(d: &mut Draft) {
    let dependency = d.dependency;
    d.remove("service.call");
    d.merge(&format!(
        "[service]\ncall = [{{ dependency = \"{dependency}\" }}]"
    ));
}

/// A dependency that takes several items of a request.
fn bulk(d: &mut Draft) {
    alone(d);
    let (dependency, tokens) = (d.dependency, d.count(10, 60));
    let (took, some, note) = (
        d.between(0.01, 0.3),
        d.between(5.0, 60.0),
        d.between(5.0, 40.0),
    );
    d.merge(&format!(
        "[dependency.{dependency}]\nitems = {{ tokens = {tokens}, time = \"{took:.3}ms\", fields = {{ resolution_time = \"{some:.0}%\", note = \"{note:.0}%\" }} }}"
    ));
}

fn item_errors_hidden(d: &mut Draft) {
    bulk(d);
    let (dependency, share) = (d.dependency, d.sized(2.0, 60.0));
    let whose = d.pick(&[
        "",
        ", where = 'route == \"/chat\"'",
        ", where = 'input_tokens > 200'",
    ]);
    lie(
        d,
        ALWAYS_OK,
        &format!(
            "kind = \"item-error\", target = \"{dependency}\", percentage = {share:.2}{whose}"
        ),
        true,
        &format!("[dependency.{dependency}.items]\nerror_rate = \"{share:.2}%\""),
    );
}

/// Items of one field are refused, and no other.
pub(super) fn items_of_a_form(d: &mut Draft) {
    bulk(d);
    d.onset = Onset::Step;
    let dependency = d.dependency;
    let kind = d.pick(&[ALWAYS_OK, HONEST, ALWAYS_OK]);
    d.merge(&format!("[service]\nreport = {kind}"));
    if d.chance(0.5) {
        d.fault(
            &format!(
                "kind = \"item-error\", target = \"{dependency}\", field = \"resolution_time\""
            ),
            false,
        );
    } else {
        d.deploy(&format!(
            "\"dependency.{dependency}.items.refuses\" = [\"resolution_time\"]"
        ));
    }
}

fn dropped_at_deadline(d: &mut Draft) {
    let (dependency, call) = (d.dependency, d.call);
    agent(d, "");
    // Steps side by side, each well within the deadline.
    let deadline = call * d.between(5.0, 8.0) + 300.0;
    let kept = d.pick(&["", ", budget = \"90%\""]);
    d.merge(&format!(
        r#"
[service]
fan_out = {{ parallel = 3, deadline = "{deadline:.0}ms"{kept} }}
call = [
    {{ name = "index", dependency = "index", on_failure = "default" }},
    {{ name = "tool", dependency = "tool", on_failure = "default" }},
    {{ name = "answer", dependency = "{dependency}" }},
]
[dependency.{dependency}]
latency = {{ kind = "lognormal", p50 = "{call:.3}ms", p99 = "{:.3}ms" }}
"#,
        call * 3.0
    ));
    let (share, who) = (d.sized(1.8, 12.0), d.pick(&["tool", "index"]));
    lie(
        d,
        ALWAYS_OK,
        &format!(
            "kind = \"latency\", target = \"{who}\", percentage = {share:.2}, latency = \"{:.0}ms\"",
            deadline * 2.0
        ),
        true,
        "",
    );
}

fn partial_results(d: &mut Draft) {
    alone(d);
    let (dependency, count, hits) = (d.dependency, d.count(3, 16), d.count(2, 20));
    d.merge(&format!(
        "[dependency.{dependency}]\nshards = {{ count = {count}, hits = {hits} }}"
    ));
    let (shard, share) = (d.count(1, count), d.sized(2.0, 100.0));
    lie(
        d,
        ALWAYS_OK,
        &format!(
            "kind = \"shard-loss\", target = \"{dependency}\", shard = {shard}, percentage = {share:.2}"
        ),
        true,
        &format!(
            "[dependency.{dependency}.shards]\nerror_rate = \"{:.3}%\"",
            share.min(40.0) / count as f64
        ),
    );
}

fn truncated_as_complete(d: &mut Draft) {
    alone(d);
    let dependency = d.dependency;
    let tokens = |d: &Draft, name: &str| {
        let value = d.get(&format!("trace.output_tokens.{name}"));
        value.and_then(toml::Value::as_integer).unwrap_or(100) as f64
    };
    let (p50, p99) = (tokens(d, "p50"), tokens(d, "p99"));
    let sigma = libm::log(p99 / p50) / 2.326;
    let mean = p50 * libm::exp(sigma * sigma / 2.0);
    // On average as long as the drawn call.
    let (base, each) = (d.call * 0.2, d.call * 0.8 / mean);
    d.remove(&format!("dependency.{dependency}.latency"));
    d.merge(&format!(
        "[clients]\npatience = \"0s\"\n[dependency.{dependency}]\nlatency = {{ kind = \"tokens\", base = \"{base:.3}ms\", per_output = \"{each:.4}ms\" }}\nstream = {{ on_cut = \"complete\" }}"
    ));
    // The share of answers that are longer, as a quantile of the normal law (see q22).
    let share = d.sized(0.02, 0.25);
    let longest = super::q22::above(d, "trace.output_tokens", share);
    let after = base + each * longest;
    match d.count(0, 2) {
        0 => {
            d.onset = Onset::Step;
            d.merge(&format!("[service]\nreport = {ALWAYS_OK}"));
            d.deploy(&format!(
                "\"dependency.{dependency}.stream.proxy_limit\" = {longest:.0}"
            ));
        }
        _ => lie(
            d,
            ALWAYS_OK,
            &format!("kind = \"cut-stream\", target = \"{dependency}\", after = \"{after:.2}ms\""),
            false,
            "",
        ),
    }
}

fn silent_fallback(d: &mut Draft) {
    let dependency = d.dependency;
    if d.chance(0.5) {
        agent(d, ", on_failure = \"default\"");
    } else {
        d.remove("service.call");
        d.merge(&format!(
            "[service]\ncall = [{{ dependency = \"{dependency}\", on_failure = \"default\" }}]"
        ));
    }
    let share = d.sized(1.8, 30.0);
    lie(
        d,
        ALWAYS_OK,
        &format!("kind = \"error\", target = \"{dependency}\", percentage = {share:.2}"),
        true,
        &format!("[dependency.{dependency}]\nerror_rate = \"{share:.2}%\""),
    );
}

fn aggregate_boolean(d: &mut Draft) {
    // Two steps, the second of which goes without the first: where the first fails nothing is there, and that is said.
    let dependency = d.dependency;
    let tool = d.call * d.between(0.1, 0.8);
    let (slips, share) = (d.between(0.3, 2.0), d.sized(2.0, 30.0));
    d.remove("service.call");
    d.merge(&format!(
        r#"
[service]
call = [
    {{ name = "tool", dependency = "tool", on_failure = "skip" }},
    {{ name = "answer", dependency = "{dependency}", after = ["tool"] }},
]
[dependency.tool]
latency = {{ kind = "lognormal", p50 = "{tool:.3}ms", p99 = "{:.3}ms" }}
error_rate = "{slips:.3}%"
"#,
        tool * 3.0
    ));
    lie(
        d,
        ONE_FLAG,
        &format!("kind = \"error\", target = \"{dependency}\", percentage = {share:.2}"),
        true,
        &format!("[dependency.{dependency}]\nerror_rate = \"{share:.2}%\""),
    );
}
