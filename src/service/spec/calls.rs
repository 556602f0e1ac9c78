//! Calls to dependencies, which wait for one another as their `after` says, and the dependencies themselves.

use super::{
    leaving::{LostOnCancel, OnCancel},
    parts::{OnUnread, ParseSpec, Part, part, read_parse},
    report::{ItemsOptions, ItemsSpec, ShardsOptions, StreamOptions},
};
use crate::{
    components::{
        Registry,
        dag::{Dag, FanOut, OnFailure, Wrong},
        engine::{self, EngineOptions},
        retry::{Failure, Retry},
    },
    config::{
        At, Node, Options, Percent, Read, Refusal, Share, Span, Table, Value, pick, suggestion,
    },
    service::{connections::Keep, latency::Latency, output::OutputOptions, ranked::Results},
    sim::distribution::Distribution,
};

crate::options! {
    /// Call.
    #[derive(Clone, Debug, PartialEq)]
    pub struct CallOptions {
        /// The step's name, for other steps' `after`.
        name: Option<String> = None, "the dependency's name";
        /// Who is called: a name under `[dependency]`.
        dependency: (String, At),
        /// Steps that must be done before this one.
        after: Vec<(String, At)> = vec![], "none: at once";
        /// How long an attempt may take; 0 is for ever.
        timeout: Span = Span(0), "for ever";
        /// Share of what is left of the request's deadline that an attempt may take.
        budget: Option<Share> = None, "fan_out.budget";
        /// Retries.
        retry: Retry = Retry::never(), "none";
        /// Circuit breaker of each replica, such as { kind = "failure-ratio" }; steps with one dependency share the first's.
        breaker: Option<Node> = None, "none";
        /// Parser of the output that it is answered with, where the dependency has an `output`. What cannot be read is a call that failed, and is retried so; when all are spent the request is refused as unreadable, or gets a default (on_failure).
        parse_output: Option<Node> = None, "none";
        /// Answer without it when it fails: the same as on_failure = "default".
        optional: bool = false, "false";
        /// What its failure means: "fail", "skip" (also all that waits for it), "default" (what waits for it goes on).
        on_failure: Option<OnFailure> = None, "fail";
        /// What it does when the client leaves: "stop", "detach" (a task of its own, which nobody cancels), "swallow" (the handler drops the cancellation and goes on), "ignore" (the driver does not honour it).
        on_cancel: OnCancel = OnCancel::Stop, "stop";
        /// Meant to be made to the end though the client has left, such as an audit record: with on_cancel = "detach" it is, begun or not; otherwise it is lost, and counted as intended.killed.
        intended: bool = false, "false";
    }
}

crate::options! {
    /// Dependency.
    #[derive(Clone, Debug)]
    pub struct DependencyOptions {
        /// How long it takes to answer: a distribution, per token, or "as-captured".
        latency: Node,
        /// Share of calls that fail and may succeed next time.
        error_rate: Percent = Percent(0.0), "0";
        /// Shares of calls that fail otherwise, such as { throttled = "1%", permanent = "5%", programmer = "0.1%" }.
        errors: Option<Node> = None, "none";
        /// How long it asks those that it throttles to stay away; 0 is no word of it.
        retry_after: Span = Span(0), "0";
        /// Connections that each replica holds to it at most; 0 is no bound.
        pool: u32 = 0, "no bound";
        /// Share of calls after which the connection is never given back, by a bug of the caller: the pool shrinks until the process restarts.
        leak: Percent = Percent(0.0), "0";
        /// What the pool loses when a request is cancelled: { slot, connection }, shares of those cancelled while they wait for a connection, and while they use one.
        lost_on_cancel: Option<LostOnCancel> = None, "nothing";
        /// How long opening a connection takes, where none lies idle.
        connect: Option<Latency> = None, "not modelled";
        /// How long an idle connection is kept; 0: none is used twice.
        keep_alive: Option<Span> = None, "for ever";
        /// Idle connections that each replica keeps at most.
        max_idle: Option<u32> = None, "no bound";
        /// Requests that it works on at once, in all; others wait within it. 0 is no bound.
        workers: u32 = 0, "no bound";
        /// Of what it answers with (model, data, prompt template): what another revision answered is stale.
        revision: u64 = 1, "1";
        /// The ranked list that it answers with, for `service.merge`.
        results: Option<Results> = None, "none";
        /// It takes several items of a request, each with an outcome of its own.
        items: Option<ItemsOptions> = None, "none";
        /// It asks shards, each with hits of its own.
        shards: Option<ShardsOptions> = None, "none";
        /// Its answers come as streams, through a proxy.
        stream: Option<StreamOptions> = None, "none";
        /// What it writes, for `parse_output` of a call.
        output: Option<OutputOptions> = None, "not modelled";
    }
}

