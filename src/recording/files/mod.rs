//! Recordings as folders of tables: Parquet, CSV or JSON lines, one file a table, with `recording.json` beside them.
//!
//! The columns, their units and which of them are needed are listed in docs/recording.md, which is made from
//! [`reference()`]. A team can write the same from its own logs: `requests.csv` with `arrived_ns` is enough, everything
//! else narrows what can be told. Payloads are never in it.
//!
//! A folder is written under another name and then renamed, so that there is never half a recording.

#[cfg(feature = "parquet")]
mod columnar;
mod comma;
mod filling;
mod layout;
mod lines;
mod manifest;
mod packed;
mod reading;
mod reference;
mod wrong;

pub use manifest::digest;
pub use reading::{Export, export, load};
pub use reference::reference;

use super::{AttemptRow, Dictionaries, EventRow, GaugeRow, Recording, RequestRow, Row, Table};
use crate::config::Refusal;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The tables' names: one file each.
pub const TABLES: &[&str] = &[
    RequestRow::TABLE,
    AttemptRow::TABLE,
    GaugeRow::TABLE,
    EventRow::TABLE,
];

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveFormat {
    /// Parquet with Zstandard, for DuckDB, Polars, pandas and Spark. Needs the feature `parquet`.
    Parquet,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl SaveFormat {
    /// All of them with their names.
    pub const ALL: &'static [(&'static str, SaveFormat)] = &[
        ("parquet", SaveFormat::Parquet),
        ("csv", SaveFormat::Csv),
        ("jsonl", SaveFormat::Jsonl),
    ];

    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            SaveFormat::Parquet => "parquet",
            SaveFormat::Csv => "csv",
            SaveFormat::Jsonl => "jsonl",
        }
    }

    /// Whether this build can read and write it.
    pub fn available(self) -> bool {
        self != SaveFormat::Parquet || cfg!(feature = "parquet")
    }
}

/// Writes a recording into a folder, which may be there only as an older recording, or empty.
///
/// # Errors
/// A folder that holds something else, a disk that refuses, a value that the format cannot hold.
pub fn save(recording: &Recording, folder: &Path, format: SaveFormat) -> Result<(), Refusal> {
    let unwritable =
        |e: std::io::Error| Refusal::file(folder.display(), format!("cannot be written: {e}"));
    if !format.available() {
        return Err(Refusal::new("this build has no Parquet")
            .help("save as csv or jsonl, or build with the feature parquet"));
    }
    if folder.exists() && !replaceable(folder) {
        return Err(
            Refusal::file(folder.display(), "is there already, and no recording")
                .help("name a folder that is not there, or that holds a recording"),
        );
    }
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Refusal::file(folder.display(), "is no name for a folder"))?;
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
    let parent = parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let (new, old) = (
        parent.join(format!(".{name}.new-{}", std::process::id())),
        parent.join(format!(".{name}.old-{}", std::process::id())),
    );
    let written = fs::create_dir_all(&new)
        .map_err(unwritable)
        .and_then(|()| write_into(recording, &new, format));
    if let Err(refusal) = written {
        // What cannot be removed now is only in the way of nobody.
        let _ = fs::remove_dir_all(&new);
        return Err(refusal);
    }
    if folder.exists() {
        fs::rename(folder, &old).map_err(unwritable)?;
    }
    fs::rename(&new, folder).map_err(unwritable)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(unwritable)?;
    }
    Ok(())
}

/// Whether a folder may be replaced: a recording, or nothing.
fn replaceable(folder: &Path) -> bool {
    folder.join(manifest::NAME).is_file()
        || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn write_into(recording: &Recording, folder: &Path, format: SaveFormat) -> Result<(), Refusal> {
    fn table<R: Row>(
        table: &Table<R>,
        names: &Dictionaries,
        folder: &Path,
        format: SaveFormat,
    ) -> Result<(), Refusal> {
        // A table of which nothing is recorded is no file.
        if table.recorded().next().is_none() {
            return Ok(());
        }
        let path = folder.join(format!("{}.{}", R::TABLE, format.extension()));
        match format {
            #[cfg(feature = "parquet")]
            SaveFormat::Parquet => columnar::save(table, names, &path),
            #[cfg(not(feature = "parquet"))]
            SaveFormat::Parquet => Err(Refusal::new("this build has no Parquet")),
            SaveFormat::Csv => comma::save(table, names, &path),
            SaveFormat::Jsonl => lines::save(table, names, &path),
        }
    }
    table(&recording.requests, &recording.names, folder, format)?;
    table(&recording.attempts, &recording.names, folder, format)?;
    table(&recording.gauges, &recording.names, folder, format)?;
    table(&recording.events, &recording.names, folder, format)?;
    if !recording.writes.is_empty() {
        table(&recording.writes, &recording.names, folder, format)?;
    }
    let path = folder.join(manifest::NAME);
    fs::write(&path, manifest::write(recording, format))
        .map_err(|e| Refusal::file(path.display(), format!("cannot be written: {e}")))
}

fn unreadable(path: &Path, e: impl fmt::Display) -> Refusal {
    Refusal::file(path.display(), format!("cannot be read: {e}"))
}
