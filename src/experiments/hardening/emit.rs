//! What stays of an incident: a regression incident for each control, in which its cause alone is at work. The file
//! breaches, its variant `control` holds, and both were replayed before the file was written.

use super::{Hardening, ROWLESS};
use crate::{
    config::{At, Entry, Node, Refusal, Table, Value},
    diagnosis::{self, Diagnosis},
    gates::{Gate, Judgement, Stretch, Verdict},
    incident::{self, Incident, Overlay, PhaseName, Proof, Registries, Run},
    service::same,
    trace::Overrides,
};
use rayon::prelude::*;
use std::path::Path;

/// The variant with the control in place.
pub const CONTROL: &str = "control";

/// A regression incident, or why there is none.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// Name of the action.
    pub action: String,
    /// Name of the file.
    pub file: String,
    /// Its text; or what stands against it.
    pub text: Result<String, String>,
}

/// A regression incident for each action that has a control, in the order of the file.
///
/// # Errors
/// As a run.
pub fn emit(
    incident: &Incident,
    hardening: &Hardening,
    registries: &Registries,
) -> Result<Vec<Emitted>, Refusal> {
    let able = (0..incident.actions.len()).filter(|&i| incident.actions[i].control.is_some());
    let mut names: Vec<String> = vec![];
    let mut wanted = vec![];
    for i in able {
        let slug = slug(&incident.actions[i].name);
        let mut name = format!("{}-{slug}", incident.label());
        while names.contains(&name) {
            name += "-again";
        }
        names.push(name.clone());
        wanted.push((i, name));
    }
    let one = |(i, name): (usize, String)| {
        let made = Maker {
            incident,
            hardening,
            registries,
            i,
        };
        let file = format!("{name}.toml");
        Ok(Emitted {
            action: incident.actions[i].name.clone(),
            text: made.file(&file)?,
            file,
        })
    };
    wanted.into_par_iter().map(one).collect()
}

/// Letters and digits, with hyphens between.
fn slug(name: &str) -> String {
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let fitted: String = name.chars().map(fit).collect();
    let parts: Vec<&str> = fitted.split('-').filter(|p| !p.is_empty()).collect();
    if parts.is_empty() {
        return "action".into();
    }
    parts.join("-")
}

struct Maker<'a> {
    incident: &'a Incident,
    hardening: &'a Hardening,
    registries: &'a Registries,
    /// Place of the action.
    i: usize,
}

fn text(text: impl Into<String>) -> Node {
    Node {
        value: Value::Text(text.into()),
        at: At::nowhere(),
    }
}

fn entry(node: Node) -> Entry {
    Entry {
        key: At::nowhere(),
        node,
    }
}

fn table(fields: impl IntoIterator<Item = (String, Node)>) -> Node {
    let fields = fields.into_iter().map(|(name, node)| (name, entry(node)));
    Node {
        value: Value::Table(fields.collect()),
        at: At::nowhere(),
    }
}

fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node {
        value: Value::List(items.into_iter().collect()),
        at: At::nowhere(),
    }
}

