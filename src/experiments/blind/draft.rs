//! What is drawn for one blind incident: a healthy service under traffic as a tree of TOML, and what happens to it.
//!
//! [`Draft::healthy`] is the file without the cause, [`Draft::broken`] the file with it: the same service, traffic, dice, noise
//! and innocent deploys. A family (`families/`) adds what its cause needs to the service, and the entries that make it.

use crate::sim::dice::{Dice, Draw, Purpose};
use toml::{Table, Value};

/// How the cause sets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// At once.
    Step,
    /// Growing, over a part of its length.
    Ramp,
}

/// A service, its traffic, and what happens to it.
pub struct Draft {
    draw: Draw,
    /// Length of the trace, s.
    pub seconds: f64,
    /// Requests a second, in the mean.
    pub rate: f64,
    /// When the cause sets in, s.
    pub from: f64,
    /// When it ends, s: a fault's end, a roll-back; `None`: not before the trace does.
    pub to: Option<f64>,
    /// Step or ramp, for what can ramp.
    pub onset: Onset,
    /// How large it is, log-uniform between 0 (hardly to be seen) and 1 (plain). A family turns it into its own unit.
    pub size: f64,
    /// The dependency that the drawn service calls.
    pub dependency: &'static str,
    /// The median time of a call, ms.
    pub call: f64,
    /// How much of its workers the healthy service uses, on average.
    pub busy: f64,
    /// What brings the traffic, for the table: a generator, or a trace.
    pub traffic: String,
    /// The same for the service: `small`, `wide`, ...
    pub shape: &'static str,
    /// How long its ramp takes, s, where it has one: what cannot ramp sets in at once, whatever was drawn.
    pub ramp: f64,
    tree: Table,
    cause: Vec<Value>,
    others: Vec<Value>,
}

impl Draft {
    /// An empty service under the dice of one case.
    pub(super) fn new(seed: u64, case: u64) -> Draft {
        Draft {
            draw: Dice::new(seed, case).draw(Purpose::named("blind"), 0),
            seconds: 0.0,
            rate: 0.0,
            from: 0.0,
            to: None,
            onset: Onset::Step,
            size: 0.0,
            dependency: "backend",
            call: 0.0,
            busy: 0.0,
            traffic: String::new(),
            shape: "",
            ramp: 0.0,
            tree: Table::new(),
            cause: vec![],
            others: vec![],
        }
    }

    /// Uniform in (0, 1).
    pub fn unit(&mut self) -> f64 {
        self.draw.unit()
    }

