//! The simulator against queueing theory: `gameday verify theory`.
//!
//! Two kinds of check. *Exact*: each single wait equals the Kiefer-Wolfowitz recursion, to the
//! nanosecond. *Closed forms*: means, shares and losses agree with Erlang, Pollaczek and Khinchine
//! to within the error that sampling must have. That error is computed, not guessed: from the
//! known variance for M/M/1, and from batch means elsewhere, with batches that are long against
//! the time in which the queue forgets. No seed is picked to pass: each check's dice follow from
//! the one seed and the check's name.
//!
//! Not a test of a service or an incident: those stand on the same executor.

mod closed_forms;
mod exact;
mod simulate;

use crate::sim::distribution::Distribution;
use crate::sim::hash::{FixedState, mix};
use crate::sim::{MILLIS, Nanos};
use rayon::prelude::*;
use simulate::{Place, System};
use std::cell::RefCell;
use std::hash::BuildHasher;

/// How far a result may lie from theory, in standard errors. At 4, one sound check in 16,000
/// fails by chance.
const MOST_Z: f64 = 4.0;
/// The first is dropped: it starts with an empty system.
const BATCHES: usize = 65;

/// How much to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Requests a closed-form check (four and a half times as many for M/M/1 at 90 % load).
    pub requests: u64,
    /// Every check draws its own dice from this.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            requests: 4_000_000,
            seed: 1,
        }
    }
}

impl Options {
    /// The seed of the check with this name.
    fn seed_of(&self, name: &str) -> u64 {
        mix(self.seed ^ FixedState.hash_one(name))
    }
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is compared, with its unit.
    pub name: String,
    /// What theory says.
    pub theory: f64,
    /// What came out.
    pub simulated: f64,
    /// The sampling error of `simulated` (one standard deviation); 0 for exact checks.
    pub standard_error: f64,
    /// (simulated - theory) / standard error; 0 for exact checks.
    pub z: f64,
    /// Exact checks: no difference. Others: |z| <= 4.
    pub passed: bool,
    /// The theory's name and where the error comes from.
    pub note: String,
}

impl Check {
    fn new(
        name: String,
        theory: f64,
        (simulated, standard_error): (f64, f64),
        note: &str,
    ) -> Check {
        let z = (simulated - theory) / standard_error;
        Check {
            name,
            theory,
            simulated,
            standard_error,
            z,
            passed: z.abs() <= MOST_Z, // false if it is not a number
            note: note.to_owned(),
        }
    }
}

/// What one run tells: sums by batch of successive arrivals.
#[derive(Clone, Copy, Default)]
struct Batch {
    requests: u64,
    lost: u64,
    waited: u64,
    over: u64,
    wait: u64,
}

struct Measured {
    batches: Vec<Batch>,
}

impl Measured {
    /// Runs a system; `over` is the wait beyond which [`Batch::over`] counts.
    fn of(system: &System, requests: u64, seed: u64, over: Nanos) -> Measured {
        let length = requests.div_ceil(BATCHES as u64).max(1);
        let batches = RefCell::new(vec![Batch::default(); BATCHES]);
        system.run(
            system.arrivals(length * BATCHES as u64, seed),
            |number, wait| {
                let batch = &mut batches.borrow_mut()[(number / length) as usize];
                batch.requests += 1;
                match wait {
                    None => batch.lost += 1,
                    Some(wait) => {
                        batch.wait += wait;
                        batch.waited += u64::from(wait > 0);
                        batch.over += u64::from(wait > over);
                    }
                }
            },
        );
        let mut batches = batches.into_inner();
        batches.remove(0);
        Measured { batches }
    }

    fn requests(&self) -> u64 {
        self.batches.iter().map(|b| b.requests).sum()
    }

    /// The mean over all, and its standard error from the spread of the batches.
    fn mean(&self, of: impl Fn(&Batch) -> f64) -> (f64, f64) {
        let n = self.batches.len() as f64;
        let each = || self.batches.iter().map(|b| of(b) / b.requests as f64);
        let mean = each().sum::<f64>() / n;
        let spread = each().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        (mean, libm::sqrt(spread / n))
    }

    fn mean_wait(&self) -> (f64, f64) {
        self.mean(|b| b.wait as f64 / MILLIS as f64)
    }
}

