//! Judging a diagnosis against what the test knows.

use super::{Incident, Kind, Run, World, run};
use gameday::diagnosis::{Diagnosis, diagnose};

/// One incident and how it was judged.
pub struct Case {
    pub kind: Kind,
    pub found: bool,
    /// Place of the true cause, from 0.
    pub place: Option<usize>,
    /// Causes tied at the top.
    pub tied: usize,
    /// |onset - truth| in s.
    pub error: Option<f64>,
    /// The true onset, s.
    pub truth: f64,
    /// Whether the true onset lies in the interval.
    pub covered: bool,
    pub diagnosis: Diagnosis,
    pub incident: Incident,
    pub seed: u64,
}

/// Draws incidents of a kind from `seed` on until one is noticeable; `None` after 40 worlds.
pub fn case(kind: Kind, seed: u64, requests: f64, seconds: Option<f64>) -> Option<Case> {
    (0..40).find_map(|k| {
        let seed = seed.wrapping_mul(1000) + k;
        let world = World::lasting(seed, requests, seconds);
        let incident = Incident::draw(&world, kind, 0);
        noticeable(&world, &incident).map(|r| judge(&r, incident, seed))
    })
}

/// The run, if its paired healthy run differs enough for a user to notice.
pub fn noticeable(world: &World, incident: &Incident) -> Option<Run> {
    let with = run(world, Some(incident));
    let without = paired(world, incident)?;
    let (a, b) = (with.touched, without);
    let up = a.misses / a.looks.max(1.0) - b.misses / b.looks.max(1.0);
    let failed = a.failed / a.n.max(1.0) - b.failed / b.n.max(1.0);
    // A service that fails when all is well is no baseline.
    if a.n < 150.0 || b.failed > 0.02 * b.n {
        return None;
    }
    let enough = match incident.kind {
        Kind::DependencySlow => incident.size >= 0.3 && a.misses >= 150.0,
        Kind::DependencyErrors => a.misses * incident.size >= 30.0,
        Kind::Surge | Kind::HotTenant => failed >= 0.04,
        _ if incident.canary < 1.0 => up >= 0.15 && a.n >= 300.0,
        _ => up >= 0.05,
    };
    enough.then_some(with)
}

/// What the same requests felt without the incident.
fn paired(world: &World, incident: &Incident) -> Option<super::serve::Felt> {
    let healthy = run(world, None);
    let mut felt = super::serve::Felt::default();
    let until = if matches!(incident.kind, Kind::Flush | Kind::VersionBumped) {
        incident.to.min(incident.from + 120.0)
    } else {
        incident.to
    };
    let table = &healthy.recording.requests;
    for row in 0..table.len() {
        let at = table.value(gameday::recording::requests::arrived, row) as f64 / 1e9;
        if at >= incident.from && at < until {
            felt.n += 1.0;
            felt.looks += 1.0;
            felt.misses += f64::from(u8::from(
                table.value(gameday::recording::requests::cache, row) == 2,
            ));
            felt.failed += f64::from(u8::from(
                table.value(gameday::recording::requests::outcome, row) != 1,
            ));
        }
    }
    (felt.n > 0.0).then_some(felt)
}

/// Judges one run.
pub fn judge(run: &Run, incident: Incident, seed: u64) -> Case {
    let diagnosis = diagnose(&run.recording);
    let place = diagnosis
        .causes
        .iter()
        .position(|c| c.cause == incident.kind.cause());
    let tied = diagnosis.causes.iter().filter(|c| c.tied).count().max(1);
    let truth = run.onset.unwrap_or(0);
    let error = diagnosis
        .onset
        .as_ref()
        .map(|o| o.at.abs_diff(truth) as f64 / 1e9);
    let covered = diagnosis
        .onset
        .as_ref()
        .is_some_and(|o| o.from <= truth + 1 && truth <= o.to + 1);
    Case {
        kind: incident.kind,
        found: diagnosis.onset.is_some(),
        place,
        tied,
        error,
        truth: truth as f64 / 1e9,
        covered,
        diagnosis,
        incident,
        seed,
    }
}

/// A Wilson 95 % interval.
pub fn wilson(k: f64, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let (z, p) = (1.96, k / n);
    let d = 1.0 + z * z / n;
    let (m, h) = (
        (p + z * z / (2.0 * n)) / d,
        z * ((p * (1.0 - p) + z * z / (4.0 * n)) / n).sqrt() / d,
    );
    ((m - h).max(0.0), (m + h).min(1.0))
}
