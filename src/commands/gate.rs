//! `gameday gate`: what CI calls. An incident's gates, its committed baseline, or both, and an exit code.

use super::{
    Done,
    output::{Stdout, note},
    recorded,
    replay::{self, ReplayArgs},
};
use crate::{
    baseline::{self, Baseline, Movement, Of, TOLERANCE, Taken},
    config::{At, Node, Percent, Read, Refusal, Source, Value},
    gates::Gate,
    incident::{Incident, Run, stretches},
};
use clap::Args;
use std::path::{Path, PathBuf};

/// The folder of baselines where no file is named.
const FOLDER: &str = "baselines";

#[derive(Args)]
pub struct GateArgs {
    #[command(flatten)]
    pub run: ReplayArgs,
    /// Hold the run against a baseline too: nothing may be worse than in it by more than the tolerance, and it is what `reference` stands for in gates; in a folder, the file that is called like the incident. Of a recording: an older recording.
    #[arg(long, value_name = "FILE|FOLDER")]
    pub baseline: Option<PathBuf>,
    /// Write what the run comes to as the baseline; without --baseline, into baselines/.
    #[arg(long)]
    pub update_baseline: bool,
    /// By what share a quantity may be worse than in the baseline; without, 1%, and of a recording, beyond chance, 5%.
    #[arg(long, value_name = "SHARE")]
    pub tolerance: Option<String>,
    /// A further gate: a condition such as 'latency p(95) < 250ms', perhaps with a name: 'p95 = latency p(95) < 250ms'.
    #[arg(long, value_name = "[NAME =] CONDITION")]
    pub require: Vec<String>,
    /// Further gates, from the [gates] of a TOML file.
    #[arg(long, value_name = "FILE")]
    pub gates: Option<PathBuf>,
    /// Of a recording: when the incident began, such as 20m; what was before is `baseline` in gates. Without, all of it is one phase.
    #[arg(long, value_name = "TIME")]
    pub onset: Option<String>,
    /// Of a recording: when it was over.
    #[arg(long, value_name = "TIME", requires = "onset")]
    pub until: Option<String>,
}

/// What a run is held to besides its incident's gates, read before it begins.
#[derive(Default)]
pub struct Against {
    gates: Vec<Gate>,
    tolerance: Option<f64>,
    /// Where the baseline stands, or is to stand.
    place: Option<PathBuf>,
    update: bool,
}

pub fn run(args: &GateArgs, out: &mut Stdout) -> Done {
    let tolerance = match &args.tolerance {
        None => None,
        Some(text) => Some(share(text)?),
    };
    let mut gates = match &args.gates {
        None => vec![],
        Some(file) => gates_of(file)?,
    };
    for text in &args.require {
        gates.push(required(text, &gates)?);
    }
    let against = Against {
        gates,
        tolerance,
        place: args.baseline.clone(),
        update: args.update_baseline,
    };
    if recorded::is_recording(&args.run.which.incident) {
        return recorded::run(args, &against, out);
    }
    if args.onset.is_some() {
        return Err(
            Refusal::new("--onset is of a recording").help("a run knows when its timeline begins")
        );
    }
    replay::run(&args.run, Some(&against), out)
}

/// Reads a share such as 1% or 0.5%.
fn share(text: &str) -> Result<f64, Refusal> {
    let source = Source::new("--tolerance", format!("\"{}\"", text.escape_default()));
    let node = Node::parse_value(&source)?;
    let share = Percent::read(&node)?.0;
    if (0.0..1.0).contains(&share) {
        return Ok(share);
    }
    Err(node.wrong("a share from 0% to below 100%"))
}

/// The gates of a file.
pub fn gates_of(file: &Path) -> Result<Vec<Gate>, Refusal> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| Refusal::file(file.display(), format!("cannot be read: {e}")))?;
    let root = Node::parse(&Source::new(file.display().to_string(), text))?;
    let Some(gates) = root.get("gates") else {
        return Err(Refusal::file(file.display(), "has no [gates]")
            .help("write [gates] and under it: p95 = \"latency p(95) < 250ms\""));
    };
    let gate = |(name, entry): (&String, &crate::config::Entry)| Gate::parse(name, &entry.node);
    gates.table("[gates]")?.iter().map(gate).collect()
}

/// Reads a gate of the command line; the name before a single `=`, if there is one, is its own.
pub fn required(text: &str, others: &[Gate]) -> Result<Gate, Refusal> {
    let source = Source::new("--require", text);
    let named = text.split_once('=').filter(|(name, rest)| {
        let name = name.trim();
        let word = |c: char| c.is_alphanumeric() || "_-".contains(c);
        !name.is_empty() && name.chars().all(word) && !rest.starts_with('=')
    });
    let (name, condition) = match named {
        Some((name, condition)) => (name.trim().to_string(), condition),
        None => {
            let taken = |name: &String| others.iter().any(|g| g.name() == name);
            let names = (1..).map(|n| format!("required-{n}"));
            let mut free = names.skip_while(taken);
            (free.next().unwrap_or_default(), text)
        }
    };
    let start = text.len() - condition.trim_start().len();
    let at = At {
        range: start..start + condition.trim().len(),
        source,
    };
    let node = Node {
        value: Value::Text(condition.trim().to_string()),
        at,
    };
    Gate::parse(&name, &node)
}

