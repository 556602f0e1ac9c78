//! `gameday diagnose`: what broke, since when and why, from a recording in a folder; ours or somebody's own export.

use super::{
    Done,
    output::{Stdout, print},
};
use crate::{config::Refusal, diagnosis, recording::files, report::text};
use clap::{Args, ValueEnum};
use std::{path::PathBuf, process::ExitCode};

#[derive(Args)]
pub struct DiagnoseArgs {
    /// A folder with requests.parquet, requests.csv or requests.jsonl; the columns are listed in docs/recording.md.
    pub recording: PathBuf,
    /// What is printed.
    #[arg(long, visible_alias = "format", value_enum, default_value = "text")]
    pub print: Print,
}

/// What is printed on standard output.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum Print {
    /// For people.
    Text,
    /// The object `diagnosis` of summary.json.
    Json,
}

/// Exit code 0 whether there is an incident or not: gates are for judging.
pub fn run(args: &DiagnoseArgs, out: &mut Stdout) -> Done {
    let recording = files::load(&args.recording)?;
    let diagnosis = diagnosis::diagnose(&recording);
    let text = match args.print {
        Print::Text => text::of_diagnosis(&diagnosis, out.styled),
        Print::Json => {
            let json = serde_json::to_string_pretty(&diagnosis)
                .map_err(|e| Refusal::new(format!("the diagnosis is no JSON: {e}")))?;
            json + "\n"
        }
    };
    print(out, &text)?;
    Ok(ExitCode::SUCCESS)
}
