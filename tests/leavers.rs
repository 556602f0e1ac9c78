//! Clients that leave: what goes on without them, held against what the run recorded of its requests and calls.

mod replay_support;

use gameday::{
    incident::Run,
    recording::{AttemptRow, RequestRow, outcome, result},
};
use proptest::prelude::*;
use replay_support::{read, rerun, rows};

/// Two minutes of requests, of which some leave; calls to `llm`, and whatever the service says.
fn file(seed: u64, service: &str, llm: &str, more: &str) -> String {
    format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\nseed = {seed}\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"5/s\" }}\n\
         duration = \"2m\"\ndisconnect = {{ share = \"30%\", after = {{ kind = \"lognormal\", p50 = \"800ms\", p99 = \"4s\" }} }}\n\
         [clients]\npatience = \"6s\"\n[service]\n{service}\n\
         [dependency.llm]\nlatency = {{ kind = \"lognormal\", p50 = \"2s\", p99 = \"8s\" }}\n{llm}\n{more}"
    )
}

fn go(text: &str) -> Run {
    let incident = read(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    rerun(&incident)
}

/// Attempts, each with its request, in the order of requests and steps.
fn attempts(run: &Run) -> Vec<(AttemptRow, RequestRow)> {
    let requests = rows(run);
    let mut all: Vec<_> = run
        .recording
        .attempts
        .rows()
        .map(|a| (a.clone(), requests[a.request as usize].clone()))
        .collect();
    all.sort_by_key(|(a, _)| (a.request, a.step, a.number));
    all
}

/// Readings of a gauge, in order of time.
fn readings(run: &Run, gauge: &str) -> Vec<(u64, f64)> {
    let all = replay_support::gauge(run, gauge).into_iter();
    all.map(|(time, _, value)| (time, value)).collect()
}

fn sum(run: &Run, gauge: &str) -> f64 {
    readings(run, gauge).iter().map(|(_, value)| value).sum()
}

/// The first place at which two lists differ.
fn first_difference<T: PartialEq>(a: Vec<T>, b: Vec<T>) -> Option<(usize, Option<T>, Option<T>)> {
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.into_iter().nth(same), b.into_iter().nth(same));
    (a.is_some() || b.is_some()).then_some((same, a, b))
}

