//! Whether an answer that was kept (in the cache, by a flight, as the memory of a prompt's beginning) is the answer to
//! what is asked. A wrong one is the worst error: nothing fails, nobody is told.
//!
//! What decides an answer is `service.key.meaning`, whatever the key is made of, and the revision of the dependencies:
//! of that a digest is kept beside each answer and compared with the request's. A prompt is counted by its content, not
//! its spelling, so a key that normalises is right.
//!
//! Who may know. The lab knows of every answer: `truth.wrong_answers` is for gates and reports, and never in the
//! recording. An operator knows of those that a checker worked out again, `service.check_answers` of them: gauges
//! `answers.checked` and `answers.wrong`, indicator `cache.wrong_answers`, which diagnosis may read like any gauge.
//! Without a checker there are no such gauges, as most operators have none.

use super::{
    journey::Visit,
    purpose,
    stages::parse,
    version::Version,
    world::{World, tag_digest},
};
use crate::{
    components::keys::{Meaning, content},
    recording::RequestRow,
    sim::hash::mix,
};
use std::cell::Cell;

/// What is known of kept answers while a run goes on.
pub(super) struct Answers {
    meaning: Option<Meaning>,
    /// The content's digest is the one that the key's stage worked out.
    as_recorded: bool,
    wrong: Cell<u64>,
    /// Some version has a checker.
    checks: bool,
    /// Worked out again since the gauges were read, and found wrong.
    checked: Cell<(u64, u64)>,
}

impl Answers {
    /// None known yet.
    pub fn new(versions: &[Version]) -> Answers {
        let mut keys = versions.iter().map(|v| v.spec.key.as_ref());
        let meaning = keys
            .clone()
            .flatten()
            .next()
            .map(|key| key.meaning().clone());
        let recorded = keys.next().flatten().and_then(|key| key.payload_fields());
        Answers {
            as_recorded: meaning
                .as_ref()
                .is_none_or(|m| m.payload.as_deref() == recorded),
            meaning,
            wrong: Cell::new(0),
            checks: versions.iter().any(|v| v.spec.check_answers > 0.0),
            checked: Cell::new((0, 0)),
        }
    }

    /// Those that were wrong.
    pub fn wrong(&self) -> u64 {
        self.wrong.get()
    }

    /// Names and values of the checker's gauges, if there is one: counts since they were read the last time.
    pub fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        if self.checks {
            let (checked, wrong) = self.checked.take();
            out("answers.checked", checked as f64);
            out("answers.wrong", wrong as f64);
        }
    }
}

/// Digest of all that decides the answer to a request, as of now. After [`spoilt`] none is like it.
pub(super) fn identity(w: &World<'_>, v: &Visit<'_>, row: &RequestRow) -> u64 {
    let Some(meaning) = &w.answers.meaning else {
        return 0;
    };
    let tags = w.tags.borrow();
    let payload = match w.answers.as_recorded && v.request.payload.blocks.is_empty() {
        true => row.h_canon,
        false => {
            let read = parse::in_its_place(v);
            let seen = w.seen(v.request, read.as_deref(), &tags);
            let fields = content(&seen, meaning.payload.as_deref());
            v.request
                .payload
                .blocks
                .iter()
                .fold(fields, |all, id| mix(all ^ mix(*id)))
        }
    };
    let start = mix(payload ^ w.newest().revision) ^ u64::from(v.spoilt.get());
    let next = |all: u64, tag: &_| mix(all.rotate_left(17) ^ tag_digest(v.request, &tags, *tag));
    meaning.tags.iter().fold(start, next)
}

/// The request was read as another one: its answer is wrong, and no checker that reads it the same way finds out.
pub(super) fn misread(w: &World<'_>, v: &Visit<'_>) {
    v.spoilt.set(true);
    if !v.background {
        w.answers.wrong.set(w.answers.wrong.get() + 1);
    }
}

/// An answer was not worked out but found. `nth` tells several of one request apart.
pub(super) fn found(w: &World<'_>, v: &Visit<'_>, right: bool, nth: u64) {
    if !right {
        v.spoilt.set(true);
    }
    // Those who warm tell nobody.
    if v.background {
        return;
    }
    let answers = &w.answers;
    let wrong = u64::from(!right);
    answers.wrong.set(answers.wrong.get() + wrong);
    let share = v.version.spec.check_answers;
    if share > 0.0 && v.dice.draw(purpose::CHECK, nth).chance(share) {
        let (checked, known) = answers.checked.get();
        answers.checked.set((checked + 1, known + wrong));
    }
}
