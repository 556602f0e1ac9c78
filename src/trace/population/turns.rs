//! When the settings of a population turn into others, and for whom.

/// When the settings turn into others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When it begins, ns.
    pub at: u64,
    /// ns until all requests are of the new settings; 0: at once.
    pub ramp: u64,
}

/// Which version is in force at a time, and for what share of the requests; the others are of the version before it.
#[inline]
pub fn version_at(turns: &[Turn], now: u64) -> (usize, f64) {
    let version = turns.iter().take_while(|turn| turn.at <= now).count();
    let share = match version.checked_sub(1).map(|last| turns[last]) {
        Some(Turn { at, ramp }) if now - at < ramp => (now - at) as f64 / ramp as f64,
        _ => 1.0,
    };
    (version, share)
}
