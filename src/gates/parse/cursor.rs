//! The words of an expression, one after the other.

use super::{Parsed, Parser, Token, Wrong};
use std::ops::Range;

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    pub(super) fn place(&self) -> Range<usize> {
        let token = self.tokens.get(self.next);
        token.map_or(self.end..self.end, |(_, range)| range.clone())
    }

    /// A refusal of the next token.
    pub(super) fn wrong(&self, expected: &str) -> Wrong {
        let found = match self.peek() {
            None => "nothing".into(),
            Some(Token::Word(word)) => format!("\"{word}\""),
            Some(Token::Number(number)) => number.clone(),
            Some(Token::Text(text)) => format!("the text \"{text}\""),
            Some(Token::Sign(sign)) => format!("\"{sign}\""),
        };
        Wrong::new(
            self.place(),
            format!("found {found}, where {expected} would be right"),
        )
    }

    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.next += usize::from(is);
        is
    }

    pub(super) fn need_sign(&mut self, sign: &str) -> Parsed<()> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(self.wrong(&format!("\"{sign}\"")))
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.next += usize::from(is);
        is
    }

    pub(super) fn any_word(&mut self, expected: &str) -> Parsed<(String, Range<usize>)> {
        match self.tokens.get(self.next) {
            Some((Token::Word(word), range)) => {
                self.next += 1;
                Ok((word.clone(), range.clone()))
            }
            _ => Err(self.wrong(expected)),
        }
    }

    pub(super) fn number(&mut self, expected: &str) -> Parsed<(String, Range<usize>)> {
        match self.tokens.get(self.next) {
            Some((Token::Number(number), range)) => {
                self.next += 1;
                Ok((number.clone(), range.clone()))
            }
            _ => Err(self.wrong(expected)),
        }
    }
}
