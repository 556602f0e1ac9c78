//! What has moved between two runs of the same traffic.

use super::{Baseline, Phase};
use crate::{
    gates::{Gate, Judgement, Verdict, find_scalar},
    indicators::{Measure, Unit, Worse, find},
};
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

/// Share by which a quantity may be worse. Nothing is uncertain about a smaller one; but durations are known to a part in a
/// thousand, percentiles of a window move by as much with any change of order, and nobody rolls back for less than this.
pub const TOLERANCE: f64 = 0.01;

/// Quantities that a verdict names.
const NAMED: usize = 3;

/// Indicators whose worsening breaks the gate whether a gate of the file is about them or not: what users feel, and what is
/// paid for. All others are told: an age at a hit that rises as a cache gets better is no regression. Of the latencies,
/// percentiles that the phase has [`BEYOND`] requests beyond.
const HELD: &[&str] = &[
    "latency.p50",
    "latency.p95",
    "latency.p99",
    "latency.p999",
    "latency.mean",
    "ttft.p50",
    "ttft.p95",
    "ttft.p99",
    "ttft.mean",
    "itl.p50",
    "itl.p95",
    "itl.p99",
    "itl.mean",
    "throughput",
    "success_rate",
    "error_rate",
    "parse.error_rate",
    "reject_rate",
    "hangup_rate",
    "degraded_rate",
    "users.harmed",
    "users.shut_out",
    "success.honest",
    "partial_failure_rate",
    "partial_failure_rate.hidden",
    "items.stored_share",
    "shards_ok",
    "cache.hit_rate",
    "cache.wrong_answers",
    "retry.amplification",
    "tries_per_op",
    "call.error_rate",
    "call.rate",
    "cpu.per_request.mean",
    "orphan.share",
];

/// Requests beyond a percentile below which it moves by tens of percent with any change of order: its standard error is a
/// third of the distance to the next percentile and more.
const BEYOND: f64 = 10.0;

/// How the gate is called.
pub const GATE: &str = "baseline";

/// What is missing where a whole phase is.
const PHASE: &str = "length of the phase";

/// The phase in which caches fill: what happens there is told.
const WARM_UP: &str = "warm-up";

/// The phase of what has one value a run.
const RUN: &str = "run";

/// Which way a quantity moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// For the worse, by more than the tolerance, or without data now; and it is one that is held.
    Breach,
    /// For the worse, by little, or one that is only told.
    Worse,
    /// For the better, or it is new.
    Better,
}

/// A quantity that moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The phase; `run` for what has one value a run.
    pub phase: String,
    /// An indicator, a scalar, or what a gate writes.
    pub quantity: String,
    /// ns, fractions, counts.
    pub was: Option<f64>,
    /// The same now.
    pub is: Option<f64>,
    /// Which way.
    pub way: Way,
    /// Whether a gate of the file is about it.
    pub gate: bool,
    #[serde(skip)]
    unit: Unit,
}

/// What moved between a baseline and a run.
#[derive(Clone, Debug, Serialize)]
pub struct Movement {
    /// Where the baseline stands, for people.
    pub baseline: String,
    /// Whether the recordings are the same to the byte.
    pub identical: bool,
    /// Share by which a quantity may be worse.
    pub tolerance: f64,
    /// Phases of either, in order, and `run`.
    pub phases: Vec<String>,
    /// What moved: first what breaches, of it what gates are about, and the largest change first.
    pub moved: Vec<Moved>,
}

