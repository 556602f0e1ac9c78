//! Who was harmed: requests that failed, came back in part or took too long, and did not in the healthy run of the same
//! traffic. Two runs that differ in one thing are compared request by request, so chance is on neither side.

use crate::recording::{Recording, outcome, requests};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// How an operation ended for its user, the best of its tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Whole,
    Part,
    None,
}

/// An operation of a user: all tries of its client together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Op {
    pub op: u64,
    /// When its first try was sent, ns.
    pub arrived: u64,
    /// From then to the end of the last try, ns.
    pub latency: u64,
    pub answer: Answer,
    pub tenant: u32,
    pub user: u32,
    pub route: u32,
}

/// The operations of a recording, by number. What is no user's is left out.
pub(super) fn ops(recording: &Recording) -> Vec<Op> {
    let table = &recording.requests;
    let honest = table.has(requests::honest);
    let mut all: Vec<Op> = vec![];
    for row in table.rows().filter(|r| r.background == 0) {
        let answer = match row.outcome {
            // Whatever an answer says of itself.
            outcome::OK if honest && row.honest != outcome::OK => Answer::Part,
            outcome::OK => Answer::Whole,
            outcome::DEGRADED => Answer::Part,
            _ => Answer::None,
        };
        all.push(Op {
            op: row.op,
            arrived: row.arrived,
            latency: row.latency,
            answer,
            tenant: row.tenant,
            user: row.user,
            route: row.route,
        });
    }
    all.sort_by_key(|o| (o.op, o.arrived));
    all.dedup_by(|later, first| {
        let same = later.op == first.op;
        if same {
            first.latency = (later.arrived + later.latency).saturating_sub(first.arrived);
            first.answer = first.answer.min(later.answer);
        }
        same
    });
    all
}

/// In what way a request was harmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    Failed,
    Part,
    Slow,
}

/// What a run is compared with.
#[derive(Clone, Debug)]
pub(super) struct Yardstick {
    /// The operations of the healthy run.
    pub healthy: Vec<Op>,
    /// Requests that arrived in this time count, ns.
    pub over: Range<u64>,
    /// Longer than this is slow, ns.
    pub slow: Option<u64>,
}

impl Yardstick {
    /// In what way the incident harmed an operation, if it did.
    pub(super) fn harm(&self, op: &Op) -> Option<Harm> {
        let slow = |o: &Op| self.slow.is_some_and(|most| o.latency > most);
        let found = self.healthy.binary_search_by_key(&op.op, |o| o.op);
        let before = found.ok().map(|i| &self.healthy[i]);
        let was = before.map_or(Answer::Whole, |o| o.answer);
        match op.answer {
            Answer::None if was < Answer::None => Some(Harm::Failed),
            Answer::Part if was < Answer::Part => Some(Harm::Part),
            Answer::Whole if slow(op) && was == Answer::Whole && !before.is_some_and(slow) => {
                Some(Harm::Slow)
            }
            _ => None,
        }
    }

    fn counted<'a>(&'a self, ops: &'a [Op]) -> impl Iterator<Item = &'a Op> {
        ops.iter().filter(|o| self.over.contains(&o.arrived))
    }

    /// The harm of a run, in numbers.
    pub(super) fn count(&self, ops: &[Op]) -> Harmed {
        let mut harmed = Harmed::default();
        for op in self.counted(ops) {
            harmed.requests += 1;
            match self.harm(op) {
                Some(Harm::Failed) => harmed.failed += 1,
                Some(Harm::Part) => harmed.in_part += 1,
                Some(Harm::Slow) => harmed.slow += 1,
                None => continue,
            }
            harmed.harmed += 1;
        }
        harmed
    }

    /// How far it reached.
    pub(super) fn blast(&self, ops: &[Op], recording: &Recording) -> Blast {
        let mut blast = Blast::default();
        let mut tenants: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        let mut routes: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        let mut users: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut hit = users.clone();
        for op in self.counted(ops) {
            let harmed = u64::from(self.harm(op).is_some());
            for (of, name) in [(&mut tenants, op.tenant), (&mut routes, op.route)] {
                let (all, bad) = of.entry(name).or_default();
                *all += 1;
                *bad += harmed;
            }
            users.insert((op.tenant, op.user));
            if harmed == 1 {
                hit.insert((op.tenant, op.user));
            }
        }
        let rows = |of: &BTreeMap<u32, (u64, u64)>, dictionary: &str| {
            let row = |(&name, &(requests, harmed)): (&u32, &(u64, u64))| Row {
                name: recording.name(dictionary, name).to_owned(),
                requests,
                harmed,
            };
            let named = of.iter().filter(|(name, _)| **name != 0);
            let mut rows: Vec<Row> = named.map(row).collect();
            rows.sort_by(|a, b| (b.harmed, &a.name).cmp(&(a.harmed, &b.name)));
            rows
        };
        let known = |of: &BTreeSet<(u32, u32)>| of.iter().filter(|(_, user)| *user != 0).count();
        blast.users = (known(&hit) as u64, known(&users) as u64);
        blast.tenants = rows(&tenants, "tenant");
        blast.routes = rows(&routes, "route");
        blast
    }
}

