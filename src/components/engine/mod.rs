//! An engine that answers prompts with a model: continuous batching over paged KV memory.
//!
//! # Short answer
//! Every step of an engine brings each answer under way one token and computes a chunk of a new prompt beside them, so a
//! step's time depends on who else is in it. KV memory is kept in blocks; blocks that hold the beginning of a prompt are
//! found again by whoever begins alike, and what nobody holds goes when room is needed. When there is no room left, who
//! came last gives its memory back and computes all again.
//!
//! # Complexity
//! Steps that are planned alike cost nothing each: a change of the batch costs O(batch), found in O(log steps) where it
//! cuts a stretch; a prompt costs O(blocks of its prefix). A test counts that the number of plans does not grow with the
//! length of answers. Memory: O(sequences in it + KV blocks that can be found).
//!
//! The memory of prefixes is apart from the cache of answers (`service.cache`): what is found here is computed tokens,
//! never an answer, so how an answer is drawn (temperature, top-p) belongs into the key of the other and not of this one.
//!
//! # Follow-ups
//! - Which fields may be left out of the key? Those that do not change what is computed for the prompt: temperature and
//!   top-p do not, the tenant does not, unless who waits less may tell others something. What each costs:
//!   `gameday replay incident-20 --variant tenant-in-the-key`, `--variant parameters-in-the-key`
//! - How is a prefix cache rolled out? Beside `prefix_reuse = false`, which is what users had before, with a checker that
//!   works some answers out again (`service.check_answers`, indicator `cache.wrong_answers`) before everybody gets it:
//!   `gameday gate incident-20 --variant no-reuse --expect`
//! - What happens at a rollout of the model? Blocks of the last revision are not found, and users wait for prompts to be
//!   computed again; with a key that forgets it they are, and answers are wrong: `gameday replay incident-20 --variant
//!   rollout-without-revision`
//!
//! # Anti-patterns
//! - `prefix-key-without-model`, `-adapter`, `-revision`, `-tokenizer`, `-tools`: memory that something else computed
//!   serves a prompt of the same tokens, and answers are wrong. Nothing fails, and users wait less.
//! - `prefix-key-with-parameters`: each temperature computes the same prompt for itself.
//! - `no-chunking`: a long prompt is computed in one step, and all others wait for it.
//! - `no-reuse`: the same system prompt is computed again for everybody.
//! - `volatile-prefix`: a stamp at the head of the prompt makes all that follows it new.
//!
//! # Smallest set-up
//! ```toml
//! [dependency.llm]
//! kind = "llm-engine"
//! ```
//!
//! # Source
//! Orca (Yu et al. 2022) for iteration-level batching; vLLM (Kwon et al. 2023) for paged memory and preemption by
//! recomputing; Sarathi-Serve (Agrawal et al. 2024) for chunked prefill; Mooncake (Qin et al. 2024) for the blocks of the
//! trace. Q20 of the seed.

mod batch;
mod blocks;
mod fleet;
mod options;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod naive;

use super::Flaw;
use crate::config::{Kind, Options};
pub use fleet::{Fleet, Seat};
pub use options::{EngineOptions, PrefixKey, Routing};

/// A prompt to answer.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The caller's own number for it.
    pub ticket: u64,
    /// Tokens asked; one at least is computed.
    pub prompt: u64,
    /// Tokens answered; one at least comes out.
    pub answer: u64,
    /// Ids of the blocks of tokens that the prompt begins with: equal id at an equal place is an equal beginning.
    pub prefix: &'a [u64],
    /// What else it depends on.
    pub inputs: Inputs,
}

/// What a prompt's computation may depend on besides its tokens, each as a digest; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The model that is to answer, without its adapter.
    pub model: u64,
    /// Its adapter.
    pub adapter: u64,
    /// The tools that it may call.
    pub tools: u64,
    /// How the answer is drawn: temperature and the like.
    pub parameters: u64,
    /// Who pays.
    pub tenant: u64,
}

