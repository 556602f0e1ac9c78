//! Mooncake's traces of an LLM service: `{"timestamp": ms, "input_length": .., "output_length": .., "hash_ids": [..]}` a line.
//!
//! `hash_ids` are prompt-prefix blocks of 512 tokens; equal id, same block. Prompts are not in it, and few repeat whole.
//! Source: github.com/kvcache-ai/Mooncake, FAST25-release; Qin et al., "Mooncake", FAST 2025.

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{Column, Draft},
    first_line,
    native_jsonl::keys,
    object::{self, Kind, Member},
};
use crate::{
    config::{Refusal, suggestion},
    trace::{
        lines::{Fault, Lines},
        request::{Field, Request, SharedTags},
        stamp,
    },
};

const FILLS: &[Field] = &[
    Field::Arrived,
    Field::Blocks,
    Field::InputTokens,
    Field::OutputTokens,
];
const KEYS: &[&str] = &["timestamp", "input_length", "output_length", "hash_ids"];

/// The format.
pub const FORMAT: Format = Format {
    name: "mooncake",
    summary: "Mooncake's LLM traces: JSON lines with timestamp (ms), input_length, output_length, hash_ids",
    fills: FILLS,
    clock: true,
    sniff,
    open,
};

fn sniff(head: &str) -> Result<(), String> {
    let keys = keys(first_line(head))?;
    match KEYS.iter().find(|k| !keys.iter().any(|found| found == *k)) {
        None => Ok(()),
        Some(lacking) => Err(format!("the first object has no \"{lacking}\"")),
    }
}

struct Mooncake {
    lines: Lines,
    members: Vec<Member>,
    draft: Draft,
}

fn open(lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let mut draft = Draft::new(tags, options);
    // Its milliseconds count from the start, however many they are.
    draft.set_origin();
    Ok(Opened {
        rows: Box::new(Mooncake {
            lines,
            members: vec![],
            draft,
        }),
        captured: FILLS.to_vec(),
        origin: None,
    })
}

impl Mooncake {
    fn row(&mut self) -> Result<Request, Fault> {
        let refuse = |range, message: String, help: String| {
            Fault::Row(self.lines.refuse(range, message).help(help))
        };
        self.draft.clear();
        let text = self.lines.text();
        let mut time = 0..text.len();
        let mut seen = [false; 4];
        for m in &self.members {
            let name = &text[m.key.clone()];
            let value = &text[m.value.clone()];
            let Some(which) = KEYS.iter().position(|k| *k == name) else {
                return Err(refuse(
                    m.key.clone(),
                    format!("unknown key \"{name}\""),
                    suggestion(name, KEYS.iter().copied()),
                ));
            };
            if std::mem::replace(&mut seen[which], true) {
                return Err(refuse(
                    m.key.clone(),
                    format!("the key \"{name}\" stands there twice"),
                    "leave one out".into(),
                ));
            }
            let set = match (which, m.kind) {
                (0, Kind::Number) => {
                    time = m.value.clone();
                    self.draft.set_millis(value)
                }
                (1, Kind::Number) if self.draft.wants(Column::InputTokens) => {
                    self.draft.set(Column::InputTokens, value)
                }
                (2, Kind::Number) if self.draft.wants(Column::OutputTokens) => {
                    self.draft.set(Column::OutputTokens, value)
                }
                (3, Kind::List) if self.draft.wants(Column::Blocks) => {
                    let inner = value[1..value.len() - 1].trim();
                    inner
                        .split(',')
                        .filter(|_| !inner.is_empty())
                        .try_for_each(|id| match stamp::digits(id.trim()) {
                            Some(id) => {
                                self.draft.add_block(id);
                                Ok(())
                            }
                            None => Err((
                                format!("found {}", super::shown(id.trim())),
                                "ids of blocks are whole numbers".into(),
                            )),
                        })
                }
                (1 | 2, Kind::Number) | (3, Kind::List) => Ok(()),
                (which, kind) => {
                    let right = if which == 3 {
                        "a list of whole numbers"
                    } else {
                        "a whole number"
                    };
                    Err((format!("found {}", kind.words()), right.into()))
                }
            };
            if let Err((found, right)) = set {
                return Err(refuse(m.value.clone(), format!("{name}: {found}"), right));
            }
        }
        if let Some(lacking) = seen.iter().position(|s| !s) {
            return Err(refuse(
                0..text.len(),
                format!("this line has no \"{}\"", KEYS[lacking]),
                format!("its keys are {}", KEYS.join(", ")),
            ));
        }
        self.draft
            .finish()
            .map_err(|(found, right)| refuse(time, found, right))
    }
}

impl Mooncake {
    fn read(&mut self) -> Result<Option<Request>, Fault> {
        loop {
            if !self.lines.advance()? {
                return Ok(None);
            }
            if self.lines.text().trim().is_empty() {
                continue;
            }
            if let Err(broken) = object::split(self.lines.text(), &mut self.members) {
                let at = broken.at..broken.at + 1;
                return Err(Fault::Row(
                    self.lines
                        .refuse(at, "this line is no JSON object")
                        .help(broken.wanted),
                ));
            }
            return self.row().map(Some);
        }
    }
}

impl Rows for Mooncake {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let row = self.read();
        if row.is_err() {
            self.draft.skip();
        }
        row
    }

    fn absolute(&self) -> bool {
        false
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}
