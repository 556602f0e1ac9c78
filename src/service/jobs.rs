//! Writes that are due later: jobs. Who asks for one is answered when it is taken ("accepted"), and the job waits in the
//! memory of a process until it is due.
//!
//! Its queue knows nothing of due times. It counts from when it handed the job out, takes who keeps it longer than the
//! visibility time-out for lost, and hands out another copy, to any process, for as long as none has been written. Each
//! copy waits for the same instant, and dies with its process. Source: celery/celery#2481.

use super::{
    deaths::while_alive,
    join::First,
    journey::Visit,
    process::Process,
    purpose,
    spec::WriteSpec,
    stages::{compute, write},
    strays::Order,
    world::World,
};
use crate::{recording::outcome, sim::dice::Dice, trace::Request};
use std::{cell::Cell, rc::Rc};

/// Copies of a job that its queue hands out at most, and then sets it aside: a job that kills whoever works on it is not
/// handed out for ever.
pub(super) const MOST_COPIES: u64 = 100;

/// How long a queue waits that finds no process up to hand a copy to, ns.
const NOBODY_UP: u64 = 1_000_000_000;

/// A write that was taken.
pub(super) struct Job {
    request: Request,
    dice: Dice,
    /// Of the try that brought it.
    number: u64,
    background: bool,
    /// Which try of the client brought it.
    client: u8,
    version_index: usize,
    process: Rc<Process>,
    /// ns.
    due: u64,
    /// It came to its process twice.
    twice: bool,
}

/// Takes a write that is due so long from now.
pub(super) fn take(w: &World<'_>, v: &Visit<'_>, client: u8, spec: &WriteSpec) {
    let Some(delay) = &spec.options.delay else {
        return;
    };
    let mut draw = v.dice.draw(purpose::WRITE_DELAY, u64::from(client));
    let delay = delay.sample(compute::size(v), &mut draw);
    let job = Job {
        request: v.request.clone(),
        dice: v.dice,
        number: v.number,
        background: v.background,
        client,
        version_index: v.version_index,
        process: v.process.clone(),
        due: w.sim.now().saturating_add(delay),
        twice: write::comes_twice(v, spec),
    };
    w.writes.borrow_mut().taken(v.request.op);
    w.strays.order(Order::Job(Box::new(job)));
}

impl World<'_> {
    /// Hands a job out until it is written, and lets each copy of it come to its end.
    pub(super) async fn run_job(&self, job: Job) {
        let mut copies = First::new();
        copies.push(0, self.copy(&job, job.process.clone(), 0));
        if job.twice {
            copies.push(1, self.copy(&job, job.process.clone(), 1));
        }
        let mut handed = self.sim.now();
        let mut again = self.visible(handed);
        let mut next = 2;
        loop {
            if copies.is_empty() && again == u64::MAX {
                // Whoever had it is dead or has failed, and the queue asks nobody else.
                break;
            }
            let ended = match again {
                u64::MAX => Ok(copies.next().await),
                at => self.sim.timeout_at(at, copies.next()).await,
            };
            match ended {
                Ok((_, Some(outcome::OK))) => break,
                Ok(_) => continue,
                Err(_) => {}
            }
            // As it is by now: a deploy may have made it longer.
            let visible = self.visible(handed);
            if visible > self.sim.now() {
                again = visible;
                continue;
            }
            let n = u64::from(job.client) << 32 | next;
            let draw = job.dice.draw(purpose::REDELIVER, n);
            let Some(process) = self.balance_by(&job.request, draw) else {
                if self.sim.now() > self.strays.until.get() {
                    break;
                }
                again = self.sim.now().saturating_add(NOBODY_UP);
                continue;
            };
            self.writes.borrow_mut().redelivered();
            copies.push(next as usize, self.copy(&job, process, next));
            handed = self.sim.now();
            next += 1;
            again = match next {
                MOST_COPIES.. => u64::MAX,
                _ => self.visible(handed),
            };
        }
        self.writes.borrow_mut().over();
        while !copies.is_empty() {
            copies.next().await;
        }
    }

    /// Until when the queue leaves a job alone that it handed out then, ns; `u64::MAX`: for ever.
    fn visible(&self, handed: u64) -> u64 {
        let write = self.newest().spec.write.as_ref();
        match write.map_or(0, |w| w.options.visibility.0) {
            0 => u64::MAX,
            visibility => handed.saturating_add(visibility),
        }
    }

    /// A copy in the memory of a process: how writing it ended, or `None` where its process died first.
    async fn copy(&self, job: &Job, process: Rc<Process>, copy: u64) -> Option<u8> {
        let work = async {
            self.sim.sleep_until(job.due).await;
            // By what is deployed there when it is due; where nothing is written any more, by what took it.
            let now = self.version_for(&job.request, process.replica);
            let writes = |index: usize| Some((index, self.versions[index].spec.write.as_ref()?));
            let Some((index, spec)) = writes(now).or_else(|| writes(job.version_index)) else {
                return outcome::ERROR;
            };
            let visit = Visit {
                request: &job.request,
                version: &self.versions[index],
                version_index: index,
                process: process.clone(),
                dice: job.dice,
                lasting: self.dice(job.request.op),
                number: job.number,
                background: job.background,
                spoilt: Cell::new(false),
                retry_after: Cell::new(0),
                parts: None,
                errand: None,
            };
            write::copy(self, &visit, job.client, spec, copy).await
        };
        while_alive(self, &process, work).await
    }
}
