//! An incident file, read and checked whole: everything that is wrong with it is refused here, before the first virtual
//! second. What depends on the length of the trace is settled by the plan (`plan.rs`).

use super::{
    action::{Action, actions},
    game_day::GameDay,
    guard::{Guard, guards},
    timeline::{Entry, Step},
    withdraw::Withdrawn,
};
use crate::{
    components::Registry,
    config::{
        At, Entry as TableEntry, Node, Percent, Read, Reader, Refusal, Source, Table, Value, When,
        suggestion,
    },
    diagnosis,
    faults::Fault,
    gates::Gate,
    service::ServiceSpec,
    trace::{Overrides, TraceSpec},
};
use std::path::{Path, PathBuf};

/// Version of the file's layout.
pub const SCHEMA: u64 = 1;

/// What a file may name: components and faults. A value, so that a user's crate can add its own.
#[derive(Default)]
pub struct Registries {
    /// Components.
    pub components: Registry,
    /// Faults.
    pub faults: Vec<crate::config::Kind<Box<dyn Fault>>>,
}

impl Registries {
    /// What ships with the crate.
    pub fn builtin() -> Registries {
        Registries {
            components: Registry::default(),
            faults: crate::faults::kinds(),
        }
    }
}

crate::options! {
    /// Expectation.
    #[derive(Clone, Debug)]
    pub struct Expect {
        /// Causes that a correct lab finds; two for compound incidents, none for no incident.
        causes: Option<Vec<(String, At)>> = None, "the diagnosis is not held to anything";
        /// Causes that were truly at work, by their names in the catalogue: told beside the diagnosis, not held against it.
        true_causes: Vec<(String, At)> = vec![], "those of `causes`";
        /// When the trouble truly begins, where something harmless comes first; a deploy that sets and restarts nothing is known to be harmless.
        onset: Option<(When, At)> = None, "the first entry of the timeline";
        /// Gates that are breached in the incident phase; all others hold there.
        breached: Vec<(String, At)> = vec![], "none";
        /// Bound on the recovery time, such as "< 3m"; "never" when the fix does not help.
        recovery: Option<(String, At)> = None, "not checked";
    }
}

/// What is laid over a file before it is read.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// Name of a `[variant.NAME]` table.
    pub variant: Option<String>,
    /// `--set path=value`, in order.
    pub set: Vec<String>,
    /// The seed, instead of the file's.
    pub seed: Option<u64>,
    /// Leave the timeline out.
    pub healthy: bool,
    /// Leave the fix out.
    pub no_fix: bool,
    /// Only the first steps of the fix.
    pub fix_steps: Option<usize>,
}

/// An incident, checked.
#[derive(Clone)]
pub struct Incident {
    /// Its name: the file's, without folder and ending.
    pub name: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// The variant, if one was asked for.
    pub variant: Option<String>,
    /// One line.
    pub title: String,
    /// The story in two sentences.
    pub story: String,
    /// The question of the catalogue that it comes from, such as Q24.
    pub question: String,
    /// Seed of all dice.
    pub seed: u64,
    /// The traffic.
    pub trace: TraceSpec,
    /// Share of the trace at its start that is no baseline yet, because caches fill.
    pub warm_up: f64,
    /// The service at the start.
    pub service: ServiceSpec,
    /// The tree of the file after overlays, for patches.
    pub root: Node,
    /// What happens.
    pub timeline: Vec<Entry>,
    /// What is done about it.
    pub fix: Vec<Entry>,
    /// What watches the run and acts on its own.
    pub guards: Vec<Guard>,
    /// Thresholds.
    pub gates: Vec<Gate>,
    /// Who owns what.
    pub owners: Vec<(String, String)>,
    /// What a correct lab must find.
    pub expect: Option<Expect>,
    /// Names of all variants of the file, with their titles.
    pub variants: Vec<(String, String)>,
    /// What was decided on since.
    pub actions: Vec<Action>,
    /// What a game day draws.
    pub game_day: Option<GameDay>,
    /// Whether the timeline is left out, though its times still cut the phases.
    pub healthy: bool,
    /// Entries of the timeline, by their place in it, that are left out in the same way.
    pub left_out: Vec<usize>,
    /// What is taken back at some time of the run, if anything.
    pub withdrawn: Option<Withdrawn>,
    /// Gates of actions: watched beside `gates`, and part of no verdict.
    pub measures: Vec<Gate>,
    /// What its trace was read with, for reading it once more.
    pub(super) overrides: Overrides,
}

const KEYS: &[&str] = &[
    "schema",
    "title",
    "story",
    "question",
    "seed",
    "trace",
    "warm_up",
    "clients",
    "service",
    "dependency",
    "timeline",
    "fix",
    "guard",
    "gates",
    "owners",
    "expect",
    "action",
    "gameday",
    "variant",
];

