//! A comparison of two recordings, for people and for machines.
//!
//! Both say the same. What is worked out is in `compare`; here it is laid out.

pub mod json;
pub mod text;

use crate::compare::{Comparison, Paired, Verdict};

/// What is told.
pub struct Compared<'a> {
    /// What the older recording is called.
    pub base: &'a str,
    /// What the newer one is called.
    pub new: &'a str,
    /// What came out.
    pub outcome: Outcome<'a>,
}

/// How the two were compared.
pub enum Outcome<'a> {
    /// Each request with itself.
    Paired(&'a Paired),
    /// As recordings of which chance is a part; and why not in pairs.
    Unpaired(&'a Comparison, Option<&'a str>),
}

impl Compared<'_> {
    /// The rows.
    pub fn comparison(&self) -> &Comparison {
        match self.outcome {
            Outcome::Paired(paired) => &paired.comparison,
            Outcome::Unpaired(comparison, _) => comparison,
        }
    }

    /// The one word for all of it.
    fn verdict(&self) -> &'static str {
        let comparison = self.comparison();
        let any = |v| comparison.with(v).next().is_some();
        match () {
            () if any(Verdict::Worse) && any(Verdict::Better) => "worse, and better elsewhere",
            () if any(Verdict::Worse) => "worse",
            () if any(Verdict::Better) => "better",
            () if any(Verdict::Unclear) => "nothing worse or better; not all is clear",
            () if any(Verdict::Same) => "the same",
            () => "nothing can be said",
        }
    }
}
