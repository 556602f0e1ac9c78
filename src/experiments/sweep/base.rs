//! What a sweep starts from besides its grid: an incident file, what is laid over it, and its trace.

use super::plan::short;
use crate::{
    config::Refusal,
    incident::{Incident, Overlay, Registries},
    trace::Overrides,
};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Where incidents come from: read once, so that a file that changes in the meantime changes no run.
#[derive(Clone, Debug)]
pub struct Base {
    /// Of the incident file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What is laid over it, without the settings of the grid.
    pub overlay: Overlay,
    /// What the command line says of the trace.
    pub overrides: Overrides,
}

impl Base {
    /// The incident with these settings, of a seed, or of its own.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn read(
        &self,
        set: Vec<String>,
        seed: Option<u64>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let overlay = Overlay {
            set,
            seed: seed.or(self.overlay.seed),
            ..self.overlay.clone()
        };
        Incident::read(
            &self.path,
            &self.text,
            &overlay,
            &self.overrides,
            registries,
        )
    }
}

/// What decides over runs besides the grid. Names of files do not: another machine may have them elsewhere.
pub(super) fn inputs(base: &Base, traces: &[PathBuf]) -> Result<Value, Refusal> {
    let digest = |path: &PathBuf| {
        let cannot =
            |e: std::io::Error| Refusal::file(path.display(), format!("cannot be read: {e}"));
        let mut hasher = blake3::Hasher::new();
        let file = std::fs::File::open(path).map_err(cannot)?;
        hasher.update_reader(file).map_err(cannot)?;
        Ok(hasher.finalize().to_hex()[..32].to_string())
    };
    let traces: Vec<String> = traces.iter().map(digest).collect::<Result<_, Refusal>>()?;
    let (over, shape) = (&base.overlay, &base.overrides);
    Ok(json!({
        "gameday": env!("CARGO_PKG_VERSION"),
        "incident": short(base.text.as_bytes()),
        "traces": traces,
        "variant": over.variant,
        "healthy": over.healthy,
        "no_fix": over.no_fix,
        "fix_steps": over.fix_steps,
        "given_trace": shape.trace.is_some(),
        "speed": shape.speed,
        "rate": shape.rate,
        "take": shape.take,
        "filter": shape.filter,
        "loop": shape.laps,
        "reorder": shape.reorder,
        "lenient": shape.lenient,
        "map": shape.map,
        "hash": shape.hash,
        "spread": shape.spread,
        "request_time": shape.request_time,
        "fold_paths": shape.fold_paths,
    }))
}
