//! A replica's process: the state that dies with it. And the state that outlives it.

use super::{
    connections::Connections,
    cpu::{CoreSpec, Cores, Cpu},
    queue::Queues,
    spec::{LimiterSpec, Part, Scope, ServiceSpec},
    trending::Trending,
    version::same,
};
use crate::{
    components::{
        Registry,
        breaker::Breaker,
        cache::Cache,
        flight::{self, Answer, FlightOptions},
        limiter::{
            Level, Levels,
            store::{Emergency, Fallback, Store},
        },
        retry::Budget,
    },
    config::{At, Refusal, pick},
    sim::{
        Sim,
        hash::mix,
        sync::{FlightId, Flights, Latch, Semaphore},
    },
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// What a leader brings back to its followers. `None`: it went away, and one of them leads.
pub type Landing = Option<Answer>;

/// Keys under way.
pub struct InFlight {
    /// Who waits for whom.
    pub flights: Flights<Landing>,
    /// The flight of each key.
    pub by_key: RefCell<flight::Flights<FlightId>>,
    /// Whether its gauges are read.
    pub gauges: Cell<bool>,
}

/// The components that may live in a process or outside of all of them.
pub struct State {
    /// Rate limiter.
    pub limiter: RefCell<Option<Limiter>>,
    /// Buckets of a limiter whose limits are in a store; only what is outside of processes has any.
    pub store: RefCell<Store>,
    /// Result cache.
    pub cache: RefCell<Option<Box<dyn Cache>>>,
    /// What is asked for most.
    pub trending: RefCell<Option<Box<Trending>>>,
    /// Single-flight.
    pub in_flight: InFlight,
    /// What the components were last tuned to.
    tuned: RefCell<(Option<LimiterSpec>, Option<Part>)>,
}

/// Levels of a limiter, and the digest of their names.
pub type Limiter = (Levels, u64);

impl State {
    /// State as a service's configuration has it, of the components whose scope it is.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(
        sim: &Rc<Sim>,
        spec: &ServiceSpec,
        scope: Scope,
        registry: &Registry,
    ) -> Result<State, Refusal> {
        let state = State {
            limiter: RefCell::default(),
            store: RefCell::default(),
            cache: RefCell::default(),
            trending: RefCell::default(),
            in_flight: InFlight {
                flights: Flights::new(sim),
                by_key: RefCell::new(flight::Flights::new(FlightOptions::plain())),
                gauges: Cell::new(false),
            },
            tuned: RefCell::default(),
        };
        state.tune(spec, scope, registry, 0, false)?;
        Ok(state)
    }

    /// A deploy reaches this state: components are retuned, and keep what they hold unless `cold`.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(
        &self,
        spec: &ServiceSpec,
        scope: Scope,
        registry: &Registry,
        now: u64,
        cold: bool,
    ) -> Result<(), Refusal> {
        if let Some(flight) = spec.single_flight.as_ref().filter(|f| f.scope == scope) {
            let mut by_key = self.in_flight.by_key.borrow_mut();
            // What is under way ends by itself; cold, nobody joins it any more.
            if cold {
                by_key.clear();
            }
            by_key.retune(flight.options);
            self.in_flight.gauges.set(flight.gauges);
        }
        if let Some(new) = spec.trending.as_ref().filter(|t| t.scope == scope) {
            Trending::tune(&mut self.trending.borrow_mut(), new, registry, now, cold)?;
        }
        let tuned = &mut *self.tuned.borrow_mut();
        let own = |l: &&LimiterSpec| l.scope == scope && l.store.is_none();
        if let Some(limiter) = spec.limiter.as_ref().filter(own) {
            let mut held = self.limiter.borrow_mut();
            let mut kept = held
                .take()
                .map_or_else(Levels::default, |(levels, _)| levels);
            let mut levels = vec![];
            for level in &limiter.levels {
                let was = tuned.0.as_ref().and_then(|old| old.level(&level.name));
                let mut next = match (kept.take(&level.name), was) {
                    (Some(mut kept), Some(was)) if was.part.kind == level.part.kind && !cold => {
                        if !same(Some(&was.part.node), Some(&level.part.node)) {
                            kept.limiter.retune(&level.part.node, now)?;
                        }
                        kept
                    }
                    _ => {
                        let fresh = pick(&registry.limiters, "limiter", &level.part.node)?;
                        Level::new(&level.name, fresh)
                    }
                };
                next.soft = level.soft;
                levels.push(next);
            }
            *held = Some((Levels::new(levels, limiter.give_back), limiter.names));
            tuned.0 = Some(limiter.clone());
        }
        if let Some(cache) = spec.cache.as_ref().filter(|c| c.scope == scope) {
            let mut held = self.cache.borrow_mut();
            match (&mut *held, &tuned.1) {
                (Some(_), Some(old)) if same(Some(&old.node), Some(&cache.part.node)) && !cold => {}
                (Some(held), Some(old)) if old.kind == cache.part.kind && !cold => {
                    held.retune(&cache.part.node, now)?
                }
                _ => *held = Some(pick(&registry.caches, "cache", &cache.part.node)?),
            }
            tuned.1 = Some(cache.part.clone());
        }
        Ok(())
    }
}

