//! The command line: one file a subcommand; arguments are checked, one call is made, its answer is printed.
//!
//! Exit codes: 0 done (and, where gates count, all of them pass), 1 a gate is breached or had no data, 2 bad input.

mod against;
mod bisect;
mod blind;
mod compare;
mod contract;
mod diagnose;
mod drill;
mod export;
mod find;
mod gate;
mod lab;
mod lint;
mod list;
mod merge;
mod older;
mod output;
mod plan;
mod profile;
mod progress;
mod recorded;
mod replay;
mod report;
mod reveal;
mod riddle;
mod schema;
mod seal;
mod step_summary;
mod sweep;
pub mod trace;
mod verify;
mod which;

use crate::config::Refusal;
use clap::{Parser, Subcommand};
use output::note;
use std::{io::Write, process::ExitCode};

/// Replay traffic through a backend in virtual time; say what broke, why, and what fixes it.
#[derive(Parser)]
#[command(name = "gameday", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const PROFILED: &str =
    "An incident: its name, or the path of its file; or the folder of a recording, with --at";
const EITHER: &str = "An incident: its name, or the path of its file; or the folder of a recording";
const VERIFIED: &str =
    "An incident: its name, or the path of its file; or `theory`, for the engine";

const SWEPT: &str = "A path with its values: one for all runs (PATH=1m), a list (PATH=1,2,3), a range with both ends (PATH=10..200:10), or by a factor (PATH=10ms..1s:*2)";

#[derive(Subcommand)]
enum Command {
    /// Replay an incident and report on it.
    Replay(replay::ReplayArgs),
    /// Replay an incident and exit with 1 when a gate is breached: what CI calls.
    #[command(
        mut_arg("gate", |arg| arg.hide(true)),
        mut_arg("incident", |arg| arg.value_name("INCIDENT|RECORDING").help(EITHER)),
        mut_arg("out", |arg| arg.help("Folder of reports; without, none is written")),
        mut_arg("no_report", |arg| arg.hide(true)),
        mut_arg("blind", |arg| arg.hide(true)),
    )]
    Gate(gate::GateArgs),
    /// Say what the riddle of `replay --blind` was, and what an answer to it is worth.
    Reveal(reveal::RevealArgs),
    /// Compare two recordings, incidents or stretches: what got worse, beyond chance and beyond what matters.
    Compare(compare::CompareArgs),
    /// Diagnose a recording: one that was saved, or your own export.
    Diagnose(diagnose::DiagnoseArgs),
    /// How often the diagnosis is right: incidents drawn at random, replayed, diagnosed and scored against what is known of them.
    Blind(blind::BlindArgs),
    /// Check the engine against theory, or that an incident replays to the same bytes.
    #[command(
        mut_arg("incident", |arg| arg.value_name("INCIDENT|theory").help(VERIFIED)),
        mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")),
    )]
    Verify(verify::VerifyArgs),
    /// Draw an incident again and again: how often it breaches its gates, and how long it takes to recover.
    #[command(mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")))]
    Drill(drill::DrillArgs),
    /// Replay an incident over a grid of settings, each under several seeds: what to set something to.
    #[command(
        mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")),
        mut_arg("set", |arg| arg.value_name("PATH=VALUES").help(SWEPT)),
    )]
    Sweep(sweep::SweepArgs),
    /// Put the shards of a sweep together.
    Merge(merge::MergeArgs),
    /// What an incident teaches: its course, fault tree and reach, the controls to pay for first, and a gate for each cause.
    #[command(mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")))]
    Plan(plan::PlanArgs),
    /// What of an incident it takes for a gate to be breached, and how much of the harm is whose: had it never happened, and had it been withdrawn.
    #[command(mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")))]
    Bisect(bisect::BisectArgs),
    /// Say where CPU went, before an incident and while it lasts: folded stacks and flame graphs.
    #[command(mut_arg("incident", |arg| arg.help(PROFILED)))]
    Profile(profile::ProfileArgs),
    /// Turn a run, or the folder of a recording, into other tools' formats: Perfetto, OpenMetrics, folded stacks.
    #[command(
        mut_arg("incident", |arg| arg.help(EITHER)),
        mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")),
    )]
    Export(export::ExportArgs),
    /// A page over the reports of a folder.
    Report(report::ReportArgs),
    /// Look at, convert and generate traces.
    Trace(trace::TraceArgs),
    /// Contracts of parsers: what producers send, without its values, as cases that a parser is checked by.
    Contract(contract::ContractArgs),
    /// Experiments beside incidents: data structures on this machine, memory over a soak.
    Lab(lab::LabArgs),
    /// Say what the contract of an incident or a recording leaves unseen; exit with 1 when there is something.
    Lint(lint::LintArgs),
    /// List incidents, causes, indicators, components or faults.
    List(list::ListArgs),
    /// Print the JSON Schema of incident files, or of summary.json, or the reference page with every field.
    Schema(schema::SchemaArgs),
}

/// What a command comes to.
type Done = Result<ExitCode, Refusal>;

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = output::Stdout::new();
    let done = match &cli.command {
        Command::Replay(args) => replay::run(args, None, &mut out),
        Command::Gate(args) => gate::run(args, &mut out),
        Command::Reveal(args) => reveal::run(args, &mut out),
        Command::Compare(args) => compare::run(args, &mut out),
        Command::Diagnose(args) => diagnose::run(args, &mut out),
        Command::Blind(args) => blind::run(args, &mut out),
        Command::Verify(args) => verify::run(args, &mut out),
        Command::Drill(args) => drill::run(args, &mut out),
        Command::Sweep(args) => sweep::run(args, &mut out),
        Command::Merge(args) => merge::run(args, &mut out),
        Command::Plan(args) => plan::run(args, &mut out),
        Command::Bisect(args) => bisect::run(args, &mut out),
        Command::Profile(args) => profile::run(args, &mut out),
        Command::Export(args) => export::run(args, &mut out),
        Command::Report(args) => report::run(args, &mut out),
        Command::Trace(args) => trace::run(args, &mut out).map(|()| ExitCode::SUCCESS),
        Command::Contract(args) => contract::run(args, &mut out),
        Command::Lab(args) => lab::run(args, &mut out),
        Command::Lint(args) => lint::run(args, &mut out),
        Command::List(args) => list::run(args, &mut out),
        Command::Schema(args) => schema::run(args, &mut out),
    };
    let flushed = out.flush();
    match (done, flushed) {
        (Ok(code), Ok(())) => code,
        (Ok(_), Err(error)) => refuse(&Refusal::new(format!(
            "cannot write to standard output: {error}"
        ))),
        (Err(refusal), _) => refuse(&refusal),
    }
}

fn refuse(refusal: &Refusal) -> ExitCode {
    note!("{refusal}");
    ExitCode::from(2)
}
