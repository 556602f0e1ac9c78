//! Injected perturbations: what acts at the seams of a journey, when, how strongly, on whom.
//!
//! A fault draws its victims from the request's own dice, so turning it on re-rolls nothing else. It counts its hits, for
//! the truth; the recording never hears of it. One file a fault, one line in [`kinds`].

mod error;
mod latency;
mod outage;
mod parts;
mod shape;

pub use shape::Shape;

use crate::{
    config::{Kind, Options, Percent},
    service::seams::{Part, Perturb, Saboteur, Seam, Whole},
    sim::dice::{Dice, Draw, Purpose},
};
use std::cell::Cell;

/// What a fault does when it strikes.
pub trait Fault {
    /// What it does at a seam. `strength` is between 0 and 1 while it ramps; `draw` this strike's own dice.
    fn strike(&self, strength: f64, draw: &mut Draw) -> Perturb;

    /// Whether it makes a part of a call fail.
    fn refuses(&self, _part: &Part<'_>) -> bool {
        false
    }

    /// After how many ns it closes the connection of a stream.
    fn cuts(&self) -> Option<u64> {
        None
    }
}

/// The faults that a file may name.
pub fn kinds() -> Vec<Kind<Box<dyn Fault>>> {
    vec![
        Kind {
            name: "latency",
            summary: "calls take longer",
            fields: latency::LatencyFault::fields,
            build: latency::build,
        },
        Kind {
            name: "error",
            summary: "calls fail",
            fields: error::ErrorFault::fields,
            build: error::build,
        },
        Kind {
            name: "outage",
            summary: "calls never end",
            fields: outage::OutageFault::fields,
            build: outage::build,
        },
        Kind {
            name: "item-error",
            summary: "items of bulk calls are refused",
            fields: parts::ItemErrorFault::fields,
            build: parts::build_item_error,
        },
        Kind {
            name: "shard-loss",
            summary: "a shard of searches is lost",
            fields: parts::ShardLossFault::fields,
            build: parts::build_shard_loss,
        },
        Kind {
            name: "cut-stream",
            summary: "connections of streamed answers are closed before the end",
            fields: parts::CutStreamFault::fields,
            build: parts::build_cut_stream,
        },
    ]
}

/// Options that every fault has, read by the incident beside the fault's own.
pub const COMMON: &[&str] = &["kind", "target", "percentage", "replica"];

crate::options! {
    /// What every fault has.
    #[derive(Clone, Debug)]
    pub struct CommonOptions {
        /// Dependency that it strikes.
        target: (String, crate::config::At),
        /// Percentage of calls that it strikes.
        percentage: Percent = Percent(1.0), "100%";
        /// The only replica whose calls it strikes; 0 is all.
        replica: u32 = 0, "all";
    }
}

/// A fault in its place on the timeline.
pub struct Planted {
    /// What it does.
    pub fault: Box<dyn Fault>,
    /// Dependency that it strikes.
    pub dependency: usize,
    /// Share of calls that it strikes.
    pub share: f64,
    /// The only replica whose calls it strikes; 0 is all.
    pub replica: u16,
    /// When, and how strongly.
    pub shape: Shape,
    /// Calls that it struck.
    pub hits: Cell<u64>,
}

/// All faults of a run. The first that answers at a seam is the one that acts.
#[derive(Default)]
pub struct Faults(pub Vec<Planted>);

const VICTIM: Purpose = Purpose::named("fault-victim");
const STRIKE: Purpose = Purpose::named("fault-strike");

impl Saboteur for Faults {
    fn at(&self, seam: Seam, dice: Dice, now: u64) -> Perturb {
        let Seam::Call {
            dependency,
            replica,
            attempt,
        } = seam;
        for (i, planted) in self.0.iter().enumerate() {
            if planted.dependency != dependency
                || planted.replica != 0 && planted.replica != replica
            {
                continue;
            }
            let strength = planted.shape.strength(now);
            let n = (i as u64) << 32 | u64::from(attempt);
            if strength > 0.0 && dice.draw(VICTIM, n).chance(planted.share) {
                let perturb = planted.fault.strike(strength, &mut dice.draw(STRIKE, n));
                if perturb != Perturb::Nothing {
                    planted.hits.set(planted.hits.get() + 1);
                    return perturb;
                }
            }
        }
        Perturb::Nothing
    }

    fn refuses(&self, call: &Whole<'_>, part: &Part<'_>) -> bool {
        let number = match part {
            Part::Item { number, .. } | Part::Shard { number } => *number as u64,
        };
        self.0.iter().enumerate().any(|(i, planted)| {
            let struck = planted.reaches(call)
                && planted.fault.refuses(part)
                && planted.strikes_part(i, number, call);
            planted.hits.set(planted.hits.get() + u64::from(struck));
            struck
        })
    }

    fn cuts(&self, call: &Whole<'_>, time: u64) -> Option<u64> {
        for (i, planted) in self.0.iter().enumerate() {
            let cut = planted.fault.cuts().filter(|&after| after < time);
            if cut.is_some() && planted.reaches(call) && planted.strikes_part(i, 0, call) {
                planted.hits.set(planted.hits.get() + 1);
                return cut;
            }
        }
        None
    }
}

impl Planted {
    /// Whether a call is one of those that it may strike.
    fn reaches(&self, call: &Whole<'_>) -> bool {
        self.dependency == call.dependency && (self.replica == 0 || self.replica == call.replica)
    }

    /// Whether it strikes a part of a call now. While it ramps, a share of its victims is spared.
    fn strikes_part(&self, fault: usize, part: u64, call: &Whole<'_>) -> bool {
        let strength = self.shape.strength(call.now);
        let n = (fault as u64) << 32 | part << 16 | u64::from(call.attempt);
        strength > 0.0
            && call.dice.draw(VICTIM, n).chance(self.share)
            && call.dice.draw(STRIKE, n).chance(strength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always;
    impl Fault for Always {
        fn strike(&self, _: f64, _: &mut Draw) -> Perturb {
            Perturb::Delay(1)
        }
    }

    fn planted(share: f64, shape: Shape) -> Planted {
        Planted {
            fault: Box::new(Always),
            dependency: 0,
            share,
            replica: 0,
            shape,
            hits: Cell::new(0),
        }
    }

    #[test]
    fn a_fault_strikes_its_share_and_always_the_same_ones() {
        let faults = Faults(vec![planted(0.05, Shape::step(100, None))]);
        let struck = |id: u64, now| {
            let seam = Seam::Call {
                dependency: 0,
                replica: 1,
                attempt: 1,
            };
            faults.at(seam, Dice::new(24, id), now) != Perturb::Nothing
        };
        let victims: Vec<u64> = (0..20_000).filter(|&id| struck(id, 100)).collect();
        // Four standard errors of a share of 5 % of 20,000.
        assert!(victims.len().abs_diff(1000) < 125, "{}", victims.len());
        assert_eq!(
            victims,
            (0..20_000)
                .filter(|&id| struck(id, 9999))
                .collect::<Vec<_>>()
        );
        assert!(
            (0..1000).all(|id| !struck(id, 99)),
            "it strikes before its time"
        );
        assert_eq!(faults.0[0].hits.get(), 2 * victims.len() as u64);
    }
}
