//! A course over time in one line of block characters.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How heights follow values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// By decades: for latencies, which span many.
    Log,
}

/// One character a cell of time: the mean of the values in it, weighted by how long they held; a space where there is
/// none. The lowest block is the least value (zero on a linear scale), the highest the greatest.
/// `edges` are the starts of the values and the end of the last.
pub fn sparkline(values: &[Option<f64>], edges: &[u64], cells: usize, scale: Scale) -> String {
    let height = |v: f64| match scale {
        Scale::Linear => v,
        Scale::Log => libm::log(v.max(1.0)),
    };
    let heights: Vec<Option<f64>> = by_cell(values, edges, cells)
        .iter()
        .map(|m| m.map(height))
        .collect();
    let known = || heights.iter().flatten().copied();
    let top = known().fold(f64::NEG_INFINITY, f64::max);
    let bottom = match scale {
        Scale::Linear => 0.0,
        Scale::Log => known().fold(f64::INFINITY, f64::min),
    };
    let block = |h: Option<f64>| match h {
        None => ' ',
        // All equal on a logarithmic scale, or all zero: flat ground.
        Some(_) if top <= bottom => BLOCKS[0],
        Some(h) => {
            let level = ((h - bottom) / (top - bottom) * 7.0).round();
            BLOCKS[(level.clamp(0.0, 7.0)) as usize]
        }
    };
    heights.into_iter().map(block).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(n: u64) -> Vec<u64> {
        (0..=n).map(|i| i * 10).collect()
    }

    #[test]
    fn a_window_without_data_is_a_gap_and_not_a_zero() {
        let line = sparkline(&[Some(1.0), None, Some(0.0)], &edges(3), 3, Scale::Linear);
        assert_eq!(line, "█ ▁");
    }

    #[test]
    fn what_never_moves_is_flat() {
        assert_eq!(sparkline(&[Some(5e6); 4], &edges(4), 4, Scale::Log), "▁▁▁▁");
        assert_eq!(
            sparkline(&[Some(0.0); 2], &edges(2), 4, Scale::Linear),
            "▁▁▁▁"
        );
        assert_eq!(sparkline(&[], &[], 4, Scale::Linear), "");
    }

    #[test]
    fn many_windows_are_squeezed_into_the_line_and_few_are_stretched() {
        let values: Vec<Option<f64>> = (0..1000).map(|i| Some(f64::from(i))).collect();
        let line = sparkline(&values, &edges(1000), 60, Scale::Linear);
        assert_eq!(line.chars().count(), 60);
        assert!(line.starts_with('▁') && line.ends_with('█'));
        assert_eq!(
            sparkline(&[Some(0.0), Some(1.0)], &[0, 30, 40], 4, Scale::Linear),
            "▁▁▁█"
        );
    }
}
