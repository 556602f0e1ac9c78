//! What a window counts: plain counters and one [`Sketch`] a stage.

use super::{distinct::Distinct, sketch::Sketch};
use crate::recording::{
    AttemptRow, RequestRow, attempts, cache, end_marker, miss, outcome, parsed, quota, requests,
    result, served_by, told,
};

/// A duration that windows summarise.
///
/// Those of requests are over the user requests that the service *took in*: a refused one (rejected, shed,
/// unavailable, not parsed) is answered in no time and would flatter them. One that failed, timed out or was left by
/// its client counts with the time that the client waited. A request that did not come to a stage counts there as 0,
/// so that the means of the stages add up to the mean of the latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table below says what each is")]
pub enum Stage {
    Latency,
    Service,
    QueueWait,
    FlightWait,
    PoolWait,
    Backoff,
    Compute,
    Call,
    HitAge,
    CallTime,
    Ttft,
    Itl,
    PrefixHit,
    Cpu,
    CoreWait,
    LockWait,
}

/// Stages, in the order of the enum.
pub(super) const STAGES: usize = Stage::ALL.len();

impl Stage {
    /// Every stage with its name.
    pub const ALL: &'static [(Stage, &'static str)] = &[
        (Stage::Latency, "latency"),
        (Stage::Service, "latency.service"),
        (Stage::QueueWait, "queue.wait"),
        (Stage::FlightWait, "flight.wait"),
        (Stage::PoolWait, "pool.wait"),
        (Stage::Backoff, "backoff"),
        (Stage::Compute, "compute"),
        (Stage::Call, "call"),
        (Stage::HitAge, "hit_age"),
        (Stage::CallTime, "call.time"),
        (Stage::Ttft, "ttft"),
        (Stage::Itl, "itl"),
        (Stage::PrefixHit, "prefix.hits"),
        (Stage::Cpu, "cpu.per_request"),
        (Stage::CoreWait, "cpu.wait"),
        (Stage::LockWait, "lock.wait"),
    ];

    /// The stage of this name.
    pub fn find(name: &str) -> Option<Stage> {
        let found = Stage::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(stage, _)| *stage)
    }

    /// Its name, such as `queue.wait`.
    pub fn name(self) -> &'static str {
        Stage::ALL[self as usize].1
    }

    /// The value of one request, if it counts for this stage; the same as a window takes.
    pub fn of(self, row: &RequestRow) -> Option<u64> {
        if row.background != 0 || refused(row) {
            return None;
        }
        match self {
            Stage::Latency => Some(row.latency),
            Stage::Service => Some(row.latency.saturating_sub(row.queue_wait)),
            Stage::QueueWait => Some(row.queue_wait),
            Stage::FlightWait => Some(row.flight_wait),
            Stage::PoolWait => Some(row.pool_wait),
            Stage::Backoff => Some(row.backoff),
            Stage::Compute => Some(row.compute),
            Stage::Call => Some(row.call),
            Stage::HitAge => (row.cache == cache::HIT).then_some(row.hit_age),
            Stage::CallTime => None,
            Stage::Ttft => (row.ttft > 0).then_some(row.ttft),
            Stage::Itl => (row.itl > 0).then_some(row.itl),
            Stage::PrefixHit => (row.ttft > 0).then_some(u64::from(row.prefix_hit)),
            Stage::Cpu => Some(row.cpu),
            Stage::CoreWait => Some(row.core_wait),
            Stage::LockWait => Some(row.lock_wait),
        }
    }

    /// Columns of requests that it is made of.
    pub(super) fn columns(self) -> &'static [usize] {
        match self {
            Stage::Latency => &[requests::latency],
            Stage::Service => &[requests::latency, requests::queue_wait],
            Stage::QueueWait => &[requests::queue_wait],
            Stage::FlightWait => &[requests::flight_wait],
            Stage::PoolWait => &[requests::pool_wait],
            Stage::Backoff => &[requests::backoff],
            Stage::Compute => &[requests::compute],
            Stage::Call => &[requests::call],
            Stage::HitAge => &[requests::hit_age, requests::cache],
            Stage::CallTime => &[],
            Stage::Ttft => &[requests::ttft],
            Stage::Itl => &[requests::itl],
            Stage::PrefixHit => &[requests::ttft, requests::prefix_hit],
            Stage::Cpu => &[requests::cpu],
            Stage::CoreWait => &[requests::core_wait],
            Stage::LockWait => &[requests::lock_wait],
        }
    }

    /// Columns of attempts that it is made of.
    pub(super) fn attempt_columns(self) -> &'static [usize] {
        match self {
            Stage::CallTime => &[attempts::started, attempts::time],
            _ => &[],
        }
    }
}

