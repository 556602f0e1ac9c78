//! Values of a run that gates may name besides indicators: what only the lab can count, and what is one number a run.

use super::{
    file::Incident,
    truth::{Phase, PhaseName, Truth},
};
use crate::indicators::{Lookup, Measure, Parts, Stage, Watch, WatchSpec, Watched, find};
use indexmap::IndexMap;

/// What the lab counted of a run.
pub(super) struct Counted {
    /// Answers of a cache that belonged to another question.
    pub wrong_answers: u64,
    /// Writes, those beyond the first, those lost, those without a second step.
    pub audit: [u64; 4],
    /// Records that were not made since their client had left.
    pub killed: u64,
    /// ns of work for clients that had left.
    pub wasted: u64,
}

/// What has to be watched for them, besides what gates watch.
pub(super) fn watches(incident: &Incident) -> Option<WatchSpec> {
    names_blast_radius(incident).then(|| WatchSpec {
        select: vec![],
        by: Some("tenant"),
        parts: Parts::stage(Stage::Latency),
    })
}

fn names_blast_radius(incident: &Incident) -> bool {
    let gates = incident.gates.iter().chain(&incident.measures);
    gates
        .flat_map(|gate| gate.scalars())
        .any(|scalar| scalar.name == "blast_radius")
}

/// The values, but for the recovery time. `length` of the trace, ns.
pub(super) fn scalars(
    incident: &Incident,
    counted: &Counted,
    watched: &Watched,
    names: &dyn Lookup,
    truth: &Truth,
    length: u64,
) -> IndexMap<String, f64> {
    let mut scalars = IndexMap::new();
    let mut put = |name: &str, value: f64| {
        scalars.insert(name.to_string(), value);
    };
    let [writes, duplicates, lost, unpublished] = counted.audit.map(|n| n as f64);
    put("truth.wrong_answers", counted.wrong_answers as f64);
    put("truth.writes", writes);
    put("truth.duplicates", duplicates);
    put("truth.duplicate_writes", duplicates);
    put("duplicate_writes", duplicates);
    put("truth.lost", lost);
    put("lost_writes", lost);
    put("truth.unpublished", unpublished);
    put("truth.killed", counted.killed as f64);
    put("orphan.work_seconds", counted.wasted as f64);
    let hits: u64 = truth.entries.iter().map(|entry| entry.hits).sum();
    put("truth.hits", hits as f64);
    if let Some(n) = good_rejects(watched.all()) {
        put("truth.good_rejects", n);
    }
    if let (Some(began), false) = (truth.began(), incident.healthy) {
        // What nobody notices lasts until it is over by itself, and so long at the least.
        let of_incident = |p: &&Phase| p.name == PhaseName::Incident;
        let over = truth.phases.iter().find(of_incident).map(|p| p.to);
        let over = over.unwrap_or(began).min(length.max(began));
        for (name, at) in [
            ("time_to_detect", truth.noticed()),
            ("time_to_mitigate", truth.mitigated()),
        ] {
            put(name, (at.unwrap_or(over) - began) as f64);
        }
    }
    if names_blast_radius(incident)
        && let Some(share) = blast_radius(watched, names, truth)
    {
        put("blast_radius", share);
    }
    scalars
}

/// Requests within their promise that a limiter refused; `None` where nothing is promised.
fn good_rejects(watch: &Watch) -> Option<f64> {
    let Measure::Ratio(refused, promised) = find("reject_rate.under_quota")?.measure else {
        return None;
    };
    let all = || 0..watch.windows.len();
    let count = |counters| watch.measure(&Measure::Count(counters), all());
    count(promised).filter(|n| *n > 0.0)?;
    count(refused)
}

/// Requests of a tenant in either phase below which nothing is said of it.
const FEWEST: u64 = 20;
/// Share of a tenant's requests that must have got worse: as many again as are slower than their 95th percentile anyway.
const FELT: f64 = 0.05;
/// Standard errors that this must be above nothing: about one tenant of a thousand by chance.
const SURE: f64 = 3.0;

/// Share of the tenants with enough requests in both phases who felt the incident: of their requests, five points more
/// than before, and surely so, were not answered or were slower than the 95th percentile of their own baseline.
fn blast_radius(watched: &Watched, names: &dyn Lookup, truth: &Truth) -> Option<f64> {
    let phase = |name: PhaseName| {
        let phase = truth.phases.iter().find(|p| p.name == name)?;
        Some(watched.windows.within(phase.from, phase.to))
    };
    let (before, during) = (phase(PhaseName::Baseline)?, phase(PhaseName::Incident)?);
    let (tenants, _) = watched.segments(&[], "tenant", names)?;
    let Measure::Ratio(answered, _) = find("success_rate")?.measure else {
        return None;
    };
    let (mut known, mut felt) = (0u32, 0u32);
    for tenant in &tenants {
        let watch = tenant.watch;
        let n = |of: &std::ops::Range<usize>| watch.requests(of.clone());
        if n(&before) < FEWEST || n(&during) < FEWEST {
            continue;
        }
        known += 1;
        let own = watch.tally(Stage::Latency, before.clone());
        let slow = own.quantile(0.95).unwrap_or(u64::MAX);
        let hurt = |of: &std::ops::Range<usize>| {
            let answered = watch
                .measure(&Measure::Count(answered), of.clone())
                .unwrap_or(0.0);
            let slow = watch.tally(Stage::Latency, of.clone()).above(slow) as f64;
            let all = n(of) as f64;
            // What failed late counts once.
            ((all - answered + slow) / all).min(1.0)
        };
        let (was, is) = (hurt(&before), hurt(&during));
        let error = |share: f64, n: u64| share * (1.0 - share) / n as f64;
        let se = (error(was, n(&before)) + error(is, n(&during))).sqrt();
        felt += u32::from(is - was >= FELT && is - was >= SURE * se);
    }
    (known > 0).then(|| f64::from(felt) / f64::from(known))
}
