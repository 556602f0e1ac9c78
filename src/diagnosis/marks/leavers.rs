//! Clients that leave, and the calls that go on for them.

use crate::{
    diagnosis::view::{Thing, View},
    recording::{attempts, outcome, requests},
};

/// ns after a client's leaving within which a call that is stopped has ended.
pub const AT_ONCE: u64 = 2_000_000;

/// What is known of a request whose client left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leaver {
    /// It did leave.
    pub left: bool,
    /// A call was under way when it left, that nobody meant to outlive it.
    pub under_way: bool,
    /// Such a call went on.
    pub goes_on: bool,
    /// A call began after it had left.
    pub begins: bool,
    /// A call had begun before.
    pub begun: bool,
    /// The dependency that worked on longest.
    pub dependency: u16,
    /// When the last call for it ended, ns.
    pub until: u64,
}

impl Leaver {
    /// Whether a dependency works for nobody.
    pub fn is_orphan(&self) -> bool {
        self.goes_on || self.begins
    }
}

/// When the client of a row left, or was answered, ns.
pub fn over(view: &View, row: usize) -> u64 {
    let table = &view.recording.requests;
    table
        .value(requests::arrived, row)
        .saturating_add(table.value(requests::latency, row))
}

/// By row of the table of requests; nothing where calls are not recorded.
pub fn all(view: &View) -> Vec<Leaver> {
    let (table, calls) = (&view.recording.requests, &view.recording.attempts);
    if calls.is_empty()
        || !calls.has(attempts::request)
        || !calls.has(attempts::time)
        || !view.own_calls
    {
        return vec![];
    }
    let mut all: Vec<Leaver> = (0..table.len())
        .map(|row| Leaver {
            left: table.value(requests::disconnected, row) == 1
                || table.value(requests::outcome, row) == u64::from(outcome::HUNG_UP),
            ..Leaver::default()
        })
        .collect();
    if !all.iter().any(|l| l.left) {
        return vec![];
    }
    for call in 0..calls.len() {
        let row = calls.value(attempts::request, call) as usize;
        let Some(leaver) = all.get_mut(row).filter(|l| l.left) else {
            continue;
        };
        if calls.value(attempts::meant, call) == 1 || calls.value(attempts::background, call) == 1 {
            continue;
        }
        let started = calls.value(attempts::started, call);
        let end = started.saturating_add(calls.value(attempts::time, call));
        let over = over(view, row);
        let late = end > over + AT_ONCE;
        if started <= over {
            leaver.begun = true;
            leaver.under_way |= end >= over;
            leaver.goes_on |= late;
        } else {
            leaver.begins |= late;
        }
        if late && end > leaver.until {
            leaver.until = end;
            leaver.dependency = calls.value(attempts::dependency, call) as u16;
        }
    }
    all
}

/// Requests; bad is one for which work goes on after its client has left.
pub fn orphans(view: &View) -> Vec<Thing> {
    let all = all(view);
    if all.is_empty() {
        return vec![];
    }
    (0..view.len())
        .map(|i| Thing {
            time: view.arrived[i],
            bad: all[view.row(i) as usize].is_orphan(),
        })
        .collect()
}

/// Clients that left, by the readings of who counts them; bad is one whose record was to be made all the same, and is not.
pub fn killed(view: &View) -> Vec<Thing> {
    let (left, killed) = (
        view.readings("disconnects.edge"),
        view.readings("intended.killed"),
    );
    let mut all = vec![];
    let mut since = 0;
    for (left, killed) in left.iter().zip(&killed) {
        let n = left.value.max(killed.value).max(0.0) as u64;
        for k in 0..n {
            // Spread over the time since the last reading: nothing more is known.
            let within = (left.time.saturating_sub(since)) as f64 * (k as f64 + 0.5) / n as f64;
            all.push(Thing {
                time: since + within as u64,
                bad: (k as f64) < killed.value,
            });
        }
        since = left.time;
    }
    all
}
