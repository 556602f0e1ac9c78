//! Live bytes by component, counted from what each holds; and the limit at which a process is killed.

use super::{process::State, spec::Scope, world::World};
use crate::config::{Bytes, Refusal, Span};

crate::options! {
    /// Memory of a process.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MemoryOptions {
        /// Live bytes above which a process is restarted, looked at whenever gauges are read; 0 is no limit.
        limit: Bytes = Bytes(0), "no limit";
        /// How long the replica takes no requests then.
        down: Span = Span(10_000_000_000), "10s";
    }
}

/// What a cache spends on an entry besides its bytes: key, links, expiry, and the slot in its table.
const CACHE_ENTRY: f64 = 96.0;
/// What a limiter spends on a key: key, two numbers of state, and the slot in a table some two thirds full.
const LIMITER_KEY: f64 = 36.0;
/// What a count of a trending list costs, or a place in its heap.
const COUNTED: f64 = 32.0;
/// What a key under way costs: key, number, slot, and the flight itself.
const FLIGHT: f64 = 96.0;
/// What a request in hand costs: its row and where it stands.
const REQUEST: f64 = 2048.0;

/// Live bytes of the components of a state, by gauge; only of components that are there.
fn live(state: &State, flights: bool, put: &mut dyn FnMut(&'static str, f64)) {
    if let Some(cache) = state.cache.borrow().as_ref() {
        let mut bytes = 0.0;
        cache.gauges(&mut |gauge, value| match gauge {
            "cache.bytes" => bytes += value,
            "cache.entries" => bytes += value * CACHE_ENTRY,
            _ => {}
        });
        put("memory.live.cache", bytes);
    }
    if let Some((limiter, _)) = state.limiter.borrow().as_ref() {
        let mut keys = None;
        for level in limiter.iter() {
            level.limiter.gauges(&mut |gauge, value| {
                if gauge == "limiter.keys" {
                    keys = Some(keys.unwrap_or(0.0) + value);
                }
            });
        }
        if let Some(keys) = keys {
            put("memory.live.limiter", keys * LIMITER_KEY);
        }
    }
    if let Some(trending) = state.trending.borrow().as_ref() {
        put("memory.live.trending", trending.held() as f64 * COUNTED);
    }
    if flights {
        let under_way = state.in_flight.by_key.borrow().entries();
        put("memory.live.flights", under_way as f64 * FLIGHT);
    }
}

impl World<'_> {
    /// Reads what is live, where the service says `memory`, and restarts processes above its limit.
    pub(super) fn look_at_memory(
        &self,
        put: &mut dyn FnMut(&'static str, u16, f64),
    ) -> Result<(), Refusal> {
        let Some(memory) = &self.newest().spec.memory else {
            return Ok(());
        };
        let flights = self.newest().spec.single_flight.as_ref().map(|f| f.scope);
        let at = |scope: Scope| flights == Some(scope);
        live(&self.shared, at(Scope::Shared), &mut |gauge, value| {
            put(gauge, 0, value)
        });
        let mut too_big = vec![];
        for (index, process) in self.processes.borrow().iter().enumerate() {
            let mut total = f64::from(process.in_flight.get()) * REQUEST;
            put("memory.live.requests", process.replica, total);
            live(&process.state, at(Scope::Local), &mut |gauge, value| {
                total += value;
                put(gauge, process.replica, value);
            });
            if memory.limit.0 > 0 && total > memory.limit.0 as f64 {
                too_big.push(index);
            }
        }
        for replica in too_big {
            self.restart(replica, self.newest.get(), memory.down.0)?;
        }
        Ok(())
    }
}
