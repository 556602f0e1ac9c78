//! Which requests: `tenant == "acme" and input_tokens > 1000`, read once at load.
//!
//! ```text
//! expression = term { "or" term }          term = factor { "and" factor }
//! factor     = "not" factor | "(" expression ")" | field comparison
//! comparison = ("==" | "!=" | "<" | "<=" | ">" | ">=") value | "in" "[" value { "," value } "]" | "contains" text
//! ```
//! Fields with names (tenant, route, ...) compare with texts, numbers with numbers, times with durations (`"2s"`) or seconds.
//! A field that is not recorded equals "" or 0.

use crate::{
    config::{At, Node, Read, Refusal, Source, Value, parse_nanos, suggestion},
    trace::{
        request::{Request, Tags},
        stamp,
    },
};
use std::{ops::Range, sync::Arc};

/// A condition on requests.
#[derive(Clone, Debug)]
pub struct Filter {
    text: String,
    root: Condition,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[derive(Clone, Debug)]
enum Condition {
    Or(Vec<Condition>),
    And(Vec<Condition>),
    Not(Box<Condition>),
    Number(Number, Comparison, u64),
    NumberIn(Number, Vec<u64>),
    Name(Name, bool, String),
    NameIn(Name, Vec<String>),
    Contains(Name, String),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

macro_rules! fields {
    ($name:ident: $($word:literal $variant:ident,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum $name { $($variant),+ }
        impl $name {
            const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),+];
        }
    };
}

fields!(Number: "op" Op, "arrived" Arrived, "input_tokens" InputTokens, "output_tokens" OutputTokens, "bytes" Bytes,
    "deadline" Deadline, "disconnect" Disconnect, "service_time" ServiceTime, "blocks" Blocks,);
fields!(Name: "tenant" Tenant, "user" User, "route" Route, "region" Region, "class" Class, "client" Client,
    "model" Model, "prompt" Prompt, "body" Body,);

impl Number {
    fn is_time(self) -> bool {
        matches!(
            self,
            Number::Arrived | Number::Deadline | Number::Disconnect | Number::ServiceTime
        )
    }

    fn of(self, r: &Request) -> u64 {
        match self {
            Number::Op => r.op,
            Number::Arrived => r.arrived,
            Number::InputTokens => u64::from(r.input_tokens),
            Number::OutputTokens => u64::from(r.output_tokens),
            Number::Bytes => r.bytes,
            Number::Deadline => r.deadline,
            Number::Disconnect => r.disconnect,
            Number::ServiceTime => r.service_time,
            Number::Blocks => r.payload.blocks.len() as u64,
        }
    }
}

impl Name {
    fn with<T>(self, r: &Request, tags: &Tags, judge: impl FnOnce(&str) -> T) -> T {
        judge(match self {
            Name::Tenant => tags.tenant.name(r.tenant),
            Name::User => tags.user.name(r.user),
            Name::Route => tags.route.name(r.route),
            Name::Region => tags.region.name(r.region),
            Name::Class => tags.class.name(r.class),
            Name::Client => tags.client.name(r.client),
            Name::Model => tags.model.name(r.model),
            Name::Body => &r.payload.raw,
            Name::Prompt => r
                .payload
                .fields
                .iter()
                .find(|(name, _)| name == "prompt")
                .and_then(|(_, value)| value.as_str())
                .unwrap_or(""),
        })
    }
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, under the very word.
    pub fn parse(source: &Arc<Source>) -> Result<Filter, Refusal> {
        let mut parser = Parser {
            source,
            words: words(source)?,
            at: 0,
        };
        let root = parser.expression(0)?;
        match parser.peek() {
            None => Ok(Filter {
                text: source.text.clone(),
                root,
            }),
            Some(word) => Err(parser
                .refuse(word, "is left over")
                .help("join conditions with and, or")),
        }
    }

