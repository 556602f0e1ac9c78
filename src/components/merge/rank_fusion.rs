//! reciprocal-rank: a document's score is one over its rank, added up over the lists (Cormack, Clarke, Buettcher 2009).

use super::{
    By, Item, Merge, Merged, OF_THE_STAGE, Source, check,
    page::Page,
    scores::{in_order, plain},
};
use crate::{
    config::{At, Count, Options, Refusal, Table},
    sim::hash::Map,
};
use std::{cmp::Reverse, collections::BinaryHeap};

crate::options! {
    /// Reciprocal rank fusion.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RankFusionOptions {
        /// Documents on a page.
        k: Count = Count(10), "10";
        /// Added to each rank: the larger, the less the first ranks stand out.
        constant: Count = Count(60), "60";
        /// What is added up: rank or score.
        by: By = By::Rank, "rank";
        /// Documents of one source on a page, as long as others have anything left; 0 is no bound.
        cap: u32 = 0, "no bound";
    }
}

/// See the module.
struct RankFusion(RankFusionOptions);

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Merge>, Refusal> {
    let options = RankFusionOptions::read_table(at, table, &[taken, OF_THE_STAGE].concat())?;
    check(at, options.k.0)?;
    Ok(Box::new(RankFusion(options)))
}

/// What all lists say of a document.
#[derive(Clone, Copy)]
struct Sum {
    score: f64,
    /// The source that gave most of it.
    most: f64,
    source: u32,
    /// Number of the list that named it last: a list counts once.
    list: usize,
}

/// Scores as whole numbers that compare as they do.
fn comparable(score: f32) -> i32 {
    let bits = score.to_bits() as i32;
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

impl Merge for RankFusion {
    fn merge(&self, sources: &[Source<'_>]) -> Merged {
        let options = &self.0;
        let constant = options.constant.0 as f64;
        let mut sums: Map<u64, Sum> = Map::default();
        // In the order of their numbers: sums of fractions depend on who comes first.
        let mut by_number: Vec<&Source<'_>> = sources.iter().collect();
        by_number.sort_by_key(|source| source.number);
        for (list, source) in by_number.into_iter().enumerate() {
            for (rank, hit) in in_order(source.hits).iter().enumerate() {
                let gives = match options.by {
                    By::Rank => 1.0 / (constant + rank as f64 + 1.0),
                    By::Score => plain(hit.score),
                };
                let sum = sums.entry(hit.id).or_insert(Sum {
                    score: 0.0,
                    most: f64::NEG_INFINITY,
                    source: source.number,
                    list: usize::MAX,
                });
                if sum.list == list {
                    continue;
                }
                sum.list = list;
                sum.score += gives;
                if gives > sum.most {
                    (sum.most, sum.source) = (gives, source.number);
                }
            }
        }
        let mut heap: BinaryHeap<_> = sums
            .iter()
            .map(|(&id, sum)| {
                let score = sum.score as f32;
                let better = (comparable(score), Reverse(sum.source), Reverse(id));
                (better, score.to_bits())
            })
            .collect();
        let mut page = Page::new(options.k.0, options.cap, true);
        while !page.is_full()
            && let Some(((_, Reverse(source), Reverse(id)), score)) = heap.pop()
        {
            let score = f32::from_bits(score);
            page.offer(Item { id, score, source });
        }
        let mut merged = page.done();
        let named: usize = sources.iter().map(|source| source.hits.len()).sum();
        merged.work += named as u64;
        merged.duplicates = (named - sums.len()) as u32;
        merged
    }

    fn k(&self) -> usize {
        self.0.k.0 as usize
    }
}
