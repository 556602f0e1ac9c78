//! Regions: replicas of one service that stand in several places, each place with its own.
//!
//! A request goes to a replica of its own region and to no other, however many of them are down; one whose region is not
//! named here goes to anybody. What starts read is one table for each region; what is durable (dependencies of requests, shared
//! caches and limits) is one for all. Replicas are numbered region by region, in the order of the file.

use super::{
    dependencies::Dependency,
    process::NEVER,
    spec::{ServiceSpec, WriteSpec},
    world::World,
};
use crate::{
    components::{
        Registry,
        balancer::{Balancer, Candidate},
    },
    config::{Count, Entry, Node, Read, Refusal, Value, pick},
    sim::Sim,
    trace::{Request, Tags},
};
use std::{cell::Cell, cell::RefCell, ops::Range, rc::Rc};

/// The most replicas that a service has.
pub(super) const MOST: u64 = 1000;

/// Regions and how many replicas each has, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionsSpec(pub Vec<(String, u32)>);

impl Read for RegionsSpec {
    const WHAT: &'static str = "regions with replicas, such as { small = 4, large = 40 }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let Value::Table(table) = &node.value else {
            return Err(node.wrong(Self::WHAT));
        };
        if table.is_empty() {
            return Err(node.wrong(Self::WHAT));
        }
        let one = |(name, entry): (&String, &Entry)| {
            if name.is_empty() {
                return Err(Refusal::at(&entry.key, "a region without a name")
                    .help("requests whose region is not named go to anybody as it is"));
            }
            match Count::read(&entry.node)?.0 {
                n @ 1..=MOST => Ok((name.clone(), n as u32)),
                n => Err(
                    Refusal::at(&entry.node.at, format!("{n} replicas in region {name}"))
                        .help(format!("from 1 to {MOST}")),
                ),
            }
        };
        table
            .iter()
            .map(one)
            .collect::<Result<_, _>>()
            .map(RegionsSpec)
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "minProperties": 1, "additionalProperties": { "type": "integer", "minimum": 1, "maximum": MOST } })
    }
}

impl RegionsSpec {
    /// Replicas of all regions together.
    pub fn replicas(&self) -> u64 {
        self.0.iter().map(|(_, n)| u64::from(*n)).sum()
    }

    /// Replicas of the smallest region.
    pub fn smallest(&self) -> u32 {
        self.0.iter().map(|(_, n)| *n).min().unwrap_or(0)
    }

    /// Indices of the replicas of each region.
    fn ranges(&self) -> Vec<Range<usize>> {
        let mut next = 0;
        let range = |(_, n): &(String, u32)| {
            let from = next;
            next += *n as usize;
            from..next
        };
        self.0.iter().map(range).collect()
    }
}

/// How many replicas a service has: as it says, or those of its regions together.
///
/// # Errors
/// Numbers that contradict each other, and regions whose replicas come and go.
pub(super) fn replicas(
    service: &Node,
    said: u32,
    regions: Option<&RegionsSpec>,
) -> Result<u32, Refusal> {
    let at = |name: &str| service.get(name).unwrap_or(service);
    let Some(regions) = regions else {
        if !(1..=MOST as u32).contains(&said) {
            return Err(Refusal::at(&at("replicas").at, format!("{said} replicas"))
                .help(format!("from 1 to {MOST}")));
        }
        return Ok(said);
    };
    let all = regions.replicas();
    if all > MOST {
        return Err(
            Refusal::at(&at("regions").at, format!("{all} replicas in all regions"))
                .help(format!("from 1 to {MOST}")),
        );
    }
    if let Some(node) = service.get("autoscaler") {
        return Err(
            Refusal::at(&node.at, "an autoscaler of a service with regions")
                .help("it would not know where to start a replica: a service has an autoscaler, or regions"),
        );
    }
    if let Some(node) = service.get("replicas").filter(|_| u64::from(said) != all) {
        return Err(Refusal::at(
            &node.at,
            format!("{said} replicas, and {all} in all regions"),
        )
        .help("leave `replicas` out: it is the sum of the regions"));
    }
    Ok(all as u32)
}

/// Refuses requests at what is one for each region.
///
/// # Errors
/// At the dependency that starts read, where anything else calls it.
pub(super) fn check_tables(spec: &ServiceSpec) -> Result<(), Refusal> {
    let reads = spec.start.as_ref().and_then(|start| start.reads);
    let (Some(_), Some(table)) = (&spec.regions, reads) else {
        return Ok(());
    };
    let by_steps = spec.steps.iter().any(|s| s.dependency == table);
    let writes = |w: &WriteSpec| w.dependency == table || w.then == Some(table);
    let by_write = spec.write.as_ref().is_some_and(writes);
    let limiter = spec.limiter.as_ref().and_then(|l| l.store.as_ref());
    if by_steps || by_write || limiter.is_some_and(|s| s.dependency == table) {
        let named = spec.start.as_ref().and_then(|s| s.options.reads.as_ref());
        let place = named.map_or(&spec.tree.at, |(_, at)| at);
        return Err(Refusal::at(
            place,
            "requests call what starts read, and that is one table for each region",
        )
        .help("give starts a dependency of their own"));
    }
    Ok(())
}

/// A region while a run goes on.
struct Region {
    /// Its name.
    name: String,
    /// The number of its name among those of the trace.
    number: u32,
    /// Indices of its replicas.
    replicas: Range<usize>,
    /// What its starts read, by index of the dependency.
    tables: Vec<(usize, Dependency)>,
}

