//! What of an incident is taken back at a time, as if somebody had: entries of the timeline end, settings become others.

use super::timeline::{Entry, Step};
use crate::config::{At, Entry as TableEntry, Node, Refusal, Table, Value, When};

/// What is taken back, and when.
#[derive(Clone, Debug, Default)]
pub struct Withdrawn {
    /// ns.
    pub at: u64,
    /// Entries of the timeline, by their place in it. A fault and a drift end, a change is taken back; what comes later does
    /// not come; what was done at once (a flush, a restart) stays done.
    pub entries: Vec<usize>,
    /// Changes of the service that are made instead of waiting for the fix.
    pub imposed: Vec<Entry>,
}

impl Withdrawn {
    /// A change that makes these settings at `at` (ns), under way.
    ///
    /// # Errors
    /// Paths that no change may set.
    pub fn setting(set: &[(String, TableEntry)], at: u64, place: &At) -> Result<Entry, Refusal> {
        let node = |value| Node {
            value,
            at: place.clone(),
        };
        let entry = |value| TableEntry {
            key: place.clone(),
            node: node(value),
        };
        let set: Table = set.iter().cloned().collect();
        let mut table = Table::default();
        table.insert("at".into(), entry(Value::Text("0s".into())));
        table.insert("set".into(), entry(Value::Table(set)));
        let mut made = Entry::read(&node(Value::Table(table)))?;
        made.options.at.0 = When::At(at);
        Ok(made)
    }
}

impl Entry {
    /// Whether taking it back at `at` (ns) does nothing: it has ended by then, or cannot be undone. `length` of the trace, ns.
    pub fn is_over(&self, at: u64, length: u64) -> bool {
        let begins = self.options.at.0.resolve(length);
        let lasts = |o: &Option<(When, At)>| o.as_ref().map(|(w, _)| w.resolve(length));
        match &self.step {
            Step::Fault(_) if self.options.every.is_some() => {
                lasts(&self.options.until).is_some_and(|until| until <= at)
            }
            Step::Fault(_) | Step::Drift(_) => {
                lasts(&self.options.r#for).is_some_and(|l| begins.saturating_add(l) <= at)
            }
            Step::Change { .. } => false,
            Step::Rollback { .. } | Step::Warm(_) | Step::Flush(_) | Step::Restart => begins < at,
        }
    }
}
