//! The queue's place: its workers, those that a class has of its own, and who may wait.

use super::{
    Expired,
    parts::{Part, of_stage, part},
};
use crate::{
    components::{
        Registry,
        queue::{Guard, MOST_HELD},
    },
    config::{Node, Read, Refusal, Span, Table, Value, pick},
};
use std::collections::BTreeSet;

/// The queue's place.
#[derive(Clone, Debug)]
pub struct QueueSpec {
    /// The component.
    pub part: Part,
    /// Workers of each replica.
    pub staff: Staff,
    /// Classes that have workers of their own apart from these, and how many.
    pub pools: Vec<(String, u32)>,
    /// Who may wait.
    pub guard: Guard,
    /// What becomes of those whose client has left, where the file says it.
    pub expired: Option<Expired>,
    /// ns that must be left until the deadline of one that is not dropped.
    pub slack: u64,
}

impl QueueSpec {
    /// The classes that have workers of their own.
    pub fn with_own(&self) -> BTreeSet<String> {
        self.pools.iter().map(|(class, _)| class.clone()).collect()
    }

    /// Whether it has workers of this class, or any that all share.
    pub fn has(&self, class: Option<&str>) -> bool {
        class.is_none_or(|class| self.pools.iter().any(|(own, _)| own == class))
    }
}

/// Workers of a replica.
#[derive(Clone, Copy, Debug)]
pub struct Staff {
    /// How many.
    pub workers: u32,
    /// Tasks that each may hold, the one that it runs included.
    pub prefetch: u32,
    /// Whether gauges of what they take in advance are read: where the file says how much that is.
    pub reads: bool,
}

/// Most classes with workers of their own.
const MOST_POOLS: usize = 64;

/// `{ maintenance = 2 }`: workers that classes have of their own.
fn read_pools(queue: &Node) -> Result<Vec<(String, u32)>, Refusal> {
    let Some(node) = queue.get("pools") else {
        return Ok(vec![]);
    };
    let what = "classes and the workers that each has of its own, such as { maintenance = 2 }";
    let Value::Table(table) = &node.value else {
        return Err(node.wrong(what));
    };
    if table.len() > MOST_POOLS {
        return Err(node.wrong(&format!("at most {MOST_POOLS} classes")));
    }
    let shares = |class: &str| {
        let lists = ["classes", "floors"].iter().filter_map(|n| queue.get(n));
        lists.filter_map(|list| list.get(class)).next().is_some()
    };
    let each = table.iter().map(|(class, entry)| {
        let workers = u32::read(&entry.node)?;
        if workers == 0 {
            return Err(
                Refusal::at(&entry.node.at, format!("\"{class}\" is never served"))
                    .help("1 or more, or leave it out: it then shares the `workers`"),
            );
        }
        if shares(class) {
            let message = format!("\"{class}\" has workers of its own, and waits for no others");
            return Err(Refusal::at(&entry.key, message).help("leave it out of `classes`"));
        }
        Ok((class.clone(), workers))
    });
    each.collect()
}

fn read_staff(node: &Node, pools: &[(String, u32)]) -> Result<Staff, Refusal> {
    let workers: u32 = of_stage(node, "workers", 1)?;
    if workers == 0 {
        let at = node.get("workers").map_or(&node.at, |n| &n.at);
        return Err(Refusal::at(at, "a queue without workers is never served").help("1 or more"));
    }
    let prefetch: u32 = of_stage(node, "prefetch", 1)?;
    let all = u64::from(workers) + pools.iter().map(|p| u64::from(p.1)).sum::<u64>();
    let held = all.saturating_mul(u64::from(prefetch));
    let at = node.get("prefetch").map_or(&node.at, |n| &n.at);
    if prefetch == 0 {
        return Err(Refusal::at(at, "workers who may hold no task")
            .help("1, which is the one that it runs, or more"));
    }
    if prefetch > 1 && held > MOST_HELD {
        return Err(
            Refusal::at(at, format!("{held} tasks in the hands of {all} workers"))
                .help(format!("workers x prefetch is {MOST_HELD} at most")),
        );
    }
    Ok(Staff {
        workers,
        prefetch,
        reads: node.get("prefetch").is_some(),
    })
}

pub(super) fn read_queue(node: &Node, registry: &Registry) -> Result<QueueSpec, Refusal> {
    let part = part(node, |n| pick(&registry.queues, "queue", n).map(drop))?;
    let pools = read_pools(node)?;
    let staff = read_staff(node, &pools)?;
    let expired = node.get("expired").map(Expired::read).transpose()?;
    if let (Some(slack), true) = (node.get("slack"), expired != Some(Expired::Drop)) {
        return Err(
            Refusal::at(&slack.at, "nobody looks at how much time is left")
                .help("say expired = \"drop\" too"),
        );
    }
    Ok(QueueSpec {
        part,
        staff,
        pools,
        expired,
        slack: of_stage(node, "slack", Span(0))?.0,
        guard: match &node.value {
            Value::Table(table) => Guard::of(&node.at, table)?,
            _ => Guard::of(&node.at, &Table::new())?,
        },
    })
}
