//! Injected perturbations: what acts at the seams of a journey, when, how strongly, on whom.
//!
//! A fault draws its victims from the request's own dice, so turning it on re-rolls nothing else. It counts its hits, for
//! the truth; the recording never hears of it. One file a fault, one entry in [`kinds`].

mod ailments;
mod clock_skew;
mod cold_start;
mod cpu_quota;
mod crash;
mod cut;
mod disconnect;
mod error;
mod kinds;
mod latency;
mod new_connection;
mod outage;
mod output;
mod parts;
mod pause;
mod payload;
mod pool_leak;
mod probe_failure;
mod shape;
mod size;
mod worker_loss;

pub use ailments::Ail;
pub use cut::LostAs;
pub use kinds::{COMMON, CommonOptions, common_fields, kinds, reach_of};
pub use output::OutputChange;
pub use shape::Shape;

use crate::{
    service::{
        DependencySpec,
        seams::{Ailments, Part, Perturb, Saboteur, Seam, Whole},
    },
    sim::dice::{Dice, Draw, Purpose},
    trace::{Filter, Request, SharedTags, population::Defect},
};
use std::cell::Cell;

/// Where a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At calls of the dependency that `target` names.
    Calls,
    /// At requests as they come in; it has no target.
    Arrivals,
    /// At readings of a replica's clock; it has no target.
    Clocks,
    /// At the processes of replicas, whatever they do; it has no target.
    Replicas,
}

/// What a fault does when it strikes. It answers at its own seam, and the others' defaults leave everything alone.
pub trait Fault {
    /// Where it acts.
    fn reach(&self) -> Reach {
        Reach::Calls
    }
    /// What a dependency would need for it to have anything to strike; `None`: it has that.
    fn lacks(&self, _dependency: &DependencySpec) -> Option<String> {
        None
    }
    /// What it does to a call. `strength` is between 0 and 1 while it ramps; `draw` this strike's own dice.
    fn strike(&self, _strength: f64, _draw: &mut Draw) -> Perturb {
        Perturb::default()
    }
    /// What it does to a request that comes in: whether it changed anything. `strength` and `draw` as above. The
    /// dictionaries are there for what needs a new name.
    fn arrive(
        &self,
        _request: &mut Request,
        _tags: &SharedTags,
        _strength: f64,
        _draw: &mut Draw,
    ) -> bool {
        false
    }
    /// Which of `percentage` and `where` it takes, though it acts on processes.
    fn aims(&self) -> &'static [&'static str] {
        &[]
    }
    /// ns by which the clock of its replica is wrong.
    fn skew(&self, _strength: f64) -> i64 {
        0
    }
    /// Whether it makes a part of a call fail.
    fn refuses(&self, _part: &Part<'_>) -> bool {
        false
    }
    /// After how many ns it closes the connection of a stream.
    fn cuts(&self) -> Option<u64> {
        None
    }
    /// What it does to what a dependency writes.
    fn damages(&self) -> Option<Defect> {
        None
    }
    /// What it does to processes.
    fn ail(&self) -> Ail {
        Ail::None
    }
    /// Workers that processes lose by it, of what is [`Ail::Lose`]: of which class, and how many.
    fn loses(&self) -> Option<(Option<&str>, u32)> {
        None
    }
    /// ns that opening a connection takes longer, of what is [`Ail::Connect`].
    fn penalty(&self, _strength: f64, _draw: &mut Draw) -> u64 {
        0
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
    /// Which requests it strikes.
    pub only: Option<Filter>,
    /// Share of calls, or of requests, that it strikes.
    pub share: f64,
    /// The only replica whose calls it strikes; 0 is all.
    pub replica: u16,
    /// When, and how strongly.
    pub shape: Shape,
    /// Calls that it struck.
    pub hits: Cell<u64>,
}

/// All faults of a run. At a call all act: what they add adds up, and the first that ends it is how it ends. A request is
/// changed by all in turn.
#[derive(Default)]
pub struct Faults {
    /// In the order of the timeline.
    pub planted: Vec<Planted>,
    /// Dictionaries of the trace, for `where`.
    pub tags: SharedTags,
}

const VICTIM: Purpose = Purpose::named("fault-victim");
const STRIKE: Purpose = Purpose::named("fault-strike");

impl Planted {
    /// How strongly it acts on this request now, if at all. `n` tells one strike at it from another.
    fn strikes(
        &self,
        request: &Request,
        tags: &SharedTags,
        dice: Dice,
        n: u64,
        now: u64,
    ) -> Option<f64> {
        self.strikes_by(VICTIM, request, tags, dice, n, now)
    }

    /// As `strikes`, with the victims drawn for this purpose.
    fn strikes_by(
        &self,
        victims: Purpose,
        request: &Request,
        tags: &SharedTags,
        dice: Dice,
        n: u64,
        now: u64,
    ) -> Option<f64> {
        let strength = self.shape.strength(now);
        let struck =
            strength > 0.0 && dice.draw(victims, n).chance(self.share) && self.means(request, tags);
        struck.then_some(strength)
    }

    /// Whether a request is one of those of its condition.
    fn means(&self, request: &Request, tags: &SharedTags) -> bool {
        let passes = |only: &Filter| only.passes(request, &tags.borrow());
        self.only.as_ref().is_none_or(passes)
    }

    fn hit(&self) {
        self.hits.set(self.hits.get() + 1);
    }
}

