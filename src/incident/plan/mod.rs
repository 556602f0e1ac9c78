//! From an incident and the length of its trace to what a run carries out: versions, controls, faults, drifts, phases.

mod changes;
mod drifts;
mod planting;
mod standing;

pub use drifts::Drift;

use super::{
    file::{Incident, Registries},
    guard::Undo,
    phases::phases,
    timeline::{Entry, Keep, Step},
    truth::{self, EntryKind, Phase},
};
use crate::{
    config::{At, Entry as TableEntry, Percent, Refusal, When, show_nanos},
    faults::{Faults, Shape},
    service::{Control, ServiceSpec, Warm},
};

/// Requests kept for warming, where somebody will warm: enough to know what is asked often.
const REMEMBERED: usize = 200_000;

/// What a run carries out.
pub struct Plan {
    /// All versions of the service, the one at the start first.
    pub versions: Vec<ServiceSpec>,
    /// What happens to the service, in order of time (ns).
    pub controls: Vec<(u64, Control)>,
    /// Faults.
    pub faults: Faults,
    /// What happens to the traffic: time, and patches of the trace's table.
    pub drifts: Vec<Drift>,
    /// Phases as far as they are known before the run: what comes after the fix is *recovering* as a whole.
    pub phases: Vec<Phase>,
    /// When the trouble begins, ns, where something harmless comes first.
    pub onset: Option<u64>,
    /// For the truth: what is carried out, and for a fault its place in `faults`.
    pub entries: Vec<(truth::Entry, Option<usize>)>,
    /// Requests to remember for warming.
    pub remember: usize,
    /// What guards may take back.
    pub undo: Vec<Undo>,
}

/// A change of the service's tree, in the order of time.
struct Applied<'a> {
    label: &'a str,
    set: &'a [(String, TableEntry)],
}

struct Builder<'a> {
    incident: &'a Incident,
    registries: &'a Registries,
    /// Length of the trace, ns; `None` while only the file is checked.
    length: Option<u64>,
    plan: Plan,
    applied: Vec<Applied<'a>>,
    /// What each of `undo` goes back to.
    without: Vec<ServiceSpec>,
    /// Labels of changes that are left out: taking one back is nothing.
    missing: Vec<&'a str>,
}

/// What an entry does in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// It comes as the file has it.
    Come,
    /// It is left out.
    NotCome,
    /// It comes, and ends at this time (ns).
    End(u64),
    /// It is taken back.
    GoBack,
    /// It comes though the file has it not.
    ComeInstead,
}

impl Plan {
    /// Makes the plan for a trace of this length (ns).
    ///
    /// # Errors
    /// Entries past the end of the trace, and whatever [`Plan::check`] refuses.
    pub fn new(incident: &Incident, registries: &Registries, length: u64) -> Result<Plan, Refusal> {
        build(incident, registries, Some(length))
    }

    /// Checks all that can be checked before the length of the trace is known.
    ///
    /// # Errors
    /// Paths that lead nowhere, changes that cannot be made, unknown faults and targets.
    pub(super) fn check(incident: &Incident, registries: &Registries) -> Result<(), Refusal> {
        build(incident, registries, None).map(drop)
    }
}

impl Incident {
    /// All versions of the service that the timeline and the fix bring, the one at the start first.
    ///
    /// # Errors
    /// As reading the incident.
    pub fn versions(&self, registries: &Registries) -> Result<Vec<ServiceSpec>, Refusal> {
        build(self, registries, None).map(|plan| plan.versions)
    }
}

