//! M/M/8 on the engine: its own semaphore, its station, and tokio's semaphore.

use crate::hand::queue::{Input, SERVERS};
use gameday::sim::Sim;
use gameday::sim::sync::{Semaphore, Station};
use std::cell::Cell;

fn arrivals(input: &Input) -> impl Iterator<Item = (u64, usize)> {
    input.arrived.iter().enumerate().map(|(i, &at)| (at, i))
}

pub fn semaphore(input: &Input, wait: &mut [u64]) {
    let sim = Sim::new();
    let semaphore = Semaphore::new(&sim, SERVERS);
    let wait = Cell::from_mut(wait).as_slice_of_cells();
    let (sim, semaphore) = (&*sim, &semaphore);
    sim.run(arrivals(input), |i| async move {
        let arrived = sim.now();
        let _permit = semaphore.acquire().await;
        wait[i].set(sim.now() - arrived);
        sim.sleep(input.service[i]).await;
    });
}

pub fn station(input: &Input, wait: &mut [u64]) {
    let sim = Sim::new();
    let station = Station::new(&sim, SERVERS);
    let wait = Cell::from_mut(wait).as_slice_of_cells();
    let (sim, station) = (&*sim, &station);
    sim.run(arrivals(input), |i| async move {
        let arrived = sim.now();
        wait[i].set(station.serve(input.service[i]).await - arrived);
    });
}

pub fn tokio_semaphore(input: &Input, wait: &mut [u64]) {
    let sim = Sim::new();
    let semaphore = tokio::sync::Semaphore::new(SERVERS);
    let wait = Cell::from_mut(wait).as_slice_of_cells();
    let (sim, semaphore) = (&*sim, &semaphore);
    sim.run(arrivals(input), |i| async move {
        let arrived = sim.now();
        let _permit = semaphore.acquire().await;
        wait[i].set(sim.now() - arrived);
        sim.sleep(input.service[i]).await;
    });
}
