//! The limiter's place in the journey: one limit, or a list of levels.

use super::{
    calls::{DependencyKind, DependencySpec},
    parts::{Part, Scope, of_stage, part},
};
use crate::{
    components::{
        Registry,
        keys::Tag,
        limiter::{
            levels::{MOST_LEVELS, Mode},
            store::{Emergency, Quota, StoreOptions, StoredOptions},
        },
    },
    config::{Choice, Node, Options, Read, Refusal, Value, pick, suggestion},
    sim::hash::FixedState,
    trace::shape::Filter,
};
use std::hash::BuildHasher;

/// Limits in front of the journey.
#[derive(Clone, Debug)]
pub struct LimiterSpec {
    /// In the order in which they are asked; at least one.
    pub levels: Vec<LevelSpec>,
    /// Where their state lives.
    pub scope: Scope,
    /// Whether what one level gave goes back when another refuses.
    pub give_back: bool,
    /// Digest of the levels' names: equal, and levels of two versions are the same in the same order.
    pub names: u64,
    /// Where the limits are in a store.
    pub store: Option<Box<StoreSpec>>,
}

/// Limits in a store.
#[derive(Clone, Debug)]
pub struct StoreSpec {
    /// How it is used.
    pub options: StoreOptions,
    /// Index of the dependency.
    pub dependency: usize,
    /// The limit of each level.
    pub quotas: Vec<Quota>,
    /// Digest of each level's name.
    pub levels: Vec<u64>,
    /// Number of the call in the recording's dictionary of steps; given when a run begins.
    pub step: u16,
    /// Number of the fallback in that of reasons to reject.
    pub fallback: u16,
}

/// One limit.
#[derive(Clone, Debug)]
pub struct LevelSpec {
    /// What operators call it.
    pub name: String,
    /// The component, without the options of the stage.
    pub part: Part,
    /// What the limit is per; empty is one limit for all.
    pub key: Vec<Tag>,
    /// Which requests it limits; `None` is all.
    pub only: Option<Filter>,
    /// Whether it only notes whom it would have refused.
    pub soft: bool,
    /// Its number in the recording's dictionary of reasons to reject; given when a run begins.
    pub number: u16,
}

impl LimiterSpec {
    /// The level of this name.
    pub fn level(&self, name: &str) -> Option<&LevelSpec> {
        self.levels.iter().find(|l| l.name == name)
    }

    /// Whether both limit per the same.
    pub fn keys_like(&self, other: &LimiterSpec) -> bool {
        let keys =
            |l: &LimiterSpec| -> Vec<Vec<Tag>> { l.levels.iter().map(|l| l.key.clone()).collect() };
        keys(self) == keys(other)
    }
}

crate::options! {
    /// Several limits, all or nothing.
    #[derive(Clone, Debug)]
    pub struct LevelsOptions {
        /// The limits in the order in which they are asked, such as { name = "user", key = ["user"], kind = "token-bucket", rate = "5/s" }.
        levels: Vec<Node>,
        /// Where their state lives.
        scope: Scope = Scope::Local, "local";
        /// Whether what one level gave goes back when another refuses; false is a flaw.
        give_back: bool = true, "true";
    }
}

/// Options of one limit that its component does not read.
const OF_LEVEL: &[&str] = &["name", "key", "where", "mode"];

/// Digest of names in their order.
fn names_digest<'a>(names: impl Iterator<Item = &'a str>) -> u64 {
    FixedState.hash_one(names.collect::<Vec<_>>())
}

