//! The request record: one arrival, with everything that any stage may want to know about it.

use super::payload::Payload;
use crate::config::Names;
use std::{cell::RefCell, rc::Rc};

/// One arrival. Numbers of names belong to the trace's [`Tags`]; 0 is "not recorded" everywhere.
#[derive(Clone, Debug)]
pub struct Request {
    /// Identity: the row of the source (session and turn in closed loop), kept through filter, take and loop, so that
    /// dice belong to the request and not to its place in the replay.
    pub op: u64,
    /// ns from the start of the trace.
    pub arrived: u64,
    /// Who pays.
    pub tenant: u32,
    /// Who asks.
    pub user: u32,
    /// Which endpoint.
    pub route: u32,
    /// Where.
    pub region: u32,
    /// Priority class.
    pub class: u32,
    /// Client version, schema or kind.
    pub client: u32,
    /// Model asked for.
    pub model: u32,
    /// The client's network address, as the outside of its network shows it.
    pub address: u32,
    /// The stored item that its route shows to everybody; the service's own, no part of what is asked.
    pub item: u32,
    /// Status that the captured service answered with.
    pub status: u16,
    /// Digest of the forwarded-for header that the client itself sent, a lie about its address; 0 is none.
    pub forged: u64,
    /// The body: what keys and parsers look at.
    pub payload: Rc<Payload>,
    /// Tokens asked.
    pub input_tokens: u32,
    /// Tokens answered.
    pub output_tokens: u32,
    /// Bytes of the body.
    pub bytes: u64,
    /// Digest of the client's idempotency key.
    pub idempotency: u64,
    /// How long the client says it will wait, ns from arrival.
    pub deadline: u64,
    /// When the client leaves of its own accord, ns from arrival.
    pub disconnect: u64,
    /// How long the captured service took for it, ns.
    pub service_time: u64,
}

impl Request {
    /// A request of which nothing is recorded but its body.
    pub fn blank(payload: Rc<Payload>) -> Request {
        Request {
            op: 0,
            arrived: 0,
            tenant: 0,
            user: 0,
            route: 0,
            region: 0,
            class: 0,
            client: 0,
            model: 0,
            address: 0,
            item: 0,
            status: 0,
            forged: 0,
            payload,
            input_tokens: 0,
            output_tokens: 0,
            bytes: 0,
            idempotency: 0,
            deadline: 0,
            disconnect: 0,
            service_time: 0,
        }
    }
}

/// The dictionaries of a trace, shared by whoever reads it and whoever looks names up meanwhile.
pub type SharedTags = Rc<RefCell<Tags>>;

/// The dictionaries of a trace, one an attribute.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// Names of tenants.
    pub tenant: Names,
    /// Names of users.
    pub user: Names,
    /// Names of routes.
    pub route: Names,
    /// Names of regions.
    pub region: Names,
    /// Names of classes.
    pub class: Names,
    /// Names of client versions.
    pub client: Names,
    /// Names of models.
    pub model: Names,
    /// Network addresses, or what stands for them.
    pub address: Names,
    /// Stored items: whole texts.
    pub item: Names,
}

/// A field of the request record, for what a trace has, lacks and was filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "as in the request")]
pub enum Field {
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
    Blocks,
    InputTokens,
    OutputTokens,
    Bytes,
    Idempotency,
    Deadline,
    Disconnect,
    ServiceTime,
    Status,
}

impl Field {
    /// All fields, in the order of the record.
    pub const ALL: &'static [Field] = &[
        Field::Arrived,
        Field::Tenant,
        Field::User,
        Field::Route,
        Field::Region,
        Field::Class,
        Field::Client,
        Field::Model,
        Field::Address,
        Field::Prompt,
        Field::Params,
        Field::Blocks,
        Field::InputTokens,
        Field::OutputTokens,
        Field::Bytes,
        Field::Idempotency,
        Field::Deadline,
        Field::Disconnect,
        Field::ServiceTime,
        Field::Status,
    ];

    /// Its name in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Field::Arrived => "arrived",
            Field::Tenant => "tenant",
            Field::User => "user",
            Field::Route => "route",
            Field::Region => "region",
            Field::Class => "class",
            Field::Client => "client",
            Field::Model => "model",
            Field::Address => "address",
            Field::Prompt => "prompt",
            Field::Params => "params",
            Field::Blocks => "blocks",
            Field::InputTokens => "input_tokens",
            Field::OutputTokens => "output_tokens",
            Field::Bytes => "bytes",
            Field::Idempotency => "idempotency_key",
            Field::Deadline => "deadline",
            Field::Disconnect => "disconnect",
            Field::ServiceTime => "service_time",
            Field::Status => "status",
        }
    }
}

/// What is known about a trace besides its requests.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The format's name, or `generated`.
    pub format: String,
    /// Real time of `arrived = 0`, ns since 1970, where the trace has one.
    pub origin: Option<i64>,
    /// Fields that the file has.
    pub captured: Vec<Field>,
    /// Fields that `[trace.fill]` or a generator made, each with how.
    pub filled: Vec<(Field, String)>,
}
