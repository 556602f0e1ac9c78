//! Regions of a service: a request is served where it belongs, and a region comes back for itself alone.

mod replay_support;

use gameday::{
    incident::{Incident, Overlay, Registries, Run},
    recording::outcome,
};
use proptest::prelude::*;
use replay_support::rerun;
use std::path::Path;

const MINUTE: u64 = 60_000_000_000;

fn read(text: &str, overlay: &Overlay) -> Result<Incident, String> {
    Incident::read(
        Path::new("t.toml"),
        text,
        overlay,
        &Default::default(),
        &Registries::builtin(),
    )
    .map_err(|refusal| refusal.to_string())
}

/// A service of regions a, b and c, asked from a, b, c and an unnamed `d`.
fn small(service: &str, rest: &str) -> Result<Incident, String> {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"40/s\" }}\n\
         duration = \"40s\"\nregions = {{ d = 1, c = 1, a = 2, b = 1 }}\nusers = {{ count = 50 }}\n\
         [clients]\npatience = \"2s\"\nretry = {{ max = 2, after = \"200ms\" }}\n[service]\n{service}\n\
         [dependency.db]\nlatency = \"50ms\"\n[dependency.table]\nlatency = \"1s\"\nworkers = 1\n{rest}"
    );
    read(&text, &Overlay::default())
}

