//! The folder of a report: written whole under another name, then renamed. Never half a report.
//!
//! Rename of a folder onto a folder is no single step on any system: the old report is moved aside first, and moved back
//! if the new one cannot take its place. What a killed run left behind is cleared away by the next.

use super::export::choice;
use super::export::trace_events::{self, About};
use super::training::SEAL;
use super::{Findings, hdr, html, json, junit, text};
use crate::config::Refusal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io, process};

/// Files by which a folder is known to be a report, and may be replaced.
const OURS: &str = "summary.json";

/// Requests that are shown one by one.
const SLOWEST: usize = 100;

/// Writes the report of a run into its folder below `reports`, and gives the paths of its files, in order.
pub fn write_all(findings: &Findings, reports: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let name = findings.folder_name();
    let folder = reports.join(&name);
    refuse_a_folder_of_others(&folder)?;
    let contents = contents(findings)?;
    fs::create_dir_all(reports).map_err(|e| cannot(reports, &e))?;
    clear_leftovers(reports, &name);
    let new = reports.join(temporary(&name, "new"));
    let written = fs::create_dir(&new).and_then(|()| {
        contents
            .iter()
            .try_for_each(|(file, bytes)| fs::write(new.join(file), bytes))
    });
    let placed =
        written.and_then(|()| replace(&new, &folder, &reports.join(temporary(&name, "old"))));
    if let Err(error) = placed {
        let _ = fs::remove_dir_all(&new);
        return Err(cannot(&folder, &error));
    }
    Ok(contents.iter().map(|(file, _)| folder.join(file)).collect())
}

/// Every file of a report with its bytes, in the order in which they are listed.
fn contents(findings: &Findings) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    #[cfg(feature = "plots")]
    let pictures = super::plots::pictures(findings)?;
    #[cfg(feature = "plots")]
    let shown: Vec<html::Image> = pictures
        .iter()
        .map(|p| html::Image {
            name: p.name,
            title: &p.title,
            alt: &p.caption,
            light: &p.light,
            dark: &p.dark,
        })
        .collect();
    #[cfg(not(feature = "plots"))]
    let shown: Vec<html::Image> = vec![];
    let mut files = vec![
        (OURS.to_owned(), json::render(findings).into_bytes()),
        (
            "report.txt".to_owned(),
            text::render(findings, false).into_bytes(),
        ),
    ];
    let mut others: Vec<(String, Vec<u8>)> = vec![];
    #[cfg(feature = "plots")]
    others.extend(
        pictures
            .iter()
            .map(|p| (format!("{}.png", p.name), p.light.clone())),
    );
    others.extend(
        hdr::hgrm_files(findings)
            .into_iter()
            .map(|(name, text)| (name, text.into_bytes())),
    );
    others.push((
        "junit.xml".to_owned(),
        junit::render(findings)?.into_bytes(),
    ));
    others.push(("latency.hlog".to_owned(), hdr::hlog(findings)));
    if let Some(recording) = findings.recording {
        let chosen = choice::slowest(recording, SLOWEST);
        let about = About::of(findings.folder_name(), findings.truth);
        let trace = trace_events::render(recording, &chosen, &about);
        others.push(("slowest.trace.json".to_owned(), trace.into_bytes()));
    }
    if let Some(seal) = findings.sealed {
        others.push((SEAL.to_owned(), seal.as_bytes().to_vec()));
    }
    let beside: Vec<&str> = files
        .iter()
        .chain(&others)
        .map(|(n, _)| n.as_str())
        .collect();
    let page = html::render(findings, &shown, &beside);
    files.push(("report.html".to_owned(), page.into_bytes()));
    files.extend(others);
    Ok(files)
}

fn cannot(path: &Path, error: &io::Error) -> Refusal {
    Refusal::file(
        path.display(),
        format!("the report cannot be written: {error}"),
    )
}

/// A folder that is no report of ours is not deleted, whatever it is called.
fn refuse_a_folder_of_others(folder: &Path) -> Result<(), Refusal> {
    let taken = match fs::symlink_metadata(folder) {
        Err(_) => false,
        Ok(meta) if !meta.is_dir() => true,
        Ok(_) => {
            let empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
            !empty && !folder.join(OURS).exists()
        }
    };
    if taken {
        let what = format!(
            "there is something here that is no report (it has no {OURS}), and it would be replaced"
        );
        return Err(Refusal::file(folder.display(), what)
            .help("move it away, or report into another folder"));
    }
    Ok(())
}

fn replace(new: &Path, folder: &Path, aside: &Path) -> io::Result<()> {
    if !folder.exists() {
        return fs::rename(new, folder);
    }
    fs::rename(folder, aside)?;
    if let Err(error) = fs::rename(new, folder) {
        let _ = fs::rename(aside, folder);
        return Err(error);
    }
    // The report stands; an old one that cannot be deleted is a leftover for the next run.
    let _ = fs::remove_dir_all(aside);
    Ok(())
}

/// `.incident-24.new.4711-0.tmp`: of this process, and of this call.
fn temporary(name: &str, what: &str) -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    format!(".{name}.{what}.{}-{call}.tmp", process::id())
}

/// Deletes what killed runs left of this report. Folders of processes that still live are theirs.
fn clear_leftovers(reports: &Path, name: &str) {
    let Ok(entries) = fs::read_dir(reports) else {
        return;
    };
    for entry in entries.flatten() {
        let file = entry.file_name();
        let leftover = file
            .to_str()
            .and_then(|f| owner(f, name))
            .is_some_and(|owner| !alive(owner));
        if leftover {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The process that a temporary folder of this report belongs to.
fn owner(file: &str, name: &str) -> Option<u32> {
    let rest = file
        .strip_prefix('.')?
        .strip_prefix(name)?
        .strip_suffix(".tmp")?;
    let rest = rest
        .strip_prefix(".new.")
        .or_else(|| rest.strip_prefix(".old."))?;
    rest.split_once('-')?.0.parse().ok()
}

/// Whether a process lives. Where that cannot be told, everybody else's folders are left alone.
fn alive(process: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process.to_string()).exists()
}
