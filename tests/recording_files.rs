//! Recordings in files: what is written is read back, the same to the byte.

mod provided;

use gameday::{
    config::Names,
    recording::{
        AttemptRow, Dictionaries, EventRow, GaugeRow, Meaning, Recording, RequestRow, Row, Table,
        files::{SaveFormat, load, reference, save},
    },
};
use proptest::prelude::*;
use std::{fs, path::Path};

const FORMATS: &[SaveFormat] = &[SaveFormat::Csv, SaveFormat::Jsonl, SaveFormat::Parquet];

fn formats() -> impl Iterator<Item = SaveFormat> {
    FORMATS.iter().copied().filter(|format| format.available())
}

/// A table with some columns recorded and rows of numbers that fit them.
fn table<R: Row + std::fmt::Debug + 'static>() -> impl Strategy<Value = Table<R>> {
    let columns = R::COLUMNS.len();
    let numbers = prop::collection::vec(prop_oneof![Just(0u64), 1u64..9, any::<u64>()], columns);
    let rows = prop::collection::vec(numbers, 0..12);
    (rows, any::<u128>()).prop_map(move |(rows, mask)| {
        // The first column is an identity or a time, without which there is no table.
        let recorded = (0..columns).filter(|&c| c < 3 || mask >> c & 1 == 1);
        let mut table = Table::with_columns(recorded);
        for row in rows {
            let fit = |c: usize| match R::COLUMNS[c].meaning {
                Meaning::Name(_) => row[c] % 5,
                Meaning::Word(words) => row[c] % words.len() as u64,
                Meaning::Flag => row[c] % 2,
                Meaning::Digest => row[c],
                Meaning::Real => (row[c] as f64 / 7.0 - 3.0).to_bits(),
                // What no column has room for is cut, as it is in a row.
                _ => row[c] >> 1,
            };
            table.push(&R::from_columns(fit));
        }
        table
    })
}

fn recording() -> impl Strategy<Value = Recording> {
    let name = prop::sample::select(vec![
        "acme",
        "a,b",
        "say \"hi\"",
        "naïve ☃",
        " x ",
        "7",
        "null",
        "line\nbreak",
    ]);
    let names = prop::collection::vec(prop::collection::vec(name, 0..6), 13);
    let tables = (
        table::<RequestRow>(),
        table::<AttemptRow>(),
        table::<GaugeRow>(),
        table::<EventRow>(),
    );
    (tables, names, any::<Option<i64>>(), 0u64..1 << 60).prop_map(
        |((requests, attempts, gauges, events), names, origin, span)| {
            let dictionaries = [
                "tenant",
                "user",
                "route",
                "region",
                "class",
                "client",
                "model",
                "parse_path",
                "reject",
                "step",
                "dependency",
                "gauge",
                "event",
            ];
            let mut all = Dictionaries::default();
            for (dictionary, list) in dictionaries.into_iter().zip(names) {
                let names: &mut Names = all.entry(dictionary).or_default();
                // Every number that a row may have has a name.
                for name in list.into_iter().chain(["n1", "n2", "n3", "n4"]) {
                    names.number(name);
                }
            }
            Recording {
                origin,
                span,
                requests,
                attempts,
                gauges,
                writes: Table::default(),
                events,
                names: all,
            }
        },
    )
}

