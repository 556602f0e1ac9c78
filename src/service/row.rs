//! From a request to its row, and to what keys see of it.

use super::{process::Process, version::Version, world::tag_digest};
use crate::{
    components::keys::{Material, Tag},
    recording::RequestRow,
    trace::{Payload, Request, Tags},
};

/// A request as keys see it.
pub(super) struct Seen<'a> {
    pub request: &'a Request,
    pub tags: &'a Tags,
    pub revision: u64,
    /// The payload, as the parser read it.
    pub payload: &'a Payload,
}

impl Material for Seen<'_> {
    #[inline]
    fn tag(&self, tag: Tag) -> u64 {
        tag_digest(self.request, self.tags, tag)
    }
    fn request_id(&self) -> u64 {
        self.request.op
    }
    fn arrived(&self) -> u64 {
        self.request.arrived
    }
    fn fields(&self) -> &[(String, serde_json::Value)] {
        &self.payload.fields
    }
    fn raw(&self) -> &str {
        &self.payload.raw
    }
    fn revision(&self) -> u64 {
        self.revision
    }
    #[inline]
    fn memo(&self, variant: u64, make: &mut dyn FnMut() -> u64) -> u64 {
        self.payload.memo.get_or(variant, make)
    }
}

/// The row of a try, with all that is known when it arrives.
pub(super) fn begin(request: &Request, tries: u8, arrived: u64) -> RequestRow {
    RequestRow {
        op: request.op,
        tries,
        arrived,
        tenant: request.tenant,
        user: request.user,
        route: request.route,
        region: request.region,
        class: request.class,
        client: request.client,
        model: request.model,
        input_tokens: request.input_tokens,
        output_tokens: request.output_tokens,
        bytes: request.bytes,
        deadline: request.deadline,
        ..RequestRow::default()
    }
}

/// Adds who serves it.
pub(super) fn served_by(row: &mut RequestRow, process: &Process, version: &Version, now: u64) {
    row.replica = process.replica;
    row.process = process.number;
    row.service_version = version.number;
    row.parser_version = version.parser;
    row.key_template = version.key_template;
    row.serializer = version.serializer;
    row.limiter_scope = version.limiter_scope;
    // The processes of the start have been up for long.
    row.cold = u8::from(process.started > 0 && now < process.started + version.spec.cold_for);
}
