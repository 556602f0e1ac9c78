//! Q21: the tail rises, the median stays: the diagnosis names all of its causes.

use super::Known;

pub(super) const CAUSES: &[Known] = &[];
