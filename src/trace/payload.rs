//! Bodies of requests: ordered (name, value) content, interned, with room for memoised digests.

use crate::sim::hash::FixedState;
use hashbrown::HashMap;
use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
};
use xxhash_rust::xxh3::xxh3_64;

/// The body of a request. Equal bodies are one `Payload` as long as the interner remembers them.
///
/// In this order: what every request reads lies together.
#[derive(Debug)]
#[repr(C)]
pub struct Payload {
    /// Digest of `raw`.
    pub raw_digest: u64,
    /// Digests that stages have worked out for it.
    pub memo: Memo,
    /// The bytes as the client sent them.
    pub raw: Box<str>,
    /// Its fields in the order of the bytes. Empty when the bytes are not a JSON object.
    pub fields: Vec<(String, serde_json::Value)>,
    /// Ids of prompt-prefix blocks, where the trace has them (equal id, same block of tokens).
    pub blocks: Box<[u64]>,
    /// What few bodies have.
    aside: OnceCell<Box<Aside>>,
}

/// What a body has whose bytes are not what is read.
#[derive(Debug, Default)]
struct Aside {
    /// What its client meant, where its bytes say it otherwise: the truth, which no parser sees.
    meant: Option<Vec<(String, serde_json::Value)>>,
    /// What parsers read in its place, by the number that each chose.
    readings: RefCell<Vec<(u64, Rc<Payload>)>>,
}

/// Numbers that are memoised without a list of their own: two parsers, two digests, two keys.
const FEW: usize = 6;

/// A few memoised numbers, by a number other than 0 that the asker chose.
#[derive(Debug, Default)]
pub struct Memo {
    /// Variant (0: none yet) and number.
    few: [Cell<(u64, u64)>; FEW],
    more: RefCell<Vec<(u64, u64)>>,
}

impl Memo {
    /// The number under `variant`, worked out once.
    #[inline]
    pub fn get_or(&self, variant: u64, make: impl FnOnce() -> u64) -> u64 {
        for place in &self.few {
            match place.get() {
                (known, number) if known == variant => return number,
                (0, _) => break,
                _ => {}
            }
        }
        self.make(variant, make)
    }

    #[cold]
    fn make(&self, variant: u64, make: impl FnOnce() -> u64) -> u64 {
        if let Some(&(_, number)) = self.more.borrow().iter().find(|(v, _)| *v == variant) {
            return number;
        }
        let number = make();
        match self.few.iter().find(|place| place.get().0 == 0) {
            Some(place) => place.set((variant, number)),
            None => self.more.borrow_mut().push((variant, number)),
        }
        number
    }
}

impl Payload {
    /// A body from its bytes.
    pub fn new(raw: &str, blocks: &[u64]) -> Payload {
        let fields = match serde_json::from_str::<serde_json::Value>(raw) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().collect(),
            _ => vec![],
        };
        Payload::parts(raw.into(), fields, blocks)
    }

    /// A body whose fields are known already, so that its bytes need no parsing.
    pub fn parts(raw: String, fields: Vec<(String, serde_json::Value)>, blocks: &[u64]) -> Payload {
        Payload {
            raw_digest: xxh3_64(raw.as_bytes()),
            raw: raw.into_boxed_str(),
            fields,
            blocks: blocks.into(),
            memo: Memo::default(),
            aside: OnceCell::new(),
        }
    }

    /// The same body, of which the truth is known: what its client meant by it.
    #[must_use]
    pub fn meaning(self, meant: Vec<(String, serde_json::Value)>) -> Payload {
        let aside = Aside {
            meant: Some(meant),
            ..Aside::default()
        };
        Payload {
            aside: OnceCell::from(Box::new(aside)),
            ..self
        }
    }

    /// What its client meant, where its bytes say it otherwise.
    pub fn meant(&self) -> Option<&[(String, serde_json::Value)]> {
        self.aside.get().and_then(|aside| aside.meant.as_deref())
    }

    /// What a parser of this number read in its place; `None` where it was read as it is.
    #[inline]
    pub fn read_by(&self, reader: u64) -> Option<Rc<Payload>> {
        let readings = self.aside.get()?.readings.borrow();
        let found = readings.iter().find(|(number, _)| *number == reader);
        found.map(|(_, reading)| reading.clone())
    }

    /// Keeps what a parser read in its place.
    pub fn keep_reading(&self, reader: u64, fields: Vec<(String, serde_json::Value)>) {
        let reading = Payload::parts((*self.raw).into(), fields, &self.blocks);
        let aside = self.aside.get_or_init(Box::default);
        aside.readings.borrow_mut().push((reader, Rc::new(reading)));
    }

    /// A body that was not captured: its prompt is a digest that stands for it.
    pub fn opaque(model: &str, digest: u64, blocks: &[u64]) -> Payload {
        let prompt = format!("{digest:016x}");
        if model.is_empty() {
            let raw = format!("{{\"prompt\":\"{prompt}\"}}");
            return Payload::parts(raw, vec![("prompt".into(), prompt.into())], blocks);
        }
        let model = serde_json::Value::from(model);
        let raw = format!("{{\"model\":{model},\"prompt\":\"{prompt}\"}}");
        let fields = vec![("model".into(), model), ("prompt".into(), prompt.into())];
        Payload::parts(raw, fields, blocks)
    }
}

/// Bytes of bodies that an interner remembers at most.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// Bodies by their bytes, so that a repeated one is parsed and digested once. Bounded: when it is full, those that no
/// request in flight holds are forgotten.
#[derive(Debug)]
pub struct Payloads {
    known: HashMap<u64, Rc<Payload>, FixedState>,
    limit: usize,
    bytes: usize,
    empty: Rc<Payload>,
}

impl Payloads {
    /// An interner that remembers at most about `limit` bodies.
    pub fn new(limit: usize) -> Payloads {
        Payloads {
            known: HashMap::default(),
            limit: limit.max(1),
            bytes: 0,
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
        let payload = Rc::new(Payload::new(raw, blocks));
        self.remember(key, payload.clone());
        payload
    }

    /// Remembers a body under a key, and forgets others when there is no room.
    fn remember(&mut self, key: u64, payload: Rc<Payload>) {
        let size = payload.raw.len() + payload.blocks.len() * 8;
        if self.known.len() >= self.limit || self.bytes + size > MOST_BYTES {
            self.known
                .retain(|_, payload| Rc::strong_count(payload) > 1);
            self.bytes = self
                .known
                .values()
                .map(|p| p.raw.len() + p.blocks.len() * 8)
                .sum();
            if self.known.len() >= self.limit || self.bytes + size > MOST_BYTES {
                self.known.clear();
                self.bytes = 0;
            }
        }
        self.bytes += size;
        self.known.insert(key, payload);
    }
}
