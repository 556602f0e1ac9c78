//! Calls to dependencies: pool, attempts, back-off, timeouts; steps side by side where nothing orders them.

use super::super::{
    dependencies::Answer,
    seams::{Perturb, Seam},
    spec::Step,
    world::{purpose, tag_digest},
};
use crate::{
    components::{
        engine::{Done, Job},
        keys::Tag,
        retry::Failure,
    },
    recording::{AttemptRow, RequestRow, outcome, result, served_by},
    service::{join::join_all, journey::Visit, world::World},
};

/// Where the time of a step went.
#[derive(Clone, Copy, Default)]
struct Spent {
    pool_wait: u64,
    backoff: u64,
    call: u64,
    attempts: u16,
    /// When the first token came out, ns between two, prompt tokens found; 0 without tokens.
    tokens: (u64, u64, u32),
}

impl Spent {
    fn total(&self) -> u64 {
        self.pool_wait + self.backoff + self.call
    }

    fn add_to(&self, row: &mut RequestRow) {
        row.pool_wait += self.pool_wait;
        row.backoff += self.backoff;
        row.call += self.call;
        if let (first @ 1.., between, found) = self.tokens {
            row.ttft = first.saturating_sub(row.arrived).max(1);
            row.itl = between;
            row.prefix_hit = row.prefix_hit.saturating_add(found);
        }
    }
}

/// Makes all calls, wave by wave. Of calls side by side the slowest counts for the request's times: it is the critical path.
pub(in crate::service) async fn all(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) -> u8 {
    row.served_by = served_by::DEPENDENCY;
    let mut end = outcome::OK;
    for wave in v.version.waves() {
        let mut failed = None;
        if let [step] = wave {
            let (spent, ended) = one(w, v, step).await;
            spent.add_to(row);
            row.attempts += spent.attempts;
            failed = ended.err().map(|e| (step, e));
        } else {
            let ends = join_all(wave.iter().map(|step| one(w, v, step))).await;
            if let Some((slowest, _)) = ends.iter().max_by_key(|(spent, _)| spent.total()) {
                slowest.add_to(row);
            }
            for ((spent, ended), step) in ends.into_iter().zip(wave) {
                row.attempts += spent.attempts;
                match ended {
                    Err(e) if failed.is_none_or(|(s, _): (&Step, u8)| s.options.optional) => {
                        failed = Some((step, e))
                    }
                    _ => {}
                }
            }
        }
        match failed {
            None => {}
            Some((step, _)) if step.options.optional => end = outcome::DEGRADED,
            Some((_, how)) => return how,
        }
    }
    end
}

/// One step with its retries.
async fn one(w: &World<'_>, v: &Visit<'_>, step: &Step) -> (Spent, Result<(), u8>) {
    let mut spent = Spent::default();
    let mut waited = 0;
    loop {
        spent.attempts += 1;
        let (pool_wait, time, how) = attempt(w, v, step, &mut spent, waited).await;
        spent.pool_wait += pool_wait;
        spent.call += time;
        let (failure, end) = match how {
            result::OK => return (spent, Ok(())),
            result::TIMEOUT => (Failure::Timeout, outcome::TIMEOUT),
            result::THROTTLED => (Failure::Throttled, outcome::ERROR),
            result::REFUSED => (Failure::Refused, outcome::ERROR),
            _ => (Failure::Error, outcome::ERROR),
        };
        let number = u64::from(spent.attempts) << 16 | step.dependency as u64;
        let unit = v.dice.draw(purpose::BACKOFF, number).unit();
        let Some(wait) = step
            .options
            .retry
            .next(u32::from(spent.attempts), failure, unit)
        else {
            return (spent, Err(end));
        };
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
    spent: &mut Spent,
    backoff: u64,
) -> (u64, u64, u8) {
    let number = spent.attempts;
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
    let n = u64::from(number) << 16 | step.dependency as u64;
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
    let timeout = step.options.timeout.0;
    let in_time = if dependency.has_engines() {
        match dependency.answer(w, job(w, v), time, timeout).await {
            Answer::TooLate => false,
            Answer::TooLong => {
                fails = true;
                true
            }
            Answer::Complete(done) => {
                spent.tokens = tokens(v, &done);
                // A failed answer reaches nobody.
                if done.wrong && !fails {
                    w.wrong_answers.set(w.wrong_answers.get() + 1);
                }
                true
            }
        }
    } else {
        dependency.serve(w, time, timeout).await
    };
    attempt.row.result = match (in_time, fails) {
        (false, _) => result::TIMEOUT,
        (true, true) => result::ERROR,
        (true, false) => result::OK,
    };
    (started - asked, w.sim.now() - started, attempt.row.result)
}

/// The request as engines see it.
fn job<'v>(w: &World<'_>, v: &'v Visit<'_>) -> Job<'v> {
    let tags = w.tags.borrow();
    Job {
        ticket: 0,
        prompt: u64::from(v.request.input_tokens),
        answer: u64::from(v.request.output_tokens),
        prefix: &v.request.payload.blocks,
        model: tag_digest(v.request, &tags, Tag::Model),
        tenant: tag_digest(v.request, &tags, Tag::Tenant),
    }
}

/// First token, ns between two, prompt tokens found.
fn tokens(v: &Visit<'_>, done: &Done) -> (u64, u64, u32) {
    let gaps = u64::from(v.request.output_tokens).saturating_sub(1);
    let between = (done.ended - done.first_token)
        .checked_div(gaps)
        .unwrap_or(0);
    let found = u32::try_from(done.hit_tokens).unwrap_or(u32::MAX);
    (done.first_token.max(1), between, found)
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