/// The harm of a run, in numbers of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Harmed {
    /// Requests of users.
    pub requests: u64,
    /// Harmed in one way or another.
    pub harmed: u64,
    /// Got no answer where the healthy run gave one.
    pub failed: u64,
    /// Got a part of what the healthy run gave.
    pub in_part: u64,
    /// Waited longer than a gate allows, where the healthy run did not let them.
    pub slow: u64,
}

/// A tenant or an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its requests.
    pub requests: u64,
    /// Those that were harmed.
    pub harmed: u64,
}

/// How far an incident reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blast {
    /// Users of whom a request was harmed, and all users; none where the trace names none.
    pub users: (u64, u64),
    /// Tenants, the most harmed first.
    pub tenants: Vec<Row>,
    /// Endpoints, the most harmed first.
    pub routes: Vec<Row>,
}

impl Blast {
    /// Tenants of whom a request was harmed.
    pub fn tenants_harmed(&self) -> u64 {
        self.tenants.iter().filter(|t| t.harmed > 0).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{RequestRow, Table};

    fn row(op: u64, arrived: u64, latency: u64, outcome: u8) -> RequestRow {
        RequestRow {
            op,
            arrived,
            latency,
            outcome,
            tenant: 1 + (op % 2) as u32,
            user: 1 + (op % 3) as u32,
            ..RequestRow::default()
        }
    }

    fn recording(rows: &[RequestRow]) -> Recording {
        let columns = [
            requests::op,
            requests::arrived,
            requests::latency,
            requests::outcome,
            requests::tenant,
            requests::user,
            requests::route,
            requests::background,
        ];
        let mut table = Table::with_columns(columns);
        for row in rows {
            table.push(row);
        }
        Recording {
            requests: table,
            ..Recording::default()
        }
    }

    #[test]
    fn tries_of_one_operation_are_one_and_last_until_the_end_of_the_last() {
        let rows = [
            row(7, 10, 5, outcome::TIMEOUT),
            row(8, 11, 2, outcome::OK),
            row(7, 20, 4, outcome::OK),
        ];
        let ops = ops(&recording(&rows));
        assert_eq!(ops.len(), 2);
        assert_eq!(
            (ops[0].op, ops[0].latency, ops[0].answer),
            (7, 14, Answer::Whole)
        );
    }

    #[test]
    fn only_what_the_healthy_run_did_better_is_harm() {
        let healthy = recording(&[
            row(1, 10, 5, outcome::OK),
            row(2, 11, 5, outcome::ERROR),
            row(3, 12, 50, outcome::OK),
            row(4, 13, 5, outcome::OK),
            row(5, 14, 5, outcome::OK),
        ]);
        let bad = recording(&[
            row(1, 10, 5, outcome::REJECTED),
            row(2, 11, 5, outcome::ERROR),
            row(3, 12, 60, outcome::OK),
            row(4, 13, 41, outcome::OK),
            row(5, 14, 40, outcome::DEGRADED),
            // Of traffic that the healthy run had not.
            row(6, 15, 99, outcome::OK),
            row(9, 99, 99, outcome::ERROR),
        ]);
        let yardstick = Yardstick {
            healthy: ops(&healthy),
            over: 10..90,
            slow: Some(40),
        };
        let harmed = yardstick.count(&ops(&bad));
        assert_eq!(
            harmed,
            Harmed {
                requests: 6,
                harmed: 4,
                failed: 1,
                in_part: 1,
                slow: 2
            }
        );
        assert_eq!(yardstick.count(&ops(&healthy)).harmed, 0);
        let blast = yardstick.blast(&ops(&bad), &bad);
        // A user is one of a tenant: 2 tenants of 3.
        assert_eq!(blast.users, (4, 6));
        let tenants: Vec<(u64, u64)> = blast
            .tenants
            .iter()
            .map(|t| (t.requests, t.harmed))
            .collect();
        assert_eq!(tenants, [(3, 2), (3, 2)]);
    }
}
