//! Parsing: can the payload be read?

use crate::{
    components::parser::{How, ParseError, Parser, Reading, Refused, shape},
    config::Names,
    recording::{RequestRow, outcome, parsed, served_by},
    service::{answers, deaths, journey::Visit, spec::OnUnread, world::World},
    trace::Payload,
};
use std::rc::Rc;

/// What became of a payload, packed into the number that is memoised: 8 bits of category, 32 of the field, flags, counts.
pub(in crate::service) mod answer {
    pub const PATH: u32 = 8;
    /// The reading differs from what its client meant.
    pub const WRONG: u64 = 1 << 40;
    /// It was found fault with, and is answered all the same.
    pub const ANSWERED: u64 = 1 << 41;
    /// Two bits: where the bytes stop being readable.
    pub const PLACE: u32 = 42;
    pub const UNKNOWN: u32 = 48;
    pub const MISSING: u32 = 56;
}

/// The number under which a payload's shape is memoised.
const SHAPE: u64 = 0x7368_6170_6500;

/// The number under which a version's parser memoises.
fn memo(v: &Visit<'_>) -> u64 {
    0x7061_7273_6500 | (v.version_index as u64) << 48
}

/// Reads the payload. The answer is worked out once per payload and version.
pub(in crate::service) async fn read(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
) -> Result<(), u8> {
    let Some(spec) = &v.version.spec.parse else {
        return Ok(());
    };
    if spec.time > 0 {
        w.sim.sleep(spec.time).await;
        row.compute += spec.time;
    }
    let Some(parser) = &w.parsers[v.version_index] else {
        return Ok(());
    };
    let memo = memo(v);
    let payload = &v.request.payload;
    let answer = payload
        .memo
        .get_or(memo, || work_out(w, &**parser, payload, memo));
    if spec.shapes {
        row.shape = payload
            .memo
            .get_or(SHAPE, || shape::digest(&payload.raw, &payload.fields));
    }
    if answer == 0 {
        return Ok(());
    }
    let (unknown, missing) = (answer >> answer::UNKNOWN, answer >> answer::MISSING);
    row.parse_error = answer as u8;
    // A payload that is refused counts as the one field that it is refused for; all that it has are in its row.
    let counted = match parsed::is_fault(row.parse_error) {
        true => u8::from(row.parse_error == parsed::UNKNOWN_FIELD),
        false => unknown as u8,
    };
    w.fields.note(v.request.client, counted, missing as u8);
    row.parse_path = (answer >> answer::PATH) as u32;
    if spec.shapes {
        row.unknown_fields = unknown as u8;
    }
    if spec.shapes && parsed::is_fault(row.parse_error) {
        row.parse_at = (answer >> answer::PLACE & 3) as u8;
    }
    let again = match row.parse_error {
        // The repair, and the second reading.
        parsed::REPAIRED => 2 * spec.time,
        parsed::FALLBACK => spec.time,
        _ => 0,
    };
    if again > 0 {
        w.sim.sleep(again).await;
        row.compute += again;
    }
    if parsed::is_fault(row.parse_error) && answer & answer::ANSWERED == 0 {
        return Err(match spec.on_failure {
            OnUnread::Refuse => outcome::PARSE_ERROR,
            OnUnread::Default => {
                row.served_by = served_by::FALLBACK;
                outcome::DEGRADED
            }
            OnUnread::Crash => {
                let start = v.version.spec.start.as_ref();
                let delay = start.map_or(deaths::DELAY, |s| s.options.delay.0);
                deaths::die(w, v, delay).await
            }
        });
    }
    if answer & answer::WRONG != 0 {
        answers::misread(w, v);
    }
    Ok(())
}

/// What this version's parser read in place of the payload, where that is something else.
#[inline]
pub(in crate::service) fn in_its_place(v: &Visit<'_>) -> Option<Rc<Payload>> {
    v.request.payload.read_by(memo(v))
}

