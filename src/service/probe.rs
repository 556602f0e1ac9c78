//! Health probes: the load balancer asks each replica for a page now and then, and takes out of service who does not
//! answer in time.
//!
//! A probe is a request of its own through the replica, and costs what its page costs: where that page is slow, replicas
//! leave one after the other while they serve all others well.

use super::{client, world::World};
use crate::{
    config::{Node, Read, Refusal, Span},
    recording::outcome,
    service::world::named,
    sim::dice::Dice,
    trace::{Payload, Request},
};
use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

crate::options! {
    /// Health probes of the load balancer.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ProbeOptions {
        /// The page that is asked for.
        route: String,
        /// How often each replica is asked.
        every: Span = Span(5_000_000_000), "5s";
        /// How long an answer is waited for.
        timeout: Span = Span(2_000_000_000), "2s";
        /// Misses in a row after which a replica is taken out of service.
        misses: u32 = 2, "2";
        /// Good answers in a row after which it comes back.
        rises: u32 = 2, "2";
        /// So many replicas, of each region where there are any, stay in service whatever they answer: when most of them fail, it is the probe that is wrong.
        keep_last: u32 = 0, "none";
    }
}

impl ProbeOptions {
    /// Reads and checks.
    ///
    /// # Errors
    /// Times and counts that make no probe.
    pub fn checked(node: &Node, replicas: u32, scales: bool) -> Result<ProbeOptions, Refusal> {
        let options = ProbeOptions::read(node)?;
        let at = |name: &str| node.get(name).unwrap_or(node);
        if scales {
            return Err(Refusal::at(&node.at, "probes of replicas that come and go")
                .help("a service has an autoscaler, or probes"));
        }
        if options.every.0 < 100_000_000 {
            return Err(at("every").wrong("100ms or more"));
        }
        if options.timeout.0 == 0 || options.timeout.0 > options.every.0 {
            return Err(at("timeout").wrong("a time up to that between two probes"));
        }
        for (name, n) in [("misses", options.misses), ("rises", options.rises)] {
            if n == 0 {
                return Err(at(name).wrong("1 or more"));
            }
        }
        if options.keep_last > replicas {
            return Err(at("keep_last").wrong(&format!("up to the {replicas} replicas there are")));
        }
        Ok(options)
    }
}

/// What probes said of a replica.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    /// It gets no requests.
    out: bool,
    /// Misses in a row while it is in service, good answers in a row while it is not.
    row: u32,
}

/// What the load balancer knows of the health of replicas.
#[derive(Default)]
pub(super) struct Probes {
    health: RefCell<Vec<Health>>,
    asked: Cell<u64>,
    /// The stored item that each route showed last.
    shown: RefCell<Vec<(u32, u32)>>,
}

impl Probes {
    /// Whether a replica, by index, gets requests as far as its probes go.
    #[inline]
    pub fn lets_in(&self, replica: usize) -> bool {
        self.health.borrow().get(replica).is_none_or(|h| !h.out)
    }

    /// A request is shown the item of its route.
    #[inline]
    pub fn note_item(&self, request: &Request) {
        if request.item == 0 {
            return;
        }
        let shown = &mut *self.shown.borrow_mut();
        match shown.iter_mut().find(|(route, _)| *route == request.route) {
            Some((_, item)) => *item = request.item,
            None => shown.push((request.route, request.item)),
        }
    }

    fn item(&self, route: u32) -> u32 {
        let shown = self.shown.borrow();
        let found = shown.iter().find(|(known, _)| *known == route);
        found.map_or(0, |(_, item)| *item)
    }
}

/// How often a service without probes is looked at for them, ns: they may come with a deploy.
const IDLE: u64 = 1_000_000_000;
/// Numbers of probes among those of operations start here.
const PROBE: u64 = 1 << 63;

impl World<'_> {
    /// Probes a replica, by index, now and then until `until`. Replicas are not probed at one instant.
    pub(super) async fn probe(&self, replica: usize, until: u64) {
        let all = self.versions[0].spec.replicas.max(1);
        let every = |w: &Self| w.newest().spec.probe.as_ref().map_or(IDLE, |p| p.every.0);
        self.sim
            .sleep(every(self) * (replica as u64 + 1) / u64::from(all))
            .await;
        loop {
            let began = self.sim.now();
            if let Some(options) = &self.newest().spec.probe {
                self.ask(replica, options).await;
            }
            let next = began + every(self);
            if next > until {
                return;
            }
            self.sim.sleep(next.saturating_sub(self.sim.now())).await;
        }
    }

    /// One probe, and what follows from it.
    async fn ask(&self, replica: usize, options: &ProbeOptions) {
        if self.down_until.borrow()[replica] > self.sim.now() {
            return;
        }
        let answered = self.answers_probe(replica, options).await;
        let mut health = self.probes.health.borrow_mut();
        let before = health.len().max(replica + 1);
        health.resize(before, Health::default());
        let out = health[replica].out;
        if answered == out {
            health[replica].row += 1;
        } else {
            health[replica].row = 0;
        }
        let enough = if out { options.rises } else { options.misses };
        if health[replica].row < enough {
            return;
        }
        let all = self.processes.borrow().len();
        let around = match &self.regions {
            Some(regions) => regions.around(replica, all),
            None => 0..all,
        };
        let up = self.up(&health, around);
        if !out && up <= options.keep_last as usize {
            return;
        }
        health[replica] = Health { out: !out, row: 0 };
        let event = named(
            &self.names,
            "event",
            if out { "healthy" } else { "unhealthy" },
        );
        self.record_event(event, replica as u16 + 1, 0, 1.0);
    }

    /// Whether a replica answers a probe well and in time.
    async fn answers_probe(&self, replica: usize, options: &ProbeOptions) -> bool {
        let now = self.sim.now();
        if let Some(ailments) = self.saboteur.ailments()
            && ailments.fails_probe(replica as u16 + 1, self.probe_dice(replica, options), now)
        {
            return false;
        }
        let process = self.processes.borrow()[replica].clone();
        let mut request = Request::blank(Rc::new(Payload::new("", &[])));
        request.route = self.tags.borrow_mut().route.number(&options.route);
        request.item = self.probes.item(request.route);
        request.arrived = now;
        let number = self.probes.asked.get();
        self.probes.asked.set(number + 1);
        request.op = PROBE | number;
        let end = client::asked_by_nobody(self, &request, process, options.timeout.0).await;
        matches!(end, outcome::OK | outcome::DEGRADED)
    }

    /// Dice of the probe of a replica that is due now: they do not depend on how many others were sent.
    fn probe_dice(&self, replica: usize, options: &ProbeOptions) -> Dice {
        self.dice(PROBE | (replica as u64) << 48 | (self.sim.now() / options.every.0))
    }

    /// How many of these replicas, by index, get requests.
    fn up(&self, health: &[Health], of: Range<usize>) -> usize {
        let now = self.sim.now();
        let down = self.down_until.borrow();
        let in_service = |i: &usize| {
            down.get(*i).is_some_and(|until| *until <= now) && health.get(*i).is_none_or(|h| !h.out)
        };
        of.filter(in_service).count()
    }

    /// Replicas that get requests, where anybody probes them.
    pub(super) fn in_service(&self) -> Option<usize> {
        let probed = self.versions.iter().any(|v| v.spec.probe.is_some());
        probed.then(|| {
            self.up(
                &self.probes.health.borrow(),
                0..self.down_until.borrow().len(),
            )
        })
    }
}
