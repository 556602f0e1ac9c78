//! A recording as a run that is over: held to gates and reported on like one. What only the lab knows, its truth, is what
//! the user says of it: when the incident began, and when it was over.

use super::{
    Done,
    against::Against,
    older::{self, Older},
    output::{Stdout, note},
    replay::{ReplayArgs, Reported},
    which::shell_word,
};
use crate::{
    compare,
    config::{Refusal, parse_nanos, show_nanos},
    diagnosis::diagnose,
    gates::Context,
    incident::{Phase, PhaseName, Truth, stretches},
    indicators::{WatchSpec, Watched, Windows},
    recording::{Recording, RequestRow, Row, files, requests},
    report::{Findings, TraceFacts},
};
use indexmap::IndexMap;
use std::{path::Path, process::ExitCode};

/// What is asked of a recording.
pub struct Asked<'a> {
    /// Its folder, what is printed, where a report goes.
    pub run: &'a ReplayArgs,
    /// When the incident began.
    pub onset: Option<&'a str>,
    /// When it was over.
    pub until: Option<&'a str>,
}

/// The folder's own name, also where the path is `.`.
fn name_of(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or(folder.to_path_buf());
    whole
        .file_name()
        .map_or("recording".into(), |n| n.to_string_lossy().into_owned())
}

/// Its phases: before the onset, from it on, and after it was over; without an onset, all of it is one.
fn phases(recording: &Recording, onset: Option<u64>, until: Option<u64>) -> Vec<Phase> {
    let end = recording.span.max(1);
    let phase = |name, from: u64, to: u64| Phase { name, from, to };
    let Some(onset) = onset else {
        return vec![phase(PhaseName::Baseline, 0, end)];
    };
    let over = until.unwrap_or(end);
    let mut phases = vec![
        phase(PhaseName::Baseline, 0, onset),
        phase(PhaseName::Incident, onset, over),
        phase(PhaseName::Recovered, over, end),
    ];
    phases.retain(|p| p.from < p.to);
    phases
}

/// Reads a time of the recording, such as 20m.
pub(super) fn time(
    flag: &str,
    text: Option<&str>,
    recording: &Recording,
) -> Result<Option<u64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let wrong = |message: String| {
        Refusal::new(format!("{flag} {text}: {message}")).help(format!(
            "write a time since the recording's start, up to {}, such as 20m",
            show_nanos(recording.span)
        ))
    };
    let ns = parse_nanos(text).ok_or_else(|| wrong("is no time".into()))?;
    if ns == 0 || ns > recording.span {
        return Err(wrong("lies not within the recording".into()));
    }
    Ok(Some(ns))
}

pub fn run(args: &Asked, against: &Against, out: &mut Stdout) -> Done {
    let of_runs = [
        (args.run.expect, "--expect"),
        (args.run.no_records, "--no-records"),
        (args.run.save.is_some(), "--save"),
    ];
    let of_runs = of_runs.into_iter().find(|(given, _)| *given);
    if let Some(flag) = of_runs.map(|f| f.1).or(args.run.which.of_incidents()) {
        return Err(Refusal::new(format!(
            "{flag} is for a run, and {} is a recording",
            args.run.which.incident
        )));
    }
    let folder = Path::new(&args.run.which.incident);
    let recording = files::load(folder)?;
    let onset = time("--onset", args.onset, &recording)?;
    let until = time("--until", args.until, &recording)?;
    if let (Some(onset), Some(until)) = (onset, until)
        && until <= onset
    {
        return Err(Refusal::new("--until is not after --onset"));
    }
    let truth = Truth {
        phases: phases(&recording, onset, until),
        ..Truth::default()
    };
    let stretches = stretches(&truth);
    let cuts: Vec<u64> = truth.phases.iter().map(|p| p.from).collect();
    let rows = recording.requests.len() as u64;
    let windows = Windows::plan(recording.span.max(1), rows, &cuts);
    let specs = std::iter::once(WatchSpec::all());
    let specs = specs.chain(against.gates.iter().flat_map(|g| g.watches()));
    let watched = Watched::from_recording(&recording, windows, specs);
    let name = name_of(folder);
    let place = against.place_of_recording(&name);
    if against.update {
        older::write(&recording, &place)?;
        note!("baseline   {}", place.display());
        return Ok(ExitCode::SUCCESS);
    }
    let older = match against.place {
        Some(_) => Some(Older::read(&place, against, onset.is_none())?),
        None => None,
    };
    let scalars = IndexMap::new();
    let context = Context {
        watched: &watched,
        names: &recording,
        baseline: onset
            .map(|onset| 0..onset)
            .or(older.as_ref().map(Older::span)),
        // With an onset it has a baseline of its own.
        baseline_of: older
            .as_ref()
            .filter(|_| onset.is_none())
            .map(Older::watched),
        phases: &stretches,
        reference: None,
        scalars: &scalars,
        baselines: Default::default(),
    };
    let judged = stretches
        .iter()
        .filter(|s| onset.is_none() || s.name != PhaseName::Baseline.word());
    let mut judgements: Vec<_> = judged
        .flat_map(|phase| against.gates.iter().map(|g| g.judge(&context, phase)))
        .collect();
    judgements.extend(older.as_ref().map(|older| match onset {
        // What was before it is as it always was, and would hide what came.
        Some(onset) => {
            let part = compare::stretch(&recording, onset, until.unwrap_or(u64::MAX));
            older.judge(&part, PhaseName::Incident.word())
        }
        None => older.judge(&recording, "all"),
    }));
    if judgements.is_empty() {
        return Err(Refusal::new("there is nothing to hold this recording to").help(
            "give conditions with --require 'latency p(95) < 250ms', a file of [gates] with --gates, or another recording with --baseline",
        ));
    }
    let diagnosis = diagnose(&recording);
    let table = &recording.requests;
    let of_users = (0..table.len()).filter(|&i| table.value(requests::background, i) == 0);
    let tries = of_users.clone().count() as u64;
    // Where tries are not recorded, each is one of its own.
    let first = of_users.filter(|&i| table.value(requests::tries, i) <= 1);
    let operations = first.count() as u64;
    let title = format!("Recording {name}");
    let captured: Vec<&str> = table
        .recorded()
        .map(|c| RequestRow::COLUMNS[c].name)
        .collect();
    let digest = files::digest(&recording);
    let words = std::env::args().skip(1).map(|word| shell_word(&word));
    let reproduce = std::iter::once("gameday".to_string()).chain(words);
    let reproduce = reproduce.collect::<Vec<_>>().join(" ");
    let findings = Findings {
        title: &title,
        question: None,
        incident: &name,
        variant: None,
        seed: None,
        digest: &digest,
        requests_replayed: operations,
        tries,
        background: rows - tries,
        virtual_length: recording.span,
        trace: TraceFacts {
            name: &name,
            format: "recording",
            origin: recording.origin,
            captured,
            filled: vec![],
            skipped_lines: 0,
        },
        truth: &truth,
        judgements: &judgements,
        moved: None,
        diagnosis: &diagnosis,
        watch: watched.all(),
        recording: Some(&recording),
        bytes_kept: (recording.requests.bytes() + recording.attempts.bytes()) as u64,
        reproduce: &reproduce,
        sealed: None,
    };
    Reported::new(args.run).report(&findings, out)?;
    Ok(ExitCode::from(u8::from(
        judgements
            .iter()
            .any(|j| j.verdict != crate::gates::Verdict::Pass),
    )))
}
