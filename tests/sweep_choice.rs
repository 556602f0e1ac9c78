//! What a sweep advises, where queueing theory knows the answer.

mod sweep_support;

use gameday::{
    experiments::sweep::{Outcome, Plan, Summary, replay, summarise},
    report::sweep::{render, results_csv},
};
use sweep_support::{base, shop};

fn sweep(text: &str, sets: &[&str], seeds: u64, goals: &[(&str, bool)]) -> Summary {
    let base = base(text);
    let sets: Vec<String> = sets.iter().map(|s| s.to_string()).collect();
    let goals: Vec<(&str, &str, bool)> =
        goals.iter().map(|(g, l)| ("--minimize", *g, *l)).collect();
    let plan = Plan::new(&base, &sets, seeds, &goals).unwrap_or_else(|e| panic!("{e}"));
    let outcomes: Vec<Outcome> = (0..plan.runs())
        .map(|run| replay(&base, &plan, run).unwrap())
        .collect();
    summarise(&plan, &outcomes)
}

/// The share of requests that M/M/c/K turns away, with so many places in the queue: by its birth and death equations.
fn turned_away(load: f64, workers: u32, places: u32) -> f64 {
    let (mut weight, mut sum) = (1.0, 1.0);
    for n in 1..=workers + places {
        weight *= load / f64::from(n.min(workers));
        sum += weight;
    }
    weight / sum
}

#[test]
fn the_fewest_workers_and_the_shortest_queue_are_those_of_theory() {
    // 60/s of 100 ms each: a load of 6.
    let workers = [6, 7, 8, 10, 13];
    let enough = |c: u32| turned_away(6.0, c, 30) < 0.01;
    let fewest = workers.into_iter().find(|c| enough(*c)).unwrap();
    // Far enough from 1% for a minute of traffic to tell.
    for c in workers {
        let share = turned_away(6.0, c, 30);
        assert!(!(0.004..0.025).contains(&share), "{c} workers: {share}");
    }
    let found = sweep(
        &shop(60, 60, 13, 30),
        &["service.queue.workers=6,7,8,10,13"],
        5,
        &[("service.queue.workers", true)],
    );
    assert_eq!(
        found.plan.name(found.choice.point),
        format!("service.queue.workers={fewest}")
    );
    assert!(found.choice.passes);
    let reason = &found.choice.reason;
    assert!(
        reason.contains(&format!("the lowest service.queue.workers ({fewest})")),
        "{reason}"
    );
    for (c, point) in workers.into_iter().zip(&found.points) {
        assert_eq!(
            point.passed == 5,
            enough(c),
            "{c} workers: {} of 5",
            point.passed
        );
    }
}

#[test]
fn of_settings_that_are_alike_the_one_of_now_is_advised_and_one_without_effect_is_named() {
    let text = shop(20, 20, 8, 200);
    let found = sweep(&text, &["service.queue.limit=100,150,200,250"], 2, &[]);
    assert_eq!(
        found.plan.name(found.choice.point),
        "service.queue.limit=200"
    );
    assert_eq!(found.plan.present_point(), Some(2));
    let reason = &found.choice.reason;
    assert!(
        reason.contains("3 others are as good") && reason.contains("nearest to what the file has"),
        "{reason}"
    );
    assert!(
        found
            .notes
            .iter()
            .any(|n| n.contains("service.queue.limit changes nothing")),
        "{:?}",
        found.notes
    );
}

#[test]
fn what_one_seed_after_another_cannot_tell_apart_is_a_tie() {
    // Enough workers for nobody to wait: 20 or 30 or 40 of them are the same to the nanosecond, 3 are not.
    let text = shop(20, 20, 30, 200);
    let found = sweep(
        &text,
        &["service.queue.workers=3,20,30,40"],
        5,
        &[("latency.p95", true)],
    );
    assert_eq!(
        found.plan.name(found.choice.point),
        "service.queue.workers=30"
    );
    assert!(
        found.choice.reason.starts_with("the lowest latency.p95"),
        "{}",
        found.choice.reason
    );
}

#[test]
fn where_nothing_passes_it_is_said_and_the_nearest_is_named() {
    let text = shop(60, 20, 8, 20);
    let found = sweep(&text, &["service.queue.workers=3,4,5"], 2, &[]);
    assert!(!found.choice.passes);
    let said = render(&found, false);
    assert!(said.contains("nearest   service.queue.workers=5"), "{said}");
    assert!(
        said.contains("o point passes all gates in any run, so nothing here is enough"),
        "{said}"
    );
    assert!(!said.contains("\nset "), "{said}");
}

#[test]
fn a_run_without_data_is_worse_than_any() {
    // Whoever lets nobody in answers nobody: there is no latency of answers, and that is not a low one.
    let text = shop(20, 20, 8, 200);
    let goal = [("recovery_time", true)];
    let found = sweep(&text, &["service.queue.workers=4,8"], 1, &goal);
    assert!(found.points.iter().all(|p| p.values[0].median.is_none()));
    let csv = String::from_utf8(results_csv(&found).unwrap()).unwrap();
    assert!(csv.lines().nth(1).unwrap().contains(",,,"), "{csv}");
}

#[test]
fn the_report_of_a_sweep_reads_what_to_set_first_then_why_then_the_front() {
    let found = sweep(
        &shop(60, 20, 8, 12),
        &[
            "service.queue.limit=4..12:4",
            "service.queue.workers=7,8,10",
        ],
        5,
        &[("service.queue.workers", true), ("latency.p95", true)],
    );
    // The plan's digest has the version in it.
    insta::with_settings!({ filters => vec![("plan [0-9a-f]{32}", "plan DIGEST")] }, {
        insta::assert_snapshot!(render(&found, false));
    });
}
