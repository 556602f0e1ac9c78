//! The stages of a journey, one file a wait. Each is skipped when the service has no such stage.

pub(super) mod admission;
mod attempt;
pub(super) mod cache;
pub(super) mod call;
pub(super) mod compute;
pub(super) mod flight;
pub(super) mod graph;
pub(super) mod key;
pub(super) mod merge;
pub(super) mod parse;
pub(super) mod queue;
mod spent;
pub(super) mod store;
pub(super) mod then;
mod to_engine;
pub(super) mod trending;
mod way;
pub(super) mod work;
pub(super) mod write;

pub(super) use compute::size;
