//! Components at their places in the journey: each is checked to build, and keeps the table that it is built from.

use crate::service::scaling::AutoscalerSpec;
use crate::{
    components::{
        Registry,
        flight::FlightOptions,
        keys::KeyTemplate,
        parser::{Dual, OF_THE_STAGE, Parser},
    },
    config::{Count, Entry, Node, Options, Percent, Read, Refusal, Span, Value, pick},
};
use xxhash_rust::xxh3::xxh3_64;

crate::choice! {
    /// Where a component's state lives.
    pub enum Scope {
        /// In each process: it dies with it.
        Local = "local",
        /// Outside of the processes, one for all replicas.
        Shared = "shared",
    }
}

crate::choice! {
    /// What becomes of a request whose payload cannot be read.
    pub enum OnUnread {
        /// It is refused (400).
        Refuse = "refuse",
        /// It gets a safe default, and says so: degraded.
        Default = "default",
        /// It is the death of the process that reads it.
        Crash = "crash",
    }
}

/// A component as the file names it: its table, checked to build.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The table, or the bare name.
    pub node: Node,
    /// Its kind.
    pub kind: String,
}

/// The parser's place.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseSpec {
    /// The component.
    pub part: Part,
    /// Its version, as an operator names it.
    pub version: u64,
    /// ns that reading a payload takes.
    pub time: u64,
    /// What becomes of a request whose payload cannot be read.
    pub on_failure: OnUnread,
    /// The parser that is tried where this one refuses.
    pub fallback: Option<Part>,
    /// Whether shapes of payloads and places of errors are recorded.
    pub shapes: bool,
}

impl ParseSpec {
    /// The parser, with the one behind it.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn build(&self, registry: &Registry) -> Result<Box<dyn Parser>, Refusal> {
        let new = pick(&registry.parsers, "parser", &self.part.node)?;
        Ok(match &self.fallback {
            None => new,
            Some(old) => Box::new(Dual {
                new,
                old: pick(&registry.parsers, "parser", &old.node)?,
            }),
        })
    }
}

/// The cache's place.
#[derive(Clone, Debug)]
pub struct CacheSpec {
    /// The component.
    pub part: Part,
    /// Where its state lives.
    pub scope: Scope,
    /// ns that an answer lives; 0 is for ever.
    pub ttl: u64,
    /// Share of the life that dice take off, so that answers written together do not die together.
    pub jitter: f64,
    /// ns that a look-up takes.
    pub lookup: u64,
}

impl CacheSpec {
    /// How many shards it has that can be emptied one by one.
    pub fn shards(&self) -> u64 {
        let shards = self.part.node.get("shards");
        shards.and_then(|n| Count::read(n).ok()).map_or(1, |c| c.0)
    }
}

/// Single-flight's place.
#[derive(Clone, Debug)]
pub struct FlightSpec {
    /// Where its state lives.
    pub scope: Scope,
    /// How it goes about it.
    pub options: FlightOptions,
    /// ns that asking takes.
    pub lookup: u64,
    /// ns between two looks of a follower at what the leader has left; 0: it is told at once.
    pub poll: u64,
    /// Whether its gauges are read: where the file says more of it than on or off.
    pub gauges: bool,
}

/// The place of what is asked for most.
#[derive(Clone, Debug)]
pub struct TrendingSpec {
    /// The component.
    pub part: Part,
    /// Where its state lives.
    pub scope: Scope,
    /// What is counted, where it is not the service's key.
    pub of: Option<KeyTemplate>,
    /// ns after which the list is made anew.
    pub every: u64,
    /// Digests of the names of routes that are answered with the list.
    pub routes: Vec<u64>,
    /// Only answers to what is listed enter the cache.
    pub admit: bool,
    /// Keys on the list.
    pub k: u64,
    /// ns of the window, and its panes, as they are meant: by those of the first version is the list judged.
    pub window: (u64, u32),
}

/// The place where ranked lists are merged.
#[derive(Clone, Debug)]
pub struct MergeSpec {
    /// The component.
    pub part: Part,
    /// Documents that there are on a question.
    pub pool: u32,
}

/// Checks that a component builds, and keeps what it is built from.
pub(super) fn part(
    node: &Node,
    build: impl Fn(&Node) -> Result<(), Refusal>,
) -> Result<Part, Refusal> {
    build(node)?;
    let mut node = node.clone();
    // A bare name is a table of this kind, also to those who only read its options.
    if let Value::Text(_) = &node.value {
        let kind = Entry {
            key: node.at.clone(),
            node: node.clone(),
        };
        node.value = Value::Table([("kind".to_string(), kind)].into_iter().collect());
    }
    let kind = node.get("kind").and_then(|n| String::read(n).ok());
    Ok(Part {
        kind: kind.unwrap_or_default(),
        node,
    })
}

/// An option that a stage reads from its component's table.
pub(super) fn of_stage<T: Read>(node: &Node, name: &str, default: T) -> Result<T, Refusal> {
    Ok(node.get(name).map(T::read).transpose()?.unwrap_or(default))
}

