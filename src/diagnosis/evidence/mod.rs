//! The facts of an episode: what changed between the clean stretch before it and the episode itself, each a number with its
//! standard error. Causes (`causes/`) weigh facts and know nothing of recordings; facts know nothing of causes.

mod calls;
mod changes;
mod compound;
mod cpu;
mod keys;
mod late;
mod leavers;
pub mod limiter;
pub mod looks;
mod missing;
mod operations;
mod parts;
mod pools;
mod prefix;
pub mod queue;
mod reign;
mod reuse;
mod traffic;
mod unread;
mod young;

pub use changes::{Event, REACH, events};

use super::{
    contrast::Version,
    episode::Frame,
    series::What,
    stats::{Measure, difference, share},
    view::View,
};
use std::ops::Range;

/// A clean stretch before, and the episode itself.
#[derive(Clone, Debug)]
pub struct Spans {
    /// Healthy, ns.
    pub before: Range<u64>,
    /// The episode without its uncertain edges, ns.
    pub during: Range<u64>,
    /// The version that the episode is confined to, if it is.
    pub version: Option<Version>,
    /// Until when keys are compared, ns: past the end of an episode that healed by itself, for what changed is still so.
    pub keys_until: u64,
    /// Interval of the onset, ns.
    pub onset: Range<u64>,
    /// Whether keys or lifetimes were themselves seen to change.
    pub behind_misses: bool,
}

/// Facts of one group are different views of one thing, so a cause hears one vote a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// How much comes in, from whom.
    Arrivals,
    /// What comes in.
    Content,
    /// How keys relate to content.
    Keys,
    /// Which part of the content or of the request the key follows.
    Field,
    /// What the cache says and holds.
    Cache,
    /// How it goes on.
    Course,
    /// Calls to dependencies.
    Calls,
    /// Errors of calls.
    Errors,
    /// Which versions serve.
    Version,
    /// How often is tried.
    Tries,
    /// How soon is tried again.
    Haste,
    /// What serves.
    Serving,
    /// Starts of processes.
    Starts,
    /// Whose requests fail.
    Whose,
    /// What happened at the onset.
    Timing,
    /// Who waits while others are served.
    Starved,
    /// By which rule a queue serves.
    Rule,
    /// Whether waiting counts, and how far.
    Ageing,
    /// By which rule it served before.
    RuleBefore,
    /// Whose line it is.
    Line,
    /// Who works.
    Workers,
    /// How often one thing is tried.
    ManyTries,
    /// Whom a limiter refuses.
    Refusals,
    /// What was promised to them.
    Promise,
    /// Who shares a key of the limiter.
    Sharing,
    /// What the limit is, and what it is filled with.
    Limit,
    /// How much it holds.
    Capacity,
    /// Which of its parts refuses: a replica, a level, the end of a window.
    Part,
    /// What is wrong with what cannot be read.
    Unread,
    /// The form of what cannot be read: known before, or new.
    Shape,
    /// Which reader refuses, and since when.
    Reader,
    /// Whose cannot be read.
    Writer,
    /// How what cannot be read goes on.
    Spread,
    /// What an answer says of itself.
    Told,
    /// What it lacks.
    Lacks,
    /// How that came.
    Left,
    /// Who stood in.
    Stand,
    /// Work for those who have left.
    Orphans,
    /// What became of cancellations.
    Cancels,
    /// What goes on of a request.
    Handler,
    /// When what is done for nobody began.
    Started,
    /// Those who leave.
    Leavers,
    /// How long work may take.
    Budget,
    /// What is kept of requests that are over.
    Kept,
    /// What pools hold, and how large they are.
    Pools,
    /// Operations that are written twice, or in part.
    Operations,
    /// What the ledger said to those who wrote again.
    Ledger,
    /// Who handed out what was written again.
    Delivery,
    /// Whether most calls are slower, or few.
    Most,
    /// Where the slowest requests spend what they take longer.
    Parts,
    /// Processes that stand still.
    Still,
    /// Replicas that are wanted.
    Scaling,
    /// Waits in the queue of those who did nothing.
    Waits,
    /// How large requests are.
    Sizes,
    /// What size explains.
    BySize,
    /// Tries again.
    Again,
    /// Opening connections.
    Connect,
    /// Locks.
    Locks,
    /// CPU of a request.
    Cpu,
    /// Where in a profile it grew.
    Frame,
    /// How it grows with size.
    Slope,
    /// Which requests it falls on.
    Falls,
    /// Who holds the lock.
    Interpreter,
    /// Which replicas get requests.
    Service,
}

