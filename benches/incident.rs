//! An incident as it ships beside the pipeline written by hand, in one run: `cargo bench --bench incident`.
//!
//! The incident makes its traffic with bodies, parses them, serialises keys, and feeds columns, digest, histograms and
//! watches; the hand machine does none of the first three. Rounds are interleaved and their order alternates; what counts
//! is the ratio within a round, since on a shared machine rates wander.

mod hand {
    pub mod parts;
    pub mod pipeline;
}

use gameday::{
    incident::{self, Incident, Overlay, Registries, Run, RunOptions},
    recording::{Column, Keep, Row, Table},
    service::recorded_columns,
    trace::Overrides,
};
use hand::parts::World;
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
use std::time::Instant;
use std::{hint::black_box, path::Path};

const TEXT: &str = include_str!("../incidents/incident-24.toml");
const BY_HAND: usize = 1_000_000;
const ROUNDS: usize = 9;

/// What is aimed at: the ratio to the hand machine at least, and bytes of core columns a row at most.
const RATIO: f64 = 0.25;
const BYTES: f64 = 64.0;

const MODES: [(&str, Keep); 2] = [
    ("incident-24", Keep::Rows),
    ("incident-24 --no-records", Keep::NoRows),
];

/// Wall seconds of some work, and what it gave.
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_secs_f64(), result)
}

/// The median, and the range.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (
        sorted[sorted.len() / 2],
        sorted[0],
        sorted[sorted.len() - 1],
    )
}

fn replay(incident: &Incident, registries: &Registries, keep: Keep) -> Run {
    let options = RunOptions {
        keep,
        progress: None,
    };
    incident::run(incident, registries, &options).expect("an incident that ships can be run")
}

/// Bytes of the columns of a table that are among these.
fn bytes<R: Row>(table: &Table<R>, among: impl Fn(usize) -> bool) -> usize {
    let columns = table.recorded().filter(|&c| among(c));
    columns
        .filter_map(|c| table.column(c))
        .map(Column::bytes)
        .sum()
}

/// Prints what a row of requests costs, in columns of the core, of stages, and in the table of attempts.
fn memory(incident: &Incident, name: &str, run: &Run) {
    // The core is what a service without any stage records.
    let mut bare = incident.service.clone();
    bare.limiter = None;
    bare.parse = None;
    bare.key = None;
    bare.cache = None;
    bare.single_flight = None;
    bare.queue = None;
    bare.cold_for = 0;
    bare.dependencies.clear();
    let (core, _) = recorded_columns(&[bare]);
    let requests = &run.recording.requests;
    let each = |bytes: usize| bytes as f64 / run.tries as f64;
    let of_core = each(bytes(requests, |c| core.has(c)));
    println!(
        "  {of_core:6.1} {:7.1} {:9.1} {:7.1}  {:9}  {name}{}",
        each(bytes(requests, |c| !core.has(c))),
        each(run.recording.attempts.bytes()),
        each(requests.bytes() + run.recording.attempts.bytes()),
        run.watched.all().bytes() / 1000,
        if of_core <= BYTES { "" } else { "   MISSED" },
    );
}

fn main() {
    let registries = Registries::builtin();
    let incident = Incident::read(
        Path::new("incidents/incident-24.toml"),
        TEXT,
        &Overlay::default(),
        &Overrides::default(),
        &registries,
    )
    .expect("an incident that ships can be read");
    let world = World::new();

    // Once each unmeasured: the first run meets cold pages.
    let checksum = hand::pipeline::run(&world, BY_HAND).checksum();
    let first = MODES.map(|(_, keep)| replay(&incident, &registries, keep));
    let mut same = first[0].digest == first[1].digest;
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for k in 0..rates.len() {
            let which = if round % 2 == 0 {
                k
            } else {
                rates.len() - 1 - k
            };
            let (seconds, requests) = if which == 0 {
                let (seconds, recorder) = time(|| hand::pipeline::run(&world, BY_HAND));
                same &= recorder.checksum() == checksum;
                (seconds, BY_HAND as u64)
            } else {
                let keep = MODES[which - 1].1;
                let (seconds, run) = time(|| replay(&incident, &registries, keep));
                same &= run.digest == first[0].digest;
                (seconds, run.requests)
            };
            rates[which].push(requests as f64 / seconds);
        }
    }

    println!(
        "{}: {} requests, {} tries; by hand {BY_HAND} requests; {ROUNDS} rounds",
        incident.name, first[0].requests, first[0].tries
    );
    println!("  M req/s   ns/req    best   ratio to hand [range]");
    let names = ["by hand, state machine", MODES[0].0, MODES[1].0];
    for (name, mine) in names.iter().zip(&rates) {
        let ratios: Vec<f64> = rates[0].iter().zip(mine).map(|(h, m)| m / h).collect();
        let (rate, _, best) = spread(mine);
        let (ratio, low, high) = spread(&ratios);
        println!(
            "  {:7.3}  {:7.1} {:7.1}   {ratio:5.3} [{low:5.3} - {high:5.3}]  {name}{}",
            rate / 1e6,
            1e9 / rate,
            1e9 / best,
            if ratio >= RATIO { "" } else { "   MISSED" },
        );
    }
    println!("  aim: a ratio of {RATIO} at least\n");

    println!("Bytes kept a request, and KB of the watch of everything (fixed by the windows)");
    println!("    core  stages  attempts     all  watch, KB");
    for ((name, _), run) in MODES.iter().zip(&first) {
        memory(&incident, name, run);
    }
    println!("  aim: {BYTES} bytes of core columns at most");

    // A fast run that is another run is no run.
    assert!(same, "results differ");
}
