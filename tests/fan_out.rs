//! The calls of a request, held against what the run recorded of them.

mod replay_support;

use gameday::{
    incident::Run,
    recording::{AttemptRow, outcome, result},
};
use replay_support::{read, rerun, rows};

const MS: u64 = 1_000_000;

/// Four tools of 100, 200, 300 and 400 ms, and what `service` says.
fn file(service: &str, more: &str) -> String {
    let tools: String = (1..=4)
        .map(|i| format!("[dependency.t{i}]\nlatency = \"{i}00ms\"\n"))
        .collect();
    format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"constant\", rate = \"1/s\" }}\nduration = \"40s\"\n\
         [service]\n{service}\n{tools}{more}"
    )
}

fn go(service: &str, more: &str) -> Run {
    let incident = read(&file(service, more)).unwrap_or_else(|e| panic!("{e}"));
    rerun(&incident)
}

/// Attempts of each request.
fn attempts(run: &Run) -> Vec<Vec<AttemptRow>> {
    let mut of = vec![vec![]; run.recording.requests.len()];
    for attempt in run.recording.attempts.rows() {
        of[attempt.request as usize].push(attempt);
    }
    of
}

/// The most attempts at one instant.
fn most_at_once(attempts: &[AttemptRow]) -> usize {
    let at = |t: u64| {
        attempts
            .iter()
            .filter(|a| a.started <= t && t < a.started + a.time)
            .count()
    };
    attempts.iter().map(|a| at(a.started)).max().unwrap_or(0)
}

fn gauge_max(run: &Run, name: &str) -> f64 {
    let gauges = run.recording.gauges.rows();
    let named = gauges.filter(|g| run.recording.name("gauge", u32::from(g.gauge)) == name);
    named.map(|g| g.value).fold(0.0, f64::max)
}

const FOUR: &str = "call = [{ dependency = \"t1\" }, { dependency = \"t2\" }, { dependency = \"t3\" }, { dependency = \"t4\" }]";

#[test]
fn calls_that_wait_for_nobody_take_as_long_as_the_slowest_and_a_bound_makes_them_wait() {
    for (parallel, latency) in [(0, 400), (4, 400), (3, 500), (2, 600), (1, 1000)] {
        let run = go(
            &format!("fan_out = {{ parallel = {parallel} }}\n{FOUR}"),
            "",
        );
        for (row, attempts) in rows(&run).iter().zip(attempts(&run)) {
            assert_eq!(
                (row.latency, row.outcome),
                (latency * MS, outcome::OK),
                "{parallel} at once"
            );
            assert_eq!(row.call, row.latency, "the critical path is the whole time");
            assert_eq!(
                most_at_once(&attempts),
                if parallel == 0 { 4 } else { parallel }
            );
        }
    }
}

#[test]
fn a_step_starts_as_soon_as_what_it_waits_for_is_there() {
    // By waves, `last` would wait for the 400 ms of t4: 400 + 300. It waits for t1 alone: 100 + 300.
    let calls = "call = [{ dependency = \"t1\" }, { dependency = \"t4\" }, { name = \"last\", dependency = \"t3\", after = [\"t1\"] }]";
    for row in rows(&go(calls, "")) {
        assert_eq!((row.latency, row.call), (400 * MS, 400 * MS));
    }
}

/// python/cpython#75633: one child fails, and its siblings run on.
#[test]
fn after_failure_or_deadline_no_child_is_running() {
    let fails = "[dependency.bad]\nlatency = \"150ms\"\nerror_rate = \"100%\"";
    let with_bad = FOUR.replace(" }]", " }, { dependency = \"bad\" }]");
    let cases = [
        (format!("fan_out = {{}}\n{with_bad}"), outcome::ERROR, 150),
        (
            format!("fan_out = {{ deadline = \"250ms\" }}\n{FOUR}"),
            outcome::TIMEOUT,
            250,
        ),
        (
            format!("fan_out = {{ deadline = \"250ms\", need = \"2 of 4\" }}\n{FOUR}"),
            outcome::DEGRADED,
            250,
        ),
        (
            format!("fan_out = {{ need = \"2 of 4\", early = true }}\n{FOUR}"),
            outcome::OK,
            200,
        ),
    ];
    for (service, end, latency) in cases {
        for detached in [false, true] {
            let service = if detached {
                service
                    .replace("fan_out = {", "fan_out = { leftovers = \"detach\",")
                    .replace(",}", "}")
            } else {
                service.clone()
            };
            let run = go(&service, fails);
            let mut outlived = 0;
            for (row, attempts) in rows(&run).iter().zip(attempts(&run)) {
                assert_eq!((row.outcome, row.latency), (end, latency * MS), "{service}");
                let ends = row.arrived + row.latency;
                outlived += attempts
                    .iter()
                    .filter(|a| a.started + a.time > ends)
                    .count();
                let cancelled = attempts
                    .iter()
                    .filter(|a| a.result == result::CANCELLED)
                    .count();
                assert_eq!(cancelled == 0, detached, "{service}");
            }
            assert_eq!(outlived > 0, detached, "{service}");
            assert_eq!(run.unfinished, 0, "{service}");
        }
    }
}

#[test]
fn a_client_that_leaves_takes_its_calls_with_it_unless_nobody_owns_them() {
    let patience = "[clients]\npatience = \"250ms\"";
    for (leftovers, orphans) in [("cancel", false), ("detach", true)] {
        let run = go(
            &format!("fan_out = {{ leftovers = \"{leftovers}\" }}\n{FOUR}"),
            patience,
        );
        assert!(rows(&run).iter().all(|r| r.outcome == outcome::HUNG_UP));
        let rows = rows(&run);
        let outlived = attempts(&run).iter().zip(&rows).any(|(attempts, row)| {
            attempts
                .iter()
                .any(|a| a.started + a.time > row.arrived + row.latency)
        });
        assert_eq!(outlived, orphans);
        assert!(
            gauge_max(&run, "requests.in_flight") <= 1.0,
            "what hung up is in flight no more"
        );
    }
}

