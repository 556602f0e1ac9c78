//! `gameday reveal`: the riddle of `replay --blind` is opened, and an answer to it is held against the truth.

use super::{
    Cli, Command, Done,
    output::{Stdout, note, print},
    progress::Progress,
    replay::{self, ReplayArgs},
    seal::Seal,
};
use crate::{
    config::{Refusal, parse_nanos, show_nanos},
    diagnosis,
    experiments::training::{Answer, Sheet, grade},
    incident::{Incident, Registries},
    report::training::{Reveal, render},
};
use clap::{Args, Parser};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct RevealArgs {
    /// The folder of a report that `replay --blind` wrote.
    #[arg(value_name = "FOLDER")]
    report: PathBuf,
    /// What you take for the cause, by its name in `gameday list causes`, or `no-incident`; give it again for the next best.
    #[arg(long, value_name = "CAUSE")]
    answer: Vec<String>,
    /// When you say it began: 20m, or 00:20:00.
    #[arg(long, value_name = "TIME")]
    onset: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Exit code 0 whatever the answer is worth.
pub fn run(args: &RevealArgs, out: &mut Stdout) -> Done {
    // What is wrong with the answer is said before anything is given away, or replayed.
    let seal = Seal::open(&args.report)?;
    let mut answers: Vec<Answer> = vec![];
    for text in &args.answer {
        let answer = Answer::read(text)?;
        if answers.contains(&answer) {
            return Err(Refusal::new(format!("--answer \"{text}\" is given twice")));
        }
        answers.push(answer);
    }
    let onset = args.onset.as_deref().map(time).transpose()?;
    let replay = unsealed(&seal, &args.report)?;
    let registries = Registries::builtin();
    let variant = replay.which.variant.as_deref();
    let read = replay.which.read(variant, &registries);
    let incident = read.inspect_err(|_| {
        note!("a riddle is revealed in the folder in which it was posed, with the files of then");
    })?;
    let (run, diagnosis) = {
        let progress = Progress::of(1);
        let (run, _) = replay::timed(&replay, &incident, &registries, &progress)?;
        progress.says("diagnosing");
        let diagnosis = diagnosis::diagnose(&run.recording);
        (run, diagnosis)
    };
    if let (Some(at), Some(text)) = (onset, &args.onset)
        && at > run.recording.span
    {
        let length = show_nanos(run.recording.span);
        return Err(Refusal::new(format!(
            "--onset {text}: the run is over after {length}"
        )));
    }
    let causes = run.truth.causes.as_deref();
    let found = found(&incident);
    let (graded, score) = grade(
        &answers,
        &Sheet {
            causes,
            found: found.as_deref(),
            diagnosis: &diagnosis,
        },
    );
    let doubt = (run.digest.to_string() != seal.digest).then_some(
        "this is not the run that was shown: the incident's file, its trace or the program have changed since",
    );
    let name = match replay::named_variant(&replay, &incident) {
        Some(variant) => format!("{} · {variant}", incident.name),
        None => incident.name.clone(),
    };
    let reproduce = replay.which.again("replay", &incident);
    if args.json {
        let off = onset.and_then(|at| Some(at as i64 - run.truth.true_onset()? as i64));
        let json = serde_json::json!({
            "incident": incident.name,
            "variant": replay::named_variant(&replay, &incident),
            "title": incident.title,
            "same_run": doubt.is_none(),
            "answers": graded,
            "score": score,
            "causes": causes,
            "onset_ns": run.truth.true_onset(),
            "onset_answered_ns": onset,
            "onset_off_ns": off,
            "truth": run.truth,
            "diagnosis": diagnosis,
            "reproduce": reproduce,
        });
        print(out, &format!("{json:#}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let reveal = Reveal {
        title: &incident.title,
        name: &name,
        graded: &graded,
        score,
        onset,
        causes,
        truth: &run.truth,
        diagnosis: &diagnosis,
        doubt,
        reproduce: &reproduce,
    };
    print(out, &render(&reveal, out.styled))?;
    Ok(ExitCode::SUCCESS)
}

/// The command that was sealed. Nothing of it is done but the replay itself.
fn unsealed(seal: &Seal, report: &Path) -> Result<ReplayArgs, Refusal> {
    match Cli::try_parse_from(&seal.words).map(|cli| cli.command) {
        Ok(Command::Replay(args)) if !args.blind => Ok(args),
        _ => Err(Refusal::file(
            report.display(),
            "the seal holds no replay that this version can do",
        )
        .help("pose the riddle again: gameday replay INCIDENT --blind")),
    }
}

/// What a correct lab finds, which need not be all that was at work; `None`: the file does not say.
fn found(incident: &Incident) -> Option<Vec<String>> {
    let expect = incident.expect.as_ref().filter(|_| !incident.healthy)?;
    let causes = expect.causes.as_ref()?;
    Some(causes.iter().map(|(cause, _)| cause.clone()).collect())
}

/// 20m, or as reports write it: 00:20:00, 0:20.
fn time(text: &str) -> Result<u64, Refusal> {
    let clock = || -> Option<u64> {
        let parts: Vec<u64> = text
            .split(':')
            .map(|p| p.parse().ok())
            .collect::<Option<_>>()?;
        let seconds =
            match parts[..] {
                [hours, minutes] if minutes < 60 => {
                    hours.checked_mul(3600)?.checked_add(minutes * 60)?
                }
                [hours, minutes, seconds] if minutes < 60 && seconds < 60 => hours
                    .checked_mul(3600)?
                    .checked_add(minutes * 60 + seconds)?,
                _ => return None,
            };
        seconds.checked_mul(1_000_000_000)
    };
    clock().or_else(|| parse_nanos(text)).ok_or_else(|| {
        Refusal::new(format!("--onset \"{text}\" is no time"))
            .help("write a time since the start of the run, such as 20m or 00:20:00")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_durations_and_as_clocks() {
        let s = |text: &str| time(text).ok().map(|ns| ns / 1_000_000_000);
        for text in ["20m", "1200s", "00:20:00", "0:20"] {
            assert_eq!(s(text), Some(1200), "{text}");
        }
        assert_eq!(s("1:02:03"), Some(3723));
        let huge = format!("{}:00", u64::MAX);
        for text in ["", "soon", "1:2:3:4", "00:61", "-5m", ":", &huge] {
            assert_eq!(s(text), None, "{text}");
        }
    }
}
