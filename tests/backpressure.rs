//! Queues in a replay: what the field's table says of Q12 and Q15, dead letters, controlled delay, and clients that are told
//! when to come back.

mod replay_support;

use gameday::incident::Run;
use gameday::recording::{RequestRow, outcome};
use replay_support::replay;

const SECOND: u64 = 1_000_000_000;

/// A steady stream, a queue with these options, and a call that takes 100 ms.
fn service(rate: &str, duration: &str, queue: &str, more: &str) -> Run {
    replay(&format!(
        r#"
schema = 1
title = "a queue"
seed = 1
[trace]
arrivals = {{ kind = "constant", rate = "{rate}" }}
duration = "{duration}"
[service]
queue = {{ {queue} }}
call = {{ dependency = "broker" }}
[dependency.broker]
latency = "100ms"
{more}
"#
    ))
}

/// The largest reading of a gauge.
fn most(run: &Run, gauge: &str) -> f64 {
    let names = &run.recording.names["gauge"];
    let rows = run.recording.gauges.rows();
    let own = rows.filter(|row| names.name(u32::from(row.gauge)) == gauge);
    own.map(|row| row.value).fold(0.0, f64::max)
}

fn count(run: &Run, which: impl Fn(&RequestRow) -> bool) -> usize {
    run.recording.requests.rows().filter(which).count()
}

/// Most requests that were in the service together, of those that it took in.
fn most_at_once(run: &Run) -> i64 {
    let mut steps = vec![];
    for row in run.recording.requests.rows() {
        if row.outcome != outcome::SHED {
            steps.extend([(row.arrived, 1), (row.arrived + row.latency, -1)]);
        }
    }
    // Who leaves in an instant makes room for who comes in it.
    steps.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, step) in steps {
        now += step;
        most = most.max(now);
    }
    most
}

/// faststream-community/zMQTT#33: the outer queue is bounded at 1,000, the inner one is not.
#[test]
fn q15_the_bound_holds_end_to_end_zmqtt_33() {
    let twenty_thousand = |workers: &str, pool: &str| {
        let queue = format!("kind = \"fifo\", limit = 1000, workers = {workers}");
        service("20000/s", "1s", &queue, &format!("pool = {pool}"))
    };
    let sound = twenty_thousand("10", "10");
    assert_eq!(sound.requests, 20_000);
    let at_once = most_at_once(&sound);
    assert!((1000..=1010).contains(&at_once), "{at_once} at once");
    let refused = count(&sound, |row| row.outcome == outcome::SHED);
    assert!(refused > 18_000, "{refused} refused at the door");
    // As many workers as one likes, who then wait for ten connections: nobody waits where the bound is.
    let flawed = twenty_thousand("1_000_000", "10");
    assert_eq!(count(&flawed, |row| row.outcome == outcome::SHED), 0);
    let inner = most(&flawed, "pool.waiting.broker");
    assert!(
        inner > 18_000.0,
        "the flaw: {inner} wait in the inner queue"
    );
}

#[test]
fn q15_a_wait_that_stands_is_shed_without_any_bound_on_the_length() {
    let wait = |queue: &str| {
        let run = service(
            "125/s",
            "2m",
            &format!("kind = \"fifo\", workers = 10, {queue}"),
            "",
        );
        let late = run
            .recording
            .requests
            .rows()
            .filter(|row| row.arrived > 60 * SECOND);
        late.map(|row| row.queue_wait).max().unwrap()
    };
    let controlled = wait("codel = { target = \"100ms\", interval = \"500ms\" }");
    assert!(controlled < SECOND, "{controlled} ns");
    assert!(wait("limit = 1_000_000") > 20 * SECOND, "the flaw");
}

