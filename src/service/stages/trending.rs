//! What is asked for most: each request is counted, and some are answered with the list.

use crate::service::{journey::Visit, stages::parse, world::World};

/// Counts the request; whether it asked for the list itself, which is an answer at once.
pub(in crate::service) fn see(w: &World<'_>, v: &Visit<'_>, key: u64) -> bool {
    let Some(spec) = &v.version.spec.trending else {
        return false;
    };
    let tags = w.tags.borrow();
    let asks = !spec.routes.is_empty() && spec.routes.contains(&tags.route.digest(v.request.route));
    if asks || v.background {
        return asks;
    }
    let key = match &spec.of {
        Some(of) => {
            let read = parse::in_its_place(v);
            of.key(&w.seen(v.request, read.as_deref(), &tags), v.process.seed)
        }
        None => key,
    };
    let state = w.state(&v.process, spec.scope);
    if let Some(trending) = state.trending.borrow_mut().as_mut() {
        trending.record(key, w.sim.now());
    }
    let judges = &mut *w.judges.borrow_mut();
    if let Some(judge) = judges.of(spec.scope, v.process.replica) {
        judge.record(key, w.sim.now());
    }
    false
}

/// Whether an answer to this key may enter the cache.
pub(in crate::service) fn admits(w: &World<'_>, v: &Visit<'_>, key: u64) -> bool {
    let Some(spec) = v.version.spec.trending.as_ref().filter(|s| s.admit) else {
        return true;
    };
    let state = w.state(&v.process, spec.scope);
    let mut trending = state.trending.borrow_mut();
    trending.as_mut().is_none_or(|t| t.lists(key, w.sim.now()))
}
