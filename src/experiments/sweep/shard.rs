//! A part of a sweep in a file, `shard-K-of-N.jsonl`: every N-th run, in order, between a line that says which plan and
//! which part it is and one with a digest of all before it. It is written under another name and renamed, so it is whole or not there.
//!
//! While it is not finished, its runs stand in a journal, `shard-K-of-N.partial`: each line with a digest under the plan's, so
//! that a line that was cut short, or is of another plan, is no line. A sweep that was killed goes on from there.

use super::{
    outcome::{Outcome, replay},
    plan::{Base, Plan, short},
};
use crate::config::Refusal;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
    sync::Mutex,
};

/// Shards of a sweep at most.
pub const MOST_SHARDS: u64 = 10_000;

/// Which part of a sweep: every `of`-th run, beginning at `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };

    /// Reads `3/16`.
    ///
    /// # Errors
    /// What is no part of a whole; shards are counted from 0.
    pub fn parse(text: &str) -> Result<Shard, Refusal> {
        let source = crate::config::Source::new("--shard", text);
        let no = |message: String| Refusal::text(&source, 0..text.len(), message);
        let help = "write K/N, such as 3/16: shards are counted from 0, so these are 0/16 to 15/16";
        let parts = text.split_once('/');
        let parts = parts.and_then(|(k, n)| Some((k.trim().parse().ok()?, n.trim().parse().ok()?)));
        match parts {
            Some((_, of)) if of > MOST_SHARDS => {
                Err(no(format!("{of} shards are too many")).help(format!("at most {MOST_SHARDS}")))
            }
            Some((index, of)) if index < of => Ok(Shard { index, of }),
            Some((_, 0)) | None => Err(no(format!("\"{text}\" is no shard")).help(help)),
            Some((index, of)) => Err(no(format!(
                "there is no shard {index} of {of}: shards are counted from 0"
            ))
            .help(format!("write 0/{of} to {}/{of}", of - 1))),
        }
    }

    /// The name of its file.
    pub fn file(self) -> String {
        format!("shard-{}-of-{}.jsonl", self.index, self.of)
    }

    /// The name of its journal.
    pub fn journal(self) -> String {
        format!("shard-{}-of-{}.partial", self.index, self.of)
    }

    /// Its runs, of so many.
    pub fn runs(self, all: u64) -> impl Iterator<Item = u64> {
        (self.index..all).step_by(self.of as usize)
    }
}

/// What became of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// It was there already.
    Skipped,
    /// So many of its runs were replayed now, and so many stood in the journal.
    Replayed(u64, u64),
}

/// Makes a shard's file in a folder, unless it is there. `progress` is told runs that are done: first those of the journal.
///
/// # Errors
/// A file of another plan in its place, runs that are refused, and what cannot be written. Runs that are done stay in the journal.
pub fn make(
    base: &Base,
    plan: &Plan,
    shard: Shard,
    folder: &Path,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Did, Refusal> {
    let file = folder.join(shard.file());
    if file.exists() {
        let found = read(&file)?;
        if found.plan != *plan || found.shard != shard {
            return Err(foreign(&file, &found.plan, plan));
        }
        progress(found.outcomes.len() as u64);
        return Ok(Did::Skipped);
    }
    fs::create_dir_all(folder).map_err(|e| cannot(folder, &e))?;
    let journal = folder.join(shard.journal());
    let key = plan.digest();
    let mut done = journaled(&journal, &key, plan, shard)?;
    let before = done.len() as u64;
    progress(before);
    let pending: Vec<u64> = shard
        .runs(plan.runs())
        .filter(|r| !done.contains_key(r))
        .collect();
    let open = OpenOptions::new().create(true).append(true).open(&journal);
    let book = Mutex::new(open.map_err(|e| cannot(&journal, &e))?);
    // Behind a line that was cut short a new one begins.
    append(&book, "\n", &journal)?;
    let one = |run: &u64| {
        let outcome = replay(base, plan, *run)?;
        let line = outcome.line(plan);
        append(&book, &format!("{} {line}\n", seal(&key, &line)), &journal)?;
        progress(1);
        Ok((*run, outcome))
    };
    let new: Vec<(u64, Outcome)> = pending
        .par_iter()
        .map(one)
        .collect::<Result<_, Refusal>>()?;
    let replayed = new.len() as u64;
    done.extend(new);
    place(
        folder,
        &shard.file(),
        contents(plan, shard, done.values()).as_bytes(),
    )?;
    let _ = fs::remove_file(&journal);
    Ok(Did::Replayed(replayed, before))
}

fn append(book: &Mutex<File>, line: &str, path: &Path) -> Result<(), Refusal> {
    let mut file = book.lock().unwrap_or_else(|e| e.into_inner());
    file.write_all(line.as_bytes())
        .map_err(|e| cannot(path, &e))
}

/// What a line of the journal begins with: a digest of it and of the plan's.
fn seal(key: &str, line: &str) -> String {
    short(format!("{key}\n{line}").as_bytes())
}

/// The runs of a journal; lines that are cut short or of another plan count for nothing.
fn journaled(
    path: &Path,
    key: &str,
    plan: &Plan,
    shard: Shard,
) -> Result<BTreeMap<u64, Outcome>, Refusal> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(cannot(path, &e)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let sealed = text.lines().filter_map(|line| {
        let (found, line) = line.split_once(' ')?;
        (found == seal(key, line)).then_some(line)
    });
    let outcomes = sealed.filter_map(|line| Outcome::of_line(line, plan));
    let own = outcomes.filter(|o| o.run % shard.of == shard.index);
    Ok(own.map(|o| (o.run, o)).collect())
}

/// The bytes of a shard's file.
fn contents<'a>(plan: &Plan, shard: Shard, outcomes: impl Iterator<Item = &'a Outcome>) -> String {
    let head = json!({
        "sweep": plan.digest(),
        "shard": shard.index,
        "of": shard.of,
        "plan": plan.to_json(),
    });
    let mut text = format!("{head}\n");
    let mut runs = 0u64;
    for outcome in outcomes {
        text += &outcome.line(plan);
        text.push('\n');
        runs += 1;
    }
    let end = json!({ "end": runs, "digest": short(text.as_bytes()) });
    text + &format!("{end}\n")
}

