//! The five tables of a recording and their columns: the one place to add a column.
//!
//! Conventions: times are ns; `0` in a column means "none" or "not known" unless its line says otherwise;
//! names are numbers into a dictionary of the column's name; enums are numbers into the listed words.

/// What the numbers of a column mean, for files and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// ns from the start of the recording.
    Instant,
    /// ns.
    Span,
    /// A number of things.
    Count,
    /// A number into the dictionary of this name.
    Name(&'static str),
    /// A number into these words.
    Word(&'static [&'static str]),
    /// 0 or 1.
    Flag,
    /// An ordinal, such as v1, v2.
    Ordinal,
    /// A digest, shown in hexadecimal.
    Digest,
    /// A float's bits.
    Real,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpec {
    /// Its name in files.
    pub name: &'static str,
    /// What its numbers mean.
    pub meaning: Meaning,
    /// What it holds, one line.
    pub doc: &'static str,
}

/// Rows that are written together: few enough to stay in the nearest cache.
pub const BLOCK: usize = 64;

/// A row as it is written: every column as a number.
pub trait Row: Clone + Default {
    /// The columns.
    const COLUMNS: &'static [ColumnSpec];
    /// The name of the table.
    const TABLE: &'static str;
    /// Hands every column's number over, in order.
    fn each(&self, f: impl FnMut(usize, u64));
    /// One column's number; 0 for a column that there is not.
    fn word(&self, column: usize) -> u64;
    /// Hands over the wanted columns of some rows, one column after another: writing a column at a time costs a third
    /// of writing a row at a time. At most [`BLOCK`] rows.
    fn each_column(rows: &[Self], wanted: impl Fn(usize) -> bool, f: impl FnMut(usize, &[u64]));
    /// The row from its numbers.
    fn from_columns(get: impl FnMut(usize) -> u64) -> Self;
}

/// A value of a column, as the number that is stored.
trait Cell {
    fn to_word(&self) -> u64;
    fn from_word(word: u64) -> Self;
}

macro_rules! whole {
    ($($ty:ty),+) => { $(impl Cell for $ty {
        #[inline(always)]
        fn to_word(&self) -> u64 { u64::from(*self) }
        /// Files are read with their columns' widths checked, so nothing is cut here.
        #[inline(always)]
        fn from_word(word: u64) -> Self { word as $ty }
    })+ };
}
whole!(u8, u16, u32, u64);

impl Cell for f64 {
    #[inline(always)]
    fn to_word(&self) -> u64 {
        self.to_bits()
    }
    #[inline(always)]
    fn from_word(word: u64) -> Self {
        f64::from_bits(word)
    }
}

