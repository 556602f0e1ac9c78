//! A made-up run to look at reports with, and for their tests: a cache, a queue of workers and a slow dependency, in a
//! page. It is no simulation to learn from; it only has to look like an afternoon that somebody would be paged for.
//!
//! An hour of traffic. At 20 minutes a deploy puts the request's own id into the cache key; at 26 minutes the
//! dependency turns slow for three; at 40 minutes the fix puts the key back.

#![allow(dead_code, reason = "tests use what they need of it")]

use gameday::diagnosis::{Diagnosis, Onset, Ranked, Segment, Symptom};
use gameday::gates::{Judgement, Verdict};
use gameday::incident::{Entry, EntryKind, Phase, PhaseName, Truth};
use gameday::indicators::{Watch, Windows};
use gameday::recording::{EventRow, Recording, RequestRow, cache, miss, outcome, served_by};
use gameday::report::{Findings, TraceFacts};
use gameday::sim::hash::mix;
use indexmap::IndexMap;

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * S;
const HOUR: u64 = 60 * MINUTE;

/// A run and what was said about it.
pub struct Demo {
    pub recording: Recording,
    pub watch: Watch,
    pub truth: Truth,
    pub diagnosis: Diagnosis,
    pub judgements: Vec<Judgement>,
    pub length: u64,
}

impl Demo {
    /// The afternoon, at about so many requests a second.
    pub fn incident(rate: f64) -> Demo {
        let recording = traffic(rate);
        let phase = |name, from: u64, to: u64| Phase {
            name,
            from: from * MINUTE,
            to: to * MINUTE,
        };
        let entry = |kind, label: &str, at: u64, until: Option<u64>, hits| Entry {
            kind,
            label: label.into(),
            at: at * MINUTE,
            until: until.map(|m| m * MINUTE),
            hits,
        };
        let truth = Truth {
            phases: vec![
                phase(PhaseName::WarmUp, 0, 5),
                phase(PhaseName::Baseline, 5, 20),
                phase(PhaseName::Incident, 20, 40),
                phase(PhaseName::Recovering, 40, 43),
                phase(PhaseName::Recovered, 43, 60),
            ],
            entries: vec![
                entry(
                    EntryKind::Change,
                    "deploy 7f3a",
                    20,
                    None,
                    recording.requests.len() as u64 / 3,
                ),
                entry(EntryKind::Fault, "latency llm", 26, Some(29), 1_204),
                entry(
                    EntryKind::Fix,
                    "fix 1: key fields back",
                    40,
                    None,
                    recording.requests.len() as u64 / 3,
                ),
            ],
            causes: Some(vec!["key-field-added".into()]),
            onset: None,
            held_at: None,
            recovery_time: Some(3 * MINUTE),
        };
        Demo::of(recording, truth, diagnosis(), judgements())
    }

    /// Windows cut where the phases are.
    pub fn of(
        recording: Recording,
        truth: Truth,
        diagnosis: Diagnosis,
        judgements: Vec<Judgement>,
    ) -> Demo {
        let cuts: Vec<u64> = truth.phases.iter().flat_map(|p| [p.from, p.to]).collect();
        let windows = Windows::plan(HOUR, recording.requests.len() as u64, &cuts);
        let watch = Watch::from_recording(&recording, windows);
        Demo {
            recording,
            watch,
            truth,
            diagnosis,
            judgements,
            length: HOUR,
        }
    }

    /// What a report says about it.
    pub fn findings(&self) -> Findings<'_> {
        Findings {
            title: "Cache hit rate collapses after a deploy",
            question: Some("Q24"),
            incident: "incident-24",
            variant: None,
            seed: Some(24),
            digest: "3f2a9c0d5e817b64",
            requests_replayed: self.recording.requests.len() as u64,
            tries: self.recording.requests.len() as u64,
            background: 0,
            virtual_length: self.length,
            trace: TraceFacts {
                name: "traces/chat-hour.csv.zst",
                format: "mooncake",
                origin: None,
                captured: vec!["arrived", "blocks", "input_tokens", "output_tokens"],
                filled: vec![
                    ("tenant", "zipf over 200, by seed"),
                    ("params", "fixed"),
                    ("deadline", "20s"),
                ],
                skipped_lines: 3,
            },
            truth: &self.truth,
            judgements: &self.judgements,
            moved: None,
            diagnosis: &self.diagnosis,
            watch: &self.watch,
            recording: Some(&self.recording),
            bytes_kept: self.recording.requests.bytes() as u64,
            reproduce: "gameday replay incident-24 --seed 24",
            sealed: None,
        }
    }
}

