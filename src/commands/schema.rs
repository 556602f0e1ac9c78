//! `gameday schema`: the JSON Schema of incident files, for editors, and the reference page, for whoever writes one.

use super::{
    Done,
    output::{Stdout, print},
};
use crate::{
    config::Refusal,
    incident::{Registries, reference, schema},
};
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Args)]
pub struct SchemaArgs {
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// The JSON Schema.
    Json,
    /// The reference page: every table and option, in Markdown.
    Markdown,
}

pub fn run(args: &SchemaArgs, out: &mut Stdout) -> Done {
    let registries = Registries::builtin();
    let text = match args.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&schema(&registries))
                .map_err(|e| Refusal::new(format!("the schema cannot be written: {e}")))?;
            format!("{text}\n")
        }
        Format::Markdown => reference(&registries),
    };
    print(out, &text)?;
    Ok(ExitCode::SUCCESS)
}
