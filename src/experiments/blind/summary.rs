//! What many cases come to: one line a diagnoser and family, service, traffic and magnitude; calibration; confusion; misses.

use super::{
    limit::{self, Limit},
    score::Share,
    trial::Done,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Bounds of the magnitudes of the detection curve, in units of what is noticeable.
pub const MAGNITUDES: [f64; 7] = [0.1, 0.3, 0.6, 1.0, 1.5, 2.5, 5.0];

/// Sizes of stretches, in units of the least that matters.
pub const TIMES: [f64; 4] = [1.0, 1.5, 2.0, 3.0];

/// What one diagnoser came to over some cases.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    /// A true cause first.
    pub first: Share,
    /// A true cause among the first three.
    pub third: Share,
    /// Mean of AC@1 to AC@5.
    pub average: Share,
    /// An incident seen.
    pub seen: Share,
    /// Onsets within what they may be off, of those that were told.
    pub on_time: Share,
    /// Errors of onsets, s, ascending.
    #[serde(skip)]
    pub errors: Vec<f64>,
}

impl Line {
    fn add(&mut self, score: &super::Score) {
        self.first.add(score.at[0]);
        self.third.add(score.at[2]);
        self.average.add(score.at.iter().sum::<f64>() / 5.0);
        self.seen.add(f64::from(u8::from(score.seen)));
        if let Some(off) = score.off {
            self.on_time.add(f64::from(u8::from(score.on_time)));
            self.errors.push(off as f64 * 1e-9);
        }
    }

    /// A quantile of the errors of onsets, s.
    pub fn error(&self, q: f64) -> Option<f64> {
        let last = self.errors.len().checked_sub(1)?;
        Some(self.errors[(last as f64 * q).round() as usize])
    }
}

/// Answers of like confidence, and how many of them were right.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Calibration {
    /// Sum of the confidences.
    pub confidence: f64,
    /// Right ones of how many.
    pub right: Share,
}

/// A case that came out wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Miss {
    /// Its number.
    pub number: u64,
    /// Its family.
    pub family: String,
    /// What was true.
    pub truth: String,
    /// What was said; nothing: no incident.
    pub said: String,
    /// What users felt, in units of what is noticeable.
    pub effect: String,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Names of the diagnosers; ours is the first, where it was asked.
    pub diagnosers: Vec<String>,
    /// Noticeable incidents.
    pub incidents: u64,
    /// Draws that nobody would have noticed, or in whose stead the service without the cause was not healthy.
    pub redrawn: u64,
    /// Cases of which no draw was noticeable.
    pub given_up: u64,
    /// Requests a run, the median.
    pub requests: u64,
    /// Over all incidents, by diagnoser.
    pub all: Vec<Line>,
    /// False alarms on healthy runs, by diagnoser.
    pub alarms: Vec<Share>,
    /// By what (`family`, `cause`, `service`, `traffic`, `magnitude`), then by its value, then by diagnoser.
    pub by: BTreeMap<&'static str, BTreeMap<String, Vec<Line>>>,
    /// How large an effect must be for ours, by family, faint draws among them.
    pub limits: BTreeMap<String, Limit>,
    /// Ten bins of the first diagnoser's confidence.
    pub calibration: Vec<Calibration>,
    /// Expected calibration error: the mean distance of confidence and share of right answers.
    pub calibration_error: f64,
    /// With the true cause struck from the catalogue: `none-of-these` first.
    pub held_out: Share,
    /// The same in full: the true cause, what was named in its stead, how often.
    pub struck: BTreeMap<String, BTreeMap<String, u64>>,
    /// Of right answers: their evidence does not stand in the run without the cause.
    pub cited: Share,
    /// Of incidents with two causes: both found.
    pub both: Share,
    /// True cause, first answer of the first diagnoser, how often.
    pub confusion: BTreeMap<String, BTreeMap<String, u64>>,
    /// What the first diagnoser missed.
    pub misses: Vec<Miss>,
    /// By quantity, over healthy runs, for the stretches of at least [`TIMES`] the least size that matters: the largest Z of each
    /// run, at 99 %, 99.5 % and at most. The thresholds are read off these.
    pub loud: BTreeMap<&'static str, Vec<[f64; 3]>>,
    /// Healthy runs on which the first diagnoser alarmed: number and what it said.
    pub false_alarms: Vec<(u64, String)>,
}