crate::options! {
    /// Dependency that is engines of a language model, besides the options of the engines.
    #[derive(Clone, Debug)]
    pub struct EngineDependencyOptions {
        /// How long the way there takes.
        latency: Option<Node> = None, "none";
        /// Share of calls that fail.
        error_rate: Percent = Percent(0.0), "0";
        /// Connections that each replica holds to it at most; 0 is no bound.
        pool: u32 = 0, "no bound";
    }
}

/// What stands behind the name of a dependency.
#[derive(Clone, Debug)]
pub enum DependencyKind {
    /// Something that takes its time; what it does is not looked at.
    Service,
    /// Engines of a language model, with their table.
    Engine(Node),
}

impl DependencyKind {
    /// The word that a file says.
    pub fn word(&self) -> &'static str {
        match self {
            DependencyKind::Service => "service",
            DependencyKind::Engine(_) => "llm-engine",
        }
    }
}

/// One call of the journey.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Index of its dependency.
    pub dependency: usize,
    /// How it is made.
    pub options: CallOptions,
    /// Parser of what it is answered with.
    pub parse_output: Option<ParseSpec>,
    /// Its circuit breaker.
    pub breaker: Option<Part>,
    /// What its failure means for the request.
    pub on_failure: OnFailure,
    /// What its dice are told apart by: the dependency, and how many steps before it call the same one.
    pub draws: u64,
    /// Its number in the recording's dictionary of steps; given when a run begins.
    pub number: u16,
}

/// A dependency.
#[derive(Clone, Debug)]
pub struct DependencySpec {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DependencyKind,
    /// How long it takes; of engines: how long the way there takes.
    pub latency: Latency,
    /// Share of calls that fail and may succeed next time.
    pub error_rate: f64,
    /// Shares of calls that fail otherwise: throttled, permanent, programmer.
    pub errors: [f64; 3],
    /// ns that those who are throttled are asked to stay away.
    pub retry_after: u64,
    /// Connections of each replica; 0 is no bound.
    pub pool: u32,
    /// Share of calls after which the connection is lost to the pool.
    pub leak: f64,
    /// What the pool loses when a request is cancelled.
    pub lost_on_cancel: Option<LostOnCancel>,
    /// How connections are opened and kept, where that is modelled.
    pub keep: Option<Keep>,
    /// Requests it works on at once; 0 is no bound.
    pub workers: u32,
    /// Number of the revision that answers.
    pub revision: u64,
    /// The ranked list that it answers with.
    pub results: Option<Results>,
    /// It takes several items of a request.
    pub items: Option<ItemsSpec>,
    /// It asks shards.
    pub shards: Option<ShardsOptions>,
    /// Its answers come as streams.
    pub stream: Option<StreamOptions>,
    /// What it writes.
    pub output: Option<OutputOptions>,
}

pub(super) fn read_dependencies(root: &Node) -> Result<Vec<DependencySpec>, Refusal> {
    let empty = Table::new();
    let table = root
        .get("dependency")
        .map(|n| n.table("[dependency]"))
        .transpose()?
        .unwrap_or(&empty);
    table
        .iter()
        .map(|(name, entry)| {
            let kind = match entry.node.get("kind") {
                Some(kind) => String::read(kind)?,
                None => "service".into(),
            };
            if kind != "service" {
                return read_engines(name, &entry.node);
            }
            let table = entry.node.table("a dependency")?;
            let o = DependencyOptions::read_table(&entry.node.at, table, &["kind"])?;
            Ok(DependencySpec {
                name: name.clone(),
                kind: DependencyKind::Service,
                latency: Latency::read(&o.latency)?,
                error_rate: o.error_rate.0,
                errors: read_errors(o.errors.as_ref(), o.error_rate.0)?,
                retry_after: o.retry_after.0,
                pool: o.pool,
                leak: o.leak.0,
                lost_on_cancel: {
                    let at = entry
                        .node
                        .get("lost_on_cancel")
                        .map_or(&entry.key, |n| &n.at);
                    o.lost_on_cancel
                        .map(|l| l.checked(at, o.pool))
                        .transpose()?
                },
                keep: read_keep(&entry.node, &o)?,
                workers: o.workers,
                revision: o.revision,
                results: o.results.map(|r| r.checked(&entry.node)).transpose()?,
                items: o.items.map(|i| i.checked(&entry.node)).transpose()?,
                shards: o.shards.map(|s| s.checked(&entry.node)).transpose()?,
                stream: o.stream,
                output: o.output.map(|o| o.checked(&entry.node)).transpose()?,
            })
        })
        .collect()
}

