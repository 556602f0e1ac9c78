//! The runner: an incident in, the recording and the truth out.

use super::{
    abort::{Aborted, Aborts, cut},
    file::{Incident, Registries},
    guard::Guards,
    plan::Plan,
    recovery::settle_recovery,
    scalars::{self, Counted, scalars},
    truth::{Entry, EntryKind, PhaseName, Truth},
};
use crate::{
    config::Refusal,
    faults::Faults,
    gates::{Context, Stretch},
    indicators::{Lookup, WatchSpec, Watched, Watches, Windows},
    recording::{Dictionaries, Keep, Observer, Recorder, Recording},
    service::{
        Arrival, Control, Setting, Version, World, client, recorded_columns, seams::Saboteur,
    },
    sim::{
        Sim,
        dice::Dice,
        digest::{Digest, Second},
    },
    trace::{Facts, Field, Request, Session, Skipped, Source, Tags},
};
use indexmap::IndexMap;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

/// How to run.
pub struct RunOptions<'a> {
    /// What to keep.
    pub keep: Keep,
    /// Is told now and then how far the run is: virtual ns, and requests begun.
    pub progress: Option<&'a dyn Fn(u64, u64)>,
}

/// One replay of an incident.
pub struct Run {
    /// What a monitored backend would have emitted. Without rows when none were kept.
    pub recording: Recording,
    /// What only the lab knows.
    pub truth: Truth,
    /// The indicators' accumulators.
    pub watched: Watched,
    /// Digest of the recording.
    pub digest: Digest,
    /// The same by virtual second.
    pub seconds: Vec<Second>,
    /// Operations of clients begun: rows of the trace.
    pub requests: u64,
    /// Tries of clients and background requests: rows of the recording.
    pub tries: u64,
    /// Requests that had not ended when nothing could happen any more.
    pub unfinished: u64,
    /// Length of the trace, ns, as far as it was replayed.
    pub length: u64,
    /// What is known of the trace.
    pub facts: Facts,
    /// Rows of the trace that `lenient` left out.
    pub skipped: Skipped,
    /// Hits of a cache whose answer belonged to other content.
    pub wrong_answers: u64,
    /// Values that gates may name besides indicators.
    pub scalars: IndexMap<String, f64>,
    /// The gate that ended it, if one did.
    pub aborted: Option<Aborted>,
}

/// Names while a run goes on: those of the trace and those of the service.
struct Names {
    tags: Rc<RefCell<Tags>>,
    names: Rc<RefCell<Dictionaries>>,
}

/// The dictionary of this name, if it belongs to the trace.
fn of_trace<'a>(tags: &'a Tags, dictionary: &str) -> Option<&'a crate::config::Names> {
    Some(match dictionary {
        "tenant" => &tags.tenant,
        "user" => &tags.user,
        "route" => &tags.route,
        "region" => &tags.region,
        "class" => &tags.class,
        "client" => &tags.client,
        "model" => &tags.model,
        _ => return None,
    })
}

impl Lookup for Names {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        match of_trace(&self.tags.borrow(), dictionary) {
            Some(of) => of.find(name),
            None => self.names.borrow().number(dictionary, name),
        }
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        match of_trace(&self.tags.borrow(), dictionary) {
            Some(of) => of.name(number).to_string(),
            None => Lookup::name(&*self.names.borrow(), dictionary, number),
        }
    }
}

/// What comes next from the trace.
enum Next {
    Request(Request),
    Session(Session),
}

/// Requests of the trace, with what happens to the service in between, in order of time. At one instant the service's own
/// come first.
struct Feed<'a> {
    source: Source,
    next: Option<(u64, Next)>,
    controls: VecDeque<(u64, Control)>,
    sample_every: u64,
    next_sample: u64,
    /// When readings of gauges end: with the trace.
    last_sample: u64,
    ops: &'a Cell<u64>,
    facts: &'a RefCell<(Facts, Skipped)>,
    refusal: &'a RefCell<Option<Refusal>>,
    aborted: &'a RefCell<Option<Aborted>>,
    progress: Option<&'a dyn Fn(u64, u64)>,
    /// Who changes requests as they come in, if anybody does, with the seed of their dice.
    saboteur: Option<(&'a Faults, u64)>,
}

impl Feed<'_> {
    #[inline]
    fn pull(&mut self) {
        self.next = match &mut self.source {
            Source::Open(stream) => match stream.next() {
                Some(Ok(mut request)) => {
                    if let Some((saboteur, seed)) = self.saboteur {
                        let dice = Dice::new(seed, request.op);
                        saboteur.arrive(&mut request, dice);
                    }
                    Some((request.arrived, Next::Request(request)))
                }
                Some(Err(refusal)) => {
                    *self.refusal.borrow_mut() = Some(refusal);
                    self.controls.clear();
                    self.last_sample = 0;
                    None
                }
                None => {
                    *self.facts.borrow_mut() = (stream.facts().clone(), stream.skipped());
                    None
                }
            },
            Source::Closed(sessions) => sessions.next().map(|s| (s.start, Next::Session(s))),
        };
    }
}

