//! Readings of gauges: of every replica that is up, and of what is outside of all of them.

use super::{
    process::{NEVER, RETRY_GAUGES, State, Way},
    version::Version,
    world::{World, named},
};
use crate::{components::breaker::Position, config::Refusal, recording::GaugeRow};

impl World<'_> {
    /// Reads all gauges.
    pub(super) fn sample(&self) -> Result<(), Refusal> {
        let mut rows: Vec<(String, u16, f64)> = vec![];
        let now = self.sim.now();
        let processes = self.processes.borrow();
        let spec = &self.newest().spec;
        for (process, until) in processes.iter().zip(self.down_until.borrow().iter()) {
            if (*until == NEVER || process.died.is_set()) && process.in_flight.get() == 0 {
                continue;
            }
            let mut put =
                |gauge: &str, value: f64| rows.push((gauge.to_string(), process.replica, value));
            put("requests.in_flight", f64::from(process.in_flight.get()));
            if spec.registry.is_some() || process.registered.get() > 0 {
                put("registry.entries", f64::from(process.registered.get()));
            }
            if let Some(queue) = &process.queue {
                let reads = spec.queue.as_ref().is_some_and(|q| q.staff.reads);
                queue.gauges(reads, &mut put);
            }
            for (way, d) in process.ways.iter().zip(&spec.dependencies) {
                gauges_of_way(way, &d.name, now, &mut put);
            }
            for (((pool, size), lost), d) in process
                .pools
                .iter()
                .zip(process.pool_sizes.borrow().iter())
                .zip(&process.lost_slots)
                .zip(&spec.dependencies)
            {
                if let Some(pool) = pool {
                    // What it has lost, the pool has forgotten.
                    let size = f64::from(*size) - f64::from(lost.get());
                    put(&format!("pool.size.{}", d.name), size);
                    put(
                        &format!("pool.in_use.{}", d.name),
                        size - pool.available() as f64,
                    );
                    put(&format!("pool.waiting.{}", d.name), pool.waiting() as f64);
                }
            }
            for (idle, d) in process.idle.iter().zip(&spec.dependencies) {
                if d.keep.is_some() {
                    let (idle, opened) = idle.read();
                    put(&format!("connections.idle.{}", d.name), idle as f64);
                    put(&format!("connections.opened.{}", d.name), opened as f64);
                }
            }
            if spec.runtime_metrics {
                put("runtime.paused", process.cpu.read_pauses() as f64);
            }
            if let Some((throttled, used)) = process.cpu.read(now) {
                put("cpu.throttled", throttled);
                put("cpu.used", used);
            }
            if self.metered.on {
                let (spent, used) = process.cores.read();
                for (name, time) in self.metered.accounts.iter().zip(&spent) {
                    if *time > 0 {
                        put(&format!("cpu.spent.{name}"), *time as f64);
                    }
                }
                if let Some(used) = used {
                    let newest = &self.newest().spec;
                    if newest.cpu.as_ref().is_none_or(|cpu| cpu.quota.is_none()) {
                        put("cpu.used", used.cores);
                    }
                    put("cpu.busy", used.share);
                    put("cpu.queue", used.waiting as f64);
                }
            }
            gauges_of(&process.state, &mut put);
            if let Some(emergency) = process.emergency.borrow().as_ref() {
                put("limiter.fallback", emergency.decisions() as f64);
            }
        }
        gauges_of(&self.shared, &mut |gauge, value| {
            rows.push((gauge.to_string(), 0, value))
        });
        self.fields
            .gauges(&self.parsers, &self.tags.borrow(), &mut |gauge, value| {
                rows.push((gauge.to_string(), 0, value))
            });
        if self.newest().spec.write.is_some() {
            let queued = |v: &Version| v.spec.write.as_ref().is_some_and(|w| w.is_queued());
            let queued = self.versions.iter().any(queued);
            let steps = |v: &Version| v.spec.write.as_ref().is_some_and(|w| w.then.is_some());
            let mut put = |gauge: &str, value| rows.push((gauge.to_string(), 0, value));
            let writes = &mut *self.writes.borrow_mut();
            writes.gauges(queued, &mut put);
            if self.versions.iter().any(steps) {
                writes.gauges_of_seconds(now, &mut put);
            }
        }
        let stored = |v: &Version| v.spec.limiter.as_ref().is_some_and(|l| l.store.is_some());
        if self.versions.iter().any(stored) {
            let keys = self.shared.store.borrow().len();
            rows.push(("limiter.keys".into(), 0, keys as f64));
        }
        if self.departures.on.get() {
            self.departures.gauges(
                &spec.dependencies,
                spec.queue.is_some(),
                now,
                &mut |gauge, value| rows.push((gauge, 0, value)),
            );
        }
        if self.versions.iter().any(|v| v.spec.fan_out.is_some()) {
            let (running, awaited) = (self.strays.running.get(), self.strays.awaited.get());
            rows.push(("calls.running".into(), 0, f64::from(running)));
            let orphans = running.saturating_sub(awaited);
            rows.push(("calls.orphans".into(), 0, f64::from(orphans)));
        }
        drop(processes);
        self.metered.read_slopes(&mut |site, value| {
            let gauge = match site {
                "" => "cpu.slope".into(),
                site => format!("cpu.site_slope.{site}"),
            };
            rows.push((gauge, 0, value));
        });
        self.dashboard
            .gauges(now, &mut |gauge, value| rows.push((gauge.into(), 0, value)));
        self.answers
            .gauges(&mut |gauge, value| rows.push((gauge.into(), 0, value)));
        let dependencies = &self.newest().spec.dependencies;
        self.stores
            .borrow_mut()
            .gauges(dependencies, &mut |gauge, value| {
                rows.push((gauge, 0, value))
            });
        self.look_at_lists(&mut |gauge, replica, value| rows.push((gauge.into(), replica, value)));
        self.look_at_scaling(&mut |gauge, value| rows.push((gauge.into(), 0, value)));
        self.look_at_starts(&mut |gauge, value| rows.push((gauge.into(), 0, value)));
        self.look_at_pages(&mut |gauge, value| rows.push((gauge.into(), 0, value)));
        self.look_at_memory(&mut |gauge, replica, value| {
            rows.push((gauge.into(), replica, value))
        })?;
        for (dependency, spec) in self
            .dependencies
            .iter()
            .zip(&self.newest().spec.dependencies)
        {
            dependency.gauges(&mut |gauge, value| {
                rows.push((format!("{gauge}.{}", spec.name), 0, value));
            });
        }
        let up = self
            .down_until
            .borrow()
            .iter()
            .filter(|until| **until <= now)
            .count();
        rows.push(("replicas.up".into(), 0, up as f64));
        self.look_at_regions(&mut |gauge, replica, value| rows.push((gauge, replica, value)));
        if let Some(in_service) = self.in_service() {
            rows.push(("replicas.in_service".into(), 0, in_service as f64));
        }
        let mut recorder = self.recorder.borrow_mut();
        for (gauge, replica, value) in rows {
            let gauge = named(&self.names, "gauge", &gauge);
            recorder.gauge(&GaugeRow {
                time: now,
                gauge,
                replica,
                value,
            });
        }
        Ok(())
    }
}

