//! Places in the journey where a fault may act. Seams belong to the service; faults only answer them.

pub use super::cpu::Quota;
use crate::{
    sim::dice::Dice,
    trace::{Request, population::Defect},
};

/// Where the journey asks.
#[derive(Clone, Copy, Debug)]
pub enum Seam<'a> {
    /// A call to a dependency is about to be sent.
    Call {
        /// Index of the dependency.
        dependency: usize,
        /// Replica that calls, from 1.
        replica: u16,
        /// Which attempt of the request, from 1.
        attempt: u16,
        /// On whose behalf.
        request: &'a Request,
    },
}

/// What faults do to a call. Without any, nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Perturb {
    /// ns that it takes longer.
    pub delay: u64,
    /// How it ends.
    pub end: Ending,
}

impl Perturb {
    /// It takes so many ns longer.
    pub fn delay(ns: u64) -> Perturb {
        Perturb {
            delay: ns,
            end: Ending::AsEver,
        }
    }

    /// What comes of it and of what another fault does: delays add up, and the first end is the end. Whether the other
    /// adds anything is told too.
    pub fn and(self, other: Perturb) -> (Perturb, bool) {
        let ends = self.end == Ending::AsEver && other.end != Ending::AsEver;
        let both = Perturb {
            delay: self.delay.saturating_add(other.delay),
            end: if ends { other.end } else { self.end },
        };
        (both, ends || other.delay > 0)
    }
}

impl From<Ending> for Perturb {
    fn from(end: Ending) -> Perturb {
        Perturb { delay: 0, end }
    }
}

/// How a call ends that faults strike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ending {
    /// As it would have.
    #[default]
    AsEver,
    /// Makes it fail, after the time that it would have taken.
    Fail,
    /// Makes it never end.
    Hang,
    /// Breaks it off after so many ns; its connection is lost.
    Cut(u64),
    /// Nobody answers, and so many ns later whoever is in between gives up.
    Late(u64),
    /// The work is done, and its answer does not arrive.
    Lost {
        /// The connection breaks when it would have come; otherwise nothing is heard.
        reset: bool,
    },
}

/// A call that is about to be sent and whose answer has parts.
pub struct Whole<'a> {
    /// Index of the dependency.
    pub dependency: usize,
    /// Replica that calls, from 1.
    pub replica: u16,
    /// Which attempt of the request, from 1.
    pub attempt: u16,
    /// The request.
    pub request: &'a Request,
    /// Its dice.
    pub dice: Dice,
    /// ns.
    pub now: u64,
}

/// A part of a call.
pub enum Part<'a> {
    /// An item that is to be stored.
    Item {
        /// Which of the request's, from 0.
        number: usize,
        /// Whether it carries the field of this name.
        carries: &'a dyn Fn(&str) -> bool,
    },
    /// A shard that is asked.
    Shard {
        /// Which, from 0.
        number: usize,
    },
}

/// Something that acts at seams: the faults of an incident, or a test.
pub trait Saboteur {
    /// Asked at each seam. `dice` are the request's own.
    fn at(&self, seam: Seam<'_>, dice: Dice, now: u64) -> Perturb;

    /// Whether [`Saboteur::arrive`] is to be asked.
    fn watches_arrivals(&self) -> bool {
        false
    }

    /// Changes a request that is about to come in. `dice` are its own.
    fn arrive(&self, _request: &mut Request, _dice: Dice) {}

    /// What the clock of a replica shows at `now`, ns.
    fn clock(&self, _replica: u16, now: u64) -> u64 {
        now
    }

    /// Asked of each part of a call: whether it fails.
    fn refuses(&self, _call: &Whole<'_>, _part: &Part<'_>) -> bool {
        false
    }

    /// Asked of an answer that comes as a stream and takes `time` ns: after how many ns its connection closes.
    fn cuts(&self, _call: &Whole<'_>, _time: u64) -> Option<u64> {
        None
    }

    /// Asked of what a dependency has written: how it is damaged.
    fn damages(&self, _call: &Whole<'_>) -> Option<Defect> {
        None
    }

    /// What ails processes, where anything ever does in this run.
    fn ailments(&self) -> Option<&dyn Ailments> {
        None
    }
}

/// What ails the processes of replicas, rather than a call or a request.
pub trait Ailments {
    /// ns until which this replica stands still; `now` or less: it does not.
    fn held(&self, replica: u16, now: u64) -> u64;
    /// A quota laid upon its CPU.
    fn ration(&self, replica: u16, now: u64) -> Option<Quota>;
    /// How many times slower a process computes that has been up for so many ns.
    fn chill(&self, replica: u16, up_for: u64, now: u64) -> f64;
    /// Whether a health probe of this replica fails, however well it serves. `dice` are the probe's own.
    fn fails_probe(&self, replica: u16, dice: Dice, now: u64) -> bool;
    /// ns that opening a connection takes longer.
    fn penalty(&self, call: &Call<'_>, dice: Dice, now: u64) -> u64;
    /// Whether the connection of a call is never given back.
    fn leaks(&self, call: &Call<'_>, dice: Dice, now: u64) -> bool;
    /// Whether a process of this replica cannot live now: ns until another may start. `dice` are the process's own.
    fn fatal(&self, replica: u16, dice: Dice, now: u64) -> Option<u64>;
    /// Workers that a replica has lost by now. Asked when some go or come back.
    fn losses(&self, replica: u16, now: u64) -> Vec<Loss>;
    /// Whether this request kills the process that serves it: ns until another may start. `dice` are the request's own;
    /// `nth` tells one such moment of it from another.
    fn poisons(
        &self,
        moment: Moment,
        nth: u32,
        replica: u16,
        request: &Request,
        dice: Dice,
        now: u64,
    ) -> Option<u64>;
}

/// Workers that processes of a replica have lost, if they ran at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Whose own they are; `None`: those that all share.
    pub class: Option<String>,
    /// How many.
    pub workers: u32,
    /// ns at which they went.
    pub since: u64,
}

/// Where in its journey a request may be the death of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A worker takes it up.
    Work,
    /// Its write has taken effect, and nobody has noted it yet.
    Written,
    /// Its write is noted as done, and the second step has not begun.
    Committed,
}

/// A call, as [`Ailments`] see it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Index of the dependency.
    pub dependency: usize,
    /// Replica that calls, from 1.
    pub replica: u16,
    /// Which attempt of the request, from 1.
    pub attempt: u16,
    /// On whose behalf.
    pub request: &'a Request,
}

/// What somebody who watches the run wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// People are told.
    Alert,
    /// The newest change is taken back.
    Rollback {
        /// Index of the version without it.
        version: usize,
        /// Components start cold.
        cold: bool,
    },
}

/// Somebody who watches a run as it goes on, and acts: the guards of an incident. Sees what has been recorded by now.
pub trait Lookout {
    /// Asked of guard number `guard` at each of its looks, with the index of the newest version.
    fn look(&self, guard: usize, now: u64, newest: usize) -> Option<Act>;
}

/// Nobody.
pub struct Nobody;

impl Saboteur for Nobody {
    fn at(&self, _: Seam<'_>, _: Dice, _: u64) -> Perturb {
        Perturb::default()
    }
}