/// What a process does while the store of its limits is away, where there is one.
fn fallback(spec: &ServiceSpec) -> Option<&Fallback> {
    let store = spec.limiter.as_ref()?.store.as_ref()?;
    Some(&store.options.fallback)
}

/// The cores of a replica, where they are bounded.
fn cores(spec: &ServiceSpec) -> Option<CoreSpec> {
    spec.cpu.as_ref().and_then(|cpu| cpu.cores)
}

/// A running process of a replica.
pub struct Process {
    /// Its number, from 1, over all replicas and restarts.
    pub number: u32,
    /// Replica that it runs on, from 1.
    pub replica: u16,
    /// Its own random number, drawn when it started.
    pub seed: u64,
    /// ns at which it started.
    pub started: u64,
    /// Set when it dies.
    pub died: Latch<()>,
    /// Local components.
    pub state: State,
    /// Workers, where the service has a queue.
    pub queue: Option<Queues>,
    /// Connections to each dependency; `None` is no bound.
    pub pools: Vec<Option<Semaphore>>,
    /// Size of each pool, as it is set up.
    pub pool_sizes: RefCell<Vec<u32>>,
    /// Slots that each pool has lost.
    pub lost_slots: Vec<Cell<u32>>,
    /// Connections to each dependency that lie idle.
    pub idle: Vec<Connections>,
    /// What it has used of its CPU.
    pub cpu: Cpu,
    /// Where it computes.
    pub cores: Cores,
    /// Requests in hand.
    pub in_flight: Cell<u32>,
    /// Entries of its registry of requests under way.
    pub registered: Cell<u32>,
    /// The way to each dependency.
    pub ways: Vec<Way>,
    /// What it decides by while the store of its limits is away, and what that was last tuned to.
    pub emergency: RefCell<Option<Emergency>>,
}

/// A time to come back that never comes.
pub const NEVER: u64 = u64::MAX;

/// Names of the gauges of [`Way::retries`], in their order.
pub const RETRY_GAUGES: [&str; 7] = [
    "retry.error",
    "retry.timeout",
    "retry.throttled",
    "retry.refused",
    "retry.permanent",
    "retry.programmer",
    "retry.denied",
];

/// What a process keeps of its calls to one dependency.
pub struct Way {
    /// What may still be retried.
    pub budget: RefCell<Budget>,
    /// Whether it is worth calling at all, and what it was last tuned to.
    pub breaker: RefCell<Option<(Part, Box<dyn Breaker>)>>,
    /// Retries so far, by class of failure, and those that the budget denied.
    pub retries: RefCell<[u64; 7]>,
}

impl Way {
    /// Place of denied retries in `retries`.
    pub const DENIED: usize = 6;

    fn new(spec: &ServiceSpec, dependency: usize) -> Way {
        let step = spec.steps.iter().find(|s| s.dependency == dependency);
        let burst = step.map_or(0, |s| s.options.retry.budget_burst);
        Way {
            budget: RefCell::new(Budget::new(burst)),
            breaker: RefCell::default(),
            retries: RefCell::default(),
        }
    }

