//! Entries of the timeline and steps of the fix, as a file writes them.

use crate::config::{At, Entry as TableEntry, Node, Percent, Read, Refusal, Span, Value, When};

crate::choice! {
    /// What a change does to processes.
    pub enum Restart {
        /// They go on: process state is kept.
        None = "none",
        /// All at once: process state is lost.
        All = "all",
        /// One after the other.
        Rolling = "rolling",
    }
}

crate::choice! {
    /// What a change does to the state of components.
    pub enum Keep {
        /// It is kept.
        Warm = "warm",
        /// It is dropped: needed to replace a component by one of another kind.
        Cold = "cold",
    }
}

crate::options! {
    /// Warming.
    #[derive(Clone, Debug)]
    pub struct WarmOptions {
        /// Requests to go through: those asked most often lately.
        requests: u64 = 2000, "2000";
        /// Requests at once.
        concurrency: u32 = 8, "8";
        /// Pause of each between two requests.
        pause: Span = Span(0), "0";
    }
}

crate::options! {
    /// Flush of a part.
    #[derive(Clone, Debug)]
    pub struct FlushOptions {
        /// The shard that is emptied, from 1, of the cache's `shards`: a node that was replaced by an empty one.
        shard: (u32, At),
    }
}

/// What is emptied.
#[derive(Clone, Debug)]
pub enum Flushed {
    /// Nothing.
    Nothing,
    /// All caches, and what engines remember.
    All,
    /// One shard of each cache.
    Shard(u32, At),
}

impl Read for Flushed {
    const WHAT: &'static str = "true, or a shard of the cache such as { shard = 1 }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Bool(true) => Ok(Flushed::All),
            Value::Bool(false) => Ok(Flushed::Nothing),
            Value::Table(_) => {
                let (shard, at) = FlushOptions::read(node)?.shard;
                Ok(Flushed::Shard(shard, at))
            }
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "anyOf": [bool::schema(), FlushOptions::schema()] })
    }
}

crate::options! {
    /// Timeline entry.
    #[derive(Clone, Debug)]
    pub struct EntryOptions {
        /// When: absolute ("20m") or a share of the trace ("33%").
        at: (When, At),
        /// How long: absolute or a share of the trace.
        r#for: Option<(When, At)> = None, "for ever";
        /// Length of a ramp to full strength.
        ramp: Option<(When, At)> = None, "at once";
        /// Period of something that comes again and again; `for` is then the length of each.
        every: Option<Span> = None, "once";
        /// When something that comes again and again has come for the last time: absolute or a share of the trace.
        until: Option<(When, At)> = None, "for ever";
        /// A change: its label.
        deploy: Option<String> = None, "none";
        /// Dotted paths and their new values.
        set: Option<Node> = None, "none";
        /// Share of the traffic that a change applies to.
        canary: Percent = Percent(1.0), "100%";
        /// Whether processes restart, and how.
        restart: Restart = Restart::None, "none";
        /// Replica by replica without a restart, or the time between two restarts.
        pace: Option<Span> = None, "30s when rolling";
        /// How long a restarting replica takes no requests.
        down: Span = Span(0), "0";
        /// State of components that a change touches.
        state: Keep = Keep::Warm, "warm";
        /// A fault: kind, target, percentage and its own options.
        fault: Option<Node> = None, "none";
        /// The world changes and nobody deploys: `{ set = { "trace..." = ... } }`.
        drift: Option<Node> = None, "none";
        /// Label of a change to take back.
        rollback: Option<(String, At)> = None, "none";
        /// Background requests fill the cache.
        warm: Option<WarmOptions> = None, "none";
        /// Caches are emptied, or one shard of them.
        flush: Flushed = Flushed::Nothing, "false";
    }
}

