//! A page over the reports of a folder: which runs there are, which of them do not pass, and the way to each.
//!
//! Everything on it is read from the reports' `summary.json`, so it says nothing that they do not. Like a report it is one
//! file without a script, the same to the byte whenever the reports are.

use super::html::frame;
use super::words::{escape, in_a_link, thousands};
use crate::config::{Refusal, show_nanos};
use serde_json::Value;
use std::{fmt::Write as _, fs, io, path::Path};

/// The page's file.
pub const FILE: &str = "index.html";

/// By which a page of ours is known, and may be replaced.
const OURS: &str = "<meta name=\"generator\" content=\"gameday report index\">";

/// What the table of runs has besides the style of reports: words wrap, and the last column has what room there is.
const STYLE: &str = "\
table.text.runs th { overflow-wrap: normal; }
table.text.runs td:nth-child(-n+2) { white-space: normal; width: 18%; min-width: 9rem; overflow-wrap: anywhere; }
table.text.runs a { color: inherit; }
";

/// A report, as its summary has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its folder's name.
    pub folder: String,
    /// Of the incident; empty where it has none.
    pub title: String,
    /// pass, breach, no_data; empty without gates.
    pub verdict: String,
    /// Gates that do not pass, each once, in the order of the file.
    pub breached: Vec<String>,
    /// What the diagnosis says in a sentence.
    pub diagnosis: String,
    /// Whether it names what was expected, where anything was.
    pub agrees: Option<bool>,
    /// ns from the last step of the fix.
    pub recovery: Option<u64>,
    /// Requests that were replayed.
    pub requests: u64,
    /// Of the run.
    pub seed: u64,
    /// Of the recording.
    pub digest: String,
}

/// The reports of a folder by name, and what looks like one and cannot be read, with the reason.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Those that can be read.
    pub entries: Vec<Entry>,
    /// Folder, and why it is not shown.
    pub unread: Vec<(String, String)>,
}

impl Index {
    /// Reads the reports that stand in a folder. Whatever has no `summary.json` is none.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of(reports: &Path) -> Result<Index, Refusal> {
        let cannot =
            |e: io::Error| Refusal::file(reports.display(), format!("cannot be read: {e}"));
        let mut folders = vec![];
        for entry in fs::read_dir(reports).map_err(cannot)? {
            let name = entry.map_err(cannot)?.file_name();
            // What a run is just writing, or left behind when it was killed.
            if !name.to_string_lossy().starts_with('.') {
                folders.push(name);
            }
        }
        folders.sort();
        let mut index = Index::default();
        for name in folders {
            let summary = reports.join(&name).join("summary.json");
            let shown = name.to_string_lossy().into_owned();
            if !summary.is_file() {
                continue;
            }
            let read = fs::read_to_string(&summary).map_err(|e| e.to_string());
            match read.and_then(|text| entry(&shown, &text)) {
                Ok(entry) => index.entries.push(entry),
                Err(why) => index.unread.push((shown, why)),
            }
        }
        Ok(index)
    }

    /// How many have this verdict.
    pub fn count(&self, verdict: &str) -> usize {
        let own = self.entries.iter().filter(|e| e.verdict == verdict);
        own.count()
    }

    /// The page.
    pub fn render(&self) -> String {
        let mut page = format!(
            "<header>\n<h1>Reports</h1>\n<p class=\"verdict {}\">{}</p>\n</header>\n<main>\n",
            if self.bad() > 0 { "bad" } else { "good" },
            self.summary(),
        );
        if !self.entries.is_empty() {
            page += "<div class=\"wide\">\n<table class=\"text runs\">\n<caption>What does not pass stands first</caption>\n<thead>\n<tr>";
            for head in [
                "run",
                "gates",
                "recovered",
                "requests",
                "seed",
                "title and diagnosis",
            ] {
                let _ = write!(page, "<th scope=\"col\">{head}</th>");
            }
            page += "</tr>\n</thead>\n<tbody>\n";
            let mut order: Vec<&Entry> = self.entries.iter().collect();
            order.sort_by_key(|e| rank(&e.verdict));
            order.iter().for_each(|entry| page += &row(entry));
            page += "</tbody>\n</table>\n</div>\n";
        }
        if !self.unread.is_empty() {
            page += "<section>\n<h2>Not shown</h2>\n<dl>\n";
            for (folder, why) in &self.unread {
                let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", escape(folder), escape(why));
            }
            page += "</dl>\n</section>\n";
        }
        page += "</main>\n";
        let head = format!("{OURS}\n");
        frame("Reports · gameday", &head, STYLE, "", &page)
    }

    /// How many do not pass.
    fn bad(&self) -> usize {
        self.count("breach") + self.count("no_data")
    }

    /// In one line how many there are and how many do not pass.
    pub fn summary(&self) -> String {
        let runs = match self.entries.len() {
            1 => "1 run".to_string(),
            n => format!("{n} runs"),
        };
        let parts = [
            ("breach", "with a gate breached"),
            ("no_data", "with a gate that had no data"),
            ("pass", "pass"),
            ("", "without gates"),
        ];
        let told = parts
            .iter()
            .map(|(verdict, words)| (self.count(verdict), words))
            .filter(|(n, _)| *n > 0)
            .map(|(n, words)| format!("{n} {words}"));
        let told: Vec<String> = told.collect();
        match told.is_empty() {
            true => runs,
            false => format!("{runs}: {}", told.join(", ")),
        }
    }
}