    fn tune(
        &self,
        spec: &ServiceSpec,
        dependency: usize,
        registry: &Registry,
        now: u64,
        cold: bool,
    ) -> Result<(), Refusal> {
        let steps = spec.steps.iter().filter(|s| s.dependency == dependency);
        let part = steps.filter_map(|s| s.breaker.as_ref()).next();
        let held = &mut *self.breaker.borrow_mut();
        match (held.as_mut(), part) {
            (_, None) => *held = None,
            (Some((old, breaker)), Some(part)) if old.kind == part.kind && !cold => {
                if !same(Some(&old.node), Some(&part.node)) {
                    breaker.retune(&part.node, now)?;
                    *old = part.clone();
                }
            }
            (_, Some(part)) => {
                let fresh = pick(&registry.breakers, "breaker", &part.node)?;
                *held = Some((part.clone(), fresh));
            }
        }
        Ok(())
    }
}

impl Process {
    /// Starts a process.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn start(
        sim: &Rc<Sim>,
        spec: &ServiceSpec,
        registry: &Registry,
        replica: u16,
        number: u32,
        seed: u64,
    ) -> Result<Process, Refusal> {
        let queue = match &spec.queue {
            Some(q) => {
                let discipline = pick(&registry.queues, "queue", &q.part.node)?;
                Some(Queues::new(sim, discipline, q))
            }
            None => None,
        };
        let sizes: Vec<u32> = spec.dependencies.iter().map(|d| d.pool).collect();
        let own = mix(seed ^ mix(u64::from(number)));
        Ok(Process {
            number,
            replica,
            seed: own,
            started: sim.now(),
            died: Latch::new(sim),
            state: State::new(sim, spec, Scope::Local, registry)?,
            queue,
            pools: sizes
                .iter()
                .map(|&size| (size > 0).then(|| Semaphore::new(sim, size as usize)))
                .collect(),
            lost_slots: sizes.iter().map(|_| Cell::new(0)).collect(),
            pool_sizes: RefCell::new(sizes),
            idle: spec
                .dependencies
                .iter()
                .map(|_| Connections::default())
                .collect(),
            cpu: Cpu::new(own, sim.now()),
            cores: Cores::new(sim, cores(spec)),
            in_flight: Cell::new(0),
            registered: Cell::new(0),
            ways: Self::ways(spec, registry, sim.now())?,
            emergency: RefCell::new(match fallback(spec) {
                Some(options) => Some(Emergency::new(options, &At::nowhere())?),
                None => None,
            }),
        })
    }

    fn ways(spec: &ServiceSpec, registry: &Registry, now: u64) -> Result<Vec<Way>, Refusal> {
        let each = (0..spec.dependencies.len()).map(|dependency| {
            let way = Way::new(spec, dependency);
            way.tune(spec, dependency, registry, now, false)?;
            Ok(way)
        });
        each.collect()
    }

    /// A deploy without a restart reaches this process.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(
        &self,
        spec: &ServiceSpec,
        registry: &Registry,
        now: u64,
        cold: bool,
    ) -> Result<(), Refusal> {
        self.state.tune(spec, Scope::Local, registry, now, cold)?;
        if let (Some(queue), Some(q)) = (&self.queue, &spec.queue) {
            let fresh = if cold {
                Some(pick(&registry.queues, "queue", &q.part.node)?)
            } else {
                None
            };
            queue.tune(q, fresh)?;
        }
        for (dependency, way) in self.ways.iter().enumerate() {
            way.tune(spec, dependency, registry, now, cold)?;
        }
        let mut emergency = self.emergency.borrow_mut();
        match (&mut *emergency, fallback(spec)) {
            (Some(held), Some(options)) if !cold => held.retune(options)?,
            (_, Some(options)) => *emergency = Some(Emergency::new(options, &At::nowhere())?),
            (_, None) => *emergency = None,
        }
        self.cores.tune(cores(spec));
        self.resize_pools(spec);
        Ok(())
    }

    /// Gives the pools the sizes of this configuration. A pool cannot come or go without a restart.
    pub fn resize_pools(&self, spec: &ServiceSpec) {
        let mut sizes = self.pool_sizes.borrow_mut();
        for ((pool, size), dependency) in self
            .pools
            .iter()
            .zip(sizes.iter_mut())
            .zip(&spec.dependencies)
        {
            if let Some(pool) = pool
                && dependency.pool > 0
            {
                match dependency.pool.cmp(size) {
                    std::cmp::Ordering::Greater => {
                        pool.add_permits((dependency.pool - *size) as usize)
                    }
                    std::cmp::Ordering::Less => {
                        pool.remove_permits((*size - dependency.pool) as usize)
                    }
                    std::cmp::Ordering::Equal => {}
                }
                *size = dependency.pool;
            }
        }
    }
}
