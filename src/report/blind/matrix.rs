//! The confusion matrix of the first diagnoser, as CSV and as a picture.

use crate::experiments::blind::{FAMILIES, Summary};
use std::fmt::Write;

/// True causes in the order of their families.
fn order(s: &Summary) -> Vec<String> {
    let mut order: Vec<String> = vec![];
    for kind in FAMILIES.iter().flat_map(|(_, kinds)| kinds.iter()) {
        if s.confusion.contains_key(kind.cause) && !order.iter().any(|c| c == kind.cause) {
            order.push(kind.cause.into());
        }
    }
    order
}

/// A line for each pair that came: `truth,said,times`.
pub fn csv(s: &Summary) -> String {
    let mut out = String::from("truth,said,times\n");
    for truth in order(s) {
        for (said, n) in &s.confusion[&truth] {
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
    confusion::draw(&order(s), &s.confusion, &title, &LIGHT)
}
