//! What parsers noted of clients' payloads: fields that are unknown, and fields that are missing.

use crate::{components::parser::Parser, trace::Tags};
use std::cell::RefCell;

/// Clients whose fields are counted one by one.
const NOTED: usize = 64;

/// Unknown and missing fields so far, by number of the client.
#[derive(Default)]
pub(super) struct FieldNotes(RefCell<Vec<[u64; 2]>>);

impl FieldNotes {
    /// Counts fields that a version of clients sent although they are unknown, or did not send. Bounded: clients after
    /// the first [`NOTED`] are counted together, under the empty name.
    pub fn note(&self, client: u32, unknown: u8, missing: u8) {
        if unknown == 0 && missing == 0 {
            return;
        }
        let noted = &mut *self.0.borrow_mut();
        let place = match client as usize {
            client if client < NOTED => client,
            _ => 0,
        };
        if noted.len() <= place {
            noted.resize(place + 1, [0; 2]);
        }
        noted[place][0] += u64::from(unknown);
        noted[place][1] += u64::from(missing);
    }

    /// Counters of unknown and missing fields by version of clients, where a parser knows them.
    pub fn gauges(
        &self,
        parsers: &[Option<Box<dyn Parser>>],
        tags: &Tags,
        put: &mut dyn FnMut(&str, f64),
    ) {
        if !parsers.iter().flatten().any(|p| p.counts_fields()) {
            return;
        }
        for (client, counts) in self.0.borrow().iter().enumerate() {
            if *counts == [0, 0] && client == 0 {
                continue;
            }
            let name = match client {
                0 => "",
                _ => tags.client.name(client as u32),
            };
            for (gauge, count) in ["parse.unknown_fields", "parse.missing_fields"]
                .iter()
                .zip(counts)
            {
                let dot = if name.is_empty() { "" } else { "." };
                put(&format!("{gauge}{dot}{name}"), *count as f64);
            }
        }
    }
}
