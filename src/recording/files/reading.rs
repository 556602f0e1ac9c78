//! Reading recordings: a folder of tables, or a file of requests alone; ours, or made elsewhere.

#[cfg(feature = "parquet")]
use super::columnar;
use super::{
    super::{Dictionaries, Recording, RequestRow, Row, Table, join, requests},
    SaveFormat, comma,
    filling::Filled,
    lines,
    manifest::{self, Manifest},
};
use crate::config::Refusal;
use std::path::{Path, PathBuf};

/// What was read.
#[derive(Clone, Debug)]
pub struct Export {
    /// The rows.
    pub recording: Recording,
    /// Columns of requests that are none of ours, and were left alone.
    pub strange: Vec<String>,
    /// Whether it was made elsewhere: nothing describes it.
    pub foreign: bool,
    /// The time of the file that is 0 in the recording, ns.
    pub start: u64,
}

/// Reads a recording from a folder, or from a file with its requests alone.
///
/// # Errors
/// What is missing, cut short, changed since it was written, or wrong, with file, line and column.
pub fn load(path: &Path) -> Result<Recording, Refusal> {
    Ok(export(path)?.recording)
}

/// Reads a recording, perhaps one made elsewhere, and what is to be said of it.
///
/// # Errors
/// As for [`load`].
pub fn export(path: &Path) -> Result<Export, Refusal> {
    if path.is_file() {
        return single(path);
    }
    let folder = path;
    if !folder.is_dir() {
        return Err(
            Refusal::file(folder.display(), "is no folder, and no file").help(
                "a recording is a folder with requests.parquet, requests.csv or requests.jsonl, or such a file alone",
            ),
        );
    }
    let described = folder.join(manifest::NAME);
    let manifest = if described.is_file() {
        Some(manifest::read(&described)?)
    } else {
        None
    };
    let mut recording = Recording::default();
    if let Some(manifest) = &manifest {
        recording.origin = manifest.origin;
        recording.names = manifest.names.clone();
    }
    let (names, said) = (&mut recording.names, manifest.as_ref());
    let requests = read(folder, names, said)?.ok_or_else(|| {
        Refusal::file(
            folder.display(),
            "has no requests.parquet, requests.csv or requests.jsonl",
        )
    })?;
    recording.requests = requests.table;
    recording.attempts = table(read(folder, names, said)?);
    recording.gauges = table(read(folder, names, said)?);
    recording.events = table(read(folder, names, said)?);
    recording.writes = table(read(folder, names, said)?);
    let export = Export {
        recording,
        strange: requests.strange,
        foreign: manifest.is_none(),
        start: 0,
    };
    let digest = manifest.as_ref().and_then(|m| m.digest.as_ref());
    if let Some(digest) = digest {
        let now = manifest::digest(&export.recording);
        if *digest != now {
            return Err(Refusal::file(
                folder.display(),
                format!(
                    "its tables were changed since they were written: digest {now}, not {digest}"
                ),
            )
            .help(format!(
                "if that was on purpose, take \"content_digest\" out of {}",
                manifest::NAME
            )));
        }
    }
    finished(export, folder, manifest.as_ref())
}

fn table<R: Row>(read: Option<Filled<R>>) -> Table<R> {
    read.map_or(Table::with_columns([]), |filled| filled.table)
}

/// A file with requests alone, of any name that ends as its format does; packed or not.
fn single(path: &Path) -> Result<Export, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let packed = ["gz", "zst"].iter().find_map(|end| {
        let stem = name.strip_suffix(end)?;
        stem.strip_suffix('.')
    });
    let stem = packed.unwrap_or(&name);
    let format = SaveFormat::ALL.iter().map(|(_, format)| *format).find(|f| {
        let end = stem.strip_suffix(f.extension());
        end.is_some_and(|stem| stem.ends_with('.'))
    });
    let help = "name it requests.csv, requests.jsonl or requests.parquet; the first two also with .gz or .zst";
    let format = format.ok_or_else(|| {
        Refusal::file(path.display(), "is in no format of a recording").help(help)
    })?;
    if packed.is_some() && format == SaveFormat::Parquet {
        return Err(
            Refusal::file(path.display(), "is Parquet in a packed file").help("unpack it first")
        );
    }
    let mut recording = Recording::default();
    let requests = filled::<RequestRow>(path, format, &mut recording.names, &[])?;
    recording.requests = requests.table;
    let export = Export {
        recording,
        strange: requests.strange,
        foreign: true,
        start: 0,
    };
    finished(export, path, None)
}

