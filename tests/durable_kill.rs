//! The durable ledgers under kill -9: what was acknowledged is there, nothing is written twice, nothing stays pending
//! beyond its lease. A process tries operations, and tells each decision once the ledger has acknowledged it; it is killed
//! wherever it happens to be, many times, and what it leaves is looked at.
//!
//! `GAMEDAY_POSTGRES` names a server, as in `durable_ledger.rs`; `GAMEDAY_POSTGRES_RESTART` is a command that kills the
//! server itself (`pg_ctl restart -m immediate`): not while other tests use it.

#![cfg(feature = "ledger")]

mod ledger_support;

use gameday::{
    components::ledger::{LedgerOptions, State},
    config::Span,
    live::ledger::{
        Durable,
        trial::{self, Acknowledged, Books, Trial},
    },
    sim::hash::mix,
};
use ledger_support::{InFile, MS, Place};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

const LEASE: u64 = 100 * MS;

fn options() -> LedgerOptions {
    LedgerOptions {
        lease: Span(LEASE),
        ..LedgerOptions::plain()
    }
}

/// What a process was told, by key: the newest token under which it was let write, and the result of what was done.
#[derive(Default)]
struct Told {
    run: BTreeMap<u64, u64>,
    done: BTreeMap<u64, u64>,
}

impl Told {
    /// A line as it was printed. What was cut by the kill says nothing.
    fn hear(&mut self, line: &str) {
        let Some(line) = line.strip_suffix('\n') else {
            return;
        };
        let words: Vec<&str> = line.split(' ').collect();
        let hex = |word: &str| u64::from_str_radix(word, 16).unwrap();
        match words[..] {
            ["run", key, token] => {
                let newest = self.run.entry(hex(key)).or_default();
                *newest = (*newest).max(token.parse().unwrap());
            }
            ["done", key, result] => {
                self.done.insert(hex(key), hex(result));
            }
            _ => panic!("{line}"),
        }
    }

    /// Holds what is left of a ledger, and the books, to what was told.
    /// It may go on meanwhile.
    fn check(&self, ledger: &mut dyn Durable, books: &Books) {
        for (key, token) in &self.run {
            let record = ledger.look(*key, trial::now()).unwrap();
            let record = record.unwrap_or_else(|| panic!("{key:x}: a claim is lost"));
            assert!(record.token >= *token, "{key:x}: {token}, then {record:?}");
            if record.state == State::Pending {
                let until = trial::now() + LEASE;
                assert!(record.until <= until, "{key:x}: {record:?}, not {until}");
            }
            assert!(books.writes(*key) <= 1, "{key:x}: written twice");
        }
        for (key, result) in &self.done {
            let state = ledger.look(*key, trial::now()).unwrap().map(|r| r.state);
            assert_eq!(state, Some(State::Done(*result)), "{key:x}");
            assert_eq!(books.writes(*key), 1, "{key:x}: done, and not written once");
        }
    }
}

/// The books as they are now: who has them open goes on.
fn read(books: &Path) -> Books {
    let copy = books.with_extension("copy");
    std::fs::copy(books, &copy).unwrap();
    Books::open(&copy).unwrap()
}