/// Reads how connections are opened and kept.
fn read_keep(node: &Node, o: &DependencyOptions) -> Result<Option<Keep>, Refusal> {
    let at = |name: &str| node.get(name).map_or(&node.at, |n| &n.at);
    if o.leak.0 > 0.0 && o.pool == 0 {
        return Err(
            Refusal::at(at("leak"), "connections leak from a pool without a bound")
                .help("add pool = 64"),
        );
    }
    let Some(connect) = &o.connect else {
        for name in ["keep_alive", "max_idle"] {
            if node.get(name).is_some() {
                return Err(
                    Refusal::at(at(name), "opening a connection takes no time here")
                        .help("add connect = \"20ms\""),
                );
            }
        }
        return Ok(None);
    };
    Ok(Some(Keep {
        connect: connect.clone(),
        keep_alive: o.keep_alive.map_or(u64::MAX, |span| span.0),
        max_idle: o.max_idle.map_or(usize::MAX, |n| n as usize),
    }))
}

/// Classes of failure that `errors` may name, in the order of [`DependencySpec::errors`].
pub(in crate::service) const OTHER_ERRORS: [Failure; 3] =
    [Failure::Throttled, Failure::Permanent, Failure::Programmer];

fn read_errors(node: Option<&Node>, error_rate: f64) -> Result<[f64; 3], Refusal> {
    let mut shares = [0.0; 3];
    let Some(node) = node else { return Ok(shares) };
    for (name, entry) in node.table("the classes of errors")? {
        let known = OTHER_ERRORS.map(Failure::word);
        let Some(place) = known.iter().position(|k| k == name) else {
            return Err(Refusal::at(
                &entry.key,
                format!("there is no class of errors \"{name}\""),
            )
            .help(suggestion(name, known)));
        };
        shares[place] = Percent::read(&entry.node)?.0;
    }
    if shares.iter().sum::<f64>() + error_rate > 1.0 {
        return Err(Refusal::at(&node.at, "more than all calls fail")
            .help("`errors` and `error_rate` together are 100% at most"));
    }
    Ok(shares)
}

fn read_engines(name: &str, node: &Node) -> Result<DependencySpec, Refusal> {
    let kinds = engine::kinds();
    pick(&kinds, "dependency", node)?;
    let engine: Vec<&str> = EngineOptions::fields().iter().map(|f| f.name).collect();
    let o = EngineDependencyOptions::read_table(
        &node.at,
        node.table("a dependency")?,
        &[&["kind"], &engine[..]].concat(),
    )?;
    let number = |option: &str| node.get(option).map_or(Ok(1), u64::read);
    Ok(DependencySpec {
        name: name.into(),
        kind: DependencyKind::Engine(node.clone()),
        latency: match &o.latency {
            Some(latency) => Latency::read(latency)?,
            None => Latency::Drawn(Distribution::Constant(0.0)),
        },
        error_rate: o.error_rate.0,
        errors: [0.0; 3],
        retry_after: 0,
        pool: o.pool,
        leak: 0.0,
        lost_on_cancel: None,
        keep: None,
        workers: 0,
        revision: number("revision")? << 32 | number("tokenizer")? & 0xffff_ffff,
        results: None,
        items: None,
        shards: None,
        stream: None,
        output: None,
    })
}

pub(super) fn read_steps(
    node: &Node,
    dependencies: &[DependencySpec],
    registry: &Registry,
) -> Result<(Vec<Step>, Dag), Refusal> {
    let nodes: Vec<&Node> = match &node.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    if nodes.len() > MOST_CALLS {
        return Err(
            Refusal::at(&node.at, format!("{} calls for each request", nodes.len()))
                .help(format!("{MOST_CALLS} at most")),
        );
    }
    let mut steps = vec![];
    for node in nodes {
        let options = CallOptions::read(node)?;
        let (name, at) = &options.dependency;
        let Some(dependency) = dependencies.iter().position(|d| d.name == *name) else {
            return Err(
                Refusal::at(at, format!("there is no [dependency.{name}]")).help(suggestion(
                    name,
                    dependencies.iter().map(|d| d.name.as_str()),
                )),
            );
        };
        let breaker = options.breaker.as_ref();
        let breaker = breaker
            .map(|node| part(node, |n| pick(&registry.breakers, "breaker", n).map(drop)))
            .transpose()?;
        let parse_output = options.parse_output.as_ref();
        let parse_output = parse_output
            .map(|node| read_output_parser(node, &dependencies[dependency], registry))
            .transpose()?;
        let on_failure = match (options.on_failure, options.optional) {
            (Some(OnFailure::Fail | OnFailure::Skip), true) => {
                let at = node.get("on_failure").map_or(&node.at, |n| &n.at);
                return Err(
                    Refusal::at(at, "an optional call whose failure is not made up for")
                        .help("leave `optional` out"),
                );
            }
            (Some(said), _) => said,
            (None, true) => OnFailure::Default,
            (None, false) => OnFailure::Fail,
        };
        let before = steps
            .iter()
            .filter(|(s, _): &&(Step, At)| s.dependency == dependency)
            .count() as u64;
        let name = options.name.clone().unwrap_or_else(|| name.clone());
        let step = Step {
            name,
            dependency,
            options,
            parse_output,
            breaker,
            on_failure,
            draws: dependency as u64 | before << 32,
            number: 0,
        };
        steps.push((step, node.at.clone()));
    }
    let dag = graph(&steps)?;
    // Sorted by depth, so that each step stands behind all that it waits for; the graph is numbered as the steps are.
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|&i| dag.depth(i));
    let mut sorted: Vec<Option<(Step, At)>> = steps.into_iter().map(Some).collect();
    let steps: Vec<(Step, At)> = order.iter().filter_map(|&i| sorted[i].take()).collect();
    let dag = graph(&steps)?;
    Ok((steps.into_iter().map(|(step, _)| step).collect(), dag))
}

