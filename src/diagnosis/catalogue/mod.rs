//! All causes that incidents may name: those that the diagnosis names, and those that it does not know yet. One file a
//! question that has some of the latter; each entry says what the cause looks like, what it is mistaken for and what cures it.

mod q30;

use super::causes;

/// A cause, as people read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name, in files and answers.
    pub id: &'static str,
    /// What it is, one line.
    pub summary: &'static str,
    /// What it looks like in a recording, one line.
    pub signature: &'static str,
    /// Causes that it is mistaken for.
    pub look_alikes: &'static [&'static str],
    /// What cures it.
    pub remedy: &'static str,
}

/// Those that the diagnosis cannot name yet, by question.
const FAMILIES: &[&[Known]] = &[q30::CAUSES];

/// Every cause, with whether the diagnosis can name it.
pub fn all() -> impl Iterator<Item = (Known, bool)> {
    let named = causes::CAUSES.iter().map(|c| {
        let known = Known {
            id: c.id,
            summary: c.summary,
            signature: c.signature,
            look_alikes: c.look_alikes,
            remedy: c.remedy,
        };
        (known, true)
    });
    let others = FAMILIES.iter().copied().flatten().map(|k| (*k, false));
    named.chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_cause_has_one_name_and_is_mistaken_for_others_of_the_catalogue() {
        let ids: Vec<&str> = all().map(|(known, _)| known.id).collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "a name twice");
        for (known, _) in all() {
            let words = [known.summary, known.signature, known.remedy];
            assert!(words.iter().all(|w| !w.is_empty()), "{}", known.id);
            assert!(!known.look_alikes.is_empty(), "{}", known.id);
            for other in known.look_alikes {
                assert!(
                    distinct.contains(other) && *other != known.id,
                    "{}: {other}",
                    known.id
                );
            }
        }
    }
}
