//! What a unit of metered work costs on this machine, and how units grow with size: `gameday lab work`. Source: Q28.
//!
//! # Short answer
//! Each way of each work runs on texts of many sizes and shapes, against a clock that is handed in. The units of its parts
//! are known, the time is measured, and the costs are those that explain the times best. Beside them stands what the
//! library says, which is what a simulated replica is charged. The slope is that of units against size in logarithms: it
//! is counted, not timed, and the same on every machine.
//!
//! # Complexity
//! A few seconds in a release build; `--kind stream` measures one kind alone.
//!
//! # Follow-ups
//! - *Is a time of the lab a time of my machine?* The column "stated" against "measured"; a site of an incident may say its
//!   own `unit`.
//! - *Why do some texts fit less well?* A byte of a long text is cheaper to parse than one of many small numbers; "off" is
//!   how far the time of a run lies from its units, in the median.
//!
//! # Anti-patterns
//! Timing one size alone: a flawed way is as fast as the sound one where it is small.
//!
//! # Smallest set-up
//! `gameday lab work --kind distinct --samples 1`
//!
//! # Source
//! The seed's Q28. Lawson and Hanson, "Solving Least Squares Problems", 1974, for costs that are never negative.

mod fit;
mod texts;

pub use fit::{costs, slope};

use crate::{
    components::work::{FLAWS, Job, Meter, Work, kinds},
    config::{Node, Refusal, Source, pick, suggestion},
};
use std::fmt::Write;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// One kind alone; `None`: all of them.
    pub kind: Option<String>,
    /// Times that a text is worked on; the shortest counts.
    pub samples: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            kind: None,
            samples: 7,
        }
    }
}

/// A part of a way, and what its units cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its frame.
    pub name: &'static str,
    /// ns a unit on this machine; `None`: it had no units.
    pub measured: Option<f64>,
    /// ns a unit as the library says.
    pub stated: f64,
}

/// What came of one way of a work.
#[derive(Clone, Debug)]
pub struct Row {
    /// The kind.
    pub kind: &'static str,
    /// Its options, as a file has them.
    pub options: String,
    /// What a flaw is called; `None`: the way is sound.
    pub flaw: Option<&'static str>,
    /// The power of size that units grow with.
    pub slope: f64,
    /// Its parts.
    pub parts: Vec<Part>,
    /// How far the times of its runs lie from what their units cost as measured, in the median: 0.1 is a tenth.
    pub off: f64,
}

/// A run of a way on a text.
struct Sample {
    /// Which way.
    way: usize,
    units: Vec<u64>,
    /// ns.
    time: f64,
}

/// A way of a work, as it is measured.
struct Way {
    options: String,
    flaw: Option<&'static str>,
    work: Box<dyn Work>,
}

/// Measures; `clock` gives ns since any instant.
///
/// # Errors
/// A kind that there is not, and no number of samples.
pub fn run(options: &Options, clock: &mut dyn FnMut() -> u64) -> Result<Vec<Row>, Refusal> {
    let all = kinds();
    if !(1..=1000).contains(&options.samples) {
        return Err(Refusal::new("no number of samples").help("1 to 1000"));
    }
    if let Some(kind) = &options.kind
        && all.iter().all(|k| k.name != kind)
    {
        let help = suggestion(kind, all.iter().map(|k| k.name));
        return Err(Refusal::new(format!("there is no work \"{kind}\"")).help(help));
    }
    let mut rows = vec![];
    for kind in &all {
        if options.kind.as_ref().is_none_or(|only| only == kind.name) {
            rows.extend(measure(kind.name, options.samples, clock)?);
        }
    }
    Ok(rows)
}

