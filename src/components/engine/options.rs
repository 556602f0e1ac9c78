//! What a file may say about engines, and what is refused.

use super::Pace;
use crate::config::{At, Count, Rate, Refusal, Span};

crate::choice! {
    /// Which of several engines takes a prompt.
    pub enum Routing {
        /// In turn.
        RoundRobin = "round-robin",
        /// The one with the fewest sequences in it.
        LeastLoaded = "least-loaded",
        /// The one that has most of the prompt's beginning in memory, unless it has much more to do than others.
        Prefix = "prefix",
    }
}

crate::choice! {
    /// What besides its tokens tells one prefix from another.
    pub enum PrefixKey {
        /// The model that computes it, without its adapter.
        Model = "model",
        /// The adapter on top of the model: what stands behind the "+" of its name, or the field `adapter`.
        Adapter = "adapter",
        /// Which revision of the model: an engine that is rolled forward keeps the memory of the one before.
        Revision = "revision",
        /// What made tokens of the text.
        Tokenizer = "tokenizer",
        /// The field `tools`: their schema is part of the prompt and of no block that the trace knows.
        Tools = "tools",
        /// The fields `temperature` and `top_p`, which change no prefix: each set computes its own for nothing.
        Parameters = "parameters",
        /// Who pays: nobody learns from the time of an answer what others asked.
        Tenant = "tenant",
    }
}

impl PrefixKey {
    /// All that changes what is computed for a prompt's tokens.
    pub const MEANING: &'static [PrefixKey] = &[
        PrefixKey::Model,
        PrefixKey::Adapter,
        PrefixKey::Revision,
        PrefixKey::Tokenizer,
        PrefixKey::Tools,
    ];
}

crate::options! {
    /// Engine of a language model.
    #[derive(Clone, Debug, PartialEq)]
    pub struct EngineOptions {
        /// Engines behind one name.
        engines: u32 = 1, "1";
        /// Which of them takes a prompt: round-robin, least-loaded, prefix.
        routing: Routing = Routing::LeastLoaded, "\"least-loaded\"";
        /// Prompt tokens that one engine computes, a second.
        prefill: Rate = Rate(20_000.0), "20000/s";
        /// Time of a step, whatever is in it.
        step: Span = Span(8_000_000), "8ms";
        /// More time of a step for each answer under way.
        step_per_sequence: Span = Span(20_000), "20us";
        /// More time of a step for each token in the memory of an answer under way.
        step_per_kv_token: Span = Span(10), "10ns";
        /// Sequences in the batch at most.
        max_batch: u32 = 128, "128";
        /// Tokens of a KV block; the trace's prefix blocks are of this size.
        block: u32 = 512, "512";
        /// KV blocks of one engine.
        blocks: Count = Count(2000), "2000";
        /// Prompt tokens of a step at most.
        chunk: u32 = 2048, "2048";
        /// A longer prompt goes through in several steps.
        chunked: bool = true, "true";
        /// Blocks of a prompt's beginning are found again.
        prefix_reuse: bool = true, "true";
        /// What besides its tokens tells one prefix from another.
        prefix_key: Vec<PrefixKey> = PrefixKey::MEANING.to_vec(), "[\"model\", \"adapter\", \"revision\", \"tokenizer\", \"tools\"]";
        /// Of the model: what another one computed or answered is stale.
        revision: u64 = 1, "1";
        /// Version of what makes tokens of the text.
        tokenizer: u64 = 1, "1";
        /// The prompt begins with a time of this grain; 0 is none.
        stamp: Span = Span(0), "none";
    }
}

/// An hour: longer steps and rarer stamps are slips of a unit.
const HOUR: u64 = 3_600_000_000_000;

impl EngineOptions {
    /// In the units that an engine counts with.
    pub(super) fn pace(&self, at: &At) -> Result<Pace, Refusal> {
        let between = |what: &str, found: u64, low: u64, high: u64| {
            if (low..=high).contains(&found) {
                return Ok(u128::from(found));
            }
            Err(Refusal::at(at, format!("{what} = {found}")).help(format!("from {low} to {high}")))
        };
        between("engines", u64::from(self.engines), 1, 10_000)?;
        between("max_batch", u64::from(self.max_batch), 1, 100_000)?;
        between("block", u64::from(self.block), 1, 1 << 20)?;
        between("blocks", self.blocks.0, 1, 1 << 28)?;
        between("chunk", u64::from(self.chunk), 1, 1 << 30)?;
        if !(self.prefill.0 >= 1e-3 && self.prefill.0 <= 1e12) {
            return Err(Refusal::at(at, format!("prefill = {}/s", self.prefill.0))
                .help("prompt tokens a second, such as \"20000/s\""));
        }
        Ok(Pace {
            base: 1000 * between("step in ns", self.step.0, 1, HOUR)?,
            per_sequence: 1000
                * between("step_per_sequence in ns", self.step_per_sequence.0, 0, HOUR)?,
            per_kv_token: 1000
                * between("step_per_kv_token in ns", self.step_per_kv_token.0, 0, HOUR)?,
            per_prompt_token: (1e12 / self.prefill.0).round() as u128,
            max_batch: u64::from(self.max_batch),
            block: u64::from(self.block),
            blocks: self.blocks.0,
            chunk: u64::from(self.chunk),
            chunked: self.chunked,
        })
    }
}
