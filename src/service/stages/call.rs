//! A call to a dependency: breaker, pool, attempts, back-off, timeouts.

use super::super::{
    dependencies::{Answer, Dependency},
    process::{NEVER, Way},
    purpose,
    seams::{Call, Ending, Seam},
    spec::{DependencySpec, OTHER_ERRORS, OnCancel, Step},
};
pub(in crate::service) use super::spent::{Limit, Spent};
use super::{
    attempt::{After, Attempt, acquire, lost},
    to_engine::{job, tokens},
};
use crate::{
    components::{
        breaker::Pass,
        retry::{Failed, Failure},
    },
    recording::{AttemptRow, outcome, result},
    service::{answers, cpu, journey::Visit, output, parts, world::World},
    sim::Sim,
};

/// How a step failed: the outcome, and what the client is told of when to come back.
pub(in crate::service) type How = (u8, u64);

/// How a step went.
pub(in crate::service) type End = (Spent, Result<(), How>);

/// One step with its retries.
pub(in crate::service) async fn one(
    w: &World<'_>,
    v: &Visit<'_>,
    step: &Step,
    limit: &Limit,
) -> End {
    let mut spent = Spent::default();
    let mut waited = 0;
    let retry = &step.options.retry;
    let way = &v.process.ways[step.dependency];
    way.budget
        .borrow_mut()
        .earn(retry.budget.0, retry.budget_burst);
    for number in 1..=u16::MAX {
        if number > 1 && is_alone(v, step) {
            return (spent, Err((outcome::ERROR, 0)));
        }
        if limit.time_for(step, w.sim.now()).is_none() {
            return (spent, Err((outcome::TIMEOUT, 0)));
        }
        let nth = number.saturating_add(limit.before.get());
        let (failure, end) = match attempt(w, v, step, limit, nth, waited, &mut spent).await {
            None => return (spent, Ok(())),
            Some(failure @ Failure::Timeout) => (failure, outcome::TIMEOUT),
            Some(failure) if spent.output.is_unread() => (failure, outcome::PARSE_ERROR),
            Some(failure) => (failure, outcome::ERROR),
        };
        let end = (end, if failure.passes() { 0 } else { NEVER });
        let key = u64::from(nth) << 16 | step.draws;
        let told = w.newest().spec.dependencies[step.dependency].retry_after;
        let next = retry.next(&Failed {
            attempt: u32::from(number),
            failure,
            unit: v.dice.draw(purpose::BACKOFF, key).unit(),
            hint: (failure == Failure::Throttled && told > 0).then_some(told),
            left: (v.request.deadline > 0).then(|| {
                let until = v.request.arrived.saturating_add(v.request.deadline);
                until.saturating_sub(w.sim.now())
            }),
        });
        let given_up = |mut spent: Spent| match spent.output.gives_default(step) {
            true => (spent, Ok(())),
            false => (spent, Err(end)),
        };
        let Some(wait) = next else {
            return given_up(spent);
        };
        if !limit.retry(wait, w.sim.now()) {
            return given_up(spent);
        }
        if !way.budget.borrow_mut().pay(retry.budget.0) {
            way.retries.borrow_mut()[Way::DENIED] += 1;
            return given_up(spent);
        }
        way.retries.borrow_mut()[failure as usize] += 1;
        w.sim.sleep(wait).await;
        spent.backoff += wait;
        waited = wait;
    }
    (spent, Err((outcome::ERROR, 0)))
}