fn same<R: Row + PartialEq + std::fmt::Debug>(
    a: &Table<R>,
    b: &Table<R>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.len(), b.len());
    prop_assert_eq!(
        a.recorded().collect::<Vec<_>>(),
        b.recorded().collect::<Vec<_>>()
    );
    for (x, y) in a.rows().zip(b.rows()) {
        prop_assert_eq!(x, y);
    }
    Ok(())
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (
                entry.file_name().to_string_lossy().into_owned(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_saved_is_loaded_and_saved_again_to_the_same_bytes(recording in recording()) {
        let folder = tempfile::tempdir().unwrap();
        for format in formats() {
            let (first, second) = (folder.path().join("first"), folder.path().join("second"));
            save(&recording, &first, format).unwrap_or_else(|refusal| panic!("{refusal}"));
            let loaded = load(&first).unwrap_or_else(|refusal| panic!("{refusal}"));
            same(&recording.requests, &loaded.requests)?;
            same(&recording.attempts, &loaded.attempts)?;
            same(&recording.gauges, &loaded.gauges)?;
            same(&recording.events, &loaded.events)?;
            prop_assert_eq!(recording.origin, loaded.origin);
            prop_assert_eq!(recording.span, loaded.span);
            for (dictionary, names) in &recording.names {
                prop_assert!(names.iter().eq(loaded.names[dictionary].iter()), "{}", dictionary);
            }
            save(&loaded, &second, format).unwrap_or_else(|refusal| panic!("{refusal}"));
            prop_assert_eq!(files(&first), files(&second));
        }
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_refused_in_order(bytes in prop::collection::vec(any::<u8>(), 0..200), which in 0usize..4) {
        let folder = tempfile::tempdir().unwrap();
        let name = ["requests.csv", "requests.jsonl", "requests.parquet", "recording.json"][which];
        fs::write(folder.path().join(name), &bytes).unwrap();
        if let Err(refusal) = load(folder.path()) {
            refusal.to_string();
        }
    }
}

fn small() -> Recording {
    let mut recording = Recording::default();
    let tenants = recording.names.entry("tenant").or_default();
    let (acme, zeta) = (tenants.number("acme"), tenants.number("zeta"));
    for i in 0..1_000u64 {
        recording.requests.push(&RequestRow {
            op: i,
            tries: 1,
            arrived: i * 1_000_000,
            latency: 40_000_000 + i,
            outcome: 1,
            tenant: if i % 10 == 0 { zeta } else { acme },
            h_key: i + 1,
            ..RequestRow::default()
        });
    }
    recording
}

#[test]
fn a_team_can_write_one_from_its_own_logs() {
    let folder = tempfile::tempdir().unwrap();
    let text = "arrived_s,latency_ms,tenant,outcome,cold,request_url,h_key,attempts\n\
                0.5,40,acme,ok,true,/x,00ff,1.0\n\
                1,41.5,\"z,eta\",timeout,0,/y,,2\n\
                1.25,,,,,,ABC,\n";
    fs::write(folder.path().join("requests.csv"), text).unwrap();
    let recording = load(folder.path()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let rows: Vec<RequestRow> = recording.requests.rows().collect();
    assert_eq!(
        (
            rows[0].arrived,
            rows[0].latency,
            rows[0].cold,
            rows[0].h_key,
            rows[0].attempts
        ),
        (500_000_000, 40_000_000, 1, 255, 1)
    );
    assert_eq!(
        (rows[1].arrived, rows[1].latency, rows[1].outcome),
        (1_000_000_000, 41_500_000, 3)
    );
    assert_eq!(recording.name("tenant", rows[1].tenant), "z,eta");
    assert_eq!(
        (rows[2].latency, rows[2].tenant, rows[2].h_key),
        (0, 0, 0xABC)
    );
    assert_eq!(recording.span, 1_250_000_000);
    assert!(
        !recording.requests.has(gameday::recording::requests::cache),
        "not there is not recorded"
    );
    assert!(recording.attempts.recorded().next().is_none());

    let text = "{\"arrived_ms\": 5, \"tenant\": 7, \"mine\": {\"a\": [1]}}\n\n{\"arrived_ms\": 6.5, \"latency_ns\": null, \"cold\": true}\n";
    fs::remove_file(folder.path().join("requests.csv")).unwrap();
    fs::write(folder.path().join("requests.jsonl"), text).unwrap();
    let recording = load(folder.path()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let rows: Vec<RequestRow> = recording.requests.rows().collect();
    assert_eq!((rows[1].arrived, rows[1].cold), (6_500_000, 1));
    assert_eq!(recording.name("tenant", rows[0].tenant), "7");
}

#[test]
fn a_table_that_was_cut_short_or_changed_is_found_out() {
    for format in formats() {
        let folder = tempfile::tempdir().unwrap();
        let saved = folder.path().join("r");
        let file = saved.join(format!("requests.{}", format.extension()));
        let again = || save(&small(), &saved, format).unwrap_or_else(|refusal| panic!("{refusal}"));
        again();
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() * 9 / 10]).unwrap();
        load(&saved).expect_err("cut in the middle of a row, or before its footer");
        if format != SaveFormat::Parquet {
            let text = String::from_utf8(whole.clone()).unwrap();
            let (short, _) = text.trim_end().rsplit_once('\n').unwrap();
            fs::write(&file, format!("{short}\n")).unwrap();
            let told = load(&saved).unwrap_err().to_string();
            assert!(
                told.contains("has 999 rows, and recording.json says 1000"),
                "{told}"
            );
            fs::write(&file, text.replacen("acme", "acmf", 1)).unwrap();
            let told = load(&saved).unwrap_err().to_string();
            assert!(
                told.contains("its tables were changed since they were written"),
                "{told}"
            );
        }
        again();
        fs::remove_file(saved.join(format!("attempts.{}", format.extension()))).unwrap();
        load(&saved).expect("an empty table may be missing");
    }
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    save(&small(), &home, SaveFormat::Csv).unwrap_or_else(|refusal| panic!("empty: {refusal}"));
    save(&small(), &home, SaveFormat::Jsonl)
        .unwrap_or_else(|refusal| panic!("a recording: {refusal}"));
    assert!(
        !home.join("requests.csv").exists(),
        "the older one is gone as a whole"
    );
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "years of work").unwrap();
    let told = save(&small(), &other, SaveFormat::Csv)
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("is there already, and no recording"),
        "{told}"
    );
    assert!(other.join("thesis.txt").exists());
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "nothing half written is left: {left:?}");
}

