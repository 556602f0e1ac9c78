//! A call to a dependency: pool, attempts, back-off, timeouts.

use super::super::{
    seams::{Perturb, Seam},
    spec::Step,
    world::purpose,
};
use crate::{
    components::{dag::FanOut, retry::Failure},
    recording::{AttemptRow, RequestRow, outcome, result},
    service::{journey::Visit, world::World},
};
use std::cell::Cell;

/// Where the time of a step went.
#[derive(Clone, Copy, Default)]
pub(in crate::service) struct Spent {
    pool_wait: u64,
    backoff: u64,
    call: u64,
    pub attempts: u16,
}

impl Spent {
    pub fn total(&self) -> u64 {
        self.pool_wait + self.backoff + self.call
    }

    pub fn add_to(&self, row: &mut RequestRow) {
        row.pool_wait += self.pool_wait;
        row.backoff += self.backoff;
        row.call += self.call;
    }

    /// This, and then that.
    pub fn and(&self, then: &Spent) -> Spent {
        Spent {
            pool_wait: self.pool_wait + then.pool_wait,
            backoff: self.backoff + then.backoff,
            call: self.call + then.call,
            attempts: self.attempts + then.attempts,
        }
    }
}

/// What the request leaves to a call.
pub(in crate::service) struct Limit {
    rules: FanOut,
    /// ns at which the request must be answered; `u64::MAX` is never.
    deadline: u64,
    /// Attempts of all calls of the request.
    attempts: Cell<u16>,
    /// Retries that they have left together.
    retries: Cell<u32>,
}

impl Limit {
    /// A call on its own.
    pub fn none() -> Limit {
        Limit::new(&FanOut::default(), u64::MAX)
    }

    pub fn new(rules: &FanOut, deadline: u64) -> Limit {
        Limit {
            rules: rules.clone(),
            deadline,
            attempts: Cell::new(0),
            retries: Cell::new(rules.retries),
        }
    }

    pub fn attempts(&self) -> u16 {
        self.attempts.get()
    }

    /// ns that an attempt may take from `now` on, 0 for ever; `None`: there is no time left.
    fn time_for(&self, step: &Step, now: u64) -> Option<u64> {
        let (own, share) = (step.options.timeout.0, step.options.budget);
        self.rules.time_for(own, share, self.deadline, now)
    }

    /// Whether there may be a retry after so many ns; takes it.
    fn retry(&self, wait: u64, now: u64) -> bool {
        let left = self.retries.get();
        let may = left > 0 && self.rules.worth_waiting(wait, self.deadline, now);
        self.retries.set(left.saturating_sub(u32::from(may)));
        may
    }
}

/// How a step went.
pub(in crate::service) type End = (Spent, Result<(), u8>);

/// One step with its retries.
pub(in crate::service) async fn one(
    w: &World<'_>,
    v: &Visit<'_>,
    step: &Step,
    limit: &Limit,
) -> End {
    let mut spent = Spent::default();
    let mut waited = 0;
    loop {
        if limit.time_for(step, w.sim.now()).is_none() {
            return (spent, Err(outcome::TIMEOUT));
        }
        spent.attempts += 1;
        limit.attempts.set(limit.attempts.get().saturating_add(1));
        let (pool_wait, time, how) = attempt(w, v, step, limit, spent.attempts, waited).await;
        spent.pool_wait += pool_wait;
        spent.call += time;
        let (failure, end) = match how {
            result::OK => return (spent, Ok(())),
            result::TIMEOUT => (Failure::Timeout, outcome::TIMEOUT),
            result::THROTTLED => (Failure::Throttled, outcome::ERROR),
            result::REFUSED => (Failure::Refused, outcome::ERROR),
            _ => (Failure::Error, outcome::ERROR),
        };
        let number = u64::from(spent.attempts) << 16 | step.draws;
        let unit = v.dice.draw(purpose::BACKOFF, number).unit();
        let Some(wait) = step
            .options
            .retry
            .next(u32::from(spent.attempts), failure, unit)
        else {
            return (spent, Err(end));
        };
        if !limit.retry(wait, w.sim.now()) {
            return (spent, Err(end));
        }
        w.sim.sleep(wait).await;
        spent.backoff += wait;
        waited = wait;
    }
}

/// One attempt: pool wait, time, how it ended.
async fn attempt(
    w: &World<'_>,
    v: &Visit<'_>,
    step: &Step,
    limit: &Limit,
    number: u16,
    backoff: u64,
) -> (u64, u64, u8) {
    let asked = w.sim.now();
    let _connection = match v
        .process
        .pools
        .get(step.dependency)
        .and_then(Option::as_ref)
    {
        Some(pool) => Some(pool.acquire().await),
        None => None,
    };
    let started = w.sim.now();
    let dependency = &w.dependencies[step.dependency];
    let mut attempt = Attempt {
        w,
        row: AttemptRow {
            request: v.number,
            number,
            step: step.number,
            dependency: dependency.number,
            replica: v.process.replica,
            started,
            pool_wait: started - asked,
            backoff,
            time: 0,
            result: result::CANCELLED,
            background: u8::from(v.background),
        },
    };
    let seam = Seam::Call {
        dependency: step.dependency,
        replica: v.process.replica,
        attempt: number,
    };
    let n = u64::from(number) << 16 | step.draws;
    let spec = &w.newest().spec.dependencies[step.dependency];
    let mut time = spec
        .latency
        .sample(super::compute::size(v), &mut v.dice.draw(purpose::CALL, n));
    let mut fails = spec.error_rate > 0.0 && v.dice.draw(purpose::FAIL, n).chance(spec.error_rate);
    match w.saboteur.at(seam, v.dice, started) {
        Perturb::Nothing => {}
        Perturb::Delay(more) => time = time.saturating_add(more),
        Perturb::Fail => fails = true,
        Perturb::Hang => time = u64::MAX,
    }
    // The pool may have taken what time there was.
    let timeout = limit.time_for(step, started).unwrap_or(1);
    let in_time = dependency.serve(w, time, timeout).await;
    attempt.row.result = match (in_time, fails) {
        (false, _) => result::TIMEOUT,
        (true, true) => result::ERROR,
        (true, false) => result::OK,
    };
    (started - asked, w.sim.now() - started, attempt.row.result)
}

/// An attempt under way. Recorded when it ends, however it ends: dropped half way it is a cancelled one.
struct Attempt<'w, 'r> {
    w: &'w World<'r>,
    row: AttemptRow,
}

impl Drop for Attempt<'_, '_> {
    fn drop(&mut self) {
        self.row.time = self.w.sim.now() - self.row.started;
        self.w.recorder.borrow_mut().attempt(&self.row);
    }
}