/// What an entry does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Patches the service.
    Change {
        /// Its label.
        label: String,
        /// Dotted paths with their new values.
        set: Vec<(String, TableEntry)>,
    },
    /// Takes a change back.
    Rollback {
        /// Its label, and where it stands.
        label: (String, At),
    },
    /// Injects a fault.
    Fault(Node),
    /// Changes the traffic.
    Drift(Vec<(String, TableEntry)>),
    /// Fills the cache.
    Warm(WarmOptions),
    /// Empties caches, or one shard of them: from 1, and where the file says it.
    Flush(Option<(u32, At)>),
    /// Restarts processes and changes nothing.
    Restart,
}

/// An entry of the timeline, or a step of the fix.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its options, times not yet resolved.
    pub options: EntryOptions,
    /// What it does.
    pub step: Step,
    /// Where it stands in the file.
    pub at_place: At,
}

impl Entry {
    /// Reads one entry.
    ///
    /// # Errors
    /// Unknown options, or no or more than one thing to do.
    pub fn read(node: &Node) -> Result<Entry, Refusal> {
        let options = EntryOptions::read(node)?;
        let place = &options.at.1;
        let mut steps: Vec<(&str, Step)> = vec![];
        if let Some(fault) = &options.fault {
            steps.push(("fault", Step::Fault(fault.clone())));
        }
        if let Some(drift) = &options.drift {
            let set = drift.table("a drift")?.get("set").ok_or_else(|| {
                Refusal::at(&drift.at, "a drift that sets nothing")
                    .help("write drift = { set = { \"trace...\" = ... } }")
            })?;
            steps.push(("drift", Step::Drift(paths(&set.node, &["trace"])?)));
        }
        if let Some(label) = &options.rollback {
            steps.push((
                "rollback",
                Step::Rollback {
                    label: label.clone(),
                },
            ));
        }
        if let Some(warm) = &options.warm {
            steps.push(("warm", Step::Warm(warm.clone())));
        }
        match &options.flush {
            Flushed::Nothing => {}
            Flushed::All => steps.push(("flush", Step::Flush(None))),
            Flushed::Shard(shard, at) => {
                steps.push(("flush", Step::Flush(Some((*shard, at.clone())))));
            }
        }
        if options.set.is_some() || options.deploy.is_some() {
            let set = options
                .set
                .as_ref()
                .map(|s| paths(s, &["service", "dependency", "clients"]))
                .transpose()?;
            let label = options.deploy.clone().unwrap_or_default();
            steps.push((
                "set",
                Step::Change {
                    label,
                    set: set.unwrap_or_default(),
                },
            ));
        }
        if steps.is_empty() && options.restart != Restart::None {
            steps.push(("restart", Step::Restart));
        }
        let names: Vec<&str> = steps.iter().map(|s| s.0).collect();
        match steps.len() {
            1 => {}
            0 => {
                return Err(Refusal::at(place, "this entry does nothing")
                    .help("give it set, fault, drift, rollback, warm, flush or restart"));
            }
            _ => {
                return Err(Refusal::at(
                    place,
                    format!("this entry does several things: {}", names.join(", ")),
                )
                .help("make an entry of each"));
            }
        }
        let (_, step) = steps.swap_remove(0);
        let timed = matches!(step, Step::Fault(_) | Step::Drift(_));
        if let (Some((_, at)), false) = (&options.r#for, timed) {
            return Err(Refusal::at(at, "only a fault or a drift ends by itself")
                .help("take a change back with an entry of its own"));
        }
        if let (Some((_, at)), false) = (&options.ramp, timed) {
            return Err(Refusal::at(at, "only a fault or a drift ramps"));
        }
        if options.every.is_some() && !matches!(step, Step::Fault(_)) {
            return Err(Refusal::at(place, "only a fault comes again and again")
                .help("make an entry of each time"));
        }
        if options.every.is_some() && options.r#for.is_none() {
            return Err(
                Refusal::at(place, "something that comes again and again needs a length")
                    .help("add for = \"200ms\""),
            );
        }
        refuse_unused(node, &step, options.restart)?;
        if let (None, Some((_, at))) = (options.every, &options.until) {
            return Err(
                Refusal::at(at, "only what comes again and again has an until")
                    .help("say how long it lasts with for = \"5m\""),
            );
        }
        Ok(Entry {
            options,
            step,
            at_place: node.at.clone(),
        })
    }

    /// Whether it can do no harm: a deploy that sets nothing and restarts nothing.
    pub fn is_harmless(&self) -> bool {
        let sets_nothing = matches!(&self.step, Step::Change { set, .. } if set.is_empty());
        sets_nothing && self.options.restart == Restart::None
    }

    /// For people: what it is.
    pub fn label(&self) -> String {
        match &self.step {
            Step::Change { label, set } => {
                let paths: Vec<&str> = set.iter().map(|(path, _)| path.as_str()).collect();
                match (label.as_str(), paths.join(", ")) {
                    ("", paths) => format!("set {paths}"),
                    (label, paths) if paths.is_empty() => format!("deploy {label}"),
                    (label, paths) => format!("deploy {label}: set {paths}"),
                }
            }
            Step::Rollback { label } => format!("roll back {}", label.0),
            Step::Fault(node) => {
                let word = |name: &str| {
                    node.get(name)
                        .and_then(|n| String::read(n).ok())
                        .unwrap_or_default()
                };
                match word("target").as_str() {
                    "" => word("kind"),
                    target => format!("{} of {target}", word("kind")),
                }
            }
            Step::Drift(set) => {
                let paths: Vec<&str> = set.iter().map(|(path, _)| path.as_str()).collect();
                format!("drift of {}", paths.join(", "))
            }
            Step::Warm(o) => format!("warm {} requests", o.requests),
            Step::Flush(None) => "flush caches".into(),
            Step::Flush(Some((shard, _))) => format!("flush shard {shard} of caches"),
            Step::Restart => format!("restart {}", self.options.restart.word()),
        }
    }
}

