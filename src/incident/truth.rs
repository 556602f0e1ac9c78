//! What only the lab knows.

use serde::Serialize;

/// Names of phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    /// Caches fill; left out of the baseline.
    WarmUp,
    /// Healthy, before the first entry of the timeline.
    Baseline,
    /// From the first entry to the last step of the fix (or the end).
    Incident,
    /// After the fix, until the gates hold for three windows in a row.
    Recovering,
    /// After that.
    Recovered,
}

impl PhaseName {
    /// As files and people write it.
    pub fn word(self) -> &'static str {
        match self {
            PhaseName::WarmUp => "warm-up",
            PhaseName::Baseline => "baseline",
            PhaseName::Incident => "incident",
            PhaseName::Recovering => "recovering",
            PhaseName::Recovered => "recovered",
        }
    }
}

/// A stretch of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Which.
    pub name: PhaseName,
    /// ns, inclusive.
    pub from: u64,
    /// ns, exclusive.
    pub to: u64,
}

/// What an entry of the timeline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A deploy.
    Change,
    /// An injected perturbation.
    Fault,
    /// The world changed.
    Drift,
    /// A step of the fix.
    Fix,
    /// A guard acted.
    Guard,
}

/// One entry of the timeline, as it was carried out.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its label for people: the deploy's name, the fault's kind and target.
    pub label: String,
    /// ns.
    pub at: u64,
    /// ns, for those that end.
    pub until: Option<u64>,
    /// How many requests or calls it touched.
    pub hits: u64,
}

/// The truth about a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Truth {
    /// Phases in order of time.
    pub phases: Vec<Phase>,
    /// The timeline as carried out.
    pub entries: Vec<Entry>,
    /// When the trouble began, ns, where that is not with the incident phase: something harmless came first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onset: Option<u64>,
    /// When the gates held for a while after the fix, ns, of a run that did not recover: they broke again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_at: Option<u64>,
    /// Causes that a correct lab must find; none of them: no incident. `None`: the file expects nothing.
    pub causes: Option<Vec<String>>,
    /// ns from the last step of the fix until recovered; `None` when it never was, or there was no fix.
    pub recovery_time: Option<u64>,
}

impl Truth {
    /// When the incident began: its first entry, whatever it did by then. ns.
    pub fn began(&self) -> Option<u64> {
        let incident = |p: &&Phase| p.name == PhaseName::Incident;
        self.phases.iter().find(incident).map(|p| p.from)
    }

    /// Whether anything was done to the run: a healthy one has the phases of its incident, and nothing in them.
    pub fn anything_happened(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|e| !matches!(e.kind, EntryKind::Fix | EntryKind::Guard))
    }

    /// When the trouble began, if there was any: the start of the incident phase unless something harmless came first. What is
    /// expected to go unnoticed is none. ns.
    pub fn true_onset(&self) -> Option<u64> {
        let unnoticed = self.causes.as_ref().is_some_and(Vec::is_empty);
        let began = self.began().filter(|_| !unnoticed)?;
        self.anything_happened()
            .then(|| self.onset.unwrap_or(began))
    }

    /// When somebody knew: a guard acted, or else the fix began. ns.
    pub fn noticed(&self) -> Option<u64> {
        let guard = |e: &Entry| e.kind == EntryKind::Guard;
        self.first(guard).or_else(|| self.mitigated())
    }

    /// When something was done: the first roll-back by a guard, or step of the fix. ns.
    pub fn mitigated(&self) -> Option<u64> {
        self.first(|e| e.kind == EntryKind::Fix || e.kind == EntryKind::Guard && !e.is_alert())
    }

    /// The first such entry since the incident began.
    fn first(&self, is: impl Fn(&Entry) -> bool) -> Option<u64> {
        let began = self.began()?;
        let times = self.entries.iter().filter(|e| is(e)).map(|e| e.at);
        times.filter(|&at| at >= began).min()
    }
}

impl Entry {
    /// Whether nothing was done to the service: a guard told people, or a gate ended the run.
    pub fn is_alert(&self) -> bool {
        let tells = |start: &&str| self.label.starts_with(*start);
        self.kind == EntryKind::Guard && [ALERT, ABORT].iter().any(tells)
    }
}

/// How the label of an alert begins.
pub(super) const ALERT: &str = "alert: ";
/// How the label of a gate that ended the run begins.
pub(super) const ABORT: &str = "run ended by gate ";