/// Reads the parser of a call's output.
fn read_output_parser(
    node: &Node,
    dependency: &DependencySpec,
    registry: &Registry,
) -> Result<ParseSpec, Refusal> {
    let name = &dependency.name;
    if dependency.output.is_none() {
        let message = format!("nothing says what {name} writes");
        return Err(Refusal::at(&node.at, message).help(match dependency.kind {
            DependencyKind::Service => {
                format!(
                    "give [dependency.{name}] output = {{ fields = {{ answer = \"It is so.\" }} }}"
                )
            }
            DependencyKind::Engine(_) => "what engines write is not modelled".into(),
        }));
    }
    let spec = read_parse(node, registry)?;
    if spec.on_failure == OnUnread::Crash {
        let at = node.get("on_failure").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(
            at,
            "an output that is the death of its reader is not modelled",
        )
        .help("\"refuse\", or \"default\""));
    }
    Ok(spec)
}

/// Calls of one request at most.
const MOST_CALLS: usize = 1000;

/// Checks what waits for what; a refusal names the path of a cycle.
fn graph(steps: &[(Step, At)]) -> Result<Dag, Refusal> {
    let names: Vec<&str> = steps.iter().map(|(s, _)| s.name.as_str()).collect();
    let after: Vec<Vec<&str>> = steps
        .iter()
        .map(|(s, _)| s.options.after.iter().map(|(n, _)| n.as_str()).collect())
        .collect();
    Dag::build(&names, &after).map_err(|wrong| {
        let edge = |step: usize, edge: usize| &steps[step].0.options.after[edge];
        match wrong {
            Wrong::SameName(i) => Refusal::at(
                &steps[i].1,
                format!("two steps are called \"{}\"", names[i]),
            )
            .help("give them names"),
            Wrong::Unknown(i, e) => {
                let (name, at) = edge(i, e);
                Refusal::at(at, format!("there is no step \"{name}\""))
                    .help(suggestion(name, names.iter().copied()))
            }
            Wrong::Itself(i, e) => {
                let (name, at) = edge(i, e);
                Refusal::at(at, format!("\"{name}\" waits for itself")).help("leave it out")
            }
            Wrong::Twice(i, e) => {
                let (name, at) = edge(i, e);
                let message = format!("\"{}\" says twice that it waits for \"{name}\"", names[i]);
                Refusal::at(at, message).help("once is enough")
            }
            Wrong::Cycle(path) => {
                let around = path.iter().chain(path.first());
                let around: Vec<&str> = around.map(|&i| names[i]).collect();
                let message = format!(
                    "these calls wait for each other: {}",
                    around.join(" after ")
                );
                Refusal::at(&steps[path[0]].1, message).help("one of them must come first")
            }
        }
    })
}

/// Reads `fan_out`, of `calls` calls.
pub(super) fn read_fan_out(node: &Node, calls: usize) -> Result<FanOut, Refusal> {
    let rules = FanOut::read(node)?;
    let at = |name: &str| node.get(name).map_or(&node.at, |n| &n.at);
    let need = rules.need;
    if need.of_them as usize > calls || need.all.is_some_and(|all| all as usize != calls) {
        let message = format!("a request makes {calls} calls");
        return Err(Refusal::at(at("need"), message).help("so many are needed at most"));
    }
    if rules.early && need.of_them == 0 {
        return Err(
            Refusal::at(at("early"), "as soon as how many have succeeded?").help("say `need` too"),
        );
    }
    Ok(rules)
}
