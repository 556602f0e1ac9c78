//! Experiments: many runs, to learn what one cannot tell.
//!
//! - [`theory`]: the simulator against queueing theory.
//! - [`leak`]: leak, filling cache or fragmentation, from the gauges of a soak.
//! - [`bisect`]: which entries of an incident it took, and how much of the harm is whose.
//! - [`blind`]: how often the diagnosis is right, on incidents that nobody has seen.
//! - [`hardening`]: what is learnt from one incident, and which controls to pay for first.
//! - [`limiter`]: what limit a traffic needs, and what a limit would refuse.
//! - [`recurrence`]: how often an incident comes back over draws of traffic, victims and start.
//! - [`schema`]: whether versions of a schema can be rolled out, and in which order.
//! - [`structures`]: which data structure holds the tail that an operation may cost.
//! - [`sweep`]: what to set something to: a grid of settings under several seeds, in parts that are put together again.
//! - [`training`]: what somebody who looked at an incident took it for, against the truth.
//! - [`work`]: what a unit of metered work costs on this machine, and how units grow with size.

pub mod bisect;
pub mod blind;
pub mod hardening;
pub mod leak;
pub mod limiter;
pub mod recurrence;
pub mod schema;
pub mod structures;
pub mod sweep;
pub mod theory;
pub mod training;
pub mod work;
