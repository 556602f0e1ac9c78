//! Queue disciplines: who waits, and who is served next. Sources: Q12, Q15, Q27.

use crate::config::{At, Kind, Node, Refusal, Table};
use std::collections::VecDeque;

/// Decides who is served next. A waiter is a ticket that the stage gave out; it may leave before its turn.
pub trait Discipline {
    /// A waiter of this class joins.
    fn push(&mut self, ticket: u32, class: u32, now: u64);
    /// The next to be served leaves the queue.
    fn pop(&mut self, now: u64) -> Option<u32>;
    /// A deploy: policy replaced, waiters kept.
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal>;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Discipline>>> {
    vec![Kind {
        name: "fifo",
        summary: "first come, first served",
        fields: Vec::new,
        build: build_fifo,
    }]
}

/// Options that the queue *stage* reads from the same table.
const OF_THE_STAGE: &[&str] = &["kind", "workers", "limit"];

struct Fifo(VecDeque<u32>);

fn build_fifo(_: &At, table: &Table, _: &[&str]) -> Result<Box<dyn Discipline>, Refusal> {
    refuse_others(table)?;
    Ok(Box::new(Fifo(VecDeque::new())))
}

fn refuse_others(table: &Table) -> Result<(), Refusal> {
    match table
        .iter()
        .find(|(name, _)| !OF_THE_STAGE.contains(&name.as_str()))
    {
        Some((name, entry)) => {
            Err(
                Refusal::at(&entry.key, format!("a fifo queue has no option \"{name}\"")).help(
                    crate::config::suggestion(name, OF_THE_STAGE.iter().copied()),
                ),
            )
        }
        None => Ok(()),
    }
}

impl Discipline for Fifo {
    fn push(&mut self, ticket: u32, _class: u32, _now: u64) {
        self.0.push_back(ticket);
    }
    fn pop(&mut self, _now: u64) -> Option<u32> {
        self.0.pop_front()
    }
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        refuse_others(options.table("the queue")?)
    }
}
