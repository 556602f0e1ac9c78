//! An older recording that a newer one is held against: both are of real time, so that what differs may be chance. What is
//! worse beyond chance, and beyond what matters, breaks the gate `baseline`.

use super::{against::Against, find::is_recording};
use crate::{
    baseline::GATE,
    compare::{self, Comparison, Family, Options, Tolerance, Verdict as Row},
    config::{Refusal, show_nanos, show_percent},
    gates::{Gate, Judgement, Verdict},
    indicators::{WatchSpec, Watched, Windows},
    recording::{Recording, RequestRow, Table, files, requests},
};
use std::{ops::Range, path::Path};

/// Quantities that a verdict names.
const NAMED: usize = 3;

/// Columns that tell who asked for what: nothing is compared by them, and a file that is committed does without.
const WHO: &[usize] = &[
    requests::user,
    requests::h_key,
    requests::h_canon,
    requests::limiter_key,
    requests::address,
];

/// An older recording.
pub struct Older {
    recording: Recording,
    watched: Watched,
    options: Options,
    path: String,
}

/// Writes a recording as the baseline of later ones: what comparisons read of it, in the smallest format of this build.
///
/// # Errors
/// A folder that holds something else, a disk that refuses.
pub fn write(recording: &Recording, place: &Path) -> Result<(), Refusal> {
    let columns = recording.requests.recorded();
    let mut requests = Table::<RequestRow>::with_columns(columns.filter(|c| !WHO.contains(c)));
    for row in recording.requests.rows() {
        requests.push(&row);
    }
    let kept = Recording {
        requests,
        names: {
            let mut names = recording.names.clone();
            names.shift_remove("user");
            names
        },
        ..recording.clone()
    };
    let mut formats = files::SaveFormat::ALL.iter().map(|(_, format)| *format);
    let format = formats.find(|f| f.available());
    let parent = place.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(parent) = parent {
        std::fs::create_dir_all(parent)
            .map_err(|e| Refusal::file(parent.display(), format!("cannot be written: {e}")))?;
    }
    files::save(&kept, place, format.unwrap_or(files::SaveFormat::Csv))
}

impl Older {
    /// Reads one. `stands_for_baseline` has its windows accumulated for gates on `baseline`.
    ///
    /// # Errors
    /// What is no recording.
    pub fn read(
        place: &Path,
        against: &Against,
        stands_for_baseline: bool,
    ) -> Result<Older, Refusal> {
        if !is_recording(&place.to_string_lossy()) {
            return Err(Refusal::file(place.display(), "there is no such recording").help(
                "a recording is held against an older one: name its folder, or write it with --update-baseline",
            ));
        }
        let recording = files::load(place)?;
        let windows = Windows::plan(recording.span.max(1), recording.requests.len() as u64, &[]);
        let gates = against.gates.iter().filter(|_| stands_for_baseline);
        let specs = std::iter::once(WatchSpec::all()).chain(gates.flat_map(Gate::watches));
        let watched = Watched::from_recording(&recording, windows, specs);
        let standard = Tolerance::default();
        Ok(Older {
            watched,
            options: Options {
                tolerance: Tolerance {
                    relative: against.tolerance.unwrap_or(standard.relative),
                    ..standard
                },
                ..Options::default()
            },
            path: place.display().to_string(),
            recording,
        })
    }

    /// All of it, ns.
    pub fn span(&self) -> Range<u64> {
        self.watched.windows.all()
    }

    /// What was accumulated of it.
    pub fn watched(&self) -> &Watched {
        &self.watched
    }

    /// Holds a newer recording, or the part of it that this phase is, against it.
    pub fn judge(&self, newer: &Recording, phase: &str) -> Judgement {
        let comparison = match compare::paired(&self.recording, newer, &self.options, 0) {
            Ok(paired) => paired.comparison,
            Err(_) => compare::unpaired(&self.recording, newer, &self.options),
        };
        let (verdict, detail) = said(&comparison);
        let tolerance = self.options.tolerance;
        Judgement {
            gate: GATE.into(),
            expression: format!(
                "nothing is worse than in {}, beyond chance and by more than {} and {}",
                self.path,
                show_percent(tolerance.relative),
                show_nanos(tolerance.absolute as u64)
            ),
            phase: phase.into(),
            verdict,
            detail,
        }
    }
}

/// The verdict of a comparison, and what it rests on.
fn said(comparison: &Comparison) -> (Verdict, String) {
    let count = |verdict| comparison.with(verdict).count();
    let (worse, better) = (count(Row::Worse), count(Row::Better));
    let (same, unclear) = (count(Row::Same), count(Row::Unclear));
    if worse > 0 {
        let named = comparison.with(Row::Worse).take(NAMED);
        let named: Vec<&str> = named.map(|row| row.detail.as_str()).collect();
        let more = match worse - named.len() {
            0 => String::new(),
            n => format!("; and {n} more that are worse"),
        };
        return (Verdict::Breach, named.join("; ") + &more);
    }
    // Nothing passes that could not be told: of what users feel, most must be.
    let felt = || comparison.rows.iter().filter(|r| r.family == Family::Felt);
    let mut untold = felt().filter(|r| r.verdict == Row::TooFew);
    if 2 * untold.clone().count() >= felt().count() {
        let notes = comparison.notes.iter().map(|note| note.to_string());
        let rows = untold.next().map(|row| row.detail.clone());
        let why: Vec<String> = rows.into_iter().chain(notes).collect();
        let advice = "; if it changed in its middle, say when with --onset";
        return (Verdict::NoData, why.join("; ") + advice);
    }
    let words = format!(
        "of {} quantities none is worse: {same} the same, {better} better, {unclear} that cannot be told",
        comparison.rows.len()
    );
    (Verdict::Pass, words)
}
