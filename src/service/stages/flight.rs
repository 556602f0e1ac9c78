//! Single-flight: one request works, equal ones wait for it.

use crate::{
    components::flight::{self, Answer, End},
    recording::{RequestRow, outcome},
    service::{
        answers,
        journey::Visit,
        process::{InFlight, Landing, Process},
        spec::Scope,
        world::World,
    },
    sim::{
        Sim,
        sync::{Flights, Lead},
    },
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
pub(in crate::service) struct Leader<'a>(Option<Leading<'a>>);

struct Leading<'a> {
    lead: Flight<'a>,
    in_flight: &'a InFlight,
    sim: &'a Sim,
    key: u64,
    serial: u64,
    end: End,
    /// Its process, where the key outlives it.
    process: Option<&'a Process>,
}

impl Leader<'_> {
    /// Tells the followers how it ended, and what answer it was.
    pub fn land(mut self, end: u8, identity: impl FnOnce() -> u64) {
        if let Some(leading) = &mut self.0 {
            let content = identity();
            let answer = Answer { end, content };
            leading.end = match end {
                outcome::OK | outcome::DEGRADED => End::Well(answer),
                _ => End::Failed(answer),
            };
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        // The key goes before the news, so that nobody joins a flight that has landed.
        if let Some(mut l) = self.0.take() {
            // Who is dead removes nothing: the key is held until its lease ends.
            if l.process.is_some_and(|process| process.died.is_set()) {
                return;
            }
            let mut by_key = l.in_flight.by_key.borrow_mut();
            by_key.end(l.key, l.serial, l.end, l.sim.now());
            l.lead.set(by_key.news(l.end));
            drop(by_key);
            drop(l.lead);
        }
    }
}

/// What a follower fails with, where it fails with a leader who went away.
const CANCELLED: End = End::Gone(Answer {
    end: outcome::ERROR,
    content: 0,
});

/// Joins the flight of the key, or opens one.
pub(in crate::service) async fn join<'a>(
    w: &'a World<'_>,
    v: &'a Visit<'_>,
    key: u64,
    row: &mut RequestRow,
) -> Role<'a> {
    let Some(spec) = &v.version.spec.single_flight else {
        return Role::Lead(Leader(None));
    };
    let in_flight = &w.state(&v.process, spec.scope).in_flight;
    let joined = w.sim.now();
    loop {
        if spec.lookup > 0 {
            w.sim.sleep(spec.lookup).await;
        }
        let now = w.sim.now();
        let role = in_flight.by_key.borrow_mut().join(key, now);
        let id = match role {
            flight::Role::Follow(id) => id,
            flight::Role::Alone => return Role::Lead(Leader(None)),
            flight::Role::Told(answer) => {
                row.flight_wait = now - joined;
                return told(w, v, answer, row);
            }
            flight::Role::Lead => {
                // Look and then write: a second trip, and others come between.
                if spec.lookup > 0 && !spec.options.atomic {
                    w.sim.sleep(spec.lookup).await;
                }
                let now = w.sim.now();
                row.flight_wait = now - joined;
                let lead = in_flight.flights.lead(None);
                let open = in_flight.by_key.borrow_mut().try_open(key, lead.id(), now);
                let Some(serial) = open else { continue };
                return Role::Lead(Leader(Some(Leading {
                    lead,
                    in_flight,
                    sim: &w.sim,
                    key,
                    serial,
                    end: CANCELLED,
                    process: (spec.scope == Scope::Shared).then_some(&*v.process),
                })));
            }
        };
        if spec.poll > 0 {
            // Nobody tells those in other pods: they ask again.
            w.sim.sleep(spec.poll).await;
            continue;
        }
        // An entry goes before its flight lands; one whose flight is over is nobody's to wait for.
        let Some(follow) = in_flight.flights.follow(id) else {
            return Role::Lead(Leader(None));
        };
        // Nor does anybody wait for a leader that has lost the key: whoever asks first then leads.
        let until = in_flight.by_key.borrow().held_until(key);
        let landed = match until {
            u64::MAX => follow.await,
            until => w.sim.timeout_at(until, follow).await.unwrap_or(None),
        };
        row.flight_wait = w.sim.now() - joined;
        if let Some(answer) = landed {
            return told(w, v, answer, row);
        }
    }
}

fn told<'a>(w: &World<'_>, v: &Visit<'_>, answer: Answer, row: &RequestRow) -> Role<'a> {
    if answer.end == outcome::OK {
        answers::found(w, v, answer.content == answers::identity(w, v, row), 1);
    }
    Role::Follower(answer.end)
}
