//! Policies: plain state that is handed `now` (and dice, where it needs them) and returns a decision.
//!
//! A component knows no clock, no engine, no request: it sees the few numbers that its trait names, so the same code runs
//! in a replay, in a unit test and in production. Answers explain themselves as an operator's metrics would.
//! Each kind of component is a folder with its trait, its table of implementations and the laws that they keep.

pub mod autoscaler;
pub mod balancer;
pub mod breaker;
pub mod cache;
pub mod dag;
pub mod engine;
pub mod flight;
pub mod keys;
pub mod ledger;
pub mod limiter;
pub mod merge;
pub mod parser;
pub mod queue;
pub mod retry;
pub mod topk;
pub mod window;
pub mod work;

use crate::config::Kind;

/// A configuration that the field knows to be wrong. It breaks one law of its kind of component and keeps all others, and
/// the tests of the laws hold it to that.
#[derive(Clone, Copy, Debug)]
pub struct Flaw {
    /// What people call it, such as `refill-rounds-down`.
    pub name: &'static str,
    /// The implementation that can be set up so.
    pub kind: &'static str,
    /// The options that do it, as a TOML table without its braces, such as `refill = "truncating"`.
    pub options: &'static str,
    /// The law that it breaks: the name of a property in `laws.rs`.
    pub breaks: &'static str,
    /// Who found out: a question of the seed, or an issue of a real project.
    pub source: &'static str,
}

/// The flaws of every kind of component.
pub fn flaws() -> impl Iterator<Item = (&'static str, &'static Flaw)> {
    let all: &[(&'static str, &'static [Flaw])] = &[
        ("limiter", limiter::FLAWS),
        ("cache", cache::FLAWS),
        ("queue", queue::FLAWS),
        ("balancer", balancer::FLAWS),
        ("autoscaler", autoscaler::FLAWS),
        ("parser", parser::FLAWS),
        ("retry", retry::FLAWS),
        ("breaker", breaker::FLAWS),
        ("fan-out", dag::FLAWS),
        ("engine", engine::FLAWS),
        ("single-flight", flight::FLAWS),
        ("trending", topk::FLAWS),
        ("merge", merge::FLAWS),
        ("window", window::FLAWS),
        ("key", keys::FLAWS),
        ("ledger", ledger::FLAWS),
        ("work", work::FLAWS),
    ];
    all.iter()
        .flat_map(|(what, flaws)| flaws.iter().map(move |flaw| (*what, flaw)))
}

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
    /// How many replicas there should be.
    pub autoscalers: Vec<Kind<Box<dyn autoscaler::Autoscaler>>>,
    /// Readers of payloads.
    pub parsers: Vec<Kind<Box<dyn parser::Parser>>>,
    /// Circuit breakers.
    pub breakers: Vec<Kind<Box<dyn breaker::Breaker>>>,
    /// Lists of what is asked for most.
    pub trending: Vec<Kind<Box<dyn topk::TopK>>>,
    /// Mergers of ranked lists.
    pub mergers: Vec<Kind<Box<dyn merge::Merge>>>,
    /// Maxima of the last while.
    pub windows: Vec<Kind<Box<dyn window::Window>>>,
    /// Work whose cost is counted.
    pub works: Vec<Kind<Box<dyn work::Work>>>,
}

impl Default for Registry {
    /// What ships with the crate.
    fn default() -> Self {
        Registry {
            limiters: limiter::kinds(),
            caches: cache::kinds(),
            queues: queue::kinds(),
            balancers: balancer::kinds(),
            autoscalers: autoscaler::kinds(),
            parsers: parser::kinds(),
            breakers: breaker::kinds(),
            trending: topk::kinds(),
            mergers: merge::kinds(),
            windows: window::kinds(),
            works: work::kinds(),
        }
    }
}