pub(super) fn read_parse(node: &Node, registry: &Registry) -> Result<ParseSpec, Refusal> {
    let read = |n: &Node| part(n, |n| pick(&registry.parsers, "parser", n).map(drop));
    let fallback = node.get("fallback");
    if let Some(inner) = fallback {
        for name in OF_THE_STAGE {
            if let Some(found) = inner.get(name) {
                let message = format!("`{name}` is said once, beside the fallback");
                return Err(Refusal::at(&found.at, message)
                    .help("a fallback has a kind, and the options of that kind"));
            }
        }
    }
    Ok(ParseSpec {
        part: read(node)?,
        fallback: fallback.map(read).transpose()?,
        shapes: of_stage(node, "shapes", false)?,
        version: of_stage(node, "version", 1)?,
        time: of_stage(node, "time", Span(0))?.0,
        on_failure: of_stage(node, "on_failure", OnUnread::Refuse)?,
    })
}

pub(super) fn read_cache(node: &Node, registry: &Registry) -> Result<CacheSpec, Refusal> {
    Ok(CacheSpec {
        part: part(node, |n| pick(&registry.caches, "cache", n).map(drop))?,
        scope: of_stage(node, "scope", Scope::Local)?,
        ttl: of_stage(node, "ttl", Span(0))?.0,
        jitter: of_stage(node, "jitter", Percent(0.0))?.0,
        lookup: of_stage(node, "lookup", Span(0))?.0,
    })
}

/// What is counted: the name of a field, a list of them, or a key's table.
fn read_of(node: &Node) -> Result<KeyTemplate, Refusal> {
    let fields = match &node.value {
        Value::Table(_) => return KeyTemplate::read(node),
        Value::List(_) => node.clone(),
        _ => return Err(node.wrong("fields such as [\"prompt\"], or a table like that of the key")),
    };
    let entry = Entry {
        key: node.at.clone(),
        node: fields,
    };
    KeyTemplate::read(&Node {
        value: Value::Table([("fields".to_string(), entry)].into_iter().collect()),
        at: node.at.clone(),
    })
}

/// Reads an autoscaler; `workers` says whether the service has any.
pub(super) fn read_autoscaler(
    node: &Node,
    registry: &Registry,
    workers: bool,
) -> Result<AutoscalerSpec, Refusal> {
    let part = part(node, |n| {
        pick(&registry.autoscalers, "autoscaler", n).map(drop)
    })?;
    if part.kind == "target-utilisation" && !workers {
        return Err(
            Refusal::at(&node.at, "a service without workers has no utilisation")
                .help("give it a queue with workers, or say kind = \"target-in-flight\""),
        );
    }
    let warm: u32 = of_stage(node, "warm", 0)?;
    if warm > 1000 {
        let at = node.get("warm").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(at, format!("a warm pool of {warm}")).help("1000 at most"));
    }
    Ok(AutoscalerSpec {
        part,
        start_up: of_stage(node, "start_up", Span(30_000_000_000))?.0,
        warm: warm as usize,
    })
}

pub(super) fn read_trending(node: &Node, registry: &Registry) -> Result<TrendingSpec, Refusal> {
    let part = part(node, |n| {
        pick(&registry.trending, "trending list", n).map(drop)
    })?;
    let routes: Vec<String> = of_stage(node, "routes", vec![])?;
    Ok(TrendingSpec {
        part,
        scope: of_stage(node, "scope", Scope::Shared)?,
        of: node.get("of").map(read_of).transpose()?,
        every: of_stage(node, "every", Span(1_000_000_000))?.0.max(1),
        routes: routes.iter().map(|r| xxh3_64(r.as_bytes())).collect(),
        admit: of_stage(node, "admit", false)?,
        k: of_stage(node, "k", Count(10))?.0,
        window: (
            of_stage(node, "window", Span(300_000_000_000))?.0,
            of_stage(node, "panes", 10)?,
        ),
    })
}

pub(super) fn read_merge(node: &Node, registry: &Registry) -> Result<MergeSpec, Refusal> {
    let part = part(node, |n| pick(&registry.mergers, "merge", n).map(drop))?;
    let pool: u32 = of_stage(node, "pool", 60)?;
    if !(1..=MOST_POOLED).contains(&pool) {
        let at = node.get("pool").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(at, format!("{pool} documents on a question"))
            .help(format!("from 1 to {MOST_POOLED}")));
    }
    Ok(MergeSpec { part, pool })
}

/// Documents on a question at most: each is looked at by each retriever for each request.
const MOST_POOLED: u32 = 10_000;

pub(super) fn read_single_flight(node: &Node) -> Result<Option<FlightSpec>, Refusal> {
    let plain = |scope| FlightSpec {
        scope,
        options: FlightOptions::plain(),
        lookup: 0,
        poll: 0,
        gauges: false,
    };
    match &node.value {
        Value::Bool(on) => Ok(on.then(|| plain(Scope::Local))),
        Value::Text(_) => Ok(Some(plain(Scope::read(node)?))),
        Value::Table(table) => Ok(Some(FlightSpec {
            scope: of_stage(node, "scope", Scope::Local)?,
            options: FlightOptions::read_table(&node.at, table, &["scope", "lookup", "poll"])?,
            lookup: of_stage(node, "lookup", Span(0))?.0,
            poll: match of_stage(node, "poll", Span(0))?.0 {
                // Each look is an event, for each follower.
                1..1_000_000 => {
                    return Err(node
                        .get("poll")
                        .unwrap_or(node)
                        .wrong("0s (told at once), or 1ms or more"));
                }
                poll => poll,
            },
            gauges: true,
        })),
        _ => Err(node
            .wrong("true, false, \"local\", \"shared\" or a table such as { scope = \"shared\" }")),
    }
}
