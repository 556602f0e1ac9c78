//! `gameday compare`: what got worse between two recordings, or two incidents, or two stretches of one.

use super::{
    Done, find,
    output::{Stdout, print},
};
use crate::{
    compare::{self, Options, Tolerance},
    config::{Refusal, parse_nanos},
    incident::{self, Incident, Overlay, Registries, RunOptions},
    recording::{Keep, Recording, files, requests},
    report::compare::{Compared, Outcome, json, text},
    trace::Overrides,
};
use clap::{Args, ValueEnum};
use std::{path::Path, process::ExitCode};

#[derive(Args)]
pub struct CompareArgs {
    /// The older one: the folder of a recording; or an incident, also as NAME:VARIANT, NAME:healthy, NAME:no-fix.
    pub a: String,
    /// The newer one, in the same way.
    pub b: String,
    /// Set one value of both incident files: a dotted path, such as service.cache.ttl=1m.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// The same in A alone.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set_a: Vec<String>,
    /// The same in B alone.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set_b: Vec<String>,
    /// Seed of both replays: the same requests and the same dice.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Only what arrived from this time of A on, such as 10m.
    #[arg(long, value_name = "TIME")]
    pub a_from: Option<String>,
    /// Only what arrived before this time of A.
    #[arg(long, value_name = "TIME")]
    pub a_to: Option<String>,
    /// Only what arrived from this time of B on.
    #[arg(long, value_name = "TIME")]
    pub b_from: Option<String>,
    /// Only what arrived before this time of B.
    #[arg(long, value_name = "TIME")]
    pub b_to: Option<String>,
    /// The smallest change that matters: a part, and for durations a time on top.
    #[arg(long, value_name = "PART[,TIME]", default_value = "5%,1ms")]
    pub tolerance: String,
    /// Compare by statistics even where the requests are the same.
    #[arg(long)]
    pub unpaired: bool,
    /// How many of the requests that changed most are told.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
    /// Exit with 1 when anything is worse.
    #[arg(long)]
    pub gate: bool,
    /// What is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub print: Print,
}

/// What is printed on standard output.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum Print {
    /// For people.
    Text,
    /// One object; docs/compare.md describes it.
    Json,
}

/// Exit code 0 when it was compared; with --gate 1 when anything is worse.
pub fn run(args: &CompareArgs, out: &mut Stdout) -> Done {
    let options = Options {
        tolerance: tolerance(&args.tolerance)?,
        ..Options::default()
    };
    let cuts = [(&args.a_from, &args.a_to), (&args.b_from, &args.b_to)];
    let [a_cut, b_cut] = cuts;
    let (a_cut, b_cut) = (stretch("a", a_cut)?, stretch("b", b_cut)?);
    let replayed = [&args.a, &args.b].iter().any(|name| !is_recording(name));
    if args.seed.is_some() && !replayed {
        return Err(
            Refusal::new("--seed is for replays, and both are recordings").help("leave --seed out"),
        );
    }
    let base = source("--set-a", &args.a, &args.set_a, args)?;
    let new = source("--set-b", &args.b, &args.set_b, args)?;
    let base = cut(base, a_cut, &args.a)?;
    let new = cut(new, b_cut, &args.b)?;
    let pairs = if args.unpaired {
        Err("asked for".to_string())
    } else {
        compare::paired(&base, &new, &options, args.most)
    };
    let unpaired;
    let names = [called(&args.a, a_cut), called(&args.b, b_cut)];
    let outcome = match &pairs {
        Ok(paired) => Outcome::Paired(paired),
        Err(why) => {
            unpaired = compare::unpaired(&base, &new, &options);
            Outcome::Unpaired(&unpaired, Some(why.as_str()))
        }
    };
    let compared = Compared {
        base: &names[0],
        new: &names[1],
        outcome,
    };
    let text = match args.print {
        Print::Text => text::render(&compared, out.styled),
        Print::Json => json::render(&compared)
            .map_err(|e| Refusal::new(format!("the comparison is no JSON: {e}")))?,
    };
    print(out, &text)?;
    let worse = args.gate && compared.comparison().is_worse();
    Ok(ExitCode::from(u8::from(worse)))
}

fn is_recording(name: &str) -> bool {
    Path::new(name).is_dir()
}