impl Iterator for Feed<'_> {
    type Item = (u64, Arrival);
    #[inline]
    fn next(&mut self) -> Option<(u64, Arrival)> {
        if self.aborted.borrow().is_some() {
            return None;
        }
        let arrived = self.next.as_ref().map_or(u64::MAX, |(at, _)| *at);
        if let Some((at, _)) = self.controls.front()
            && *at <= arrived
            && *at <= self.next_sample
        {
            return self
                .controls
                .pop_front()
                .map(|(at, control)| (at, Arrival::Control(control)));
        }
        if self.next_sample <= arrived && self.next_sample <= self.last_sample {
            let at = self.next_sample;
            self.next_sample += self.sample_every;
            return Some((at, Arrival::Control(Control::Sample)));
        }
        if self.next.is_none() {
            return self
                .controls
                .pop_front()
                .map(|(at, control)| (at, Arrival::Control(control)));
        }
        let (at, next) = self.next.take()?;
        let ops = self.ops.get();
        if ops.is_multiple_of(4096)
            && let Some(progress) = self.progress
        {
            progress(at, ops);
        }
        self.pull();
        Some((
            at,
            match next {
                Next::Request(request) => Arrival::Request(request),
                Next::Session(session) => Arrival::Session(Box::new(session)),
            },
        ))
    }
}

/// Replays an incident.
///
/// # Errors
/// A trace that cannot be read, and entries past its end.
pub fn run(
    incident: &Incident,
    registries: &Registries,
    options: &RunOptions<'_>,
) -> Result<Run, Refusal> {
    let extent = incident.trace.extent(incident.seed)?;
    let length = extent.length;
    let mut plan = Plan::new(incident, registries, length)?;
    let trace = plan.drifting(&incident.trace)?;
    let source = trace.open(incident.seed)?;
    let known = source.facts();
    let has_times = known.captured.contains(&Field::ServiceTime)
        || known.filled.iter().any(|(f, _)| *f == Field::ServiceTime);
    if plan.versions.iter().any(crate::service::needs_captured) && !has_times {
        return Err(Refusal::new(
            "a latency is \"as-captured\", and the trace has no service times",
        )
        .help("fill them with trace.fill.service_time, or give the latency a distribution"));
    }
    let tags = source.tags();
    plan.faults.tags = tags.clone();
    let names = Rc::new(RefCell::new(Dictionaries::default()));
    let cuts: Vec<u64> = plan
        .phases
        .iter()
        .flat_map(|p| [p.from, p.to])
        .filter(|&t| t < length)
        .collect();
    let windows = Windows::plan(length, extent.rows, &cuts);
    let specs = std::iter::once(WatchSpec::all()).chain(
        incident
            .gates
            .iter()
            .chain(&incident.measures)
            .flat_map(|g| g.watches()),
    );
    let specs = specs.chain(scalars::watches(incident));
    let mut watches = Watches::new(
        windows.clone(),
        specs,
        Names {
            tags: tags.clone(),
            names: names.clone(),
        },
    );
    let guarded = !incident.guards.is_empty() && !incident.healthy;
    let guards: &[_] = if guarded { &incident.guards } else { &[] };
    let mut guards = Rc::new(RefCell::new(Guards::new(
        guards,
        registries,
        &plan.undo,
        Names {
            tags: tags.clone(),
            names: names.clone(),
        },
    )?));
    let lookout = guards.clone();
    let aborted = RefCell::new(None);
    let mut aborts = Aborts::new(
        &incident.gates,
        &plan.phases,
        Names {
            tags: tags.clone(),
            names: names.clone(),
        },
        &aborted,
    );
    let ops = Cell::new(0);
    let refusal = RefCell::new(None);
    let sim = Sim::new();
    let known = RefCell::new((known.clone(), Skipped::default()));
    let (mut recorder, wrong_answers, audit, unfinished);
    let (killed, wasted);
    {
        let (requests, attempts) = recorded_columns(&plan.versions);
        let mut observers: Vec<&mut dyn Observer> = vec![&mut watches];
        if guarded {
            observers.push(&mut guards);
        }
        if aborts.any() {
            observers.push(&mut aborts);
        }
        let setting = Setting {
            seed: incident.seed,
            versions: Version::number(plan.versions),
            registry: &registries.components,
            tags,
            names,
            saboteur: &plan.faults,
            lookout: guarded.then_some(&*lookout),
            recorder: Recorder::new(options.keep, requests, attempts, observers),
        };
        let world = World::new(&sim, setting, plan.remember)?;
        let mut feed = Feed {
            source,
            next: None,
            controls: plan.controls.into(),
            sample_every: windows.width,
            next_sample: 0,
            last_sample: length,
            ops: &ops,
            facts: &known,
            refusal: &refusal,
            aborted: &aborted,
            progress: options.progress,
            saboteur: plan
                .faults
                .watches_arrivals()
                .then_some((&plan.faults, incident.seed)),
        };
        feed.pull();
        let (w, refused, ops) = (&world, &refusal, &ops);
        let end = sim.run(feed, |arrival| async move {
            match arrival {
                Arrival::Request(ref request) => {
                    ops.set(ops.get() + 1);
                    client(w, request).await;
                }
                // In a box, so that the future of a request, of which there are so many, has no room for them.
                seldom => Box::pin(take(w, seldom, ops, refused)).await,
            }
        });
        unfinished = (end.stuck as u64).saturating_sub(world.standing());
        wrong_answers = world.wrong_answers();
        audit = world.audit();
        (killed, wasted) = (world.killed(), world.wasted());
        recorder = world.finish();
    }
    if let Some(refusal) = refusal.into_inner() {
        return Err(refusal);
    }
    let (facts, skipped) = known.into_inner();
    recorder.recording_mut().origin = facts.origin;
    let (begun, ended) = recorder.counts();
    assert_eq!(begun, ended, "every request ends once");
    let (recording, digest) = recorder.finish();
    let (digest, seconds) = digest.finish_with_seconds();
    let watched = watches.finish();
    let mut truth = Truth {
        phases: plan.phases,
        onset: plan.onset,
        held_at: None,
        entries: plan
            .entries
            .into_iter()
            .map(|(mut entry, fault)| {
                entry.hits = fault.map_or(0, |i| plan.faults.planted[i].hits.get());
                entry
            })
            .collect(),
        causes: if incident.healthy {
            Some(vec![])
        } else {
            let expect = incident.expect.as_ref();
            // What was truly at work, where it is said; what the diagnosis is held to need not be all of it.
            expect.and_then(|e| {
                let said = Some(&e.true_causes).filter(|all| !all.is_empty());
                let causes = said.or(e.causes.as_ref())?;
                Some(causes.iter().map(|(cause, _)| cause.clone()).collect())
            })
        },
        recovery_time: None,
    };
    for (at, label) in &lookout.borrow().acted {
        truth.entries.push(Entry {
            kind: EntryKind::Guard,
            label: label.clone(),
            at: *at,
            until: None,
            hits: 0,
        });
    }
    truth.entries.sort_by_key(|entry| entry.at);
    let aborted = aborted.take();
    let mut length = length;
    if let Some(aborted) = &aborted {
        cut(&mut truth, aborted, &windows);
        length = aborted.at.min(length);
    }
    let counted = Counted {
        wrong_answers,
        audit,
        killed,
        wasted,
    };
    let mut scalars = scalars(incident, &counted, &watched, &recording, &truth, length);
    settle_recovery(incident, &watched, &recording, &mut truth, &mut scalars);
    Ok(Run {
        recording,
        truth,
        watched,
        digest,
        seconds,
        requests: ops.get(),
        tries: begun,
        unfinished,
        length,
        facts,
        skipped,
        wrong_answers,
        scalars,
        aborted,
    })
}

