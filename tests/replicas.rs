//! Replicas of a run: an autoscaler that starts and drains them, quotas on their CPU, their connections.

mod replay_support;

use gameday::{
    incident::Run,
    recording::{EventRow, RequestRow, outcome},
};
use replay_support::gauge;

const SECOND: u64 = 1_000_000_000;

fn go(trace: &str, service: &str, llm: &str, timeline: &str) -> Run {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\n{trace}\nduration = \"4m\"\n[service]\n{service}\n\
         call = {{ dependency = \"llm\" }}\n[dependency.llm]\n{llm}\n{timeline}"
    );
    replay_support::replay(&text)
}

/// Time in ns, replica and share of each event of scaling.
fn scaling(run: &Run) -> Vec<(u64, u16, f64)> {
    let scale = |e: &EventRow| run.recording.name("event", e.event.into()) == "scale";
    let rows = run.recording.events.rows().filter(scale);
    rows.map(|e| (e.time, e.replica, e.share)).collect()
}

const WAVES: &str = "arrivals = { kind = \"bursts\", quiet = \"10/s\", quiet_for = \"60s\", busy = \"60/s\", busy_for = \"60s\", regular = true }";
const SCALED: &str = "replicas = 2\nqueue = { kind = \"fifo\", workers = 5 }\n\
    autoscaler = { kind = \"target-utilisation\", target = \"60%\", min = 2, max = 6, interval = \"5s\", cool_down = \"10s\", start_up = \"7s\", warm = WARM }\n\
    cold_for = \"3s\"\ncold_factor = 2.0\ncompute = \"1ms\"";

#[test]
fn requests_go_to_replicas_while_they_are_up_and_to_no_others() {
    let run = go(
        WAVES,
        &SCALED.replace("WARM", "0"),
        "latency = \"250ms\"",
        "[[timeline]]\nat = \"65s\"\ndeploy = \"new\"\nset = { \"service.compute\" = \"2ms\" }\npace = \"1s\"\n",
    );
    let scaled = scaling(&run);
    assert!(scaled.iter().any(|s| s.2 == 1.0), "nobody came");
    assert!(scaled.iter().any(|s| s.2 == 0.0), "nobody went");
    let (mut served, mut cold) = (0, 0);
    for row in run.recording.requests.rows().filter(|r| r.replica > 2) {
        let (at, _, share) = *scaled
            .iter()
            .rfind(|(at, replica, _)| *replica == row.replica && *at <= row.arrived)
            .expect("a replica that never came");
        assert_eq!(share, 1.0, "{} went at {at}, and serves", row.replica);
        assert!(row.arrived >= at + 7 * SECOND, "it has not started up");
        assert_eq!(row.cold == 1, row.arrived < at + 10 * SECOND);
        // Whoever comes after the change has it; who was there gets it with the last.
        if row.arrived > 68 * SECOND {
            assert_eq!(row.service_version, 2);
        }
        served += 1;
        cold += u32::from(row.cold);
    }
    assert!(served > 500 && cold > 10, "{served} {cold}");
    let most = gauge(&run, "replicas.up").iter().map(|g| g.2 as u32).max();
    assert!(most > Some(2) && most <= Some(6), "{most:?}");
}

#[test]
fn a_warm_pool_takes_the_start_up_out_of_the_way() {
    let worst = |warm: &str| {
        let service = SCALED.replace("WARM", warm);
        let run = go(WAVES, &service, "latency = \"250ms\"", "");
        let waits = run.recording.requests.rows().map(|r| r.queue_wait);
        (
            waits.max().unwrap(),
            run.recording
                .requests
                .rows()
                .map(|r| u32::from(r.cold))
                .sum::<u32>(),
        )
    };
    let ((cold, first), (warm, none)) = (worst("0"), worst("4"));
    assert!(first > 0 && none == 0, "{first} {none}");
    assert!(3 * warm < 2 * cold, "{warm} {cold}");
}

#[test]
fn a_fleet_of_none_turns_the_first_away_and_comes_back() {
    let service = SCALED
        .replace("WARM", "0")
        .replace("min = 2", "min = 0")
        .replace("replicas = 2", "replicas = 1");
    let trace = "arrivals = { kind = \"bursts\", quiet = \"0.01/s\", quiet_for = \"60s\", busy = \"20/s\", busy_for = \"30s\", regular = true }";
    let run = go(trace, &service, "latency = \"100ms\"", "");
    let down = gauge(&run, "replicas.up").iter().any(|g| g.2 == 0.0);
    let turned = run.recording.requests.rows();
    let turned = turned.filter(|r| r.outcome == outcome::UNAVAILABLE);
    assert!(down && turned.count() > 10);
    let late = |r: &RequestRow| r.arrived > 150 * SECOND && r.outcome == outcome::OK;
    assert!(run.recording.requests.rows().filter(late).count() > 300);
}