/// A number in (0, 1) that belongs to a request and a purpose.
fn dice(op: u64, purpose: u64) -> f64 {
    (mix(op ^ mix(purpose)) >> 11) as f64 / (1u64 << 53) as f64 + 1e-17
}

fn normal(op: u64, purpose: u64) -> f64 {
    let (a, b) = (dice(op, purpose), dice(op, purpose + 1));
    libm::sqrt(-2.0 * libm::log(a)) * libm::cos(std::f64::consts::TAU * b)
}

fn lognormal(op: u64, purpose: u64, median: f64, sigma: f64) -> u64 {
    (median * libm::exp(sigma * normal(op, purpose))) as u64
}

/// Arrivals, a cache that forgets after a while, workers, a dependency.
fn traffic(rate: f64) -> Recording {
    let mut recording = Recording {
        span: HOUR,
        ..Recording::default()
    };
    let workers = ((rate * 0.12) as usize).max(4);
    let mut free = vec![0u64; workers];
    let mut stored: IndexMap<u64, u64> = IndexMap::new();
    let (mut now, mut op) = (0u64, 0u64);
    loop {
        op += 1;
        let swing = 1.0 + 0.25 * libm::sin(now as f64 / HOUR as f64 * std::f64::consts::TAU);
        now += (-libm::log(dice(op, 1)) / (rate * swing) * S as f64) as u64;
        if now >= HOUR {
            break;
        }
        let row = request(op, now, &mut free, &mut stored);
        recording.requests.push(&row);
    }
    recording.events.push(&EventRow {
        time: 20 * MINUTE,
        version: 2,
        share: 1.0,
        ..EventRow::default()
    });
    recording
}

fn request(op: u64, now: u64, free: &mut [u64], stored: &mut IndexMap<u64, u64>) -> RequestRow {
    let broken = (20 * MINUTE..40 * MINUTE).contains(&now);
    let slow = (26 * MINUTE..29 * MINUTE).contains(&now);
    let content = mix((libm::pow(dice(op, 2), 3.0) * 40_000.0) as u64 + 1);
    let key = if broken { mix(content ^ op) } else { content };
    let age = stored.get(&key).map(|t| now.saturating_sub(*t));
    let fresh = age.is_some_and(|a| a < 45 * S);
    let mut row = RequestRow {
        op,
        tries: 1,
        arrived: now,
        compute: lognormal(op, 3, 1.6e6, 0.3),
        h_key: key,
        h_canon: content,
        cache: if fresh { cache::HIT } else { cache::MISS },
        hit_age: if fresh { age.unwrap_or(0) } else { 0 },
        miss: match age {
            _ if fresh => 0,
            Some(_) if dice(op, 4) < 0.3 => miss::EVICTED,
            Some(_) => miss::EXPIRED,
            None => miss::NEVER_SEEN,
        },
        outcome: outcome::OK,
        served_by: if fresh {
            served_by::CACHE
        } else {
            served_by::DEPENDENCY
        },
        ..RequestRow::default()
    };
    let (worker, begins) = free
        .iter()
        .enumerate()
        .map(|(i, t)| (i, *t))
        .min_by_key(|(_, t)| *t)
        .unwrap_or((0, 0));
    row.queue_wait = begins.saturating_sub(now);
    if row.queue_wait > 2 * S {
        // The queue is full.
        row.outcome = outcome::SHED;
        row.queue_wait = 0;
        row.latency = row.compute;
        return row;
    }
    if dice(op, 5) < 0.004 {
        row.outcome = outcome::REJECTED;
        row.latency = row.compute;
        row.queue_wait = 0;
        return row;
    }
    if !fresh {
        row.attempts = 1;
        row.call = lognormal(op, 6, if slow { 420e6 } else { 95e6 }, 0.55);
        row.pool_wait = if broken {
            lognormal(op, 8, 9e6, 0.9)
        } else {
            lognormal(op, 8, 2e5, 0.5)
        };
        if dice(op, 10) < if slow { 0.12 } else { 0.01 } {
            row.attempts = 2;
            row.backoff = (50.0 * dice(op, 11)) as u64 * MS;
            row.call += lognormal(op, 12, 95e6, 0.55);
            if dice(op, 14) < 0.2 {
                row.outcome = outcome::ERROR;
            }
        }
        stored.insert(key, now);
    } else if dice(op, 15) < 0.02 {
        row.flight_wait = lognormal(op, 16, 40e6, 0.4);
        row.served_by = served_by::FLIGHT;
    }
    let service = row.compute + row.flight_wait + row.call + row.pool_wait + row.backoff;
    row.latency = row.queue_wait + service;
    free[worker] = begins.max(now) + service;
    row
}