impl Incident {
    /// Reads and checks an incident file's text.
    ///
    /// # Errors
    /// The first thing that is wrong with it, at its place.
    pub fn read(
        path: &Path,
        text: &str,
        overlay: &Overlay,
        trace: &Overrides,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let source = Source::new(path.display().to_string(), text);
        let mut root = Node::parse(&source)?;
        let variants = variants(&root)?;
        if let Some(name) = &overlay.variant {
            apply_variant(&mut root, name, &variants)?;
        }
        for set in &overlay.set {
            apply_set(&mut root, set)?;
        }
        let mut incident = Incident::of_tree(path, root, variants, overlay, trace, registries)?;
        incident.check_again(registries)?;
        Ok(incident)
    }

    /// The same from its tree: variant and settings of the overlay are in it already.
    pub(super) fn of_tree(
        path: &Path,
        root: Node,
        variants: Vec<(String, String)>,
        overlay: &Overlay,
        trace: &Overrides,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let table = root.table("an incident")?.clone();
        let reader = Reader::new(&root.at, &table, "an incident");
        reader.only(KEYS)?;
        let schema: (u64, At) = reader.required("schema")?;
        if schema.0 != SCHEMA {
            return Err(Refusal::at(
                &schema.1,
                format!("schema {} of incident files is not known here", schema.0),
            )
            .help(format!("this version reads schema {SCHEMA}")));
        }
        let base = path.parent().unwrap_or(Path::new("."));
        let Some(trace_entry) = reader.entry("trace") else {
            return Err(Refusal::at(&root.at, "an incident lacks \"trace\"")
                .help("name a file, or describe generated traffic in [trace]"));
        };
        let spec = TraceSpec::read(&trace_entry.node, base)?.overridden(trace)?;
        let service = ServiceSpec::read(&root, &registries.components)?;
        let (timeline, mut fix) = (entries(&reader, "timeline")?, entries(&reader, "fix")?);
        if overlay.no_fix {
            fix.clear();
        }
        if let Some(steps) = overlay.fix_steps {
            fix.truncate(steps);
        }
        if let Some(entry) = fix
            .iter()
            .find(|e| matches!(e.step, Step::Fault(_) | Step::Drift(_)))
        {
            return Err(
                Refusal::at(&entry.at_place, "a fix does not inject anything")
                    .help("use set, rollback, warm, flush or restart"),
            );
        }
        let warm_up: Percent = reader.optional("warm_up")?.unwrap_or(Percent(0.1));
        let gates = gates(&reader)?;
        let guards = match reader.entry("guard") {
            Some(entry) => guards(&entry.node, registries)?,
            None => vec![],
        };
        let expect: Option<Expect> = reader.optional("expect")?;
        if let Some(expect) = &expect {
            check_expect(expect, &gates)?;
        }
        let owners = match reader.entry("owners") {
            Some(entry) => texts(entry.node.table("[owners]")?)?,
            None => vec![],
        };
        let actions = match reader.entry("action") {
            Some(entry) => actions(&entry.node, &gates, &owners, registries)?,
            None => vec![],
        };
        let game_day = match reader.entry("gameday") {
            Some(entry) => Some(GameDay::read(&entry.node)?),
            None => None,
        };
        let incident = Incident {
            name: path
                .file_stem()
                .map_or_else(|| "incident".into(), |s| s.to_string_lossy().into_owned()),
            path: path.into(),
            variant: overlay.variant.clone(),
            title: reader.required("title")?,
            story: reader.optional("story")?.unwrap_or_default(),
            question: reader.optional("question")?.unwrap_or_default(),
            seed: overlay
                .seed
                .map_or_else(|| reader.optional("seed").map(|s| s.unwrap_or(1)), Ok)?,
            trace: spec,
            warm_up: warm_up.0,
            service,
            root,
            timeline,
            fix,
            guards,
            gates,
            owners,
            expect,
            variants,
            measures: actions.iter().filter_map(|a| a.gate.clone()).collect(),
            actions,
            game_day,
            healthy: overlay.healthy,
            left_out: vec![],
            withdrawn: None,
            overrides: trace.clone(),
        };
        // Everything that a plan refuses is refused now, on a trace of any length.
        super::plan::Plan::check(&incident, registries)?;
        Ok(incident)
    }

    /// Its name with the variant: the name of its report's folder.
    pub fn label(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}-{variant}", self.name),
            None => self.name.clone(),
        }
    }
}

fn variants(root: &Node) -> Result<Vec<(String, String)>, Refusal> {
    let Some(node) = root.get("variant") else {
        return Ok(vec![]);
    };
    let table = node.table("[variant]")?;
    let own_title = root
        .get("title")
        .map(String::read)
        .transpose()?
        .unwrap_or_default();
    table
        .iter()
        .map(|(name, entry)| {
            entry.node.table("a variant")?;
            let title = entry.node.get("title").map(String::read).transpose()?;
            Ok((name.clone(), title.unwrap_or_else(|| own_title.clone())))
        })
        .collect()
}

