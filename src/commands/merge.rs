//! `gameday merge`: the shards of a sweep, put together.

use super::{Done, output::Stdout, sweep};
use crate::{config::Refusal, experiments::sweep::shards_in};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct MergeArgs {
    /// The folder of the shards, or each of their files.
    #[arg(required = true, value_name = "DIR|FILE")]
    from: Vec<PathBuf>,
    /// The folder of the results; without, the folder of the shards.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print results as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &MergeArgs, out: &mut Stdout) -> Done {
    let mut files: Vec<PathBuf> = vec![];
    for path in &args.from {
        if !path.exists() {
            return Err(Refusal::file(path.display(), "there is nothing here")
                .help("give the folder of the shards, or each of their files"));
        }
        match path.is_dir() {
            true => files.extend(shards_in(path)?),
            false => files.push(path.clone()),
        }
    }
    let first = &args.from[0];
    let beside = if first.is_dir() {
        Some(first.as_path())
    } else {
        first.parent()
    };
    let beside = beside.filter(|p| !p.as_os_str().is_empty());
    let folder = args.out.as_deref().or(beside).unwrap_or(Path::new("."));
    sweep::conclude(&files, folder, args.json, out)
}