/// The region that each replica says it is in.
fn said(run: &Run) -> Vec<(u16, String)> {
    let readings = run.recording.gauges.rows();
    readings
        .filter(|g| run.recording.name("gauge", g.gauge.into()) == "replica.region")
        .map(|g| {
            let region = run.recording.name("region", g.value as u32);
            (g.replica, region.to_string())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whoever balances, whatever dies or restarts: a request is served in its region, or not at all; one of another
    /// place anywhere.
    #[test]
    fn a_request_is_served_in_its_region_alone(
        sizes in [1u32..4, 1u32..4, 1u32..6],
        balancer in prop::sample::select(vec!["random", "round-robin", "least-in-flight", "sticky"]),
        deaths in 0u32..20,
        starts in any::<bool>(),
    ) {
        let [a, b, c] = sizes;
        let starts = if starts { "start = { reads = \"table\", timeout = \"3s\" }\n" } else { "" };
        let service = format!(
            "regions = {{ a = {a}, b = {b}, c = {c} }}\nbalancer = \"{balancer}\"\n{starts}call = {{ dependency = \"db\" }}"
        );
        let rest = format!(
            "[[timeline]]\nat = \"10s\"\nfor = \"20s\"\nfault = {{ kind = \"crash\", percentage = {deaths}, down = \"2s\" }}\n\
             [[timeline]]\nat = \"20s\"\nrestart = \"rolling\"\npace = \"1s\"\n"
        );
        let run = rerun(&small(&service, &rest).unwrap_or_else(|e| panic!("{e}")));
        let home = |replica: u32| match replica {
            r if r <= a => "a",
            r if r <= a + b => "b",
            _ => "c",
        };
        let all = a + b + c;
        let told: Vec<(u16, String)> = (1..=all).map(|r| (r as u16, home(r).to_string())).collect();
        prop_assert_eq!(said(&run), told);
        let mut used = vec![0; all as usize + 1];
        for row in run.recording.requests.rows() {
            let region = run.recording.name("region", row.region);
            if row.replica == 0 {
                prop_assert_eq!(row.outcome, outcome::UNAVAILABLE);
                continue;
            }
            used[usize::from(row.replica)] += 1;
            let here = home(row.replica.into());
            prop_assert!(region == "d" || region == here, "{} served in {}", region, here);
        }
        prop_assert!(used[1..].iter().all(|n| *n > 0), "{:?}", used);
    }
}

#[test]
fn requests_of_no_region_go_to_all_of_them() {
    let service = "regions = { a = 1, b = 1, c = 2 }\nbalancer = \"round-robin\"\ncall = { dependency = \"db\" }";
    let run = rerun(&small(service, "").unwrap());
    let mut by_replica = [0u32; 5];
    for row in run.recording.requests.rows() {
        if run.recording.name("region", row.region) == "d" {
            by_replica[usize::from(row.replica)] += 1;
        }
    }
    let (least, most) = (by_replica[1..].iter().min(), by_replica[1..].iter().max());
    // In turn: they differ by one at most, whatever the regions' own requests do.
    assert!(most.unwrap() - least.unwrap() <= 1, "{by_replica:?}");
}

#[test]
fn what_contradicts_itself_is_refused_where_it_stands() {
    let call = "call = { dependency = \"db\" }";
    for (service, says) in [
        ("regions = {}", "regions with replicas"),
        ("regions = { a = 0 }", "0 replicas in region a"),
        (
            "regions = { a = 600, b = 600 }",
            "1200 replicas in all regions",
        ),
        (
            "regions = { a = 2 }\nreplicas = 3",
            "3 replicas, and 2 in all regions",
        ),
        ("regions = [\"a\"]", "regions with replicas"),
        (
            "regions = { a = 2 }\nqueue = { kind = \"fifo\", workers = 2 }\nautoscaler = { kind = \"target-utilisation\", target = \"60%\", min = 2, max = 4 }",
            "an autoscaler of a service with regions",
        ),
        (
            "regions = { a = 4, b = 1 }\nprobe = { route = \"/h\", keep_last = 2 }",
            "up to the 1 replicas",
        ),
        (
            "regions = { a = 2 }\nstart = { reads = \"db\" }",
            "one table for each region",
        ),
        (
            "regions = { a = 2 }\nwrite = { dependency = \"db\", then = \"table\" }\nstart = { reads = \"table\" }",
            "one table for each region",
        ),
    ] {
        let refused = small(&format!("{service}\n{call}"), "")
            .map(drop)
            .unwrap_err();
        assert!(refused.contains(says), "{service}: {refused}");
        assert!(refused.contains("t.toml:"), "{refused}");
    }
    let moves = "[[timeline]]\nat = \"10s\"\ndeploy = \"x\"\nset = { \"service.regions\" = { a = 1, b = 2 } }\n";
    let refused = small(&format!("regions = {{ a = 2, b = 1 }}\n{call}"), moves).map(drop);
    assert!(
        refused
            .unwrap_err()
            .contains("cannot move replicas between regions")
    );
}

#[test]
fn the_last_of_each_region_stays_whatever_its_probes_say() {
    let service = "regions = { a = 2, b = 2, c = 3 }\nprobe = { route = \"/h\", every = \"1s\", timeout = \"500ms\", keep_last = 1 }\ncall = { dependency = \"db\" }";
    let fault = "[[timeline]]\nat = \"10s\"\nfault = { kind = \"probe-failure\" }\n";
    let run = rerun(&small(service, fault).unwrap());
    let rows = || run.recording.requests.rows().filter(|r| r.background == 0);
    assert!(rows().all(|r| r.replica > 0), "somebody found nobody");
    let late = rows().filter(|r| r.arrived > 20_000_000_000);
    let left: std::collections::BTreeSet<u16> = late.map(|r| r.replica).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

/// When the last request of a region found nobody, in ns.
fn down_until(run: &Run, region: &str) -> u64 {
    let rows = run.recording.requests.rows();
    rows.filter(|r| r.outcome == outcome::UNAVAILABLE)
        .filter(|r| run.recording.name("region", r.region) == region)
        .map(|r| r.arrived)
        .max()
        .unwrap_or(0)
}

#[test]
fn small_regions_come_back_with_the_bug_off_and_the_large_one_when_its_starts_are_spread() {
    let text = std::fs::read_to_string("incidents/incident-30.toml").unwrap();
    let overlay = |steps| Overlay {
        variant: Some("restart-herd".into()),
        fix_steps: steps,
        ..Overlay::default()
    };
    let whole = rerun(&read(&text, &overlay(None)).unwrap());
    let of = |region| down_until(&whole, region);
    for region in ["small", "middle"] {
        let until = of(region);
        // Down until the bug was off, and for two rounds of starts at most.
        assert!(
            (20 * MINUTE..31 * MINUTE).contains(&until),
            "{region}: {until}"
        );
    }
    let large = of("large");
    assert!((40 * MINUTE..42 * MINUTE).contains(&large), "{large}");
    let half = rerun(&read(&text, &overlay(Some(1))).unwrap());
    assert!(down_until(&half, "small") < 31 * MINUTE);
    assert!(down_until(&half, "large") > 59 * MINUTE);
}
