//! Servers with a queue in front of them: waiting and being served in one future.

use super::super::timers::TimerId;
use super::super::wakes::{NOBODY, WakeRef};
use super::super::{Nanos, Sim};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A number of servers and one first-come-first-served queue (G/G/c).
///
/// Who finishes starts the timer of the next in line itself, so that a job is polled twice however
/// long it queues. Use it where the held work is a plain duration, and a
/// [`Semaphore`](super::Semaphore) where something else is awaited under the permit.
/// A server is free again when its job's future has seen the end (or was dropped).
pub struct Station {
    sim: Rc<Sim>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    servers: usize,
    busy: usize,
    jobs: Vec<Job>,
    free: Vec<u32>,
    queue: VecDeque<u32>,
    gone: usize,
}

#[derive(Clone, Copy)]
struct Job {
    /// [`NOBODY`]: has left the queue, and is freed when it reaches an end of it.
    whom: WakeRef,
    /// `None` while it waits.
    timer: Option<TimerId>,
    duration: Nanos,
    began: Nanos,
}

impl Station {
    /// A station with `servers` idle servers.
    pub fn new(sim: &Rc<Sim>, servers: usize) -> Station {
        Station {
            sim: sim.clone(),
            state: RefCell::new(State {
                servers,
                ..State::default()
            }),
        }
    }

    /// Waits for a server and then for `duration` ns on it. Resolves, at the end of service, to the
    /// instant at which service began. The place in the queue is taken at the first poll. Dropping
    /// the future leaves the queue, or frees the server at once.
    #[inline(always)]
    pub fn serve(&self, duration: Nanos) -> Serve<'_> {
        Serve {
            station: self,
            duration,
            stage: Stage::New,
        }
    }

    /// Changes the number of servers. New ones take jobs at once; when there are fewer, those busy
    /// beyond the number finish their jobs and take no more.
    pub fn resize(&self, servers: usize) {
        let mut state = self.state.borrow_mut();
        state.servers = servers;
        while state.busy < servers && self.start_next(&mut state) {}
    }

    /// The number of servers.
    pub fn servers(&self) -> usize {
        self.state.borrow().servers
    }

    /// Jobs in service.
    pub fn busy(&self) -> usize {
        self.state.borrow().busy
    }

    /// Jobs that wait.
    pub fn waiting(&self) -> usize {
        let state = self.state.borrow();
        state.queue.len() - state.gone
    }

    /// A server goes idle: on to the next job, if it is to work on at all.
    #[inline(always)]
    fn finish(&self, state: &mut State) {
        state.busy -= 1;
        if state.busy < state.servers {
            self.start_next(state);
        }
    }

    #[inline(always)]
    fn start_next(&self, state: &mut State) -> bool {
        while let Some(id) = state.queue.pop_front() {
            let job = &mut state.jobs[id as usize];
            if job.whom != NOBODY {
                self.start(job);
                state.busy += 1;
                return true;
            }
            state.free.push(id);
            state.gone -= 1;
        }
        false
    }

    #[inline(always)]
    fn start(&self, job: &mut Job) {
        job.began = self.sim.now();
        let end = job.began.saturating_add(job.duration);
        job.timer = Some(self.sim.timers.borrow_mut().insert(end, job.whom));
    }
}

impl State {
    #[inline(always)]
    fn add(&mut self, job: Job) -> u32 {
        match self.free.pop() {
            Some(id) => {
                self.jobs[id as usize] = job;
                id
            }
            None => {
                self.jobs.push(job);
                (self.jobs.len() - 1) as u32
            }
        }
    }

    /// A waiting job leaves. Those gone go at once from either end of the queue.
    fn leave(&mut self, id: u32) -> WakeRef {
        let whom = std::mem::replace(&mut self.jobs[id as usize].whom, NOBODY);
        self.gone += 1;
        while let Some(&last) = self.queue.back()
            && self.jobs[last as usize].whom == NOBODY
        {
            self.queue.pop_back();
            self.free.push(last);
            self.gone -= 1;
        }
        while let Some(&first) = self.queue.front()
            && self.jobs[first as usize].whom == NOBODY
        {
            self.queue.pop_front();
            self.free.push(first);
            self.gone -= 1;
        }
        whom
    }
}

#[derive(Clone, Copy)]
enum Stage {
    New,
    In(u32),
    Over(Nanos),
}

/// Future of [`Station::serve`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Serve<'s> {
    station: &'s Station,
    duration: Nanos,
    stage: Stage,
}

impl Future for Serve<'_> {
    type Output = Nanos;
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Nanos> {
        let (station, sim) = (self.station, &*self.station.sim);
        let id = match self.stage {
            Stage::New => {
                let mut job = Job {
                    whom: sim.wake_ref(cx),
                    timer: None,
                    duration: self.duration,
                    began: 0,
                };
                let state = &mut *station.state.borrow_mut();
                let idle = state.busy < state.servers;
                if idle {
                    station.start(&mut job);
                    state.busy += 1;
                }
                let id = state.add(job);
                if !idle {
                    state.queue.push_back(id);
                }
                self.stage = Stage::In(id);
                return Poll::Pending;
            }
            Stage::In(id) => id,
            Stage::Over(began) => return Poll::Ready(began),
        };
        let state = &mut *station.state.borrow_mut();
        let job = state.jobs[id as usize];
        if let Some(timer) = job.timer {
            let mut timers = sim.timers.borrow_mut();
            if timers.fired(timer) {
                timers.release(timer);
                drop(timers);
                state.free.push(id);
                self.stage = Stage::Over(job.began);
                station.finish(state);
                return Poll::Ready(job.began);
            }
        }
        if sim.is_stale(job.whom, cx) {
            sim.forget(job.whom);
            let whom = sim.wake_ref(cx);
            state.jobs[id as usize].whom = whom;
            if let Some(timer) = job.timer {
                sim.timers.borrow_mut().set_tag(timer, whom);
            }
        }
        Poll::Pending
    }
}

impl Drop for Serve<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let Stage::In(id) = self.stage else { return };
        let station = self.station;
        let mut state = station.state.borrow_mut();
        match state.jobs[id as usize].timer {
            None => {
                let whom = state.leave(id);
                drop(state);
                station.sim.forget(whom);
            }
            Some(timer) => {
                station.sim.release_timer(timer);
                state.free.push(id);
                station.finish(&mut state);
            }
        }
    }
}
