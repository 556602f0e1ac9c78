//! Bodies of requests: ordered (name, value) content, interned, with room for memoised digests.

use crate::sim::hash::FixedState;
use hashbrown::HashMap;
use std::{cell::RefCell, rc::Rc};
use xxhash_rust::xxh3::xxh3_64;

/// The body of a request. Equal bodies are one `Payload` as long as the interner remembers them.
#[derive(Debug)]
pub struct Payload {
    /// The bytes as the client sent them.
    pub raw: Box<str>,
    /// Its fields in the order of the bytes. Empty when the bytes are not a JSON object.
    pub fields: Vec<(String, serde_json::Value)>,
    /// Digest of `raw`.
    pub raw_digest: u64,
    /// Ids of prompt-prefix blocks, where the trace has them (equal id, same block of tokens).
    pub blocks: Box<[u64]>,
    /// Digests that stages have worked out for it.
    pub memo: Memo,
}

/// A few memoised numbers, by a number that the asker chose.
#[derive(Debug, Default)]
pub struct Memo(RefCell<Vec<(u64, u64)>>);

impl Memo {
    /// The number under `variant`, worked out once.
    #[inline]
    pub fn get_or(&self, variant: u64, make: impl FnOnce() -> u64) -> u64 {
        if let Some(&(_, digest)) = self.0.borrow().iter().find(|(v, _)| *v == variant) {
            return digest;
        }
        let digest = make();
        self.0.borrow_mut().push((variant, digest));
        digest
    }
}

impl Payload {
    /// A body from its bytes.
    pub fn new(raw: &str, blocks: &[u64]) -> Payload {
        let fields = match serde_json::from_str::<serde_json::Value>(raw) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().collect(),
            _ => vec![],
        };
        Payload {
            raw: raw.into(),
            fields,
            raw_digest: xxh3_64(raw.as_bytes()),
            blocks: blocks.into(),
            memo: Memo::default(),
        }
    }
}

/// Bodies by their bytes, so that a repeated one is parsed and digested once. Bounded: when it is full, those that no
/// request in flight holds are forgotten.
#[derive(Debug)]
pub struct Payloads {
    known: HashMap<u64, Rc<Payload>, FixedState>,
    limit: usize,
    empty: Rc<Payload>,
}

impl Payloads {
    /// An interner that remembers at most about `limit` bodies.
    pub fn new(limit: usize) -> Payloads {
        Payloads {
            known: HashMap::default(),
            limit: limit.max(1),
            empty: Rc::new(Payload::new("", &[])),
        }
    }

    /// The body of these bytes and blocks.
    pub fn intern(&mut self, raw: &str, blocks: &[u64]) -> Rc<Payload> {
        if raw.is_empty() && blocks.is_empty() {
            return self.empty.clone();
        }
        let mut key = xxh3_64(raw.as_bytes());
        for block in blocks {
            key = crate::sim::hash::mix(key ^ block);
        }
        if let Some(known) = self.known.get(&key)
            && *known.raw == *raw
            && *known.blocks == *blocks
        {
            return known.clone();
        }
        if self.known.len() >= self.limit {
            self.known
                .retain(|_, payload| Rc::strong_count(payload) > 1);
            if self.known.len() >= self.limit {
                self.known.clear();
            }
        }
        let payload = Rc::new(Payload::new(raw, blocks));
        self.known.insert(key, payload.clone());
        payload
    }
}
