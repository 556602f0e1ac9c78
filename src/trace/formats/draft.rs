//! A request on its way from a row: texts become numbers, names and a body, by the same rules in every format.

use super::{
    super::{
        payload::{Payload, Payloads},
        request::{Request, SharedTags},
        stamp::{self, Time},
    },
    ReadOptions,
    clock::Clock,
    values::{idempotency, span, status, whole, whole32, wrong},
};
use crate::{config::show_count, sim::hash::mix};
use std::rc::Rc;

/// A column of our own formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in the request")]
pub enum Column {
    Arrived,
    Tenant,
    User,
    Route,
    Region,
    Class,
    Client,
    Model,
    Address,
    Prompt,
    Params,
    Body,
    Blocks,
    InputTokens,
    OutputTokens,
    Bytes,
    Idempotency,
    Deadline,
    Disconnect,
    ServiceTime,
    Status,
    /// A user's own (`x_...`), not read.
    Own,
}

/// The names of the columns.
pub const COLUMNS: &[(&str, Column)] = &[
    ("arrived", Column::Arrived),
    ("tenant", Column::Tenant),
    ("user", Column::User),
    ("route", Column::Route),
    ("region", Column::Region),
    ("class", Column::Class),
    ("client", Column::Client),
    ("model", Column::Model),
    ("address", Column::Address),
    ("prompt", Column::Prompt),
    ("params", Column::Params),
    ("body", Column::Body),
    ("blocks", Column::Blocks),
    ("input_tokens", Column::InputTokens),
    ("output_tokens", Column::OutputTokens),
    ("bytes", Column::Bytes),
    ("idempotency_key", Column::Idempotency),
    ("deadline", Column::Deadline),
    ("disconnect", Column::Disconnect),
    ("service_time", Column::ServiceTime),
    ("status", Column::Status),
];

/// The column of a name.
pub fn column(name: &str) -> Option<Column> {
    if name.starts_with("x_") {
        return Some(Column::Own);
    }
    COLUMNS.iter().find(|(n, _)| *n == name).map(|(_, c)| *c)
}

/// Whether a column that is not `arrived` may be what others call it: a near miss, or a word for time.
pub fn may_mean_arrived(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = ["arriv", "time", "stamp", "date", "start"];
    name == "ts"
        || name == "t"
        || words.iter().any(|w| name.contains(w))
        || strsim::damerau_levenshtein(&name, "arrived") <= 2
}

/// What is wrong with a value: what was found, and what would be right.
pub type Wrong = (String, String);

/// A name may be this long, in bytes.
const LONGEST_NAME: usize = 4096;
/// A trace may have this many names of a kind.
const MOST_NAMES: usize = 16_000_000;
/// Bodies that are remembered, so that a repeated one is one.
const BODIES: usize = 65_536;

/// Builds requests, one after another.
#[derive(Debug)]
pub struct Draft {
    tags: SharedTags,
    payloads: Payloads,
    options: ReadOptions,
    clock: Clock,
    time: Option<Time>,
    request: Request,
    model: String,
    prompt: Option<String>,
    params: String,
    body: String,
    blocks: Vec<u64>,
    rows: u64,
    empty: Rc<Payload>,
}

impl Draft {
    /// A builder of requests whose names go to `tags`.
    pub fn new(tags: SharedTags, options: &ReadOptions) -> Draft {
        let mut payloads = Payloads::new(BODIES);
        let empty = payloads.intern("", &[]);
        Draft {
            tags,
            options: options.clone(),
            clock: Clock::new(options.reorder),
            time: None,
            request: Request::blank(empty.clone()),
            model: String::new(),
            prompt: None,
            params: String::new(),
            body: String::new(),
            blocks: vec![],
            rows: 0,
            payloads,
            empty,
        }
    }

    /// Whether times are stamps, known from the first row on.
    pub fn absolute(&self) -> bool {
        self.clock.absolute == Some(true)
    }

