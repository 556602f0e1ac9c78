//! A typed schema as a file says it: fields, defaults, old names, and what earlier versions said.

use super::MAX_DEPTH;
use crate::config::{At, Bytes, Node, Read, Refusal, Table, Value as Setting, suggestion};
use serde_json::Value;
use std::collections::BTreeMap;

crate::choice! {
    /// What a field holds.
    pub enum Type {
        /// A text.
        Text = "text",
        /// A whole number.
        Integer = "integer",
        /// A number.
        Number = "number",
        /// true or false.
        Bool = "bool",
        /// A list.
        List = "list",
        /// An object.
        Object = "object",
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

crate::choice! {
    /// How the repair finds the end of a text: escapes, or (a flaw) cut, at an escaped quote before a comma.
    pub enum Quotes {
        /// At the quote that no backslash escapes.
        Escapes = "escapes",
        /// A flaw: at an escaped quote before a comma.
        Cut = "cut",
    }
}

/// A JSON value, as TOML writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Value);

impl Read for Json {
    const WHAT: &'static str = "a value";
    fn read(node: &Node) -> Result<Self, Refusal> {
        Ok(Json(node.to_json()))
    }
    fn schema() -> Value {
        serde_json::json!({})
    }
}

crate::options! {
    /// A field of a schema.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Rule {
        /// What it holds.
        r#type: Type = Type::Any, "any";
        /// Whether it must be there, unless it has a default.
        required: bool = true, "true";
        /// What it is where it is absent.
        default: Option<Json> = None, "none";
        /// The texts that it may hold.
        one_of: Vec<String> = vec![], "all";
        /// The text that a text of none of these is read as, in place of an error.
        other: Option<String> = None, "none";
        /// How a text is written.
        format: Format = Format::Any, "any";
        /// Of a list of objects: the fields of each. One that is wrong makes the whole wrong.
        members: Members = Members::default(), "any";
        /// Whether a value of another type that spells one of this type is read: "0.7" for 0.7, 3 for "3".
        coerce: bool = false, "false";
    }
}

impl Rule {
    /// A field of this type that must be there.
    pub fn of(r#type: Type) -> Rule {
        Rule {
            r#type,
            required: true,
            default: None,
            one_of: vec![],
            other: None,
            format: Format::Any,
            members: Members::default(),
            coerce: false,
        }
    }

    /// Whether a payload without it is refused.
    pub fn must_be_there(&self) -> bool {
        self.required && self.default.is_none()
    }

    /// Whether a value is right; another value where it was coerced.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn fits(&self, value: &Value) -> Result<Option<Value>, super::ParseError> {
        let coerced = match self.r#type.holds(value) {
            true => None,
            false if self.coerce => {
                Some(coerce(self.r#type, value).ok_or(super::ParseError::WrongType)?)
            }
            false => return Err(super::ParseError::WrongType),
        };
        let text = coerced.as_ref().unwrap_or(value).as_str();
        let known = |text: &str| self.one_of.iter().any(|one| one == text);
        if !self.one_of.is_empty() && !text.is_some_and(known) {
            return match &self.other {
                Some(other) => Ok(Some(other.as_str().into())),
                None => Err(super::ParseError::UnknownValue),
            };
        }
        if text.is_some_and(|text| !self.format.holds(text)) {
            return Err(super::ParseError::WrongFormat);
        }
        Ok(coerced)
    }

    /// The same, and the members of a list.
    ///
    /// # Errors
    /// What is wrong, and where under this field's name.
    pub fn reads(&self, name: &str, value: &Value) -> Result<Option<Value>, super::Refused> {
        let coerced = self.fits(value).map_err(|why| (why, name.to_string()))?;
        let (Members(Rules(rules)), Value::Array(list)) = (&self.members, value) else {
            return Ok(coerced);
        };
        let mut read: Option<Vec<Value>> = None;
        for (rule_name, rule) in rules {
            let path = || format!("{name}[].{rule_name}");
            for (i, member) in list.iter().enumerate() {
                let Value::Object(object) = member else {
                    return Err((super::ParseError::WrongType, format!("{name}[]")));
                };
                match object.get(rule_name) {
                    None if rule.required && rule.default.is_none() => {
                        return Err((super::ParseError::MissingField, path()));
                    }
                    None => {}
                    Some(value) => {
                        if let Some(new) = rule.reads(&path(), value)? {
                            let read = read.get_or_insert_with(|| list.clone());
                            read[i][rule_name.as_str()] = new;
                        }
                    }
                }
            }
        }
        Ok(read.map(Value::Array).or(coerced))
    }
}

impl Type {
    /// Whether a value is of this type.
    pub fn holds(self, value: &Value) -> bool {
        match self {
            Type::Text => value.is_string(),
            Type::Integer => value.is_i64() || value.is_u64(),
            Type::Number => value.is_number(),
            Type::Bool => value.is_boolean(),
            Type::List => value.is_array(),
            Type::Object => value.is_object(),
            Type::Any => true,
        }
    }
}

/// Whole numbers that a double holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value of a type that another value spells.
fn coerce(to: Type, value: &Value) -> Option<Value> {
    match (to, value) {
        (Type::Text, Value::Number(n)) => Some(n.to_string().into()),
        (Type::Text, Value::Bool(b)) => Some(b.to_string().into()),
        (Type::Integer, Value::Number(n)) => {
            let x = n.as_f64()?;
            (x.fract() == 0.0 && x.abs() < EXACT).then(|| (x as i64).into())
        }
        (Type::Integer, Value::String(s)) => s.parse::<i64>().ok().map(Value::from),
        (Type::Number, Value::String(s)) => {
            let n: Value = serde_json::from_str(s).ok()?;
            n.is_number().then_some(n)
        }
        (Type::Bool, Value::String(s)) => s.parse::<bool>().ok().map(Value::from),
        _ => None,
    }
}

crate::choice! {
    /// How a text is written.
    pub enum Format {
        /// In any way.
        Any = "any",
        /// As a day: 2026-11-25.
        Date = "date",
        /// In digits alone.
        Digits = "digits",
    }
}

impl Format {
    /// Whether a text is written so.
    pub fn holds(self, text: &str) -> bool {
        let digits =
            |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
        match self {
            Format::Any => true,
            Format::Digits => !text.is_empty() && digits(text, text.len()),
            Format::Date => {
                let parts: Vec<&str> = text.split('-').collect();
                matches!(parts[..], [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2))
            }
        }
    }
}

/// The fields of a list's members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members(pub Rules);

impl Read for Members {
    const WHAT: &'static str = Rules::WHAT;
    fn read(node: &Node) -> Result<Self, Refusal> {
        Rules::read(node).map(Members)
    }
    /// Without what is in a rule: rules have members, which have rules.
    fn schema() -> Value {
        serde_json::json!({ "type": "object", "additionalProperties": { "type": ["string", "object"] } })
    }
}

/// The fields of a schema, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(pub Vec<(String, Rule)>);

impl Rules {
    /// The rule of a name.
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, rule)| rule)
    }
}

