//! Who asks what: tenants, users, clients, contents, sizes. One declaration serves a generator, which makes all of a
//! request by it, and a captured file, where it fills the fields that the file lacks.

mod addresses;
mod amount;
mod bodies;
mod chooser;
mod clients;
mod contents;
mod defects;
mod filler;
mod items;
mod mix;
mod shelves;
mod turns;

pub use amount::{Delays, Sizes};
pub use clients::{Case, Client, Clients, Extra, Floats};
pub use contents::{Contents, Exponent, Segment, Shared};
pub use defects::{Defect, Defects};
pub use filler::Filler;
pub use items::{Item, Items};
pub use mix::Mix;
pub use turns::Turn;
pub(super) use turns::version_at;

use crate::{
    config::{Count, Node, Read, Refusal, Share, Span, When},
    trace::request::Field,
};
use contents::MOST;

/// Names of one kind, with the stem of their generated names.
macro_rules! mixes {
    ($($(#[doc = $doc:literal])+ $name:ident($stem:literal);)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub Mix);
        impl Read for $name {
            const WHAT: &'static str = "names with shares, such as { a = 3, b = 1 }, or { count = 50, exponent = 1.0 }";
            fn read(node: &Node) -> Result<Self, Refusal> {
                Mix::read(node, $stem, mix::share).map($name)
            }
            fn schema() -> serde_json::Value {
                mix::schema()
            }
        }
    )+};
}

mixes! {
    /// Tenants with shares.
    Tenants("tenant-");
    /// Routes with shares.
    Routes("/route-");
    /// Regions with shares.
    Regions("region-");
    /// Classes with shares.
    Classes("class-");
    /// Models with shares.
    Models("model-");
}

crate::options! {
    /// Users of each tenant.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Users {
        /// How many a tenant has.
        count: Count = Count(1000), "1000";
        /// Zipf exponent of how often they ask.
        exponent: Exponent = Exponent(0.8), "0.8";
    }
}

crate::options! {
    /// Clients that leave of their own accord.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Leaving {
        /// Share of the requests.
        share: Share,
        /// How long after arrival.
        after: Delays,
    }
}

crate::options! {
    /// Network addresses of clients.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Addresses {
        /// How many a tenant has, chosen evenly for each request; 0 is one of its own for each user.
        count: Count = Count(0), "one a user";
        /// Exits that users share, each with the share of the users that are behind it: { office = "15%" }. Who is behind one stays there, as long as the shares do.
        exits: Exits = Exits(vec![]), "none";
        /// Tenants whose clients name another address in every request, in the header that proxies write.
        forged_by: Vec<String> = vec![], "none";
    }
}

/// Shares of users by exit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exits(pub Vec<(String, f64)>);

impl Read for Exits {
    const WHAT: &'static str =
        "exits with shares of users, such as { office = \"15%\" }, 100% together at most";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let crate::config::Value::Table(table) = &node.value else {
            return Err(node.wrong(Self::WHAT));
        };
        let share = |(name, e): (&String, &crate::config::Entry)| {
            Ok((name.clone(), Share::read(&e.node)?.0))
        };
        let exits: Vec<_> = table.iter().map(share).collect::<Result<_, Refusal>>()?;
        match exits.iter().map(|(_, share)| share).sum::<f64>() <= 1.0 + 1e-9 {
            true => Ok(Exits(exits)),
            false => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": Share::schema() })
    }
}

crate::options! {
    /// A time of more requests.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Surge {
        /// Whose; of all, if nobody is named.
        tenant: String = String::new(), "all";
        /// When it starts.
        at: When,
        /// How long it lasts.
        lasts: Span,
        /// How many times the requests.
        factor: Factor,
    }
}

/// How many times the usual, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor(pub f64);

impl Read for Factor {
    const WHAT: &'static str = "how many times the usual: a number from 0 to 100";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match f64::read(node) {
            Ok(x) if (0.0..=100.0).contains(&x) => Ok(Factor(x)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "number", "minimum": 0, "maximum": 100 })
    }
}

/// Factors by tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates(pub Vec<(String, f64)>);

impl Read for Rates {
    const WHAT: &'static str = "factors by tenant, such as { acme = 3.0 }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let table = node.table("rates")?;
        let rates: Result<Vec<_>, Refusal> = table
            .iter()
            .map(|(n, e)| Ok((n.clone(), Factor::read(&e.node)?.0)))
            .collect();
        rates.map(Rates)
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": Factor::schema() })
    }
}

