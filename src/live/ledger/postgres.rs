//! A ledger in PostgreSQL, for the processes of a fleet: a row a key, which who decides about it holds locked
//! (`SELECT ... FOR UPDATE`), and inserts where there is none (`INSERT ... ON CONFLICT DO NOTHING`: of two first writers the
//! second waits for the first, and then finds its row).
//!
//! Tokens come from a sequence, drawn while the row is held: a later holder of a key has a larger one, also after its
//! record was dropped. Tokens of a transaction that failed are left out. The outbox is in the order in which its rows were
//! numbered; of two that commit at once, the later number may be seen first.
//!
//! Without TLS: a server on this machine, in a private network, or behind a tunnel.

use super::{Durable, StoreError, check};
use crate::{
    components::ledger::{Claim, End, LedgerOptions, Record, Ruling, State},
    config::Refusal,
};
use postgres::{
    Client, Config, Error, IsolationLevel, NoTls, Row, Statement, Transaction,
    config::{Host, SslMode},
    error::SqlState,
};
use std::time::Duration;

/// A decision that collides with another is tried so often.
const TRIES: u32 = 10;
/// Records that a claim drops at most of those that are kept no longer: what it costs is bounded.
const DROPPED_AT_ONCE: i64 = 1000;
/// Where the URL sets no `connect_timeout`.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub struct Postgres {
    server: Config,
    table: String,
    options: LedgerOptions,
    /// None: lost, and made anew when it is needed.
    session: Option<Session>,
}

/// A connection, with what is asked over it.
struct Session {
    client: Client,
    asked: Asked,
}

struct Asked {
    look: Statement,
    lock: Statement,
    insert: Statement,
    take: Statement,
    forget: Statement,
    renew: Statement,
    finish: Statement,
    to_do: Statement,
    acknowledge: Statement,
    count: Statement,
}

impl Postgres {
    /// The table where nobody names another. Beside it: `..._token`, a sequence, and `..._outbox`.
    pub const TABLE: &str = "gameday_ledger";

    /// Connects, and makes the tables where there are none.
    ///
    /// # Errors
    /// A URL that is none, or asks for TLS; a table's name with anything but lower-case letters, digits and `_`; a server
    /// that cannot be reached; a table that is no ledger; options that a real store does not follow.
    pub fn open(url: &str, table: &str, options: LedgerOptions) -> Result<Postgres, Refusal> {
        check(&options)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if table.len() > 40
            || !table.chars().all(plain)
            || !table.starts_with(|c| plain(c) && !char::is_ascii_digit(&c))
        {
            return Err(Refusal::new(format!(
                "\"{}\" is no name of a table here; one has at most 40 of a-z, 0-9 and _, and no digit first",
                table.escape_default()
            )));
        }
        // The URL may hold a password, so it is not shown.
        let mut server: Config = url
            .parse()
            .map_err(|error: Error| Refusal::new(format!("not a URL of PostgreSQL: {error}")))?;
        if server.get_ssl_mode() == SslMode::Require {
            return Err(Refusal::new(
                "this gameday speaks to PostgreSQL without TLS: leave sslmode=require out, and use a tunnel where others listen",
            ));
        }
        if server.get_connect_timeout().is_none() {
            server.connect_timeout(PATIENCE);
        }
        let mut ledger = Postgres {
            server,
            table: table.into(),
            options,
            session: None,
        };
        let place = ledger.place();
        let opened = ledger.make().and_then(|()| ledger.session().map(|_| ()));
        opened.map_err(|error| Refusal::new(format!("{place}: {}", told(&error))))?;
        Ok(ledger)
    }

    /// Drops the tables, with all that is in them.
    ///
    /// # Errors
    /// Those of the server.
    pub fn erase(mut self) -> Result<(), StoreError> {
        let t = self.table.clone();
        self.decide("drop the ledger", |session, _| {
            session.client.batch_execute(&format!(
                "DROP TABLE {t}, {t}_outbox; DROP SEQUENCE {t}_token"
            ))
        })
    }

