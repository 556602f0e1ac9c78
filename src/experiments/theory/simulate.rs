//! A queue in front of servers, run on the simulator: the same code under every check.

use crate::sim::dice::{Dice, Purpose};
use crate::sim::distribution::Distribution;
use crate::sim::sync::{Semaphore, Station};
use crate::sim::{MILLIS, Nanos, Sim};
use std::cell::Cell;

const GAP: Purpose = Purpose::named("theory.gap");
const SERVICE: Purpose = Purpose::named("theory.service");

/// What requests wait at.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// `sim::sync::Semaphore`, held over a sleep.
    Semaphore,
    /// `sim::sync::Station`.
    Station,
    /// `tokio::sync::Semaphore`, held over a sleep.
    Tokio,
}

impl Place {
    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Place::Semaphore => "semaphore",
            Place::Station => "station",
            Place::Tokio => "tokio::sync::Semaphore",
        }
    }
}

/// A queueing system with Poisson arrivals.
#[derive(Clone, Debug)]
pub struct System {
    pub place: Place,
    pub servers: usize,
    /// Most requests inside at once; who finds them there goes away.
    pub places: usize,
    /// The share of its servers that the offered work would keep busy.
    pub load: f64,
    /// In milliseconds.
    pub service: Distribution,
}

/// One request: what the run needs to know of it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub number: u64,
    pub service: Nanos,
}

impl System {
    /// The requests of this system, of which each is a function of the seed and its number.
    pub fn arrivals(&self, requests: u64, seed: u64) -> impl Iterator<Item = (Nanos, Arrival)> {
        let mean_gap = self.service.mean() / (self.servers as f64 * self.load);
        let gap = Distribution::Exponential {
            mean: mean_gap * MILLIS as f64,
        };
        let mut now = 0;
        (0..requests).map(move |number| {
            let dice = Dice::new(seed, number);
            now += gap.sample_u64(&mut dice.draw(GAP, 0));
            let service = self.service.sample(&mut dice.draw(SERVICE, 0)) * MILLIS as f64;
            let service = (service + 0.5) as Nanos;
            (now, Arrival { number, service })
        })
    }

    /// Runs them; tells of each request its number and its wait, or `None` if it found no place.
    pub fn run(
        &self,
        arrivals: impl Iterator<Item = (Nanos, Arrival)>,
        tell: impl Fn(u64, Option<Nanos>),
    ) {
        let sim = Sim::new();
        match self.place {
            Place::Station => {
                let station = Station::new(&sim, self.servers);
                let serve = async |service| station.serve(service).await;
                self.drive(&sim, arrivals, serve, tell);
            }
            Place::Semaphore => {
                let semaphore = Semaphore::new(&sim, self.servers);
                let serve = async |service| {
                    let _permit = semaphore.acquire().await;
                    let began = sim.now();
                    sim.sleep(service).await;
                    began
                };
                self.drive(&sim, arrivals, serve, tell);
            }
            Place::Tokio => {
                let semaphore = tokio::sync::Semaphore::new(self.servers);
                let serve = async |service| {
                    // Fails only if it is closed, which nobody does.
                    let _permit = semaphore.acquire().await;
                    let began = sim.now();
                    sim.sleep(service).await;
                    began
                };
                self.drive(&sim, arrivals, serve, tell);
            }
        }
    }

    /// `serve` resolves, at the end of service, to the instant at which it began.
    fn drive(
        &self,
        sim: &Sim,
        arrivals: impl Iterator<Item = (Nanos, Arrival)>,
        serve: impl AsyncFn(Nanos) -> Nanos,
        tell: impl Fn(u64, Option<Nanos>),
    ) {
        let inside = Cell::new(0);
        let (inside, serve, tell) = (&inside, &serve, &tell);
        sim.run(arrivals, |arrival| async move {
            if inside.get() == self.places {
                return tell(arrival.number, None);
            }
            inside.set(inside.get() + 1);
            let arrived = sim.now();
            let began = serve(arrival.service).await;
            inside.set(inside.get() - 1);
            tell(arrival.number, Some(began - arrived));
        });
    }
}