/// Writes the page beside the reports: whole under another name, then renamed.
///
/// # Errors
/// A page of that name that is none of ours, and what cannot be written.
pub fn write(index: &Index, reports: &Path) -> Result<(), Refusal> {
    let path = reports.join(FILE);
    let cannot = |e: io::Error| Refusal::file(path.display(), format!("cannot be written: {e}"));
    match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(cannot(e)),
        Ok(bytes) if String::from_utf8_lossy(&bytes).contains(OURS) => {}
        Ok(_) => {
            let what = "there is a page here that is no index of ours, and it would be replaced";
            return Err(Refusal::file(path.display(), what).help("move it away"));
        }
    }
    let new = reports.join(format!(".{FILE}.{}.tmp", std::process::id()));
    let written = fs::write(&new, index.render()).and_then(|()| fs::rename(&new, &path));
    written.map_err(|e| {
        let _ = fs::remove_file(&new);
        cannot(e)
    })
}

/// A report from its summary.
fn entry(folder: &str, text: &str) -> Result<Entry, String> {
    let summary: Value = serde_json::from_str(text).map_err(|e| format!("summary.json: {e}"))?;
    match summary["schema"].as_u64() {
        Some(n) if n == u64::from(super::json::SCHEMA) => {}
        Some(n) => {
            return Err(format!(
                "its summary.json is of version {n}, and this is {}",
                super::json::SCHEMA
            ));
        }
        None => return Err("its summary.json is none of a report: it says no schema".into()),
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let number = |name: &str| summary[name].as_u64().unwrap_or_default();
    let mut breached: Vec<String> = vec![];
    for gate in summary["gates"].as_array().into_iter().flatten() {
        let name = text(&gate["gate"]);
        if gate["verdict"] != "pass" && !breached.contains(&name) {
            breached.push(name);
        }
    }
    let entries = summary["truth"]["entries"].as_array();
    let acted = entries.is_none_or(|all| !all.is_empty());
    Ok(Entry {
        folder: folder.into(),
        title: text(&summary["title"]),
        verdict: text(&summary["verdict"]),
        breached,
        diagnosis: text(&summary["diagnosis"]["summary"]),
        agrees: summary["diagnosis_agrees"].as_bool(),
        // Where nothing was done there was nothing to recover from.
        recovery: summary["recovery_ns"].as_u64().filter(|_| acted),
        requests: number("requests_replayed"),
        seed: number("seed"),
        digest: text(&summary["digest"]),
    })
}

/// What does not pass stands first.
fn rank(verdict: &str) -> u8 {
    match verdict {
        "breach" => 0,
        "no_data" => 1,
        "pass" => 2,
        _ => 3,
    }
}

fn row(entry: &Entry) -> String {
    let (class, gates) = match entry.verdict.as_str() {
        "pass" => ("good", "✓ pass".to_string()),
        "breach" => ("bad", format!("✗ {}", entry.breached.join(", "))),
        "no_data" => ("doubt", format!("? {}", entry.breached.join(", "))),
        _ => ("soft", "no gates".to_string()),
    };
    let agrees = match entry.agrees {
        Some(true) => " <b class=\"good\">✓</b>",
        Some(false) => " <b class=\"bad\">✗</b>",
        None => "",
    };
    let recovery = match entry.recovery {
        None => "–".into(),
        Some(0) => "at once".into(),
        Some(ns) => show_nanos(ns),
    };
    format!(
        "<tr><td><a href=\"{}/report.html\">{}</a></td><td class=\"{class}\">{}</td><td>{recovery}</td><td>{}</td><td>{}</td>\
         <td>{}<br><span class=\"soft\">{}</span>{agrees}</td></tr>\n",
        escape(&in_a_link(&entry.folder)),
        escape(&entry.folder),
        escape(&gates),
        thousands(entry.requests),
        entry.seed,
        escape(&entry.title),
        escape(&entry.diagnosis),
    )
}
