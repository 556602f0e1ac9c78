//! Limiters in a replay: levels, who refused, deploys that reach shared levels, and a user's own limiter as a level.

#[path = "../examples/own_component.rs"]
mod own_component;

use gameday::{
    incident::Run,
    recording::{RequestRow, outcome},
};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

/// Replays a minute of two tenants, the second of which sends twice as much as the first, through this limiter.
fn replay(limiter: &str, more: &str) -> Run {
    let text = format!(
        r#"
schema = 1
title = "limits"
seed = 3
[trace]
arrivals = {{ kind = "constant", rate = "30/s" }}
duration = "60s"
tenants = {{ quiet = 1, noisy = 2 }}
users = {{ count = 1 }}
[service]
replicas = 2
limiter = {limiter}
compute = "1ms"
{more}
"#
    );
    own_component::replay(&text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// How many were refused, by who refused them.
fn rejects(run: &Run, which: impl Fn(&RequestRow) -> bool) -> BTreeMap<String, u64> {
    let mut by = BTreeMap::new();
    for row in run.recording.requests.rows().filter(|r| which(r)) {
        assert_eq!(row.outcome == outcome::REJECTED, row.reject != 0);
        if row.reject != 0 {
            let name = run.recording.name("reject", u32::from(row.reject));
            *by.entry(name.to_string()).or_default() += 1;
        }
    }
    by
}

fn last_gauge(run: &Run, name: &str) -> Option<f64> {
    let rows: Vec<_> = run.recording.gauges.rows().collect();
    let of =
        |g: &&gameday::recording::GaugeRow| run.recording.name("gauge", u32::from(g.gauge)) == name;
    rows.iter().rev().find(of).map(|g| g.value)
}

#[test]
fn the_level_that_refuses_is_in_the_recording() {
    let levels = r#"{ scope = "shared", levels = [
        { name = "own", key = ["tenant"], kind = "token-bucket", rate = "12/s", burst = 12 },
        { kind = "gcra", rate = "20/s", burst = 20 },
    ] }"#;
    let run = replay(levels, "");
    let tenant = |row: &RequestRow| run.recording.name("tenant", row.tenant).to_string();
    let noisy = rejects(&run, |r| tenant(r) == "noisy");
    let quiet = rejects(&run, |r| tenant(r) == "quiet");
    // The noisy one asks for 20 a second and has 12, of which what the other level refuses goes back; both then ask for
    // more than 20. A level without a name is called by its key.
    assert!((200..480).contains(&noisy["own"]), "{noisy:?}");
    assert_eq!(quiet.get("own"), None, "{quiet:?}");
    let global = noisy["global"] + quiet["global"];
    assert!(global > 100, "{noisy:?} {quiet:?}");
    let let_in = 1800 - noisy["own"] - global;
    assert!(let_in.abs_diff(20 * 60 + 20) <= 1, "{let_in} let in");
    assert_eq!(last_gauge(&run, "limiter.keys.own"), Some(2.0));
    let counted = last_gauge(&run, "limiter.rejects.own").unwrap();
    assert!((noisy["own"] as f64 - counted).abs() < 30.0, "{counted}");
    // One limit alone is named as well, and its gauges are as they were.
    let run = replay(
        r#"{ key = ["tenant"], kind = "token-bucket", rate = "5/s", burst = 5 }"#,
        "",
    );
    assert_eq!(
        rejects(&run, |_| true).keys().collect::<Vec<_>>(),
        ["tenant"]
    );
    assert!(last_gauge(&run, "limiter.keys").is_some());
}

#[test]
fn a_limiter_of_ones_own_is_a_level_like_those_that_ship() {
    let levels = r#"{ scope = "shared", levels = [
        { name = "minute", kind = "per-minute", limit = 1000 },
        { name = "second", key = [], kind = "token-bucket", rate = "20/s", burst = 20 },
    ] }"#;
    let run = replay(levels, "");
    let by = rejects(&run, |_| true);
    // It is charged for what was let in alone: 20 a second for 50 s, and then its own limit refuses.
    assert!(by["minute"] > 250, "{by:?}");
    let let_in = run.recording.requests.rows().count() as u64 - by.values().sum::<u64>();
    assert_eq!(let_in, 1000, "{by:?}");
}

#[test]
fn levels_come_and_go_with_a_deploy_that_goes_replica_by_replica() {
    let levels = r#"{ scope = "shared", levels = [
        { name = "own", key = ["tenant"], kind = "token-bucket", rate = "12/s", burst = 12 },
        { name = "all", kind = "token-bucket", rate = "20/s", burst = 20 },
    ] }"#;
    let deploy = r#"
[[timeline]]
at = "20s"
deploy = "one"
restart = "rolling"
pace = "10s"
set = { "service.limiter.levels" = [{ name = "all", kind = "token-bucket", rate = "25/s", burst = 20 }] }
"#;
    let run = replay(levels, deploy);
    let late = rejects(&run, |r| r.arrived > 45 * SECOND);
    assert_eq!(late.keys().collect::<Vec<_>>(), ["all"]);
    assert!((50..100).contains(&late["all"]), "{late:?}");
    let early = rejects(&run, |r| r.arrived < 20 * SECOND);
    assert_eq!(early.len(), 2, "{early:?}");
}

#[test]
fn levels_that_make_no_sense_are_refused_at_their_place() {
    let refused = |limiter: &str| {
        let text = own_component::INCIDENT.replacen(
            r#"{ kind = "per-minute", limit = 700, scope = "shared" }"#,
            limiter,
            1,
        );
        assert!(text != own_component::INCIDENT);
        own_component::replay(&text).err().unwrap().to_string()
    };
    let many = format!(
        "{{ levels = [{}] }}",
        (0..17)
            .map(|n| format!("{{ name = \"l{n}\", kind = \"gcra\", rate = \"5/s\" }}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    for (limiter, message) in [
        ("{ levels = [] }", "a limiter of 0 levels"),
        (&many, "a limiter of 17 levels"),
        ("{ levels = [\"gcra\"] }", "lacks \"rate\""),
        (
            "{ levels = [{ kind = \"gcra\", rate = \"5/s\" }, { kind = \"gcra\", rate = \"9/s\" }] }",
            "two levels are called \"global\"",
        ),
        (
            "{ levels = [{ name = \"\", kind = \"gcra\", rate = \"5/s\" }] }",
            "a level without a name",
        ),
        (
            "{ levels = [{ kind = \"gcra\", rate = \"5/s\", scope = \"shared\" }] }",
            "\"scope\"",
        ),
        ("{ levels = 3 }", "a list"),
        (
            "{ levels = [{ kind = \"gcra\", rate = \"0/s\" }] }",
            "rate 0",
        ),
        (
            "{ kind = \"gcra\", rate = \"5/s\", levels = [] }",
            "\"kind\"",
        ),
    ] {
        let said = refused(limiter);
        assert!(said.contains(message), "{limiter}: {said}");
        assert!(said.contains("own_component.toml:11"), "{said}");
    }
}
