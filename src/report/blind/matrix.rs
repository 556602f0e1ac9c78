//! The confusion matrix of the first diagnoser, as CSV and as a picture.

use crate::experiments::blind::{FAMILIES, Summary};
use std::{collections::BTreeMap, fmt::Write};

/// Cause, answer, how often.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// True causes in the order of their families.
fn order(of: &Counts) -> Vec<String> {
    let mut order: Vec<String> = vec![];
    for kind in FAMILIES.iter().flat_map(|(_, kinds)| kinds.iter()) {
        if of.contains_key(kind.cause) && !order.iter().any(|c| c == kind.cause) {
            order.push(kind.cause.into());
        }
    }
    order
}

/// A line for each pair that came: `truth,said,times`.
pub fn csv(of: &Counts) -> String {
    let mut out = String::from("truth,said,times\n");
    for truth in order(of) {
        for (said, n) in &of[&truth] {
            let _ = writeln!(out, "{truth},{said},{n}");
        }
    }
    out
}

/// As a PNG.
#[cfg(feature = "plots")]
pub fn png(s: &Summary) -> Result<Vec<u8>, crate::config::Refusal> {
    use crate::report::plots::{LIGHT, confusion};
    let name = s.diagnosers.first().map_or("", String::as_str);
    let right = s.all.first().map_or(0.0, |l| l.first.value() * 100.0);
    let title = format!(
        "{name}: {} blind incidents, {right:.1} % with a true cause first",
        s.incidents
    );
    confusion::draw(&order(&s.confusion), &s.confusion, &title, &LIGHT)
}
