//! A ledger in a file, by redb: a B-tree with copy-on-write, one writer at a time, and an fsync for each decision that
//! changes something. One process at a time has the file; its threads share it.
//!
//! The format is redb's and ours: it is for drills and tests, not for what must be readable in ten years.

use super::{Durable, StoreError, check};
use crate::{
    components::ledger::{Claim, End, LedgerOptions, Record, Ruling, State},
    config::Refusal,
};
use redb::{
    Builder, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, Table, TableDefinition, WriteTransaction,
};
use std::{path::Path, sync::Arc};

/// State, result, token, since, until: see [`row`].
type Row = (u8, u64, u64, u64, u64);

const RECORDS: TableDefinition<u64, Row> = TableDefinition::new("records");
/// Until when a record is kept that has ended, and its key: what is dropped next stands first.
const ENDED: TableDefinition<(u64, u64), ()> = TableDefinition::new("ended");
/// Keys whose second step is not acknowledged, by the order of their commits.
const OUTBOX: TableDefinition<u64, u64> = TableDefinition::new("outbox");
/// The same by key.
const OUTBOX_OF: TableDefinition<(u64, u64), ()> = TableDefinition::new("outbox-of");
const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");

/// Of the tables above.
const FORMAT: u64 = 1;
/// redb's own default is a GiB, which no ledger of a lab needs.
const CACHE_BYTES: usize = 64 << 20;

const PENDING: u8 = 0;
const DONE: u8 = 1;
const FAILED: u8 = 2;

/// See the module. A clone is another handle on the same file.
#[derive(Clone)]
pub struct Embedded {
    file: Arc<Database>,
    options: LedgerOptions,
}

impl Embedded {
    /// Opens the ledger in this file, and makes it where there is none. Reads all of it to see that it is whole, and repairs
    /// what a crash left half done.
    ///
    /// # Errors
    /// A file that cannot be opened, is held by another process, is damaged, or is no ledger; options that a real store does not follow.
    pub fn open(path: &Path, options: LedgerOptions) -> Result<Embedded, Refusal> {
        check(&options)?;
        let refuse = |why: String| Refusal::file(path.display(), why);
        let file = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .create(path)
            .map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => refuse(
                    "another process has this ledger open; several share one in PostgreSQL".into(),
                ),
                other => refuse(format!("cannot be opened as a ledger: {other}")),
            })?;
        let ledger = Embedded {
            file: Arc::new(file),
            options,
        };
        let format = ledger
            .change("open the ledger", |t| {
                let held = t.counters.get("format")?.map(|n| n.value());
                if held.is_none() {
                    t.counters.insert("format", FORMAT)?;
                }
                Ok((held.unwrap_or(FORMAT), held.is_none()))
            })
            .map_err(|error| refuse(error.to_string()))?;
        if format != FORMAT {
            return Err(refuse(format!(
                "a ledger of format {format}; this gameday reads format {FORMAT}"
            )));
        }
        Ok(ledger)
    }

    /// Runs one decision as a transaction, which is on disk when this returns. Where it says that nothing was changed, there
    /// is nothing to wait for.
    fn change<T>(
        &self,
        doing: &'static str,
        decide: impl FnOnce(&mut Tables<'_>) -> Result<(T, bool), redb::Error>,
    ) -> Result<T, StoreError> {
        let run = || -> Result<T, redb::Error> {
            let mut transaction = self.file.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            let (decision, changed) = decide(&mut Tables::open(&transaction)?)?;
            match changed {
                true => transaction.commit()?,
                false => transaction.abort()?,
            }
            Ok(decision)
        };
        run().map_err(|error| StoreError::new(doing, error))
    }
}

