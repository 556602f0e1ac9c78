//! The calls of a request: each as soon as what it waits for is there, within the deadline of the request.

use super::call::{End, How, Limit, Spent, one};
use crate::{
    components::dag::{FanOut, Leftovers, Verdict, Walk},
    recording::{RequestRow, outcome, served_by},
    service::{errand, join::First, journey::Visit, parts, strays::Counted, world::World},
};
use std::rc::Rc;

/// Makes all calls. The request's times are those of the critical path: of the calls that each waited for the one before,
/// up to the one that decided.
pub(in crate::service) async fn all(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) -> u8 {
    row.served_by = served_by::DEPENDENCY;
    v.note(row);
    let spec = &v.version.spec;
    match (&spec.fan_out, spec.steps.as_slice()) {
        (_, []) => outcome::OK,
        // What its parts are is worth a walk, even of one step.
        (rules, _) if let Some(parts) = v.parts.as_deref() => {
            let none = FanOut::default();
            let rules = rules.as_ref().unwrap_or(&none);
            let end = Box::pin(walk(w, v, row, rules)).await;
            parts::say(v, parts, row, end)
        }
        (None, [step]) if v.errand.is_none() => {
            let (spent, ended) = one(w, v, step, &Limit::none()).await;
            spent.add_to(row);
            row.attempts += spent.attempts;
            match ended {
                Ok(()) => {
                    super::merge::page(w, v, &[0]);
                    spent.output.say(row, outcome::OK)
                }
                Err(_) if step.on_failure != crate::components::dag::OnFailure::Fail => {
                    spent.output.say(row, outcome::DEGRADED)
                }
                Err(how) => spent.output.say(row, fail(v, how)),
            }
        }
        (Some(rules), _) => walk(w, v, row, rules).await,
        (None, _) => walk(w, v, row, &FanOut::default()).await,
    }
}

/// The request fails, and its client is told when to come back.
fn fail(v: &Visit<'_>, (end, come_back): How) -> u8 {
    v.retry_after.set(come_back);
    end
}

/// Makes the calls once more that have failed, or brought less than they were asked for: they alone, where that does no
/// harm. Those that succeed are no longer `missing`.
async fn make_again(
    w: &World<'_>,
    v: &Visit<'_>,
    limit: &Limit,
    missing: &mut Vec<usize>,
    deadline: u64,
) {
    let spec = &v.version.spec;
    let Some(parts) = v.parts.as_deref() else {
        return;
    };
    limit.before.set(limit.attempts());
    let work = async {
        for (i, step) in spec.steps.iter().enumerate() {
            let failed = missing.contains(&i);
            let waits = |name: &str| {
                let before = spec.steps.iter().position(|s| s.name == name);
                before.is_some_and(|before| missing.contains(&before))
            };
            let waits = step.options.after.iter().any(|(name, _)| waits(name));
            let lacks = failed || parts.borrow().lacks(step);
            if !lacks || waits || !step.options.retry.repeatable {
                continue;
            }
            let (_, end) = one(w, v, step, limit).await;
            if end.is_ok() {
                missing.retain(|m| *m != i);
            }
        }
    };
    match deadline {
        u64::MAX => work.await,
        at => w.sim.timeout_at(at, work).await.unwrap_or(()),
    }
}

async fn walk(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow, rules: &FanOut) -> u8 {
    let spec = &v.version.spec;
    let began = w.sim.now();
    // A client counts from when it sent. Without a word on fan-out, the request's own deadline is its client's affair.
    let own = if spec.fan_out.is_some() {
        row.deadline
    } else {
        0
    };
    let deadline = [own, rules.deadline.0]
        .into_iter()
        .filter(|&d| d > 0)
        .min()
        .map_or(u64::MAX, |d| row.arrived.saturating_add(d));
    let limit = Rc::new(Limit::new(rules, deadline));
    let steps = spec.steps.len();
    let mut walk = Walk::new(&spec.graph, rules);
    let mut running: First<'_, End> = First::new();
    // What was spent up to each step's start, along the path that it waited for; and up to the last end.
    let (mut before, mut path) = (vec![Spent::default(); steps], Spent::default());
    let mut failures: Vec<How> = vec![(outcome::ERROR, 0); steps];
    let mut last_failure = (outcome::ERROR, 0);
    let mut output = crate::service::output::Seen::default();
    // Those that answered, first to last, where their lists are merged.
    let mut answered = vec![];
    let verdict = loop {
        while let Some(step) = walk.start_next() {
            before[step] = path;
            let limit = &limit;
            running.push(step, async move {
                let _awaited = Counted::new(&w.strays.awaited);
                let detached = rules.leftovers == Leftovers::Detach && w.strays.started.get();
                if let Some(errand) = &v.errand {
                    return errand::call(w, v, errand, step, limit, detached).await;
                }
                if detached {
                    return w.detached(v, step, limit).await;
                }
                let _running = Counted::new(&w.strays.running);
                one(w, v, &spec.steps[step], limit).await
            });
        }
        match walk.verdict() {
            Verdict::Open => {}
            decided => break decided,
        }
        let ended = match deadline {
            u64::MAX => Some(running.next().await),
            at => w.sim.timeout_at(at, running.next()).await.ok(),
        };
        let Some((step, (spent, end))) = ended else {
            last_failure = (outcome::TIMEOUT, 0);
            failures.fill(last_failure);
            break walk.at_deadline(|step| spec.steps[step].on_failure);
        };
        path = before[step].and(&spent);
        output = output.or(spent.output);
        if let Err(how) = end {
            (failures[step], last_failure) = (how, how);
        }
        if spec.merge.is_some() && end.is_ok() {
            answered.push(step);
        }
        walk.ended(step, end.is_ok(), spec.steps[step].on_failure);
    };
    // What still runs is cancelled here, and recorded as such; what is detached loses the one who waited.
    drop(running);
    let mut verdict = verdict;
    if let Some(parts) = v.parts.as_deref() {
        let mut missing: Vec<usize> = match verdict {
            Verdict::Answer { whole: true } => vec![],
            _ => walk.missing().collect(),
        };
        let again = spec.report.as_ref().is_some_and(|r| r.retry_failed);
        if let (Verdict::Answer { whole }, true) = (verdict, again) {
            Box::pin(make_again(w, v, &limit, &mut missing, deadline)).await;
            verdict = Verdict::Answer {
                whole: whole || missing.is_empty(),
            };
        }
        let last = spec.steps.len() - 1;
        if missing.contains(&last) && matches!(verdict, Verdict::Answer { .. }) {
            row.served_by = served_by::FALLBACK;
        }
        let mut parts = parts.borrow_mut();
        parts.missing = missing.len();
        parts.there = spec.steps.len() - missing.len();
    }
    path.add_to(row);
    row.call += (w.sim.now() - began).saturating_sub(path.total());
    row.attempts += limit.attempts();
    if matches!(verdict, Verdict::Answer { .. }) {
        super::merge::page(w, v, &answered);
    }
    let end = match verdict {
        Verdict::Answer { whole: true } => outcome::OK,
        Verdict::Answer { whole: false } => outcome::DEGRADED,
        Verdict::Failed(Some(step)) => fail(v, failures[step]),
        Verdict::Failed(None) | Verdict::Open => fail(v, last_failure),
    };
    output.say(row, end)
}
