//! Cores of a replica, metered work on them, probes, and `gameday profile`.

mod replay_support;

use assert_cmd::Command;
use gameday::{
    incident::Run,
    recording::{RequestRow, outcome},
};
use proptest::prelude::*;
use replay_support::rows;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

fn go(trace: &str, service: &str, rest: &str) -> Run {
    go_with(1, trace, service, rest)
}

fn go_with(seed: u64, trace: &str, service: &str, rest: &str) -> Run {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nseed = {seed}\nwarm_up = 0\n[trace]\n{trace}\n[service]\n{service}\n{rest}"
    );
    replay_support::replay(&text)
}

/// Sums of the readings of a gauge and of those under it, by name.
fn sums(run: &Run, name: &str) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for g in run.recording.gauges.rows() {
        let gauge = run.recording.name("gauge", g.gauge.into());
        if gauge == name || gauge.starts_with(&format!("{name}.")) {
            *all.entry(gauge.to_string()).or_default() += g.value;
        }
    }
    all
}

/// Waits of jobs by the recursion of Kiefer and Wolfowitz: whoever comes gets the server that is free first.
fn recursion(jobs: &[(u64, u64)], servers: usize) -> Vec<u64> {
    let mut free = vec![0u64; servers];
    let wait = |&(arrived, time): &(u64, u64)| {
        let first = free.iter_mut().min().unwrap();
        let starts = arrived.max(*first);
        *first = starts + time;
        starts - arrived
    };
    jobs.iter().map(wait).collect()
}

const BUSY: &str = "arrivals = { kind = \"poisson\", rate = \"60/s\" }\nduration = \"40s\"";

