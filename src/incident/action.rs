//! What a review of the incident decided on: actions, each with the gap that it closes, an owner, a day, a gate by which
//! it is measured, and the control that can be replayed.

use super::{file::Registries, guard::Guard, timeline::paths};
use crate::{
    config::{At, Day, Entry as TableEntry, Node, Read, Refusal, Span, Value, suggestion},
    diagnosis,
    gates::Gate,
};

crate::choice! {
    /// What was missing: somebody who notices, a design that bears it, or a way to act.
    pub enum Gap {
        /// It was noticed late, or by users.
        Detection = "detection",
        /// The service could not bear it.
        Design = "design",
        /// People and their tools let it in, or took long.
        Operational = "operational",
    }
}

crate::options! {
    /// Action.
    #[derive(Clone, Debug)]
    pub struct ActionOptions {
        /// Its name, one line.
        name: (String, At),
        /// What was missing: detection, design, operational.
        gap: Gap,
        /// The cause that it answers, by a name of `gameday list causes`.
        cause: Option<(String, At)> = None, "none";
        /// What is different once it is done: `{ set = { ... } }`, `{ guard = { ... } }`.
        control: Option<Node> = None, "none: it cannot be replayed";
        /// Who does it: one of those under `owners`.
        owner: Option<(String, At)> = None, "nobody";
        /// By when, such as "2026-12-15".
        due: Option<(Day, At)> = None, "never";
        /// What measures it: the name of a gate of the file, or a condition such as "time_to_detect < 1m".
        gate: Option<Node> = None, "nothing";
    }
}

crate::options! {
    /// Control.
    #[derive(Clone, Debug)]
    pub struct ControlOptions {
        /// Dotted paths with the values that they have from the start: of service, dependency, clients; of the fix (`fix.0.at`); how a change of the timeline is rolled out (`timeline.0.canary`).
        set: Option<Node> = None, "nothing";
        /// A guard that stands from the start, as under [[guard]].
        guard: Option<Node> = None, "none";
        /// Time from the guard's alert until the first step of the fix, where that is sooner than it was.
        respond: Option<(Span, At)> = None, "the fix comes when it came";
    }
}

/// What is different once an action is done.
#[derive(Clone, Debug)]
pub struct Control {
    /// Dotted paths with their values.
    pub set: Vec<(String, TableEntry)>,
    /// A guard that stands from the start.
    pub guard: Option<Node>,
    /// ns from an alert until the first step of the fix.
    pub respond: Option<u64>,
    /// Where it stands.
    pub at: At,
}

impl Control {
    /// Whether it changes the service or its callers, and nothing else: what was there before is a condition under which the
    /// incident came about.
    pub fn is_of_the_service(&self) -> bool {
        let of = |(path, _): &(String, TableEntry)| {
            !path.starts_with("fix.") && !path.starts_with("timeline.")
        };
        self.guard.is_none() && !self.set.is_empty() && self.set.iter().all(of)
    }

    /// For people: `service.call.retry.budget = "10%"`.
    pub fn words(&self) -> String {
        let set = self.set.iter();
        let mut parts: Vec<String> = set
            .map(|(path, entry)| format!("{path} = {}", entry.node.to_inline()))
            .collect();
        if let Some(guard) = &self.guard {
            let word = |name: &str| guard.get(name).and_then(|n| String::read(n).ok());
            let then = word("then").unwrap_or_else(|| "rollback".into());
            parts.push(format!("{then} when {}", word("when").unwrap_or_default()));
        }
        if let Some(ns) = self.respond {
            let after = crate::config::show_nanos(ns);
            parts.push(format!("the fix {after} after the alert"));
        }
        parts.join(", ")
    }
}

/// An action, checked.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// What was missing.
    pub gap: Gap,
    /// The cause that it answers.
    pub cause: Option<String>,
    /// What is different once it is done.
    pub control: Option<Control>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<Day>,
    /// What measures it.
    pub gate: Option<Gate>,
}

impl Action {
    /// What it lacks to be more than a wish, in words: an owner, a day, a gate, a control.
    pub fn lacks(&self) -> Vec<&'static str> {
        let parts = [
            (self.owner.is_some(), "owner"),
            (self.due.is_some(), "due date"),
            (self.gate.is_some(), "gate that measures it"),
            (self.control.is_some(), "control that could be replayed"),
        ];
        let lacking = parts.iter().filter(|(there, _)| !there);
        lacking.map(|(_, what)| *what).collect()
    }
}

/// What of a change on the timeline a control may set: how it is rolled out, not what it brings.
const ROLL_OUT: &[&str] = &["canary", "pace", "restart", "down", "state"];

