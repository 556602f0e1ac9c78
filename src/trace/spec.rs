//! What stands in an incident file under `trace`: a file or a generator, how it is shaped, who asks what.
//!
//! Everything is checked when it is read; nothing is opened but to see what a file is. The population serves a generator and
//! fills a file's gaps alike, so one incident plays on its own generated trace and on anybody's file.

use super::{
    arrivals::Process,
    formats::{self, Format},
    input::Input,
    population::{Contents, Population},
    request::Field,
    sessions::{Closed, Sessions},
    shape::{MOST_LAPS, Shape},
    stream::{Mode, Stream},
};
use crate::config::{
    At, Entry, Node, Options, Read, Refusal, Source as Text, Span, Table, Value, suggestion,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

crate::options! {
    /// Where requests come from.
    #[derive(Clone, Debug)]
    pub struct Origin {
        /// A trace file, plain or packed.
        path: Option<(String, At)> = None, "none: generated";
        /// Its format, where it is not to be recognised.
        format: Option<(String, At)> = None, "recognised";
        /// An arrival process: makes the trace a generated one.
        arrivals: Option<Process> = None, "none: from a file";
        /// How long requests are generated.
        duration: Span = Span(3_600_000_000_000), "1h";
        /// Sessions of several turns, each sent when the one before was answered (closed loop).
        sessions: Option<Closed> = None, "none: every request by itself";
        /// Which captured fields may be overwritten.
        fill: Fill = Fill { replace: Replace::None, with: None }, "fill what is absent";
    }
}

crate::options! {
    /// How a captured trace is filled.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Fill {
        /// Whether captured fields are overwritten: true, or a list of fields.
        replace: Replace = Replace::None, "false";
        /// Which absent fields are filled.
        with: Option<Vec<FieldName>> = None, "all that the population declares";
    }
}

/// Which captured fields are overwritten.
#[derive(Clone, Debug, PartialEq)]
pub enum Replace {
    /// None.
    None,
    /// All that the population declares.
    All,
    /// These.
    Only(Vec<FieldName>),
}

impl Read for Replace {
    const WHAT: &'static str = "true, false, or a list of fields such as [\"prompt\"]";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Bool(true) => Ok(Replace::All),
            Value::Bool(false) => Ok(Replace::None),
            Value::List(_) => Vec::<FieldName>::read(node).map(Replace::Only),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "anyOf": [{ "type": "boolean" }, Vec::<FieldName>::schema()] })
    }
}

/// A field by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldName(pub Field);

impl Read for FieldName {
    const WHAT: &'static str = "a field of a request, such as \"prompt\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let name = String::read(node)?;
        match Field::ALL.iter().find(|f| f.name() == name) {
            Some(field) => Ok(FieldName(*field)),
            None => Err(Refusal::at(&node.at, format!("unknown field \"{name}\""))
                .help(suggestion(&name, Field::ALL.iter().map(|f| f.name())))),
        }
    }
    fn schema() -> serde_json::Value {
        let names: Vec<_> = Field::ALL.iter().map(|f| f.name()).collect();
        serde_json::json!({ "enum": names })
    }
}

/// A trace as an incident declares it.
#[derive(Clone, Debug)]
pub struct TraceSpec {
    /// The table as it stands, with overrides and drifts applied.
    node: Node,
    base: PathBuf,
    /// A file that the command line gave in place of the declared trace.
    given: Option<PathBuf>,
    pub(super) origin: Origin,
    pub(super) file: Option<File>,
    pub(super) shape: Shape,
    pub(super) laps: u64,
    pub(super) population: Population,
    pub(super) drifts: Vec<(u64, Population)>,
    extents: Arc<Mutex<Vec<(u64, Extent)>>>,
}

/// The file of a trace.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub path: PathBuf,
    pub format: Option<&'static str>,
}

