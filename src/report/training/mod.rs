//! An incident as a riddle: what a trainee is shown of a run ([`Shown`]), and what is said when it is revealed ([`render`]).

mod reveal;
mod shown;

pub use reveal::{Reveal, render};
pub use shown::Shown;

/// The file of a report that holds what the run was, sealed.
pub const SEAL: &str = "sealed";
