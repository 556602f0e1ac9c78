//! One case: drawn, replayed with its cause and without, measured, and put to every diagnoser.

use super::{
    diagnosers::{Answer, Diagnoser},
    draft::Draft,
    effect::{self, Effects},
    families::{self, Kind},
    score::{Score, Truth, score},
    second, sound, world,
};
use crate::{
    config::Refusal,
    diagnosis,
    incident::{self, Incident, Overlay, Registries, RunOptions},
    recording::{Keep, Recording},
};
use std::path::Path;

/// Draws of one case after which it is given up: nothing of it was ever felt.
pub const DRAWS: u64 = 24;
/// Of five runs one is healthy.
const HEALTHY: u64 = 5;
/// Share of the incidents in which two things go wrong.
const TWO: f64 = 0.08;
/// ns in a second.
const SECOND: f64 = 1e9;

/// What is drawn, and what of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of all draws.
    pub seed: u64,
    /// Only these causes or families; all when empty.
    pub only: Vec<String>,
    /// Captured traffic: instead of a generator, in half of the draws.
    pub traces: Vec<world::Captured>,
    /// Whether all runs are healthy, and not every fifth alone.
    pub healthy: bool,
}

/// One case, done.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its number: `--only` draws it again.
    pub number: u64,
    /// The family; `healthy` for a healthy run.
    pub family: &'static str,
    /// The true cause; nothing for a healthy run.
    pub cause: &'static str,
    /// The second one, if there is one.
    pub second: Option<&'static str>,
    /// Generator of the traffic, or the trace.
    pub traffic: String,
    /// Shape of the service.
    pub shape: &'static str,
    /// Requests of the run.
    pub requests: u64,
    /// What users felt most, and how much, in units of what is noticeable.
    pub effect: (&'static str, f64),
    /// Whether that is enough for the table.
    pub noticeable: bool,
    /// Draws before this one that nobody would have noticed.
    pub redrawn: u64,
    /// What is true.
    pub truth: Truth,
    /// What each diagnoser said, and what it is worth.
    pub said: Vec<(Answer, Score)>,
    /// Where our diagnosis was asked again with the true cause struck from the catalogue: what it then named.
    pub without: Option<String>,
    /// How loud each quantity was, of healthy runs alone.
    pub loud: Vec<diagnosis::Loud>,
    /// Whether the evidence that our first cause cites is there, and not in the run without the cause.
    pub cited: Option<bool>,
}

/// The kinds that are wanted.
pub fn kinds(only: &[String]) -> Result<Vec<(&'static str, Vec<&'static Kind>)>, Refusal> {
    for name in only {
        if !families::all().any(|(family, kind)| family == name || kind.cause == name) {
            let families: Vec<&str> = families::FAMILIES.iter().map(|f| f.0).collect();
            return Err(
                Refusal::new(format!("no incident of {name:?} is drawn here")).help(format!(
                    "a family ({}) or a cause of `gameday list causes`",
                    families.join(", ")
                )),
            );
        }
    }
    let wanted = |family: &str, kind: &Kind| {
        only.is_empty() || only.iter().any(|name| name == family || name == kind.cause)
    };
    let all = families::FAMILIES.iter().map(|(family, kinds)| {
        (
            *family,
            kinds
                .iter()
                .filter(|kind| wanted(family, kind))
                .collect::<Vec<_>>(),
        )
    });
    Ok(all.filter(|(_, kinds)| !kinds.is_empty()).collect())
}

/// Whether the run of this number is without a cause.
fn is_healthy(options: &Options, number: u64) -> bool {
    options.healthy || number % HEALTHY == HEALTHY - 1
}

/// What a case came to: the case, and draws that were felt too little for the table but enough for the curve.
pub struct Done {
    /// The case; `None`: all draws came to nothing.
    pub case: Option<Case>,
    /// The faint ones.
    pub faint: Vec<Case>,
}

