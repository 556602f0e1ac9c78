//! Phases follow from the timeline: warm-up, baseline until the first entry, incident until the last step of the fix, then
//! recovering. Where recovery ends is known when the run has ended.

use super::truth::{Phase, PhaseName};

/// The phases of a run of this length (ns), of which this share warms up: the first entry of the timeline, and the end of the fix.
pub(super) fn phases(
    length: u64,
    warm_up: f64,
    first: Option<u64>,
    end: Option<u64>,
) -> Vec<Phase> {
    let end_of_all = u64::MAX;
    let start = first.unwrap_or(end_of_all);
    let warm = ((length as f64 * warm_up) as u64).min(start.min(length) / 2);
    let mut phases = vec![Phase {
        name: PhaseName::WarmUp,
        from: 0,
        to: warm,
    }];
    phases.push(Phase {
        name: PhaseName::Baseline,
        from: warm,
        to: start,
    });
    if start < end_of_all {
        let end = end.unwrap_or(end_of_all).max(start);
        phases.push(Phase {
            name: PhaseName::Incident,
            from: start,
            to: end,
        });
        if end < end_of_all {
            phases.push(Phase {
                name: PhaseName::Recovering,
                from: end,
                to: end_of_all,
            });
        }
    }
    phases.retain(|p| p.from < p.to);
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_from_the_timeline() {
        let words = |first, end| {
            let all = phases(1000, 0.1, first, end);
            all.iter()
                .map(|p| format!("{} {}", p.name.word(), p.from))
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(words(None, None), "warm-up 0, baseline 100");
        assert_eq!(
            words(Some(330), None),
            "warm-up 0, baseline 100, incident 330"
        );
        assert_eq!(
            words(Some(330), Some(670)),
            "warm-up 0, baseline 100, incident 330, recovering 670"
        );
        assert_eq!(words(Some(60), None), "warm-up 0, baseline 30, incident 60");
    }
}
