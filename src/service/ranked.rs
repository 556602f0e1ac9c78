//! Ranked lists as retrievers give them, and what is to be said of the pages that they become.
//!
//! Each question has documents whose worth, between 0 and 1, is the question's own dice. A retriever knows a share of them,
//! has an opinion of each that is off by its noise, and says it on a scale of its own. So it is known what the best page
//! would have been, which no service knows.

use super::{purpose, spec::Step, world::World};
use crate::{
    components::merge::{Hit, Merged},
    config::{Count, Node, Refusal, Share},
    sim::dice::Dice,
};
use std::collections::BTreeMap;

crate::options! {
    /// Ranked list that a dependency answers with.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Results {
        /// Documents on its list at most.
        count: Count = Count(20), "20";
        /// Share of the documents on a question that it knows.
        knows: Share = Share(0.7), "70%";
        /// How far its opinion of a document may be off; what documents are worth is between 0 and 1.
        noise: f64 = 0.2, "0.2";
        /// The score of a document of worth 1, less `offset`.
        scale: f64 = 1.0, "1";
        /// The score of a document of worth 0.
        offset: f64 = 0.0, "0";
        /// By how much of itself the scale differs from question to question.
        spread: Share = Share(0.0), "0";
        /// Scores are rounded to multiples of this; 0 is not at all.
        step: f64 = 0.0, "0";
    }
}

impl Results {
    /// Refuses what is no list.
    ///
    /// # Errors
    /// At the option.
    pub fn checked(self, dependency: &Node) -> Result<Results, Refusal> {
        let results = dependency.get("results").unwrap_or(dependency);
        let at = |name: &str| results.get(name).map_or(&results.at, |n| &n.at);
        let within = |name: &'static str, x: f64, low: f64| match x >= low && x <= 1e9 {
            true => Ok(()),
            false => Err(Refusal::at(at(name), format!("a {name} of {x}"))
                .help(format!("a number from {low} to 1e9"))),
        };
        if self.count.0 == 0 {
            return Err(Refusal::at(at("count"), "a list of no documents").help("1 or more"));
        }
        within("noise", self.noise, 0.0)?;
        within("scale", self.scale, 1e-9)?;
        within("offset", self.offset, -1e9)?;
        within("step", self.step, 0.0)?;
        Ok(self)
    }

    /// The list of a retriever, best first. `which` tells retrievers apart.
    fn list(&self, dice: Dice, which: u64, pool: u32) -> Vec<Hit> {
        let source = purpose::RESULTS.of(which);
        let spread = 1.0 + self.spread.0 * (2.0 * dice.draw(source, u64::MAX).unit() - 1.0);
        let known = (0..u64::from(pool)).filter_map(|id| {
            let mut draw = dice.draw(source, id);
            if !draw.chance(self.knows.0) {
                return None;
            }
            let opinion = worth(dice, id) + self.noise * (2.0 * draw.unit() - 1.0);
            let score = self.offset + self.scale * spread * opinion;
            let score = match self.step > 0.0 {
                true => (score / self.step).round() * self.step,
                false => score,
            };
            Some(Hit { id, score })
        });
        let mut list: Vec<Hit> = known.collect();
        list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        list.truncate(self.count.0 as usize);
        list
    }
}

/// What a document is worth to the one who asks.
fn worth(dice: Dice, id: u64) -> f64 {
    dice.draw(purpose::RELEVANCE, id).unit()
}

/// The lists of all steps that give one, by the number of the step.
pub(super) fn lists(
    w: &World<'_>,
    dice: Dice,
    version: usize,
    pool: u32,
) -> Vec<(usize, Vec<Hit>)> {
    let spec = &w.versions[version].spec;
    let of = |(i, step): (usize, &Step)| {
        let results = spec.dependencies[step.dependency].results.as_ref()?;
        Some((i, results.list(dice, step.draws, pool)))
    };
    spec.steps.iter().enumerate().filter_map(of).collect()
}

/// Share of the best that anybody found which is not on the page.
pub(super) fn displaced(page: &Merged, lists: &[(usize, Vec<Hit>)], k: usize, dice: Dice) -> f64 {
    let mut found: Vec<u64> = lists
        .iter()
        .flat_map(|(_, hits)| hits.iter().map(|hit| hit.id))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.sort_by(|a, b| worth(dice, *b).total_cmp(&worth(dice, *a)));
    found.truncate(k);
    let missing = |id: &&u64| !page.items.iter().any(|item| item.id == **id);
    found.iter().filter(missing).count() as f64 / found.len().max(1) as f64
}

/// What pages were like.
#[derive(Default)]
pub(super) struct Pages {
    /// How many.
    pub pages: u64,
    /// Sum of the shares displaced.
    pub displaced: f64,
    /// Pages that would have been others, had the lists come in another order.
    pub unstable: u64,
    /// Documents on them, those that stood there already, and those of each step by its number.
    pub items: u64,
    pub repeated: u64,
    pub by_step: BTreeMap<u16, u64>,
}

impl World<'_> {
    /// Reads what pages were like since the last time.
    pub(super) fn look_at_pages(&self, put: &mut dyn FnMut(&str, f64)) {
        let pages = std::mem::take(&mut *self.pages.borrow_mut());
        if pages.pages == 0 {
            return;
        }
        let all = pages.pages as f64;
        put("merge.displaced", pages.displaced / all);
        put("merge.unstable", pages.unstable as f64 / all);
        let items = pages.items.max(1) as f64;
        put("merge.duplicates", pages.repeated as f64 / items);
        let names = self.names.borrow();
        for (step, n) in pages.by_step {
            let name = names.get("step").map_or("", |n| n.name(step.into()));
            put(&format!("merge.contribution.{name}"), n as f64 / items);
        }
    }
}