impl Read for Rules {
    const WHAT: &'static str = "fields by name, such as { prompt = \"text\", top_p = { type = \"number\", default = 0.95 } }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let rule = |node: &Node| -> Result<Rule, Refusal> {
            let rule = match &node.value {
                Setting::Table(_) => Rule::read(node)?,
                _ => Rule::of(Type::read(node)?),
            };
            if !rule.one_of.is_empty() && !matches!(rule.r#type, Type::Text | Type::Any) {
                let message = "only a text can be one of some texts";
                return Err(Refusal::at(&node.at, message).help("type = \"text\""));
            }
            if !rule.members.0.0.is_empty() && rule.r#type != Type::List {
                let message = "only a list has members";
                return Err(Refusal::at(&node.at, message).help("type = \"list\""));
            }
            if let Some(Json(default)) = &rule.default
                && rule.fits(default) != Ok(None)
            {
                let at = node.get("default").map_or(&node.at, |n| &n.at);
                let message = format!("the default {default} is none that this field can hold");
                return Err(Refusal::at(at, message));
            }
            Ok(rule)
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

impl Renamed {
    /// The name of today of an old one.
    pub fn now(&self, old: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == old);
        found.map(|(_, new)| new.as_str())
    }

    fn check(&self, at: &At, fields: &BTreeMap<&str, &Rule>) -> Result<(), Refusal> {
        for (old, new) in &self.0 {
            if !fields.contains_key(new.as_str()) {
                let known = fields.keys().copied();
                let message = format!("\"{old}\" is renamed to \"{new}\", which is no field");
                return Err(Refusal::at(at, message).help(suggestion(new, known)));
            }
            if fields.contains_key(old.as_str()) {
                let message = format!("\"{old}\" is an old name, and a field of its own");
                return Err(Refusal::at(at, message).help("an old name is one that is free now"));
            }
        }
        Ok(())
    }
}

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

/// Fields with a value each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults(pub Vec<(String, Value)>);

impl Read for Defaults {
    const WHAT: &'static str = "values by field, such as { temperature = 1.0 }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let table = node.table("defaults")?.iter();
        Ok(Defaults(
            table.map(|(k, e)| (k.clone(), e.node.to_json())).collect(),
        ))
    }
    fn schema() -> Value {
        serde_json::json!({ "type": "object" })
    }
}

crate::options! {
    /// How payloads of an earlier version become those of today.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Migration {
        /// Names that this version used.
        renamed: Renamed = Renamed::default(), "none";
        /// What an absent field meant in this version, where that is not the default of today.
        defaults: Defaults = Defaults::default(), "none";
    }
}

