//! What happens to a service besides requests: deploys, restarts, flushes, warming, readings of gauges.

use super::{
    client::background,
    deaths::STARTING,
    dependencies::Dependency,
    process::{NEVER, Process},
    spec::Scope,
    world::{Deployed, World},
};
use crate::{
    components::cache::Cache,
    config::Refusal,
    trace::{Request, Session},
};
use std::rc::Rc;

/// What arrives at a run: a request of a client, or something for the service itself.
pub enum Arrival {
    /// A client's operation.
    Request(Request),
    /// A person who sends turn after turn.
    Session(Box<Session>),
    /// See [`Control`].
    Control(Control),
}

/// Warming: background requests for what was asked lately, so that a cache knows the answers before users ask.
#[derive(Clone, Debug)]
pub struct Warm {
    /// Requests to go through, the most recent of their kind.
    pub requests: usize,
    /// Requests at once.
    pub concurrency: u32,
    /// ns between two requests of one of those.
    pub pause: u64,
    /// Version whose keys are warmed.
    pub version: usize,
}

/// Something for the service itself.
#[derive(Clone, Debug)]
pub enum Control {
    /// A change begins.
    Deploy {
        /// The version that it brings.
        version: usize,
        /// Share of the traffic that gets it.
        share: f64,
        /// Whether it goes replica by replica, by [`Control::Upgrade`].
        by_replica: bool,
        /// Components start cold.
        cold: bool,
    },
    /// A change reaches a replica.
    Upgrade {
        /// The version that it brings.
        version: usize,
        /// Index of the replica.
        replica: usize,
        /// Whether its process restarts.
        restart: bool,
        /// ns that the replica takes no requests.
        down: u64,
        /// Components start cold.
        cold: bool,
    },
    /// A process restarts without a change.
    Restart {
        /// Index of the replica.
        replica: usize,
        /// ns that the replica takes no requests.
        down: u64,
    },
    /// Caches are emptied, or one shard of each (counted from 0) of so many.
    Flush(Option<(usize, u64)>),
    /// Warming begins.
    Warm(Warm),
    /// One of those that warm.
    Warmer {
        /// ns between two requests.
        pause: u64,
        /// Version whose keys are warmed.
        version: usize,
    },
    /// The autoscaler begins.
    Autoscale {
        /// ns at which it ends.
        until: u64,
    },
    /// What requests leave running has a root of its own from here on.
    Strays {
        /// ns from which nothing is tried again that goes on failing.
        until: u64,
    },
    /// So have processes that start in the place of those that died.
    Starts {
        /// ns after which a start that failed is not tried again: the traffic has ended.
        until: u64,
    },
    /// Processes that cannot live now die.
    Crash,
    /// Workers are lost, or come back.
    Staff,
    /// The load balancer begins to probe a replica.
    Probe {
        /// Index of the replica.
        replica: usize,
        /// ns at which it ends.
        until: u64,
    },
    /// A guard begins to look.
    Guard {
        /// Which.
        guard: usize,
        /// ns between two looks.
        every: u64,
        /// ns at which it ends.
        until: u64,
    },
    /// Gauges are read.
    Sample,
}

