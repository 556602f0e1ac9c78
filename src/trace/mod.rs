//! Requests in arrival order: captured (read from files) or generated.

mod payload;
mod request;

pub use payload::{Memo, Payload, Payloads};
pub use request::{Facts, Field, Request, Tags};
