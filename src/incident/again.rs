//! An incident, read once more with something changed: with controls of its actions in place, or other values drawn.

use super::{
    file::{Incident, Overlay, Registries},
    timeline::Step,
};
use crate::config::{At, Entry, Node, Refusal, Value, When};

impl Incident {
    /// The incident with the controls of these actions (by their place) in place from the start.
    ///
    /// # Errors
    /// Controls that do not fit each other; reading the file has tried each by itself.
    pub fn with_actions(
        &self,
        actions: &[usize],
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let mut root = self.bare();
        for &action in actions {
            self.put_control(action, &mut root)?;
        }
        self.of_changed(root, registries)
    }

    /// Puts the control of an action (by its place) into a tree.
    ///
    /// # Errors
    /// A path that leads nowhere.
    pub fn put_control(&self, action: usize, root: &mut Node) -> Result<(), Refusal> {
        let Some(control) = self.actions.get(action).and_then(|a| a.control.as_ref()) else {
            return Ok(());
        };
        for (path, entry) in &control.set {
            if self.has_item(path, &entry.key)? {
                root.set(path, &entry.key, entry.node.clone())?;
            }
        }
        if let Some(guard) = &control.guard {
            add_guard(root, guard, &control.at);
        }
        Ok(())
    }

    /// Whether the step or the change that a control sets is there. A variant, and a fix of which less is done, may lack
    /// what the file has.
    fn has_item(&self, path: &str, at: &At) -> Result<bool, Refusal> {
        let item = |list: &str| {
            let (item, _) = path.strip_prefix(list)?.split_once('.')?;
            item.parse::<usize>().ok()
        };
        let steps = |list: &str| match self.root.get(list).map(|n| &n.value) {
            Some(Value::List(items)) => items.len(),
            _ => 0,
        };
        let (there, what) = if path.starts_with("fix.") {
            let there = item("fix.").is_some_and(|i| i < self.fix.len());
            (there, "a step of the fix")
        } else if path.starts_with("timeline.") {
            let entry = item("timeline.").and_then(|i| self.timeline.get(i));
            let change = |e: &super::timeline::Entry| matches!(e.step, Step::Change { .. });
            (entry.is_some_and(change), "a change of the timeline")
        } else {
            return Ok(true);
        };
        if there || self.variant.is_some() || self.fix.len() < steps("fix") {
            return Ok(there);
        }
        Err(
            Refusal::at(at, format!("\"{path}\" is of no {}", &what[2..]))
                .help("items are numbered from 0; a fault and a drift come as they come"),
        )
    }

    /// The incident with these values at these paths.
    ///
    /// # Errors
    /// Paths that lead nowhere, and values that do not fit.
    pub fn with_values<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, &'a At, Node)>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let mut root = self.bare();
        for (path, at, value) in values {
            root.set(path, at, value)?;
        }
        self.of_changed(root, registries)
    }

    /// The incident as this tree has it, which is a changed one of its own. What it was read with stays.
    ///
    /// # Errors
    /// As reading an incident.
    pub fn of_changed(&self, root: Node, registries: &Registries) -> Result<Incident, Refusal> {
        let overlay = Overlay {
            variant: self.variant.clone(),
            seed: Some(self.seed),
            healthy: self.healthy,
            // Steps that were left out are no longer in the list; see `bare`.
            ..Overlay::default()
        };
        let (path, variants) = (&self.path, self.variants.clone());
        let again = Incident::of_tree(path, root, variants, &overlay, &self.overrides, registries)?;
        Ok(Incident {
            measures: self.measures.clone(),
            left_out: self.left_out.clone(),
            withdrawn: self.withdrawn.clone(),
            ..again
        })
    }

    /// Its tree without what is decided and drawn, with the steps of the fix that count.
    pub fn bare(&self) -> Node {
        let mut root = self.root.clone();
        if let Value::Table(table) = &mut root.value {
            table.shift_remove("action");
            table.shift_remove("gameday");
            if self.fix.is_empty() {
                table.shift_remove("fix");
            } else if let Some(Entry {
                node:
                    Node {
                        value: Value::List(steps),
                        ..
                    },
                ..
            }) = table.get_mut("fix")
            {
                steps.truncate(self.fix.len());
            }
        }
        root
    }

    /// Moves the fix so that its first step comes at `at` (ns) and the others as long after it as they did.
    ///
    /// # Errors
    /// A trace whose length cannot be told.
    pub fn fix_from(&mut self, at: u64) -> Result<(), Refusal> {
        let length = self.trace.extent(self.seed)?.length;
        let times = self.fix.iter().map(|e| e.options.at.0.resolve(length));
        let Some(first) = times.min() else {
            return Ok(());
        };
        for entry in &mut self.fix {
            let when = &mut entry.options.at.0;
            let moved = at + (when.resolve(length) - first);
            *when = When::At(moved.min(length));
        }
        Ok(())
    }

    /// Tries what may be set later: each control by itself, and the ends of what is drawn. In a variant other things
    /// happen, so what its file says of actions and ranges and does not fit it is left out.
    ///
    /// # Errors
    /// A control or a range that does not fit the file itself.
    pub(super) fn check_again(&mut self, registries: &Registries) -> Result<(), Refusal> {
        let lenient = self.variant.is_some();
        let mut fits = vec![];
        for (i, action) in self.actions.iter().enumerate() {
            let tried = match action.control {
                Some(_) => self.with_actions(&[i], registries).map(drop),
                None => Ok(()),
            };
            fits.push(tried.is_ok());
            if !lenient {
                tried?;
            }
        }
        let mut unfit = vec![];
        for end in self.game_day.iter().flat_map(|day| day.ends()) {
            for (vary, value) in end {
                let one = [(vary.path.as_str(), &vary.at, value)];
                let tried = self.with_values(one, registries);
                match tried.map_err(|refusal| Refusal::at(&vary.at, refusal.message())) {
                    Ok(_) => {}
                    Err(_) if lenient => unfit.push(vary.path.clone()),
                    Err(refusal) => return Err(refusal),
                }
            }
        }
        let mut fit = fits.into_iter();
        self.actions.retain(|_| fit.next().unwrap_or(true));
        self.measures = self.actions.iter().filter_map(|a| a.gate.clone()).collect();
        if let Some(day) = &mut self.game_day {
            day.vary.retain(|vary| !unfit.contains(&vary.path));
        }
        Ok(())
    }
}

/// One more guard behind those that stand.
fn add_guard(root: &mut Node, guard: &Node, at: &At) {
    let Value::Table(table) = &mut root.value else {
        return;
    };
    let empty = || Entry {
        key: at.clone(),
        node: Node {
            value: Value::List(vec![]),
            at: at.clone(),
        },
    };
    let entry = table.entry("guard".into()).or_insert_with(empty);
    if let Value::List(guards) = &mut entry.node.value {
        guards.push(guard.clone());
    }
}
