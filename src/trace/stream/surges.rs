//! Copies of requests, where a surge or a growing load asks for more of them.

use crate::trace::{
    population::{Filler, Population, Turn, version_at},
    request::{Request, SharedTags},
    shape::COPY,
    spec::TraceSpec,
};
use crate::{
    config::Refusal,
    sim::dice::{Dice, Purpose},
};
use std::{cmp::Reverse, collections::BinaryHeap};

const COPIES: Purpose = Purpose::named("trace.copies");
const APART: Purpose = Purpose::named("trace.copy-apart");
/// A copy that a surge adds comes within this time after its original.
const SPREAD: u64 = 1_000_000_000;
/// Copies of one request: op numbers have room for no more.
const MOST_COPIES: f64 = 120.0;

/// A request in the heap of copies; never compared, since op numbers differ.
#[derive(Debug)]
pub(super) struct Copied(pub Request);

impl PartialEq for Copied {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Copied {}
impl PartialOrd for Copied {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Copied {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Who is multiplied, when.
#[derive(Debug)]
pub(super) struct Surges {
    seed: u64,
    versions: Vec<Factors>,
    starts: Vec<Turn>,
    tags: SharedTags,
}

#[derive(Debug)]
struct Factors {
    load: f64,
    rates: Vec<(String, f64)>,
    /// Tenant, from, to, factor.
    surges: Vec<(String, u64, u64, f64)>,
}

impl Surges {
    pub fn new(spec: &TraceSpec, seed: u64, tags: &SharedTags) -> Result<Option<Surges>, Refusal> {
        let all: Vec<&Population> = std::iter::once(&spec.population)
            .chain(spec.drifts.iter().map(|(_, p)| p))
            .collect();
        if !all.iter().any(|p| p.changes_rates()) {
            return Ok(None);
        }
        let shares = all.iter().any(|p| {
            p.surges
                .iter()
                .any(|s| matches!(s.at, crate::config::When::Share(_)))
        });
        let length = if shares { spec.extent(seed)?.length } else { 0 };
        let versions = all
            .iter()
            .map(|p| Factors {
                load: p.load.0,
                rates: p.rates.0.clone(),
                surges: p
                    .surges
                    .iter()
                    .map(|s| {
                        let from = s.at.resolve(length);
                        (
                            s.tenant.clone(),
                            from,
                            from.saturating_add(s.lasts.0),
                            s.factor.0,
                        )
                    })
                    .collect(),
            })
            .collect();
        Ok(Some(Surges {
            seed,
            versions,
            starts: spec.drifts.iter().map(|(at, _)| *at).collect(),
            tags: tags.clone(),
        }))
    }

    fn factor(&self, tenant: &str, now: u64) -> f64 {
        // While one ramps, so does the load.
        let (version, share) = version_at(&self.starts, now);
        let factor = match share < 1.0 {
            true => {
                let before = self.of(version - 1, tenant, now);
                before + (self.of(version, tenant, now) - before) * share
            }
            false => self.of(version, tenant, now),
        };
        factor.min(MOST_COPIES)
    }

    fn of(&self, version: usize, tenant: &str, now: u64) -> f64 {
        let f = &self.versions[version];
        let mut factor = f.load;
        if let Some((_, rate)) = f.rates.iter().find(|(name, _)| name == tenant) {
            factor *= rate;
        }
        for (name, from, to, by) in &f.surges {
            if (name.is_empty() || name == tenant) && (*from..*to).contains(&now) {
                factor *= by;
            }
        }
        factor
    }

    /// Fills the request, adds copies of it, or marks it as dropped by an op number that none has.
    pub fn multiply(
        &mut self,
        request: &mut Request,
        filler: Option<&mut Filler>,
        limit: u64,
        copies: &mut BinaryHeap<Reverse<(u64, u64, Copied)>>,
    ) {
        let bare = request.clone();
        if let Some(filler) = filler {
            filler.fill(request);
        }
        let factor = self.factor(
            self.tags.borrow().tenant.name(request.tenant),
            request.arrived,
        );
        if factor == 1.0 {
            return;
        }
        let mut draw = Dice::new(self.seed, request.op).draw(COPIES, 0);
        let sent = factor.floor() as u64 + u64::from(draw.chance(factor.fract()));
        for n in 1..sent {
            let mut copy = bare.clone();
            copy.tenant = request.tenant;
            copy.op = request.op + n * COPY;
            copy.arrived = request
                .arrived
                .saturating_add(Dice::new(self.seed, copy.op).draw(APART, 0).below(SPREAD));
            if copy.arrived < limit {
                copies.push(Reverse((copy.arrived, copy.op, Copied(copy))));
            }
        }
        if sent == 0 {
            request.op = u64::MAX;
        }
    }
}
