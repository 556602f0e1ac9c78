//! What is asked for most, in a replay: what the run recorded of the list, and what users got of it.

mod replay_support;

use gameday::{
    config::Refusal,
    incident::{Incident, Run},
    recording::{outcome, served_by},
};
use replay_support::{gauge, rerun};

/// A minute of 50 requests a second for 200 contents; `service` and `more` on top.
fn read(service: &str, more: &str) -> Result<Incident, Refusal> {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"50/s\" }}\nduration = \"1m\"\n\
         contents = {{ count = 200, exponent = 1.0 }}\nroutes = {{ \"/ask\" = 4, \"/top\" = 1 }}\n[service]\n{service}\n{more}"
    );
    replay_support::read(&text)
}

fn go(service: &str, more: &str) -> Run {
    let incident = read(service, more).unwrap_or_else(|e| panic!("{e}"));
    rerun(&incident)
}

/// Readings of a gauge.
fn readings(run: &Run, name: &str) -> Vec<f64> {
    gauge(run, name).into_iter().map(|g| g.2).collect()
}

fn most(run: &Run, name: &str) -> f64 {
    let readings = readings(run, name);
    assert!(!readings.is_empty(), "{name}");
    readings.into_iter().fold(0.0, f64::max)
}

#[test]
fn an_exact_list_is_right_and_a_small_one_says_how_wrong_it_is() {
    let of = "of = [\"prompt\"], k = 10, window = \"20s\", every = \"1ms\"";
    let exact = go(&format!("trending = {{ kind = \"exact\", {of} }}"), "");
    for name in ["wrong", "overcount", "false_bounds", "bound"] {
        assert_eq!(most(&exact, &format!("trending.{name}")), 0.0, "{name}");
    }
    let small = go(
        &format!("trending = {{ kind = \"space-saving\", counters = 10, {of} }}"),
        "",
    );
    assert!(most(&small, "trending.wrong") > 0.2);
    assert!(most(&small, "trending.overcount") > 0.2);
    assert!(most(&small, "trending.bound") > 0.0);
    assert_eq!(most(&small, "trending.false_bounds"), 0.0);
    assert!(most(&small, "trending.entries") < most(&exact, "trending.entries"));
    let liar = go(
        &format!("trending = {{ kind = \"space-saving\", counters = 10, bounds = false, {of} }}"),
        "",
    );
    assert_eq!(most(&liar, "trending.bound"), 0.0);
    assert!(most(&liar, "trending.false_bounds") > 0.5);
}

#[test]
fn a_list_of_yesterday_covers_less_of_what_is_asked() {
    let list = |window: &str| {
        let service = format!(
            "trending = {{ kind = \"exact\", of = [\"prompt\"], k = 20, window = \"{window}\", every = \"100ms\" }}"
        );
        let other =
            "[[timeline]]\nat = \"75%\"\ndrift = { set = { \"trace.contents.first\" = 1000 } }";
        let readings = readings(&go(&service, other), "trending.coverage");
        readings[readings.len() - 1]
    };
    let (sound, for_ever) = (list("10s"), list("0s"));
    assert!(sound > for_ever + 0.1, "{sound} {for_ever}");
}

#[test]
fn a_route_is_answered_with_the_list_and_is_not_counted() {
    let run = go(
        "trending = { kind = \"exact\", of = [\"route\"], routes = [\"/top\"] }\ncall = { dependency = \"llm\" }",
        "[dependency.llm]\nlatency = \"100ms\"",
    );
    let mut tops = 0;
    for row in run.recording.requests.rows() {
        let top = run.recording.name("route", row.route) == "/top";
        tops += u32::from(top);
        let by = if top {
            served_by::CACHE
        } else {
            served_by::DEPENDENCY
        };
        assert_eq!((row.outcome, row.served_by), (outcome::OK, by));
        assert_eq!(row.latency == 0, top);
    }
    assert!(tops > 400, "{tops}");
    // Of two routes one is counted: one count in the map, one in the pane, and places in the heap.
    assert!(most(&run, "trending.entries") <= 2.0 + 60.0);
}

#[test]
fn a_cache_that_admits_what_trends_holds_nothing_else() {
    let service = |admit: bool| {
        format!(
            "key = {{ fields = [\"prompt\"] }}\ncache = {{ kind = \"lru\", capacity = 1000 }}\n\
             trending = {{ kind = \"exact\", k = 5, every = \"1ms\", admit = {admit} }}\ncall = {{ dependency = \"llm\" }}"
        )
    };
    let llm = "[dependency.llm]\nlatency = \"10ms\"";
    let entries = |admit| most(&go(&service(admit), llm), "cache.entries");
    // Few more than five, for who trends first is not who trends at last.
    assert!(entries(true) < 30.0 && entries(false) > 150.0);
}

#[test]
fn a_list_of_each_replica_is_judged_by_what_that_replica_saw() {
    let of = "kind = \"exact\", of = [\"prompt\"], scope = \"local\", k = 10, window = \"20s\", every = \"1ms\"";
    let run = go(&format!("replicas = 3\ntrending = {{ {of} }}"), "");
    assert_eq!(most(&run, "trending.wrong"), 0.0);
    // A process that begins anew has lost what its replica saw.
    let restart = "[[timeline]]\nat = \"50%\"\nrestart = \"all\"";
    let run = go(&format!("replicas = 3\ntrending = {{ {of} }}"), restart);
    assert!(most(&run, "trending.wrong") > 0.3);
}

#[test]
fn a_list_of_what_and_for_which_cache_must_be_said() {
    for (service, why) in [
        ("trending = \"exact\"", "what is to be counted?"),
        (
            "trending = { kind = \"exact\", of = [\"prompt\"], admit = true }",
            "`admit` is for a cache",
        ),
        ("trending = { kind = \"exact\", of = 3 }", "fields such as"),
        ("trending = { kind = \"exat\" }", "did you mean \"exact\"?"),
        (
            "trending = { kind = \"exact\", of = [\"prompt\"], every = \"soon\" }",
            "a duration",
        ),
        (
            "trending = { kind = \"space-saving\", of = [\"prompt\"], counters = 3 }",
            "3 counters for a list of 10",
        ),
    ] {
        let refused = read(service, "").map(drop).unwrap_err().to_string();
        assert!(refused.contains(why), "{service}: {refused}");
    }
    let deploy = "[[timeline]]\nat = \"50%\"\ndeploy = \"a\"\nset = { \"service.trending.kind\" = \"exact\" }";
    let refused = read(
        "trending = { kind = \"space-saving\", of = [\"prompt\"] }",
        deploy,
    );
    let refused = refused.map(drop).unwrap_err().to_string();
    assert!(refused.contains("state = \"cold\""), "{refused}");
}
