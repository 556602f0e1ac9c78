//! Parsing: can the payload be read?

use crate::{
    components::parser::ParseError,
    config::Choice,
    recording::{RequestRow, outcome, parsed},
    service::{journey::Visit, world::World},
};

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
    let payload = &v.request.payload;
    let memo = 0x7061_7273_6500 | (v.version_index as u64) << 48;
    let answer = payload
        .memo
        .get_or(memo, || match parser.parse(&payload.raw, &payload.fields) {
            Ok(reading) => match reading.repaired {
                None => 0,
                Some(read) => {
                    let wrong = payload
                        .meant
                        .as_ref()
                        .is_some_and(|meant| !same(meant, &read));
                    u64::from(parsed::REPAIRED) | u64::from(wrong) << 40
                }
            },
            Err((why, path)) => {
                let category = ParseError::WORDS
                    .iter()
                    .position(|(_, e)| *e == why)
                    .unwrap_or(0) as u64
                    + 1;
                category | u64::from(w.parse_paths.borrow_mut().number(&path)) << 8
            }
        });
    if answer == 0 {
        return Ok(());
    }
    row.parse_error = answer as u8;
    row.parse_path = (answer >> 8) as u32;
    if row.parse_error == parsed::REPAIRED {
        let wrong = answer >> 40;
        w.wrong_answers.set(w.wrong_answers.get() + wrong);
        return Ok(());
    }
    Err(outcome::PARSE_ERROR)
}

/// Whether two lists of fields say the same, in whatever order.
fn same(a: &[(String, serde_json::Value)], b: &[(String, serde_json::Value)]) -> bool {
    a.len() == b.len() && a.iter().all(|field| b.contains(field))
}