    /// Whether a request passes.
    pub fn passes(&self, request: &Request, tags: &Tags) -> bool {
        passes(&self.root, request, tags)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn passes(condition: &Condition, r: &Request, tags: &Tags) -> bool {
    match condition {
        Condition::Or(all) => all.iter().any(|c| passes(c, r, tags)),
        Condition::And(all) => all.iter().all(|c| passes(c, r, tags)),
        Condition::Not(c) => !passes(c, r, tags),
        Condition::Number(field, comparison, right) => {
            let left = field.of(r);
            match comparison {
                Comparison::Equal => left == *right,
                Comparison::Unequal => left != *right,
                Comparison::Less => left < *right,
                Comparison::AtMost => left <= *right,
                Comparison::More => left > *right,
                Comparison::AtLeast => left >= *right,
            }
        }
        Condition::NumberIn(field, list) => list.contains(&field.of(r)),
        Condition::Name(field, equal, right) => {
            field.with(r, tags, |left| (left == right) == *equal)
        }
        Condition::NameIn(field, list) => {
            field.with(r, tags, |left| list.iter().any(|x| x == left))
        }
        Condition::Contains(field, part) => {
            field.with(r, tags, |left| left.contains(part.as_str()))
        }
    }
}

impl Read for Filter {
    const WHAT: &'static str = "a condition such as 'tenant == \"acme\" and input_tokens > 1000'";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let Value::Text(text) = &node.value else {
            return Err(node.wrong(Self::WHAT));
        };
        // Where the file spells the text as it is, a caret can point into it.
        let place: &At = &node.at;
        let written = place.source.text.get(place.range.clone()).unwrap_or("");
        Filter::parse(&Source::new("filter", text.clone())).map_err(|refusal| {
            if written == text || written.get(1..written.len().saturating_sub(1)) == Some(text) {
                refusal.inside(place)
            } else {
                refusal
            }
        })
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "string" })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Word(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

type Word = (Kind, Range<usize>);

const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","];

fn words(source: &Arc<Source>) -> Result<Vec<Word>, Refusal> {
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

const DEEPEST: usize = 100;

struct Parser<'a> {
    source: &'a Arc<Source>,
    words: Vec<Word>,
    at: usize,
}

impl Parser<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::payload::Payload;
    use std::rc::Rc;

    fn judge(text: &str) -> Result<bool, String> {
        let mut tags = Tags::default();
        let mut r = Request::blank(Rc::new(Payload::new(r#"{"prompt":"Tell me"}"#, &[])));
        r.tenant = tags.tenant.number("acme");
        r.input_tokens = 1500;
        r.arrived = 2_500_000_000;
        let filter = Filter::parse(&Source::new("--filter", text)).map_err(|e| e.to_string())?;
        Ok(filter.passes(&r, &tags))
    }

    #[test]
    fn conditions_say_what_they_read_like() {
        for (text, right) in [
            ("tenant == \"acme\" and input_tokens > 1000", true),
            ("tenant == 'acme' and not input_tokens > 1000", false),
            ("tenant != \"acme\" or input_tokens in [1, 1_500]", true),
            ("tenant in [\"x\", \"acme\"]", true),
            ("tenant in []", false),
            (
                "prompt contains \"me\" and (route == \"\" or op == 7)",
                true,
            ),
            ("arrived >= 2.5 and arrived < \"3s\"", true),
            ("arrived < 2500ms", false),
            ("not (tenant == \"acme\")", false),
            // `and` binds tighter than `or`
            ("tenant == \"acme\" or tenant == \"b\" and op == 9", true),
        ] {
            assert_eq!(judge(text), Ok(right), "{text}");
        }
    }

    #[test]
    fn a_wrong_condition_points_at_the_word() {
        for (text, column, what) in [
            ("tenat == \"x\"", 1, "did you mean \"tenant\"?"),
            ("tenant = \"x\"", 8, "equality is =="),
            ("tenant == acme", 11, "a text in quotes"),
            ("input_tokens > \"x\"", 16, "a whole number"),
            ("tenant < \"x\"", 8, "has no meaning for tenant"),
            ("(tenant == \"x\"", 15, "close the parenthesis"),
            ("tenant == \"x", 11, "never closed"),
            ("tenant == \"x\" tenant == \"y\"", 15, "is left over"),
            ("", 1, "a field comes here"),
            ("tenant in \"x\"", 11, "is no list"),
            ("op > 1.5", 6, "a whole number"),
        ] {
            let refusal = judge(text).unwrap_err();
            assert!(
                refusal.starts_with(&format!("--filter:1:{column}: ")),
                "{text}: {refusal}"
            );
            assert!(refusal.contains(what), "{text}: {refusal}");
        }
        assert!(judge(&"(".repeat(100_000)).is_err());
        assert!(judge(&"not ".repeat(100_000)).is_err());
    }
}