macro_rules! facts {
    ($( $(#[doc = $doc:literal])+ $fact:ident: $group:ident, $unit:ident, $text:literal; )+) => {
        /// A fact of an episode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fact { $( $(#[doc = $doc])+ $fact, )+ }

        impl Fact {
            /// All facts.
            pub const ALL: &'static [Fact] = &[$( Fact::$fact, )+];
            /// The group in which it votes.
            pub fn group(self) -> Group { match self { $( Fact::$fact => Group::$group, )+ } }
            /// What its number counts.
            pub fn unit(self) -> Unit { match self { $( Fact::$fact => Unit::$unit, )+ } }
            /// Its name, for files: `deploy_at_onset`.
            pub fn name(self) -> String { snake(match self { $( Fact::$fact => stringify!($fact), )+ }) }
            /// What it is, in words that its number follows.
            pub fn text(self) -> &'static str { match self { $( Fact::$fact => $text, )+ } }
        }
    };
}

/// What the number of a fact counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A difference of two shares.
    Points,
    /// A share.
    Share,
    /// The logarithm of a ratio.
    LnRatio,
    /// The logarithm of a number.
    LnCount,
}

facts! {
    /// ln ratio of the rate of arrivals.
    Arrivals: Arrivals, LnRatio, "arrivals changed by a factor of";
    /// Share of the growth of arrivals that comes from one tenant.
    OneTenant: Arrivals, Share, "share of the growth of arrivals that comes from one tenant, beyond its share of before";
    /// ln ratio of that tenant's own rate.
    TenantGrowth: Arrivals, LnRatio, "that tenant's own arrivals changed by a factor of";
    /// Share of requests that failed, more than before.
    Failing: Errors, Points, "failed requests, more than before";
    /// ln ratio of the p95 of latency.
    SlowTail: Course, LnRatio, "latency p95 changed by a factor of";
    /// Miss share, more than before; or, where a cache was still filling then, more than the gaps between uses explain.
    Misses: Cache, Points, "cache misses, more than before, or than the contents asked for explain";
    /// Part of that which what is asked for explains: contents that come back later, or never did.
    FromTraffic: Content, Points, "misses that the mix of contents explains";
    /// Share of requests for contents not seen before, more than before.
    NewContent: Content, Points, "requests for content not seen recently, more than before";
    /// Part of the misses that keys explain: content that is known, under a key that is not.
    FromKeys: Keys, Points, "misses of known content under an unknown key";
    /// Part of the misses that the cache explains: a key that is known and would have hit before.
    FromCache: Cache, Points, "misses of keys that would have hit before";
    /// The same for keys asked for again within the episode.
    FromCacheAgain: Course, Points, "misses of keys already asked for within the episode, beyond the usual";
    /// The same for keys last asked for before it.
    FromCacheFirst: Cache, Points, "misses of keys last asked for before the episode, beyond the usual";
    /// Share of repeats of a content within the episode that come under another key than the last time.
    Split: Keys, Share, "repeats of a content that come under another key";
    /// Share of contents whose first key in the episode is not the last one before it.
    Rekeyed: Keys, Share, "contents known before whose key is another now";
    /// Share of late repeats of a content that bring yet another key.
    Novel: Course, Share, "late repeats of a content that bring yet another key";
    /// How well keys follow something that is new with every request, or a clock, or the user.
    RequestScoped: Field, Share, "keys follow something request-scoped, agreement";
    /// How well keys follow a tag with few values.
    Tag: Field, Share, "keys follow a tag with few values, agreement";
    /// How well keys follow the raw values of fields that are equal once normalised.
    RawValues: Field, Share, "keys follow how equal values are written, agreement";
    /// How well keys follow the bytes of payloads whose values are equal.
    RawBytes: Field, Share, "keys follow the bytes of equal fields, agreement";
    /// The better of two: keys follow bytes, or all keys are new under a serializer that is new.
    ByWriting: Keys, Share, "keys follow how the serializer writes, agreement";
    /// The better of two: keys follow the process, or all keys are new with a process that is new.
    BySeed: Keys, Share, "keys follow the process that made them, agreement";
    /// How well keys follow the process that made them.
    Process: Field, Share, "keys follow the process that serves, agreement";
    /// Expired misses, more than before.
    Expired: Cache, Points, "expired misses, more than before";
    /// Evicted misses, more than before.
    Evicted: Cache, Points, "evicted misses, more than before";
    /// Share of expired misses whose entry died at an age at which others used to hit.
    DiedYoung: Course, Share, "expired misses of entries that died at an age at which others used to hit";
    /// ln ratio of the oldest ages at a hit.
    OldestHit: Cache, LnRatio, "the oldest entries that still hit are of an age changed by a factor of";
    /// ln ratio of the entries in the cache.
    Entries: Cache, LnRatio, "entries in the cache changed by a factor of";
    /// ln ratio of the cache's limit.
    Limit: Cache, LnRatio, "the cache's limit changed by a factor of";
    /// Share of the excess of misses that went away by itself within the episode.
    Recovery: Course, Share, "excess misses that went away by themselves within the episode";
    /// Share of hits on entries written by another process, less than before.
    ForeignHits: Field, Points, "hits on entries that another process wrote, compared with before";
    /// Share of a prompt that an engine finds in memory, less than before.
    PrefixLess: Keys, Points, "of a prompt found in memory, less than before";
    /// ln ratio of the median time of a call.
    CallMedian: Calls, LnRatio, "median time of a call changed by a factor of";
    /// ln ratio of the p95 of the time of a call.
    CallTail: Calls, LnRatio, "p95 of the time of a call changed by a factor of";
    /// How much slower calls are, in units of what is noticeable (median x1.15 or p95 x1.2), the larger of the two.
    CallSlower: Calls, LnCount, "calls slower, in units of the least that is noticeable:";
    /// Share of calls that fail, more than before.
    CallErrors: Errors, Points, "failed calls, more than before";
    /// Share of the episode's requests under a key template not seen before.
    NewTemplate: Version, Share, "requests under a key template that is new";
    /// Share of the episode's requests under a serializer not seen before.
    NewSerializer: Version, Share, "requests under a serializer that is new";
    /// Share of the episode's requests under a service version not seen before.
    NewVersion: Version, Share, "requests served by a version that is new";
    /// Share of the episode's requests served by a process that started at the onset.
    NewProcess: Timing, Share, "requests served by processes that are new";
    /// Share of requests for which a dependency works on after their client has left, more than before.
    Orphans: Orphans, Points, "requests worked on after their client had left, more than before";
    /// Of those who left in the middle of a call, the share whose call went on, more than before.
    LeaversOrphaned: Leavers, Points, "clients that left in the middle of a call which went on, more than before";
    /// Of these, the share without any call before the client left.
    StartedDead: Started, Share, "requests worked on after their client had left, whose first call began after that";
    /// Of those with a call under way when the client left, the share that began another call after it.
    StartedLater: Handler, Share, "orphaned requests that began another call after their client had left";
    /// Requests in flight beyond open ones, by requests that are worked on for nobody.
    HandlerGoesOn: Handler, Share, "handlers that go on, of requests that are worked on for nobody";
    /// Share of orphaned requests whose client's leaving never reached the handler.
    Untold: Cancels, Share, "of those worked on for nobody, whose handler was not told that the client had left";
    /// Share of orphaned requests whose call was sent a cancellation, and did not honour it.
    CancelSent: Cancels, Share, "of those worked on for nobody, whose call was sent a cancellation";
    /// Of such cancellations, the share that was received.
    CancelReceived: Cancels, Share, "cancellations not honoured that had been received";
    /// Share of calls twice as long as one in two hundred was before, more than before.
    LongCalls: Budget, Points, "calls twice as long as the longest before, more than before";
    /// Of these, the share that nobody bounded.
    NoBudget: Budget, Share, "such calls whose caller would have waited for ever";
    /// Records that were to be made and were not, by clients that left, more than before.
    RecordsKilled: Kept, Points, "records not made of clients that left, more than before";
    /// Readings of registries with entries of requests that are over, more than before.
    Listed: Kept, Points, "readings of a registry with entries of requests that are over, more than before";
    /// Readings of pools with connections in use by no call, more than before.
    Held: Pools, Points, "readings of a pool with connections in use by no call, more than before";
    /// Nats by which such connections follow cancelled calls, rather than those that ended.
    HeldByCancel: Handler, LnCount, "nats for connections kept after cancelled calls rather than after all calls:";
    /// Readings of pools that are smaller than they were, more than before.
    PoolSmaller: Pools, Points, "readings of a pool that is smaller than it was, more than before";
    /// Largest step of the size of a pool beyond one, as a share of how much it lost.
    SmallerAtOnce: Handler, Share, "of what a pool lost of its size, in one step";
    /// Share of operations written more than once, more than before.
    Repeats: Operations, Points, "operations written more than once, more than before";
    /// Share of operations under a key that stood for another one, more than before.
    SharedKeys: Operations, Points, "operations under the key of another one, more than before";
    /// Share of writes without their second step, more than before.
    Unpublished: Operations, Points, "writes without their second step, more than before";
    /// Of what is written again: under another key.
    AgainOtherKey: Ledger, Share, "written again under another key";
    /// Of what is written again: by one try that was sent on more than once.
    AgainSentOn: Delivery, Share, "written again by one try, which was sent on more than once";
    /// Of what is written again: the record had been kept long enough.
    AgainExpired: Ledger, Share, "written again after the record of the first had expired";
    /// Of what is written again: both looked at once, and neither found a record.
    AgainTogether: Ledger, Share, "written again by one that looked in the same instant and found no record";
    /// Of what is written again: there was no record, though the first had begun long before.
    AgainForgotten: Ledger, Share, "written again where the ledger knew nothing of the first";
    /// Of what is written again: the lease of one who was still at work had ended.
    AgainLapsed: Ledger, Share, "written again while the first was at work, its lease over";
    /// Of what is written again: the first had been taken for failed.
    AgainInDoubt: Ledger, Share, "written again where nobody asked what had become of the first";
    /// Of what is written again: its queue had handed it out again, and no ledger was in the way or the queue waits less than before.
    AgainHandedOut: Delivery, Share, "written again because a queue handed it out again";
    /// ln ratio of calls a request.
    Amplification: Tries, LnRatio, "calls a request changed by a factor of";
    /// Share of calls whose caller gave up, more than before.
    CallTimeouts: Errors, Points, "calls given up for want of an answer, more than before";
    /// Of the calls that are made again, the share that hardly waited.
    HastyRetries: Haste, Share, "calls made again that hardly waited";
    /// Share of what serves that is gone.
    CapacityLess: Serving, Share, "of what serves is gone";
    /// ln of one and the processes that died, beyond the usual.
    Deaths: Serving, LnCount, "processes that died, one and so many times the usual:";
    /// ln of one and the starts that failed.
    FailedStarts: Starts, LnCount, "starts that failed, and one:";
    /// How far failures belong to users or contents, whatever their tags.
    ByKey: Whose, Share, "failures belong to certain users or contents, whatever their tags, by";
    /// Whether a deploy lies within the onset's interval.
    DeployAtOnset: Timing, Share, "a deploy at the onset";
    /// Share of turns that pass over somebody of another class who has waited long, more than before.
    PassedOver: Starved, Points, "turns that pass over who has waited long, more than before";
    /// Share of requests of the class that goes first which wait, more than before.
    UrgentWaits: Starved, Points, "requests of the class that goes first which wait, more than before";
    /// ln ratio of the wait for a worker, p95.
    QueueWait: Course, LnRatio, "wait for a worker, p95, changed by a factor of";
    /// Share of turns that go to who has waited longest.
    ServedByAge: Rule, Share, "turns that go to who has waited longest";
    /// The same, more than before.
    AgeBefore: RuleBefore, Points, "turns that go to who has waited longest, more than before";
    /// Of the turns at which the longest line is not the oldest, those that it gets.
    LengthOverAge: Rule, Share, "turns of the longest line where another has waited longer";
    /// Agreement of turns with one order of the classes, of the pair that agrees least.
    StrictOrder: Rule, Share, "turns that agree with one order of classes";
    /// Share of the turns of the class that waits longest, while it and others wait.
    StarvedTurns: Starved, Share, "turns that the class gets which waits longest";
    /// The same, more than before.
    StarvedBefore: RuleBefore, Points, "turns that the class gets which waits longest, more than before";
    /// Before: its share beside one other class, more than beside several.
    CapBefore: RuleBefore, Points, "before, its turns beside one other class, more than beside several";
    /// How well a lead in waiting tells who is served.
    AgeingFits: Ageing, Share, "turns of that class that a lead in waiting tells rightly";
    /// How much better, if waiting counts up to some time only.
    CapFits: Ageing, Points, "told better if waiting counts up to a time only, by";
    /// Share of arrivals behind a line that is one producer's, more than before.
    Flooded: Line, Points, "arrivals behind a line that is one producer's, more than before";
    /// Of the time that the line is his, the share in which he sends no more than usual.
    Backlog: Line, Share, "time of that line in which he sends no more than usual";
    /// Share of readings with idle workers while somebody waits, more than before.
    IdleWaits: Workers, Points, "readings with idle workers while somebody waits, more than before";
    /// Share of readings with fewer workers of a class than it had, more than before.
    WorkersGone: Workers, Points, "readings with fewer workers of a class than it had, more than before";
    /// Share of requests that are tries beyond the fifth, more than before.
    ManyTries: ManyTries, Points, "tries beyond the fifth, more than before";
    /// Share of operations tried so often of which no try succeeded.
    NeverWell: ManyTries, Share, "operations tried so often that never succeed";
    /// Share of requests that a limiter refused, more than before.
    Refused: Refusals, Points, "requests that a limiter refused, more than before";
    /// ln ratio of what those ask who are refused, each by its refusals, beyond what the others do.
    RefusedDemand: Arrivals, LnRatio, "those who are refused ask more than before, beyond the others, by a factor of";
    /// Share of the refused that were within what was promised.
    RefusedUnder: Promise, Share, "refused requests that were within their quota";
    /// ln ratio of how many share the key of who is refused.
    KeySharing: Sharing, LnRatio, "those who share a limiter's key are more than before by a factor of";
    /// Where one of several levels refuses: the part of the traffic that it leaves alone.
    OneOfSeveral: Part, Share, "traffic that the refusing level, one of several, leaves alone";
    /// ln ratio of the rate that the limiter grants.
    LimitRate: Limit, LnRatio, "the rate that the limiter grants changed by a factor of";
    /// ln ratio of the burst that the limiter grants.
    LimitBurst: Capacity, LnRatio, "the burst that the limiter grants changed by a factor of";
    /// ln ratio of what buckets gave between refusals to what they should have been filled with.
    RefillShort: Limit, LnRatio, "what empty buckets gave, of what they should have been filled with, a factor of";
    /// How much more or less one replica refuses of the same people's requests.
    RefusedByReplica: Part, Points, "refusals at one replica, apart from the others' of the same people";
    /// Whether each replica keeps a share of the limit, for people whom it serves alone.
    Divided: Part, Share, "each replica keeps a share of the limit for those whom it serves";
    /// How much more is refused until the end of a window than in the next one.
    WindowEdge: Part, Points, "refused again within the same window, more than in the next one";
    /// Share of requests that cannot be read, or whose answer cannot, more than before.
    Unread: Errors, Points, "what cannot be read, more than before";
    /// Part of that which lacks a field.
    UnreadMissing: Unread, Share, "of what cannot be read, a field is missing in";
    /// Part with a value of another type.
    UnreadType: Unread, Share, "of what cannot be read, a value is of another type in";
    /// Part with a value that is not known.
    UnreadValue: Unread, Share, "of what cannot be read, a value is not known in";
    /// Part with a value of the right type in another form.
    UnreadFormat: Unread, Share, "of what cannot be read, a value is written in another form in";
    /// Part that ends early.
    UnreadCut: Unread, Share, "of what cannot be read, so much ends early:";
    /// Part with something around it.
    UnreadWrapped: Unread, Share, "of what cannot be read, something stands around";
    /// Part whose bytes break within.
    UnreadBroken: Unread, Share, "of what cannot be read, the bytes break within";
    /// Part refused by a reader that is new.
    ByNewReader: Reader, Share, "of what cannot be read, a reader that is new refuses";
    /// Part whose shape was read before.
    ShapeKnown: Shape, Share, "of what cannot be read, the shape was read before in";
    /// Writer and reader go by different schemas: a name that the reader lacks, in the place of one that it wants; or another type or a new name with no new reader.
    Apart: Writer, Share, "of what cannot be read, the writer goes by another schema in";
    /// How far it is confined to one version of clients: 0 for as much as its traffic, 1 for all.
    OneClient: Writer, Share, "what cannot be read is confined to one version of clients by";
    /// Part of one version of clients that cannot be read, where that is the most.
    OfClient: Spread, Share, "of what that version of clients sends, cannot be read";
    /// Share of it that went away while the reader stayed.
    UnreadFalls: Spread, Share, "of what could not be read at first, so much went away while the reader stayed:";
    /// A strict reader that is ahead of its writers: what it refuses goes away as they follow, or is what they were free to send.
    Outpaced: Reader, Share, "a new reader refuses what its writers still send, and sooner or later stop sending:";
    /// Share of its last third that was not there in its first.
    UnreadRises: Course, Share, "of what cannot be read at last, so much was not so at first:";
    /// A value is written in another form: of what cannot be read, or of the items of one field that are refused.
    WrongForm: Unread, Share, "one field is refused for how it is written, and nothing else:";
    /// Share of answers that say they are complete and are not, more than before.
    Hidden: Told, Points, "answers that say they are complete and are not, more than before";
    /// Share of answers that lack a part, more than before.
    Lacking: Lacks, Points, "answers that lack something, more than before";
    /// Of the answers that hide it: a sub-step is not there.
    HiddenSteps: Lacks, Share, "of the answers that hide it, a step is missing in";
    /// Of the answers that hide it: items were not stored.
    HiddenItems: Lacks, Share, "of the answers that hide it, items were not stored in";
    /// Of the answers that hide it: shards did not answer.
    HiddenShards: Lacks, Share, "of the answers that hide it, shards are missing in";
    /// Of the answers that hide it: the stream did not come to its end.
    HiddenEnds: Lacks, Share, "of the answers that hide it, the end is missing in";
    /// Of the answers that hide it: a default stands for the whole.
    HiddenDefaults: Stand, Share, "of the answers that hide it, a default stands in for";
    /// Of the answers that lack a step: it was late, and did not fail.
    LeftOut: Left, Share, "of the answers that lack a step, it was late and did not fail in";
    /// Of the answers that lack a step: they came at one and the same time.
    AtDeadline: Course, Share, "of the answers that lack a step, at one and the same time came";
    /// Of the requests of which nothing succeeded: the answer says so.
    WholeSaid: Told, Share, "of the requests of which nothing succeeded, the answer says so in";
    /// How much slower most calls are, as a part of how much slower the slowest are (logarithms).
    CallMost: Most, Share, "of how much slower the slowest calls are, most calls are by";
    /// Of the growth of the time of a call, the part in opening its connection.
    PartConnect: Connect, Share, "of the growth of the time of a call lies in opening a connection";
    /// Of the growth of the slowest requests, the part in the queue.
    PartQueue: Parts, Share, "of the growth of the slowest requests lies in the wait for a worker";
    /// The part in waiting for a connection.
    PartPool: Parts, Share, "of the growth of the time that workers are held lies in the wait for a connection";
    /// The part in the service's own computation.
    PartCompute: Parts, Share, "of the growth of the slowest requests lies in the service's own computation";
    /// The part in waiting for a lock.
    PartLock: Locks, Share, "of the growth of the slowest requests lies in waits for a lock";
    /// Of requests slow beyond the usual number, those of cold processes.
    PartCold: Timing, Share, "of the slow requests beyond the usual number are of processes that are cold";
    /// Of requests slow beyond the usual number, those with a call that was tried again.
    PartRetried: Again, Share, "of the slow requests beyond the usual number had a call that was tried again";
    /// Long waits in the queue of tenants that did not grow, more than before.
    OthersWait: Waits, Points, "long waits in the queue of those that sent no more than before, more than before";
    /// ln ratio of the mean size.
    SizesGrew: Sizes, LnRatio, "the mean size of requests, or of their answers, changed by a factor of";
    /// Of the growth of the time of a call, what sizes explain.
    PartSize: BySize, Share, "of the growth of the time of a call is what such sizes always took";
    /// ln ratio of the p95 of the time between tokens of small requests.
    SmallSlower: Calls, LnRatio, "the time between tokens of small requests, p95, changed by a factor of";
    /// Readings of a quota of CPU that was spent, more than before.
    Throttled: Still, Points, "readings of a process whose quota of CPU was spent, more than before";
    /// Readings of a process that had stood still, more than before.
    Paused: Still, Points, "readings of a process that its runtime stopped, more than before";
    /// Readings of fewer replicas than wanted, more than before.
    Behind: Scaling, Points, "readings of fewer replicas than are wanted, more than before";
    /// ln ratio of the mean CPU of a request.
    CpuMore: Cpu, LnRatio, "CPU of a request changed by a factor of";
    /// The same beyond what its size explains, were all work linear.
    CpuGivenSize: Cpu, LnRatio, "CPU of a request beyond what its size explains, by a factor of";
    /// Of the CPU that came on top, the share in matching patterns.
    FrameMatch: Frame, Share, "of the CPU that came on top, in matching patterns";
    /// The same in comparing the items of a list.
    FrameFind: Frame, Share, "of the CPU that came on top, in looking items up";
    /// The same in reading an answer as it comes.
    FrameScan: Frame, Share, "of the CPU that came on top, in scanning an answer as it comes";
    /// The same in writing JSON.
    FrameWrite: Frame, Share, "of the CPU that came on top, in writing JSON";
    /// The same in parsing JSON.
    FrameParse: Frame, Share, "of the CPU that came on top, in parsing JSON";
    /// The same in building validators.
    FrameBuild: Frame, Share, "of the CPU that came on top, in building what could be kept";
    /// Power by which CPU of the place that grew most goes with the size of its jobs.
    SiteSlope: Slope, LnCount, "power of the size with which CPU goes at the place that grew most:";
    /// Share of the CPU that came on top which falls on one route, beyond that route's share of requests.
    OneRoute: Falls, Share, "of the CPU that came on top, on one route, beyond its share of requests";
    /// Share of that route's requests that cost far more than they used to.
    AllOfRoute: Falls, Share, "requests of that route that cost far more than before";
    /// Of those who wait for locks, the share that waits for the interpreter, or a thread.
    ForInterpreter: Interpreter, Share, "of those who wait for a lock, who wait for the interpreter's";
    /// Readings with fewer replicas in service, more than before.
    OutOfService: Service, Points, "readings with replicas out of service, more than before";
    /// Share of what replicas were asked for just before they were taken out that they did well, the worst route left out.
    ServedElse: Service, Share, "of other routes, done well by those that were then taken out";
}

/// `DeployAtOnset` as `deploy_at_onset`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// All facts of an episode, those that the recording can tell.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    facts: Vec<(Fact, Measure)>,
    /// The field that keys follow, in words.
    pub field: Option<String>,
    /// The tag that keys follow, in words.
    pub tag: Option<String>,
    /// The tenant whose arrivals grew most.
    pub tenant: Option<String>,
    /// The dependency whose calls changed most.
    pub dependency: Option<String>,
    /// What could not be told, and for want of what.
    pub limits: Vec<String>,
}

