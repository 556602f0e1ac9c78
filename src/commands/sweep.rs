//! `gameday sweep`: an incident over a grid of settings, each under several seeds, on all cores: what to set something to. A
//! part of it with `--shard K/N`, to be put together with `gameday merge`.

use super::{
    Done, find,
    output::{Stdout, note, print},
    progress::Tally,
    which::WhichArgs,
};
use crate::{
    config::Refusal,
    experiments::sweep::{self, Base, Did, Plan, Shard},
    report,
};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct SweepArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Under how many seeds each point is replayed: the incident's own and those that follow it, the same at every point.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seeds: u64,
    #[command(flatten)]
    goals: Goals,
    /// Only every N-th run, beginning at run K: shards are counted from 0, so `0/16` to `15/16`. Put together by `gameday merge`.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// The folder of the plan, the shards and the results; without, sweeps/INCIDENT. What is in it already is not run again.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print results as JSON.
    #[arg(long)]
    json: bool,
}

/// `--minimize` and `--maximize` in the order in which they were written: the first one counts most.
pub struct Goals(Vec<(bool, String)>);

const WAYS: [(&str, bool, &str); 2] = [
    (
        "minimize",
        true,
        "What is to be small: a quantity of the gates' language, such as \"latency.p95 during incident\", or a swept path, as a cost. The first goal counts most; without any, they are the quantities of the gates.",
    ),
    ("maximize", false, "What is to be large, in the same way."),
];

impl Args for Goals {
    fn augment_args(command: Command) -> Command {
        let arg = |(name, _, help): (&'static str, bool, &'static str)| {
            Arg::new(name)
                .long(name)
                .action(ArgAction::Append)
                .value_name("QUANTITY")
                .help(help)
        };
        command.args(WAYS.map(arg))
    }
    fn augment_args_for_update(command: Command) -> Command {
        Goals::augment_args(command)
    }
}

impl FromArgMatches for Goals {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Goals, clap::Error> {
        let mut all: Vec<(usize, bool, String)> = vec![];
        for (name, lower, _) in WAYS {
            let places = matches.indices_of(name).into_iter().flatten();
            let texts = matches.get_many::<String>(name).into_iter().flatten();
            all.extend(
                places
                    .zip(texts)
                    .map(|(place, text)| (place, lower, text.clone())),
            );
        }
        all.sort_by_key(|(place, ..)| *place);
        Ok(Goals(
            all.into_iter()
                .map(|(_, lower, text)| (lower, text))
                .collect(),
        ))
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Goals::from_arg_matches(matches)?;
        Ok(())
    }
}

pub fn run(args: &SweepArgs, out: &mut Stdout) -> Done {
    let shard = args.shard.as_deref().map(Shard::parse).transpose()?;
    let (path, text) = find::incident(&args.which.incident)?;
    let base = Base {
        path,
        text,
        overlay: args
            .which
            .overlay(args.which.variant.as_deref(), &[], args.which.shape.seed),
        overrides: args.which.shape.overrides(args.which.trace.clone()),
    };
    let goal = |(lower, text): &(bool, String)| {
        (
            if *lower { "--minimize" } else { "--maximize" },
            text.clone(),
            *lower,
        )
    };
    let goals: Vec<(&str, String, bool)> = args.goals.0.iter().map(goal).collect();
    let goals: Vec<(&str, &str, bool)> =
        goals.iter().map(|(a, t, l)| (*a, t.as_str(), *l)).collect();
    let plan = Plan::new(&base, &args.which.set, args.seeds, &goals)?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| Path::new("sweeps").join(&plan.incident));
    plan_in(&plan, &folder)?;
    let part = shard.unwrap_or(Shard::WHOLE);
    let runs = part.runs(plan.runs()).count() as u64;
    let tally = Tally::of(&plan.incident, runs, "runs");
    let did = sweep::make(&base, &plan, part, &folder, &|n| tally.more(n));
    drop(tally);
    let file = folder.join(part.file());
    match did? {
        Did::Skipped => note!("{} is there already", file.display()),
        Did::Replayed(n, 0) => note!("{n} runs"),
        Did::Replayed(n, before) => note!("{n} runs, {before} more were done before"),
    }
    if shard.is_some() {
        print(out, &format!("{}\n", file.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    conclude(&[file], &folder, args.json, out)
}

/// Merges shards, writes what they come to, and prints it.
pub(super) fn conclude(files: &[PathBuf], folder: &Path, json: bool, out: &mut Stdout) -> Done {
    let (plan, outcomes) = sweep::merge(files)?;
    let summary = sweep::summarise(&plan, &outcomes);
    let written = report::sweep::write_all(&summary, &outcomes, folder)?;
    let text = match json {
        true => report::sweep::json(&summary),
        false => report::sweep::render(&summary, out.styled),
    };
    print(out, &text)?;
    if !json {
        let names = written.iter().filter_map(|p| p.file_name());
        let names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        print(
            out,
            &format!("\nin {}: {}\n", folder.display(), names.join(", ")),
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts the plan into its folder, unless that has another one.
fn plan_in(plan: &Plan, folder: &Path) -> Result<(), Refusal> {
    let file = folder.join("plan.json");
    if let Ok(text) = std::fs::read_to_string(&file) {
        let there = serde_json::from_str(&text).ok();
        match there.as_ref().and_then(Plan::of_json) {
            Some(there) if there == *plan => return Ok(()),
            Some(there) => return Err(sweep::foreign(&file, &there, plan)),
            None => {
                return Err(Refusal::file(
                    file.display(),
                    "this is no plan of a sweep of this version",
                )
                .help("give another folder with --out, or move it away"));
            }
        }
    }
    sweep::place(folder, "plan.json", plan.file().as_bytes())
}
