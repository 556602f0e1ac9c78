//! Writes that are due later: who asks is answered at once, and the queue hands out a copy each time that the visibility
//! time-out passes. Without a ledger each copy writes, and all of them when they are due.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    recording::{RequestRow, outcome},
    sim::{
        dice::{Dice, Purpose},
        distribution::Distribution,
    },
};
use proptest::prelude::*;
use replay_support::{rerun, rows};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1000 * MS;
/// What a write takes.
const TAKES: u64 = 10 * MS;

fn read(service: &str, timeline: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "5/s" }}
duration = "10m"
[service]
replicas = 3
write = {{ dependency = "db", {service} }}
[dependency.db]
latency = "10ms"
{timeline}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn replay(service: &str, timeline: &str) -> Run {
    let incident = read(service, timeline).unwrap_or_else(|refusal| panic!("{refusal}"));
    rerun(&incident)
}

/// Writes, those beyond the first of an operation, and answers without one.
fn audit(run: &Run) -> [u64; 3] {
    ["truth.writes", "truth.duplicates", "truth.lost"].map(|name| run.scalars[name] as u64)
}

/// Readings of a gauge: time and value.
fn readings(run: &Run, gauge: &str) -> Vec<(u64, f64)> {
    let all = replay_support::gauge(run, gauge).into_iter();
    all.map(|(time, _, value)| (time, value)).collect()
}

/// When the job of a request is due, ns, by a delay that is equally likely between two numbers of seconds.
fn due(row: &RequestRow, low: u64, high: u64) -> u64 {
    let delay = Distribution::Uniform {
        low: (low * SECOND) as f64,
        high: (high * SECOND) as f64,
    };
    let mut draw = Dice::new(3, row.op).draw(Purpose::named("write-delay"), 1);
    row.arrived + delay.sample_u64(&mut draw)
}

/// When the copies of a job are handed out that was taken then, and is written so long after it is due: none after that.
fn handed(taken: u64, due: u64, visibility: u64, takes: u64) -> Vec<u64> {
    let each = (1..).map(|k| taken + k * visibility);
    each.take_while(|at| *at < due + takes).collect()
}

#[test]
fn a_job_is_written_once_and_once_more_for_each_time_out_that_fits_into_its_delay() {
    let run = replay(
        "idempotent = false, visibility = \"60s\", delay = { kind = \"uniform\", min = \"10s\", max = \"300s\" }",
        "",
    );
    // Of each write that somebody sends: when, and whether it is the first of its operation.
    let mut sent: Vec<(u64, bool)> = vec![];
    let mut late = 0;
    for row in rows(&run) {
        assert_eq!((row.tries, row.outcome, row.latency), (1, outcome::OK, 0));
        let due = due(&row, 10, 300);
        let copies = handed(row.arrived, due, 60 * SECOND, TAKES);
        sent.push((due, true));
        sent.extend(copies.iter().map(|at| (due.max(*at), false)));
        let fit = (due - row.arrived) / (60 * SECOND);
        late += copies.len() as u64 - fit;
    }
    let repeats = sent.iter().filter(|(_, first)| !first).count() as u64;
    assert_eq!(audit(&run), [sent.len() as u64, repeats, 0]);
    assert!(repeats > 3000, "{repeats}");
    // One is handed out while the others write, and not before.
    assert!(late < 5, "{late}");
    // They are in the books when they are due, and not when they were handed out.
    let mut before = 0;
    for (at, value) in readings(&run, "write.repeats") {
        let within = |(when, first): &&(u64, bool)| !first && (before..at).contains(when);
        assert_eq!(value as usize, sent.iter().filter(within).count(), "{at}");
        before = at;
    }
    let (mut redelivered, mut waiting) = (0, 0);
    let (mut before, all) = (0, rows(&run));
    for ((at, copies), (_, jobs)) in readings(&run, "write.redelivered")
        .into_iter()
        .zip(readings(&run, "write.waiting"))
    {
        let waits = |r: &&RequestRow| r.arrived < at && due(r, 10, 300) + TAKES > at;
        assert_eq!(jobs as usize, all.iter().filter(waits).count(), "{at}");
        let handed = all
            .iter()
            .flat_map(|r| handed(r.arrived, due(r, 10, 300), 60 * SECOND, TAKES));
        let now = handed.filter(|when| (before..at).contains(when)).count();
        assert_eq!(copies as usize, now, "{at}");
        (redelivered, waiting) = (redelivered + now, waiting.max(jobs as u64));
        before = at;
    }
    assert!(
        redelivered > 2000 && waiting > 600,
        "{redelivered}, {waiting}"
    );
}