/// The tables of a transaction.
struct Tables<'t> {
    records: Table<'t, u64, Row>,
    ended: Table<'t, (u64, u64), ()>,
    outbox: Table<'t, u64, u64>,
    outbox_of: Table<'t, (u64, u64), ()>,
    counters: Table<'t, &'static str, u64>,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Tables<'t>, redb::Error> {
        Ok(Tables {
            records: transaction.open_table(RECORDS)?,
            ended: transaction.open_table(ENDED)?,
            outbox: transaction.open_table(OUTBOX)?,
            outbox_of: transaction.open_table(OUTBOX_OF)?,
            counters: transaction.open_table(COUNTERS)?,
        })
    }

    fn record(&self, key: u64) -> Result<Option<Record>, redb::Error> {
        Ok(self.records.get(key)?.map(|row| record(row.value())))
    }

    /// The pending record of this holder.
    fn held(&self, key: u64, token: u64) -> Result<Option<Record>, redb::Error> {
        let found = self.record(key)?;
        Ok(found.filter(|r| r.state == State::Pending && r.token == token))
    }

    fn put(&mut self, key: u64, record: &Record) -> Result<(), redb::Error> {
        self.records.insert(key, row(record))?;
        Ok(())
    }

    /// The next number of a count, from 1.
    fn next(&mut self, name: &'static str) -> Result<u64, redb::Error> {
        let next = self.counters.get(name)?.map_or(0, |n| n.value()) + 1;
        self.counters.insert(name, next)?;
        Ok(next)
    }

    /// Until when the record is kept that is dropped next, and its key.
    fn next_to_drop(&self) -> Result<Option<(u64, u64)>, redb::Error> {
        Ok(self.ended.first()?.map(|(at, _)| at.value()))
    }

    /// Drops what is kept no longer. True: there was some.
    fn forget(&mut self, now: u64) -> Result<bool, redb::Error> {
        let mut any = false;
        while let Some((until, key)) = self.next_to_drop()?
            && until <= now
        {
            self.ended.remove((until, key))?;
            self.records.remove(key)?;
            any = true;
        }
        Ok(any)
    }

    fn claim(
        &mut self,
        key: u64,
        options: &LedgerOptions,
        now: u64,
    ) -> Result<(Claim, bool), redb::Error> {
        let forgot = self.forget(now)?;
        let held = self.record(key)?;
        let found = held.filter(|record| record.counts(now));
        let (since, until, doubt) = match options.rule(found, now) {
            Ruling::Told(claim) => return Ok((claim, forgot)),
            Ruling::Taken {
                since,
                until,
                doubt,
            } => (since, until, doubt),
        };
        if let Some(ended) = held.filter(|record| record.state != State::Pending) {
            self.ended.remove((ended.until, key))?;
        }
        let token = self.next("token")?;
        let state = State::Pending;
        self.put(
            key,
            &Record {
                state,
                token,
                since,
                until,
            },
        )?;
        Ok((Claim::Run { token, doubt }, true))
    }

    fn finish(
        &mut self,
        key: u64,
        token: u64,
        (state, until): (Option<State>, u64),
        outbox: bool,
    ) -> Result<(bool, bool), redb::Error> {
        let Some(mut record) = self.held(key, token)? else {
            return Ok((false, false));
        };
        record.until = until;
        if let Some(state) = state {
            record.state = state;
            self.ended.insert((until, key), ())?;
            if outbox && matches!(state, State::Done(_)) {
                let at = self.next("outbox")?;
                self.outbox.insert(at, key)?;
                self.outbox_of.insert((key, at), ())?;
            }
        }
        self.put(key, &record)?;
        Ok((true, true))
    }

    fn acknowledge(&mut self, key: u64) -> Result<((), bool), redb::Error> {
        let first = self.outbox_of.range((key, 0)..=(key, u64::MAX))?.next();
        let Some((_, at)) = first.transpose()?.map(|(at, _)| at.value()) else {
            return Ok(((), false));
        };
        self.outbox_of.remove((key, at))?;
        self.outbox.remove(at)?;
        Ok(((), true))
    }
}

impl Durable for Embedded {
    fn look(&mut self, key: u64, now: u64) -> Result<Option<Record>, StoreError> {
        let run = || -> Result<_, redb::Error> {
            let records = self.file.begin_read()?.open_table(RECORDS)?;
            Ok(records.get(key)?.map(|row| record(row.value())))
        };
        let found = run().map_err(|error| StoreError::new("look a key up", error))?;
        Ok(found.filter(|record| record.counts(now)))
    }

    fn claim(&mut self, key: u64, now: u64) -> Result<Claim, StoreError> {
        self.change("claim a key", |t| t.claim(key, &self.options, now))
    }

    fn renew(&mut self, key: u64, token: u64, now: u64) -> Result<bool, StoreError> {
        let until = self.options.leased(now);
        self.change("renew a lease", |t| match t.held(key, token)? {
            None => Ok((false, false)),
            Some(record) => {
                t.put(key, &Record { until, ..record })?;
                Ok((true, true))
            }
        })
    }

    fn finish(&mut self, key: u64, token: u64, end: End, now: u64) -> Result<bool, StoreError> {
        let (ends, outbox) = (self.options.end(end, now), self.options.outbox);
        self.change("end an operation", |t| t.finish(key, token, ends, outbox))
    }

    fn to_do(&mut self) -> Result<Option<u64>, StoreError> {
        let run = || -> Result<_, redb::Error> {
            let outbox = self.file.begin_read()?.open_table(OUTBOX)?;
            Ok(outbox.first()?.map(|(_, key)| key.value()))
        };
        run().map_err(|error| StoreError::new("read the outbox", error))
    }

    fn acknowledge(&mut self, key: u64) -> Result<(), StoreError> {
        self.change("acknowledge a second step", |t| t.acknowledge(key))
    }

    fn held_records(&mut self) -> Result<u64, StoreError> {
        let run = || -> Result<_, redb::Error> {
            Ok(self.file.begin_read()?.open_table(RECORDS)?.len()?)
        };
        run().map_err(|error| StoreError::new("count the records", error))
    }

    fn retune(&mut self, options: LedgerOptions) -> Result<(), Refusal> {
        check(&options)?;
        self.options = options;
        Ok(())
    }

    fn again(&self) -> Result<Box<dyn Durable>, Refusal> {
        Ok(Box::new(self.clone()))
    }
}

fn row(record: &Record) -> Row {
    let (state, result) = match record.state {
        State::Pending => (PENDING, 0),
        State::Done(result) => (DONE, result),
        State::Failed => (FAILED, 0),
    };
    (state, result, record.token, record.since, record.until)
}

fn record((state, result, token, since, until): Row) -> Record {
    Record {
        state: match state {
            DONE => State::Done(result),
            FAILED => State::Failed,
            // What is not known to have ended is looked into by whoever takes it over.
            _ => State::Pending,
        },
        token,
        since,
        until,
    }
}
