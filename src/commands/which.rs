//! Which run: an incident, what is laid over it, and its trace. What `replay`, `gate` and `verify` have in common.

use super::{find, trace::ShapeArgs};
use crate::{
    config::Refusal,
    incident::{self, Incident, Overlay, Registries, Run, RunOptions},
    recording::Keep,
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct WhichArgs {
    /// An incident: its name, or the path of its file.
    pub incident: String,
    /// Overlay the [variant.NAME] table; `all` runs the file and every variant.
    #[arg(long)]
    pub variant: Option<String>,
    /// Set one value of the file: a dotted path, such as service.cache.ttl=1m.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Leave the timeline out: the same traffic, nothing happens.
    #[arg(long)]
    pub healthy: bool,
    /// Leave the fix out.
    #[arg(long)]
    pub no_fix: bool,
    /// Only the first N steps of the fix.
    #[arg(long, value_name = "N")]
    pub fix_steps: Option<usize>,
    /// A trace file in place of the incident's; what it lacks is filled by the incident's population.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    #[command(flatten)]
    pub shape: ShapeArgs,
}

impl WhichArgs {
    /// Reads the incident with a variant laid over it.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn read(
        &self,
        variant: Option<&str>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        self.read_with_seed(variant, self.shape.seed, registries)
    }

    /// The same with another seed.
    ///
    /// # Errors
    /// As [`WhichArgs::read`].
    pub fn read_with_seed(
        &self,
        variant: Option<&str>,
        seed: Option<u64>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        self.read_over(variant, &[], seed, registries)
    }

    /// With further settings laid over it, and a seed: what a series of draws reads.
    ///
    /// # Errors
    /// As [`WhichArgs::read`].
    pub fn read_with(
        &self,
        set: &[String],
        seed: Option<u64>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        self.read_over(self.variant.as_deref(), set, seed, registries)
    }

    /// Reads the one incident that is meant and replays it, all rows kept.
    ///
    /// # Errors
    /// Several variants, and as [`WhichArgs::read`].
    pub fn replay_one(&self) -> Result<(Incident, Run), Refusal> {
        if self.variant.as_deref() == Some("all") {
            return Err(Refusal::new("one variant at a time").help("--variant NAME"));
        }
        let registries = Registries::builtin();
        let incident = self.read(self.variant.as_deref(), &registries)?;
        let options = RunOptions {
            keep: Keep::Rows,
            progress: None,
        };
        let run = incident::run(&incident, &registries, &options)?;
        Ok((incident, run))
    }

    fn read_over(
        &self,
        variant: Option<&str>,
        set: &[String],
        seed: Option<u64>,
        registries: &Registries,
    ) -> Result<Incident, Refusal> {
        let (path, text) = find::incident(&self.incident)?;
        let overlay = self.overlay(variant, &[&self.set[..], set].concat(), seed);
        Incident::read(
            &path,
            &text,
            &overlay,
            &self.shape.overrides(self.trace.clone()),
            registries,
        )
    }

    /// What is laid over the file, with these settings alone.
    pub fn overlay(&self, variant: Option<&str>, set: &[String], seed: Option<u64>) -> Overlay {
        Overlay {
            variant: variant.map(str::to_string),
            set: set.to_vec(),
            seed,
            healthy: self.healthy,
            no_fix: self.no_fix,
            fix_steps: self.fix_steps,
        }
    }

    /// The variants asked for; `None` is the file itself.
    ///
    /// # Errors
    /// As [`WhichArgs::read`].
    pub fn variants(&self, registries: &Registries) -> Result<Vec<Option<String>>, Refusal> {
        Ok(match self.variant.as_deref() {
            Some("all") => {
                let file = self.read(None, registries)?;
                std::iter::once(None)
                    .chain(file.variants.into_iter().map(|(name, _)| Some(name)))
                    .collect()
            }
            Some(name) => vec![Some(name.to_string())],
            None => vec![None],
        })
    }

    /// An option that only an incident can be given, if there is one: a recording is as it was.
    pub fn of_incidents(&self) -> Option<&'static str> {
        let over = self.shape.overrides(None);
        let given = [
            (self.variant.is_some(), "--variant"),
            (!self.set.is_empty(), "--set"),
            (self.healthy, "--healthy"),
            (self.no_fix, "--no-fix"),
            (self.fix_steps.is_some(), "--fix-steps"),
            (self.trace.is_some(), "--trace"),
            (self.shape.seed.is_some(), "--seed"),
            (over.take.is_some(), "--take"),
            (over.rate.is_some(), "--rate"),
            (over.speed.is_some(), "--speed"),
            (over.filter.is_some(), "--filter"),
            (over.laps.is_some(), "--loop"),
            (over.reorder.is_some(), "--reorder"),
            (over.lenient, "--lenient"),
            (over.map.is_some(), "--map"),
            (over.hash.is_some(), "--hash"),
            (over.hash_key_file.is_some(), "--hash-key-file"),
            (over.spread.is_some(), "--spread"),
            (over.request_time.is_some(), "--request-time"),
            (over.fold_paths, "--fold-paths"),
        ];
        given.into_iter().find(|g| g.0).map(|g| g.1)
    }

    /// The command that does it again, as the user would type it.
    pub fn again(&self, command: &str, incident: &Incident) -> String {
        let words = self.words(command, incident);
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        words.join(" ")
    }

    /// The words of that command.
    pub fn words(&self, command: &str, incident: &Incident) -> Vec<String> {
        let mut words = vec!["gameday".to_string(), command.into(), self.incident.clone()];
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                words.push(format!("--{name}"));
                words.push(value);
            }
        };
        add("variant", incident.variant.clone());
        for set in &self.set {
            add("set", Some(set.clone()));
        }
        add("seed", self.shape.seed.map(|s| s.to_string()));
        add(
            "trace",
            self.trace.as_ref().map(|t| t.display().to_string()),
        );
        let over = self.shape.overrides(None);
        add("speed", over.speed);
        add("rate", over.rate);
        add("take", over.take);
        add("filter", over.filter);
        add("loop", over.laps);
        add("reorder", over.reorder);
        add("map", over.map);
        add("hash", over.hash);
        add("hash-key-file", over.hash_key_file);
        add("spread", over.spread);
        add("request-time", over.request_time);
        add("fix-steps", self.fix_steps.map(|n| n.to_string()));
        for (on, flag) in [
            (self.healthy, "--healthy"),
            (self.no_fix, "--no-fix"),
            (over.lenient, "--lenient"),
            (over.fold_paths, "--fold-paths"),
        ] {
            if on {
                words.push(flag.into());
            }
        }
        words
    }
}

/// An argument as a POSIX shell takes it for one word.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "./_-=%".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
