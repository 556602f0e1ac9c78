//! Lists in order, and their scores on one scale.

use super::{Hit, Normalise};
use std::borrow::Cow;

/// Beyond this nothing is told apart, so that sums and spans of scores are numbers.
const MOST: f64 = 1e150;

/// A score that compares: what is no number is worst.
pub(super) fn plain(score: f64) -> f64 {
    if score.is_nan() {
        return -MOST;
    }
    score.clamp(-MOST, MOST)
}

/// Best first; equal scores by document.
fn order(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    plain(b.score)
        .total_cmp(&plain(a.score))
        .then(a.id.cmp(&b.id))
}

/// The list in order: as it is where it was, else a copy.
pub(super) fn in_order(hits: &[Hit]) -> Cow<'_, [Hit]> {
    if hits.is_sorted_by(|a, b| order(a, b).is_le()) {
        return Cow::Borrowed(hits);
    }
    let mut own = hits.to_vec();
    own.sort_by(order);
    Cow::Owned(own)
}

/// A list's scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    zero: f64,
    one: f64,
}

impl Scale {
    /// The scale of a list.
    pub fn of(hits: &[Hit], how: Normalise) -> Scale {
        let scores = || hits.iter().map(|hit| plain(hit.score));
        let n = hits.len().max(1) as f64;
        match how {
            Normalise::None => Scale {
                zero: 0.0,
                one: 1.0,
            },
            Normalise::MinMax => {
                let low = scores().fold(f64::INFINITY, f64::min);
                let high = scores().fold(f64::NEG_INFINITY, f64::max);
                Scale {
                    zero: low,
                    one: high - low,
                }
            }
            Normalise::ZScore => {
                let mean = scores().sum::<f64>() / n;
                let variance = scores().map(|s| (s - mean) * (s - mean)).sum::<f64>() / n;
                Scale {
                    zero: mean,
                    one: variance.sqrt(),
                }
            }
        }
    }

    /// A score on it. Of 24 bits: what differs by less differs by rounding, and that may decide nothing. In a list of
    /// equals each is the best.
    pub fn at(&self, score: f64) -> f32 {
        if self.one <= 0.0 {
            return 1.0;
        }
        ((plain(score) - self.zero) / self.one) as f32
    }
}
