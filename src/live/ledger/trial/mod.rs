//! Tries of clients against a real ledger, with all that happens to tries, and the audit: was each operation written once,
//! and is none lost?
//!
//! What happens to a try (its answer is lost, it fails, its holder goes silent before or after the write, or comes late) is
//! drawn by seed, operation and number of the try. In which order threads get to it is the machine's, and so are the
//! counts; what the audit must find is not: each operation once.

mod books;
mod line;

pub use books::Books;

use super::{Durable, StoreError};
use crate::{
    components::ledger::{Claim, End, State},
    config::Refusal,
    sim::hash::mix,
};
use line::{Errand, Line, Next};
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Tries of one client that may go wrong; those after them do not.
const TROUBLED: u32 = 4;
/// ns until a client tries again that was told nothing.
const AGAIN: u64 = 1_000_000;
/// ns until it tries again where the store gave no answer.
const STORE_AGAIN: u64 = 100_000_000;
/// ns for which a store may give no answer to a client before the trial is given up.
const PATIENCE: u64 = 60_000_000_000;

/// What is tried.
#[derive(Debug)]
pub struct Trial<'a> {
    /// Operations in the order in which their clients come; one that stands here more than once has several clients.
    pub keys: &'a [u64],
    /// Threads, each with a handle of its own.
    pub threads: usize,
    /// Of what happens to tries.
    pub seed: u64,
    /// How long a holder owns its operation, ns: what a late one exceeds.
    pub lease: u64,
}

/// A decision that the ledger has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// A client may write this key, under this token.
    Run(u64, u64),
    /// The client of this key is told that it is written, with this result.
    Done(u64, u64),
}

/// What is counted while it runs, and how long the ledger took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Claims that were let write.
    pub runs: u64,
    /// Claims that were told the result of before.
    pub found: u64,
    /// Claims that were told to wait.
    pub waits: u64,
    /// Takers-over that had to ask the dependency, and those of them that learned that it was written.
    pub asked: [u64; 2],
    /// Ends that the ledger did not take, since the operation was another's by then.
    pub late: u64,
    /// Calls to which the store gave no answer.
    pub unanswered: u64,
    /// How long each claim and each end took, ns.
    pub took: Vec<u64>,
}

/// What became of the operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Different operations.
    pub operations: u64,
    /// Writes beyond the first of their operation.
    pub duplicates: u64,
    /// Operations that were not written.
    pub lost: u64,
    /// Operations of which the ledger does not say that they are done, with their result.
    pub unsettled: u64,
    /// Operations whose second step was handed out, of those of this trial.
    pub handed: u64,
}

impl Audit {
    /// Each operation once, and none lost.
    pub fn passes(&self) -> bool {
        self.duplicates == 0 && self.lost == 0 && self.unsettled == 0
    }
}

/// What a trial comes to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was counted.
    pub counts: Counts,
    /// Writes that the dependency refused by their token.
    pub refused: u64,
    /// How long the tries took, ns, without the audit.
    pub length: u64,
    /// The audit.
    pub audit: Audit,
}

/// The result of an operation: whoever is told another was told of another operation.
pub fn result(key: u64) -> u64 {
    mix(key ^ 0x1ed6_e500)
}

/// ns of the machine's clock, since 1970.
pub fn now() -> u64 {
    #[expect(
        clippy::disallowed_types,
        reason = "a real store is told the real time"
    )]
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX))
}

