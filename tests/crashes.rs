//! Processes that die: what they have in hand fails at that instant, what they kept is gone, what they had sent goes on, and
//! another process serves when it has started. Nothing is answered twice, nothing is lost from the recording.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    indicators::Lookup,
    recording::{RequestRow, cache, outcome},
};
use proptest::prelude::*;
use replay_support::{rerun, rows};
use std::collections::{BTreeMap, BTreeSet};

const SECOND: u64 = 1_000_000_000;

fn read(service: &str, timeline: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "40/s" }}
duration = "2m"
tenants  = {{ acme = 1, globex = 1 }}
contents = {{ count = 50, exponent = 0.9 }}
[clients]
patience = "5s"
retry = {{ max = 2, after = "300ms" }}
[service]
replicas = 4
{service}
[dependency.db]
latency = "200ms"
[dependency.table]
latency = "2s"
workers = 1
{timeline}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn replay(service: &str, timeline: &str) -> Run {
    let incident = read(service, timeline).unwrap_or_else(|refusal| panic!("{refusal}"));
    rerun(&incident)
}

fn ends(row: &RequestRow) -> u64 {
    row.arrived + row.latency
}

/// Instant and replica of each exit of a process.
fn exits(run: &Run) -> Vec<(u64, u16)> {
    let Some(exit) = run.recording.number("event", "exit") else {
        return vec![];
    };
    let events = run.recording.events.rows();
    let exits = events.filter(|e| u32::from(e.event) == exit);
    exits.map(|e| (e.time, e.replica)).collect()
}

const CALL: &str = r#"call = { dependency = "db" }"#;

#[test]
fn what_a_process_has_in_hand_fails_when_it_dies_and_another_serves_when_it_is_up() {
    let crash =
        "[[timeline]]\nat = \"1m\"\nfault = { kind = \"crash\", replica = 2, down = \"10s\" }";
    let run = replay(CALL, crash);
    let died = 60 * SECOND;
    assert_eq!(exits(&run), [(died, 2)]);
    let (mut caught, mut elsewhere) = (0, 0);
    for row in rows(&run) {
        let in_hand = row.arrived < died && ends(&row) >= died;
        match row.process {
            2 if row.arrived < died && row.arrived + 200_000_000 > died => {
                assert_eq!((row.outcome, ends(&row)), (outcome::ERROR, died));
                caught += 1;
            }
            // None of another process, nor an earlier one of its own, is touched.
            1..=4 => {
                assert_eq!((row.outcome, row.latency), (outcome::OK, 200_000_000));
                elsewhere += u64::from(in_hand);
                assert!(row.process != 2 || row.arrived < died);
            }
            5 => assert!(row.arrived >= died + 10 * SECOND && row.replica == 2),
            other => panic!("process {other}"),
        }
    }
    assert!(caught > 0 && elsewhere > 0, "{caught}, {elsewhere}");
    assert_eq!(run.truth.entries[0].hits, 1);
}

#[test]
fn while_it_lasts_who_comes_up_dies_again_and_jitter_spreads_the_starts() {
    let crash =
        "[[timeline]]\nat = \"30s\"\nfor = \"30s\"\nfault = { kind = \"crash\", down = \"8s\" }";
    let run = replay(CALL, crash);
    let at: BTreeSet<u64> = exits(&run).iter().map(|(at, _)| at / SECOND).collect();
    assert_eq!(at, BTreeSet::from([30, 38, 46, 54]));
    assert_eq!(run.truth.entries[0].hits, 16);
    let served = |from: u64, to: u64| {
        let all = rows(&run);
        let in_time = |r: &&RequestRow| (from * SECOND..to * SECOND).contains(&r.arrived);
        all.iter().filter(in_time).filter(|r| r.process > 0).count()
    };
    assert_eq!(served(30, 62), 0, "nobody is up");
    assert!(served(62, 70) > 100, "then all are");
    let jitter = crash
        .replace("\"8s\"", "\"8s\", jitter = \"6s\"")
        .replace("30s\"\nfault", "1s\"\nfault");
    let first: BTreeMap<u16, u64> = rows(&replay(CALL, &jitter))
        .iter()
        .filter(|r| r.process > 4)
        .fold(BTreeMap::new(), |mut first, r| {
            first.entry(r.replica).or_insert(r.arrived);
            first
        });
    assert_eq!(first.len(), 4);
    assert!(
        first
            .values()
            .all(|up| (38 * SECOND..45 * SECOND).contains(up))
    );
    let (least, most) = (first.values().min().unwrap(), first.values().max().unwrap());
    assert!(most - least > SECOND, "{first:?}");
}

