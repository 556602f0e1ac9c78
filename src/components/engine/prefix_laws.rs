//! What may be found again in memory, and by whom: the laws of the key of prefix blocks. Held with the others in `laws`.

use super::{
    FLAWS, Fleet, Inputs, Job,
    laws::{INPUTS, build, job, run_out},
};
use crate::config::{Node, Source};

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

pub fn what_is_found_was_computed_for_the_same_model(kind: &str, options: &str) {
    let other = Inputs { model: 2, ..INPUTS };
    each_finds_its_own(kind, options, [INPUTS, other]);
}

pub fn same_tokens_under_another_adapter_are_a_miss(kind: &str, options: &str) {
    let [a, b] = [8, 9].map(|adapter| Inputs { adapter, ..INPUTS });
    each_finds_its_own(kind, options, [a, b]);
    each_finds_its_own(kind, options, [INPUTS, b]);
}

pub fn same_tokens_behind_other_tools_are_a_miss(kind: &str, options: &str) {
    let other = Inputs { tools: 5, ..INPUTS };
    each_finds_its_own(kind, options, [INPUTS, other]);
}

pub fn what_a_rollout_leaves_in_memory_is_not_found(kind: &str, options: &str) {
    nothing_is_left_by(kind, options, "revision = 2");
}

pub fn what_another_tokenizer_left_in_memory_is_not_found(kind: &str, options: &str) {
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

pub fn how_an_answer_is_drawn_parts_no_prefix(kind: &str, options: &str) {
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
