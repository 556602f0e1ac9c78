//! How large a change must be: in units of the run's own noise, and in units that people feel.
//!
//! The first is conformal: read off simulated healthy runs of varied shape (`examples/diagnosis_study.rs`, which prints the
//! table again). The second is half of what users would call noticeable: at high rates everything is significant.

use super::series::What;

/// Z below which a stretch is what this run does by itself. Measured before the rules for spikes and for what follows a crowd: of 600 healthy runs (study, seed 941; 60,000 requests each; five laws
/// of arrivals, 4 to 100 a second, 10 min to 2 h, flash crowds and innocent deploys among them) the largest Z that would have alarmed
/// alone was, at 99 %, 99.5 % and at most: cache misses 4.4, 6.1, 11.2 (all above 6.1 shorter than 3 min); new contents 0, 3.2, 4.5; errors
/// of calls 0, 0, 4.2; tail of calls 5.2, 5.4, 5.6; time of calls 5.9, 7.3, 8.0. (Of 400 of seed 971: misses 4.1, 5.2, 6.8; tail
/// of calls 5.2, 8.2, 8.7.)
///
/// A change of `times` the least that matters may be less loud: dependencies have moods, but no large ones. (Of 1,500 healthy runs of
/// `gameday blind --healthy 1500 --seed 5`, the Z that would have alarmed alone was, at 99.5 % and at most: of the tail of calls
/// 4.4 and 10.9; with 1.5 times the size 0 and 9.5, the latter a pause of seconds; of their time 0 and 8.1, with twice the size none.)
pub fn least_z(what: What, times: f64) -> f64 {
    match what {
        What::Misses => 6.0,
        What::NewKeys => 6.0,
        What::DiedYoung => 6.0,
        What::NewContents => 6.0,
        What::CallsSlow | What::CallsVerySlow => 9.0 - 2.5 * ((times - 1.4) / 0.8).clamp(0.0, 1.0),
        What::CallErrors => 5.5,
        What::ComputeSlow => 6.5,
        What::PrefixMisses | What::CapacityLess => 8.0,
        What::ParseErrors | What::OutputUnread => 7.0,
        What::Rejects => 8.0,
        // Each request by itself, so no more than counting noise. Not calibrated on healthy runs of their own yet.
        What::Hidden => 6.5,
        What::Incomplete => 7.0,
        // Of these a sound service has none at all: what is seen is hardly ever chance, and what there is now and then
        // (a call that ends in the instant of a reading) is below the effect that matters.
        What::Held | What::Listed | What::PoolSmaller => 8.0,
        What::Orphans | What::RecordsKilled => 6.0,
        // Four, where there were none before: Z is hardly made for so few, and their odds decide (`episode::told`).
        What::Repeats | What::SharedKeys | What::Unpublished | What::StartsFailed => 3.5,
        // A sound process does neither; a replica or two may be missing for a while, and a lock may be busy.
        What::Throttled | What::Paused | What::Behind | What::LockWaits => 8.0,
        // Contents cost what they cost, and a popular one comes and goes: as strict as where nothing is expected at all.
        What::CpuMore | What::CpuFar => 8.0,
        What::PassedOver | What::UrgentWaits | What::IdleWaits => 8.0,
        // Absent in health: a few of them are news, however many.
        What::ManyTries | What::WorkersGone | What::Flooded => 8.0,
        What::Arrivals => 6.0,
        What::OneTenant => 8.0,
        What::Failures => 8.0,
        What::Slow => 7.0,
    }
}

/// The same for a stretch of less than a minute in a long run. The run's noise is read off medians, which do not see what is
/// rare: the seconds in which a dependency pauses. (The two loudest of 1,500 healthy runs, 9.3 and 9.5, were half a minute long.)
pub fn spike_z(what: What) -> f64 {
    match what {
        What::CallsSlow | What::CallsVerySlow => 10.0,
        What::Misses => 8.0,
        // Who is near a quota is beyond it for half a minute now and then; the loudest of such bouts was at 11.
        What::Rejects => 12.0,
        // A few who take long at once: the loudest of a hundred healthy runs was at 10.7.
        What::UrgentWaits => 13.0,
        _ => least_z(what, 1.0),
    }
}

/// Size of the change that matters, in the unit of `episode::effect`: points of a share, or the logarithm of a ratio.
pub fn least_effect(what: What) -> f64 {
    match what {
        What::Misses => 0.03,
        // Of prompts: a tenth more find little.
        What::PrefixMisses => 0.10,
        // Of readings: a roll-out takes replicas out for seconds.
        What::CapacityLess => 0.25,
        // One request in fifty: half of what moves the p95.
        What::LockWaits => 0.02,
        // Of readings.
        What::Throttled | What::Paused | What::Behind => 0.15,
        What::NewKeys => 0.03,
        // Of entries; whether it matters is asked of the look-ups (`episode::finding`).
        What::DiedYoung => 0.2,
        What::NewContents => 0.05,
        What::CallErrors | What::ParseErrors | What::Rejects | What::Hidden => 0.005,
        // Of calls that are asked again: what users feel of it is less.
        What::OutputUnread => 0.01,
        What::Failures | What::Incomplete => 0.01,
        // One request in a hundred: noticeable is a twentieth of all calls.
        What::Orphans => 0.01,
        What::RecordsKilled => 0.05,
        // Of readings: a leak is there or not.
        What::Held | What::Listed | What::PoolSmaller => 0.25,
        // Charged twice is worse than failed: noticeable is three in a thousand.
        What::Repeats | What::SharedKeys | What::Unpublished => 0.0008,
        What::CallsSlow => 0.1398,     // ln 1.15: the median
        What::CallsVerySlow => 0.1823, // ln 1.2: the p95
        What::ComputeSlow => 0.2624,   // ln 1.3: the p95
        What::Slow => 0.4055,          // ln 1.5: the p95
        // Of requests that cost more than half of the run's: 1.3 times as much each, where they spread by a factor of two.
        What::CpuMore => 0.12,
        // One request in a hundred, three times as dear as the dearest: half as much CPU again in the mean.
        What::CpuFar => 0.01,
        What::OneTenant => 0.08,
        What::PassedOver => 0.1,
        // The largest of a hundred healthy runs was at 0.23, for seconds; a rule that lets them wait does so to most.
        What::UrgentWaits => 0.25,
        What::IdleWaits => 0.2,
        What::ManyTries => 0.01,
        What::WorkersGone => 0.2,
        // As many as readings: one process that failed to start once is nobody's trouble.
        What::StartsFailed => 0.5,
        What::Flooded => 0.2,
        What::Arrivals => 0.1823, // ln 1.2: the rate
    }
}
