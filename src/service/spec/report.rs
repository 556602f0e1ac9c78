//! What answers say of a failure of some of their parts, and dependencies whose answers have parts: items of a bulk call,
//! shards of a search, a stream with an end.

use crate::config::{At, Count, Node, Percent, Read, Refusal, Span};

crate::choice! {
    /// How an answer that lacks something is reported.
    pub enum ReportKind {
        /// As it is: what is missing is said, and a failure is a failure.
        Honest = "honest",
        /// One flag for all parts, true as soon as one has succeeded.
        AggregateBoolean = "aggregate-boolean",
        /// Success, whatever happened: exceptions are caught, the flag is a constant.
        AlwaysOk = "always-ok",
    }
}

crate::choice! {
    /// The status of an answer that lacks something and says so.
    pub enum Status {
        /// 206 (partial content): who counts by status sees it.
        Partial = "206",
        /// 207 (multi-status): who counts by status sees it.
        Multi = "207",
        /// 200 with a map of failures: clients that know nothing of it go on as before, and who counts by status sees nothing.
        Map = "200",
    }
}

crate::options! {
    /// Report of partial failure.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ReportOptions {
        /// How: honest, aggregate-boolean, always-ok.
        kind: ReportKind = ReportKind::Honest, "honest";
        /// Status of an answer that lacks something and says so: 206, 207, or 200 with a map of failures.
        status: Status = Status::Partial, "206";
        /// Sub-steps, items and shards that have failed are asked for again before the answer goes out, they alone, and where the call is repeatable (`retry.repeatable`).
        retry_failed: bool = false, "false";
    }
}

crate::options! {
    /// Items of a bulk call.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ItemsOptions {
        /// Tokens of a request's input that make one item; each request has one at least.
        tokens: u32 = 50, "50";
        /// Routes whose requests carry several items; others carry one, whose refusal is the failure of the call.
        routes: Vec<String> = vec![], "all";
        /// How long an item takes to store; one that is refused takes no time.
        time: Span = Span(0), "0";
        /// Fields that some items carry, with the share of those, such as { due = "46%" }.
        fields: Option<Node> = None, "none";
        /// Fields whose values are not understood: items that carry one are refused.
        refuses: Vec<(String, At)> = vec![], "none";
        /// Items that each tenant may store from the beginning on; 0 is no bound.
        quota: Count = Count(0), "no bound";
        /// Share of items that fail and may succeed next time.
        error_rate: Percent = Percent(0.0), "0";
    }
}

/// Items of a bulk call, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsSpec {
    /// How a file describes them.
    pub options: ItemsOptions,
    /// Fields with the share of items that carry each.
    pub fields: Vec<(String, f64)>,
    /// Whether values of each field are refused.
    pub refused: Vec<bool>,
}

/// Items of one request at most.
pub const MOST_ITEMS: u32 = 1000;

/// Kinds of fields at most: they are told apart by bits.
const MOST_FIELDS: usize = 32;

impl ItemsOptions {
    pub(super) fn checked(self, dependency: &Node) -> Result<ItemsSpec, Refusal> {
        let at = |name: &str| {
            let items = dependency.get("items");
            let node = items.and_then(|i| i.get(name)).or(items);
            node.unwrap_or(dependency).at.clone()
        };
        if self.tokens == 0 {
            return Err(Refusal::at(&at("tokens"), "items without tokens").help("1 or more"));
        }
        let mut fields = vec![];
        if let Some(node) = &self.fields {
            for (name, entry) in node.table("the fields of items")? {
                fields.push((name.clone(), Percent::read(&entry.node)?.0));
            }
        }
        if fields.len() > MOST_FIELDS {
            return Err(
                Refusal::at(&at("fields"), format!("{} fields", fields.len()))
                    .help(format!("{MOST_FIELDS} at most")),
            );
        }
        let mut refused = vec![false; fields.len()];
        for (name, at) in &self.refuses {
            let known = fields.iter().map(|(known, _)| known.as_str());
            match known.clone().position(|known| known == name) {
                Some(i) => refused[i] = true,
                None => {
                    return Err(Refusal::at(at, format!("items have no field \"{name}\""))
                        .help(crate::config::suggestion(name, known)));
                }
            }
        }
        Ok(ItemsSpec {
            options: self,
            fields,
            refused,
        })
    }
}

crate::choice! {
    /// Which shards a call asks.
    pub enum ShardsBy {
        /// All of them: each has some of the hits.
        All = "all",
        /// The one that the user's hash falls into.
        User = "user",
        /// The one that the tenant's hash falls into.
        Tenant = "tenant",
        /// The one that the content's hash falls into.
        Content = "content",
    }
}

crate::options! {
    /// Shards of a search.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ShardsOptions {
        /// How many there are, from 1 to 1000.
        count: u32,
        /// Which of them a call asks: all, or the one by the hash of its user, tenant or content.
        by: ShardsBy = ShardsBy::All, "all";
        /// Hits in each, in the mean.
        hits: u32 = 5, "5";
        /// So many must answer, or the call fails.
        need: u32 = 1, "1";
        /// Share of shards that fail and may answer next time.
        error_rate: Percent = Percent(0.0), "0";
    }
}

impl ShardsOptions {
    pub(super) fn checked(self, dependency: &Node) -> Result<ShardsOptions, Refusal> {
        let shards = dependency.get("shards").unwrap_or(dependency);
        let at = |name: &str| shards.get(name).map_or(&shards.at, |n| &n.at);
        if !(1..=1000).contains(&self.count) {
            let found = format!("{} shards", self.count);
            return Err(Refusal::at(at("count"), found).help("from 1 to 1000"));
        }
        if self.need > self.count {
            let found = format!("{} of {} shards", self.need, self.count);
            return Err(Refusal::at(at("need"), found).help("so many as there are at most"));
        }
        if self.by != ShardsBy::All && self.need != 1 {
            let found = format!("{} must answer, and one is asked", self.need);
            return Err(Refusal::at(at("need"), found).help("leave `need` out"));
        }
        if self.hits > 1_000_000 {
            let found = format!("{} hits in each shard", self.hits);
            return Err(Refusal::at(at("hits"), found).help("a million at most"));
        }
        Ok(self)
    }
}

crate::choice! {
    /// What a caller makes of a stream that ends without its end marker.
    pub enum OnCut {
        /// The call has failed.
        Fail = "fail",
        /// What came is taken for the whole, and an end is put behind it.
        Complete = "complete",
    }
}

crate::options! {
    /// Stream of an answer.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StreamOptions {
        /// A proxy on the way closes the connection of an answer that takes longer; 0 is never.
        proxy_timeout: Span = Span(0), "never";
        /// A proxy on the way closes the connection behind so many tokens; 0 is never.
        proxy_limit: u32 = 0, "never";
        /// What the caller makes of an answer without its end marker: fail, complete.
        on_cut: OnCut = OnCut::Fail, "fail";
    }
}
