//! Versions of a service: what a change replaces, and how operators would number it.

use super::spec::{DependencyKind, DependencySpec, Part, ServiceSpec, Step};
use crate::{
    config::{Node, Refusal, Value},
    sim::hash::mix,
};

/// One version of the service, ready to serve.
#[derive(Debug)]
pub struct Version {
    /// What it was read from.
    pub spec: ServiceSpec,
    /// Its number for operators: equal configurations have equal numbers, in order of appearance from 1.
    pub number: u16,
    /// Number of its parser.
    pub parser: u16,
    /// Number of its key's template.
    pub key_template: u16,
    /// Number of the serializer behind its key.
    pub serializer: u16,
    /// Number of what its limiter's key is made of.
    pub limiter_scope: u16,
    /// Whether the outcome of what answers are made of is logged.
    pub logs_parts: bool,
    /// Digest of the revisions of its dependencies: what they answer.
    pub revision: u64,
}

impl Version {
    /// Numbers the versions of a run, which come in order of appearance.
    pub fn number(specs: Vec<ServiceSpec>) -> Vec<Version> {
        let mut versions: Vec<Version> = vec![];
        for spec in specs {
            let next = |same: &dyn Fn(&ServiceSpec) -> bool, of: &dyn Fn(&Version) -> u16| {
                let known = versions.iter().find(|v| same(&v.spec)).map(of);
                known.unwrap_or_else(|| versions.iter().map(of).max().unwrap_or(0) + 1)
            };
            let number = next(
                &|s| same(s.tree.get("service"), spec.tree.get("service")),
                &|v| v.number,
            );
            let parser = match spec.parses() {
                true => next(&|s| parses_like(s, &spec), &|v| v.parser),
                false => 0,
            };
            let (key_template, serializer) = match &spec.key {
                Some(key) => (
                    next(
                        &|s| s.key.as_ref().is_some_and(|k| k.writes_like(key)),
                        &|v| v.key_template,
                    ),
                    next(
                        &|s| {
                            s.key
                                .as_ref()
                                .is_some_and(|k| k.serializer() == key.serializer())
                        },
                        &|v| v.serializer,
                    ),
                ),
                None => (0, 0),
            };
            let limiter_scope = match &spec.limiter {
                Some(limiter) => next(
                    &|s| s.limiter.as_ref().is_some_and(|l| l.keys_like(limiter)),
                    &|v| v.limiter_scope,
                ),
                None => 0,
            };
            versions.push(Version {
                number,
                parser,
                key_template,
                serializer,
                limiter_scope,
                logs_parts: spec.logs_parts(),
                revision: spec
                    .dependencies
                    .iter()
                    .fold(0, |all, d| mix(all ^ d.revision)),
                spec,
            });
        }
        versions
    }
}

/// Whether two versions read payloads, and what their calls are answered with, by the same parsers.
fn parses_like(a: &ServiceSpec, b: &ServiceSpec) -> bool {
    let of_outputs = |spec: &ServiceSpec| -> Vec<(u64, Node)> {
        let parser = |s: &Step| Some((s.draws, s.options.parse_output.clone()?));
        spec.steps.iter().filter_map(parser).collect()
    };
    let (ours, theirs) = (of_outputs(a), of_outputs(b));
    let like = |((a, one), (b, other)): (&(u64, Node), &(u64, Node))| {
        a == b && same(Some(one), Some(other))
    };
    same(a.tree.get("service.parse"), b.tree.get("service.parse"))
        && ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(like)
}

/// Whether two nodes say the same, wherever they stand.
pub fn same(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same_value(&a.value, &b.value),
        _ => false,
    }
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(&a.value, &b.value))
        }
        (Value::Table(a), Value::Table(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| {
                    b.get(name)
                        .is_some_and(|b| same_value(&a.node.value, &b.node.value))
                })
        }
        _ => a == b,
    }
}

/// Options of a table that are decided per request, not held in the component's state.
const PER_REQUEST: &[&str] = &[
    "ttl", "jitter", "lookup", "key", "version", "time", "expired", "slack",
];

/// The tables of `[service]` whose options live in state that all versions share, so that a share of the traffic cannot
/// have its own.
const STATEFUL: &[&str] = &[
    "limiter",
    "cache",
    "queue",
    "replicas",
    "balancer",
    "single_flight",
    "trending",
];

