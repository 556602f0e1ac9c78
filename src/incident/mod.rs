//! An incident: trace, service, timeline of faults, changes and drifts, the fix, gates, and what a correct lab must
//! find. The runner turns it into a [`Run`]: the recording, which diagnosis may see, and the truth, which it may not.

mod truth;

pub use truth::{Entry, EntryKind, Phase, PhaseName, Truth};
