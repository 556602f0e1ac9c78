//! `gameday replay` and `gameday gate`: one run of an incident, its report, and the exit code.

use super::{
    Done,
    against::{Against, Held},
    output::{Stdout, note, print_now},
    progress::Progress,
    riddle, step_summary,
    which::WhichArgs,
};
use crate::{
    config::Refusal,
    diagnosis::{self, Diagnosis},
    gates::{Judgement, Verdict},
    incident::{self, Incident, Registries, Run, RunOptions},
    recording::{
        Keep,
        files::{SaveFormat, save},
        requests,
    },
    report::{self, Findings, TraceFacts},
};
use clap::{Args, ValueEnum};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub which: WhichArgs,
    /// Keep no rows: memory does not grow with the traffic; the diagnosis then has nothing to go by.
    #[arg(long)]
    pub no_records: bool,
    /// Exit with 1 when a gate is breached or has no data.
    #[arg(long)]
    pub gate: bool,
    /// Exit with 0 if and only if verdicts, causes and recovery are those of [expect].
    #[arg(long)]
    pub expect: bool,
    /// Keep the recording in this folder; with several variants, each in a folder of its own in it.
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_records")]
    pub save: Option<PathBuf>,
    /// The format of --save.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = DEFAULT_FORMAT, requires = "save")]
    pub save_format: Format,
    /// Folder of reports; without, `reports`.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write no report.
    #[arg(long)]
    pub no_report: bool,
    /// For somebody who is to find out: symptoms and pictures, without the cause, the incident's name or its gates; `gameday reveal` says what it was.
    #[arg(long, conflicts_with_all = ["gate", "expect", "no_records"])]
    pub blind: bool,
    /// What is printed.
    #[arg(long, visible_alias = "format", value_enum, default_value = "text")]
    pub print: Print,
}

/// A format of saved recordings.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum Format {
    /// Zstandard-compressed columns, for DuckDB, Polars, pandas and Spark.
    #[cfg(feature = "parquet")]
    Parquet,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

const DEFAULT_FORMAT: &str = if cfg!(feature = "parquet") {
    "parquet"
} else {
    "csv"
};

impl Format {
    pub fn of_files(self) -> SaveFormat {
        match self {
            #[cfg(feature = "parquet")]
            Format::Parquet => SaveFormat::Parquet,
            Format::Csv => SaveFormat::Csv,
            Format::Jsonl => SaveFormat::Jsonl,
        }
    }
}

/// What is printed on standard output.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum Print {
    /// For people.
    Text,
    /// summary.json.
    Json,
    /// JUnit XML.
    Junit,
    /// Annotations of GitHub Actions; the page of `markdown` is appended to $GITHUB_STEP_SUMMARY.
    Github,
    /// Half a page of Markdown, for a comment.
    Markdown,
    /// The digest alone.
    Digest,
}

/// `gate` is what it is held against, where it is a gate.
pub fn run(args: &ReplayArgs, gate: Option<&Against>, out: &mut Stdout) -> Done {
    if args.blind && args.which.variant.as_deref() == Some("all") {
        return Err(Refusal::new("--blind is of one run at a time").help("--variant NAME"));
    }
    let registries = Registries::builtin();
    let mut code = 0;
    let variants = args.which.variants(&registries)?;
    let progress = Progress::of(variants.len());
    for variant in variants {
        let mut incident = args.which.read(variant.as_deref(), &registries)?;
        if let Some(against) = gate {
            against.add_gates(&mut incident);
        }
        let one = one(args, &incident, &registries, out, gate, &progress)?;
        code = code.max(one);
    }
    Ok(ExitCode::from(code))
}

/// One run, with its exit code.
fn one(
    args: &ReplayArgs,
    incident: &Incident,
    registries: &Registries,
    out: &mut Stdout,
    gate: Option<&Against>,
    progress: &Progress,
) -> Result<u8, Refusal> {
    let variant = named_variant(args, incident);
    let several = args.which.variant.as_deref() == Some("all");
    let held = match gate {
        Some(against) => against.read(incident, variant.as_deref(), several)?,
        None => None,
    };
    let (run, seconds) = timed(args, incident, registries, progress)?;
    progress.says("diagnosing");
    if args.blind {
        return riddle::pose(args, incident, &run, progress, out);
    }
    let reference = |phase: &str| held.as_ref()?.reference(&incident.gates, phase);
    let mut judgements = incident::judge_against(incident, &run, &reference);
    let diagnosis = if args.no_records {
        no_rows()
    } else {
        diagnosis::diagnose(&run.recording)
    };
    if let Some(folder) = &args.save {
        // Runs that are saved together do not replace one another.
        let folder = match args.which.variant.as_deref() {
            Some("all") => folder.join(incident.label()),
            _ => folder.clone(),
        };
        save(&run.recording, &folder, args.save_format.of_files())?;
    }
    let digest = run.digest.to_string();
    let reproduce = args.which.again("replay", incident);
    let captured: Vec<&str> = run.facts.captured.iter().map(|f| f.name()).collect();
    let trace_name = incident
        .trace
        .path()
        .and_then(Path::file_name)
        .map_or("generated".into(), |n| n.to_string_lossy());
    progress.clear();
    let moved = match &held {
        Some(held) => held.settle(incident, variant.as_deref(), &trace_name, &run)?,
        None => None,
    };
    let updated = held.as_ref().is_some_and(Held::update);
    if let Some(moved) = moved.as_ref().filter(|_| !updated) {
        judgements.extend(moved.judgements());
    }
    let background = (0..run.recording.requests.len())
        .filter(|&i| run.recording.requests.value(requests::background, i) == 1)
        .count() as u64;
    let findings = Findings {
        title: &incident.title,
        question: Some(incident.question.as_str()).filter(|q| !q.is_empty()),
        incident: &incident.name,
        variant: variant.as_deref(),
        seed: Some(incident.seed),
        digest: &digest,
        requests_replayed: run.requests,
        tries: run.tries.saturating_sub(background),
        background,
        virtual_length: run.recording.span.max(run.length),
        trace: TraceFacts {
            name: &trace_name,
            format: &run.facts.format,
            origin: run.facts.origin,
            captured,
            filled: run
                .facts
                .filled
                .iter()
                .map(|(f, how)| (f.name(), how.as_str()))
                .collect(),
            skipped_lines: run.skipped.rows,
        },
        truth: &run.truth,
        judgements: &judgements,
        moved: moved.as_ref(),
        diagnosis: &diagnosis,
        watch: run.watched.all(),
        recording: (!args.no_records).then_some(&run.recording),
        bytes_kept: (run.recording.requests.bytes() + run.recording.attempts.bytes()) as u64,
        reproduce: &reproduce,
        sealed: None,
    };
    let reported = Reported::new(args);
    let written = match gate {
        // What CI calls leaves nothing behind that nobody asked for.
        Some(_) => reported.report(&findings, out)?,
        None => reported.into_default_folder().report(&findings, out)?,
    };
    note!(
        "{}: {} requests in {seconds:.2} s of wall time, {:.0} a second",
        incident.label(),
        run.requests,
        run.requests as f64 / seconds.max(1e-9)
    );
    if !written.is_empty() {
        note!("{}", report::text::written(&written).trim_end());
    }
    Ok(exit_code(
        args,
        gate.is_some() && !updated,
        incident,
        &run,
        &judgements,
        &diagnosis,
    ))
}