/// Names of stateful parts of the service that differ between two versions.
pub fn stateful_differences(a: &ServiceSpec, b: &ServiceSpec) -> Vec<&'static str> {
    let stripped = |spec: &ServiceSpec, name: &str| {
        let mut node = spec.tree.get("service").and_then(|s| s.get(name)).cloned();
        if let Some(Node {
            value: Value::Table(table),
            ..
        }) = &mut node
        {
            PER_REQUEST
                .iter()
                .for_each(|option| drop(table.shift_remove(*option)));
        }
        node
    };
    let cores = |spec: &ServiceSpec| spec.cpu.as_ref().and_then(|cpu| cpu.cores);
    let mut differ: Vec<&'static str> = STATEFUL
        .iter()
        .copied()
        .filter(|name| !same(stripped(a, name).as_ref(), stripped(b, name).as_ref()))
        .collect();
    // A quota is asked for request by request; cores are those of the replica.
    if cores(a) != cores(b) {
        differ.push("cpu");
    }
    differ
}

/// Refuses a change that replaces a component by one of another kind, whose state could not be kept, unless the change
/// says `state = "cold"`.
///
/// # Errors
/// At the new component.
pub fn refuse_other_kinds(old: &ServiceSpec, new: &ServiceSpec) -> Result<(), Refusal> {
    let pair = |a: Option<&Part>, b: Option<&Part>, what: &str| match (a, b) {
        (Some(a), Some(b)) if a.kind != b.kind => Err(Refusal::at(
            &b.node.at,
            format!(
                "this change replaces the {what} \"{}\" by \"{}\"",
                a.kind, b.kind
            ),
        )
        .help("the state of one cannot be kept by the other; say state = \"cold\" beside `set`")),
        _ => Ok(()),
    };
    for level in new.limiter.iter().flat_map(|l| &l.levels) {
        let was = old.limiter.as_ref().and_then(|l| l.level(&level.name));
        pair(was.map(|l| &l.part), Some(&level.part), "limiter")?;
    }
    pair(
        old.cache.as_ref().map(|c| &c.part),
        new.cache.as_ref().map(|c| &c.part),
        "cache",
    )?;
    pair(
        old.trending.as_ref().map(|t| &t.part),
        new.trending.as_ref().map(|t| &t.part),
        "trending list",
    )?;
    for (was, is) in old.dependencies.iter().zip(&new.dependencies) {
        refuse_other_memory(was, is)?;
    }
    pair(
        old.queue.as_ref().map(|q| &q.part),
        new.queue.as_ref().map(|q| &q.part),
        "queue",
    )
}

/// Refuses a change of what a dependency is, of how many engines it has and of the size of their memory: who is in there
/// now could not stay.
fn refuse_other_memory(was: &DependencySpec, is: &DependencySpec) -> Result<(), Refusal> {
    let node = match (&was.kind, &is.kind) {
        (DependencyKind::Service, DependencyKind::Service) => return Ok(()),
        (DependencyKind::Engine(was), DependencyKind::Engine(is)) => {
            let changed = ["engines", "block", "blocks"]
                .iter()
                .find(|option| !same(was.get(option), is.get(option)));
            match changed {
                None => return Ok(()),
                Some(option) => is.get(option).unwrap_or(is),
            }
        }
        (DependencyKind::Engine(node), _) | (_, DependencyKind::Engine(node)) => node,
    };
    Err(Refusal::at(
        &node.at,
        format!(
            "this change makes another \"{}\" of dependency {}",
            is.kind.word(),
            is.name
        ),
    )
    .help("its kind, engines, block and blocks are the same for a whole run"))
}

/// Whether a version needs the captured service time of requests.
pub fn needs_captured(spec: &ServiceSpec) -> bool {
    let delay = spec.write.as_ref().and_then(|w| w.options.delay.as_ref());
    let replay = spec.clients.replay.as_ref().map(|r| &r.after);
    spec.compute
        .iter()
        .chain(delay)
        .chain(replay)
        .chain(spec.dependencies.iter().map(|d| &d.latency))
        .any(super::Latency::needs_captured)
}
