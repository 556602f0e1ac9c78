//! Fields of a request that a condition may name.

use crate::trace::request::{Request, Tags};

macro_rules! fields {
    ($name:ident: $($word:literal $variant:ident,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(super) enum $name { $($variant),+ }
        impl $name {
            pub(super) const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),+];
        }
    };
}

fields!(Number: "op" Op, "arrived" Arrived, "input_tokens" InputTokens, "output_tokens" OutputTokens, "bytes" Bytes,
    "deadline" Deadline, "disconnect" Disconnect, "service_time" ServiceTime, "blocks" Blocks,
    "status" Status,);
fields!(Name: "tenant" Tenant, "user" User, "route" Route, "region" Region, "class" Class, "client" Client,
    "model" Model, "address" Address, "prompt" Prompt, "body" Body,);

impl Number {
    pub(super) fn is_time(self) -> bool {
        matches!(
            self,
            Number::Arrived | Number::Deadline | Number::Disconnect | Number::ServiceTime
        )
    }

    pub(super) fn of(self, r: &Request) -> u64 {
        match self {
            Number::Op => r.op,
            Number::Arrived => r.arrived,
            Number::InputTokens => u64::from(r.input_tokens),
            Number::OutputTokens => u64::from(r.output_tokens),
            Number::Bytes => r.bytes,
            Number::Deadline => r.deadline,
            Number::Disconnect => r.disconnect,
            Number::ServiceTime => r.service_time,
            Number::Status => u64::from(r.status),
            Number::Blocks => r.payload.blocks.len() as u64,
        }
    }
}

impl Name {
    pub(super) fn with<T>(self, r: &Request, tags: &Tags, judge: impl FnOnce(&str) -> T) -> T {
        judge(match self {
            Name::Tenant => tags.tenant.name(r.tenant),
            Name::User => tags.user.name(r.user),
            Name::Route => tags.route.name(r.route),
            Name::Region => tags.region.name(r.region),
            Name::Class => tags.class.name(r.class),
            Name::Client => tags.client.name(r.client),
            Name::Model => tags.model.name(r.model),
            Name::Address => tags.address.name(r.address),
            Name::Body => &r.payload.raw,
            Name::Prompt => r
                .payload
                .fields
                .iter()
                .find(|(name, _)| name == "prompt")
                .and_then(|(_, value)| value.as_str())
                .unwrap_or(""),
        })
    }
}
