//! The accumulator: what counts where, and that rows told as they end give the same as rows read back.

use gameday::{
    config::Names,
    indicators::{
        Lookup, Selector, TableOf, Watch, WatchSpec, Watched, Watches, Windows, catalogue, find,
    },
    recording::{
        AttemptRow, GaugeRow, Keep, Observer, Recorder, Recording, RequestRow, Table, outcome,
    },
};
use proptest::prelude::*;
use std::{cell::RefCell, rc::Rc};

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

fn value(watch: &Watch, name: &str, from: u64, to: u64) -> Option<f64> {
    watch.over(
        find(name).expect("a name of the catalogue"),
        from * S,
        to * S,
    )
}

fn request(arrived: u64, latency: u64, outcome: u8) -> RequestRow {
    RequestRow {
        tries: 1,
        arrived,
        latency,
        outcome,
        ..RequestRow::default()
    }
}

#[test]
fn a_request_counts_in_the_window_of_its_arrival_however_late_it_ends() {
    let mut watch = Watch::new(Windows::new(10 * S, 60 * S, &[]));
    for arrived in [1, 11, 51, 2, 59] {
        let row = request(arrived * S, 45 * S, outcome::OK);
        watch.request(&row, row.arrived + row.latency);
    }
    let requests = watch.series(find("requests").unwrap());
    assert_eq!(requests, [2.0, 1.0, 0.0, 0.0, 0.0, 2.0].map(Some));
    let p50 = watch.series(find("latency.p50").unwrap());
    assert!(
        p50[0].is_some() && p50[2].is_none(),
        "no request, no median"
    );
}

#[test]
fn background_work_is_counted_apart() {
    let mut watch = Watch::new(Windows::new(10 * S, 10 * S, &[]));
    let mut row = request(S, 5 * S, outcome::ERROR);
    row.background = 1;
    watch.request(&row, 0);
    watch.request(&request(2 * S, MS, outcome::OK), 0);
    assert_eq!(value(&watch, "background.requests", 0, 10), Some(1.0));
    assert_eq!(value(&watch, "requests", 0, 10), Some(1.0));
    assert_eq!(value(&watch, "error_rate", 0, 10), Some(0.0));
    assert_eq!(value(&watch, "latency.max", 0, 10), Some(1e6));
}

#[test]
fn a_refused_request_flatters_no_latency_and_a_client_that_left_is_no_error() {
    let mut watch = Watch::new(Windows::new(10 * S, 10 * S, &[]));
    for (outcome, latency) in [
        (outcome::OK, 40 * MS),
        (outcome::DEGRADED, 40 * MS),
        (outcome::TIMEOUT, 8_000 * MS),
        (outcome::HUNG_UP, 2_000 * MS),
        (outcome::ERROR, 60 * MS),
        (outcome::REJECTED, 0),
        (outcome::SHED, 0),
        (outcome::PARSE_ERROR, 0),
        (outcome::UNAVAILABLE, 0),
        (outcome::REJECTED, 0),
    ] {
        watch.request(&request(S, latency, outcome), 0);
    }
    assert_eq!(
        watch
            .tally(gameday::indicators::Stage::Latency, 0..1)
            .count(),
        5
    );
    assert_eq!(value(&watch, "latency.max", 0, 10), Some(8e9));
    assert_eq!(value(&watch, "error_rate", 0, 10), Some(0.5));
    assert_eq!(value(&watch, "reject_rate", 0, 10), Some(0.2));
    assert_eq!(value(&watch, "hangup_rate", 0, 10), Some(0.1));
    assert_eq!(value(&watch, "success_rate", 0, 10), Some(0.2));
    assert_eq!(value(&watch, "throughput", 0, 10), Some(0.2));
}

#[test]
fn a_selector_finds_a_name_that_shows_up_in_the_middle_of_a_run() {
    let mut tenants = Names::default();
    tenants.number("early");
    let names = Rc::new(RefCell::new(gameday::recording::Dictionaries::from_iter([
        ("tenant", tenants),
    ])));
    let tenant = Selector::column(TableOf::Requests, "tenant").unwrap();
    let select = vec![Selector::new(tenant, false, "late").unwrap()];
    let mut spec = WatchSpec::all();
    spec.select = select.clone();
    let mut not = spec.clone();
    not.select[0].not = true;
    let mut watches = Watches::new(
        Windows::new(S, 10 * S, &[]),
        [spec, not.clone()],
        names.clone(),
    );
    let mut tell = |name: &str, times: u32| {
        let number = names.borrow_mut()["tenant"].number(name);
        for _ in 0..times {
            let mut row = request(S, MS, outcome::OK);
            row.tenant = number;
            watches.request(&row, 0);
        }
    };
    tell("early", 3);
    tell("other", 2);
    tell("late", 4);
    tell("later", 1);
    tell("late", 1);
    let watched = watches.finish();
    assert_eq!(watched.selected(&select).unwrap().requests(0..10), 5);
    assert_eq!(watched.selected(&not.select).unwrap().requests(0..10), 6);
    assert_eq!(watched.all().requests(0..10), 11);
}

