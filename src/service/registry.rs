//! The registry of a replica: how many requests it believes to be under way. Entries that nobody removes stay until the
//! process restarts. Sources: Q25; ROCm/ATOM#1441, cubist38/mlx-openai-server#269.

use super::{
    process::Process,
    spec::{Removal, ServiceSpec},
};
use crate::recording::outcome;

/// Enters a request; `false`: the registry is full. Without one everybody is taken in.
pub(super) fn enter(spec: &ServiceSpec, process: &Process) -> bool {
    let Some(registry) = &spec.registry else {
        return true;
    };
    let entries = process.registered.get();
    if registry.limit > 0 && entries >= registry.limit {
        return false;
    }
    process.registered.set(entries + 1);
    true
}

/// A request leaves the service with this outcome.
pub(super) fn leave(spec: &ServiceSpec, process: &Process, end: u8) {
    let Some(registry) = &spec.registry else {
        return;
    };
    let refused = matches!(
        end,
        outcome::REJECTED | outcome::SHED | outcome::PARSE_ERROR
    );
    let removed = match registry.removal {
        Removal::Every => true,
        Removal::Answer => end != outcome::HUNG_UP,
        Removal::Success => matches!(end, outcome::OK | outcome::DEGRADED),
        Removal::Refusal => refused,
    };
    if removed {
        // One that came before there was a registry has no entry.
        let entries = process.registered.get();
        process.registered.set(entries.saturating_sub(1));
    }
}
