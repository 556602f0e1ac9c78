//! `gameday gate`: what CI calls. An incident's gates, its committed baseline, or both, and an exit code.

use super::{
    Done,
    against::Against,
    find::is_recording,
    output::Stdout,
    recorded::{self, Asked},
    replay::{self, ReplayArgs},
};
use crate::{
    config::{At, Node, Percent, Read, Refusal, Source, Value},
    gates::Gate,
};
use clap::Args;
use std::path::{Path, PathBuf};

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

pub fn run(args: &GateArgs, out: &mut Stdout) -> Done {
    if args.run.blind {
        return Err(
            Refusal::new("--blind is of replay: a gate says what an incident is about")
                .help("gameday replay INCIDENT --blind"),
        );
    }
    let of_recording = is_recording(&args.run.which.incident);
    let tolerance = match &args.tolerance {
        None => None,
        Some(_) if args.baseline.is_none() && !args.update_baseline => {
            return Err(Refusal::new("--tolerance is of a baseline")
                .help("name one with --baseline; gates have bounds of their own"));
        }
        Some(text) => Some(share(text, of_recording)?),
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
    if of_recording {
        return recorded::run(
            &Asked {
                run: &args.run,
                onset: args.onset.as_deref(),
                until: args.until.as_deref(),
            },
            &against,
            out,
        );
    }
    if args.onset.is_some() {
        return Err(
            Refusal::new("--onset is of a recording").help("a run knows when its timeline begins")
        );
    }
    replay::run(&args.run, Some(&against), out)
}

/// Reads a share such as 1% or 0.5%. Against chance nothing is without any: there it is above 0%.
fn share(text: &str, beyond_chance: bool) -> Result<f64, Refusal> {
    let source = Source::new("--tolerance", format!("\"{}\"", text.escape_default()));
    let node = Node::parse_value(&source)?;
    let share = Percent::read(&node)?.0;
    match beyond_chance {
        false if (0.0..1.0).contains(&share) => Ok(share),
        true if share > 0.0 && share < 1.0 => Ok(share),
        false => Err(node.wrong("a share from 0% to below 100%")),
        true => Err(node.wrong("a share above 0% and below 100%, for a recording")),
    }
}

/// The gates of a file.
fn gates_of(file: &Path) -> Result<Vec<Gate>, Refusal> {
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
fn required(text: &str, others: &[Gate]) -> Result<Gate, Refusal> {
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