#[test]
fn a_quota_freezes_bursts_and_leaves_the_average_alone() {
    let trace = "arrivals = { kind = \"bursts\", quiet = \"1/s\", quiet_for = \"180ms\", busy = \"400/s\", busy_for = \"20ms\", regular = true }";
    let service = |cpu: &str| format!("{cpu}compute = \"5ms\"");
    let times =
        |run: &Run| -> Vec<u64> { run.recording.requests.rows().map(|r| r.compute).collect() };
    let free = times(&go(trace, &service(""), "latency = 0", ""));
    assert!(free.iter().all(|t| *t == 5_000_000));
    let run = go(
        trace,
        &service("cpu = { quota = \"30ms\", period = \"100ms\" }\n"),
        "latency = 0",
        "",
    );
    let frozen = times(&run).iter().filter(|t| **t > 50_000_000).count();
    assert!(frozen > 100, "{frozen}");
    let used: Vec<f64> = gauge(&run, "cpu.used").iter().map(|g| g.2).collect();
    let mean = used.iter().sum::<f64>() / used.len() as f64;
    assert!(mean < 0.3, "it is not idle: {mean}");
    assert!(gauge(&run, "cpu.throttled").iter().any(|g| g.2 > 0.1));
}

#[test]
fn a_call_that_finds_no_idle_connection_takes_longer_by_what_one_costs() {
    let trace = "arrivals = { kind = \"poisson\", rate = \"20/s\" }";
    let llm = "latency = \"100ms\"\nconnect = \"80ms\"\nkeep_alive = \"200ms\"";
    let run = go(trace, "replicas = 2", llm, "");
    let (mut opened, mut idle) = (0.0, 0);
    for attempt in run.recording.attempts.rows() {
        assert_eq!(attempt.time, 100_000_000 + attempt.connect);
        assert!([0, 80_000_000].contains(&attempt.connect));
        opened += f64::from(u8::from(attempt.connect > 0));
        idle += u32::from(attempt.connect == 0);
    }
    assert!(opened > 100.0 && idle > 100, "{opened} {idle}");
    // The gauge counts the same, up to its last reading.
    let counted: f64 = gauge(&run, "connections.opened.llm")
        .iter()
        .map(|g| g.2)
        .sum();
    assert!(
        (0.9 * opened..=opened).contains(&counted),
        "{counted} {opened}"
    );
}

#[test]
fn a_leak_takes_the_pool_and_a_restart_gives_it_back() {
    let trace = "arrivals = { kind = \"poisson\", rate = \"20/s\" }";
    let run = go(
        trace,
        "replicas = 1",
        "latency = \"50ms\"\npool = 10\nleak = \"1%\"",
        "[[timeline]]\nat = \"3m\"\ndeploy = \"new\"\nset = { \"dependency.llm.leak\" = 0 }\nrestart = \"all\"\n",
    );
    let held = gauge(&run, "pool.in_use.llm");
    let at = |s: u64| held.iter().rfind(|g| g.0 <= s * SECOND).unwrap().2;
    assert_eq!(at(179), 10.0, "{held:?}");
    assert!(at(239) < 5.0);
    let waits = |from: u64, until: u64| {
        let rows = run.recording.requests.rows();
        let mut rows = rows.filter(|r| (from * SECOND..until * SECOND).contains(&r.arrived));
        rows.any(|r| r.pool_wait > SECOND)
    };
    assert!(!waits(0, 10) && !waits(185, 240));
}

/// Of a poisson trace at 20 a second, under one fault from 60 s to 120 s.
fn ailing(service: &str, llm: &str, fault: &str) -> Run {
    let timeline = format!("[[timeline]]\nat = \"1m\"\nfor = \"1m\"\nfault = {{ {fault} }}\n");
    let trace = "arrivals = { kind = \"poisson\", rate = \"20/s\" }";
    go(trace, service, llm, &timeline)
}

