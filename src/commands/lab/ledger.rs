//! `gameday lab ledger`: a real ledger of idempotency records under tries that go wrong, and the audit.

use super::{Done, argument};
use crate::{
    commands::{
        output::{Stdout, print},
        trace::{self, ShapeArgs},
    },
    components::ledger::{Doubt, KeyOf, LedgerOptions, Try},
    config::{Count, Refusal, Span},
    live::ledger::{
        self,
        trial::{self, Acknowledged, Books, Outcome, Trial},
    },
    sim::hash::mix,
};
use clap::Args;
use std::{io::Write, path::PathBuf, process::ExitCode};

/// Of a hundred operations without a trace, so many have a second client at the same time.
const TWICE: u64 = 20;

#[derive(Args)]
pub(super) struct LedgerArgs {
    /// The ledger: a file, which is made where there is none, or postgres://user@host:port/database.
    #[arg(long, value_name = "FILE|URL")]
    store: String,
    /// The table in PostgreSQL [default: gameday_ledger].
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Operations of a trace, in its order: rows of one idempotency key are one operation.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// How many operations, or rows of the trace at most.
    #[arg(long, default_value = "1000", value_name = "COUNT")]
    operations: String,
    /// Threads, each with a handle or a connection of its own.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    threads: u64,
    /// How long a holder owns its operation without a sign of life.
    #[arg(long, default_value = "250ms", value_name = "TIME")]
    lease: String,
    /// What becomes of an operation of which nobody knows how it ended: ask, run-again.
    #[arg(long, default_value = "ask", value_name = "WHAT")]
    doubt: String,
    /// The dependency's books, to go on where an earlier run was stopped; without, all operations are new ones.
    #[arg(long, value_name = "FILE")]
    books: Option<PathBuf>,
    /// Print each decision as soon as the ledger has acknowledged it.
    #[arg(long)]
    journal: bool,
    /// Seed of what happens to tries.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: &LedgerArgs, out: &mut Stdout) -> Done {
    let lease = argument::<Span>("--lease", &args.lease)?.0;
    if !(1_000_000..=60_000_000_000).contains(&lease) {
        return Err(
            Refusal::new(format!("--lease {}: has to be 1ms to 1m", args.lease))
                .help("the trial waits for the end of leases whose holder is gone"),
        );
    }
    let options = LedgerOptions {
        lease: Span(lease),
        doubt: argument::<Doubt>("--doubt", &args.doubt)?,
        ..LedgerOptions::plain()
    };
    let mut keys = keys(args)?;
    let books = match &args.books {
        Some(path) => Books::open(path)?,
        None => {
            let salt = mix(trial::now());
            keys.iter_mut().for_each(|key| *key = mix(*key ^ salt));
            Books::default()
        }
    };
    let mut store = ledger::open(&args.store, args.table.as_deref(), options)?;
    let trial = Trial {
        keys: &keys,
        threads: usize::try_from(args.threads).unwrap_or(1),
        seed: args.seed,
        lease,
    };
    let journal = |said: Acknowledged| {
        if args.journal {
            // A line is written whole; whether anybody reads it does not matter to the trial.
            let mut out = std::io::stdout().lock();
            let line = match said {
                Acknowledged::Run(key, token) => format!("run {key:016x} {token}\n"),
                Acknowledged::Done(key, result) => format!("done {key:016x} {result:016x}\n"),
            };
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        }
    };
    let outcome = trial::run(&trial, &mut *store, books, &journal)?;
    print(out, &text(&outcome, &trial))?;
    Ok(ExitCode::from(u8::from(!outcome.audit.passes())))
}

/// The operations in the order of their clients.
fn keys(args: &LedgerArgs) -> Result<Vec<u64>, Refusal> {
    let most = argument::<Count>("--operations", &args.operations)?.0;
    if most == 0 {
        return Err(Refusal::new("--operations 0: there is nothing to try"));
    }
    let Some(file) = &args.trace else {
        let key = |n: u64| mix(args.seed ^ mix(n));
        let twice = |key: &u64| 1 + usize::from(mix(*key) % 100 < TWICE);
        let keys = (0..most).map(key);
        return Ok(keys
            .flat_map(|key| std::iter::repeat_n(key, twice(&key)))
            .collect());
    };
    let mut shape = ShapeArgs::default();
    shape.seed = Some(args.seed);
    let (spec, seed) = trace::spec(file, &shape)?;
    let stream = trace::open(&spec, seed)?;
    let rows = usize::try_from(most).unwrap_or(usize::MAX);
    let mut keys = vec![];
    for request in stream.take(rows) {
        let r = request?;
        keys.push(match r.idempotency {
            0 => KeyOf::Operation.key(&Try {
                intent: r.op,
                operation: u64::from(r.route),
                content: 0,
                payload: 0,
                nonce: 0,
            }),
            named => named,
        });
    }
    match keys.is_empty() {
        true => Err(Refusal::file(file.display(), "has no requests")),
        false => Ok(keys),
    }
}

fn text(outcome: &Outcome, trial: &Trial<'_>) -> String {
    let Outcome {
        counts: c,
        audit: a,
        ..
    } = outcome;
    let mut took = c.took.clone();
    took.sort_unstable();
    let at = |share: f64| {
        let n = (took.len() as f64 * share) as usize;
        took.get(n.min(took.len().saturating_sub(1)))
            .map_or(0.0, |ns| *ns as f64 / 1e6)
    };
    let seconds = outcome.length.max(1) as f64 / 1e9;
    let verdict = match a.passes() {
        true => "each operation was written once, and none is lost",
        false => "NOT each operation was written once",
    };
    format!(
        "audit: {verdict}\n  \
         {:>8} operations of {} clients\n  \
         {:>8} writes beyond the first of their operation\n  \
         {:>8} operations not written\n  \
         {:>8} operations that the ledger does not call done\n  \
         {:>8} second steps handed out\n\
         what happened to the tries (the machine's threads decide who comes first)\n  \
         {:>8} were let write\n  \
         {:>8} were told the result of before\n  \
         {:>8} were told to wait\n  \
         {:>8} took over in doubt, and {} of them learned that it was written\n  \
         {:>8} writes refused by their token, {} ends that came too late\n  \
         {:>8} calls without an answer\n\
         this machine, now: {} threads, {:.1} operations/s, {:.1} decisions/s; \
         a decision takes {:.2} ms at the median, {:.2} ms at p99\n",
        a.operations,
        trial.keys.len(),
        a.duplicates,
        a.lost,
        a.unsettled,
        a.handed,
        c.runs,
        c.found,
        c.waits,
        c.asked[0],
        c.asked[1],
        outcome.refused,
        c.late,
        c.unanswered,
        trial.threads,
        a.operations as f64 / seconds,
        took.len() as f64 / seconds,
        at(0.5),
        at(0.99),
    )
}