/// How long a trace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Requests, before surges and drifts add to them. Of closed loops: sessions or users.
    pub rows: u64,
    /// Arrival of the first, ns.
    pub first: u64,
    /// Arrival of the last, ns.
    pub last: u64,
    /// What shares of the trace are shares of, ns: the declared length of a generated trace, else up to the last arrival.
    pub length: u64,
}

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
}

/// Where a replay gets its requests.
#[derive(Debug)]
pub enum Source {
    /// Each at its time, whatever became of the one before.
    Open(Box<Stream>),
    /// Sessions, whose next turn waits for the answer to the one before.
    Closed(Box<Sessions>),
}

impl TraceSpec {
    /// The keys of the table.
    pub fn fields() -> Vec<crate::config::Field> {
        let laps = crate::config::Field {
            name: "loop",
            doc: "How many times the trace is played, one after another.",
            what: <u64 as Read>::WHAT,
            default: Some("1"),
            schema: u64::schema(),
        };
        let mut fields = Origin::fields();
        fields.extend(Shape::fields());
        fields.push(laps);
        fields.extend(Population::fields());
        fields
    }

    /// JSON Schema of the value of `trace`.
    pub fn schema() -> serde_json::Value {
        let table = crate::config::schema_of(
            "The trace: a file or a generator, its shaping, who asks what.",
            &TraceSpec::fields(),
        );
        serde_json::json!({ "anyOf": [{ "type": "string" }, table] })
    }

    /// Reads `trace = "path"` or `[trace]`. Paths are looked for from `base`, then from where the program runs.
    ///
    /// # Errors
    /// Anything that would be refused when the trace is opened, but for bad rows.
    pub fn read(node: &Node, base: &Path) -> Result<TraceSpec, Refusal> {
        TraceSpec::of(tabled(node), base, None)
    }

    /// A file as it is.
    ///
    /// # Errors
    /// A file that is no trace.
    pub fn file(path: &Path) -> Result<TraceSpec, Refusal> {
        let node = Node {
            value: Value::Table(Table::new()),
            at: At::nowhere(),
        };
        TraceSpec::of(node, Path::new("."), Some(path.into()))
    }

    fn of(mut node: Node, base: &Path, given: Option<PathBuf>) -> Result<TraceSpec, Refusal> {
        // Shares of single clients may be short; a drift's path needs a table to go through.
        expand(&mut node, "clients");
        let table = node.table("trace")?;
        let names = |fields: Vec<crate::config::Field>| {
            fields.into_iter().map(|f| f.name).collect::<Vec<_>>()
        };
        let (a, b, c) = (
            names(Origin::fields()),
            names(Shape::fields()),
            names(Population::fields()),
        );
        let laps = [&["loop"][..]].concat();
        let origin = Origin::read_table(&node.at, table, &[&b[..], &c, &laps].concat())?;
        let shape = Shape::read_table(&node.at, table, &[&a[..], &c, &laps].concat())?;
        let mut population =
            Population::read_table(&node.at, table, &[&a[..], &b, &laps].concat())?;
        population.check(&node)?;
        let laps = match table.get("loop") {
            None => 1,
            Some(entry) => u64::read(&entry.node)
                .ok()
                .filter(|n| (1..=MOST_LAPS).contains(n))
                .ok_or_else(|| {
                    entry
                        .node
                        .wrong("how many times the trace is played: 1 to 65535")
                })?,
        };
        let key = |name: &str| table.get(name).map_or(&node.at, |e| &e.key);
        if shape.speed.is_some() && shape.rate.is_some() {
            return Err(Refusal::at(key("rate"), "speed and rate at once")
                .help("either how many times as fast, or how many a second"));
        }
        let file = match (&given, &origin.path) {
            (Some(path), _) => Some(path.clone()),
            (None, Some((path, at))) => Some(find(path, base, at)?),
            (None, None) => None,
        };
        if given.is_none() && file.is_some() && origin.arrivals.is_some() {
            return Err(
                Refusal::at(key("arrivals"), "a file and a generator at once")
                    .help("leave out path or arrivals"),
            );
        }
        let file = match file {
            None => None,
            Some(path) => {
                let format = format_of(
                    &path,
                    if given.is_some() {
                        None
                    } else {
                        origin.format.as_ref()
                    },
                )?;
                Some(File {
                    path,
                    format: Some(format.name),
                })
            }
        };
        let generated = file.is_none();
        if generated {
            match &origin.sessions {
                Some(sessions) => sessions.check(&node, origin.arrivals.is_some(), &shape, laps)?,
                None if origin.arrivals.is_none() => {
                    return Err(Refusal::at(&node.at, "the trace has neither a path nor arrivals")
                        .help("write path = \"traces/x.csv\", or arrivals = { kind = \"poisson\", rate = \"200/s\" }"));
                }
                None => {}
            }
            if origin.duration.0 == 0 || origin.duration.0 > 1 << 60 {
                return Err(Refusal::at(key("duration"), "this duration makes no trace")
                    .help("between 1ns and 36 years"));
            }
            population.contents.get_or_insert_with(Contents::default);
        }
        Ok(TraceSpec {
            base: base.into(),
            given,
            origin,
            file,
            shape,
            laps,
            population,
            drifts: vec![],
            extents: Arc::default(),
            node,
        })
    }

