//! The plan of a sweep: every run of it, before the first one. It comes from the inputs alone, so that machines that share
//! nothing but the files agree on it; its digest says whether two of them do.

use super::{
    axis::{Axis, Setting},
    goal::{Goal, Of},
};
use crate::{
    config::{Refusal, Source},
    incident::{Incident, Overlay, Registries},
    trace::Overrides,
};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Runs of a sweep at most.
pub const MOST_RUNS: u64 = 100_000;
/// Version of the files' layout.
pub const SCHEMA: u64 = 1;

/// Where incidents come from: read once, so that a file that changes in the meantime changes no run.
#[derive(Clone, Debug)]
pub struct Base {
    /// Of the incident file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What is laid over it, without the settings of the grid.
    pub overlay: Overlay,
    /// What the command line says of the trace.
    pub overrides: Overrides,
}

impl Base {
    /// The incident with these settings, of a seed, or of its own.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn read(
        &self,
        set: Vec<String>,
        seed: Option<u64>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let overlay = Overlay {
            set,
            seed: seed.or(self.overlay.seed),
            ..self.overlay.clone()
        };
        Incident::read(
            &self.path,
            &self.text,
            &overlay,
            &self.overrides,
            registries,
        )
    }
}

/// Every run: points of the grid, each under every seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The incident's name, with its variant.
    pub incident: String,
    /// Its title.
    pub title: String,
    /// Paths with their values, in the order of the command line; the last one changes fastest.
    pub axes: Vec<Axis>,
    /// What the file has there, where it has something.
    pub present: Vec<Option<Setting>>,
    /// The first seed, and how many; the others follow it.
    pub seeds: (u64, u64),
    /// What points are compared by, the most important first.
    pub goals: Vec<Goal>,
    /// Names of the gates.
    pub gates: Vec<String>,
    /// What else decides over runs: digests of the incident file and of traces, overlays, the program's version.
    pub inputs: Value,
}

impl Plan {
    /// Plans a sweep; tries whether every point of the grid is an incident that can be read. `better` are goals as written, with
    /// whether less is better; without any, they are the quantities of the gates.
    ///
    /// # Errors
    /// Grids of no point, or too many; points that are refused, at their place; goals that are none.
    pub fn new(
        base: &Base,
        sets: &[String],
        seeds: u64,
        better: &[(&str, &str, bool)],
    ) -> Result<Plan, Refusal> {
        if seeds == 0 {
            return Err(Refusal::new("--seeds 0 is no number of seeds").help("write 1 or more"));
        }
        let axes: Vec<Axis> = sets
            .iter()
            .map(|s| Axis::parse(s))
            .collect::<Result<_, _>>()?;
        if !axes.iter().any(Axis::is_swept) {
            return Err(
                Refusal::new("nothing is swept: no --set has more than one value")
                    .help("give a range or a list, such as --set service.limiter.burst=10..200:10"),
            );
        }
        for (i, axis) in axes.iter().enumerate() {
            if axis.path == "seed" {
                let source = Source::new("--set", sets[i].as_str());
                return Err(
                    Refusal::text(&source, 0..4, "seeds are no values to choose between")
                        .help("write --seeds N: every point is replayed under each of them"),
                );
            }
            if axes[..i].iter().any(|a| a.path == axis.path) {
                let source = Source::new("--set", sets[i].as_str());
                return Err(Refusal::text(
                    &source,
                    0..axis.path.len(),
                    format!("{} is set twice", axis.path),
                )
                .help("write all of its values into one --set"));
            }
        }
        let points = axes
            .iter()
            .try_fold(1u64, |n, axis| n.checked_mul(axis.values.len() as u64));
        let runs = points
            .and_then(|n| n.checked_mul(seeds))
            .filter(|n| *n <= MOST_RUNS);
        if runs.is_none() {
            let sizes: Vec<String> = axes
                .iter()
                .filter(|a| a.is_swept())
                .map(|a| a.values.len().to_string())
                .collect();
            let most = points.map_or(0, |n| MOST_RUNS / n);
            let help = if most > 0 {
                format!(
                    "at most {MOST_RUNS}: with this grid --seeds {most} at most, or take larger steps"
                )
            } else {
                format!("at most {MOST_RUNS}: take larger steps")
            };
            return Err(Refusal::new(format!(
                "{} points with {seeds} seeds each are too many runs",
                sizes.join(" x ")
            ))
            .help(help));
        }
        let registries = Registries::builtin();
        let fixed = axes.iter().filter(|a| !a.is_swept());
        let fixed = fixed
            .map(|a| format!("{}={}", a.path, a.values[0].text))
            .collect();
        // What the file has, but for what is fixed: a path of the grid may be needed for it to be readable at all, so that
        // the first point will do as well for everything that is not swept.
        let first = axes
            .iter()
            .map(|a| format!("{}={}", a.path, a.values[0].text))
            .collect();
        let sample = base.read(first, None, &registries)?;
        let present = match base.read(fixed, None, &registries) {
            Ok(incident) => axes
                .iter()
                .map(|a| incident.root.get(&a.path).map(Setting::of_node))
                .collect(),
            Err(_) => vec![None; axes.len()],
        };
        let mut goals: Vec<Goal> = vec![];
        for (argument, text, lower) in better {
            let goal = Goal::parse(argument, text, *lower, &axes)?;
            if goals.iter().any(|g| g.name == goal.name) {
                let source = Source::new(*argument, *text);
                return Err(Refusal::text(
                    &source,
                    0..text.len(),
                    format!("{} is there twice", goal.name),
                ));
            }
            goals.push(goal);
        }
        if goals.is_empty() {
            goals = Goal::of_gates(&sample.gates);
        }
        if goals.is_empty() {
            return Err(Refusal::new(format!(
                "{} has no gates, so there is nothing to compare by",
                sample.name
            ))
            .help("name a quantity, such as --minimize \"latency.p95 during incident\""));
        }
        let mut plan = Plan {
            incident: sample.label(),
            title: sample.title.clone(),
            present,
            seeds: (sample.seed, seeds),
            goals,
            gates: sample.gates.iter().map(|g| g.name().to_string()).collect(),
            inputs: Value::Null,
            axes,
        };
        let traces = plan.check(base)?;
        plan.inputs = inputs(base, &traces)?;
        Ok(plan)
    }

