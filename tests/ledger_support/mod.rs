//! What the tests of durable ledgers share: places where one is kept, schedules, and histories of threads.

#![allow(dead_code, reason = "each test uses its part")]

pub mod history;
pub mod schedule;

use gameday::{
    components::ledger::LedgerOptions,
    live::ledger::{Durable, Embedded},
};
#[cfg(feature = "postgres")]
use gameday::{config::Refusal, live::ledger::Postgres};
use std::path::PathBuf;
#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicU32, Ordering};

pub const MS: u64 = 1_000_000;
pub const SECOND: u64 = 1000 * MS;
pub const HOUR: u64 = 3600 * SECOND;

/// Where the ledger of a test is kept, and what a crash leaves of it.
pub trait Place {
    fn open(&mut self, options: LedgerOptions) -> Box<dyn Durable>;

    /// From now on `open` gives what a crash at this moment would leave.
    fn crash(&mut self);
}

/// A file in a folder of its own, in memory where the machine has such: crashes are of the process, not of the machine.
pub struct InFile {
    folder: tempfile::TempDir,
    crashes: u32,
}

impl InFile {
    pub fn new() -> InFile {
        let memory = PathBuf::from("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        InFile {
            folder: folder.unwrap(),
            crashes: 0,
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join(format!("{}.ledger", self.crashes))
    }
}

impl Place for InFile {
    fn open(&mut self, options: LedgerOptions) -> Box<dyn Durable> {
        Box::new(Embedded::open(&self.path(), options).unwrap())
    }

    /// The file as it is on disk while somebody has it open, which is what a process that is killed leaves behind.
    fn crash(&mut self) {
        let before = self.path();
        self.crashes += 1;
        std::fs::copy(before, self.path()).unwrap();
    }
}

/// The server to test with, if there is one: `GAMEDAY_POSTGRES=postgres://user@host:port/database`.
#[cfg(feature = "postgres")]
pub fn server() -> Option<String> {
    let named = std::env::var("GAMEDAY_POSTGRES").ok();
    if named.is_none() {
        eprintln!("skipped: GAMEDAY_POSTGRES names no server");
    }
    named
}

/// Tables of the test's own on that server; they end with the test.
#[cfg(feature = "postgres")]
pub struct InPostgres {
    url: String,
    pub table: String,
}

#[cfg(feature = "postgres")]
impl InPostgres {
    pub fn new(url: &str) -> InPostgres {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let last = LAST.fetch_add(1, Ordering::Relaxed);
        InPostgres {
            url: url.into(),
            table: format!("gameday_test_{}_{last}", std::process::id()),
        }
    }

    fn ledger(&self, options: LedgerOptions) -> Result<Postgres, Refusal> {
        Postgres::open(&self.url, &self.table, options)
    }
}

#[cfg(feature = "postgres")]
impl Place for InPostgres {
    fn open(&mut self, options: LedgerOptions) -> Box<dyn Durable> {
        Box::new(self.ledger(options).unwrap())
    }

    /// The client is gone; what it was told is at the server.
    fn crash(&mut self) {}
}

#[cfg(feature = "postgres")]
impl Drop for InPostgres {
    fn drop(&mut self) {
        if let Ok(ledger) = self.ledger(LedgerOptions::plain()) {
            let _ = ledger.erase();
        }
    }
}