impl Baseline {
    /// What has moved from this baseline to a run, with the gates that both were held to. `path` names the baseline.
    ///
    /// # Errors
    /// Runs of other traffic, in words.
    pub fn moved(
        &self,
        now: &Baseline,
        gates: &[Gate],
        tolerance: f64,
        path: &str,
    ) -> Result<Movement, String> {
        self.same_traffic(now)?;
        let ways: IndexMap<_, _> = gates.iter().flat_map(Gate::ways).collect();
        let both = self.phases.iter().chain(&now.phases);
        let names: IndexSet<&String> = both.map(|p| &p.name).collect();
        let mut moved = vec![];
        for name in &names {
            match (self.phase(name), now.phase(name)) {
                (Some(was), Some(is)) => between(was, is, &ways, tolerance, &mut moved),
                (was, is) => {
                    let length = |p: Option<&Phase>| p.map(|p| (p.to - p.from) as f64);
                    let step = Step {
                        phase: name,
                        quantity: PHASE,
                        unit: Unit::Nanos,
                        worse: Some(Worse::Lower),
                        gate: false,
                        held: true,
                    };
                    moved.extend(step.from(length(was), length(is), tolerance));
                }
            }
        }
        let scalars: IndexSet<&String> = self.scalars.keys().chain(now.scalars.keys()).collect();
        for name in scalars {
            let Some(scalar) = find_scalar(name) else {
                continue;
            };
            let mut named = gates.iter().flat_map(Gate::scalars);
            let step = Step {
                phase: RUN,
                quantity: name,
                unit: scalar.unit,
                worse: scalar.worse,
                gate: named.any(|s| s.name == *name),
                held: true,
            };
            let value = |of: &Baseline| of.scalars.get(name).copied();
            moved.extend(step.from(value(self), value(now), tolerance));
        }
        moved.sort_by(|a, b| {
            let rank = |m: &Moved| (m.way != Way::Breach, !m.gate, m.way as u8);
            rank(a).cmp(&rank(b)).then(b.size().total_cmp(&a.size()))
        });
        let mut phases: Vec<String> = names.into_iter().cloned().collect();
        phases.push(RUN.into());
        Ok(Movement {
            baseline: path.to_string(),
            identical: self.digest == now.digest,
            tolerance,
            phases,
            moved,
        })
    }

    /// Numbers of different traffic differ for no fault of the code.
    fn same_traffic(&self, now: &Baseline) -> Result<(), String> {
        let variant = |v: &Option<String>| v.clone().unwrap_or_else(|| "none".into());
        let facts = |b: &Baseline| {
            [
                ("incident", b.of.incident.clone()),
                ("variant", variant(&b.of.variant)),
                ("seed", b.of.seed.to_string()),
                ("trace", b.of.trace.clone()),
                (
                    "length of the trace",
                    crate::config::show_nanos(b.of.length),
                ),
            ]
        };
        for ((what, was), (_, is)) in facts(self).into_iter().zip(facts(now)) {
            if was != is {
                return Err(format!("it is of {what} {was}, and this run is of {is}"));
            }
        }
        Ok(())
    }
}

/// What moved in a phase that both have.
fn between(
    was: &Phase,
    is: &Phase,
    ways: &IndexMap<String, (Unit, Worse)>,
    tolerance: f64,
    moved: &mut Vec<Moved>,
) {
    let all = |of: &Phase| -> IndexMap<String, f64> {
        let values = of.gates.iter().chain(&of.indicators);
        values.map(|(name, value)| (name.clone(), *value)).collect()
    };
    let requests = was.requests().min(is.requests());
    let (before, after) = (all(was), all(is));
    let quantities: IndexSet<&String> = before.keys().chain(after.keys()).collect();
    for quantity in quantities {
        let listed = find(quantity);
        // A gate that is new says nothing about what was, nor one that is gone about what is.
        let Some((unit, worse)) = listed
            .map(|i| (i.unit, i.worse))
            .or_else(|| ways.get(quantity).copied())
        else {
            continue;
        };
        if listed.is_none() && !was.gates.contains_key(quantity) {
            continue;
        }
        let gate = ways.contains_key(quantity);
        let enough = match listed.map(|i| i.measure) {
            Some(Measure::Quantile(_, q)) => requests * (1.0 - q) >= BEYOND,
            _ => true,
        };
        let step = Step {
            phase: &was.name,
            quantity,
            unit,
            worse: Some(worse),
            gate,
            held: was.name != WARM_UP && (gate || enough && HELD.contains(&quantity.as_str())),
        };
        let value = |of: &IndexMap<String, f64>| of.get(quantity).copied();
        moved.extend(step.from(value(&before), value(&after), tolerance));
    }
}

/// A quantity between two runs.
struct Step<'a> {
    phase: &'a str,
    quantity: &'a str,
    unit: Unit,
    /// `None` where neither way is.
    worse: Option<Worse>,
    /// Whether a gate of the file is about it.
    gate: bool,
    /// Whether it breaks the gate `baseline`.
    held: bool,
}

