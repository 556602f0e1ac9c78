//! Makes the fields of a request that nobody captured, by the dice of the request.
//!
//! Each field has its own purpose, so another setting, a filter or a drift re-rolls no other field and no other request.
//! Bodies are remembered by content and form: most requests cost a few throws and a look-up.

use super::{
    Client, Contents, Mix, Population,
    addresses::Places,
    bodies::{Bodies, Form, Known},
    chooser::Chooser,
    contents::Popularity,
    items::Shown,
    mix::{Choosing, zipf},
    shelves::Shelves,
    turns::{Turn, version_at},
};
use crate::{
    sim::{
        dice::{Dice, Purpose},
        hash::Map,
    },
    trace::request::{Field, Request, SharedTags},
};
use std::rc::Rc;

const TENANT: Purpose = Purpose::named("trace.tenant");
const USER: Purpose = Purpose::named("trace.user");
const ROUTE: Purpose = Purpose::named("trace.route");
const REGION: Purpose = Purpose::named("trace.region");
const CLASS: Purpose = Purpose::named("trace.class");
const MODEL: Purpose = Purpose::named("trace.model");
const CLIENT: Purpose = Purpose::named("trace.client");
const INPUT: Purpose = Purpose::named("trace.input-tokens");
const OUTPUT: Purpose = Purpose::named("trace.output-tokens");
const BYTES: Purpose = Purpose::named("trace.bytes");
const DEADLINE: Purpose = Purpose::named("trace.deadline");
const DISCONNECT: Purpose = Purpose::named("trace.disconnect");
const SERVICE: Purpose = Purpose::named("trace.service-time");
const KEYED: Purpose = Purpose::named("trace.idempotency");

/// Which fields are filled, as bits by [`Field`].
#[derive(Clone, Copy, Debug, Default)]
struct Wanted(u32);

impl Wanted {
    #[inline(always)]
    fn has(self, field: Field) -> bool {
        self.0 >> field as u32 & 1 == 1
    }
}

const RAMP: Purpose = Purpose::named("trace.ramp");

/// Fills requests.
#[derive(Debug)]
pub struct Filler {
    seed: u64,
    versions: Vec<Population>,
    /// When each version but the first starts.
    starts: Vec<Turn>,
    /// For each version, the first one with the same bodies.
    forms: Vec<u32>,
    wanted: Wanted,
    tags: SharedTags,
    tenants: Option<Chooser>,
    routes: Option<Chooser>,
    regions: Option<Chooser>,
    classes: Option<Chooser>,
    models: Option<Chooser>,
    clients: Option<(Choosing, Vec<String>)>,
    client_numbers: Map<(usize, u32), u32>,
    users: Option<Choosing>,
    user_numbers: Shelves<u32, u32>,
    places: Places,
    shown: Shown,
    popularity: Option<Popularity>,
    bodies: Bodies,
    default_client: Client,
    /// Whether any client sends damaged bodies.
    damages: bool,
}