fn judgements() -> Vec<Judgement> {
    let say = |gate: &str, expression: &str, phase: &str, verdict, detail: &str| Judgement {
        gate: gate.into(),
        expression: expression.into(),
        phase: phase.into(),
        verdict,
        detail: detail.into(),
    };
    let latency = "latency p(95) < 1.15x baseline";
    let hits = "cache.hit_rate > 0.9x baseline";
    let rejects = "reject_rate by tenant (min 500 requests) < 5%";
    vec![
        say(
            "latency",
            latency,
            "incident",
            Verdict::Breach,
            "latency.p95 1.62s, allowed 218ms (1.15x baseline 190ms)",
        ),
        say(
            "latency",
            latency,
            "recovered",
            Verdict::Pass,
            "latency.p95 187ms, allowed 218ms (1.15x baseline 190ms)",
        ),
        say(
            "hit_rate",
            hits,
            "incident",
            Verdict::Breach,
            "cache.hit_rate 0%, required 65.3% (0.9x baseline 72.6%)",
        ),
        say(
            "hit_rate",
            hits,
            "recovered",
            Verdict::Pass,
            "cache.hit_rate 73%, required 65.3% (0.9x baseline 72.6%)",
        ),
        say(
            "rejects",
            rejects,
            "incident",
            Verdict::Pass,
            "worst tenant acme 0.6%, allowed 5%",
        ),
        say(
            "rejects",
            rejects,
            "recovered",
            Verdict::NoData,
            "no tenant has 500 requests",
        ),
    ]
}

fn diagnosis() -> Diagnosis {
    let ranked = |cause: &str,
                  subject: Option<&str>,
                  probability,
                  evidence: &[&str],
                  against: &[&str],
                  remedy: &str| {
        Ranked {
        cause: cause.into(),
        subject: subject.map(str::to_owned),
        probability,
        tied: false,
        evidence: evidence.iter().map(|s| (*s).to_owned()).collect(),
        against: against.iter().map(|s| (*s).to_owned()).collect(),
        remedy: remedy.into(),
        next: "compare the key templates of v1 and v2 for one content".into(),
        containment: "roll v2 back: old entries are still warm".into(),
        trigger: "cache.hit_rate of the new key template below 0.9x that of the old one, side by side, for 1 min".into(),
    }
    };
    Diagnosis {
        summary: "Since 00:20:02 requests wait eight times as long: latency.p95 rose from 190ms to 1.62s, and the cache answers nothing.".into(),
        onset: Some(Onset {
            at: 20 * MINUTE + 2 * S,
            from: 19 * MINUTE + 55 * S,
            to: 20 * MINUTE + 10 * S,
            until: Some(41 * MINUTE),
            ramp: false,
        }),
        symptoms: vec![
            Symptom { indicator: "cache.hit_rate".into(), before: 0.726, during: 0.0, words: "cache.hit_rate 72.6% → 0%".into() },
            Symptom { indicator: "latency.p95".into(), before: 190e6, during: 1.62e9, words: "latency.p95 190ms → 1.62s".into() },
        ],
        causes: vec![
            ranked(
                "key-field-added",
                Some("service v2"),
                0.94,
                &[
                    "misses are never seen: 99.8% of look-ups from 00:20:02, before 12%",
                    "1.0 keys per request while contents repeat: 8.9 keys per content, before 1.0",
                    "began within 7s of the deploy of v2",
                ],
                &[],
                "roll the key template back, or read keys of the old template too",
            ),
            ranked("ttl-changed", None, 0.04, &["hit rate fell at a deploy"], &["expired misses fell from 14% to 0%"], "put the TTL back"),
            ranked("none-of-these", None, 0.02, &[], &[], ""),
        ],
        segments: vec![Segment { tag: "tenant".into(), value: "acme".into(), odds: 1.84, share: 0.41, z: 6.6 }],
        tail: vec![("waiting for a worker".into(), 0.71), ("calls to dependencies".into(), 0.285), ("own computation".into(), 0.004)],
        notes: vec!["confined to service_version v2, beside v1 in the same minutes".into()],
        cleared: vec!["deploy of v3 at 00:40:00: 19m58s after the onset".into()],
        also: vec!["00:26:00-00:29:00: time of calls to dependencies".into()],
        limits: vec!["attempts were not recorded: retries of the client library cannot be told from slow calls".into()],
        ..Diagnosis::default()
    }
}
