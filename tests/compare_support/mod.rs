//! Made-up recordings of services whose requests depend on one another, and what Kayenta would say of them.

#![allow(dead_code, reason = "each user takes what it needs")]

use gameday::{
    config::Names,
    recording::{Recording, RequestRow, Table, outcome, requests},
    sim::dice::{Dice, Draw, Purpose},
};

const ARRIVAL: Purpose = Purpose::named("arrival");
const LATENCY: Purpose = Purpose::named("latency");
const ERROR: Purpose = Purpose::named("error");
const CHANGE: Purpose = Purpose::named("change");
const WHO: Purpose = Purpose::named("who");

/// How latencies hang together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Process {
    /// Lognormal, each for itself.
    Independent,
    /// Lognormal about a level that drifts: first-order autoregression over requests.
    Drifting(f64),
    /// One server, Poisson arrivals, exponential service: M/M/1 at this utilisation.
    Queue(f64),
    /// Traffic in bursts (two rates, 1:8), lognormal latencies that rise with the rate.
    Bursts,
}

/// What is different in the new recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Nothing.
    None,
    /// Every latency times this.
    Scale(f64),
    /// Latencies above the 90th percentile times this.
    Tail(f64),
    /// Twice the variance of the latency, the mean as it was.
    Variance,
    /// This share of the requests takes so many times as long.
    Some(f64, f64),
    /// Errors for this share of the requests.
    Errors(f64),
    /// Exactly so many errors, evenly spread.
    Sparse(usize),
    /// Exactly so many errors, one after another.
    Clustered(usize),
}

/// A recording to be made.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub seed: u64,
    pub requests: usize,
    pub process: Process,
    pub change: Change,
    /// Share of errors that was there before.
    pub errors: f64,
}

/// Mean rate of arrivals, a second.
const RATE: f64 = 20.0;
/// Spread of the logarithm of latencies.
const SIGMA: f64 = 0.5;

impl World {
    /// The same service without errors.
    pub fn new(seed: u64, requests: usize, process: Process, change: Change) -> World {
        World {
            seed,
            requests,
            process,
            change,
            errors: 0.0,
        }
    }

    /// The recording.
    pub fn record(&self) -> Recording {
        let columns = [
            requests::op,
            requests::tries,
            requests::arrived,
            requests::latency,
            requests::queue_wait,
            requests::outcome,
            requests::tenant,
            requests::route,
        ];
        let mut recording = Recording {
            requests: Table::with_columns(columns),
            ..Recording::default()
        };
        for (dictionary, names) in [
            ("tenant", &["a", "b", "c", "d"][..]),
            ("route", &["/x", "/y"]),
        ] {
            let mut known = Names::default();
            names.iter().for_each(|name| {
                known.number(name);
            });
            recording.names.insert(dictionary, known);
        }
        let rows = self.latencies();
        let tail = quantile(rows.iter().map(|r| r.1), 0.9);
        for (i, &(arrived, latency, wait)) in rows.iter().enumerate() {
            let dice = Dice::new(self.seed, i as u64);
            let latency = self.changed(latency, tail, dice.draw(CHANGE, 0));
            let mut who = dice.draw(WHO, 0);
            let failed =
                dice.draw(ERROR, 0).chance(self.errors) || self.fails(i, dice.draw(ERROR, 1));
            recording.requests.push(&RequestRow {
                op: i as u64,
                tries: 1,
                arrived: (arrived * 1e9) as u64,
                latency: (latency * 1e9) as u64,
                queue_wait: (wait.min(latency) * 1e9) as u64,
                outcome: if failed { outcome::ERROR } else { outcome::OK },
                tenant: 1 + who.below(4) as u32,
                route: 1 + who.below(2) as u32,
                ..RequestRow::default()
            });
        }
        recording.span = rows.last().map_or(0, |(t, l, _)| ((t + l) * 1e9) as u64);
        recording
    }

    /// Arrival, latency and the wait in it, s.
    fn latencies(&self) -> Vec<(f64, f64, f64)> {
        let mut level = Dice::new(self.seed, u64::MAX).draw(LATENCY, 0).normal();
        let (mut now, mut free, mut burst) = (0.0, 0.0f64, false);
        // A queue is met as it is after a while, not empty.
        let before = if matches!(self.process, Process::Queue(_)) {
            3000
        } else {
            0
        };
        let mut rows = vec![];
        for i in 0..self.requests + before {
            let dice = Dice::new(self.seed, i as u64 + 1_000_000_000);
            let (mut gap, mut own) = (dice.draw(ARRIVAL, 0), dice.draw(LATENCY, 0));
            match self.process {
                Process::Bursts => {
                    let rate = if burst { 4.0 * RATE } else { RATE / 2.0 };
                    now += gap.exponential(1.0 / rate);
                    burst ^= gap.chance(if burst { 1.0 / 400.0 } else { 1.0 / 300.0 });
                    let raised = if burst { 0.3 } else { 0.0 };
                    rows.push((now, 0.1 * own.lognormal(raised, SIGMA), 0.0));
                }
                Process::Queue(rho) => {
                    now += gap.exponential(1.0 / RATE);
                    let wait = (free - now).max(0.0);
                    let service = own.exponential(rho / RATE);
                    free = now + wait + service;
                    rows.push((now, wait + service, wait));
                }
                Process::Independent | Process::Drifting(_) => {
                    now += gap.exponential(1.0 / RATE);
                    let phi = if let Process::Drifting(phi) = self.process {
                        phi
                    } else {
                        0.0
                    };
                    level = phi * level + (1.0 - phi * phi).sqrt() * own.normal();
                    // Half the variance drifts.
                    let z = if phi > 0.0 {
                        0.5f64.sqrt() * (level + own.normal())
                    } else {
                        level
                    };
                    rows.push((now, 0.1 * libm::exp(SIGMA * z), 0.0));
                }
            }
        }
        let rows = rows.split_off(before);
        let first = rows.first().map_or(0.0, |r| r.0);
        rows.into_iter()
            .map(|(t, l, w)| (t - first, l, w))
            .collect()
    }