/// What an accumulator keeps besides its counters, which are always there: so that one for each of a thousand tenants
/// does not pay for what nobody asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(u32);

impl Parts {
    /// Counters alone.
    pub const NONE: Parts = Parts(0);
    /// Distinct keys and contents.
    pub const DISTINCT: Parts = Parts(1 << STAGES);
    /// Distinct users, by how their requests end. Not of [`ALL`](Self::ALL): kept where somebody asks for it.
    pub const USERS: Parts = Parts(1 << (STAGES + 1));
    /// Everything that is kept unasked.
    pub const ALL: Parts = Parts((1 << (STAGES + 1)) - 1);

    /// A stage's durations.
    pub const fn stage(stage: Stage) -> Parts {
        Parts(1 << stage as u32)
    }

    /// Both.
    #[must_use]
    pub const fn and(self, other: Parts) -> Parts {
        Parts(self.0 | other.0)
    }

    /// Whether all of `other` is kept.
    #[inline(always)]
    pub const fn keeps(self, other: Parts) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Numbers of counters.
pub(super) mod counter {
    /// By outcome, ten of them.
    pub const OUTCOME: usize = 0;
    /// By `served_by`, five.
    pub const SERVED_BY: usize = 10;
    /// By cache result, three.
    pub const CACHE: usize = 15;
    /// By reason of a miss, four.
    pub const MISS: usize = 18;
    /// By result of an attempt, seven.
    pub const RESULT: usize = 22;
    /// Payloads that the parser found fault with.
    pub const PARSE_ERRORS: usize = 29;
    /// First tries of operations.
    pub const FIRST: usize = 30;
    /// Attempts of all requests together.
    pub const ATTEMPTS: usize = 31;
    /// Requests with an attempt.
    pub const CALLERS: usize = 32;
    /// Requests to a fresh process.
    pub const COLD: usize = 33;
    /// Rows that no user asked for.
    pub const BACKGROUND: usize = 34;
    /// By what the parser said, thirteen.
    pub const PARSED: usize = 35;
    /// Requests within a promise.
    pub const UNDER_QUOTA: usize = 48;
    /// Those of them that were refused by a limiter.
    pub const UNDER_QUOTA_REJECTED: usize = 49;
    /// Requests beyond a promise.
    pub const OVER_QUOTA: usize = 50;
    /// Requests that a soft limit would have refused.
    pub const SOFT_REJECTED: usize = 51;
    /// By what the answer said of itself, four.
    pub const TOLD: usize = 52;
    /// Complete by the log of sub-steps.
    pub const WHOLE: usize = 56;
    /// Answered, and something is missing.
    pub const PARTIAL: usize = 57;
    /// Said to be complete, and something is missing.
    pub const HIDDEN: usize = 58;
    /// Sub-steps without a result.
    pub const STEPS_FAILED: usize = 59;
    /// Items sent.
    pub const ITEMS_SENT: usize = 60;
    /// Items stored.
    pub const ITEMS_STORED: usize = 61;
    /// Shards asked.
    pub const SHARDS: usize = 62;
    /// Shards that answered.
    pub const SHARDS_OK: usize = 63;
    /// Searches.
    pub const SEARCHES: usize = 64;
    /// Hits of searches.
    pub const HITS: usize = 65;
    /// By end marker, three.
    pub const END: usize = 66;
    /// How many counters there are.
    pub const ALL: usize = 69;
}

/// The columns of requests that a counter is made of.
pub(super) fn columns_of(number: usize) -> &'static [usize] {
    match number {
        counter::OUTCOME..counter::SERVED_BY => &[requests::outcome],
        counter::SERVED_BY..counter::CACHE => &[requests::served_by],
        counter::CACHE..counter::MISS => &[requests::cache],
        counter::MISS..counter::RESULT => &[requests::cache, requests::miss],
        counter::PARSE_ERRORS => &[requests::outcome, requests::parse_error],
        counter::UNDER_QUOTA | counter::OVER_QUOTA => &[requests::quota],
        counter::UNDER_QUOTA_REJECTED => &[requests::quota, requests::outcome],
        counter::SOFT_REJECTED => &[requests::soft_reject],
        counter::PARSED..counter::UNDER_QUOTA => &[requests::parse_error],

        counter::TOLD..counter::WHOLE => &[requests::told],
        counter::WHOLE => &[requests::honest],
        counter::PARTIAL => &[requests::honest, requests::outcome],
        counter::HIDDEN => &[requests::honest, requests::told],
        counter::STEPS_FAILED => &[requests::steps_failed],
        counter::ITEMS_SENT => &[requests::items_sent],
        counter::ITEMS_STORED => &[requests::items_stored],
        counter::SHARDS | counter::SEARCHES => &[requests::shards],
        counter::SHARDS_OK => &[requests::shards_ok],
        counter::HITS => &[requests::hits],
        counter::END..counter::ALL => &[requests::end_marker],
        counter::FIRST => &[requests::tries],
        counter::ATTEMPTS | counter::CALLERS => &[requests::attempts],
        counter::COLD => &[requests::cold],
        counter::BACKGROUND => &[requests::background],
        _ => &[],
    }
}