/// A shard as its file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Of which plan.
    pub plan: Plan,
    /// Which part of it.
    pub shard: Shard,
    /// Its runs in order.
    pub outcomes: Vec<Outcome>,
}

/// Reads a shard's file.
///
/// # Errors
/// A file that is no shard, or is not whole.
pub fn read(path: &Path) -> Result<Read, Refusal> {
    let no = |message: &str| Refusal::file(path.display(), message);
    let bytes = fs::read(path).map_err(|e| no(&format!("cannot be read: {e}")))?;
    let again = "delete it and run this shard again";
    let cut = |what: &str| no(&format!("the shard is not whole: {what}")).help(again);
    let text = std::str::from_utf8(&bytes).map_err(|_| cut("it is no text"))?;
    let (head, rest) = text
        .split_once('\n')
        .ok_or_else(|| cut("its first line has no end"))?;
    let head: Value = serde_json::from_str(head)
        .map_err(|_| no("this is no shard of a sweep: its first line is no JSON"))?;
    let plan = Plan::of_json(&head["plan"]);
    let (Some(plan), Some(index), Some(of)) = (plan, head["shard"].as_u64(), head["of"].as_u64())
    else {
        return Err(no("this is no shard of a sweep of this version"));
    };
    let shard = Shard { index, of };
    if index >= of || head["sweep"].as_str() != Some(&plan.digest()) {
        return Err(cut("its first line was changed"));
    }
    let body = rest
        .strip_suffix('\n')
        .ok_or_else(|| cut("its last line has no end"))?;
    let start = body.rfind('\n').map_or(0, |i| i + 1);
    let end: Value =
        serde_json::from_str(&body[start..]).map_err(|_| cut("its last line is cut short"))?;
    let before = &text[..text.len() - rest.len() + start];
    let Some(runs) = end["end"].as_u64() else {
        return Err(cut("its end is missing"));
    };
    if end["digest"].as_str() != Some(&short(before.as_bytes())) {
        return Err(cut(
            "its lines do not have the digest that the last one says",
        ));
    }
    let lines = body[..start].lines();
    let outcomes: Option<Vec<Outcome>> = lines.map(|line| Outcome::of_line(line, &plan)).collect();
    let outcomes = outcomes.ok_or_else(|| cut("a line is no run of its plan"))?;
    let expected = shard.runs(plan.runs());
    if runs != outcomes.len() as u64 || !outcomes.iter().map(|o| o.run).eq(expected) {
        return Err(cut("it does not have the runs of its plan"));
    }
    Ok(Read {
        plan,
        shard,
        outcomes,
    })
}

/// A refusal of a file of another plan.
pub fn foreign(path: &Path, found: &Plan, wanted: &Plan) -> Refusal {
    let message = format!(
        "this is of another sweep: plan {}, and not {}{}",
        found.digest(),
        wanted.digest(),
        differs(found, wanted)
    );
    Refusal::file(path.display(), message).help("give another folder with --out, or move it away")
}

/// In what two plans differ, in words.
fn differs(found: &Plan, wanted: &Plan) -> String {
    let (a, b) = (found.to_json(), wanted.to_json());
    let object = |v: &Value| v.as_object().cloned().unwrap_or_default();
    let mut names = vec![];
    for (name, value) in object(&b) {
        if name == "inputs" {
            let other = object(&a["inputs"]);
            let inner = object(&value).into_iter();
            let unlike = inner.filter(|(k, v)| other.get(k) != Some(v));
            names.extend(unlike.map(|(k, _)| match k.as_str() {
                "incident" => "the incident file".to_string(),
                "traces" => "the trace".to_string(),
                "gameday" => "the version of gameday".to_string(),
                _ => k,
            }));
        } else if a[&name] != value {
            names.push(name);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    format!(" (they differ in {})", names.join(", "))
}

/// Writes a file under another name and renames it: whole, or not there.
///
/// # Errors
/// What cannot be written.
pub fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
    let new = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let to = folder.join(name);
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&new, bytes))
        .and_then(|()| fs::rename(&new, &to));
    written.map_err(|e| {
        let _ = fs::remove_file(&new);
        cannot(&to, &e)
    })
}

fn cannot(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::file(path.display(), format!("cannot be written: {error}"))
}
