//! The verdict of every row, once all of them are known.

use super::{Change, Family, Options, Row, Verdict, chance::holm, estimate, rows::Raw, words};
use crate::indicators::Worse;

/// Verdicts, corrected for all rows together, worst first.
pub fn judged(raw: Vec<Raw>, options: &Options) -> Vec<Row> {
    let mut corrected: Vec<Option<f64>> = vec![None; raw.len()];
    let there = |family: Family| {
        let of = |i: &usize| raw[*i].row.family == family && raw[*i].compared.is_ok();
        (0..raw.len()).filter(of).collect::<Vec<_>>()
    };
    let weights = Family::ALL.iter().filter(|(f, _)| !there(*f).is_empty());
    let all: f64 = weights.map(|(_, weight)| weight).sum();
    for (family, weight) in Family::ALL {
        let places = there(family);
        let ps: Vec<f64> = places
            .iter()
            .map(|&i| match &raw[i].compared {
                Ok(compared) if !raw[i].identical => compared.p,
                _ => 1.0,
            })
            .collect();
        for (&i, p) in places.iter().zip(holm(&ps)) {
            corrected[i] = Some((p * all / weight).min(1.0));
        }
    }
    let rows = raw.into_iter().zip(corrected);
    let mut rows: Vec<(f64, Row)> = rows.map(|(raw, p)| judge(raw, p, options)).collect();
    rows.sort_by(|(a, x), (b, y)| {
        let rank = |row: &Row| (row.verdict, row.family);
        rank(x).cmp(&rank(y)).then(b.total_cmp(a))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// One verdict, and how large the change is, to sort by.
fn judge(raw: Raw, corrected: Option<f64>, options: &Options) -> (f64, Row) {
    let Raw {
        mut row,
        worse,
        compared,
        identical,
    } = raw;
    let missing = compared.as_ref().err().cloned();
    if let (Ok(compared), Some(base), Some(new)) = (&compared, row.base, row.new) {
        let (low, high) = if identical {
            (0.0, 0.0)
        } else {
            compared.interval
        };
        row.change = Some(Change {
            by: new - base,
            low,
            high,
            ratio: (base != 0.0).then(|| new / base),
        });
        if options.draws > 0 {
            row.p = Some(if identical { 1.0 } else { compared.p });
            row.corrected = corrected;
        }
        let counts = corrected.is_some_and(|p| p <= options.alpha) && compared.beyond;
        let up_is_worse = worse == Worse::Higher;
        row.verdict = if identical {
            Verdict::Same
        } else if counts && (new > base) == up_is_worse {
            Verdict::Worse
        } else if counts {
            Verdict::Better
        } else if compared.within {
            Verdict::Same
        } else {
            Verdict::Unclear
        };
    }
    let size = match (row.base, row.new) {
        (Some(base), Some(new)) => {
            let small = estimate::shift(row.unit, &options.tolerance) * options.tolerance.relative;
            libm::log((new + small).max(1e-12) / (base + small).max(1e-12)).abs()
        }
        _ => 0.0,
    };
    row.detail = words::detail(&row, missing.as_deref());
    (size, row)
}
