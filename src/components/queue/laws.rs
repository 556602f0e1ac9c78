//! What every sound queue keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{Discipline, FLAWS, Guard, Seen, kinds};
use crate::{
    config::{Node, Source, pick},
    sim::hash::mix,
};
use proptest::prelude::*;

pub(super) const SECOND: u64 = 1_000_000_000;

/// A step of a naive world.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Join { class: usize, after: u64 },
    Serve { after: u64 },
    Retune,
}

pub(super) const CLASSES: [&str; 3] = ["urgent", "slow", "unheard-of"];

pub(super) fn node(kind: &str, options: &str) -> Node {
    let kind = kinds().into_iter().find(|k| k.name == kind).unwrap();
    let mut text = format!(
        "kind = \"{}\"\nlimit = 200\nmax_wait = \"1s\"\ncodel = {{ target = \"50ms\", interval = \"200ms\" }}\ndead_letter = {{ attempts = 5 }}\n",
        kind.name
    );
    if (kind.fields)().iter().any(|f| f.name == "classes") {
        text += "classes = { urgent = 10, slow = 1 }\n";
    }
    let mut base = Node::parse(&Source::new("law.toml", text)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {options} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    base
}

pub(super) fn make(node: &Node) -> Box<dyn Discipline> {
    pick(&kinds(), "queue", node).unwrap()
}

/// A law: what is wrong, if anything.
type Law = fn(&Node, &[Op]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "each_who_joins_is_served_once",
        each_who_joins_is_served_once,
    ),
    ("a_class_is_served_in_order", a_class_is_served_in_order),
    (
        "those_ahead_are_no_more_than_wait",
        those_ahead_are_no_more_than_wait,
    ),
    (
        "the_slow_class_is_served_within_a_minute",
        the_slow_class_is_served_within_a_minute,
    ),
    (
        "the_wait_of_those_let_in_is_bounded",
        the_wait_of_those_let_in_is_bounded,
    ),
    (
        "a_burst_that_drains_is_served_whole",
        a_burst_that_drains_is_served_whole,
    ),
    (
        "a_wait_that_stands_is_shed_away",
        a_wait_that_stands_is_shed_away,
    ),
    ("poison_is_set_aside", poison_is_set_aside),
];

/// Plays the steps; `seen` gets each class, and ticket, that is served.
fn play(
    node: &Node,
    ops: &[Op],
    mut check: impl FnMut(&dyn Discipline, u64, usize) -> Result<(), String>,
) -> Result<Vec<(usize, u32)>, String> {
    let mut queue = make(node);
    let (mut now, mut joined, mut served) = (0, vec![], vec![]);
    for op in ops {
        match *op {
            Op::Join { class, after } => {
                now += after;
                let lane = queue.lane(CLASSES[class]);
                queue.push(joined.len() as u32, lane, now);
                joined.push(class);
            }
            Op::Serve { after } => {
                now += after;
                if let Some(ticket) = queue.pop(now) {
                    served.push((joined[ticket as usize], ticket));
                } else if served.len() < joined.len() {
                    return Err(format!(
                        "{} wait, and none is served",
                        joined.len() - served.len()
                    ));
                }
            }
            Op::Retune => queue.retune(node, now).unwrap(),
        }
        check(&*queue, now, joined.len() - served.len())?;
    }
    while let Some(ticket) = queue.pop(now) {
        served.push((joined[ticket as usize], ticket));
    }
    let mut tickets: Vec<u32> = served.iter().map(|s| s.1).collect();
    tickets.sort_unstable();
    if tickets != (0..joined.len() as u32).collect::<Vec<_>>() {
        return Err(format!("{} joined, served were {tickets:?}", joined.len()));
    }
    Ok(served)
}

fn each_who_joins_is_served_once(node: &Node, ops: &[Op]) -> Result<(), String> {
    play(node, ops, |_, _, _| Ok(())).map(drop)
}

fn a_class_is_served_in_order(node: &Node, ops: &[Op]) -> Result<(), String> {
    let served = play(node, ops, |_, _, _| Ok(()))?;
    for class in 0..CLASSES.len() {
        let own: Vec<u32> = served
            .iter()
            .filter(|s| s.0 == class)
            .map(|s| s.1)
            .collect();
        if !own.is_sorted() {
            return Err(format!("class {class} in the order {own:?}"));
        }
    }
    Ok(())
}

