//! What the service calls.

mod engine;

use super::{
    spec::{DependencyKind, DependencySpec},
    world::World,
};
use crate::{
    components::engine::{Done, Job},
    config::Refusal,
    sim::{Sim, sync::Station},
};
use engine::EngineRoom;
use std::rc::Rc;

/// A dependency while a run goes on: it works on so many calls at once, others wait within it.
pub(super) struct Dependency {
    /// Its number in the dictionary of dependencies.
    pub number: u16,
    station: Option<Station>,
    engines: Option<EngineRoom>,
}

/// How a call to engines ended.
pub(super) enum Answer {
    /// Complete.
    Complete(Done),
    /// The prompt or its answer does not fit into an engine's memory.
    TooLong,
    /// The caller gave up.
    TooLate,
}

impl Dependency {
    /// A dependency at rest.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(sim: &Rc<Sim>, spec: &DependencySpec, number: u16) -> Result<Dependency, Refusal> {
        let station = (spec.workers > 0).then(|| Station::new(sim, spec.workers as usize));
        let engines = match &spec.kind {
            DependencyKind::Service => None,
            DependencyKind::Engine(options) => Some(EngineRoom::new(sim, options)?),
        };
        Ok(Dependency {
            number,
            station,
            engines,
        })
    }

    /// Works for `time` ns (`u64::MAX`: for ever); the caller gives up after `timeout` (0: never). Whether it came in time.
    pub async fn serve(&self, w: &World<'_>, time: u64, timeout: u64) -> bool {
        match &self.station {
            _ if time == u64::MAX && timeout == 0 => std::future::pending().await,
            // A plain duration needs no timer for its timeout.
            None if timeout > 0 => {
                w.sim.sleep(time.min(timeout)).await;
                time <= timeout
            }
            None => {
                w.sim.sleep(time).await;
                true
            }
            Some(station) if timeout > 0 => {
                w.sim.timeout(timeout, station.serve(time)).await.is_ok()
            }
            Some(station) => {
                station.serve(time).await;
                true
            }
        }
    }

    /// As [`serve`](Self::serve), and nobody hears of it: the caller waits for as long as it would have. Always false.
    pub async fn serve_unheard(&self, w: &World<'_>, time: u64, timeout: u64) -> bool {
        let begun = w.sim.now();
        self.serve(w, time, timeout).await;
        Self::silence(w, begun, timeout).await;
        false
    }

    /// Nothing is heard until a caller gives up who waits since `begun` (0: never).
    pub async fn silence(w: &World<'_>, begun: u64, timeout: u64) {
        match timeout {
            0 => std::future::pending().await,
            _ => w.sim.sleep_until(begun.saturating_add(timeout)).await,
        }
    }

    /// Whether it is engines, which [`answer`](Self::answer) and do not [`serve`](Self::serve).
    pub fn has_engines(&self) -> bool {
        self.engines.is_some()
    }

    /// Brings a prompt to the engines, which takes `way` ns (`u64::MAX`: it is lost), and waits for the answer; the
    /// caller gives up after `timeout` (0: never).
    pub async fn answer(&self, w: &World<'_>, job: Job<'_>, way: u64, timeout: u64) -> Answer {
        let answer = async {
            if way == u64::MAX {
                return std::future::pending().await;
            }
            if way > 0 {
                w.sim.sleep(way).await;
            }
            match &self.engines {
                Some(engines) => engines.answer(job).await,
                None => None,
            }
        };
        let answered = match timeout {
            0 => Ok(answer.await),
            _ => w.sim.timeout(timeout, answer).await,
        };
        match answered {
            Ok(Some(done)) => Answer::Complete(done),
            Ok(None) => Answer::TooLong,
            Err(_) => Answer::TooLate,
        }
    }

    /// A change of its size.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(&self, spec: &DependencySpec) -> Result<(), Refusal> {
        if let Some(station) = self.station.as_ref().filter(|_| spec.workers > 0) {
            station.resize(spec.workers as usize);
        }
        match (&self.engines, &spec.kind) {
            (Some(engines), DependencyKind::Engine(options)) => engines.retune(options),
            _ => Ok(()),
        }
    }

    /// What it has in memory is forgotten.
    pub fn flush(&self) {
        if let Some(engines) = &self.engines {
            engines.flush();
        }
    }

    /// Names and values of its gauges.
    pub fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        if let Some(engines) = &self.engines {
            engines.gauges(out);
        }
    }
}
