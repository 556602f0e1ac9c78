//! Metered work of a service: the places in its code that compute, each with what it works on.

use super::Part;
use crate::{
    components::{Registry, work::Work},
    config::{At, Bytes, Entry, Node, Options, Read, Refusal, Span, Table, Value, pick},
    trace::shape::Filter,
};

crate::choice! {
    /// Where in a request's journey a site stands.
    pub enum SiteStage {
        /// In front of everything, the limiter included: a firewall's rules.
        Filter = "filter",
        /// Behind the parser.
        Parse = "parse",
        /// At a worker, before the calls.
        Compute = "compute",
        /// At a worker, when the calls have been answered.
        Answer = "answer",
    }
}

crate::choice! {
    /// What a site works on.
    pub enum On {
        /// The body of the request.
        Request = "request",
        /// The answer, about four bytes a token.
        Answer = "answer",
        /// The stored item that the route shows to everybody: `trace.items`.
        Item = "item",
    }
}

/// What a unit of work costs, ns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitCost(pub f64);

impl Read for UnitCost {
    const WHAT: &'static str = "what a unit costs, such as \"12ns\" or \"0.3us\", up to 1s";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let Value::Text(text) = &node.value else {
            return Err(node.wrong(Self::WHAT));
        };
        let text = text.trim();
        let scales = [
            ("ns", 1.0),
            ("us", 1e3),
            ("µs", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
        ];
        let parsed = scales.iter().find_map(|(unit, scale)| {
            let number = text.strip_suffix(unit)?.trim();
            Some(number.parse::<f64>().ok()? * scale)
        });
        match parsed {
            Some(cost) if (0.0..=1e9).contains(&cost) => Ok(UnitCost(cost)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "string", "examples": ["12ns", "0.3us"] })
    }
}

crate::options! {
    /// A place in the code that computes.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SiteOptions {
        /// Where in the journey it stands.
        stage: SiteStage = SiteStage::Compute, "compute";
        /// What it works on.
        on: On = On::Request, "request";
        /// Which requests pass it.
        r#where: Option<Filter> = None, "all";
        /// The answer comes in fragments of so many bytes; 0: whole.
        fragment: Bytes = Bytes(0), "whole";
        /// The lock that is held while it computes: each process has one of this name.
        lock: String = String::new(), "none";
        /// What a unit of its work costs.
        unit: Option<UnitCost> = None, "as measured for its kind";
        /// CPU time after which a watchdog breaks it off, and the request fails.
        limit: Span = Span(10_000_000_000), "10s";
    }
}

/// A site, checked.
#[derive(Clone, Debug)]
pub struct SiteSpec {
    /// Its name, as a profile shows it.
    pub name: String,
    /// What it does: the kind with its own options.
    pub part: Part,
    /// Where it stands and what it works on.
    pub options: SiteOptions,
    /// All of it, for telling versions apart.
    pub node: Node,
}

/// Names of a site's own options, which stand beside those of its kind.
fn of_the_site() -> Vec<&'static str> {
    SiteOptions::fields().iter().map(|f| f.name).collect()
}

/// A table without the options of these names, or with them alone.
fn only(table: &Table, names: &[&str], with: bool) -> Table {
    let keep = |(name, _): &(&String, &Entry)| names.contains(&name.as_str()) == with;
    let kept = table.iter().filter(keep);
    kept.map(|(n, e)| (n.clone(), e.clone())).collect()
}

impl SiteSpec {
    /// Builds what it does.
    ///
    /// # Errors
    /// None that loading did not find.
    pub fn build(&self, registry: &Registry) -> Result<Box<dyn Work>, Refusal> {
        pick(&registry.works, "work", &self.part.node)
    }
}

/// `[service.work]`: sites by name, in the order of the file.
pub(super) fn read_work(node: &Node, registry: &Registry) -> Result<Vec<SiteSpec>, Refusal> {
    let sites = node.table("the sites of the service")?;
    let read = |(name, entry): (&String, &Entry)| read_site(name, entry, registry);
    sites.iter().map(read).collect()
}

fn read_site(name: &str, entry: &Entry, registry: &Registry) -> Result<SiteSpec, Refusal> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        return Err(
            Refusal::at(&entry.key, format!("a site cannot be called \"{name}\""))
                .help("letters, digits, - and _, 40 at most: it is a frame of a profile"),
        );
    }
    let node = &entry.node;
    let table = node.table("a site")?;
    let names = of_the_site();
    let options = SiteOptions::read_table(&node.at, &only(table, &names, true), &[])?;
    let at = |name: &str| -> &At { node.get(name).map_or(&node.at, |n| &n.at) };
    if options.on == On::Answer && options.stage != SiteStage::Answer {
        return Err(
            Refusal::at(at("on"), "there is no answer yet at this stage")
                .help("stage = \"answer\""),
        );
    }
    if options.fragment.0 > 0 && options.on != On::Answer {
        return Err(
            Refusal::at(at("fragment"), "answers alone come in fragments")
                .help("on = \"answer\", or leave it out"),
        );
    }
    if options.limit.0 == 0 {
        return Err(
            Refusal::at(at("limit"), "a watchdog that lets nothing pass").help("1ns or more"),
        );
    }
    let own = Node {
        value: Value::Table(only(table, &names, false)),
        at: node.at.clone(),
    };
    let part = super::parts::part(&own, |n| pick(&registry.works, "work", n).map(drop))?;
    Ok(SiteSpec {
        name: name.into(),
        part,
        options,
        node: node.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn read(text: &str) -> Result<Vec<SiteSpec>, Refusal> {
        let root = Node::parse(&Source::new("work.toml", text)).unwrap();
        read_work(root.get("work").unwrap(), &Registry::default())
    }

    #[test]
    fn a_site_has_a_kind_and_options_of_its_own() {
        let sites = read(
            "[work.waf]\nkind = \"scan\"\ntimes = 3\nstage = \"filter\"\nunit = \"0.5us\"\nwhere = 'tenant == \"a\"'",
        )
        .unwrap();
        assert_eq!(sites[0].name, "waf");
        assert_eq!(sites[0].part.kind, "scan");
        assert_eq!(sites[0].options.stage, SiteStage::Filter);
        assert_eq!(sites[0].options.unit, Some(UnitCost(500.0)));
        assert!(sites[0].options.r#where.is_some());
    }

    #[test]
    fn what_a_site_cannot_do_is_refused_at_its_place() {
        for (bad, said) in [
            ("[work.\"a.b\"]\nkind = \"scan\"", "cannot be called"),
            ("[work.a]\nstage = \"filter\"", "has no kind"),
            (
                "[work.a]\nkind = \"scan\"\non = \"answer\"",
                "no answer yet",
            ),
            ("[work.a]\nkind = \"scan\"\nfragment = 10", "in fragments"),
            ("[work.a]\nkind = \"scan\"\nunit = 3", "what a unit costs"),
            (
                "[work.a]\nkind = \"scan\"\nunit = \"3 parsecs\"",
                "what a unit costs",
            ),
            (
                "[work.a]\nkind = \"scan\"\nlimit = \"0s\"",
                "lets nothing pass",
            ),
            ("[work.a]\nkind = \"scan\"\nfrgment = 1", "frgment"),
            ("[work.a]\nkind = \"scam\"", "unknown work \"scam\""),
        ] {
            let refused = read(bad).unwrap_err().to_string();
            assert!(refused.contains(said), "{bad}: {refused}");
            assert!(refused.starts_with("work.toml:"), "{refused}");
        }
    }
}
