//! `gameday contract`: what producers send, as cases that a parser is checked by, without a value of theirs.

use super::{
    Done, find,
    output::{Stdout, print},
    which::WhichArgs,
};
use crate::{
    config::{Refusal, show_nanos},
    incident::{Incident, Overlay, Registries, contract},
};
use clap::{Args, Subcommand};
use std::{fmt::Write, path::PathBuf, process::ExitCode};

#[derive(Args)]
pub struct ContractArgs {
    #[command(subcommand)]
    contract: Contract,
}

#[derive(Subcommand)]
enum Contract {
    /// Kinds of payloads of an incident, redacted, under each version of its parser; and a file of cases for `check`.
    #[command(mut_arg("variant", |arg| arg.help("Overlay the [variant.NAME] table")))]
    Extract(Box<ExtractArgs>),
    /// Read the cases of a file with parsers: all versions of an incident's. Exits with 1 when one breaks the contract.
    Check(CheckArgs),
}

#[derive(Args)]
struct ExtractArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Write the cases into this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
struct CheckArgs {
    /// A file of cases.
    file: PathBuf,
    /// Parsers: an incident, of whose parser all versions are checked, or one, as in incident-22:2.
    #[arg(long, required = true, value_name = "INCIDENT[:VERSION]")]
    parser: Vec<String>,
    /// Overlay this [variant.NAME] table on each.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
}

pub fn run(args: &ContractArgs, out: &mut Stdout) -> Done {
    match &args.contract {
        Contract::Extract(args) => extract(args, out),
        Contract::Check(args) => check(args, out),
    }
}

fn extract(args: &ExtractArgs, out: &mut Stdout) -> Done {
    let registries = Registries::builtin();
    let incident = args
        .which
        .read(args.which.variant.as_deref(), &registries)?;
    let found = contract::extract(&incident, &registries)?;
    let mut text = String::from("  requests  must    ");
    for version in &found.versions {
        let _ = write!(text, "{:<23} ", format!("parser {version}"));
    }
    text.push_str("seen, by, shape\n");
    for case in &found.cases {
        let must = if case.must_be_read() {
            "read"
        } else {
            "refuse"
        };
        let _ = write!(text, "  {:>8}  {must:<6}  ", case.seen);
        for verdict in &case.verdicts {
            let _ = write!(text, "{verdict:<23} ");
        }
        let _ = writeln!(
            text,
            "{} to {}, {}, {}{}",
            show_nanos(case.span.0),
            show_nanos(case.span.1),
            case.writers.join(", "),
            case.shape,
            if case.payload.is_none() {
                " (read otherwise without its values: no case)"
            } else {
                ""
            }
        );
    }
    if found.left_out > 0 {
        let _ = writeln!(text, "  {:>8}  of further kinds", found.left_out);
    }
    print(out, &text)?;
    if let Some(path) = &args.out {
        // Under another name first: never half a file.
        let mut new = path.clone().into_os_string();
        new.push(".new");
        std::fs::write(&new, contract::file(&found))
            .and_then(|()| std::fs::rename(&new, path))
            .map_err(|e| {
                let _ = std::fs::remove_file(&new);
                Refusal::file(path.display(), format!("cannot be written: {e}"))
            })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(args: &CheckArgs, out: &mut Stdout) -> Done {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|e| Refusal::file(args.file.display(), format!("cannot be read: {e}")))?;
    let cases = contract::read_file(&args.file.to_string_lossy(), &text)?;
    let registries = Registries::builtin();
    let mut broken = 0;
    for named in &args.parser {
        let (name, number) = match named.rsplit_once(':') {
            Some((name, n)) if n.parse::<u16>().is_ok() => (name, n.parse::<u16>().ok()),
            _ => (named.as_str(), None),
        };
        let (path, text) = find::incident(name)?;
        let overlay = Overlay {
            variant: args.variant.clone(),
            ..Overlay::default()
        };
        let incident = Incident::read(&path, &text, &overlay, &Default::default(), &registries)?;
        let readers = contract::readers_of(&incident, &registries)?;
        if let Some(n) = number
            && readers.iter().all(|r| r.number != n)
        {
            return Err(Refusal::new(format!("{name} has no parser {n}"))
                .help(format!("it has 1 to {}", readers.len())));
        }
        for reader in readers
            .iter()
            .filter(|r| number.is_none_or(|n| n == r.number))
        {
            let mut told = String::new();
            let mut breaks = 0;
            for case in &cases {
                let verdict = contract::verdict(reader, &case.payload);
                if contract::is_read(&verdict) != case.read {
                    breaks += 1;
                    let must = if case.read { "read" } else { "refused" };
                    let _ = writeln!(
                        told,
                        "  {verdict}, must be {must}: {}, {}",
                        case.writers, case.shape
                    );
                }
            }
            broken += breaks;
            print(
                out,
                &format!(
                    "{name} parser {}: {breaks} of {} cases broken\n{told}",
                    reader.number,
                    cases.len()
                ),
            )?;
        }
    }
    Ok(ExitCode::from(u8::from(broken > 0)))
}
