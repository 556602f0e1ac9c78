//! The limiter's place in the journey: one limit, or a list of levels.

use super::parts::{Part, Scope, of_stage, part};
use crate::{
    components::{Registry, keys::Tag, limiter::levels::MOST_LEVELS},
    config::{Choice, Node, Options, Read, Refusal, Value, pick},
    sim::hash::FixedState,
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
const OF_LEVEL: &[&str] = &["name", "key"];

/// Digest of names in their order.
fn names_digest<'a>(names: impl Iterator<Item = &'a str>) -> u64 {
    FixedState.hash_one(names.collect::<Vec<_>>())
}

pub(super) fn read_limiter(node: &Node, registry: &Registry) -> Result<LimiterSpec, Refusal> {
    let (nodes, scope, give_back) = match node.get("levels") {
        None => {
            let scope = of_stage(node, "scope", Scope::Local)?;
            (vec![without(node, &["scope"])], scope, true)
        }
        Some(list) => {
            let table = node.table("the limiter")?;
            let o = LevelsOptions::read_table(&node.at, table, &[])?;
            if !(1..=MOST_LEVELS).contains(&o.levels.len()) {
                let message = format!("a limiter of {} levels", o.levels.len());
                return Err(Refusal::at(&list.at, message).help(format!("1 to {MOST_LEVELS}")));
            }
            (o.levels, o.scope, o.give_back)
        }
    };
    let mut levels: Vec<LevelSpec> = vec![];
    for node in &nodes {
        let level = read_level(node, registry)?;
        if levels.iter().any(|l| l.name == level.name) {
            let message = format!("two levels are called \"{}\"", level.name);
            return Err(Refusal::at(&node.at, message).help("give each a name of its own"));
        }
        levels.push(level);
    }
    Ok(LimiterSpec {
        names: names_digest(levels.iter().map(|l| l.name.as_str())),
        levels,
        scope,
        give_back,
    })
}

fn read_level(node: &Node, registry: &Registry) -> Result<LevelSpec, Refusal> {
    let key: Vec<Tag> = of_stage(node, "key", vec![])?;
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
        part: part(&own, |n| pick(&registry.limiters, "limiter", n).map(drop))?,
        key,
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
