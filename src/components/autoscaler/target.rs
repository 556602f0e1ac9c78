//! A target for each replica: the load of all, divided by it.

use super::{Autoscaler, OF_SERVICE, Seen};
use crate::config::{At, Field, Node, Options, Percent, Refusal, Span, Table};
use std::collections::VecDeque;

crate::options! {
    /// Rules of an autoscaler.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Rules {
        /// The fewest replicas.
        min: u32 = 1, "1";
        /// The most replicas.
        max: u32 = 10, "10";
        /// Time between two decisions.
        interval: Span = Span(15_000_000_000), "15s";
        /// How old the load is that is decided on.
        lag: Span = Span(0), "0";
        /// Fewer replicas only when none of the decisions of the last while wanted more.
        cool_down: Span = Span(300_000_000_000), "5m";
        /// How far from the target nothing is done yet.
        tolerance: Percent = Percent(0.1), "10%";
    }
}

crate::options! {
    /// Target-utilisation autoscaler.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Utilisation {
        /// Share of a replica's workers that should be busy.
        target: Percent = Percent(0.6), "60%";
    }
}

crate::options! {
    /// Target-in-flight autoscaler.
    #[derive(Clone, Debug, PartialEq)]
    pub struct InFlight {
        /// Requests that a replica should have in hand.
        target: f64 = 10.0, "10";
    }
}

/// Replicas at most.
const MOST: u32 = 1000;

/// What the load is, and what of it one replica should bear.
#[derive(Clone, Copy, Debug)]
enum Target {
    Busy(f64),
    InFlight(f64),
}

struct TargetScaler {
    rules: Rules,
    target: Target,
    /// Replicas that the load called for, and when, ns; the newest last.
    loads: VecDeque<(u64, f64)>,
    /// Decisions of the cool-down, largest first: one is dropped when a later one is as large.
    wanted: VecDeque<(u64, u32)>,
}

pub fn utilisation_fields() -> Vec<Field> {
    [Utilisation::fields(), Rules::fields()].concat()
}

pub fn in_flight_fields() -> Vec<Field> {
    [InFlight::fields(), Rules::fields()].concat()
}

fn rules(at: &At, table: &Table) -> Result<Rules, Refusal> {
    let rules = Rules::read_table(at, table, &[&["kind", "target"], OF_SERVICE].concat())?;
    let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
    let no =
        |name: &str, found: String, help: String| Err(Refusal::at(place(name), found).help(help));
    if !(1..=MOST).contains(&rules.max) {
        let found = format!("{} replicas at most", rules.max);
        return no("max", found, format!("from 1 to {MOST}"));
    }
    if rules.min > rules.max {
        let found = format!("at least {} replicas and at most {}", rules.min, rules.max);
        return no("min", found, "`min` is `max` or less".into());
    }
    if rules.interval.0 < 100_000_000 {
        let help = "100ms or more; \"15s\" is usual".into();
        return no("interval", "it decides all the time".into(), help);
    }
    Ok(rules)
}

/// The options that are not its own: those of the rules and of the service.
fn others() -> Vec<&'static str> {
    let rules = Rules::fields().into_iter().map(|f| f.name);
    rules
        .chain(["kind"])
        .chain(OF_SERVICE.iter().copied())
        .collect()
}

fn positive(at: &At, table: &Table, target: f64) -> Result<f64, Refusal> {
    if target.is_finite() && target > 0.0 {
        return Ok(target);
    }
    let place = table.get("target").map_or(at, |entry| &entry.node.at);
    Err(Refusal::at(place, format!("a target of {target} for each replica")).help("more than 0"))
}

fn utilisation(at: &At, table: &Table) -> Result<Target, Refusal> {
    let target = Utilisation::read_table(at, table, &others())?.target.0;
    Ok(Target::Busy(positive(at, table, target)?))
}

fn in_flight(at: &At, table: &Table) -> Result<Target, Refusal> {
    let target = InFlight::read_table(at, table, &others())?.target;
    Ok(Target::InFlight(positive(at, table, target)?))
}

fn scaler(target: Target, rules: Rules) -> Box<dyn Autoscaler> {
    Box::new(TargetScaler {
        rules,
        target,
        loads: VecDeque::new(),
        wanted: VecDeque::new(),
    })
}

pub fn build_utilisation(
    at: &At,
    table: &Table,
    _: &[&str],
) -> Result<Box<dyn Autoscaler>, Refusal> {
    Ok(scaler(utilisation(at, table)?, rules(at, table)?))
}

pub fn build_in_flight(at: &At, table: &Table, _: &[&str]) -> Result<Box<dyn Autoscaler>, Refusal> {
    Ok(scaler(in_flight(at, table)?, rules(at, table)?))
}

impl TargetScaler {
    /// Replicas that this load calls for, not yet whole ones.
    fn call(&self, seen: &Seen) -> f64 {
        match self.target {
            Target::Busy(share) => seen.busy as f64 / (f64::from(seen.workers.max(1)) * share),
            Target::InFlight(each) => seen.in_flight as f64 / each,
        }
    }

    /// What the newest load that is old enough calls for; before there is any, what there is.
    fn known(&mut self, seen: &Seen, now: u64) -> f64 {
        self.loads.push_back((now, self.call(seen)));
        let until = now.saturating_sub(self.rules.lag.0);
        while self.loads.get(1).is_some_and(|(at, _)| *at <= until) {
            self.loads.pop_front();
        }
        match self.loads.front() {
            Some((at, load)) if *at <= until => *load,
            _ => f64::from(seen.replicas),
        }
    }
}

impl Autoscaler for TargetScaler {
    fn decide(&mut self, seen: &Seen, now: u64) -> u32 {
        let there = f64::from(seen.replicas);
        let called = self.known(seen, now);
        let near = (called - there).abs() <= there * self.rules.tolerance.0;
        let mut wanted = if near {
            seen.replicas
        } else {
            called.ceil().min(f64::from(MOST)) as u32
        };
        if seen.turned_away > 0 {
            wanted = wanted.max(1);
        }
        let wanted = wanted.clamp(self.rules.min, self.rules.max);
        while self.wanted.back().is_some_and(|(_, w)| *w <= wanted) {
            self.wanted.pop_back();
        }
        self.wanted.push_back((now, wanted));
        let since = now.saturating_sub(self.rules.cool_down.0);
        while self.wanted.len() > 1 && self.wanted.front().is_some_and(|(at, _)| *at < since) {
            self.wanted.pop_front();
        }
        let most = self.wanted.front().map_or(wanted, |(_, w)| *w);
        // What was wanted lately keeps replicas, it starts none.
        let kept = wanted.max(most.min(seen.replicas));
        kept.clamp(self.rules.min, self.rules.max)
    }

    fn interval(&self) -> u64 {
        self.rules.interval.0
    }

    fn retune(&mut self, options: &Node) -> Result<(), Refusal> {
        let empty = Table::new();
        let table = options.table("the autoscaler").unwrap_or(&empty);
        self.rules = rules(&options.at, table)?;
        self.target = match self.target {
            Target::Busy(_) => utilisation(&options.at, table)?,
            Target::InFlight(_) => in_flight(&options.at, table)?,
        };
        Ok(())
    }
}