fn build(
    incident: &Incident,
    registries: &Registries,
    length: Option<u64>,
) -> Result<Plan, Refusal> {
    let plan = Plan {
        versions: vec![incident.service.clone()],
        controls: vec![],
        faults: Faults::default(),
        drifts: vec![],
        phases: vec![],
        onset: None,
        entries: vec![],
        remember: 0,
        undo: vec![],
    };
    let mut builder = Builder {
        incident,
        registries,
        length,
        plan,
        applied: vec![],
        without: vec![],
        missing: vec![],
    };
    let mut entries: Vec<(u64, EntryKind, &Entry, Does)> = vec![];
    for (i, entry) in incident.timeline.iter().enumerate() {
        let kind = match entry.step {
            Step::Fault(_) => EntryKind::Fault,
            Step::Drift(_) => EntryKind::Drift,
            _ => EntryKind::Change,
        };
        let at = builder.time(&entry.options.at)?;
        let withdrawn = incident.withdrawn.as_ref();
        let ends = withdrawn.filter(|w| w.entries.contains(&i)).map(|w| w.at);
        let does = match ends {
            _ if incident.left_out.contains(&i) => Does::NotCome,
            Some(ends) if ends <= at => Does::NotCome,
            Some(ends) => Does::End(ends),
            None => Does::Come,
        };
        if let (Does::End(ends), Step::Change { .. }) = (does, &entry.step) {
            entries.push((ends, kind, entry, Does::GoBack));
        }
        entries.push((at, kind, entry, does));
    }
    for entry in incident.withdrawn.iter().flat_map(|w| &w.imposed) {
        let at = builder.time(&entry.options.at)?;
        entries.push((at, EntryKind::Change, entry, Does::ComeInstead));
    }
    for entry in &incident.fix {
        entries.push((
            builder.time(&entry.options.at)?,
            EntryKind::Fix,
            entry,
            Does::Come,
        ));
    }
    // Stable: entries of one instant keep the order of the file.
    entries.sort_by_key(|(at, ..)| *at);
    let (mut first, mut last_fix, mut last_end) = (None, None, Some(0));
    let mut onset = None;
    for (at, kind, entry, does) in entries {
        if matches!(does, Does::GoBack | Does::ComeInstead) {
            // The times of the file alone cut the phases.
            builder.instead(at, entry, does)?;
            continue;
        }
        let until = if does == Does::NotCome {
            builder.leave_out(at, entry)?
        } else if let Does::End(ends) = does {
            builder.entry(at, kind, entry, ends)?
        } else if incident.healthy && kind != EntryKind::Fix {
            builder.entry(at, kind, entry, u64::MAX)?;
            None
        } else {
            builder.entry(at, kind, entry, u64::MAX)?
        };
        if kind == EntryKind::Fix {
            last_fix = Some(at);
        } else {
            first = first.or(Some(at));
            onset = onset.or((!entry.is_harmless()).then_some(at));
            last_end = last_end.zip(until).map(|(a, b): (u64, u64)| a.max(b));
        }
    }
    let nominal = incident.trace.nominal_length();
    let (mut plan, without) = (builder.plan, builder.without);
    // Behind all that the timeline brings, so that it is numbered as without guards.
    for (undo, spec) in plan.undo.iter_mut().zip(without) {
        undo.version = plan.versions.len();
        plan.versions.push(spec);
    }
    if let Some(said) = incident.expect.as_ref().and_then(|e| e.onset.as_ref()) {
        onset = Some(time(said, length, nominal)?);
    }
    plan.onset = onset.filter(|at| Some(*at) != first);
    plan.controls.sort_by_key(|(at, _)| *at);
    let length = length.unwrap_or(nominal);
    plan.phases = phases(
        length,
        incident.warm_up,
        first,
        last_fix.or(last_end.filter(|_| first.is_some())),
    );
    if incident.healthy {
        // The times still cut the phases, so that the run pairs with the incident; nothing happens at them.
        plan.controls.clear();
        plan.faults = Faults::default();
        plan.drifts.clear();
        plan.entries.clear();
        plan.versions.truncate(1);
        plan.remember = 0;
        plan.undo.clear();
    }
    standing::stand(&mut plan, incident, length);
    Ok(plan)
}

/// Resolves a time, and refuses one past the end of a trace of this length, where it is known.
fn time((when, at): &(When, At), length: Option<u64>, nominal: u64) -> Result<u64, Refusal> {
    let time = when.resolve(length.unwrap_or(nominal));
    match length {
        Some(length) if time > length => Err(Refusal::at(at, "this is past the end of the trace")
            .help(format!(
                "the trace lasts {}; a share such as \"33%\" fits any length",
                show_nanos(length)
            ))),
        _ => Ok(time),
    }
}

