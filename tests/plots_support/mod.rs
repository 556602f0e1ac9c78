//! A made-up run in which everything goes wrong that a report has a picture for: twenty minutes, of which the second ten
//! are the incident. No simulation, only rows and readings that say something in each picture.

use gameday::diagnosis::Diagnosis;
use gameday::incident::{Entry, EntryKind, Phase, PhaseName, Truth};
use gameday::indicators::{Watch, Windows};
use gameday::recording::{
    AttemptRow, GaugeRow, Recording, RequestRow, outcome, parsed, quota, result, served_by, told,
};

pub const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;
/// When it begins, and when it is over, s.
pub const ONSET: u64 = 600;
pub const END: u64 = 1200;

/// The rows, what was counted, and the truth.
pub fn everything() -> (Recording, Watch, Truth) {
    let mut recording = Recording {
        span: END * S,
        ..Recording::default()
    };
    for i in 0..4 * END {
        request(&mut recording, i);
    }
    for time in (0..END).step_by(10) {
        readings(&mut recording, time);
    }
    let phase = |name, from, to| Phase {
        name,
        from: from * S,
        to: to * S,
    };
    let truth = Truth {
        phases: vec![
            phase(PhaseName::Baseline, 0, ONSET),
            phase(PhaseName::Incident, ONSET, END),
        ],
        entries: vec![Entry {
            kind: EntryKind::Change,
            label: "deploy 7f3a".into(),
            at: ONSET * S,
            until: None,
            hits: 1,
        }],
        causes: Some(vec!["everything".into()]),
        ..Truth::default()
    };
    let windows = Windows::new(10 * S, END * S, &[ONSET * S]);
    let watch = Watch::from_recording(&recording, windows);
    (recording, watch, truth)
}

/// The diagnosis of nobody.
pub fn diagnosis() -> Diagnosis {
    Diagnosis::default()
}

fn name(recording: &mut Recording, dictionary: &'static str, name: &str) -> u32 {
    recording.names.entry(dictionary).or_default().number(name)
}

fn request(recording: &mut Recording, i: u64) {
    let arrived = i * S / 4;
    let broken = arrived >= ONSET * S;
    let pick = |of: &[&'static str]| of[i as usize % of.len()];
    let (tenant, class) = (
        pick(&["acme", "globex", "initech"]),
        pick(&["chat", "batch"]),
    );
    let (region, client) = (pick(&["eu", "us"]), pick(&["app 1", "app 2", "web 7"]));
    let slow = if broken && class == "batch" {
        2000 + i % 700
    } else {
        1
    };
    let call = if broken { 400 + i % 90 } else { 80 + i % 30 };
    let mut row = RequestRow {
        op: i,
        tries: 1,
        arrived,
        queue_wait: slow * MS,
        compute: 2 * MS,
        call: call * MS,
        latency: (slow + 2 + call) * MS,
        attempts: 1 + u16::from(broken),
        outcome: outcome::OK,
        served_by: served_by::DEPENDENCY,
        tenant: name(recording, "tenant", tenant),
        class: name(recording, "class", class),
        region: name(recording, "region", region),
        client: name(recording, "client", client),
        parser_version: 1 + u16::from(broken),
        quota: quota::UNDER,
        told: told::COMPLETE,
        honest: outcome::OK,
        cpu: 3 * MS,
        core_wait: if broken { 40 * MS } else { MS / 10 },
        ..RequestRow::default()
    };
    if broken && tenant == "acme" && i.is_multiple_of(2) {
        row.outcome = outcome::REJECTED;
        let level = ["tenant", "global"][i as usize / 6 % 2];
        row.reject = name(recording, "reject", level) as u16;
        row.latency = MS;
    } else if broken && client == "app 1" && i.is_multiple_of(5) {
        row.outcome = outcome::PARSE_ERROR;
        row.parse_error = match i % 10 {
            0 => 1, // a missing field
            _ => 2, // a wrong type
        };
    } else if i.is_multiple_of(7) {
        row.parse_error = parsed::REPAIRED;
    }
    if broken && i % 4 == 1 {
        row.honest = outcome::DEGRADED;
        row.steps_failed = 1;
    }
    let number = recording.requests.push(&row) as u64;
    for (dependency, part) in [("llm", 3), ("search", 1)] {
        for attempt in 0..row.attempts {
            let failed = broken && dependency == "search" && attempt == 0;
            let attempt = AttemptRow {
                request: number,
                number: attempt + 1,
                step: name(recording, "step", dependency) as u16,
                dependency: name(recording, "dependency", dependency) as u16,
                started: arrived + MS,
                time: call * MS * part / 4,
                result: if failed { result::TIMEOUT } else { result::OK },
                ..AttemptRow::default()
            };
            recording.attempts.push(&attempt);
        }
    }
}

fn readings(recording: &mut Recording, time: u64) {
    let broken = time >= ONSET;
    let grown = |healthy: f64, ill: f64| if broken { ill } else { healthy };
    let since = time.saturating_sub(ONSET) as f64;
    let all = [
        ("queue.depth", grown(0.0, 20.0 + since / 10.0)),
        ("queue.class_depth.batch", grown(0.0, 19.0 + since / 10.0)),
        ("queue.class_depth.chat", grown(0.0, 1.0)),
        ("queue.class_age.batch", since * S as f64),
        ("queue.class_age.chat", grown(0.0, 5e6)),
        ("workers.busy", grown(3.0, 10.0)),
        ("workers.size", 10.0),
        ("cpu.busy", grown(0.2, 1.0)),
        ("cpu.queue", grown(0.0, 12.0)),
        ("cpu.spent.filter.waf.match", grown(4e7, 4e8)),
        ("cpu.spent.parse.json.read", 4e7),
        ("cpu.spent.compute", 8e7),
        ("limiter.keys", grown(300.0, 1.0)),
        ("limiter.rate", grown(10.0, 5.0)),
        ("orphan.tasks", grown(0.0, 15.0)),
        ("orphan.seconds", grown(0.0, 90.0)),
        ("work.seconds", 400.0),
        ("disconnects.edge", 10.0),
        ("disconnects.handler", grown(10.0, 0.0)),
        ("cleanup.time", grown(1e6, 9e9)),
        ("write.repeats", grown(0.0, 3.0)),
        ("write.keys_per_intent", grown(1.0, 1.2)),
        ("breaker.open.search", grown(0.0, 1.0)),
        ("region.up.eu", grown(4.0, 1.0)),
        ("region.up.us", 4.0),
        ("replicas.up", grown(8.0, 5.0)),
    ];
    for (gauge, value) in all {
        let row = GaugeRow {
            time: time * S,
            gauge: name(recording, "gauge", gauge) as u16,
            replica: 0,
            value,
        };
        recording.gauges.push(&row);
    }
}