impl Filler {
    /// Fills `fields` by `versions`: the first from the start, each other from its time on.
    pub fn new(
        seed: u64,
        first: Population,
        later: &[(Turn, Population)],
        fields: &[Field],
        tags: SharedTags,
    ) -> Filler {
        let mut versions = vec![first];
        versions.extend(later.iter().map(|(_, p)| p.clone()));
        let mix = |get: &dyn Fn(&Population) -> Option<&Mix>| {
            let mut chooser: Option<Chooser> = None;
            let mut skipped = 0;
            for version in &versions {
                match (&mut chooser, get(version)) {
                    (Some(chooser), Some(mix)) => chooser.turn(mix),
                    (Some(chooser), None) => chooser.choosing.keep(),
                    (None, Some(mix)) => {
                        let mut new = Chooser::new(mix);
                        // Declared only by a drift: the same choice from the start would be a lie, but shares exist from then on.
                        (0..skipped).for_each(|_| new.turn(mix));
                        chooser = Some(new);
                    }
                    (None, None) => skipped += 1,
                }
            }
            chooser
        };
        let tenants = mix(&|p| p.tenants.as_ref().map(|m| &m.0));
        let routes = mix(&|p| p.routes.as_ref().map(|m| &m.0));
        let regions = mix(&|p| p.regions.as_ref().map(|m| &m.0));
        let classes = mix(&|p| p.classes.as_ref().map(|m| &m.0));
        let models = mix(&|p| p.models.as_ref().map(|m| &m.0));
        let clients = client_choice(&versions);
        let users = versions[0].users.as_ref().map(|first| {
            let weights = |u: &super::Users| zipf(u.count.0 as usize, u.exponent.0);
            let mut choosing = Choosing::new(&weights(first));
            for version in &versions[1..] {
                choosing.turn(&weights(version.users.as_ref().unwrap_or(first)));
            }
            choosing
        });
        let popularity = versions[0].contents.clone().map(|first: Contents| {
            let mut popularity = Popularity::new(first.clone());
            for version in &versions[1..] {
                popularity.turn(version.contents.clone().unwrap_or_else(|| first.clone()));
            }
            popularity
        });
        let forms = (0..versions.len())
            .map(|i| {
                let same = |a: &Population, b: &Population| {
                    a.clients == b.clients
                        && a.input_tokens == b.input_tokens
                        && match (&a.contents, &b.contents) {
                            (Some(a), Some(b)) => {
                                a.length == b.length
                                    && a.list == b.list
                                    && a.temperatures == b.temperatures
                            }
                            (a, b) => a.is_none() == b.is_none(),
                        }
                };
                (0..=i)
                    .find(|j| same(&versions[*j], &versions[i]))
                    .unwrap_or(i) as u32
            })
            .collect();
        Filler {
            seed,
            starts: later.iter().map(|(at, _)| *at).collect(),
            forms,
            wanted: Wanted(fields.iter().fold(0, |bits, f| bits | 1 << *f as u32)),
            tags,
            tenants,
            routes,
            regions,
            classes,
            models,
            clients,
            client_numbers: Map::default(),
            users,
            user_numbers: Shelves::default(),
            places: Places::default(),
            shown: Shown::default(),
            popularity,
            bodies: Bodies::default(),
            default_client: Client::default(),
            damages: versions
                .iter()
                .filter_map(|v| v.clients.as_ref())
                .any(|c| c.kinds.iter().any(|(_, kind)| kind.defects.any())),
            versions,
        }
    }

    /// The dice of an entity in this trace.
    #[inline]
    pub fn dice(&self, entity: u64) -> Dice {
        Dice::new(self.seed, entity)
    }

    /// The dictionaries.
    pub fn tags(&self) -> &SharedTags {
        &self.tags
    }

    /// The version of the settings at a time, for an entity of these dice.
    #[inline]
    pub fn version(&self, now: u64, dice: Dice) -> usize {
        let (version, share) = version_at(&self.starts, now);
        if share < 1.0 && !dice.draw(RAMP, version as u64).chance(share) {
            return version - 1;
        }
        version
    }

    /// The settings at a time.
    pub fn settings(&self, version: usize) -> &Population {
        &self.versions[version]
    }

    /// Fills a request: everything by its own dice.
    #[inline]
    pub fn fill(&mut self, r: &mut Request) {
        if self.wanted.has(Field::Tenant) {
            r.tenant = 0;
        }
        self.fill_as(r);
    }

    /// Fills a request whose tenant is decided.
    #[inline]
    pub fn fill_as(&mut self, r: &mut Request) {
        let dice = Dice::new(self.seed, r.op);
        let version = self.version(r.arrived, dice);
        self.sender(r, dice, version);
        self.request(r, dice, version);
    }

    /// Fills who sends it: tenant, user, region, client.
    #[inline]
    pub fn sender(&mut self, r: &mut Request, dice: Dice, v: usize) {
        let w = self.wanted;
        if w.has(Field::Tenant)
            && r.tenant == 0
            && let Some(c) = &mut self.tenants
        {
            r.tenant = c.choose(dice, TENANT, v, &self.tags, |t| &mut t.tenant);
        }
        if w.has(Field::Region)
            && let Some(c) = &mut self.regions
        {
            r.region = c.choose(dice, REGION, v, &self.tags, |t| &mut t.region);
        }
        if w.has(Field::User)
            && let Some(c) = &self.users
        {
            let rank = c.choose(dice, USER, v) as u32;
            r.user = self.user(r.tenant, rank);
        }
        if w.has(Field::Address)
            && let Some(a) = &self.versions[v].addresses
        {
            self.places.fill(r, a, self.seed, dice, &self.tags);
        }
        if w.has(Field::Client)
            && let Some((c, _)) = &self.clients
        {
            let kind = c.choose(dice, CLIENT, v);
            r.client = self.client_number(kind, v);
        }
    }

