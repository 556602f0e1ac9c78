//! The words of an expression, each with its place.

use super::parse::Wrong;
use std::ops::Range;

/// One word of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or a keyword: `cache.hit_rate`, `and`, `warm-up`.
    Word(String),
    /// Whatever begins with a digit, its unit included: `250ms`, `1.15x`, `2%`, `50/s`.
    Number(String),
    /// A text in quotes, without them.
    Text(String),
    /// Anything else: `<`, `<=`, `{`, `,`, ...
    Sign(&'static str),
}

const SIGNS: &[&str] = &[
    "<=", ">=", "==", "!=", "<", ">", "=", "(", ")", "{", "}", ",", "+", "-",
];

/// Splits an expression into words.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, Range<usize>)>, Wrong> {
    let mut tokens = vec![];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, len) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c.is_ascii_digit() {
            let len = run(rest, |c, _| {
                c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '/' | 'µ')
            });
            (Token::Number(rest[..len].into()), len)
        } else if c.is_alphabetic() || c == '_' {
            let len = run(rest, |c, next| {
                // A dash belongs to a word only between letters: `warm-up`, but `baseline-5`.
                c.is_alphanumeric()
                    || matches!(c, '_' | '.')
                    || c == '-' && next.is_some_and(char::is_alphabetic)
            });
            (Token::Word(rest[..len].into()), len)
        } else if matches!(c, '"' | '\'') {
            quoted(rest, c).ok_or_else(|| {
                Wrong::new(at..text.len(), "this text has no end")
                    .help(format!("close it with {c}"))
            })?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(Wrong::new(
                at..at + c.len_utf8(),
                format!("\"{c}\" means nothing here"),
            ));
        };
        tokens.push((token, at..at + len));
        at += len;
    }
    Ok(tokens)
}

/// Bytes of the longest start of which every character is taken.
fn run(text: &str, takes: impl Fn(char, Option<char>) -> bool) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !takes(c, chars.peek().map(|(_, c)| *c)) {
            return at;
        }
    }
    text.len()
}

/// A text up to its closing quote; a backslash takes the next character as it is.
fn quoted(text: &str, quote: char) -> Option<(Token, usize)> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => content.push(chars.next()?.1),
            c if c == quote => return Some((Token::Text(content), at + 1)),
            c => content.push(c),
        }
    }
    None
}
