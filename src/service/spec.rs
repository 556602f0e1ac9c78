//! The service as a file describes it: read once, checked whole, before the first virtual second.

use super::latency::Latency;
use crate::{
    components::{
        Registry,
        keys::{KeyTemplate, Tag},
        retry::Retry,
    },
    config::{At, Node, Percent, Read, Refusal, Span, Table, Value, pick, suggestion},
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

crate::options! {
    /// Service.
    #[derive(Clone, Debug)]
    pub struct ServiceOptions {
        /// Replicas behind the load balancer.
        replicas: u32 = 1, "1";
        /// Which replica takes a request: random, round-robin, least-in-flight, sticky.
        balancer: Option<Node> = None, "random";
        /// Admission: a rate limiter, with `key = ["tenant"]` and `scope`.
        limiter: Option<Node> = None, "none";
        /// Parser of payloads, with its `version` and the `time` it takes.
        parse: Option<Node> = None, "none";
        /// Cache key: see the key's options.
        key: Option<Node> = None, "none";
        /// Result cache, with `scope`, `ttl`, `jitter` and `lookup`. Needs a key.
        cache: Option<Node> = None, "none";
        /// Requests with the same key share one call: true, false, or "shared" for all replicas together.
        single_flight: Option<Node> = None, "false";
        /// Queue in front of the workers, with `workers` and `limit`.
        queue: Option<Node> = None, "none";
        /// Work of a worker besides its calls.
        compute: Option<Node> = None, "none";
        /// The call to a dependency, or a list of calls with `name` and `after`.
        call: Option<Node> = None, "none";
        /// How long a fresh process is cold.
        cold_for: Span = Span(0), "0";
        /// How many times slower a cold process computes.
        cold_factor: f64 = 1.0, "1";
    }
}

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
        /// Retries.
        retry: Retry = Retry::never(), "none";
        /// Answer without it when it fails.
        optional: bool = false, "false";
    }
}

crate::options! {
    /// Dependency.
    #[derive(Clone, Debug)]
    pub struct DependencyOptions {
        /// How long it takes to answer: a distribution, per token, or "as-captured".
        latency: Node,
        /// Share of calls that fail.
        error_rate: Percent = Percent(0.0), "0";
        /// Connections that each replica holds to it at most; 0 is no bound.
        pool: u32 = 0, "no bound";
        /// Requests that it works on at once, in all; others wait within it. 0 is no bound.
        workers: u32 = 0, "no bound";
    }
}

crate::options! {
    /// Clients.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ClientOptions {
        /// How long they wait before they hang up; 0 is for ever.
        patience: Span = Span(0), "for ever";
        /// Whether and how they try again.
        retry: ClientRetry = ClientRetry { max: 0, after: Span(1_000_000_000), jitter: Percent(0.5), obey_retry_after: true }, "none";
    }
}

crate::options! {
    /// Retry habit of clients.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ClientRetry {
        /// Retries after the first try.
        max: u32 = 0, "0";
        /// Wait before the first retry; doubles with each.
        after: Span = Span(1_000_000_000), "1s";
        /// Share of the wait that is left to dice.
        jitter: Percent = Percent(0.5), "50%";
        /// Wait as long as a refusal says.
        obey_retry_after: bool = true, "true";
    }
}

/// A component as the file names it: its table, checked to build.
#[derive(Clone, Debug)]
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

/// The queue's place.
#[derive(Clone, Debug)]
pub struct QueueSpec {
    /// The component.
    pub part: Part,
    /// Workers of each replica.
    pub workers: u32,
    /// Waiting requests of each replica at most.
    pub limit: u32,
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
    /// Steps with the same number run side by side, lower ones first.
    pub wave: usize,
    /// Its number in the recording's dictionary of steps; given when a run begins.
    pub number: u16,
}

/// A dependency.
#[derive(Clone, Debug)]
pub struct DependencySpec {
    /// Its name.
    pub name: String,
    /// How long it takes.
    pub latency: Latency,
    /// Share of calls that fail.
    pub error_rate: f64,
    /// Connections of each replica; 0 is no bound.
    pub pool: u32,
    /// Requests it works on at once; 0 is no bound.
    pub workers: u32,
}

/// A whole service, one version of it.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    /// Replicas.
    pub replicas: u32,
    /// Load balancer.
    pub balancer: Part,
    /// Admission.
    pub limiter: Option<LimiterSpec>,
    /// Parser.
    pub parse: Option<ParseSpec>,
    /// Cache key.
    pub key: Option<KeyTemplate>,
    /// Cache.
    pub cache: Option<CacheSpec>,
    /// Single-flight.
    pub single_flight: Option<Scope>,
    /// Queue.
    pub queue: Option<QueueSpec>,
    /// Work of a worker.
    pub compute: Option<Latency>,
    /// Calls, by wave.
    pub steps: Vec<Step>,
    /// ns that a fresh process is cold.
    pub cold_for: u64,
    /// How many times slower it computes then.
    pub cold_factor: f64,
    /// Dependencies.
    pub dependencies: Vec<DependencySpec>,
    /// Clients.
    pub clients: ClientOptions,
    /// The tree it was read from, for telling versions apart.
    pub tree: Node,
}

