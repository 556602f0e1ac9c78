//! A JSON object against a typed schema: strict first, one repair, the same strict check again.

use super::{ParseError, Parser, Reading, category, repair};
use crate::config::{At, Node, Options, Read, Refusal, Table, Value as Setting};
use serde_json::Value;

crate::choice! {
    /// What a field holds.
    pub enum Type {
        /// A text.
        Text = "text",
        /// A number.
        Number = "number",
        /// true or false.
        Bool = "bool",
        /// Anything.
        Any = "any",
    }
}

crate::choice! {
    /// What becomes of fields that the schema does not have.
    pub enum Unknown {
        /// They are passed over, so that a newer client can be read.
        Ignore = "ignore",
        /// They are refused.
        Refuse = "refuse",
    }
}

crate::choice! {
    /// Whether bytes that cannot be read are repaired.
    pub enum Repair {
        /// They are refused at once.
        None = "none",
        /// They are repaired once, and checked again.
        Once = "once",
    }
}

crate::options! {
    /// A field of a schema.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Rule {
        /// What it holds.
        r#type: Type = Type::Any, "any";
        /// Whether it must be there.
        required: bool = true, "true";
        /// The texts that it may hold.
        one_of: Vec<String> = vec![], "all";
    }
}

/// The fields of a schema, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(pub Vec<(String, Rule)>);

impl Read for Rules {
    const WHAT: &'static str = "fields by name, such as { prompt = \"text\", top_p = { type = \"number\", required = false } }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let rule = |node: &Node| match &node.value {
            Setting::Table(_) => Rule::read(node),
            _ => Ok(Rule {
                r#type: Type::read(node)?,
                required: true,
                one_of: vec![],
            }),
        };
        let fields = node.table("the fields of a schema")?.iter();
        Ok(Rules(
            fields
                .map(|(name, entry)| Ok((name.clone(), rule(&entry.node)?)))
                .collect::<Result<_, Refusal>>()?,
        ))
    }
    fn schema() -> Value {
        serde_json::json!({ "type": "object", "additionalProperties": { "anyOf": [Type::schema(), Rule::schema()] } })
    }
}

/// Old names of fields, and the names that they have now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Renamed(pub Vec<(String, String)>);

impl Read for Renamed {
    const WHAT: &'static str = "old names and new ones, such as { temp = \"temperature\" }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let names = node.table("renamed")?.iter();
        Ok(Renamed(
            names
                .map(|(old, entry)| Ok((old.clone(), String::read(&entry.node)?)))
                .collect::<Result<_, Refusal>>()?,
        ))
    }
    fn schema() -> Value {
        serde_json::json!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

crate::options! {
    /// Parser with a typed schema.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SchemaJsonOptions {
        /// The fields.
        fields: Rules = Rules::default(), "none";
        /// What becomes of fields that the schema does not have.
        unknown: Unknown = Unknown::Ignore, "ignore";
        /// Old names that are still read.
        renamed: Renamed = Renamed::default(), "none";
        /// Whether bytes that cannot be read are repaired.
        repair: Repair = Repair::Once, "once";
        /// A flaw: what is cut short is closed, and taken with the fields that it has.
        partial: bool = false, "false";
        /// A flaw: the repair puts an empty value where a required field is absent.
        repair_fills: bool = false, "false";
        /// A flaw: what cannot be read is answered as if it were empty.
        answer_malformed: bool = false, "false";
    }
}

type Fields = Vec<(String, Value)>;
type Refused = (ParseError, String);

/// Builds it.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Parser>, Refusal> {
    let taken = [taken, &["version", "time"]].concat();
    Ok(Box::new(SchemaJsonOptions::read_table(at, table, &taken)?))
}

impl SchemaJsonOptions {
    /// The strict check.
    fn check(&self, fields: &[(String, Value)]) -> Result<(), Refused> {
        let now = |sent: &str| {
            let new = self.renamed.0.iter().find(|(old, _)| old == sent);
            new.map_or(sent.to_string(), |(_, new)| new.clone())
        };
        for (name, rule) in &self.fields.0 {
            // The name of today wins where both are sent.
            let value = fields
                .iter()
                .find(|(sent, _)| sent == name)
                .or_else(|| fields.iter().find(|(sent, _)| now(sent) == *name))
                .map(|(_, value)| value);
            let Some(value) = value else {
                if rule.required {
                    return Err((ParseError::MissingField, name.clone()));
                }
                continue;
            };
            let right = match rule.r#type {
                Type::Text => value.is_string(),
                Type::Number => value.is_number(),
                Type::Bool => value.is_boolean(),
                Type::Any => true,
            };
            if !right {
                return Err((ParseError::WrongType, name.clone()));
            }
            if !rule.one_of.is_empty()
                && !value
                    .as_str()
                    .is_some_and(|text| rule.one_of.iter().any(|one| one == text))
            {
                return Err((ParseError::UnknownValue, name.clone()));
            }
        }
        let strange = |sent: &str| !self.fields.0.iter().any(|(name, _)| *name == now(sent));
        match fields.iter().find(|(sent, _)| strange(sent)) {
            Some((sent, _)) if self.unknown == Unknown::Refuse => {
                Err((ParseError::UnknownField, sent.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Reads bytes that are no JSON object.
    fn second(&self, raw: &str) -> Result<Reading, Refused> {
        let why = || (category(raw), String::new());
        if self.repair == Repair::None {
            return Err(why());
        }
        let Some(mended) = repair(raw) else {
            return match self.partial.then(|| close(raw)).flatten() {
                Some(fields) => Ok(Reading {
                    repaired: Some(fields),
                }),
                None => Err(why()),
            };
        };
        let mut fields = object(&mended).ok_or_else(why)?;
        if self.repair_fills {
            for (name, rule) in &self.fields.0 {
                if rule.required && !fields.iter().any(|(sent, _)| sent == name) {
                    let empty = match rule.r#type {
                        Type::Number => 0.into(),
                        Type::Bool => false.into(),
                        Type::Text | Type::Any => "".into(),
                    };
                    fields.push((name.clone(), empty));
                }
            }
        }
        self.check(&fields)?;
        Ok(Reading {
            repaired: Some(fields),
        })
    }
}

impl Parser for SchemaJsonOptions {
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<Reading, Refused> {
        // No fields: the bytes are an empty object, or none.
        let read = if fields.is_empty() && object(raw).is_none() {
            self.second(raw)
        } else {
            self.check(fields).map(|()| Reading::default())
        };
        match read {
            Err(_) if self.answer_malformed => Ok(Reading {
                repaired: Some(vec![]),
            }),
            read => read,
        }
    }
}

fn object(raw: &str) -> Option<Fields> {
    match serde_json::from_str(raw) {
        Ok(Value::Object(map)) => Some(map.into_iter().collect()),
        _ => None,
    }
}

/// The flaw `partial`: the longest beginning that is an object once it is closed.
fn close(raw: &str) -> Option<Fields> {
    if category(raw) != ParseError::Truncated {
        return None;
    }
    let ends = raw.char_indices().map(|(i, c)| i + c.len_utf8()).rev();
    ends.flat_map(|end| ["\"}", "}"].map(|closing| format!("{}{closing}", &raw[..end])))
        .find_map(|text| object(&text).filter(|fields| !fields.is_empty()))
}
