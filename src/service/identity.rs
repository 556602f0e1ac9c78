//! Who a request comes from, as a limiter can see it, and whether they are within what they were promised.
//!
//! A service sees the address of its peer: the client's own (or that of the exit that the client shares with its office or
//! carrier), unless proxies stand between. Each proxy adds the address of its own peer at the end of a header that says for whom the
//! request is forwarded; whatever the client wrote into that header stands before it. `trusted_hops` says which
//! address counts: 0 is the peer, 1 the last of the header, 2 the one before. Too few hops, and everybody is the proxy; too many,
//! and clients choose their own names.

use super::journey::Visit;
use crate::{
    components::{keys::Tag, limiter::promise::Promise},
    config::{At, Count, Node, Rate, Read, Refusal, Value},
    sim::hash::{Map, mix},
    trace::{Request, Tags},
};

/// Proxies and hops at most.
const MOST_HOPS: u8 = 16;

/// Which address of the forwarded ones counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hops(pub u8);

impl Hops {
    /// The first of the header, whoever wrote it.
    const ALL: Hops = Hops(u8::MAX);
}

impl Read for Hops {
    const WHAT: &'static str = "a number of proxies, 0 to 16, or \"all\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(t) if t == "all" => Ok(Hops::ALL),
            Value::Integer(n) if (0..=i64::from(MOST_HOPS)).contains(n) => Ok(Hops(*n as u8)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": MOST_HOPS },
            { "enum": ["all"] },
        ] })
    }
}

crate::options! {
    /// How the service knows the address of a client.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct AddressOptions {
        /// Proxies that stand in front of it.
        proxies: Hops = Hops(0), "0";
        /// Which address counts: 0 the peer's, 1 the last of the forwarded ones, 2 the one before; "all" the first of them, which the client may have written itself.
        trusted_hops: Hops = Hops(0), "0";
    }
}

impl AddressOptions {
    /// Neither proxies nor trust.
    pub const PEER: AddressOptions = AddressOptions {
        proxies: Hops(0),
        trusted_hops: Hops(0),
    };

    /// The digest of the address that counts. `client` is that of the client's own, `forged` what it wrote into the header (0: nothing).
    pub fn seen(self, client: u64, forged: u64) -> u64 {
        let proxy = |n: u8| mix(0x7072_6f78_7900 ^ u64::from(n));
        let proxies = self.proxies.0.min(MOST_HOPS);
        // From the right: the peer, then the header from its end on.
        match self.trusted_hops.0 {
            hops if hops < proxies => proxy(proxies - hops),
            hops if hops == proxies || forged == 0 => client,
            _ => forged,
        }
    }
}

/// Of whom a request is, by one tag, as the service sees it.
pub(super) fn tag_seen(v: &Visit<'_>, tags: &Tags, tag: Tag) -> u64 {
    match tag {
        Tag::Address => address_seen(v, tags),
        tag => super::world::tag_digest(v.request, tags, tag),
    }
}

/// The address that counts.
pub(super) fn address_seen(v: &Visit<'_>, tags: &Tags) -> u64 {
    let client = tags.address.digest(v.request.address);
    v.version.spec.address.seen(client, v.request.forged)
}

/// Rates by name.
#[derive(Clone, Debug, PartialEq)]
pub struct RatesOf(pub Vec<(String, Rate)>);

impl Read for RatesOf {
    const WHAT: &'static str = "rates by name, such as { acme = \"200/s\" }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let table = node.table("the rates")?;
        let rate = |(name, entry): (&String, &crate::config::Entry)| {
            Ok((name.clone(), Rate::read(&entry.node)?))
        };
        table
            .iter()
            .map(rate)
            .collect::<Result<_, _>>()
            .map(RatesOf)
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": Rate::schema() })
    }
}

crate::options! {
    /// What tenants (or users) were promised, whatever limiter stands in front: requests are recorded as under or over it.
    #[derive(Clone, Debug, PartialEq)]
    pub struct QuotaOptions {
        /// Requests a second.
        rate: Rate,
        /// Of whom it is; only the tenant, or the user, can have a quota.
        per: Tag = Tag::Tenant, "tenant";
        /// Requests at once.
        burst: Count = Count(100), "100";
        /// Other rates, by name.
        rates: RatesOf = RatesOf(vec![]), "none";
    }
}

/// A quota that was checked.
#[derive(Clone, Debug)]
pub struct QuotaSpec {
    options: QuotaOptions,
    at: At,
}

impl QuotaSpec {
    /// Reads `[service.quota]`.
    ///
    /// # Errors
    /// A rate that lets nobody in, or a quota of something else than tenants or users.
    pub fn read(node: &Node) -> Result<QuotaSpec, Refusal> {
        let options = QuotaOptions::read(node)?;
        if !matches!(options.per, Tag::Tenant | Tag::User) {
            let at = node.get("per").map_or(&node.at, |n| &n.at);
            return Err(
                Refusal::at(at, "a quota is of tenants or of users").help("per = \"tenant\"")
            );
        }
        let spec = QuotaSpec {
            options,
            at: node.at.clone(),
        };
        Meter::new(&spec)?;
        Ok(spec)
    }
}

/// Meters who is within their quota, and decides nothing.
pub(super) struct Meter {
    per: Tag,
    usual: Promise,
    /// By digest of the name.
    others: Map<u64, Promise>,
}

impl Meter {
    /// A meter on which nobody has used anything.
    pub fn new(spec: &QuotaSpec) -> Result<Meter, Refusal> {
        let o = &spec.options;
        let of = |rate: &Rate| Promise::new(rate.0, o.burst.0, &spec.at);
        let mut names = crate::config::Names::default();
        let mut others = Map::default();
        for (name, rate) in &o.rates.0 {
            let number = names.number(name);
            others.insert(names.digest(number), of(rate)?);
        }
        Ok(Meter {
            per: o.per,
            usual: of(&o.rate)?,
            others,
        })
    }

    /// Whether a request is within it.
    pub fn see(&mut self, request: &Request, tags: &Tags, now: u64) -> bool {
        let key = super::world::tag_digest(request, tags, self.per);
        let promise = self.others.get_mut(&key).unwrap_or(&mut self.usual);
        promise.holds(key, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_counts_is_that_of_the_trusted_hop() {
        let (client, forged) = (1, 2);
        let seen = |proxies, trusted_hops, forged| {
            AddressOptions {
                proxies: Hops(proxies),
                trusted_hops,
            }
            .seen(client, forged)
        };
        // Nobody between: the peer is the client.
        assert_eq!(seen(0, Hops(0), forged), client);
        // A header where no proxy writes one is the client's own word.
        assert_eq!(seen(0, Hops(1), forged), forged);
        assert_eq!(seen(0, Hops(1), 0), client);
        // A proxy: without trust all are one, and not the client.
        let one = seen(1, Hops(0), 0);
        assert!(one != client && one == seen(1, Hops(0), forged));
        assert_eq!(seen(1, Hops(1), forged), client);
        assert_eq!(seen(1, Hops(2), forged), forged);
        assert_eq!(seen(1, Hops::ALL, forged), forged);
        assert_eq!(seen(1, Hops::ALL, 0), client);
        // Two proxies: one hop is the outer proxy.
        assert_ne!(seen(2, Hops(1), forged), client);
        assert_ne!(seen(2, Hops(1), forged), seen(2, Hops(0), forged));
        assert_eq!(seen(2, Hops(2), forged), client);
    }
}
