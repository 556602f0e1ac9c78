//! Everything that a run of a service shares: replicas, state outside of them, dependencies, and where rows go.

use super::{
    answers::Answers,
    deaths::Deaths,
    dependencies::Dependency,
    errand::Departures,
    fields::FieldNotes,
    identity::Meter,
    metered::Metered,
    output::Outputs,
    parts::Stores,
    probe::Probes,
    process::{Process, State},
    purpose,
    ranked::Pages,
    regions::Regions,
    row::Seen,
    scaling::Scaling,
    seams::{Lookout, Saboteur},
    spec::{MergeSpec, ParseSpec, Scope},
    strays::Strays,
    trending::Judges,
    version::Version,
    watching::Dashboard,
    writes::Writes,
};
use crate::{
    components::{
        Registry,
        balancer::{Balancer, Candidate},
        keys::Tag,
        merge::Merge,
        parser::Parser,
        retry::Budget,
    },
    config::{Names, Refusal, pick},
    recording::{Dictionaries, EventRow, Recorder, RequestRow},
    sim::{
        Sim,
        dice::{Dice, Draw},
    },
    trace::{Payload, Request, Tags},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

/// What a world is made from.
pub struct Setting<'r> {
    /// Seed of all dice.
    pub seed: u64,
    /// All versions of the run, the one at the start first.
    pub versions: Vec<Version>,
    /// Components by name.
    pub registry: &'r Registry,
    /// Names of the trace.
    pub tags: Rc<RefCell<Tags>>,
    /// Names that the service gives: steps, dependencies, gauges, events.
    pub names: Rc<RefCell<Dictionaries>>,
    /// Faults.
    pub saboteur: &'r dyn Saboteur,
    /// Guards.
    pub lookout: Option<&'r dyn Lookout>,
    /// Where rows go.
    pub recorder: Recorder<'r>,
}

/// A change that is in force, or on its way.
pub(super) struct Deployed {
    /// The version that it brings.
    pub version: usize,
    /// Share of the traffic that gets it.
    pub share: f64,
    /// Replicas that have it, where it goes replica by replica.
    pub upgraded: Option<Vec<bool>>,
}

/// See the module.
pub struct World<'r> {
    /// Virtual time.
    pub sim: Rc<Sim>,
    pub(super) seed: u64,
    pub(super) versions: Vec<Version>,
    pub(super) registry: &'r Registry,
    pub(super) tags: Rc<RefCell<Tags>>,
    pub(super) names: Rc<RefCell<Dictionaries>>,
    pub(super) saboteur: &'r dyn Saboteur,
    pub(super) lookout: Option<&'r dyn Lookout>,
    pub(super) dashboard: Dashboard,
    pub(super) recorder: RefCell<Recorder<'r>>,
    pub(super) shared: State,
    pub(super) processes: RefCell<Vec<Rc<Process>>>,
    pub(super) processes_started: Cell<u32>,
    /// Replicas that take no requests until then, ns.
    pub(super) down_until: RefCell<Vec<u64>>,
    pub(super) deployed: RefCell<Vec<Deployed>>,
    /// The newest version that is in force for anybody: what belongs to no request (dependencies, clients) follows it.
    pub(super) newest: Cell<usize>,
    /// Who is within what they were promised.
    pub(super) quota: Option<RefCell<Meter>>,
    pub(super) balancer: RefCell<Box<dyn Balancer>>,
    /// Where replicas are, and who picks one there, where there are regions.
    pub(super) regions: Option<Regions>,
    pub(super) parsers: Vec<Option<Box<dyn Parser>>>,
    pub(super) parse_paths: RefCell<Names>,
    /// What dependencies write, and the parsers of it.
    pub(super) outputs: Outputs,
    pub(super) fields: FieldNotes,
    pub(super) mergers: Vec<Option<Box<dyn Merge>>>,
    /// Pages since gauges were read.
    pub(super) pages: RefCell<Pages>,
    pub(super) dependencies: Vec<Dependency>,
    /// What clients may still retry, all together.
    pub(super) client_budget: RefCell<Budget>,
    pub(super) candidates: RefCell<Vec<Candidate>>,
    /// Requests seen lately, for warming. Empty unless somebody will warm.
    pub(super) recent: RefCell<VecDeque<Request>>,
    pub(super) remember: usize,
    pub(super) warming: RefCell<VecDeque<Request>>,
    pub(super) answers: Answers,
    pub(super) strays: Strays,
    pub(super) departures: Departures,
    pub(super) deaths: Deaths,
    pub(super) stores: RefCell<Stores>,
    /// Ledgers, and what was written.
    pub(super) writes: RefCell<Writes>,
    pub(super) judges: RefCell<Judges>,
    pub(super) scaling: Scaling,
    pub(super) events: EventNames,
    /// What probes say of replicas.
    pub(super) probes: Probes,
    /// Work that is counted.
    pub(super) metered: Metered,
    /// Payload fields that say what the content of a request is; `None` is all.
    pub(super) content: Option<Vec<String>>,
}