impl Action {
    fn read(
        node: &Node,
        gates: &[Gate],
        owners: &[(String, String)],
        registries: &Registries,
    ) -> Result<Action, Refusal> {
        let o = ActionOptions::read(node)?;
        if o.name.0.trim().is_empty() {
            return Err(Refusal::at(&o.name.1, "an action without a name")
                .help("say what is done, such as \"a budget of retries\""));
        }
        if let Some((cause, at)) = &o.cause {
            let all: Vec<&str> = diagnosis::catalogue::all().map(|(k, _)| k.id).collect();
            if !all.contains(&cause.as_str()) {
                return Err(Refusal::at(at, format!("unknown cause \"{cause}\""))
                    .help(suggestion(cause, all)));
            }
        }
        if let Some((owner, at)) = &o.owner {
            let known = owners.iter().map(|(_, who)| who.as_str());
            if !known.clone().any(|who| who == owner) {
                let message = format!("nobody in [owners] is called \"{owner}\"");
                return Err(Refusal::at(at, message).help(suggestion(owner, known)));
            }
        }
        let control = o.control.as_ref();
        let control = control.map(|node| read_control(node, registries));
        Ok(Action {
            gate: o
                .gate
                .map(|node| measure(&o.name.0, &node, gates))
                .transpose()?,
            at: node.at.clone(),
            name: o.name.0,
            gap: o.gap,
            cause: o.cause.map(|(cause, _)| cause),
            control: control.transpose()?,
            owner: o.owner.map(|(owner, _)| owner),
            due: o.due.map(|(day, _)| day),
        })
    }
}

/// A gate of the file by its name, or a condition of its own.
fn measure(name: &str, node: &Node, gates: &[Gate]) -> Result<Gate, Refusal> {
    let text = String::read(node)?;
    if let Some(gate) = gates.iter().find(|g| g.name() == text) {
        return Ok(gate.clone());
    }
    if !text.contains(['<', '>', '=']) {
        let message = format!("there is no gate \"{text}\", and it is no condition");
        return Err(
            Refusal::at(&node.at, message).help(suggestion(&text, gates.iter().map(Gate::name)))
        );
    }
    Gate::parse(name, node)
}

fn read_control(node: &Node, registries: &Registries) -> Result<Control, Refusal> {
    let o = ControlOptions::read(node)?;
    let roots = ["service", "dependency", "clients", "timeline", "fix"];
    let set = o.set.map(|set| paths(&set, &roots)).transpose()?;
    let set = set.unwrap_or_default();
    for (path, entry) in &set {
        let Some(rest) = path.strip_prefix("timeline.") else {
            continue;
        };
        let (_, option) = rest.split_once('.').unwrap_or((rest, ""));
        if !ROLL_OUT.contains(&option) {
            let message = "a control does not change what happened";
            return Err(Refusal::at(&entry.key, message).help(format!(
                "of a change it may set how it is rolled out: {}",
                ROLL_OUT.join(", ")
            )));
        }
    }
    let alerts = match &o.guard {
        Some(guard) => Guard::read(guard, registries)?.then == super::guard::Then::Alert,
        None => false,
    };
    if let (Some((_, at)), false) = (&o.respond, alerts) {
        return Err(Refusal::at(at, "nobody is told whom this could wait for")
            .help("give the control a guard with then = \"alert\""));
    }
    if set.is_empty() && o.guard.is_none() {
        return Err(Refusal::at(&node.at, "a control that changes nothing")
            .help("give it set = { \"service...\" = ... }, or a guard"));
    }
    Ok(Control {
        set,
        guard: o.guard,
        respond: o.respond.map(|(span, _)| span.0),
        at: node.at.clone(),
    })
}

/// The actions of a file.
pub(super) fn actions(
    node: &Node,
    gates: &[Gate],
    owners: &[(String, String)],
    registries: &Registries,
) -> Result<Vec<Action>, Refusal> {
    let Value::List(items) = &node.value else {
        return Err(node.wrong("a list of tables, each under [[action]]"));
    };
    let mut actions: Vec<Action> = vec![];
    for item in items {
        let action = Action::read(item, gates, owners, registries)?;
        if actions.iter().any(|a| a.name == action.name) {
            let at = item.get("name").map_or(&item.at, |n| &n.at);
            let message = format!("there is an action \"{}\" already", action.name);
            return Err(Refusal::at(at, message).help("give each a name of its own"));
        }
        actions.push(action);
    }
    Ok(actions)
}

impl super::Incident {
    /// True causes that no action answers.
    pub fn unanswered(&self) -> Vec<String> {
        let expect = self.expect.as_ref();
        let causes = expect.map_or(&[][..], |e| match &e.true_causes[..] {
            [] => e.causes.as_deref().unwrap_or_default(),
            said => said,
        });
        let answered = |cause: &str| {
            let mut all = self.actions.iter();
            all.any(|a| a.cause.as_deref() == Some(cause))
        };
        let open = causes.iter().filter(|(cause, _)| !answered(cause));
        open.map(|(cause, _)| cause.clone()).collect()
    }
}