/// Draws and runs the case of this number.
///
/// # Errors
/// A trace that cannot be read, a diagnoser that fails, or a drawn file that is refused.
pub fn case(options: &Options, diagnosers: &[Diagnoser], number: u64) -> Result<Done, Refusal> {
    let mut done = Done {
        case: None,
        faint: vec![],
    };
    if is_healthy(options, number) {
        done.case = healthy(options, diagnosers, number)?;
        return Ok(done);
    }
    let families = kinds(&options.only)?;
    let named =
        |refusal: Refusal| refusal.help(format!("drawn as case {number} of seed {}", options.seed));
    for redrawn in 0..DRAWS {
        let drawn = draw(options, &families, number * DRAWS + redrawn);
        let (broken, well) = (
            run(&drawn.draft.broken()).map_err(named)?,
            run(&drawn.draft.healthy()).map_err(named)?,
        );
        if !sound::sound(&well) {
            continue;
        }
        let from = (drawn.draft.from * SECOND) as u64;
        let to = drawn.draft.to.map_or(u64::MAX, |to| (to * SECOND) as u64);
        let effects = effect::measure(&broken, &well, from, to);
        let noticeable = effects.magnitude() >= 1.0;
        if !noticeable && (redrawn > 2 || effects.magnitude() < 0.1) {
            continue;
        }
        let case = asked(
            diagnosers, number, redrawn, &drawn, &broken, &well, &effects,
        )?;
        if noticeable {
            done.case = Some(case);
            return Ok(done);
        }
        done.faint.push(case);
    }
    Ok(done)
}

struct Drawn {
    family: &'static str,
    kind: &'static Kind,
    second: Option<&'static str>,
    draft: Draft,
}

fn draw(options: &Options, families: &[(&'static str, Vec<&'static Kind>)], entity: u64) -> Drawn {
    let mut draft = Draft::new(options.seed, entity);
    let at = draft.count(0, families.len() as u64 - 1) as usize;
    let (family, kinds) = &families[at];
    let kind = kinds[draft.count(0, kinds.len() as u64 - 1) as usize];
    let seed = draft.count(1, 1 << 40);
    world::draw(&mut draft, &kind.need, &options.traces);
    draft.merge(&format!("seed = {seed}"));
    (kind.draw)(&mut draft);
    let two = draft.chance(TWO);
    let second = if two {
        second::draw(&mut draft, kind)
    } else {
        None
    };
    Drawn {
        family,
        kind,
        second,
        draft,
    }
}

fn asked(
    diagnosers: &[Diagnoser],
    number: u64,
    redrawn: u64,
    drawn: &Drawn,
    broken: &Recording,
    well: &Recording,
    effects: &Effects,
) -> Result<Case, Refusal> {
    let (draft, kind) = (&drawn.draft, drawn.kind);
    let names = |cause: &str, same: &[&str]| -> Vec<String> {
        std::iter::once(&cause)
            .chain(same)
            .map(|name| (*name).to_string())
            .collect()
    };
    let mut causes = vec![names(kind.cause, kind.same)];
    causes.extend(drawn.second.map(|cause| names(cause, &[])));
    let from = (draft.from * SECOND) as u64;
    // A ramp begins before it is felt: until half way up. A leak is felt when somebody first waits.
    let climbed = from + (draft.ramp / 2.0 * SECOND) as u64;
    let truth = Truth {
        causes,
        onset: (from, climbed.max(effects.first.unwrap_or(from))),
        within: within(draft.rate),
    };
    let mut said = vec![];
    let (mut without, mut cited) = (None, None);
    for diagnoser in diagnosers {
        let answer = match diagnoser {
            Diagnoser::Ours => {
                let diagnosis = diagnosis::diagnose(broken);
                let right: Vec<&str> = truth.causes.iter().flatten().map(String::as_str).collect();
                without = diagnosis
                    .onset
                    .is_some()
                    .then(|| diagnosis::first_without(&diagnosis, &right));
                cited = diagnosis::stands_in(&diagnosis, well).map(|stands| !stands);
                super::diagnosers::ours(&diagnosis)
            }
            other => other.ask(broken)?,
        };
        let worth = score(&truth, &answer);
        said.push((answer, worth));
    }
    Ok(Case {
        number,
        family: drawn.family,
        cause: kind.cause,
        second: drawn.second,
        traffic: draft.traffic.clone(),
        shape: draft.shape,
        requests: broken.requests.len() as u64,
        effect: effects.largest().map_or(("", 0.0), |e| (e.what, e.size)),
        noticeable: effects.magnitude() >= 1.0,
        redrawn,
        truth,
        said,
        without,
        loud: vec![],
        cited,
    })
}

