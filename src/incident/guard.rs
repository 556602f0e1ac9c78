//! Guards: what watches a run as it goes on, and takes the newest change back when a line is crossed.
//!
//! A guard knows what an operator's alerting knows at that instant: requests that have *ended*. It looks once every so
//! often, holds the maximum in a window of its own (`components/window`), or two sums of which it watches the share, and acts on the newest change of the timeline
//! that is in force; a later deploy brings what it brings, also what was taken back before. What it does is an event of
//! the recording (`rollback`, `alert`).

use super::{file::Registries, sums::Sums, truth};
use crate::{
    components::window::Window,
    config::{Entry, Node, Read, Refusal, Span, Value, pick},
    gates::{Line, Trigger},
    indicators::{Filter, Lookup, sums},
    recording::{Observer, RequestRow},
    service::seams::{Act, Lookout},
};
use std::cell::RefCell;

crate::choice! {
    /// What a guard does.
    pub enum Then {
        /// Takes the newest change back.
        Rollback = "rollback",
        /// Tells people, once each time that the line is crossed.
        Alert = "alert",
    }
}

crate::options! {
    /// Guard.
    #[derive(Clone, Debug)]
    pub struct GuardOptions {
        /// When it acts, such as "latency max > 3s for 30s": the maximum over a sliding window of 30 s.
        when: Node,
        /// What it does: rollback, alert.
        then: Then = Then::Rollback, "rollback";
        /// What holds the maximum: sliding-max or ring-max, with options.
        window: Option<Node> = None, "sliding-max";
        /// Requests that have to have ended in that time before a share says anything.
        requests: u32 = 20, "20";
        /// Time between two looks.
        every: Span = Span(1_000_000_000), "1s";
    }
}

/// A guard as a file has it, checked.
#[derive(Clone, Debug)]
pub struct Guard {
    /// What it watches.
    pub trigger: Trigger,
    /// As the file says it.
    pub when: String,
    /// What it does.
    pub then: Then,
    /// ns between two looks.
    pub every: u64,
    /// Requests without which a share says nothing.
    requests: u64,
    /// What its window is built from.
    window: Node,
}

impl Guard {
    /// Reads one.
    ///
    /// # Errors
    /// What it cannot watch, and windows that cannot be built.
    pub fn read(node: &Node, registries: &Registries) -> Result<Guard, Refusal> {
        let o = GuardOptions::read(node)?;
        let trigger = Trigger::parse(&o.when)?;
        if !(1_000_000..=3_600_000_000_000).contains(&o.every.0) {
            let at = node.get("every").map_or(&node.at, |n| &n.at);
            return Err(Refusal::at(at, "a guard that looks that often").help("from 1ms to 1h"));
        }
        let mut window = o.window.clone().unwrap_or(Node {
            value: Value::Text("sliding-max".into()),
            at: node.at.clone(),
        });
        if let Value::Text(_) = window.value {
            let (at, kind) = (window.at.clone(), window.clone());
            window.value = Value::Table(
                [(
                    "kind".to_string(),
                    Entry {
                        key: at,
                        node: kind,
                    },
                )]
                .into_iter()
                .collect(),
            );
        }
        let over = window
            .get("over")
            .map(|n| Ok((Span::read(n)?.0, n.at.clone())));
        match over.transpose()? {
            Some((over, at)) if over != trigger.over => {
                return Err(
                    Refusal::at(&at, "the window and the condition differ in length")
                        .help("the condition's `for` is enough"),
                );
            }
            Some(_) => {}
            None if window.get("last").is_some() => {}
            None => {
                let over = Node {
                    value: Value::Text(format!("{}ns", trigger.over)),
                    at: o.when.at.clone(),
                };
                window.set("over", &o.when.at, over)?;
            }
        }
        pick(&registries.components.windows, "window", &window)?;
        if let (Line::Share { .. }, Some(given)) = (&trigger.watched, &o.window) {
            let message = "a share is held in no window of a maximum";
            return Err(Refusal::at(&given.at, message).help("leave `window` out"));
        }
        if let (Line::Most { .. }, Some(given)) = (&trigger.watched, node.get("requests")) {
            let message = "a maximum says something from the first request on";
            return Err(Refusal::at(&given.at, message).help("leave `requests` out"));
        }
        Ok(Guard {
            when: String::read(&o.when)?,
            trigger,
            then: o.then,
            every: o.every.0,
            requests: u64::from(o.requests.max(1)),
            window,
        })
    }
}

