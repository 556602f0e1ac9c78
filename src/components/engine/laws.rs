//! What every sound engine keeps. Walks the table, so a new kind is held to it without being told.

use super::{
    Done, FLAWS, Fleet, Inputs, Job, kinds,
    naive::{self, Sizes, What},
};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;
use std::panic::catch_unwind;

fn build(kind: &str, options: &str) -> Fleet {
    let text = format!("engine = {{ kind = \"{kind}\", {options} }}");
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    pick(&kinds(), "engine", file.get("engine").unwrap()).unwrap()
}

const INPUTS: Inputs = Inputs {
    model: 1,
    adapter: 0,
    tools: 0,
    parameters: 7,
    tenant: 1,
};

fn job<'a>(ticket: u64, prompt: u64, answer: u64, prefix: &'a [u64]) -> Job<'a> {
    Job {
        ticket,
        prompt,
        answer,
        prefix,
        inputs: INPUTS,
    }
}

/// Runs it to its end; what was answered, and how often it had to be looked at.
fn run_out(fleet: &mut Fleet) -> (Vec<Done>, usize) {
    let (mut done, mut looks) = (vec![], 0);
    while fleet.next_change() < u64::MAX {
        fleet.advance(fleet.next_change());
        done.extend(fleet.done());
        looks += 1;
    }
    (done, looks)
}

/// Drives the real engine through the events of the naive one. With `lazy`, nobody looks between events.
fn drive(
    fleet: &mut Fleet,
    events: &[(u64, What)],
    prefixes: &[Vec<u64>],
    lazy: bool,
) -> Vec<Done> {
    let mut seats = vec![None; events.len()];
    let mut done: Vec<Done> = vec![];
    for (n, (at, what)) in events.iter().enumerate() {
        while !lazy && fleet.next_change() <= *at {
            fleet.advance(fleet.next_change());
        }
        fleet.advance(*at);
        done.extend(fleet.done());
        match what {
            What::Job(prompt, answer, _) => {
                seats[n] = fleet.submit(&job(n as u64, *prompt, *answer, &prefixes[n]), *at);
                assert!(seats[n].is_some());
            }
            What::Cancel(ticket) => {
                if let Some(seat) = seats[*ticket].take()
                    && done.iter().all(|d| d.ticket != *ticket as u64)
                {
                    fleet.cancel(seat, *at);
                }
            }
        }
    }
    done.extend(run_out(fleet).0);
    done.sort_by_key(|d| d.ticket);
    done
}

/// Gap (ns), family of prefixes, blocks of it, more tokens, tokens answered, ns until cancelled.
type Drawn = (u64, u64, usize, u64, u64, Option<u64>);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let gap = prop_oneof![Just(0u64), 0u64..3_000, 0u64..60_000];
    let cancelled = prop_oneof![4 => Just(None), 1 => (0u64..80_000).prop_map(Some)];
    let one = (gap, 0u64..4, 0usize..8, 0u64..40, 1u64..60, cancelled);
    prop::collection::vec(one, 1..50)
}

