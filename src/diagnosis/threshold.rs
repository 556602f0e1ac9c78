//! How large a change must be: in units of the run's own noise, and in units that people feel.
//!
//! The first is conformal: read off simulated healthy runs of varied shape (`examples/diagnosis_study.rs`, which prints the
//! table again). The second is half of what users would call noticeable: at high rates everything is significant.

use super::series::What;

/// Z below which a stretch is what this run does by itself.
pub fn least_z(what: What) -> f64 {
    match what {
        What::Misses => 6.0,
        What::NewKeys => 6.0,
        What::DiedYoung => 6.0,
        What::CallsSlow => 7.0,
        What::CallsVerySlow => 7.0,
        What::CallErrors => 5.5,
        What::ComputeSlow => 6.5,
        What::ParseErrors | What::Rejects => 8.0,
        What::Arrivals => 6.0,
        What::Failures => 8.0,
        What::Slow => 7.0,
    }
}

/// Size of the change that matters, in the unit of `episode::effect`: points of a share, or the logarithm of a ratio.
pub fn least_effect(what: What) -> f64 {
    match what {
        What::Misses => 0.03,
        What::NewKeys => 0.03,
        // Of entries; whether it matters is asked of the look-ups (`episode::finding`).
        What::DiedYoung => 0.2,
        What::CallErrors | What::ParseErrors | What::Rejects => 0.005,
        What::Failures => 0.01,
        What::CallsSlow => 0.1398,     // ln 1.15: the median
        What::CallsVerySlow => 0.1823, // ln 1.2: the p95
        What::ComputeSlow => 0.2624,   // ln 1.3: the p95
        What::Slow => 0.4055,          // ln 1.5: the p95
        What::Arrivals => 0.1823,      // ln 1.2: the rate
    }
}
