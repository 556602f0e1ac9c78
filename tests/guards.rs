//! Guards: automated rollback while a run goes on.

use gameday::{
    config::Refusal,
    incident::{Incident, Overlay, Registries, Run, RunOptions, run},
    indicators::{Stage, Watch, find},
    recording::Keep,
};
use std::path::Path;

const SECOND: u64 = 1_000_000_000;

fn read(more: &str, overlay: &Overlay) -> Result<Incident, Refusal> {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"20/s\" }}\n\
         duration = \"4m\"\ntenants = {{ a = 1, b = 1 }}\n[service]\ncall = {{ dependency = \"llm\" }}\n\
         [dependency.llm]\nlatency = \"300ms\"\n{more}"
    );
    let none = &Default::default();
    Incident::read(
        Path::new("t.toml"),
        &text,
        overlay,
        none,
        &Registries::builtin(),
    )
}

fn go(more: &str) -> Run {
    go_with(more, &Overlay::default())
}

fn go_with(more: &str, overlay: &Overlay) -> Run {
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    let incident = read(more, overlay).unwrap_or_else(|e| panic!("{e}"));
    run(&incident, &Registries::builtin(), &options).unwrap()
}

/// Times in seconds, and versions, of the events of this name.
fn events(run: &Run, name: &str) -> Vec<(f64, u16)> {
    let named = run
        .recording
        .events
        .rows()
        .filter(|e| run.recording.name("event", e.event.into()) == name);
    named
        .map(|e| (e.time as f64 / SECOND as f64, e.version))
        .collect()
}

const BAD: &str =
    "[[timeline]]\nat = \"2m\"\ndeploy = \"bad\"\nset = { \"dependency.llm.latency\" = \"5s\" }\n";

fn guard(options: &str) -> String {
    format!("[[guard]]\nwhen = \"latency max > 3s for 30s\"\n{options}\n")
}

#[test]
fn a_guard_takes_a_bad_deploy_back_seconds_after_the_first_slow_answer() {
    let run = go(&format!("{BAD}{}", guard("")));
    let rollbacks = events(&run, "rollback");
    // The first slow answer is known after 5 s; the guard looks each second.
    assert_eq!(rollbacks.len(), 1);
    let (at, version) = rollbacks[0];
    assert!(
        (125.0..127.5).contains(&at) && version == 1,
        "{at} {version}"
    );
    let rows: Vec<_> = run.recording.requests.rows().collect();
    let slow = rows.iter().filter(|r| r.latency > 3 * SECOND).count();
    assert!((80..180).contains(&slow), "{slow}");
    let after = rows.iter().filter(|r| r.arrived as f64 > at * 1e9);
    assert!(after.clone().count() > 1000 && after.clone().all(|r| r.service_version == 1));
    let told = run.truth.entries.iter().map(|e| e.label.as_str());
    assert!(
        told.clone()
            .any(|l| l.starts_with("roll back bad: latency max"))
    );
    // Without a guard they wait for people.
    let without = go(BAD);
    assert!(events(&without, "rollback").is_empty());
    let rows = without.recording.requests.rows();
    assert!(rows.filter(|r| r.latency > 3 * SECOND).count() > 2000);
}

#[test]
fn a_guard_changes_nothing_where_nothing_crosses_and_nothing_is_there_to_take_back() {
    let fine = "[[timeline]]\nat = \"2m\"\ndeploy = \"fine\"\nset = { \"dependency.llm.latency\" = \"1s\" }\n";
    let (with, without) = (go(&format!("{fine}{}", guard(""))), go(fine));
    assert_eq!(with.digest, without.digest);
    let fault = "[[timeline]]\nat = \"2m\"\nfor = \"10s\"\nfault = { kind = \"latency\", target = \"llm\", percentage = 100, latency = \"5s\" }\n";
    let (with, without) = (go(&format!("{fault}{}", guard(""))), go(fault));
    assert_eq!(with.digest, without.digest);
}

