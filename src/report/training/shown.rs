//! What a trainee is shown: symptoms, for whom, in which stage, what operators saw happen, and the numbers; from the recording
//! and what was concluded from it. No cause, no name of the incident, no gate (what it asks for says what it is about), no seed.
//!
//! The truth's phases would give away the onset, and so would windows that are cut there. The phases are those of somebody who
//! was paged: "baseline" is the first half of what was compared before, "incident" begins when an alarm would have gone off, a
//! few minutes late. What lies between them belongs to neither, and the onset is in it.

use super::super::words::clock;
use crate::{
    diagnosis::Diagnosis,
    incident::{Entry, EntryKind, Phase, PhaseName, Truth},
    indicators::{Watch, WatchSpec, Watched, Windows},
    recording::{Recording, events},
    sim::digest::Digest,
};

/// An alarm goes off so long after the onset at least, ns: it waits for a few bad windows.
const SOONEST: u64 = 60_000_000_000;
/// What is drawn on top, ns: else the onset could be counted back from the alarm.
const LATER: u64 = 120_000_000_000;
/// Events that are told one by one; who restarts for ever fills no page.
const EVENTS: usize = 24;
/// What is done step by step, and then is done.
const ROLLED_OUT: [&str; 4] = ["deploy", "rollback", "warm", "flush"];
/// Steps of one roll-out are no further apart, ns.
const STEP: u64 = 120_000_000_000;
/// Hexadecimal digits of the name.
const DIGITS: usize = 6;

/// See the module.
pub struct Shown {
    /// What it is called: the report's folder too.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Phases as an alarm would put them, and what operators saw.
    pub truth: Truth,
    /// Symptoms alone.
    pub diagnosis: Diagnosis,
    watched: Watched,
}

impl Shown {
    /// Of a run with this diagnosis and digest.
    pub fn of(recording: &Recording, diagnosis: &Diagnosis, digest: Digest) -> Shown {
        let rows = recording.requests.len() as u64;
        let windows = Windows::plan(recording.span.max(1), rows, &[]);
        let phases = phases(&windows, diagnosis, digest);
        let alarm = phases.last().map(|p| p.from);
        let watched = Watched::from_recording(recording, windows, [WatchSpec::all()]);
        let number = &digest.to_string()[..DIGITS];
        Shown {
            name: format!("blind-{number}"),
            title: format!("What happened here? (riddle {number})"),
            truth: Truth {
                phases,
                entries: seen(recording),
                ..Truth::default()
            },
            diagnosis: symptoms(diagnosis, alarm),
            watched,
        }
    }

    /// The indicators of all users' traffic.
    pub fn watch(&self) -> &Watch {
        self.watched.all()
    }
}

/// What was concluded, without why and without when.
fn symptoms(diagnosis: &Diagnosis, alarm: Option<u64>) -> Diagnosis {
    let summary = match (alarm, diagnosis.onset.is_some()) {
        (Some(at), _) => format!(
            "an alarm went off at {}; when the trouble began, and why, is for you to say",
            clock(at)
        ),
        (None, true) => "an alarm went off".into(),
        (None, false) => {
            "no alarm went off; whether anything is wrong is for you to say".to_owned()
        }
    };
    let mut notes = diagnosis.notes.clone();
    if alarm.is_some() {
        notes.push(
            "below, \"baseline\" ends well before the trouble and \"incident\" begins with the alarm".into(),
        );
    }
    Diagnosis {
        summary,
        symptoms: diagnosis.symptoms.clone(),
        segments: diagnosis.segments.clone(),
        tail: diagnosis.tail.clone(),
        notes,
        limits: diagnosis.limits.clone(),
        ..Diagnosis::default()
    }
}

/// Before, and since the alarm; none when there was nothing to be alarmed by, or no room between the two.
fn phases(windows: &Windows, diagnosis: &Diagnosis, digest: Digest) -> Vec<Phase> {
    let (Some(onset), Some((before, during))) = (&diagnosis.onset, &diagnosis.compared) else {
        return vec![];
    };
    // 16 bits of the run's own digest: the same run is shown the same.
    let later = (LATER >> 16) * u64::from(digest.0 as u16);
    let left = during.end.saturating_sub(onset.at);
    let alarm = onset.at + (SOONEST + later).min(left / 2);
    let phase = |name, from: u64, to: u64| {
        let (from, to) = windows.span(&windows.within(from, to));
        Phase { name, from, to }
    };
    let half = before.start + before.end.saturating_sub(before.start) / 2;
    let all = vec![
        phase(PhaseName::Baseline, before.start, half),
        phase(PhaseName::Incident, alarm, during.end),
    ];
    match all.iter().all(|p| p.from < p.to) {
        true => all,
        false => vec![],
    }
}

