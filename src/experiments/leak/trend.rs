//! Trends that outliers and daily waves do not feign.

/// Slope by Theil and Sen: the median of the slopes of all pairs, which no quarter of outliers moves. Units of `y` a unit
/// of `x`. O(n^2) time and memory: bin long series first.
pub fn theil_sen(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            if b.0 != a.0 {
                slopes.push((b.1 - a.1) / (b.0 - a.0));
            }
        }
    }
    median(&mut slopes)
}

/// The test of Mann and Kendall for a monotone trend, with ties: standard normal without one. O(n^2).
pub fn mann_kendall(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mut s = 0i64;
    for (i, a) in values.iter().enumerate() {
        for b in &values[i + 1..] {
            s += i64::from(b > a) - i64::from(b < a);
        }
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|tied| tied.len() as f64)
        .map(|t| t * (t - 1.0) * (2.0 * t + 5.0))
        .sum();
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - ties) / 18.0;
    if variance <= 0.0 {
        return 0.0;
    }
    (s - s.signum()) as f64 / variance.sqrt()
}

/// The median; 0 of nothing.
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    let (_, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    *upper
}

/// Medians of at most `bins` stretches of equal length in time: fewer points, and each less noisy.
pub fn binned(points: &[(f64, f64)], bins: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return vec![];
    };
    let width = ((last.0 - first.0) / bins.max(1) as f64).max(f64::MIN_POSITIVE);
    points
        .chunk_by(|a, b| ((a.0 - first.0) / width).floor() == ((b.0 - first.0) / width).floor())
        .map(|bin| {
            let mut values: Vec<f64> = bin.iter().map(|p| p.1).collect();
            let mut times: Vec<f64> = bin.iter().map(|p| p.0).collect();
            (median(&mut times), median(&mut values))
        })
        .collect()
}