    /// The server as people may see it.
    fn place(&self) -> String {
        let host = match self.server.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".into(),
        };
        let port = self.server.get_ports().first().unwrap_or(&5432);
        format!("PostgreSQL at {host}:{port}, table {}", self.table)
    }

    /// Makes the tables, if they are not there: who may only read and write does not have to be let make any.
    fn make(&self) -> Result<(), Error> {
        let t = &self.table;
        let mut client = self.server.connect(NoTls)?;
        let there = "SELECT to_regclass($1) IS NOT NULL";
        if client.query_one(there, &[t])?.get(0) {
            return Ok(());
        }
        let mut transaction = client.transaction()?;
        // Two who make them at once would collide in the catalogue.
        transaction.batch_execute(&format!(
            "SELECT pg_advisory_xact_lock(hashtext('{t}'));
             CREATE TABLE IF NOT EXISTS {t} (
                 key bigint PRIMARY KEY,
                 state text NOT NULL CHECK (state IN ('PENDING', 'DONE', 'FAILED')),
                 result bigint CHECK ((state = 'DONE') = (result IS NOT NULL)),
                 token bigint NOT NULL,
                 since bigint NOT NULL,
                 until bigint NOT NULL
             );
             CREATE INDEX IF NOT EXISTS {t}_ended ON {t} (until) WHERE state <> 'PENDING';
             CREATE SEQUENCE IF NOT EXISTS {t}_token;
             CREATE TABLE IF NOT EXISTS {t}_outbox (
                 at bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                 key bigint NOT NULL
             );
             CREATE INDEX IF NOT EXISTS {t}_outbox_of ON {t}_outbox (key, at)"
        ))?;
        transaction.commit()
    }

    /// The connection, a new one where it was lost.
    fn session(&mut self) -> Result<&mut Session, Error> {
        let session = match self.session.take().filter(|s| !s.client.is_closed()) {
            Some(session) => session,
            None => Session::open(&self.server, &self.table)?,
        };
        Ok(self.session.insert(session))
    }

    /// Makes one decision, and makes it again where it collided with others and so changed nothing.
    fn decide<T>(
        &mut self,
        doing: &'static str,
        decide: impl Fn(&mut Session, &LedgerOptions) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let options = self.options;
        let mut tries = 0;
        loop {
            tries += 1;
            let decided = self.session().and_then(|session| decide(session, &options));
            match decided {
                Ok(decision) => return Ok(decision),
                Err(error) if collided(&error) && tries < TRIES => {}
                Err(error) => {
                    // Whatever state it is in, nothing must be read from it as the answer to another question.
                    self.session = None;
                    return Err(StoreError::new(doing, error));
                }
            }
        }
    }
}

/// The server has rolled it back because of another transaction.
fn collided(error: &Error) -> bool {
    let codes = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

/// The error with what the server says.
fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(server) => server.message().to_string(),
        None => StoreError::text(error),
    }
}

impl Session {
    fn open(server: &Config, table: &str) -> Result<Session, Error> {
        let mut client = server.connect(NoTls)?;
        // Whatever the defaults of the database: what is acknowledged is on disk, and a row that was waited for is seen.
        client.batch_execute(
            "SET synchronous_commit = on;
             SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )?;
        let mut prepare = |sql: &str| client.prepare(&sql.replace("{t}", table));
        let asked = Asked {
            look: prepare("SELECT state, result, token, since, until FROM {t} WHERE key = $1")?,
            lock: prepare(
                "SELECT state, result, token, since, until FROM {t} WHERE key = $1 FOR UPDATE",
            )?,
            // Its token comes when it is held.
            insert: prepare(
                "INSERT INTO {t} (key, state, token, since, until) VALUES ($1, 'PENDING', 0, $2, $2)
                 ON CONFLICT (key) DO NOTHING",
            )?,
            take: prepare(
                "UPDATE {t} SET state = 'PENDING', result = NULL, token = nextval('{t}_token'),
                     since = $2, until = $3
                 WHERE key = $1 RETURNING token",
            )?,
            // Rows that others hold are left to them, so that nobody waits for anybody here.
            forget: prepare(
                "DELETE FROM {t} WHERE key IN (
                     SELECT key FROM {t} WHERE state <> 'PENDING' AND until <= $1
                     ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)",
            )?,
            renew: prepare(
                "UPDATE {t} SET until = $3 WHERE key = $1 AND token = $2 AND state = 'PENDING'",
            )?,
            finish: prepare(
                "WITH held AS (
                     UPDATE {t} SET state = $3, result = $4, until = $5
                     WHERE key = $1 AND token = $2 AND state = 'PENDING' RETURNING key
                 ), second AS (
                     INSERT INTO {t}_outbox (key) SELECT key FROM held WHERE $6
                 )
                 SELECT count(*) FROM held",
            )?,
            to_do: prepare("SELECT key FROM {t}_outbox ORDER BY at LIMIT 1")?,
            acknowledge: prepare(
                "DELETE FROM {t}_outbox
                 WHERE at = (SELECT min(at) FROM {t}_outbox WHERE key = $1)",
            )?,
            count: prepare("SELECT count(*) FROM {t}")?,
        };
        Ok(Session { client, asked })
    }

    fn claim(&mut self, key: u64, options: &LedgerOptions, now: u64) -> Result<Claim, Error> {
        let begin = self.client.build_transaction();
        let mut transaction = begin
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()?;
        let t = &mut transaction;
        // The row's lock is the only one that is waited for, and it is taken first: nobody waits in a circle.
        let found = hold(t, &self.asked, key, now)?.filter(|record| record.counts(now));
        let claim = match options.rule(found, now) {
            Ruling::Told(claim) => claim,
            Ruling::Taken {
                since,
                until,
                doubt,
            } => {
                let row = t.query_one(
                    &self.asked.take,
                    &[&signed(key), &time(since), &time(until)],
                )?;
                let token = unsigned(row.try_get(0)?);
                Claim::Run { token, doubt }
            }
        };
        t.execute(&self.asked.forget, &[&time(now), &DROPPED_AT_ONCE])?;
        transaction.commit()?;
        Ok(claim)
    }
}