/// A recording: read from its folder, or replayed.
fn source(
    flag: &str,
    name: &str,
    set: &[String],
    args: &CompareArgs,
) -> Result<Recording, Refusal> {
    if is_recording(name) {
        if !set.is_empty() {
            return Err(Refusal::new(format!(
                "{flag} is for an incident, and {name} is a recording"
            ))
            .help("name the incident in its place, or leave the setting out"));
        }
        return files::load(Path::new(name));
    }
    let registries = Registries::builtin();
    let (file, what) = match name.rsplit_once(':') {
        Some((file, what)) if !Path::new(name).is_file() => (file, Some(what)),
        _ => (name, None),
    };
    let (path, text) = find::incident(file)?;
    let named = |word: &str| what == Some(word);
    let (healthy, no_fix) = (named("healthy"), named("no-fix"));
    let overlay = Overlay {
        variant: what.filter(|_| !healthy && !no_fix).map(str::to_string),
        set: [&args.set[..], set].concat(),
        seed: args.seed,
        healthy,
        no_fix,
        fix_steps: None,
    };
    let incident = Incident::read(&path, &text, &overlay, &Overrides::default(), &registries)?;
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    Ok(incident::run(&incident, &registries, &options)?.recording)
}

/// From and to, ns.
type Cut = Option<(u64, u64)>;

fn stretch(which: &str, cut: (&Option<String>, &Option<String>)) -> Result<Cut, Refusal> {
    let time = |end: &str, text: &Option<String>| -> Result<Option<u64>, Refusal> {
        let Some(text) = text else { return Ok(None) };
        let parsed = parse_nanos(text);
        parsed.map(Some).ok_or_else(|| {
            Refusal::new(format!("--{which}-{end}: \"{text}\" is no time"))
                .help("a time from the start of the recording is right, such as 10m or 1h30m")
        })
    };
    let (from, to) = (time("from", cut.0)?, time("to", cut.1)?);
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let (from, to) = (from.unwrap_or(0), to.unwrap_or(u64::MAX));
    if from >= to {
        return Err(
            Refusal::new(format!("--{which}-from is not before --{which}-to"))
                .help("a stretch begins before it ends"),
        );
    }
    Ok(Some((from, to)))
}

fn cut(recording: Recording, cut: Cut, name: &str) -> Result<Recording, Refusal> {
    let last = recording.requests.len().checked_sub(1);
    let last = last.map(|i| recording.requests.value(requests::arrived, i));
    let recording = match cut {
        Some((from, to)) => compare::stretch(&recording, from, to),
        None => recording,
    };
    if recording.requests.is_empty() {
        let refusal = Refusal::new(format!("{name}: no request to compare"));
        return Err(match last {
            Some(last) => refusal.help(format!(
                "the stretch is empty; the last request arrived at {}",
                crate::config::show_nanos(last)
            )),
            None => refusal.help("a recording with requests is right"),
        });
    }
    Ok(recording)
}

fn called(name: &str, cut: Cut) -> String {
    let show = crate::config::show_nanos;
    match cut {
        None => name.into(),
        Some((from, u64::MAX)) => format!("{name} from {}", show(from)),
        Some((from, to)) => format!("{name} from {} to {}", show(from), show(to)),
    }
}

/// `5%`, `5%,1ms`.
fn tolerance(text: &str) -> Result<Tolerance, Refusal> {
    let wrong = || {
        Refusal::new(format!("--tolerance: \"{text}\" is no tolerance")).help(
            "a part above 0 % and up to 100 % is right, and a time if there is one: 5%, or 5%,1ms",
        )
    };
    let mut tolerance = Tolerance::default();
    for (i, part) in text.split(',').map(str::trim).enumerate() {
        match (i, part.strip_suffix('%')) {
            (0, Some(number)) => {
                let percent: f64 = number.trim().parse().map_err(|_| wrong())?;
                if !(percent > 0.0 && percent <= 100.0) {
                    return Err(wrong());
                }
                tolerance.relative = percent / 100.0;
            }
            (1, None) => tolerance.absolute = parse_nanos(part).ok_or_else(wrong)? as f64,
            _ => return Err(wrong()),
        }
    }
    Ok(tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_a_part_and_perhaps_a_time() {
        let read = |text| tolerance(text).map(|t| (t.relative, t.absolute)).ok();
        assert_eq!(read("5%,1ms"), Some((0.05, 1e6)));
        assert_eq!(read("2.5%"), Some((0.025, 1e6)));
        assert_eq!(read("10%, 0"), Some((0.1, 0.0)));
        for wrong in [
            "", "5", "0%", "-1%", "NaN%", "101%", "1ms", "5%,1ms,2", "5%,5%",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_stretch_begins_before_it_ends() {
        let read = |from: &str, to: &str| {
            let text = |t: &str| (!t.is_empty()).then(|| t.to_string());
            stretch("a", (&text(from), &text(to))).map_err(|r| r.message().to_string())
        };
        assert_eq!(read("", ""), Ok(None));
        assert_eq!(read("1s", ""), Ok(Some((1_000_000_000, u64::MAX))));
        assert!(read("2s", "1s").is_err_and(|m| m.contains("--a-from is not before")));
        assert!(read("soon", "").is_err_and(|m| m.contains("\"soon\" is no time")));
    }
}