impl Faults {
    /// Whether any of them is the death of processes.
    pub fn kills(&self) -> bool {
        let dies = |p: &Planted| matches!(p.fault.ail(), Ail::Die { .. });
        self.planted.iter().any(dies)
    }
}

impl Saboteur for Faults {
    fn at(&self, seam: Seam<'_>, dice: Dice, now: u64) -> Perturb {
        let Seam::Call {
            dependency,
            replica,
            attempt,
            request,
        } = seam;
        let mut perturb = Perturb::default();
        for (i, planted) in self.planted.iter().enumerate() {
            if planted.reach != Reach::Calls
                || planted.dependency != dependency
                || planted.replica != 0 && planted.replica != replica
            {
                continue;
            }
            let n = (i as u64) << 32 | u64::from(attempt);
            if let Some(strength) = planted.strikes(request, &self.tags, dice, n, now) {
                let more = planted.fault.strike(strength, &mut dice.draw(STRIKE, n));
                let (both, acts) = perturb.and(more);
                perturb = both;
                if acts {
                    planted.hit();
                }
            }
        }
        perturb
    }

    fn watches_arrivals(&self) -> bool {
        self.planted.iter().any(|p| p.reach == Reach::Arrivals)
    }

    fn arrive(&self, request: &mut Request, dice: Dice) {
        for (i, planted) in self.planted.iter().enumerate() {
            let n = (i as u64) << 32;
            if planted.reach == Reach::Arrivals
                && let Some(strength) =
                    planted.strikes(request, &self.tags, dice, n, request.arrived)
                && planted
                    .fault
                    .arrive(request, &self.tags, strength, &mut dice.draw(STRIKE, n))
            {
                planted.hit();
            }
        }
    }

    fn ailments(&self) -> Option<&dyn Ailments> {
        let ails = self.planted.iter().any(|p| p.fault.ail() != Ail::None);
        if ails { Some(self) } else { None }
    }

    fn clock(&self, replica: u16, now: u64) -> u64 {
        let mut clock = now;
        for planted in &self.planted {
            if planted.reach != Reach::Clocks || planted.replica != 0 && planted.replica != replica
            {
                continue;
            }
            let skew = match planted.shape.strength(now) {
                strength if strength > 0.0 => planted.fault.skew(strength),
                _ => 0,
            };
            if skew != 0 {
                planted.hits.set(planted.hits.get() + 1);
                clock = clock.saturating_add_signed(skew);
            }
        }
        clock
    }

    fn refuses(&self, call: &Whole<'_>, part: &Part<'_>) -> bool {
        let number = match part {
            Part::Item { number, .. } | Part::Shard { number } => *number as u64,
        };
        self.planted.iter().enumerate().any(|(i, planted)| {
            let struck = planted.reaches(call)
                && planted.fault.refuses(part)
                && planted.strikes_part(&self.tags, i, number, call);
            planted.hits.set(planted.hits.get() + u64::from(struck));
            struck
        })
    }

    fn cuts(&self, call: &Whole<'_>, time: u64) -> Option<u64> {
        for (i, planted) in self.planted.iter().enumerate() {
            let cut = planted.fault.cuts().filter(|&after| after < time);
            if cut.is_some()
                && planted.reaches(call)
                && planted.strikes_part(&self.tags, i, 0, call)
            {
                planted.hits.set(planted.hits.get() + 1);
                return cut;
            }
        }
        None
    }

    fn damages(&self, call: &Whole<'_>) -> Option<Defect> {
        for (i, planted) in self.planted.iter().enumerate() {
            let defect = planted.fault.damages();
            if defect.is_some()
                && planted.reaches(call)
                && planted.strikes_part(&self.tags, i, 0, call)
            {
                planted.hits.set(planted.hits.get() + 1);
                return defect;
            }
        }
        None
    }
}

impl Planted {
    /// Whether a call is one of those that it may strike.
    fn reaches(&self, call: &Whole<'_>) -> bool {
        self.reach == Reach::Calls
            && self.dependency == call.dependency
            && (self.replica == 0 || self.replica == call.replica)
    }

    /// Whether it strikes a part of a call now. While it ramps, a share of its victims is spared.
    fn strikes_part(&self, tags: &SharedTags, fault: usize, part: u64, call: &Whole<'_>) -> bool {
        let n = (fault as u64) << 32 | part << 16 | u64::from(call.attempt);
        self.strikes(call.request, tags, call.dice, n, call.now)
            .is_some_and(|strength| call.dice.draw(STRIKE, n).chance(strength))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always;
    impl Fault for Always {
        fn strike(&self, _: f64, _: &mut Draw) -> Perturb {
            Perturb::delay(1)
        }
    }

    fn planted(share: f64, shape: Shape) -> Planted {
        Planted {
            fault: Box::new(Always),
            reach: Reach::Calls,
            dependency: 0,
            only: None,
            share,
            replica: 0,
            shape,
            hits: Cell::new(0),
        }
    }

    #[test]
    fn a_fault_strikes_its_share_and_always_the_same_ones() {
        let faults = Faults {
            planted: vec![planted(0.05, Shape::step(100, None))],
            ..Faults::default()
        };
        let request = Request::blank(std::rc::Rc::new(crate::trace::Payload::new("", &[])));
        let struck = |id: u64, now| {
            let seam = Seam::Call {
                dependency: 0,
                replica: 1,
                attempt: 1,
                request: &request,
            };
            faults.at(seam, Dice::new(24, id), now) != Perturb::default()
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
        assert_eq!(faults.planted[0].hits.get(), 2 * victims.len() as u64);
    }
}
