//! The facts of an episode: what changed between the clean stretch before it and the episode itself, each a number with its
//! standard error. Causes (`causes/`) weigh facts and know nothing of recordings; facts know nothing of causes.

mod calls;
mod changes;
mod keys;
mod leavers;
pub mod looks;
mod missing;
mod operations;
mod pools;
mod reuse;
mod traffic;

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
    /// What happened at the onset.
    Timing,
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
    OneTenant: Arrivals, Share, "share of the growth of arrivals that comes from one tenant";
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
    /// Whether a deploy lies within the onset's interval.
    DeployAtOnset: Timing, Share, "a deploy at the onset";
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
    leavers::gather(view, spans, &mut evidence);
    pools::gather(view, spans, &mut evidence);
    operations::gather(view, spans, &mut evidence);
    keys::writing(&mut evidence);
    keys::seeding(&mut evidence);
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
