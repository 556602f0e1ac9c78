//! The cache key, and the digests that tell kinds of key drift apart.

use crate::{
    components::keys::digests,
    recording::RequestRow,
    service::{journey::Visit, stages::parse, world::World},
};

/// The key of a request; 0 when the service has none.
pub(in crate::service) fn make(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) -> u64 {
    let Some(template) = &v.version.spec.key else {
        return 0;
    };
    let tags = w.tags.borrow();
    let read = parse::in_its_place(v);
    let seen = w.seen(v.request, read.as_deref(), &tags);
    row.h_raw = v.request.payload.raw_digest;
    (row.h_fields, row.h_canon) = digests(&seen, w.content.as_deref());
    row.h_key = template.key(&seen, v.process.seed);
    row.h_key
}