/// A change that can be taken back.
#[derive(Clone, Debug)]
pub struct Undo {
    /// Index of the version that the change brought.
    pub of: usize,
    /// Index of the version without it.
    pub version: usize,
    /// Components start cold, as they did with the change.
    pub cold: bool,
    /// The change, for people.
    pub label: String,
}

struct Watching<'a> {
    guard: &'a Guard,
    filter: Filter,
    window: Box<dyn Window>,
    sums: Sums,
    /// Something was recorded since the last look.
    came: bool,
    crossed: bool,
}

/// The guards of a run. Hears of requests as they end.
pub struct Guards<'a> {
    all: Vec<Watching<'a>>,
    names: Box<dyn Lookup + 'a>,
    undo: &'a [Undo],
    /// What they did: when, and what for people.
    pub acted: Vec<(u64, String)>,
}

impl<'a> Guards<'a> {
    /// Those of an incident, with windows that hold nothing yet.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(
        guards: &'a [Guard],
        registries: &Registries,
        undo: &'a [Undo],
        names: impl Lookup + 'a,
    ) -> Result<Guards<'a>, Refusal> {
        let watching = |guard: &'a Guard| {
            Ok(Watching {
                guard,
                filter: Filter::new(&guard.trigger.select),
                window: pick(&registries.components.windows, "window", &guard.window)?,
                sums: Sums::default(),
                came: false,
                crossed: false,
            })
        };
        Ok(Guards {
            all: guards
                .iter()
                .map(watching)
                .collect::<Result<_, Refusal>>()?,
            names: Box::new(names),
            undo,
            acted: vec![],
        })
    }
}

impl Observer for Guards<'_> {
    fn request(&mut self, row: &RequestRow, ended: u64) {
        for watching in &mut self.all {
            let trigger = &watching.guard.trigger;
            let passes = |filter: &mut Filter| filter.lets_in(row, &*self.names);
            match trigger.watched {
                Line::Most { stage, .. } => {
                    if let Some(value) = stage.of(row)
                        && passes(&mut watching.filter)
                    {
                        watching.window.record(value, ended);
                        watching.came = true;
                    }
                }
                Line::Share { of, over, .. } => {
                    if passes(&mut watching.filter) {
                        let sums = sums(row, of, over);
                        watching.sums.record(sums, ended, trigger.over);
                    }
                }
            }
        }
    }
}

impl Lookout for RefCell<Guards<'_>> {
    fn look(&self, guard: usize, now: u64, newest: usize) -> Option<Act> {
        let guards = &mut *self.borrow_mut();
        let watching = guards.all.get_mut(guard)?;
        let crosses = match watching.guard.trigger.watched {
            Line::Most { least, .. } => {
                // A maximum only falls where nothing comes: an idle guard costs nothing, and does not touch its window.
                if !std::mem::take(&mut watching.came) && !watching.crossed {
                    return None;
                }
                watching.window.read(now).is_some_and(|most| most >= least)
            }
            Line::Share { least, reached, .. } => {
                let (of, over) = watching.sums.read(now, watching.guard.trigger.over);
                let share = of as f64 / over as f64;
                over >= watching.guard.requests && (share > least || reached && share == least)
            }
        };
        let before = std::mem::replace(&mut watching.crossed, crosses);
        match watching.guard.then {
            _ if !crosses => None,
            Then::Alert if before => None,
            Then::Alert => {
                guards
                    .acted
                    .push((now, format!("{}{}", truth::ALERT, watching.guard.when)));
                Some(Act::Alert)
            }
            Then::Rollback => {
                // What is in force may be no change, or one that a guard made.
                let undo = guards.undo.iter().find(|undo| undo.of == newest)?;
                guards.acted.push((
                    now,
                    format!("roll back {}: {}", undo.label, watching.guard.when),
                ));
                Some(Act::Rollback {
                    version: undo.version,
                    cold: undo.cold,
                })
            }
        }
    }
}

/// The guards of a file.
pub(super) fn guards(node: &Node, registries: &Registries) -> Result<Vec<Guard>, Refusal> {
    match &node.value {
        Value::List(items) => items.iter().map(|n| Guard::read(n, registries)).collect(),
        _ => Err(node.wrong("a list of tables, each under [[guard]]")),
    }
}
