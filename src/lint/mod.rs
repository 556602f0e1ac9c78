//! Lints: what the contract of a service, an incident file or a recording leaves unseen. One file a rule, one line in
//! [`RULES`].

mod action_idle;
mod action_overdue;
mod action_symptom;
mod action_unready;
mod cause_unanswered;
mod client_and_service_retry;
mod hidden_failures;
mod no_class_gate;
mod no_fix;
mod no_gates;
mod no_owner;
mod one_flag;
mod recording_columns;
mod retry_policy;
mod short_baseline;
mod status_only;
mod timeout_beyond_patience;

use crate::{
    config::{At, Day, Refusal},
    incident::{Incident, Registries, Tried, tried},
    recording::Recording,
    service::ServiceSpec,
};

/// An incident with all versions of its service.
pub struct Linted<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// Versions that its timeline and fix bring, the one at the start first.
    pub versions: &'a [ServiceSpec],
    /// What day it is, where somebody says so.
    pub today: Option<Day>,
}

/// A look at what replays with each action said, and where to tell what is found.
pub type AtReplays = fn(&Linted<'_>, &[Tried], &mut dyn FnMut(At, String));

/// What a rule has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Code of the rule.
    pub code: &'static str,
    /// Where; `None` for a recording.
    pub at: Option<At>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
}

/// What a rule looks at.
pub enum Looks {
    /// At an incident file.
    AtIncident(fn(&Linted<'_>, &mut dyn FnMut(At, String))),
    /// At replays of an incident that has actions: as it is, and with each of them done.
    AtReplays(AtReplays),
    /// At a recording.
    AtRecording(fn(&Recording, &mut dyn FnMut(String))),
}

/// A rule.
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// What it finds, one line.
    pub summary: &'static str,
    /// What would be right.
    pub help: &'static str,
    /// What it looks at.
    pub looks: Looks,
}

/// Every rule.
pub const RULES: &[&Rule] = &[
    &one_flag::RULE,
    &status_only::RULE,
    &client_and_service_retry::RULE,
    &retry_policy::RULE,
    &timeout_beyond_patience::RULE,
    &no_class_gate::RULE,
    &short_baseline::RULE,
    &no_owner::RULE,
    &no_gates::RULE,
    &no_fix::RULE,
    &action_unready::RULE,
    &cause_unanswered::RULE,
    &action_symptom::RULE,
    &action_idle::RULE,
    &action_overdue::RULE,
    &recording_columns::RULE,
    &hidden_failures::RULE,
];

/// What the rules find in an incident, in order of its places. One with actions is replayed.
///
/// # Errors
/// When the incident cannot be planned, which reading it has found before; where it has actions, as a run.
pub fn incident(
    incident: &Incident,
    today: Option<Day>,
    registries: &Registries,
) -> Result<Vec<Finding>, Refusal> {
    let versions = incident.versions(registries)?;
    let linted = Linted {
        incident,
        versions: &versions,
        today,
    };
    let replays = tried(incident, registries)?;
    let mut findings: Vec<Finding> = vec![];
    for rule in RULES {
        let mut found = |at, message| {
            let finding = Finding {
                code: rule.code,
                at: Some(at),
                message,
                help: rule.help,
            };
            // What several versions share is said once.
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        };
        match rule.looks {
            Looks::AtIncident(look) => look(&linted, &mut found),
            Looks::AtReplays(look) => look(&linted, &replays, &mut found),
            Looks::AtRecording(_) => {}
        }
    }
    findings.sort_by_key(|f| f.at.as_ref().map(|at| at.range.start));
    Ok(findings)
}

/// What the rules find in a recording.
pub fn recording(recording: &Recording) -> Vec<Finding> {
    let mut findings = vec![];
    for rule in RULES {
        if let Looks::AtRecording(look) = rule.looks {
            look(recording, &mut |message| {
                findings.push(Finding {
                    code: rule.code,
                    at: None,
                    message,
                    help: rule.help,
                });
            });
        }
    }
    findings
}

/// Where a dotted path stands in the tree of a version; where there is no such thing, the place of the longest part of it.
fn place(spec: &ServiceSpec, path: &str) -> At {
    let mut node = &spec.tree;
    for name in path.split('.') {
        match node.get(name) {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node.at.clone()
}
