//! Ledgers of idempotency records that outlive their process: each logical operation is written once, whoever tries how
//! often, and whoever is killed meanwhile. Source: Q26.
//!
//! - [`Embedded`]: a file of this machine, for the threads of one process.
//! - `Postgres` (feature `postgres`): a table, for the processes of a fleet.
//! - [`Durable`]: what either can do. [`open`]: the one that a path or URL names.
//! - [`trial`]: tries of clients against a real one, and the audit (`gameday lab ledger`).
//!
//! Both decide by the rules of the ledger of a run, [`crate::components::ledger`]: same records, same `now`, same answer. A
//! decision is one transaction, and is on disk before it is told. What is left to the caller is what no store can do: to
//! ask the dependency where a claim says `doubt`, and to have it refuse older tokens than it has seen.
//!
//! ```
//! use gameday::{components::ledger::{Claim, End, LedgerOptions}, live::ledger::{Durable, Embedded}};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("payments.ledger");
//! let mut ledger = Embedded::open(&path, LedgerOptions::plain())?;
//! let (key, now) = (0xfeed, 1_700_000_000_000_000_000);
//! let Claim::Run { token, doubt: false } = ledger.claim(key, now)? else { panic!("the first") };
//! assert!(matches!(ledger.claim(key, now)?, Claim::Busy(_)), "somebody works on it");
//! // ... the write, with its token ...
//! assert!(ledger.finish(key, token, End::Done(42), now)?);
//! drop(ledger);
//! let mut ledger = Embedded::open(&path, LedgerOptions::plain())?;
//! assert_eq!(ledger.claim(key, now)?, Claim::Done(42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Keys
//! A key is a digest of 64 bits, as in a run. Of a million keys that are kept at once, two are equal with a chance of one in
//! thirty million; of a hundred million, one in 3,700.
//!
//! # Time
//! `now` is the caller's: nanoseconds since an epoch that all callers share, below 2^63 (the year 2262). A caller whose clock
//! is ahead takes an operation over early, which the fencing token makes harmless; one whose clock is behind waits longer.

mod embedded;
#[cfg(feature = "postgres")]
mod postgres;
pub mod trial;

#[cfg(feature = "postgres")]
pub use self::postgres::Postgres;
pub use embedded::Embedded;

use crate::{
    components::ledger::{Claim, End, LedgerOptions, Record},
    config::Refusal,
};
use std::{error::Error, fmt};

/// A store gave no answer. Whether what it was asked took effect is unknown, as after a timeout: whoever claims again finds
/// out, at the latest when the lease has ended.
#[derive(Debug)]
pub struct StoreError {
    doing: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    fn new(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
        StoreError {
            doing,
            source: source.into(),
        }
    }

    /// An error, and where its driver tells what happened one level down only, that as well.
    fn text(error: &(dyn Error + 'static)) -> String {
        let mut text = error.to_string();
        if let Some(below) = error.source().map(ToString::to_string)
            && !text.contains(&below)
        {
            text += &format!(": {below}");
        }
        text
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot {}: {}",
            self.doing,
            StoreError::text(&*self.source)
        )
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A ledger that keeps what it acknowledges. `now` is in ns, see the module; the errors are of the store, and a decision is
/// never one.
pub trait Durable: Send {
    /// The record of a key, where there is one that counts.
    fn look(&mut self, key: u64, now: u64) -> Result<Option<Record>, StoreError>;

    /// What a try may do; looking and inserting are one step.
    fn claim(&mut self, key: u64, now: u64) -> Result<Claim, StoreError>;

    /// A holder is alive: it owns its operation for another lease. False: it is another's by now, or over.
    fn renew(&mut self, key: u64, token: u64, now: u64) -> Result<bool, StoreError>;

    /// How a holder's write ended. False: it was another's by then, and nothing is changed.
    fn finish(&mut self, key: u64, token: u64, end: End, now: u64) -> Result<bool, StoreError>;

    /// The oldest key whose second step is still to be done. Handed out again until [`Durable::acknowledge`]d.
    fn to_do(&mut self) -> Result<Option<u64>, StoreError>;

    /// The second step of this key is done.
    fn acknowledge(&mut self, key: u64) -> Result<(), StoreError>;

    /// Records that are held.
    fn held_records(&mut self) -> Result<u64, StoreError>;

    /// A deploy: what comes from now on by this handle goes by these options, and the records stay.
    ///
    /// # Errors
    /// Options that a real store does not follow.
    fn retune(&mut self, options: LedgerOptions) -> Result<(), Refusal>;

    /// A second handle on the same records, for another thread.
    fn again(&self) -> Result<Box<dyn Durable>, Refusal>;
}

/// Opens the ledger that `store` names: `postgres://user@host/database`, or the path of a file, which is made where there
/// is none. `table` is the table in a database, in place of `gameday_ledger`.
///
/// # Errors
/// A store that cannot be reached, or is something else; options that a real store does not follow; a table in a file.
pub fn open(
    store: &str,
    table: Option<&str>,
    options: LedgerOptions,
) -> Result<Box<dyn Durable>, Refusal> {
    if ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| store.starts_with(scheme))
    {
        #[cfg(feature = "postgres")]
        {
            let table = table.unwrap_or(Postgres::TABLE);
            return Ok(Box::new(Postgres::open(store, table, options)?));
        }
        #[cfg(not(feature = "postgres"))]
        return Err(Refusal::new(
            "this gameday was built without PostgreSQL; build it with `--features postgres`, or name a file",
        ));
    }
    match table {
        None => Ok(Box::new(Embedded::open(store.as_ref(), options)?)),
        Some(table) => Err(Refusal::file(
            store,
            format!(
                "a ledger in a file has no table \"{}\"",
                table.escape_default()
            ),
        )),
    }
}

/// Refuses what only a ledger of a run can be: the flaws that these stores are there to rule out.
fn check(options: &LedgerOptions) -> Result<(), Refusal> {
    let flaws = [
        (options.durable, "durable = false"),
        (options.atomic, "atomic = false"),
        (options.fenced, "fenced = false"),
    ];
    match flaws.iter().find(|(sound, _)| !sound) {
        None => Ok(()),
        Some((_, flaw)) => Err(Refusal::new(format!(
            "a durable ledger cannot have {flaw}: that is for `service.write` of an incident"
        ))),
    }
}