/// What a parser says of a payload, packed as [`answer`] has it; what it read in its place is kept under `memo`.
pub(in crate::service) fn work_out(
    w: &World<'_>,
    parser: &dyn Parser,
    payload: &Payload,
    memo: u64,
) -> u64 {
    let path = |field: &str| {
        let number = path_number(&mut w.parse_paths.borrow_mut(), shape::name(field));
        u64::from(number) << answer::PATH & (answer::WRONG - 1)
    };
    let fault = |(why, field): &Refused| {
        let unknown = u64::from(parser.unknown(&payload.fields).min(255));
        let missing = u64::from(*why == ParseError::MissingField);
        let counts = unknown << answer::UNKNOWN | missing << answer::MISSING;
        let place = shape::place(&payload.raw, &payload.fields) as u64;
        word_of(*why) | path(field) | counts | place << answer::PLACE
    };
    let reading = match parser.parse(&payload.raw, &payload.fields) {
        Ok(reading) => reading,
        Err(refused) => return fault(&refused),
    };
    let wrong = u64::from(is_wrong(payload, &reading)) * answer::WRONG;
    let few = |n: u16| u64::from(n.min(255));
    let word = match reading.how {
        _ if reading.fault.is_some() => 0,
        How::AsSent => 0,
        How::Adapted => parsed::ADAPTED,
        How::Repaired => parsed::REPAIRED,
        How::Fallback => parsed::FALLBACK,
    };
    let answer = match &reading.fault {
        Some(refused) => fault(refused) | answer::ANSWERED,
        None => {
            u64::from(word)
                | path(&reading.about)
                | few(reading.unknown) << answer::UNKNOWN
                | few(reading.missing) << answer::MISSING
        }
    };
    if let Some(fields) = reading.fields {
        payload.keep_reading(memo, fields);
    }
    answer | wrong
}

/// The number of an error's word.
fn word_of(why: ParseError) -> u64 {
    let name = why.word();
    let known = parsed::WORDS.iter().position(|word| *word == name);
    known.unwrap_or_default() as u64
}

/// The names of fields that a recording tells apart, and the characters of a name that it keeps.
const PATHS: usize = 1000;
const PATH_CHARS: usize = 64;

/// The number of a field's name. Clients make names up: after the first [`PATHS`] they are told as one.
fn path_number(names: &mut Names, field: &str) -> u32 {
    let end = field.char_indices().nth(PATH_CHARS);
    let field = &field[..end.map_or(field.len(), |(i, _)| i)];
    match names.find(field) {
        Some(known) => known,
        None if names.len() < PATHS => names.number(field),
        None => names.number("(others)"),
    }
}

/// Whether what was read is other than what the client meant, where that is known, or is nothing.
fn is_wrong(payload: &Payload, reading: &Reading) -> bool {
    let read = reading.fields.as_deref().unwrap_or(&payload.fields);
    let said = |(name, meant): &(String, serde_json::Value)| {
        let found = read.iter().find(|(n, _)| n == name);
        found.is_some_and(|(_, value)| value == meant || spelt(value) == spelt(meant))
    };
    match payload.meant() {
        Some(meant) => !meant.iter().all(said),
        None => reading.fault.is_some(),
    }
}

/// A value as people write it: 0.7 and "0.7" are the same.
fn spelt(value: &serde_json::Value) -> String {
    match value.as_str() {
        Some(text) => text.into(),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_clients_make_up_are_few_and_short_in_a_recording() {
        let mut names = Names::default();
        let first = path_number(&mut names, "first");
        for i in 0..100_000 {
            path_number(&mut names, &format!("made up {i}"));
        }
        assert!(names.len() <= PATHS + 1, "{}", names.len());
        assert_eq!(path_number(&mut names, "first"), first);
        let others = path_number(&mut names, "one more");
        assert_eq!(names.name(others), "(others)");
        let mut names = Names::default();
        let long = path_number(&mut names, &"é".repeat(1_000_000));
        assert_eq!(names.name(long).chars().count(), PATH_CHARS);
    }
}