/// One attempt: how it failed, if it did. Nothing is sent where the breaker is open.
async fn attempt(
    w: &World<'_>,
    v: &Visit<'_>,
    step: &Step,
    limit: &Limit,
    number: u16,
    backoff: u64,
    spent: &mut Spent,
) -> Option<Failure> {
    let asked = w.sim.now();
    spent.output = Default::default();
    let row = AttemptRow {
        request: v.number,
        number,
        step: step.number,
        dependency: w.dependencies[step.dependency].number,
        replica: v.process.replica,
        started: asked,
        pool_wait: 0,
        backoff,
        time: 0,
        result: result::REFUSED,
        background: u8::from(v.background),
        connect: 0,
        parse_error: 0,
        budget: limit.time_for(step, asked).unwrap_or(0),
        meant: u8::from(step.options.intended),
    };
    let Some(mut leave) = Leave::ask(w, v, step) else {
        w.recorder.borrow_mut().attempt(&row);
        return Some(Failure::Refused);
    };
    spent.attempts = spent.attempts.saturating_add(1);
    limit.count();
    let pool = v.process.pools.get(step.dependency);
    let connection = match pool.and_then(Option::as_ref) {
        // Boxed: few pools lose anything.
        Some(pool) if lost(w, step).is_some() => {
            Some(Box::pin(acquire(w, v, step, number, pool)).await)
        }
        Some(pool) => Some(pool.acquire().await),
        None => None,
    };
    let started = w.sim.now();
    let mut attempt = Attempt {
        w,
        row: AttemptRow {
            started,
            pool_wait: started - asked,
            result: result::CANCELLED,
            ..row
        },
        after: After::of(w, v, step, number),
    };
    let how = send(w, v, step, limit, &mut attempt.row, spent).await;
    cpu::stand_still(w, v).await;
    attempt.row.result = match how {
        None => result::OK,
        Some(Failure::Timeout) => result::TIMEOUT,
        Some(Failure::Throttled) => result::THROTTLED,
        Some(_) => result::ERROR,
    };
    let looked = match how {
        None => output::look(w, v, step, number),
        Some(_) => None,
    };
    attempt.row.parse_error = looked.map_or(0, |looked| looked.word());
    if let Some(connection) = connection
        && leaks(w, v, step, number)
    {
        connection.forget();
    }
    // A dependency that says what is wrong with a request is in good health.
    leave.ends(how.is_none_or(|failure| !failure.passes()));
    spent.pool_wait += started - asked;
    spent.call += w.sim.now() - started;
    // The call ends here, and well: what follows is the caller's own.
    drop(attempt);
    match looked {
        // Boxed: few outputs are parsed.
        Some(looked) => {
            let (seen, time) = (&mut spent.output, &mut spent.parse);
            Box::pin(output::read(w, v, step, looked, seen, time)).await
        }
        None => how,
    }
}

/// Sends the call and waits for its end.
async fn send(
    w: &World<'_>,
    v: &Visit<'_>,
    step: &Step,
    limit: &Limit,
    row: &mut AttemptRow,
    spent: &mut Spent,
) -> Option<Failure> {
    let number = row.number;
    let seam = Seam::Call {
        dependency: step.dependency,
        replica: v.process.replica,
        attempt: number,
        request: v.request,
    };
    let n = u64::from(number) << 16 | step.draws;
    let spec = &w.newest().spec.dependencies[step.dependency];
    let mut time = spec
        .latency
        .sample(super::compute::size(v), &mut v.dice.draw(purpose::CALL, n));
    let fails = spec.error_rate > 0.0 && v.dice.draw(purpose::FAIL, n).chance(spec.error_rate);
    let mut failure = match fails {
        true => Some(Failure::Error),
        false => other_failure(v, spec, n),
    };
    let (mut cut, mut unheard) = (false, false);
    let perturb = w.saboteur.at(seam, v.dice, w.sim.now());
    time = time.saturating_add(perturb.delay);
    match perturb.end {
        Ending::AsEver => {}
        Ending::Fail => failure = Some(Failure::Error),
        Ending::Hang => time = u64::MAX,
        Ending::Cut(after) => {
            time = time.min(after);
            failure = Some(Failure::Error);
            cut = true;
        }
        Ending::Late(after) => {
            time = after;
            failure = Some(Failure::Timeout);
            cut = true;
        }
        Ending::Lost { reset: true } => {
            failure = Some(Failure::Error);
            cut = true;
        }
        Ending::Lost { reset: false } => unheard = true,
    }
    let parts = v.parts.as_deref();
    let planned = parts.map(|parts| Box::new(parts::plan(w, v, parts, step, number, &mut time)));
    let dependency = &w.dependencies[step.dependency];
    // The pool may have taken what time there was.
    let timeout = limit.time_for(step, w.sim.now()).unwrap_or(1);
    if dependency.has_engines() {
        let begun = w.sim.now();
        return match dependency.answer(w, job(w, v), time, timeout).await {
            Answer::Complete(_) if unheard => {
                Dependency::silence(w, begun, timeout).await;
                Some(Failure::Timeout)
            }
            Answer::TooLate => Some(Failure::Timeout),
            Answer::TooLong => Some(Failure::Permanent),
            Answer::Complete(done) => {
                spent.tokens = tokens(v, &done);
                // A failed answer reaches nobody.
                if done.hit_tokens > 0 && failure.is_none() {
                    answers::found(w, v, !done.wrong, n | 1 << 63);
                }
                failure
            }
        };
    }
    let arrived = move |failure| match (failure, parts, planned) {
        (None, Some(parts), Some(planned)) => planned.arrives(w, parts, step),
        _ => failure,
    };
    let Some(keep) = &spec.keep else {
        return match serve(w, dependency, time, timeout, unheard).await {
            true => arrived(failure),
            false => Some(Failure::Timeout),
        };
    };
    let idle = &v.process.idle[step.dependency];
    if !idle.reuse(keep, w.sim.now()) {
        row.connect = keep.connect.sample(
            super::compute::size(v),
            &mut v.dice.draw(purpose::CONNECT, n),
        );
        if let Some(ailments) = w.saboteur.ailments() {
            let more = ailments.penalty(&the_call(v, step, number), v.dice, w.sim.now());
            row.connect = row.connect.saturating_add(more);
        }
        time = time.saturating_add(row.connect);
    }
    match serve(w, dependency, time, timeout, unheard).await {
        true => {
            if !cut {
                idle.give_back(keep, w.sim.now());
            }
            arrived(failure)
        }
        // Whoever gives up closes what it waited on.
        false => Some(Failure::Timeout),
    }
}

