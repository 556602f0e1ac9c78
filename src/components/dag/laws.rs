//! What every sound graph of calls keeps, against brute force; and that each flaw breaks its own law and no other.

use super::{Dag, FLAWS, FanOut, Leftovers, OnFailure, Verdict, Walk, Wrong};
use crate::config::{Node, Read, Source};
use proptest::{prelude::*, test_runner::TestRunner};

/// The set-up that laws are held against: 4 at once of up to 9, a deadline, shares of it.
const SOUND: &str = "parallel = 4, budget = 0.8";
const SECOND: u64 = 1_000_000_000;

fn rules(options: &str) -> FanOut {
    let text = format!("f = {{ {options} }}");
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    FanOut::read(file.get("f").unwrap()).unwrap()
}

/// A graph, and how each step would end.
#[derive(Clone, Debug)]
struct Case {
    /// `(child, parent)`; a law that wants no cycles keeps those that go back.
    edges: Vec<(usize, usize)>,
    n: usize,
    ok: Vec<bool>,
    policy: Vec<OnFailure>,
    /// Which of the running ends next.
    picks: Vec<usize>,
    need: u32,
    early: bool,
}

impl Case {
    fn after(&self, acyclic: bool) -> Vec<Vec<String>> {
        let mut after = vec![vec![]; self.n];
        for &(child, parent) in &self.edges {
            let name = format!("s{parent}");
            if child < self.n
                && parent < self.n
                && child != parent
                && !(acyclic && parent > child)
                && !after[child].contains(&name)
            {
                after[child].push(name);
            }
        }
        after
    }
    fn build(&self, acyclic: bool) -> Result<Dag, Wrong> {
        let names: Vec<String> = (0..self.n).map(|i| format!("s{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Dag::build(&names, &self.after(acyclic))
    }
    fn parents(&self, acyclic: bool) -> Vec<Vec<usize>> {
        let number = |name: &String| name[1..].parse().unwrap();
        let after = self.after(acyclic);
        after
            .iter()
            .map(|a| a.iter().map(number).collect())
            .collect()
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let policy = prop_oneof![
        Just(OnFailure::Fail),
        Just(OnFailure::Skip),
        Just(OnFailure::Default)
    ];
    (
        prop::collection::vec((0usize..9, 0usize..9), 0..14),
        1usize..10,
        prop::collection::vec(prop::bool::weighted(0.7), 9),
        prop::collection::vec(policy, 9),
        prop::collection::vec(0usize..9, 9),
        0u32..4,
        any::<bool>(),
    )
        .prop_map(|(edges, n, ok, policy, picks, need, early)| Case {
            edges,
            n,
            ok,
            policy,
            picks,
            need: need.min(n as u32),
            early,
        })
}

/// Walks a case to its decision; `seen` is told of the walk after each start and each end. Gives the order of starts.
fn walk<'d>(
    case: &Case,
    dag: &'d Dag,
    rules: &'d FanOut,
    mut seen: impl FnMut(&Walk<'_>, &[usize]),
) -> (Walk<'d>, Vec<usize>) {
    let (mut walk, mut running, mut started) = (Walk::new(dag, rules), vec![], vec![]);
    for turn in 0.. {
        while let Some(step) = walk.start_next() {
            running.push(step);
            started.push(step);
        }
        seen(&walk, &running);
        if walk.verdict() != Verdict::Open {
            break;
        }
        assert!(!running.is_empty(), "undecided, and nothing runs");
        let step = running.remove(case.picks[turn % 9] % running.len());
        walk.ended(step, case.ok[step], case.policy[step]);
        seen(&walk, &running);
    }
    (walk, started)
}

fn hold(law: impl Fn(&Case) -> Result<(), String>) -> Result<(), String> {
    let mut runner = TestRunner::deterministic();
    runner
        .run(&cases(), |case| law(&case).map_err(TestCaseError::fail))
        .map_err(|e| e.to_string())
}

fn must(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

type Law = (&'static str, fn(&FanOut) -> Result<(), String>);

const LAWS: &[Law] = &[
    ("never_more_at_once_than_the_bound", |rules| {
        hold(|case| {
            let dag = case.build(true).unwrap();
            let mut most = 0;
            walk(case, &dag, rules, |w, running| {
                assert_eq!(w.running(), running.len());
                most = most.max(running.len());
            });
            must(most <= 4, "five at once")
        })
    }),
    ("no_child_gets_more_than_what_is_left", |rules| {
        hold(|case| {
            // A chain of calls, each of which takes all that it is given.
            let (deadline, mut now) = (2 * SECOND, 0);
            for pick in &case.picks {
                let Some(time) = rules.time_for(3 * SECOND, None, deadline, now) else {
                    break;
                };
                must(now + time <= deadline, "a child may run past the deadline")?;
                now += time / (1 + *pick as u64);
            }
            let wait = deadline - now + 1;
            must(
                !rules.worth_waiting(wait, deadline, now),
                "a wait past the deadline",
            )
        })
    }),
    ("nothing_runs_after_the_decision", |rules| {
        hold(|case| {
            let dag = case.build(true).unwrap();
            let mut left = vec![];
            let (walk, _) = walk(case, &dag, rules, |_, running| left = running.to_vec());
            left.sort_unstable();
            must(walk.leftovers().eq(left), "a child runs on")
        })
    }),
    (
        "a_step_starts_when_its_parents_are_there_and_not_before",
        |rules| {
            hold(|case| {
                let dag = case.build(true).unwrap();
                let parents = case.parents(true);
                let mut ended: Vec<usize> = vec![];
                let mut was: Vec<usize> = vec![];
                walk(case, &dag, rules, |w, running| {
                    ended.extend(was.iter().filter(|s| !running.contains(s)));
                    was = running.to_vec();
                    let there = |p: &usize| {
                        ended.contains(p) && (case.ok[*p] || case.policy[*p] == OnFailure::Default)
                    };
                    for step in running {
                        assert!(
                            parents[*step].iter().all(there),
                            "step {step} ran too early"
                        );
                    }
                    // Nobody who could run is kept waiting while there is room.
                    let can = (0..case.n).filter(|s| {
                        !running.contains(s) && !ended.contains(s) && parents[*s].iter().all(there)
                    });
                    let skipped: Vec<usize> = w.skipped().collect();
                    let room = rules.parallel == 0 || running.len() < rules.parallel as usize;
                    if room && w.verdict() == Verdict::Open && w.clone().start_next().is_none() {
                        assert_eq!(can.filter(|s| !skipped.contains(s)).count(), 0);
                    }
                });
                Ok(())
            })
        },
    ),
    (
        "what_is_skipped_and_decided_is_what_brute_force_says",
        |rules| {
            hold(|case| {
                let mut rules = rules.clone();
                rules.need.of_them = case.need;
                rules.early = case.early;
                let dag = case.build(true).unwrap();
                let parents = case.parents(true);
                // Edges go from lower to higher, so one pass in order is enough. `None`: it never ran.
                let mut end: Vec<Option<bool>> = vec![];
                for (i, parents) in parents.iter().enumerate() {
                    let there = |p: &usize| {
                        end[*p] == Some(true)
                            || end[*p] == Some(false) && case.policy[*p] == OnFailure::Default
                    };
                    let runs = parents.iter().all(there);
                    end.push(runs.then_some(case.ok[i]));
                }
                let succeed = end.iter().filter(|e| **e == Some(true)).count();
                let fatal =
                    (0..case.n).any(|i| end[i] == Some(false) && case.policy[i] == OnFailure::Fail);
                let need = case.need as usize;
                let (walk, started) = walk(case, &dag, &rules, |_, _| {});
                let expected = match need {
                    0 if fatal => None,
                    0 => Some(succeed == case.n),
                    _ if succeed < need => None,
                    _ if case.early => Some(true),
                    _ => Some(succeed == case.n),
                };
                match (walk.verdict(), expected) {
                    (Verdict::Failed(step), None) => must(
                        step.is_none_or(|s| !case.ok[s] && case.policy[s] == OnFailure::Fail),
                        "the wrong step is to blame",
                    )?,
                    (Verdict::Answer { whole }, Some(all)) if whole == all => {}
                    other => return Err(format!("{other:?}")),
                }
                let mut once = started.clone();
                once.sort_unstable();
                once.dedup();
                must(once.len() == started.len(), "a step ran twice")?;
                must(
                    started.iter().all(|s| end[*s].is_some()),
                    "a step ran that has nothing to run on",
                )?;
                must(
                    walk.looked() <= dag.parents().iter().map(|&p| u64::from(p)).sum(),
                    "an edge was looked at twice",
                )?;
                if expected.is_some() && !case.early {
                    must(
                        started.len() == end.iter().flatten().count(),
                        "a step was left out",
                    )?;
                    let skipped = (0..case.n).filter(|i| end[*i].is_none());
                    must(walk.skipped().eq(skipped), "skipped")?;
                }
                Ok(())
            })
        },
    ),
    (
        "the_deadline_decides_as_if_all_that_is_open_had_failed",
        |rules| {
            hold(|case| {
                let dag = case.build(true).unwrap();
                let policy = |i: usize| case.policy[i];
                walk(case, &dag, rules, |w, running| {
                    let mut then = w.clone();
                    let mut running = running.to_vec();
                    let verdict = w.at_deadline(policy);
                    while then.verdict() == Verdict::Open {
                        while let Some(step) = then.start_next() {
                            running.push(step);
                        }
                        let step = running.pop().expect("somebody runs");
                        then.ended(step, false, policy(step));
                    }
                    // Which of several fails first is nobody's promise.
                    let failed = |v: Verdict| matches!(v, Verdict::Failed(_));
                    assert!(verdict == then.verdict() || failed(verdict) && failed(then.verdict()));
                });
                Ok(())
            })
        },
    ),
];

#[test]
fn the_sound_set_up_keeps_every_law() {
    for (name, law) in LAWS {
        law(&rules(SOUND)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_keeps_all_others() {
    for flaw in FLAWS {
        let replaced = flaw.options.split(' ').next().unwrap();
        let kept = SOUND.split(", ").filter(|o| !o.starts_with(replaced));
        let options: Vec<&str> = kept.chain([flaw.options]).collect();
        let rules = rules(&options.join(", "));
        assert!(
            LAWS.iter().any(|(name, _)| *name == flaw.breaks),
            "{}",
            flaw.name
        );
        for (name, law) in LAWS {
            assert_eq!(
                law(&rules).is_err(),
                *name == flaw.breaks,
                "{} and {name}",
                flaw.name
            );
        }
    }
}

#[test]
fn a_graph_is_refused_exactly_when_brute_force_finds_a_cycle_and_the_path_is_one() {
    hold(|case| {
        let parents = case.parents(false);
        let mut reach = vec![vec![false; case.n]; case.n];
        for (i, parents) in parents.iter().enumerate() {
            parents.iter().for_each(|&p| reach[i][p] = true);
        }
        for k in 0..case.n {
            for i in 0..case.n {
                for j in 0..case.n {
                    reach[i][j] |= reach[i][k] && reach[k][j];
                }
            }
        }
        let cyclic = (0..case.n).any(|i| reach[i][i]);
        match case.build(false) {
            Ok(dag) => {
                for (i, parents) in parents.iter().enumerate() {
                    must(
                        parents.iter().all(|&p| dag.depth(p) < dag.depth(i)),
                        "depth",
                    )?;
                }
                must(!cyclic, "a cycle was taken")
            }
            Err(Wrong::Cycle(path)) => {
                must(cyclic, "a cycle was seen that is not there")?;
                let next = |i: usize| path[(i + 1) % path.len()];
                let mut once = path.clone();
                once.sort_unstable();
                once.dedup();
                must(
                    once.len() == path.len(),
                    "the path goes twice through a step",
                )?;
                must(
                    (0..path.len()).all(|i| parents[path[i]].contains(&next(i))),
                    "the path is none",
                )
            }
            Err(other) => Err(format!("{other:?}")),
        }
    })
    .unwrap();
}

#[test]
fn edges_that_cannot_be_meant_are_refused() {
    let build = |after: &[Vec<&str>]| Dag::build(&["a", "b", "c", "d"][..after.len()], after);
    assert_eq!(build(&[vec!["a"]]), Err(Wrong::Itself(0, 0)));
    assert_eq!(build(&[vec![], vec!["a", "x"]]), Err(Wrong::Unknown(1, 1)));
    assert_eq!(build(&[vec![], vec!["a", "a"]]), Err(Wrong::Twice(1, 1)));
    assert_eq!(
        Dag::build(&["a", "a"], &[vec![], Vec::<&str>::new()]),
        Err(Wrong::SameName(1))
    );
    // Two parts that have nothing to do with each other, the second a cycle.
    let two = build(&[vec![], vec!["a"], vec!["d"], vec!["c"]]);
    assert!(matches!(two, Err(Wrong::Cycle(path)) if path.len() == 2));
}

#[test]
fn a_hundred_thousand_steps_are_checked_at_once() {
    let names: Vec<String> = (0..100_000).map(|i| format!("s{i}")).collect();
    let plain: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut after: Vec<Vec<&str>> = (0..100_000)
        .map(|i| if i == 0 { vec![] } else { vec![plain[i - 1]] })
        .collect();
    assert_eq!(Dag::build(&plain, &after).unwrap().depth(99_999), 99_999);
    after[0].push(plain[99_999]);
    assert!(matches!(Dag::build(&plain, &after), Err(Wrong::Cycle(path)) if path.len() == 100_000));
}

#[test]
fn a_quorum_is_written_as_people_say_it() {
    let need = |text: &str| rules(&format!("need = {text}")).need;
    assert_eq!((need("2").of_them, need("2").all), (2, None));
    assert_eq!(
        (need("\"2 of 3\"").of_them, need("\"2 of 3\"").all),
        (2, Some(3))
    );
    let node =
        |t: &str| Node::parse(&Source::new("x.toml", format!("f = {{ need = {t} }}"))).unwrap();
    for wrong in ["\"3 of 2\"", "\"two\"", "-1", "1.5", "\"of\""] {
        assert!(
            FanOut::read(node(wrong).get("f").unwrap()).is_err(),
            "{wrong}"
        );
    }
    assert_eq!(rules("leftovers = \"detach\"").leftovers, Leftovers::Detach);
}