    /// Uniform.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in the logarithm.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        low * libm::pow(high / low, self.unit())
    }

    /// A whole number of `low..=high`.
    pub fn count(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw.below(high - low + 1)
    }

    /// True so often.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.draw.below(of.len() as u64) as usize]
    }

    /// `low` for the smallest incident and `high` for the largest, in between by the drawn size, in the logarithm.
    pub fn sized(&self, low: f64, high: f64) -> f64 {
        low * libm::pow(high / low, self.size)
    }

    /// Lays a piece of TOML over the service: tables are merged, everything else is replaced.
    ///
    /// # Panics
    /// Panics on what is no TOML: the text of a family, which its test draws.
    pub fn merge(&mut self, text: &str) {
        let piece: Table = toml::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        merge(&mut self.tree, piece);
    }

    /// Takes away what is at a path.
    pub fn remove(&mut self, path: &str) {
        let mut parts: Vec<&str> = path.split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let mut at = &mut self.tree;
        for part in parts {
            match at.get_mut(part) {
                Some(Value::Table(inner)) => at = inner,
                _ => return,
            }
        }
        at.remove(last);
    }

    /// Traffic by a law of the family's own, in the place of what was drawn, generated or captured: `{ kind = "poisson", ... }`.
    pub fn generated(&mut self, name: &str, law: &str) {
        for drawn in ["arrivals", "path", "rate", "take"] {
            self.remove(&format!("trace.{drawn}"));
        }
        let seconds = self.seconds;
        self.merge(&format!(
            "[trace]\nduration = \"{seconds}s\"\narrivals = {law}"
        ));
        self.traffic = name.into();
    }

    /// What the service has at a path such as `service.queue.workers`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut at = self.tree.get(path.split('.').next()?)?;
        for part in path.split('.').skip(1) {
            at = at.get(part)?;
        }
        Some(at)
    }

    /// A fault from the onset to the end of the cause: the options of the fault, as in `kind = "latency", target = "llm",
    /// latency = "1s"`. It ramps where the onset does and `ramps` says that it can.
    pub fn fault(&mut self, options: &str, ramps: bool) {
        let mut entry = format!("at = {:?}", time(self.from));
        let length = self.to.unwrap_or(self.seconds) - self.from;
        if self.to.is_some() {
            entry += &format!(", for = {:?}", time(length));
        }
        if ramps && self.onset == Onset::Ramp {
            self.ramp = length * 0.6;
            entry += &format!(", ramp = {:?}", time(self.ramp));
        }
        self.entry(&format!("{entry}, fault = {{ {options} }}"));
    }

    /// A deploy at the onset, rolled back at the end of the cause: `"service.cache.ttl" = "1m"` and the like, at once for all.
    pub fn deploy(&mut self, set: &str) {
        self.deployed(set, "");
    }

    /// The same with more words in its entry, such as `canary = "25%"` or `rolling = "2m"`.
    pub fn deployed(&mut self, set: &str, more: &str) {
        let comma = if more.is_empty() { "" } else { ", " };
        let (at, to) = (time(self.from), self.to);
        self.entry(&format!(
            "at = {at:?}, deploy = \"b1\", set = {{ {set} }}{comma}{more}"
        ));
        if let Some(to) = to {
            self.entry(&format!("at = {:?}, rollback = \"b1\"", time(to)));
        }
    }

    /// A drift at the onset and the way back at its end: nobody deployed anything.
    pub fn drift(&mut self, set: &str, back: &str) {
        let (at, to) = (time(self.from), self.to);
        self.entry(&format!("at = {at:?}, drift = {{ set = {{ {set} }} }}"));
        if let Some(to) = to {
            self.entry(&format!(
                "at = {:?}, drift = {{ set = {{ {back} }} }}",
                time(to)
            ));
        }
    }

    /// Any entry of the timeline that belongs to the cause, without its braces.
    pub fn entry(&mut self, text: &str) {
        self.cause.push(entry(text));
    }

    /// Any entry that does not: noise, an innocent deploy. It is in the healthy run as well.
    pub fn innocent(&mut self, text: &str) {
        self.others.push(entry(text));
    }

    /// Takes faults out of the noise: what the drawn dependency was replaced by may not have them.
    pub fn remove_faults(&mut self) {
        self.others.retain(|entry| entry.get("fault").is_none());
    }

    /// The file with the cause.
    pub fn broken(&self) -> String {
        self.file(self.others.iter().chain(&self.cause))
    }

    /// The file without it.
    pub fn healthy(&self) -> String {
        self.file(self.others.iter())
    }

    fn file<'a>(&self, entries: impl Iterator<Item = &'a Value>) -> String {
        let mut tree = self.tree.clone();
        tree.insert("timeline".into(), Value::Array(entries.cloned().collect()));
        tree.to_string()
    }
}

/// A time of the trace as files write it: `"312500ms"`.
pub fn time(seconds: f64) -> String {
    format!("{}ms", (seconds.max(0.0) * 1e3).round() as u64)
}

fn entry(text: &str) -> Value {
    let table: Table =
        toml::from_str(&format!("entry = {{ {text} }}")).unwrap_or_else(|e| panic!("{e}\n{text}"));
    table["entry"].clone()
}

/// Whether two tables may be laid over each other: neither says that it is of another kind.
fn same_kind(old: &Table, new: &Table) -> bool {
    match (old.get("kind"), new.get("kind")) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn merge(into: &mut Table, piece: Table) {
    for (key, value) in piece {
        match (into.get_mut(&key), value) {
            // Options of one kind are none of another's.
            (Some(Value::Table(old)), Value::Table(new)) if same_kind(old, &new) => {
                merge(old, new);
            }
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