    /// The trace with what the command line says. A file given there takes the place of the declared trace together with
    /// that one's shaping; the population stays, and fills what the file lacks.
    ///
    /// # Errors
    /// As for [`TraceSpec::read`], at the argument.
    pub fn overridden(&self, over: &Overrides) -> Result<TraceSpec, Refusal> {
        let mut node = self.node.clone();
        let mut given = self.given.clone();
        if let Some(path) = &over.trace {
            given = Some(path.clone());
            if let Value::Table(table) = &mut node.value {
                for name in ["path", "format", "arrivals", "duration", "sessions", "loop"] {
                    table.shift_remove(name);
                }
                for field in Shape::fields() {
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
        if over.lenient {
            let source = Text::new("--lenient", "true");
            node.set("lenient", &At::whole(&source), Node::parse_value(&source)?)?;
        }
        TraceSpec::of(node, &self.base, given)
    }

    /// From `at` (ns of the replay) on the population is another: each path is set to its value (`contents.exponent`, with or
    /// without `trace.` before it). Later calls build on earlier ones; times must not go back.
    ///
    /// # Errors
    /// A path that leads nowhere, a value that does not fit, or one that cannot change during a replay.
    pub fn drift(&mut self, at: u64, set: &[(String, At, Node)]) -> Result<(), Refusal> {
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
            .map(|f| f.name)
            .collect();
        others.push("loop");
        let mut population = Population::read_table(&node.at, table, &others)?;
        population.check(&node)?;
        let last = self.drifts.last().map_or(&self.population, |(_, p)| p);
        if last.contents.is_some() {
            population.contents.get_or_insert_with(Contents::default);
        }
        if self.drifts.last().is_some_and(|(before, _)| *before > at) {
            return Err(Refusal::new(
                "drifts of the trace must be given in order of time",
            ));
        }
        self.drifts.push((at, population));
        self.node = node;
        Ok(())
    }

    /// Whether the trace is a file.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether requests come in sessions.
    pub fn is_closed(&self) -> bool {
        self.file.is_none() && self.origin.sessions.is_some()
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|f| f.path.as_path())
    }

    /// Starts the trace.
    ///
    /// # Errors
    /// A file that cannot be read up to its first row.
    pub fn open(&self, seed: u64) -> Result<Source, Refusal> {
        if self.is_closed() {
            return Ok(Source::Closed(Box::new(Sessions::new(self, seed)?)));
        }
        Ok(Source::Open(Box::new(Stream::new(self, seed, Mode::Full)?)))
    }

    /// How long it is: one pass over the times alone where that is enough, kept for the next call.
    ///
    /// # Errors
    /// Anything wrong with the file on the way.
    pub fn extent(&self, seed: u64) -> Result<Extent, Refusal> {
        // A file without a filter is as long for every seed.
        let key = if self.is_file() && self.shape.filter.is_none() {
            0
        } else {
            seed
        };
        let held = || self.extents.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, extent)) = held().iter().find(|(k, _)| *k == key) {
            return Ok(*extent);
        }
        let extent = if self.is_closed() {
            Sessions::extent(self, seed)?
        } else {
            super::stream::extent(self, seed)?
        };
        held().push((key, extent));
        Ok(extent)
    }