/// Refuses what stands beside a step that has no use for it.
fn refuse_unused(node: &Node, step: &Step, restart: Restart) -> Result<(), Refusal> {
    let changes = matches!(step, Step::Change { .. } | Step::Rollback { .. });
    let restarts = changes || matches!(step, Step::Restart);
    for (name, used, what) in [
        ("canary", changes, "deploy or rollback"),
        ("state", changes, "deploy or rollback"),
        ("restart", restarts, "deploy or rollback, or alone"),
        ("pace", restarts, "deploy, rollback or restart"),
        ("down", restarts && restart != Restart::None, "restart"),
    ] {
        if let (false, Some(own)) = (used, node.get(name)) {
            return Err(Refusal::at(&own.at, format!("{name} does nothing here"))
                .help(format!("it goes with {what}; make an entry of each")));
        }
    }
    Ok(())
}

/// Dotted paths of a `set`, each of which begins with one of `roots`. A table under a bare root is a path too, so that
/// `set = { service.cache.ttl = "1m" }` means what it says.
pub(super) fn paths(set: &Node, roots: &[&str]) -> Result<Vec<(String, TableEntry)>, Refusal> {
    let mut out = vec![];
    for (path, entry) in set.table("set")? {
        let root = path.split('.').next().unwrap_or("");
        if !roots.contains(&root) {
            return Err(
                Refusal::at(&entry.key, format!("\"{path}\" cannot be set here"))
                    .help(format!("a path begins with {}", roots.join(". or ") + ".")),
            );
        }
        match &entry.node.value {
            Value::Table(_) if !path.contains('.') => flatten(path, &entry.node, &mut out)?,
            _ => out.push((path.clone(), entry.clone())),
        }
    }
    Ok(out)
}

/// Tables written with bare dots end where a table has a `kind` or a value stands.
fn flatten(path: &str, node: &Node, out: &mut Vec<(String, TableEntry)>) -> Result<(), Refusal> {
    for (name, entry) in node.table("set")? {
        let path = format!("{path}.{name}");
        match &entry.node.value {
            Value::Table(t) if !t.contains_key("kind") => flatten(&path, &entry.node, out)?,
            _ => out.push((path, entry.clone())),
        }
    }
    Ok(())
}
