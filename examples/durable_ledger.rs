//! An order is paid once, whoever is killed meanwhile: the ledger of the lab in a file of yours.
//!
//!     cargo run --example durable_ledger -- shop.ledger order-17 --crash    # dies after the bank was told
//!     cargo run --example durable_ledger -- shop.ledger order-17            # finds out, and does not pay again
//!     cargo run --example durable_ledger -- shop.ledger order-17            # is told what was paid
//!
//! The bank here is a file beside the ledger, a line a payment. A real one has to offer as much: to be asked what it did for
//! a key, and to refuse a payment by an older token than it has seen.

use gameday::{
    components::ledger::{Claim, End, LedgerOptions},
    config::Span,
    live::ledger::{Durable, Embedded, trial::now},
};
use std::{error::Error, fs, io, io::Write, path::PathBuf, time::Duration};

/// A bank that pays whenever it is told to.
pub struct Bank {
    pub file: PathBuf,
}

impl Bank {
    pub fn paid(&self, order: &str) -> usize {
        let lines = fs::read_to_string(&self.file).unwrap_or_default();
        lines.lines().filter(|line| *line == order).count()
    }

    fn pay(&self, order: &str) -> io::Result<()> {
        let mut open = fs::OpenOptions::new();
        let mut file = open.create(true).append(true).open(&self.file)?;
        writeln!(file, "{order}")?;
        file.sync_data()
    }
}

/// What became of an attempt to pay.
#[derive(Debug, PartialEq, Eq)]
pub enum Paid {
    /// By this attempt.
    Now,
    /// By an earlier one.
    Before,
    /// Somebody else is at it until then, ns.
    Wait(u64),
    /// This process dies here, between the bank and the ledger.
    Crashed,
}

/// Pays an order, unless it is paid. The client may call this as often as it likes, at any process.
pub fn pay(
    ledger: &mut dyn Durable,
    bank: &Bank,
    order: &str,
    crash: bool,
    now: u64,
) -> Result<Paid, Box<dyn Error>> {
    // The key stands for the operation: it has no time and no number of the attempt in it.
    let key = xxhash_rust::xxh3::xxh3_64(format!("pay {order}").as_bytes());
    let (token, doubt) = match ledger.claim(key, now)? {
        Claim::Run { token, doubt } => (token, doubt),
        Claim::Busy(until) => return Ok(Paid::Wait(until)),
        Claim::Done(_) => return Ok(Paid::Before),
        Claim::Failed => return Err("it failed, and that is final".into()),
    };
    // Whoever had it before us may have paid, and did not come to say so.
    let paid = doubt && bank.paid(order) > 0;
    if !paid {
        if let Err(error) = bank.pay(order) {
            // Not a word on whether it was paid: who comes next has to ask.
            ledger.finish(key, token, End::Unknown, now)?;
            return Err(error.into());
        }
        if crash {
            return Ok(Paid::Crashed);
        }
    }
    ledger.finish(key, token, End::Done(1), now)?;
    Ok(if paid { Paid::Before } else { Paid::Now })
}

/// As in the file of an incident, but for the lease: nobody likes to wait.
pub fn options() -> LedgerOptions {
    LedgerOptions {
        lease: Span(3_000_000_000),
        ..LedgerOptions::plain()
    }
}

#[allow(dead_code, reason = "the test that includes this file has its own")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, order, crash) = match &arguments[..] {
        [path, order] => (PathBuf::from(path), order, false),
        [path, order, crash] if crash == "--crash" => (PathBuf::from(path), order, true),
        _ => return Err("usage: durable_ledger FILE ORDER [--crash]".into()),
    };
    let mut ledger = Embedded::open(&path, options()).map_err(|refusal| refusal.to_string())?;
    let bank = Bank {
        file: path.with_extension("bank"),
    };
    loop {
        match pay(&mut ledger, &bank, order, crash, now())? {
            Paid::Wait(until) => {
                println!("somebody is at it, or died at it: waiting for the end of the lease");
                std::thread::sleep(Duration::from_nanos(until.saturating_sub(now())));
            }
            Paid::Crashed => {
                println!("the bank has paid; this process is gone before it can say so");
                std::process::abort();
            }
            other => {
                println!(
                    "{other:?}: the bank has paid {order} {} times",
                    bank.paid(order)
                );
                return Ok(());
            }
        }
    }
}