crate::options! {
    /// Who asks what; serves a generator, and fills what a captured file lacks.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Population {
        /// How many times the requests of the trace are sent; whoever is added has dice of their own.
        load: Factor = Factor(1.0), "1";
        /// The same for single tenants.
        rates: Rates = Rates(vec![]), "none";
        /// Times of more requests: a noisy neighbour, a crowd.
        surges: Vec<Surge> = vec![], "none";
        /// Who pays.
        tenants: Option<Tenants> = None, "not recorded";
        /// Who asks.
        users: Option<Users> = None, "not recorded";
        /// Which endpoint.
        routes: Option<Routes> = None, "not recorded";
        /// Where.
        regions: Option<Regions> = None, "not recorded";
        /// Priority class.
        classes: Option<Classes> = None, "not recorded";
        /// Model asked for.
        models: Option<Models> = None, "not recorded";
        /// Kinds of clients, each with its own form of bodies.
        clients: Option<Clients> = None, "not recorded";
        /// Network addresses of clients: one a user, shared exits, forged ones.
        addresses: Option<Addresses> = None, "not recorded";
        /// What is asked. A generator has the default when this is left out.
        contents: Option<Contents> = None, "as captured";
        /// Stored items that routes show to everybody, by route: { "/home" = { bytes = 400, blanks = 0 } }.
        items: Option<Items> = None, "none";
        /// Tokens asked; fixed for each content where contents are made here.
        input_tokens: Option<Sizes> = None, "not recorded";
        /// Tokens answered.
        output_tokens: Option<Sizes> = None, "not recorded";
        /// Bytes of a body, where they are not those of the body itself.
        bytes: Option<Sizes> = None, "of the body";
        /// How long the client says it will wait.
        deadline: Option<Delays> = None, "not recorded";
        /// Clients that leave of their own accord.
        disconnect: Option<Leaving> = None, "not recorded";
        /// How long the captured service took.
        service_time: Option<Delays> = None, "not recorded";
        /// Share of requests with an idempotency key.
        idempotency: Option<Share> = None, "not recorded";
    }
}

impl Population {
    /// Refuses what each option alone cannot see.
    ///
    /// # Errors
    /// Too many contents, or an empty list.
    pub fn check(&self, node: &Node) -> Result<(), Refusal> {
        let place = |path: &str| node.get(path).unwrap_or(node);
        if let Some(c) = &self.contents {
            for (path, count) in [
                ("contents.count", c.count),
                ("contents.segment.count", c.segment.count),
            ] {
                if count.0 == 0 || count.0 > MOST {
                    return Err(place(path).wrong("a number of contents between 1 and 10M"));
                }
            }
            if c.temperatures.is_empty() {
                return Err(place("contents.temperatures").wrong("at least one temperature"));
            }
            if c.first.0 > 1 << 39 {
                return Err(place("contents.first").wrong("a number below 500G"));
            }
        }
        if let Some(u) = &self.users
            && (u.count.0 == 0 || u.count.0 > MOST)
        {
            return Err(place("users.count").wrong("a number of users between 1 and 10M"));
        }
        Ok(())
    }

    /// The fields that it can fill, with how.
    pub fn fills(&self) -> Vec<(Field, String)> {
        let mut fills = Vec::new();
        let mut mix = |field, mix: Option<&Mix>| {
            if let Some(mix) = mix {
                fills.push((field, mix.describe()));
            }
        };
        mix(Field::Tenant, self.tenants.as_ref().map(|m| &m.0));
        mix(Field::Route, self.routes.as_ref().map(|m| &m.0));
        mix(Field::Region, self.regions.as_ref().map(|m| &m.0));
        mix(Field::Class, self.classes.as_ref().map(|m| &m.0));
        mix(Field::Model, self.models.as_ref().map(|m| &m.0));
        if let Some(u) = &self.users {
            fills.push((
                Field::User,
                format!("{} a tenant by Zipf, exponent {}", u.count.0, u.exponent.0),
            ));
        }
        if let Some(a) = &self.addresses {
            fills.push((Field::Address, a.describe()));
        }
        if let Some(c) = &self.clients {
            let kinds: Vec<&str> = c.kinds.iter().map(|(n, _)| n.as_str()).collect();
            fills.push((Field::Client, kinds.join(", ")));
        }
        if let Some(c) = &self.contents {
            fills.push((
                Field::Prompt,
                format!("{} contents by Zipf, exponent {}", c.count.0, c.exponent.0),
            ));
            fills.push((Field::Params, "fixed for each content".into()));
        }
        for (field, sizes) in [
            (Field::InputTokens, &self.input_tokens),
            (Field::OutputTokens, &self.output_tokens),
            (Field::Bytes, &self.bytes),
        ] {
            if let Some(sizes) = sizes {
                fills.push((field, amount::describe(&sizes.0).into()));
            }
        }
        for (field, delays) in [
            (Field::Deadline, &self.deadline),
            (Field::ServiceTime, &self.service_time),
        ] {
            if let Some(delays) = delays {
                fills.push((field, amount::describe(&delays.0).into()));
            }
        }
        if let Some(d) = &self.disconnect {
            fills.push((
                Field::Disconnect,
                format!("{} of the requests", crate::config::show_percent(d.share.0)),
            ));
        }
        if let Some(share) = &self.idempotency {
            fills.push((
                Field::Idempotency,
                format!("{} of the requests", crate::config::show_percent(share.0)),
            ));
        }
        fills.sort_by_key(|(field, _)| *field);
        fills
    }

    /// Whether anything ever adds or drops requests.
    pub fn changes_rates(&self) -> bool {
        self.load.0 != 1.0 || !self.surges.is_empty() || self.rates.0.iter().any(|(_, f)| *f != 1.0)
    }
}
