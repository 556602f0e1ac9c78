//! Words and signs of a condition, each with its place.

use crate::config::{Refusal, Source};
use std::{ops::Range, sync::Arc};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Word(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

/// A word, and where it stands.
pub(super) type Word = (Kind, Range<usize>);

const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","];

/// Takes a condition apart.
pub(super) fn words(source: &Arc<Source>) -> Result<Vec<Word>, Refusal> {
    let text = source.text.as_str();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let run = |wanted: &dyn Fn(char) -> bool| {
            text[start..]
                .find(|c| !wanted(c))
                .map_or(text.len(), |i| start + i)
        };
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let kind = if let Some(sign) = SIGNS.iter().find(|s| text[at..].starts_with(**s)) {
            at += sign.len();
            Kind::Sign(sign)
        } else if c == '"' || c == '\'' {
            let Some(end) = text[at + 1..].find(c) else {
                return Err(
                    Refusal::text(source, at..at + 1, "this text is never closed")
                        .help(format!("close it with {c}")),
                );
            };
            at += end + 2;
            Kind::Text(text[start + 1..at - 1].into())
        } else if c.is_ascii_digit() {
            at = run(&|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
            Kind::Number(text[start..at].into())
        } else if c.is_ascii_alphabetic() || c == '_' {
            at = run(&|c| c.is_ascii_alphanumeric() || c == '_');
            Kind::Word(text[start..at].into())
        } else {
            let help = if c == '=' {
                "equality is =="
            } else {
                "write fields, texts in quotes, numbers, and == != < <= > >= in contains and or not ( )"
            };
            return Err(Refusal::text(
                source,
                at..at + c.len_utf8(),
                format!("unexpected \"{c}\""),
            )
            .help(help));
        };
        words.push((kind, start..at));
    }
    Ok(words)
}