impl Maker<'_> {
    fn file(&self, file: &str) -> Result<Result<String, String>, Refusal> {
        let action = &self.incident.actions[self.i];
        if self.hardening.actions[self.i].proof == Proof::Symptom {
            return Ok(Err("it treats a symptom: its gate is still breached".into()));
        }
        // Without the control, and with it.
        let off = self.cause_alone();
        let without = self.incident.of_changed(off.clone(), self.registries)?;
        let on = self.controlled(&without)?;
        let with = self.incident.of_changed(on.clone(), self.registries)?;
        let (off_run, on_run) = (self.run(&without)?, self.run(&with)?);
        let own = self.gates();
        let gates: Vec<&Gate> = own
            .iter()
            .filter(|gate| self.stands(gate, &off_run, &on_run))
            .collect();
        let breached: Vec<&&Gate> = gates
            .iter()
            .filter(|gate| during(gate, &off_run) == Verdict::Breach)
            .collect();
        if breached.is_empty() {
            return Ok(Err(
                "the cause alone breaches no gate that this control then holds".into(),
            ));
        }
        let Some(difference) = difference(&off, &on) else {
            return Ok(Err(
                "the control changes nothing that a file could say".into()
            ));
        };
        let mut tree = self.headed(off);
        let named = |gate: &&Gate| (gate.name().to_owned(), text(gate.expression()));
        tree.insert("gates".into(), entry(table(gates.iter().map(named))));
        let names = breached.iter().map(|g| text(g.name()));
        let expect = table([("breached".to_string(), list(names))]);
        tree.insert("expect".into(), entry(expect));
        let title = format!("With the control: {}", action.name);
        let Value::Table(mut fields) = difference.value else {
            return Ok(Err("the control is no table".into()));
        };
        fields.insert("title".into(), entry(text(title)));
        let nothing = table([("breached".to_string(), list([]))]);
        fields.insert("expect".into(), entry(nothing));
        let whole = Node {
            value: Value::Table(tree),
            at: At::nowhere(),
        };
        let mut written = self.comments(file) + &whole.to_file();
        written += &format!("\n[variant.{CONTROL}]\n");
        for (name, field) in fields.iter() {
            written += &format!("{name} = {}\n", field.node.to_inline());
        }
        Ok(self.holds(&written, &on)?.map(|()| written))
    }

    /// The tree of the file with nothing but the entries of the timeline that this action's cause takes.
    fn cause_alone(&self) -> Node {
        let mut root = self.incident.bare();
        let entries = self.entries();
        let missing: Vec<String> = self
            .incident
            .timeline
            .iter()
            .enumerate()
            .filter(|(i, _)| !entries.contains(i))
            .filter_map(|(_, e)| e.options.deploy.clone())
            .collect();
        let takes_back_nothing = |node: &Node| {
            let label = node.get("rollback").map(|n| &n.value);
            matches!(label, Some(Value::Text(label)) if missing.contains(label))
        };
        let Value::Table(all) = &mut root.value else {
            return root;
        };
        if let Some(Value::List(items)) = all.get_mut("timeline").map(|e| &mut e.node.value) {
            let mut i = 0;
            items.retain(|_| {
                i += 1;
                entries.contains(&(i - 1))
            });
            items.retain(|node| !takes_back_nothing(node));
        }
        if let Some(Value::List(items)) = all.get_mut("fix").map(|e| &mut e.node.value) {
            items.retain(|node| !takes_back_nothing(node));
        }
        // With what the command line says of the trace.
        all.insert("trace".into(), entry(self.incident.trace.written()));
        root
    }

    /// The entries that stay: those of the smallest set of the fault tree with this action's condition. All of them where
    /// the control itself counts entries.
    fn entries(&self) -> Vec<usize> {
        let all = self.incident.timeline.len();
        let control = self.incident.actions[self.i].control.as_ref();
        let counts = |path: &str| path.starts_with("timeline.") || path.starts_with("fix.");
        let by_number = control.is_some_and(|c| c.set.iter().any(|(path, _)| counts(path)));
        if by_number {
            return (0..all).collect();
        }
        self.hardening.tree.entries_with(self.i, all)
    }

    /// The tree with the control in place, the fix coming as soon as it would.
    fn controlled(&self, without: &Incident) -> Result<Node, Refusal> {
        let mut root = without.root.clone();
        self.incident.put_control(self.i, &mut root)?;
        let Some(respond) = self.incident.response(&[self.i]) else {
            return Ok(root);
        };
        let with = self.incident.of_changed(root.clone(), self.registries)?;
        let first = self.run(&with)?;
        let began = first.truth.began().unwrap_or(0);
        let alerts = first.truth.entries.iter().filter(|e| e.is_alert());
        let Some(alert) = alerts.map(|e| e.at).find(|&at| at >= began) else {
            return Ok(root);
        };
        let begins = alert.saturating_add(respond);
        if first.truth.mitigated().is_none_or(|at| at <= begins) {
            return Ok(root);
        }
        let mut moved = with;
        moved.fix_from(begins)?;
        let length = moved.trace.extent(moved.seed)?.length;
        for (i, step) in moved.fix.iter().enumerate() {
            let at = step.options.at.0.resolve(length);
            root.set(
                &format!("fix.{i}.at"),
                &At::nowhere(),
                text(format!("{at}ns")),
            )?;
        }
        Ok(root)
    }

    fn run(&self, incident: &Incident) -> Result<Run, Refusal> {
        incident::run(incident, self.registries, &ROWLESS)
    }

    /// The gates of the file, and the action's own condition.
    fn gates(&self) -> Vec<Gate> {
        let mut gates = self.incident.gates.clone();
        let own = self.incident.actions[self.i].gate.as_ref();
        if let Some(own) = own.filter(|own| !gates.iter().any(|g| g.name() == own.name())) {
            let mut own = own.clone();
            own.rename(&slug(own.name()));
            gates.push(own);
        }
        gates
    }

    /// Whether a gate can stand in the file: the control holds it throughout, and without it there is a verdict, which after
    /// recovery is good.
    fn stands(&self, gate: &Gate, off: &Run, on: &Run) -> bool {
        let holds = |j: &Judgement| j.verdict == Verdict::Pass;
        let after = PhaseName::Recovered.word();
        each_phase(gate, on).iter().all(holds)
            && each_phase(gate, off).iter().all(|j| {
                j.verdict == Verdict::Pass || j.verdict == Verdict::Breach && j.phase != after
            })
    }

    /// The file's own words on what it is.
    fn headed(&self, off: Node) -> Table {
        let action = &self.incident.actions[self.i];
        let mut table = match off.value {
            Value::Table(table) => table,
            _ => Table::new(),
        };
        for name in ["title", "story", "seed", "variant", "expect", "gates"] {
            table.shift_remove(name);
        }
        let cause = action.cause.as_deref().unwrap_or("its cause");
        let known = diagnosis::catalogue::all().find(|(k, _)| k.id == cause);
        let what = known.map_or(String::new(), |(k, _)| format!(" ({})", k.summary));
        let title = format!(
            "Regression of {}: {cause} without \"{}\"",
            self.incident.label(),
            action.name
        );
        let story = format!(
            "What is left of \"{}\" when {cause}{what} is alone at work. As the service was, it breaches; with the control it holds.",
            self.incident.title
        );
        let mut all = Table::new();
        let schema = table.shift_remove("schema");
        all.extend(schema.map(|s| ("schema".to_string(), s)));
        all.insert("title".into(), entry(text(title)));
        all.insert("story".into(), entry(text(story)));
        let seed = Node {
            // A seed of more than 63 bits is not written in a file; who gave one on the command line gives it again.
            value: Value::Integer(i64::try_from(self.incident.seed).unwrap_or(i64::MAX)),
            at: At::nowhere(),
        };
        all.insert("seed".into(), entry(seed));
        all.extend(table);
        all
    }

    fn comments(&self, file: &str) -> String {
        let action = &self.incident.actions[self.i];
        let owner = action.owner.as_deref().unwrap_or("nobody");
        let due = action
            .due
            .map_or("without a day".into(), |d| format!("by {d}"));
        let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
        format!(
            "# Made by `gameday plan --emit` from {}: keep it, and have CI call\n\
             #   gameday gate {file} --variant all --expect\n\
             # \"{}\" ({} gap): {owner}, {due}.\n",
            plain(&self.incident.label()),
            plain(&action.name),
            action.gap.word(),
        )
    }

    /// Reads the file back and replays it without the control and with it.
    fn holds(&self, written: &str, on: &Node) -> Result<Result<(), String>, Refusal> {
        for variant in [None, Some(CONTROL.to_string())] {
            let overlay = Overlay {
                variant: variant.clone(),
                ..Overlay::default()
            };
            let path = Path::new("regression.toml");
            let overrides = Overrides::default();
            let read = Incident::read(path, written, &overlay, &overrides, self.registries)?;
            if variant.is_some() {
                let differs = [
                    "service",
                    "dependency",
                    "clients",
                    "timeline",
                    "fix",
                    "guard",
                ]
                .iter()
                .find(|name| !same(read.root.get(name), on.get(name)));
                if let Some(name) = differs {
                    return Ok(Err(format!(
                        "the control takes options of {name} away, which no variant can say"
                    )));
                }
            }
            let run = self.run(&read)?;
            let judged = incident::judge(&read, &run);
            let shortfalls = incident::meets(&read, &run, &judged, &Diagnosis::default());
            if let Some(shortfall) = shortfalls.first() {
                return Ok(Err(shortfall.0.clone()));
            }
        }
        Ok(Ok(()))
    }
}

