//! The languages that stand in texts of a file: conditions of gates, conditions on requests, paths of a change.

use crate::{
    gates::{NAMED, PHASES, SCALARS},
    indicators::{Stage, TableOf, catalogue, find},
    trace::shape::filter,
};
use std::fmt::Write;

/// Statistics of a stage that have a name of their own.
const STATISTICS: [&str; 6] = ["p50", "p95", "p99", "p999", "max", "mean"];

/// Conditions that are right, each with what it says.
const GATES: &[(&str, &str)] = &[
    (
        "latency p(95) < 250ms",
        "an absolute bound on a percentile; also `p50`, `p95`, `p99`, `p999`, `max`, `mean`",
    ),
    (
        "latency.p95 < 1.15x baseline",
        "a multiple of the run's own baseline phase",
    ),
    (
        "error_rate < baseline + 2 points",
        "two percentage points above it",
    ),
    (
        "cache.hit_rate > 0.9x baseline and error_rate < 2%",
        "both; `or` and parentheses too",
    ),
    (
        "latency{tenant=\"acme\", route!=\"/health\"} p(95) < 1s",
        "of some requests alone; the selection stands before the statistic",
    ),
    (
        "error_rate{service_version=new} < 2% during incident",
        "of what a deploy reached (`old`: of what it did not); where it reached nothing there is no data, so a phase is said",
    ),
    (
        "reject_rate by tenant (min 500 requests) < 5%",
        "in each tenant that sent so many",
    ),
    (
        "error_rate < 5% for 30s",
        "in no sliding window of 30 s of the phase is it broken",
    ),
    (
        "error_rate < 5% for 30s abort_on_breach",
        "the same, and the run ends as soon as it is broken for certain: a maximum of a time by the first request beyond it, a share by a whole such window of 20 requests or more that have ended",
    ),
    (
        "queue.wait p(95) < 50ms during incident",
        "held in this phase, whatever phase is judged",
    ),
    ("pool.in_use max < 60", "the largest reading of a gauge"),
    ("recovery_time < 90s", "one value a run"),
    ("tail_regression", "a condition with a name"),
];

/// Conditions on requests that are right, each with what it says.
const FILTERS: &[(&str, &str)] = &[
    (r#"tenant == "acme""#, "a name; also `!=`"),
    (
        r#"tenant in ["acme", "globex"] and input_tokens > 1000"#,
        "one of several, and a number: `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`",
    ),
    (
        r#"not (route == "/chat" or class == "batch")"#,
        "`not`, `or`, parentheses",
    ),
    (r#"prompt contains "weather""#, "a part of a text"),
    (r#"deadline < "2s""#, "a time, as a duration or in seconds"),
];

/// Paths that a change may set, each with what it says.
const PATHS: &[(&str, &str)] = &[
    ("\"service.cache.ttl\" = \"1m\"", "an option of a component"),
    (
        "\"service.queue\" = { kind = \"fifo\", workers = 8 }",
        "a component whole; of another kind only with `state = \"cold\"`",
    ),
    (
        "\"dependency.llm.latency\" = \"80ms\"",
        "of a dependency that is declared from the start",
    ),
    (
        "\"service.call.retry\" = { max = 3, after = \"100ms\" }",
        "of the call; in a list of calls by its `name`, or its place from 0: `\"service.call.1.timeout\"`",
    ),
    ("\"clients.patience\" = \"2s\"", "what clients do"),
];

pub(super) fn paths(text: &mut String) {
    text.push_str(
        "\n### Paths of `set`\n\nA change sets dotted paths under `service`, `dependency` and `clients`; a drift sets paths under `trace`, in the same way \
(`drift = { set = { \"trace.load\" = 2.0 } }`), and only of what the population is (who asks what, and how much of it), not of the arrivals. What is \
set to a table replaces what stood there. A change cannot add or take replicas, dependencies, pools or workers of dependencies.\n\n| in `set` | what it is |\n|---|---|\n",
    );
    rows(text, PATHS);
}

fn rows(text: &mut String, rows: &[(&str, &str)]) {
    for (example, says) in rows {
        let _ = writeln!(text, "| `{}` | {says} |", example.replace('|', "\\|"));
    }
}

pub(super) fn gates(text: &mut String) {
    text.push_str(
        "\n<a id=\"gates\"></a>\n## Conditions of gates\n\nA gate says what must hold. It is judged in each phase; `[expect] breached` names those that must be broken in the \
incident phase. `baseline` is what the same quantity was in the baseline phase. No data fails. `gameday list indicators` prints the quantities with their units.\n\n| condition | what it says |\n|---|---|\n",
    );
    rows(text, GATES);
    text.push_str(GRAMMAR);
    let phases: Vec<String> = PHASES.iter().map(|p| format!("`{p}`")).collect();
    let _ = writeln!(text, "\nPhases: {}.", phases.join(", "));
    for table in [TableOf::Requests, TableOf::Attempts, TableOf::Gauges] {
        let columns: Vec<String> = table.selectable().map(|c| format!("`{c}`")).collect();
        let _ = writeln!(
            text,
            "\nColumns that {} are selected and split by: {}.",
            match table {
                TableOf::Requests => "requests",
                TableOf::Attempts => "calls (`call.*`, `retry*` and the like)",
                TableOf::Gauges => "gauges",
            },
            columns.join(", ")
        );
    }
    let of_stage = |name: &str| {
        name.rsplit_once('.').is_some_and(|(stage, statistic)| {
            Stage::find(stage).is_some() && STATISTICS.contains(&statistic)
        })
    };
    let _ = writeln!(
        text,
        "\nStages. Each has {}, and any percentile: `queue.wait p(97.5)`.\n\n| stage | what it is |\n|---|---|",
        STATISTICS.map(|s| format!("`.{s}`")).join(", ")
    );
    for (_, stage) in Stage::ALL {
        let mean = find(&format!("{stage}.mean")).map_or("", |i| i.doc);
        let _ = writeln!(
            text,
            "| `{stage}` | {} |",
            mean.trim_start_matches("mean of ")
        );
    }
    text.push_str("\n| quantity | unit | what it is |\n|---|---|---|\n");
    for indicator in catalogue().filter(|i| !of_stage(i.name)) {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            indicator.name, indicator.unit, indicator.doc
        );
    }
    text.push_str("\nWith one value a run:\n\n| quantity | unit | what it is |\n|---|---|---|\n");
    for scalar in SCALARS {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            scalar.name, scalar.unit, scalar.doc
        );
    }
    text.push_str("\nWith a name:\n\n| condition | stands for | what it says |\n|---|---|---|\n");
    for named in NAMED {
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} |",
            named.name, named.expression, named.doc
        );
    }
}