/// Numbers of the events that this room records.
pub(super) struct EventNames {
    pub deploy: u16,
    pub restart: u16,
    pub flush: u16,
    pub warm: u16,
}

impl<'r> World<'r> {
    /// A world at virtual time 0, with `remember` requests kept for warming.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(sim: &Rc<Sim>, setting: Setting<'r>, remember: usize) -> Result<World<'r>, Refusal> {
        let Setting {
            seed,
            mut versions,
            registry,
            tags,
            names,
            saboteur,
            lookout,
            recorder,
        } = setting;
        let number = |dictionary: &'static str, name: &str| named(&names, dictionary, name);
        for step in versions.iter_mut().flat_map(|v| &mut v.spec.steps) {
            step.number = number("step", &step.name);
        }
        for limiter in versions.iter_mut().filter_map(|v| v.spec.limiter.as_mut()) {
            for level in &mut limiter.levels {
                level.number = number("reject", &level.name);
            }
            if let Some(store) = &mut limiter.store {
                store.step = number("step", "limiter");
                store.fallback = number("reject", "fallback");
            }
        }
        let first = &versions[0].spec;
        let processes = (1..=first.replicas)
            .map(|n| Process::start(sim, first, registry, n as u16, n, seed).map(Rc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let parsers = versions
            .iter()
            .map(|v| {
                let build = |p: &ParseSpec| p.build(registry);
                v.spec.parse.as_ref().map(build).transpose()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mergers = versions
            .iter()
            .map(|v| &v.spec.merge)
            .map(|merge| {
                let build = |m: &MergeSpec| pick(&registry.mergers, "merge", &m.part.node);
                merge.as_ref().map(build).transpose()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let events = EventNames {
            deploy: number("event", "deploy"),
            restart: number("event", "restart"),
            flush: number("event", "flush"),
            warm: number("event", "warm"),
        };
        let dependencies = first
            .dependencies
            .iter()
            .map(|d| Dependency::new(sim, d, number("dependency", &d.name)))
            .collect::<Result<_, _>>()?;
        let regions = first
            .regions
            .is_some()
            .then(|| {
                let specs = versions.iter().map(|v| &v.spec);
                let number = |name: &str| number("dependency", name);
                Regions::new(sim, first, specs, &tags, registry, number)
            })
            .transpose()?;
        Ok(World {
            regions,
            dashboard: Dashboard::new(first, registry)?,
            shared: State::new(sim, first, Scope::Shared, registry)?,
            down_until: RefCell::new(vec![0; processes.len()]),
            processes_started: Cell::new(first.replicas),
            processes: RefCell::new(processes),
            deployed: RefCell::default(),
            newest: Cell::new(0),
            balancer: RefCell::new(pick(&registry.balancers, "balancer", &first.balancer.node)?),
            quota: first
                .quota
                .as_ref()
                .map(|q| Meter::new(q).map(RefCell::new))
                .transpose()?,
            parsers,
            parse_paths: RefCell::default(),
            outputs: Outputs::new(&versions, registry)?,
            fields: FieldNotes::default(),
            mergers,
            pages: RefCell::default(),
            dependencies,
            client_budget: RefCell::new(Budget::new(first.clients.retry.budget_burst)),
            candidates: RefCell::default(),
            recent: RefCell::default(),
            remember,
            warming: RefCell::default(),
            answers: Answers::new(&versions),
            strays: Strays::new(sim),
            departures: Departures::default(),
            deaths: Deaths::new(sim),
            stores: RefCell::default(),
            writes: RefCell::default(),
            judges: RefCell::new(Judges::new(
                versions.iter().map(|v| &v.spec),
                first.replicas,
            )),
            probes: Probes::default(),
            metered: Metered::new(&versions, registry)?,
            scaling: Scaling::default(),
            events,
            content: first
                .key
                .as_ref()
                .and_then(|k| k.payload_fields().map(<[String]>::to_vec)),
            sim: sim.clone(),
            seed,
            versions,
            registry,
            tags,
            names,
            saboteur,
            lookout,
            recorder: RefCell::new(recorder),
        })
    }

    /// Dice of a request.
    #[inline]
    pub(super) fn dice(&self, op: u64) -> Dice {
        Dice::new(self.seed, op)
    }

    /// Lets faults change a request that is about to come in.
    pub fn disturb(&self, request: &mut Request) {
        if self.saboteur.watches_arrivals() {
            let dice = self.dice(request.op);
            self.saboteur.arrive(request, dice);
        }
    }

    /// The version in force for what belongs to no request.
    pub(super) fn newest(&self) -> &Version {
        &self.versions[self.newest.get()]
    }

    /// Picks the process that takes a try, in the request's region where there are any; `None` when every replica that
    /// might take it is down.
    pub(super) fn balance(&self, request: &Request, tries: u8) -> Option<Rc<Process>> {
        let dice = self.dice(request.op);
        let draw = dice.draw(purpose::BALANCE, u64::from(tries));
        let process = self.balance_by(request, draw);
        if process.is_none() {
            let away = &self.scaling.turned_away;
            away.set(away.get() + 1);
        }
        process
    }

    /// The same, by a draw of the caller's.
    pub(super) fn balance_by(&self, request: &Request, mut draw: Draw) -> Option<Rc<Process>> {
        let now = self.sim.now();
        let processes = self.processes.borrow();
        if processes.len() == 1 && self.down_until.borrow()[0] <= now && self.probes.lets_in(0) {
            return Some(processes[0].clone());
        }
        let candidates = &mut *self.candidates.borrow_mut();
        candidates.clear();
        let down_until = self.down_until.borrow();
        let regions = self.regions.as_ref();
        let home = regions.and_then(|r| r.home(request));
        for (process, until) in processes.iter().zip(down_until.iter()) {
            let index = usize::from(process.replica) - 1;
            let here = regions.is_none_or(|r| r.serves(home, index));
            if *until <= now && here && self.probes.lets_in(index) {
                candidates.push(Candidate {
                    replica: process.replica,
                    in_flight: process.in_flight.get(),
                });
            }
        }
        if candidates.is_empty() {
            return None;
        }
        let dice = draw.bits();
        let affinity = || match request.user {
            0 => request.op,
            user => self.tags.borrow().user.digest(user),
        };
        let picked = match regions {
            Some(regions) => regions.pick(home, candidates, dice, &affinity),
            None => self.balancer.borrow_mut().pick(candidates, dice, &affinity),
        };
        let chosen = candidates[picked];
        Some(processes[usize::from(chosen.replica) - 1].clone())
    }

    /// The version that serves a request on this replica: the newest change that has reached it.
    pub(super) fn version_for(&self, request: &Request, replica: u16) -> usize {
        let deployed = self.deployed.borrow();
        for change in deployed.iter().rev() {
            let reached = match &change.upgraded {
                Some(upgraded) => upgraded[usize::from(replica) - 1],
                None => {
                    change.share >= 1.0
                        || self
                            .dice(request.op)
                            .draw(purpose::CANARY, change.version as u64)
                            .chance(change.share)
                }
            };
            if reached {
                return change.version;
            }
        }
        0
    }

    /// Whether a component is looked for outside of the processes or within.
    pub(super) fn state<'a>(&'a self, process: &'a Process, scope: Scope) -> &'a State {
        match scope {
            Scope::Local => &process.state,
            Scope::Shared => &self.shared,
        }
    }

    /// A request, seen as keys see it: with what its parser read in place of the payload, where that is something else.
    pub(super) fn seen<'a>(
        &self,
        request: &'a Request,
        read: Option<&'a Payload>,
        tags: &'a Tags,
    ) -> Seen<'a> {
        Seen {
            request,
            payload: read.unwrap_or(&request.payload),
            tags,
            revision: self.newest().revision,
        }
    }

    pub(super) fn record(&self, number: u64, row: &RequestRow) {
        self.dashboard.take(row, self.sim.now());
        if row.work_size > 0 && row.background == 0 {
            self.metered.note_request(row.work_size, row.cpu);
        }
        self.recorder.borrow_mut().request(number, row);
    }

    pub(super) fn record_event(&self, event: u16, replica: u16, version: u16, share: f64) {
        let row = EventRow {
            time: self.sim.now(),
            event,
            replica,
            version,
            share,
        };
        self.recorder.borrow_mut().event(&row);
    }

    /// Answers that were kept for another question: the truth, not for the recording.
    pub fn wrong_answers(&self) -> u64 {
        self.answers.wrong()
    }

    /// Writes, those beyond the first of an operation, operations that were answered and never written, and those that are
    /// done without their second step: the truth.
    pub fn audit(&self) -> [u64; 4] {
        self.writes.borrow().audit(self.sim.now())
    }

    /// Records that were meant to be made though their client had left, and were not: the truth.
    pub fn killed(&self) -> u64 {
        self.departures.killed.get()
    }

    /// ns of work that was done for clients that had left, and was not meant to be.
    pub fn wasted(&self) -> u64 {
        self.departures.wasted(self.sim.now())
    }

    /// Roots that never end by themselves.
    pub fn standing(&self) -> u64 {
        u64::from(self.strays.started.get()) + u64::from(self.deaths.started.get())
    }

    /// Ends the run: the recorder, with the dictionaries of what this room named.
    pub fn finish(self) -> Recorder<'r> {
        let mut recorder = self.recorder.into_inner();
        let written = self.writes.borrow_mut().logged(self.sim.now());
        recorder.writes(&written);
        let tags = self.tags.borrow();
        let names = &mut recorder.recording_mut().names;
        names.extend(
            self.names
                .borrow()
                .iter()
                .map(|(dictionary, of)| (*dictionary, of.clone())),
        );
        let each: [(&'static str, &Names); 7] = [
            ("tenant", &tags.tenant),
            ("user", &tags.user),
            ("route", &tags.route),
            ("region", &tags.region),
            ("class", &tags.class),
            ("client", &tags.client),
            ("model", &tags.model),
        ];
        for (dictionary, of) in each {
            names.insert(dictionary, of.clone());
        }
        names.insert("parse_path", self.parse_paths.into_inner());
        recorder
    }
}

/// The number of a name in one of the service's own dictionaries.
pub(super) fn named(names: &RefCell<Dictionaries>, dictionary: &'static str, name: &str) -> u16 {
    names
        .borrow_mut()
        .entry(dictionary)
        .or_default()
        .number(name) as u16
}

/// The digest of one tag of a request.
pub(super) fn tag_digest(request: &Request, tags: &Tags, tag: Tag) -> u64 {
    match tag {
        Tag::Tenant => tags.tenant.digest(request.tenant),
        Tag::User => tags.user.digest(request.user),
        Tag::Route => tags.route.digest(request.route),
        Tag::Region => tags.region.digest(request.region),
        Tag::Class => tags.class.digest(request.class),
        Tag::Client => tags.client.digest(request.client),
        Tag::Model => tags.model.digest(request.model),
        Tag::Address => tags.address.digest(request.address),
    }
}
