//! A game day: an incident drawn again and again, with other traffic, victims and start, to learn how often it breaches
//! its gates and how long it takes to recover; without a control and with it.

use crate::{
    config::{Refusal, When, show_nanos, show_percent},
    gates::Verdict,
    incident::{self, Incident, PhaseName, Registries, RunOptions},
    recording::Keep,
    sim::dice::{Dice, Purpose},
};
use serde::Serialize;

/// What one draw came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether a gate was breached in the incident phase.
    pub breached: bool,
    /// ns from the last step of the fix until recovered; `None` when it never was, or there was no fix.
    pub recovery: Option<u64>,
}

/// Draws of one set-up, taken together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many draws.
    pub draws: u64,
    /// In how many a gate was breached.
    pub breached: u64,
    /// Share of draws that breached, a fraction.
    pub probability: f64,
    /// 95% Wilson interval of that probability.
    pub interval: (f64, f64),
    /// Breached draws that never recovered.
    pub never: u64,
    /// Median recovery time of breached draws, ns; `None` when half of them never recovered, or none was breached.
    pub median: Option<u64>,
    /// Its 90th percentile, ns, in the same way.
    pub p90: Option<u64>,
}

/// The Wilson score interval of a share: `hits` of `draws`, at `z` standard deviations. Without draws it is all of 0 to 1.
pub fn wilson(hits: u64, draws: u64, z: f64) -> (f64, f64) {
    if draws == 0 {
        return (0.0, 1.0);
    }
    let (n, z2) = (draws as f64, z * z);
    let share = hits.min(draws) as f64 / n;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // Without a hit, or with nothing else, an end of the interval is exact; rounding would miss it.
    let low = if hits == 0 { 0.0 } else { centre - half };
    let high = if hits >= draws { 1.0 } else { centre + half };
    (low.max(0.0), high.min(1.0))
}

/// 97.5th percentile of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Takes draws together.
pub fn summarise(outcomes: &[Outcome]) -> Summary {
    let draws = outcomes.len() as u64;
    let breached: Vec<&Outcome> = outcomes.iter().filter(|o| o.breached).collect();
    // Those that never recovered come last: they are longer than any.
    let mut times: Vec<u64> = breached
        .iter()
        .map(|o| o.recovery.unwrap_or(u64::MAX))
        .collect();
    times.sort_unstable();
    let rank = |share: f64| {
        let place = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
        times.get(place).copied().filter(|&t| t != u64::MAX)
    };
    let hits = breached.len() as u64;
    Summary {
        draws,
        breached: hits,
        probability: hits as f64 / draws.max(1) as f64,
        interval: wilson(hits, draws, Z95),
        never: times.iter().filter(|&&t| t == u64::MAX).count() as u64,
        median: rank(0.5),
        p90: rank(0.9),
    }
}

/// What a draw of a game day differs in.
const RECURRENCE: Purpose = Purpose::named("gameday.recurrence");

/// The seed of a draw, and by how much of the trace it starts later: from the game day's own seed and the draw's number
/// alone, so that a draw is the same with a control and without.
pub fn drawn(seed: u64, draw: u64, shift: f64) -> (u64, f64) {
    let mut dice = Dice::new(seed, draw).draw(RECURRENCE, 0);
    (dice.bits(), dice.unit() * shift)
}

/// Moves everything that happens, and the fix, by a share of the trace.
///
/// # Errors
/// A time that would lie past the end of the trace.
pub fn shift(incident: &mut Incident, by: f64) -> Result<(), Refusal> {
    if by == 0.0 {
        return Ok(());
    }
    for entry in incident.timeline.iter_mut().chain(&mut incident.fix) {
        let (when, place) = &mut entry.options.at;
        match when {
            When::Share(share) if *share + by <= 1.0 => *share += by,
            When::Share(_) => {
                return Err(Refusal::at(place, "a draw would move this past the end")
                    .help("give --shift a smaller share"));
            }
            When::At(_) => {
                return Err(Refusal::at(place, "only shares of the trace can be moved")
                    .help("write it as a share, such as \"33%\", or leave --shift out"));
            }
        }
    }
    Ok(())
}

/// Replays one draw: with the controls of these actions (by their place) in it, and all of it later by a share of the trace.
///
/// # Errors
/// As [`incident::run`] and [`shift`].
pub fn replay(
    incident: &Incident,
    actions: &[usize],
    by: f64,
    registries: &Registries,
) -> Result<Outcome, Refusal> {
    let options = RunOptions {
        keep: Keep::NoRows,
        progress: None,
    };
    let mut drawn = incident.with_actions(actions, registries)?;
    shift(&mut drawn, by)?;
    let run = incident::answered(drawn, incident.response(actions), registries, &options)?;
    let breached = incident::judge(incident, &run)
        .iter()
        .any(|j| j.phase == PhaseName::Incident.word() && j.verdict == Verdict::Breach);
    Ok(Outcome {
        breached,
        recovery: run.truth.recovery_time,
    })
}

/// For people: one line.
pub fn render(name: &str, summary: &Summary) -> String {
    let time = |t: Option<u64>| match t {
        Some(ns) => show_nanos(ns),
        None if summary.breached == 0 => "-".into(),
        None => "never".into(),
    };
    format!(
        "{name:16} {} of {} draws breached: {} (95% interval {} to {}); recovery median {}, p90 {}\n",
        summary.breached,
        summary.draws,
        show_percent(summary.probability),
        show_percent(summary.interval.0),
        show_percent(summary.interval.1),
        time(summary.median),
        time(summary.p90),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_solves_its_own_equation() {
        // Both ends of Wilson's interval are the shares p with |hits/n - p| = z * sqrt(p (1 - p) / n).
        for draws in [1_u64, 7, 50, 1000] {
            for hits in 0..=draws.min(60) {
                let (low, high) = wilson(hits, draws, Z95);
                let share = hits as f64 / draws as f64;
                assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
                for p in [low, high] {
                    let off = Z95 * (p * (1.0 - p) / draws as f64).sqrt();
                    let exact = p == 0.0 && hits == 0 || p == 1.0 && hits == draws;
                    assert!(
                        exact || ((share - p).abs() - off).abs() < 1e-9,
                        "{hits} of {draws}"
                    );
                }
            }
        }
        assert_eq!(wilson(0, 0, Z95), (0.0, 1.0));
    }

    #[test]
    fn who_never_recovers_is_slower_than_anybody() {
        let one = |breached, recovery| Outcome { breached, recovery };
        let s = summarise(&[
            one(true, Some(5)),
            one(true, Some(3)),
            one(true, None),
            one(false, Some(1)),
        ]);
        assert_eq!((s.breached, s.never), (3, 1));
        assert_eq!((s.median, s.p90), (Some(5), None));
    }
}
