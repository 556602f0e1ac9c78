//! What people write, read with its place in the file kept: located values, units, dotted paths, and
//! the one error that people get to see, [`Refusal`].
//!
//! Serde is not used for what people write: its tagged and flattened forms lose the place of a value.
//! Instead a file becomes a tree of [`Node`]s, each of which knows where it stands, and the
//! [`options!`](crate::options) macro declares, in one table per kind, how a struct is read from it.

pub mod base64;
mod day;
mod names;
mod node;
mod options;
mod refusal;
mod source;
mod units;
mod written;

pub use day::Day;
pub use names::Names;
pub use node::{Entry, Node, Table, Value};
pub use options::{
    Choice, Field, Kind, Options, Read, Reader, known, known_names, pick, plain_name, schema_of,
};
pub use refusal::{Refusal, suggestion};
pub use source::{At, Source};
pub use units::{
    Bytes, Count, Per, Percent, Rate, Share, Span, When, parse_nanos, show_bytes, show_count,
    show_nanos, show_percent, show_rate,
};
