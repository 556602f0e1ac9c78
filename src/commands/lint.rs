//! `gameday lint`: what the contract of an incident's service, or a recording, leaves unseen.

use super::{
    Done, find,
    output::{Stdout, print},
};
use crate::{
    config::Refusal,
    incident::{Incident, Overlay, Registries},
    lint::{self, Finding, Looks, RULES},
    recording::files,
    trace::Overrides,
};
use clap::{Args, ValueEnum};
use std::{path::Path, process::ExitCode};

#[derive(Args)]
pub struct LintArgs {
    /// An incident, by name or path of its file; or the folder of a recording.
    #[arg(required_unless_present = "list")]
    pub what: Option<String>,
    /// Overlay the [variant.NAME] table.
    #[arg(long)]
    pub variant: Option<String>,
    /// What day it is, such as 2026-12-15: actions that are overdue are then told.
    #[arg(long, value_name = "DAY")]
    pub today: Option<String>,
    /// What is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// List the rules.
    #[arg(long)]
    pub list: bool,
}

/// What is printed on standard output.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum Format {
    /// For people: file:line:column.
    Text,
    /// A list of objects.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
}

/// Exit code 1 when a rule has found something.
pub fn run(args: &LintArgs, out: &mut Stdout) -> Done {
    if args.list {
        let line = |rule: &&lint::Rule| {
            let of = match rule.looks {
                Looks::AtIncident(_) | Looks::AtReplays(_) => "incident",
                Looks::AtRecording(_) => "recording",
            };
            format!("{:<24} {of:<10} {}\n", rule.code, rule.summary)
        };
        let lines: String = RULES.iter().map(line).collect();
        print(out, &lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let what = args.what.as_deref().unwrap_or_default();
    let today = args.today.as_deref().map(super::plan::day).transpose()?;
    let findings = if Path::new(what).is_dir() {
        if today.is_some() {
            return Err(
                Refusal::new("a recording has no actions that could be overdue")
                    .help("leave --today out"),
            );
        }
        lint::recording(&files::load(Path::new(what))?)
    } else {
        let registries = Registries::builtin();
        let (path, text) = find::incident(what)?;
        let overlay = Overlay {
            variant: args.variant.clone(),
            ..Overlay::default()
        };
        let overrides = Overrides::default();
        let incident = Incident::read(&path, &text, &overlay, &overrides, &registries)?;
        lint::incident(&incident, today, &registries)?
    };
    let text = match args.format {
        Format::Text => findings.iter().map(|f| said(f, what)).collect(),
        Format::Github => findings.iter().map(|f| annotated(f, what)).collect(),
        Format::Json => json(&findings, what)?,
    };
    print(out, &text)?;
    Ok(ExitCode::from(u8::from(!findings.is_empty())))
}

fn place(finding: &Finding, what: &str) -> (String, usize, usize) {
    match &finding.at {
        Some(at) => {
            let (line, column) = at.line_column();
            (at.source.name.clone(), line, column)
        }
        None => (what.into(), 1, 1),
    }
}

fn said(finding: &Finding, what: &str) -> String {
    let (file, line, column) = place(finding, what);
    let (code, message, help) = (finding.code, &finding.message, finding.help);
    let place = match finding.at {
        Some(_) => format!("{file}:{line}:{column}"),
        None => file,
    };
    format!("{place}: {code}: {message}\n  right would be: {help}\n")
}

fn annotated(finding: &Finding, what: &str) -> String {
    let (file, line, column) = place(finding, what);
    let plain = |text: &str| text.replace('%', "%25").replace('\n', "%0A");
    let (message, help) = (plain(&finding.message), plain(finding.help));
    let code = finding.code;
    format!("::error file={file},line={line},col={column},title={code}::{message}. {help}\n")
}

fn json(findings: &[Finding], what: &str) -> Result<String, Refusal> {
    let each = findings.iter().map(|f| {
        let (file, line, column) = place(f, what);
        serde_json::json!({
            "code": f.code, "file": file, "line": line, "column": column,
            "message": f.message, "help": f.help,
        })
    });
    let list: Vec<_> = each.collect();
    serde_json::to_string_pretty(&list)
        .map(|text| text + "\n")
        .map_err(|e| Refusal::new(format!("the findings are no JSON: {e}")))
}
