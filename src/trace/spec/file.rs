//! The file of a trace: where it lies, and which format it is.

use crate::{
    config::{At, Refusal},
    trace::{
        formats::{self, Format},
        input::Input,
    },
};
use std::path::{Path, PathBuf};

/// The file of a trace.
#[derive(Clone, Debug)]
pub(in crate::trace) struct File {
    pub path: PathBuf,
    pub format: Option<&'static str>,
}

impl File {
    /// Whether its rows have times.
    pub fn has_clock(&self) -> bool {
        self.format
            .and_then(|name| formats::named(name).ok())
            .is_none_or(|format| format.clock)
    }
}

/// A path as a file writes it, looked for from `base`, then from where the program runs.
pub(super) fn find(path: &str, base: &Path, at: &At) -> Result<PathBuf, Refusal> {
    let below = base.join(path);
    let here = PathBuf::from(path);
    if below.exists() {
        // The shorter name, where both are the same place.
        return Ok(if base == Path::new(".") || base == Path::new("") {
            here
        } else {
            below
        });
    }
    if here.exists() {
        return Ok(here);
    }
    Err(
        Refusal::at(at, format!("there is no trace \"{path}\"")).help(format!(
            "looked for {} and {}",
            below.display(),
            here.display()
        )),
    )
}

/// The format that is named, or else the one that the file looks like.
pub(super) fn format_of(
    path: &Path,
    mapped: bool,
    secret: bool,
    named: Option<&(String, At)>,
) -> Result<&'static Format, Refusal> {
    let input = Input::open(path)?;
    match named {
        None if mapped => Ok(&formats::mapped::FORMAT),
        None => formats::recognise(&input, secret),
        Some((name, at)) => formats::named(name)
            .map_err(|help| Refusal::at(at, format!("unknown format \"{name}\"")).help(help)),
    }
}
