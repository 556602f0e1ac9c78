//! The summary of a step of GitHub Actions: a file named by `$GITHUB_STEP_SUMMARY`, to which every command of the step
//! appends. Without the variable there is none.
//!
//! Source: "Workflow commands for GitHub Actions", adding a job summary.

use crate::config::Refusal;
use std::{fs::OpenOptions, io::Write, path::Path};

/// Appends a page.
///
/// # Errors
/// A file that cannot be written.
pub fn append(page: &str) -> Result<(), Refusal> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    let file = OpenOptions::new().create(true).append(true).open(path);
    // A page a run: what another command wrote before it, and may have left without an end of line, stays apart.
    file.and_then(|mut file| file.write_all(format!("\n{page}").as_bytes()))
        .map_err(|e| {
            Refusal::file(
                path.display(),
                format!("the step's summary cannot be appended to: {e}"),
            )
            .help("it is named by $GITHUB_STEP_SUMMARY")
        })
}