/// The sound way of a kind with the options of each of its flaws, and the flaws.
fn ways(kind: &'static str) -> Result<Vec<Way>, Refusal> {
    let mut set_ups: Vec<(String, Option<&'static str>)> = vec![];
    for flaw in FLAWS.iter().filter(|flaw| flaw.kind == kind) {
        let sound = flaw.options.split_once(", ").map_or("", |(_, rest)| rest);
        if set_ups.iter().all(|(options, _)| options != sound) {
            set_ups.push((sound.into(), None));
        }
        set_ups.push((flaw.options.into(), Some(flaw.name)));
    }
    if set_ups.is_empty() {
        set_ups.push((String::new(), None));
    }
    let built = set_ups.into_iter().map(|(options, flaw)| {
        let comma = if options.is_empty() { "" } else { "," };
        let text = format!("work = {{ kind = \"{kind}\"{comma} {options} }}");
        let file = Node::parse(&Source::new("(built in)", text))?;
        let node = file
            .get("work")
            .ok_or_else(|| Refusal::new("a work is missing"))?;
        let work = pick(&kinds(), "work", node)?;
        Ok(Way {
            options,
            flaw,
            work,
        })
    });
    built.collect()
}

fn measure(
    kind: &'static str,
    times: usize,
    clock: &mut dyn FnMut() -> u64,
) -> Result<Vec<Row>, Refusal> {
    let ways = ways(kind)?;
    let (mut samples, mut slopes) = (vec![], vec![]);
    for (way, set_up) in ways.iter().enumerate() {
        let texts = texts::of(kind, &set_up.options);
        let mut points = vec![];
        for (n, text) in texts.growing.iter().chain(&texts.others).enumerate() {
            let job = Job {
                text,
                fragment: texts::FRAGMENT,
            };
            let (units, time) = timed(&*set_up.work, &job, times, clock);
            if n < texts.growing.len() {
                points.push((set_up.work.size(&job), units.iter().sum()));
            }
            samples.push(Sample { way, units, time });
        }
        slopes.push(slope(&points));
    }
    // Parts of one name for which the library states one cost are the same code, in whichever way.
    let mut codes: Vec<(&'static str, f64)> = vec![];
    for way in &ways {
        for code in way.work.parts().iter().zip(way.work.costs()) {
            let code = (*code.0, *code.1);
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }
    let code_of = |way: &Way, part: usize| {
        let code = (way.work.parts()[part], way.work.costs()[part]);
        codes.iter().position(|c| *c == code).unwrap_or(0)
    };
    let equations: Vec<(Vec<f64>, f64)> = samples
        .iter()
        .map(|sample| {
            let mut row = vec![0.0; codes.len()];
            for (part, &units) in sample.units.iter().enumerate() {
                row[code_of(&ways[sample.way], part)] += units as f64;
            }
            (row, sample.time)
        })
        .collect();
    let found = costs(&equations);
    let rows = ways.iter().enumerate().map(|(number, way)| {
        let own = || {
            samples
                .iter()
                .zip(&equations)
                .filter(move |(s, _)| s.way == number)
        };
        let part = |part: usize| Part {
            name: way.work.parts()[part],
            measured: (own().any(|(s, _)| s.units[part] > 0)).then(|| found[code_of(way, part)]),
            stated: way.work.costs()[part],
        };
        let mut off: Vec<f64> = own()
            .map(|(sample, (units, _))| {
                let worked_out: f64 = units.iter().zip(&found).map(|(u, c)| u * c).sum();
                (worked_out / sample.time.max(1.0) - 1.0).abs()
            })
            .collect();
        off.sort_by(f64::total_cmp);
        Row {
            kind,
            options: way.options.clone(),
            flaw: way.flaw,
            slope: slopes[number],
            parts: (0..way.work.parts().len()).map(part).collect(),
            off: off.get(off.len() / 2).copied().unwrap_or(0.0),
        }
    });
    Ok(rows.collect())
}

/// So long a measurement is not drowned by the clock, ns.
const LONG: u64 = 300_000;

/// Units of a job, and the ns that it takes: the shortest of several, each repeated until it is long enough to time.
fn timed(
    work: &dyn Work,
    job: &Job,
    times: usize,
    clock: &mut dyn FnMut() -> u64,
) -> (Vec<u64>, f64) {
    let mut units = vec![];
    let mut once = || {
        let mut meter = Meter::new(work.parts().len(), u64::MAX);
        let product = work.run(job, &mut meter);
        units = meter.spent().to_vec();
        std::hint::black_box(product).is_ok()
    };
    once();
    let mut shortest = f64::MAX;
    for _ in 0..times {
        let (began, mut runs) = (clock(), 0u32);
        let mut took = 0;
        while took < LONG && runs < 100_000 {
            once();
            runs += 1;
            took = clock().saturating_sub(began);
        }
        shortest = shortest.min(took as f64 / f64::from(runs));
    }
    (units, shortest)
}

/// The table.
pub fn render(rows: &[Row]) -> String {
    let mut text = String::from(
        "What a unit of work costs, ns on this machine and as the library states it; the power of size that units grow with\n\n",
    );
    if cfg!(debug_assertions) {
        text.push_str("This is a debug build: its times say little about a release build.\n\n");
    }
    let _ = writeln!(
        text,
        "{:10} {:52} {:>6} {:9} {:>9} {:>9} {:>6}",
        "work", "way", "slope", "part", "measured", "stated", "off"
    );
    for row in rows {
        for (n, part) in row.parts.iter().enumerate() {
            let way = match row.options.as_str() {
                "" => "sound",
                options => options,
            };
            let (kind, way, slope, off) = match n {
                0 => (
                    row.kind,
                    way,
                    format!("{:.2}", row.slope),
                    format!("{:.0} %", row.off * 100.0),
                ),
                _ => ("", "", String::new(), String::new()),
            };
            let measured = part.measured.map_or("-".into(), |ns| format!("{ns:.2}"));
            let flaw = match (n, row.flaw) {
                (0, Some(flaw)) => format!("  flaw {flaw}"),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "{kind:10} {way:52} {slope:>6} {:9} {measured:>9} {:>9.2} {off:>6}{flaw}",
                part.name, part.stated
            );
        }
    }
    text
}

#[cfg(test)]
mod tests;