#[test]
fn who_asks_a_ledger_or_waits_longer_than_any_delay_writes_once() {
    let delay = "delay = { kind = \"uniform\", min = \"10s\", max = \"300s\" }";
    for service in [
        "visibility = \"60s\"",
        "idempotent = false, visibility = \"301s\"",
        "idempotent = false",
    ] {
        let run = replay(&format!("{service}, {delay}"), "");
        assert_eq!(audit(&run), [rows(&run).len() as u64, 0, 0], "{service}");
        let copies: f64 = readings(&run, "write.redelivered")
            .iter()
            .map(|r| r.1)
            .sum();
        assert_eq!(copies > 2000.0, service.contains("60s"), "{service}");
    }
}

#[test]
fn a_longer_time_out_counts_for_what_waits_already() {
    let run = replay(
        "idempotent = false, visibility = \"60s\", delay = \"250s\"",
        "[[timeline]]\nat = \"300s\"\ndeploy = \"b\"\nset = { \"service.write.visibility\" = \"400s\" }",
    );
    let copies = |r: &RequestRow| {
        let all = handed(r.arrived, r.arrived + 250 * SECOND, 60 * SECOND, TAKES);
        all.into_iter().filter(|at| *at < 300 * SECOND).count() as u64
    };
    let all = rows(&run);
    let repeats = all.iter().map(copies).sum();
    assert_eq!(audit(&run), [all.len() as u64 + repeats, repeats, 0]);
}

#[test]
fn jobs_die_with_the_process_that_keeps_them_and_the_queue_brings_them_back() {
    let crash =
        "[[timeline]]\nat = \"300s\"\nfault = { kind = \"crash\", replica = 2, down = \"5s\" }";
    let delay = "delay = { kind = \"uniform\", min = \"10s\", max = \"300s\" }";
    let alone = replay(&format!("idempotent = false, {delay}"), crash);
    let kept = |r: &&RequestRow| {
        r.process == 2 && r.arrived < 300 * SECOND && due(r, 10, 300) + TAKES > 300 * SECOND
    };
    let all = rows(&alone);
    let lost = all.iter().filter(kept).count() as u64;
    assert!(lost > 100, "{lost}");
    assert_eq!(audit(&alone), [all.len() as u64 - lost, 0, lost]);
    let waiting = readings(&alone, "write.waiting");
    assert!(
        waiting.iter().all(|(_, jobs)| *jobs < 1000.0),
        "the dead wait for nothing"
    );
    // Handed out again when the time-out has passed, and due by then or not: once where somebody asks, and none is lost.
    let saved = replay(&format!("visibility = \"60s\", {delay}"), crash);
    assert_eq!(audit(&saved), [all.len() as u64, 0, 0]);
}

#[test]
fn without_anybody_up_the_queue_keeps_its_jobs() {
    let crash = "[[timeline]]\nat = \"200s\"\nfault = { kind = \"crash\", down = \"60s\" }";
    let run = replay("visibility = \"30s\", delay = \"40s\"", crash);
    let taken = rows(&run)
        .iter()
        .filter(|r| r.outcome == outcome::OK)
        .count() as u64;
    assert!(taken < rows(&run).len() as u64 - 200, "{taken}");
    assert_eq!(audit(&run), [taken, 0, 0]);
}

