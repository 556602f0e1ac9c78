//! Faults, put into their place on the timeline: whom they may strike is checked here.

use super::Builder;
use crate::{
    config::{Node, Options, Refusal, pick},
    faults::{Ail, COMMON, CommonOptions, Planted, Reach, Shape},
    service::{Control, ServiceSpec, seams::Moment},
};
use std::cell::Cell;

impl Builder<'_> {
    /// Adds a fault, of this shape; gives the time at which it ends by itself, if it does.
    pub(super) fn fault(&mut self, node: &Node, mut shape: Shape) -> Result<Option<u64>, Refusal> {
        let fault = pick(&self.registries.faults, "fault", node)?;
        let table = node.table("a fault")?;
        let own: Vec<&str> = table
            .keys()
            .map(String::as_str)
            .filter(|k| *k == "kind" || !COMMON.contains(k))
            .collect();
        let common = CommonOptions::read_table(&node.at, table, &own)?;
        let names: Vec<&str> = self
            .incident
            .service
            .dependencies
            .iter()
            .map(|d| d.name.as_str())
            .collect();
        let reach = fault.reach();
        let dependency = match (reach, &common.target) {
            (Reach::Calls, Some((target, place))) => names
                .iter()
                .position(|name| name == target)
                .ok_or_else(|| {
                Refusal::at(place, format!("there is no [dependency.{target}]"))
                    .help(crate::config::suggestion(target, names.iter().copied()))
            })?,
            (Reach::Calls, None) => {
                return Err(Refusal::at(&node.at, "a fault of calls, and no target")
                    .help(format!("add target = {}", one_of(&names))));
            }
            (_, Some((_, place))) => {
                let instead = match reach {
                    Reach::Arrivals => "`where` says which requests it strikes",
                    _ => "`replica` says which process it strikes",
                };
                return Err(Refusal::at(place, "this fault does not act at calls")
                    .help(format!("leave the target out; {instead}")));
            }
            (_, None) => 0,
        };
        if matches!(reach, Reach::Clocks | Reach::Replicas)
            && let Some(own) = ["percentage", "where"]
                .iter()
                .filter(|n| !fault.aims().contains(n))
                .find_map(|n| node.get(n))
        {
            return Err(
                Refusal::at(&own.at, "this fault strikes processes, not single requests")
                    .help("leave this out; `replica` says which of them"),
            );
        }
        if reach == Reach::Arrivals && common.replica > 0 {
            let place = node.get("replica").map_or(&node.at, |n| &n.at);
            return Err(
                Refusal::at(place, "a request that comes in has no replica yet")
                    .help("leave `replica` out"),
            );
        }
        if common.replica > self.incident.service.replicas {
            let place = node.get("replica").map_or(&node.at, |n| &n.at);
            return Err(
                Refusal::at(place, format!("there is no replica {}", common.replica))
                    .help(format!("1 to {}", self.incident.service.replicas)),
            );
        }
        // Whatever a deploy has brought by then is there to be struck.
        let lacks = |spec: &ServiceSpec| fault.lacks(&spec.dependencies[dependency]);
        let lacking = self.plan.versions.iter().map(lacks);
        if reach == Reach::Calls
            && let Some(what) = lacking.reduce(|all, next| all.and(next)).flatten()
        {
            let name = names[dependency];
            let message = format!("what this fault strikes is not modelled at \"{name}\"");
            return Err(Refusal::at(&node.at, message).help(format!("give it {what}")));
        }
        if matches!(fault.ail(), Ail::Pause { every: 0, .. })
            && shape.until.is_none()
            && shape.every.is_none()
        {
            return Err(Refusal::at(&node.at, "a pause that never ends").help(
                "say for = \"200ms\" beside it, or lasts = \"200ms\" and every = \"1500ms\" in it",
            ));
        }
        let probed = || self.plan.versions.iter().any(|v| v.probe.is_some());
        if fault.ail() == Ail::Probe && !probed() {
            return Err(Refusal::at(&node.at, "nobody probes the replicas")
                .help("give the service probe = { route = \"/health\" }"));
        }
        if let Ail::Die {
            moment: Some(moment),
            ..
        } = fault.ail()
        {
            let comes = |v: &ServiceSpec| {
                let write = v.write.as_ref();
                write.is_some_and(|w| moment == Moment::Written || w.then.is_some())
            };
            if moment != Moment::Work && !self.plan.versions.iter().any(comes) {
                let (message, help) = match moment {
                    Moment::Committed => ("no write has a second step", "then = \"events\""),
                    _ => ("nothing is written", "dependency = \"db\""),
                };
                let place = node.get("when").map_or(&node.at, |n| &n.at);
                return Err(Refusal::at(place, message)
                    .help(format!("give the service write = {{ {help} }}")));
            }
        }
        if let Some((class, _)) = fault.loses() {
            let staffed = |spec: &ServiceSpec| spec.queue.as_ref().is_some_and(|q| q.has(class));
            if !self.plan.versions.iter().any(staffed) {
                let help = match class {
                    None => "give the service a queue with workers".to_string(),
                    Some(class) => format!("give service.queue pools = {{ {class} = 2 }}"),
                };
                let place = node.get("class").map_or(&node.at, |n| &n.at);
                return Err(Refusal::at(place, "there are no such workers").help(help));
            }
            if shape.every.is_some_and(|(period, _)| period < LEAST_PERIOD) {
                return Err(
                    Refusal::at(&node.at, "workers who die ten times a second or more")
                        .help("`every` is 100ms or more"),
                );
            }
            if shape.ramp > 0 {
                return Err(Refusal::at(&node.at, "workers are lost at once")
                    .help("leave `ramp` out, or say several faults"));
            }
            self.each_time(&shape, Control::Staff);
        }
        let replica = common.replica as u16;
        if matches!(fault.ail(), Ail::Die { moment: None, .. }) {
            if shape.every.is_some_and(|(period, _)| period < LEAST_PERIOD) {
                return Err(
                    Refusal::at(&node.at, "a crash that comes ten times a second or more")
                        .help("`every` is 100ms or more"),
                );
            }
            if shape.ramp > 0 {
                return Err(Refusal::at(&node.at, "a crash comes at once")
                    .help("leave `ramp` out, or say which requests bring it about"));
            }
            if shape.until.is_none() && shape.every.is_none() {
                // It is over at once, where nobody says how long it lasts.
                shape.until = Some(shape.from.saturating_add(1));
            }
            self.each_time(&shape, Control::Crash);
        }
        self.plan.faults.planted.push(Planted {
            fault,
            reach,
            dependency,
            only: common.r#where,
            share: common.percentage.0,
            replica,
            shape,
            hits: Cell::new(0),
        });
        Ok(shape.until)
    }
}

/// The shortest period of what comes again and again to processes, ns: each time is a control of the plan.
const LEAST_PERIOD: u64 = 100_000_000;

impl Builder<'_> {
    /// This is looked at when a fault begins and ends, each time that it does.
    fn each_time(&mut self, shape: &Shape, control: Control) {
        let period = shape.every.map_or(u64::MAX, |(period, _)| period);
        let last = self.length.unwrap_or(0);
        let mut at = shape.from;
        while at <= last {
            self.plan.controls.push((at, control.clone()));
            // Workers come back; processes see to that themselves.
            let end = shape.end(at);
            if matches!(control, Control::Staff) && (at..=last).contains(&end) {
                self.plan.controls.push((end, control.clone()));
            }
            let Some(next) = at.checked_add(period) else {
                return;
            };
            at = next;
        }
    }
}

/// Names for a hint: `"llm"`, or `one of "a", "b"`.
fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    match quoted.len() {
        1 => quoted[0].clone(),
        _ => format!("one of {}", quoted.join(", ")),
    }
}