    /// Fills what is asked, and how.
    #[inline]
    pub fn request(&mut self, r: &mut Request, dice: Dice, v: usize) {
        let w = self.wanted;
        if w.has(Field::Route)
            && let Some(c) = &mut self.routes
        {
            r.route = c.choose(dice, ROUTE, v, &self.tags, |t| &mut t.route);
        }
        if let Some(items) = &self.versions[v].items {
            self.shown.fill(r, v, items, &self.tags);
        }
        if w.has(Field::Class)
            && let Some(c) = &mut self.classes
        {
            r.class = c.choose(dice, CLASS, v, &self.tags, |t| &mut t.class);
        }
        if w.has(Field::Model)
            && let Some(c) = &mut self.models
        {
            r.model = c.choose(dice, MODEL, v, &self.tags, |t| &mut t.model);
        }
        let content = match &self.popularity {
            Some(p) if w.has(Field::Prompt) => {
                let asks = |name: &str| self.tags.borrow().tenant.find(name) == Some(r.tenant);
                Some(p.choose(dice, v, asks))
            }
            _ => None,
        };
        if let Some(content) = content {
            self.body(r, dice, v, content);
        }
        self.amounts(r, dice, v, content.is_some());
    }

    #[inline]
    fn amounts(&mut self, r: &mut Request, dice: Dice, v: usize, made: bool) {
        let w = self.wanted;
        let p = &self.versions[v];
        if w.has(Field::InputTokens)
            && !made
            && let Some(s) = &p.input_tokens
        {
            r.input_tokens = s.sample(&mut dice.draw(INPUT, 0)).min(u64::from(u32::MAX)) as u32;
        }
        if w.has(Field::OutputTokens)
            && let Some(s) = &p.output_tokens
        {
            r.output_tokens = s.sample(&mut dice.draw(OUTPUT, 0)).min(u64::from(u32::MAX)) as u32;
        }
        if w.has(Field::Bytes)
            && let Some(s) = &p.bytes
        {
            r.bytes = s.sample(&mut dice.draw(BYTES, 0));
        }
        if w.has(Field::Deadline)
            && let Some(d) = &p.deadline
        {
            r.deadline = d.sample(&mut dice.draw(DEADLINE, 0));
        }
        if w.has(Field::Disconnect)
            && let Some(d) = &p.disconnect
        {
            let mut draw = dice.draw(DISCONNECT, 0);
            r.disconnect = if draw.chance(d.share.0) {
                d.after.sample(&mut draw).max(1)
            } else {
                0
            };
        }
        if w.has(Field::ServiceTime)
            && let Some(d) = &p.service_time
        {
            r.service_time = d.sample(&mut dice.draw(SERVICE, 0));
        }
        if w.has(Field::Idempotency)
            && let Some(share) = &p.idempotency
        {
            let mut draw = dice.draw(KEYED, 0);
            r.idempotency = if draw.chance(share.0) {
                draw.bits().max(1)
            } else {
                0
            };
        }
    }

