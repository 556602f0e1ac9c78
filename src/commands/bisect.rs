//! `gameday bisect`: what of an incident it takes for a gate to be breached, and how much of the harm is whose.

use super::{
    Done,
    output::{Stdout, print},
    progress::Tally,
    which::WhichArgs,
};
use crate::{
    config::{At, Refusal, Source, parse_nanos},
    experiments::bisect::{self, Question},
    incident::Registries,
    report::bisect as report,
};
use clap::Args;
use std::{process::ExitCode, sync::OnceLock};

#[derive(Args)]
pub struct BisectArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The gate: its name in the file, or a condition such as "latency.p95 < 1.2x baseline"; without, the first that is breached.
    #[arg(long, value_name = "GATE")]
    gate: Option<String>,
    /// A setting that might have been otherwise, such as service.call.retry.max=0: one more item beside the timeline.
    #[arg(long, value_name = "PATH=VALUE")]
    otherwise: Vec<String>,
    /// Leave out what controls of the file's actions would have set.
    #[arg(long)]
    no_actions: bool,
    /// When things are withdrawn; without, half through the time in which the gate is broken.
    #[arg(long, value_name = "TIME")]
    withdrawn_at: Option<String>,
    /// Replay every set of up to so many items.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=16))]
    exact: u8,
    /// Of more items, draw so many orders in which they come.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    samples: u64,
    /// Print an object as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit code 0: this is no judgement.
pub fn run(args: &BisectArgs, out: &mut Stdout) -> Done {
    if args.which.variant.as_deref() == Some("all") {
        return Err(Refusal::new("one variant at a time").help("--variant NAME"));
    }
    let registries = Registries::builtin();
    let incident = args
        .which
        .read(args.which.variant.as_deref(), &registries)?;
    let withdrawn_at = args.withdrawn_at.as_deref().map(time).transpose()?;
    let question = Question {
        gate: args.gate.clone(),
        otherwise: args.otherwise.clone(),
        actions: !args.no_actions,
        withdrawn_at,
        exact: usize::from(args.exact),
        samples: args.samples,
    };
    let tally: OnceLock<Tally> = OnceLock::new();
    let done = |n: u64, of: u64| {
        tally
            .get_or_init(|| Tally::of(&incident.label(), of, "replays"))
            .more(n);
    };
    let bisection = bisect::bisect(&incident, &question, &registries, &done)?;
    drop(tally);
    let reproduce = args.which.again("bisect", &incident);
    let text = match args.json {
        true => {
            let mut json = serde_json::json!({ "schema": 1, "bisection": bisection });
            json["reproduce"] = serde_json::json!(reproduce);
            format!("{json:#}\n")
        }
        false => report::render(&bisection, out.styled),
    };
    print(out, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn time(text: &str) -> Result<u64, Refusal> {
    parse_nanos(text).ok_or_else(|| {
        let at = At::whole(&Source::new("--withdrawn-at", text));
        Refusal::at(&at, "this is no time").help("from the start of the trace, such as 9m")
    })
}
