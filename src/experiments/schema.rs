//! Whether versions of a schema can be rolled out: which change breaks which direction, and in which order to deploy.

use crate::{
    components::parser::{
        OF_THE_STAGE, SchemaJson,
        compat::{self, Mode, Outcome, check},
    },
    config::{At, Node, Refusal, Source, Value},
};
use std::{fmt::Write, sync::Arc};

/// A schema, and what it is called.
pub struct Version {
    /// As the user named it.
    pub name: String,
    /// The schema.
    pub schema: SchemaJson,
}

/// The newest version beside one of those before it.
pub struct Comparison {
    /// Index of the earlier version.
    pub old: usize,
    /// What new readers make of old payloads.
    pub backward: Outcome,
    /// What old readers make of new payloads.
    pub forward: Outcome,
}

impl Comparison {
    /// Whether nothing breaks in a direction.
    pub fn holds(&self, mode: Mode) -> bool {
        let (backward, forward) = (
            self.backward.breaks.is_empty(),
            self.forward.breaks.is_empty(),
        );
        match mode {
            Mode::Backward => backward,
            Mode::Forward => forward,
            Mode::Full => backward && forward,
        }
    }
}

/// Reads a schema: a JSON Schema, an incident whose `[service]` has a `parse` with one, or the options of that parser alone.
///
/// # Errors
/// What the file is not, at its place.
pub fn read(name: &str, text: &str) -> Result<Version, Refusal> {
    let source = Source::new(name, text);
    let schema = if text.trim_start().starts_with('{') {
        of_json(text, &source)?
    } else {
        of_toml(&source)?
    };
    let name = name.to_string();
    Ok(Version { name, schema })
}

fn of_json(text: &str, source: &Arc<Source>) -> Result<SchemaJson, Refusal> {
    let at = At::whole(source);
    let json = serde_json::from_str(text)
        .map_err(|e| Refusal::at(&at, format!("this is no JSON: {e}")))?;
    compat::of_json_schema(&json).map_err(|what| Refusal::at(&at, what))
}

fn of_toml(source: &Arc<Source>) -> Result<SchemaJson, Refusal> {
    let file = Node::parse(source)?;
    let of_service = file.get("service.parse");
    let node = of_service.unwrap_or(&file);
    let Value::Table(table) = &node.value else {
        return Err(node.wrong("a parser with a schema, such as { kind = \"schema-json\", fields = { prompt = \"text\" } }"));
    };
    let kind = node.get("kind");
    if kind.is_some_and(|kind| kind.value != Value::Text("schema-json".into()))
        || (of_service.is_none() && !table.contains_key("fields"))
    {
        let at = kind.map_or(&node.at, |kind| &kind.at);
        return Err(Refusal::at(at, "there is no schema here").help(
            "a schema is a JSON Schema, an incident with parse = { kind = \"schema-json\", fields = { ... } }, or a file with such `fields`",
        ));
    }
    SchemaJson::read(&node.at, table, &[&["kind"], OF_THE_STAGE].concat())
}

/// Compares the last version with each before it.
pub fn compare(versions: &[Version]) -> Vec<Comparison> {
    let Some((new, olds)) = versions.split_last() else {
        return vec![];
    };
    let one = |(old, version): (usize, &Version)| Comparison {
        old,
        backward: check(&version.schema, &new.schema),
        forward: check(&new.schema, &version.schema),
    };
    olds.iter().enumerate().map(one).collect()
}

/// The report.
pub fn render(versions: &[Version], comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    let Some(new) = versions.last() else {
        return text;
    };
    for comparison in comparisons {
        let old = &versions[comparison.old];
        let _ = writeln!(text, "{} -> {}\n", old.name, new.name);
        for line in changes(&old.schema, &new.schema) {
            let _ = writeln!(text, "  {line}");
        }
        let sides = [
            (
                "backward",
                "new readers, old payloads",
                &comparison.backward,
            ),
            ("forward", "old readers, new payloads", &comparison.forward),
        ];
        for (name, what, outcome) in sides {
            side(&mut text, name, what, outcome);
        }
        let _ = writeln!(text, "\n{:9} {}\n", "deploy", order(comparison));
    }
    text
}

fn side(text: &mut String, name: &str, what: &str, outcome: &Outcome) {
    let holds = outcome.breaks.is_empty();
    let verdict = if holds { "holds" } else { "BREAKS" };
    let _ = writeln!(text, "\n{name:9} {verdict:7} {what}");
    for found in &outcome.breaks {
        let word = found.why.word();
        let _ = writeln!(
            text,
            "  {:16} {word}: {}\n  {:16} {}",
            found.field,
            found.witness,
            "",
            compat::remedy(found.why)
        );
    }
    if !outcome.passed_over.is_empty() {
        let fields = outcome.passed_over.join(", ");
        let _ = writeln!(text, "  passed over      {fields}");
    }
    if holds && !outcome.left_to_default.is_empty() {
        let fields = outcome.left_to_default.join(", ");
        let _ = writeln!(text, "  left to default  {fields}");
    }
}

/// What became of each field.
fn changes(old: &SchemaJson, new: &SchemaJson) -> Vec<String> {
    let (was, is) = (&old.options.fields, &new.options.fields);
    let mut lines = vec![];
    let of_version = |name: &str| {
        let mut all = new.options.versions.0.iter();
        all.find_map(|(_, m)| m.renamed.now(name))
    };
    let mapped = |name: &str| new.options.renamed.now(name).or_else(|| of_version(name));
    for (name, rule) in &was.0 {
        let of = rule.r#type.word();
        match (is.get(name), mapped(name)) {
            (Some(now), _) if now.r#type != rule.r#type => {
                lines.push(format!("~ {name:14} {of} -> {}", now.r#type.word()));
            }
            (Some(now), _) if now != rule => lines.push(format!("~ {name:14} {of}")),
            (Some(_), _) => {}
            (None, Some(now)) => lines.push(format!("~ {name:14} {of}, renamed to {now}")),
            (None, None) => {
                let free = |(n, r): &&(String, _)| {
                    let r: &crate::components::parser::Rule = r;
                    was.get(n).is_none() && r.r#type == rule.r#type
                };
                let hint = is.0.iter().find(free).map_or(String::new(), |(now, _)| {
                    format!("; if it is {now} now: renamed = {{ {name} = \"{now}\" }}")
                });
                lines.push(format!("- {name:14} {of}{hint}"));
            }
        }
    }
    for (name, rule) in &is.0 {
        if was.get(name).is_none() {
            let of = rule.r#type.word();
            let more = match &rule.default {
                Some(default) => format!(", default {}", default.0),
                None if rule.required => ", required".into(),
                None => ", optional".into(),
            };
            lines.push(format!("+ {name:14} {of}{more}"));
        }
    }
    if lines.is_empty() {
        lines.push("no field changed".into());
    }
    lines
}

fn order(comparison: &Comparison) -> &'static str {
    match (
        comparison.holds(Mode::Backward),
        comparison.holds(Mode::Forward),
    ) {
        (true, true) => "in any order",
        (true, false) => "readers before writers, and no writer before the last reader",
        (false, true) => "writers before readers, and no reader before the last writer",
        (false, false) => {
            "not in one step: readers that take both, then writers, then readers without the old"
        }
    }
}
