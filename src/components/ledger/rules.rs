//! What a ledger decides about one record, without where the record is kept: the ledger of a run and the durable ones ask
//! the same rules, and differ in how they keep what was decided.

use super::{Claim, Doubt, End, Failures, LedgerOptions, Record, State};
use crate::config::Span;

/// What is decided of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The record stays as it is, and the try is told this.
    Told(Claim),
    /// The record becomes the claimant's, PENDING under a token larger than all before it.
    Taken {
        /// When the operation was first written down, ns.
        since: u64,
        /// Until when the claimant owns it, ns.
        until: u64,
        /// An earlier holder may have written: the claimant is to ask first.
        doubt: bool,
    },
}

impl Record {
    /// Whether it still says anything: one that has ended counts for as long as it is kept.
    pub fn counts(&self, now: u64) -> bool {
        self.state == State::Pending || now < self.until
    }
}

impl LedgerOptions {
    /// What a try comes to that found this record, or none that counts.
    pub fn rule(&self, found: Option<Record>, now: u64) -> Ruling {
        let doubt = match found {
            None => false,
            Some(record) => match record.state {
                State::Done(result) => return Ruling::Told(Claim::Done(result)),
                State::Failed if self.failures == Failures::Final => {
                    return Ruling::Told(Claim::Failed);
                }
                State::Failed => false,
                State::Pending if now < record.until => {
                    return Ruling::Told(Claim::Busy(record.until));
                }
                State::Pending => self.doubt == Doubt::Ask,
            },
        };
        Ruling::Taken {
            since: found.map_or(now, |record| record.since),
            until: self.leased(now),
            doubt,
        }
    }

    /// What the record of a holder becomes by how its write ended, and until when (ns). `None`: it stays as it is, PENDING,
    /// and whoever comes next takes it over.
    pub fn end(&self, end: End, now: u64) -> (Option<State>, u64) {
        let kept = now.saturating_add(for_ever(self.ttl));
        match (end, self.doubt) {
            (End::Done(result), _) => (Some(State::Done(result)), kept),
            (End::Failed, _) | (End::Unknown, Doubt::RunAgain) => (Some(State::Failed), kept),
            (End::Unknown, Doubt::Ask) => (None, now),
        }
    }

    /// Until when a holder owns its operation that was heard of now, ns; `u64::MAX` is for ever.
    pub fn leased(&self, now: u64) -> u64 {
        now.saturating_add(for_ever(self.lease))
    }
}

/// ns; 0 in a file is for ever, `u64::MAX` here.
fn for_ever(span: Span) -> u64 {
    if span.0 == 0 { u64::MAX } else { span.0 }
}