impl World<'_> {
    /// Carries a control out.
    ///
    /// # Errors
    /// None that loading did not find.
    pub async fn control(&self, control: Control) -> Result<(), Refusal> {
        match control {
            Control::Deploy {
                version,
                share,
                by_replica,
                cold,
            } => {
                self.record_event(self.events.deploy, 0, self.versions[version].number, share);
                self.bring(version, share, by_replica, cold)?;
            }
            Control::Upgrade {
                version,
                replica,
                restart,
                down,
                cold,
            } => {
                self.upgrade(version, replica, restart, down, cold)?;
                // A plan knows the replicas of the start; those that came since follow the last of them.
                let last = self.versions[0].spec.replicas as usize;
                if replica + 1 == last {
                    for replica in last..self.processes.borrow().len() {
                        self.upgrade(version, replica, restart, down, cold)?;
                    }
                }
            }
            Control::Restart { replica, down } => self.restart(replica, self.newest.get(), down)?,
            Control::Flush(shard) => {
                let share = shard.map_or(1.0, |(_, of)| 1.0 / of as f64);
                self.record_event(self.events.flush, 0, 0, share);
                let flush = |cache: &mut dyn Cache| match shard {
                    Some((shard, _)) => cache.flush_shard(shard),
                    None => cache.flush(),
                };
                if let Some(cache) = self.shared.cache.borrow_mut().as_mut() {
                    flush(cache.as_mut());
                }
                if shard.is_none() {
                    self.dependencies.iter().for_each(Dependency::flush);
                }
                for process in self.processes.borrow().iter() {
                    if let Some(cache) = process.state.cache.borrow_mut().as_mut() {
                        flush(cache.as_mut());
                    }
                }
            }
            Control::Warm(warm) => {
                self.record_event(self.events.warm, 0, self.versions[warm.version].number, 1.0);
                self.plan_warming(&warm);
            }
            Control::Warmer { pause, version } => loop {
                let next = self.warming.borrow_mut().pop_front();
                let Some(request) = next else { break };
                background(self, &request, version).await;
                self.sim.sleep(pause).await;
            },
            Control::Strays { until } => self.run_strays(until).await,
            Control::Starts { until } => self.run_starts(until).await?,
            Control::Crash => self.strike_dead(),
            Control::Staff => self.look_at_workers(),
            Control::Probe { replica, until } => self.probe(replica, until).await,
            Control::Autoscale { until } => self.autoscale(until).await?,
            Control::Guard {
                guard,
                every,
                until,
            } => self.stand_guard(guard, every, until).await?,
            Control::Sample => self.sample()?,
        }
        Ok(())
    }

    fn upgrade(
        &self,
        version: usize,
        replica: usize,
        restart: bool,
        down: u64,
        cold: bool,
    ) -> Result<(), Refusal> {
        if let Some(deployed) = self
            .deployed
            .borrow_mut()
            .iter_mut()
            .rev()
            .find(|d| d.version == version)
            && let Some(upgraded) = &mut deployed.upgraded
        {
            upgraded[replica] = true;
        }
        self.record_event(
            self.events.deploy,
            replica as u16 + 1,
            self.versions[version].number,
            1.0,
        );
        if restart {
            return self.restart(replica, version, down);
        }
        let process = self.processes.borrow()[replica].clone();
        let spec = &self.versions[version].spec;
        process.tune(spec, self.registry, self.sim.now(), cold)
    }

    /// Puts a version in force.
    pub(super) fn bring(
        &self,
        version: usize,
        share: f64,
        by_replica: bool,
        cold: bool,
    ) -> Result<(), Refusal> {
        let upgraded = by_replica.then(|| vec![false; self.processes.borrow().len()]);
        self.deployed.borrow_mut().push(Deployed {
            version,
            share,
            upgraded,
        });
        self.newest.set(version);
        let spec = &self.versions[version].spec;
        for (dependency, spec) in self.dependencies.iter().zip(&spec.dependencies) {
            dependency.tune(spec)?;
        }
        if let Some(regions) = &self.regions {
            regions.tune(spec)?;
        }
        self.shared
            .tune(spec, Scope::Shared, self.registry, self.sim.now(), cold)?;
        for process in self.processes.borrow().iter() {
            process.resize_pools(spec);
            if !by_replica {
                process.tune(spec, self.registry, self.sim.now(), cold)?;
            }
        }
        self.dashboard.tune(spec, self.registry)
    }

    pub(super) fn restart(&self, replica: usize, version: usize, down: u64) -> Result<(), Refusal> {
        // Out of service.
        if self.down_until.borrow()[replica] == NEVER {
            return Ok(());
        }
        let reads = self.versions[version].spec.start.as_ref();
        if reads.is_some_and(|start| start.reads.is_some()) {
            let old = self.processes.borrow()[replica].number;
            self.down_until.borrow_mut()[replica] = STARTING;
            self.start_another(replica, old, down);
            return Ok(());
        }
        self.restart_now(replica, version)?;
        self.down_until.borrow_mut()[replica] =
            self.sim.now().saturating_add(down).min(STARTING - 1);
        Ok(())
    }

    /// A fresh process is there, and takes requests.
    pub(super) fn restart_now(&self, replica: usize, version: usize) -> Result<(), Refusal> {
        let number = self.processes_started.get() + 1;
        self.processes_started.set(number);
        let spec = &self.versions[version].spec;
        let fresh = Process::start(
            &self.sim,
            spec,
            self.registry,
            replica as u16 + 1,
            number,
            self.seed,
        )?;
        // What the old process has in hand, it finishes.
        self.processes.borrow_mut()[replica] = Rc::new(fresh);
        self.down_until.borrow_mut()[replica] = 0;
        self.record_event(
            self.events.restart,
            replica as u16 + 1,
            self.versions[version].number,
            1.0,
        );
        Ok(())
    }

    /// Remembers a request for warming.
    pub(super) fn remember(&self, request: &Request) {
        let mut recent = self.recent.borrow_mut();
        if recent.len() == self.remember {
            recent.pop_front();
        }
        recent.push_back(request.clone());
    }

    /// Lists what to warm: requests that were seen lately, one of each content and tenant, those asked most often first.
    fn plan_warming(&self, warm: &Warm) {
        let recent = self.recent.borrow();
        let mut asked: indexmap::IndexMap<(u64, u32, u32), (u32, usize)> =
            indexmap::IndexMap::new();
        for (i, request) in recent.iter().enumerate() {
            let entry = asked
                .entry((request.payload.raw_digest, request.tenant, request.model))
                .or_insert((0, i));
            *entry = (entry.0 + 1, i);
        }
        let mut order: Vec<(u32, usize)> = asked.into_values().collect();
        order.sort_by_key(|&(times, last)| (std::cmp::Reverse(times), std::cmp::Reverse(last)));
        let chosen = order
            .into_iter()
            .take(warm.requests)
            .map(|(_, i)| recent[i].clone());
        *self.warming.borrow_mut() = chosen.collect();
    }
}
