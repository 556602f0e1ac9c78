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
//! # Follow-ups
//! - Which fields may be left out of the key? Those that do not change what is computed for the prompt: temperature and
//!   top-p do not, the model (or adapter) does; the tenant does not, unless who waits less may tell others something:
//!   `--set dependency.llm.prefix_key='["model","tenant"]'` on an incident with such a dependency
//! - How is a prefix cache rolled out? Beside `prefix_reuse = false`, which is what users had before.
//!
//! # Anti-patterns
//! - `prefix-key-without-model`: one model's memory serves another's prompt, and answers are wrong.
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
    /// Digest of the model (or adapter) that is to answer.
    pub model: u64,
    /// Digest of who pays.
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
    /// What was found had been computed for another model: the answer is wrong.
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
        options: "prefix_key = []",
        breaks: "what_is_found_was_computed_for_the_same_model",
        source: "Q20: reusing a cache across models",
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