impl ServiceSpec {
    /// Reads `[service]`, `[dependency.*]` and `[clients]` of a file.
    ///
    /// # Errors
    /// The first thing that is unknown, missing or contradictory, at its place.
    pub fn read(root: &Node, registry: &Registry) -> Result<ServiceSpec, Refusal> {
        let Some(service) = root.get("service") else {
            return Err(Refusal::at(&root.at, "there is no [service]")
                .help("describe the backend under test"));
        };
        let o = ServiceOptions::read(service)?;
        if !(1..=1000).contains(&o.replicas) {
            let at = service.get("replicas").map_or(&service.at, |n| &n.at);
            return Err(Refusal::at(at, format!("{} replicas", o.replicas)).help("from 1 to 1000"));
        }
        let dependencies = read_dependencies(root)?;
        let balancer = match &o.balancer {
            Some(node) => part(node, |n| pick(&registry.balancers, "balancer", n).map(drop))?,
            None => Part {
                node: Node {
                    value: Value::Text("random".into()),
                    at: At::nowhere(),
                },
                kind: "random".into(),
            },
        };
        let key = o.key.as_ref().map(KeyTemplate::read).transpose()?;
        let cache = o
            .cache
            .as_ref()
            .map(|n| read_cache(n, registry))
            .transpose()?;
        if let (Some(node), None) = (&o.cache, &key) {
            return Err(
                Refusal::at(&node.at, "a cache without a key").help("add key = { fields = [...] }")
            );
        }
        let single_flight = o
            .single_flight
            .as_ref()
            .map(read_single_flight)
            .transpose()?
            .flatten();
        if let (Some(node), Some(_), None) = (&o.single_flight, single_flight, &key) {
            return Err(Refusal::at(&node.at, "single-flight without a key")
                .help("add key = { fields = [...] }"));
        }
        if !(o.cold_factor.is_finite() && o.cold_factor >= 1.0) {
            let at = service.get("cold_factor").map_or(&service.at, |n| &n.at);
            return Err(
                Refusal::at(at, "a cold process is not faster than a warm one").help("1 or more"),
            );
        }
        Ok(ServiceSpec {
            replicas: o.replicas,
            balancer,
            limiter: o
                .limiter
                .as_ref()
                .map(|n| read_limiter(n, registry))
                .transpose()?,
            parse: o
                .parse
                .as_ref()
                .map(|n| read_parse(n, registry))
                .transpose()?,
            key,
            cache,
            single_flight,
            queue: o
                .queue
                .as_ref()
                .map(|n| read_queue(n, registry))
                .transpose()?,
            compute: o.compute.as_ref().map(Latency::read).transpose()?,
            steps: o
                .call
                .as_ref()
                .map(|n| read_steps(n, &dependencies))
                .transpose()?
                .unwrap_or_default(),
            cold_for: o.cold_for.0,
            cold_factor: o.cold_factor,
            dependencies,
            clients: root
                .get("clients")
                .map(ClientOptions::read)
                .transpose()?
                .unwrap_or_else(default_clients),
            tree: root.clone(),
        })
    }
}

fn default_clients() -> ClientOptions {
    let retry = ClientRetry {
        max: 0,
        after: Span(1_000_000_000),
        jitter: Percent(0.5),
        obey_retry_after: true,
    };
    ClientOptions {
        patience: Span(0),
        retry,
    }
}

/// Checks that a component builds, and keeps what it is built from.
fn part(node: &Node, build: impl Fn(&Node) -> Result<(), Refusal>) -> Result<Part, Refusal> {
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

fn read_limiter(node: &Node, registry: &Registry) -> Result<LimiterSpec, Refusal> {
    let part = part(node, |n| pick(&registry.limiters, "limiter", n).map(drop))?;
    Ok(LimiterSpec {
        part,
        scope: of_stage(node, "scope", Scope::Local)?,
        key: of_stage(node, "key", vec![])?,
    })
}

fn read_parse(node: &Node, registry: &Registry) -> Result<ParseSpec, Refusal> {
    let part = part(node, |n| pick(&registry.parsers, "parser", n).map(drop))?;
    Ok(ParseSpec {
        part,
        version: of_stage(node, "version", 1)?,
        time: of_stage(node, "time", Span(0))?.0,
    })
}

fn read_cache(node: &Node, registry: &Registry) -> Result<CacheSpec, Refusal> {
    Ok(CacheSpec {
        part: part(node, |n| pick(&registry.caches, "cache", n).map(drop))?,
        scope: of_stage(node, "scope", Scope::Local)?,
        ttl: of_stage(node, "ttl", Span(0))?.0,
        jitter: of_stage(node, "jitter", Percent(0.0))?.0,
        lookup: of_stage(node, "lookup", Span(0))?.0,
    })
}

fn read_queue(node: &Node, registry: &Registry) -> Result<QueueSpec, Refusal> {
    let part = part(node, |n| pick(&registry.queues, "queue", n).map(drop))?;
    let workers: u32 = of_stage(node, "workers", 1)?;
    if workers == 0 {
        let at = node.get("workers").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(at, "a queue without workers is never served").help("1 or more"));
    }
    Ok(QueueSpec {
        part,
        workers,
        limit: of_stage(node, "limit", u32::MAX)?,
    })
}

