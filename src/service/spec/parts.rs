//! Components at their places in the journey: each is checked to build, and keeps the table that it is built from.

use crate::{
    components::{Registry, flight::FlightOptions, keys::Tag, queue::Guard},
    config::{Node, Options, Percent, Read, Refusal, Span, Table, Value, pick},
};

crate::choice! {
    /// Where a component's state lives.
    pub enum Scope {
        /// In each process: it dies with it.
        Local = "local",
        /// Outside of the processes, one for all replicas.
        Shared = "shared",
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

/// The limiter's place in the journey.
#[derive(Clone, Debug)]
pub struct LimiterSpec {
    /// The component.
    pub part: Part,
    /// Where its state lives.
    pub scope: Scope,
    /// What the limit is per; empty is one limit for all.
    pub key: Vec<Tag>,
}

/// The parser's place.
#[derive(Clone, Debug)]
pub struct ParseSpec {
    /// The component.
    pub part: Part,
    /// Its version, as an operator names it.
    pub version: u64,
    /// ns that reading a payload takes.
    pub time: u64,
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

/// Single-flight's place.
#[derive(Clone, Debug)]
pub struct FlightSpec {
    /// Where its state lives.
    pub scope: Scope,
    /// How it goes about it.
    pub options: FlightOptions,
    /// Whether its gauges are read: where the file says more of it than on or off.
    pub gauges: bool,
}

/// The queue's place.
#[derive(Clone, Debug)]
pub struct QueueSpec {
    /// The component.
    pub part: Part,
    /// Workers of each replica.
    pub workers: u32,
    /// Who may wait.
    pub guard: Guard,
}

/// Checks that a component builds, and keeps what it is built from.
pub(super) fn part(
    node: &Node,
    build: impl Fn(&Node) -> Result<(), Refusal>,
) -> Result<Part, Refusal> {
    build(node)?;
    let kind = match &node.value {
        Value::Text(kind) => kind.clone(),
        _ => node
            .get("kind")
            .and_then(|n| String::read(n).ok())
            .unwrap_or_default(),
    };
    Ok(Part {
        node: node.clone(),
        kind,
    })
}

/// An option that a stage reads from its component's table.
fn of_stage<T: Read>(node: &Node, name: &str, default: T) -> Result<T, Refusal> {
    Ok(node.get(name).map(T::read).transpose()?.unwrap_or(default))
}

pub(super) fn read_limiter(node: &Node, registry: &Registry) -> Result<LimiterSpec, Refusal> {
    let part = part(node, |n| pick(&registry.limiters, "limiter", n).map(drop))?;
    Ok(LimiterSpec {
        part,
        scope: of_stage(node, "scope", Scope::Local)?,
        key: of_stage(node, "key", vec![])?,
    })
}

pub(super) fn read_parse(node: &Node, registry: &Registry) -> Result<ParseSpec, Refusal> {
    let part = part(node, |n| pick(&registry.parsers, "parser", n).map(drop))?;
    Ok(ParseSpec {
        part,
        version: of_stage(node, "version", 1)?,
        time: of_stage(node, "time", Span(0))?.0,
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

pub(super) fn read_queue(node: &Node, registry: &Registry) -> Result<QueueSpec, Refusal> {
    let part = part(node, |n| pick(&registry.queues, "queue", n).map(drop))?;
    let workers: u32 = of_stage(node, "workers", 1)?;
    if workers == 0 {
        let at = node.get("workers").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(at, "a queue without workers is never served").help("1 or more"));
    }
    Ok(QueueSpec {
        part,
        workers,
        guard: match &node.value {
            Value::Table(table) => Guard::of(&node.at, table)?,
            _ => Guard::of(&node.at, &Table::new())?,
        },
    })
}

pub(super) fn read_single_flight(node: &Node) -> Result<Option<FlightSpec>, Refusal> {
    let plain = |scope| FlightSpec {
        scope,
        options: FlightOptions::plain(),
        gauges: false,
    };
    match &node.value {
        Value::Bool(on) => Ok(on.then(|| plain(Scope::Local))),
        Value::Text(_) => Ok(Some(plain(Scope::read(node)?))),
        Value::Table(table) => Ok(Some(FlightSpec {
            scope: of_stage(node, "scope", Scope::Local)?,
            options: FlightOptions::read_table(&node.at, table, &["scope"])?,
            gauges: true,
        })),
        _ => Err(node
            .wrong("true, false, \"local\", \"shared\" or a table such as { scope = \"shared\" }")),
    }
}