fn start(store: &[&str], books: &Path, operations: u64, journal: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gameday"));
    command.args(["lab", "ledger", "--lease", "100ms", "--operations"]);
    command.arg(operations.to_string()).args(store);
    command.arg("--books").arg(books);
    if journal {
        command.arg("--journal");
    }
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// The end of a process that nobody kills.
fn whole(child: Child) -> String {
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{said}");
    assert!(said.contains("audit: each operation was written once, and none is lost"));
    said
}

/// The number before these words of the report.
fn number(said: &str, words: &str) -> u64 {
    let line = said.lines().find(|line| line.contains(words));
    let line = line.unwrap_or_else(|| panic!("no \"{words}\" in {said}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Kills it so often, at lines drawn by a seed, and lets it go on each time; then to the end, and once more.
fn killed(
    store: &[&str],
    mut ledger: impl FnMut() -> Box<dyn Durable>,
    kills: u64,
    operations: u64,
) {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let (mut told, mut cut) = (Told::default(), 0);
    for kill in 0..kills {
        let mut child = start(store, &books, operations, true);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let after = told.done.len() as u64 + 1 + mix(kill) % (2 * operations / kills);
        let mut lines = 0;
        loop {
            let mut line = String::new();
            // The rest of what it said before it died counts as well.
            if out.read_line(&mut line).unwrap() == 0 {
                break;
            }
            if line.starts_with("audit") {
                break;
            }
            told.hear(&line);
            lines += 1;
            if lines == after {
                child.kill().unwrap();
                cut += 1;
            }
        }
        child.wait().unwrap();
        told.check(&mut *ledger(), &read(&books));
    }
    assert!(cut >= kills / 2, "it ended by itself after {cut} kills");
    let said = whole(start(store, &books, operations, false));
    assert_eq!(number(&said, " operations of "), operations);
    told.check(&mut *ledger(), &read(&books));
    let again = whole(start(store, &books, operations, false));
    assert_eq!(number(&again, "were let write"), 0, "{again}");
}

#[test]
fn kill_9_takes_nothing_back_that_a_file_has_acknowledged() {
    // On the disk, where fsync is one.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let open = || {
        let ledger = gameday::live::ledger::Embedded::open(&path, options());
        Box::new(ledger.unwrap()) as Box<dyn Durable>
    };
    killed(&["--store", path.to_str().unwrap()], open, 12, 160);
}

fn trial_with(options: LedgerOptions) -> trial::Outcome {
    let mut ledger = InFile::new().open(options);
    let keys: Vec<u64> = (0..600).map(|n| mix(n / 2)).collect();
    let trial = Trial {
        keys: &keys,
        threads: 4,
        seed: 7,
        lease: options.lease.0,
    };
    let silent = |_: Acknowledged| {};
    trial::run(&trial, &mut *ledger, Books::default(), &silent).unwrap()
}

/// The audit is not blind: who takes silence for failure writes twice, under the same tries.
#[test]
fn the_audit_passes_a_sound_ledger_and_counts_the_duplicates_of_one_that_does_not_ask() {
    let sound = trial_with(LedgerOptions {
        lease: Span(20 * MS),
        ..options()
    });
    assert!(sound.audit.passes(), "{:?}", sound.audit);
    assert_eq!((sound.audit.operations, sound.audit.handed), (300, 300));
    assert!(sound.counts.asked[0] > sound.counts.asked[1] && sound.counts.asked[1] > 0);
    let flawed = trial_with(LedgerOptions {
        lease: Span(20 * MS),
        doubt: gameday::components::ledger::Doubt::RunAgain,
        ..options()
    });
    assert!(flawed.audit.duplicates > 0, "{:?}", flawed.audit);
    assert!(!flawed.audit.passes());
}

#[cfg(feature = "postgres")]
mod in_postgres {
    use super::*;
    use ledger_support::{InPostgres, server};
    use std::sync::{Mutex, PoisonError};

    /// One of these tests stops the server.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn kill_9_of_clients_takes_nothing_back_that_postgresql_has_acknowledged() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(url) = server() else { return };
        let mut place = InPostgres::new(&url);
        let table = place.table.clone();
        let store = ["--store", &url, "--table", &table];
        killed(&store, || place.open(options()), 12, 160);
    }

    #[test]
    fn a_server_that_is_killed_and_comes_back_takes_nothing_back_either() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(url) = server() else { return };
        let Ok(restart) = std::env::var("GAMEDAY_POSTGRES_RESTART") else {
            eprintln!("skipped: GAMEDAY_POSTGRES_RESTART names no command");
            return;
        };
        let mut place = InPostgres::new(&url);
        let folder = tempfile::tempdir().unwrap();
        let books = folder.path().join("books");
        let table = place.table.clone();
        let store = ["--store", &url, "--table", &table];
        let mut child = start(&store, &books, 200, true);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (mut told, mut lines, mut report) = (Told::default(), 0, String::new());
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                break;
            }
            if !report.is_empty() || line.starts_with("audit") {
                report += &line;
                continue;
            }
            told.hear(&line);
            lines += 1;
            if lines % 100 == 37 && lines < 400 {
                let done = Command::new("sh").args(["-c", &restart]).status().unwrap();
                assert!(done.success(), "{restart}");
                told.check(&mut *place.open(options()), &read(&books));
            }
        }
        assert!(child.wait().unwrap().success(), "{report}");
        assert!(number(&report, "calls without an answer") > 0, "{report}");
        told.check(&mut *place.open(options()), &read(&books));
    }
}