const CALL: &str = "call = { dependency = \"llm\" }";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// To say "stop" is to be watched, and changes nothing: not for clients, and not for the dependency.
    #[test]
    fn a_service_that_stops_is_the_same_whether_or_not_it_says_so(
        seed in 0u64..1000, workers in 5u32..40, pool in 5u32..40, places in 5u32..40, retries in 0u32..2,
    ) {
        let service = format!(
            "queue = {{ kind = \"fifo\", workers = {workers}, limit = 100 }}\ncompute = \"20ms\"\n\
             call = {{ dependency = \"llm\", timeout = \"5s\", retry = {{ max = {retries}, backoff = \"100ms\" }} }}"
        );
        let llm = format!("pool = {pool}\nworkers = {places}\nerror_rate = \"5%\"");
        let unsaid = go(&file(seed, &service, &llm, ""));
        let said = go(&file(seed, &format!("on_disconnect = \"stop\"\n{service}"), &llm, ""));
        prop_assert_eq!(first_difference(rows(&unsaid), rows(&said)), None);
        // Who is watched is also asked how long they wait: that is recorded, and the rest is the same.
        let mut watched = attempts(&said);
        for (attempt, _) in &mut watched {
            prop_assert_eq!(std::mem::take(&mut attempt.budget), 5_000_000_000);
        }
        prop_assert_eq!(first_difference(attempts(&unsaid), watched), None);
        for gauge in ["orphan.tasks", "orphan.seconds", "cleanup.longest", "intended.killed"] {
            let all = readings(&said, gauge);
            prop_assert!(all.len() > 5 && all.iter().all(|(_, value)| *value == 0.0), "{}", gauge);
        }
        prop_assert!(sum(&said, "disconnects.edge") > 20.0);
    }

    /// Where nothing is short, clients see no difference; what is done for nobody is what calls took after their client
    /// had left, and all work is what all calls took.
    #[test]
    fn work_that_goes_on_is_counted_to_the_nanosecond_and_no_client_sees_it(
        seed in 0u64..1000, how in 0usize..5, audits in any::<bool>(),
    ) {
        let audit = if audits { ", { name = \"audit\", dependency = \"llm\", intended = true, on_cancel = \"detach\" }" } else { "" };
        let service = |on: &str, call: &str| {
            format!("on_disconnect = \"{on}\"\ncall = [{{ name = \"answer\", dependency = \"llm\"{call} }}{audit}]")
        };
        let (on, call) = [
            ("masked", ""),
            ("ignore", ""),
            ("stop", ", on_cancel = \"detach\""),
            ("stop", ", on_cancel = \"swallow\""),
            ("stop", ", on_cancel = \"ignore\""),
        ][how];
        let stops = go(&file(seed, &service("stop", ""), "", ""));
        let goes_on = go(&file(seed, &service(on, call), "", ""));
        let seen = |run: &Run| -> Vec<_> {
            rows(run).iter().map(|r| (r.arrived, r.outcome, r.latency)).collect()
        };
        prop_assert_eq!(first_difference(seen(&stops), seen(&goes_on)), None);
        let last = readings(&goes_on, "work.seconds").last().unwrap().0;
        let (mut all, mut orphaned, mut meant) = (0, 0, 0);
        for (call, request) in attempts(&goes_on) {
            prop_assert!(call.result == result::OK, "nothing is cancelled");
            let (from, to) = (call.started, (call.started + call.time).min(last));
            all += to.saturating_sub(from);
            if request.outcome == outcome::HUNG_UP {
                let after = to.saturating_sub(from.max(request.arrived + request.latency));
                if audits && goes_on.recording.names["step"].name(u32::from(call.step)) == "audit" {
                    meant += after;
                } else {
                    orphaned += after;
                }
            }
        }
        let near = |gauge: &str, ns: u64| (sum(&goes_on, gauge) - ns as f64 / 1e9).abs() < 1e-6;
        prop_assert!(near("work.seconds", all), "{} {}", sum(&goes_on, "work.seconds"), all);
        prop_assert!(near("orphan.seconds", orphaned), "{} {}", sum(&goes_on, "orphan.seconds"), orphaned);
        prop_assert!(near("intended.seconds", meant), "{} {}", sum(&goes_on, "intended.seconds"), meant);
        prop_assert!(orphaned > 0 && goes_on.scalars["orphan.work_seconds"] >= orphaned as f64);
        prop_assert_eq!(sum(&stops, "orphan.seconds"), 0.0);
    }

    /// ROCm/ATOM#1441: the count of entries returns to 0 on success, error and cancellation, unless an exit forgets its own.
    #[test]
    fn the_registry_holds_who_is_under_way_and_whom_an_exit_forgot(seed in 0u64..1000, how in 0usize..4) {
        let removal = ["every-exit", "answer", "success", "refusal"][how];
        let service = format!("registry = {{ removal = \"{removal}\" }}\n{CALL}");
        let run = go(&file(seed, &service, "error_rate = \"20%\"", ""));
        let removes = |end: u8| match how {
            0 => true,
            1 => end != outcome::HUNG_UP,
            2 => end == outcome::OK,
            _ => false,
        };
        let entries = readings(&run, "registry.entries");
        prop_assert!(entries.len() > 5);
        for (now, value) in entries {
            let under_way = rows(&run)
                .iter()
                .filter(|r| r.arrived < now && !(r.arrived + r.latency <= now && removes(r.outcome)))
                .count();
            prop_assert_eq!(value, under_way as f64, "at {}", now);
        }
    }

    /// With the check, no worker begins with what nobody waits for, or has no time left for; without it, some do.
    #[test]
    fn a_queue_that_looks_at_deadlines_begins_with_nothing_expired(seed in 0u64..1000, slack in 0u64..3) {
        let service = |expired: &str| {
            format!("on_disconnect = \"ignore\"\nqueue = {{ kind = \"fifo\", workers = 8, limit = 10000, {expired} }}\n{CALL}")
        };
        let late = |run: &Run, slack: u64| {
            let patience = 6_000_000_000;
            attempts(run)
                .iter()
                .filter(|(call, r)| {
                    let leaves = match r.outcome {
                        outcome::HUNG_UP => r.arrived + r.latency,
                        _ => u64::MAX,
                    };
                    call.started >= leaves || call.started + slack >= r.arrived + patience
                })
                .count()
        };
        let slack_ns = slack * 1_000_000_000;
        let looks = go(&file(seed, &service(&format!("expired = \"drop\", slack = \"{slack}s\"")), "", ""));
        prop_assert_eq!(late(&looks, slack_ns), 0);
        prop_assert!(sum(&looks, "queue.expired_dropped") > 10.0);
        prop_assert_eq!(sum(&looks, "queue.expired_served"), 0.0);
        let blind = go(&file(seed, &service("expired = \"serve\""), "", ""));
        prop_assert!(late(&blind, 0) > 10);
        prop_assert_eq!(sum(&blind, "queue.expired_dropped"), 0.0);
    }
}

