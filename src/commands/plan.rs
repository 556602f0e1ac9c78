//! `gameday plan`: what an incident teaches, and what to do about it.

use super::{
    Done,
    output::{Stdout, note, print},
    which::WhichArgs,
};
use crate::{
    config::{At, Day, Refusal, Source},
    experiments::hardening::{self, Hardening},
    incident::{Incident, Proof, Registries},
    report::plan::{Plan, markdown, text},
};
use clap::{Args, ValueEnum};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct PlanArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Write the plan as Markdown into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write a regression incident for each control into this folder: its cause alone breaches, its variant `control` holds.
    #[arg(long, value_name = "FOLDER")]
    emit: Option<PathBuf>,
    /// What day it is, such as 2026-12-15: actions that are overdue are then said. No clock is asked.
    #[arg(long, value_name = "DAY")]
    today: Option<String>,
    /// What is printed.
    #[arg(long, visible_alias = "format", value_enum, default_value = "text")]
    print: Print,
}

/// What is printed on standard output.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
enum Print {
    /// For people.
    Text,
    /// An object.
    Json,
    /// As in the file of --out.
    Markdown,
}

/// A day of the command line.
///
/// # Errors
/// What is no day.
pub fn day(text: &str) -> Result<Day, Refusal> {
    Day::parse(text).ok_or_else(|| {
        let at = At::whole(&Source::new("--today", text));
        Refusal::at(&at, "this is no day").help("write one such as 2026-12-15")
    })
}

/// Exit code 1 when something is left open.
pub fn run(args: &PlanArgs, out: &mut Stdout) -> Done {
    if args.which.variant.as_deref() == Some("all") {
        return Err(Refusal::new("a plan is of one incident")
            .help("give one variant, or none for the file itself"));
    }
    let today = args.today.as_deref().map(day).transpose()?;
    let registries = Registries::builtin();
    let incident = args
        .which
        .read(args.which.variant.as_deref(), &registries)?;
    let hardening = hardening::harden(&incident, &registries)?;
    let open = open(&incident, &hardening, today);
    let reproduce = args.which.again("plan", &incident);
    let prove = prove(args, &incident, &hardening);
    let plan = Plan {
        hardening: &hardening,
        open: &open,
        reproduce: &reproduce,
        prove: &prove,
    };
    match args.print {
        Print::Text => print(out, &text::render(&plan, out.styled))?,
        Print::Markdown => print(out, &markdown::render(&plan))?,
        Print::Json => {
            let mut json = serde_json::json!({ "schema": 1, "plan": hardening });
            json["open"] = serde_json::json!(open);
            json["prove"] = serde_json::json!(prove);
            json["reproduce"] = serde_json::json!(reproduce);
            print(out, &format!("{json:#}\n"))?;
        }
    }
    if let Some(folder) = &args.out {
        let path = write(
            folder,
            &format!("{}-plan.md", incident.label()),
            &markdown::render(&plan),
        )?;
        note!("written     {}", path.display());
    }
    let mut left = !open.is_empty();
    if let Some(folder) = &args.emit {
        for emitted in hardening::emit(&incident, &hardening, &registries)? {
            match emitted.text {
                Ok(text) => {
                    let path = write(folder, &emitted.file, &text)?;
                    note!("written     {}", path.display());
                }
                Err(why) => {
                    left = true;
                    note!("not written \"{}\": {why}", emitted.action);
                }
            }
        }
    }
    Ok(ExitCode::from(u8::from(left)))
}

/// What is not settled, in the order in which people would settle it.
fn open(incident: &Incident, hardening: &Hardening, today: Option<Day>) -> Vec<String> {
    let mut open: Vec<String> = hardening
        .unanswered
        .iter()
        .map(|cause| format!("no action answers {cause}"))
        .collect();
    for (action, reviewed) in incident.actions.iter().zip(&hardening.actions) {
        let name = &action.name;
        let lacks = action.lacks();
        if !lacks.is_empty() {
            open.push(format!("\"{name}\" has no {}", lacks.join(", no ")));
        }
        match reviewed.proof {
            Proof::Symptom => open.push(format!(
                "\"{name}\" treats a symptom: its gate is still breached with it"
            )),
            Proof::Idle => open.push(format!(
                "the gate of \"{name}\" holds without it too, so it measures nothing"
            )),
            Proof::Unproved if lacks.is_empty() => {
                open.push(format!("\"{name}\": its gate has no data"));
            }
            Proof::Cures | Proof::Unproved => {}
        }
        let still = reviewed.proof != Proof::Idle;
        if let (Some(today), Some(due)) = (today, action.due.filter(|_| still))
            && due < today
        {
            let days = due.until(today);
            let gate = action.gate.as_ref().map_or("its gate", |g| g.name());
            open.push(format!(
                "\"{name}\" is {days} {} overdue, and {gate} is still breached",
                if days == 1 { "day" } else { "days" }
            ));
        }
    }
    open
}

/// The commands that draw the incident again with the controls in place.
fn prove(args: &PlanArgs, incident: &Incident, hardening: &Hardening) -> Vec<String> {
    let Some(best) = hardening.funding.together.last() else {
        return vec![];
    };
    let mut words = vec![args.which.again("drill", incident)];
    if incident.game_day.is_none() {
        words.push("--draws 20".into());
    }
    let names = best.actions.iter().filter_map(|&i| incident.actions.get(i));
    words.extend(names.map(|a| format!("--control '{}'", a.name.replace('\'', "'\\''"))));
    vec![words.join(" ")]
}

/// Writes a file whole, under another name first.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Refusal> {
    let fit = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(fit).collect();
    let path = folder.join(&name);
    let new = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&new, text))
        .and_then(|()| fs::rename(&new, &path));
    match written {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = fs::remove_file(&new);
            Err(Refusal::file(
                path.display(),
                format!("cannot be written: {error}"),
            ))
        }
    }
}
