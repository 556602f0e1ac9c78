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
classes = {{ now = 1, later = 1 }}
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

/// Levels in a store, with more options.
fn stored(options: &str) -> String {
    format!(
        r#"{{ store = "redis", levels = [
            {{ name = "own", key = ["tenant"], rate = "12/s", burst = 12 }},
            {{ key = [], rate = "20/s", burst = 20 }},
        ], fallback = {{ rate = "3/s", burst = 3, shed = ["later"] }}{options} }}"#
    )
}

const REDIS: &str = "[dependency.redis]\nlatency = \"10ms\"\n";

fn let_in(run: &Run, which: impl Fn(&RequestRow) -> bool) -> u64 {
    let rows = run.recording.requests.rows();
    rows.filter(|r| r.outcome == outcome::OK && which(r))
        .count() as u64
}

#[test]
fn replicas_share_their_limits_in_a_store_whatever_their_clocks_say() {
    let most = 20 * 60 + 20;
    let by_store = replay(&stored(", clocks_apart = \"3s\""), REDIS);
    let entered = let_in(&by_store, |_| true);
    assert!((most - 10..=most).contains(&entered), "{entered} of {most}");
    let by = rejects(&by_store, |_| true);
    assert_eq!(by.keys().collect::<Vec<_>>(), ["global", "own"]);
    // By callers' clocks, what they are apart comes in once.
    let by_caller = ", clock = \"caller\", clocks_apart = \"3s\"";
    let run = replay(&stored(by_caller), REDIS);
    let entered = let_in(&run, |_| true);
    assert!((most - 10..=most + 60).contains(&entered), "{entered}");
    // Where marks follow the caller, it comes in again and again.
    let run = replay(&stored(&format!("{by_caller}, marks = \"follow\"")), REDIS);
    let entered = let_in(&run, |_| true);
    assert!(entered > most + 300, "{entered}");
}

#[test]
fn a_store_that_is_read_and_then_written_lets_more_in() {
    let most = 20 * 60 + 20;
    let slow = "[dependency.redis]\nlatency = \"18ms\"\n";
    let patient = |atomic: bool| {
        let options = format!(", atomic = {atomic}").replace(", atomic = true", "");
        let text = stored(&options).replace("shed =", "after = \"1s\", shed =");
        let run = replay(
            &text.replace("burst = 20", "burst = 1"),
            &slow.replace("18ms", "400ms"),
        );
        let_in(&run, |_| true)
    };
    assert!(patient(true) <= most - 19);
    assert!(patient(false) > most + 100, "{}", patient(false));
}

#[test]
fn without_its_store_each_replica_keeps_to_the_emergency_limit_and_sheds() {
    let outage = format!(
        "{REDIS}\n[[timeline]]\nat = \"20s\"\nfor = \"20s\"\nfault = {{ kind = \"outage\", target = \"redis\" }}\n"
    );
    let run = replay(&stored(""), &outage);
    // The seconds in which the outage begins and ends have some of both.
    let without = |r: &RequestRow| (21..40).contains(&(r.arrived / SECOND));
    let class = |r: &RequestRow| run.recording.name("class", r.class) == "later";
    let rows: Vec<RequestRow> = run
        .recording
        .requests
        .rows()
        .filter(|r| without(r))
        .collect();
    let shed = |r: &&RequestRow| r.outcome == outcome::SHED;
    assert!(rows.iter().all(|r| !class(r) || r.outcome == outcome::SHED));
    assert!(rows.iter().filter(shed).count() > 100);
    // Two replicas of 3 a second.
    let entered = let_in(&run, without);
    assert!((100..=2 * (3 * 19 + 3)).contains(&entered), "{entered}");
    // Nobody waits for longer than the store may take, nor most at all.
    let longest = rows.iter().map(|r| r.latency).max().unwrap();
    assert!(longest <= 21_000_000, "{longest}");
    let waited = rows.iter().filter(|r| r.latency >= 20_000_000).count();
    assert!(waited <= 60, "{waited} of {}", rows.len());
    let by = rejects_of_any(&run, without);
    assert_eq!(by.keys().collect::<Vec<_>>(), ["fallback"]);
    // Before and after it is the store that decides.
    let with = |r: &RequestRow| !(19..42).contains(&(r.arrived / SECOND));
    assert!(!rejects_of_any(&run, with).contains_key("fallback"));
    assert!(last_gauge(&run, "limiter.fallback").unwrap() > 100.0);
    // Calls to the store are in the recording, with how they ended.
    let calls = run.recording.attempts.rows();
    let late = |a: &gameday::recording::AttemptRow| a.result == gameday::recording::result::TIMEOUT;
    assert!(calls.filter(late).count() > 10);
}