macro_rules! table {
    ($(#[doc = $doc:literal])+ $row:ident, $module:ident { $( $name:ident : $ty:ty, $meaning:expr, $cdoc:literal; )+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $row { $( #[doc = $cdoc] pub $name: $ty, )+ }

        impl Row for $row {
            const TABLE: &'static str = stringify!($module);
            const COLUMNS: &'static [ColumnSpec] = &[$( ColumnSpec { name: stringify!($name), meaning: $meaning, doc: $cdoc } ),+];
            #[inline(always)]
            fn each(&self, mut f: impl FnMut(usize, u64)) {
                $( f($module::$name, self.$name.to_word()); )+
            }
            #[inline]
            fn word(&self, column: usize) -> u64 {
                match column { $( $module::$name => self.$name.to_word(), )+ _ => 0 }
            }
            #[inline]
            fn each_column(rows: &[Self], wanted: impl Fn(usize) -> bool, mut f: impl FnMut(usize, &[u64])) {
                let mut words = [0u64; BLOCK];
                let words = &mut words[..rows.len()];
                $(
                    if wanted($module::$name) {
                        for (word, row) in words.iter_mut().zip(rows) {
                            *word = row.$name.to_word();
                        }
                        f($module::$name, words);
                    }
                )+
            }
            #[inline(always)]
            fn from_columns(mut get: impl FnMut(usize) -> u64) -> Self {
                $row { $( $name: <$ty as Cell>::from_word(get($module::$name)) ),+ }
            }
        }

        /// Column numbers of the table of this name.
        #[allow(non_upper_case_globals, reason = "a column number is written as the column is named")]
        pub mod $module {
            #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "counts the columns")]
            enum Order { $( $name ),+ }
            $( #[doc = $cdoc] pub const $name: usize = Order::$name as usize; )+
        }
    };
}

use self::Meaning::{Count, Digest, Flag, Instant, Name, Ordinal, Real, Span, Word};

/// How a request ended, as its client saw it. Index into the words of `outcome`.
pub mod outcome {
    /// The words of the column.
    pub const WORDS: &[&str] = &[
        "",
        "ok",
        "error",
        "timeout",
        "rejected",
        "shed",
        "parse_error",
        "hung_up",
        "unavailable",
        "degraded",
    ];
    /// Answered.
    pub const OK: u8 = 1;
    /// The dependency or the service failed.
    pub const ERROR: u8 = 2;
    /// The service gave up waiting.
    pub const TIMEOUT: u8 = 3;
    /// Refused by a limiter (429).
    pub const REJECTED: u8 = 4;
    /// Refused because a queue is full or too slow (503, or 429 server_busy).
    pub const SHED: u8 = 5;
    /// The payload could not be read (400).
    pub const PARSE_ERROR: u8 = 6;
    /// The client left before an answer.
    pub const HUNG_UP: u8 = 7;
    /// No replica could take it.
    pub const UNAVAILABLE: u8 = 8;
    /// Answered in part, or by a fallback.
    pub const DEGRADED: u8 = 9;
}

/// What an answer says of itself, whatever its status. Index into the words of `told`.
pub mod told {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "complete", "partial", "failed"];
    /// All that was asked for is there.
    pub const COMPLETE: u8 = 1;
    /// Something is missing, and the answer says so.
    pub const PARTIAL: u8 = 2;
    /// There is no answer.
    pub const FAILED: u8 = 3;
}

/// Whether a streamed answer came to its end. Index into the words of `end_marker`.
pub mod end_marker {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "present", "missing"];
    /// It did.
    pub const PRESENT: u8 = 1;
    /// The connection closed before.
    pub const MISSING: u8 = 2;
}

/// Where an answer came from. Index into the words of `served_by`.
pub mod served_by {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "cache", "flight", "dependency", "fallback"];
    /// A cache.
    pub const CACHE: u8 = 1;
    /// Another request for the same key that was already under way.
    pub const FLIGHT: u8 = 2;
    /// The dependency.
    pub const DEPENDENCY: u8 = 3;
    /// A fallback.
    pub const FALLBACK: u8 = 4;
}

/// What the cache said. Index into the words of `cache`.
pub mod cache {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "hit", "miss"];
    /// Found.
    pub const HIT: u8 = 1;
    /// Not found, see `miss`.
    pub const MISS: u8 = 2;
}

/// Whether a request is within a promise. Index into the words of `quota`.
pub mod quota {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "under", "over"];
    /// Within it.
    pub const UNDER: u8 = 1;
    /// Beyond it.
    pub const OVER: u8 = 2;
}

