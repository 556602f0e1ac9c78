//! Opens when the share of failed calls in a sliding window is too high.
//!
//! The window is a ring of ten parts, so it slides by a tenth of its length. A pass carries the number of the breaker's
//! last change of position: what was sent before a change says nothing about the time after it, and is not counted.

use super::{Breaker, Pass, Position};
use crate::config::{At, Node, Options, Percent, Refusal, Span, Table};

crate::options! {
    /// Failure-ratio breaker.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FailureRatioOptions {
        /// Share of failed calls at which it opens.
        ratio: Percent = Percent(0.5), "50%";
        /// How far back calls count.
        window: Span = Span(10_000_000_000), "10s";
        /// Calls in the window below which it never opens.
        min_calls: u32 = 20, "20";
        /// How long it stays open before it lets a call through.
        open_for: Span = Span(5_000_000_000), "5s";
        /// Calls at once while it is half open.
        probes_at_once: u32 = 1, "1";
        /// Successes in a row that close it.
        successes: u32 = 1, "1";
    }
}

const PARTS: usize = 10;

/// Calls of one part of the window: which part of time, how many, how many failed.
#[derive(Clone, Copy, Default)]
struct Part {
    number: u64,
    calls: u64,
    failed: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until: u64 },
    HalfOpen { under_way: u32, well: u32 },
}

struct FailureRatio {
    options: FailureRatioOptions,
    state: State,
    /// Changes of position so far.
    changes: u64,
    ring: [Part; PARTS],
}

fn read(at: &At, table: &Table, taken: &[&str]) -> Result<FailureRatioOptions, Refusal> {
    let o = FailureRatioOptions::read_table(at, table, taken)?;
    let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
    let no = |name: &str, found: &str, help: &str| {
        Err(Refusal::at(place(name), found.to_string()).help(help.to_string()))
    };
    if o.ratio.0 <= 0.0 {
        return no(
            "ratio",
            "a breaker that opens at no failures at all never closes",
            "a share above 0%",
        );
    }
    if o.window.0 < PARTS as u64 {
        return no("window", "a window of no length", "such as \"10s\"");
    }
    if o.open_for.0 == 0 {
        return no(
            "open_for",
            "a breaker that is open for no time",
            "such as \"5s\"",
        );
    }
    if o.probes_at_once == 0 || o.successes == 0 {
        let name = if o.successes == 0 {
            "successes"
        } else {
            "probes_at_once"
        };
        return no(name, "a breaker that never closes again", "1 or more");
    }
    Ok(o)
}

pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Breaker>, Refusal> {
    Ok(Box::new(FailureRatio {
        options: read(at, table, taken)?,
        state: State::Closed,
        changes: 0,
        ring: Default::default(),
    }))
}

impl FailureRatio {
    fn go(&mut self, state: State) {
        self.state = state;
        self.changes += 1;
        self.ring = Default::default();
    }

    fn open(&mut self, now: u64) {
        self.go(State::Open {
            until: now.saturating_add(self.options.open_for.0),
        });
    }

    /// Counts a call, and opens when too many failed.
    fn count(&mut self, well: bool, now: u64) {
        let number = now / (self.options.window.0 / PARTS as u64);
        let part = &mut self.ring[(number % PARTS as u64) as usize];
        if part.number != number {
            *part = Part {
                number,
                ..Part::default()
            };
        }
        part.calls += 1;
        part.failed += u64::from(!well);
        let recent = |p: &&Part| number.saturating_sub(p.number) < PARTS as u64;
        let (calls, failed) = self
            .ring
            .iter()
            .filter(recent)
            .fold((0, 0), |(c, f), p| (c + p.calls, f + p.failed));
        if calls >= u64::from(self.options.min_calls)
            && failed > 0
            && failed as f64 >= self.options.ratio.0 * calls as f64
        {
            self.open(now);
        }
    }
}

impl Breaker for FailureRatio {
    fn admit(&mut self, now: u64) -> Option<Pass> {
        if let State::Open { until } = self.state
            && now >= until
        {
            self.go(State::HalfOpen {
                under_way: 0,
                well: 0,
            });
        }
        match &mut self.state {
            State::Closed => Some(Pass(self.changes)),
            State::Open { .. } => None,
            State::HalfOpen { under_way, .. } => {
                if *under_way >= self.options.probes_at_once {
                    return None;
                }
                *under_way += 1;
                Some(Pass(self.changes))
            }
        }
    }

    fn done(&mut self, pass: Pass, well: Option<bool>, now: u64) {
        if pass.0 != self.changes {
            return;
        }
        match (&mut self.state, well) {
            (State::Closed, Some(well)) => self.count(well, now),
            (State::HalfOpen { under_way, .. }, None) => *under_way = under_way.saturating_sub(1),
            (State::HalfOpen { .. }, Some(false)) => self.open(now),
            (State::HalfOpen { under_way, well }, Some(true)) => {
                *under_way = under_way.saturating_sub(1);
                *well += 1;
                if *well >= self.options.successes {
                    self.go(State::Closed);
                }
            }
            (State::Closed | State::Open { .. }, _) => {}
        }
    }

    fn position(&self, now: u64) -> Position {
        match self.state {
            State::Closed => Position::Closed,
            State::Open { until } if now < until => Position::Open,
            State::Open { .. } | State::HalfOpen { .. } => Position::HalfOpen,
        }
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        self.options = read(&options.at, options.table("the breaker")?, &["kind"])?;
        // Parts of another length cannot be compared; the position is kept.
        self.ring = Default::default();
        Ok(())
    }
}
