//! A limiter that refuses good traffic, told from one that is right: addresses, promises, soft limits, clocks.

#[path = "../examples/own_component.rs"]
mod own_component;

use gameday::{
    incident::Run,
    recording::{RequestRow, outcome, quota},
};
use std::collections::BTreeSet;

/// A minute of two tenants with one user each: one asks 2 times a second, the other 20.
fn replay(service: &str, more: &str) -> Run {
    let text = format!(
        r#"
schema = 1
title = "addresses"
seed = 3
warm_up = 0
[trace]
arrivals = {{ kind = "constant", rate = "22/s" }}
duration = "60s"
tenants = {{ quiet = 1, noisy = 10 }}
users = {{ count = 1 }}
addresses.forged_by = ["noisy"]
{more}
[service]
replicas = 2
compute = "1ms"
quota = {{ rate = "5/s", burst = 20 }}
{service}
"#
    );
    own_component::replay(&text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

const LIMIT: &str = r#"{ scope = "shared", levels = [{ name = "a", key = ["address"], kind = "token-bucket", rate = "5/s", burst = 20 }] }"#;

/// Requests of a tenant: all of them, refused ones, and those of a word of `quota`.
fn count(run: &Run, tenant: &str, which: impl Fn(&RequestRow) -> bool) -> usize {
    let of = |r: &RequestRow| run.recording.name("tenant", r.tenant) == tenant;
    run.recording
        .requests
        .rows()
        .filter(|r| of(r) && which(r))
        .count()
}

fn refused(r: &RequestRow) -> bool {
    r.outcome == outcome::REJECTED
}

fn keys(run: &Run) -> usize {
    let keys: BTreeSet<u64> = run
        .recording
        .requests
        .rows()
        .map(|r| r.limiter_key)
        .collect();
    keys.len()
}

#[test]
fn who_asks_is_known_by_the_hops_that_are_trusted() {
    let behind = |proxies: &str, hops: &str| {
        let address = format!(
            "address = {{ proxies = {proxies}, trusted_hops = {hops} }}\nlimiter = {LIMIT}"
        );
        let run = replay(&address, "");
        (
            keys(&run),
            count(&run, "quiet", refused),
            count(&run, "noisy", refused),
        )
    };
    let (peers, quiet, noisy) = behind("0", "0");
    assert_eq!((peers, quiet), (2, 0));
    assert!(noisy > 500);
    // The same behind a proxy that is trusted, for all that the noisy one writes into its header.
    assert_eq!(behind("1", "1"), (peers, quiet, noisy));
    // Not trusted: one key, and the quiet one pays for the noisy one.
    let (one, quiet, _) = behind("1", "0");
    assert!(one == 1 && quiet > 50, "{one} {quiet}");
    // Trusted too far: a key for each lie, and nobody is limited.
    let (many, quiet, noisy) = behind("1", "2");
    assert!(
        many > 1000 && (quiet, noisy) == (0, 0),
        "{many} {quiet} {noisy}"
    );
}

#[test]
fn all_that_is_asked_counts_against_a_promise() {
    let run = replay(&format!("limiter = {LIMIT}"), "");
    let of = |tenant: &str, word: u8| count(&run, tenant, |r| r.quota == word);
    assert_eq!(of("quiet", quota::OVER), 0);
    assert!(of("quiet", quota::UNDER) > 80);
    // A burst of 20 and what leaks meanwhile; then each request is one too many.
    let within = of("noisy", quota::UNDER);
    assert!((20..=40).contains(&within), "{within}");
    assert_eq!(
        count(&run, "noisy", |r| r.quota == quota::UNDER && refused(r)),
        0
    );
}

#[test]
fn a_soft_limit_refuses_nobody_and_one_for_a_part_the_others_never() {
    let soft = r#"limiter = { levels = [{ name = "soft", key = ["tenant"], mode = "soft", kind = "gcra", rate = "5/s", burst = 20 }] }"#;
    let run = replay(soft, "");
    let noted = |r: &RequestRow| run.recording.name("reject", u32::from(r.soft_reject)) == "soft";
    assert_eq!(
        count(&run, "noisy", refused) + count(&run, "quiet", refused),
        0
    );
    assert!(count(&run, "noisy", noted) > 500);
    assert_eq!(count(&run, "quiet", noted), 0);
    let part = r#"limiter = { levels = [{ name = "part", key = [], where = 'tenant == "quiet"', kind = "gcra", rate = "1/s", burst = 1 }] }"#;
    let run = replay(part, "");
    assert_eq!(count(&run, "noisy", refused), 0);
    assert!(count(&run, "quiet", refused) > 20);
}

#[test]
fn an_exit_makes_one_of_all_who_are_behind_it() {
    let all = r#"limiter = { scope = "shared", levels = [{ name = "a", key = ["address"], kind = "gcra", rate = "100/s", burst = 100 }] }"#;
    assert_eq!(keys(&replay(all, "")), 2);
    let run = replay(all, "addresses.exits = { office = \"100%\" }");
    assert_eq!(keys(&run), 1);
}

#[test]
fn replicas_whose_clocks_disagree_refuse_what_one_clock_would_not() {
    let limiter = r#"limiter = { scope = "shared", levels = [{ name = "a", key = ["tenant"], kind = "gcra", rate = "5/s", burst = 20 }] }"#;
    let skew = |clock: &str| {
        let fault = format!(
            "{limiter}\n[[timeline]]\nat = \"30s\"\nfault = {{ kind = \"clock-skew\", {clock} }}\n"
        );
        count(&replay(&fault, ""), "quiet", refused)
    };
    assert!(skew("replica = 2, skew = \"30s\"") > 10);
    assert!(skew("replica = 2, skew = \"30s\", behind = true") > 10);
    // All together are one clock.
    assert_eq!(skew("skew = \"30s\""), 0);
}

#[test]
fn what_makes_no_sense_is_refused_at_its_place() {
    for (service, says) in [
        ("address = { trusted_hops = 17 }", "0 to 16"),
        ("address = { proxies = -1 }", "0 to 16"),
        ("quota = { rate = \"0/s\" }", "rate"),
        (
            "quota = { rate = \"5/s\", per = \"route\" }",
            "tenants or of users",
        ),
        ("quota = { rate = \"5/s\", burst = 0 }", "burst 0"),
        (
            "limiter = { levels = [{ key = [], kind = \"gcra\", rate = \"1/s\", mode = \"softly\" }] }",
            "soft",
        ),
        (
            "limiter = { levels = [{ key = [], kind = \"gcra\", rate = \"1/s\", where = \"tenat == 1\" }] }",
            "tenant",
        ),
    ] {
        let text = format!(
            "schema = 1\ntitle = \"x\"\n[trace]\narrivals = {{ kind = \"constant\", rate = \"1/s\" }}\nduration = \"5s\"\n[service]\n{service}\n"
        );
        let refusal = own_component::replay(&text)
            .err()
            .map(|r| r.to_string())
            .unwrap_or_default();
        assert!(refusal.contains(says), "{service}: {refusal}");
    }
}
