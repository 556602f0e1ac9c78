//! Injected perturbations: what acts at the seams of a journey, when, how strongly, on whom.
//!
//! A fault draws its victims from the request's own dice, so turning it on re-rolls nothing else. It counts its hits, for
//! the truth; the recording never hears of it. One file a fault, one line in [`kinds`].

mod ailments;
mod cold_start;
mod cpu_quota;
mod cut;
mod error;
mod latency;
mod new_connection;
mod outage;
mod pause;
mod pool_leak;
mod shape;

pub use ailments::Ail;
pub use shape::Shape;

use crate::{
    config::{Kind, Options, Percent},
    service::seams::{Ailments, Perturb, Saboteur, Seam},
    sim::dice::{Dice, Draw, Purpose},
};
use std::cell::Cell;

/// Where a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At calls of the dependency that `target` names.
    Calls,
    /// At the processes of replicas, whatever they do; it has no target.
    Replicas,
}

/// What a fault does when it strikes. It answers at its own seam, and the others' defaults leave everything alone.
pub trait Fault {
    /// Where it acts.
    fn reach(&self) -> Reach {
        Reach::Calls
    }
    /// What it does to processes.
    fn ail(&self) -> Ail {
        Ail::None
    }
    /// ns that opening a connection takes longer, of what is [`Ail::Connect`].
    fn penalty(&self, _strength: f64, _draw: &mut Draw) -> u64 {
        0
    }
    /// What it does at a seam. `strength` is between 0 and 1 while it ramps; `draw` this strike's own dice.
    fn strike(&self, _strength: f64, _draw: &mut Draw) -> Perturb {
        Perturb::Nothing
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
            name: "timeout",
            summary: "calls are never answered, and given up in between",
            fields: cut::TimeoutFault::fields,
            build: cut::build_timeout,
        },
        Kind {
            name: "connection-reset",
            summary: "calls are broken off",
            fields: cut::ResetFault::fields,
            build: cut::build_reset,
        },
        Kind {
            name: "new-connection",
            summary: "opening a connection takes longer",
            fields: new_connection::NewConnectionFault::fields,
            build: new_connection::build,
        },
        Kind {
            name: "pool-leak",
            summary: "connections are not given back",
            fields: pool_leak::PoolLeakFault::fields,
            build: pool_leak::build,
        },
        Kind {
            name: "pause",
            summary: "processes stand still",
            fields: pause::PauseFault::fields,
            build: pause::build,
        },
        Kind {
            name: "cpu-quota",
            summary: "processes are frozen when their CPU time of a period is spent",
            fields: crate::service::CpuOptions::fields,
            build: cpu_quota::build,
        },
        Kind {
            name: "cold-start",
            summary: "fresh processes compute slowly",
            fields: cold_start::ColdStartFault::fields,
            build: cold_start::build,
        },
    ]
}

/// Options that every fault has, read by the incident beside the fault's own.
pub const COMMON: &[&str] = &["kind", "target", "percentage", "replica"];

crate::options! {
    /// What every fault has.
    #[derive(Clone, Debug)]
    pub struct CommonOptions {
        /// Dependency whose calls it strikes; a fault that acts elsewhere has none.
        target: Option<(String, crate::config::At)> = None, "none";
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
    /// Where it acts.
    pub reach: Reach,
    /// Dependency that it strikes, of a fault that acts at calls.
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

impl Planted {
    fn hit(&self) {
        self.hits.set(self.hits.get() + 1);
    }
}

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
            if planted.reach != Reach::Calls
                || planted.dependency != dependency
                || planted.replica != 0 && planted.replica != replica
            {
                continue;
            }
            let strength = planted.shape.strength(now);
            let n = (i as u64) << 32 | u64::from(attempt);
            if strength > 0.0 && dice.draw(VICTIM, n).chance(planted.share) {
                let perturb = planted.fault.strike(strength, &mut dice.draw(STRIKE, n));
                if perturb != Perturb::Nothing {
                    planted.hit();
                    return perturb;
                }
            }
        }
        Perturb::Nothing
    }

    fn ailments(&self) -> Option<&dyn Ailments> {
        let ails = self.0.iter().any(|p| p.fault.ail() != Ail::None);
        if ails { Some(self) } else { None }
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
            reach: Reach::Calls,
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
