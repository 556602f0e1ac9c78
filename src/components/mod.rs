//! Policies: plain state that is handed `now` (and dice, where it needs them) and returns a decision.
//!
//! A component knows no clock, no engine, no request: it sees the few numbers that its trait names, so the same code runs
//! in a replay, in a unit test and in production. Answers explain themselves as an operator's metrics would.
//! Each kind of component is a folder with its trait, its table of implementations and the laws that they keep.

pub mod balancer;
pub mod cache;
pub mod keys;
pub mod limiter;
pub mod parser;
pub mod queue;
pub mod retry;

use crate::config::Kind;

/// The components that a file may name. A value, so that a user's crate can add its own.
pub struct Registry {
    /// Admission.
    pub limiters: Vec<Kind<Box<dyn limiter::RateLimiter>>>,
    /// Result caches.
    pub caches: Vec<Kind<Box<dyn cache::Cache>>>,
    /// Who is served next.
    pub queues: Vec<Kind<Box<dyn queue::Discipline>>>,
    /// Which replica takes a request.
    pub balancers: Vec<Kind<Box<dyn balancer::Balancer>>>,
    /// Readers of payloads.
    pub parsers: Vec<Kind<Box<dyn parser::Parser>>>,
}

impl Default for Registry {
    /// What ships with the crate.
    fn default() -> Self {
        Registry {
            limiters: limiter::kinds(),
            caches: cache::kinds(),
            queues: queue::kinds(),
            balancers: balancer::kinds(),
            parsers: parser::kinds(),
        }
    }
}