#[test]
fn an_alert_is_told_once_each_time_that_the_line_is_crossed() {
    let faults: String = [60, 150]
        .map(|at| format!("[[timeline]]\nat = \"{at}s\"\nfor = \"10s\"\nfault = {{ kind = \"latency\", target = \"llm\", percentage = 100, latency = \"5s\" }}\n"))
        .concat();
    let run = go(&format!("{faults}{}", guard("then = \"alert\"")));
    let alerts: Vec<f64> = events(&run, "alert").iter().map(|(at, _)| *at).collect();
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    assert!((65.0..68.0).contains(&alerts[0]) && (155.0..158.0).contains(&alerts[1]));
}

#[test]
fn a_guard_sees_only_the_requests_that_it_selects() {
    let of = |tenant: &str| {
        format!("[[guard]]\nwhen = 'latency{{tenant=\"{tenant}\"}} max > 3s for 30s'\n")
    };
    assert_eq!(
        events(&go(&format!("{BAD}{}", of("b"))), "rollback").len(),
        1
    );
    assert!(events(&go(&format!("{BAD}{}", of("nobody"))), "rollback").is_empty());
}

#[test]
fn the_newest_change_is_taken_back_and_a_later_one_brings_what_it_brings() {
    let bad = BAD.replace("set = { ", "set = { \"service.cold_for\" = \"2s\", ");
    let more = format!(
        "[[timeline]]\nat = \"30s\"\ndeploy = \"good\"\nset = {{ \"service.cold_for\" = \"1s\" }}\n{bad}\
         [[timeline]]\nat = \"3m\"\ndeploy = \"next\"\nset = {{ \"service.cold_for\" = \"3s\" }}\n{}",
        guard("every = \"500ms\"")
    );
    let run = go(&more);
    // 1 as it was, 2 good, 3 bad, 4 next (with bad in it): each time back to what was before.
    let versions: Vec<u16> = events(&run, "rollback").iter().map(|e| e.1).collect();
    assert_eq!(versions, [2, 3]);
    let deployed: Vec<u16> = events(&run, "deploy").iter().map(|e| e.1).collect();
    assert_eq!(deployed, [2, 3, 4]);
}

#[test]
fn without_its_timeline_an_incident_has_no_guard_either() {
    let healthy = Overlay {
        healthy: true,
        ..Overlay::default()
    };
    let run = go_with(&format!("{BAD}{}", guard("")), &healthy);
    assert!(events(&run, "rollback").is_empty() && run.truth.entries.is_empty());
}

#[test]
fn what_cannot_be_watched_online_is_refused_at_its_place() {
    for (when, why) in [
        ("latency p(95) > 3s for 30s", "not the maximum"),
        ("call.error_rate > 3% for 30s", "not the maximum"),
        ("error_rate > 3%", "over which time"),
        ("latency max > 3s", "over which time"),
        ("latency max < 3s for 30s", "more than it should be"),
        ("latency max > 2x baseline for 30s", "not known yet"),
        ("latency max by tenant > 3s for 30s", "split"),
        (
            "latency max > 3s for 30s and queue.wait max > 1s for 30s",
            "no single comparison",
        ),
        ("recovery_time > 3s", "when the run has ended"),
        ("call.time max > 3s for 30s", "of attempts"),
        ("latency max > 3s for 30s during incident", "phases"),
    ] {
        let refused = read(
            &format!("[[guard]]\nwhen = \"{when}\"\n"),
            &Overlay::default(),
        );
        let refused = refused.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(
            refused.contains(why) && refused.starts_with("t.toml:13:8"),
            "{when}: {refused}"
        );
    }
    for (options, why) in [
        ("window = \"sliding-mux\"", "did you mean"),
        (
            "window = { kind = \"sliding-max\", over = \"5s\" }",
            "differ in length",
        ),
        ("window = { kind = \"ring-max\", buckets = 0 }", "0 buckets"),
        ("every = \"0s\"", "looks that often"),
        ("requests = 50", "from the first request on"),
        ("then = \"panic\"", "rollback"),
    ] {
        let refused = read(&guard(options), &Overlay::default());
        let refused = refused.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refused.contains(why), "{options}: {refused}");
    }
}

