//! What became of operations that are to be written once.

use crate::{
    diagnosis::view::{Thing, View},
    recording::{lookup, part, requests, result, writes},
    sim::hash::FixedState,
};
use hashbrown::HashMap;

/// Tries by operation.
pub struct Operations {
    /// Rows of writes, by operation and then by their beginning.
    rows: Vec<u32>,
    /// How many rows belong to each, one after another.
    each: Vec<u32>,
}

/// An operation that was written again.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// When: the second try; where a queue handed it out again, when it was asked for; where its record expired, when that
    /// was written.
    pub time: u64,
    /// The try that wrote it before.
    pub first: u32,
    /// The one that wrote it again; the same, where one try was sent on more than once.
    pub second: u32,
}

/// ns after which a second step is overdue: half a minute is beyond any relay that is well.
const OVERDUE: u64 = 30_000_000_000;

impl Operations {
    /// Of the first step of writes.
    pub fn of(view: &View) -> Operations {
        let table = &view.recording.writes;
        let all = u32::try_from(table.len()).unwrap_or(u32::MAX);
        let mut rows: Vec<u32> = (0..all)
            .filter(|&r| view.of_write(writes::part, r) != u64::from(part::SECOND))
            .collect();
        let order = |r: &u32| {
            (
                view.of_write(writes::op, *r),
                view.of_write(writes::started, *r),
                *r,
            )
        };
        rows.sort_unstable_by_key(order);
        let same =
            |a: &u32, b: &u32| view.of_write(writes::op, *a) == view.of_write(writes::op, *b);
        let each = rows.chunk_by(same).map(|of| of.len() as u32).collect();
        Operations { rows, each }
    }

    /// The tries of each operation.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let mut left = &self.rows[..];
        self.each.iter().map(move |&n| {
            let (of, rest) = left.split_at(n as usize);
            left = rest;
            of
        })
    }

    /// Where these tries of one operation wrote it again.
    pub fn repeats(view: &View, of: &[u32]) -> Vec<Repeat> {
        let mut found = vec![];
        let mut before = None;
        for &row in of {
            let commits = view.of_write(writes::commits, row);
            let time = view.of_write(writes::started, row);
            if commits > 1 {
                found.push(Repeat {
                    time,
                    first: row,
                    second: row,
                });
            }
            if commits > 0 {
                found.extend(before.map(|first| Repeat {
                    time,
                    first,
                    second: row,
                }));
                before = Some(row);
            }
        }
        found
    }
}

/// When each operation was asked for first.
fn asked(view: &View) -> HashMap<u64, u64, FixedState> {
    let mut asked = HashMap::default();
    for i in 0..view.len() {
        asked
            .entry(view.get(requests::op, i))
            .or_insert(view.arrived[i]);
    }
    asked
}

/// All repeats, in order of time.
pub fn all_repeats(view: &View) -> Vec<Repeat> {
    let operations = Operations::of(view);
    let mut found: Vec<Repeat> = operations
        .iter()
        .filter(|of| of.len() > 1 || view.of_write(writes::commits, of[0]) > 1)
        .flat_map(|of| Operations::repeats(view, of))
        .collect();
    let again = |r: &Repeat| view.of_write(writes::redelivered, r.second) == 1;
    if found.iter().any(again) {
        let asked = asked(view);
        for repeat in found.iter_mut().filter(|r| again(r)) {
            let op = view.of_write(writes::op, repeat.second);
            repeat.time = asked.get(&op).copied().unwrap_or(repeat.time);
        }
    }
    // A record that is kept for too short a time was written so.
    for repeat in &mut found {
        if view.of_write(writes::lookup, repeat.second) == u64::from(lookup::EXPIRED) {
            let of = |column| view.of_write(column, repeat.first);
            repeat.time = of(writes::started).saturating_add(of(writes::time));
        }
    }
    found.sort_by_key(|r| (r.time, r.second));
    found
}

fn things(mut all: Vec<Thing>) -> Vec<Thing> {
    all.sort_by_key(|t| (t.time, t.bad));
    all
}

/// Operations; bad is one that is written more than once.
pub fn repeats(view: &View) -> Vec<Thing> {
    if view.recording.writes.is_empty() {
        return vec![];
    }
    let mut all: Vec<Thing> = Operations::of(view)
        .iter()
        .map(|of| Thing {
            time: view.of_write(writes::started, of[0]),
            bad: false,
        })
        .collect();
    // One more thing each: they are few.
    all.extend(all_repeats(view).iter().map(|r| Thing {
        time: r.time,
        bad: true,
    }));
    things(all)
}

/// Operations; bad is one whose key stood for another one when it came.
pub fn shared(view: &View) -> Vec<Thing> {
    let mut owner: HashMap<u64, u64, FixedState> = HashMap::default();
    let mut seen: HashMap<u64, (), FixedState> = HashMap::default();
    let mut all = vec![];
    let rows = u32::try_from(view.recording.writes.len()).unwrap_or(u32::MAX);
    // Rows are in order of their beginning.
    for row in 0..rows {
        let (op, key) = (
            view.of_write(writes::op, row),
            view.of_write(writes::key, row),
        );
        if key == 0 {
            continue;
        }
        let first = *owner.entry(key).or_insert(op);
        if seen.insert(op, ()).is_none() {
            all.push(Thing {
                time: view.of_write(writes::started, row),
                bad: first != op,
            });
        }
    }
    things(all)
}

/// Operations that are written; bad is one whose second step is in nobody's books half a minute later.
pub fn unpublished(view: &View) -> Vec<Thing> {
    let mut second: HashMap<u64, u64, FixedState> = HashMap::default();
    let rows = u32::try_from(view.recording.writes.len()).unwrap_or(u32::MAX);
    let is_second = |r: u32| view.of_write(writes::part, r) == u64::from(part::SECOND);
    for row in (0..rows).filter(|&r| is_second(r)) {
        let landed = view.of_write(writes::landed, row);
        if landed > 0 {
            let first = second
                .entry(view.of_write(writes::op, row))
                .or_insert(landed);
            *first = landed.min(*first);
        }
    }
    if second.is_empty() {
        return vec![];
    }
    let mut all = vec![];
    for of in Operations::of(view).iter() {
        // The ledger has it: somebody wrote it and was told so.
        let done = of.iter().find(|&&row| {
            view.of_write(writes::result, row) == u64::from(result::OK)
                && view.of_write(writes::lookup, row) != u64::from(lookup::DONE)
        });
        let Some(&row) = done else { continue };
        let (started, time) = (
            view.of_write(writes::started, row),
            view.of_write(writes::time, row),
        );
        let until = started.saturating_add(time).saturating_add(OVERDUE);
        if until > view.end {
            continue;
        }
        let op = view.of_write(writes::op, row);
        let published = second.get(&op).is_some_and(|&landed| landed <= until);
        all.push(Thing {
            time: started,
            bad: !published,
        });
    }
    things(all)
}
