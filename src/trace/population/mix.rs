//! Names with shares: who, where, what kind. Written `{ acme = 3, globex = 1 }`, `["eu", "us"]`, or, for many,
//! `{ count = 500, exponent = 1.0 }` (Zipf).
//!
//! A drift may change the shares while the replay goes on. Then as few requests as possible change their choice
//! (a maximal coupling of the two distributions): what a request was before decides with which chance it stays, and its
//! own dice decide where it goes. Two runs that differ in a drift stay comparable request by request.

use crate::{
    config::{Count, Node, Read, Refusal, Value, show_count},
    sim::{
        dice::{Dice, Purpose},
        distribution::Weighted,
    },
};
use serde_json::json;

/// Names with their shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    names: Listed,
    /// Any positive numbers; only their proportions count.
    pub shares: Vec<f64>,
    exponent: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Listed {
    Named(Vec<String>),
    /// `t1`, `t2`, ...: too many to write down.
    Numbered(String),
}

/// Names of one kind in a trace, when they are only counted.
const MOST: u64 = 10_000_000;

impl Mix {
    /// Names with shares.
    pub fn named(names: Vec<String>, shares: Vec<f64>) -> Mix {
        Mix {
            names: Listed::Named(names),
            shares,
            exponent: None,
        }
    }

    /// Reads one, its generated names made of `stem` and a number; `own` are names of options that are not names.
    pub fn read(
        node: &Node,
        stem: &str,
        each: impl Fn(&Node) -> Result<f64, Refusal>,
    ) -> Result<Mix, Refusal> {
        let what = "names with shares, such as { a = 3, b = 1 }, [\"a\", \"b\"] or { count = 50, exponent = 1.0 }";
        let mix = match &node.value {
            Value::List(items) => {
                let names: Vec<String> =
                    items.iter().map(String::read).collect::<Result<_, _>>()?;
                let shares = vec![1.0; names.len()];
                Mix::named(names, shares)
            }
            Value::Table(table) if table.contains_key("count") => {
                if let Some((name, entry)) = table
                    .iter()
                    .find(|(n, _)| !["count", "exponent", "stem"].contains(&n.as_str()))
                {
                    return Err(
                        Refusal::at(&entry.key, format!("\"{name}\" beside a count"))
                            .help("either names with shares, or count, exponent and stem"),
                    );
                }
                let count = Count::read(&table["count"].node)?.0;
                if count == 0 || count > MOST {
                    return Err(table["count"]
                        .node
                        .wrong(&format!("between 1 and {}", show_count(MOST))));
                }
                let exponent = table
                    .get("exponent")
                    .map(|e| exponent(&e.node))
                    .transpose()?
                    .unwrap_or(0.0);
                let stem = table
                    .get("stem")
                    .map(|e| String::read(&e.node))
                    .transpose()?
                    .unwrap_or_else(|| stem.into());
                Mix {
                    names: Listed::Numbered(stem),
                    shares: zipf(count as usize, exponent),
                    exponent: Some(exponent),
                }
            }
            Value::Table(table) => {
                let names = table.keys().cloned().collect();
                let shares = table
                    .values()
                    .map(|e| each(&e.node))
                    .collect::<Result<_, _>>()?;
                Mix::named(names, shares)
            }
            _ => return Err(node.wrong(what)),
        };
        if mix.shares.is_empty() || mix.shares.iter().sum::<f64>() <= 0.0 {
            return Err(Refusal::at(&node.at, "nobody has a share").help(what));
        }
        Ok(mix)
    }

    /// How many names there are.
    pub fn count(&self) -> usize {
        self.shares.len()
    }

    /// The name at a place.
    pub fn name(&self, i: usize) -> String {
        match &self.names {
            Listed::Named(names) => names.get(i).cloned().unwrap_or_default(),
            Listed::Numbered(stem) => format!("{stem}{}", i + 1),
        }
    }

    /// In words, for reports.
    pub fn describe(&self) -> String {
        match (&self.names, self.exponent) {
            (Listed::Numbered(_), Some(s)) if s != 0.0 => {
                format!("{} by Zipf, exponent {s}", self.count())
            }
            (Listed::Numbered(_), _) => format!("{}, equally likely", self.count()),
            (Listed::Named(names), _) if names.len() <= 4 => names.join(", "),
            (Listed::Named(names), _) => format!("{} with shares", names.len()),
        }
    }
}

/// A share as a file writes it: a number, 0 or more.
pub fn share(node: &Node) -> Result<f64, Refusal> {
    match f64::read(node) {
        Ok(x) if x >= 0.0 => Ok(x),
        _ => Err(node.wrong("a share: a number, 0 or more; only proportions count")),
    }
}

