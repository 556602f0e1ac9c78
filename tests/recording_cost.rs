//! What a row costs. Not a gate, since machines differ: `cargo test --release --test recording_cost -- --ignored
//! --nocapture` prints ns a row, best of five.

use gameday::{
    indicators::{Watch, Watches, Windows},
    recording::{
        Keep, Observer, Recorder, Recording, RequestRow, Table, cache, outcome, served_by,
    },
};

const S: u64 = 1_000_000_000;
const ROWS: u64 = 1_000_000;
const PATTERN: u64 = 1_024;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Traffic: three quarters are hits, the rest waits and calls.
fn rows() -> Vec<RequestRow> {
    let rows: Vec<RequestRow> = (0..PATTERN)
        .map(|i| {
            let dice = mix(i + 1);
            let hit = !dice.is_multiple_of(4);
            let call = if hit {
                0
            } else {
                50_000_000 + mix(dice) % 400_000_000
            };
            let queue_wait = if dice % 8 < 3 {
                mix(dice + 1) % 30_000_000
            } else {
                0
            };
            let compute = 300_000 + dice % 200_000;
            RequestRow {
                op: i,
                tries: 1,
                arrived: i * 3_600_000,
                latency: call + queue_wait + compute,
                queue_wait,
                compute,
                call,
                attempts: u16::from(!hit),
                outcome: outcome::OK,
                served_by: if hit {
                    served_by::CACHE
                } else {
                    served_by::DEPENDENCY
                },
                tenant: 1 + (dice >> 20) as u32 % 40,
                user: 1 + (dice >> 30) as u32 % 5_000,
                route: 1 + (dice >> 40) as u32 % 6,
                replica: 1 + (dice >> 8) as u16 % 4,
                process: 1 + (dice >> 8) as u32 % 4,
                service_version: 1,
                parser_version: 1,
                key_template: 1,
                input_tokens: dice as u32 % 2_000,
                bytes: dice % 9_000,
                h_raw: mix(dice % 30_000),
                h_fields: mix(dice % 30_000 + 1),
                h_canon: mix(dice % 20_000),
                h_key: mix(dice % 20_000 + 7),
                cache: if hit { cache::HIT } else { cache::MISS },
                miss: u8::from(!hit),
                hit_age: if hit { mix(dice) % (600 * S) } else { 0 },
                limiter_key: mix(dice % 40),
                limiter_remaining: dice as u32 % 100,
                ..RequestRow::default()
            }
        })
        .collect();
    rows
}

/// Hands over all rows in the order of their ends, about. A pattern of rows is repeated: a run's row is warm in the
/// cache, and reading a million of them from memory would be measured instead.
fn replay(pattern: &[RequestRow], mut tell: impl FnMut(&RequestRow)) {
    let mut row = RequestRow::default();
    for i in 0..ROWS {
        // Neighbours end in another order than they began.
        let number = i ^ (i >> 6 & 31);
        row.clone_from(&pattern[(i % PATTERN) as usize]);
        row.op = number;
        row.arrived = number * 3_600_000;
        tell(&row);
    }
}

#[expect(clippy::disallowed_types, reason = "measures the wall, not a run")]
fn time(what: &str, mut once: impl FnMut()) {
    let best = (0..5)
        .map(|_| {
            let start = std::time::Instant::now();
            once();
            start.elapsed().as_nanos() as u64
        })
        .min();
    let ns = best.unwrap_or(0) as f64 / ROWS as f64;
    println!("{what:40} {ns:6.1} ns a row");
}

#[test]
#[ignore = "a measurement"]
fn what_a_row_costs() {
    let rows = rows();
    let windows = Windows::plan(3_600 * S, ROWS, &[]);
    time("making a row (part of all below)", || {
        let mut sum = 0;
        replay(&rows, |row| sum += std::hint::black_box(row).latency);
        std::hint::black_box(sum);
    });
    time("one watch of everything", || {
        let mut watch = Watch::new(windows.clone());
        replay(&rows, |row| watch.request(row, 0));
        std::hint::black_box(watch.bytes());
    });
    let mut watch = Watch::new(windows.clone());
    replay(&rows, |row| watch.request(row, 0));
    println!(
        "memory of a watch over an hour: {} KB",
        watch.bytes() / 1000
    );
    time("the same behind selections, no more", || {
        let nothing = Recording::default();
        let mut watches = Watches::new(windows.clone(), [], &nothing);
        replay(&rows, |row| watches.request(row, 0));
        std::hint::black_box(watches.finish().all().bytes());
    });
    time("a row into a table, by itself", || {
        let mut table: Table<RequestRow> = Table::default();
        replay(&rows, |row| table.set(row.op as usize, row));
        std::hint::black_box(table.bytes());
    });
    let mut table: Table<RequestRow> = Table::default();
    replay(&rows, |row| table.set(row.op as usize, row));
    println!(
        "memory of a table: {} bytes a row",
        table.bytes() as u64 / ROWS
    );
    time("a row out of a table", || {
        let sum: u64 = table
            .rows()
            .map(|row| std::hint::black_box(row).latency)
            .sum();
        std::hint::black_box(sum);
    });
    for (what, keep) in [
        ("recorder, rows and digest, no observer", Keep::Rows),
        ("recorder, digest alone", Keep::NoRows),
    ] {
        time(what, || {
            let mut recorder = Recorder::new(keep, Table::default(), Table::default(), vec![]);
            (0..ROWS).for_each(|_| {
                recorder.begin();
            });
            replay(&rows, |row| recorder.request(row.op, row));
            std::hint::black_box(recorder.finish().0.requests.bytes());
        });
    }
}

#[test]
#[ignore = "a measurement"]
fn what_a_row_costs_in_files() {
    use gameday::recording::files::{SaveFormat, load, save};
    let rows = rows();
    let mut table: Table<RequestRow> = Table::default();
    replay(&rows, |row| table.set(row.op as usize, row));
    let mut recording = Recording {
        requests: table,
        ..Recording::default()
    };
    // As many names as a row may have here.
    for dictionary in ["tenant", "user", "route"] {
        let names = recording.names.entry(dictionary).or_default();
        (1..=5_000).for_each(|i| {
            names.number(&format!("{dictionary}-{i}"));
        });
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, format) in SaveFormat::ALL.iter().filter(|(_, f)| f.available()) {
        let path = folder.path().join(name);
        time(&format!("saved as {name}"), || {
            save(&recording, &path, *format).expect("saved");
        });
        let file = path.join(format!("requests.{}", format.extension()));
        let bytes = std::fs::metadata(file).expect("there").len();
        println!(
            "{:40} {:6.1} bytes a row",
            format!("as {name}"),
            bytes as f64 / ROWS as f64
        );
        time(&format!("loaded from {name}"), || {
            assert_eq!(load(&path).expect("loaded").requests.len() as u64, ROWS);
        });
    }
}
