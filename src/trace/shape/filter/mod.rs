//! Which requests: `tenant == "acme" and input_tokens > 1000`, read once at load.
//!
//! ```text
//! expression = term { "or" term }          term = factor { "and" factor }
//! factor     = "not" factor | "(" expression ")" | field comparison
//! comparison = ("==" | "!=" | "<" | "<=" | ">" | ">=") value | "in" "[" value { "," value } "]" | "contains" text
//! ```
//! Fields with names (tenant, route, ...) compare with texts, numbers with numbers, times with durations (`"2s"`) or seconds.
//! A field that is not recorded equals "" or 0.

mod fields;
mod parse;
mod words;

use crate::{
    config::{At, Node, Read, Refusal, Source, Value},
    trace::request::{Request, Tags},
};
use fields::{Name, Number};
use parse::Parser;
use std::sync::Arc;

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Name,
    /// A number.
    Number,
    /// A time.
    Time,
}

/// The fields that a condition may name.
pub fn fields() -> impl Iterator<Item = (&'static str, FieldKind)> {
    let names = Name::WORDS.iter().map(|(name, _)| (*name, FieldKind::Name));
    let numbers = Number::WORDS
        .iter()
        .map(|(name, field)| match field.is_time() {
            true => (*name, FieldKind::Time),
            false => (*name, FieldKind::Number),
        });
    names.chain(numbers)
}

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

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, under the very word.
    pub fn parse(source: &Arc<Source>) -> Result<Filter, Refusal> {
        Ok(Filter {
            text: source.text.clone(),
            root: Parser::new(source)?.whole()?,
        })
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
