//! The pipeline as a state machine, written by hand and for speed.
//!
//! Rate limit a tenant -> key -> cache -> single flight -> 16 workers, first come first served ->
//! call with a timeout, failures and two retries with jitter -> record. A call and its timeout are
//! one event here: whichever comes first is known when the call starts.

use super::parts::{
    Buckets, CACHE_TIME, Lru, Outcome, RETRIES, Recorder, Request, Row, TIMEOUT, TTL, WORKERS,
    World,
};
use gameday::sim::timers::TimerQueue;
use hashbrown::HashTable;
use std::collections::VecDeque;

#[derive(Clone, Copy)]
enum State {
    AtCache,
    Calling { ok: bool },
    BackingOff,
}

struct Active {
    i: u32,
    state: State,
    attempt: u64,
    request: Request,
    row: Row,
    /// When the present stage began.
    since: u64,
}

struct Machine {
    timers: TimerQueue,
    active: Vec<Active>,
    free: Vec<u32>,
    busy: usize,
    queue: VecDeque<u32>,
    flights: HashTable<(u64, u32)>,
    followers: Vec<Vec<u32>>,
    cache: Lru,
    recorder: Recorder,
}

/// Runs that many requests and gives what was recorded.
pub fn run(world: &World, requests: usize) -> Recorder {
    let mut machine = Machine {
        timers: TimerQueue::new(),
        active: Vec::new(),
        free: Vec::new(),
        busy: 0,
        queue: VecDeque::new(),
        flights: HashTable::new(),
        followers: Vec::new(),
        cache: Lru::new(),
        recorder: Recorder::new(requests),
    };
    let mut buckets = Buckets::new();
    let mut arrivals = world.arrivals(requests);
    let mut next = arrivals.next();
    loop {
        let limit = next.map_or(u64::MAX, |arrival| arrival.0);
        if let Some((now, a)) = machine.timers.take_until(limit) {
            machine.event(a, now);
            continue;
        }
        let Some((now, i)) = next else { break };
        next = arrivals.next();
        let request = world.request(i);
        let row = Row::new(&request, now);
        if buckets.admit(request.tenant, now) {
            machine.start(i, request, row, now);
        } else {
            machine.recorder.put(i, &row);
        }
    }
    machine.recorder
}

impl Machine {
    fn start(&mut self, i: u32, request: Request, row: Row, now: u64) {
        let active = Active {
            i,
            state: State::AtCache,
            attempt: 0,
            request,
            row,
            since: now,
        };
        let a = match self.free.pop() {
            Some(a) => {
                self.active[a as usize] = active;
                a
            }
            None => {
                self.active.push(active);
                self.followers.push(Vec::new());
                (self.active.len() - 1) as u32
            }
        };
        self.timers.insert(now + CACHE_TIME, a);
    }

    fn event(&mut self, a: u32, now: u64) {
        let x = &mut self.active[a as usize];
        match x.state {
            State::AtCache => self.look_up(a, now),
            State::Calling { ok: true } => self.land(a, now, true),
            State::Calling { ok: false } if x.attempt < RETRIES => {
                x.state = State::BackingOff;
                let after = x.request.backoff(x.attempt);
                self.timers.insert(now + after, a);
            }
            State::Calling { ok: false } => self.land(a, now, false),
            State::BackingOff => {
                x.attempt += 1;
                self.call(a, now);
            }
        }
    }

    fn look_up(&mut self, a: u32, now: u64) {
        let x = &mut self.active[a as usize];
        x.row.stages[0] = (now - x.row.arrived) as u32;
        x.row.began = now;
        x.since = now;
        let key = x.request.key;
        if self.cache.get(key, now) {
            return self.end(a, now, Outcome::Hit);
        }
        if let Some(&(_, leader)) = self.flights.find(key, |flight| flight.0 == key) {
            self.followers[leader as usize].push(a);
            return;
        }
        self.flights.insert_unique(key, (key, a), |flight| flight.0);
        if self.busy < WORKERS {
            self.busy += 1;
            self.begin(a, now);
        } else {
            self.queue.push_back(a);
        }
    }

    fn begin(&mut self, a: u32, now: u64) {
        let x = &mut self.active[a as usize];
        x.row.stages[2] = (now - x.since) as u32;
        x.row.began = now;
        x.since = now;
        self.call(a, now);
    }

    fn call(&mut self, a: u32, now: u64) {
        let x = &mut self.active[a as usize];
        let (time, fails) = x.request.call(x.attempt);
        x.row.attempts = x.attempt as u8 + 1;
        let ok = time <= TIMEOUT && !fails;
        x.state = State::Calling { ok };
        self.timers.insert(now + time.min(TIMEOUT), a);
    }

    fn land(&mut self, a: u32, now: u64, ok: bool) {
        let x = &mut self.active[a as usize];
        x.row.stages[3] = (now - x.since) as u32;
        let key = x.request.key;
        if ok {
            self.cache.put(key, now + TTL);
        }
        if let Ok(flight) = self.flights.find_entry(key, |flight| flight.0 == key) {
            flight.remove();
        }
        self.end(a, now, if ok { Outcome::Ok } else { Outcome::Failed });
        let shared = if ok {
            Outcome::Shared
        } else {
            Outcome::SharedFailed
        };
        let mut followers = std::mem::take(&mut self.followers[a as usize]);
        for &follower in &followers {
            let x = &mut self.active[follower as usize];
            x.row.stages[1] = (now - x.since) as u32;
            self.end(follower, now, shared);
        }
        followers.clear();
        self.followers[a as usize] = followers;
        match self.queue.pop_front() {
            Some(next) => self.begin(next, now),
            None => self.busy -= 1,
        }
    }

    fn end(&mut self, a: u32, now: u64, outcome: Outcome) {
        let x = &mut self.active[a as usize];
        x.row.ended = now;
        x.row.outcome = outcome;
        self.recorder.put(x.i, &x.row);
        self.free.push(a);
    }
}