#[test]
fn a_value_that_no_file_can_hold_is_refused_on_saving() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = small();
    recording.gauges.push(&GaugeRow {
        value: f64::NAN,
        ..GaugeRow::default()
    });
    for format in formats() {
        let told = save(&recording, &folder.path().join("r"), format)
            .unwrap_err()
            .to_string();
        assert_eq!(
            told,
            "row 0 of gauges: value cannot be saved, NaN is no number"
        );
        assert!(!folder.path().join("r").exists());
    }
}

#[test]
fn the_reference_page_lists_every_column() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&page, reference()).unwrap();
    }
    let written = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference(),
        "docs/recording.md is not what the tables say: BLESS=1 cargo test --test recording_files"
    );
}

/// Written by pyarrow with its defaults: nullable columns, dictionaries, Snappy, 32-bit numbers.
#[test]
fn we_read_the_parquet_of_others() {
    if !SaveFormat::Parquet.available() {
        println!("skipped: this build has no Parquet");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "
import sys, pyarrow as pa, pyarrow.parquet as pq
pq.write_table(pa.table({
    'arrived_ms': pa.array([1, 2, 3, 4] * 5000, pa.int32()).take(pa.array(sorted(range(20000), key=lambda i: i % 4))),
    'latency_ms': pa.array([40.5, None, 41.0, 2.0] * 5000),
    'tenant': pa.array(['acme', None, 'zeta', 'acme'] * 5000),
    'outcome': pa.array(['ok', 'timeout', None, 'ok'] * 5000).dictionary_encode(),
    'cold': [True, False, None, True] * 5000,
    'extra': [[1], [2, 3], None, []] * 5000,
}), sys.argv[1] + '/requests.parquet')
";
    let Some(mut python) = provided::python("pyarrow") else {
        return;
    };
    let run = python.args(["-c", script]).arg(folder.path()).output();
    match run {
        Err(e) => panic!("python does not run: {e}"),
        Ok(run) => {
            assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            );
            let recording = load(folder.path()).unwrap_or_else(|refusal| panic!("{refusal}"));
            assert_eq!(recording.requests.len(), 20_000);
            let rows: Vec<RequestRow> = recording.requests.rows().collect();
            let tail = &rows[19_996..];
            let latency: Vec<u64> = tail.iter().map(|row| row.latency / 500_000).collect();
            assert_eq!(latency, [81, 0, 82, 4]);
            let tenants: Vec<&str> = tail
                .iter()
                .map(|row| recording.name("tenant", row.tenant))
                .collect();
            assert_eq!(tenants, ["acme", "", "zeta", "acme"]);
            assert_eq!(
                tail.iter()
                    .map(|row| (row.outcome, row.cold))
                    .collect::<Vec<_>>(),
                [(1, 1), (3, 0), (0, 0), (1, 1)]
            );
            assert_eq!(
                (rows[0].arrived, rows[19_999].arrived),
                (1_000_000, 4_000_000)
            );
        }
    }
}

/// Spark, DuckDB and pandas go through the same footers; pyarrow and DuckDB stand for them.
#[test]
fn others_read_our_parquet() {
    if !SaveFormat::Parquet.available() {
        println!("skipped: this build has no Parquet");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("r");
    let mut recording = small();
    recording.gauges.push(&GaugeRow {
        time: 5,
        value: 3.0,
        ..GaugeRow::default()
    });
    save(&recording, &saved, SaveFormat::Parquet).unwrap_or_else(|refusal| panic!("{refusal}"));
    let latency: u64 = recording.requests.rows().map(|row| row.latency).sum();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_with_pyarrow.py");
    let Some(mut python) = provided::python("pyarrow") else {
        return;
    };
    let run = python
        .arg(script)
        .arg(&saved)
        .args([
            "requests=1000",
            "attempts=0",
            "gauges=1",
            "gauges.value=3",
            "requests.tenant=zeta:100",
            "requests.cold=0",
        ])
        .arg(format!("requests.latency_ns={latency}"))
        .arg("requests.h_key=00000000000000ff:1")
        .output();
    match run {
        Err(e) => panic!("python does not run: {e}"),
        Ok(run) => {
            let (told, errors) = (
                String::from_utf8_lossy(&run.stdout),
                String::from_utf8_lossy(&run.stderr),
            );
            println!("{told}");
            assert!(run.status.success(), "{told}{errors}");
        }
    }
}
