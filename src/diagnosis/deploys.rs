//! What a deploy changed: the stretch that begins with it against the stretch just before.
//!
//! A change log asks a narrow question, a few looks instead of thousands, so a smaller Z answers it. It is still the run's own
//! noise that a change must beat: an innocent deploy is one that it does not.

use super::{
    episode::{Finding, Frame, finding},
    evidence::events,
    scan::{self, Noise, Stretch, Sums},
    series::What,
    view::View,
    windows::SECOND,
};

/// Z of a change at a deploy. With ten lengths looked at for each of a few deploys and quantities, white noise would pass 3.3
/// once in a hundred runs; the rest pays for a noise law read off few windows.
const LEAST_Z: f64 = 4.5;
/// Deploys that are looked at: a log with more is no hint.
const MOST: usize = 20;
/// Events this close are steps of one roll-out, ns.
const ONE: u64 = 120 * SECOND;

/// Changes that begin with a deploy.
pub fn findings(view: &View, frame: &Frame) -> Vec<Finding> {
    let mut times: Vec<u64> = events(view)
        .iter()
        .filter(|e| e.version > 1)
        .map(|e| e.time)
        .collect();
    times.dedup_by(|later, earlier| *later - *earlier < ONE);
    if times.len() > MOST {
        return vec![];
    }
    let looked_at = [
        What::Misses,
        What::CallErrors,
        What::ParseErrors,
        What::Rejects,
        What::ComputeSlow,
    ];
    let mut found = vec![];
    for series in frame
        .series
        .iter()
        .filter(|s| looked_at.contains(&s.marker.what))
    {
        let sums = Sums::of(&series.y, &series.n, |w| w >= frame.warm);
        let shortest = frame.windows.shortest;
        let noise = Noise::of(&sums, shortest);
        for &time in &times {
            // The window that the deploy falls into belongs to neither side, unless it falls on its edge.
            let from =
                frame.windows.of(time) + usize::from(!time.is_multiple_of(frame.windows.width));
            if from < frame.warm + 2 * shortest {
                continue;
            }
            let Some(stretch) = best(&sums, noise, shortest, from) else {
                continue;
            };
            found.extend(finding(view, frame, series, stretch, |w| w >= frame.warm));
        }
    }
    found
}

/// The length at which the change is clearest.
fn best(sums: &Sums, noise: Noise, shortest: usize, from: usize) -> Option<Stretch> {
    scan::lengths_up_to(shortest, sums.windows().saturating_sub(from))
        .into_iter()
        .map(|length| Stretch {
            z: sums.just_before(noise, shortest, from, from + length),
            from,
            to: from + length,
        })
        .filter(|s| s.z >= LEAST_Z)
        .max_by(|a, b| a.z.total_cmp(&b.z))
}
