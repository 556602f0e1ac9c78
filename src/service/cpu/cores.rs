//! The cores of a replica: whoever computes waits for one, first come, first served, and keeps it to the end of the work.
//!
//! Threads of one process under a global interpreter lock wait for that lock first; who computes under a lock of the
//! service's own waits for it before all else. What has begun to compute runs to its end, whether or not its client is
//! still there: only who waits can be called off.

use super::{quota, rationed};
use crate::{
    recording::RequestRow,
    service::{journey::Visit, world::World},
    sim::{
        Sim,
        sync::{Permit, Semaphore},
    },
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Cores, and who may compute on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreSpec {
    /// Cores.
    pub cores: u32,
    /// Threads of each process.
    pub threads: u32,
    /// Processes.
    pub processes: u32,
    /// Whether one thread of a process computes at a time.
    pub gil: bool,
}

/// So many may hold a lock that there is not.
const ALL: usize = 1 << 40;

impl CoreSpec {
    /// How many may be on a core at once.
    fn on_cores(&self) -> usize {
        let threads = u64::from(self.threads) * u64::from(self.processes);
        threads.min(self.cores.into()) as usize
    }

    /// How many may hold the interpreter lock of their process at once.
    fn interpreters(&self) -> usize {
        match self.gil {
            true => self.processes as usize,
            false => ALL,
        }
    }
}

/// What a piece of work costs: ns by number of the account that it is booked under.
pub(in crate::service) type Bill = Rc<[(u32, u64)]>;

/// A semaphore, and how many permits there are to it.
struct Sized {
    semaphore: Rc<Semaphore>,
    size: Cell<usize>,
}

impl Sized {
    fn new(sim: &Rc<Sim>, size: usize) -> Sized {
        Sized {
            semaphore: Rc::new(Semaphore::new(sim, size)),
            size: Cell::new(size),
        }
    }

    fn resize(&self, size: usize) {
        let old = self.size.replace(size);
        if size > old {
            self.semaphore.add_permits(size - old);
        } else {
            self.semaphore.remove_permits(old - size);
        }
    }
}

/// What was computed, by account.
struct Books {
    sim: Rc<Sim>,
    spent: RefCell<Vec<u64>>,
    /// Cores that are held, since when, and ns that they were in all, since gauges were read.
    held: Cell<u64>,
    since: Cell<u64>,
    busy: Cell<u64>,
}

impl Books {
    fn hold(&self, change: i64) {
        let now = self.sim.now();
        let passed = now - self.since.replace(now);
        self.busy.set(self.busy.get() + passed * self.held.get());
        self.held.set(self.held.get().saturating_add_signed(change));
    }

    fn book(&self, bill: &Bill) {
        let spent = &mut *self.spent.borrow_mut();
        for &(account, time) in bill.iter() {
            let account = account as usize;
            if spent.len() <= account {
                spent.resize(account + 1, 0);
            }
            spent[account] += time;
        }
    }
}

/// The cores of a replica's process group, and its locks.
pub(in crate::service) struct Cores {
    sim: Rc<Sim>,
    spec: Cell<Option<CoreSpec>>,
    cores: Sized,
    interpreters: Sized,
    /// Those of the service's own, by name; each process has its own of each.
    locks: RefCell<Vec<(String, Sized)>>,
    books: Rc<Books>,
    /// When gauges were read.
    read: Cell<u64>,
}

impl Cores {
    /// As a version has them.
    pub fn new(sim: &Rc<Sim>, spec: Option<CoreSpec>) -> Cores {
        Cores {
            sim: sim.clone(),
            spec: Cell::new(spec),
            cores: Sized::new(sim, spec.map_or(ALL, |s| s.on_cores())),
            interpreters: Sized::new(sim, spec.map_or(ALL, |s| s.interpreters())),
            locks: RefCell::default(),
            books: Rc::new(Books {
                sim: sim.clone(),
                spent: RefCell::default(),
                held: Cell::new(0),
                since: Cell::new(sim.now()),
                busy: Cell::new(0),
            }),
            read: Cell::new(sim.now()),
        }
    }

    /// A change: who computes goes on; who waits may find more room, or less.
    pub fn tune(&self, spec: Option<CoreSpec>) {
        if self.spec.replace(spec) == spec {
            return;
        }
        self.cores.resize(spec.map_or(ALL, |s| s.on_cores()));
        self.interpreters
            .resize(spec.map_or(ALL, |s| s.interpreters()));
        for (_, lock) in self.locks.borrow().iter() {
            lock.resize(self.processes());
        }
    }

    fn processes(&self) -> usize {
        self.spec.get().map_or(1, |s| s.processes as usize)
    }

    fn lock(&self, name: &str) -> Rc<Semaphore> {
        let mut locks = self.locks.borrow_mut();
        if let Some((_, lock)) = locks.iter().find(|(known, _)| known == name) {
            return lock.semaphore.clone();
        }
        let lock = Sized::new(&self.sim, self.processes());
        let semaphore = lock.semaphore.clone();
        locks.push((name.into(), lock));
        semaphore
    }

    /// ns by account since the last reading; then cores in use in the mean, the share of all that is, where they are
    /// bounded, and who waits for a core or for the interpreter.
    pub fn read(&self) -> (Vec<u64>, Option<Use>) {
        let now = self.sim.now();
        self.books.hold(0);
        let busy = self.books.busy.replace(0) as f64;
        let spent = self.books.spent.take();
        let since = now - self.read.replace(now);
        let of = self.spec.get().filter(|_| since > 0);
        let used = of.map(|spec| Use {
            cores: busy / since as f64,
            share: busy / since as f64 / f64::from(spec.cores),
            waiting: self.cores.semaphore.waiting() + self.interpreters.semaphore.waiting(),
        });
        (spent, used)
    }
}

/// How much a replica computed between two readings.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Use {
    /// Cores held in the mean.
    pub cores: f64,
    /// The share of all cores that this is.
    pub share: f64,
    /// Requests that wait for a core, or for the interpreter, now.
    pub waiting: usize,
}

