//! Single-flight in a replay: what the field's table says of Q6 and Q13, sound and flawed.

mod replay_support;

use gameday::incident::Run;
use gameday::recording::{outcome, served_by};

/// Everybody asks for the same two things; calls take two seconds; one client in three leaves after one.
const EQUALS: &str = r#"
schema = 1
title = "equal requests"
seed = 7
[trace]
arrivals = { kind = "bursts", quiet = "0/s", quiet_for = "10s", busy = "40/s", busy_for = "2s", regular = true }
duration = "298s"
contents = { count = 2, exponent = 0.0 }
disconnect = { share = "33%", after = { kind = "constant", value = "1s" } }
[service]
replicas = 2
key = { fields = ["prompt"] }
call = { dependency = "llm", timeout = "10s" }
single_flight = { FLIGHT }
[dependency.llm]
latency = "2s"
error_rate = "ERRORS"
"#;

fn replay(flight: &str, errors: &str) -> Run {
    let text = EQUALS.replace("FLIGHT", flight).replace("ERRORS", errors);
    replay_support::replay(&text)
}

/// Requests that ended so, and attempts at the dependency.
fn ended(run: &Run, how: u8) -> usize {
    let rows = run.recording.requests.rows();
    rows.filter(|r| r.outcome == how).count()
}

/// The last reading of the entries, and the largest: in all replicas and in shared state together.
fn entries(run: &Run) -> (f64, f64) {
    let names = &run.recording.names["gauge"];
    let mut last = std::collections::BTreeMap::new();
    let mut most: f64 = 0.0;
    for row in run.recording.gauges.rows() {
        if names.name(u32::from(row.gauge)) == "flight.entries" {
            last.insert(row.replica, row.value);
            most = most.max(row.value);
        }
    }
    (last.values().sum(), most)
}

#[test]
fn q6_when_the_leader_hangs_up_its_followers_get_a_value_spicedb_925() {
    for scope in ["local", "shared"] {
        let sound = replay(&format!("scope = \"{scope}\""), "0%");
        assert_eq!(ended(&sound, outcome::ERROR), 0);
        let rows = sound.recording.requests.rows();
        let shared = rows.filter(|r| r.served_by == served_by::FLIGHT).count();
        assert!(shared > 100, "{shared} shared an answer");
        assert!(ended(&sound, outcome::HUNG_UP) > 100);
        let flawed = replay(&format!("scope = \"{scope}\", on_cancel = \"fail\""), "0%");
        let failed = ended(&flawed, outcome::ERROR);
        assert!(failed > 100, "{scope}: the flaw failed {failed}");
    }
}

#[test]
fn q13_the_entries_return_to_zero_on_success_error_and_cancel_atom_1441() {
    for errors in ["0%", "50%"] {
        let (left, most) = entries(&replay("scope = \"shared\"", errors));
        assert_eq!(left, 0.0);
        assert!(most > 0.0, "the gauge saw flights");
    }
    for flaw in ["on-failure", "on-success", "never"] {
        let run = replay(&format!("cleanup = \"{flaw}\", ttl = \"1h\""), "50%");
        assert!(entries(&run).0 > 0.0, "{flaw} leaks");
    }
}

#[test]
fn q13_a_lease_shorter_than_the_work_has_several_pods_make_the_same_call() {
    let calls = |flight: &str| replay(flight, "0%").recording.attempts.rows().count();
    let pods = "scope = \"shared\", poll = \"50ms\", results = \"1s\", lease = \"500ms\"";
    let sound = calls(&format!("{pods}, renew = \"100ms\""));
    let flawed = calls(pods);
    assert!(flawed > 2 * sound, "{flawed} calls where {sound} did");
}

#[test]
fn polling_followers_get_the_answer_at_the_next_look_and_pay_for_looking() {
    let pods = "scope = \"shared\", poll = \"300ms\", lookup = \"1ms\", results = \"1s\"";
    let run = replay(pods, "0%");
    let mut waited = 0;
    for row in run.recording.requests.rows() {
        if row.served_by == served_by::FLIGHT && row.flight_wait > 1_000_000 {
            assert_eq!(row.flight_wait % 301_000_000, 1_000_000);
            waited += 1;
        }
    }
    assert!(waited > 100);
}

#[test]
fn q13_a_look_and_then_a_write_lets_several_lead() {
    let calls = |flight: &str| replay(flight, "0%").recording.attempts.rows().count();
    let pods = "scope = \"shared\", poll = \"50ms\", results = \"1s\", lookup = \"200ms\"";
    let sound = calls(pods);
    let flawed = calls(&format!("{pods}, atomic = false"));
    assert!(flawed > 2 * sound, "{flawed} calls where {sound} did");
}

/// Polls that never rest, bounds that are none, words that nobody knows.
#[test]
fn what_is_wrong_is_refused_at_its_place() {
    for wrong in [
        "scope = \"shared\", poll = \"1us\"",
        "limit = -1",
        "limit = 1e99",
        "ttl = \"-1s\"",
        "lease = nan",
        "failures = \"sometimes\"",
        "on_cancel = \"fial\"",
        "leese = \"1s\"",
    ] {
        let text = EQUALS.replace("FLIGHT", wrong).replace("ERRORS", "0%");
        let read = replay_support::read(&text);
        let refusal = read.err().unwrap_or_else(|| panic!("{wrong} is taken"));
        assert!(refusal.to_string().contains("t.toml:14:"), "{refusal}");
    }
}

/// No room at all, and times without end: bounded, and no panic.
#[test]
fn extreme_set_ups_run() {
    for extreme in [
        "limit = 0",
        "limit = 4294967295, ttl = \"0s\", results = \"8760h\", failures = \"for-ever\"",
        "scope = \"shared\", lease = \"1ns\", renew = \"1ns\", poll = \"1s\", results = \"1ns\"",
    ] {
        assert!(replay(extreme, "10%").requests > 1000, "{extreme}");
    }
}