impl<'a> Builder<'a> {
    /// As [`time`], of the trace of this plan.
    fn time(&self, said: &(When, At)) -> Result<u64, Refusal> {
        time(said, self.length, self.incident.trace.nominal_length())
    }

    /// Whether the file has a change of this label anywhere.
    fn comes(&self, label: &str) -> bool {
        let all = self.incident.timeline.iter().chain(&self.incident.fix);
        let mut labels = all.filter_map(|entry| match &entry.step {
            Step::Change { label, .. } => Some(label),
            _ => None,
        });
        labels.any(|l| l == label)
    }

    fn span(&self, when: &Option<(When, At)>) -> Option<u64> {
        when.as_ref().map(|(when, _)| {
            when.resolve(self.length.unwrap_or(self.incident.trace.nominal_length()))
        })
    }

    /// Adds an entry to the plan, which ends at `ends` at the latest (ns) if it is a fault or a drift; gives the time at which
    /// it ends by itself, if it does.
    fn entry(
        &mut self,
        at: u64,
        kind: EntryKind,
        entry: &'a Entry,
        ends: u64,
    ) -> Result<Option<u64>, Refusal> {
        let mut until = None;
        let mut fault = None;
        match &entry.step {
            Step::Change { label, set } => {
                let before = self.plan.versions[self.plan.versions.len() - 1].clone();
                self.applied.push(Applied { label, set });
                self.deploy(at, entry)?;
                // What people repair by hand is theirs.
                if kind == EntryKind::Change && !self.incident.guards.is_empty() {
                    self.plan.undo.push(Undo {
                        of: self.plan.versions.len() - 1,
                        version: 0,
                        cold: entry.options.state == Keep::Cold,
                        label: match label.as_str() {
                            "" => entry.label(),
                            label => label.into(),
                        },
                    });
                    self.without.push(before);
                }
            }
            Step::Rollback {
                label: (label, place),
            } => {
                let known: Vec<&str> = self
                    .applied
                    .iter()
                    .map(|a| a.label)
                    .filter(|l| !l.is_empty())
                    .collect();
                let Some(i) = self.applied.iter().rposition(|a| a.label == label) else {
                    // Which of two comes first may depend on a length that is not known yet.
                    let unknown = self.length.is_none() && self.comes(label);
                    if unknown || self.missing.contains(&label.as_str()) {
                        return Ok(None);
                    }
                    return Err(Refusal::at(
                        place,
                        format!("no change before this is called \"{label}\""),
                    )
                    .help(crate::config::suggestion(label, known)));
                };
                self.applied.remove(i);
                self.deploy(at, entry)?;
            }
            Step::Fault(node) => {
                let shape = self.shape(at, entry)?;
                fault = Some(self.plan.faults.planted.len());
                let cut = Some(ends).filter(|e| shape.until.is_none_or(|until| *e < until));
                let cut = cut.filter(|e| *e < u64::MAX);
                until = match cut {
                    Some(_) => shape.until,
                    None => None,
                };
                let short = Shape {
                    until: cut.or(shape.until),
                    ..shape
                };
                let ended = self.fault(node, short)?;
                if cut.is_none() {
                    until = ended;
                }
            }
            Step::Drift(set) => {
                until = self
                    .span(&entry.options.r#for)
                    .map(|l| at.saturating_add(l));
                self.plan.drifts.push(Drift {
                    at,
                    until: Some(until.unwrap_or(u64::MAX).min(ends)).filter(|u| *u < u64::MAX),
                    ramp: self.span(&entry.options.ramp).unwrap_or(0),
                    set: set.clone(),
                });
            }
            Step::Warm(o) => {
                let version = self.plan.versions.len() - 1;
                let (concurrency, pause) = (o.concurrency.max(1), o.pause.0);
                let warm = Warm {
                    requests: o.requests as usize,
                    concurrency,
                    pause,
                    version,
                };
                self.plan.controls.push((at, Control::Warm(warm)));
                for _ in 0..concurrency {
                    self.plan
                        .controls
                        .push((at, Control::Warmer { pause, version }));
                }
                self.plan.remember = REMEMBERED;
            }
            Step::Flush(shard) => {
                let shard = shard.as_ref().map(|one| self.shard(one)).transpose()?;
                self.plan.controls.push((at, Control::Flush(shard)));
            }
            Step::Restart => {
                let pace = self.pace(entry);
                for replica in 0..self.incident.service.replicas as usize {
                    let down = entry.options.down.0;
                    self.plan.controls.push((
                        at + pace * replica as u64,
                        Control::Restart { replica, down },
                    ));
                }
            }
        }
        let recorded = truth::Entry {
            kind,
            label: entry.label(),
            at,
            until,
            hits: 0,
        };
        self.plan.entries.push((recorded, fault));
        Ok(until)
    }

    /// Takes a change back before its time, or makes one that the file has not.
    fn instead(&mut self, at: u64, entry: &'a Entry, does: Does) -> Result<(), Refusal> {
        let Step::Change { label, set } = &entry.step else {
            return Ok(());
        };
        if does == Does::ComeInstead {
            self.applied.push(Applied { label, set });
            return self.deploy(at, entry);
        }
        let Some(i) = self
            .applied
            .iter()
            .position(|a| std::ptr::eq(a.set, set.as_slice()))
        else {
            // It was taken back by then.
            return Ok(());
        };
        self.applied.remove(i);
        // Nothing is left for an entry that would take it back later.
        self.missing.push(label);
        let mut back = entry.clone();
        back.options.canary = Percent(1.0);
        self.deploy(at, &back)
    }

    /// What an entry that is left out leaves behind: the time at which it would have ended, which cuts the phases.
    fn leave_out(&mut self, at: u64, entry: &'a Entry) -> Result<Option<u64>, Refusal> {
        Ok(match &entry.step {
            Step::Fault(_) => self.shape(at, entry)?.until,
            Step::Drift(_) => self
                .span(&entry.options.r#for)
                .map(|l| at.saturating_add(l)),
            Step::Change { label, .. } => {
                self.missing.push(label);
                None
            }
            _ => None,
        })
    }

    /// A shard of the cache as it is by now, from 0, and how many there are.
    fn shard(&self, (shard, place): &(u32, At)) -> Result<(usize, u64), Refusal> {
        let service = &self.plan.versions[self.plan.versions.len() - 1];
        let shards = service.cache.as_ref().map_or(0, |cache| cache.shards());
        if *shard == 0 || u64::from(*shard) > shards {
            let message = format!("there is no shard {shard} of the cache");
            return Err(Refusal::at(place, message).help(match shards {
                0 => "the service has no cache".into(),
                1 => "its cache is one; give it shards, such as shards = 8".to_string(),
                _ => format!("1 to {shards}"),
            }));
        }
        Ok((*shard as usize - 1, shards))
    }

    fn shape(&self, at: u64, entry: &Entry) -> Result<Shape, Refusal> {
        let o = &entry.options;
        let length = self.span(&o.r#for);
        let ramp = self.span(&o.ramp).unwrap_or(0);
        Ok(match o.every {
            None => Shape {
                from: at,
                until: length.map(|l| at.saturating_add(l)),
                ramp,
                every: None,
            },
            Some(period) => {
                let length = length.unwrap_or(0);
                if period.0 <= length {
                    return Err(Refusal::at(
                        &entry.at_place,
                        "each time lasts as long as the period",
                    )
                    .help("every must be longer than for"));
                }
                let until = match &o.until {
                    None => None,
                    Some(last) => {
                        let until = self.time(last)?;
                        if until <= at {
                            return Err(Refusal::at(&last.1, "this is over before it begins")
                                .help("until is a time of the trace, like at"));
                        }
                        Some(until)
                    }
                };
                Shape {
                    from: at,
                    until,
                    ramp,
                    every: Some((period.0, length)),
                }
            }
        })
    }
}