/// Migrations by the version that they begin with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions(pub Vec<(i64, Migration)>);

impl Read for Versions {
    const WHAT: &'static str =
        "migrations by version, such as { 1 = { renamed = { temp = \"temperature\" } } }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let mut all = vec![];
        for (key, entry) in node.table("versions")? {
            let number = key.parse::<i64>().ok().filter(|n| *n >= 0);
            let number = number.ok_or_else(|| {
                Refusal::at(&entry.key, format!("\"{key}\" is no version"))
                    .help("versions are whole numbers, 0 or more")
            })?;
            all.push((number, Migration::read(&entry.node)?));
        }
        Ok(Versions(all))
    }
    fn schema() -> Value {
        serde_json::json!({ "type": "object", "additionalProperties": Migration::schema() })
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
        /// Old names that are still read, in payloads of any version.
        renamed: Renamed = Renamed::default(), "none";
        /// The field with the payload's version.
        version_field: Option<String> = None, "none";
        /// The version of the schema. Newer payloads are read as far as `unknown` lets them.
        schema_version: u32 = 1, "1";
        /// The version of payloads that name none.
        unversioned: u32 = 1, "1";
        /// How payloads of earlier versions are read.
        versions: Versions = Versions::default(), "none";
        /// Whether bytes that cannot be read are repaired.
        repair: Repair = Repair::Once, "once";
        /// The longest payload that is looked at.
        max_bytes: Bytes = Bytes(1_000_000), "1MB";
        /// The deepest nesting that is read, the object itself included.
        max_depth: u32 = 32, "32";
        /// How the repair finds the end of a text: escapes, or (a flaw) cut, at an escaped quote before a comma.
        quotes: Quotes = Quotes::Escapes, "escapes";
        /// A flaw: what is cut short is closed, and taken with the fields that it has.
        partial: bool = false, "false";
        /// A flaw: the repair puts an empty value where a required field is absent.
        repair_fills: bool = false, "false";
        /// A flaw: what cannot be read is answered as if it were empty.
        answer_malformed: bool = false, "false";
        /// A flaw: where a field is sent under both names, the old one is read.
        old_name_wins: bool = false, "false";
    }
}

impl SchemaJsonOptions {
    /// Options that say nothing: an object of any fields.
    pub(super) fn plain() -> SchemaJsonOptions {
        SchemaJsonOptions {
            fields: Rules::default(),
            unknown: Unknown::Ignore,
            renamed: Renamed::default(),
            version_field: None,
            schema_version: 1,
            unversioned: 1,
            versions: Versions::default(),
            repair: Repair::Once,
            max_bytes: Bytes(1_000_000),
            max_depth: 32,
            quotes: Quotes::Escapes,
            partial: false,
            repair_fills: false,
            answer_malformed: false,
            old_name_wins: false,
        }
    }

    /// Refuses what contradicts itself.
    pub(super) fn check(&self, at: &At, table: &Table) -> Result<(), Refusal> {
        let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
        if self.max_bytes.0 == 0 {
            let help = "max_bytes is a size such as \"1MB\"";
            let message = "a parser that looks at no byte reads nothing";
            return Err(Refusal::at(place("max_bytes"), message).help(help));
        }
        if !(1..=MAX_DEPTH as u32).contains(&self.max_depth) {
            let message = format!(
                "a nesting of {} is none that can be read here",
                self.max_depth
            );
            let help = format!("max_depth is 1 to {MAX_DEPTH}");
            return Err(Refusal::at(place("max_depth"), message).help(help));
        }
        let fields = self.fields.0.iter();
        let fields: BTreeMap<_, _> = fields.map(|(name, rule)| (name.as_str(), rule)).collect();
        self.renamed.check(place("renamed"), &fields)?;
        let versions = place("versions");
        if !self.versions.0.is_empty() && self.version_field.is_none() {
            let message = "versions are told apart by a field, which is not named";
            return Err(Refusal::at(versions, message).help("version_field = \"schema_version\""));
        }
        for (number, migration) in &self.versions.0 {
            if *number >= i64::from(self.schema_version) {
                let message = format!("version {number} is not an earlier one");
                let help = format!("the schema is version {}", self.schema_version);
                return Err(Refusal::at(versions, message).help(help));
            }
            migration.renamed.check(versions, &fields)?;
            for (name, value) in &migration.defaults.0 {
                let rule = fields.get(name.as_str());
                if rule.is_none_or(|rule| rule.fits(value) != Ok(None)) {
                    let message = format!("{value} is no default of a field \"{name}\"");
                    return Err(Refusal::at(versions, message));
                }
            }
        }
        Ok(())
    }
}
