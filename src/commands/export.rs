//! `gameday export`: a run, or a recording, in the formats of other tools.

use super::{
    Done,
    output::{Stdout, note, print},
    which::WhichArgs,
};
use crate::{
    config::{Refusal, parse_nanos},
    indicators::{Stage, Watch, Windows},
    recording::{Recording, files, requests},
    report::{
        export::{
            choice::{self, Choice},
            openmetrics::{self, Cut},
            trace_events::{self, About},
        },
        hdr,
        profile::Profile,
    },
};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub which: WhichArgs,
    /// Requests one by one, as a trace for ui.perfetto.dev and chrome://tracing; here and below `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Formats")]
    pub perfetto: Option<PathBuf>,
    /// Metrics over time, for Prometheus.
    #[arg(long, value_name = "FILE", help_heading = "Formats")]
    pub openmetrics: Option<PathBuf>,
    /// Where CPU went, as folded stacks.
    #[arg(long, value_name = "FILE", help_heading = "Formats")]
    pub folded: Option<PathBuf>,
    /// Latencies by percentile, for HdrHistogram's plotter.
    #[arg(long, value_name = "FILE", help_heading = "Formats")]
    pub hgrm: Option<PathBuf>,
    /// In --perfetto, so many requests: those that took longest.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        conflicts_with = "request",
        requires = "perfetto"
    )]
    pub slowest: usize,
    /// In --perfetto, these requests: 4711 is all tries of that operation, 4711.2 its second.
    #[arg(
        long,
        value_name = "OP[.TRY]",
        value_delimiter = ',',
        requires = "perfetto"
    )]
    pub request: Vec<String>,
    /// In --openmetrics, from sample to sample: 15s, or wider of more than six hours.
    #[arg(long, value_name = "TIME", requires = "openmetrics")]
    pub every: Option<String>,
    /// In --openmetrics, what requests are told apart by: route, tenant, class, region, client, model, user.
    #[arg(
        long,
        value_name = "COLUMN",
        default_value = "route",
        requires = "openmetrics"
    )]
    pub by: String,
}

/// All is worked out before anything is written.
pub fn run(args: &ExportArgs, out: &mut Stdout) -> Done {
    asked_for(args)?;
    let every = args.every.as_deref().map(every).transpose()?;
    let what = &args.which.incident;
    let (recording, about) = match Path::new(what).is_dir() {
        true => of_folder(what, &args.which)?,
        false => of_incident(args)?,
    };
    let mut texts: Vec<(&Path, String)> = vec![];
    if let Some(file) = &args.perfetto {
        let chosen = chosen(args, &recording)?;
        texts.push((file, trace_events::render(&recording, &chosen, &about)));
    }
    if let Some(file) = &args.openmetrics {
        let cut = Cut {
            every: every.unwrap_or_else(|| openmetrics::plan(recording.span)),
            by: &args.by,
            title: &about.title,
        };
        texts.push((file, openmetrics::render(&recording, &cut)?));
    }
    if let Some(file) = &args.folded {
        let folded = Profile::of(&recording, 0..u64::MAX).folded();
        if folded.is_empty() {
            return Err(
                Refusal::new("no CPU is accounted for in this recording").help(
                    "a service says where it computes by [service.work], or at least by cores in [service.cpu]",
                ),
            );
        }
        texts.push((file, folded));
    }
    if let Some(file) = &args.hgrm {
        timed(&recording, "--hgrm")?;
        let windows = Windows::new(recording.span, recording.span, &[]);
        let watch = Watch::from_recording(&recording, windows);
        let all = watch.tally(Stage::Latency, 0..watch.windows.len());
        texts.push((file, hdr::hgrm(&all.to_histogram())));
    }
    for (file, text) in texts {
        if file == Path::new("-") {
            print(out, &text)?;
        } else {
            write(file, &text)?;
            note!("{}: {} bytes", file.display(), text.len());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn every(text: &str) -> Result<u64, Refusal> {
    let time = parse_nanos(text).filter(|time| *time > 0);
    time.ok_or_else(|| {
        Refusal::new(format!("--every {text:?} is no time"))
            .help("a duration such as 250ms or 1m30s")
    })
}

/// At least one format, each into a file of its own.
fn asked_for(args: &ExportArgs) -> Result<(), Refusal> {
    let all = [&args.perfetto, &args.openmetrics, &args.folded, &args.hgrm];
    let mut files: Vec<&Path> = all.iter().filter_map(|f| f.as_deref()).collect();
    if files.is_empty() {
        return Err(Refusal::new("no format is asked for")
            .help("--perfetto FILE, --openmetrics FILE, --folded FILE or --hgrm FILE"));
    }
    files.sort_unstable();
    match files.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Refusal::new(format!(
            "two formats would go into {}",
            match pair[0].to_str() {
                Some("-") => "standard output".into(),
                _ => pair[0].display().to_string(),
            }
        ))
        .help("name a file for each")),
        None => Ok(()),
    }
}

fn of_folder(folder: &str, which: &WhichArgs) -> Result<(Recording, About), Refusal> {
    if let Some(option) = which.of_incidents() {
        return Err(Refusal::new(format!("{option} is for an incident"))
            .help("a recording is taken as it is"));
    }
    let recording = files::load(Path::new(folder))?;
    let name = Path::new(folder).file_name();
    let about = About {
        title: name.map_or(folder.into(), |n| n.to_string_lossy().into_owned()),
        phases: vec![],
    };
    Ok((recording, about))
}

fn of_incident(args: &ExportArgs) -> Result<(Recording, About), Refusal> {
    let (incident, run) = args.which.replay_one()?;
    let about = About::of(incident.label(), &run.truth);
    Ok((run.recording, about))
}

fn chosen(args: &ExportArgs, recording: &Recording) -> Result<Choice, Refusal> {
    if args.request.is_empty() {
        timed(recording, "--slowest")?;
        return Ok(choice::slowest(recording, args.slowest));
    }
    choice::named(recording, &args.request)
}

/// What needs latencies has them.
fn timed(recording: &Recording, what: &str) -> Result<(), Refusal> {
    if recording.requests.has(requests::latency) {
        return Ok(());
    }
    Err(
        Refusal::new(format!("{what}: this recording has no latencies")).help(
            "add the column latency_ns, latency_us or latency_ms to requests; or name requests with --request",
        ),
    )
}

/// Writes a file whole, under another name first.
fn write(path: &Path, text: &str) -> Result<(), Refusal> {
    let cannot = |e: &dyn std::fmt::Display| {
        Refusal::file(path.display(), format!("cannot be written: {e}"))
    };
    let name = path
        .file_name()
        .ok_or_else(|| cannot(&"it is no name of a file"))?;
    let new = path.with_file_name(format!(
        ".{}.{}.tmp",
        name.to_string_lossy(),
        std::process::id()
    ));
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .map_err(|e| {
            let _ = fs::remove_file(&new);
            cannot(&e)
        })
}