#[test]
fn calls_get_their_share_of_what_is_left_and_no_more() {
    // 1 s in all; each attempt may take half of what is left: 500, 250, 125 ...
    let never = "[dependency.slow]\nlatency = \"1h\"";
    let service = "fan_out = { deadline = \"1s\", budget = \"50%\" }\n\
         call = { dependency = \"slow\", timeout = \"10s\", retry = { max = 3, backoff = 0, jitter = \"none\" } }";
    for attempts in attempts(&go(service, never)) {
        let times: Vec<u64> = attempts.iter().map(|a| a.time / (MS / 10)).collect();
        assert_eq!(times, [5000, 2500, 1250, 625]);
        assert!(attempts.iter().all(|a| a.result == result::TIMEOUT));
    }
    let blind = service.replace("50%", "0%");
    for attempts in attempts(&go(&blind, never)) {
        assert_eq!(attempts.len(), 1, "it knew of 10 s alone, and was cut off");
        assert_eq!(
            (attempts[0].time, attempts[0].result),
            (1000 * MS, result::CANCELLED)
        );
    }
}

#[test]
fn what_a_failure_means_is_the_steps_to_say() {
    let bad = "[dependency.bad]\nlatency = \"10ms\"\nerror_rate = \"100%\"";
    for (policy, end, calls) in [
        ("fail", outcome::ERROR, 1),
        ("skip", outcome::DEGRADED, 2),
        ("default", outcome::DEGRADED, 3),
    ] {
        let service = format!(
            "fan_out = {{ parallel = 1 }}\ncall = [{{ dependency = \"bad\", on_failure = \"{policy}\" }}, \
             {{ dependency = \"t1\", after = [\"bad\"] }}, {{ dependency = \"t2\" }}]"
        );
        let run = go(&service, bad);
        for (row, attempts) in rows(&run).iter().zip(attempts(&run)) {
            assert_eq!((row.outcome, attempts.len()), (end, calls), "{policy}");
        }
    }
}

#[test]
fn retries_of_a_request_have_a_bound_together() {
    let bad = "[dependency.bad]\nlatency = \"10ms\"\nerror_rate = \"100%\"";
    let step = |n: u32| {
        format!(
            "{{ name = \"s{n}\", dependency = \"bad\", on_failure = \"default\", retry = {{ max = 5, backoff = \"1ms\" }} }}"
        )
    };
    let steps = [1, 2, 3].map(step).join(", ");
    for (bound, calls) in [("", 18), (", retries = 4", 7), (", retries = 0", 3)] {
        let run = go(
            &format!("fan_out = {{ parallel = 2{bound} }}\ncall = [{steps}]"),
            bad,
        );
        assert!(attempts(&run).iter().all(|a| a.len() == calls), "{bound}");
        assert!(
            rows(&run).iter().all(|r| usize::from(r.attempts) == calls),
            "{bound}"
        );
    }
}

/// kyegomez/swarms#1757: a cycle was flattened into one layer, and each node run once without an error.
#[test]
fn what_cannot_be_meant_is_refused_at_its_place() {
    let three = |a: &str, b: &str, c: &str| {
        format!(
            "call = [{{ dependency = \"t1\"{a} }}, {{ dependency = \"t2\"{b} }}, {{ dependency = \"t3\"{c} }}]"
        )
    };
    let after = |name: &str| format!(", after = [{name}]");
    let cases = [
        (
            three(&after("\"t3\""), &after("\"t1\""), &after("\"t2\"")),
            "t1 after t3 after t2 after t1",
        ),
        (
            three("", &after("\"t3\""), &after("\"t2\"")),
            "t2 after t3 after t2",
        ),
        (three(&after("\"t1\""), "", ""), "\"t1\" waits for itself"),
        (
            three("", "", &after("\"t1\", \"t2\", \"t1\"")),
            "says twice that it waits for \"t1\"",
        ),
        (three("", "", &after("\"t22\"")), "there is no step \"t22\""),
        (
            three("", ", name = \"t1\"", ""),
            "two steps are called \"t1\"",
        ),
        (
            format!("{}\nfan_out = {{ need = \"2 of 4\" }}", three("", "", "")),
            "a request makes 3 calls",
        ),
        (
            format!("{}\nfan_out = {{ need = 4 }}", three("", "", "")),
            "a request makes 3 calls",
        ),
        (
            format!("{}\nfan_out = {{ early = true }}", three("", "", "")),
            "say `need` too",
        ),
        (
            format!("{}\nfan_out = {{ budget = -1 }}", three("", "", "")),
            "share",
        ),
        (
            format!("{}\nfan_out = {{ budget = nan }}", three("", "", "")),
            "finite",
        ),
        (
            format!("{}\nfan_out = {{ parallel = -2 }}", three("", "", "")),
            "whole number",
        ),
        (
            three(", optional = true, on_failure = \"skip\"", "", ""),
            "optional",
        ),
        (
            format!("call = [{}]", "{ dependency = \"t1\" },".repeat(1001)),
            "1000 at most",
        ),
    ];
    for (service, message) in cases {
        let refusal = read(&file(&service, ""))
            .err()
            .unwrap_or_else(|| panic!("taken: {service}"));
        assert!(refusal.to_string().contains(message), "{refusal}");
    }
}