#[test]
fn a_split_has_a_bounded_number_of_values_and_says_what_it_leaves_out() {
    let mut recording = Recording::default();
    let users = Names::default();
    recording.names.insert("user", users);
    for i in 0..2_000u32 {
        let mut row = request(S, MS, outcome::OK);
        row.user = if i % 2 == 0 { 1_900 } else { i };
        recording.requests.push(&row);
    }
    let spec = WatchSpec {
        by: Some("user"),
        ..WatchSpec::all()
    };
    let windows = Windows::new(S, 10 * S, &[]);
    let watched = Watched::from_recording(&recording, windows, [spec]);
    let (segments, other) = watched.segments(&[], "user", &recording).unwrap();
    assert_eq!(segments.len(), 256);
    assert_eq!(
        segments[0].watch.requests(0..10),
        1_000,
        "the largest is among them"
    );
    assert_eq!(other, 2_000 - 1_000 - 255);
    assert!(
        watched.segments(&[], "tenant", &recording).is_none(),
        "nobody asked"
    );
}

#[test]
fn gauges_are_known_by_name() {
    let mut recording = Recording::default();
    let mut gauges = Names::default();
    let number = gauges.number("queue.depth") as u16;
    recording.names.insert("gauge", gauges);
    for (time, reading) in [(1, 3.0), (2, 8.0), (3, 1.0), (15, 2.0)] {
        recording.gauges.push(&GaugeRow {
            time: time * S,
            gauge: number,
            value: reading,
            ..GaugeRow::default()
        });
    }
    let watch = Watch::from_recording(&recording, Windows::new(10 * S, 30 * S, &[]));
    assert_eq!(value(&watch, "queue.depth", 0, 10), Some(4.0));
    assert_eq!(value(&watch, "queue.depth.max", 0, 20), Some(8.0));
    assert_eq!(value(&watch, "queue.depth.max", 20, 30), None);
    assert_eq!(value(&watch, "pool.in_use", 0, 30), None);
    assert_eq!(watch.gauges().collect::<Vec<_>>(), ["queue.depth"]);
}

#[test]
fn the_recorder_tells_the_names_that_a_trace_does_not_have() {
    let llm = Selector::column(TableOf::Attempts, "dependency").unwrap();
    let select = vec![Selector::new(llm, false, "llm").unwrap()];
    let spec = WatchSpec {
        select: select.clone(),
        ..WatchSpec::all()
    };
    let nothing = Recording::default();
    let mut watches = Watches::new(Windows::new(S, 10 * S, &[]), [spec], &nothing);
    let mut recorder = Recorder::new(
        Keep::NoRows,
        Table::default(),
        Table::default(),
        vec![&mut watches],
    );
    let number = |recorder: &mut Recorder, dictionary: &'static str, name: &str| {
        recorder
            .recording_mut()
            .names
            .entry(dictionary)
            .or_default()
            .number(name) as u16
    };
    let other = number(&mut recorder, "dependency", "store");
    let llm = number(&mut recorder, "dependency", "llm");
    for (dependency, time) in [(other, 5), (llm, 7), (other, 1)] {
        recorder.attempt(&AttemptRow {
            dependency,
            time: time * MS,
            ..AttemptRow::default()
        });
    }
    for (name, reading) in [
        ("pool.in_use.llm", 8.0),
        ("pool.in_use.store", 2.0),
        ("pool.in_users", 99.0),
    ] {
        let gauge = number(&mut recorder, "gauge", name);
        recorder.gauge(&GaugeRow {
            gauge,
            value: reading,
            ..GaugeRow::default()
        });
    }
    drop(recorder);
    let watched = watches.finish();
    assert_eq!(
        value(watched.selected(&select).unwrap(), "call.time.max", 0, 1),
        Some(7e6)
    );
    assert_eq!(value(watched.all(), "call.requests", 0, 1), Some(3.0));
    assert_eq!(value(watched.all(), "pool.in_use", 0, 1), Some(5.0));
    assert_eq!(value(watched.all(), "pool.in_use.max", 0, 1), Some(8.0));
}