// The blocks above are as long as their lists of words.
const _: () = {
    assert!(outcome::WORDS.len() == counter::SERVED_BY - counter::OUTCOME);
    assert!(served_by::WORDS.len() == counter::CACHE - counter::SERVED_BY);
    assert!(cache::WORDS.len() == counter::MISS - counter::CACHE);
    assert!(miss::WORDS.len() == counter::RESULT - counter::MISS);
    assert!(result::WORDS.len() == counter::PARSE_ERRORS - counter::RESULT);
    assert!(parsed::WORDS.len() == counter::UNDER_QUOTA - counter::PARSED);
    assert!(told::WORDS.len() == counter::WHOLE - counter::TOLD);
    assert!(end_marker::WORDS.len() == counter::ALL - counter::END);
};

/// One window.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub counts: [u32; counter::ALL],
    pub stages: [Sketch; STAGES],
    /// Cache keys.
    pub keys: Distinct,
    /// Contents, normalised.
    pub contents: Distinct,
    /// Users, where they are counted.
    pub users: Option<Box<Users>>,
}

/// Who asked, and how that ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Users {
    /// All that asked.
    pub asked: Distinct,
    /// Those with an answer, in full or in part.
    pub answered: Distinct,
    /// Those with a request that failed, or that they gave up on.
    pub failed: Distinct,
}

impl Users {
    fn take(&mut self, row: &RequestRow) {
        if row.user == 0 || row.outcome == 0 {
            return;
        }
        let user = u64::from(row.tenant) << 32 | u64::from(row.user);
        self.asked.insert(user);
        match row.outcome {
            outcome::OK | outcome::DEGRADED => self.answered.insert(user),
            // A limiter's refusal is policy.
            outcome::REJECTED => {}
            _ => self.failed.insert(user),
        }
    }
}

/// A number of a word, or the last one for a number that has no word.
#[inline(always)]
fn word(number: u8, words: &[&str]) -> usize {
    usize::from(number).min(words.len() - 1)
}

/// Answered in no time, which would flatter the rest.
#[inline(always)]
fn refused(row: &RequestRow) -> bool {
    matches!(
        row.outcome,
        outcome::REJECTED | outcome::SHED | outcome::PARSE_ERROR | outcome::UNAVAILABLE
    )
}

/// What an answer is made of, where the service logs its sub-steps.
#[inline(never)]
fn parts_of_answer(counts: &mut [u32; counter::ALL], row: &RequestRow) {
    let whole = row.honest == outcome::OK;
    let answered = matches!(row.outcome, outcome::OK | outcome::DEGRADED);
    let mut add = |counter: usize, n: u32| counts[counter] = counts[counter].saturating_add(n);
    add(counter::TOLD + word(row.told, told::WORDS), 1);
    add(counter::WHOLE, u32::from(whole));
    add(counter::PARTIAL, u32::from(answered && !whole));
    let hidden = !whole && row.told == told::COMPLETE;
    add(counter::HIDDEN, u32::from(hidden));
    add(counter::STEPS_FAILED, u32::from(row.steps_failed));
    add(counter::ITEMS_SENT, row.items_sent);
    add(counter::ITEMS_STORED, row.items_stored);
    add(counter::SHARDS, u32::from(row.shards));
    add(counter::SHARDS_OK, u32::from(row.shards_ok));
    add(counter::SEARCHES, u32::from(row.shards > 0));
    add(counter::HITS, row.hits);
    add(counter::END + word(row.end_marker, end_marker::WORDS), 1);
}