    /// A time of the real world at which the trace starts, which the file's header gives.
    pub fn set_origin(&mut self) {
        self.clock.origin_given = true;
    }

    /// Counts a row that could not be read: the op of a request is its row in the file, whatever became of the others.
    pub fn skip(&mut self) {
        self.rows += 1;
    }

    /// How many rows were met.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether a column is worth its reading.
    pub fn wants(&self, column: Column) -> bool {
        !self.options.times_only || column == Column::Arrived
    }

    /// Forgets a row that was begun.
    pub fn clear(&mut self) {
        self.time = None;
        self.request = Request::blank(self.empty.clone());
        self.model.clear();
        self.prompt = None;
        self.params.clear();
        self.body.clear();
        self.blocks.clear();
    }

    /// Sets the time in ms from the start, as Mooncake has it.
    pub fn set_millis(&mut self, text: &str) -> Result<(), Wrong> {
        let ms = whole(text)?;
        let ns = ms
            .checked_mul(1_000_000)
            .ok_or_else(|| wrong(text, "milliseconds from the start"))?;
        self.time = Some(Time::Offset(ns));
        Ok(())
    }

    /// Sets the time where the format reads it by itself.
    pub fn set_time(&mut self, time: Time) {
        self.time = Some(time);
    }

    /// Sets a time span where the format reads it by itself.
    pub fn set_span(&mut self, column: Column, ns: u64) {
        match column {
            Column::Deadline => self.request.deadline = ns,
            Column::Disconnect => self.request.disconnect = ns,
            Column::ServiceTime => self.request.service_time = ns,
            _ => {}
        }
    }

    /// Whether a value of this column is hidden before it is kept.
    pub fn hides(&self, column: Column) -> bool {
        self.options.hide.as_ref().is_some_and(|h| h.covers(column))
    }

    /// Sets the time of a row that has none: its place, a second for each row before it.
    pub fn set_nominal(&mut self, place: u64) {
        self.time = Some(Time::Offset(place.saturating_mul(stamp::SECOND)));
    }

    /// Adds prefix blocks.
    pub fn add_block(&mut self, id: u64) {
        self.blocks.push(id);
    }

    /// Reads one value. An empty text is "not recorded".
    pub fn set(&mut self, column: Column, text: &str) -> Result<(), Wrong> {
        if text.is_empty() && column != Column::Arrived {
            return Ok(());
        }
        let hidden = self
            .options
            .hide
            .as_ref()
            .and_then(|h| h.hide(column, text));
        let text = hidden.as_deref().unwrap_or(text);
        match column {
            Column::Own => {}
            Column::Arrived => {
                let time = stamp::time(text).ok_or_else(|| wrong(text, stamp::WHAT))?;
                self.time = Some(time);
            }
            Column::Prompt => self.prompt.get_or_insert_default().push_str(text),
            Column::Params => {
                if !text.trim_start().starts_with('{')
                    || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
                {
                    return Err(wrong(
                        text,
                        "the parameters as a JSON object, such as {\"temperature\":0.7}",
                    ));
                }
                self.params.push_str(text.trim());
            }
            Column::Body => self.body.push_str(text),
            Column::Blocks => {
                for id in text.split([' ', ';']).filter(|t| !t.is_empty()) {
                    self.blocks.push(stamp::digits(id).ok_or_else(|| {
                        wrong(id, "ids of blocks: whole numbers with spaces between")
                    })?);
                }
            }
            Column::InputTokens => self.request.input_tokens = whole32(text)?,
            Column::OutputTokens => self.request.output_tokens = whole32(text)?,
            Column::Bytes => self.request.bytes = whole(text)?,
            Column::Idempotency => self.request.idempotency = idempotency(text),
            Column::Deadline => self.request.deadline = span(text)?,
            Column::Disconnect => self.request.disconnect = span(text)?,
            Column::ServiceTime => self.request.service_time = span(text)?,
            Column::Status => self.request.status = status(text)?,
            Column::Tenant
            | Column::User
            | Column::Route
            | Column::Region
            | Column::Class
            | Column::Client
            | Column::Model
            | Column::Address => {
                self.name(column, text)?;
            }
        }
        Ok(())
    }

