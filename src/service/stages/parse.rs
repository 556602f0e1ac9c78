//! Parsing: can the payload be read?

use crate::{
    components::parser::ParseError,
    config::Choice,
    recording::{RequestRow, outcome},
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
            Ok(()) => 0,
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
    Err(outcome::PARSE_ERROR)
}