/// What operators saw, as the recording has it.
fn seen(recording: &Recording) -> Vec<Entry> {
    let table = &recording.events;
    lines((0..table.len()).map(|row| {
        let what = recording.name("event", table.value(events::event, row) as u32);
        let version = table.value(events::version, row);
        (table.value(events::time, row), what, version)
    }))
}

/// Time, what and version of events as lines: the same of one version is one line, from the first to the last. A roll-out ends;
/// what dies again and again is one story.
fn lines<'a>(events: impl Iterator<Item = (u64, &'a str, u64)>) -> Vec<Entry> {
    let mut lines: Vec<((&str, u64), Entry, u64)> = vec![];
    for (at, what, version) in events {
        let same = lines.iter_mut().rfind(|(key, entry, _)| {
            let last = entry.until.unwrap_or(entry.at);
            let ends = ROLLED_OUT.contains(&key.0) && at.saturating_sub(last) > STEP;
            *key == (what, version) && !ends
        });
        match same {
            Some((_, entry, times)) => {
                *times += 1;
                entry.until = Some(at).filter(|&at| at > entry.at);
            }
            None => lines.push(((what, version), line(what, version, at), 1)),
        }
    }
    let told = lines.into_iter().take(EVENTS);
    let told = told.map(|(_, mut entry, times)| {
        if times > 1 {
            entry.label += &format!(", {times} times");
        }
        entry
    });
    let mut all: Vec<Entry> = told.collect();
    all.sort_by_key(|e| e.at);
    all
}

fn line(what: &str, version: u64, at: u64) -> Entry {
    Entry {
        kind: EntryKind::Change,
        label: match version {
            0 => what.to_owned(),
            version => format!("{what} v{version}"),
        },
        at,
        until: None,
        hits: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Onset;

    const S: u64 = 1_000_000_000;

    fn diagnosis(at: u64, until: u64) -> Diagnosis {
        let onset = Onset {
            at,
            from: at,
            to: at,
            until: None,
            ramp: false,
        };
        Diagnosis {
            onset: Some(onset),
            compared: Some((300 * S..at, at..until)),
            ..Diagnosis::default()
        }
    }

    #[test]
    fn the_onset_lies_between_the_phases_and_is_the_edge_of_none() {
        let windows = Windows::plan(3600 * S, 100_000, &[]);
        for digest in [0, 1, 40_000, u128::MAX] {
            let phases = phases(&windows, &diagnosis(1203 * S, 2400 * S), Digest(digest));
            let [before, during] = &phases[..] else {
                panic!("{phases:?}");
            };
            assert!(before.to <= 752 * S && before.from >= 300 * S, "{before:?}");
            let late = during.from - 1203 * S;
            assert!((60 * S..=190 * S).contains(&late), "{late}");
            assert!(during.to <= 2400 * S);
        }
    }

    #[test]
    fn a_roll_out_is_one_line_and_so_is_a_crash_loop() {
        let exits = (20..60).map(|m| (m * 60 * S, "exit", 0));
        let deploys = [(600, 2), (630, 2), (660, 2), (3000, 2)];
        let deploys = deploys.into_iter().map(|(s, v)| (s * S, "deploy", v));
        let told = lines(deploys.chain(exits));
        let told: Vec<(&str, u64)> = told.iter().map(|e| (&*e.label, e.at / S)).collect();
        let wanted = [
            ("deploy v2, 3 times", 600),
            ("exit, 40 times", 1200),
            ("deploy v2", 3000),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn where_there_is_no_room_there_are_no_phases() {
        let windows = Windows::plan(3600 * S, 100_000, &[]);
        assert!(phases(&windows, &diagnosis(1203 * S, 1204 * S), Digest(7)).is_empty());
        assert!(phases(&windows, &Diagnosis::default(), Digest(7)).is_empty());
    }
}
