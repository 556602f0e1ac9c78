//! `gameday replay --blind`: a run is reported on as somebody sees it who does not know what happened.

use super::{
    output::{Stdout, note},
    progress::Progress,
    replay::{ReplayArgs, Reported},
    seal::Seal,
    which::shell_word,
};
use crate::{
    config::Refusal,
    diagnosis,
    incident::{Incident, Run},
    recording::{files::save, requests},
    report::{self, Findings, TraceFacts, training::Shown},
};

/// Prints it and writes its report; the exit code is 0 whatever broke.
pub fn pose(
    args: &ReplayArgs,
    incident: &Incident,
    run: &Run,
    progress: &Progress,
    out: &mut Stdout,
) -> Result<u8, Refusal> {
    let recording = &run.recording;
    let shown = Shown::of(recording, &diagnosis::diagnose(recording), run.digest);
    if let Some(folder) = &args.save {
        save(recording, folder, args.save_format.of_files())?;
    }
    let digest = run.digest.to_string();
    let seal = Seal {
        words: args.which.words("replay", incident),
        digest: digest.clone(),
    };
    let seal = seal.close()?;
    let reported = Reported::new(args).into_default_folder();
    let reproduce = match reported.place() {
        Some(folder) => {
            let folder = folder.join(&shown.name).display().to_string();
            format!("gameday reveal {} --answer CAUSE", shell_word(&folder))
        }
        None => "not kept: --no-report".into(),
    };
    let table = &recording.requests;
    let background = (0..table.len()).filter(|&i| table.value(requests::background, i) == 1);
    let background = background.count() as u64;
    let captured: Vec<&str> = run.facts.captured.iter().map(|f| f.name()).collect();
    progress.clear();
    let findings = Findings {
        title: &shown.title,
        question: None,
        incident: &shown.name,
        variant: None,
        // Whoever knows it may draw the incident again.
        seed: None,
        digest: &digest,
        requests_replayed: run.requests,
        tries: run.tries.saturating_sub(background),
        background,
        virtual_length: recording.span.max(run.length),
        trace: TraceFacts {
            // A file may be called like the incident.
            name: &run.facts.format,
            format: &run.facts.format,
            origin: run.facts.origin,
            captured,
            filled: vec![],
            skipped_lines: run.skipped.rows,
        },
        truth: &shown.truth,
        judgements: &[],
        moved: None,
        diagnosis: &shown.diagnosis,
        watch: shown.watch(),
        recording: Some(recording),
        bytes_kept: (table.bytes() + recording.attempts.bytes()) as u64,
        reproduce: &reproduce,
        sealed: Some(&seal),
    };
    let written = reported.report(&findings, out)?;
    if !written.is_empty() {
        note!("{}", report::text::written(&written).trim_end());
        note!("causes that may be answered: gameday list causes");
    }
    Ok(0)
}
