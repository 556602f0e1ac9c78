//! `gameday diagnose`: what broke, since when and why, from a recording; ours or somebody's own export. With a second one, or an
//! onset, what is healthy is known and need not be found.

use super::{
    Done,
    output::{Stdout, print},
    recorded::time,
};
use crate::{
    config::{Refusal, show_nanos},
    diagnosis::{self, Diagnosis},
    recording::{Recording, files, join},
    report::text,
};
use clap::{Args, ValueEnum};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct DiagnoseArgs {
    /// A folder with requests.parquet, requests.csv or requests.jsonl, or such a file alone; the columns are listed in docs/recording.md.
    pub recording: PathBuf,
    /// A recording of the same service when it was well, at about the same traffic and exported in the same way: what RECORDING is compared with.
    #[arg(long, value_name = "RECORDING")]
    pub baseline: Option<PathBuf>,
    /// When the incident began at the earliest, since RECORDING's start, such as 20m: what was before is the baseline, and nothing before it is looked at.
    #[arg(long, value_name = "TIME")]
    pub onset: Option<String>,
    /// Up to when RECORDING is looked at; what came after is left out.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
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
    let diagnosis = diagnosed(args)?;
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

/// A recording with what is to be said of how it was read.
struct Read {
    recording: Recording,
    /// Whether it was made elsewhere.
    foreign: bool,
    remarks: Vec<String>,
}

fn read(path: &Path) -> Result<Read, Refusal> {
    let export = files::export(path)?;
    if export.recording.requests.is_empty() {
        return Err(Refusal::file(path.display(), "has no requests")
            .help("there is one line a request below the header, or one JSON object a request"));
    }
    let mut remarks = vec![];
    if export.start > 0 {
        remarks.push(format!(
            "times of {} count from its first request, which arrived at {} ns",
            path.display(),
            export.start
        ));
    }
    if !export.strange.is_empty() {
        remarks.push(format!(
            "columns of {} that have no meaning here were left alone: {} (docs/recording.md lists those that have)",
            path.display(),
            export.strange.join(", ")
        ));
    }
    Ok(Read {
        recording: export.recording,
        foreign: export.foreign,
        remarks,
    })
}

fn diagnosed(args: &DiagnoseArgs) -> Result<Diagnosis, Refusal> {
    let path = &args.recording;
    let mut incident = read(path)?;
    let onset = time("--onset", args.onset.as_deref(), &incident.recording)?;
    let until = time("--until", args.until.as_deref(), &incident.recording)?;
    if let (Some(onset), Some(until)) = (onset, until)
        && until <= onset
    {
        return Err(Refusal::new("--until is not after --onset"));
    }
    let mut remarks = std::mem::take(&mut incident.remarks);
    if let Some(until) = until {
        incident.recording = join::until(&incident.recording, until);
        remarks.push(format!(
            "what came after {} was not looked at, as --until says",
            show_nanos(until)
        ));
    }
    let (mut notes, mut foreign) = (vec![], incident.foreign);
    let (recording, healthy, begins) = match &args.baseline {
        None => (incident.recording, onset, 0),
        Some(baseline) => {
            let read = read_baseline(baseline, path, &incident.recording)?;
            foreign |= read.foreign;
            remarks.extend(read.remarks);
            let joined = joined(&read.recording, &incident.recording, baseline, path)?;
            notes.push(format!(
                "{} up to {}, and {} behind it, on one clock",
                baseline.display(),
                clock(joined.at),
                path.display()
            ));
            remarks.extend(assumed(&joined, path));
            // Of the incident's own clock, up to the onset that was told.
            let healthy = joined.at + onset.unwrap_or(0);
            (joined.recording, Some(healthy), joined.at)
        }
    };
    let mut diagnosis = match healthy {
        None => diagnosis::diagnose(&recording),
        Some(healthy) => {
            let alone = diagnosis::diagnose(&join::until(&recording, healthy));
            if alone.onset.is_some() {
                remarks.push(format!(
                    "the baseline is not healthy by itself, and what it shows is not in the answer: {}",
                    alone.summary
                ));
            }
            diagnosis::diagnose_from(&recording, healthy)
        }
    };
    if let Some(found) = diagnosis.onset.as_ref().filter(|_| begins > 0) {
        notes.push(format!(
            "on the clock of {} it began at {}",
            path.display(),
            clock(found.at.saturating_sub(begins))
        ));
    }
    if foreign {
        remarks.extend(diagnosis::narrowed(&recording));
    }
    diagnosis.notes.splice(0..0, notes);
    diagnosis.limits.extend(remarks);
    Ok(diagnosis)
}

/// hh:mm:ss, as the answer has its times.
fn clock(ns: u64) -> String {
    diagnosis::clock(ns)
}

fn read_baseline(baseline: &Path, path: &Path, incident: &Recording) -> Result<Read, Refusal> {
    let refused = |message: &str| {
        Err(Refusal::file(baseline.display(), message)
            .help("name a recording of a time when all was well; or give one recording, and when it broke with --onset"))
    };
    let place = |path: &Path| path.canonicalize().ok();
    if place(baseline).is_some() && place(baseline) == place(path) {
        return refused("is the recording itself, and no baseline for it");
    }
    let read = read(baseline)?;
    if files::digest(&read.recording) == files::digest(incident) {
        return refused("holds the same as the recording, and is no baseline for it");
    }
    Ok(read)
}

fn joined(
    first: &Recording,
    second: &Recording,
    baseline: &Path,
    path: &Path,
) -> Result<join::Joined, Refusal> {
    let joined = join::join(first, second)
        .ok_or_else(|| Refusal::file(baseline.display(), "has no times of requests"))?;
    let columns = |r: &Recording| r.requests.recorded().count();
    if joined.common == 1 && columns(first).max(columns(second)) > 1 {
        return Err(Refusal::file(
            baseline.display(),
            format!(
                "has no column in common with {} but when requests arrived",
                path.display()
            ),
        )
        .help("export both in the same way"));
    }
    Ok(joined)
}

/// What a comparison of two recordings rests on, and what it leaves out.
fn assumed(joined: &join::Joined, path: &Path) -> Vec<String> {
    let mut said = vec![format!(
        "taken as given: both are of one service at about the same traffic, exported in the same way; what changed between them is in neither, and a cold start at the beginning of {} counts as part of the incident",
        path.display()
    )];
    if !joined.left_out.is_empty() {
        said.push(format!(
            "recorded in one of the two alone, and so left out: {}",
            joined.left_out.join(", ")
        ));
    }
    said
}