/// The keys of the naive engine are the ids alone: a family's n-th block.
fn events(drawn: &[Drawn], block: u64) -> (Vec<(u64, What)>, Vec<Vec<u64>>) {
    let mut all = vec![];
    let mut now = 0;
    for (n, &(gap, family, blocks, more, answer, cancelled)) in drawn.iter().enumerate() {
        now += gap;
        let prefix: Vec<u64> = (1..=blocks as u64).map(|i| family * 100 + i).collect();
        let prompt = (blocks as u64 * block + more).max(1);
        all.push((now, 0, n, What::Job(prompt, answer, prefix.clone()), prefix));
        if let Some(after) = cancelled {
            all.push((now + after, 1, n, What::Cancel(n), vec![]));
        }
    }
    all.sort_by_key(|(at, late, n, ..)| (*at, *late, *n));
    let place = |job: usize| all.iter().position(|e| e.1 == 0 && e.2 == job).unwrap();
    let of = |what: &What| match what {
        What::Cancel(job) => What::Cancel(place(*job)),
        other => other.clone(),
    };
    let events = all.iter().map(|e| (e.0, of(&e.3))).collect();
    (events, all.iter().map(|e| e.4.clone()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_token_comes_when_an_engine_that_plans_each_step_brings_it(
        drawn in drawn(),
        max_batch in 1usize..8,
        block in 1u64..9,
        spare in 0u64..60,
        chunk in 1u64..50,
        chunked in any::<bool>(),
    ) {
        let (events, prefixes) = events(&drawn, block);
        let most = events.iter().map(|(_, w)| match w {
            What::Job(prompt, answer, _) => (prompt + answer - 1).div_ceil(block),
            What::Cancel(_) => 0,
        }).max().unwrap_or(1);
        let blocks = most + spare;
        let sizes = Sizes {
            base: 900_000,
            per_sequence: 70_000,
            per_kv_token: 3_000,
            per_prompt_token: 14_286,
            max_batch,
            block,
            blocks,
            chunk,
            chunked,
        };
        let (mut expected, _) = naive::run(sizes, &events);
        expected.sort_by_key(|d| d.ticket);
        let options = format!(
            "step = \"900ns\", step_per_sequence = \"70ns\", step_per_kv_token = \"3ns\", prefill = \"70000000/s\", \
             max_batch = {max_batch}, block = {block}, blocks = {blocks}, chunk = {chunk}, chunked = {chunked}"
        );
        for kind in kinds() {
            for lazy in [false, true] {
                let mut fleet = build(kind.name, &options);
                let done = drive(&mut fleet, &events, &prefixes, lazy);
                prop_assert_eq!(&done, &expected, "{} {} {:?}", kind.name, options, events);
                fleet.gauges(&mut |gauge, value| {
                    if gauge == "engine.kv_blocks.used" || gauge == "engine.batch" {
                        assert_eq!(value, 0.0, "{gauge} at the end");
                    }
                });
            }
        }
    }
}

#[test]
fn what_the_property_draws_is_found_again_preempted_and_cancelled() {
    let busy: Vec<Drawn> = (0..40u64)
        .map(|n| {
            (
                n * 37 % 900,
                n % 2,
                3,
                n % 7,
                30,
                (n % 5 == 4).then_some(9_000),
            )
        })
        .collect();
    let (events, _) = events(&busy, 4);
    let sizes = Sizes {
        base: 900_000,
        per_sequence: 70_000,
        per_kv_token: 3_000,
        per_prompt_token: 14_286,
        max_batch: 6,
        block: 4,
        blocks: 30,
        chunk: 9,
        chunked: true,
    };
    let (done, steps) = naive::run(sizes, &events);
    assert!(done.len() < 40 && steps > 200);
    assert!(done.iter().filter(|d| d.preempted > 0).count() > 3);
    assert!(done.iter().filter(|d| d.hit_tokens > 0).count() > 3);
}

/// Of the kind of this name, set up with these options.
type Law = fn(&str, &str);

/// The laws that a flaw may break, by name.
const LAWS: &[(&str, Law)] = &[
    (
        "what_is_found_was_computed_for_the_same_model",
        what_is_found_was_computed_for_the_same_model,
    ),
    (
        "same_tokens_under_another_adapter_are_a_miss",
        same_tokens_under_another_adapter_are_a_miss,
    ),
    (
        "what_a_rollout_leaves_in_memory_is_not_found",
        what_a_rollout_leaves_in_memory_is_not_found,
    ),
    (
        "what_another_tokenizer_left_in_memory_is_not_found",
        what_another_tokenizer_left_in_memory_is_not_found,
    ),
    (
        "same_tokens_behind_other_tools_are_a_miss",
        same_tokens_behind_other_tools_are_a_miss,
    ),
    (
        "how_an_answer_is_drawn_parts_no_prefix",
        how_an_answer_is_drawn_parts_no_prefix,
    ),
    (
        "a_long_prompt_holds_nobody_for_longer_than_a_chunk",
        a_long_prompt_holds_nobody_for_longer_than_a_chunk,
    ),
    (
        "a_prompt_that_was_computed_is_found_again",
        a_prompt_that_was_computed_is_found_again,
    ),
    (
        "what_does_not_fit_is_refused_and_the_rest_is_answered",
        what_does_not_fit_is_refused_and_the_rest_is_answered,
    ),
    (
        "long_answers_cost_no_more_looks_than_short_ones",
        long_answers_cost_no_more_looks_than_short_ones,
    ),
];

/// Asks the same tokens with each of these inputs in turn, and then all of them again: the first time each must compute
/// its own, the second time find it.
fn each_finds_its_own(kind: &str, options: &str, all: [Inputs; 2]) {
    let mut fleet = build(kind, options);
    let prefix: Vec<u64> = (1..=8).collect();
    for (n, inputs) in all.iter().chain(&all).enumerate() {
        let job = Job {
            inputs: *inputs,
            ..job(1, 4097, 10, &prefix)
        };
        assert!(fleet.submit(&job, 0).is_some());
        let (done, _) = run_out(&mut fleet);
        assert!(!done[0].wrong, "memory of something else was used");
        // Whether its own is found is another law's.
        assert!(n > 1 || done[0].hit_tokens == 0, "{inputs:?} found it");
    }
}

fn what_is_found_was_computed_for_the_same_model(kind: &str, options: &str) {
    let other = Inputs { model: 2, ..INPUTS };
    each_finds_its_own(kind, options, [INPUTS, other]);
}

fn same_tokens_under_another_adapter_are_a_miss(kind: &str, options: &str) {
    let [a, b] = [8, 9].map(|adapter| Inputs { adapter, ..INPUTS });
    each_finds_its_own(kind, options, [a, b]);
    each_finds_its_own(kind, options, [INPUTS, b]);
}

fn same_tokens_behind_other_tools_are_a_miss(kind: &str, options: &str) {
    let other = Inputs { tools: 5, ..INPUTS };
    each_finds_its_own(kind, options, [INPUTS, other]);
}

fn what_a_rollout_leaves_in_memory_is_not_found(kind: &str, options: &str) {
    nothing_is_left_by(kind, options, "revision = 2");
}

fn what_another_tokenizer_left_in_memory_is_not_found(kind: &str, options: &str) {
    nothing_is_left_by(kind, options, "tokenizer = 2");
}

fn nothing_is_left_by(kind: &str, options: &str, change: &str) {
    let mut fleet = build(kind, options);
    let prefix: Vec<u64> = (1..=8).collect();
    let ask = |fleet: &mut Fleet| {
        assert!(fleet.submit(&job(1, 4097, 10, &prefix), 0).is_some());
        run_out(fleet).0[0]
    };
    ask(&mut fleet);
    let before = if options.is_empty() { "" } else { ", " };
    let text = format!("engine = {{ kind = \"{kind}\", {options}{before}{change} }}");
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    fleet.retune(file.get("engine").unwrap(), 0).unwrap();
    let done = ask(&mut fleet);
    assert!(!done.wrong && done.hit_tokens == 0, "{change}: {done:?}");
}

fn how_an_answer_is_drawn_parts_no_prefix(kind: &str, options: &str) {
    let mut fleet = build(kind, options);
    let prefix: Vec<u64> = (1..=8).collect();
    let mut found = |parameters| {
        let inputs = Inputs {
            parameters,
            ..INPUTS
        };
        let job = Job {
            inputs,
            ..job(1, 4097, 10, &prefix)
        };
        assert!(fleet.submit(&job, 0).is_some());
        run_out(&mut fleet).0[0].hit_tokens
    };
    found(1);
    // Held against the same parameters, so that memory that keeps nothing at all is another law's.
    assert_eq!(found(2), found(2));
}

fn a_long_prompt_holds_nobody_for_longer_than_a_chunk(kind: &str, options: &str) {
    let mut fleet = build(kind, options);
    fleet.submit(&job(1, 100, 200, &[]), 0);
    fleet.submit(&job(2, 100_000, 1, &[]), 100_000_000);
    let (done, _) = run_out(&mut fleet);
    let short = done.iter().find(|d| d.ticket == 1).unwrap();
    // 2,048 tokens at 20,000 a second, 49 times, at most beside 199 steps.
    let fair = 49 * 110_000_000 + 200 * 10_000_000;
    assert!(short.ended < fair, "held for {} ns", short.ended);
    let mut fleet = build(kind, options);
    fleet.submit(&job(1, 100, 20, &[]), 0);
    fleet.submit(&job(2, 100_000, 1, &[]), 100_000_000);
    let (done, _) = run_out(&mut fleet);
    let short = done.iter().find(|d| d.ticket == 1).unwrap();
    assert!(short.ended < 20 * 130_000_000, "held for {}", short.ended);
}

fn a_prompt_that_was_computed_is_found_again(kind: &str, options: &str) {
    let mut fleet = build(kind, options);
    let prefix: Vec<u64> = (1..=8).collect();
    for turn in 0..3u64 {
        let now = turn * 10_000_000_000;
        fleet.submit(&job(turn, 4097, 10, &prefix), now);
        let (done, _) = run_out(&mut fleet);
        let expected = if turn == 0 { 0 } else { 4096 };
        assert_eq!(done[0].hit_tokens, expected, "in turn {turn}");
    }
}

fn what_does_not_fit_is_refused_and_the_rest_is_answered(kind: &str, options: &str) {
    let mut fleet = build(kind, options);
    assert!(fleet.submit(&job(0, u64::MAX, u64::MAX, &[]), 0).is_none());
    assert!(fleet.submit(&job(0, 10_000_000, 1, &[]), 0).is_none());
    for n in 0..300 {
        assert!(fleet.submit(&job(n, 0, 0, &[1, 2, 3]), n).is_some());
    }
    assert_eq!(run_out(&mut fleet).0.len(), 300);
}

fn long_answers_cost_no_more_looks_than_short_ones(kind: &str, options: &str) {
    let looks = |answer| {
        let mut fleet = build(kind, options);
        for n in 0..20 {
            fleet.submit(&job(n, 1000, answer, &[]), n * 1_000_000);
        }
        run_out(&mut fleet).1
    };
    let (short, long) = (looks(1000), looks(20_000));
    assert!(long <= short + 20, "{short} looks grew to {long}");
}

#[test]
fn sound_engines_keep_the_laws() {
    for kind in kinds() {
        LAWS.iter().for_each(|(_, law)| law(kind.name, ""));
    }
}

/// vllm-project/vllm#3264, LMCache/LMCache#2961: the adapter was not in the hash of a block.
#[test]
fn vllm_3264_same_tokens_another_adapter_is_a_miss_and_the_flaw_is_a_wrong_answer() {
    let flaw = FLAWS
        .iter()
        .find(|f| f.name == "prefix-key-without-adapter");
    let prefix: Vec<u64> = (1..=8).collect();
    let second = |options: &str| {
        let mut fleet = build("llm-engine", options);
        let [first, second] = [8, 9].map(|adapter| {
            let inputs = Inputs { adapter, ..INPUTS };
            let job = Job {
                inputs,
                ..job(1, 4097, 10, &prefix)
            };
            assert!(fleet.submit(&job, 0).is_some());
            run_out(&mut fleet).0[0]
        });
        assert!(first.hit_tokens == 0 && !first.wrong);
        (second.hit_tokens, second.wrong)
    };
    assert_eq!(second(""), (0, false));
    assert_eq!(second(flaw.unwrap().options), (4096, true));
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        for (name, law) in LAWS {
            let broken = catch_unwind(|| law(flaw.kind, flaw.options)).is_err();
            assert_eq!(broken, *name == flaw.breaks, "{} and {name}", flaw.name);
        }
    }
}

#[test]
fn sizes_that_no_engine_has_are_refused_at_their_place() {
    for wrong in [
        "engines = 0",
        "max_batch = 0",
        "block = 0",
        "blocks = 0",
        "chunk = 0",
        "prefill = \"0/s\"",
        "step = \"0\"",
        "step_per_kv_token = \"2h\"",
        "engines = 4000000000",
        "blocks = 4000000000",
    ] {
        let text = format!("engine = {{ kind = \"llm-engine\", {wrong} }}");
        let file = Node::parse(&Source::new("law.toml", text)).unwrap();
        let refused = pick(&kinds(), "engine", file.get("engine").unwrap()).err();
        assert!(refused.is_some(), "{wrong} was taken");
    }
}
