//! A sweep for people and machines: a table of the points worth a choice and the one to take (`report.txt`), every point and
//! every run (`results.csv`, `runs.csv`, `results.json`), and a picture of the grid (`sweep.png`).

mod machine;
mod text;

pub use machine::{json, results_csv, runs_csv};
pub use text::render;

use crate::{
    config::Refusal,
    experiments::sweep::{Axis, Outcome, Summary, place},
};
use std::path::{Path, PathBuf};

/// Writes everything into a folder, each file under another name first, and gives their paths in order.
///
/// # Errors
/// What cannot be drawn or written.
pub fn write_all(
    summary: &Summary,
    outcomes: &[Outcome],
    folder: &Path,
) -> Result<Vec<PathBuf>, Refusal> {
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        ("plan.json", summary.plan.file().into_bytes()),
        ("results.csv", results_csv(summary)?),
        ("runs.csv", runs_csv(&summary.plan, outcomes)?),
        ("results.json", json(summary).into_bytes()),
        ("report.txt", render(summary, false).into_bytes()),
    ];
    #[cfg(feature = "plots")]
    {
        use crate::report::plots::{DARK, LIGHT, sweep::png};
        files.push(("sweep.png", png(summary, &LIGHT)?));
        files.push(("sweep-dark.png", png(summary, &DARK)?));
    }
    for (name, bytes) in &files {
        place(folder, name, bytes)?;
    }
    Ok(files.iter().map(|(name, _)| folder.join(name)).collect())
}

/// Names of axes that are as short as they can be and still be told apart: the ends of their paths.
pub(super) fn short_names(axes: &[&Axis]) -> Vec<String> {
    let end = |path: &str, parts: usize| {
        let all: Vec<&str> = path.split('.').collect();
        all[all.len().saturating_sub(parts)..].join(".")
    };
    let one = |axis: &&Axis| {
        let parts = axis.path.split('.').count();
        let apart = |n: &usize| {
            let name = end(&axis.path, *n);
            axes.iter().filter(|a| end(&a.path, *n) == name).count() == 1
        };
        end(&axis.path, (1..parts).find(apart).unwrap_or(parts))
    };
    axes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_far_as_they_stay_apart() {
        let axes = [
            "service.limiter.burst=1",
            "service.call.retry.max=1",
            "service.queue.max=1",
        ];
        let axes: Vec<Axis> = axes.iter().map(|a| Axis::parse(a).unwrap()).collect();
        let axes: Vec<&Axis> = axes.iter().collect();
        assert_eq!(short_names(&axes), ["burst", "retry.max", "queue.max"]);
    }
}
