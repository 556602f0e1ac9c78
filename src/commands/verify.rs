//! `gameday verify theory`: the engine against exact recursions and closed forms. `gameday verify <incident>`: the same
//! recording from two processes, and from one run beside eight others on all cores, byte for byte.

use super::{
    Done,
    output::{Stdout, print},
    which::WhichArgs,
};
use crate::{
    config::Refusal,
    experiments::theory,
    incident::{self, Registries, RunOptions},
    recording::{Keep, files},
};
use clap::Args;
use rayon::prelude::*;
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

#[derive(Args)]
pub struct VerifyArgs {
    /// Requests of each closed-form check of `verify theory`.
    #[arg(long)]
    requests: Option<u64>,
    #[command(flatten)]
    which: WhichArgs,
}

pub fn run(args: &VerifyArgs, out: &mut Stdout) -> Done {
    if args.which.incident == "theory" {
        let default = theory::Options::default();
        let options = theory::Options {
            requests: args.requests.unwrap_or(default.requests),
            seed: args.which.shape.seed.unwrap_or(default.seed),
        };
        let checks = theory::verify(&options);
        print(out, &theory::render(&checks))?;
        return Ok(ExitCode::from(u8::from(checks.iter().any(|c| !c.passed))));
    }
    let registries = Registries::builtin();
    let incident = args
        .which
        .read(args.which.variant.as_deref(), &registries)?;
    let folder = std::env::temp_dir().join(format!("gameday-verify-{}", std::process::id()));
    let done = compare(&args.which, incident.seed, &folder, out);
    let _ = std::fs::remove_dir_all(&folder);
    done
}

fn compare(args: &WhichArgs, seed: u64, folder: &Path, out: &mut Stdout) -> Done {
    let fail = |what: &str, e: std::io::Error| Refusal::new(format!("{what}: {e}"));
    let own = std::env::current_exe().map_err(|e| fail("cannot find this program", e))?;
    let mut folders: Vec<(String, PathBuf)> = vec![];
    // The arguments are our own, so they mean the same to a child.
    let given: Vec<String> = std::env::args().skip(2).collect();
    for name in ["a first process", "a second process"] {
        let to = folder.join(name.replace(' ', "-"));
        let status = Command::new(&own)
            .arg("replay")
            .args(&given)
            .args([
                "--no-report",
                "--print",
                "digest",
                "--save-format",
                "csv",
                "--save",
            ])
            .arg(&to)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|e| fail("cannot start a process", e))?;
        if !status.success() {
            return Err(Refusal::new(format!("{name} ended with {status}")));
        }
        folders.push((name.into(), to));
    }
    // One run beside eight others, spread over all cores: the incident is not shared, each thread reads its own.
    let to = folder.join("beside-eight-others");
    let digests: Vec<Result<String, Refusal>> = (0..9u64)
        .into_par_iter()
        .map(|i| {
            let registries = Registries::builtin();
            let own = args.read_with_seed(
                args.variant.as_deref(),
                Some(seed.wrapping_add(i)),
                &registries,
            )?;
            let keep = if i == 0 { Keep::Rows } else { Keep::NoRows };
            let run = incident::run(
                &own,
                &registries,
                &RunOptions {
                    keep,
                    progress: None,
                },
            )?;
            if i == 0 {
                files::save(&run.recording, &to, files::SaveFormat::Csv)?;
            }
            Ok(run.digest.to_string())
        })
        .collect();
    let digest = digests
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(Refusal::new("no run")))?;
    folders.push(("a run beside eight others".into(), to));
    let (first, rest) = folders.split_at(1);
    let mut same = true;
    for (name, other) in rest {
        for table in files::TABLES {
            let read = |folder: &Path| {
                std::fs::read(folder.join(format!("{table}.csv"))).map_err(|e| fail(table, e))
            };
            let equal = read(&first[0].1)? == read(other)?;
            same &= equal;
            print(
                out,
                &format!(
                    "{:9} {table:9} {} and {name}\n",
                    if equal { "same" } else { "DIFFERENT" },
                    first[0].0
                ),
            )?;
        }
    }
    print(out, &format!("digest    {digest}\n"))?;
    Ok(ExitCode::from(u8::from(!same)))
}