/// A healthy run: of any family's service. `None`: traffic alone hurts users in all draws.
fn healthy(
    options: &Options,
    diagnosers: &[Diagnoser],
    number: u64,
) -> Result<Option<Case>, Refusal> {
    let families = kinds(&options.only)?;
    let mut found = None;
    for redrawn in 0..DRAWS {
        let drawn = draw(options, &families, number * DRAWS + redrawn);
        let recording = run(&drawn.draft.healthy())?;
        if sound::sound(&recording) {
            found = Some((redrawn, drawn, recording));
            break;
        }
    }
    let Some((redrawn, drawn, recording)) = found else {
        return Ok(None);
    };
    let truth = Truth {
        causes: vec![],
        onset: (0, 0),
        within: 0,
    };
    let mut said = vec![];
    for diagnoser in diagnosers {
        let answer = diagnoser.ask(&recording)?;
        let worth = Score {
            seen: answer.seen,
            ..Score::default()
        };
        said.push((answer, worth));
    }
    Ok(Some(Case {
        number,
        family: "healthy",
        cause: "",
        second: None,
        traffic: drawn.draft.traffic.clone(),
        shape: drawn.draft.shape,
        requests: recording.requests.len() as u64,
        effect: ("", 0.0),
        noticeable: false,
        redrawn,
        truth,
        said,
        without: None,
        loud: match options.healthy {
            true => diagnosis::loudest(&recording),
            false => vec![],
        },
        cited: None,
    }))
}

/// One case to look at.
pub struct Seen {
    /// The file that was replayed.
    pub file: String,
    /// What our diagnosis says of it, in full.
    pub diagnosis: diagnosis::Diagnosis,
    /// What users felt.
    pub effects: Effects,
    /// How loud each quantity was: see [`diagnosis::loudest`].
    pub loudest: Vec<diagnosis::Loud>,
}

/// A case in full: for people who want to see it.
///
/// # Errors
/// As [`case`].
pub fn seen(options: &Options, number: u64, redrawn: u64) -> Result<Seen, Refusal> {
    let drawn = draw(options, &kinds(&options.only)?, number * DRAWS + redrawn);
    let healthy = is_healthy(options, number);
    let (sound, file) = (drawn.draft.healthy(), drawn.draft.broken());
    let file = if healthy { sound.clone() } else { file };
    let (broken, well) = (run(&file)?, run(&sound)?);
    let from = (drawn.draft.from * SECOND) as u64;
    let to = drawn.draft.to.map_or(u64::MAX, |to| (to * SECOND) as u64);
    Ok(Seen {
        effects: effect::measure(&broken, &well, from, to),
        diagnosis: diagnosis::diagnose(&broken),
        loudest: diagnosis::loudest(&broken),
        file,
    })
}

/// Two windows of 50 requests, at least 5 s (DIAGNOSIS.md 5.2), ns.
fn within(rate: f64) -> u64 {
    let width = [5.0, 10.0, 15.0, 30.0]
        .into_iter()
        .find(|w| rate * w >= 50.0)
        .unwrap_or(60.0);
    (2.0 * width * SECOND) as u64
}

/// Replays a drawn file.
fn run(text: &str) -> Result<Recording, Refusal> {
    let registries = Registries::builtin();
    let read = Incident::read(
        Path::new("drawn.toml"),
        text,
        &Overlay::default(),
        &Default::default(),
        &registries,
    )?;
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    Ok(incident::run(&read, &registries, &options)?.recording)
}
