//! `gameday report index`: a page over all reports of a folder.

use super::{
    Done,
    output::{Stdout, note, print},
};
use crate::{
    config::Refusal,
    report::index::{self, Index},
};
use clap::{Args, Subcommand};
use std::{path::PathBuf, process::ExitCode};

#[derive(Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write index.html into a folder of reports: a page over all runs, with the way to each.
    Index {
        /// Where the reports stand.
        #[arg(default_value = "reports", value_name = "FOLDER")]
        reports: PathBuf,
    },
}

pub fn run(args: &ReportArgs, out: &mut Stdout) -> Done {
    let What::Index { reports } = &args.what;
    let found = Index::of(reports)?;
    if found.entries.is_empty() && found.unread.is_empty() {
        return Err(
            Refusal::file(reports.display(), "there is no report in this folder")
                .help("`gameday replay incident-24` writes one into reports/"),
        );
    }
    index::write(&found, reports)?;
    let page = reports.join(index::FILE);
    print(out, &format!("{}\n{}\n", found.summary(), page.display()))?;
    for (folder, why) in &found.unread {
        note!("not shown: {folder}: {why}");
    }
    Ok(ExitCode::SUCCESS)
}
