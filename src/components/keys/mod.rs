//! Cache keys: which requests share an answer.
//!
//! # Short answer
//! A key is a digest over named fields of the request; fields of the payload are first normalised and then written by a
//! serializer, canonical JSON (RFC 8785) being the sound one. Everything that real keys drifted by is an option here: a
//! field more, a version, normalisation, order and white space and float format of the serializer, a hash seed per process.
//! Old keys can be read (`read_also`) and new ones written ahead of a switch (`write_also`). What *decides* an answer is
//! said apart (`meaning`), so that a key that forgets some of it is found to serve wrong answers.
//!
//! # Complexity
//! One mix a field; a payload's part is worked out once per payload and template (memoised by the caller).
//!
//! # Follow-ups of the seed
//! - Which fields may be left out? Those that do not change the answer: `meaning` without them, and `truth.wrong_answers`
//!   says whether that was right. `gameday replay incident-24 --set service.key.fields='["tenant","prompt"]'`
//! - How is a new key rolled out? `read_also` the old one, or `write_also` the new one first, on a `canary`.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `model-left-out`, `tenant-left-out`, `parameters-left-out`, `tools-left-out`, `revision-left-out`
//! (wrong answers); `raw-dump`, `request-id-in-the-key`, `minute-in-the-key`, `seed-of-the-process` (no hits).
//!
//! # Smallest set-up
//! ```toml
//! key = { fields = ["tenant", "model", "prompt"] }
//! ```
//!
//! # Source
//! Q6, Q11, Q20, Q24 of the seed.

#[cfg(test)]
mod laws;
mod serialise;
mod template;

pub use serialise::{Floats, Normaliser, Style, write};
pub use template::{KeyOptions, KeyTemplate, Meaning, Tag, content, digests};

/// Set-ups that the field knows to be wrong, of a key of `fields = ["tenant", "model", "prompt", "temperature", "top_p",
/// "tools", "revision"]`.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "model-left-out",
        kind: "key",
        options: "fields = [\"tenant\", \"prompt\", \"temperature\", \"top_p\", \"tools\", \"revision\"]",
        breaks: "another_models_answer_has_another_key",
        source: "Q20: reusing a cache across models",
    },
    super::Flaw {
        name: "tenant-left-out",
        kind: "key",
        options: "fields = [\"model\", \"prompt\", \"temperature\", \"top_p\", \"tools\", \"revision\"]",
        breaks: "another_tenants_answer_has_another_key",
        source: "Q11: one tenant's answers served to another",
    },
    super::Flaw {
        name: "parameters-left-out",
        kind: "key",
        options: "fields = [\"tenant\", \"model\", \"prompt\", \"tools\", \"revision\"]",
        breaks: "other_parameters_have_another_key",
        source: "Q20: key missing decoding params, causing subtle behavior drift",
    },
    super::Flaw {
        name: "tools-left-out",
        kind: "key",
        options: "fields = [\"tenant\", \"model\", \"prompt\", \"temperature\", \"top_p\", \"revision\"]",
        breaks: "other_tools_have_another_key",
        source: "Q20: tools schema in the key",
    },
    super::Flaw {
        name: "revision-left-out",
        kind: "key",
        options: "fields = [\"tenant\", \"model\", \"prompt\", \"temperature\", \"top_p\", \"tools\"]",
        breaks: "a_rollout_has_other_keys",
        source: "Q20: not versioning prompt template changes, no invalidation on a rollout",
    },
    super::Flaw {
        name: "raw-dump",
        kind: "key",
        options: "canonical_json = false",
        breaks: "equal_content_has_one_key_however_it_is_written",
        source: "Q6, Q24: a key over bytes as they came",
    },
    super::Flaw {
        name: "request-id-in-the-key",
        kind: "key",
        options: "fields = [\"tenant\", \"model\", \"prompt\", \"temperature\", \"top_p\", \"tools\", \"revision\", \"request_id\"]",
        breaks: "who_asks_again_has_the_same_key",
        source: "Q24: a field more, another in each request",
    },
    super::Flaw {
        name: "minute-in-the-key",
        kind: "key",
        options: "fields = [\"tenant\", \"model\", \"prompt\", \"temperature\", \"top_p\", \"tools\", \"revision\", \"minute\"]",
        breaks: "who_asks_again_has_the_same_key",
        source: "Q24: a time in the key",
    },
    super::Flaw {
        name: "seed-of-the-process",
        kind: "key",
        options: "seed = \"per-process\"",
        breaks: "a_restart_keeps_the_keys",
        source: "Q24: a hash seeded anew in each process",
    },
];

/// What a key may be made of. The caller's request, seen through the fields that keys name.
pub trait Material {
    /// Digest of the name that the request has for this tag, the same in every run.
    fn tag(&self, tag: Tag) -> u64;
    /// The request's own identity.
    fn request_id(&self) -> u64;
    /// ns of virtual time at which the request arrived.
    fn arrived(&self) -> u64;
    /// The payload's fields in the order in which they were sent.
    fn fields(&self) -> &[(String, serde_json::Value)];
    /// The payload's bytes.
    fn raw(&self) -> &str;
    /// Digest of the revisions of what answers.
    fn revision(&self) -> u64;
    /// A number worked out once per payload and `variant`.
    fn memo(&self, variant: u64, make: &mut dyn FnMut() -> u64) -> u64;
}
