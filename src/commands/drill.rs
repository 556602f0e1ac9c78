//! `gameday drill`: a game day of many draws, spread over all cores, without a control and with it.

use super::{
    Done,
    output::{Stdout, print},
    progress::Tally,
    which::WhichArgs,
};
use crate::{
    config::{Node, Percent, Read, Refusal, Source, Span, show_nanos, suggestion},
    experiments::recurrence::{self, Outcome, Summary},
    incident::{GameDay, Incident, MOST_DRAWS, Registries},
};
use clap::Args;
use rayon::prelude::*;
use std::process::ExitCode;

#[derive(Args)]
pub struct DrillArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// How often it is drawn; without, as [gameday] says, or 20 times.
    #[arg(long)]
    draws: Option<u64>,
    /// Up to which share of the trace everything starts later, such as 10%; without, as [gameday] says, or 0%.
    #[arg(long, value_name = "SHARE")]
    shift: Option<String>,
    /// A control that stands from the start in a second series of the same draws: a dotted path, such as service.call.retry.budget=10%, or the name of an [[action]] of the file.
    #[arg(long, value_name = "PATH=VALUE|ACTION")]
    control: Vec<String>,
    /// Recovery time that the 90th percentile of breached draws must not exceed; without, as [gameday] says.
    #[arg(long, value_name = "TIME")]
    objective: Option<String>,
    /// A value that is drawn anew each time: a dotted path with a range, such as trace.load=[0.9,1.2]; with those of [gameday].
    #[arg(long, value_name = "PATH=[FROM,TO]")]
    vary: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn read<T: Read>(flag: &str, text: &str) -> Result<T, Refusal> {
    let source = Source::new(flag, format!("\"{}\"", text.escape_default()));
    T::read(&Node::parse_value(&source)?)
}

/// What is drawn, from the file and the command line, which has the last word.
struct Days {
    draws: u64,
    shift: f64,
    objective: Option<u64>,
    vary: GameDay,
}

/// What stands from the start in the second series.
#[derive(Default)]
struct Controls {
    set: Vec<String>,
    actions: Vec<usize>,
}

pub fn run(args: &DrillArgs, out: &mut Stdout) -> Done {
    if let Some(draws) = args.draws.filter(|&d| d == 0 || d > MOST_DRAWS) {
        return Err(
            Refusal::new(format!("--draws {draws} is no number of draws"))
                .help(format!("write one from 1 to {MOST_DRAWS}")),
        );
    }
    let registries = Registries::builtin();
    let incident = args
        .which
        .read(args.which.variant.as_deref(), &registries)?;
    let days = days(args, &incident)?;
    let controls = controls(args, &incident)?;
    let of = days.draws * if controls.is_some() { 2 } else { 1 };
    let tally = Tally::of(&incident.label(), of, "draws");
    let before = series(args, &days, &Controls::default(), &tally)?;
    let after = match &controls {
        None => None,
        Some(controls) => Some(series(args, &days, controls, &tally)?),
    };
    drop(tally);
    let objective = days.objective;
    if args.json {
        let json = serde_json::json!({ "before": before, "after": after, "objective": objective });
        print(out, &format!("{json:#}\n"))?;
    } else {
        print(out, &recurrence::render("as it is", &before))?;
        if let Some(after) = &after {
            print(out, &recurrence::render("with the control", after))?;
        }
    }
    // What counts is the set-up that was asked for: with the control, where there is one.
    let last = after.as_ref().unwrap_or(&before);
    let met = objective.is_none_or(|o| last.breached == 0 || last.p90.is_some_and(|t| t <= o));
    if let (Some(objective), false) = (objective, args.json) {
        let word = if met { "met" } else { "missed" };
        print(
            out,
            &format!("objective        {}: {word}\n", show_nanos(objective)),
        )?;
    }
    Ok(ExitCode::from(u8::from(!met)))
}

fn days(args: &DrillArgs, incident: &Incident) -> Result<Days, Refusal> {
    let of_file = incident.game_day.as_ref();
    let shift: Option<Percent> = args
        .shift
        .as_deref()
        .map(|t| read("--shift", t))
        .transpose()?;
    let objective: Option<Span> = args
        .objective
        .as_deref()
        .map(|text| read("--objective", text))
        .transpose()?;
    let mut vary = GameDay::of_arguments(&args.vary)?;
    // The file's come first, so that its draws stay what they are when more are asked for.
    let own = std::mem::take(&mut vary.vary);
    let replaced = |path: &str| own.iter().any(|v| v.path == path);
    let of_file_vary = of_file.map_or(&[][..], |d| &d.vary).iter();
    vary.vary = of_file_vary
        .filter(|v| !replaced(&v.path))
        .cloned()
        .collect();
    vary.vary.extend(own);
    Ok(Days {
        draws: args.draws.or(of_file.map(|d| d.draws)).unwrap_or(20),
        shift: shift
            .map(|s| s.0)
            .or(of_file.map(|d| d.shift))
            .unwrap_or(0.0),
        objective: objective.map(|o| o.0).or(of_file.and_then(|d| d.objective)),
        vary,
    })
}

/// Controls by path, and actions by name.
fn controls(args: &DrillArgs, incident: &Incident) -> Result<Option<Controls>, Refusal> {
    let mut controls = Controls::default();
    for control in &args.control {
        let known = incident.actions.iter().position(|a| a.name == *control);
        match known {
            Some(i) if incident.actions[i].control.is_none() => {
                let message = format!("the action \"{control}\" has no control");
                return Err(Refusal::new(message).help("give it control = { set = { ... } }"));
            }
            Some(i) => controls.actions.push(i),
            None if control.contains('=') => controls.set.push(control.clone()),
            None => {
                let names = incident.actions.iter().map(|a| a.name.as_str());
                let message = format!("--control {control}: this is no path=value, and no action");
                return Err(Refusal::new(message).help(suggestion(control, names)));
            }
        }
    }
    Ok(Some(controls).filter(|_| !args.control.is_empty()))
}

/// All draws with these controls in place; in order, however they were spread.
fn series(
    args: &DrillArgs,
    days: &Days,
    controls: &Controls,
    tally: &Tally,
) -> Result<Summary, Refusal> {
    let base = args.which.shape.seed.unwrap_or(1);
    let outcomes: Result<Vec<Outcome>, Refusal> = (0..days.draws)
        .into_par_iter()
        .map(|draw| {
            let registries = Registries::builtin();
            let (seed, by) = recurrence::drawn(base, draw, days.shift);
            // What is drawn is how the world is; a control has the last word.
            let drawn = days.vary.drawn(base, draw);
            let set = [&drawn[..], &controls.set[..]].concat();
            let incident = args.which.read_with(&set, Some(seed), &registries)?;
            let outcome = recurrence::replay(&incident, &controls.actions, by, &registries);
            tally.more(1);
            outcome
        })
        .collect();
    Ok(recurrence::summarise(&outcomes?))
}