    fn changed(&self, latency: f64, tail: f64, mut dice: Draw) -> f64 {
        match self.change {
            Change::Scale(by) => latency * by,
            Change::Tail(by) if latency > tail => latency * by,
            Change::Some(share, by) if dice.chance(share) => latency * by,
            // A lognormal of twice the variance and the same mean: the logarithm is stretched about its median.
            Change::Variance => {
                let v = libm::expm1(SIGMA * SIGMA);
                let wider = libm::log1p(2.0 * v).sqrt();
                let z = libm::log(latency / 0.1) / SIGMA;
                0.1 * libm::exp((SIGMA * SIGMA - wider * wider) / 2.0 + wider * z)
            }
            _ => latency,
        }
    }

    fn fails(&self, i: usize, mut dice: Draw) -> bool {
        match self.change {
            Change::Errors(share) => dice.chance(share),
            Change::Sparse(n) => n > 0 && i % (self.requests / n) == self.requests / n / 2,
            Change::Clustered(n) => (self.requests / 2..self.requests / 2 + n).contains(&i),
            _ => false,
        }
    }
}

/// A quantile of numbers.
pub fn quantile(values: impl Iterator<Item = f64>, q: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len().max(1));
    values.get(rank - 1).copied().unwrap_or(0.0)
}

/// What Kayenta makes of a metric: the 98 % interval of the Hodges-Lehmann shift must lie beyond a quarter of the shift
/// itself. Whether it calls the new one higher. Source: kayenta-judge, MannWhitneyClassifier.
pub fn kayenta_is_high(base: &[f64], new: &[f64]) -> bool {
    const Z98: f64 = 2.326_347_874;
    let (n, m) = (base.len() as f64, new.len() as f64);
    let mut shifts: Vec<f64> = new
        .iter()
        .flat_map(|y| base.iter().map(move |x| y - x))
        .collect();
    if shifts.is_empty() {
        return false;
    }
    shifts.sort_by(f64::total_cmp);
    let mid = shifts.len() / 2;
    let estimate = if shifts.len() % 2 == 1 {
        shifts[mid]
    } else {
        (shifts[mid - 1] + shifts[mid]) / 2.0
    };
    let rank = n * m / 2.0 - Z98 * (n * m * (n + m + 1.0) / 12.0).sqrt();
    let low = if rank >= 1.0 {
        shifts[rank as usize]
    } else {
        shifts[0]
    };
    low > 0.25 * estimate.abs()
}

/// Kayenta over minutes: the 95th percentile, the mean and the count of errors of each, one of which is high.
pub fn kayenta(base: &Recording, new: &Recording) -> bool {
    let [base, new] = [base, new].map(minutes);
    (0..3).any(|metric| {
        let of = |rows: &[[f64; 3]]| rows.iter().map(|m| m[metric]).collect::<Vec<_>>();
        kayenta_is_high(&of(&base), &of(&new))
    })
}

fn minutes(recording: &Recording) -> Vec<[f64; 3]> {
    let mut minutes: Vec<(Vec<f64>, f64)> = vec![];
    for row in recording.requests.rows() {
        let minute = (row.arrived / 60_000_000_000) as usize;
        if minutes.len() <= minute {
            minutes.resize(minute + 1, (vec![], 0.0));
        }
        minutes[minute].0.push(row.latency as f64);
        minutes[minute].1 += f64::from(u8::from(row.outcome == outcome::ERROR));
    }
    let whole = minutes
        .into_iter()
        .filter(|(latencies, _)| !latencies.is_empty());
    whole
        .map(|(latencies, errors)| {
            let mean = latencies.iter().sum::<f64>() / latencies.len() as f64;
            [quantile(latencies.into_iter(), 0.95), mean, errors]
        })
        .collect()
}

/// Mann and Whitney's test over all requests as if they knew nothing of one another: whether it is significant at 5 %.
pub fn mann_whitney(base: &Recording, new: &Recording) -> bool {
    let of = |r: &Recording, side: bool| {
        r.requests
            .rows()
            .map(move |row| (row.latency, side))
            .collect::<Vec<_>>()
    };
    let (base, new) = (of(base, false), of(new, true));
    let (n, m) = (base.len() as f64, new.len() as f64);
    let mut all = [base, new].concat();
    all.sort_unstable();
    let (mut ranks, mut at) = (0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let mid = at + (tied.len() as f64 + 1.0) / 2.0;
        ranks += mid * tied.iter().filter(|t| t.1).count() as f64;
        at += tied.len() as f64;
    }
    let u = ranks - m * (m + 1.0) / 2.0;
    (u - n * m / 2.0).abs() / (n * m * (n + m + 1.0) / 12.0).sqrt() > 1.96
}