    fn body(&mut self, r: &mut Request, dice: Dice, v: usize, content: u64) {
        let settings = self.popularity.as_ref().map(|p| p.settings(v));
        let owner = match settings {
            Some(s) if s.shared == super::Shared::Tenant => r.tenant,
            _ => 0,
        };
        let (segment, number) = Contents::place(content);
        let form = Form {
            owner,
            model: r.model,
            client: r.client,
            version: self.forms[v] << 1 | u32::from(segment),
        };
        let plain = r.payload.blocks.is_empty();
        // A damaged body is made anew: what is remembered is sound.
        let damaged = self.damages && {
            let tags = self.tags.borrow();
            let client = self.client(v, tags.client.name(r.client));
            client.defects.throw(dice).is_some()
        };
        if plain
            && !damaged
            && let Some(known) = self.bodies.get(form, number)
        {
            r.payload = known.payload.clone();
            if self.wanted.has(Field::InputTokens) && known.input_tokens > 0 {
                r.input_tokens = known.input_tokens;
            }
            if self.wanted.has(Field::Bytes) {
                r.bytes = r.payload.raw.len() as u64;
            }
            return;
        }
        let tags = self.tags.clone();
        let tags = tags.borrow();
        let owner = if owner == 0 {
            ""
        } else {
            tags.tenant.name(owner)
        };
        let default = Contents::default();
        let made = settings
            .unwrap_or(&default)
            .content(self.seed, content, owner);
        let label = tags.client.name(r.client);
        let client = self.client(v, label);
        let payload =
            Rc::new(client.body(&made, tags.model.name(r.model), dice, &r.payload.blocks));
        r.payload = payload.clone();
        let mut tokens = 0;
        if self.wanted.has(Field::InputTokens)
            && let Some(s) = &self.versions[v].input_tokens
        {
            let mut draw = Dice::new(self.seed, content).draw(INPUT, 1);
            tokens = s.sample(&mut draw).clamp(1, u64::from(u32::MAX)) as u32;
            r.input_tokens = tokens;
        }
        if self.wanted.has(Field::Bytes) {
            r.bytes = payload.raw.len() as u64;
        }
        let repeats = client.cache_buster.is_none() && !damaged;
        if plain && repeats {
            let known = Known {
                payload,
                input_tokens: tokens,
            };
            self.bodies.remember(form, number, known);
        }
    }

    /// The kind of client of a label.
    fn client(&self, v: usize, label: &str) -> &Client {
        self.versions[v]
            .clients
            .as_ref()
            .and_then(|c| {
                c.kinds
                    .iter()
                    .find(|(name, kind)| kind.label(name) == label)
            })
            .map_or(&self.default_client, |(_, kind)| kind)
    }

    fn user(&mut self, tenant: u32, rank: u32) -> u32 {
        if let Some(&number) = self.user_numbers.get(tenant, rank.into()) {
            return number;
        }
        let mut tags = self.tags.borrow_mut();
        let name = match tags.tenant.name(tenant) {
            "" => format!("user-{}", rank + 1),
            tenant => format!("{tenant}/user-{}", rank + 1),
        };
        let number = tags.user.number(&name);
        self.user_numbers.insert(tenant, rank.into(), number);
        number
    }

    fn client_number(&mut self, kind: usize, v: usize) -> u32 {
        let key = (kind, self.forms[v]);
        if let Some(&number) = self.client_numbers.get(&key) {
            return number;
        }
        let name = self
            .clients
            .as_ref()
            .and_then(|(_, names)| names.get(kind))
            .cloned()
            .unwrap_or_default();
        let label = self.versions[v]
            .clients
            .as_ref()
            .and_then(|c| c.kinds.iter().find(|(n, _)| *n == name))
            .map_or(name.clone(), |(n, c)| c.label(n));
        let number = self.tags.borrow_mut().client.number(&label);
        self.client_numbers.insert(key, number);
        number
    }
}

/// The kinds of clients over all versions, by name.
fn client_choice(versions: &[Population]) -> Option<(Choosing, Vec<String>)> {
    let mut names: Vec<String> = Vec::new();
    for kind in versions
        .iter()
        .filter_map(|v| v.clients.as_ref())
        .flat_map(|c| &c.kinds)
    {
        if !names.contains(&kind.0) {
            names.push(kind.0.clone());
        }
    }
    if names.is_empty() {
        return None;
    }
    let weights = |p: &Population| -> Vec<f64> {
        let share = |name: &String| {
            let kinds = p.clients.as_ref().map(|c| &c.kinds);
            kinds
                .and_then(|k| k.iter().find(|(n, _)| n == name))
                .map_or(0.0, |(_, c)| c.share)
        };
        names.iter().map(share).collect()
    };
    let mut choosing = Choosing::new(&weights(&versions[0]));
    versions[1..]
        .iter()
        .for_each(|v| choosing.turn(&weights(v)));
    Some((choosing, names))
}
