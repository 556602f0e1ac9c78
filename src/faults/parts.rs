//! Faults of parts of an answer, which the answer need not show: items of a bulk call that are refused, a shard of a search
//! that is lost, a stream that is cut.

use super::{COMMON, Fault};
use crate::{
    config::{At, Node, Options, Read, Refusal, Span, Table, Value},
    service::{DependencySpec, seams::Part},
};

crate::options! {
    /// Item error.
    #[derive(Clone, Debug)]
    pub struct ItemErrorFault {
        /// Field that an item must carry to be struck.
        field: Option<String> = None, "any item";
    }
}

/// Builds one from its options.
pub fn build_item_error(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = ItemErrorFault::read_table(at, table, &[taken, COMMON].concat())?;
    Ok(Box::new(fault))
}

impl Fault for ItemErrorFault {
    fn lacks(&self, dependency: &DependencySpec) -> Option<String> {
        let Some(items) = &dependency.items else {
            return Some("items = { tokens = 50 }".into());
        };
        let field = self.field.as_ref()?;
        let known = items.fields.iter().any(|(name, _)| name == field);
        (!known).then(|| format!("items = {{ fields = {{ {field} = \"50%\" }} }}"))
    }

    fn refuses(&self, part: &Part<'_>) -> bool {
        match part {
            Part::Item { carries, .. } => self.field.as_deref().is_none_or(carries),
            Part::Shard { .. } => false,
        }
    }
}

/// Numbers of shards, from 1.
#[derive(Clone, Debug)]
pub struct Shards(pub Vec<u32>);

impl Read for Shards {
    const WHAT: &'static str = "a number, or a list of numbers";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::List(_) => Vec::read(node).map(Shards),
            _ => match u32::read(node) {
                Ok(one) => Ok(Shards(vec![one])),
                Err(_) => Err(node.wrong(Self::WHAT)),
            },
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "anyOf": [u32::schema(), Vec::<u32>::schema()] })
    }
}

crate::options! {
    /// Shard loss.
    #[derive(Clone, Debug)]
    pub struct ShardLossFault {
        /// Which shard, from 1; or a list of them.
        shard: Shards = Shards(vec![1]), "1";
    }
}

/// Builds one from its options.
pub fn build_shard_loss(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = ShardLossFault::read_table(at, table, &[taken, COMMON].concat())?;
    if fault.shard.0.is_empty() {
        let at = table.get("shard").map_or(at, |e| &e.node.at);
        return Err(Refusal::at(at, "no shard is lost").help("shard = [1, 2], such as"));
    }
    if fault.shard.0.contains(&0) {
        let at = table.get("shard").map_or(at, |e| &e.node.at);
        return Err(Refusal::at(at, "there is no shard 0").help("they are counted from 1"));
    }
    Ok(Box::new(fault))
}

impl Fault for ShardLossFault {
    fn lacks(&self, dependency: &DependencySpec) -> Option<String> {
        let count = dependency.shards.as_ref().map_or(0, |shards| shards.count);
        let last = self.shard.0.iter().copied().max().unwrap_or(0);
        let need = last.max(8);
        (last > count).then(|| format!("shards = {{ count = {need} }}"))
    }

    fn refuses(&self, part: &Part<'_>) -> bool {
        let Part::Shard { number } = part else {
            return false;
        };
        self.shard
            .0
            .iter()
            .any(|&s| *number as u64 + 1 == u64::from(s))
    }
}

crate::options! {
    /// Cut stream.
    #[derive(Clone, Debug)]
    pub struct CutStreamFault {
        /// Connections of answers that take longer are closed then.
        after: Span,
    }
}

/// Builds one from its options.
pub fn build_cut_stream(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = CutStreamFault::read_table(at, table, &[taken, COMMON].concat())?;
    if fault.after.0 == 0 {
        let at = table.get("after").map_or(at, |e| &e.node.at);
        return Err(Refusal::at(at, "a stream that is cut before it begins").help("1ns or more"));
    }
    Ok(Box::new(fault))
}

impl Fault for CutStreamFault {
    fn lacks(&self, dependency: &DependencySpec) -> Option<String> {
        let streams = dependency.stream.is_some();
        (!streams).then(|| "stream = { on_cut = \"fail\" }".into())
    }

    fn cuts(&self) -> Option<u64> {
        Some(self.after.0)
    }
}
