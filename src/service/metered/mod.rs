//! Work that is done for real and whose cost is counted: what each version's sites are, and what a text costs at each.
//!
//! The work is done once for each text and site and remembered, for the same text costs the same; time is the units times
//! what a unit costs.

mod texts;

use super::{
    spec::SiteSpec,
    version::{Version, same},
};
use crate::{
    components::{
        Registry,
        work::{Job, Meter, Work},
    },
    config::{Choice, Refusal},
    sim::hash::Map,
};
use std::{cell::RefCell, rc::Rc};
pub(super) use texts::Texts;

/// What a text costs at a site.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    /// ns by account.
    pub bill: super::cpu::Bill,
    /// Size as the work sees it.
    pub size: u64,
    /// Bytes of the text.
    pub bytes: u64,
    /// A watchdog broke it off.
    pub broken_off: bool,
}

/// A site that some version has. Equal sites of two versions are one.
struct Site {
    spec: SiteSpec,
    work: Box<dyn Work>,
    /// Number of the account of its first part.
    account: u32,
    /// ns of a unit of each part.
    costs: Vec<f64>,
}

/// Costs that are remembered.
const REMEMBERED: usize = 262_144;
/// Units at most, whatever they cost: a site whose unit costs next to nothing is broken off too.
const MOST_UNITS: u64 = 2_000_000_000;

/// All sites of a run.
pub(super) struct Metered {
    sites: Vec<Site>,
    /// Numbers of the sites of each version, in the order of the file.
    of_version: Vec<Vec<usize>>,
    /// Names of accounts: `compute`, then `STAGE.SITE.PART`.
    pub accounts: Vec<String>,
    costs: RefCell<Map<(u64, usize), Rc<Cost>>>,
    pub texts: RefCell<Texts>,
    slopes: RefCell<Vec<Slope>>,
    /// Whether any version has sites or bounded cores.
    pub on: bool,
}

/// The account of `service.compute`.
pub(super) const COMPUTE: u32 = 0;

impl Metered {
    /// Of these versions.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(versions: &[Version], registry: &Registry) -> Result<Metered, Refusal> {
        let mut sites: Vec<Site> = vec![];
        let mut accounts = vec!["compute".to_string()];
        let mut of_version = vec![];
        for version in versions {
            let mut own = vec![];
            for spec in &version.spec.work {
                let equal = |s: &Site| {
                    s.spec.name == spec.name && same(Some(&s.spec.node), Some(&spec.node))
                };
                if let Some(known) = sites.iter().position(equal) {
                    own.push(known);
                    continue;
                }
                let work = spec.build(registry)?;
                let stage = word(spec.options.stage);
                let names = work.parts().iter();
                let names = names.map(|part| format!("{stage}.{}.{part}", spec.name));
                let names: Vec<String> = names.collect();
                // Two ways of one site have the same frames, as far as they have the same parts.
                let first = accounts
                    .windows(names.len().max(1))
                    .position(|w| w == names);
                let account = first.unwrap_or(accounts.len()) as u32;
                if first.is_none() {
                    accounts.extend(names);
                }
                own.push(sites.len());
                sites.push(Site {
                    costs: match spec.options.unit {
                        Some(unit) => vec![unit.0; work.parts().len()],
                        None => work.costs().to_vec(),
                    },
                    spec: spec.clone(),
                    work,
                    account,
                });
            }
            of_version.push(own);
        }
        let bounded = |v: &Version| v.spec.cpu.as_ref().is_some_and(|cpu| cpu.cores.is_some());
        Ok(Metered {
            on: !sites.is_empty() || versions.iter().any(bounded),
            sites,
            of_version,
            accounts,
            costs: RefCell::default(),
            texts: RefCell::default(),
            slopes: RefCell::default(),
        })
    }

    /// The sites of a version, by number.
    pub fn of(&self, version: usize) -> impl Iterator<Item = (usize, &SiteSpec)> {
        let numbers = self.of_version[version].iter();
        numbers.map(|&i| (i, &self.sites[i].spec))
    }

    /// What a text costs at a site; `digest` is the text's.
    pub fn cost<'t>(
        &self,
        number: usize,
        digest: u64,
        text: impl FnOnce() -> std::borrow::Cow<'t, str>,
    ) -> Rc<Cost> {
        if let Some(known) = self.costs.borrow().get(&(digest, number)) {
            return known.clone();
        }
        let cost = Rc::new(self.sites[number].work_out(&text()));
        let costs = &mut *self.costs.borrow_mut();
        if costs.len() >= REMEMBERED {
            costs.clear();
        }
        costs.insert((digest, number), cost.clone());
        cost
    }

    /// A site did a job of this size in so many ns.
    pub fn note_slope(&self, number: usize, size: u64, time: u64) {
        let slopes = &mut *self.slopes.borrow_mut();
        slopes.resize(self.sites.len() + 1, Slope::default());
        slopes[number].note(size, time);
    }

    /// A request of this size took so many ns of CPU.
    pub fn note_request(&self, size: u64, time: u64) {
        self.note_slope(self.sites.len(), size, time);
    }

    /// Slopes since the last reading, by site; the empty name is that of requests.
    pub fn read_slopes(&self, put: &mut dyn FnMut(&str, f64)) {
        for (i, slope) in self.slopes.take().iter().enumerate() {
            if let Some(value) = slope.value() {
                put(self.sites.get(i).map_or("", |s| &s.spec.name), value);
            }
        }
    }
}