impl Evidence {
    /// The value of a fact; `None` when the recording cannot tell.
    pub fn get(&self, fact: Fact) -> Option<Measure> {
        self.facts.iter().find(|(f, _)| *f == fact).map(|(_, m)| *m)
    }

    /// All that are known, in the order of the catalogue.
    pub fn all(&self) -> impl Iterator<Item = (Fact, Measure)> + '_ {
        Fact::ALL
            .iter()
            .filter_map(|&fact| Some((fact, self.get(fact)?)))
    }

    /// Sets a fact, for tests of causes by hand too.
    pub fn put(&mut self, fact: Fact, measure: Option<Measure>) {
        if let Some(measure) = measure.filter(|m| m.value.is_finite() && m.se.is_finite()) {
            self.facts.retain(|(f, _)| *f != fact);
            self.facts.push((fact, measure));
        }
    }
}

/// Bad things of a mark in the episode, more than before; `None` where there are none to count.
fn points(view: &View, spans: &Spans, what: What) -> Option<Measure> {
    let all = view.marks.get(&what)?;
    let at = |t| all.partition_point(|x| x.time < t);
    let of = |span: &Range<u64>| {
        let of = &all[at(span.start)..at(span.end).max(at(span.start))];
        share(of.iter().filter(|x| x.bad).count() as f64, of.len() as f64)
    };
    Some(difference(of(&spans.during)?, of(&spans.before)?))
}

