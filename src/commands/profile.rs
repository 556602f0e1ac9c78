//! `gameday profile`: where CPU went, before and during an incident.

use super::{
    Done,
    output::{Stdout, print},
    which::WhichArgs,
};
use crate::{
    config::{At, Node, Read, Refusal, Source, Value, When},
    incident::PhaseName,
    recording::{Recording, files},
    report::profile::{self, Profile},
};
use clap::Args;
use std::{
    ops::Range,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub struct ProfileArgs {
    #[command(flatten)]
    pub which: WhichArgs,
    /// Of a recording's folder: when it begins to be bad, such as 33% or 20m.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Write baseline.folded, incident.folded, differential.folded, and flame graphs, into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

pub fn run(args: &ProfileArgs, out: &mut Stdout) -> Done {
    let what = &args.which.incident;
    let (title, recording, spans) = if Path::new(what).is_dir() {
        of_folder(args)?
    } else {
        of_incident(args)?
    };
    let [before, after] = spans.map(|span| Profile::of(&recording, span));
    if before.stacks.is_empty() && after.stacks.is_empty() {
        return Err(Refusal::new("no CPU is accounted for in this recording").help(
            "a service says where it computes by [service.work], or at least by cores in [service.cpu]",
        ));
    }
    print(
        out,
        &format!("{title}\n{}", profile::table(&before, &after)),
    )?;
    if let Some(folder) = &args.out {
        write(folder, &title, &before, &after)?;
    }
    Ok(ExitCode::SUCCESS)
}

type Found = (String, Recording, [Range<u64>; 2]);

fn of_incident(args: &ProfileArgs) -> Result<Found, Refusal> {
    if args.at.is_some() {
        return Err(Refusal::new("--at is for a recording's folder")
            .help("an incident knows when it begins"));
    }
    let (incident, run) = args.which.replay_one()?;
    let phase = |name: PhaseName| {
        let found = run.truth.phases.iter().find(|p| p.name == name);
        found.map_or(0..0, |p| p.from..p.to)
    };
    let spans = [phase(PhaseName::Baseline), phase(PhaseName::Incident)];
    let title = incident.title.clone();
    Ok((title, run.recording, spans))
}

fn of_folder(args: &ProfileArgs) -> Result<Found, Refusal> {
    let folder = &args.which.incident;
    let recording = files::load(Path::new(folder))?;
    let end = recording.span.max(1);
    let Some(at) = &args.at else {
        return Err(
            Refusal::new("a recording does not say when it began to be bad")
                .help("add --at 33%, or --at 20m"),
        );
    };
    let node = Node {
        value: Value::Text(at.clone()),
        at: At::whole(&Source::new("--at", at.clone())),
    };
    let at = When::read(&node)?.resolve(end);
    Ok((folder.clone(), recording, [0..at, at..end]))
}

fn write(folder: &Path, title: &str, before: &Profile, after: &Profile) -> Result<(), Refusal> {
    let fail = |path: &Path, e: std::io::Error| Refusal::new(format!("{}: {e}", path.display()));
    std::fs::create_dir_all(folder).map_err(|e| fail(folder, e))?;
    let both = profile::differential(before, after);
    let files = [
        ("baseline", before.folded()),
        ("incident", after.folded()),
        ("differential", both),
    ];
    for (name, folded) in &files {
        let path = folder.join(format!("{name}.folded"));
        std::fs::write(&path, folded).map_err(|e| fail(&path, e))?;
        #[cfg(feature = "flame")]
        if !folded.is_empty() {
            let path = folder.join(format!("{name}.svg"));
            let svg = profile::flame(folded, &format!("{title} · {name}"))?;
            std::fs::write(&path, svg).map_err(|e| fail(&path, e))?;
        }
    }
    #[cfg(not(feature = "flame"))]
    let _ = title;
    Ok(())
}