fn cores(cpu: &str) -> String {
    format!(
        "cpu = {{ {cpu} }}\ncompute = {{ kind = \"lognormal\", p50 = \"12ms\", p99 = \"90ms\" }}"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// The wait of every request is that of the exact recursion, to the nanosecond.
    #[test]
    fn waits_for_cores_are_those_of_a_queue_with_so_many_servers(count in 1usize..5, seed in 1u64..1000) {
        let run = go_with(seed, BUSY, &cores(&format!("cores = {count}")), "");
        let rows = rows(&run);
        prop_assert!(rows.len() > 2000);
        let jobs: Vec<(u64, u64)> = rows.iter().map(|r| (r.arrived, r.cpu)).collect();
        let waits: Vec<u64> = rows.iter().map(|r| r.core_wait).collect();
        prop_assert_eq!(&waits, &recursion(&jobs, count));
        prop_assert!(waits.iter().any(|w| *w > 0));
        for r in &rows {
            prop_assert_eq!(r.latency, r.core_wait + r.compute);
            prop_assert_eq!(r.compute, r.cpu);
        }
    }
}

#[test]
fn an_interpreter_lock_makes_many_threads_one_core_and_processes_bring_them_back() {
    let waits = |cpu: &str| -> Vec<u64> {
        let rows = rows(&go(BUSY, &cores(cpu), ""));
        rows.iter().map(|r| r.core_wait + r.lock_wait).collect()
    };
    let one = waits("cores = 1");
    let locked = "cores = 4, threads = 4, gil = true";
    assert_eq!(waits(locked), one);
    assert_eq!(
        waits("cores = 4, threads = 64, gil = true"),
        one,
        "more threads change nothing"
    );
    let four = waits("cores = 4");
    assert_eq!(
        waits("cores = 4, threads = 1, processes = 4, gil = true"),
        four
    );
    assert_ne!(one, four);
    // Who waits, waits for the interpreter, and not for a core.
    let rows = rows(&go(BUSY, &cores(locked), ""));
    assert!(rows.iter().all(|r| r.core_wait == 0));
    assert!(rows.iter().any(|r| r.lock_wait > 0));
}

/// Answers of 20 kB, and two sites; clients that do not wait long; no traffic in the last half.
const SITES: &str = "cpu = { cores = 2 }\nreplicas = 2\ncompute = { kind = \"lognormal\", p50 = \"12ms\", p99 = \"90ms\" }\n\
    [service.work.waf]\nkind = \"scan\"\nstage = \"filter\"\nunit = \"20us\"\n\
    [service.work.relay]\nkind = \"stream\"\nway = \"reread\"\nstage = \"answer\"\non = \"answer\"\nfragment = \"500B\"";
const ENDS: &str =
    "arrivals = { kind = \"poisson\", rate = \"100/s\" }\nduration = \"60s\"\noutput_tokens = 5000";
const QUIET: &str = "[clients]\npatience = \"60ms\"\n[[timeline]]\nat = \"50%\"\ndrift = { set = { \"trace.load\" = 0.0 } }";

#[test]
fn what_sites_spend_is_what_cores_are_busy_with_and_what_requests_are_charged() {
    let run = go(ENDS, SITES, QUIET);
    let rows = rows(&run);
    assert!(
        rows.iter()
            .any(|r| r.outcome == outcome::HUNG_UP && r.cpu > 0),
        "some leave while it computes for them"
    );
    let spent = sums(&run, "cpu.spent");
    let names: Vec<&str> = spent.keys().map(String::as_str).collect();
    let sites = [
        "cpu.spent.answer.relay.scan",
        "cpu.spent.compute",
        "cpu.spent.filter.waf.read",
    ];
    assert_eq!(names, sites);
    let spent: f64 = spent.values().sum();
    let charged: u64 = rows.iter().map(|r| r.cpu).sum();
    assert_eq!(spent, charged as f64);
    // Cores in use in the mean between two readings, of each replica, times the time between them.
    let mut busy = 0.0;
    let mut last = BTreeMap::new();
    for g in run.recording.gauges.rows() {
        if run.recording.name("gauge", g.gauge.into()) == "cpu.used" {
            let before = last.insert(g.replica, g.time).unwrap_or(0);
            busy += g.value * (g.time - before) as f64;
        }
    }
    assert!((busy - spent).abs() < 1e3, "{busy} and {spent}");
}

#[test]
fn who_waits_for_a_core_can_leave_and_who_computes_is_computed_for_to_the_end() {
    let run = go(
        "arrivals = { kind = \"constant\", rate = \"10/s\" }\nduration = \"1s\"",
        "cpu = { cores = 1 }\ncompute = \"350ms\"",
        "[clients]\npatience = \"200ms\"",
    );
    let rows = rows(&run);
    // One computes for 350 ms, although its client leaves after 200; those who come meanwhile leave unserved, but for the
    // last of them.
    assert!(rows.iter().all(|r| r.outcome == outcome::HUNG_UP));
    let computed: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].cpu > 0).collect();
    let began = |i: usize| rows[i].arrived + rows[i].core_wait;
    for pair in computed.windows(2) {
        assert_eq!(began(pair[1]) - began(pair[0]), 350_000_000, "{computed:?}");
    }
    assert!(computed.len() >= 2 && computed.len() < rows.len());
    for r in rows.iter().filter(|r| r.cpu == 0) {
        assert_eq!(r.core_wait, 200_000_000);
    }
}

#[test]
fn a_lock_that_is_held_while_computing_lets_one_at_a_time_through() {
    let service = |lock: &str| {
        format!(
            "cpu = {{ cores = 4 }}\n[service.work.index]\nkind = \"scan\"\nunit = \"100us\"\n{lock}"
        )
    };
    let trace = format!("{BUSY}\ncontents = {{ count = 50 }}");
    let free = rows(&go(&trace, &service(""), ""));
    let held = rows(&go(&trace, &service("lock = \"index\""), ""));
    let jobs: Vec<(u64, u64)> = held.iter().map(|r| (r.arrived, r.cpu)).collect();
    let waits: Vec<u64> = held.iter().map(|r| r.lock_wait).collect();
    assert_eq!(waits, recursion(&jobs, 1));
    assert!(waits.iter().any(|w| *w > 0) && held.iter().all(|r| r.core_wait == 0));
    assert!(free.iter().all(|r| r.lock_wait == 0));
    assert_eq!(
        held.iter().map(|r| r.cpu).sum::<u64>(),
        free.iter().map(|r| r.cpu).sum::<u64>()
    );
}

