//! Replicas that come and go while a service runs.
//!
//! A replica that is taken out of service gets no more requests and finishes what it has in hand. One that comes is there
//! when it has started up, unless one of the warm pool takes its place: those have started up before anybody needs them.

use super::{
    deaths::STARTING,
    process::{NEVER, Process},
    spec::{Part, ServiceSpec},
    version::same,
    world::{World, named},
};
use crate::{
    components::{
        Registry,
        autoscaler::{Autoscaler, Seen},
    },
    config::{Refusal, pick},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The autoscaler of a service.
#[derive(Clone, Debug)]
pub struct AutoscalerSpec {
    /// The policy.
    pub part: Part,
    /// ns that a replica takes to start up.
    pub start_up: u64,
    /// Replicas that have started up and wait to be needed.
    pub warm: usize,
}

/// A policy, and what it was last tuned to.
type Tuned = (Part, Box<dyn Autoscaler>);

/// What there is to scaling while a run goes on.
#[derive(Default)]
pub(super) struct Scaling {
    policy: RefCell<Option<Tuned>>,
    /// When each of the warm pool has started up, ns.
    standby: RefCell<Vec<u64>>,
    /// Requests that found no replica since the last decision.
    pub turned_away: Cell<u64>,
    /// What was last decided.
    wanted: Cell<u32>,
}

impl Scaling {
    /// The policy as this version has it; gives the time to its next decision, ns, where there is one.
    fn tune(&self, spec: &ServiceSpec, registry: &Registry) -> Result<Option<u64>, Refusal> {
        let held = &mut *self.policy.borrow_mut();
        let Some(new) = &spec.autoscaler else {
            *held = None;
            return Ok(None);
        };
        let node = &new.part.node;
        match held {
            Some((old, policy)) if old.kind == new.part.kind => {
                if !same(Some(&old.node), Some(node)) {
                    policy.retune(node)?;
                    *old = new.part.clone();
                }
                Ok(Some(policy.interval()))
            }
            _ => {
                let policy = pick(&registry.autoscalers, "autoscaler", node)?;
                let interval = policy.interval();
                *held = Some((new.part.clone(), policy));
                Ok(Some(interval))
            }
        }
    }
}

/// How often a service without an autoscaler is looked at for one, ns: it may come with a deploy.
const IDLE: u64 = 1_000_000_000;

impl World<'_> {
    /// Decides now and then how many replicas there should be, and starts and stops them, until `until`.
    ///
    /// # Errors
    /// None that loading did not find.
    pub(super) async fn autoscale(&self, until: u64) -> Result<(), Refusal> {
        let first = self.newest().spec.autoscaler.as_ref();
        *self.scaling.standby.borrow_mut() = vec![0; first.map_or(0, |a| a.warm)];
        loop {
            let interval = self.scaling.tune(&self.newest().spec, self.registry)?;
            let next = self.sim.now().saturating_add(interval.unwrap_or(IDLE));
            if next > until {
                return Ok(());
            }
            self.sim.sleep(next - self.sim.now()).await;
            // A deploy may have come meanwhile.
            if self
                .scaling
                .tune(&self.newest().spec, self.registry)?
                .is_some()
            {
                self.scale()?;
            }
        }
    }

    fn scale(&self) -> Result<(), Refusal> {
        let now = self.sim.now();
        if let Some(scaler) = &self.newest().spec.autoscaler {
            let next = now.saturating_add(scaler.start_up);
            self.scaling.standby.borrow_mut().resize(scaler.warm, next);
        }
        let mut seen = Seen {
            turned_away: self.scaling.turned_away.replace(0),
            ..Seen::default()
        };
        for (process, until) in self
            .processes
            .borrow()
            .iter()
            .zip(self.down_until.borrow().iter())
            .filter(|(_, until)| **until != NEVER)
        {
            seen.replicas += 1;
            let (workers, busy) = process.queue.as_ref().map_or((0, 0), |q| q.workers());
            seen.workers = workers;
            if *until <= now {
                seen.in_flight += u64::from(process.in_flight.get());
                seen.busy += u64::from(busy);
            }
        }
        let Some(wanted) = self
            .scaling
            .policy
            .borrow_mut()
            .as_mut()
            .map(|(_, policy)| policy.decide(&seen, now))
        else {
            return Ok(());
        };
        self.scaling.wanted.set(wanted);
        for _ in seen.replicas..wanted {
            self.add_replica()?;
        }
        for _ in wanted..seen.replicas {
            self.take_replica();
        }
        Ok(())
    }

    /// The version that all replicas have, or will have when a change that is under way has reached them.
    fn version_of_new(&self) -> usize {
        let deployed = self.deployed.borrow();
        let whole = deployed.iter().rev().find(|d| d.share >= 1.0);
        whole.map_or(0, |d| d.version)
    }

    fn add_replica(&self) -> Result<(), Refusal> {
        let (now, version) = (self.sim.now(), self.version_of_new());
        let spec = &self.versions[version].spec;
        let Some(scaler) = &self.newest().spec.autoscaler else {
            return Ok(());
        };
        let place = self.down_until.borrow().iter().position(|u| *u == NEVER);
        let place = place.unwrap_or(self.processes.borrow().len());
        let replica = place as u16 + 1;
        let number = self.processes_started.get() + 1;
        self.processes_started.set(number);
        let mut fresh = Process::start(&self.sim, spec, self.registry, replica, number, self.seed)?;
        let ready = self.takes_standby(scaler);
        let up = if ready {
            // It has been up for a while, and is warm.
            fresh.started = 0;
            now
        } else {
            fresh.started = now.saturating_add(scaler.start_up);
            fresh.started
        };
        let reads = spec
            .start
            .as_ref()
            .is_some_and(|start| start.reads.is_some());
        let up = match reads && !ready {
            true => {
                self.start_another(place, number, scaler.start_up);
                STARTING
            }
            false => up.min(STARTING - 1),
        };
        let mut processes = self.processes.borrow_mut();
        let mut down_until = self.down_until.borrow_mut();
        if place == processes.len() {
            processes.push(Rc::new(fresh));
            down_until.push(up);
        } else {
            processes[place] = Rc::new(fresh);
            down_until[place] = up;
        }
        for change in self.deployed.borrow_mut().iter_mut() {
            let has_it = change.share >= 1.0;
            if let Some(upgraded) = &mut change.upgraded {
                upgraded.resize(upgraded.len().max(processes.len()), has_it);
                upgraded[place] = has_it;
            }
        }
        drop((processes, down_until));
        self.record_scaling(replica, version, 1.0);
        Ok(())
    }

    /// Whether one of the warm pool takes the place; another starts up in its stead.
    fn takes_standby(&self, scaler: &AutoscalerSpec) -> bool {
        let now = self.sim.now();
        let mut standby = self.scaling.standby.borrow_mut();
        match standby.iter().position(|ready| *ready <= now) {
            Some(i) => {
                standby[i] = now.saturating_add(scaler.start_up);
                true
            }
            None => false,
        }
    }

    /// The newest one goes.
    fn take_replica(&self) {
        let place = self.down_until.borrow().iter().rposition(|u| *u != NEVER);
        let Some(place) = place else { return };
        self.down_until.borrow_mut()[place] = NEVER;
        self.record_scaling(place as u16 + 1, self.version_of_new(), 0.0);
    }

    /// An operator sees it: `share` is 1 for one that comes, 0 for one that goes.
    fn record_scaling(&self, replica: u16, version: usize, share: f64) {
        let event = named(&self.names, "event", "scale");
        self.record_event(event, replica, self.versions[version].number, share);
    }

    /// Names and values of its gauges.
    pub(super) fn look_at_scaling(&self, put: &mut dyn FnMut(&'static str, f64)) {
        if self.scaling.policy.borrow().is_none() {
            return;
        }
        let now = self.sim.now();
        let starts = |until: &&u64| **until > now && **until != NEVER;
        let starting = self.down_until.borrow().iter().filter(starts).count();
        put("replicas.wanted", f64::from(self.scaling.wanted.get()));
        put("replicas.starting", starting as f64);
    }
}
