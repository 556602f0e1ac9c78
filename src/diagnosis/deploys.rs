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
/// Events this close are steps of one roll-out, ns; in a short run a twentieth of it, as long as the shortest change.
const ONE: u64 = 120 * SECOND;

/// Changes that begin with a deploy.
pub fn findings(view: &View, frame: &Frame) -> Vec<Finding> {
    let mut times: Vec<u64> = events(view)
        .iter()
        .filter(|e| e.version > 1)
        .map(|e| e.time)
        .collect();
    let one = ONE.min(view.end / 20);
    times.dedup_by(|later, earlier| *later - *earlier < one);
    if times.len() > MOST {
        return vec![];
    }
    let looked_at = [
        What::Misses,
        What::NewKeys,
        What::DiedYoung,
        What::CallErrors,
        What::ParseErrors,
        What::Hidden,
        What::OutputUnread,
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
            if from < frame.first() {
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

/// The length at which the change is clearest, with its end placed by likelihood: a change that was undone still moves the mean
/// of everything after it.
fn best(sums: &Sums, noise: Noise, shortest: usize, from: usize) -> Option<Stretch> {
    let found = scan::lengths_up_to(shortest, sums.windows().saturating_sub(from))
        .into_iter()
        .map(|length| Stretch {
            z: sums.just_before(noise, shortest, from, from + length),
            from,
            to: from + length,
        })
        .filter(|s| s.z >= LEAST_Z)
        .max_by(|a, b| a.z.total_cmp(&b.z))?;
    Some(Stretch {
        to: sums.end(shortest, from).unwrap_or(found.to),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::hash::mix;

    fn series(step: std::ops::Range<usize>, height: f64) -> (Sums, Noise) {
        let noise = |i: usize| (mix(i as u64 + 7) >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        let y: Vec<f64> = (0..200)
            .map(|i| 1.0 + 0.2 * noise(i) + if step.contains(&i) { height } else { 0.0 })
            .collect();
        let sums = Sums::of(&y, &vec![100.0; 200], |_| true);
        let noise = Noise::of(&sums, 3);
        (sums, noise)
    }

    #[test]
    fn what_a_deploy_changed_ends_where_it_was_undone() {
        let (sums, noise) = series(60..100, 0.3);
        let found = best(&sums, noise, 3, 60).unwrap();
        assert_eq!(found.from, 60);
        assert!(found.to.abs_diff(100) <= 1, "{found:?}");
        let (sums, noise) = series(60..200, 0.3);
        assert_eq!(best(&sums, noise, 3, 60).map(|f| f.to), Some(200));
    }

    #[test]
    fn an_innocent_deploy_is_not_found() {
        let (sums, noise) = series(0..0, 0.0);
        assert!((10..180).all(|from| best(&sums, noise, 3, from).is_none()));
        // A change long before it is none of its doing.
        let (sums, noise) = series(30..200, 0.3);
        assert_eq!(best(&sums, noise, 3, 120), None);
    }
}