/// While a cache fills, misses fall by themselves and hide a rise. What keys and the cache add is told by the gap between uses,
/// so a filling cache does not hide it.
fn beyond_the_filling(evidence: &mut Evidence) {
    let [misses, keys, cache, traffic] = [
        Fact::Misses,
        Fact::FromKeys,
        Fact::FromCache,
        Fact::FromTraffic,
    ]
    .map(|fact| evidence.get(fact));
    let (Some(misses), Some(keys), Some(cache)) = (misses, keys, cache) else {
        return;
    };
    let inside = Measure::new(keys.value + cache.value, keys.se.hypot(cache.se));
    for beyond in [Some(inside), traffic].into_iter().flatten() {
        if beyond.shrunk() > misses.shrunk() {
            evidence.put(Fact::Misses, Some(beyond));
        }
    }
}

/// Gathers the facts of an episode.
pub fn gather(view: &View, frame: &Frame, spans: &Spans) -> Evidence {
    let mut evidence = Evidence::default();
    traffic::gather(view, frame, spans, &mut evidence);
    calls::gather(view, spans, &mut evidence);
    prefix::gather(view, spans, &mut evidence);
    compound::gather(view, spans, &mut evidence);
    missing::gather(view, frame, spans, &mut evidence);
    if let Some(looks) = looks::Looks::collect(view, spans, &mut evidence.limits) {
        reuse::gather(&looks, &mut evidence);
        keys::gather(view, &looks, &mut evidence);
    }
    if spans.behind_misses {
        beyond_the_filling(&mut evidence);
    }
    evidence.put(
        Fact::DiedYoung,
        crate::diagnosis::expiry::read(view, &spans.before, &spans.during).map(|e| e.young),
    );
    changes::gather(view, spans, &mut evidence);
    unread::gather(view, spans, &mut evidence);
    parts::gather(view, spans, &mut evidence);
    leavers::gather(view, spans, &mut evidence);
    pools::gather(view, spans, &mut evidence);
    operations::gather(view, spans, &mut evidence);
    late::gather(view, spans, &mut evidence);
    young::gather(view, spans, &mut evidence);
    cpu::gather(view, spans, &mut evidence);
    keys::writing(&mut evidence);
    keys::seeding(&mut evidence);
    limiter::gather(view, spans, &mut evidence);
    queue::gather(view, spans, &mut evidence);
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_named_in_files_as_columns_are() {
        assert_eq!(Fact::DeployAtOnset.name(), "deploy_at_onset");
        assert!(
            Fact::ALL
                .iter()
                .all(|f| f.name().chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        );
    }
}
