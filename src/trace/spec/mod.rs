//! What stands in an incident file under `trace`: a file or a generator, how it is shaped, who asks what.
//!
//! Everything is checked when it is read; nothing is opened but to see what a file is. The population serves a generator and
//! fills a file's gaps alike, so one incident plays on its own generated trace and on anybody's file.

mod file;
mod fill;
mod patch;
mod reading;

use super::{
    arrivals::Process,
    population::{Contents, Population, Turn},
    sessions::{Closed, Sessions},
    shape::{MOST_LAPS, Shape},
    stream::{Mode, Stream},
};
use crate::config::{At, Node, Options, Read, Refusal, Span, Table, Value};
use file::File;
pub use fill::{FieldName, Fill, Replace};
pub use patch::Overrides;
use patch::{expand, tabled};
pub use reading::Reading;
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

/// A trace as an incident declares it.
#[derive(Clone, Debug)]
pub struct TraceSpec {
    /// The table as it stands, with overrides applied.
    node: Node,
    base: PathBuf,
    /// A file that the command line gave in place of the declared trace.
    given: Option<PathBuf>,
    pub(super) origin: Origin,
    pub(super) file: Option<File>,
    pub(super) reading: Reading,
    pub(super) shape: Shape,
    pub(super) laps: u64,
    pub(super) population: Population,
    pub(super) drifts: Vec<(Turn, Population)>,
    extents: Arc<Mutex<Vec<(u64, Extent)>>>,
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
        fields.extend(Reading::fields());
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
        let (a, b, c, d) = (
            names(Origin::fields()),
            names(Shape::fields()),
            names(Population::fields()),
            names(Reading::fields()),
        );
        let laps = [&["loop"][..]].concat();
        let origin = Origin::read_table(&node.at, table, &[&b[..], &c, &d, &laps].concat())?;
        let shape = Shape::read_table(&node.at, table, &[&a[..], &c, &d, &laps].concat())?;
        let mut population =
            Population::read_table(&node.at, table, &[&a[..], &b, &d, &laps].concat())?;
        let reading = Reading::read_table(&node.at, table, &[&a[..], &b, &c, &laps].concat())?;
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
            (None, Some((path, at))) => Some(file::find(path, base, at)?),
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
                let format = file::format_of(
                    &path,
                    reading.map.is_some(),
                    reading.hash.is_some(),
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
        reading::refuse_idle(table, file.as_ref())?;
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
            reading,
            shape,
            laps,
            population,
            drifts: vec![],
            extents: Arc::default(),
            node,
        })
    }

    /// The table as a file would have it, with all that the command line says of it; a trace file is named by its whole path.
    pub fn written(&self) -> Node {
        let mut node = self.node.clone();
        if let (Some(file), Value::Table(table)) = (&self.file, &mut node.value) {
            let path = std::fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
            let text = |text: String| crate::config::Entry {
                key: At::nowhere(),
                node: Node {
                    value: Value::Text(text),
                    at: At::nowhere(),
                },
            };
            table.insert("path".into(), text(path.display().to_string()));
        }
        node
    }

    /// Whether the trace is a file.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether requests come in sessions.
    pub fn is_closed(&self) -> bool {
        self.file.is_none() && self.origin.sessions.is_some()
    }

    /// About how long it will be, ns, before it is opened: a trace that is taken in part, and a file, may be of another length.
    pub fn nominal_length(&self) -> u64 {
        self.origin.duration.0
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
        let key = if self.is_file() && self.shape.filter.is_none() && !self.spreads() {
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
