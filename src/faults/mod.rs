//! Injected perturbations: what acts at the seams of a journey, when, how strongly, on whom.
//!
//! A fault draws its victims from the request's own dice, so turning it on re-rolls nothing else. It counts its hits, for
//! the truth; the recording never hears of it. One file a fault, one line in [`kinds`].

mod ailments;
mod clock_skew;
mod cold_start;
mod cpu_quota;
mod crash;
mod cut;
mod disconnect;
mod error;
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

pub use ailments::Ail;
pub use cut::LostAs;
pub use output::OutputChange;
pub use shape::Shape;

use crate::{
    config::{Field, Kind, Options, Percent},
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
        Perturb::Nothing
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
    /// ns that opening a connection takes longer, of what is [`Ail::Connect`].
    fn penalty(&self, _strength: f64, _draw: &mut Draw) -> u64 {
        0
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
            name: "disconnect",
            summary: "clients leave before they are answered",
            fields: disconnect::DisconnectFault::fields,
            build: disconnect::build,
        },
        Kind {
            name: "payload",
            summary: "what clients send is no longer what it was",
            fields: payload::PayloadFault::fields,
            build: payload::build,
        },
        Kind {
            name: "size",
            summary: "requests are larger, or smaller",
            fields: size::SizeFault::fields,
            build: size::build,
        },
        Kind {
            name: "clock-skew",
            summary: "a replica's clock shows another time",
            fields: clock_skew::ClockSkewFault::fields,
            build: clock_skew::build,
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
        Kind {
            name: "output",
            summary: "what a dependency writes is no longer what it was",
            fields: output::OutputFault::fields,
            build: output::build,
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
            name: "lost-response",
            summary: "calls are served, and their answers do not arrive",
            fields: cut::LostFault::fields,
            build: cut::build_lost,
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
            fields: crate::service::RationOptions::fields,
            build: cpu_quota::build,
        },
        Kind {
            name: "crash",
            summary: "processes die, and others start in their place",
            fields: crash::CrashFault::fields,
            build: crash::build,
        },
        Kind {
            name: "probe-failure",
            summary: "health probes fail, however well replicas serve",
            fields: probe_failure::ProbeFailureFault::fields,
            build: probe_failure::build,
        },
        Kind {
            name: "cold-start",
            summary: "fresh processes compute slowly",
            fields: cold_start::ColdStartFault::fields,
            build: cold_start::build,
        },
    ]
}

/// Where a fault of the house acts, by its name: known before there is one, for the schema.
pub fn reach_of(name: &str) -> Option<Reach> {
    Some(match name {
        "latency" | "error" | "outage" | "item-error" | "shard-loss" | "cut-stream" | "output"
        | "timeout" | "connection-reset" | "new-connection" | "pool-leak" | "lost-response" => {
            Reach::Calls
        }
        "disconnect" | "payload" | "size" => Reach::Arrivals,
        "clock-skew" => Reach::Clocks,
        "pause" | "cpu-quota" | "cold-start" | "crash" | "probe-failure" => Reach::Replicas,
        _ => return None,
    })
}

/// What a file may say of every fault of this name beside its own options.
pub fn common_fields(name: &str) -> Vec<Field> {
    let reach = reach_of(name);
    let mut fields = CommonOptions::fields();
    fields.retain(|f| match reach {
        Some(Reach::Calls) | None => true,
        Some(Reach::Arrivals) => matches!(f.name, "percentage" | "where"),
        Some(Reach::Clocks | Reach::Replicas) => match name {
            "crash" => f.name != "target",
            "probe-failure" => matches!(f.name, "percentage" | "replica"),
            _ => f.name == "replica",
        },
    });
    for field in &mut fields {
        match (reach, field.name) {
            (Some(Reach::Calls), "target") => {
                field.default = None;
                field.doc = "Dependency whose calls it strikes.";
            }
            (Some(Reach::Clocks | Reach::Replicas), "replica") => {
                field.doc = "The only replica that it strikes; 0 is all.";
            }
            (Some(Reach::Replicas), "percentage") => {
                field.doc = match name {
                    "crash" => "Percentage of requests that kill whoever serves them.",
                    _ => "Percentage of probes that fail.",
                };
            }
            (Some(Reach::Replicas), "where") => {
                field.doc = "Which requests kill whoever serves them.";
            }
            (Some(Reach::Arrivals), "percentage") => {
                field.doc = "Percentage of requests that it strikes.";
            }
            (Some(Reach::Calls), "percentage") => {
                field.doc = "Percentage of calls that it strikes.";
            }
            _ => {}
        }
    }
    fields
}

/// Options that every fault has, read by the incident beside the fault's own.
pub const COMMON: &[&str] = &["kind", "target", "percentage", "replica", "where"];

crate::options! {
    /// What every fault has.
    #[derive(Clone, Debug)]
    pub struct CommonOptions {
        /// Dependency whose calls it strikes; a fault that acts elsewhere has none.
        target: Option<(String, crate::config::At)> = None, "none";
        /// Percentage of calls, or of requests, that it strikes.
        percentage: Percent = Percent(1.0), "100%";
        /// The only replica whose calls it strikes; 0 is all.
        replica: u32 = 0, "all";
        /// Which requests it strikes, such as 'tenant == "acme" and input_tokens > 1000'.
        r#where: Option<Filter> = None, "all";
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

/// All faults of a run. At a call, the first that answers is the one that acts; a request is changed by all in turn.
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
        for (i, planted) in self.planted.iter().enumerate() {
            if planted.reach != Reach::Calls
                || planted.dependency != dependency
                || planted.replica != 0 && planted.replica != replica
            {
                continue;
            }
            let n = (i as u64) << 32 | u64::from(attempt);
            if let Some(strength) = planted.strikes(request, &self.tags, dice, n, now) {
                let perturb = planted.fault.strike(strength, &mut dice.draw(STRIKE, n));
                if perturb != Perturb::Nothing {
                    planted.hit();
                    return perturb;
                }
            }
        }
        Perturb::Nothing
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
            Perturb::Delay(1)
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
    fn what_the_schema_says_of_where_a_fault_acts_is_so() {
        use crate::config::{Node, Source, pick};
        let own = [
            ("latency", "latency = \"1s\""),
            ("timeout", "after = \"1s\""),
            ("new-connection", "latency = \"1s\""),
            ("payload", "change = \"drop\"\nfield = \"prompt\""),
            ("size", "input = 2"),
            ("disconnect", "after = \"1s\""),
            ("clock-skew", "skew = \"1s\""),
            ("item-error", "field = \"a\""),
            ("cut-stream", "after = \"1s\""),
            ("output", "change = \"wrap\""),
            ("pause", "lasts = \"1s\"\nevery = \"2s\""),
            ("cpu-quota", "quota = \"1ms\""),
        ];
        for kind in kinds() {
            let name = kind.name;
            let own = own.iter().find(|(of, _)| *of == name).map_or("", |o| o.1);
            let text = format!("kind = \"{name}\"\n{own}");
            let node = Node::parse(&Source::new("fault", text)).unwrap();
            let fault = pick(&kinds(), "fault", &node).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(reach_of(name), Some(fault.reach()), "{name}");
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
        assert_eq!(faults.planted[0].hits.get(), 2 * victims.len() as u64);
    }
}
