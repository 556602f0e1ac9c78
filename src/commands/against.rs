//! What a run is held against besides its incident's gates: further gates, and a baseline.

use super::{find::is_recording, output::note};
use crate::{
    baseline::{self, Baseline, Movement, Of, TOLERANCE, Taken},
    config::Refusal,
    gates::Gate,
    incident::{Incident, Run, stretches},
};
use std::path::{Path, PathBuf};

/// The folder of baselines where no file is named.
const FOLDER: &str = "baselines";

/// What a run is held to besides its incident's gates, read before it begins.
pub struct Against {
    /// Further gates.
    pub gates: Vec<Gate>,
    /// The share by which a quantity may be worse, if one was named.
    pub tolerance: Option<f64>,
    /// Where the baseline stands, or is to stand.
    pub place: Option<PathBuf>,
    /// Whether the baseline is to be written.
    pub update: bool,
}

impl Against {
    /// Where the baseline of a recording of this name stands, which is a recording itself.
    pub fn place_of_recording(&self, name: &str) -> PathBuf {
        match &self.place {
            Some(place) if place.is_dir() && !is_recording(&place.to_string_lossy()) => {
                place.join(name)
            }
            Some(place) => place.clone(),
            None => Path::new(FOLDER).join(name),
        }
    }

    /// Adds its gates to those of an incident; one of the same name takes its place.
    pub fn add_gates(&self, incident: &mut Incident) {
        for gate in &self.gates {
            incident.gates.retain(|g| g.name() != gate.name());
            incident.gates.push(gate.clone());
        }
    }

    /// The file of this incident's baseline.
    fn file(&self, incident: &Incident, variant: Option<&str>, several: bool) -> Option<PathBuf> {
        let name = match variant {
            Some(variant) => format!("{}-{variant}.json", incident.name),
            None => format!("{}.json", incident.name),
        };
        match &self.place {
            Some(place) if several || place.is_dir() => Some(place.join(name)),
            Some(place) => Some(place.clone()),
            None => self.update.then(|| Path::new(FOLDER).join(name)),
        }
    }

    /// The baseline to hold a run against, with where it stands. What is to be written need not be there yet.
    ///
    /// # Errors
    /// A file that cannot be read, or is no baseline.
    pub fn read(
        &self,
        incident: &Incident,
        variant: Option<&str>,
        several: bool,
    ) -> Result<Option<Held>, Refusal> {
        if let Some(place) = &self.place
            && is_recording(&place.to_string_lossy())
        {
            return Err(Refusal::file(
                place.display(),
                "is a recording, and a run is held against the baseline of a run",
            )
            .help(format!(
                "gameday compare {} {}",
                place.display(),
                incident.name
            )));
        }
        let Some(path) = self.file(incident, variant, several) else {
            return Ok(None);
        };
        let held = match path.exists() {
            false if self.update => None,
            false => {
                return Err(
                    Refusal::file(path.display(), "there is no such baseline").help(format!(
                        "write it: gameday gate {} --update-baseline --baseline {}",
                        incident.name,
                        path.display()
                    )),
                );
            }
            true if self.update => baseline::read(&path).ok(),
            true => Some(baseline::read(&path)?),
        };
        Ok(Some(Held {
            path,
            baseline: held,
            tolerance: self.tolerance.unwrap_or(TOLERANCE),
            update: self.update,
        }))
    }
}

/// A baseline, and where it stands.
pub struct Held {
    path: PathBuf,
    baseline: Option<Baseline>,
    tolerance: f64,
    update: bool,
}

impl Held {
    /// Whether it is written anew, and nothing is held against it.
    pub fn update(&self) -> bool {
        self.update
    }

    /// What `reference` stands for.
    pub fn reference(
        &self,
        gates: &[Gate],
        phase: &str,
    ) -> Option<indexmap::IndexMap<String, f64>> {
        Some(self.baseline.as_ref()?.reference(gates, phase))
    }

    /// Holds a run against it, or writes it.
    ///
    /// # Errors
    /// A baseline of other traffic, a file that cannot be written.
    pub fn settle(
        &self,
        incident: &Incident,
        variant: Option<&str>,
        trace: &str,
        run: &Run,
    ) -> Result<Option<Movement>, Refusal> {
        let phases = stretches(&run.truth);
        let now = Baseline::take(Taken {
            of: Of {
                incident: incident.name.clone(),
                variant: variant.map(str::to_string),
                seed: incident.seed,
                trace: trace.to_string(),
                length: run.watched.windows.all().end,
            },
            digest: run.digest.to_string(),
            phases: &phases,
            watched: &run.watched,
            scalars: &run.scalars,
            gates: &incident.gates,
        });
        let path = self.path.display().to_string();
        let moved = self
            .baseline
            .as_ref()
            .map(|was| was.moved(&now, &incident.gates, self.tolerance, &path));
        if self.update {
            baseline::write(&now, &self.path)?;
            note!("baseline   {path}");
            // What it was of is no matter any more.
            return Ok(moved.and_then(Result::ok));
        }
        moved.transpose().map_err(|why| {
            Refusal::file(&path, format!("this baseline is of other traffic: {why}"))
                .help("runs of the same incident, variant, seed and trace are held against each other; --update-baseline writes it anew")
        })
    }
}