/// Whether an answer came in time.
async fn serve(w: &World<'_>, of: &Dependency, time: u64, timeout: u64, unheard: bool) -> bool {
    match unheard {
        // Boxed: it is seldom.
        true => Box::pin(of.serve_unheard(w, time, timeout)).await,
        false => of.serve(w, time, timeout).await,
    }
}

/// Whether this call goes on though its handler has let go of it: then nobody is there to try again.
fn is_alone(v: &Visit<'_>, step: &Step) -> bool {
    step.options.on_cancel == OnCancel::Ignore && v.errand.as_ref().is_some_and(|e| e.is_left())
}

/// Whether the connection of this attempt is never given back.
fn leaks(w: &World<'_>, v: &Visit<'_>, step: &Step, number: u16) -> bool {
    let share = w.newest().spec.dependencies[step.dependency].leak;
    let n = u64::from(number) << 16 | step.draws;
    let by_fault = || {
        let ailments = w.saboteur.ailments()?;
        Some(ailments.leaks(&the_call(v, step, number), v.dice, w.sim.now()))
    };
    share > 0.0 && v.dice.draw(purpose::LEAK, n).chance(share) || by_fault().unwrap_or(false)
}

fn the_call<'v>(v: &Visit<'v>, step: &Step, attempt: u16) -> Call<'v> {
    Call {
        dependency: step.dependency,
        replica: v.process.replica,
        attempt,
        request: v.request,
    }
}

/// Failures that are not transient. What is wrong with a request is wrong at each attempt: its dice are the request's.
fn other_failure(v: &Visit<'_>, spec: &DependencySpec, n: u64) -> Option<Failure> {
    let left = 1.0 - spec.error_rate;
    let dependency = n & 0xffff;
    OTHER_ERRORS
        .into_iter()
        .zip(spec.errors)
        .filter(|(_, share)| *share > 0.0)
        .find(|(failure, share)| {
            let (dice, key) = match failure.passes() {
                true => (v.dice, n),
                false => (v.lasting, dependency),
            };
            let own = (*failure as u64) << 48 | key;
            dice.draw(purpose::FAIL_CLASS, own)
                .chance((share / left).min(1.0))
        })
        .map(|(failure, _)| failure)
}

/// A breaker's leave to make a call. Dropped half way, the breaker learns that nobody knows how the call ended.
struct Leave<'a> {
    sim: &'a Sim,
    way: &'a Way,
    pass: Option<Pass>,
    well: Option<bool>,
}

impl<'a> Leave<'a> {
    /// Asks the breaker, where there is one.
    fn ask(w: &'a World<'_>, v: &'a Visit<'_>, step: &Step) -> Option<Leave<'a>> {
        let way = &v.process.ways[step.dependency];
        let pass = match way.breaker.borrow_mut().as_mut() {
            Some((_, breaker)) => Some(breaker.admit(w.sim.now())?),
            None => None,
        };
        Some(Leave {
            sim: &w.sim,
            way,
            pass,
            well: None,
        })
    }

    fn ends(&mut self, well: bool) {
        self.well = Some(well);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        // A breaker that came with a deploy meanwhile has another's passes to deal with, and ignores them.
        if let (Some(pass), Some((_, breaker))) =
            (self.pass, self.way.breaker.borrow_mut().as_mut())
        {
            breaker.done(pass, self.well, self.sim.now());
        }
    }
}