/// The exponent of a Zipf law.
pub fn exponent(node: &Node) -> Result<f64, Refusal> {
    match f64::read(node) {
        Ok(x) if (0.0..=10.0).contains(&x) => Ok(x),
        _ => Err(node.wrong("an exponent between 0 (all alike) and 10; 1 is the classic Zipf law")),
    }
}

/// Weights of Zipf's law.
pub fn zipf(n: usize, exponent: f64) -> Vec<f64> {
    (1..=n)
        .map(|rank| libm::pow(rank as f64, -exponent))
        .collect()
}

/// The JSON Schema of a mix.
pub fn schema() -> serde_json::Value {
    json!({ "anyOf": [
        { "type": "array", "items": { "type": "string" } },
        { "type": "object" },
    ] })
}

/// Chooses among places by weights that may change at known times.
#[derive(Clone, Debug)]
pub struct Choosing {
    base: Weighted,
    turns: Vec<Option<Turn>>,
    weights: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Turn {
    keep: Vec<f32>,
    excess: Weighted,
}

impl Choosing {
    /// By these weights, at least one of them positive.
    pub fn new(weights: &[f64]) -> Choosing {
        Choosing {
            base: weighted(weights),
            turns: vec![],
            weights: weights.to_vec(),
        }
    }

    /// From the next version on by these weights. Places keep their meaning; new ones stand at the end.
    pub fn turn(&mut self, weights: &[f64]) {
        let n = weights.len().max(self.weights.len());
        let padded = |w: &[f64]| {
            let sum: f64 = w.iter().sum();
            let mut w: Vec<f64> = w.iter().map(|x| x / sum).collect();
            w.resize(n, 0.0);
            w
        };
        let (old, new) = (padded(&self.weights), padded(weights));
        self.weights = weights.to_vec();
        let excess: Vec<f64> = old
            .iter()
            .zip(&new)
            .map(|(p, q)| (q - p).max(0.0))
            .collect();
        if excess.iter().sum::<f64>() < 1e-12 {
            self.turns.push(None);
            return;
        }
        let keep = old
            .iter()
            .zip(&new)
            .map(|(p, q)| {
                if *p > 0.0 {
                    (q / p).min(1.0) as f32
                } else {
                    1.0
                }
            })
            .collect();
        self.turns.push(Some(Turn {
            keep,
            excess: weighted(&excess),
        }));
    }

    /// The next version is like this one.
    pub fn keep(&mut self) {
        self.turns.push(None);
    }

    /// The place that these dice choose in a version (0 before the first change).
    #[inline]
    pub fn choose(&self, dice: Dice, purpose: Purpose, version: usize) -> usize {
        let mut place = self.base.sample(&mut dice.draw(purpose, 0));
        for (i, turn) in self.turns.iter().take(version).enumerate() {
            if let Some(turn) = turn {
                let mut draw = dice.draw(purpose, i as u64 + 1);
                let stays = turn.keep.get(place).copied().unwrap_or(1.0);
                if draw.unit() >= f64::from(stays) {
                    place = turn.excess.sample(&mut draw);
                }
            }
        }
        place
    }
}

fn weighted(weights: &[f64]) -> Weighted {
    Weighted::new(weights)
        .or_else(|_| Weighted::new(&[1.0]))
        .expect("a single weight of one is a distribution")
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Purpose = Purpose::named("test");

    #[test]
    fn a_drift_moves_only_the_requests_that_it_must() {
        let mut choosing = Choosing::new(&[1.0, 1.0, 2.0]);
        choosing.turn(&[3.0, 1.0, 2.0]); // 25% becomes 50%
        let (mut moved, mut first) = (0, 0);
        let n = 100_000;
        for op in 0..n {
            let dice = Dice::new(1, op);
            let (before, after) = (choosing.choose(dice, P, 0), choosing.choose(dice, P, 1));
            moved += u64::from(before != after);
            first += u64::from(after == 0);
            assert!(
                before == after || after == 0,
                "only towards the one that grew"
            );
        }
        assert!((first as f64 / n as f64 - 0.5).abs() < 0.01, "{first}");
        assert!((moved as f64 / n as f64 - 0.25).abs() < 0.01, "{moved}");
    }

    #[test]
    fn a_drift_to_the_same_shares_moves_nobody() {
        let mut choosing = Choosing::new(&[1.0, 3.0]);
        choosing.turn(&[2.0, 6.0]);
        assert!(
            (0..1000).all(|op| choosing.choose(Dice::new(1, op), P, 0)
                == choosing.choose(Dice::new(1, op), P, 1))
        );
    }
}
