//! What a model answers with, and the parser that reads it: `output` of a dependency, `parse_output` of a call.
//!
//! The output is one JSON object, which arrives as it was written or damaged in one way: the dependency's own defects, or a
//! fault. What cannot be read is a call that failed, and is retried as such; when that is of no avail the request ends as
//! `parse_error`, or with a default in its place. Each reading takes the version of the request's own service, and leaves in the
//! row what the parser of requests would leave: category, field, version; of the output no more than its shape.

use super::{
    answers,
    journey::Visit,
    purpose,
    seams::Whole,
    spec::{OnUnread, Step},
    stages::parse::{answer, work_out},
    version::Version,
    world::World,
};
use crate::{
    components::{Registry, parser::Parser, parser::shape, retry::Failure},
    config::{Node, Refusal},
    recording::{RequestRow, outcome, parsed, served_by},
    sim::hash::mix,
    trace::{
        Payload,
        population::{Defect, Defects, Extra},
    },
};

crate::options! {
    /// What a dependency such as a model writes: a JSON object.
    #[derive(Clone, Debug, PartialEq)]
    pub struct OutputOptions {
        /// Its fields, such as { answer = "It is so.", citations = [1] }.
        fields: Extra,
        /// Shares of outputs that are damaged.
        defects: Defects = Defects::default(), "none";
    }
}

impl OutputOptions {
    /// Refuses shares that are none, and an output that says nothing.
    ///
    /// # Errors
    /// At the option.
    pub fn checked(self, dependency: &Node) -> Result<OutputOptions, Refusal> {
        let at = |name: &str| {
            let node = dependency.get(name);
            node.map_or(&dependency.at, |n| &n.at)
        };
        self.defects.check(at("output.defects"))?;
        if self.fields.0.is_empty() {
            return Err(
                Refusal::at(at("output.fields"), "an output without a field")
                    .help("fields = { answer = \"It is so.\" }, such as"),
            );
        }
        Ok(self)
    }

    /// The sound output, and it with each of the defects.
    fn bodies(&self) -> Vec<Payload> {
        let fields = &self.fields.0;
        let each = fields
            .iter()
            .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())));
        let raw = format!("{{{}}}", each.collect::<Vec<_>>().join(","));
        let damaged = Defect::ALL
            .iter()
            .map(|defect| Payload::new(&defect.damage(&raw), &[]).meaning(fields.clone()));
        std::iter::once(Payload::parts(raw.clone(), fields.clone(), &[]))
            .chain(damaged)
            .collect()
    }
}

/// Outputs and their parsers while a run goes on.
pub(super) struct Outputs {
    /// By version and dependency: the bodies that there are.
    bodies: Vec<Vec<Vec<Payload>>>,
    /// By version: the parsers of its steps, by what the dice of the step are told apart by.
    parsers: Vec<Vec<(u64, Box<dyn Parser>)>>,
}

impl Outputs {
    /// Those of all versions.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn new(versions: &[Version], registry: &Registry) -> Result<Outputs, Refusal> {
        let bodies = versions.iter().map(|v| {
            let of = v.spec.dependencies.iter().map(|d| d.output.as_ref());
            of.map(|o| o.map_or(vec![], OutputOptions::bodies))
                .collect()
        });
        let parsers = versions.iter().map(|v| {
            let parser = |step: &Step| {
                let spec = step.parse_output.as_ref()?;
                Some(spec.build(registry).map(|parser| (step.draws, parser)))
            };
            v.spec.steps.iter().filter_map(parser).collect()
        });
        Ok(Outputs {
            bodies: bodies.collect(),
            parsers: parsers.collect::<Result<_, _>>()?,
        })
    }
}

/// What a parser said of an output, for the row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// As [`work_out`] packs it; 0: it was sound, or there was none.
    answer: u64,
    /// Digest of its shape, where shapes are recorded.
    shape: u64,
    /// A default stands in its place.
    default: bool,
}

impl Seen {
    /// Whether it could not be read.
    pub fn is_unread(&self) -> bool {
        parsed::is_fault(self.answer as u8)
    }

