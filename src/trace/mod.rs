//! Requests in arrival order: captured (read from files) or generated.
//!
//! - [`TraceSpec`]: what stands under `trace` in an incident file; [`TraceSpec::open`] gives a [`Source`].
//! - [`formats`]: trace files, one file a format. [`Requests`]: such a file, row by row.
//! - [`arrivals`]: when generated requests arrive. [`population`]: who asks what.
//! - [`shape`]: speed, rate, take, filter, loop.

pub mod arrivals;
pub mod formats;
mod input;
mod lines;
mod payload;
pub mod population;
mod request;
mod requests;
mod sessions;
pub mod shape;
mod spec;
pub mod stamp;
mod stream;
mod summary;
mod write;

pub use input::{Input, Packing};
pub use payload::{Memo, Payload, Payloads};
pub use request::{Facts, Field, Request, SharedTags, Tags};
pub use requests::{Requests, Skipped};
pub use sessions::{Closed, Session, Sessions};
pub use shape::Filter;
pub use spec::{Extent, FieldName, Fill, Origin, Overrides, Reading, Replace, Source, TraceSpec};
pub use stream::Stream;
pub use summary::Summary;
pub use write::Writer;