/// A client that is told comes back when there is room; one that does not listen comes back to be refused.
#[test]
fn q15_clients_come_back_when_the_refusal_says() {
    let run = |obey: bool| {
        let clients = format!(
            "[clients]\nretry = {{ max = 3, after = \"10ms\", jitter = \"0%\", budget = \"100%\", budget_burst = 100000, obey_retry_after = {obey} }}"
        );
        service(
            "300/s",
            "3s",
            "kind = \"fifo\", workers = 10, limit = 20",
            &clients,
        )
    };
    let (obedient, deaf) = (run(true), run(false));
    let tries = |run: &Run| count(run, |_| true);
    let served = |run: &Run| count(run, |row| row.outcome == outcome::OK);
    assert!(
        tries(&obedient) < tries(&deaf),
        "{} tries",
        tries(&obedient)
    );
    assert!(served(&obedient) >= served(&deaf));
    // Twenty wait and ten work for 100 ms each: a newcomer that waits until these are served waits for 210 ms.
    let mut first = std::collections::BTreeMap::new();
    let mut seen = 0;
    for row in obedient.recording.requests.rows() {
        match row.tries {
            1 => drop(first.insert(row.op, row.arrived)),
            2 => {
                let after = row.arrived - first[&row.op];
                assert!((190_000_000..=220_000_000).contains(&after), "{after} ns");
                seen += 1;
            }
            _ => {}
        }
    }
    assert!(seen > 100, "{seen} came back");
}

/// One operation in ten fails each time. Its tries are not for ever, and the rest of the queue does not pay for them.
#[test]
fn q12_poison_is_set_aside_after_so_many_attempts_and_counted_apart() {
    let run = |dead_letter: &str| {
        let poison = "errors = { permanent = \"10%\" }\n[clients]\nretry = { max = 20, after = \"100ms\", obey_retry_after = false, budget_burst = 100000 }";
        let queue = format!("kind = \"priority-aging\", workers = 20 {dead_letter}");
        service("50/s", "1m", &queue, poison)
    };
    let sound = run(", dead_letter = { attempts = 3 }");
    let poisoned = count(&sound, |row| {
        row.tries == 1 && row.outcome == outcome::ERROR
    });
    assert!(poisoned > 200, "{poisoned}");
    let served_a_fourth_time = |row: &RequestRow| row.tries > 3 && row.outcome != outcome::SHED;
    assert_eq!(count(&sound, served_a_fourth_time), 0);
    assert!(most(&sound, "queue.dead_letters") > 200.0);
    let flawed = run("");
    let again = count(&flawed, served_a_fourth_time);
    assert!(again > 1000, "the flaw: {again}");
}

#[test]
fn q12_a_client_that_listens_does_not_bring_a_dead_letter_back() {
    let poison = "errors = { throttled = \"100%\" }\n[clients]\nretry = { max = 20, after = \"100ms\", budget_burst = 100000 }";
    let queue = "kind = \"fifo\", workers = 20, dead_letter = { attempts = 2 }";
    let run = service("10/s", "10s", queue, poison);
    assert_eq!(count(&run, |row| row.tries > 3), 0);
    let ops = count(&run, |row| row.tries == 1);
    assert!(ops >= 99, "{ops}");
    assert_eq!(count(&run, |row| row.tries == 3), ops);
    // The gauge is read now and then.
    assert!((ops as f64 - most(&run, "queue.dead_letters")).abs() < 15.0);
}

#[test]
fn q12_who_waits_too_long_is_set_aside_at_that_instant() {
    let queue = "kind = \"fifo\", workers = 1, dead_letter = { after = \"3s\" }";
    let run = service("20/s", "30s", queue, "");
    let mut set_aside = 0;
    for row in run.recording.requests.rows() {
        assert!(row.queue_wait <= 3 * SECOND, "{} ns", row.queue_wait);
        if row.outcome == outcome::SHED {
            assert_eq!(row.queue_wait, 3 * SECOND);
            set_aside += 1;
        }
    }
    assert!(set_aside > 100, "{set_aside}");
}
