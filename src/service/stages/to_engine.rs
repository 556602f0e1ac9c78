//! A request as engines see it, and their answer as a client sees it.

use crate::{
    components::{
        engine::{Done, Inputs, Job},
        keys::Tag,
    },
    service::{
        journey::Visit,
        world::{World, tag_digest},
    },
    sim::hash::mix,
};
use xxhash_rust::xxh3::xxh3_64;

/// The request as engines see it.
pub(super) fn job<'v>(w: &World<'_>, v: &'v Visit<'_>) -> Job<'v> {
    let tags = w.tags.borrow();
    // An adapter is called by a name of its own: "base+adapter".
    let name = tags.model.name(v.request.model);
    let (model, adapter) = match name.split_once('+') {
        Some((model, adapter)) => (model, Some(adapter)),
        None => (name, None),
    };
    let field = |names: &[&str]| fields(&v.request.payload.fields, names);
    Job {
        ticket: 0,
        prompt: u64::from(v.request.input_tokens),
        answer: u64::from(v.request.output_tokens),
        prefix: &v.request.payload.blocks,
        inputs: Inputs {
            model: digest(model),
            adapter: field(&["adapter"]).unwrap_or_else(|| adapter.map_or(0, digest)),
            tools: field(&["tools"]).unwrap_or(0),
            parameters: field(&["temperature", "top_p"]).unwrap_or(0),
            tenant: tag_digest(v.request, &tags, Tag::Tenant),
        },
    }
}

/// Digest of the fields of these names, in their order; `None` when there is none of them.
fn fields(all: &[(String, serde_json::Value)], names: &[&str]) -> Option<u64> {
    let mut found = names
        .iter()
        .filter_map(|name| all.iter().find(|(field, _)| field == name))
        .peekable();
    found.peek()?;
    Some(found.fold(0, |all, (name, value)| {
        mix(all ^ digest(name) ^ digest(&value.to_string()).rotate_left(1))
    }))
}

fn digest(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// First token, ns between two, prompt tokens found.
pub(super) fn tokens(v: &Visit<'_>, done: &Done) -> (u64, u64, u32) {
    let gaps = u64::from(v.request.output_tokens).saturating_sub(1);
    let between = (done.ended - done.first_token)
        .checked_div(gaps)
        .unwrap_or(0);
    let found = u32::try_from(done.hit_tokens).unwrap_or(u32::MAX);
    (done.first_token.max(1), between, found)
}