#[test]
fn memory_of_a_process_dies_with_it_and_shared_memory_does_not() {
    let crash = "[[timeline]]\nat = \"1m\"\nfault = { kind = \"crash\", down = \"1s\" }";
    let misses = |scope: &str| {
        let service = format!(
            r#"{CALL}
key = {{ fields = ["prompt"] }}
cache = {{ kind = "lru", scope = "{scope}", capacity = 1000, ttl = "1h" }}"#
        );
        let all = rows(&replay(&service, crash));
        let after = all.iter().filter(|r| r.arrived > 61 * SECOND);
        after.filter(|r| r.cache == cache::MISS).count()
    };
    assert!(misses("local") > 100, "{}", misses("local"));
    // At most those that had not been seen.
    assert!(misses("shared") < 10, "{}", misses("shared"));
}

const POISON: &str = r#"
[[timeline]]
at = "30s"
for = "1m"
fault = { kind = "crash", percentage = 2, down = "1s", where = 'tenant == "acme"' }
"#;
const SLOW: &str = r#"
[[timeline]]
at = "31s"
fault = { kind = "latency", target = "db", latency = "300ms", percentage = 50 }
"#;

#[test]
fn poison_kills_whoever_serves_it_and_the_same_requests_are_poison_in_every_run() {
    let killers = |run: &Run| -> BTreeSet<u64> {
        let died = exits(run);
        assert_eq!(
            died.len() as u64,
            run.truth
                .entries
                .iter()
                .find(|e| e.label == "crash")
                .unwrap()
                .hits
        );
        // It dies as soon as it is taken up.
        let at_once = |r: &&RequestRow| {
            r.outcome == outcome::ERROR && r.latency == 0 && died.contains(&(r.arrived, r.replica))
        };
        rows(run).iter().filter(at_once).map(|r| r.op).collect()
    };
    let (alone, together) = (
        replay(CALL, POISON),
        replay(CALL, &format!("{SLOW}{POISON}")),
    );
    let acme = alone.recording.number("tenant", "acme").unwrap();
    let (first, second) = (killers(&alone), killers(&together));
    assert!(first.len() > 10);
    // The slow ones are in hand for longer, and change who is up: whoever is taken up in both runs kills in both.
    let common = first.intersection(&second).count();
    assert!(common * 10 > first.len() * 7, "{common} of {}", first.len());
    for row in rows(&alone) {
        assert!(!first.contains(&row.op) || row.tenant == acme);
        // Nobody who kills is ever answered while it lasts.
        if first.contains(&row.op) && row.arrived < 90 * SECOND {
            assert_ne!(row.outcome, outcome::OK);
        }
    }
    assert_eq!(killers(&replay(CALL, POISON)), first);
}

#[test]
fn a_crash_of_nobody_changes_nothing() {
    let none = POISON.replace("percentage = 2", "percentage = 0");
    let never = POISON.replace("acme", "nobody-of-this-name");
    // Before it on the timeline: the dice of a fault belong to its place there.
    let slow = SLOW.replace("31s", "20s");
    let healthy = replay(CALL, &slow).digest.to_string();
    for crash in [none, never] {
        assert_eq!(
            replay(CALL, &format!("{slow}{crash}")).digest.to_string(),
            healthy
        );
    }
}

#[test]
fn who_reads_before_it_serves_is_up_when_it_has_read() {
    let crash = "[[timeline]]\nat = \"30s\"\nfault = { kind = \"crash\", down = \"1s\" }";
    let ups = |start: &str| -> Vec<u64> {
        let service = format!("{CALL}\nstart = {{ reads = \"table\"{start} }}");
        let run = replay(&service, crash);
        let restart = run.recording.number("event", "restart").unwrap();
        let events = run.recording.events.rows();
        let ups = events.filter(|e| u32::from(e.event) == restart);
        ups.map(|e| e.time / SECOND).collect()
    };
    // One after the other: the table has one place.
    assert_eq!(ups(""), [33, 35, 37, 39]);
    // Those that give up come back together, each time: one of them gets through.
    assert_eq!(ups(", timeout = \"3s\", again = \"10s\""), [33, 46, 59, 72]);
    // Spread, they find it free.
    let spread = ups(", timeout = \"3s\", again = \"10s\", spread = \"20s\"");
    assert!(spread.len() == 4 && spread[2] < 46, "{spread:?}");
}