/// Retries by class since the process began, and whether the breaker lets calls pass.
fn gauges_of_way(way: &Way, name: &str, now: u64, put: &mut dyn FnMut(&str, f64)) {
    if let Some((_, breaker)) = way.breaker.borrow().as_ref() {
        let open = breaker.position(now) != Position::Closed;
        put(&format!("breaker.open.{name}"), f64::from(u8::from(open)));
    }
    let retries = way.retries.borrow();
    // Where no budget ever denied anything and all was transient, the attempts say it already.
    if retries[2..].iter().any(|n| *n > 0) {
        for (n, gauge) in retries.iter().zip(RETRY_GAUGES) {
            put(&format!("{gauge}.{name}"), *n as f64);
        }
    }
}

fn gauges_of(state: &State, put: &mut dyn FnMut(&str, f64)) {
    if state.in_flight.gauges.get() {
        let by_key = state.in_flight.by_key.borrow();
        put("flight.entries", by_key.under_way() as f64);
        put("flight.late", by_key.late() as f64);
    }
    if let Some(cache) = state.cache.borrow().as_ref() {
        cache.gauges(&mut |gauge, value| put(gauge, value));
    }
    if let Some((limiter, _)) = state.limiter.borrow().as_ref() {
        limiter.gauges(&mut |gauge, value| put(gauge, value));
    }
}
