//! Q26: duplicate writes.

use super::Known;

pub(super) const CAUSES: &[Known] = &[];
