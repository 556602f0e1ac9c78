//! `gameday schema`: the JSON Schema of incident files, for editors, and the reference page, for whoever writes one; or the
//! schema of summary.json, for whoever reads one.

use super::{
    Done,
    output::{Stdout, print},
};
use crate::{
    config::Refusal,
    incident::{Registries, reference, schema},
    report::summary_schema,
};
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Args)]
pub struct SchemaArgs {
    /// Of what.
    #[arg(long, value_enum, default_value_t = Of::Incident)]
    of: Of,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    /// Incident files.
    Incident,
    /// summary.json of a report.
    Summary,
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
    let text = match (args.of, args.format) {
        (Of::Incident, Format::Json) => json(&schema(&registries))?,
        (Of::Incident, Format::Markdown) => reference(&registries),
        (Of::Summary, Format::Json) => json(&summary_schema::schema())?,
        (Of::Summary, Format::Markdown) => {
            return Err(Refusal::new("the summary has no page of its own")
                .help("docs/outputs.md says what a report holds; --format json is its schema"));
        }
    };
    print(out, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn json(schema: &serde_json::Value) -> Result<String, Refusal> {
    serde_json::to_string_pretty(schema)
        .map(|text| text + "\n")
        .map_err(|e| Refusal::new(format!("the schema cannot be written: {e}")))
}