    fn name(&mut self, column: Column, text: &str) -> Result<(), Wrong> {
        if text.len() > LONGEST_NAME {
            return Err((
                format!("a name of {} bytes", text.len()),
                format!("a name has at most {LONGEST_NAME} bytes"),
            ));
        }
        let mut tags = self.tags.borrow_mut();
        let r = &mut self.request;
        let (names, number) = match column {
            Column::Tenant => (&mut tags.tenant, &mut r.tenant),
            Column::User => (&mut tags.user, &mut r.user),
            Column::Route => (&mut tags.route, &mut r.route),
            Column::Region => (&mut tags.region, &mut r.region),
            Column::Class => (&mut tags.class, &mut r.class),
            Column::Client => (&mut tags.client, &mut r.client),
            Column::Address => (&mut tags.address, &mut r.address),
            _ => {
                self.model.push_str(text);
                (&mut tags.model, &mut r.model)
            }
        };
        if names.len() >= MOST_NAMES && names.find(text).is_none() {
            return Err((
                format!(
                    "more than {} different names",
                    show_count(MOST_NAMES as u64)
                ),
                "leave this column out".into(),
            ));
        }
        *number = names.number(text);
        Ok(())
    }

    /// The finished request; its time as the file counts it.
    ///
    /// # Errors
    /// No time, or one that goes back.
    pub fn finish(&mut self) -> Result<Request, Wrong> {
        let op = self.rows;
        let time = self
            .time
            .take()
            .ok_or_else(|| ("no time".to_string(), stamp::WHAT.to_string()))?;
        let arrived = self.clock.check(time)?;
        let payload = self.body();
        self.rows += 1;
        let mut request = std::mem::replace(&mut self.request, Request::blank(self.empty.clone()));
        request.op = op;
        request.arrived = arrived;
        request.payload = payload;
        if request.bytes == 0 && (!self.body.is_empty() || self.prompt.is_some()) {
            request.bytes = request.payload.raw.len() as u64;
        }
        self.clear();
        Ok(request)
    }

    fn body(&mut self) -> Rc<Payload> {
        if self.options.times_only || !self.options.bodies {
            if self.blocks.is_empty() {
                return self.empty.clone();
            }
            return Rc::new(Payload::parts(String::new(), vec![], &self.blocks));
        }
        if !self.body.is_empty() {
            return self.payloads.intern(&self.body, &self.blocks);
        }
        if self.prompt.is_none() && self.params.is_empty() {
            // Contents were not captured: like any other with the same blocks, unlike any other without.
            let digest = if self.blocks.is_empty() {
                mix(self.rows ^ 0x6f70_6171_7565)
            } else {
                self.blocks.iter().fold(0, |d, b| mix(d ^ mix(*b)))
            };
            return Rc::new(Payload::opaque(&self.model, digest, &self.blocks));
        }
        let mut raw = String::with_capacity(64);
        raw.push('{');
        for (key, value) in [
            ("model", Some(&self.model).filter(|m| !m.is_empty())),
            ("prompt", self.prompt.as_ref()),
        ] {
            if let Some(value) = value {
                if raw.len() > 1 {
                    raw.push(',');
                }
                raw.push_str(&format!(
                    "\"{key}\":{}",
                    serde_json::Value::from(value.as_str())
                ));
            }
        }
        let inner = self
            .params
            .strip_prefix('{')
            .and_then(|p| p.strip_suffix('}'))
            .unwrap_or("")
            .trim();
        if !inner.is_empty() {
            if raw.len() > 1 {
                raw.push(',');
            }
            raw.push_str(inner);
        }
        raw.push('}');
        self.payloads.intern(&raw, &self.blocks)
    }
}