fn rows() -> impl Strategy<Value = Vec<(RequestRow, Vec<AttemptRow>)>> {
    let attempt = (0u64..90 * S, 0u64..20 * S, 0u8..7, 0u8..2).prop_map(
        |(started, time, result, background)| AttemptRow {
            started,
            time,
            result,
            background,
            dependency: 1 + u16::from(result % 2),
            ..AttemptRow::default()
        },
    );
    let waits = prop_oneof![Just(0u64), 1u64..3 * S];
    let request = (
        (0u64..70 * S, 0u64..50 * S, 0u8..10, 0u8..5, 0u8..3),
        (waits.clone(), waits.clone(), waits.clone(), waits),
        (0u32..5, 0u16..4, 0u8..4, 0u8..2, 0u64..30, 0u64..10),
        prop::collection::vec(attempt, 0..3),
    )
        .prop_map(
            |(
                (arrived, latency, outcome, served_by, cache),
                (queue, flight, pool, call),
                (tenant, version, miss, flag, key, content),
                attempts,
            )| {
                let row = RequestRow {
                    tries: 1 + flag,
                    arrived,
                    latency,
                    outcome,
                    served_by,
                    cache,
                    miss,
                    queue_wait: queue,
                    flight_wait: flight,
                    pool_wait: pool,
                    call,
                    hit_age: call * 2,
                    tenant,
                    service_version: version,
                    cold: flag,
                    background: u8::from(key == 7),
                    h_key: key,
                    h_canon: content,
                    attempts: attempts.len() as u16,
                    ..RequestRow::default()
                };
                (row, attempts)
            },
        );
    prop::collection::vec(request, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn streaming_gives_the_same_as_reading_back(rows in rows()) {
        let mut names = Recording::default();
        let mut tenants = Names::default();
        ["a", "b", "c", "d"].iter().for_each(|n| { tenants.number(n); });
        names.names.insert("tenant", tenants);
        let tenant = Selector::column(TableOf::Requests, "tenant").unwrap();
        let version = Selector::column(TableOf::Requests, "service_version").unwrap();
        let dependency = Selector::column(TableOf::Attempts, "replica").unwrap();
        let select = [
            vec![Selector::new(tenant, false, "b").unwrap()],
            vec![Selector::new(version, false, "new").unwrap(), Selector::new(tenant, true, "c").unwrap()],
            vec![Selector::new(dependency, false, "0").unwrap()],
        ];
        let mut specs: Vec<_> = select.iter().map(|s| WatchSpec { select: s.clone(), ..WatchSpec::all() }).collect();
        specs.push(WatchSpec { by: Some("tenant"), ..WatchSpec::all() });
        let windows = Windows::new(7 * S, 60 * S, &[20 * S]);
        let mut watches = Watches::new(windows.clone(), specs.clone(), &names);
        let mut recorder = Recorder::new(Keep::Rows, Table::default(), Table::default(), vec![&mut watches]);
        let mut told: Vec<_> = rows.clone();
        told.sort_by_key(|(row, _)| row.arrived);
        let mut ended: Vec<_> = told.iter().map(|row| (recorder.begin(), row)).collect();
        ended.sort_by_key(|(number, (row, _))| (row.arrived + row.latency, *number));
        for (number, (row, attempts)) in ended {
            attempts.iter().for_each(|a| recorder.attempt(a));
            recorder.request(number, row);
        }
        let (mut recording, _) = recorder.finish();
        recording.names = names.names.clone();
        let streamed = watches.finish();
        let read = Watched::from_recording(&recording, windows.clone(), specs);
        let mut pairs = vec![(streamed.all().clone(), read.all().clone())];
        for s in &select {
            pairs.push((streamed.selected(s).unwrap().clone(), read.selected(s).unwrap().clone()));
        }
        let (mut a, _) = streamed.segments(&[], "tenant", &recording).unwrap();
        let (mut b, _) = read.segments(&[], "tenant", &recording).unwrap();
        a.sort_by(|x, y| x.name.cmp(&y.name));
        b.sort_by(|x, y| x.name.cmp(&y.name));
        for (x, y) in a.iter().zip(&b) {
            prop_assert_eq!(&x.name, &y.name);
            pairs.push((x.watch.clone(), y.watch.clone()));
        }
        prop_assert_eq!(a.len(), b.len());
        for (streamed, read) in pairs {
            // Every third, another third each time: all of them take their time without optimisation.
            for indicator in catalogue().skip(rows.len() % 3).step_by(3) {
                prop_assert_eq!(streamed.series(indicator), read.series(indicator), "{}", indicator.name);
                let (x, y) = (streamed.over(indicator, 20 * S, u64::MAX), read.over(indicator, 20 * S, u64::MAX));
                prop_assert_eq!(x, y, "{}", indicator.name);
            }
        }
        prop_assert_eq!(Lookup::number(&recording, "tenant", "b"), Some(2));
    }
}