    /// The last try of a step has failed: whether that was since its output could not be read, and gets a default.
    pub fn gives_default(&mut self, step: &Step) -> bool {
        let spec = step.parse_output.as_ref();
        let wants = spec.is_some_and(|p| p.on_failure == OnUnread::Default);
        self.default = wants && self.is_unread();
        self.default
    }

    /// This, unless there is something to say of another, of the same request and later.
    pub fn or(self, later: Seen) -> Seen {
        if later.answer != 0 || later.shape != 0 {
            later
        } else {
            self
        }
    }

    /// Writes it into the row of its request, whose calls ended so. Gives the outcome.
    pub fn say(&self, row: &mut RequestRow, end: u8) -> u8 {
        if self.shape != 0 {
            row.shape = self.shape;
        }
        if self.answer == 0 {
            return end;
        }
        row.parse_error = self.answer as u8;
        row.parse_path = (self.answer >> answer::PATH) as u32;
        if self.shape != 0 && self.is_unread() {
            row.parse_at = (self.answer >> answer::PLACE & 3) as u8;
        }
        match (self.default, end) {
            (true, outcome::OK | outcome::DEGRADED) => {
                row.served_by = served_by::FALLBACK;
                outcome::DEGRADED
            }
            _ => end,
        }
    }
}

/// What the parser of a step says of an output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked {
    /// As [`work_out`] packs it.
    said: u64,
    /// Digest of its shape, where shapes are recorded.
    shape: u64,
}

impl Looked {
    /// Its category, for the row of the call.
    pub fn word(&self) -> u8 {
        self.said as u8
    }
}

/// A call of a step has been answered, as attempt `number`: what the parser of its output says, where it has one.
pub(super) fn look(w: &World<'_>, v: &Visit<'_>, step: &Step, number: u16) -> Option<Looked> {
    let spec = step.parse_output.as_ref()?;
    let newest = w.newest.get();
    let writes = w.versions[newest].spec.dependencies[step.dependency]
        .output
        .as_ref()?;
    let by_fault = w.saboteur.damages(&Whole {
        dependency: step.dependency,
        replica: v.process.replica,
        attempt: number,
        request: v.request,
        dice: v.dice,
        now: w.sim.now(),
    });
    let n = u64::from(number) << 16 | step.draws;
    let own = || {
        let unit = v.dice.draw(purpose::OUTPUT, n).unit();
        writes.defects.pick(unit)
    };
    let place = |defect: Defect| {
        let known = Defect::ALL.iter().position(|d| *d == defect);
        known.map_or(0, |i| i + 1)
    };
    let body = by_fault.or_else(own).map_or(0, place);
    let body = &w.outputs.bodies[newest][step.dependency][body];
    let parsers = &w.outputs.parsers[v.version_index];
    let (_, parser) = parsers.iter().find(|(draws, _)| *draws == step.draws)?;
    let memo = mix(step.draws ^ mix(v.version_index as u64)) | 1;
    let said = body
        .memo
        .get_or(memo, || work_out(w, &**parser, body, memo));
    let shape = match spec.shapes {
        true => shape::digest(&body.raw, &body.fields),
        false => 0,
    };
    Some(Looked { said, shape })
}

/// Takes the time of reading it: how the call failed, if it did after all. What there is to say of the output is left in
/// `seen`, and the ns that reading took in `time`.
pub(super) async fn read(
    w: &World<'_>,
    v: &Visit<'_>,
    step: &Step,
    looked: Looked,
    seen: &mut Seen,
    time: &mut u64,
) -> Option<Failure> {
    let spec = step.parse_output.as_ref()?;
    let Looked { said, shape } = looked;
    let readings = match said as u8 {
        // The repair, and the second reading.
        parsed::REPAIRED => 3,
        parsed::FALLBACK => 2,
        _ => 1,
    };
    if spec.time > 0 {
        w.sim.sleep(readings * spec.time).await;
        *time += readings * spec.time;
    }
    seen.answer = said;
    seen.shape = shape;
    if seen.is_unread() && said & answer::ANSWERED == 0 {
        return Some(Failure::Error);
    }
    if said & answer::WRONG != 0 {
        answers::misread(w, v);
    }
    None
}
