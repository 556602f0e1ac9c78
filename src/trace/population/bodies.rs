//! Bodies that were made, by content and form: most requests repeat one.

use super::shelves::Shelves;
use crate::trace::payload::Payload;
use std::rc::Rc;

/// Bodies that are remembered, and their bytes.
const BODIES: usize = 262_144;
const BODY_BYTES: usize = 256 * 1024 * 1024;

/// Whose contents, of which kind, said how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Form {
    pub owner: u32,
    pub model: u32,
    pub client: u32,
    /// The first version with the same bodies, and whether the content belongs to a segment.
    pub version: u32,
}

#[derive(Debug)]
pub(super) struct Known {
    pub payload: Rc<Payload>,
    pub input_tokens: u32,
}

/// See the module. Bounded: when it is full, those that no request in flight holds are forgotten.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    known: Shelves<Form, Known>,
    /// Bytes of all of them.
    held: usize,
}

impl Bodies {
    /// The body of a content in a form, if it was made.
    #[inline]
    pub fn get(&self, form: Form, number: u64) -> Option<&Known> {
        self.known.get(form, number)
    }

    /// Remembers a body.
    pub fn remember(&mut self, form: Form, number: u64, known: Known) {
        let size = known.payload.raw.len();
        let full = |bodies: &Shelves<_, _>, held: usize| {
            bodies.len() >= BODIES || held + size > BODY_BYTES
        };
        if full(&self.known, self.held) {
            self.known.retain(|k| Rc::strong_count(&k.payload) > 1);
            self.held = self.known.values().map(|k| k.payload.raw.len()).sum();
            if full(&self.known, self.held) {
                *self = Bodies::default();
            }
        }
        self.held += size;
        self.known.insert(form, number, known);
    }
}
