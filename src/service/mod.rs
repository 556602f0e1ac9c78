//! The backend under test: the journey of a request through its stages, in one or several replicas behind a load
//! balancer, called by clients that have patience and may try again. The wing that writes a recording.
//!
//! [`journey`] is one page of awaits that names every stage; each wait is a file in `stages/`. What a stage *decides* is a
//! component (`components/`), what it *waits for* is here. Faults act at [`seams`] and nowhere else.

mod answers;
mod client;
mod columns;
mod connections;
mod control;
mod cpu;
mod deaths;
mod dependencies;
mod errand;
mod fields;
mod identity;
mod jobs;
mod join;
mod journey;
mod latency;
mod memory;
mod metered;
mod output;
mod parts;
mod probe;
mod process;
mod purpose;
mod queue;
mod ranked;
mod readings;
mod regions;
mod registry;
mod row;
mod scaling;
pub mod seams;
mod spec;
mod stages;
mod strays;
mod trending;
mod version;
mod watching;
mod world;
mod writes;

pub use client::client;
pub use columns::recorded_columns;
pub use control::{Arrival, Control, Warm};
pub use cpu::{CpuOptions, RationOptions};
pub use deaths::StartOptions;
pub use latency::{Latency, Size};
pub use spec::{
    CallOptions, ClientOptions, ClientReplay, ClientRetry, DependencyOptions, DependencySpec,
    LevelsOptions, QueueSpec, ReportKind, Scope, ServiceOptions, ServiceSpec, Step,
    component_schema, component_schema_by, service_schemas,
};
pub use version::{Version, needs_captured, refuse_other_kinds, same, stateful_differences};
pub use world::{Setting, World};
