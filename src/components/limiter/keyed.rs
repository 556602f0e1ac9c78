//! What every limiter needs of its state: a slot a key, and never more slots than it may have.
//!
//! Two bounds. A slot whose state is the same as none (a full bucket, an empty log) is forgotten, at amortised O(1): the
//! table is only gone through once it has doubled. And a table that is full of slots in use gives newcomers one slot for all
//! of them: whoever sends a million made-up names shares one limit with all others that came too late, and memory stays.

use crate::{
    config::{At, Refusal},
    sim::hash::FixedState,
};
use hashbrown::HashMap;

/// Keys that a limiter remembers at most, unless it is told otherwise: some 36 MB.
pub(super) const MOST_KEYS: u64 = 1_000_000;

/// Slots by key.
pub(super) struct Keyed<S> {
    slots: HashMap<u64, S, FixedState>,
    /// What newcomers to a full table share.
    shared: S,
    most: usize,
    forgets: bool,
    /// Slots that the last sweep left.
    swept: usize,
    /// Newcomers to a full table since then.
    turned_away: usize,
}

impl<S: Default> Keyed<S> {
    pub fn new() -> Keyed<S> {
        Keyed {
            slots: HashMap::default(),
            shared: S::default(),
            most: 0,
            forgets: true,
            swept: 0,
            turned_away: 0,
        }
    }

    /// Sets the bounds. Slots that are there stay until they may be forgotten.
    ///
    /// # Errors
    /// No slot at all.
    pub fn bound(&mut self, most: u64, forgets: bool, at: &At) -> Result<(), Refusal> {
        if most == 0 {
            return Err(
                Refusal::at(at, "a limiter that may remember no key limits nobody")
                    .help("give max_keys of 1 or more"),
            );
        }
        self.most = usize::try_from(most).unwrap_or(usize::MAX);
        self.forgets = forgets;
        Ok(())
    }

    /// The slot of a key; `idle` says which slots are the same as none.
    #[inline]
    pub fn slot(&mut self, key: u64, idle: impl Fn(&S) -> bool) -> &mut S {
        if self.forgets {
            if self.slots.len() > 2 * self.swept + 64 {
                self.sweep(&idle);
            }
            if self.slots.len() >= self.most && !self.slots.contains_key(&key) {
                self.turned_away += 1;
                if self.turned_away > self.swept / 2 + 64 {
                    self.sweep(&idle);
                }
                if self.slots.len() >= self.most {
                    return &mut self.shared;
                }
            }
        }
        self.slots.entry(key).or_default()
    }

    #[cold]
    fn sweep(&mut self, idle: &impl Fn(&S) -> bool) {
        self.slots.retain(|_, slot| !idle(slot));
        (self.swept, self.turned_away) = (self.slots.len(), 0);
    }

    /// The slot that a key was given, if there is one.
    pub fn held(&mut self, key: u64) -> Option<&mut S> {
        let full = self.slots.len() >= self.most;
        match self.slots.get_mut(&key) {
            None if full => Some(&mut self.shared),
            held => held,
        }
    }

    /// All slots.
    pub fn all(&mut self) -> impl Iterator<Item = &mut S> {
        self.slots
            .values_mut()
            .chain(std::iter::once(&mut self.shared))
    }

    /// Keys remembered.
    pub fn len(&self) -> usize {
        self.slots.len()
    }
}

/// ns that the longest bucket or window may last: 146 years. Sums with any instant of a run stay far from the end of u64.
const LONGEST: u64 = 1 << 62;

/// ns a token, and ns of `burst` of them.
///
/// # Errors
/// A rate or a burst that lets nobody in, or fills in no lifetime.
pub(super) fn pace(rate: f64, burst: u64, what: &str, at: &At) -> Result<(u64, u64), Refusal> {
    if rate.is_nan() || rate <= 0.0 {
        return Err(
            Refusal::at(at, format!("a {what} with rate 0 never lets anybody in"))
                .help("give a rate above 0"),
        );
    }
    if burst == 0 {
        return Err(
            Refusal::at(at, format!("a {what} with burst 0 never lets anybody in"))
                .help("give a burst of 1 or more"),
        );
    }
    let gap = ((1e9 / rate).round() as u64).max(1);
    match gap.checked_mul(burst).filter(|depth| *depth <= LONGEST) {
        Some(depth) => Ok((gap, depth)),
        None => Err(Refusal::at(
            at,
            format!("a {what} whose burst takes more than 146 years to come back"),
        )
        .help("give a smaller burst or a higher rate")),
    }
}
