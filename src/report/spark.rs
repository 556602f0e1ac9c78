//! A course over time in a fixed number of cells, as heights from 0 to 1: blocks of the text, lines of the page.

use crate::indicators::Unit;

/// How heights follow values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// From the least value: for ratios, which are 1 where all is well.
    Ratio,
    /// By decades: for latencies, which span many.
    Log,
}

/// What a logarithmic scale spans at least, as a factor: what moves by less is noise, and is to look like it.
const LEAST_SPAN: f64 = 4.0;

/// The same for a ratio.
const LEAST_RISE: f64 = 1.1;

/// The scale of values of a unit.
pub fn scale_of(unit: Unit) -> Scale {
    match unit {
        Unit::Nanos => Scale::Log,
        Unit::Ratio => Scale::Ratio,
        _ => Scale::Linear,
    }
}

/// A height a cell of time: of the mean of the values in it, weighted by how long they held; `None` where there is none.
/// 0 is the least value (zero on a linear scale), 1 the greatest, or four times the least if that is more on a logarithmic
/// one, and a tenth more than the least for a ratio. `edges` are the starts of the values and the end of the last.
pub fn heights(
    values: &[Option<f64>],
    edges: &[u64],
    cells: usize,
    scale: Scale,
) -> Vec<Option<f64>> {
    let height = |v: f64| match scale {
        Scale::Linear | Scale::Ratio => v,
        Scale::Log => libm::log(v.max(1.0)),
    };
    let heights: Vec<Option<f64>> = by_cell(values, edges, cells)
        .iter()
        .map(|m| m.map(height))
        .collect();
    let known = || heights.iter().flatten().copied();
    let top = known().fold(f64::NEG_INFINITY, f64::max);
    let least = known().fold(f64::INFINITY, f64::min);
    let (bottom, top) = match scale {
        Scale::Linear => (0.0, top),
        Scale::Ratio => (least, top.max(least * LEAST_RISE)),
        Scale::Log => (least, top.max(least + libm::log(LEAST_SPAN))),
    };
    let share = |h: f64| match top > bottom {
        true => ((h - bottom) / (top - bottom)).clamp(0.0, 1.0),
        // All zero: flat ground.
        false => 0.0,
    };
    heights.into_iter().map(|h| h.map(share)).collect()
}

/// Which cell a time falls into.
pub fn cell_of(time: u64, edges: &[u64], cells: usize) -> usize {
    let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else {
        return 0;
    };
    let share = time.saturating_sub(first) as f64 / last.saturating_sub(first).max(1) as f64;
    ((share * cells as f64) as usize).min(cells)
}

fn by_cell(values: &[Option<f64>], edges: &[u64], cells: usize) -> Vec<Option<f64>> {
    let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else {
        return vec![];
    };
    let at = |c: usize| first as f64 + (last - first) as f64 * c as f64 / cells as f64;
    let cell = |c: usize| {
        let (from, to) = (at(c), at(c + 1));
        let start = edges
            .partition_point(|&e| (e as f64) <= from)
            .saturating_sub(1);
        let (mut sum, mut weight) = (0.0, 0.0);
        for (i, pair) in edges.windows(2).enumerate().skip(start) {
            let (begin, end) = (pair[0] as f64, pair[1] as f64);
            if begin >= to {
                break;
            }
            if let Some(value) = values.get(i).copied().flatten() {
                let overlap = end.min(to) - begin.max(from);
                sum += value * overlap;
                weight += overlap;
            }
        }
        (weight > 0.0).then(|| sum / weight)
    };
    (0..cells).map(cell).collect()
}
