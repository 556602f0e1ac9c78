//! Who watches a service as it runs: a dashboard, which shows the maximum of the last while, and guards, who act.

use super::{
    seams::Act,
    spec::ServiceSpec,
    version::same,
    world::{World, named},
};
use crate::{
    components::{Registry, window::Window},
    config::{Node, Refusal, pick},
    recording::RequestRow,
};
use std::cell::RefCell;

/// The maximum of users' latency over the last while.
#[derive(Default)]
pub(super) struct Dashboard {
    window: RefCell<Option<Box<dyn Window>>>,
    /// What it was built from.
    from: RefCell<Option<Node>>,
}

impl Dashboard {
    /// As a service's configuration has it; it may have none.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(spec: &ServiceSpec, registry: &Registry) -> Result<Dashboard, Refusal> {
        let dashboard = Dashboard::default();
        dashboard.tune(spec, registry)?;
        Ok(dashboard)
    }

    /// A change of it. One that is set up anew begins with nothing.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(&self, spec: &ServiceSpec, registry: &Registry) -> Result<(), Refusal> {
        let (old, new) = (&mut *self.from.borrow_mut(), spec.dashboard.as_ref());
        if !same(old.as_ref(), new) {
            let window = new.map(|node| pick(&registry.windows, "window", node));
            *self.window.borrow_mut() = window.transpose()?;
            *old = new.cloned();
        }
        Ok(())
    }

    /// A request ended.
    #[inline]
    pub fn take(&self, row: &RequestRow, now: u64) {
        if let Some(max) = self.window.borrow_mut().as_mut()
            && row.background == 0
        {
            max.record(row.latency, now);
        }
    }

    /// Its gauge. Where nobody came it reads 0: the line of an idle service is flat.
    pub fn gauges(&self, now: u64, out: &mut dyn FnMut(&'static str, f64)) {
        if let Some(max) = self.window.borrow_mut().as_mut() {
            out("latency.sliding_max", max.read(now).unwrap_or(0) as f64);
        }
    }
}

impl World<'_> {
    /// Looks now and then, and does what the guard asks for.
    ///
    /// # Errors
    /// None that loading did not find.
    pub(super) async fn stand_guard(
        &self,
        guard: usize,
        every: u64,
        until: u64,
    ) -> Result<(), Refusal> {
        let Some(lookout) = self.lookout else {
            return Ok(());
        };
        let event = |name: &str| named(&self.names, "event", name);
        while self.sim.now().saturating_add(every) <= until {
            self.sim.sleep(every).await;
            match lookout.look(guard, self.sim.now(), self.newest.get()) {
                None => {}
                Some(Act::Alert) => self.record_event(event("alert"), 0, 0, 1.0),
                Some(Act::Rollback { version, cold }) => {
                    let number = self.versions[version].number;
                    self.record_event(event("rollback"), 0, number, 1.0);
                    self.bring(version, 1.0, false, cold)?;
                }
            }
        }
        Ok(())
    }
}