#[test]
fn whatever_is_under_way_in_a_paused_process_is_late_by_the_same_end() {
    let run = ailing(
        "replicas = 2\nruntime_metrics = true\ncompute = \"10ms\"",
        "latency = \"100ms\"",
        "kind = \"pause\", replica = 2, lasts = \"400ms\", every = \"2s\"",
    );
    let mut held = 0;
    for row in run.recording.requests.rows() {
        let end = row.arrived + row.latency;
        let alone = row.latency == 110_000_000;
        if row.replica == 1 || !(60 * SECOND..120 * SECOND).contains(&end) {
            assert!(alone, "{row:?}");
        } else if !alone {
            // It waited for the end of a pause, and had at most its own time to go.
            let since = end % (2 * SECOND) - 400_000_000;
            assert!(since <= 110_000_000, "{since}");
            held += 1;
        }
        // In no answer of a process that stands still.
        assert!(
            row.replica == 1
                || !(60 * SECOND..=120 * SECOND).contains(&end)
                || end % (2 * SECOND) >= 400_000_000
        );
    }
    assert!(held > 100, "{held}");
    let of = |replica| {
        let paused = gauge(&run, "runtime.paused");
        paused
            .iter()
            .filter(|g| g.1 == replica)
            .map(|g| g.2)
            .sum::<f64>()
            / 1e9
    };
    // 30 pauses of 400 ms, as far as a request noticed them.
    assert!(of(1) == 0.0 && (8.0..=12.0).contains(&of(2)), "{}", of(2));
}

#[test]
fn faults_of_processes_and_connections_act_while_they_last_and_leave_the_rest_alone() {
    let well = |fault: &str, llm: &str| {
        let service = "replicas = 2\ncompute = \"10ms\"";
        let run = ailing(service, llm, fault);
        let rows = run.recording.requests.rows();
        let slow = |r: &RequestRow| r.latency > 150_000_000 || r.outcome != outcome::OK;
        let (mut within, mut without) = (0, 0);
        for row in rows {
            match row.arrived {
                0..59_000_000_000 | 122_000_000_000.. => without += u32::from(slow(&row)),
                _ => within += u32::from(slow(&row)),
            }
        }
        (within, without)
    };
    for (fault, llm, least) in [
        (
            "kind = \"cpu-quota\", quota = \"1ms\", period = \"100ms\"",
            "latency = \"50ms\"",
            800,
        ),
        (
            "kind = \"timeout\", target = \"llm\", percentage = 10, after = \"1s\"",
            "latency = \"50ms\"",
            80,
        ),
        (
            "kind = \"connection-reset\", target = \"llm\", percentage = 10",
            "latency = \"50ms\"",
            80,
        ),
        (
            "kind = \"new-connection\", target = \"llm\", latency = \"300ms\"",
            "latency = \"50ms\"\nconnect = \"10ms\"\nkeep_alive = \"50ms\"",
            300,
        ),
    ] {
        let (within, without) = well(fault, llm);
        assert!(
            within >= least && without == 0,
            "{fault}: {within} {without}"
        );
    }
}

#[test]
fn a_fault_that_cannot_act_is_refused() {
    for (fault, said) in [
        (
            "kind = \"pause\", target = \"llm\"",
            "does not act at calls",
        ),
        ("kind = \"pause\", percentage = 5", "strikes processes"),
        (
            "kind = \"pause\", lasts = \"2s\", every = \"1s\"",
            "as long as the period",
        ),
        ("kind = \"cpu-quota\", quota = \"0s\"", "a quota of 0"),
        ("kind = \"cold-start\", factor = 0.0", "a factor of 0"),
        ("kind = \"pool-leak\", target = \"llm\"", "not modelled"),
        ("kind = \"item-error\", target = \"llm\"", "not modelled"),
        ("kind = \"shard-loss\", target = \"llm\"", "not modelled"),
        (
            "kind = \"cut-stream\", target = \"llm\", after = \"1s\"",
            "not modelled",
        ),
        (
            "kind = \"new-connection\", target = \"llm\", latency = \"1s\"",
            "not modelled",
        ),
        ("kind = \"latency\", latency = \"1s\"", "no target"),
    ] {
        let result =
            std::panic::catch_unwind(|| ailing("replicas = 2", "latency = \"50ms\"", fault));
        let panic = result.err().unwrap_or_else(|| panic!("{fault} is taken"));
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(said), "{fault}: {message}");
    }
}