fn those_ahead_are_no_more_than_wait(node: &Node, ops: &[Op]) -> Result<(), String> {
    play(node, ops, |queue, now, waiting| {
        for class in CLASSES {
            let lane = queue.lane(class);
            let ahead = queue.ahead(lane, now);
            if ahead > waiting {
                return Err(format!("{ahead} are ahead of {class}, {waiting} wait"));
            }
            if queue.oldest(lane).is_some_and(|joined| joined > now) {
                return Err(format!("the first of {class} comes from the future"));
            }
        }
        Ok(())
    })
    .map(drop)
}

/// One of the slow class waits while the urgent one sends as many as are served, and more.
fn the_slow_class_is_served_within_a_minute(node: &Node, _: &[Op]) -> Result<(), String> {
    let mut queue = make(node);
    queue.push(0, queue.lane("slow"), 0);
    let urgent = queue.lane("urgent");
    for n in 1..=600 {
        let now = n * SECOND / 10;
        queue.push(n as u32, urgent, now);
        if n % 2 == 0 {
            queue.push(1000 + n as u32, urgent, now);
        }
        if queue.pop(now) == Some(0) {
            return Ok(());
        }
    }
    Err("still waiting after a minute".into())
}

/// One worker of 10 ms a request, twice as many requests as it can do, and later a worker that stalls.
fn the_wait_of_those_let_in_is_bounded(node: &Node, _: &[Op]) -> Result<(), String> {
    let guard = Guard::of(&node.at, node.table("the queue").unwrap()).unwrap();
    let (mut queue, hold) = (make(node), SECOND / 100);
    let (mut joined, mut waiting, mut longest) = (vec![], 0, 0);
    for tick in 0..6000u64 {
        let now = tick * hold / 2;
        let lane = queue.lane("urgent");
        let seen = Seen {
            waiting,
            ahead: queue.ahead(lane, now),
            head_wait: queue.oldest(lane).map_or(0, |at| now - at),
            hold,
            workers: 1,
        };
        if guard.lets_in(false, &seen) {
            queue.push(joined.len() as u32, lane, now);
            joined.push(now);
            waiting += 1;
        }
        if tick % 2 == 1
            && let Some(ticket) = queue.pop(now)
        {
            longest = longest.max(now - joined[ticket as usize]);
            waiting -= 1;
        }
    }
    if longest > SECOND + 2 * hold {
        return Err(format!("one waited {} ms", longest / 1_000_000));
    }
    Ok(())
}

/// One worker of 10 ms behind the control of the delay alone, and when each joins. Gives who was shed, and the longest wait
/// of those served whose turn came in the last half of the time.
fn under_control(node: &Node, joins: &[u64]) -> (usize, u64) {
    let guard = Guard::of(&node.at, node.table("the queue").unwrap()).unwrap();
    let mut queue = make(node);
    let Some([mut codel, _]) = guard.codels() else {
        return (0, u64::MAX);
    };
    let lane = queue.lane("urgent");
    let (mut now, mut next, mut shed, mut longest) = (0, 0, 0, 0);
    let half = joins[joins.len() - 1] / 2;
    let mut waiting = 0;
    while next < joins.len() || waiting > 0 {
        if waiting == 0 {
            now = now.max(joins[next]);
        }
        while next < joins.len() && joins[next] <= now {
            queue.push(next as u32, lane, joins[next]);
            (next, waiting) = (next + 1, waiting + 1);
        }
        let ticket = queue.pop(now).unwrap();
        waiting -= 1;
        let waited = now - joins[ticket as usize];
        if codel.sheds(waited, waiting == 0, now) {
            shed += 1;
            continue;
        }
        if now > half {
            longest = longest.max(waited);
        }
        now += SECOND / 100;
    }
    (shed, longest)
}

/// Twenty at once, every second: the last waits for 190 ms, and is served.
fn a_burst_that_drains_is_served_whole(node: &Node, _: &[Op]) -> Result<(), String> {
    let joins: Vec<u64> = (0..200).map(|n| n / 20 * SECOND).collect();
    match under_control(node, &joins).0 {
        0 => Ok(()),
        shed => Err(format!("{shed} of 200 sent away")),
    }
}

/// A quarter more than the worker can do, for twenty seconds.
fn a_wait_that_stands_is_shed_away(node: &Node, _: &[Op]) -> Result<(), String> {
    let joins: Vec<u64> = (0..2500).map(|n| n * SECOND / 125).collect();
    match under_control(node, &joins).1 {
        wait if wait < SECOND => Ok(()),
        wait => Err(format!("still a wait of {} ms", wait / 1_000_000)),
    }
}

