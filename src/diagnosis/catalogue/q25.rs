//! Q25: work goes on after the client has left.

use super::Known;

pub(super) const CAUSES: &[Known] = &[];
