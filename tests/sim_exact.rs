//! Every single wait in front of c servers equals the Kiefer-Wolfowitz recursion, to the
//! nanosecond: the executor adds no error of its own.
//!
//! The recursion (Kiefer & Wolfowitz 1955) knows no events: a request starts at the later of its
//! arrival and the instant at which the first of the c servers falls free.

use gameday::sim::dice::{Dice, Purpose};
use gameday::sim::distribution::Distribution;
use gameday::sim::sync::{Semaphore, Station};
use gameday::sim::{Nanos, Sim};
use std::cell::Cell;

const REQUESTS: usize = if cfg!(debug_assertions) {
    50_000
} else {
    1_000_000
};
const GAP: Purpose = Purpose::named("gap");
const SERVICE: Purpose = Purpose::named("service");
const MEAN: f64 = 7e6;
/// The share of time that servers work: long queues, and still idle spells.
const LOAD: f64 = 0.9;

struct Request {
    arrived: Nanos,
    service: Nanos,
}

fn requests(service: &Distribution, servers: usize, rounding: Nanos) -> Vec<Request> {
    let gap = service.mean() / servers as f64 / LOAD;
    let round = |x: f64| x as Nanos / rounding * rounding;
    let mut now = 0;
    (0..REQUESTS as u64)
        .map(|i| {
            let dice = Dice::new(1, i);
            now += round(dice.draw(GAP, 0).exponential(gap));
            Request {
                arrived: now,
                service: round(service.sample(&mut dice.draw(SERVICE, 0))),
            }
        })
        .collect()
}

fn kiefer_wolfowitz(requests: &[Request], servers: usize) -> Vec<Nanos> {
    let mut free = std::collections::BinaryHeap::from(vec![std::cmp::Reverse(0); servers]);
    let wait = |r: &Request| {
        let first = free.pop().unwrap().0;
        let began = r.arrived.max(first);
        free.push(std::cmp::Reverse(began + r.service));
        began - r.arrived
    };
    requests.iter().map(wait).collect()
}

/// Runs all requests; `serve` resolves to the instant at which service began.
fn waits(sim: &Sim, requests: &[Request], serve: impl AsyncFn(Nanos) -> Nanos) -> Vec<Nanos> {
    let waits = vec![Cell::new(Nanos::MAX); requests.len()];
    let arrivals = requests
        .iter()
        .enumerate()
        .map(|(i, r)| (r.arrived, (i, r)));
    let (waits_ref, serve) = (&waits, &serve);
    let end = sim.run(arrivals, |(i, r)| async move {
        waits_ref[i].set(serve(r.service).await - r.arrived);
    });
    assert_eq!((end.stuck, end.arrivals), (0, requests.len() as u64));
    waits.iter().map(Cell::get).collect()
}

fn all_agree(service: &Distribution, rounding: Nanos) {
    for servers in [1, 2, 8] {
        let requests = requests(service, servers, rounding);
        let exact = kiefer_wolfowitz(&requests, servers);
        assert!(exact.iter().filter(|w| **w > 0).count() > REQUESTS / 2);

        let sim = Sim::new();
        let semaphore = Semaphore::new(&sim, servers);
        let through_semaphore = waits(&sim, &requests, async |service| {
            let _permit = semaphore.acquire().await;
            let began = sim.now();
            sim.sleep(service).await;
            began
        });
        assert!(through_semaphore == exact, "semaphore, {servers} servers");

        let sim = Sim::new();
        let station = Station::new(&sim, servers);
        let through_station = waits(&sim, &requests, async |service| {
            station.serve(service).await
        });
        assert!(through_station == exact, "station, {servers} servers");

        let sim = Sim::new();
        let semaphore = tokio::sync::Semaphore::new(servers);
        let through_tokio = waits(&sim, &requests, async |service| {
            let _permit = semaphore.acquire().await.unwrap();
            let began = sim.now();
            sim.sleep(service).await;
            began
        });
        assert!(through_tokio == exact, "tokio, {servers} servers");
    }
}

#[test]
fn every_wait_is_exact_with_exponential_service() {
    all_agree(&Distribution::Exponential { mean: MEAN }, 1);
}

#[test]
fn every_wait_is_exact_with_lognormal_service() {
    all_agree(&Distribution::lognormal(4e6, 40e6), 1);
}

#[test]
fn every_wait_is_exact_with_bimodal_service() {
    all_agree(&Distribution::bimodal(3e6, 83e6, 0.05), 1);
}

#[test]
fn every_wait_is_exact_when_arrivals_and_ends_tie_all_the_time() {
    // Whole milliseconds: a seventh of all arrivals meet an end or another arrival.
    all_agree(&Distribution::Exponential { mean: MEAN }, 1_000_000);
}
