//! Cache keys: which requests share an answer. Sources: Q6, Q20, Q24.
//!
//! Short answer: a key is a digest over named fields of the request; fields of the payload are first normalised and then
//! written by a serializer, canonical JSON (RFC 8785) being the sound one. Everything that real keys drifted by is an
//! option here: a field more, a version, normalisation, order and whitespace and float format of the serializer, a hash
//! seed per process. Old keys can be read (`read_also`) and new ones written ahead of a switch (`write_also`).
//!
//! Cost: one mix a field; a payload's part is worked out once per payload and template (memoised by the caller).

mod serialise;
mod template;

pub use serialise::{Floats, Normaliser, Style, write};
pub use template::{KeyOptions, KeyTemplate, Meaning, Tag, content, digests};

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