/// What the parser said. Index into the words of `parse_error`.
pub mod parsed {
    /// The words of the column.
    pub const WORDS: &[&str] = &[
        "",
        "missing_field",
        "wrong_type",
        "unknown_value",
        "truncated",
        "wrapped",
        "syntax",
        "unknown_field",
        "too_large",
        "repaired",
        "adapted",
        "fallback",
        "wrong_format",
    ];
    /// A field is not there that must be.
    pub const MISSING_FIELD: u8 = 1;
    /// A field is of another type.
    pub const WRONG_TYPE: u8 = 2;
    /// A field has a value that is not known.
    pub const UNKNOWN_VALUE: u8 = 3;
    /// It ends early.
    pub const TRUNCATED: u8 = 4;
    /// Something stands around it.
    pub const WRAPPED: u8 = 5;
    /// It is not the format.
    pub const SYNTAX: u8 = 6;
    /// A field that the schema does not have.
    pub const UNKNOWN_FIELD: u8 = 7;
    /// Too large, or too deep.
    pub const TOO_LARGE: u8 = 8;
    /// Read after one repair: no failure.
    pub const REPAIRED: u8 = 9;
    /// Read by a compatibility mapping (an old name, a default, another type, a field passed over): no failure.
    pub const ADAPTED: u8 = 10;
    /// Read by the parser before this one, after this one had refused it: no failure.
    pub const FALLBACK: u8 = 11;
    /// A value is of the right type, written in another form. (The last word: recordings of before do not have it.)
    pub const WRONG_FORMAT: u8 = 12;
    /// Whether a word is a failure.
    pub const fn is_fault(word: u8) -> bool {
        word != 0 && (word < REPAIRED || word == WRONG_FORMAT)
    }
}

/// Where in the payload the bytes stop being readable. Index into the words of `parse_at`.
pub mod parsed_at {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "start", "middle", "end"];
    /// At the first byte.
    pub const START: u8 = 1;
    /// Within.
    pub const MIDDLE: u8 = 2;
    /// At the last byte.
    pub const END: u8 = 3;
}

/// Why the cache missed, as far as it knows. Index into the words of `miss`.
pub mod miss {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "never_seen", "expired", "evicted"];
    /// The key was not seen before (or so long ago that the cache forgot about it).
    pub const NEVER_SEEN: u8 = 1;
    /// It was there, and too old.
    pub const EXPIRED: u8 = 2;
    /// It was there, and had to make room.
    pub const EVICTED: u8 = 3;
}

/// How a call to a dependency ended. Index into the words of `result` in attempts.
pub mod result {
    /// The words of the column.
    pub const WORDS: &[&str] = &[
        "",
        "ok",
        "error",
        "timeout",
        "cancelled",
        "refused",
        "throttled",
    ];
    /// Answered.
    pub const OK: u8 = 1;
    /// Failed.
    pub const ERROR: u8 = 2;
    /// The caller gave up waiting.
    pub const TIMEOUT: u8 = 3;
    /// The caller was cancelled.
    pub const CANCELLED: u8 = 4;
    /// Never sent: no connection, or the breaker is open.
    pub const REFUSED: u8 = 5;
    /// The dependency asked for less traffic.
    pub const THROTTLED: u8 = 6;
}

