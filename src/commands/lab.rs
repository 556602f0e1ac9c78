//! `gameday lab`: experiments that are no replay of an incident, or more than one.

use super::{
    Done,
    output::{Stdout, print},
};
use crate::{
    config::{Count, Node, Read, Refusal, Source},
    experiments::structures,
};
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Args)]
pub struct LabArgs {
    #[command(subcommand)]
    lab: Lab,
}

#[derive(Subcommand)]
enum Lab {
    /// Which data structure holds the p95 that an operation may cost, on this machine. Exits with 1 when at some size none does.
    Structures(StructuresArgs),
}

#[derive(Args)]
struct StructuresArgs {
    /// Live entries, such as 1k,10k,100k.
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<String>,
    /// Keys that one request asks for.
    #[arg(long)]
    batch: Option<usize>,
    /// Batches measured for each candidate and size.
    #[arg(long)]
    samples: Option<usize>,
    /// Zipf exponent of the keys; 0 is uniform.
    #[arg(long)]
    exponent: Option<f64>,
    /// Time that a batch may take at its p95, such as lookup=1.5ms,top-k=4ms.
    #[arg(long, default_value = "")]
    budget: String,
    /// Seed of the keys.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn run(args: &LabArgs, out: &mut Stdout) -> Done {
    match &args.lab {
        Lab::Structures(args) => structures(args, out),
    }
}

/// A count as people write it.
fn count(text: &str) -> Result<usize, Refusal> {
    let toml = format!("size = \"{}\"", text.trim().escape_default());
    let file = Node::parse(&Source::new("--sizes", toml))?;
    let count = match file.get("size") {
        Some(node) => Count::read(node)?,
        None => Count(0),
    };
    Ok(usize::try_from(count.0).unwrap_or(usize::MAX))
}

fn structures(args: &StructuresArgs, out: &mut Stdout) -> Done {
    let mut options = structures::Options::default();
    if !args.sizes.is_empty() {
        options.sizes = args
            .sizes
            .iter()
            .map(|s| count(s))
            .collect::<Result<_, _>>()?;
    }
    options.batch = args.batch.unwrap_or(options.batch);
    options.samples = args.samples.unwrap_or(options.samples);
    options.exponent = args.exponent.unwrap_or(options.exponent);
    options.seed = args.seed.unwrap_or(options.seed);
    options.set_budgets(&args.budget)?;
    #[expect(
        clippy::disallowed_types,
        reason = "the lab measures this machine, outside of any run"
    )]
    let start = std::time::Instant::now();
    let mut clock = || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let rows = structures::run(&options, &mut clock)?;
    print(out, &structures::render(&rows, &options))?;
    let none = structures::Operation::ALL.iter().any(|&operation| {
        let verdict = |&size: &usize| structures::verdict(&rows, operation, size).is_none();
        options.sizes.iter().any(verdict)
    });
    Ok(ExitCode::from(u8::from(none)))
}
