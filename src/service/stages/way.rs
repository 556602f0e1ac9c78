//! The way of a write to a dependency and back, without a worker there or a pool here: when it takes effect, and what its
//! caller hears of it.

use crate::{
    service::{
        latency::Size,
        seams::{Ending, Seam},
        world::World,
    },
    sim::dice::{Dice, Purpose},
    trace::Request,
};

/// What comes of a write at its caller, if anything does.
#[derive(Clone, Copy)]
pub(super) enum Came {
    /// It is written.
    Well,
    /// It is not.
    Refused,
    /// The connection broke, and nobody knows.
    Broken,
}

/// One write at the dependency. Times in ns from when it is sent.
pub(super) struct One {
    /// When it takes effect, if it does.
    pub lands: Option<u64>,
    /// When something comes of it at the caller; `u64::MAX`: never.
    pub heard: u64,
    pub came: Came,
}

/// Who sends what to whom.
pub(super) struct Way<'a> {
    /// Index of the dependency.
    pub dependency: usize,
    pub request: &'a Request,
    pub dice: Dice,
    /// Replica that sends, from 1; 0 is none of them.
    pub replica: u16,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// What its time, and whether it fails, are drawn for.
    pub purposes: [Purpose; 2],
    /// Which of those draws.
    pub n: u64,
}

/// Sends it.
pub(super) fn one(w: &World<'_>, way: &Way<'_>) -> One {
    let dependency = &w.newest().spec.dependencies[way.dependency];
    let [times, failures] = way.purposes;
    let time = dependency
        .latency
        .sample(Size::of(way.request), &mut way.dice.draw(times, way.n));
    let rate = dependency.error_rate;
    let fails = rate > 0.0 && way.dice.draw(failures, way.n).chance(rate);
    let seam = Seam::Call {
        dependency: way.dependency,
        replica: way.replica,
        attempt: way.attempt,
        request: way.request,
    };
    let after = |time: u64| One {
        lands: (!fails).then_some(time),
        heard: time,
        came: if fails { Came::Refused } else { Came::Well },
    };
    let in_vain = |heard, came| One {
        lands: None,
        heard,
        came,
    };
    let perturb = w.saboteur.at(seam, way.dice, w.sim.now());
    let time = time.saturating_add(perturb.delay);
    match perturb.end {
        Ending::AsEver => after(time),
        Ending::Fail => in_vain(time, Came::Refused),
        Ending::Cut(after) => in_vain(time.min(after), Came::Broken),
        Ending::Late(after) => in_vain(after, Came::Broken),
        Ending::Hang => in_vain(u64::MAX, Came::Broken),
        Ending::Lost { reset } => One {
            heard: if reset { time } else { u64::MAX },
            came: Came::Broken,
            ..after(time)
        },
    }
}
