//! First come, first served: one queue for all classes.

use super::{Discipline, OF_OTHERS};
use crate::config::{At, Node, Refusal, Table, suggestion};
use std::collections::VecDeque;

#[derive(Default)]
pub struct Fifo(VecDeque<(u32, u64)>);

pub fn build(_: &At, table: &Table, _: &[&str]) -> Result<Box<dyn Discipline>, Refusal> {
    refuse_others(table)?;
    Ok(Box::new(Fifo::default()))
}

fn refuse_others(table: &Table) -> Result<(), Refusal> {
    match table
        .iter()
        .find(|(name, _)| !OF_OTHERS.contains(&name.as_str()))
    {
        Some((name, entry)) => Err(Refusal::at(
            &entry.key,
            format!("a fifo queue has no option \"{name}\""),
        )
        .help(suggestion(name, OF_OTHERS.iter().copied()))),
        None => Ok(()),
    }
}

impl Discipline for Fifo {
    fn lane(&self, _class: &str) -> u32 {
        0
    }
    fn push(&mut self, ticket: u32, _lane: u32, now: u64) {
        self.0.push_back((ticket, now));
    }
    fn pop(&mut self, _now: u64) -> Option<u32> {
        self.0.pop_front().map(|(ticket, _)| ticket)
    }
    fn ahead(&self, _lane: u32, _now: u64) -> usize {
        self.0.len()
    }
    fn oldest(&self, _lane: u32) -> Option<u64> {
        self.0.front().map(|&(_, joined)| joined)
    }
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        refuse_others(options.table("the queue")?)
    }
}
