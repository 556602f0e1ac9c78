//! Baselines: what a run came to, in a small file that is committed beside the code, and what has moved since.
//!
//! Runs are deterministic: the same tree, the same incident and the same seed give exactly the same numbers, on every
//! machine. So nothing is estimated here: any difference is a change that somebody made, and [`Moved`] says which
//! quantities it moved and by how much. What users feel, what is paid for, and what gates of the file are about breaks the
//! gate `baseline` when it got worse by more than the tolerance; what else moved is told.
//! Not here: recordings from real time, which are noisy (`compare`).

mod file;
mod histogram;
mod moved;

pub use file::{read, write};
pub use moved::{GATE, Moved, Movement, TOLERANCE, Way};

use crate::{
    gates::{Asked, Gate, Stretch},
    indicators::{Stage, Watched, catalogue},
};
use hdrhistogram::Histogram;
use indexmap::IndexMap;

/// Stages whose whole distribution is kept: of all others, the percentiles of the catalogue are.
const FELT: &[Stage] = &[Stage::Latency, Stage::Ttft, Stage::Itl];

/// Version of the file's layout.
pub const SCHEMA: u64 = 1;

/// Which run it is of: two of different traffic cannot be held against each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Of {
    /// The incident's name.
    pub incident: String,
    /// Its variant, or what was left out.
    pub variant: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The trace: its file, or `generated`.
    pub trace: String,
    /// Length of the trace, ns.
    pub length: u64,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Which run.
    pub of: Of,
    /// Digest of its recording.
    pub digest: String,
    /// Values that the runner hands to gates, by name: ns, fractions, counts.
    pub scalars: IndexMap<String, f64>,
    /// Phases in order of time.
    pub phases: Vec<Phase>,
}

/// A phase of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phase {
    /// Its name, with ` 2` behind it where it comes a second time.
    pub name: String,
    /// ns, inclusive.
    pub from: u64,
    /// ns, exclusive.
    pub to: u64,
    /// Quantities of the gates as their expressions write them, where there is data. A split has none.
    pub gates: IndexMap<String, f64>,
    /// The catalogue of indicators, where there is data.
    pub indicators: IndexMap<String, f64>,
    /// Durations that users feel, by stage, where there were any, ns.
    pub histograms: IndexMap<String, Histogram<u64>>,
}

/// A run, as far as a baseline is taken of it.
pub struct Taken<'a> {
    /// Which run.
    pub of: Of,
    /// Digest of its recording.
    pub digest: String,
    /// Its phases.
    pub phases: &'a [Stretch],
    /// What was accumulated.
    pub watched: &'a Watched,
    /// Values that the runner hands to gates.
    pub scalars: &'a IndexMap<String, f64>,
    /// Gates, for their quantities.
    pub gates: &'a [Gate],
}

impl Baseline {
    /// Takes it of a run.
    pub fn take(run: Taken) -> Baseline {
        let mut phases: Vec<Phase> = vec![];
        for stretch in run.phases {
            let nth = run.phases.iter().take_while(|s| *s != stretch);
            let nth = nth.filter(|s| s.name == stretch.name).count();
            let name = match nth {
                0 => stretch.name.clone(),
                n => format!("{} {}", stretch.name, n + 1),
            };
            phases.push(phase(name, stretch, &run));
        }
        Baseline {
            of: run.of,
            digest: run.digest,
            scalars: run.scalars.clone(),
            phases,
        }
    }

    /// The phase of this name.
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.iter().find(|p| p.name == name)
    }

    /// Values that `reference` stands for when these gates are held in a phase, by [`Gate::reference_key`].
    /// A percentile of the latency, `ttft` or `itl` that no gate asked for when the baseline was written is read off its histogram.
    pub fn reference(&self, gates: &[Gate], phase: &str) -> IndexMap<String, f64> {
        let mut values = self.scalars.clone();
        for Asked {
            quantity,
            during,
            quantile,
        } in gates.iter().flat_map(Gate::quantities)
        {
            let name = during.unwrap_or(phase);
            let Some(phase) = self.phase(name) else {
                continue;
            };
            let value = phase.gates.get(&quantity).copied();
            let value = value.or_else(|| phase.indicators.get(&quantity).copied());
            let value = value.or_else(|| {
                let (stage, q) = quantile?;
                let histogram = phase.histograms.get(stage.name())?;
                (!histogram.is_empty()).then(|| histogram.value_at_quantile(q) as f64)
            });
            if let Some(value) = value {
                values.insert(Gate::reference_key(&quantity, during), value);
            }
        }
        values
    }
}

impl Phase {
    /// Requests that were taken in.
    fn requests(&self) -> f64 {
        self.histograms
            .get(Stage::Latency.name())
            .map_or(0.0, |h| h.len() as f64)
    }
}

fn phase(name: String, stretch: &Stretch, run: &Taken) -> Phase {
    let watch = run.watched.all();
    let windows = watch.windows.within(stretch.from, stretch.to);
    let mut gates = IndexMap::new();
    for gate in run.gates {
        gates.extend(gate.values_in(run.watched, windows.clone()));
    }
    let value = |indicator: &'static crate::indicators::Indicator| {
        let value = watch.measure(&indicator.measure, windows.clone())?;
        value
            .is_finite()
            .then(|| (indicator.name.to_string(), value))
    };
    let histogram = |stage: &Stage| {
        let tally = watch.tally(*stage, windows.clone());
        (tally.max() > Some(0)).then(|| (stage.name().to_string(), tally.to_histogram()))
    };
    Phase {
        name,
        from: stretch.from,
        to: stretch.to,
        gates,
        indicators: catalogue().filter_map(value).collect(),
        histograms: FELT.iter().filter_map(histogram).collect(),
    }
}
