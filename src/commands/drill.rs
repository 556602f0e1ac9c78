//! `gameday drill`: a game day of many draws, spread over all cores, without a control and with it.

use super::{
    Done,
    output::{Stdout, print},
    which::WhichArgs,
};
use crate::{
    config::{Node, Percent, Read, Refusal, Source, Span, show_nanos},
    experiments::recurrence::{self, Outcome, Summary},
    incident::Registries,
};
use clap::Args;
use rayon::prelude::*;
use std::process::ExitCode;

/// Draws at most: each is a whole replay, and their outcomes are kept.
const MOST: u64 = 100_000;

#[derive(Args)]
pub struct DrillArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// How often it is drawn.
    #[arg(long, default_value_t = 20)]
    draws: u64,
    /// Up to which share of the trace everything starts later, such as 10%.
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    shift: String,
    /// A control that stands from the start in a second series of the same draws: a dotted path, such as service.call.retry.budget=10%.
    #[arg(long, value_name = "PATH=VALUE")]
    control: Vec<String>,
    /// Recovery time that the 90th percentile of breached draws must not exceed.
    #[arg(long, value_name = "TIME")]
    objective: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn read<T: Read>(flag: &str, text: &str) -> Result<T, Refusal> {
    let source = Source::new(flag, format!("\"{}\"", text.escape_default()));
    T::read(&Node::parse_value(&source)?)
}

pub fn run(args: &DrillArgs, out: &mut Stdout) -> Done {
    if args.draws == 0 || args.draws > MOST {
        return Err(
            Refusal::new(format!("--draws {} is no number of draws", args.draws))
                .help(format!("write one from 1 to {MOST}")),
        );
    }
    let shift: Percent = read("--shift", &args.shift)?;
    let objective: Option<Span> = args
        .objective
        .as_deref()
        .map(|text| read("--objective", text))
        .transpose()?;
    let before = series(args, shift.0, &[])?;
    let after = match args.control.as_slice() {
        [] => None,
        control => Some(series(args, shift.0, control)?),
    };
    if args.json {
        let json = serde_json::json!({ "before": before, "after": after, "objective": objective.map(|o| o.0) });
        print(out, &format!("{json:#}\n"))?;
    } else {
        print(out, &recurrence::render("as it is", &before))?;
        if let Some(after) = &after {
            print(out, &recurrence::render("with the control", after))?;
        }
    }
    // What counts is the set-up that was asked for: with the control, where there is one.
    let last = after.as_ref().unwrap_or(&before);
    let met = objective.is_none_or(|o| last.breached == 0 || last.p90.is_some_and(|t| t <= o.0));
    if let (Some(objective), false) = (objective, args.json) {
        let word = if met { "met" } else { "missed" };
        print(
            out,
            &format!("objective        {}: {word}\n", show_nanos(objective.0)),
        )?;
    }
    Ok(ExitCode::from(u8::from(!met)))
}

/// All draws with these settings laid over the incident; in order, however they were spread.
fn series(args: &DrillArgs, shift: f64, control: &[String]) -> Result<Summary, Refusal> {
    let base = args.which.shape.seed.unwrap_or(1);
    let outcomes: Result<Vec<Outcome>, Refusal> = (0..args.draws)
        .into_par_iter()
        .map(|draw| {
            let registries = Registries::builtin();
            let (seed, by) = recurrence::drawn(base, draw, shift);
            let mut incident = args.which.read_with(control, Some(seed), &registries)?;
            recurrence::shift(&mut incident, by)?;
            recurrence::replay(&incident, &registries)
        })
        .collect();
    Ok(recurrence::summarise(&outcomes?))
}