table! {
    /// One try of a client.
    RequestRow, requests {
        op: u64, Count, "identity of the operation: the trace's row (retries of a client share it)";
        tries: u8, Count, "which try of the client this is, from 1";
        arrived: u64, Instant, "when the client sent it (its intended arrival)";
        latency: u64, Span, "from arrived to the answer, or to the client's leaving";
        flight_wait: u64, Span, "waiting for another request with the same key";
        queue_wait: u64, Span, "waiting for a worker";
        compute: u64, Span, "work in the service itself: parsing, key, cache look-up, own computation";
        pool_wait: u64, Span, "waiting for a connection to a dependency, all attempts together";
        backoff: u64, Span, "waiting between attempts";
        call: u64, Span, "time in dependencies, all attempts together, pool wait left out";
        attempts: u16, Count, "dependency calls made";
        outcome: u8, Word(outcome::WORDS), "how it ended, as the client saw it";
        served_by: u8, Word(served_by::WORDS), "where the answer came from";
        tenant: u32, Name("tenant"), "who pays";
        user: u32, Name("user"), "who asked";
        route: u32, Name("route"), "which endpoint";
        region: u32, Name("region"), "where";
        class: u32, Name("class"), "priority class";
        client: u32, Name("client"), "client version, schema or kind";
        model: u32, Name("model"), "model asked for";
        replica: u16, Ordinal, "which replica served it, from 1";
        process: u32, Ordinal, "which process, from 1: a restarted replica is a new process";
        service_version: u16, Ordinal, "version of the service's configuration that served it, from 1";
        parser_version: u16, Ordinal, "version of the parser, from 1";
        key_template: u16, Ordinal, "version of the cache key's template, from 1";
        serializer: u16, Ordinal, "version of the serializer behind the key, from 1";
        limiter_scope: u16, Ordinal, "version of the limiter's key, from 1";
        input_tokens: u32, Count, "tokens asked";
        output_tokens: u32, Count, "tokens answered";
        bytes: u64, Count, "size of the payload";
        deadline: u64, Span, "how long the client will wait, from arrived; 0 is for ever";
        disconnected: u8, Flag, "the client left";
        background: u8, Flag, "not a user's request: warming, audit";
        cold: u8, Flag, "first requests of a fresh process";
        h_raw: u64, Digest, "digest of the payload's bytes as sent";
        h_fields: u64, Digest, "digest of its fields, sorted, with raw values";
        h_canon: u64, Digest, "digest of its fields, sorted and fully normalised";
        h_key: u64, Digest, "digest of the cache key";
        cache: u8, Word(cache::WORDS), "what the cache said";
        miss: u8, Word(miss::WORDS), "why it missed";
        hit_age: u64, Span, "age of the entry at a hit";
        writer: u32, Ordinal, "process that wrote the entry that was hit";
        limiter_key: u64, Digest, "digest of the limiter's key";
        limiter_remaining: u32, Count, "what the limiter had left after the decision";
        parse_error: u8, Word(parsed::WORDS), "category of the parser's error; or that it had to repair, or to adapt";
        parse_path: u32, Name("parse_path"), "field that `parse_error` is about";
        shape: u64, Digest, "digest of the payload's names, types and enum classes; never of values";
        ttft: u64, Span, "from arrived to the answer's first token; 0 is none";
        itl: u64, Span, "between two tokens of the answer, in the mean; 0 is none";
        prefix_hit: u32, Count, "prompt tokens that an engine found in memory";
        reject: u16, Name("reject"), "which level of the limiter refused it, or its fallback";
        soft_reject: u16, Name("reject"), "which soft level of the limiter would have refused it";
        quota: u8, Word(quota::WORDS), "whether it was within what its tenant, or user, was promised";
        address: u64, Digest, "digest of the client's address, as the service saw it; 0 is not recorded";
        told: u8, Word(told::WORDS), "what the answer says of itself, whatever its status";
        honest: u8, Word(outcome::WORDS), "how it ended by the log of its sub-steps, whatever the answer says";
        steps_failed: u16, Count, "sub-steps without a result: failed, given up, or left out for what they wait for";
        items_sent: u32, Count, "items that the request brought to a bulk call";
        items_stored: u32, Count, "those that were stored";
        shards: u16, Count, "shards that a search asked";
        shards_ok: u16, Count, "those that answered";
        hits: u32, Count, "hits that a search found";
        end_marker: u8, Word(end_marker::WORDS), "whether the streamed answer of a dependency came to its end";
        parse_at: u8, Word(parsed_at::WORDS), "where in the payload the bytes stop being readable";
        unknown_fields: u8, Count, "fields of the payload that the parser does not know, passed over or refused";
        cpu: u64, Span, "CPU that it took, as work that is counted goes: without waits";
        core_wait: u64, Span, "waiting for a core";
        lock_wait: u64, Span, "waiting for a lock that is held while computing, the interpreter's included";
        work_size: u64, Count, "bytes of the longest text that was worked on for it";
    }
}