    /// Reads every point once, and gives the trace files that they replay.
    fn check(&self, base: &Base) -> Result<Vec<PathBuf>, Refusal> {
        let read = |point: usize| {
            let registries = Registries::builtin();
            let incident = base.read(self.settings(point), Some(self.seeds.0), &registries)?;
            Ok(incident.trace.path().map(Path::to_path_buf))
        };
        let all: Vec<Result<Option<PathBuf>, Refusal>> =
            (0..self.points()).into_par_iter().map(read).collect();
        let mut traces: Vec<PathBuf> = vec![];
        // In order, so that it is the first refusal on each machine.
        for path in all {
            if let Some(path) = path?.filter(|p| !traces.contains(p)) {
                traces.push(path);
            }
        }
        Ok(traces)
    }

    /// How many points the grid has.
    pub fn points(&self) -> usize {
        self.axes.iter().map(|a| a.values.len()).product()
    }

    /// How many runs there are.
    pub fn runs(&self) -> u64 {
        self.points() as u64 * self.seeds.1
    }

    /// The point and the seed of a run: all seeds of a point follow one another.
    pub fn run(&self, run: u64) -> (usize, u64) {
        let (first, n) = self.seeds;
        ((run / n) as usize, first.wrapping_add(run % n))
    }

    /// The places of a point's values on their axes.
    pub fn places(&self, point: usize) -> Vec<usize> {
        let mut rest = point;
        let mut places: Vec<usize> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let place = rest % axis.values.len();
                rest /= axis.values.len();
                place
            })
            .collect();
        places.reverse();
        places
    }

    /// The point with these places.
    pub fn point(&self, places: &[usize]) -> usize {
        let steps = self.axes.iter().zip(places);
        steps.fold(0, |point, (axis, place)| point * axis.values.len() + place)
    }

    /// What a point sets, each as `path=value`.
    pub fn settings(&self, point: usize) -> Vec<String> {
        let places = self.places(point);
        let one =
            |(axis, place): (&Axis, usize)| format!("{}={}", axis.path, axis.values[place].text);
        self.axes.iter().zip(places).map(one).collect()
    }

    /// The swept settings of a point in words: `service.limiter.burst=60 service.call.retry.max=1`.
    pub fn name(&self, point: usize) -> String {
        let settings = self.axes.iter().zip(self.settings(point));
        let swept: Vec<String> = settings
            .filter(|(a, _)| a.is_swept())
            .map(|(_, s)| s)
            .collect();
        swept.join(" ")
    }

    /// The point that the file has now, where it is one of the grid.
    pub fn present_point(&self) -> Option<usize> {
        let place = |(axis, present): (&Axis, &Option<Setting>)| match present {
            _ if !axis.is_swept() => Some(0),
            Some(present) => axis.values.iter().position(|v| v.is(present)),
            None => None,
        };
        let places: Option<Vec<usize>> = self.axes.iter().zip(&self.present).map(place).collect();
        Some(self.point(&places?))
    }

    /// The plan without its points, as every shard carries it.
    pub fn to_json(&self) -> Value {
        let axes: Vec<Value> = self.axes.iter().zip(&self.present).map(|(axis, present)| {
            let values: Vec<&str> = axis.values.iter().map(|v| v.text.as_str()).collect();
            json!({ "path": axis.path, "values": values, "present": present.as_ref().map(|p| &p.text) })
        }).collect();
        let goals: Vec<Value> = self.goals.iter().map(|g| {
            json!({ "name": g.name, "better": if g.lower { "lower" } else { "higher" }, "unit": g.unit(&self.axes) })
        }).collect();
        json!({
            "schema": SCHEMA,
            "incident": self.incident,
            "title": self.title,
            "axes": axes,
            "seeds": { "first": self.seeds.0, "count": self.seeds.1 },
            "goals": goals,
            "gates": self.gates,
            "inputs": self.inputs,
        })
    }

    /// What is the same if and only if all runs are: 32 hexadecimal digits.
    pub fn digest(&self) -> String {
        short(self.to_json().to_string().as_bytes())
    }

    /// The file `plan.json`: with every point.
    pub fn file(&self) -> String {
        let points: Vec<Value> = (0..self.points()).map(|point| {
            json!({ "point": point, "first_run": point as u64 * self.seeds.1, "set": self.settings(point) })
        }).collect();
        let mut plan = self.to_json();
        plan["runs"] = self.runs().into();
        plan["digest"] = self.digest().into();
        plan["points"] = points.into();
        format!("{plan:#}\n")
    }

    /// Reads a plan as a shard carries it. `None`: it is none of this version.
    pub fn of_json(json: &Value) -> Option<Plan> {
        let text = |v: &Value| v.as_str().map(str::to_string);
        if json["schema"].as_u64()? != SCHEMA {
            return None;
        }
        let mut axes = vec![];
        let mut present = vec![];
        for axis in json["axes"].as_array()? {
            let values = axis["values"].as_array()?;
            let values: Option<Vec<Setting>> = values
                .iter()
                .map(|v| v.as_str().map(Setting::new))
                .collect();
            axes.push(Axis {
                path: text(&axis["path"])?,
                values: values.filter(|v| !v.is_empty())?,
            });
            present.push(axis["present"].as_str().map(Setting::new));
        }
        let mut goals = vec![];
        for goal in json["goals"].as_array()? {
            let lower = goal["better"].as_str()? == "lower";
            goals.push(Goal::parse("plan", goal["name"].as_str()?, lower, &axes).ok()?);
        }
        let gates: Option<Vec<String>> = json["gates"].as_array()?.iter().map(text).collect();
        let plan = Plan {
            incident: text(&json["incident"])?,
            title: text(&json["title"])?,
            axes,
            present,
            seeds: (
                json["seeds"]["first"].as_u64()?,
                json["seeds"]["count"].as_u64()?,
            ),
            goals,
            gates: gates?,
            inputs: json["inputs"].clone(),
        };
        // A plan that was written by hand has to be one all the same.
        let points = plan
            .axes
            .iter()
            .try_fold(1u64, |n, a| n.checked_mul(a.values.len() as u64));
        let runs = points.and_then(|n| n.checked_mul(plan.seeds.1));
        runs.filter(|n| (1..=MOST_RUNS).contains(n)).map(|_| plan)
    }

    /// The goals that are read from a run.
    pub fn watched(&self) -> impl Iterator<Item = crate::gates::Gate> + '_ {
        self.goals.iter().filter_map(|g| match &g.of {
            Of::Quantity(objective) => Some(objective.watching()),
            Of::Setting(_) => None,
        })
    }
}

