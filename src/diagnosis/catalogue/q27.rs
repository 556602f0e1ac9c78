//! Q27: a class starves. The diagnosis names all of its causes.

use super::Known;

pub(super) const CAUSES: &[Known] = &[];