/// What tells the causes apart: who knew that the client left, and what became of the cancellations.
#[test]
fn each_cause_leaves_its_own_trace_in_disconnects_and_cancellations() {
    for (on, call, [handler, sent, received, honoured], goes_on) in [
        ("stop", "stop", [true, true, true, true], false),
        ("masked", "stop", [false, false, false, false], true),
        ("ignore", "stop", [true, false, false, false], true),
        ("stop", "detach", [true, false, false, false], true),
        ("stop", "swallow", [true, true, true, false], true),
        ("stop", "ignore", [true, true, false, false], true),
    ] {
        let service = format!(
            "on_disconnect = \"{on}\"\ncall = {{ dependency = \"llm\", on_cancel = \"{call}\" }}"
        );
        let run = go(&file(7, &service, "", ""));
        let edge = sum(&run, "disconnects.edge");
        assert!(edge > 50.0);
        for (gauge, all) in [
            ("disconnects.handler", handler),
            ("cancels.sent.llm", sent),
            ("cancels.received.llm", received),
            ("cancels.honoured.llm", honoured),
        ] {
            let right = if all { edge } else { 0.0 };
            assert_eq!(sum(&run, gauge), right, "{gauge} with {on} and {call}");
        }
        assert_eq!(sum(&run, "orphan.seconds") > 50.0, goes_on);
        let most = |gauge| {
            readings(&run, gauge)
                .iter()
                .fold(0.0, |a: f64, r| a.max(r.1))
        };
        assert_eq!(most("orphan.tasks") > 1.0, goes_on, "{on} {call}");
    }
}

/// A driver that does not honour a cancellation ends its attempt, and nobody is there to try again; a detached task tries again.
#[test]
fn only_a_task_of_its_own_retries_for_nobody() {
    let tries = |how: &str| {
        let service = format!(
            "call = {{ dependency = \"llm\", on_cancel = \"{how}\", retry = {{ max = 5, backoff = \"10ms\" }} }}"
        );
        let run = go(&file(3, &service, "error_rate = \"60%\"", ""));
        let after = |(a, r): &&(AttemptRow, RequestRow)| {
            r.outcome == outcome::HUNG_UP && a.started > r.arrived + r.latency
        };
        attempts(&run).iter().filter(after).count()
    };
    assert_eq!((tries("stop"), tries("ignore")), (0, 0));
    assert!(tries("detach") > 10);
}