table! {
    /// One call to a dependency.
    AttemptRow, attempts {
        request: u64, Count, "row of the request in the table of requests";
        number: u16, Count, "which attempt of the request, from 1";
        step: u16, Name("step"), "step of the journey that made it";
        dependency: u16, Name("dependency"), "who was called";
        replica: u16, Ordinal, "replica that called";
        started: u64, Instant, "when it left the pool (or was refused)";
        pool_wait: u64, Span, "waiting for a connection";
        backoff: u64, Span, "waiting before this attempt";
        time: u64, Span, "from started to its end";
        result: u8, Word(result::WORDS), "how it ended";
        background: u8, Flag, "not on behalf of a user's request";
        connect: u64, Span, "opening the connection, part of `time`; 0: one lay idle";
        parse_error: u8, Word(parsed::WORDS), "category of the error of whoever read the answer, of a call that was answered; or that it had to be repaired";
        budget: u64, Span, "how long its caller waits for it at most, from started; 0 is for ever";
        meant: u8, Flag, "meant to be made to its end though its client has left, such as an audit record";
    }
}

/// What a look into a ledger of idempotency records found. Index into the words of `lookup` in writes.
pub mod lookup {
    /// The words of the column.
    pub const WORDS: &[&str] = &[
        "", "absent", "expired", "pending", "lapsed", "done", "failed",
    ];
    /// No record under this key, and none that is known to have been.
    pub const ABSENT: u8 = 1;
    /// None any more: it was kept long enough.
    pub const EXPIRED: u8 = 2;
    /// Somebody works on it.
    pub const PENDING: u8 = 3;
    /// Somebody did, and their lease has ended.
    pub const LAPSED: u8 = 4;
    /// It is written.
    pub const DONE: u8 = 5;
    /// It is not written, as far as the ledger knows.
    pub const FAILED: u8 = 6;
}

/// Which part of a write. Index into the words of `step` in writes.
pub mod part {
    /// The words of the column.
    pub const WORDS: &[&str] = &["", "write", "second"];
    /// The write itself.
    pub const WRITE: u8 = 1;
    /// What is done once it is written, such as an event.
    pub const SECOND: u8 = 2;
}

table! {
    /// One try of a write, as the service logs it, with what the books of whom it was sent to say of it.
    WriteRow, writes {
        op: u64, Count, "identity of the operation, as in requests";
        part: u8, Word(part::WORDS), "the write itself, or what is done once it is written";
        tries: u8, Count, "which try of the client it belongs to, from 1; 0 is none";
        number: u16, Count, "which try of the write in this visit, from 1";
        copy: u16, Count, "which copy of the request, or of the job, from 1";
        redelivered: u8, Flag, "its queue handed it out again";
        dependency: u16, Name("dependency"), "who is to write";
        replica: u16, Ordinal, "replica that tries; 0 is none";
        process: u32, Ordinal, "process that tries, from 1; 0 is none";
        started: u64, Instant, "when it began";
        time: u64, Span, "from started to its end";
        result: u8, Word(result::WORDS), "how it ended; ok without being sent: the ledger had it done";
        key: u64, Digest, "digest of its idempotency key; 0 is none";
        lookup: u8, Word(lookup::WORDS), "what the last look into the ledger found";
        record_age: u64, Span, "age of the record that was found";
        lease: u64, Span, "how long the ledger gave it the operation; 0 is for ever, or not at all";
        visibility: u64, Span, "how long its queue leaves it alone before it hands out another copy; 0 is for ever";
        asked: u8, Flag, "whoever it is sent to was asked first whether it is written";
        sent: u16, Count, "how often it was sent, by the log of whom it was sent to";
        commits: u16, Count, "how often it was written, by their books";
        landed: u64, Instant, "when it was written first, by their books";
    }
}

table! {
    /// One reading of a gauge.
    GaugeRow, gauges {
        time: u64, Instant, "when";
        gauge: u16, Name("gauge"), "what, such as queue.depth";
        replica: u16, Ordinal, "replica it belongs to; 0 is shared";
        value: f64, Real, "the reading";
    }
}

table! {
    /// One line of what operators see: a change log, never the faults.
    EventRow, events {
        time: u64, Instant, "when";
        event: u16, Name("event"), "what: deploy, restart, exit, scale, rollback, alert, warm, flush, unhealthy, healthy";
        replica: u16, Ordinal, "replica it happened to; 0 is all";
        version: u16, Ordinal, "service version that it brought, from 1";
        share: f64, Real, "share of the traffic that it applies to";
    }
}