/// Runs it, tells `journal` what was acknowledged, and audits.
///
/// # Errors
/// A ledger that cannot be reached for a minute, or books that cannot be written.
pub fn run(
    trial: &Trial<'_>,
    store: &mut dyn Durable,
    books: Books,
    journal: &(dyn Fn(Acknowledged) + Sync),
) -> Result<Outcome, Refusal> {
    let (books, line) = (Mutex::new(books), Mutex::new(Line::new(trial.keys)));
    let handles = (0..trial.threads.max(1)).map(|_| store.again());
    let handles: Vec<_> = handles.collect::<Result<_, _>>()?;
    let began = now();
    let worked: Vec<Result<Counts, Refusal>> = std::thread::scope(|scope| {
        let threads: Vec<_> = handles
            .into_iter()
            .map(|store| {
                let mut client = Client {
                    trial,
                    store,
                    books: &books,
                    journal,
                    counts: Counts::default(),
                };
                let line = &line;
                scope.spawn(move || client.work(line).map(|()| client.counts))
            })
            .collect();
        let joined = threads.into_iter().map(|t| {
            let bug = |_| Err(Refusal::new("a thread of the trial panicked"));
            t.join().unwrap_or_else(bug)
        });
        joined.collect()
    });
    let length = now().saturating_sub(began);
    let mut counts = Counts::default();
    for one in worked {
        counts.add(one?);
    }
    let books = books.into_inner().unwrap_or_else(PoisonError::into_inner);
    let gone = |error: StoreError| Refusal::new(format!("at the audit: {error}"));
    Ok(Outcome {
        counts,
        refused: books.refused,
        length,
        audit: audit(trial.keys, store, &books).map_err(gone)?,
    })
}

/// Compares the ledger with the books, and hands out what is still to be done.
fn audit(keys: &[u64], store: &mut dyn Durable, books: &Books) -> Result<Audit, StoreError> {
    let different: BTreeSet<u64> = keys.iter().copied().collect();
    let mut audit = Audit {
        operations: different.len() as u64,
        ..Audit::default()
    };
    for &key in &different {
        let writes = books.writes(key) as u64;
        audit.duplicates += writes.saturating_sub(1);
        audit.lost += u64::from(writes == 0);
        let found = patiently(|| store.look(key, now()))?;
        let state = found.map(|record| record.state);
        audit.unsettled += u64::from(state != Some(State::Done(result(key))));
    }
    let mut handed = BTreeSet::new();
    while let Some(key) = patiently(|| store.to_do())? {
        // Whoever does it must be able to do it again: this is where it would be sent on.
        if different.contains(&key) {
            handed.insert(key);
        }
        patiently(|| store.acknowledge(key))?;
    }
    audit.handed = handed.len() as u64;
    Ok(audit)
}

/// Asks until there is an answer, for as long as there may be none.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let until = now().saturating_add(PATIENCE);
    loop {
        match ask() {
            Err(_) if now() < until => std::thread::sleep(Duration::from_nanos(STORE_AGAIN)),
            told => return told,
        }
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.runs += other.runs;
        self.found += other.found;
        self.waits += other.waits;
        self.asked[0] += other.asked[0];
        self.asked[1] += other.asked[1];
        self.late += other.late;
        self.unanswered += other.unanswered;
        self.took.extend(other.took);
    }
}

/// What happens to a try that is let write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    /// Written, and nobody hears of it.
    AnswerLost,
    /// Not written, and nobody hears of it.
    RequestLost,
    Fails,
    /// The holder is gone, before or after it wrote.
    Gone {
        after: bool,
    },
    /// The holder writes after its lease has ended.
    Late,
}

impl Fate {
    /// Of a hundred tries, two in three go well.
    fn draw(seed: u64, errand: &Errand) -> Fate {
        if errand.tries >= TROUBLED {
            return Fate::Fine;
        }
        let dice = mix(seed ^ mix(errand.key ^ mix(errand.client << 32 | u64::from(errand.tries))));
        match dice % 100 {
            0..=9 => Fate::AnswerLost,
            10..=14 => Fate::RequestLost,
            15..=22 => Fate::Fails,
            23..=26 => Fate::Gone { after: false },
            27..=30 => Fate::Gone { after: true },
            31..=33 => Fate::Late,
            _ => Fate::Fine,
        }
    }
}

