//! A course over time in one line of block characters.

use super::super::spark::{Scale, heights};

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One character a cell of time, a space where there is no data.
pub fn sparkline(values: &[Option<f64>], edges: &[u64], cells: usize, scale: Scale) -> String {
    let block = |height: Option<f64>| match height {
        None => ' ',
        Some(h) => BLOCKS[((h * 7.0).round() as usize).min(7)],
    };
    let heights = heights(values, edges, cells, scale);
    heights.into_iter().map(block).collect()
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
    fn noise_of_a_latency_looks_like_noise_and_a_rise_like_a_rise() {
        let noise = [100e6, 120e6, 110e6, 130e6].map(Some);
        assert_eq!(sparkline(&noise, &edges(4), 4, Scale::Log), "▁▂▁▂");
        let rise = [100e6, 100e6, 400e6, 4000e6].map(Some);
        assert_eq!(sparkline(&rise, &edges(4), 4, Scale::Log), "▁▁▄█");
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