#[test]
fn a_quota_holds_up_who_has_a_core() {
    let run = |cpu: &str| rows(&go(BUSY, &cores(cpu), ""));
    let free = run("cores = 2");
    let held = run("cores = 2, quota = \"100ms\", period = \"100ms\"");
    let sum = |rows: &[RequestRow]| rows.iter().map(|r| r.latency).sum::<u64>();
    assert!(sum(&held) > 2 * sum(&free));
    for (a, b) in free.iter().zip(&held) {
        assert_eq!(a.cpu, b.cpu, "the work is the same");
    }
}

#[test]
fn a_watchdog_breaks_work_off_and_the_request_fails() {
    let site = |limit: &str| {
        format!(
            "cpu = {{ cores = 4 }}\n[service.work.waf]\nkind = \"scan\"\nstage = \"filter\"\nunit = \"1ms\"\nlimit = \"{limit}\""
        )
    };
    let trace = "arrivals = { kind = \"constant\", rate = \"1/s\" }\nduration = \"20s\"";
    let broken = rows(&go(trace, &site("5ms"), ""));
    assert!(
        broken
            .iter()
            .all(|r| r.outcome == outcome::ERROR && r.cpu == 5_000_000)
    );
    let whole = rows(&go(trace, &site("10s"), ""));
    assert!(
        whole
            .iter()
            .all(|r| r.outcome == outcome::OK && r.cpu > 50_000_000)
    );
}

/// Four replicas with cores to spare, and a page that takes three seconds of CPU from the middle on.
fn probed(probe: &str) -> Run {
    go(
        "arrivals = { kind = \"poisson\", rate = \"10/s\" }\nduration = \"4m\"\n\
         routes = { \"/home\" = 1, \"/other\" = 9 }\nitems = { \"/home\" = { bytes = 500 } }",
        &format!(
            "replicas = 4\ncpu = {{ cores = 64 }}\nprobe = {{ {probe} }}\n\
             [service.work.show]\nkind = \"scan\"\non = \"item\"\nunit = \"100us\""
        ),
        "[[timeline]]\nat = \"60s\"\nfor = \"60s\"\ndrift = { set = { \"trace.items\" = { \"/home\" = { bytes = 500, blanks = 30_000 } } } }",
    )
}

fn in_service(run: &Run, at: u64) -> f64 {
    let mut rows = run.recording.gauges.rows();
    let named = |g: &gameday::recording::GaugeRow| {
        run.recording.name("gauge", g.gauge.into()) == "replicas.in_service"
            && g.time >= at * SECOND
    };
    rows.find(named).unwrap().value
}

#[test]
fn a_probe_of_a_slow_page_takes_replicas_out_that_serve_all_others_well() {
    let run = probed("route = \"/home\"");
    assert_eq!(in_service(&run, 50), 4.0);
    assert_eq!(in_service(&run, 90), 0.0);
    assert_eq!(in_service(&run, 150), 4.0, "they come back");
    let gone = |r: &RequestRow| r.outcome == outcome::UNAVAILABLE;
    let away = rows(&run)
        .into_iter()
        .filter(gone)
        .map(|r| r.arrived / SECOND);
    let away: Vec<u64> = away.collect();
    assert!(
        away.len() > 100 && away.iter().all(|at| (60..150).contains(at)),
        "{away:?}"
    );
    let event = |name: &str| {
        let mut all = run.recording.events.rows();
        all.by_ref()
            .filter(|e| run.recording.name("event", e.event.into()) == name)
            .count()
    };
    assert_eq!((event("unhealthy"), event("healthy")), (4, 4));
}

#[test]
fn a_probe_of_another_page_and_one_that_keeps_the_last_leave_replicas_in_service() {
    for (probe, left) in [
        ("route = \"/other\"", 4.0),
        ("route = \"/home\", keep_last = 3", 3.0),
    ] {
        let run = probed(probe);
        assert_eq!(in_service(&run, 90), left, "{probe}");
        assert!(rows(&run).iter().all(|r| r.outcome != outcome::UNAVAILABLE));
    }
}

