//! The language of gates: what is read, what is refused and how, and that writing back gives the same again.

use gameday::{
    config::{At, Node, Source},
    gates::{self, Gate, NAMED, SCALARS},
    indicators::catalogue,
};
use proptest::prelude::*;

fn gate(text: &str) -> Gate {
    let at = At::whole(&Source::new("--gate", text));
    Gate::parse_text("g", text, &at).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn refusal(text: &str) -> String {
    let at = At::whole(&Source::new("--gate", text));
    match Gate::parse_text("g", text, &at) {
        Ok(gate) => panic!("accepted as {gate}"),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn expressions_are_read_and_written_in_their_shortest_form() {
    for (written, shortest) in [
        ("latency p(95) < 250ms", "latency.p95 < 250ms"),
        (
            "latency.p95 < 1.15x baseline",
            "latency.p95 < 1.15x baseline",
        ),
        (
            "latency p(97.5) < 1.15 x baseline",
            "latency p(97.5) < 1.15x baseline",
        ),
        (
            "latency{tenant=\"acme\", route='/chat'} p(99) <= 1.15x baseline",
            "latency.p99{tenant=\"acme\",route=\"/chat\"} <= 1.15x baseline",
        ),
        (
            "cache.hit_rate > 0.9x baseline",
            "cache.hit_rate > 0.9x baseline",
        ),
        ("error_rate < 2%", "error_rate < 2%"),
        (
            "error_rate<baseline+2 points",
            "error_rate < baseline + 2 points",
        ),
        (
            "latency mean < baseline + 20ms",
            "latency.mean < baseline + 20ms",
        ),
        (
            "queue.wait p(95) < 50ms during incident",
            "queue.wait.p95 < 50ms during incident",
        ),
        ("recovery_time < 90s", "recovery_time < 90s"),
        ("duplicate_writes == 0", "duplicate_writes == 0"),
        ("error_rate < 2% for 30s", "error_rate < 2% for 30s"),
        (
            "reject_rate by tenant (min 500 requests) < 5%",
            "reject_rate by tenant (min 500 requests) < 5%",
        ),
        (
            "latency.p95 < 1.05x reference",
            "latency.p95 < 1.05x reference",
        ),
        ("throughput > 1.2k/m", "throughput > 20/s"),
        ("queue.depth max < 10k", "queue.depth.max < 10000"),
        ("queue.depth avg < 2.5", "queue.depth < 2.5"),
        (
            "call.time{dependency=llm} p(95) < 1m30s",
            "call.time.p95{dependency=\"llm\"} < 90s",
        ),
        (
            "parse.error_rate{parser_version=new} < 2%",
            "parse.error_rate{parser_version=new} < 2%",
        ),
        (
            "latency.p50{outcome!=\"ok\", cold=true} < 1s",
            "latency.p50{outcome!=\"ok\",cold=true} < 1s",
        ),
        ("tail_regression", "tail_regression"),
        (
            "(error_rate < 2% or timeout_rate < 1%) and latency max < 5s",
            "(error_rate < 2% or timeout_rate < 1%) and latency.max < 5s",
        ),
        (
            "error_rate < 2% or timeout_rate < 1% and reject_rate < 1%",
            "error_rate < 2% or timeout_rate < 1% and reject_rate < 1%",
        ),
    ] {
        let parsed = gate(written);
        assert_eq!(parsed.to_string(), shortest);
        assert_eq!(gate(shortest).to_string(), shortest);
    }
}

#[test]
fn refusals_point_at_the_word_and_say_what_would_be_right() {
    for (text, column, message, help) in [
        (
            "latncy.p95 < 1s",
            1,
            "unknown quantity \"latncy.p95\"",
            "did you mean \"latency.p95\"?",
        ),
        (
            "recovery < 90s",
            1,
            "unknown quantity \"recovery\"",
            "known: ",
        ),
        (
            "recoverytime < 90s",
            1,
            "unknown quantity",
            "did you mean \"recovery_time\"?",
        ),
        (
            "latency.p95 < 2%",
            15,
            "latency.p95 is a duration, and cannot be compared with 2%",
            "a duration such as 250ms",
        ),
        ("error_rate < 250ms", 14, "error_rate is a share", "2%"),
        ("error_rate < 0.02", 14, "error_rate is a share", "2%"),
        (
            "latency < 1s",
            9,
            "found \"<\", where a statistic of latency would be right",
            "latency p(95)",
        ),
        (
            "latency p(101) < 1s",
            11,
            "there is no percentile 101",
            "up to 100",
        ),
        ("latency p(95) = 1s", 15, "found \"=\"", "=="),
        ("latency p(95) <", 16, "found nothing", ""),
        (
            "latency.p95{tennant=\"a\"} < 1s",
            13,
            "requests cannot be selected by \"tennant\"",
            "did you mean \"tenant\"?",
        ),
        (
            "latency.p95{arrived=1} < 1s",
            13,
            "requests cannot be selected by \"arrived\"",
            "known: ",
        ),
        (
            "call.time{tenant=\"a\"} p(95) < 1s",
            11,
            "attempts cannot be selected by \"tenant\"",
            "dependency",
        ),
        (
            "error_rate{outcome=\"timeot\"} < 1%",
            20,
            "outcome is never \"timeot\"",
            "did you mean \"timeout\"?",
        ),
        (
            "error_rate < 1% during incidnt",
            24,
            "there is no phase \"incidnt\"",
            "did you mean \"incident\"?",
        ),
        ("error_rate < 1% for 30", 21, "\"30\" is no duration", "30s"),
        (
            "error_rate < 1% for 30s for 40s",
            25,
            "this is said twice",
            "",
        ),
        (
            "recovery_time < 1.1x baseline",
            22,
            "recovery_time has one value a run",
            "reference",
        ),
        (
            "recovery_time < 90s for 30s",
            21,
            "recovery_time has one value a run",
            "",
        ),
        (
            "error_rate < baseline + 2%",
            25,
            "2% cannot be added to a share",
            "2 points",
        ),
        (
            "error_rate < 1% & latency.p95 < 1s",
            17,
            "\"&\" means nothing here",
            "",
        ),
        (
            "error_rate < 1% latency.p95 < 1s",
            17,
            "found \"latency.p95\", where and, or",
            "",
        ),
        (
            "latency.p95{tenant=\"acme} < 1s",
            20,
            "this text has no end",
            "close it",
        ),
        (
            "reject_rate by tenant (min 500) < 5%",
            31,
            "found \")\", where requests",
            "(min 500 requests)",
        ),
        (
            "((((((((((((((((((((((((((((((((((error_rate < 1%",
            33,
            "too many parentheses",
            "",
        ),
        ("", 1, "found nothing", ""),
    ] {
        let told = refusal(text);
        assert!(
            told.starts_with(&format!("--gate:1:{column}: ")),
            "{text}: {told}"
        );
        assert!(told.contains(message), "{text}: {told}");
        assert!(told.contains(help), "{text}: {told}");
    }
}

#[test]
fn a_refusal_stands_at_its_place_in_the_file() {
    let text = "title = \"é\"\n[gates]\nlatency = \"latency p(95) < 2%\"\n";
    let root = Node::parse(&Source::new("x.toml", text)).unwrap();
    let node = root.get("gates.latency").unwrap();
    let told = Gate::parse("latency", node).unwrap_err().to_string();
    assert!(
        told.starts_with("x.toml:3:28: latency.p95 is a duration"),
        "{told}"
    );

    let text = "[gates]\nlatency = \"latency{tenant=\\\"é\\\"} p(95) < 2%\"\n";
    let root = Node::parse(&Source::new("x.toml", text)).unwrap();
    let node = root.get("gates.latency").unwrap();
    let told = Gate::parse("latency", node).unwrap_err().to_string();
    assert!(
        told.starts_with("x.toml:2:11: "),
        "a string with escapes is the place as a whole: {told}"
    );

    let root = Node::parse(&Source::new("x.toml", "gate = 5")).unwrap();
    let told = Gate::parse("g", root.get("gate").unwrap())
        .unwrap_err()
        .to_string();
    assert!(told.contains("a condition such as"), "{told}");
}

#[test]
fn every_listed_quantity_can_be_named_in_a_gate() {
    for indicator in catalogue() {
        gate(&format!("{} < 1x baseline", indicator.name));
    }
    for scalar in SCALARS {
        gate(&format!("{} < 1x reference", scalar.name));
    }
    for named in NAMED {
        assert!(!gate(named.name).watches().is_empty() || named.expression.is_empty());
        gate(named.expression);
    }
}

fn quantity() -> impl Strategy<Value = (String, &'static str)> {
    let p = (1u32..=1000).prop_map(|p| format!("latency p({})", f64::from(p) / 10.0));
    let column = prop::sample::select(vec![
        "{tenant=\"a\\\"b\\\\\"}",
        "{service_version=3,route!='/x y'}",
        "{outcome=\"timeout\"}",
        "",
        "{cold=false}",
        "{parser_version=old}",
    ]);
    let by = prop::sample::select(vec!["", " by tenant", " by replica (min 12 requests)"]);
    prop_oneof![
        p.prop_map(|text| (text, "ns")),
        (column, by.clone()).prop_map(|(c, by)| (format!("latency{c} p(12.5){by}"), "ns")),
        by.clone().prop_map(|by| (format!("error_rate{by}"), "%")),
        by.prop_map(|by| (format!("arrival_rate{{tenant=x}}{by}"), "/s")),
        Just(("key.per_content".into(), "")),
        Just(("key.cardinality".into(), "")),
    ]
}

fn comparison() -> impl Strategy<Value = String> {
    let op = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let number = prop_oneof![(0u32..100_000).prop_map(f64::from), 0.0f64..1e9];
    let tail = prop::sample::select(vec![
        "",
        " for 30s",
        " during incident",
        " for 90s during warm-up",
    ]);
    (quantity(), op, number, 0u8..4, tail).prop_map(|((quantity, unit), op, x, kind, tail)| {
        let amount = match unit {
            "ns" => format!("{}ns", x as u64),
            unit => format!("{x}{unit}"),
        };
        let plus = if unit == "%" {
            format!("{x} points")
        } else {
            amount.clone()
        };
        let bound = match kind {
            0 => amount,
            1 => format!("{}x baseline", x + 0.5),
            2 => format!("reference - {plus}"),
            _ => format!("{}x baseline + {plus}", x + 0.5),
        };
        format!("{quantity} {op} {bound}{tail}")
    })
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        comparison(),
        Just("tail_regression".to_string()),
        Just("recovery_time < 90s".into())
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop::collection::vec(inner, 2..4), any::<bool>()).prop_map(|(parts, and)| {
            let parts: Vec<_> = parts.into_iter().map(|p| format!("({p})")).collect();
            parts.join(if and { " and " } else { " or " })
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_back_is_read_as_the_same(text in expression()) {
        let first = gate(&text);
        let second = gate(&first.to_string());
        prop_assert_eq!(first.to_string(), second.to_string());
        prop_assert_eq!(first.watches(), second.watches());
        // Equal but for the text as written.
        prop_assert_eq!(gate(&second.to_string()), gate(&first.to_string()));
        let once = gate(&first.to_string());
        prop_assert_eq!(once, Gate::clone(&second));
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused_in_order(text in "\\PC*") {
        let at = At::whole(&Source::new("g", text.as_str()));
        if let Err(refusal) = Gate::parse_text("g", &text, &at) {
            refusal.to_string();
        }
    }

    #[test]
    fn no_sequence_of_words_is_too_strange_either(
        words in prop::collection::vec(prop::sample::select(vec![
            "latency", "p", "(", "95", ")", "<", "250ms", "error_rate", "2%", "baseline", "1.1x", "x", "and", "or",
            "for", "30s", "during", "incident", "{", "tenant", "=", "\"é", "\"", "}", ",", "by", "min", "requests", "+",
            "-", "points", "tail_regression", "recovery_time", "9999999999999999999999w", "1e9", "0x", "1._%",
        ]), 0..14)
    ) {
        let text = words.join(" ");
        let quoted = format!("g = '{text}'");
        let at = At::whole(&Source::new("g", quoted)).within(4..6 + text.len());
        if let Err(refusal) = Gate::parse_text("g", &text, &at) {
            refusal.to_string();
        }
    }
}

#[test]
fn an_expression_tells_which_indicators_it_is_about() {
    let about = |text| -> Vec<&str> { gates::indicators(text).iter().map(|i| i.name).collect() };
    assert_eq!(about("latency p(95) < 250ms"), ["latency.p95"]);
    assert_eq!(
        about("cache.hit_rate > 0.9x baseline and error_rate by tenant < 2% or latency.p95 < 1s"),
        ["cache.hit_rate", "error_rate", "latency.p95"]
    );
    assert_eq!(about("tail_regression"), ["latency.p95", "latency.p50"]);
    // No name in the catalogue, a scalar, no expression at all.
    for none in ["latency p(97.5) < 1s", "recovery_time < 90s", "latency <"] {
        assert!(about(none).is_empty(), "{none}");
    }
}
