//! The items of a list are held to a rule: identifiers, addresses, dates.
//!
//! The rule is compiled to a table of states, which costs tens of times what holding an item to it does. Sound (`once`): it
//! is compiled when the service starts. Flawed: for each request (`per-request`), or for each item (`per-item`).
//!
//! Case: inmanta/inmanta-core#10738, where a validator took 11.8 us to build and 0.29 us to use.

mod table;

#[cfg(test)]
mod laws;

use super::{
    Exhausted, Job, Meter, Work,
    json::{count_items, items},
    pattern::{self, Node, Program},
};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};
use table::Unbuilt;

crate::choice! {
    /// When a validator is built.
    pub enum ValidateWay {
        /// When the service starts.
        Once = "once",
        /// For each item.
        PerItem = "per-item",
        /// For each request.
        PerRequest = "per-request",
    }
}

crate::options! {
    /// Holding the items of a JSON array, else the words, to a rule.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ValidateOptions {
        /// When the validator is built: once, per-item, per-request.
        way: ValidateWay = ValidateWay::Once, "once";
        /// A pattern that a whole item has to match, quotes of a text included; as in `pattern`, without ^ and $.
        rule: String = RULE.into(), "a name of up to 32 characters";
    }
}

/// A name of up to 32 letters, digits and signs, quoted or not.
const RULE: &str = "\"?[A-Za-z_][A-Za-z0-9_.:-]{0,31}\"?";

const PARSE: usize = 0;
const BUILD: usize = 1;
const CHECK: usize = 2;

struct Validate {
    way: ValidateWay,
    program: Program,
    /// The one that was built when the service started.
    table: table::Table,
}

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    let options = ValidateOptions::read_table(at, table, taken)?;
    let place = table.get("rule").map_or(at, |entry| &entry.node.at);
    let (node, program) = pattern::compile(&options.rule, place)?;
    if edges(&node) {
        return Err(Refusal::at(place, "this rule has ^ or $")
            .help("a rule is for the whole item: leave them out"));
    }
    let built = table::Table::build(&program, &mut Meter::new(3, u64::MAX), BUILD);
    let built = built.map_err(|_| {
        Refusal::at(place, "the validator of this rule takes too many states")
            .help("fewer repetitions in braces, and fewer ways to read the same characters")
    })?;
    Ok(Box::new(Validate {
        way: options.way,
        program,
        table: built,
    }))
}

/// Whether the edges of the text are asked for.
fn edges(node: &Node) -> bool {
    match node {
        Node::Start | Node::End => true,
        Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(edges),
        Node::Repeat { node, .. } => edges(node),
        Node::Empty | Node::Any | Node::Char(_) | Node::Set(_) => false,
    }
}

impl Validate {
    fn rebuilt(&self, meter: &mut Meter) -> Result<table::Table, Exhausted> {
        match table::Table::build(&self.program, meter, BUILD) {
            Ok(table) => Ok(table),
            Err(Unbuilt::Exhausted) => Err(Exhausted),
            // It was built once.
            Err(Unbuilt::TooLarge) => Ok(self.table.clone()),
        }
    }
}

impl Work for Validate {
    /// Units: bytes parsed; instructions and transitions of the table; characters checked.
    fn parts(&self) -> &'static [&'static str] {
        &["parse", "build", "check"]
    }

    fn costs(&self) -> &'static [f64] {
        &[5.0, 20.0, 2.0]
    }

    /// The product says which items are right.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let items = items(job.text, meter, PARSE)?;
        let mut built = match self.way {
            ValidateWay::PerRequest => Some(self.rebuilt(meter)?),
            ValidateWay::Once | ValidateWay::PerItem => None,
        };
        let mut product = items.len() as u64;
        for item in &items {
            if self.way == ValidateWay::PerItem {
                built = Some(self.rebuilt(meter)?);
            }
            let table = built.as_ref().unwrap_or(&self.table);
            let right = table.matches(item, meter, CHECK)?;
            product = mix(product ^ u64::from(right));
        }
        Ok(product)
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        count_items(job.text)
    }
}