/// A thread that does what clients ask.
struct Client<'a> {
    trial: &'a Trial<'a>,
    store: Box<dyn Durable>,
    books: &'a Mutex<Books>,
    journal: &'a (dyn Fn(Acknowledged) + Sync),
    counts: Counts,
}

/// Why a try came to nothing.
enum Trouble {
    Store(StoreError),
    Books(std::io::Error),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client<'_> {
    fn work(&mut self, line: &Mutex<Line<'_>>) -> Result<(), Refusal> {
        loop {
            let next = held(line).next(now());
            let mut errand = match next {
                Next::End => return Ok(()),
                Next::Wait(ns) => {
                    std::thread::sleep(Duration::from_nanos(ns));
                    continue;
                }
                Next::Go(errand) => errand,
            };
            match self.attempt(&mut errand) {
                Ok(None) => {}
                Ok(Some(due)) => {
                    errand.silent_since = None;
                    held(line).again(errand, due);
                }
                Err(Trouble::Books(error)) => {
                    held(line).stop();
                    return Err(Refusal::new(format!(
                        "the books cannot be written: {error}"
                    )));
                }
                Err(Trouble::Store(error)) => {
                    self.counts.unanswered += 1;
                    let now = now();
                    let since = *errand.silent_since.get_or_insert(now);
                    if now.saturating_sub(since) > PATIENCE {
                        held(line).stop();
                        return Err(Refusal::new(format!("for a minute now: {error}")));
                    }
                    held(line).again(errand, now + STORE_AGAIN);
                }
            }
        }
    }

    /// One try. `None`: the client has its answer; otherwise it comes back at that time.
    fn attempt(&mut self, errand: &mut Errand) -> Result<Option<u64>, Trouble> {
        let key = errand.key;
        let (token, doubt) = match self.timed(|store| store.claim(key, now()))? {
            Claim::Run { token, doubt } => (token, doubt),
            Claim::Busy(until) => {
                self.counts.waits += 1;
                return Ok(Some(until));
            }
            Claim::Done(told) => {
                self.counts.found += 1;
                (self.journal)(Acknowledged::Done(key, told));
                return Ok(None);
            }
            Claim::Failed => return Ok(None),
        };
        self.counts.runs += 1;
        (self.journal)(Acknowledged::Run(key, token));
        let fate = Fate::draw(self.trial.seed, errand);
        errand.tries += 1;
        if doubt {
            self.counts.asked[0] += 1;
            if held(self.books).ask(key, token) {
                self.counts.asked[1] += 1;
                return self.end(key, token, End::Done(result(key)));
            }
        }
        if fate == Fate::Late {
            std::thread::sleep(Duration::from_nanos(self.trial.lease.saturating_mul(3) / 2));
        }
        let writes = !matches!(
            fate,
            Fate::RequestLost | Fate::Fails | Fate::Gone { after: false }
        );
        if writes && !held(self.books).write(key, token).map_err(Trouble::Books)? {
            return self.end(key, token, End::Failed);
        }
        match fate {
            Fate::Fine | Fate::Late => self.end(key, token, End::Done(result(key))),
            Fate::AnswerLost | Fate::RequestLost => self.end(key, token, End::Unknown),
            Fate::Fails => self.end(key, token, End::Failed),
            Fate::Gone { .. } => Ok(Some(now() + AGAIN)),
        }
    }

    /// Tells the ledger how it ended; the client has its answer where it is done, and the ledger took it.
    fn end(&mut self, key: u64, token: u64, end: End) -> Result<Option<u64>, Trouble> {
        let taken = self.timed(|store| store.finish(key, token, end, now()))?;
        self.counts.late += u64::from(!taken);
        match end {
            End::Done(result) if taken => {
                (self.journal)(Acknowledged::Done(key, result));
                Ok(None)
            }
            _ => Ok(Some(now() + AGAIN)),
        }
    }

    fn timed<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn Durable) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let began = now();
        let told = ask(&mut *self.store);
        self.counts.took.push(now().saturating_sub(began));
        told
    }
}
