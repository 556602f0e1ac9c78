//! An incident: trace, service, timeline of faults, changes and drifts, the fix, gates, and what a correct lab must
//! find. The runner turns it into a [`Run`]: the recording, which diagnosis may see, and the truth, which it may not.

mod abort;
mod action;
mod again;
pub mod contract;
mod file;
mod game_day;
mod guard;
mod judge;
mod phases;
mod plan;
mod recovery;
mod reference;
mod run;
mod scalars;
mod schema;
mod sums;
mod timeline;
mod trial;
mod truth;
mod withdraw;

pub use abort::Aborted;
pub use action::{Action, ActionOptions, Control, Gap};
pub use file::{Expect, Incident, Overlay, Registries, SCHEMA, setting};
pub use game_day::{GameDay, GameDayOptions, MOST_DRAWS, Vary};
pub use guard::{Guard, GuardOptions, Then, Undo};
pub use judge::{Shortfall, judge, judge_against, meets};
pub use reference::reference;
pub use run::{Run, RunOptions, context, run, stretches};
pub use schema::schema;
pub use timeline::{EntryOptions, WarmOptions};
pub use trial::{Proof, Standard, Tried, answered, trial, tried};
pub use truth::{Entry, EntryKind, Phase, PhaseName, Truth};
pub use withdraw::Withdrawn;
