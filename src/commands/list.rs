//! `gameday list`: what can be named in files and on the command line.

use super::{
    Done, find,
    output::{Stdout, print},
};
use crate::{
    components::{
        dag::FanOut,
        flight::FlightOptions,
        keys::KeyOptions,
        limiter::store::{Fallback, StoreOptions, StoredOptions},
    },
    config::{Field, Kind, Options},
    diagnosis,
    gates::{NAMED, SCALARS},
    incident::{Incident, Overlay, Registries},
    indicators,
    service::LevelsOptions,
};
use clap::{Args, ValueEnum};
use std::{fmt::Write, path::Path, process::ExitCode};

#[derive(Args)]
pub struct ListArgs {
    /// What to list.
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Incidents that ship, with their variants.
    Incidents,
    /// Causes that a diagnosis can name.
    Causes,
    /// Indicators that gates can hold, with their units.
    Indicators,
    /// Components that a service can be made of.
    Components,
    /// Faults that can be injected.
    Faults,
}

pub fn run(args: &ListArgs, out: &mut Stdout) -> Done {
    let registries = Registries::builtin();
    let mut text = String::new();
    match args.what {
        What::Incidents => {
            for (name, toml) in find::SHIPPED {
                let path = Path::new("incidents").join(format!("{name}.toml"));
                let incident = Incident::read(
                    &path,
                    toml,
                    &Overlay::default(),
                    &Default::default(),
                    &registries,
                )?;
                let _ = writeln!(text, "{name}  {}", incident.title);
                for (variant, title) in &incident.variants {
                    let _ = writeln!(text, "  --variant {variant:24} {title}");
                }
            }
        }
        What::Causes => {
            for (cause, named) in diagnosis::catalogue::all() {
                let not = if named {
                    ""
                } else {
                    "  (the diagnosis does not name it yet)"
                };
                let _ = writeln!(
                    text,
                    "{}{not}\n    what it is    {}",
                    cause.id, cause.summary
                );
                let look_alikes = cause.look_alikes.join(", ");
                for (label, words) in [
                    ("looks like    ", cause.signature),
                    ("look-alikes   ", &look_alikes),
                    ("remedy        ", cause.remedy),
                ] {
                    if !words.is_empty() {
                        let _ = writeln!(text, "    {label}{words}");
                    }
                }
            }
        }
        What::Indicators => {
            for indicator in indicators::catalogue() {
                let unit = indicator.unit.to_string();
                let _ = writeln!(text, "{:26} {unit:11} {}", indicator.name, indicator.doc);
            }
            let _ = writeln!(text, "\nOne value a run, for gates alone:");
            for scalar in SCALARS {
                let unit = scalar.unit.to_string();
                let _ = writeln!(text, "{:26} {unit:11} {}", scalar.name, scalar.doc);
            }
            let _ = writeln!(text, "\nConditions with a name:");
            for named in NAMED {
                let (name, expression) = (named.name, named.expression);
                let _ = writeln!(text, "{name:26} {expression}\n{:26} {}", "", named.doc);
            }
        }
        What::Components => {
            let r = &registries.components;
            kinds(&mut text, "limiter", &r.limiters);
            together(&mut text, "limiter", "levels = [...]", LevelsOptions::DOC);
            fields(&mut text, LevelsOptions::fields());
            together(&mut text, "limiter", "store = \"...\"", StoreOptions::DOC);
            fields(&mut text, StoreOptions::fields());
            together(&mut text, "limiter", "... its levels", StoredOptions::DOC);
            fields(&mut text, StoredOptions::fields());
            together(&mut text, "limiter", "... its fallback", Fallback::DOC);
            fields(&mut text, Fallback::fields());
            kinds(&mut text, "cache", &r.caches);
            kinds(&mut text, "queue", &r.queues);
            kinds(&mut text, "balancer", &r.balancers);
            kinds(&mut text, "autoscaler", &r.autoscalers);
            kinds(&mut text, "parser", &r.parsers);
            kinds(&mut text, "breaker", &r.breakers);
            kinds(&mut text, "trending", &r.trending);
            kinds(&mut text, "window", &r.windows);
            kinds(&mut text, "work", &r.works);
            together(&mut text, "calls", "fan_out", FanOut::DOC);
            fields(&mut text, FanOut::fields());
            kinds(&mut text, "merge", &r.mergers);
            together(&mut text, "key", "fields", KeyOptions::DOC);
            fields(&mut text, KeyOptions::fields());
            together(&mut text, "flight", "single_flight", FlightOptions::DOC);
            fields(&mut text, FlightOptions::fields());
            kinds(&mut text, "engine", &crate::components::engine::kinds());
            let _ = writeln!(text, "\nFlaws: set-ups that break one law of their kind");
            for (what, flaw) in crate::components::flaws() {
                let _ = writeln!(
                    text,
                    "{what:9} {:24} kind = \"{}\", {}\n{:34} breaks {} ({})",
                    flaw.name, flaw.kind, flaw.options, "", flaw.breaks, flaw.source
                );
            }
        }
        What::Faults => kinds(&mut text, "fault", &registries.faults),
    }
    print(out, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn kinds<T>(text: &mut String, what: &str, kinds: &[Kind<T>]) {
    for kind in kinds {
        let _ = writeln!(text, "{what:9} {:18} {}", kind.name, kind.summary);
        fields(text, (kind.fields)());
    }
}

/// What is no kind, but has options.
fn together(text: &mut String, what: &str, name: &str, doc: &str) {
    let _ = writeln!(text, "{what:9} {name:18} {}", doc.trim());
}

fn fields(text: &mut String, fields: Vec<Field>) {
    for field in fields {
        let default = field
            .default
            .map_or("required".to_string(), |d| format!("default {d}"));
        let _ = writeln!(
            text,
            "{:12}{:16} {} ({default})",
            "",
            field.name,
            field.doc.trim()
        );
    }
}
