//! The pipeline as async code on the engine; stage for stage that of `hand::pipeline`.

use crate::hand::parts::{
    Buckets, CACHE_TIME, Lru, Outcome, RETRIES, Recorder, Request, Row, TIMEOUT, TTL, WORKERS,
    World,
};
use gameday::sim::Sim;
use gameday::sim::sync::{FlightId, Flights, Follow, Lead, Semaphore};
use hashbrown::HashTable;
use std::cell::RefCell;

struct Service<'w> {
    world: &'w World,
    sim: &'w Sim,
    workers: Semaphore,
    flights: Flights<Outcome>,
    open: RefCell<HashTable<(u64, FlightId)>>,
    cache: RefCell<Lru>,
    buckets: RefCell<Buckets>,
    recorder: RefCell<Recorder>,
}

enum Role<'s> {
    Leads(Flight<'s>),
    Follows(Follow<'s, Outcome>),
}

/// Ends the flight and takes its key off the map, whatever becomes of the leader.
struct Flight<'s> {
    service: &'s Service<'s>,
    key: u64,
    lead: Lead<&'s Flights<Outcome>, Outcome>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut open = self.service.open.borrow_mut();
        if let Ok(flight) = open.find_entry(self.key, |flight| flight.0 == self.key) {
            flight.remove();
        }
    }
}

/// Runs that many requests and gives what was recorded.
pub fn run(world: &World, requests: usize) -> Recorder {
    let sim = Sim::new();
    let service = Service {
        world,
        sim: &sim,
        workers: Semaphore::new(&sim, WORKERS),
        flights: Flights::new(&sim),
        open: RefCell::default(),
        cache: RefCell::new(Lru::new()),
        buckets: RefCell::new(Buckets::new()),
        recorder: RefCell::new(Recorder::new(requests)),
    };
    sim.run(world.arrivals(requests), |i| service.request(i));
    service.recorder.into_inner()
}

impl<'w> Service<'w> {
    async fn request(&self, i: u32) {
        let request = self.world.request(i);
        let now = self.sim.now();
        let mut row = Row::new(&request, now);
        let admitted = self.buckets.borrow_mut().admit(request.tenant, now);
        if admitted {
            row.outcome = self.serve(&request, &mut row).await;
            row.ended = self.sim.now();
        }
        self.recorder.borrow_mut().put(i, &row);
    }

    async fn serve(&self, request: &Request, row: &mut Row) -> Outcome {
        self.sim.sleep(CACHE_TIME).await;
        let looked_up = self.sim.now();
        row.stages[0] = (looked_up - row.arrived) as u32;
        row.began = looked_up;
        let hit = self.cache.borrow_mut().get(request.key, looked_up);
        if hit {
            return Outcome::Hit;
        }
        let mut flight = match self.join(request.key) {
            Role::Follows(follow) => {
                let outcome = follow.await;
                row.stages[1] = (self.sim.now() - looked_up) as u32;
                return match outcome {
                    Outcome::Ok => Outcome::Shared,
                    _ => Outcome::SharedFailed,
                };
            }
            Role::Leads(flight) => flight,
        };
        let _permit = self.workers.acquire().await;
        let began = self.sim.now();
        row.stages[2] = (began - looked_up) as u32;
        row.began = began;
        let outcome = self.call(request, row).await;
        let ended = self.sim.now();
        row.stages[3] = (ended - began) as u32;
        if outcome == Outcome::Ok {
            self.cache.borrow_mut().put(request.key, ended + TTL);
        }
        flight.lead.set(outcome);
        outcome
    }

    #[inline(always)]
    fn join(&self, key: u64) -> Role<'_> {
        let open = &mut *self.open.borrow_mut();
        let under_way = open.find(key, |flight| flight.0 == key);
        if let Some(follow) = under_way.and_then(|flight| self.flights.follow(flight.1)) {
            return Role::Follows(follow);
        }
        let lead = self.flights.lead(Outcome::Failed);
        open.insert_unique(key, (key, lead.id()), |flight| flight.0);
        Role::Leads(Flight {
            service: self,
            key,
            lead,
        })
    }

    async fn call(&self, request: &Request, row: &mut Row) -> Outcome {
        for attempt in 0..=RETRIES {
            row.attempts = attempt as u8 + 1;
            let (time, fails) = request.call(attempt);
            let in_time = self.sim.timeout(TIMEOUT, self.sim.sleep(time)).await;
            if in_time.is_ok() && !fails {
                return Outcome::Ok;
            }
            if attempt < RETRIES {
                self.sim.sleep(request.backoff(attempt)).await;
            }
        }
        Outcome::Failed
    }
}