fn read_single_flight(node: &Node) -> Result<Option<Scope>, Refusal> {
    match &node.value {
        Value::Bool(on) => Ok(on.then_some(Scope::Local)),
        Value::Text(_) => Scope::read(node).map(Some),
        _ => Err(node.wrong("true, false, \"local\" or \"shared\"")),
    }
}

fn read_dependencies(root: &Node) -> Result<Vec<DependencySpec>, Refusal> {
    let empty = Table::new();
    let table = root
        .get("dependency")
        .map(|n| n.table("[dependency]"))
        .transpose()?
        .unwrap_or(&empty);
    table
        .iter()
        .map(|(name, entry)| {
            let o = DependencyOptions::read(&entry.node)?;
            Ok(DependencySpec {
                name: name.clone(),
                latency: Latency::read(&o.latency)?,
                error_rate: o.error_rate.0,
                pool: o.pool,
                workers: o.workers,
            })
        })
        .collect()
}

fn read_steps(node: &Node, dependencies: &[DependencySpec]) -> Result<Vec<Step>, Refusal> {
    let nodes: Vec<&Node> = match &node.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![node],
    };
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
        let name = options.name.clone().unwrap_or_else(|| name.clone());
        steps.push((
            Step {
                name,
                dependency,
                options,
                wave: 0,
                number: 0,
            },
            node.at.clone(),
        ));
    }
    for i in 0..steps.len() {
        if let Some((_, at)) = steps[i + 1..]
            .iter()
            .find(|(s, _)| s.name == steps[i].0.name)
        {
            return Err(
                Refusal::at(at, format!("two steps are called \"{}\"", steps[i].0.name))
                    .help("give them names"),
            );
        }
    }
    assign_waves(&mut steps)?;
    let mut steps: Vec<Step> = steps.into_iter().map(|(step, _)| step).collect();
    steps.sort_by_key(|step| step.wave);
    Ok(steps)
}

/// Kahn's algorithm by waves; what is left over lies on a cycle, whose path the refusal names.
fn assign_waves(steps: &mut [(Step, At)]) -> Result<(), Refusal> {
    let names: Vec<String> = steps.iter().map(|(s, _)| s.name.clone()).collect();
    let mut before: Vec<Vec<usize>> = vec![];
    for (step, _) in steps.iter() {
        let mut list = vec![];
        for (name, at) in &step.options.after {
            match names.iter().position(|n| n == name) {
                Some(i) => list.push(i),
                None => {
                    return Err(Refusal::at(at, format!("there is no step \"{name}\""))
                        .help(suggestion(name, names.iter().map(String::as_str))));
                }
            }
        }
        before.push(list);
    }
    let mut wave: Vec<Option<usize>> = vec![None; steps.len()];
    for round in 0..steps.len() {
        let ready: Vec<usize> = (0..steps.len())
            .filter(|&i| {
                wave[i].is_none()
                    && before[i]
                        .iter()
                        .all(|&b| wave[b].is_some_and(|w| w < round))
            })
            .collect();
        for i in ready {
            wave[i] = Some(round);
        }
    }
    if let Some(start) = wave.iter().position(Option::is_none) {
        let mut path = vec![start];
        loop {
            let here = path[path.len() - 1];
            let next = before[here]
                .iter()
                .copied()
                .find(|&b| wave[b].is_none())
                .unwrap_or(start);
            if let Some(i) = path.iter().position(|&p| p == next) {
                let mut cycle: Vec<&str> = path[i..].iter().map(|&p| names[p].as_str()).collect();
                cycle.push(&names[next]);
                return Err(Refusal::at(
                    &steps[next].1,
                    format!("these calls wait for each other: {}", cycle.join(" after ")),
                ));
            }
            path.push(next);
        }
    }
    for (i, (step, _)) in steps.iter_mut().enumerate() {
        step.wave = wave[i].unwrap_or(0);
    }
    Ok(())
}
