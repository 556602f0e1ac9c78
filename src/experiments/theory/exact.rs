//! Every single wait against the Kiefer-Wolfowitz recursion, to the nanosecond.
//!
//! This is the check without statistics: the recursion knows no events, no queue and no executor.

use super::simulate::{Arrival, Place, System};
use super::{Check, Options};
use crate::sim::Nanos;
use crate::sim::distribution::Distribution;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Waits in order of arrival, when each request takes the server that falls free first.
/// Source: Kiefer & Wolfowitz 1955.
pub fn kiefer_wolfowitz(
    arrivals: impl Iterator<Item = (Nanos, Arrival)>,
    servers: usize,
) -> Vec<Nanos> {
    let mut free: BinaryHeap<Reverse<Nanos>> = vec![Reverse(0); servers].into();
    let mut waits = Vec::new();
    for (arrived, arrival) in arrivals {
        // There is always one: what is popped is pushed back.
        let Some(Reverse(first)) = free.pop() else {
            break;
        };
        let began = arrived.max(first);
        free.push(Reverse(began + arrival.service));
        waits.push(began - arrived);
    }
    waits
}

/// Counts the requests whose wait is not the recursion's.
pub fn check(place: Place, name: &str, service: &Distribution, options: &Options) -> Check {
    let requests = (options.requests / 12).max(1000);
    let mut differing = 0u64;
    for servers in [1, 2, 8] {
        let system = System {
            place,
            servers,
            places: usize::MAX,
            load: 0.9,
            service: service.clone(),
        };
        let seed = options.seed_of(name).wrapping_add(servers as u64);
        let exact = kiefer_wolfowitz(system.arrivals(requests, seed), servers);
        let waits = vec![Cell::new(None); exact.len()];
        system.run(system.arrivals(requests, seed), |number, wait| {
            waits[number as usize].set(wait);
        });
        let pairs = waits.iter().zip(exact);
        differing += pairs
            .filter(|(wait, exact)| wait.get() != Some(*exact))
            .count() as u64;
    }
    Check {
        name: format!("G/G/1, 2, 8, {name}, {}: waits that differ", place.name()),
        theory: 0.0,
        simulated: differing as f64,
        standard_error: 0.0,
        z: 0.0,
        passed: differing == 0,
        note: format!(
            "of {}, each against Kiefer-Wolfowitz, to the ns",
            3 * requests
        ),
    }
}