/// Holds what was read to the rules, and sets its clock.
fn finished(
    mut export: Export,
    path: &Path,
    manifest: Option<&Manifest>,
) -> Result<Export, Refusal> {
    let recording = &mut export.recording;
    if !recording.requests.has(requests::arrived) {
        let refusal = Refusal::file(path.display(), "its requests have no column arrived_ns");
        let strange = match &export.strange[..] {
            [] => String::new(),
            strange => format!("; found {}", strange.join(", ")),
        };
        return Err(refusal.help(format!(
            "without times nothing can be told; arrived_ms and arrived_s will do too{strange}"
        )));
    }
    if manifest.is_none() {
        in_order(recording, path)?;
    }
    let rows = 0..recording.requests.len();
    let arrived = |row| recording.requests.value(requests::arrived, row);
    let ends = rows.clone().map(|row| {
        let latency = recording.requests.value(requests::latency, row);
        arrived(row).saturating_add(latency)
    });
    let span = manifest.and_then(|m| m.span);
    recording.span = span.unwrap_or_else(|| ends.max().unwrap_or(0));
    let first = rows.clone().map(arrived).min().unwrap_or(0);
    let last = rows.map(arrived).max().unwrap_or(0);
    if manifest.is_none() && first > ((last - first) / EMPTY).max(MINUTE) {
        // A clock that did not begin with it: that of a longer file, or the time since 1970.
        join::from(recording, first);
        recording.origin = i64::try_from(first).ok().filter(|&first| first > YEAR);
        export.start = first;
    }
    Ok(export)
}

/// A file of which this part of its traffic's length is empty at the beginning counts its times from somewhere else.
const EMPTY: u64 = 10;
/// ns that may be empty at the beginning of any.
const MINUTE: u64 = 60_000_000_000;
/// ns in a year: times beyond it are since 1970.
const YEAR: i64 = 31_536_000_000_000_000;

/// Rows are in order of arrival: sorting them here would break what attempts say of them.
fn in_order(recording: &Recording, folder: &Path) -> Result<(), Refusal> {
    let arrived = |row: usize| recording.requests.value(requests::arrived, row);
    match (1..recording.requests.len()).find(|&row| arrived(row) < arrived(row - 1)) {
        None => Ok(()),
        Some(row) => Err(Refusal::file(
            folder.display(),
            format!("row {row} of its requests arrived before the one above it"),
        )
        .help("sort the requests by arrived_ns")),
    }
}

/// Reads a table in whichever format it is there; `None` when it is not.
fn read<R: Row>(
    folder: &Path,
    names: &mut Dictionaries,
    said: Option<&Manifest>,
) -> Result<Option<Filled<R>>, Refusal> {
    let expected = said.and_then(|m| {
        let mut rows = m.rows.iter();
        rows.find(|(name, _)| name == R::TABLE)
            .map(|(_, rows)| *rows)
    });
    let mut columns = said.into_iter().flat_map(|m| &m.columns);
    let columns = columns.find(|(name, _)| name == R::TABLE);
    let columns = columns.map_or(&[][..], |(_, columns)| columns);
    let mut found: Option<(PathBuf, SaveFormat)> = None;
    for &(_, format) in SaveFormat::ALL {
        let path = folder.join(format!("{}.{}", R::TABLE, format.extension()));
        if !path.is_file() {
            continue;
        }
        if let Some((first, _)) = &found {
            return Err(Refusal::file(
                path.display(),
                format!("is there beside {}", first.display()),
            )
            .help("which of them is meant? remove the other"));
        }
        found = Some((path, format));
    }
    let Some((path, format)) = found else {
        return match expected {
            Some(rows) if rows > 0 => Err(Refusal::file(
                folder.display(),
                format!(
                    "its {} are missing: {} says that there are {rows}",
                    R::TABLE,
                    manifest::NAME
                ),
            )),
            _ => Ok(None),
        };
    };
    let filled = filled(&path, format, names, columns)?;
    let rows = filled.rows;
    match expected {
        Some(expected) if expected != rows => Err(Refusal::file(
            path.display(),
            format!(
                "has {rows} rows, and {} says {expected}: it was cut short or changed",
                manifest::NAME
            ),
        )),
        _ => Ok(Some(filled)),
    }
}

/// Reads a table from its file.
fn filled<R: Row>(
    path: &Path,
    format: SaveFormat,
    names: &mut Dictionaries,
    columns: &[String],
) -> Result<Filled<R>, Refusal> {
    match format {
        #[cfg(feature = "parquet")]
        SaveFormat::Parquet => columnar::load(path, names),
        #[cfg(not(feature = "parquet"))]
        SaveFormat::Parquet => Err(Refusal::file(path.display(), "this build has no Parquet")
            .help("build with the feature parquet")),
        SaveFormat::Csv => comma::load(path, names),
        SaveFormat::Jsonl => lines::load(path, names, columns),
    }
}
