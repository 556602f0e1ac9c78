//! Which requests are looked at one by one: the slowest, or those that somebody asks for.

use crate::config::Refusal;
use crate::recording::{Recording, requests};

/// Requests by the rows of the recording, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// In words: `the slowest 100 of 28,912 requests`.
    pub words: String,
    /// Rows.
    pub rows: Vec<usize>,
}

/// The users' requests that took longest from arrival to answer, or until their client left: the slowest first, of equal
/// ones the earlier. None at all where latencies are not recorded.
pub fn slowest(recording: &Recording, most: usize) -> Choice {
    let table = &recording.requests;
    let latency = |row: usize| table.value(requests::latency, row);
    let user = |row: &usize| table.value(requests::background, *row) == 0;
    let mut rows: Vec<usize> = (0..table.len()).filter(user).collect();
    let all = rows.len();
    if !table.has(requests::latency) {
        rows.clear();
    }
    let order = |row: &usize| (std::cmp::Reverse(latency(*row)), *row);
    if rows.len() > most {
        if most > 0 {
            rows.select_nth_unstable_by_key(most - 1, order);
        }
        rows.truncate(most);
    }
    rows.sort_unstable_by_key(order);
    Choice {
        words: format!("the slowest {} of {all} requests", rows.len()),
        rows,
    }
}

/// Requests by name: `4711` is all tries of that operation, `4711.2` its second.
///
/// # Errors
/// What is no name of a request, and what is not in the recording.
pub fn named(recording: &Recording, names: &[String]) -> Result<Choice, Refusal> {
    let table = &recording.requests;
    let mut rows = vec![];
    for name in names {
        let (op, tries) = parse(name).ok_or_else(|| {
            Refusal::new(format!("--request {name:?} is no request"))
                .help("4711 is all tries of that operation, 4711.2 its second")
        })?;
        let (column, what) = match table.has(requests::op) {
            true => (Some(requests::op), "operation"),
            false => (None, "row"),
        };
        let is = |row: usize| match column {
            Some(column) => table.value(column, row) == op,
            None => row as u64 == op,
        };
        let tried = |row: usize| tries.is_none_or(|n| table.value(requests::tries, row) == n);
        let found = (0..table.len()).filter(|&row| is(row) && tried(row));
        let before = rows.len();
        rows.extend(found);
        if rows.len() == before {
            let count = table.len();
            return Err(Refusal::new(format!(
                "--request {name}: there is no such {what} among {count} requests"
            ))
            .help("summary and tables name requests by their op: `gameday replay ... --save FOLDER` keeps all of them"));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|row| seen.insert(*row));
    Ok(Choice {
        words: format!("requests {}", names.join(", ")),
        rows,
    })
}

fn parse(name: &str) -> Option<(u64, Option<u64>)> {
    match name.split_once('.') {
        None => Some((name.parse().ok()?, None)),
        Some((op, tries)) => Some((op.parse().ok()?, Some(tries.parse().ok()?))),
    }
}