fn rejects_of_any(run: &Run, which: impl Fn(&RequestRow) -> bool) -> BTreeMap<String, u64> {
    let mut by = BTreeMap::new();
    for row in run
        .recording
        .requests
        .rows()
        .filter(|r| which(r) && r.reject != 0)
    {
        let name = run.recording.name("reject", u32::from(row.reject));
        *by.entry(name.to_string()).or_default() += 1;
    }
    by
}

#[test]
fn stores_that_make_no_sense_are_refused_at_their_place() {
    let good = stored("");
    for (from, to, message) in [
        (
            "store = \"redis\"",
            "store = \"rediss\"",
            "no [dependency.rediss]",
        ),
        ("store = \"redis\", ", "", "\"fallback\""),
        (", fallback = {", ", fallbck = {", "fallback"),
        ("rate = \"3/s\"", "rate = \"0/s\"", "rate 0"),
        ("burst = 12", "burst = 0", "a bucket of 0 tokens"),
        ("burst = 12", "burst = 12000000", "from 1 to 4 million"),
        ("rate = \"12/s\"", "rate = \"0.0000001/s\"", "cannot count"),
        ("name = \"own\"", "kind = \"gcra\"", "\"kind\""),
        ("levels =", "scope = \"local\", levels =", "no such option"),
        ("levels =", "clock = \"sun\", levels =", "unknown word"),
    ] {
        assert!(good.contains(from), "{from}");
        let text = own_component::INCIDENT.replacen(
            r#"{ kind = "per-minute", limit = 700, scope = "shared" }"#,
            &good.replacen(from, to, 1).replace('\n', " "),
            1,
        ) + "[dependency.redis]\nlatency = \"1ms\"\n";
        let said = own_component::replay(&text).err().unwrap().to_string();
        assert!(said.contains(message), "{to}: {said}");
    }
}

#[test]
fn a_client_that_is_refused_comes_back_when_the_last_of_the_levels_lets_it_in() {
    let levels = r#"{ scope = "shared", levels = [
        { name = "own", key = ["tenant"], kind = "token-bucket", rate = "2/s", burst = 1 },
        { name = "all", kind = "token-bucket", rate = "0.5/s", burst = 1 },
    ] }"#;
    let in_a_store = r#"{ store = "redis", levels = [
        { name = "own", key = ["tenant"], rate = "2/s", burst = 1 },
        { name = "all", rate = "0.5/s", burst = 1 },
    ], fallback = { rate = "1/s" } }"#;
    for limiter in [levels, in_a_store] {
        let clients = |obey: bool| {
            let clients = format!(
                "[clients]\nretry = {{ max = 1, after = \"10ms\", jitter = \"0%\", obey_retry_after = {obey} }}\n"
            );
            let run = replay(limiter, &format!("{REDIS}{clients}"));
            let mut ended = BTreeMap::new();
            let mut waits = vec![];
            let rows: Vec<RequestRow> = run.recording.requests.rows().collect();
            for row in rows.iter().filter(|r| r.tries == 1) {
                ended.insert(row.op, row.arrived + row.latency);
            }
            for row in rows.iter().filter(|r| r.tries == 2) {
                waits.push(row.arrived - ended[&row.op]);
            }
            assert!(waits.len() > 10);
            waits
        };
        assert!(clients(false).iter().all(|wait| *wait == 10_000_000));
        // The tenant's own token is back within half a second, the shared one within two: it is the later that counts.
        let waits = clients(true);
        assert!(waits.iter().all(|wait| *wait <= 2 * SECOND), "{waits:?}");
        let late = waits.iter().filter(|wait| **wait > SECOND / 2).count();
        assert!(late * 2 > waits.len(), "{late} of {}", waits.len());
    }
}

#[test]
fn who_is_shed_without_the_store_is_not_told_what_another_was_told() {
    let clients = "[clients]\nretry = { max = 1, after = \"10ms\", jitter = \"0%\", obey_retry_after = true }\n";
    let outage = "[[timeline]]\nat = \"1s\"\nfault = { kind = \"outage\", target = \"redis\" }\n";
    let limiter = stored("").replace("rate = \"3/s\", burst = 3", "rate = \"0.1/s\", burst = 1");
    let run = replay(&limiter, &format!("{clients}{REDIS}{outage}"));
    let rows: Vec<RequestRow> = run.recording.requests.rows().collect();
    let shed = |r: &&RequestRow| r.outcome == outcome::SHED && r.tries == 1;
    let ended: BTreeMap<u64, u64> = rows
        .iter()
        .filter(shed)
        .map(|r| (r.op, r.arrived + r.latency))
        .collect();
    let waits: Vec<u64> = rows
        .iter()
        .filter(|r| r.tries == 2)
        .filter_map(|r| Some(r.arrived - ended.get(&r.op)?))
        .collect();
    assert!(waits.len() > 100, "{}", waits.len());
    let longest = waits.iter().max().unwrap();
    assert_eq!(*longest, 10_000_000, "they were told nothing");
}