/// Counts a user's request.
#[inline(always)]
fn count(counts: &mut [u32; counter::ALL], row: &RequestRow) {
    counts[counter::OUTCOME + word(row.outcome, outcome::WORDS)] += 1;
    counts[counter::SERVED_BY + word(row.served_by, served_by::WORDS)] += 1;
    counts[counter::CACHE + word(row.cache, cache::WORDS)] += 1;
    counts[counter::MISS + word(row.miss, miss::WORDS)] += 1;
    let unread = parsed::is_fault(row.parse_error) || row.outcome == outcome::PARSE_ERROR;
    counts[counter::PARSE_ERRORS] += u32::from(unread);
    counts[counter::PARSED + word(row.parse_error, parsed::WORDS)] += 1;
    counts[counter::FIRST] += u32::from(row.tries <= 1);
    counts[counter::ATTEMPTS] += u32::from(row.attempts);
    counts[counter::CALLERS] += u32::from(row.attempts > 0);
    if row.quota != 0 {
        let under = row.quota == quota::UNDER;
        let refused = under && row.outcome == outcome::REJECTED;
        counts[counter::UNDER_QUOTA] += u32::from(under);
        counts[counter::UNDER_QUOTA_REJECTED] += u32::from(refused);
        counts[counter::OVER_QUOTA] += u32::from(!under);
    }
    counts[counter::SOFT_REJECTED] += u32::from(row.soft_reject != 0);
    counts[counter::COLD] += u32::from(row.cold != 0);
    let of_parts = u32::from(row.honest | row.told | row.end_marker | (row.shards > 0) as u8);
    if of_parts | row.items_sent != 0 {
        parts_of_answer(counts, row);
    }
}

/// What one user's request adds to two sums of counters: those of a share that is watched as requests end.
pub(crate) fn sums(row: &RequestRow, of: &[usize], over: &[usize]) -> (u32, u32) {
    let mut counts = [0; counter::ALL];
    if row.background == 0 {
        count(&mut counts, row);
    }
    let sum = |which: &[usize]| which.iter().map(|&i| counts[i]).sum();
    (sum(of), sum(over))
}

/// Whether counters are of requests, and not of their calls.
pub(crate) fn of_requests(which: &[usize]) -> bool {
    which
        .iter()
        .all(|i| !(counter::RESULT..counter::PARSE_ERRORS).contains(i))
}

impl Cell {
    /// An empty window, its sketches with rooms of windows that are over.
    pub fn new(rooms: &mut Vec<Vec<u16>>) -> Cell {
        Cell {
            counts: [0; counter::ALL],
            stages: std::array::from_fn(|_| Sketch::with_room(rooms.pop().unwrap_or_default())),
            keys: Distinct::default(),
            contents: Distinct::default(),
            users: None,
        }
    }

    #[inline]
    pub fn request(&mut self, row: &RequestRow, parts: Parts) {
        if row.background != 0 {
            self.counts[counter::BACKGROUND] += 1;
            return;
        }
        count(&mut self.counts, row);
        if parts.keeps(Parts::DISTINCT) {
            self.keys.insert(row.h_key);
            self.contents.insert(row.h_canon);
        }
        if parts.keeps(Parts::USERS) {
            self.users.get_or_insert_default().take(row);
        }
        if refused(row) {
            return;
        }
        let mut put = |stage: Stage, value: u64| {
            if parts.keeps(Parts::stage(stage)) {
                self.stages[stage as usize].push(value);
            }
        };
        put(Stage::Latency, row.latency);
        put(Stage::Service, row.latency.saturating_sub(row.queue_wait));
        put(Stage::QueueWait, row.queue_wait);
        put(Stage::FlightWait, row.flight_wait);
        put(Stage::PoolWait, row.pool_wait);
        put(Stage::Backoff, row.backoff);
        put(Stage::Compute, row.compute);
        put(Stage::Call, row.call);
        put(Stage::Cpu, row.cpu);
        put(Stage::CoreWait, row.core_wait);
        put(Stage::LockWait, row.lock_wait);
        if row.cache == cache::HIT {
            put(Stage::HitAge, row.hit_age);
        }
        // Answers that came token by token. One token has no next.
        if row.ttft > 0 {
            put(Stage::Ttft, row.ttft);
            put(Stage::PrefixHit, u64::from(row.prefix_hit));
        }
        if row.itl > 0 {
            put(Stage::Itl, row.itl);
        }
    }

    #[inline]
    pub fn attempt(&mut self, row: &AttemptRow, parts: Parts) {
        if row.background != 0 {
            return;
        }
        self.counts[counter::RESULT + word(row.result, result::WORDS)] += 1;
        if parts.keeps(Parts::stage(Stage::CallTime)) {
            self.stages[Stage::CallTime as usize].push(row.time);
        }
    }

    /// The window is over; leaves the rooms of its sketches for the next.
    pub fn settle(&mut self, rooms: &mut Vec<Vec<u16>>) {
        let settled = self.stages.iter_mut().map(Sketch::settle);
        rooms.extend(settled.filter(|room| room.capacity() > 0));
    }
}
