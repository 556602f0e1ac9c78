//! Q23: the limiter refuses good traffic. The diagnosis names all of its causes.

use super::Known;

pub(super) const CAUSES: &[Known] = &[];