/// The first half of a BLAKE3 digest, in hexadecimal digits.
pub(super) fn short(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_string()
}

/// What decides over runs besides the grid. Names of files do not: another machine may have them elsewhere.
fn inputs(base: &Base, traces: &[PathBuf]) -> Result<Value, Refusal> {
    let digest = |path: &PathBuf| {
        let cannot =
            |e: std::io::Error| Refusal::file(path.display(), format!("cannot be read: {e}"));
        let mut hasher = blake3::Hasher::new();
        let file = std::fs::File::open(path).map_err(cannot)?;
        hasher.update_reader(file).map_err(cannot)?;
        Ok(hasher.finalize().to_hex()[..32].to_string())
    };
    let traces: Vec<String> = traces.iter().map(digest).collect::<Result<_, Refusal>>()?;
    let (over, shape) = (&base.overlay, &base.overrides);
    Ok(json!({
        "gameday": env!("CARGO_PKG_VERSION"),
        "incident": short(base.text.as_bytes()),
        "traces": traces,
        "variant": over.variant,
        "healthy": over.healthy,
        "no_fix": over.no_fix,
        "fix_steps": over.fix_steps,
        "given_trace": shape.trace.is_some(),
        "speed": shape.speed,
        "rate": shape.rate,
        "take": shape.take,
        "filter": shape.filter,
        "loop": shape.laps,
        "reorder": shape.reorder,
        "lenient": shape.lenient,
        "map": shape.map,
        "hash": shape.hash,
        "spread": shape.spread,
        "request_time": shape.request_time,
        "fold_paths": shape.fold_paths,
    }))
}