pub(super) fn filters(text: &mut String) {
    text.push_str("\n<a id=\"where\"></a>\n## Conditions on requests\n\nWhat `where` of faults and limits and `filter` of a trace say.\n\n| condition | what it says |\n|---|---|\n");
    rows(text, FILTERS);
    let list = |kind: filter::FieldKind| {
        let names: Vec<String> = filter::fields()
            .filter(|(_, k)| *k == kind)
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        names.join(", ")
    };
    let _ = writeln!(
        text,
        "\nFields that are compared with texts: {}. With numbers: {}. With times: {}. A field that is not recorded equals `\"\"` or 0.",
        list(filter::FieldKind::Name),
        list(filter::FieldKind::Number),
        list(filter::FieldKind::Time)
    );
}

const GRAMMAR: &str = "
```text
text      = gate [ \"abort_on_breach\" ]
gate      = all { \"or\" all }              all = part { \"and\" part }
part      = \"(\" gate \")\" | NAMED | condition
condition = quantity op bound { \"for\" DURATION | \"during\" PHASE }
quantity  = NAME [ \"{\" selector { \",\" selector } \"}\" ] [ statistic ] [ split ]
selector  = COLUMN ( \"=\" | \"!=\" ) ( TEXT | WORD | NUMBER )
statistic = \"p\" \"(\" NUMBER \")\" | \"p50\" | \"p95\" | \"p99\" | \"p999\" | \"med\" | \"max\" | \"mean\" | \"avg\"
split     = \"by\" COLUMN [ \"(\" \"min\" NUMBER \"requests\" \")\" ]
op        = \"<\" | \"<=\" | \">\" | \">=\" | \"==\" | \"!=\"
bound     = AMOUNT | [ NUMBER \"x\" ] ( \"baseline\" | \"reference\" ) [ ( \"+\" | \"-\" ) ( AMOUNT | NUMBER \"points\" ) ]
```

An amount has the unit of its quantity: a duration (`250ms`), a percentage (`2%`), a rate (`50/s`), a count (`10k`) or a plain number.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{At, Node, Source},
        gates::Gate,
        trace::Filter,
    };

    #[test]
    fn the_conditions_that_are_shown_are_right() {
        for (text, _) in GATES {
            if let Err(refusal) = Gate::parse_text("shown", text, &At::nowhere()) {
                panic!("{text}: {refusal}");
            }
        }
        for (text, _) in FILTERS {
            if let Err(refusal) = Filter::parse(&Source::new("shown", *text)) {
                panic!("{text}: {refusal}");
            }
        }
        for (text, _) in PATHS {
            let node = Node::parse(&Source::new("shown", *text));
            assert!(node.is_ok(), "{text}");
        }
    }
}