/// What is printed of a run, and where its report goes.
pub struct Reported<'a> {
    print: Print,
    folder: Option<&'a Path>,
    none: bool,
}

impl<'a> Reported<'a> {
    /// As the arguments say; without a folder there is no report.
    pub fn new(args: &'a ReplayArgs) -> Reported<'a> {
        Reported {
            print: args.print,
            folder: args.out.as_deref(),
            none: args.no_report,
        }
    }

    /// The same with the folder `reports` where none is named.
    pub fn into_default_folder(self) -> Reported<'a> {
        Reported {
            folder: self.folder.or(Some(Path::new("reports"))),
            ..self
        }
    }

    /// The folder in which its report will stand, if there is to be one.
    pub fn place(&self) -> Option<&'a Path> {
        self.folder.filter(|_| !self.none)
    }

    /// Prints, and writes the report; gives its files.
    ///
    /// # Errors
    /// A folder that cannot be written, a closed disk.
    pub fn report(&self, findings: &Findings, out: &mut Stdout) -> Result<Vec<PathBuf>, Refusal> {
        let text = match self.print {
            Print::Text => report::text::render(findings, out.styled),
            Print::Json => report::json::render(findings),
            Print::Junit => report::junit::render(findings)?,
            Print::Github => {
                step_summary::append(&report::markdown::render(findings))?;
                report::github::render(findings)
            }
            Print::Markdown => report::markdown::render(findings),
            Print::Digest => format!("{}\n", findings.digest),
        };
        print_now(out, &text)?;
        match self.place() {
            Some(folder) => report::write_all(findings, folder),
            None => Ok(vec![]),
        }
    }
}

/// Every way in which a run ends: the one place where exit codes come from.
fn exit_code(
    args: &ReplayArgs,
    gate: bool,
    incident: &Incident,
    run: &Run,
    judgements: &[Judgement],
    diagnosis: &Diagnosis,
) -> u8 {
    if args.expect {
        let shortfalls = incident::meets(incident, run, judgements, diagnosis);
        for shortfall in &shortfalls {
            note!("{}: {}", incident.label(), shortfall.0);
        }
        return u8::from(!shortfalls.is_empty());
    }
    u8::from((gate || args.gate) && judgements.iter().any(|j| j.verdict != Verdict::Pass))
}

/// Runs it, and says how long that took, s.
pub fn timed(
    args: &ReplayArgs,
    incident: &Incident,
    registries: &Registries,
    progress: &Progress,
) -> Result<(Run, f64), Refusal> {
    // Who watches the line may be the one who is to find out.
    progress.start(&match args.blind {
        true => "a riddle".into(),
        false => incident.label(),
    });
    progress.lasts(incident.trace.extent(incident.seed)?.length);
    let keep = if args.no_records {
        Keep::NoRows
    } else {
        Keep::Rows
    };
    let run = incident::run(
        incident,
        registries,
        &RunOptions {
            keep,
            progress: Some(&|now, requests| progress.at(now, requests)),
        },
    )?;
    Ok((run, progress.seconds()))
}

fn no_rows() -> Diagnosis {
    Diagnosis {
        summary: "not diagnosed: no rows were kept (--no-records)".into(),
        limits: vec!["no rows were kept".into()],
        ..Diagnosis::default()
    }
}

pub fn named_variant(args: &ReplayArgs, incident: &Incident) -> Option<String> {
    let mut words: Vec<String> = incident.variant.iter().cloned().collect();
    words.extend(args.which.healthy.then(|| "healthy".to_string()));
    words.extend(args.which.no_fix.then(|| "no-fix".to_string()));
    (!words.is_empty()).then(|| words.join("-"))
}