/// What arrives besides single requests.
async fn take(
    w: &World<'_>,
    arrival: Arrival,
    ops: &Cell<u64>,
    refused: &RefCell<Option<Refusal>>,
) {
    match arrival {
        Arrival::Request(request) => {
            ops.set(ops.get() + 1);
            client(w, &request).await;
        }
        Arrival::Session(mut session) => {
            while let Some(mut request) = session.turn(w.sim.now()) {
                w.disturb(&mut request);
                ops.set(ops.get() + 1);
                client(w, &request).await;
                w.sim.sleep(session.think()).await;
            }
        }
        Arrival::Control(control) => {
            if let Err(refusal) = w.control(control).await {
                *refused.borrow_mut() = Some(refusal);
            }
        }
    }
}

/// The phases as gates name them.
pub fn stretches(truth: &Truth) -> Vec<Stretch> {
    truth
        .phases
        .iter()
        .map(|p| Stretch {
            name: p.name.word().into(),
            from: p.from,
            to: p.to,
        })
        .collect()
}

/// What gates are held against.
pub fn context<'a>(
    watched: &'a Watched,
    recording: &'a Recording,
    truth: &Truth,
    phases: &'a [Stretch],
    scalars: &'a IndexMap<String, f64>,
) -> Context<'a> {
    let baseline = truth
        .phases
        .iter()
        .find(|p| p.name == PhaseName::Baseline)
        .map(|p| p.from..p.to);
    Context {
        watched,
        names: recording,
        baseline,
        baseline_of: None,
        phases,
        reference: None,
        scalars,
        baselines: Default::default(),
    }
}