/// Adds the time that passes as long as it lives.
struct Clocked<'a> {
    sim: &'a Sim,
    into: &'a mut u64,
    since: u64,
}

impl<'a> Clocked<'a> {
    fn new(sim: &'a Sim, into: &'a mut u64) -> Clocked<'a> {
        let since = sim.now();
        Clocked { sim, into, since }
    }
}

impl Drop for Clocked<'_> {
    fn drop(&mut self) {
        *self.into += self.sim.now() - self.since;
    }
}

/// Work on a core. Dropped before its end, it goes on by itself.
struct Running {
    permits: Vec<Permit<Rc<Semaphore>>>,
    books: Rc<Books>,
    bill: Bill,
    /// When it ends if nothing holds it up from now on, ns.
    until: Cell<u64>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let (sim, until) = (self.books.sim.clone(), self.until.get());
        let (permits, books) = (std::mem::take(&mut self.permits), self.books.clone());
        let bill = self.bill.clone();
        let end = move || {
            books.book(&bill);
            books.hold(-1);
            drop(permits);
        };
        if until <= sim.now() {
            return end();
        }
        let clock = sim.clone();
        let rest = async move {
            clock.sleep_until(until).await;
            end();
        };
        sim.spawn(rest).detach();
    }
}

/// Computes what the bill says, on a core of the replica and under the lock of this name, where there is one.
pub(in crate::service) async fn compute(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
    bill: Bill,
    lock: Option<&str>,
) {
    let cores = &v.process.cores;
    let time = bill.iter().map(|(_, time)| time).sum::<u64>();
    let mut permits = vec![];
    {
        let _waits = Clocked::new(&w.sim, &mut row.lock_wait);
        if let Some(name) = lock {
            permits.push(cores.lock(name).acquire_owned().await);
        }
        permits.push(cores.interpreters.semaphore.acquire_owned().await);
    }
    {
        let _waits = Clocked::new(&w.sim, &mut row.core_wait);
        permits.push(cores.cores.semaphore.acquire_owned().await);
    }
    let _computes = Clocked::new(&w.sim, &mut row.compute);
    row.cpu += time;
    v.process.cpu.ran(time);
    cores.books.hold(1);
    let running = Running {
        permits,
        books: cores.books.clone(),
        bill,
        until: Cell::new(w.sim.now().saturating_add(time)),
    };
    match quota(w, v) {
        None => w.sim.sleep(time).await,
        Some(_) => {
            rationed(w, v, time, &running.until).await;
            running.until.set(w.sim.now());
        }
    }
    drop(running);
    super::stand_still(w, v).await;
}
