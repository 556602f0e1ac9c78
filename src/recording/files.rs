//! Recordings in files: one CSV a table, in one folder. Names and words are written out, digests in hexadecimal, times in
//! ns; only recorded columns are written.

use super::{Meaning, Recording, Row, Table};
use crate::config::Refusal;
use std::{fmt::Write as _, fs, io::Write, path::Path};

/// The tables' names: one file each.
pub const TABLES: &[&str] = &["requests", "attempts", "gauges", "events"];

/// Saves a recording into a folder, under a temporary name until it is whole.
///
/// # Errors
/// When the folder cannot be written, or is there and holds something else.
pub fn save_csv(recording: &Recording, folder: &Path) -> Result<(), Refusal> {
    let fail =
        |e: std::io::Error| Refusal::file(folder.display(), format!("cannot be written: {e}"));
    if folder.exists() && !folder.join("requests.csv").is_file() {
        return Err(
            Refusal::file(folder.display(), "is there already, and is no recording")
                .help("name a new folder"),
        );
    }
    let mut name = folder.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part = folder.with_file_name(name);
    let written = (|| {
        fs::create_dir_all(&part)?;
        table(recording, &recording.requests, &part)?;
        table(recording, &recording.attempts, &part)?;
        table(recording, &recording.gauges, &part)?;
        table(recording, &recording.events, &part)?;
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::rename(&part, folder)
    })();
    written.map_err(|e| {
        let _ = fs::remove_dir_all(&part);
        fail(e)
    })
}

fn table<R: Row>(recording: &Recording, table: &Table<R>, folder: &Path) -> std::io::Result<()> {
    let mut out =
        std::io::BufWriter::new(fs::File::create(folder.join(format!("{}.csv", R::TABLE)))?);
    let columns: Vec<usize> = table.recorded().collect();
    let head: Vec<&str> = columns.iter().map(|&c| R::COLUMNS[c].name).collect();
    writeln!(out, "{}", head.join(","))?;
    let mut line = String::new();
    for row in 0..table.len() {
        line.clear();
        for (i, &c) in columns.iter().enumerate() {
            if i > 0 {
                line.push(',');
            }
            cell(
                &mut line,
                recording,
                R::COLUMNS[c].meaning,
                table.value(c, row),
            );
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}

fn cell(line: &mut String, recording: &Recording, meaning: Meaning, value: u64) {
    let _ = match meaning {
        Meaning::Name(dictionary) => {
            quoted(line, recording.name(dictionary, value as u32));
            Ok(())
        }
        Meaning::Word(words) => {
            line.push_str(words.get(value as usize).copied().unwrap_or(""));
            Ok(())
        }
        Meaning::Digest if value == 0 => Ok(()),
        Meaning::Digest => write!(line, "{value:016x}"),
        Meaning::Real => write!(line, "{}", f64::from_bits(value)),
        _ => write!(line, "{value}"),
    };
}

fn quoted(line: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        let _ = write!(line, "\"{}\"", text.replace('"', "\"\""));
    } else {
        line.push_str(text);
    }
}
