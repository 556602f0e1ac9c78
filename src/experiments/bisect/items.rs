//! What might not have been: entries of the timeline, and settings of the service.

use super::Question;
use crate::{
    config::{At, Entry, Refusal},
    incident::{Incident, Registries, Withdrawn, setting},
};
use serde::Serialize;

/// Something without which the incident might have been another.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The letter that sets call it by.
    pub letter: String,
    /// In words.
    pub what: String,
    /// Place in the timeline, of an entry.
    pub entry: Option<usize>,
    /// When an entry comes, ns.
    pub at: Option<u64>,
    /// What would be there in place of a setting.
    pub instead: Option<String>,
}

/// All of them.
pub(super) struct Items {
    pub all: Vec<Item>,
    /// What would be there in place of each that is a setting.
    settings: Vec<Vec<(String, Entry)>>,
}

/// What a set lacks.
pub(super) struct Absent {
    pub entries: Vec<usize>,
    pub settings: Vec<(String, Entry)>,
}

impl Items {
    /// The timeline; what controls of the service take away; what the user says might be otherwise. What does not fit the
    /// others is left out, and said.
    pub(super) fn of(
        incident: &Incident,
        question: &Question,
        registries: &Registries,
        limits: &mut Vec<String>,
    ) -> Result<Items, Refusal> {
        let length = incident.trace.extent(incident.seed)?.length;
        let mut items = Items {
            all: vec![],
            settings: vec![],
        };
        for (i, entry) in incident.timeline.iter().enumerate() {
            let at = entry.options.at.0.resolve(length);
            items.push(entry.label(), Some(i), Some(at), vec![]);
        }
        for text in &question.otherwise {
            let (path, entry) = setting("--otherwise", text)?;
            let root = path.split('.').next().unwrap_or("");
            if !["service", "dependency", "clients"].contains(&root) {
                return Err(Refusal::at(&entry.key, format!("\"{path}\" is no setting"))
                    .help("a path begins with service., dependency. or clients.; entries of the timeline are items by themselves"));
            }
            let set = vec![(path, entry)];
            incident.with_values(values(&set), registries)?;
            items.push(was(incident, &set), None, None, set);
        }
        let actions = incident.actions.iter().filter(|_| question.actions);
        for action in actions {
            let Some(control) = action.control.as_ref().filter(|c| c.is_of_the_service()) else {
                continue;
            };
            let taken = |path: &str| {
                let mut known = items.settings.iter().flatten();
                known.any(|(p, _)| p == path)
            };
            if control.set.iter().any(|(path, _)| taken(path)) {
                let name = &action.name;
                limits.push(format!(
                    "\"{name}\" sets what another item sets, and is left out"
                ));
                continue;
            }
            let together: Vec<(String, Entry)> = items
                .settings
                .iter()
                .flatten()
                .chain(&control.set)
                .cloned()
                .collect();
            if incident.with_values(values(&together), registries).is_err() {
                let name = &action.name;
                limits.push(format!(
                    "\"{name}\" does not fit the others, and is left out"
                ));
                continue;
            }
            items.push(was(incident, &control.set), None, None, control.set.clone());
        }
        Ok(items)
    }

    fn push(
        &mut self,
        what: String,
        entry: Option<usize>,
        at: Option<u64>,
        set: Vec<(String, Entry)>,
    ) {
        let n = self.all.len();
        let first = char::from(b'A' + (n % 26) as u8);
        let instead: Vec<String> = set
            .iter()
            .map(|(path, e)| format!("{path} = {}", e.node.to_inline()))
            .collect();
        self.all.push(Item {
            letter: match n / 26 {
                0 => first.to_string(),
                more => format!("{first}{more}"),
            },
            what,
            entry,
            at,
            instead: (!instead.is_empty()).then(|| instead.join(", ")),
        });
        self.settings.push(set);
    }

    /// What is not in a set.
    pub(super) fn absent(&self, set: u64) -> Absent {
        let gone = || (0..self.all.len()).filter(|i| set >> i & 1 == 0);
        Absent {
            entries: gone().filter_map(|i| self.all[i].entry).collect(),
            settings: gone().flat_map(|i| self.settings[i].clone()).collect(),
        }
    }

    /// A set for people: `A and C`.
    pub(super) fn words(&self, set: u64) -> String {
        let there = self.all.iter().enumerate();
        let there = there.filter(|(i, _)| set >> i & 1 == 1);
        let letters: Vec<&str> = there.map(|(_, item)| item.letter.as_str()).collect();
        match letters.is_empty() {
            true => "nothing of it".into(),
            false => letters.join(" and "),
        }
    }

    /// The incident in which what is not in the set is withdrawn at `at`, ns.
    pub(super) fn withdraw(
        &self,
        incident: &Incident,
        set: u64,
        at: u64,
    ) -> Result<Incident, Refusal> {
        let absent = self.absent(set);
        let mut imposed = vec![];
        if let Some((_, first)) = absent.settings.first() {
            let place: &At = &first.key;
            imposed.push(Withdrawn::setting(&absent.settings, at, place)?);
        }
        let mut tried = incident.clone();
        tried.withdrawn = Some(Withdrawn {
            at,
            entries: absent.entries,
            imposed,
        });
        Ok(tried)
    }

    /// Items whose withdrawal at `at` does nothing, or cannot be made while the service runs: the latter is said.
    pub(super) fn inert(
        &self,
        incident: &Incident,
        at: u64,
        length: u64,
        registries: &Registries,
        limits: &mut Vec<String>,
    ) -> u64 {
        let all = (1u64 << self.all.len()) - 1;
        let mut inert = 0;
        for (i, item) in self.all.iter().enumerate() {
            let over = item
                .entry
                .and_then(|e| incident.timeline.get(e))
                .is_some_and(|e| e.is_over(at, length));
            let made = || {
                let tried = self.withdraw(incident, all & !(1 << i), at)?;
                tried.versions(registries).map(drop)
            };
            if over {
                inert |= 1 << i;
            } else if made().is_err() {
                inert |= 1 << i;
                limits.push(format!(
                    "{} cannot be withdrawn while the service runs",
                    item.letter
                ));
            }
        }
        inert
    }
}

fn values(set: &[(String, Entry)]) -> impl Iterator<Item = (&str, &At, crate::config::Node)> {
    set.iter()
        .map(|(path, e)| (path.as_str(), &e.key, e.node.clone()))
}

/// What these paths are set to as it was.
fn was(incident: &Incident, set: &[(String, Entry)]) -> String {
    let each = set.iter().map(|(path, _)| match incident.root.get(path) {
        Some(node) => format!("{path} = {}", node.to_inline()),
        None => format!("no {path}"),
    });
    each.collect::<Vec<_>>().join(", ")
}
