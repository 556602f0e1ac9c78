//! Single-flight: one request works, equal ones wait for it.

use crate::{
    recording::{RequestRow, outcome},
    service::{
        answers,
        journey::Visit,
        process::{InFlight, Landing},
        world::World,
    },
    sim::sync::{Flights, Lead},
};

/// What a request is for others with the same key.
pub(in crate::service) enum Role<'a> {
    /// It works.
    Lead(Leader<'a>),
    /// Another one did; this is how it ended.
    Follower(u8),
}

/// The engine's half of a leader.
type Flight<'a> = Lead<&'a Flights<Landing>, Landing>;

/// One who works. Dropped on its way, it tells its followers that it is gone, and one of them takes over.
pub(in crate::service) struct Leader<'a>(Option<(Flight<'a>, &'a InFlight, u64)>);

impl Leader<'_> {
    /// Tells the followers how it ended, and what answer it was.
    pub fn land(mut self, end: u8, identity: impl FnOnce() -> u64) {
        if let Some((lead, _, _)) = &mut self.0 {
            lead.set(Some((end, identity())));
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        // The key goes before the news, so that nobody joins a flight that has landed.
        if let Some((lead, in_flight, key)) = self.0.take() {
            in_flight.by_key.borrow_mut().remove(&key);
            drop(lead);
        }
    }
}

/// Joins the flight of the key, or opens one.
pub(in crate::service) async fn join<'a>(
    w: &'a World<'_>,
    v: &'a Visit<'_>,
    key: u64,
    row: &mut RequestRow,
) -> Role<'a> {
    let Some(scope) = v.version.spec.single_flight else {
        return Role::Lead(Leader(None));
    };
    let in_flight = &w.state(&v.process, scope).in_flight;
    let joined = w.sim.now();
    loop {
        let known = in_flight.by_key.borrow().get(&key).copied();
        let Some(follow) = known.and_then(|id| in_flight.flights.follow(id)) else {
            let lead = in_flight.flights.lead(None);
            in_flight.by_key.borrow_mut().insert(key, lead.id());
            return Role::Lead(Leader(Some((lead, in_flight, key))));
        };
        let landed = follow.await;
        row.flight_wait = w.sim.now() - joined;
        if let Some((end, identity)) = landed {
            if end == outcome::OK {
                answers::found(w, v, identity == answers::identity(w, v, row), 1);
            }
            // What the leader's failure said of coming back was said to the leader.
            v.process.retry_after.set(0);
            return Role::Follower(end);
        }
    }
}