/// Holds the row of a key until the end of the transaction, and gives what it said. `None`: it is new.
fn hold(
    t: &mut Transaction<'_>,
    asked: &Asked,
    key: u64,
    now: u64,
) -> Result<Option<Record>, Error> {
    loop {
        if let Some(row) = t.query_opt(&asked.lock, &[&signed(key)])? {
            return record(&row).map(Some);
        }
        // None inserted: somebody else has in between. It is waited for, and held or dropped by now.
        if t.execute(&asked.insert, &[&signed(key), &time(now)])? == 1 {
            return Ok(None);
        }
    }
}

impl Durable for Postgres {
    fn look(&mut self, key: u64, now: u64) -> Result<Option<Record>, StoreError> {
        let found = self.decide("look a key up", |s, _| {
            let row = s.client.query_opt(&s.asked.look, &[&signed(key)])?;
            row.as_ref().map(record).transpose()
        })?;
        Ok(found.filter(|record| record.counts(now)))
    }

    fn claim(&mut self, key: u64, now: u64) -> Result<Claim, StoreError> {
        self.decide("claim a key", |s, options| s.claim(key, options, now))
    }

    fn renew(&mut self, key: u64, token: u64, now: u64) -> Result<bool, StoreError> {
        self.decide("renew a lease", |s, options| {
            let until = time(options.leased(now));
            let held = s
                .client
                .execute(&s.asked.renew, &[&signed(key), &signed(token), &until])?;
            Ok(held == 1)
        })
    }

    fn finish(&mut self, key: u64, token: u64, end: End, now: u64) -> Result<bool, StoreError> {
        self.decide("end an operation", |s, options| {
            let (state, until) = options.end(end, now);
            let (state, result) = match state {
                None | Some(State::Pending) => ("PENDING", None),
                Some(State::Done(result)) => ("DONE", Some(signed(result))),
                Some(State::Failed) => ("FAILED", None),
            };
            let second = options.outbox && state == "DONE";
            let row = s.client.query_one(
                &s.asked.finish,
                &[
                    &signed(key),
                    &signed(token),
                    &state,
                    &result,
                    &time(until),
                    &second,
                ],
            )?;
            Ok(row.try_get::<_, i64>(0)? == 1)
        })
    }

    fn to_do(&mut self) -> Result<Option<u64>, StoreError> {
        self.decide("read the outbox", |s, _| {
            let row = s.client.query_opt(&s.asked.to_do, &[])?;
            row.map(|row| row.try_get(0).map(unsigned)).transpose()
        })
    }

    fn acknowledge(&mut self, key: u64) -> Result<(), StoreError> {
        self.decide("acknowledge a second step", |s, _| {
            s.client.execute(&s.asked.acknowledge, &[&signed(key)])?;
            Ok(())
        })
    }

    fn held_records(&mut self) -> Result<u64, StoreError> {
        self.decide("count the records", |s, _| {
            s.client
                .query_one(&s.asked.count, &[])?
                .try_get(0)
                .map(unsigned)
        })
    }

    fn retune(&mut self, options: LedgerOptions) -> Result<(), Refusal> {
        check(&options)?;
        self.options = options;
        Ok(())
    }

    fn again(&self) -> Result<Box<dyn Durable>, Refusal> {
        let mut other = Postgres {
            server: self.server.clone(),
            table: self.table.clone(),
            options: self.options,
            session: None,
        };
        let place = other.place();
        let opened = other.session().map(|_| ());
        opened.map_err(|error| Refusal::new(format!("{place}: {}", told(&error))))?;
        Ok(Box::new(other))
    }
}

/// The same bits: PostgreSQL has no unsigned numbers.
fn signed(n: u64) -> i64 {
    n.cast_signed()
}

fn unsigned(n: i64) -> u64 {
    n.cast_unsigned()
}

/// ns as a number that the server can compare: from 2^63 on it is for ever.
fn time(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

fn ns(time: i64) -> u64 {
    match time {
        i64::MAX => u64::MAX,
        time => u64::try_from(time).unwrap_or(0),
    }
}

fn record(row: &Row) -> Result<Record, Error> {
    let state: &str = row.try_get(0)?;
    let result: Option<i64> = row.try_get(1)?;
    Ok(Record {
        state: match (state, result) {
            ("DONE", Some(result)) => State::Done(unsigned(result)),
            ("FAILED", _) => State::Failed,
            _ => State::Pending,
        },
        token: unsigned(row.try_get(2)?),
        since: ns(row.try_get(3)?),
        until: ns(row.try_get(4)?),
    })
}
