//! Workers in a replay: what they take in advance, those that a class has of its own, and those that are lost.

mod replay_support;

use gameday::{
    incident::{Incident, Registries, Run, RunOptions, run},
    indicators::Lookup,
    recording::{Keep, RequestRow, outcome},
};

const SECOND: u64 = 1_000_000_000;

fn read(queue: &str, more: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "workers"
seed = 5
[trace]
arrivals = {{ kind = "poisson", rate = "20/s" }}
duration = "2m"
classes = {{ high = 4, low = 1 }}
output_tokens = {{ kind = "bimodal", a = 100, b = 10_000, share = "2%" }}
[service]
queue = {{ {queue} }}
compute = {{ kind = "tokens", per_output = "1ms" }}
{more}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn try_replay(queue: &str, more: &str) -> Result<Run, String> {
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    let run = run(&read(queue, more)?, &Registries::builtin(), &options);
    run.map_err(|refusal| refusal.to_string())
}

fn replay(queue: &str, more: &str) -> Run {
    try_replay(queue, more).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Readings of a gauge, in their order: when, and what.
fn readings(run: &Run, gauge: &str) -> Vec<(u64, f64)> {
    let all = replay_support::gauge(run, gauge).into_iter();
    all.map(|(time, _, value)| (time, value)).collect()
}

fn most(run: &Run, gauge: &str) -> f64 {
    let all = readings(run, gauge).into_iter();
    all.map(|(_, value)| value).fold(0.0, f64::max)
}

/// Waits for a worker of those of a class that came in these seconds, longest last.
fn waits(run: &Run, class: &str, from: u64, until: u64) -> Vec<u64> {
    let class = run.recording.number("class", class).unwrap();
    let came = |r: &RequestRow| (from * SECOND..until * SECOND).contains(&r.arrived);
    let rows = run.recording.requests.rows();
    let own = rows.filter(|r| r.class == class && came(r));
    let mut waits: Vec<u64> = own.map(|r| r.queue_wait).collect();
    waits.sort_unstable();
    waits
}

#[test]
fn tasks_wait_for_who_took_them_while_the_queue_is_empty_and_others_idle() {
    let hoards = replay("kind = \"fifo\", workers = 40, prefetch = 4", "");
    let sound = replay("kind = \"fifo\", workers = 40, prefetch = 1", "");
    for run in [&hoards, &sound] {
        assert_eq!(most(run, "queue.depth"), 0.0);
        assert!(most(run, "workers.busy") < 40.0);
    }
    assert!(most(&hoards, "queue.reserved") > 2.0);
    assert!(most(&hoards, "workers.kept_idle") > 2.0);
    assert!(waits(&hoards, "high", 0, 120).last() > Some(&(5 * SECOND)));
    assert_eq!(most(&sound, "queue.reserved"), 0.0);
    assert_eq!(most(&sound, "workers.kept_idle"), 0.0);
    assert_eq!(waits(&sound, "high", 0, 120).last(), Some(&0));
    // One at a time is what workers do of whom nothing is said, but for the gauges.
    let silent = replay("kind = \"fifo\", workers = 40", "");
    let times = |run: &Run| -> Vec<(u64, u64)> {
        let rows = run.recording.requests.rows();
        rows.map(|r| (r.op, r.latency)).collect()
    };
    assert_eq!(times(&silent), times(&sound));
    assert!(readings(&silent, "queue.reserved").is_empty());
}

#[test]
fn who_hangs_up_is_passed_over_by_the_worker_who_took_it() {
    let run = replay(
        "kind = \"fifo\", workers = 40, prefetch = 4",
        "[clients]\npatience = \"1s\"",
    );
    let gone = run
        .recording
        .requests
        .rows()
        .filter(|r| r.outcome == outcome::HUNG_UP);
    let waited = gone.filter(|r| r.queue_wait > 0 || r.compute == 0).count();
    assert!(waited > 20, "{waited}");
    // Whoever is served was served in time, and nothing is left in anybody's hands.
    assert!(waits(&run, "high", 0, 120).last() <= Some(&SECOND));
    assert_eq!(readings(&run, "queue.reserved").last().unwrap().1, 0.0);
}

#[test]
fn what_a_worker_holds_dies_with_its_process() {
    let crash = "[[timeline]]\nat = \"60s\"\nfault = { kind = \"crash\", down = \"5s\" }";
    let run = replay("kind = \"fifo\", workers = 40, prefetch = 4", crash);
    let held = readings(&run, "queue.reserved");
    let before = held.iter().rfind(|(at, _)| *at < 60 * SECOND).unwrap().1;
    let rows = run.recording.requests.rows();
    let lost = |r: &RequestRow| r.outcome == outcome::ERROR && r.arrived + r.latency == 60 * SECOND;
    let lost: Vec<RequestRow> = rows.filter(lost).collect();
    let unserved = lost.iter().filter(|r| r.compute == 0).count();
    assert!(before > 0.0 && unserved > 0, "{before}, {unserved}");
    // The new process begins with nothing in hand.
    let after = held.iter().find(|(at, _)| *at > 60 * SECOND).unwrap().1;
    assert_eq!(after, 0.0);
}

#[test]
fn a_deploy_that_takes_less_in_advance_serves_what_is_given_back_first() {
    let fix =
        "[[timeline]]\nat = \"60s\"\ndeploy = \"d1\"\nset = { \"service.queue.prefetch\" = 1 }";
    let run = replay("kind = \"fifo\", workers = 40, prefetch = 4", fix);
    assert!(waits(&run, "high", 0, 60).last() > Some(&(5 * SECOND)));
    assert_eq!(waits(&run, "high", 60, 120).last(), Some(&0));
    let rows: Vec<RequestRow> = run.recording.requests.rows().collect();
    // Idle workers had them at once: nobody waits beyond the deploy.
    let late = |r: &&RequestRow| r.arrived < 60 * SECOND && r.arrived + r.queue_wait > 60 * SECOND;
    assert_eq!(rows.iter().filter(late).count(), 0);
    let at_once = rows.iter().filter(|r| r.queue_wait > 0);
    assert!(
        at_once
            .filter(|r| r.arrived + r.queue_wait == 60 * SECOND)
            .count()
            > 3
    );
}

/// Four workers for the low class, which asks for 1.2 of them in the mean.
const POOLS: &str = "kind = \"fifo\", workers = 20, pools = { low = 4 }, limit = 1_000_000";

fn lost(what: &str) -> String {
    format!("[[timeline]]\nat = \"60s\"\n{what}")
}

#[test]
fn a_class_waits_for_its_own_workers_and_nobody_else_does() {
    let dead = lost("fault = { kind = \"worker-loss\", class = \"low\", workers = 99 }");
    let (healthy, dead) = (replay(POOLS, ""), replay(POOLS, &dead));
    // Served is nobody of those that come after it; the others wait as before, to the ns.
    let low = dead.recording.number("class", "low").unwrap();
    let rows = dead.recording.requests.rows();
    let served = rows.filter(|r| r.class == low && r.arrived > 60 * SECOND && r.compute > 0);
    assert_eq!(served.count(), 0);
    for (from, until) in [(0, 60), (60, 120)] {
        assert_eq!(
            waits(&healthy, "high", from, until),
            waits(&dead, "high", from, until)
        );
    }
    assert_eq!(
        readings(&healthy, "workers.busy"),
        readings(&dead, "workers.busy")
    );
    // Its age grows by a second a second.
    let ages = readings(&dead, "queue.class_age.low");
    let last = ages.iter().rfind(|(at, _)| *at <= 120 * SECOND).unwrap();
    assert!(last.1 > 55e9 && last.1 < 61e9, "{last:?}");
    let left = readings(&dead, "workers.own.low");
    assert!(
        left.iter()
            .all(|(at, n)| *n == if *at < 60 * SECOND { 4.0 } else { 0.0 })
    );
    assert_eq!(dead.truth.entries.iter().map(|e| e.hits).sum::<u64>(), 1);
}

#[test]
fn workers_are_back_when_the_fault_ends_or_others_are_started() {
    let longest = |more: &str| *waits(&replay(POOLS, more), "low", 60, 80).last().unwrap();
    let all = "kind = \"worker-loss\", class = \"low\", workers = 4";
    let healthy = longest("");
    assert!(healthy < 15 * SECOND, "{healthy}");
    let back = longest(&lost(&format!("for = \"20s\"\nfault = {{ {all} }}")));
    assert!((19 * SECOND..40 * SECOND).contains(&back), "{back}");
    // Four others in the place of four that are dead.
    let deploy =
        "[[timeline]]\nat = \"80s\"\ndeploy = \"d\"\nset = { \"service.queue.pools.low\" = 8 }";
    let others = longest(&lost(&format!("fault = {{ {all} }}\n{deploy}")));
    assert_eq!(others, back);
    // A process that starts anew has all of its workers.
    let restart = "[[timeline]]\nat = \"61s\"\nrestart = \"rolling\"";
    let run = replay(POOLS, &lost(&format!("fault = {{ {all} }}\n{restart}")));
    let left = readings(&run, "workers.own.low");
    assert_eq!(
        left.iter().rfind(|(at, _)| *at < 120 * SECOND).unwrap().1,
        4.0
    );
}

#[test]
fn of_those_that_all_share_some_may_be_lost_too() {
    let some = lost("for = \"20s\"\nfault = { kind = \"worker-loss\", workers = 19 }");
    let run = replay(POOLS, &some);
    let size = |from: u64, until: u64| {
        let all = readings(&run, "workers.size");
        let there = all
            .iter()
            .rfind(|(at, _)| (from * SECOND..until * SECOND).contains(at));
        there.unwrap().1
    };
    assert_eq!(
        [size(0, 60), size(60, 80), size(80, 120)],
        [20.0, 1.0, 20.0]
    );
    assert_eq!(
        waits(&run, "high", 0, 60).last(),
        waits(&replay(POOLS, ""), "high", 0, 60).last()
    );
    assert!(waits(&run, "high", 60, 80).last() > Some(&(10 * SECOND)));
}

#[test]
fn workers_that_cannot_be_are_refused_at_their_place() {
    for (queue, said) in [
        ("workers = 4, prefetch = 0", "may hold no task"),
        (
            "workers = 4000, prefetch = 4",
            "workers x prefetch is 10000 at most",
        ),
        ("workers = 4, pools = { low = 0 }", "is never served"),
        ("workers = 4, pools = 3", "workers that each has of its own"),
        (
            "kind = \"priority-aging\", classes = { low = 1 }, pools = { low = 2 }",
            "leave it out of `classes`",
        ),
    ] {
        let queue = match queue.contains("kind") {
            true => queue.to_string(),
            false => format!("kind = \"fifo\", {queue}"),
        };
        let refusal = read(&queue, "").err().unwrap();
        assert!(refusal.contains("t.toml:11:"), "{refusal}");
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[test]
fn losses_that_cannot_be_are_refused_at_their_place() {
    let of = |fault: &str| lost(&format!("fault = {{ kind = \"worker-loss\", {fault} }}"));
    let deploy = |set: &str| lost(&format!("deploy = \"d\"\nset = {{ {set} }}"));
    for (more, said) in [
        (of("workers = 0"), "no worker is lost"),
        (
            of("class = \"high\", workers = 1"),
            "there are no such workers",
        ),
        (
            of("workers = 1, percentage = 5"),
            "strikes processes, not single requests",
        ),
        (
            lost("ramp = \"10s\"\nfor = \"20s\"\nfault = { kind = \"worker-loss\", workers = 1 }"),
            "workers are lost at once",
        ),
        (
            deploy("\"service.queue.pools\" = { high = 1, low = 4 }"),
            "while processes run",
        ),
    ] {
        let refusal = try_replay(POOLS, &more).err().unwrap();
        assert!(refusal.contains("t.toml:"), "{refusal}");
        assert!(refusal.contains(said), "{refusal}");
    }
}