#[test]
fn what_a_guard_takes_of_a_request_is_what_indicators_take() {
    let run = go(BAD);
    let watch = Watch::from_recording(&run.recording, run.watched.windows.clone());
    let mut held = 0;
    for (stage, name) in Stage::ALL {
        let max = run
            .recording
            .requests
            .rows()
            .filter_map(|row| stage.of(&row))
            .max();
        // Not every column is recorded, and attempts are no requests.
        let indicator = find(&format!("{name}.max"));
        let watched = indicator.and_then(|i| watch.over(i, 0, u64::MAX));
        if let Some(watched) = watched.filter(|_| *stage != Stage::CallTime) {
            assert_eq!(Some(watched as u64), max, "{name}");
            held += 1;
        }
    }
    assert!(held > 3, "{held}");
}

#[test]
fn a_dashboard_reads_the_maximum_of_the_last_while_and_forgets_it() {
    let dashboard = |kind: &str| {
        let run = go(&format!(
            "[[timeline]]\nat = \"1m\"\nfor = \"1s\"\nfault = {{ kind = \"latency\", target = \"llm\", percentage = 100, latency = \"5s\" }}\n\
             [[timeline]]\nat = \"10s\"\nset = {{ \"service.dashboard\" = {kind} }}\n"
        ));
        let gauges = run.recording.gauges.rows();
        let named =
            gauges.filter(|g| run.recording.name("gauge", g.gauge.into()) == "latency.sliding_max");
        let read: Vec<_> = named
            .map(|g| (g.time / SECOND, (g.value / 1e8).round() / 10.0))
            .collect();
        read
    };
    for kind in ["\"sliding-max\"", "{ kind = \"ring-max\", over = \"30s\" }"] {
        let read = dashboard(kind);
        let at = |from: u64, to: u64| {
            read.iter()
                .filter(move |(t, _)| (from..to).contains(t))
                .map(|(_, v)| *v)
        };
        assert!(
            at(0, 10).count() == 0 && at(12, 60).all(|v| v == 0.3),
            "{read:?}"
        );
        assert!(
            at(67, 94).count() >= 5 && at(67, 94).all(|v| v == 5.3),
            "{read:?}"
        );
        assert!(at(110, 240).all(|v| v == 0.3), "{read:?}");
    }
}

const STRICT: &str = "[[timeline]]\nat = \"2m\"\ndeploy = \"strict\"\nset = { \"service.parse\" = { kind = \"json\", required = [\"gone\"] } }\n";

#[test]
fn a_guard_takes_a_parser_back_that_refuses_what_it_did_not_before() {
    let of = |when: &str| {
        let text =
            format!("[[guard]]\nwhen = '{when}'\n{STRICT}[service.parse]\nkind = \"json\"\n");
        events(&go(&text), "rollback")
    };
    // 20/s: 40 % of the last 10 s are refused within 4 to 5 s.
    let taken_back = of("parse.error_rate > 40% for 10s");
    let [(at, 1)] = taken_back[..] else {
        panic!("{taken_back:?}")
    };
    assert!((123.0..127.5).contains(&at), "{at}");
    // A share of one tenant's, and one that is never exceeded.
    assert_eq!(
        of(r#"parse.error_rate{tenant="a"} >= 90% for 10s"#).len(),
        1
    );
    assert_eq!(of("error_rate > 100% for 10s").len(), 0);
}

#[test]
fn a_share_of_few_requests_says_nothing() {
    let text = |requests: &str| {
        format!(
            "[[guard]]\nwhen = \"parse.error_rate > 1% for 2s\"\n{requests}\n{STRICT}[service.parse]\nkind = \"json\"\n"
        )
    };
    assert_eq!(events(&go(&text("")), "rollback").len(), 1);
    assert_eq!(events(&go(&text("requests = 200")), "rollback").len(), 0);
}
