//! The list of what is asked for most, as a service keeps it; and beside it an exact count of the same requests, which no
//! service has, to say how wrong the list is.

use super::{
    spec::{Part, Scope, ServiceSpec, TrendingSpec},
    version::same,
    world::World,
};
use crate::{
    components::{
        Registry,
        topk::{List, Ranked, TopK, judge},
    },
    config::{Refusal, pick},
    sim::hash::Set,
};

/// A component, with the list that it gave last.
pub struct Trending {
    part: Part,
    policy: Box<dyn TopK>,
    every: u64,
    list: List,
    listed: Set<u64>,
    /// When the list is made anew.
    due: u64,
}

impl Trending {
    /// A deploy reaches it, or it comes into being.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn tune(
        held: &mut Option<Box<Trending>>,
        spec: &TrendingSpec,
        registry: &Registry,
        now: u64,
        cold: bool,
    ) -> Result<(), Refusal> {
        if let Some(held) = held
            && held.part.kind == spec.part.kind
            && !cold
        {
            if !same(Some(&held.part.node), Some(&spec.part.node)) {
                held.policy.retune(&spec.part.node, now)?;
                (held.part, held.every, held.due) = (spec.part.clone(), spec.every, now);
            }
            return Ok(());
        }
        *held = Some(Box::new(Trending {
            policy: pick(&registry.trending, "trending list", &spec.part.node)?,
            part: spec.part.clone(),
            every: spec.every,
            list: List::default(),
            listed: Set::default(),
            due: now,
        }));
        Ok(())
    }

    /// A request for a key.
    pub fn record(&mut self, key: u64, now: u64) {
        self.policy.record(key, now);
    }

    /// The list, made anew where it is due.
    pub fn list(&mut self, now: u64) -> &List {
        if now >= self.due {
            self.list = self.policy.list(now);
            self.listed.clear();
            self.listed.extend(self.list.items.iter().map(|i| i.key));
            self.due = now.saturating_add(self.every);
        }
        &self.list
    }

    /// Whether a key stands on it.
    pub fn lists(&mut self, key: u64, now: u64) -> bool {
        self.list(now);
        self.listed.contains(&key)
    }

    /// Counts and places that it holds.
    pub fn held(&self) -> u64 {
        self.policy.held()
    }
}

/// Exact counts of what each list has seen, of the first version's window whatever is deployed: what users mean by
/// "of late" does not change with a deploy. One for what all replicas share, or one each; they outlive restarts.
pub(super) struct Judges {
    k: u64,
    of: Vec<Box<dyn TopK>>,
}

impl Judges {
    /// Judges of a run; none, when no version has a list.
    pub fn new<'a>(mut versions: impl Iterator<Item = &'a ServiceSpec>, replicas: u32) -> Judges {
        let Some(spec) = versions.find_map(|s| s.trending.as_ref()) else {
            return Judges { k: 0, of: vec![] };
        };
        let (window, panes) = spec.window;
        let each = (0..=replicas).map(|_| judge(spec.k, window, panes));
        Judges {
            k: spec.k,
            of: each.collect(),
        }
    }

    /// The one of a replica's own list, or of the shared one.
    pub fn of(&mut self, scope: Scope, replica: u16) -> Option<&mut Box<dyn TopK>> {
        let place = match scope {
            Scope::Shared => 0,
            Scope::Local => usize::from(replica),
        };
        self.of.get_mut(place)
    }
}

/// What is said of a list by one who counted exactly: of the list that is shown, whether it is the right one; of the counts
/// as they are now, whether they are right.
fn judged(
    trending: &mut Trending,
    judge: &mut dyn TopK,
    k: u64,
    now: u64,
    put: &mut dyn FnMut(&'static str, f64),
) {
    let truth = judge.list(now);
    let mut seen = |list: &List| -> Vec<u64> {
        let mut of = |key: u64| judge.count(key, now).map_or(0, |c| c.count);
        list.items.iter().map(|item| of(item.key)).collect()
    };
    if let Some(last) = truth.items.last() {
        // Equal counts belong as well; no more than k are asked for.
        let shown = seen(trending.list(now));
        let belong = shown.iter().filter(|n| **n >= last.count).count();
        let share = belong as f64 / (truth.items.len() as u64).min(k) as f64;
        put("trending.wrong", (1.0 - share).max(0.0));
    }
    let list = trending.policy.list(now);
    if list.items.is_empty() {
        return;
    }
    let seen = seen(&list);
    let share_of = |n: usize| n as f64 / list.items.len() as f64;
    let counted: u64 = list.items.iter().map(|i| i.count).sum();
    let true_counts: u64 = seen.iter().sum();
    let too_high = counted.saturating_sub(true_counts) as f64;
    put("trending.overcount", too_high / true_counts.max(1) as f64);
    let sure = list.items.iter().filter(|i| i.sure).count();
    put("trending.sure", share_of(sure));
    let bound = list.items.iter().map(|i| i.over + i.under).max();
    put("trending.bound", bound.unwrap_or(0) as f64);
    // Another window's counts say nothing of this one.
    if list.since == truth.since {
        let outside = |(i, n): &(&Ranked, &u64)| **n < i.count - i.over || **n > i.count + i.under;
        let outside = list.items.iter().zip(&seen).filter(outside).count();
        put("trending.false_bounds", share_of(outside));
    }
}

impl World<'_> {
    /// Reads the lists, and what is to be said of them.
    pub(super) fn look_at_lists(&self, put: &mut dyn FnMut(&'static str, u16, f64)) {
        let now = self.sim.now();
        let judges = &mut *self.judges.borrow_mut();
        let k = judges.k;
        if judges.of.is_empty() {
            return;
        }
        let processes = self.processes.borrow();
        let locals = processes
            .iter()
            .map(|p| (&p.state, Scope::Local, p.replica));
        let all = std::iter::once((&self.shared, Scope::Shared, 0)).chain(locals);
        for (state, scope, replica) in all {
            let mut held = state.trending.borrow_mut();
            let (Some(trending), Some(judge)) = (held.as_mut(), judges.of(scope, replica)) else {
                continue;
            };
            put("trending.entries", replica, trending.held() as f64);
            judged(trending, &mut **judge, k, now, &mut |gauge, value| {
                put(gauge, replica, value)
            });
        }
    }
}
