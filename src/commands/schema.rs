//! `gameday schema`: the JSON Schema of incident files, for editors and for whoever writes one.

use super::{
    Done,
    output::{Stdout, print},
};
use crate::{
    config::Refusal,
    incident::{Registries, schema},
};
use std::process::ExitCode;

pub fn run(out: &mut Stdout) -> Done {
    let text = serde_json::to_string_pretty(&schema(&Registries::builtin()))
        .map_err(|e| Refusal::new(format!("the schema cannot be written: {e}")))?;
    print(out, &format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}
