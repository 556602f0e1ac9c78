//! Straight lines through what was measured.

/// The costs, none of which is negative, that explain each time by its units with the least relative error: every set of
/// costs that are not zero is tried, since there are few. Equations are (units by code, time).
pub fn costs(equations: &[(Vec<f64>, f64)]) -> Vec<f64> {
    let codes = equations.first().map_or(0, |(units, _)| units.len());
    let mut best = (f64::INFINITY, vec![0.0; codes]);
    for set in 1u32..1 << codes.min(8) {
        let chosen: Vec<usize> = (0..codes).filter(|code| set >> code & 1 == 1).collect();
        let Some(found) = solve(equations, &chosen) else {
            continue;
        };
        if found.iter().any(|cost| *cost < 0.0) {
            continue;
        }
        let mut all = vec![0.0; codes];
        for (code, cost) in chosen.iter().zip(found) {
            all[*code] = cost;
        }
        let error = |(units, time): &(Vec<f64>, f64)| {
            let worked_out: f64 = units.iter().zip(&all).map(|(u, c)| u * c).sum();
            let off = worked_out / time.max(1.0) - 1.0;
            off * off
        };
        let error: f64 = equations.iter().map(error).sum();
        if error < best.0 {
            best = (error, all);
        }
    }
    best.1
}

/// The normal equations of the chosen codes, each weighted by its time. `None`: they do not tell the costs apart.
fn solve(equations: &[(Vec<f64>, f64)], chosen: &[usize]) -> Option<Vec<f64>> {
    let n = chosen.len();
    let mut rows = vec![vec![0.0; n + 1]; n];
    for (units, time) in equations {
        let of = |code: usize| units[code] / time.max(1.0);
        for (row, &a) in rows.iter_mut().zip(chosen) {
            for (cell, &b) in row.iter_mut().zip(chosen) {
                *cell += of(a) * of(b);
            }
            row[n] += of(a);
        }
    }
    let whole: Vec<f64> = (0..n).map(|i| rows[i][i]).collect();
    // Gauss-Jordan. What is left on the diagonal of a code that others explain is next to nothing.
    for i in 0..n {
        let pivot = rows[i][i];
        if !pivot.is_finite() || pivot <= 1e-9 * whole[i] {
            return None;
        }
        for j in 0..n {
            if j == i {
                continue;
            }
            let factor = rows[j][i] / pivot;
            for k in i..=n {
                let above = rows[i][k];
                rows[j][k] -= factor * above;
            }
        }
    }
    Some((0..n).map(|i| rows[i][n] / rows[i][i]).collect())
}

/// The power of size that units grow with: the slope of a line through their logarithms, by least squares.
pub fn slope(points: &[(u64, u64)]) -> f64 {
    let logs: Vec<_> = points
        .iter()
        .filter(|(size, units)| *size > 0 && *units > 0)
        .map(|&(size, units)| (libm::log(size as f64), libm::log(units as f64)))
        .collect();
    let n = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let over: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let under: f64 = logs.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
    over / under
}