impl Against {
    /// Its gates.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Whether the baseline is to be written.
    pub fn update(&self) -> bool {
        self.update
    }

    /// The share by which a quantity may be worse, if one was named.
    pub fn tolerance(&self) -> Option<f64> {
        self.tolerance
    }

    /// What --baseline names.
    pub fn place(&self) -> Option<&Path> {
        self.place.as_deref()
    }

    /// Where the baseline of a recording of this name stands, which is a recording itself.
    pub fn place_of_recording(&self, name: &str) -> PathBuf {
        match &self.place {
            Some(place) if place.is_dir() && !recorded::is_recording(&place.to_string_lossy()) => {
                place.join(name)
            }
            Some(place) => place.clone(),
            None => Path::new(FOLDER).join(name),
        }
    }

    /// Adds its gates to those of an incident; one of the same name takes its place.
    pub fn add_gates(&self, incident: &mut Incident) {
        for gate in &self.gates {
            incident.gates.retain(|g| g.name() != gate.name());
            incident.gates.push(gate.clone());
        }
    }

    /// The file of this incident's baseline.
    fn file(&self, incident: &Incident, variant: Option<&str>, several: bool) -> Option<PathBuf> {
        let name = match variant {
            Some(variant) => format!("{}-{variant}.json", incident.name),
            None => format!("{}.json", incident.name),
        };
        match &self.place {
            Some(place) if several || place.is_dir() => Some(place.join(name)),
            Some(place) => Some(place.clone()),
            None => self.update.then(|| Path::new(FOLDER).join(name)),
        }
    }

    /// The baseline to hold a run against, with where it stands. What is to be written need not be there yet.
    ///
    /// # Errors
    /// A file that cannot be read, or is no baseline.
    pub fn read(
        &self,
        incident: &Incident,
        variant: Option<&str>,
        several: bool,
    ) -> Result<Option<Held>, Refusal> {
        if let Some(place) = &self.place
            && recorded::is_recording(&place.to_string_lossy())
        {
            return Err(Refusal::file(
                place.display(),
                "is a recording, and a run is held against the baseline of a run",
            )
            .help(format!(
                "gameday compare {} {}",
                place.display(),
                incident.name
            )));
        }
        let Some(path) = self.file(incident, variant, several) else {
            return Ok(None);
        };
        let held = match path.exists() {
            false if self.update => None,
            false => {
                return Err(
                    Refusal::file(path.display(), "there is no such baseline").help(format!(
                        "write it: gameday gate {} --update-baseline --baseline {}",
                        incident.name,
                        path.display()
                    )),
                );
            }
            true if self.update => baseline::read(&path).ok(),
            true => Some(baseline::read(&path)?),
        };
        Ok(Some(Held {
            path,
            baseline: held,
            tolerance: self.tolerance.unwrap_or(TOLERANCE),
            update: self.update,
        }))
    }
}

/// A baseline, and where it stands.
pub struct Held {
    path: PathBuf,
    baseline: Option<Baseline>,
    tolerance: f64,
    update: bool,
}

impl Held {
    /// Whether it is written anew, and nothing is held against it.
    pub fn update(&self) -> bool {
        self.update
    }

    /// What `reference` stands for.
    pub fn reference(
        &self,
        gates: &[Gate],
        phase: &str,
    ) -> Option<indexmap::IndexMap<String, f64>> {
        Some(self.baseline.as_ref()?.reference(gates, phase))
    }

    /// Holds a run against it, or writes it.
    ///
    /// # Errors
    /// A baseline of other traffic, a file that cannot be written.
    pub fn settle(
        &self,
        incident: &Incident,
        variant: Option<&str>,
        trace: &str,
        run: &Run,
    ) -> Result<Option<Movement>, Refusal> {
        let phases = stretches(&run.truth);
        let now = Baseline::take(Taken {
            of: Of {
                incident: incident.name.clone(),
                variant: variant.map(str::to_string),
                seed: incident.seed,
                trace: trace.to_string(),
                length: run.watched.windows.all().end,
            },
            digest: run.digest.to_string(),
            phases: &phases,
            watched: &run.watched,
            scalars: &run.scalars,
            gates: &incident.gates,
        });
        let path = self.path.display().to_string();
        let moved = self
            .baseline
            .as_ref()
            .map(|was| was.moved(&now, &incident.gates, self.tolerance, &path));
        if self.update {
            baseline::write(&now, &self.path)?;
            note!("baseline   {path}");
            // What it was of is no matter any more.
            return Ok(moved.and_then(Result::ok));
        }
        moved.transpose().map_err(|why| {
            Refusal::file(&path, format!("this baseline is of other traffic: {why}"))
                .help("runs of the same incident, variant, seed and trace are held against each other; --update-baseline writes it anew")
        })
    }
}
