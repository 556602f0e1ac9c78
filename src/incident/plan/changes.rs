//! Changes of the service: each makes a version of it, and reaches all replicas or some.

use super::Builder;
use crate::{
    config::{Node, Refusal},
    incident::timeline::{Entry, Keep, Restart},
    service::{Control, QueueSpec, ServiceSpec, refuse_other_kinds, stateful_differences},
};

/// How long a rolling change waits between two replicas, unless it says otherwise, ns.
const PACE: u64 = 30_000_000_000;

impl Builder<'_> {
    pub(super) fn pace(&self, entry: &Entry) -> u64 {
        match (entry.options.pace, entry.options.restart) {
            (Some(pace), _) => pace.0,
            (None, Restart::Rolling) => PACE,
            (None, _) => 0,
        }
    }

    /// The service's tree with all changes in force.
    fn tree(&self) -> Result<Node, Refusal> {
        let mut tree = self.incident.root.clone();
        for applied in &self.applied {
            for (path, entry) in applied.set {
                tree.set(path, &entry.key, entry.node.clone())?;
            }
        }
        Ok(tree)
    }

    pub(super) fn deploy(&mut self, at: u64, entry: &Entry) -> Result<(), Refusal> {
        let o = &entry.options;
        let spec = ServiceSpec::read(&self.tree()?, &self.registries.components)?;
        let before = &self.plan.versions[self.plan.versions.len() - 1];
        if spec.replicas != before.replicas {
            let place = spec
                .tree
                .get("service.replicas")
                .map_or(&entry.at_place, |n| &n.at);
            return Err(Refusal::at(place, "a change cannot add or take replicas")
                .help("set service.replicas for the whole run"));
        }
        if spec.regions != before.regions {
            let regions = spec.tree.get("service.regions");
            let place = regions.map_or(&entry.at_place, |n| &n.at);
            return Err(
                Refusal::at(place, "a change cannot move replicas between regions")
                    .help("set service.regions for the whole run"),
            );
        }
        let names = |s: &ServiceSpec| {
            s.dependencies
                .iter()
                .map(|d| (d.name.clone(), d.pool > 0, d.workers > 0))
                .collect::<Vec<_>>()
        };
        if names(&spec) != names(before) {
            return Err(Refusal::at(
                &entry.at_place,
                "a change cannot add or take a dependency, its pool or its workers",
            )
            .help("declare them from the start, and change their sizes"));
        }
        let cold = o.state == Keep::Cold;
        if !cold {
            refuse_other_kinds(before, &spec)?;
        }
        let restarts = o.restart != Restart::None;
        if restarts.then_some(()).is_none() && spec.queue.is_some() != before.queue.is_some() {
            return Err(Refusal::at(
                &entry.at_place,
                "a queue cannot come or go while processes run",
            )
            .help("add restart = \"rolling\""));
        }
        let own = |s: &ServiceSpec| s.queue.as_ref().map(QueueSpec::with_own);
        if !restarts && own(&spec) != own(before) {
            let place = spec.tree.get("service.queue.pools");
            return Err(Refusal::at(
                place.map_or(&entry.at_place, |n| &n.at),
                "a class cannot get or lose workers of its own while processes run",
            )
            .help("add restart = \"rolling\"; their number may change at any time"));
        }
        let share = o.canary.0;
        let different = stateful_differences(before, &spec);
        if share < 1.0 && !different.is_empty() {
            return Err(Refusal::at(
                &entry.at_place,
                format!(
                    "a canary by share of the traffic cannot have its own {}",
                    different.join(", ")
                ),
            )
            .help(
                "its state is common to all requests; go replica by replica with pace = \"30s\"",
            ));
        }
        let version = self.plan.versions.len();
        self.plan.versions.push(spec);
        let by_replica = restarts || o.pace.is_some();
        self.plan.controls.push((
            at,
            Control::Deploy {
                version,
                share,
                by_replica,
                cold,
            },
        ));
        if by_replica {
            let pace = self.pace(entry);
            // A canary by replica reaches its share of them, at least one.
            let all = f64::from(self.incident.service.replicas);
            let reached = (all * share).round().max(1.0) as usize;
            for replica in 0..reached {
                let upgrade = Control::Upgrade {
                    version,
                    replica,
                    restart: restarts,
                    down: o.down.0,
                    cold,
                };
                self.plan
                    .controls
                    .push((at + pace * replica as u64, upgrade));
            }
        }
        Ok(())
    }
}
