//! Calls to dependencies, which wait for one another as their `after` says, and the dependencies themselves.

use crate::{
    components::{
        engine::{self, EngineOptions},
        retry::Retry,
    },
    config::{At, Node, Options, Percent, Read, Refusal, Span, Table, Value, pick, suggestion},
    service::latency::Latency,
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
    /// What it is.
    pub kind: DependencyKind,
    /// How long it takes; of engines: how long the way there takes.
    pub latency: Latency,
    /// Share of calls that fail.
    pub error_rate: f64,
    /// Connections of each replica; 0 is no bound.
    pub pool: u32,
    /// Requests it works on at once; 0 is no bound.
    pub workers: u32,
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
                pool: o.pool,
                workers: o.workers,
            })
        })
        .collect()
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
    Ok(DependencySpec {
        name: name.into(),
        kind: DependencyKind::Engine(node.clone()),
        latency: match &o.latency {
            Some(latency) => Latency::read(latency)?,
            None => Latency::Drawn(Distribution::Constant(0.0)),
        },
        error_rate: o.error_rate.0,
        pool: o.pool,
        workers: 0,
    })
}

pub(super) fn read_steps(
    node: &Node,
    dependencies: &[DependencySpec],
) -> Result<Vec<Step>, Refusal> {
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