/// An operation that fails each time is tried often, and not for ever.
fn poison_is_set_aside(node: &Node, _: &[Op]) -> Result<(), String> {
    let guard = Guard::of(&node.at, node.table("the queue").unwrap()).unwrap();
    if guard.dead_letter.is_some_and(|d| d.takes(1)) {
        return Err("nobody is ever tried".into());
    }
    match guard.dead_letter {
        Some(dead_letter) if dead_letter.takes(u8::MAX) => Ok(()),
        _ => Err("queued for the 255th time".into()),
    }
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let step = prop_oneof![
        5 => (0..CLASSES.len(), 0..SECOND).prop_map(|(class, after)| Op::Join { class, after }),
        4 => (0..SECOND).prop_map(|after| Op::Serve { after }),
        1 => Just(Op::Retune),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    #[test]
    fn every_kind_keeps_every_law(ops in ops()) {
        for kind in kinds() {
            for (name, law) in LAWS {
                if let Err(wrong) = law(&node(kind.name, ""), &ops) {
                    panic!("{} breaks {name}: {wrong}", kind.name);
                }
            }
        }
    }

    /// Ageing against a list that is searched whole each time.
    #[test]
    fn ageing_is_what_its_formula_says(ops in ops()) {
        let node = node("priority-aging", "age_factor = 2.5");
        let mut queue = make(&node);
        let mut list: Vec<(u32, f64, u64)> = vec![];
        let (mut now, mut next) = (0u64, 0);
        for op in ops {
            match op {
                Op::Join { class, after } => {
                    now += after;
                    queue.push(next, queue.lane(CLASSES[class]), now);
                    list.push((next, [10.0, 1.0, 0.0][class], now));
                    next += 1;
                }
                Op::Serve { after } => {
                    now += after;
                    let score = |w: &(u32, f64, u64)| w.1 + 2.5 * ((now - w.2) as f64 / 1e9);
                    let best = list.iter().enumerate().max_by(|a, b| score(a.1).total_cmp(&score(b.1)).then(b.1.0.cmp(&a.1.0)));
                    let expected = best.map(|(i, _)| i).map(|i| list.remove(i).0);
                    prop_assert_eq!(queue.pop(now), expected);
                }
                Op::Retune => {}
            }
        }
    }
}

/// Steps that need no proptest: the same ones on each run.
fn fixed_ops(seed: u64) -> Vec<Op> {
    let step = |i: u64| {
        let dice = mix(seed << 32 | i);
        let after = dice >> 8 & (SECOND - 1);
        match dice % 10 {
            0..5 => Op::Join {
                class: (dice >> 40) as usize % CLASSES.len(),
                after,
            },
            5..9 => Op::Serve { after },
            _ => Op::Retune,
        }
    };
    (0..200).map(step).collect()
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        for (name, law) in LAWS {
            let broken =
                (0..20).any(|seed| law(&node(flaw.kind, flaw.options), &fixed_ops(seed)).is_err());
            assert_eq!(broken, flaw.breaks == *name, "{}: {name}", flaw.name);
        }
        assert!(
            LAWS.iter().any(|(name, _)| *name == flaw.breaks),
            "{}",
            flaw.breaks
        );
    }
}

/// wavelens/gradient#111: credit for waiting that stops growing.
#[test]
fn q12_a_wait_far_beyond_any_cap_still_wins_gradient_111() {
    let first = |options: &str| {
        let mut queue = make(&node("priority-aging", options));
        queue.push(0, queue.lane("slow"), 0);
        let day = 86_400 * SECOND;
        queue.push(1, queue.lane("urgent"), day);
        queue.pop(day)
    };
    assert_eq!(first("age_factor = 0.5"), Some(0), "a day counts");
    assert_eq!(
        first("age_factor = 0.5, age_cap = \"5s\""),
        Some(1),
        "the flaw"
    );
}

#[test]
fn controls_that_would_send_everybody_away_are_refused_at_their_place() {
    for wrong in [
        "codel = { target = \"0s\" }",
        "codel = { target = \"1s\", interval = \"0s\" }",
        "codel = { intervall = \"1s\" }",
        "dead_letter = {}",
        "dead_letter = { attempts = -1 }",
    ] {
        let node = Node::parse(&Source::new("law.toml", format!("\n{wrong}"))).unwrap();
        let refusal = Guard::of(&node.at, node.table("the queue").unwrap()).unwrap_err();
        assert!(refusal.to_string().contains("law.toml:2:"), "{refusal}");
    }
}
