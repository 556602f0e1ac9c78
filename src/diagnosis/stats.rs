//! The few statistics that the room rests on. Not here: indicators for people (see `users`).

/// A number with its standard error. The error is what makes small samples speak softly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The estimate.
    pub value: f64,
    /// Its standard error, not negative.
    pub se: f64,
}

impl Measure {
    /// An estimate with its standard error.
    pub fn new(value: f64, se: f64) -> Measure {
        Measure {
            value,
            se: se.abs(),
        }
    }

    /// One standard error closer to zero, never past it: the value that evidence is read from.
    pub fn shrunk(self) -> f64 {
        (self.value.abs() - self.se).max(0.0).copysign(self.value)
    }
}

/// A share `k` of `n` with the standard error of Agresti and Coull (1998), which does not vanish at 0 and 1.
pub fn share(k: f64, n: f64) -> Option<Measure> {
    (n > 0.0).then(|| {
        let p = (k + 2.0) / (n + 4.0);
        Measure::new(k / n, (p * (1.0 - p) / (n + 4.0)).sqrt())
    })
}

/// Difference of two measures.
pub fn difference(after: Measure, before: Measure) -> Measure {
    Measure::new(
        after.value - before.value,
        (after.se * after.se + before.se * before.se).sqrt(),
    )
}

/// The `q` quantile, with the values reordered; `None` when there are none. The nearest rank.
pub fn quantile(values: &mut [f32], q: f64) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    let rank = ((values.len() as f64 * q).ceil() as usize).clamp(1, values.len()) - 1;
    Some(*values.select_nth_unstable_by(rank, f32::total_cmp).1)
}

/// Median of `f64`s, reordering them; 0 when there are none.
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let mid = values.len() / 2;
    *values.select_nth_unstable_by(mid, f64::total_cmp).1
}

/// The variance-stabilised share: its variance is about `1/n` whatever the share (Anscombe 1948).
pub fn arcsine(k: f64, n: f64) -> f64 {
    if n <= 0.0 {
        return 0.0;
    }
    2.0 * libm::asin((k / n).clamp(0.0, 1.0).sqrt())
}

/// Deterministic, evenly spaced sample of a range: every k-th, so that at most `most` remain.
pub fn spaced(range: std::ops::Range<usize>, most: usize) -> impl Iterator<Item = usize> {
    let step = range.len().div_ceil(most.max(1)).max(1);
    range.step_by(step)
}

/// Natural logarithm, the same bits on every platform.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_sample_speaks_softly_and_never_changes_sides() {
        assert_eq!(Measure::new(0.5, 0.2).shrunk(), 0.3);
        assert_eq!(Measure::new(-0.5, 0.2).shrunk(), -0.3);
        assert_eq!(Measure::new(0.1, 0.2).shrunk(), 0.0);
    }

    #[test]
    fn a_share_of_nothing_is_no_share_and_none_of_ten_is_not_certain() {
        assert_eq!(share(0.0, 0.0), None);
        assert!(share(0.0, 10.0).is_some_and(|m| m.value == 0.0 && m.se > 0.05));
    }

    #[test]
    fn the_quantile_is_a_value_that_occurred() {
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 1.0), Some(4.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