pub(super) fn read_limiter(
    node: &Node,
    registry: &Registry,
    dependencies: &[DependencySpec],
) -> Result<LimiterSpec, Refusal> {
    let stored = node.get("store").is_some();
    let (nodes, scope, give_back) = match node.get("levels") {
        None if stored => {
            return Err(
                Refusal::at(&node.at, "a store holds levels, and there are none")
                    .help("levels = [{ key = [\"tenant\"], rate = \"50/s\", burst = 100 }]"),
            );
        }
        None => {
            let scope = of_stage(node, "scope", Scope::Local)?;
            (vec![without(node, &["scope"])], scope, true)
        }
        Some(list) => {
            let table = node.table("the limiter")?;
            let of_store = StoreOptions::names();
            let taken: &[&str] = if stored { &of_store } else { &[] };
            let o = LevelsOptions::read_table(&node.at, table, taken)?;
            if !(1..=MOST_LEVELS).contains(&o.levels.len()) {
                let message = format!("a limiter of {} levels", o.levels.len());
                return Err(Refusal::at(&list.at, message).help(format!("1 to {MOST_LEVELS}")));
            }
            (o.levels, o.scope, o.give_back)
        }
    };
    let mut levels: Vec<LevelSpec> = vec![];
    for node in &nodes {
        let mut level = read_level(node, |own| match stored {
            true => read_quota(own).map(drop),
            false => pick(&registry.limiters, "limiter", own).map(drop),
        })?;
        if stored {
            if let Some(other) = ["where", "mode"].iter().find_map(|name| node.get(name)) {
                return Err(
                    Refusal::at(&other.at, "a level in a store has no such option")
                        .help("all levels are asked by one script, and each refuses"),
                );
            }
            level.part.kind = "in a store".into();
        }
        if levels.iter().any(|l| l.name == level.name) {
            let message = format!("two levels are called \"{}\"", level.name);
            return Err(Refusal::at(&node.at, message).help("give each a name of its own"));
        }
        levels.push(level);
    }
    Ok(LimiterSpec {
        names: names_digest(levels.iter().map(|l| l.name.as_str())),
        store: match stored {
            true => Some(Box::new(read_store(node, &levels, dependencies)?)),
            false => None,
        },
        levels,
        scope,
        give_back,
    })
}

/// Options of levels that are none where they are in a store: it is shared, and its script takes all or nothing.
const NOT_OF_STORE: &[&str] = &["scope", "give_back"];

fn read_store(
    node: &Node,
    levels: &[LevelSpec],
    dependencies: &[DependencySpec],
) -> Result<StoreSpec, Refusal> {
    if let Some(other) = NOT_OF_STORE.iter().find_map(|name| node.get(name)) {
        return Err(
            Refusal::at(&other.at, "levels in a store have no such option")
                .help("they are shared by all replicas, and one script takes all or nothing"),
        );
    }
    let own = without(node, &["levels"]);
    let table = own.table("the limiter")?;
    let options = StoreOptions::read_table(&own.at, table, &[])?;
    let (name, at) = &options.store;
    let Some(dependency) = dependencies.iter().position(|d| d.name == *name) else {
        let known = dependencies.iter().map(|d| d.name.as_str());
        return Err(Refusal::at(at, format!("there is no [dependency.{name}]"))
            .help(suggestion(name, known)));
    };
    if !matches!(dependencies[dependency].kind, DependencyKind::Service) {
        return Err(Refusal::at(at, format!("\"{name}\" is no store"))
            .help("name a dependency of kind \"service\""));
    }
    let fallback = node.get("fallback").unwrap_or(node);
    Emergency::new(&options.fallback, &fallback.at)?;
    Ok(StoreSpec {
        dependency,
        quotas: levels
            .iter()
            .map(|l| read_quota(&l.part.node))
            .collect::<Result<_, _>>()?,
        levels: levels
            .iter()
            .map(|l| names_digest(std::iter::once(l.name.as_str())))
            .collect(),
        options,
        step: 0,
        fallback: 0,
    })
}

fn read_quota(own: &Node) -> Result<Quota, Refusal> {
    let table = own.table("a level in a store")?;
    let o = StoredOptions::read_table(&own.at, table, &[])?;
    Quota::new(o.rate.0, o.burst.0, &own.at)
}

fn read_level(
    node: &Node,
    build: impl Fn(&Node) -> Result<(), Refusal>,
) -> Result<LevelSpec, Refusal> {
    let key: Vec<Tag> = of_stage(node, "key", vec![])?;
    let only = node.get("where").map(Filter::read).transpose()?;
    let soft = of_stage(node, "mode", Mode::Hard)? == Mode::Soft;
    let name = match node.get("name") {
        Some(name) => String::read(name)?,
        None => level_name(&key),
    };
    if name.is_empty() {
        let at = node.get("name").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(at, "a level without a name").help("leave `name` out, or give one"));
    }
    let own = without(node, OF_LEVEL);
    Ok(LevelSpec {
        name,
        part: part(&own, build)?,
        key,
        only,
        soft,
        number: 0,
    })
}

/// What a level is called that has no name: what it is per.
fn level_name(key: &[Tag]) -> String {
    let words: Vec<&str> = key
        .iter()
        .filter_map(|tag| Tag::WORDS.iter().find(|(_, t)| t == tag))
        .map(|(word, _)| *word)
        .collect();
    match words.is_empty() {
        true => "global".into(),
        false => words.join("+"),
    }
}

/// The table without the options of others.
fn without(node: &Node, names: &[&str]) -> Node {
    let mut node = node.clone();
    if let Value::Table(table) = &mut node.value {
        names
            .iter()
            .for_each(|name| drop(table.shift_remove(*name)));
    }
    node
}
