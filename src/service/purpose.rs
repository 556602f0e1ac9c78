//! Purposes of dice in this room.

use crate::sim::dice::Purpose;

/// Which replica.
pub const BALANCE: Purpose = Purpose::named("balance");
/// On which side of a canary.
pub const CANARY: Purpose = Purpose::named("canary");
/// Whether an answer that was kept is worked out again.
pub const CHECK: Purpose = Purpose::named("check-answer");
/// How much earlier than its time to live an entry dies.
pub const TTL: Purpose = Purpose::named("ttl-jitter");
/// Whether an entry is renewed before it dies.
pub const EARLY: Purpose = Purpose::named("renew-early");
/// A worker's own work.
pub const COMPUTE: Purpose = Purpose::named("compute");
/// A dependency's time.
pub const CALL: Purpose = Purpose::named("call");
/// Whether a dependency fails.
pub const FAIL: Purpose = Purpose::named("call-fails");
/// Whether a dependency fails for a reason that does not pass.
pub const FAIL_CLASS: Purpose = Purpose::named("call-fails-otherwise");
/// How long opening a connection takes.
pub const CONNECT: Purpose = Purpose::named("connect");
/// Whether a connection is never given back.
pub const LEAK: Purpose = Purpose::named("connection-leak");
/// Whether a wait for a connection takes the slot along when it is cancelled.
pub const SLOT_LOST: Purpose = Purpose::named("slot-lost");
/// Whether a call that is cancelled keeps its connection.
pub const CONNECTION_KEPT: Purpose = Purpose::named("connection-kept");
/// How what a dependency writes is damaged.
pub const OUTPUT: Purpose = Purpose::named("output-defect");
/// Back-off between attempts.
pub const BACKOFF: Purpose = Purpose::named("backoff");
/// The way to a limiter's store and back.
pub const STORE: Purpose = Purpose::named("limiter-store");
/// Whether a limiter's store fails.
pub const STORE_FAILS: Purpose = Purpose::named("limiter-store-fails");
/// The time of a write.
pub const WRITE: Purpose = Purpose::named("write");
/// Whether a write fails.
pub const WRITE_FAILS: Purpose = Purpose::named("write-fails");
/// How long after it was taken a write is due.
pub const WRITE_DELAY: Purpose = Purpose::named("write-delay");
/// Which process takes another copy of a job.
pub const REDELIVER: Purpose = Purpose::named("redeliver");
/// The time of the second step of a write.
pub const SECOND: Purpose = Purpose::named("second-step");
/// Whether that fails.
pub const SECOND_FAILS: Purpose = Purpose::named("second-step-fails");
/// Whether a request comes twice.
pub const TWICE: Purpose = Purpose::named("comes-twice");
/// How good a document is for a question.
pub const RELEVANCE: Purpose = Purpose::named("relevance");
/// What a retriever knows and thinks of a document.
pub const RESULTS: Purpose = Purpose::named("results");
/// How long a client waits before it tries again.
pub const CLIENT: Purpose = Purpose::named("client-retry");
/// Whether a client sends again what was answered.
pub const REPLAY: Purpose = Purpose::named("client-replay");
/// How long after the answer.
pub const REPLAY_AFTER: Purpose = Purpose::named("client-replay-after");
/// Fields of an item.
pub const ITEM: Purpose = Purpose::named("item");
/// Whether an item fails.
pub const ITEM_FAILS: Purpose = Purpose::named("item-fails");
/// A shard's time.
pub const SHARD: Purpose = Purpose::named("shard");
/// Whether a shard fails.
pub const SHARD_FAILS: Purpose = Purpose::named("shard-fails");
/// How long a start waits before it reads.
pub const START_SPREAD: Purpose = Purpose::named("start-spread");
/// The time of what is read before a process serves.
pub const START_READ: Purpose = Purpose::named("start-read");
/// Whether that fails.
pub const START_FAILS: Purpose = Purpose::named("start-read-fails");
/// Hits in a shard.
pub const HITS: Purpose = Purpose::named("hits");