    /// The fields that the population fills, given those that were captured.
    pub(super) fn filled(&self, captured: &[Field]) -> Vec<(Field, String)> {
        let has = |list: &[FieldName], field: Field| list.iter().any(|f| f.0 == field);
        // Prompt and parameters are one body, which is made whole or not at all.
        let body = |f: Field| matches!(f, Field::Prompt | Field::Params);
        let body_captured = captured.iter().any(|f| body(*f));
        let mut fills = self.population.fills();
        for (_, later) in &self.drifts {
            for fill in later.fills() {
                if !fills.iter().any(|(f, _)| *f == fill.0) {
                    fills.push(fill);
                }
            }
        }
        let replaced = |f: Field| match &self.origin.fill.replace {
            Replace::None => false,
            Replace::All => true,
            Replace::Only(list) => has(list, f) || (body(f) && has(list, Field::Prompt)),
        };
        let makes_bodies = fills.iter().any(|(f, _)| *f == Field::Prompt)
            && (!body_captured || replaced(Field::Prompt));
        fills.retain(|(field, _)| {
            let wanted =
                self.origin.fill.with.as_ref().is_none_or(|list| {
                    has(list, *field) || (body(*field) && has(list, Field::Prompt))
                });
            let absent = if body(*field) {
                !body_captured
            } else {
                !captured.contains(field)
            };
            wanted && (absent || replaced(*field))
        });
        if makes_bodies
            && !fills.iter().any(|(f, _)| *f == Field::Bytes)
            && (!captured.contains(&Field::Bytes) || replaced(Field::Bytes))
            && fills.iter().any(|(f, _)| *f == Field::Prompt)
        {
            fills.push((Field::Bytes, "of the body".into()));
        }
        fills.sort_by_key(|(f, _)| *f);
        fills
    }
}

impl Source {
    /// The dictionaries of the trace's names, which grow as it is read.
    pub fn tags(&self) -> std::rc::Rc<std::cell::RefCell<super::Tags>> {
        match self {
            Source::Open(stream) => stream.tags().clone(),
            Source::Closed(sessions) => sessions.tags().clone(),
        }
    }

    /// What was captured and what filled.
    pub fn facts(&self) -> &super::Facts {
        match self {
            Source::Open(stream) => stream.facts(),
            Source::Closed(sessions) => sessions.facts(),
        }
    }
}

/// `trace = "path"` as a table.
fn tabled(node: &Node) -> Node {
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
fn expand(node: &mut Node, name: &str) {
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

fn find(path: &str, base: &Path, at: &At) -> Result<PathBuf, Refusal> {
    let below = base.join(path);
    let here = PathBuf::from(path);
    if below.exists() {
        // The shorter name, where both are the same place.
        return Ok(if base == Path::new(".") || base == Path::new("") {
            here
        } else {
            below
        });
    }
    if here.exists() {
        return Ok(here);
    }
    Err(
        Refusal::at(at, format!("there is no trace \"{path}\"")).help(format!(
            "looked for {} and {}",
            below.display(),
            here.display()
        )),
    )
}

fn format_of(path: &Path, named: Option<&(String, At)>) -> Result<&'static Format, Refusal> {
    let input = Input::open(path)?;
    match named {
        None => formats::recognise(&input),
        Some((name, at)) => formats::named(name)
            .map_err(|help| Refusal::at(at, format!("unknown format \"{name}\"")).help(help)),
    }
}
