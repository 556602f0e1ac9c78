//! The grammar of conditions, by recursive descent. It stands over the module.

use super::{
    Comparison, Condition,
    fields::{Name, Number},
    words::{Kind, Word, words},
};
use crate::{
    config::{Refusal, Source, parse_nanos, suggestion},
    trace::stamp,
};
use std::sync::Arc;

/// Parentheses and `not` go no deeper than this, whatever somebody writes.
const DEEPEST: usize = 100;

pub(super) struct Parser<'a> {
    source: &'a Arc<Source>,
    words: Vec<Word>,
    at: usize,
}

impl Parser<'_> {
    /// Over the words of a condition.
    pub(super) fn new(source: &Arc<Source>) -> Result<Parser<'_>, Refusal> {
        Ok(Parser {
            source,
            words: words(source)?,
            at: 0,
        })
    }

    /// The whole condition.
    pub(super) fn whole(mut self) -> Result<Condition, Refusal> {
        let root = self.expression(0)?;
        match self.peek() {
            None => Ok(root),
            Some(word) => Err(self
                .refuse(word, "is left over")
                .help("join conditions with and, or")),
        }
    }

    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn refuse(&self, word: &Word, what: &str) -> Refusal {
        let text = &self.source.text[word.1.clone()];
        Refusal::text(self.source, word.1.clone(), format!("\"{text}\" {what}"))
    }

    fn ended(&self, wanted: &str) -> Refusal {
        let end = self.source.text.len();
        Refusal::text(self.source, end..end, "the condition ends too early")
            .help(wanted.to_string())
    }

    fn next(&mut self, wanted: &str) -> Result<Word, Refusal> {
        let word = self
            .words
            .get(self.at)
            .cloned()
            .ok_or_else(|| self.ended(wanted))?;
        self.at += 1;
        Ok(word)
    }

    fn eat_word(&mut self, wanted: &str) -> bool {
        let there = matches!(self.peek(), Some((Kind::Word(w), _)) if w == wanted);
        self.at += usize::from(there);
        there
    }

    fn eat_sign(&mut self, wanted: &str) -> bool {
        let there = matches!(self.peek(), Some((Kind::Sign(s), _)) if *s == wanted);
        self.at += usize::from(there);
        there
    }

    fn expression(&mut self, depth: usize) -> Result<Condition, Refusal> {
        let mut all = vec![self.term(depth)?];
        while self.eat_word("or") {
            all.push(self.term(depth)?);
        }
        Ok(Condition::Or(all))
    }

    fn term(&mut self, depth: usize) -> Result<Condition, Refusal> {
        let mut all = vec![self.factor(depth)?];
        while self.eat_word("and") {
            all.push(self.factor(depth)?);
        }
        Ok(Condition::And(all))
    }

    fn factor(&mut self, depth: usize) -> Result<Condition, Refusal> {
        const WANTED: &str = "a field comes here, such as tenant or input_tokens";
        let word = self.next(WANTED)?;
        if depth > DEEPEST {
            return Err(self.refuse(&word, "is nested too deep"));
        }
        match &word.0 {
            Kind::Word(w) if w == "not" => Ok(Condition::Not(Box::new(self.factor(depth + 1)?))),
            Kind::Sign("(") => {
                let inner = self.expression(depth + 1)?;
                if self.eat_sign(")") {
                    return Ok(inner);
                }
                Err(match self.peek() {
                    Some(found) => self
                        .refuse(found, "stands where ) should close")
                        .help("close the parenthesis"),
                    None => self.ended("close the parenthesis with )"),
                })
            }
            Kind::Word(w) => {
                if let Some((_, field)) = Number::WORDS.iter().find(|(n, _)| n == w) {
                    return self.number(*field);
                }
                if let Some((_, field)) = Name::WORDS.iter().find(|(n, _)| n == w) {
                    return self.name(*field, w);
                }
                let known = Number::WORDS
                    .iter()
                    .map(|n| n.0)
                    .chain(Name::WORDS.iter().map(|n| n.0));
                Err(self
                    .refuse(&word, "is no field of a request")
                    .help(suggestion(w, known)))
            }
            _ => Err(self
                .refuse(&word, "stands where a field should")
                .help(WANTED)),
        }
    }

    fn number(&mut self, field: Number) -> Result<Condition, Refusal> {
        const WANTED: &str = "a comparison comes here: == != < <= > >= in";
        if self.eat_word("in") {
            return Ok(Condition::NumberIn(
                field,
                self.list(|p| p.number_value(field))?,
            ));
        }
        let word = self.next(WANTED)?;
        let comparison = match word.0 {
            Kind::Sign("==") => Comparison::Equal,
            Kind::Sign("!=") => Comparison::Unequal,
            Kind::Sign("<") => Comparison::Less,
            Kind::Sign("<=") => Comparison::AtMost,
            Kind::Sign(">") => Comparison::More,
            Kind::Sign(">=") => Comparison::AtLeast,
            _ => {
                return Err(self
                    .refuse(&word, "is no comparison of numbers")
                    .help(WANTED));
            }
        };
        Ok(Condition::Number(
            field,
            comparison,
            self.number_value(field)?,
        ))
    }

    fn number_value(&mut self, field: Number) -> Result<u64, Refusal> {
        let wanted = if field.is_time() {
            "a duration such as \"2s\" or 2.5 (seconds)"
        } else {
            "a whole number"
        };
        let word = self.next(wanted)?;
        let value = match &word.0 {
            Kind::Number(t) if field.is_time() => stamp::decimal(t).or_else(|| parse_nanos(t)),
            Kind::Text(t) if field.is_time() => parse_nanos(t),
            Kind::Number(t) => stamp::digits(&t.replace('_', "")),
            _ => None,
        };
        value.ok_or_else(|| self.refuse(&word, "does not fit this field").help(wanted))
    }

    fn name(&mut self, field: Name, w: &str) -> Result<Condition, Refusal> {
        const WANTED: &str = "a comparison comes here: == != in contains";
        if self.eat_word("in") {
            return Ok(Condition::NameIn(field, self.list(Parser::text)?));
        }
        if self.eat_word("contains") {
            return Ok(Condition::Contains(field, self.text()?));
        }
        let word = self.next(WANTED)?;
        let equal = match word.0 {
            Kind::Sign("==") => true,
            Kind::Sign("!=") => false,
            Kind::Sign("<" | "<=" | ">" | ">=") => {
                return Err(self
                    .refuse(&word, &format!("has no meaning for {w}, which is a name"))
                    .help(WANTED));
            }
            _ => return Err(self.refuse(&word, "is no comparison").help(WANTED)),
        };
        Ok(Condition::Name(field, equal, self.text()?))
    }

    fn text(&mut self) -> Result<String, Refusal> {
        const WANTED: &str = "a text in quotes";
        let word = self.next(WANTED)?;
        match &word.0 {
            Kind::Text(t) => Ok(t.clone()),
            _ => Err(self.refuse(&word, "is no text").help(WANTED)),
        }
    }

    fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        const WANTED: &str = "a list such as [\"a\", \"b\"] comes here";
        let open = self.next(WANTED)?;
        if open.0 != Kind::Sign("[") {
            return Err(self.refuse(&open, "is no list").help(WANTED));
        }
        let mut all = Vec::new();
        while !self.eat_sign("]") {
            all.push(each(self)?);
            if !self.eat_sign(",") {
                let close = self.next("close the list with ]")?;
                if close.0 != Kind::Sign("]") {
                    return Err(self
                        .refuse(&close, "stands where ] or a comma should")
                        .help("close the list with ]"));
                }
                break;
            }
        }
        Ok(all)
    }
}