/// How a choice is written.
fn word<T: Choice + PartialEq>(choice: T) -> &'static str {
    let found = T::WORDS.iter().find(|(_, c)| *c == choice);
    found.map_or("", |(word, _)| word)
}

impl Site {
    fn work_out(&self, text: &str) -> Cost {
        let options = &self.spec.options;
        let job = Job {
            text,
            fragment: options.fragment.0 as usize,
        };
        let limit = options.limit.0 as f64;
        // The cheapest unit decides how many there may be at most; what they came to in time is looked at afterwards.
        let cheapest = self.costs.iter().copied().fold(f64::INFINITY, f64::min);
        let most = (limit / cheapest.max(1e-9)) as u64;
        let mut meter = Meter::new(self.work.parts().len(), most.min(MOST_UNITS));
        let product = self.work.run(&job, &mut meter);
        let times = meter.spent().iter().zip(&self.costs);
        let mut times: Vec<f64> = times.map(|(units, cost)| *units as f64 * cost).collect();
        let all: f64 = times.iter().sum();
        let broken_off = product.is_err() || all > limit;
        if all > limit {
            times.iter_mut().for_each(|time| *time *= limit / all);
        }
        let bill: Vec<(u32, u64)> = (self.account..)
            .zip(times)
            .map(|(account, time)| (account, time.round() as u64))
            .filter(|(_, time)| *time > 0)
            .collect();
        Cost {
            bill: bill.into(),
            size: self.work.size(&job),
            bytes: text.len() as u64,
            broken_off,
        }
    }
}

/// A straight line through (ln size, ln time) of jobs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slope {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

/// Jobs that a slope is made of at least.
const ENOUGH: f64 = 20.0;
/// Standard deviation of ln size at least: below it all sizes are alike, and a slope is noise.
const SPREAD: f64 = 0.1;

impl Slope {
    fn note(&mut self, size: u64, time: u64) {
        if size == 0 || time == 0 {
            return;
        }
        let (x, y) = (libm::log(size as f64), libm::log(time as f64));
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
    }

    /// By how many powers time grows with size.
    fn value(&self) -> Option<f64> {
        if self.n < ENOUGH {
            return None;
        }
        let spread = self.xx / self.n - (self.x / self.n) * (self.x / self.n);
        let together = self.xy / self.n - (self.x / self.n) * (self.y / self.n);
        (spread >= SPREAD * SPREAD).then(|| together / spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A power of the size has that power for its slope, whatever it is multiplied by.
        #[test]
        fn a_power_of_the_size_is_its_slope(power in 0.2f64..3.0, factor in 1.0f64..100.0, sizes in prop::collection::vec(1_000u64..1_000_000, 30..60)) {
            let mut slope = Slope::default();
            for size in &sizes {
                slope.note(*size, (factor * libm::pow(*size as f64, power)).round() as u64);
            }
            if let Some(value) = slope.value() {
                prop_assert!((value - power).abs() < 0.05, "{value} for {power}");
            }
        }
    }

    #[test]
    fn sizes_that_are_all_alike_have_no_slope() {
        let mut slope = Slope::default();
        for time in 1..100 {
            slope.note(500, time);
        }
        assert_eq!(slope.value(), None);
    }
}
