//! The calls of a request: each as soon as what it waits for is there, within the deadline of the request.

use super::call::{End, How, Limit, Spent, one};
use crate::{
    components::dag::{FanOut, Leftovers, Verdict, Walk},
    recording::{RequestRow, outcome, served_by},
    service::{join::First, journey::Visit, strays::Counted, world::World},
};
use std::rc::Rc;

/// Makes all calls. The request's times are those of the critical path: of the calls that each waited for the one before,
/// up to the one that decided.
pub(in crate::service) async fn all(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) -> u8 {
    row.served_by = served_by::DEPENDENCY;
    let spec = &v.version.spec;
    match (&spec.fan_out, spec.steps.as_slice()) {
        (_, []) => outcome::OK,
        (None, [step]) => {
            let (spent, ended) = one(w, v, step, &Limit::none()).await;
            spent.add_to(row);
            row.attempts += spent.attempts;
            match ended {
                Ok(()) => {
                    super::merge::page(w, v, &[0]);
                    outcome::OK
                }
                Err(_) if step.on_failure != crate::components::dag::OnFailure::Fail => {
                    outcome::DEGRADED
                }
                Err(how) => fail(v, how),
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
    // Those that answered, first to last, where their lists are merged.
    let mut answered = vec![];
    let verdict = loop {
        while let Some(step) = walk.start_next() {
            before[step] = path;
            let limit = &limit;
            running.push(step, async move {
                let _awaited = Counted::new(&w.strays.awaited);
                if rules.leftovers == Leftovers::Detach && w.strays.started.get() {
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
    path.add_to(row);
    row.call += (w.sim.now() - began).saturating_sub(path.total());
    row.attempts += limit.attempts();
    if matches!(verdict, Verdict::Answer { .. }) {
        super::merge::page(w, v, &answered);
    }
    match verdict {
        Verdict::Answer { whole: true } => outcome::OK,
        Verdict::Answer { whole: false } => outcome::DEGRADED,
        Verdict::Failed(Some(step)) => fail(v, failures[step]),
        Verdict::Failed(None) | Verdict::Open => fail(v, last_failure),
    }
}
