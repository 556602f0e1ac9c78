//! M/M/8 by hand: an event loop on a binary heap, and the recursion that needs no events at all.

use gameday::sim::dice::{Dice, Purpose};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

pub const SERVERS: usize = 8;
/// 7 ms of service every 1 ms on 8 servers: a load of 0.875.
const GAP_NS: f64 = 1e6;
const SERVICE_NS: f64 = 7e6;

/// Arrivals and services, drawn beforehand: what is timed is the engine alone.
pub struct Input {
    pub arrived: Vec<u64>,
    pub service: Vec<u64>,
}

pub fn input(requests: usize) -> Input {
    const GAP: Purpose = Purpose::named("gap");
    const SERVICE: Purpose = Purpose::named("service");
    let mut now = 0;
    let (mut arrived, mut service) = (Vec::new(), Vec::new());
    for i in 0..requests as u64 {
        let dice = Dice::new(42, i);
        // At least 1 ns: nexosim schedules nothing for the present instant.
        now += (dice.draw(GAP, 0).exponential(GAP_NS) as u64).max(1);
        arrived.push(now);
        service.push((dice.draw(SERVICE, 0).exponential(SERVICE_NS) as u64).max(1));
    }
    Input { arrived, service }
}

/// The limit: no events. Branch-free insertion into the sorted free times of the servers.
pub fn kiefer_wolfowitz(input: &Input, wait: &mut [u64]) {
    let mut free = [0u64; SERVERS];
    let requests = input.arrived.iter().zip(&input.service);
    for ((&arrived, &service), wait) in requests.zip(wait) {
        let began = arrived.max(free[0]);
        *wait = began - arrived;
        let end = began + service;
        let old = free;
        free[0] = old[1].min(end);
        for j in 1..SERVERS - 1 {
            free[j] = old[j].max(old[j + 1].min(end));
        }
        free[SERVERS - 1] = old[SERVERS - 1].max(end);
    }
}

/// The loop that anybody would write: `std::collections::BinaryHeap` of (instant, sequence).
pub fn binary_heap(input: &Input, wait: &mut [u64]) {
    let mut ends = BinaryHeap::new();
    let mut queue: VecDeque<u32> = VecDeque::new();
    let (mut idle, mut sequence, mut next) = (SERVERS, 0u64, 0);
    loop {
        let arrival = input.arrived.get(next).copied();
        let limit = arrival.unwrap_or(u64::MAX);
        let due = ends.peek().is_some_and(|Reverse((at, _))| *at <= limit);
        if due && let Some(Reverse((now, _))) = ends.pop() {
            match queue.pop_front() {
                Some(request) => {
                    let request = request as usize;
                    wait[request] = now - input.arrived[request];
                    sequence += 1;
                    ends.push(Reverse((now + input.service[request], sequence)));
                }
                None => idle += 1,
            }
            continue;
        }
        let Some(now) = arrival else { break };
        if idle > 0 {
            idle -= 1;
            wait[next] = 0;
            sequence += 1;
            ends.push(Reverse((now + input.service[next], sequence)));
        } else {
            queue.push_back(next as u32);
        }
        next += 1;
    }
}
