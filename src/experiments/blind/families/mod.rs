//! The kinds of incidents that are drawn: one file a question of the catalogue, one entry of its table a cause.

mod q21;
mod q22;
mod q23;
mod q24;
mod q25;
mod q26;
mod q27;
mod q28;
mod q29;
mod q30;

use super::{draft::Draft, world::Need};

/// How incidents of one cause are drawn.
pub struct Kind {
    /// The true cause, by its name in the catalogue.
    pub cause: &'static str,
    /// Other names of the same: what no recording tells from it, by the table of identifiability (docs/diagnosis.md).
    pub same: &'static [&'static str],
    /// What it asks of the service.
    pub need: Need,
    /// Adds what the cause needs to a drawn service, and what happens.
    pub draw: fn(&mut Draft),
}

/// All kinds by family: the name of the family is that of its question.
pub const FAMILIES: &[(&str, &[Kind])] = &[
    ("Q21", q21::KINDS),
    ("Q22", q22::KINDS),
    ("Q24", q24::KINDS),
    ("Q23", q23::KINDS),
    ("Q28", q28::KINDS),
    ("Q27", q27::KINDS),
    ("Q29", q29::KINDS),
    ("Q30", q30::KINDS),
    ("Q25", q25::KINDS),
    ("Q26", q26::KINDS),
];

/// All kinds, with the name of their family.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Kind)> {
    FAMILIES
        .iter()
        .flat_map(|(family, kinds)| kinds.iter().map(move |kind| (*family, kind)))
}

/// Other names under which a cause is found as well, by what no recording tells apart.
pub fn same_as(cause: &str) -> impl Iterator<Item = &'static str> {
    let of = all().filter(move |(_, kind)| kind.cause == cause);
    of.flat_map(|(_, kind)| kind.same.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::{super::world, *};
    use crate::incident::{Incident, Overlay, Registries};
    use std::path::Path;

    /// Each draw of each kind is a file that is read without a complaint, with the cause and without it.
    #[test]
    fn every_kind_draws_files_that_are_right() {
        for (family, kind) in all() {
            for case in 0..8 {
                let mut draft = Draft::new(17, case);
                world::draw(&mut draft, &kind.need, &[]);
                (kind.draw)(&mut draft);
                for text in [draft.broken(), draft.healthy()] {
                    let read = Incident::read(
                        Path::new("drawn.toml"),
                        &text,
                        &Overlay::default(),
                        &Default::default(),
                        &Registries::builtin(),
                    );
                    read.unwrap_or_else(|e| panic!("{family} {}: {e}\n{text}", kind.cause));
                }
            }
        }
    }
}
