//! How the table of a trace changes after it was read: by the command line, and by drifts on the timeline. The changed
//! table is read again as a whole, so that what may not stand in a file cannot come in this way either.

use super::{Origin, Reading, TraceSpec};
use crate::{
    config::{At, Entry, Node, Options, Refusal, Source as Text, Table, Value, suggestion},
    trace::{
        population::{Contents, Population, Turn},
        shape::Shape,
    },
};
use std::path::{Path, PathBuf};

/// What the command line says about the trace.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A file in place of the declared trace; the population then fills what it lacks.
    pub trace: Option<PathBuf>,
    /// As `speed`.
    pub speed: Option<String>,
    /// As `rate`.
    pub rate: Option<String>,
    /// As `take`.
    pub take: Option<String>,
    /// As `filter`.
    pub filter: Option<String>,
    /// As `loop`.
    pub laps: Option<String>,
    /// As `reorder`.
    pub reorder: Option<String>,
    /// As `lenient`.
    pub lenient: bool,
    /// As `map`.
    pub map: Option<String>,
    /// As `hash`.
    pub hash: Option<String>,
    /// As `hash_key_file`.
    pub hash_key_file: Option<String>,
    /// As `spread`.
    pub spread: Option<String>,
    /// As `request_time`.
    pub request_time: Option<String>,
    /// As `fold_paths`.
    pub fold_paths: bool,
}

impl TraceSpec {
    /// The trace with what the command line says. A file given there takes the place of the declared trace together with
    /// that one's shaping; the population stays, and fills what the file lacks.
    ///
    /// # Errors
    /// As for [`TraceSpec::read`], at the argument.
    pub fn overridden(&self, over: &Overrides) -> Result<TraceSpec, Refusal> {
        TraceSpec::patched(self.node.clone(), self.given.clone(), &self.base, over)
    }

    /// A file, read as the command line says.
    ///
    /// # Errors
    /// A file that is no trace, or as for [`TraceSpec::overridden`].
    pub fn given(path: &Path, over: &Overrides) -> Result<TraceSpec, Refusal> {
        let node = Node {
            value: Value::Table(Table::new()),
            at: At::nowhere(),
        };
        TraceSpec::patched(node, Some(path.into()), Path::new("."), over)
    }

    fn patched(
        mut node: Node,
        mut given: Option<PathBuf>,
        base: &Path,
        over: &Overrides,
    ) -> Result<TraceSpec, Refusal> {
        if let Some(path) = &over.trace {
            given = Some(path.clone());
            if let Value::Table(table) = &mut node.value {
                for name in ["path", "format", "arrivals", "duration", "sessions", "loop"] {
                    table.shift_remove(name);
                }
                for field in Shape::fields().iter().chain(&Reading::fields()) {
                    table.shift_remove(field.name);
                }
            }
        }
        for (name, key, value) in [
            ("--speed", "speed", &over.speed),
            ("--rate", "rate", &over.rate),
            ("--take", "take", &over.take),
            ("--loop", "loop", &over.laps),
            ("--reorder", "reorder", &over.reorder),
            ("--spread", "spread", &over.spread),
        ] {
            if let Some(text) = value {
                let source = Text::new(name, text.clone());
                node.set(key, &At::whole(&source), Node::parse_value(&source)?)?;
            }
        }
        if over.speed.is_some() != over.rate.is_some()
            && let Value::Table(table) = &mut node.value
        {
            table.shift_remove(if over.speed.is_some() {
                "rate"
            } else {
                "speed"
            });
        }
        if let Some(text) = &over.filter {
            let source = Text::new("--filter", text.clone());
            let at = At::whole(&source);
            node.set(
                "filter",
                &at,
                Node {
                    value: Value::Text(text.clone()),
                    at: at.clone(),
                },
            )?;
        }
        for (name, key, value) in [
            ("--map", "map", &over.map),
            ("--hash", "hash", &over.hash),
            ("--hash-key-file", "hash_key_file", &over.hash_key_file),
            ("--request-time", "request_time", &over.request_time),
        ] {
            if let Some(text) = value {
                let source = Text::new(name, text.clone());
                let at = At::whole(&source);
                let value = Value::Text(text.clone());
                node.set(
                    key,
                    &at,
                    Node {
                        value,
                        at: at.clone(),
                    },
                )?;
            }
        }
        if over.fold_paths {
            let source = Text::new("--fold-paths", "true");
            node.set(
                "fold_paths",
                &At::whole(&source),
                Node::parse_value(&source)?,
            )?;
        }
        if over.lenient {
            let source = Text::new("--lenient", "true");
            node.set("lenient", &At::whole(&source), Node::parse_value(&source)?)?;
        }
        TraceSpec::of(node, base, given)
    }

