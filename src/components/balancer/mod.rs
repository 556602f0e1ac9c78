//! Load balancers: which replica takes a request.

use crate::config::{Kind, Refusal, Table};

/// What a balancer may know of a replica.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Its number.
    pub replica: u16,
    /// Requests that it has in hand.
    pub in_flight: u32,
}

/// Decides which replica takes a request.
pub trait Balancer {
    /// Picks one of `candidates` (never empty): an index into them. `dice` is this request's own random number;
    /// `affinity` gives the digest of its user, which most need not look up.
    fn pick(&mut self, candidates: &[Candidate], dice: u64, affinity: &dyn Fn() -> u64) -> usize;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Balancer>>> {
    vec![
        Kind {
            name: "random",
            summary: "each request its own dice",
            fields: Vec::new,
            build: |_, t, _| plain(t, Random),
        },
        Kind {
            name: "round-robin",
            summary: "in turn",
            fields: Vec::new,
            build: |_, t, _| plain(t, RoundRobin(0)),
        },
        Kind {
            name: "least-in-flight",
            summary: "the one with the fewest requests in hand, ties by dice",
            fields: Vec::new,
            build: |_, t, _| plain(t, LeastInFlight),
        },
        Kind {
            name: "sticky",
            summary: "by the hash of the user",
            fields: Vec::new,
            build: |_, t, _| plain(t, Sticky),
        },
    ]
}

fn plain(table: &Table, balancer: impl Balancer + 'static) -> Result<Box<dyn Balancer>, Refusal> {
    match table.iter().find(|(name, _)| *name != "kind") {
        Some((name, entry)) => Err(Refusal::at(
            &entry.key,
            format!("this balancer has no option \"{name}\""),
        )),
        None => Ok(Box::new(balancer)),
    }
}

/// `0..n` from 64 random bits, unbiased enough for any number of replicas (error below n / 2^64).
fn below(n: usize, bits: u64) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

struct Random;
impl Balancer for Random {
    fn pick(&mut self, candidates: &[Candidate], dice: u64, _: &dyn Fn() -> u64) -> usize {
        below(candidates.len(), dice)
    }
}

struct RoundRobin(usize);
impl Balancer for RoundRobin {
    fn pick(&mut self, candidates: &[Candidate], _: u64, _: &dyn Fn() -> u64) -> usize {
        self.0 = self.0.wrapping_add(1);
        self.0 % candidates.len()
    }
}

struct LeastInFlight;
impl Balancer for LeastInFlight {
    fn pick(&mut self, candidates: &[Candidate], dice: u64, _: &dyn Fn() -> u64) -> usize {
        let (mut least, mut ties) = (u32::MAX, 0);
        for candidate in candidates {
            if candidate.in_flight < least {
                (least, ties) = (candidate.in_flight, 0);
            }
            ties += usize::from(candidate.in_flight == least);
        }
        let least_busy = candidates
            .iter()
            .enumerate()
            .filter(|(_, c)| c.in_flight == least);
        let mut chosen = least_busy.skip(below(ties, dice));
        chosen.next().map_or(0, |(i, _)| i)
    }
}

struct Sticky;
impl Balancer for Sticky {
    /// Rendezvous hashing: a replica that goes away moves only its own users.
    fn pick(&mut self, candidates: &[Candidate], _: u64, affinity: &dyn Fn() -> u64) -> usize {
        let affinity = affinity();
        let score = |c: &Candidate| {
            crate::sim::hash::mix(affinity ^ crate::sim::hash::mix(u64::from(c.replica) + 1))
        };
        candidates
            .iter()
            .enumerate()
            .max_by_key(|(_, c)| score(c))
            .map_or(0, |(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::pick;
    use crate::config::{Node, Source};

    #[test]
    fn every_kind_picks_a_candidate_and_reaches_them_all() {
        let all: Vec<Candidate> = (1..=5)
            .map(|replica| Candidate {
                replica,
                in_flight: 0,
            })
            .collect();
        for kind in kinds() {
            let file =
                Node::parse(&Source::new("law.toml", format!("b = \"{}\"", kind.name))).unwrap();
            let mut balancer = pick(&kinds(), "balancer", file.get("b").unwrap()).unwrap();
            let mut seen = [0u32; 5];
            for i in 0..1000u64 {
                seen[balancer.pick(&all, crate::sim::hash::mix(i), &|| i)] += 1;
            }
            assert!(seen.iter().all(|&n| n > 100), "{}: {seen:?}", kind.name);
        }
    }

    #[test]
    fn least_in_flight_spares_the_busy() {
        let candidates = [3, 0, 7].map(|in_flight| Candidate {
            replica: 1,
            in_flight,
        });
        assert_eq!(LeastInFlight.pick(&candidates, u64::MAX, &|| 0), 1);
    }
}
