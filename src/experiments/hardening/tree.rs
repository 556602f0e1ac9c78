//! The fault tree, by replaying what was there in parts: entries of the timeline, and conditions of the service that a
//! control would take away. The truth of the lab is asked, not the diagnosis.

use super::trials::{Setup, Trials};
use crate::{config::Refusal, incident::Incident};
use serde::Serialize;

/// Factors of which every subset is replayed; of more, each alone and all but each.
pub const EVERY: usize = 5;

/// Share of the harmed requests by which a factor has to change them to count as contributing.
const CONTRIBUTES: f64 = 0.05;

/// Something without which the incident might have been another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// The letter that the tree calls it by.
    pub letter: String,
    /// In words.
    pub what: String,
    /// Place in the timeline, of an entry.
    pub entry: Option<usize>,
    /// Place in the actions, of a condition that its control takes away.
    pub action: Option<usize>,
    /// What it did.
    pub part: Part,
}

/// What part a factor had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Without it nothing is breached, and alone it breaches.
    Whole,
    /// Without it nothing is breached.
    Necessary,
    /// Alone it breaches, and others do too.
    Sufficient,
    /// With others it breaches, or it makes the harm larger.
    Contributes,
    /// Nothing is different without it.
    Bystander,
}

impl Part {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Part::Whole => "necessary and sufficient",
            Part::Necessary => "necessary",
            Part::Sufficient => "sufficient",
            Part::Contributes => "contributes",
            Part::Bystander => "no part in it",
        }
    }
}

/// A replayed subset of the factors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subset {
    /// Letters of those that were there.
    pub there: Vec<String>,
    /// Gates that were breached, of those that were as it was.
    pub breached: Vec<String>,
    /// Requests that were harmed.
    pub harmed: u64,
}

/// The fault tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// What was there.
    pub factors: Vec<Factor>,
    /// Whether every subset was replayed.
    pub every_subset: bool,
    /// What was replayed, the fullest first.
    pub subsets: Vec<Subset>,
    /// Smallest sets that breach, by their letters: an OR of ANDs.
    pub sets: Vec<Vec<String>>,
}

impl Tree {
    /// `A and B, or A and C`; nothing where no subset breaches.
    pub fn words(&self) -> String {
        let sets = self.sets.iter().map(|s| {
            if s.is_empty() {
                "nothing at all".to_string()
            } else {
                s.join(" and ")
            }
        });
        sets.collect::<Vec<_>>().join(", or ")
    }

    /// The entries of the timeline in the smallest set that has this action's condition in it; all of them where there is
    /// none.
    pub fn entries_with(&self, action: usize, all: usize) -> Vec<usize> {
        let factor = self.factors.iter().find(|f| f.action == Some(action));
        let set = factor.and_then(|f| {
            let with = self.sets.iter().filter(|s| s.contains(&f.letter));
            with.min_by_key(|s| s.len())
        });
        let Some(set) = set else {
            return (0..all).collect();
        };
        let in_set = self.factors.iter().filter(|f| set.contains(&f.letter));
        let entries: Vec<usize> = in_set.filter_map(|f| f.entry).collect();
        if entries.is_empty() {
            (0..all).collect()
        } else {
            entries
        }
    }
}

/// What is toggled: the timeline, then what controls of the service take away.
fn factors(incident: &Incident) -> Vec<Factor> {
    let entries = incident.timeline.iter().enumerate().map(|(i, entry)| {
        let what = entry.label();
        (what, Some(i), None)
    });
    let conditions = incident
        .actions
        .iter()
        .enumerate()
        .filter_map(|(i, action)| {
            let control = action.control.as_ref().filter(|c| c.is_of_the_service())?;
            let paths: Vec<String> = control.set.iter().map(|(path, _)| path.clone()).collect();
            let was = paths.iter().map(|path| match incident.root.get(path) {
                Some(node) => format!("{path} = {}", node.to_inline()),
                None => format!("no {path}"),
            });
            let was: Vec<String> = was.collect();
            Some((was.join(", "), None, Some(i)))
        });
    let all = entries.chain(conditions).enumerate();
    let factor = |(n, (what, entry, action))| Factor {
        letter: letter(n),
        what,
        entry,
        action,
        part: Part::Bystander,
    };
    all.map(factor).collect()
}

/// A to Z, then A1 and on.
fn letter(n: usize) -> String {
    let first = char::from(b'A' + (n % 26) as u8);
    match n / 26 {
        0 => first.to_string(),
        more => format!("{first}{more}"),
    }
}

/// A subset of the factors: whether each is there.
type There = Vec<bool>;

fn setup(factors: &[Factor], there: &[bool]) -> Setup {
    let absent = || factors.iter().zip(there).filter(|(_, there)| !**there);
    Setup {
        done: absent().filter_map(|(f, _)| f.action).collect(),
        left_out: absent().filter_map(|(f, _)| f.entry).collect(),
    }
}

/// The subsets that are replayed: every one, or all, all but each, and each alone.
fn subsets(n: usize) -> Vec<There> {
    if n <= EVERY {
        let of = |mask: usize| (0..n).map(|i| mask >> i & 1 == 0).collect();
        return (0..1usize << n).map(of).collect();
    }
    let all_but = |but: usize| (0..n).map(|i| i != but).collect();
    let only = |only: usize| (0..n).map(|i| i == only).collect();
    let mut some: Vec<There> = vec![vec![true; n]];
    some.extend((0..n).map(all_but));
    some.extend((0..n).map(only));
    some
}

