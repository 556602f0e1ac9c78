//! Ranked lists of several retrievers, merged into one page. Source: Q9.
//!
//! # Short answer
//! A heap holds one cursor a list; the best next document comes off it, is appended unless it stands there already, and its
//! list's cursor moves on, until the page is full. Equal scores are decided by the number of the source and then within its
//! list, never by who answered first. Scores of different retrievers do not compare: they are brought to one scale first
//! (`min-max`, `z-score`), or only ranks count (`reciprocal-rank`). A source may fill no more than its `cap` of a page as
//! long as others have anything left.
//!
//! # Complexity
//! Of s lists with n documents in all, a page of k: `k-way` O((k + duplicates + capped) log s), besides one look at each
//! list to see that it is in order; memory O(k + s). `reciprocal-rank` looks at every document, O(n + k log n), memory O(n).
//! A test counts: [`Merged::work`].
//!
//! # Follow-ups of the seed
//! - *How do you blend BM25 and dense scores safely?* By rank, or on one scale: `gameday replay incident-09`, where one
//!   retriever multiplies its scores by ten; its variant `min-max` merges by scores all the same.
//! - *Which constant?* 60 is the paper's, for lists of a thousand: on lists of 30 it hardly counts ranks but in how many lists
//!   a document stands, and a source that knows little drags the page down.
//!   `gameday replay incident-09 --variant sound --set service.merge.constant=60`
//! - *How do you cap one source from dominating?* `cap = 5` of `k = 10`: `gameday replay incident-09 --variant capped`.
//!
//! # Anti-patterns
//! Each is a flaw in [`FLAWS`]: `raw-scores`, `adds-scores`, `no-dedup`, `ties-by-arrival`, `no-cap`, `trusts-the-order`.
//!
//! # Smallest set-up
//! ```toml
//! [service]
//! merge = { kind = "reciprocal-rank", k = 10 }
//! call  = [{ dependency = "keywords" }, { dependency = "vectors" }]
//! [dependency.keywords]
//! latency = "50ms"
//! results = { count = 20, scale = 30 }
//! [dependency.vectors]
//! latency = "80ms"
//! results = { count = 20 }
//! ```
//!
//! # Source
//! Knuth, TAOCP 3, 5.4.1 (merging with a heap of cursors); Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms
//! Condorcet and individual rank learning methods", SIGIR 2009; Fox and Shaw, "Combination of multiple searches", TREC-2,
//! 1994 (scores on one scale); irzix/nestjs-agentic#130.

mod k_way;
#[cfg(test)]
mod laws;
mod page;
mod rank_fusion;
mod scores;

use crate::config::{At, Kind, Options, Refusal};

/// A document that a retriever found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which document.
    pub id: u64,
    /// How good the retriever thinks it is, on a scale of its own; more is better. What is no number is worst.
    pub score: f64,
}

/// What one retriever answered.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its number, the same whenever it answers: ties go to the smaller one.
    pub number: u32,
    /// Its list.
    pub hits: &'a [Hit],
}

/// A document on the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Which.
    pub id: u64,
    /// The score that it stands there by.
    pub score: f32,
    /// The source that it counts for.
    pub source: u32,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// Best first; at most k.
    pub items: Vec<Item>,
    /// Candidates that stood there already.
    pub duplicates: u32,
    /// Candidates looked at.
    pub work: u64,
}

/// Merges lists.
pub trait Merge {
    /// The page. The lists come in the order in which they were answered.
    fn merge(&self, sources: &[Source<'_>]) -> Merged;
    /// Documents on a page at most.
    fn k(&self) -> usize;
}

crate::choice! {
    /// How scores of several retrievers are brought to one scale.
    pub enum Normalise {
        /// The best of a list is 1, its worst 0.
        MinMax = "min-max",
        /// In standard deviations from the list's mean.
        ZScore = "z-score",
        /// Not at all: whoever counts in larger numbers wins.
        None = "none",
    }
}

crate::choice! {
    /// Who stands first of two with equal scores.
    pub enum Ties {
        /// That of the source with the smaller number.
        Source = "source",
        /// That of the source that answered first.
        Arrival = "arrival",
    }
}

crate::choice! {
    /// What is added up over the lists that a document stands in.
    pub enum By {
        /// One over its rank.
        Rank = "rank",
        /// Its score, on whatever scale.
        Score = "score",
    }
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "raw-scores",
        kind: "k-way",
        options: "normalise = \"none\"",
        breaks: "scaling_one_list_by_ten_changes_no_order",
        source: "Q9: mixing incomparable score scales without normalization",
    },
    super::Flaw {
        name: "adds-scores",
        kind: "reciprocal-rank",
        options: "by = \"score\"",
        breaks: "scaling_one_list_by_ten_changes_no_order",
        source: "irzix/nestjs-agentic#130: documents said rank fusion, code added scores",
    },
    super::Flaw {
        name: "no-dedup",
        kind: "k-way",
        options: "dedup = false",
        breaks: "each_document_stands_there_once",
        source: "Q9: ignoring duplicate doc ids from multiple retrievers",
    },
    super::Flaw {
        name: "ties-by-arrival",
        kind: "k-way",
        options: "ties = \"arrival\"",
        breaks: "the_order_of_answers_makes_no_difference",
        source: "Q9: no deterministic tie-break (unstable ranking between runs)",
    },
    super::Flaw {
        name: "no-cap",
        kind: "k-way",
        options: "cap = 0",
        breaks: "no_source_fills_the_page_alone",
        source: "Q9: how do you cap one source from dominating top-k?",
    },
    super::Flaw {
        name: "trusts-the-order",
        kind: "k-way",
        options: "sort = false",
        breaks: "a_list_out_of_order_is_put_in_order",
        source: "Q9: ensure each source list is sorted by score",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Merge>>> {
    vec![
        Kind {
            name: "k-way",
            summary: "a heap of cursors over scores on one scale; a document's best place counts",
            fields: k_way::KWayOptions::fields,
            build: k_way::build,
        },
        Kind {
            name: "reciprocal-rank",
            summary: "reciprocal rank fusion: one over the rank, added up over the lists",
            fields: rank_fusion::RankFusionOptions::fields,
            build: rank_fusion::build,
        },
    ]
}

/// Documents on a page at most.
const MOST: u64 = 10_000;

/// Options that the stage reads from the same table.
const OF_THE_STAGE: &[&str] = &["kind", "pool"];

/// Checks what both kinds have.
fn check(at: &At, k: u64) -> Result<(), Refusal> {
    if !(1..=MOST).contains(&k) {
        return Err(Refusal::at(at, format!("a page of {k} documents"))
            .help(format!("k is from 1 to {MOST}")));
    }
    Ok(())
}
