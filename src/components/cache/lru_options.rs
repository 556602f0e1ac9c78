//! Options of the LRU kind, with the words of its known flaws.

use crate::config::{Bytes, Count, Span};

crate::options! {
    /// LRU cache.
    #[derive(Clone, Debug, PartialEq)]
    pub struct LruOptions {
        /// Entries that it holds at most.
        capacity: Count = Count(10_000), "10k";
        /// Bytes of answers that it holds at most; 0 is no bound.
        bytes: Bytes = Bytes(0), "no bound";
        /// Entries that each put looks at, from the least recently used on, to drop those that have expired; 0 leaves them
        /// until they are overwritten or evicted.
        sweep: Count = Count(0), "0";
        /// How long an expired entry is still served while one request at a time refreshes it; 0s is not at all.
        stale: Span = Span(0), "0s";
        /// How long a refresh may take until another request is sent for the same key.
        lease: Span = Span(5_000_000_000), "5s";
        /// What makes an entry recent. `insertion` is first in, first out under the name of LRU: a known flaw.
        recency: Recency = Recency::Use, "use";
        /// When a life ends. `sliding` and `ignored` are known flaws.
        expiry: Expiry = Expiry::Absolute, "absolute";
        /// When a put makes room. `one-early` is a known flaw.
        eviction: Eviction = Eviction::WhenFull, "when-full";
    }
}

crate::choice! {
    /// What makes an entry recent.
    pub enum Recency {
        /// Being put or asked for.
        Use = "use",
        /// Being put: what everybody asks for leaves with its generation.
        Insertion = "insertion",
    }
}

crate::choice! {
    /// When a life ends.
    pub enum Expiry {
        /// Its time to live after it was written.
        Absolute = "absolute",
        /// Its time to live after it was last asked for: what is popular never ends.
        Sliding = "sliding",
        /// Never: nobody looks at the time.
        Ignored = "ignored",
    }
}

crate::choice! {
    /// When a put makes room.
    pub enum Eviction {
        /// Before it would hold more than it has room for.
        WhenFull = "when-full",
        /// As soon as it is full, after the put: it holds one less, and with room for one always nothing.
        OneEarly = "one-early",
    }
}