pub(super) fn tree(trials: &mut Trials<'_>) -> Result<Tree, Refusal> {
    let mut factors = factors(trials.incident);
    let n = factors.len();
    if n == 0 || trials.breached.is_empty() {
        return Ok(Tree {
            factors,
            ..Tree::default()
        });
    }
    let mut theres = subsets(n);
    theres.sort_by_key(|there| std::cmp::Reverse(there.iter().filter(|t| **t).count()));
    trials.all(theres.iter().map(|there| setup(&factors, there)))?;
    let mut rows: Vec<(There, bool, u64)> = vec![];
    let mut listed = vec![];
    for there in theres {
        let outcome = trials.get(setup(&factors, &there))?;
        let breaks = outcome.breaks(&trials.breached);
        rows.push((there.clone(), breaks, outcome.harmed.harmed));
        let breached = outcome
            .breached
            .iter()
            .filter(|g| trials.breached.contains(g));
        listed.push(Subset {
            there: letters(&factors, &there),
            breached: breached.cloned().collect(),
            harmed: outcome.harmed.harmed,
        });
    }
    let parts = parts(n, &rows);
    for (factor, part) in factors.iter_mut().zip(parts) {
        factor.part = part;
    }
    let sets = smallest(&rows)
        .iter()
        .map(|s| letters(&factors, s))
        .collect();
    Ok(Tree {
        every_subset: n <= EVERY,
        subsets: listed,
        sets,
        factors,
    })
}

fn letters(factors: &[Factor], there: &[bool]) -> Vec<String> {
    let there = factors.iter().zip(there).filter(|(_, t)| **t);
    there.map(|(f, _)| f.letter.clone()).collect()
}

/// Whether everything in `a` is in `b` too.
fn inside(a: &[bool], b: &[bool]) -> bool {
    a.iter().zip(b).all(|(a, b)| !a || *b)
}

/// The breaching subsets in which no smaller one that was replayed breaches.
fn smallest(rows: &[(There, bool, u64)]) -> Vec<There> {
    let breaching: Vec<&There> = rows.iter().filter(|r| r.1).map(|r| &r.0).collect();
    let minimal = |set: &&&There| {
        !breaching
            .iter()
            .any(|other| *other != **set && inside(other, set))
    };
    breaching
        .iter()
        .filter(minimal)
        .map(|set| (*set).clone())
        .collect()
}

/// What part each factor had, by the rows that were replayed.
fn parts(n: usize, rows: &[(There, bool, u64)]) -> Vec<Part> {
    let find = |wanted: &dyn Fn(&[bool]) -> bool| rows.iter().find(|r| wanted(&r.0));
    let full = find(&|there| there.iter().all(|t| *t)).map_or(0, |r| r.2);
    let sets = smallest(rows);
    let part = |i: usize| {
        let breaks_without = rows.iter().any(|r| r.1 && !r.0[i]);
        let alone = |there: &[bool]| there.iter().enumerate().all(|(k, t)| *t == (k == i));
        let but = |there: &[bool]| there.iter().enumerate().all(|(k, t)| *t == (k != i));
        let sufficient = find(&alone).is_some_and(|r| r.1);
        let without = find(&but).map_or(full, |r| r.2);
        let larger = full as f64 - without as f64 >= CONTRIBUTES * full.max(1) as f64;
        match (!breaks_without, sufficient) {
            (true, true) => Part::Whole,
            (true, false) => Part::Necessary,
            (false, true) => Part::Sufficient,
            (false, false) if larger || sets.iter().any(|set| set[i]) && n <= EVERY => {
                Part::Contributes
            }
            (false, false) => Part::Bystander,
        }
    };
    (0..n).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of an incident that breaches where this says so; each factor that is there harms one request.
    fn rows(n: usize, breaks: impl Fn(&[bool]) -> bool) -> Vec<(There, bool, u64)> {
        let row = |there: There| {
            let harmed = if breaks(&there) { 100 } else { 0 };
            (there.clone(), breaks(&there), harmed)
        };
        subsets(n).into_iter().map(row).collect()
    }

    #[test]
    fn parts_and_smallest_sets_are_those_of_the_formula() {
        // A and B, or A and C; D is a bystander.
        let rows4 = rows(4, |t| t[0] && (t[1] || t[2]));
        let got = parts(4, &rows4);
        use Part::{Bystander, Contributes, Necessary, Sufficient, Whole};
        assert_eq!(got, [Necessary, Contributes, Contributes, Bystander]);
        let mut sets = smallest(&rows4);
        sets.sort();
        let (t, f) = (true, false);
        assert_eq!(sets, [vec![t, f, t, f], vec![t, t, f, f]]);
        assert_eq!(parts(1, &rows(1, |t| t[0])), [Whole]);
        assert_eq!(
            parts(2, &rows(2, |t| t[0] || t[1])),
            [Sufficient, Sufficient]
        );
        assert!(smallest(&rows(3, |_| f)).is_empty());
        assert_eq!(smallest(&rows(2, |_| t)), [vec![f, f]]);
    }

    #[test]
    fn of_many_factors_each_alone_and_all_but_each_tell_necessary_and_sufficient() {
        let seven = rows(7, |t| t[2] && t[4]);
        assert_eq!(seven.len(), 15);
        let got = parts(7, &seven);
        assert_eq!(
            (got[2], got[4], got[0]),
            (Part::Necessary, Part::Necessary, Part::Bystander)
        );
        let got = parts(7, &rows(7, |t| t[3]));
        assert_eq!(got[3], Part::Whole);
    }
}