/// What a gate says in the incident phase, and in the recovered one.
fn each_phase(gate: &Gate, run: &Run) -> Vec<Judgement> {
    let phases = incident::stretches(&run.truth);
    let incident = PhaseName::Incident.word();
    let after = PhaseName::Recovered.word();
    let counts = |p: &&Stretch| p.name == incident || p.name == after && !gate.is_of_the_run();
    let held = phases.iter().filter(counts);
    let (watched, names) = (&run.watched, &run.recording);
    let context = incident::context(watched, names, &run.truth, &phases, &run.scalars);
    held.map(|p| gate.judge(&context, p)).collect()
}

fn during(gate: &Gate, run: &Run) -> Verdict {
    each_phase(gate, run)
        .first()
        .map_or(Verdict::NoData, |j| j.verdict)
}

/// What has to be laid over `a` to get `b`, where nothing was taken away.
fn difference(a: &Node, b: &Node) -> Option<Node> {
    if same(Some(a), Some(b)) {
        return None;
    }
    match (&a.value, &b.value) {
        (Value::Table(a), Value::Table(b)) => {
            let one = |(name, new): (&String, &Entry)| {
                let node = match a.get(name) {
                    Some(old) => difference(&old.node, &new.node)?,
                    None => new.node.clone(),
                };
                Some((name.clone(), node))
            };
            Some(table(b.iter().filter_map(one)))
        }
        _ => Some(b.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn node(text: &str) -> Node {
        Node::parse(&Source::new("x", text)).unwrap()
    }

    #[test]
    fn what_differs_laid_over_the_one_is_the_other() {
        let a = node("x = 1\n[s]\na = 1\nb = { c = 2, d = [1, 2] }\n");
        let b = node("x = 1\n[s]\na = 1\nb = { c = 3, d = [1, 2], e = \"new\" }\n[g]\nh = 1\n");
        let over = difference(&a, &b).unwrap();
        assert_eq!(
            over.to_inline(),
            r#"{ s = { b = { c = 3, e = "new" } }, g = { h = 1 } }"#
        );
        let mut laid = a.clone();
        laid.overlay(over.table("x").unwrap());
        assert!(same(Some(&laid), Some(&b)));
        assert!(difference(&a, &a).is_none());
    }

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(slug("A budget, of \"retries\"!"), "a-budget-of-retries");
        assert_eq!(slug("\u{1f525}/.."), "action");
    }
}
