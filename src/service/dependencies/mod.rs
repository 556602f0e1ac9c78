//! What the service calls.

use super::{spec::DependencySpec, world::World};
use crate::sim::{Sim, sync::Station};
use std::rc::Rc;

/// A dependency while a run goes on: it works on so many calls at once, others wait within it.
pub(super) struct Dependency {
    /// Its number in the dictionary of dependencies.
    pub number: u16,
    station: Option<Station>,
}

impl Dependency {
    /// A dependency at rest.
    pub fn new(sim: &Rc<Sim>, spec: &DependencySpec, number: u16) -> Dependency {
        let station = (spec.workers > 0).then(|| Station::new(sim, spec.workers as usize));
        Dependency { number, station }
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

    /// A change of its size.
    pub fn tune(&self, spec: &DependencySpec) {
        if let Some(station) = self.station.as_ref().filter(|_| spec.workers > 0) {
            station.resize(spec.workers as usize);
        }
    }
}
