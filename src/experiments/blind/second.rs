//! A second thing that goes wrong in the same run, at a time of its own: one that every drawn service can have.

use super::{
    draft::{Draft, time},
    families::Kind,
};

/// Causes that need nothing of the service.
const SECONDS: [&str; 4] = [
    "dependency-slow",
    "dependency-errors",
    "slow-minority-dependency",
    "traffic-surge",
];

/// Adds one that is not the first, nor like it: before it or after it, and for a while.
pub fn draw(d: &mut Draft, first: &Kind) -> Option<&'static str> {
    let cause = d.pick(&SECONDS);
    let alike = |name: &str| name == cause || SECONDS.contains(&name);
    if alike(first.cause) || first.same.iter().any(|name| alike(name)) {
        return None;
    }
    let lasts = d.seconds * d.between(0.12, 0.2);
    // Where there is room: the first one may last to the end.
    let at = match d.to {
        Some(to) if to + lasts * 1.3 < d.seconds => to + lasts * 0.2,
        _ if d.from > lasts * 2.2 => d.from - lasts * 1.1,
        _ => return None,
    };
    let (target, call) = (d.dependency, d.call);
    let end = time(at + lasts);
    let (at, lasts) = (time(at), time(lasts));
    match cause {
        "dependency-errors" => {
            let share = d.between(4.0, 20.0);
            d.entry(&format!("at = {at:?}, for = {lasts:?}, fault = {{ kind = \"error\", target = \"{target}\", percentage = {share:.1} }}"));
        }
        "slow-minority-dependency" => {
            let (share, more) = (d.between(6.0, 12.0), call * d.between(6.0, 12.0));
            d.entry(&format!("at = {at:?}, for = {lasts:?}, fault = {{ kind = \"latency\", target = \"{target}\", percentage = {share:.1}, latency = \"{more:.3}ms\" }}"));
        }
        "traffic-surge" => {
            let factor = d.between(1.8, 2.6);
            d.entry(&format!(
                "at = {at:?}, drift = {{ set = {{ \"trace.load\" = {factor:.2} }} }}"
            ));
            d.entry(&format!(
                "at = {end:?}, drift = {{ set = {{ \"trace.load\" = 1.0 }} }}"
            ));
        }
        _ => {
            let more = call * d.between(0.6, 2.0);
            d.entry(&format!("at = {at:?}, for = {lasts:?}, fault = {{ kind = \"latency\", target = \"{target}\", latency = \"{more:.3}ms\" }}"));
        }
    }
    Some(cause)
}