impl Step<'_> {
    fn from(&self, was: Option<f64>, is: Option<f64>, tolerance: f64) -> Option<Moved> {
        let worse = self.worse?;
        let way = match (was, is) {
            (Some(was), Some(is)) if was == is => return None,
            (Some(was), Some(is)) => {
                let bad = (is > was) == (worse == Worse::Higher);
                let much = (is - was).abs() > tolerance * was.abs();
                match bad {
                    true if much && self.held => Way::Breach,
                    true => Way::Worse,
                    false => Way::Better,
                }
            }
            (Some(_), None) if self.held => Way::Breach,
            (Some(_), None) => Way::Worse,
            (None, Some(_)) => Way::Better,
            (None, None) => return None,
        };
        Some(Moved {
            phase: self.phase.into(),
            quantity: self.quantity.into(),
            was,
            is,
            way,
            gate: self.gate,
            unit: self.unit,
        })
    }
}

impl Moved {
    /// How large the change is: the distance of the logarithms; what came or went comes first.
    fn size(&self) -> f64 {
        match (self.was, self.is) {
            (Some(was), Some(is)) if was > 0.0 && is > 0.0 => libm::log(is / was).abs(),
            _ => f64::INFINITY,
        }
    }

    /// The value that it had, for people.
    pub fn was(&self) -> String {
        self.was.map_or("no data".into(), |v| self.unit.show(v))
    }

    /// The value that it has.
    pub fn is(&self) -> String {
        self.is.map_or("no data".into(), |v| self.unit.show(v))
    }

    /// By how much, of what it was: `+12.5%`, `x23`; empty where that says nothing.
    pub fn by(&self) -> String {
        match (self.was, self.is) {
            (Some(was), Some(is)) if was != 0.0 => {
                let ratio = is / was;
                if (0.0..10.0).contains(&ratio) {
                    let percent = (ratio - 1.0) * 100.0;
                    let digits =
                        usize::from(percent.abs() < 10.0) + usize::from(percent.abs() < 1.0);
                    format!("{percent:+.digits$}%")
                } else {
                    format!("x{ratio:.0}")
                }
            }
            _ => String::new(),
        }
    }

    fn words(&self) -> String {
        let by = self.by();
        let by = if by.is_empty() {
            by
        } else {
            format!(" ({by})")
        };
        format!("{} {} -> {}{by}", self.quantity, self.was(), self.is())
    }
}

impl Movement {
    /// Whether anything got worse by more than the tolerance.
    pub fn breached(&self) -> bool {
        self.moved.iter().any(|m| m.way == Way::Breach)
    }

    /// As verdicts of a gate, one a phase.
    pub fn judgements(&self) -> Vec<Judgement> {
        let expression = format!(
            "nothing that users feel, that is paid for or that a gate is about is worse than in {} by more than {}",
            self.baseline,
            crate::config::show_percent(self.tolerance)
        );
        let judgement = |phase: &String| {
            let of: Vec<&Moved> = self.moved.iter().filter(|m| m.phase == *phase).collect();
            let breaches: Vec<&&Moved> = of.iter().filter(|m| m.way == Way::Breach).collect();
            let shown = if breaches.is_empty() {
                vec![]
            } else {
                breaches
            };
            let detail = match (shown.len(), of.len()) {
                (0, 0) if self.identical => "exactly as it was".to_string(),
                (0, 0) => "no quantity moved".into(),
                (0, n) => format!("{n} moved, none that is held for the worse by that much"),
                (worse, n) => {
                    let named: Vec<String> = shown.iter().take(NAMED).map(|m| m.words()).collect();
                    format!("{}; {worse} worse of {n} that moved", named.join(", "))
                }
            };
            Judgement {
                gate: GATE.into(),
                expression: expression.clone(),
                phase: phase.clone(),
                verdict: if shown.is_empty() {
                    Verdict::Pass
                } else {
                    Verdict::Breach
                },
                detail,
            }
        };
        self.phases.iter().map(judgement).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_in_the_catalogue() {
        for name in HELD {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