/// An answer that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// As in the job.
    pub ticket: u64,
    /// When its first token came out, ns.
    pub first_token: u64,
    /// When its last one did, ns.
    pub ended: u64,
    /// Tokens of the prompt that were found in memory when it entered.
    pub hit_tokens: u64,
    /// What was found had been computed with another model, adapter, tokenizer or tools: the answer is wrong.
    pub wrong: bool,
    /// Times that it had to give its memory back.
    pub preempted: u32,
}

/// What an engine can do, in units that it counts with: ps and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pace {
    base: u128,
    per_sequence: u128,
    per_kv_token: u128,
    per_prompt_token: u128,
    max_batch: u64,
    block: u64,
    blocks: u64,
    /// Prompt tokens of a step at most.
    chunk: u64,
    chunked: bool,
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[Flaw] = &[
    Flaw {
        name: "prefix-key-without-model",
        kind: "llm-engine",
        options: "prefix_key = [\"adapter\", \"revision\", \"tokenizer\", \"tools\"]",
        breaks: "what_is_found_was_computed_for_the_same_model",
        source: "Q20: reusing a cache across models with different vocabularies",
    },
    Flaw {
        name: "prefix-key-without-adapter",
        kind: "llm-engine",
        options: "prefix_key = [\"model\", \"revision\", \"tokenizer\", \"tools\"]",
        breaks: "same_tokens_under_another_adapter_are_a_miss",
        source: "vllm-project/vllm#3264, LMCache/LMCache#2961",
    },
    Flaw {
        name: "prefix-key-without-revision",
        kind: "llm-engine",
        options: "prefix_key = [\"model\", \"adapter\", \"tokenizer\", \"tools\"]",
        breaks: "what_a_rollout_leaves_in_memory_is_not_found",
        source: "Q20: invalidate on model rollout",
    },
    Flaw {
        name: "prefix-key-without-tokenizer",
        kind: "llm-engine",
        options: "prefix_key = [\"model\", \"adapter\", \"revision\", \"tools\"]",
        breaks: "what_another_tokenizer_left_in_memory_is_not_found",
        source: "Q20: invalidate on tokenizer migration",
    },
    Flaw {
        name: "prefix-key-without-tools",
        kind: "llm-engine",
        options: "prefix_key = [\"model\", \"adapter\", \"revision\", \"tokenizer\"]",
        breaks: "same_tokens_behind_other_tools_are_a_miss",
        source: "Q20: tools schema in the key",
    },
    Flaw {
        name: "prefix-key-with-parameters",
        kind: "llm-engine",
        options: "prefix_key = [\"model\", \"adapter\", \"revision\", \"tokenizer\", \"tools\", \"parameters\"]",
        breaks: "how_an_answer_is_drawn_parts_no_prefix",
        source: "Q20: which fields are safe to omit",
    },
    Flaw {
        name: "no-chunking",
        kind: "llm-engine",
        options: "chunked = false",
        breaks: "a_long_prompt_holds_nobody_for_longer_than_a_chunk",
        source: "vllm-project/vllm#3130, blazux/qwen3.8-Flash-DGX#9",
    },
    Flaw {
        name: "no-reuse",
        kind: "llm-engine",
        options: "prefix_reuse = false",
        breaks: "a_prompt_that_was_computed_is_found_again",
        source: "Q20",
    },
    Flaw {
        name: "volatile-prefix",
        kind: "llm-engine",
        options: "stamp = \"1ms\"",
        breaks: "a_prompt_that_was_computed_is_found_again",
        source: "Systemorph/MeshWeaver#2108, HKUDS/nanobot#1116",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Fleet>> {
    vec![Kind {
        name: "llm-engine",
        summary: "continuous batching, paged KV memory, prefix reuse",
        fields: EngineOptions::fields,
        build: Fleet::build,
    }]
}