fn apply_variant(root: &mut Node, name: &str, known: &[(String, String)]) -> Result<(), Refusal> {
    let Some(over) = root.get("variant").and_then(|v| v.get(name)).cloned() else {
        let source = Source::new("--variant", name);
        return Err(Refusal::at(
            &At::whole(&source),
            format!("there is no variant \"{name}\""),
        )
        .help(suggestion(name, known.iter().map(|(n, _)| n.as_str()))));
    };
    let over = over.table("a variant")?;
    // What a variant expects replaces the file's expectation whole.
    if let (Some(_), Value::Table(entries)) = (over.get("expect"), &mut root.value) {
        entries.shift_remove("expect");
    }
    root.overlay(over);
    Ok(())
}

fn apply_set(root: &mut Node, set: &str) -> Result<(), Refusal> {
    let (path, entry) = setting("--set", set)?;
    root.set(&path, &entry.key, entry.node)
}

/// Reads `path=value` of an argument.
///
/// # Errors
/// What is no such pair, or no value.
pub fn setting(argument: &str, set: &str) -> Result<(String, TableEntry), Refusal> {
    let source = Source::new(argument, set);
    let Some((path, value)) = set.split_once('=') else {
        return Err(Refusal::at(&At::whole(&source), "this sets nothing")
            .help("write path=value, such as service.cache.ttl=1m"));
    };
    let value_source = Source::new(format!("{argument} {}", path.trim()), value.trim());
    let node = Node::parse_value(&value_source)?;
    let key = At::whole(&source);
    Ok((path.trim().to_string(), TableEntry { key, node }))
}

fn entries(reader: &Reader<'_>, name: &str) -> Result<Vec<Entry>, Refusal> {
    match reader.entry(name) {
        None => Ok(vec![]),
        Some(entry) => match &entry.node.value {
            Value::List(items) => items.iter().map(Entry::read).collect(),
            _ => Err(entry
                .node
                .wrong(&format!("a list of tables, each under [[{name}]]"))),
        },
    }
}

fn gates(reader: &Reader<'_>) -> Result<Vec<Gate>, Refusal> {
    match reader.entry("gates") {
        None => Ok(vec![]),
        Some(entry) => entry
            .node
            .table("[gates]")?
            .iter()
            .map(|(name, e)| Gate::parse(name, &e.node))
            .collect(),
    }
}

fn texts(table: &Table) -> Result<Vec<(String, String)>, Refusal> {
    table
        .iter()
        .map(|(name, entry)| Ok((name.clone(), String::read(&entry.node)?)))
        .collect()
}

fn check_expect(expect: &Expect, gates: &[Gate]) -> Result<(), Refusal> {
    let causes: Vec<&str> = diagnosis::catalogue().iter().map(|c| c.id).collect();
    for (cause, at) in expect.causes.iter().flatten() {
        let later = diagnosis::catalogue::all().any(|(known, named)| !named && known.id == cause);
        if later {
            return Err(
                Refusal::at(at, format!("the diagnosis does not name \"{cause}\" yet"))
                    .help("write it under true_causes"),
            );
        }
        if !causes.contains(&cause.as_str()) {
            return Err(Refusal::at(at, format!("unknown cause \"{cause}\""))
                .help(suggestion(cause, causes.iter().copied())));
        }
    }
    let all: Vec<&str> = diagnosis::catalogue::all()
        .map(|(known, _)| known.id)
        .collect();
    for (cause, at) in &expect.true_causes {
        if !all.contains(&cause.as_str()) {
            return Err(Refusal::at(at, format!("unknown cause \"{cause}\""))
                .help(suggestion(cause, all.iter().copied())));
        }
    }
    for (gate, at) in &expect.breached {
        if !gates.iter().any(|g| g.name() == gate) {
            return Err(Refusal::at(at, format!("there is no gate \"{gate}\""))
                .help(suggestion(gate, gates.iter().map(Gate::name))));
        }
    }
    if let Some((text, at)) = &expect.recovery {
        recovery_bound(text)
            .map_err(|help| Refusal::at(at, format!("found \"{text}\"")).help(help))?;
    }
    Ok(())
}

/// Reads `< 3m`: the bound in ns, or `None` for "never".
pub(super) fn recovery_bound(text: &str) -> Result<Option<u64>, String> {
    let wrong = || "a bound such as \"< 3m\", or \"never\"".to_string();
    match text.trim() {
        "never" => Ok(None),
        bound => {
            let time = bound.strip_prefix('<').ok_or_else(wrong)?;
            crate::config::parse_nanos(time.trim_start_matches('=').trim())
                .map(Some)
                .ok_or_else(wrong)
        }
    }
}