const INCIDENT: &str = "schema = 1\ntitle = \"A relay that reads all again\"\nwarm_up = 0\n\
    [trace]\narrivals = { kind = \"poisson\", rate = \"20/s\" }\nduration = \"2m\"\noutput_tokens = 2000\n\
    [service]\ncpu = { cores = 4 }\ncompute = \"2ms\"\n\
    [service.work.relay]\nkind = \"stream\"\nstage = \"answer\"\non = \"answer\"\nfragment = \"500B\"\n\
    [[timeline]]\nat = \"50%\"\ndeploy = \"d1\"\nset = { \"service.work.relay.way\" = \"reread\" }\n";

#[test]
fn a_profile_says_where_cpu_went_before_and_during_an_incident() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.toml");
    std::fs::write(&file, INCIDENT).unwrap();
    let profile = |to: &str| {
        let mut command = Command::cargo_bin("gameday").unwrap();
        command
            .arg("profile")
            .arg(&file)
            .arg("--out")
            .arg(folder.path().join(to));
        let out = command.assert().success().get_output().stdout.clone();
        String::from_utf8(out).unwrap()
    };
    let said = profile("a");
    assert_eq!(said, profile("b"));
    insta::assert_snapshot!("profile", said);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for name in ["baseline", "incident", "differential"] {
        for ext in ["folded", "svg"] {
            let (a, b) = (format!("a/{name}.{ext}"), format!("b/{name}.{ext}"));
            assert_eq!(read(&a), read(&b), "{a}");
        }
        let svg = String::from_utf8(read(&format!("a/{name}.svg"))).unwrap();
        assert!(svg.contains("<svg") && svg.contains("relay"));
    }
    let folded = String::from_utf8(read("a/differential.folded")).unwrap();
    insta::assert_snapshot!("profile_differential", folded);
}

#[test]
fn a_profile_of_a_recording_is_that_of_its_incident_and_nothing_to_profile_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.toml");
    std::fs::write(&file, INCIDENT).unwrap();
    let saved = folder.path().join("saved");
    let gameday = || Command::cargo_bin("gameday").unwrap();
    let mut replay = gameday();
    replay
        .arg("replay")
        .arg(&file)
        .args(["--no-report", "--save"])
        .arg(&saved);
    replay.assert().success();
    let table = |command: &mut Command| {
        let out = command.assert().success().get_output().stdout.clone();
        let text = String::from_utf8(out).unwrap();
        text.split_once('\n').unwrap().1.to_string()
    };
    let of_file = table(gameday().arg("profile").arg(&file));
    let of_folder = table(gameday().arg("profile").arg(&saved).args(["--at", "60s"]));
    assert_eq!(of_file, of_folder);
    let refused = gameday().arg("profile").arg(&saved).assert();
    refused.code(2).stderr(predicates::str::contains("--at"));
    let plain = INCIDENT.replace("cpu = { cores = 4 }\n", "");
    let plain = plain.split("[service.work").next().unwrap().to_string();
    std::fs::write(&file, plain).unwrap();
    let refused = gameday().arg("profile").arg(&file).assert();
    refused
        .code(2)
        .stderr(predicates::str::contains("no CPU is accounted for"));
}

/// Which of these rows "Where time goes" has in the report of a text.
fn split(text: &str) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.toml");
    std::fs::write(&file, text).unwrap();
    let mut replay = Command::cargo_bin("gameday").unwrap();
    replay
        .env("NO_COLOR", "1")
        .args(["replay", "--no-report"])
        .arg(&file);
    let out = replay.assert().success().get_output().stdout.clone();
    let said = String::from_utf8(out).unwrap();
    let (_, below) = said.split_once("Where time goes").expect("a split of time");
    let rows = below.split("\n\n").next().unwrap();
    let mut names = vec!["cores", "locks", "compute", "all"];
    names.retain(|name| rows.contains(&format!("    {name}  ")));
    names
}

#[test]
fn the_report_tells_of_waits_for_cores_and_locks_where_anybody_waited() {
    let crowded = INCIDENT.replace("cores = 4", "cores = 1");
    assert_eq!(split(&crowded), ["cores", "compute", "all"]);
    let locked = INCIDENT.replace("cores = 4", "cores = 4, gil = true");
    assert_eq!(split(&locked), ["locks", "compute", "all"]);
    let boundless = INCIDENT.replace("cpu = { cores = 4 }\n", "");
    assert_eq!(split(&boundless), ["compute", "all"]);
}