#[test]
fn what_a_crash_has_no_use_for_is_refused() {
    for (entry, said) in [
        (
            "fault = { kind = \"crash\", when = \"written\" }",
            "no request brings it about",
        ),
        (
            "ramp = \"10s\"\nfault = { kind = \"crash\" }",
            "a crash comes at once",
        ),
        (
            "fault = { kind = \"crash\", target = \"db\" }",
            "does not act at calls",
        ),
        (
            "for = \"1ms\"\nevery = \"50ms\"\nfault = { kind = \"crash\" }",
            "ten times a second",
        ),
        (
            "fault = { kind = \"crash\", when = \"written\", percentage = 1 }",
            "nothing is written",
        ),
        (
            "fault = { kind = \"crash\", when = \"committed\", percentage = 1 }",
            "no write has a second step",
        ),
        ("fault = { kind = \"crash\", replica = 5 }", "no replica 5"),
        ("fault = { kind = \"crash\", down = \"0s\" }", "in no time"),
    ] {
        let refused = read(CALL, &format!("[[timeline]]\nat = \"1m\"\n{entry}"))
            .err()
            .unwrap();
        assert!(refused.contains(said), "{refused}");
    }
    for (start, said) in [
        ("{ spread = \"1s\" }", "a start that reads nothing"),
        ("{ reads = \"tabel\" }", "did you mean \"table\""),
    ] {
        let refused = read(&format!("{CALL}\nstart = {start}"), "").err().unwrap();
        assert!(refused.contains(said), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever dies when: each try of each operation is recorded once, in order, an answer ends an operation, and a process
    /// answers nothing after it died, nor anything before it was up.
    #[test]
    fn nothing_is_answered_twice_or_lost_whoever_dies(
        crashes in prop::collection::vec((0u32..5, 5u64..110, 0u64..15, 1u64..20, 0u64..10, 0u32..4), 1..4),
        workers in 1u32..30,
    ) {
        let timeline: String = crashes.iter().map(|(replica, at, lasts, down, jitter, poison)| {
            let lasts = match lasts { 0 => String::new(), n => format!("for = \"{n}s\"\n") };
            let poison = match poison { 0 => ", percentage = 1", _ => "" };
            format!(
                "[[timeline]]\nat = \"{at}s\"\n{lasts}fault = {{ kind = \"crash\", replica = {replica}, down = \"{down}s\", jitter = \"{jitter}s\"{poison} }}\n"
            )
        }).collect();
        let service = format!("{CALL}\nqueue = {{ kind = \"fifo\", workers = {workers}, limit = 60 }}");
        let (calm, run) = (replay(&service, ""), replay(&service, &timeline));
        let ops: BTreeSet<u64> = rows(&calm).iter().map(|r| r.op).collect();
        let mut tries: BTreeMap<u64, Vec<RequestRow>> = BTreeMap::new();
        for row in rows(&run) {
            tries.entry(row.op).or_default().push(row);
        }
        prop_assert_eq!(tries.keys().copied().collect::<BTreeSet<_>>(), ops);
        for rows in tries.values_mut() {
            rows.sort_by_key(|r| r.tries);
            for (i, row) in rows.iter().enumerate() {
                prop_assert_eq!(usize::from(row.tries), i + 1);
                let last = i + 1 == rows.len();
                prop_assert!(row.outcome != outcome::OK || last, "answered, and tried again");
                prop_assert!(row.outcome != 0);
            }
        }
        // By process: the first exit of its replica after it served last is not before that.
        let died = exits(&run);
        let mut hits = run.truth.entries.iter().map(|e| e.hits).sum::<u64>();
        prop_assert_eq!(died.len() as u64, hits);
        let mut of_process: BTreeMap<u32, (u64, u64, u16)> = BTreeMap::new();
        for row in tries.values().flatten().filter(|r| r.process > 0) {
            let seen = of_process.entry(row.process).or_insert((u64::MAX, 0, row.replica));
            *seen = (seen.0.min(row.arrived), seen.1.max(ends(row)), row.replica);
        }
        for (from, to, replica) in of_process.values() {
            hits = died.iter().filter(|(at, r)| r == replica && from < at && at < to).count() as u64;
            prop_assert_eq!(hits, 0, "it served on after it had died");
        }
        prop_assert_eq!(run.unfinished, 0);
    }
}
