//! `gameday blind`: how often the diagnosis is right, on incidents drawn at random that nobody has seen.

use super::{
    Done,
    output::{Stdout, note, print},
    progress::Tally,
    which::shell_word,
};
use crate::{
    config::Refusal,
    experiments::blind::{self, Captured, Command, Diagnoser, Options},
    report,
};
use clap::Args;
use rayon::prelude::*;
use std::{path::PathBuf, process::ExitCode};

#[derive(Args)]
pub struct BlindArgs {
    /// How many noticeable incidents; for each four of them a healthy run is drawn as well.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(0..=10_000_000))]
    count: u64,
    /// Healthy runs alone, of all kinds of services: how often there is a false alarm.
    #[arg(long, value_name = "N", conflicts_with = "count", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    healthy: Option<u64>,
    /// Seed of all draws.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Only these families (`Q24`) and causes, with commas between them.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    family: Vec<String>,
    /// Only the case of this number: what was drawn, and what is said of it.
    #[arg(long, value_name = "K", conflicts_with_all = ["count", "json"])]
    only: Option<u64>,
    /// Captured traffic, in half of the draws; may be given again.
    #[arg(long, value_name = "FILE")]
    trace: Vec<PathBuf>,
    /// Ask this command too; it is given the folder of the recording (CSV), and prints its ranked causes as JSON. May be given again.
    #[arg(long, value_name = "COMMAND")]
    diagnoser: Vec<String>,
    /// Ask the two baselines too: by z-scores, and in the manner of BARO.
    #[arg(long)]
    baselines: bool,
    /// Folder for blind.json, confusion.csv, confusion.png, struck.csv and misses.csv; with --only, for incident.toml.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print results as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit code 0 whatever comes out: it is a measurement.
pub fn run(args: &BlindArgs, out: &mut Stdout) -> Done {
    let mut diagnosers = vec![Diagnoser::Ours];
    if args.baselines {
        diagnosers.extend([Diagnoser::ZScore, Diagnoser::Baro]);
    }
    for line in &args.diagnoser {
        diagnosers.push(Diagnoser::Command(Command::parse(line)?));
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let traces = args
        .trace
        .iter()
        .map(|path| Captured::read(&absolute(path)));
    let traces = traces.collect::<Result<Vec<_>, Refusal>>()?;
    let options = Options {
        seed: args.seed,
        only: args.family.clone(),
        traces,
        healthy: args.healthy.is_some(),
    };
    blind::kinds(&options.only)?;
    if let Some(number) = args.only {
        return one(&options, &diagnosers, number, args, out);
    }
    let total = args.healthy.unwrap_or(args.count + args.count / 4);
    let tally = Tally::of("blind", total, "runs");
    let done: Result<Vec<_>, Refusal> = (0..total)
        .into_par_iter()
        .map(|number| {
            let done = blind::case(&options, &diagnosers, number);
            tally.more(1);
            done
        })
        .collect();
    drop(tally);
    let names: Vec<String> = diagnosers.iter().map(|d| d.name().to_string()).collect();
    let summary = blind::summarise(&names, &done?);
    let again = again(args);
    if let Some(folder) = &args.out {
        report::blind::write_all(&summary, &again, folder)?;
    }
    let text = match args.json {
        true => report::blind::json(&summary),
        false => report::blind::render(&summary, &again),
    };
    print(out, &text)?;
    if let Some(folder) = &args.out {
        note!("in {}", folder.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The command that draws the same cases again.
fn again(args: &BlindArgs) -> String {
    let mut again = format!("gameday blind --seed {}", args.seed);
    if let Some(n) = args.healthy {
        again += &format!(" --healthy {n}");
    }
    if !args.family.is_empty() {
        again += &format!(" --family {}", args.family.join(","));
    }
    for trace in &args.trace {
        again += &format!(" --trace {}", shell_word(&trace.display().to_string()));
    }
    again
}

/// One case in full: its file, what is true, and what each diagnoser says.
fn one(
    options: &Options,
    diagnosers: &[Diagnoser],
    number: u64,
    args: &BlindArgs,
    out: &mut Stdout,
) -> Done {
    let done = blind::case(options, diagnosers, number)?;
    let Some(case) = done.case else {
        print(
            out,
            &format!("none of {} draws hurt anybody\n", blind::DRAWS),
        )?;
        return Ok(ExitCode::SUCCESS);
    };
    let seen = blind::seen(options, number, case.redrawn)?;
    if let Some(folder) = &args.out {
        let fails =
            |e: std::io::Error| Refusal::file(folder.display(), format!("cannot be written: {e}"));
        std::fs::create_dir_all(folder).map_err(fails)?;
        std::fs::write(folder.join("incident.toml"), &seen.file).map_err(fails)?;
    }
    print(
        out,
        &report::blind::one(&case, diagnosers, &seen, out.styled),
    )?;
    Ok(ExitCode::SUCCESS)
}