/// Runs every check; the order of the list is always the same.
pub fn verify(options: &Options) -> Vec<Check> {
    type Run = Box<dyn Fn(&Options) -> Vec<Check> + Sync>;
    let mut runs: Vec<Run> = Vec::new();
    for load in [0.9, 0.8, 0.5] {
        runs.push(Box::new(move |o| mm1(load, o)));
    }
    for (servers, load) in [(2, 0.8), (8, 0.8), (8, 0.9), (32, 0.9)] {
        runs.push(Box::new(move |o| mmc(servers, load, o)));
    }
    for (name, service) in general_services() {
        runs.push(Box::new(move |o| mg1(name, &service, o)));
    }
    for (servers, places, load) in [(1, 5, 0.9), (4, 4, 0.8), (4, 10, 1.2)] {
        runs.push(Box::new(move |o| mmck(servers, places, load, o)));
    }
    for place in [Place::Semaphore, Place::Station, Place::Tokio] {
        for (name, service) in exact_services() {
            runs.push(Box::new(move |o| {
                vec![exact::check(place, name, &service, o)]
            }));
        }
    }
    let checks = runs.par_iter().with_max_len(1).map(|run| run(options));
    checks.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Service times with a mean of about 1 ms.
fn general_services() -> [(&'static str, Distribution); 4] {
    [
        ("constant", Distribution::Constant(1.0)),
        (
            "lognormal, p99 five times p50",
            Distribution::lognormal(0.8, 4.0),
        ),
        (
            "bimodal, 5 % of 11 ms",
            Distribution::bimodal(0.5, 11.0, 0.05),
        ),
        (
            "gamma of shape 0.5",
            Distribution::Gamma {
                shape: 0.5,
                scale: 2.0,
            },
        ),
    ]
}

fn exact_services() -> [(&'static str, Distribution); 3] {
    [
        ("exponential", Distribution::Exponential { mean: 1.0 }),
        ("lognormal", Distribution::lognormal(0.5, 5.0)),
        ("bimodal", Distribution::bimodal(0.5, 11.0, 0.05)),
    ]
}

fn exponential(place: Place, servers: usize, load: f64) -> System {
    System {
        place,
        servers,
        places: usize::MAX,
        load,
        service: Distribution::Exponential { mean: 1.0 },
    }
}

fn mm1(load: f64, options: &Options) -> Vec<Check> {
    // The error grows steeply with the load: 4.5 times 4 million tell 0.5 % of the mean at 90 %.
    let requests = if load >= 0.9 {
        options.requests * 9 / 2
    } else {
        options.requests
    };
    let name = format!("M/M/1 at {:.0} %", load * 100.0);
    let system = exponential(Place::Semaphore, 1, load);
    let measured = Measured::of(&system, requests, options.seed_of(&name), 0);
    let variance = closed_forms::mm1_asymptotic_variance(load, 1.0);
    let error = libm::sqrt(variance / measured.requests() as f64);
    let theory = closed_forms::mmc_mean_wait(1, load, 1.0);
    let simulated = (measured.mean_wait().0, error);
    let note = "Erlang; error from the known variance (Whitt 1989)";
    vec![Check::new(
        format!("{name}: mean wait, ms"),
        theory,
        simulated,
        note,
    )]
}

fn mmc(servers: usize, load: f64, options: &Options) -> Vec<Check> {
    let name = format!("M/M/{servers} at {:.0} %", load * 100.0);
    let system = exponential(Place::Station, servers, load);
    // Of those who wait, one in e^2 waits longer than twice their mean.
    let long = 2.0 / (servers as f64 * (1.0 - load));
    let over = (long * MILLIS as f64) as Nanos;
    let measured = Measured::of(&system, options.requests, options.seed_of(&name), over);
    vec![
        Check::new(
            format!("{name}: mean wait, ms"),
            closed_forms::mmc_mean_wait(servers, load, 1.0),
            measured.mean_wait(),
            "Erlang C; batch means",
        ),
        Check::new(
            format!("{name}: share that waits"),
            closed_forms::erlang_c(servers, load * servers as f64),
            measured.mean(|b| b.waited as f64),
            "Erlang C; batch means",
        ),
        Check::new(
            format!("{name}: share that waits over {long:.3} ms"),
            closed_forms::mmc_share_over(servers, load, 1.0, long),
            measured.mean(|b| b.over as f64),
            "Erlang C, exponential tail; batch means",
        ),
    ]
}

fn mg1(name: &str, service: &Distribution, options: &Options) -> Vec<Check> {
    let load = 0.7;
    let system = System {
        place: Place::Station,
        servers: 1,
        places: usize::MAX,
        load,
        service: service.clone(),
    };
    let name = format!("M/G/1 at 70 %, {name}");
    let measured = Measured::of(&system, options.requests, options.seed_of(&name), 0);
    let theory = closed_forms::mg1_mean_wait(load, service.mean(), service.mean_square());
    vec![
        Check::new(
            format!("{name}: mean wait, ms"),
            theory,
            measured.mean_wait(),
            "Pollaczek-Khinchine; batch means",
        ),
        Check::new(
            format!("{name}: share that waits"),
            load,
            measured.mean(|b| b.waited as f64),
            "load (arrivals see time averages); batch means",
        ),
    ]
}

fn mmck(servers: usize, places: usize, load: f64, options: &Options) -> Vec<Check> {
    let name = format!("M/M/{servers}/{places} at {:.0} %", load * 100.0);
    let system = System {
        places,
        ..exponential(Place::Semaphore, servers, load)
    };
    let measured = Measured::of(&system, options.requests, options.seed_of(&name), 0);
    vec![Check::new(
        format!("{name}: share turned away"),
        closed_forms::mmck_loss(servers, places, load),
        measured.mean(|b| b.lost as f64),
        "birth and death; batch means",
    )]
}

/// The checks as an aligned table, and a line that counts them.
pub fn render(checks: &[Check]) -> String {
    let header = ["", "check", "theory", "simulated", "std error", "z", "note"].map(str::to_owned);
    let mut rows = vec![header];
    for check in checks {
        let exact = check.standard_error == 0.0;
        let number = |x: f64| {
            if exact {
                format!("{x}")
            } else {
                format!("{x:.5}")
            }
        };
        rows.push([
            if check.passed { "ok" } else { "FAIL" }.to_owned(),
            check.name.clone(),
            number(check.theory),
            number(check.simulated),
            if exact {
                "exact".to_owned()
            } else {
                number(check.standard_error)
            },
            if exact {
                String::new()
            } else {
                format!("{:+.2}", check.z)
            },
            check.note.clone(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let widths: Vec<usize> = (0..7).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Numbers to the right, words to the left.
            let padded = match column {
                2..=5 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            };
            line.push_str(&padded);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let failed = checks.iter().filter(|c| !c.passed).count();
    text.push_str(&format!("{} checks, {failed} failed\n", checks.len()));
    text
}
