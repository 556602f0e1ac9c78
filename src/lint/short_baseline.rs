//! A baseline too short to compare with.

use super::{Looks, Rule};
use crate::config::When;

/// Share of the trace that a baseline is at least.
const LEAST: f64 = 0.1;

pub(super) const RULE: Rule = Rule {
    code: "short-baseline",
    summary: "gates compare with a baseline of less than a tenth of the trace",
    help: "let the timeline begin later, at \"33%\"; or take less for the warm-up",
    looks: Looks::AtIncident(|linted, found| {
        let incident = linted.incident;
        let compares = incident
            .gates
            .iter()
            .find(|g| g.expression().contains("baseline"));
        let starts = incident.timeline.iter().map(|entry| &entry.options.at);
        let shares = starts.filter_map(|(when, at)| match when {
            When::Share(share) => Some((*share, at)),
            When::At(_) => None,
        });
        let first = shares.min_by(|a, b| a.0.total_cmp(&b.0));
        if let (Some(gate), Some((share, at))) = (compares, first)
            && share - incident.warm_up < LEAST
        {
            let message = format!("\"{}\" has hardly a baseline before this", gate.name());
            found(at.clone(), message);
        }
    }),
};
