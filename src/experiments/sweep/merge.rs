//! Shards put together again. Each has to be there once, whole, and of one plan; what is not so is refused by name.

use super::{
    outcome::Outcome,
    plan::Plan,
    shard::{Read, Shard, foreign, read},
};
use crate::config::Refusal;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The files of shards in a folder, by name.
///
/// # Errors
/// A folder that cannot be read, or has none.
pub fn shards_in(folder: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let no = |message: String| Refusal::file(folder.display(), message);
    let entries = fs::read_dir(folder).map_err(|e| no(format!("cannot be read: {e}")))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            name.is_some_and(|n| n.starts_with("shard-") && n.ends_with(".jsonl"))
        })
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(no("there are no shards here".into())
            .help("gameday sweep INCIDENT --shard K/N --out FOLDER writes shard-K-of-N.jsonl"));
    }
    Ok(files)
}

/// The runs of a sweep from its shards, in order.
///
/// # Errors
/// The first shard that is doubled, foreign or not whole, and shards that are missing.
pub fn merge(files: &[PathBuf]) -> Result<(Plan, Vec<Outcome>), Refusal> {
    let mut shards: Vec<(&PathBuf, Read)> = vec![];
    for path in files {
        shards.push((path, read(path)?));
    }
    // The plan of most is the one that counts; of as many, the first.
    let mut votes: Vec<(&Plan, u64, usize)> = vec![];
    for (_, shard) in &shards {
        match votes
            .iter_mut()
            .find(|(p, of, _)| **p == shard.plan && *of == shard.shard.of)
        {
            Some((.., n)) => *n += 1,
            None => votes.push((&shard.plan, shard.shard.of, 1)),
        }
    }
    let most = votes.iter().map(|(.., n)| *n).max();
    let Some((plan, of, _)) = votes.iter().find(|(.., n)| Some(*n) == most) else {
        return Err(Refusal::new("no shards were given"));
    };
    let (plan, of) = ((*plan).clone(), *of);
    let mut by_index: BTreeMap<u64, (&PathBuf, Read)> = BTreeMap::new();
    for (path, shard) in shards {
        if shard.plan != plan {
            return Err(foreign(path, &shard.plan, &plan));
        }
        let Shard { index, of: own } = shard.shard;
        if own != of {
            let message = format!("this is one of {own} shards, and the others are of {of}");
            return Err(Refusal::file(path.display(), message)
                .help("a sweep is merged from shards of one number"));
        }
        if let Some((other, first)) = by_index.get(&index) {
            let how = match first.outcomes == shard.outcomes {
                true => "with the same runs",
                false => "and its runs are others",
            };
            let message = format!(
                "shard {index} of {of} is there twice: {} is it too, {how}",
                other.display()
            );
            return Err(Refusal::file(path.display(), message).help("give one of them"));
        }
        by_index.insert(index, (path, shard));
    }
    missing(&by_index, of)?;
    let outcomes = by_index.into_values().flat_map(|(_, shard)| shard.outcomes);
    let mut outcomes: Vec<Outcome> = outcomes.collect();
    outcomes.sort_by_key(|o| o.run);
    Ok((plan, outcomes))
}

fn missing(there: &BTreeMap<u64, (&PathBuf, Read)>, of: u64) -> Result<(), Refusal> {
    let missing: Vec<Shard> = (0..of)
        .filter(|k| !there.contains_key(k))
        .map(|index| Shard { index, of })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let folder = there.values().next().and_then(|(path, _)| path.parent());
    let begun = |s: &&Shard| folder.is_some_and(|f| f.join(s.journal()).exists());
    let begun = missing.iter().filter(begun).count();
    let mut names: Vec<String> = missing
        .iter()
        .take(8)
        .map(|s| s.index.to_string())
        .collect();
    if missing.len() > names.len() {
        names.push(format!("and {} more", missing.len() - names.len()));
    }
    let message = format!(
        "of {of} shards {} are missing: {}",
        missing.len(),
        names.join(", ")
    );
    let begun = if begun > 0 {
        format!("; {begun} of them have begun (.partial)")
    } else {
        String::new()
    };
    Err(Refusal::new(message).help(format!(
        "run them with --shard {}/{of}{}{begun}",
        missing[0].index,
        if missing.len() > 1 { " and so on" } else { "" }
    )))
}