/// Where replicas are while a run goes on, and who picks one of them.
pub(super) struct Regions {
    regions: Vec<Region>,
    /// One for each region, and one for requests that may go anywhere.
    balancers: RefCell<Vec<Box<dyn Balancer>>>,
    /// Whether it is recorded already where each replica is.
    told: Cell<bool>,
}

impl Regions {
    /// The regions of a service; `specs` are all versions of it, `number` gives those of dependencies.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new<'s>(
        sim: &Rc<Sim>,
        first: &ServiceSpec,
        specs: impl Iterator<Item = &'s ServiceSpec> + Clone,
        tags: &RefCell<Tags>,
        registry: &Registry,
        number: impl Fn(&str) -> u16,
    ) -> Result<Regions, Refusal> {
        let of = first
            .regions
            .iter()
            .flat_map(|r| r.0.iter().zip(r.ranges()));
        let mut read: Vec<usize> = specs
            .filter_map(|spec| spec.start.as_ref()?.reads)
            .collect();
        read.sort_unstable();
        read.dedup();
        let region = |((name, _), replicas): (&(String, u32), Range<usize>)| {
            let table = |index: &usize| {
                let spec = &first.dependencies[*index];
                Dependency::new(sim, spec, number(&spec.name)).map(|table| (*index, table))
            };
            Ok(Region {
                name: name.clone(),
                number: tags.borrow_mut().region.number(name),
                replicas,
                tables: read.iter().map(table).collect::<Result<_, _>>()?,
            })
        };
        let regions = of.map(region).collect::<Result<Vec<_>, Refusal>>()?;
        let balancer = |_| pick(&registry.balancers, "balancer", &first.balancer.node);
        let balancers = (0..=regions.len())
            .map(balancer)
            .collect::<Result<_, _>>()?;
        Ok(Regions {
            regions,
            balancers: RefCell::new(balancers),
            told: Cell::new(false),
        })
    }

    /// The region that alone serves this request; `None`: anybody may.
    #[inline]
    pub fn home(&self, request: &Request) -> Option<usize> {
        // Few: a service in ten places is a large one.
        self.regions.iter().position(|r| r.number == request.region)
    }

    /// Whether a replica, by index, may serve a request of this home.
    #[inline]
    pub fn serves(&self, home: Option<usize>, replica: usize) -> bool {
        home.is_none_or(|home| self.regions[home].replicas.contains(&replica))
    }

    /// As [`Balancer::pick`], in turn with the others of this home.
    pub fn pick(
        &self,
        home: Option<usize>,
        candidates: &[Candidate],
        dice: u64,
        affinity: &dyn Fn() -> u64,
    ) -> usize {
        let balancers = &mut *self.balancers.borrow_mut();
        balancers[home.unwrap_or(self.regions.len())].pick(candidates, dice, affinity)
    }

    /// Replicas, by index, that stand in for a replica: those of its region, of `all` where there are none.
    pub fn around(&self, replica: usize, all: usize) -> Range<usize> {
        let here = self.regions.iter().find(|r| r.replicas.contains(&replica));
        here.map_or(0..all, |region| region.replicas.clone())
    }

    /// What a start of a replica, by index, reads in its region; `None`: there are no regions.
    pub fn table(&self, replica: usize, dependency: usize) -> Option<&Dependency> {
        let here = self
            .regions
            .iter()
            .find(|r| r.replicas.contains(&replica))?;
        let found = here.tables.iter().find(|(index, _)| *index == dependency);
        found.map(|(_, table)| table)
    }

    /// Tables become those of another version.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(&self, spec: &ServiceSpec) -> Result<(), Refusal> {
        for (index, table) in self.regions.iter().flat_map(|r| &r.tables) {
            table.tune(&spec.dependencies[*index])?;
        }
        Ok(())
    }

    /// Names, replicas and values of its gauges: who is up and who is starting in each region, and once the region of each
    /// replica, by the number of its name. `starting` is whether a replica, by index, is on its way, where anybody asks.
    pub fn gauges(
        &self,
        up: impl Fn(usize) -> bool,
        starting: Option<&dyn Fn(usize) -> bool>,
        put: &mut dyn FnMut(String, u16, f64),
    ) {
        for region in &self.regions {
            let count = |is: &dyn Fn(usize) -> bool| {
                region
                    .replicas
                    .clone()
                    .filter(|replica| is(*replica))
                    .count() as f64
            };
            put(format!("region.up.{}", region.name), 0, count(&up));
            if let Some(starting) = starting {
                put(
                    format!("region.starting.{}", region.name),
                    0,
                    count(starting),
                );
            }
            if !self.told.get() {
                for replica in region.replicas.clone() {
                    put(
                        "replica.region".into(),
                        replica as u16 + 1,
                        f64::from(region.number),
                    );
                }
            }
        }
        self.told.set(true);
    }
}

impl World<'_> {
    /// Names, replicas and values of the gauges of regions.
    pub(super) fn look_at_regions(&self, put: &mut dyn FnMut(String, u16, f64)) {
        let Some(regions) = &self.regions else { return };
        let (now, down_until) = (self.sim.now(), self.down_until.borrow());
        let up = |replica: usize| down_until[replica] <= now;
        let starting = |replica: usize| !up(replica) && down_until[replica] != NEVER;
        let starts = self.newest().spec.start.is_some();
        let starting = starts.then_some(&starting as &dyn Fn(usize) -> bool);
        regions.gauges(up, starting, put);
    }
}