/// Sums up.
pub fn summarise(diagnosers: &[String], done: &[Done]) -> Summary {
    let mut s = Summary {
        diagnosers: diagnosers.to_vec(),
        all: vec![Line::default(); diagnosers.len()],
        alarms: vec![Share::default(); diagnosers.len()],
        calibration: vec![Calibration::default(); 10],
        ..Summary::default()
    };
    let mut sizes = vec![];
    let mut curve: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for one in done {
        for case in one
            .faint
            .iter()
            .chain(&one.case)
            .filter(|c| !c.truth.causes.is_empty())
        {
            if let Some((_, score)) = case.said.first() {
                curve
                    .entry(case.family.into())
                    .or_default()
                    .push((case.effect.1, score.at[0]));
            }
        }
        for faint in &one.faint {
            s.line("magnitude", magnitude(faint.effect.1), &faint.said);
        }
        let Some(case) = &one.case else {
            s.given_up += 1;
            continue;
        };
        sizes.push(case.requests);
        if case.truth.causes.is_empty() {
            for (alarms, (answer, _)) in s.alarms.iter_mut().zip(&case.said) {
                alarms.add(f64::from(u8::from(answer.seen)));
            }
            if let Some((answer, _)) = case.said.first().filter(|(a, _)| a.seen) {
                s.false_alarms.push((case.number, named(answer)));
            }
            continue;
        }
        s.incidents += 1;
        s.redrawn += case.redrawn;
        for (line, (_, score)) in s.all.iter_mut().zip(&case.said) {
            line.add(score);
        }
        let two = if case.second.is_some() {
            "two causes"
        } else {
            "one cause"
        };
        for (by, value) in [
            ("family", case.family.to_string()),
            ("cause", case.cause.to_string()),
            ("service", case.shape.to_string()),
            ("traffic", case.traffic.clone()),
            ("magnitude", magnitude(case.effect.1)),
            ("causes", two.to_string()),
        ] {
            s.line(by, value, &case.said);
        }
        let Some((answer, score)) = case.said.first() else {
            continue;
        };
        if score.seen {
            let bin = ((score.confidence * 10.0) as usize).min(9);
            s.calibration[bin].confidence += score.confidence;
            s.calibration[bin].right.add(score.at[0]);
        }
        if let Some(first) = &case.without {
            s.held_out
                .add(f64::from(u8::from(first == crate::diagnosis::NONE)));
            let struck = s.struck.entry(case.cause.into()).or_default();
            *struck.entry(first.clone()).or_default() += 1;
        }
        if score.at[0] > 0.0
            && let Some(cited) = case.cited
        {
            s.cited.add(f64::from(u8::from(cited)));
        }
        if case.second.is_some() {
            s.both.add(f64::from(u8::from(score.all_found)));
        }
        *s.confusion
            .entry(case.cause.into())
            .or_default()
            .entry(named(answer))
            .or_default() += 1;
        if score.at[0] < 1.0 {
            let truth: Vec<&str> = std::iter::once(case.cause).chain(case.second).collect();
            s.misses.push(Miss {
                number: case.number,
                family: case.family.into(),
                truth: truth.join(" + "),
                said: named(answer),
                effect: format!("{} x{:.1}", case.effect.0, case.effect.1),
            });
        }
    }
    s.loud = loud(done);
    s.limits = curve
        .into_iter()
        .filter_map(|(family, cases)| Some((family, limit::fit(&cases)?)))
        .collect();
    s.finish(sizes);
    s
}

fn loud(done: &[Done]) -> BTreeMap<&'static str, Vec<[f64; 3]>> {
    let mut by: BTreeMap<&'static str, [Vec<f64>; 4]> = BTreeMap::new();
    for loud in done
        .iter()
        .filter_map(|d| d.case.as_ref())
        .flat_map(|c| &c.loud)
    {
        let all = by.entry(loud.quantity).or_default();
        for (times, all) in TIMES.iter().zip(all) {
            let of = loud.alone.iter().filter(|(_, t)| t >= times);
            all.push(of.map(|(z, _)| *z).fold(0.0, f64::max));
        }
    }
    let at = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        let last = all.len() - 1;
        [0.99, 0.995, 1.0].map(|q| all[(last as f64 * q) as usize])
    };
    by.into_iter()
        .map(|(name, all)| (name, all.into_iter().map(at).collect()))
        .collect()
}

/// The first cause, or that there is no incident.
fn named(answer: &super::Answer) -> String {
    match answer.causes.first() {
        Some((cause, _)) if answer.seen => cause.clone(),
        _ => "no incident".into(),
    }
}

fn magnitude(size: f64) -> String {
    let bin = MAGNITUDES.iter().filter(|m| size >= **m).count();
    match bin {
        0 => format!("below {}", MAGNITUDES[0]),
        n if n == MAGNITUDES.len() => format!("{} or more", MAGNITUDES[n - 1]),
        n => format!("{} to {}", MAGNITUDES[n - 1], MAGNITUDES[n]),
    }
}

impl Summary {
    fn line(&mut self, by: &'static str, value: String, said: &[(super::Answer, super::Score)]) {
        let n = self.diagnosers.len();
        let lines = self.by.entry(by).or_default().entry(value);
        let lines = lines.or_insert_with(|| vec![Line::default(); n]);
        for (line, (_, score)) in lines.iter_mut().zip(said) {
            line.add(score);
        }
    }

    fn finish(&mut self, mut sizes: Vec<u64>) {
        sizes.sort_unstable();
        self.requests = sizes.get(sizes.len() / 2).copied().unwrap_or(0);
        let sort = |line: &mut Line| line.errors.sort_by(f64::total_cmp);
        self.all.iter_mut().for_each(sort);
        self.by
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .flatten()
            .for_each(sort);
        let n: u64 = self.calibration.iter().map(|c| c.right.of).sum();
        let off: f64 = self
            .calibration
            .iter()
            .map(|c| (c.confidence - c.right.hits).abs())
            .sum();
        self.calibration_error = off / n.max(1) as f64;
    }
}