#[test]
fn a_job_that_is_never_written_is_handed_out_a_hundred_times_and_set_aside() {
    let run = replay(
        "idempotent = false, tries = 1, visibility = \"1s\", delay = \"1s\"",
        "[[timeline]]\nat = \"0s\"\nfault = { kind = \"error\", target = \"db\" }",
    );
    let all = rows(&run);
    assert_eq!(audit(&run), [0, 0, all.len() as u64]);
    // One of each second of the first hundred, less the first.
    let (at, waiting) = readings(&run, "write.waiting").pop().unwrap();
    let since = |r: &&RequestRow| r.arrived + 98 * SECOND >= at - 2 * SECOND;
    let most = all.iter().filter(since).count() as f64;
    assert!(waiting > 400.0 && waiting <= most, "{waiting} of {most}");
}

#[test]
fn a_request_that_takes_long_is_handed_out_each_time_too() {
    // Nobody asks, nothing is due later: three copies before the first has ended.
    let run = replay(
        "idempotent = false, visibility = \"1s\", timeout = \"10s\"",
        "[[timeline]]\nat = \"0s\"\nfor = \"9m\"\nfault = { kind = \"latency\", target = \"db\", latency = \"3500ms\" }",
    );
    let all = rows(&run);
    // When the slowness is over the first copy of then ends at once.
    let copies = |r: &RequestRow| {
        let of_then = (0..4).find(|k| r.arrived + k * SECOND >= 540 * SECOND);
        of_then.unwrap_or(3)
    };
    let repeats = all.iter().map(copies).sum();
    assert_eq!(audit(&run), [all.len() as u64 + repeats, repeats, 0]);
    assert!(repeats > 8000 && all.iter().all(|r| r.tries == 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Whatever dies, is lost on its way or fails: a queue and a ledger together write each job that was taken once.
    #[test]
    fn a_queue_that_hands_out_again_and_a_ledger_lose_and_double_nothing(
        visibility in 5u64..90, low in 0u64..40, more in 1u64..80, lost in 0u32..30,
        crashes in prop::collection::vec((20u64..500, 1u16..4, 1u64..20), 0..4),
        written in 0u32..5,
    ) {
        let mut timeline = format!("[[timeline]]\nat = \"30s\"\nfor = \"5m\"\nfault = {{ kind = \"lost-response\", target = \"db\", percentage = {lost} }}\n");
        for (at, replica, down) in crashes {
            timeline += &format!("[[timeline]]\nat = \"{at}s\"\nfault = {{ kind = \"crash\", replica = {replica}, down = \"{down}s\" }}\n");
        }
        timeline += &format!("[[timeline]]\nat = \"30s\"\nfor = \"5m\"\nfault = {{ kind = \"crash\", when = \"written\", percentage = {written}, down = \"2s\" }}\n");
        let high = low + more;
        let run = replay(
            &format!("visibility = \"{visibility}s\", delay = {{ kind = \"uniform\", min = \"{low}s\", max = \"{high}s\" }}, ledger = {{ lease = \"2s\", heartbeat = \"500ms\" }}"),
            &timeline,
        );
        let taken = rows(&run).iter().filter(|r| r.outcome == outcome::OK).count() as u64;
        prop_assert_eq!(audit(&run), [taken, 0, 0]);
    }
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    for (service, says) in [
        (
            "idempotent = false, ledger = { ttl = \"1s\" }",
            "a ledger that nobody asks",
        ),
        ("visibility = \"10us\"", "1ms or more"),
        ("delay = { kind = \"later\" }", "unknown latency \"later\""),
    ] {
        let refusal = read(service, "").err().unwrap();
        assert!(refusal.starts_with("t.toml:10:"), "{refusal}");
        assert!(refusal.contains(says), "{refusal}");
    }
}