    /// From `at` (ns of the replay) on the population is another: the declared one, with each path set to its value
    /// (`contents.exponent`, with or without `trace.` before it). Over `ramp` ns, more and more requests are of the new
    /// population, each by its own dice. Times must not go back.
    ///
    /// # Errors
    /// A path that leads nowhere, a value that does not fit, one that cannot change during a replay, or a drift that begins
    /// while another ramps.
    pub fn drift(&mut self, at: u64, ramp: u64, set: &[(String, At, Node)]) -> Result<(), Refusal> {
        let mut node = self.node.clone();
        for (path, key, value) in set {
            let path = path.strip_prefix("trace.").unwrap_or(path);
            let first = path.split('.').next().unwrap_or("");
            if !Population::fields().iter().any(|f| f.name == first) {
                let known = Population::fields();
                return Err(Refusal::at(
                    key,
                    format!("\"{first}\" of the trace cannot change during a replay"),
                )
                .help(suggestion(first, known.iter().map(|f| f.name))));
            }
            node.set(path, key, value.clone())?;
        }
        expand(&mut node, "clients");
        let table = node.table("trace")?;
        let mut others: Vec<&str> = Origin::fields()
            .iter()
            .chain(&Shape::fields())
            .chain(&Reading::fields())
            .map(|f| f.name)
            .collect();
        others.push("loop");
        let mut population = Population::read_table(&node.at, table, &others)?;
        population.check(&node)?;
        let had_contents = |p: &Population| p.contents.is_some();
        if had_contents(&self.population) || self.drifts.iter().any(|(_, p)| had_contents(p)) {
            population.contents.get_or_insert_with(Contents::default);
        }
        match self.drifts.last() {
            Some((before, _)) if before.at > at => {
                return Err(Refusal::new(
                    "drifts of the trace must be given in order of time",
                ));
            }
            Some((before, _)) if before.at.saturating_add(before.ramp) > at => {
                let message = "this drift begins or ends while another ramps";
                let refusal = match set.first() {
                    Some((_, key, _)) => Refusal::at(key, message),
                    None => Refusal::new(message),
                };
                return Err(refusal.help("let one ramp end before the next drift"));
            }
            _ => {}
        }
        self.drifts.push((Turn { at, ramp }, population));
        Ok(())
    }
}

/// `trace = "path"` as a table.
pub(super) fn tabled(node: &Node) -> Node {
    match &node.value {
        Value::Text(_) => {
            let mut table = Table::new();
            table.insert(
                "path".into(),
                Entry {
                    key: node.at.clone(),
                    node: node.clone(),
                },
            );
            Node {
                value: Value::Table(table),
                at: node.at.clone(),
            }
        }
        _ => node.clone(),
    }
}

/// `clients = { web = 3 }` as `clients = { web = { share = 3 } }`.
pub(super) fn expand(node: &mut Node, name: &str) {
    let Value::Table(table) = &mut node.value else {
        return;
    };
    let Some(Entry {
        node: Node {
            value: Value::Table(kinds),
            ..
        },
        ..
    }) = table.get_mut(name)
    else {
        return;
    };
    for entry in kinds.values_mut() {
        if matches!(entry.node.value, Value::Integer(_) | Value::Float(_)) {
            let mut table = Table::new();
            table.insert("share".into(), entry.clone());
            entry.node = Node {
                value: Value::Table(table),
                at: entry.node.at.clone(),
            };
        }
    }
}