/// Records of cancelled requests are made where they are shielded, begun or not, and counted as lost where they are not.
#[test]
fn what_is_meant_to_be_made_is_made_or_counted_as_lost() {
    let run_with = |how: &str| {
        let service = format!(
            "call = [{{ name = \"answer\", dependency = \"llm\" }}, {{ name = \"record\", dependency = \"books\", after = [\"answer\"], intended = true, on_cancel = \"{how}\" }}]"
        );
        go(&file(
            11,
            &service,
            "",
            "[dependency.books]\nlatency = \"20ms\"\n",
        ))
    };
    let (shielded, killed) = (run_with("detach"), run_with("stop"));
    let records = |run: &Run| {
        let of = |a: &&(AttemptRow, RequestRow)| {
            run.recording.names["step"].name(u32::from(a.0.step)) == "record"
        };
        let ok = |a: &&(AttemptRow, RequestRow)| a.0.result == result::OK;
        attempts(run).iter().filter(of).filter(ok).count()
    };
    let left = |run: &Run| {
        let gone = |r: &&RequestRow| r.outcome == outcome::HUNG_UP;
        rows(run).iter().filter(gone).count()
    };
    assert!(left(&killed) > 50);
    assert_eq!(records(&shielded), rows(&shielded).len());
    assert_eq!(shielded.scalars["truth.killed"], 0.0);
    assert_eq!(records(&killed), rows(&killed).len() - left(&killed));
    assert_eq!(killed.scalars["truth.killed"], left(&killed) as f64);
}

/// psycopg/psycopg#509: a pool of three, after a batch of cancelled waiters, has no connection left; a restart cures it.
#[test]
fn a_pool_loses_what_cancellations_take_and_a_restart_brings_it_back() {
    let restart = "[[fix]]\nat = \"75%\"\nrestart = \"all\"\n";
    let sizes = |lost: &str| {
        let llm = format!("pool = 3\n{lost}");
        let run = go(&file(5, CALL, &llm, restart));
        let of = |gauge: &str| readings(&run, gauge);
        (of("pool.size.llm"), of("pool.in_use.llm"))
    };
    let last_before = |all: &[(u64, f64)]| {
        let before = all.iter().rev().find(|r| r.0 < 90_000_000_000);
        before.unwrap().1
    };
    let after = |all: &[(u64, f64)]| all.iter().find(|r| r.0 > 90_000_000_000).unwrap().1;
    let (size, in_use) = sizes("lost_on_cancel = { slot = \"100%\" }");
    assert!(size.iter().all(|r| (0.0..=3.0).contains(&r.1)), "{size:?}");
    assert_eq!((last_before(&size), last_before(&in_use)), (0.0, 0.0));
    assert!(after(&size) > 0.0, "{size:?}");
    // What keeps its connection stays in use, and the size stays.
    let (size, in_use) = sizes("lost_on_cancel = { connection = \"100%\" }");
    assert!(size.iter().all(|r| r.1 == 3.0), "{size:?}");
    assert_eq!(last_before(&in_use), 3.0);
}

/// What would be read and ignored, or cannot be meant, is refused at its place.
#[test]
fn what_cannot_be_meant_is_refused() {
    let queue = "queue = { kind = \"fifo\", workers = 8, ";
    for (service, llm, says) in [
        (CALL, "lost_on_cancel = { slot = \"1%\" }", "add pool = 64"),
        (
            CALL,
            "pool = 4\nlost_on_cancel = {}",
            "nothing is lost here",
        ),
        (
            &format!("on_disconnect = \"masked\"\n{queue}expired = \"leave\" }}\n{CALL}"),
            "",
            "nobody takes those who left out of the queue",
        ),
        (
            &format!("{queue}expired = \"serve\", slack = \"1s\" }}\n{CALL}"),
            "",
            "say expired = \"drop\" too",
        ),
        (
            "call = { dependency = \"llm\", on_cancel = \"detatch\" }",
            "",
            "did you mean \"detach\"",
        ),
    ] {
        let refusal = read(&file(1, service, llm, "")).map(drop).unwrap_err();
        let told = refusal.to_string();
        assert!(told.starts_with("t.toml:") && told.contains(says), "{told}");
    }
}
