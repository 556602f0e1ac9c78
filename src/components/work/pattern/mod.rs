//! A pattern is looked for in a text: a filter of a firewall, a trimming of blanks, a router.
//!
//! One program, two matchers that find the same match. Sound (`linear`): all ways at once, O(pattern) for each character.
//! Flawed (`backtracking`): one way after the other, which is quadratic, cubic or exponential on texts that *nearly* match.
//!
//! Cases: `(?:.*.*=.*)`, the heart of the rule of Cloudflare's outage on 2 July 2019; `\s+$`, the trimming of Stack
//! Exchange's on 20 July 2016, on 20,000 blanks that are not at the end.

mod matchers;
mod program;
mod syntax;

#[cfg(test)]
mod laws;

use super::{Exhausted, Job, Meter, Work};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};
use matchers::{backtrack, simulate};
pub(super) use program::{Program, Step};
pub(super) use syntax::{Node, after};

crate::choice! {
    /// How a pattern is matched.
    pub enum PatternWay {
        /// All ways at once.
        Linear = "linear",
        /// One way after the other.
        Backtracking = "backtracking",
    }
}

crate::options! {
    /// Looking for a pattern in a text.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PatternOptions {
        /// How it is matched: linear, backtracking.
        way: PatternWay = PatternWay::Linear, "linear";
        /// Literals, `.`, classes, \s \d \w, ^ $ (of the text), groups, |, * + ? {m,n}, and these lazy with ? behind.
        pattern: String,
    }
}

struct Pattern {
    way: PatternWay,
    program: Program,
}

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    let options = PatternOptions::read_table(at, table, taken)?;
    let place = table.get("pattern").map_or(at, |entry| &entry.node.at);
    let (_, program) = compile(&options.pattern, place)?;
    Ok(Box::new(Pattern {
        way: options.way,
        program,
    }))
}

/// Reads a pattern that stands at a place.
///
/// # Errors
/// What the dialect does not have; a pattern that is too long once its repetitions are written out.
pub(super) fn compile(pattern: &str, at: &At) -> Result<(Node, Program), Refusal> {
    let node = syntax::read(pattern).map_err(|refusal| refusal.inside(at))?;
    match Program::of(&node) {
        Some(program) => Ok((node, program)),
        None => Err(Refusal::at(at, "this pattern takes too many instructions")
            .help("repetitions in braces are written out; fewer of them, or less in each")),
    }
}

impl Work for Pattern {
    /// Units: instructions looked at.
    fn parts(&self) -> &'static [&'static str] {
        &["match"]
    }

    fn costs(&self) -> &'static [f64] {
        match self.way {
            PatternWay::Linear => &[3.0],
            PatternWay::Backtracking => &[2.0],
        }
    }

    /// The product says where the match is.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let found = match self.way {
            PatternWay::Linear => simulate(&self.program, job.text, meter)?,
            PatternWay::Backtracking => backtrack(&self.program, job.text, meter)?,
        };
        Ok(found.map_or(0, |(from, to)| mix(mix(from as u64 + 1) ^ to as u64)))
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        job.text.len() as u64
    }
}
