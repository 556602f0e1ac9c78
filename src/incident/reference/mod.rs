//! The reference page: every table and option of an incident file, from the tables that read them; and the languages that
//! stand in its texts, from the catalogues that they are read by.

mod language;
mod page;

use super::{file::Registries, schema::schema};
use crate::{
    config::{Bytes, Count, Percent, Rate, Read, Share, Span, When},
    diagnosis, faults,
    service::Latency,
    trace::{
        formats::FORMATS,
        population::{Delays, Sizes},
    },
};
use page::Page;
use serde_json::json;
use std::fmt::Write;

/// What every option of `[[timeline]]` and `[[fix]]` may be used with; whatever is not named here goes with all of them.
const USED_WITH: &[(&str, &str)] = &[
    ("for", "fault, drift"),
    ("ramp", "fault, drift"),
    ("every", "fault; then `for` too"),
    ("until", "fault, beside `every`"),
    ("set", "deploy"),
    ("canary", "deploy, rollback"),
    ("restart", "deploy, rollback, or alone"),
    ("pace", "deploy, rollback, restart"),
    ("down", "deploy, rollback, restart"),
    ("state", "deploy, rollback"),
];

/// The page, of everything that these registries know.
pub fn reference(registries: &Registries) -> String {
    let schema = schema(registries);
    let mut page = Page::default();
    page.text.push_str(HEAD);
    values(&mut page);
    let part = |name: &str| schema["properties"][name].clone();

    page.text.push_str("\n## The file\n\n");
    let mut top = schema.clone();
    top["properties"]["fix"] = json!({
        "title": "a list of entries as in [timeline](#timeline), without faults and drifts",
        "description": top["properties"]["fix"]["description"],
    });
    top["properties"]["variant"] = json!({
        "title": "tables by name, of which nothing is required: see [Variants](#variants)",
        "description": top["properties"]["variant"]["description"],
    });
    top["properties"]["gates"]["title"] = json!(
        "conditions by name, such as \"latency p(95) < 1.15x baseline\": see [Conditions of gates](#gates)"
    );
    if let (Some(map), Some(options)) = (top.as_object(), top["properties"].as_object()) {
        let names: Vec<&str> = options.keys().map(String::as_str).collect();
        page.options("", map, &names);
    }

    page.text.push_str("\n## Traffic\n");
    page.section(3, "trace", &part("trace"));
    page.text.push_str("\nFormats of files, recognised by their content unless `format` names one:\n\n| format | what it is |\n|---|---|\n");
    for format in FORMATS {
        let _ = writeln!(page.text, "| `{}` | {} |", format.name, format.summary);
    }
    page.section(3, "clients", &part("clients"));

    page.text.push_str("\n## The service and what it calls\n");
    page.text.push_str(SERVICE);
    page.section(3, "service", &part("service"));
    page.section(3, "dependency", &part("dependency"));

    page.text.push_str("\n## What happens, and the cure\n");
    page.text.push_str(ENTRIES);
    used_with(&mut page);
    page.section(3, "timeline", &part("timeline"));
    let _ = writeln!(page.text, "{FAULTS}");
    reaches(&mut page, registries);
    language::paths(&mut page.text);
    page.section(3, "guard", &part("guard"));

    page.text.push_str(REVIEW);
    let mut action = part("action");
    action["items"]["properties"]["cause"]["title"] = json!("one of the causes below");
    action["items"]["properties"]["cause"]["enum"].take();
    action["items"]["properties"]["control"]["properties"]["guard"] = json!({ "title": "a table as in [guard](#guard)", "description": action["items"]["properties"]["control"]["properties"]["guard"]["description"] });
    page.section(3, "action", &action);
    page.section(3, "gameday", &part("gameday"));

    language::gates(&mut page.text);
    language::filters(&mut page.text);

    page.text.push_str("\n## What a run is held to\n");
    let mut expect = part("expect");
    for causes in ["causes", "true_causes"] {
        expect["properties"][causes]["title"] = json!("a list of the causes below");
        expect["properties"][causes]["items"] = json!({});
    }
    page.section(3, "expect", &expect);
    page.text.push_str("\nCauses, by the names that `causes` and `true_causes` take. The diagnosis does not name those with a star yet: they go under `true_causes` alone.\n\n| cause | what it is |\n|---|---|\n");
    for (cause, named) in diagnosis::catalogue::all() {
        let star = if named { "" } else { " *" };
        let _ = writeln!(page.text, "| `{}`{star} | {} |", cause.id, cause.summary);
    }
    page.text.push_str(VARIANTS);
    let mut text = String::new();
    // One blank line is enough anywhere.
    for line in page.text.lines() {
        if !(line.is_empty() && text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Quantities and distributions: what stands in many places.
fn values(page: &mut Page) {
    page.text
        .push_str("\n## Values\n\n| value | how it is written |\n|---|---|\n");
    for (name, what) in [
        ("duration", Span::WHAT),
        ("rate", Rate::WHAT),
        ("count", Count::WHAT),
        ("size", Bytes::WHAT),
        ("percentage", Percent::WHAT),
        ("share", Share::WHAT),
        ("time", When::WHAT),
    ] {
        let _ = writeln!(page.text, "| {name} | {what} |");
    }
    page.text.push_str(UNITS);
    page.section(3, "a latency", &Latency::schema());
    page.section(3, "a distribution of numbers", &Sizes::schema());
    page.section(3, "a distribution of durations", &Delays::schema());
}

fn used_with(page: &mut Page) {
    page.text.push_str("\n| option | goes with |\n|---|---|\n");
    for (option, with) in USED_WITH {
        let _ = writeln!(page.text, "| `{option}` | {with} |");
    }
    page.text.push('\n');
}

fn reaches(page: &mut Page, registries: &Registries) {
    for (reach, words) in [
        (faults::Reach::Calls, "Calls of a dependency"),
        (faults::Reach::Arrivals, "Requests as they come in"),
        (faults::Reach::Replicas, "Processes of replicas"),
        (faults::Reach::Clocks, "Clocks of replicas"),
    ] {
        let names: Vec<String> = registries
            .faults
            .iter()
            .filter(|kind| faults::reach_of(kind.name) == Some(reach))
            .map(|kind| format!("`{}`", kind.name))
            .collect();
        let _ = writeln!(page.text, "- {words}: {}.", names.join(", "));
    }
}

const HEAD: &str = "# Every field of an incident file

Written by `gameday schema --format markdown` from the tables by which files are read; `gameday schema` prints the same as a JSON Schema.
[incidents.md](incidents.md) is the introduction, [traces.md](traces.md) tells of trace files. Whatever is not on this page is refused, at its
line and column. `gameday replay FILE` runs a file, `gameday gate FILE --expect` holds it to its `[expect]`, `gameday lint FILE` says what it leaves
unseen. All times are virtual.
";

const UNITS: &str = "
Units of durations: `ns`, `us`, `ms`, `s`, `m` or `min`, `h`, `d`, `w`; `0` needs none. Rates are per any of them: `\"30/m\"`, `\"1k/h\"`. Counts take `k`, `M`
and `G`, sizes `B`, `KB`, `MB`, `GB`, `KiB`, `MiB` and `GiB`. A number without a sign is a percentage where a percentage is asked for (`5` is 5%), and a
share where a share is asked for (`0.05` is 5%). A time in percent is a share of the trace's length.
";

const SERVICE: &str = "
A request goes through these parts, each of which may be left out: limiter, parse, key, trending, cache, single_flight, queue, compute, call (with
fan_out and merge), write, report. A service without `call` computes and answers.
";

const ENTRIES: &str = "
`[[timeline]]` is what happens, `[[fix]]` what people do about it; both are lists of entries, which do one thing each: `deploy` (with `set`), `fault`,
`drift`, `rollback`, `warm`, `flush`, or `restart` alone. A fix has neither faults nor drifts. Entries may overlap, and are carried out in order of time.

What the phases are follows from the entries: *warm-up* (`warm_up`), *baseline* until the first entry of the timeline, *incident* until the last
step of the fix (without a fix: until all that happens has ended by itself; a deploy never does), *recovering* until the gates hold in three windows one
after another, then *recovered*. Something harmless that comes first begins the incident phase all the same; a `deploy` without `set` and `restart` changes
nothing and is known to be harmless, of other decoys `[expect] onset` says when the trouble truly begins. A fix that does not help is no error: the report
says that the run has not recovered, and `[expect] recovery = \"never\"` expects it.
";

const FAULTS: &str = "
Faults that strike the same call act together: what they add adds up, and the first in the file that ends it is how it ends; whom each strikes is drawn from dice of its own. Faults
that act at requests and at processes all act. Where they act:
";

const REVIEW: &str = "
## What a review decides, and game days

`gameday plan FILE` replays what happened without each of its factors and with each action: its reach, its fault tree, and which actions to pay for
first. `gameday drill FILE` draws the incident again and again within the ranges of `gameday`. In a variant, actions and ranges of its file that do not
fit what happens there are left out.
";

const VARIANTS: &str = "
<a id=\"variants\"></a>
## Variants

`[variant.NAME]` is laid over the file by `--variant NAME`: tables merge, everything else is replaced, lists whole, and tables of another `kind`; `[expect]` is replaced whole. A variant that is not
to have the file's fix says `fix = []`. It has a `title` of its own.
";

#[cfg(test)]
mod tests {
    use super::{super::timeline::EntryOptions, *};
    use crate::config::Options;
    use serde_json::Value;

    #[test]
    fn what_an_entry_is_used_with_is_said_of_options_that_there_are() {
        let options = EntryOptions::fields();
        for (option, _) in USED_WITH {
            assert!(options.iter().any(|f| f.name == *option), "{option}");
        }
    }

    #[test]
    fn every_option_of_the_schema_has_a_row() {
        fn names(schema: &Value, out: &mut Vec<String>) {
            match schema {
                Value::Object(map) => {
                    if let Some(Value::Object(options)) = map.get("properties") {
                        out.extend(options.keys().filter(|k| *k != "kind").cloned());
                    }
                    map.values().for_each(|s| names(s, out));
                }
                Value::Array(items) => items.iter().for_each(|s| names(s, out)),
                _ => {}
            }
        }
        let registries = Registries::builtin();
        let text = reference(&registries);
        let mut all = vec![];
        names(&schema(&registries), &mut all);
        all.sort();
        all.dedup();
        assert!(all.len() > 200, "{}", all.len());
        for name in all {
            assert!(text.contains(&format!("| `{name}` |")), "{name}");
        }
        for kind in &registries.faults {
            assert!(text.contains(&format!("**`kind = \"{}\"`**", kind.name)));
        }
    }
}
