//! A tree of located values: what a TOML file says, and where it says it. Overlays, `--set` and deploys
//! patch the tree by dotted path, and each patched value keeps its own place for later refusals.

use super::{
    refusal::{Refusal, suggestion},
    source::{At, Source},
};
use indexmap::IndexMap;
use std::sync::Arc;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is written.
    pub value: Value,
    /// Where.
    pub at: At,
}

/// A value of TOML, without dates, which no option needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction; NaN and infinities are refused on reading.
    Float(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// A table, inline or not.
    Table(Table),
}

/// A table's entries in the order of the file.
pub type Table = IndexMap<String, Entry>;

/// One entry of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub key: At,
    /// What it is set to.
    pub node: Node,
}

impl Node {
    /// Parses a whole TOML document.
    ///
    /// # Errors
    /// The first syntax error, at its place.
    pub fn parse(source: &Arc<Source>) -> Result<Node, Refusal> {
        let parsed = toml::de::DeTable::parse(&source.text).map_err(|e| {
            let range = e.span().unwrap_or(0..0);
            Refusal::text(source, range, e.message().to_string()).help("this is not valid TOML")
        })?;
        let range = parsed.span();
        let value = table(parsed.into_inner(), source)?;
        Ok(Node {
            value,
            at: At {
                source: source.clone(),
                range,
            },
        })
    }

    /// Parses one value as it would stand after `=`; a bare word is a string, so that
    /// `--set service.cache.ttl=1m` needs no quotes.
    ///
    /// # Errors
    /// When the text opens like a list, table or string and is not one.
    pub fn parse_value(source: &Arc<Source>) -> Result<Node, Refusal> {
        let text = source.text.trim();
        if let Ok(parsed) = toml::de::DeValue::parse(text) {
            return node(parsed, source);
        }
        if text.starts_with(['[', '{', '"', '\'']) {
            return Err(Refusal::at(&At::whole(source), "this is not a TOML value")
                .help("write a number, true, \"text\", [a, b] or { a = b }"));
        }
        Ok(Node {
            value: Value::Text(text.into()),
            at: At::whole(source),
        })
    }

    /// The table within, or a refusal that says `what` was expected.
    pub fn table(&self, what: &str) -> Result<&Table, Refusal> {
        match &self.value {
            Value::Table(t) => Ok(t),
            _ => Err(self.wrong(&format!("{what} is a table"))),
        }
    }

    /// The node at a dotted path, if it is there. A number, or its `name`, is an item of a list: `timeline.0.fault`.
    pub fn get(&self, path: &str) -> Option<&Node> {
        let mut here = self;
        for part in path.split('.') {
            match &here.value {
                Value::Table(t) => here = &t.get(part)?.node,
                Value::List(items) => here = items.get(place_of(items, part)?)?,
                _ => return None,
            }
        }
        Some(here)
    }

    /// Sets the node at a dotted path, making tables on the way; an item of a list has to be there. Whether the path
    /// means anything is found out when the patched tree is read.
    ///
    /// # Errors
    /// When a step of the path goes through a value that is no table, or to an item that a list lacks.
    pub fn set(&mut self, path: &str, key: &At, new: Node) -> Result<(), Refusal> {
        let (first, rest) = path
            .split_once('.')
            .map_or((path, None), |(a, b)| (a, Some(b)));
        if first.is_empty() {
            return Err(Refusal::at(key, "a dotted path has an empty part"));
        }
        if let Value::List(items) = &mut self.value {
            let among = items.len();
            let place = place_of(items, first);
            let item = place.and_then(|i: usize| items.get_mut(i));
            return match (item, rest) {
                (Some(item), Some(rest)) => item.set(rest, key, new),
                (Some(item), None) => {
                    *item = new;
                    Ok(())
                }
                (None, _) => {
                    let message = format!("\"{first}\" is no item of a list of {among}");
                    Err(Refusal::at(key, message)
                        .help("items are numbered from 0, or called by their `name`"))
                }
            };
        }
        let Value::Table(entries) = &mut self.value else {
            return Err(Refusal::at(
                key,
                format!("\"{path}\" goes through a value that is no table"),
            ));
        };
        match rest {
            None => {
                entries.insert(
                    first.into(),
                    Entry {
                        key: key.clone(),
                        node: new,
                    },
                );
                Ok(())
            }
            Some(rest) => {
                let empty = || Node {
                    value: Value::Table(Table::new()),
                    at: key.clone(),
                };
                let entry = entries.entry(first.into()).or_insert_with(|| Entry {
                    key: key.clone(),
                    node: empty(),
                });
                match &mut entry.node.value {
                    Value::Table(_) | Value::List(_) => entry.node.set(rest, key, new),
                    other => {
                        let refusal = Refusal::at(
                            key,
                            format!("\"{first}\" is no table, so \"{path}\" leads nowhere"),
                        );
                        Err(match other {
                            Value::Text(kind) => refusal.help(format!(
                                "where it stands, write {first} = {{ kind = \"{kind}\", ... }}"
                            )),
                            _ => refusal,
                        })
                    }
                }
            }
        }
    }

    /// Lays another table over this one: tables merge, everything else is replaced, and so is what is of another `kind`:
    /// its options are others.
    pub fn overlay(&mut self, over: &Table) {
        if let Value::Table(entries) = &mut self.value {
            for (name, entry) in over {
                match (entries.get_mut(name), &entry.node.value) {
                    (Some(old), Value::Table(new)) if old.node.is_like(new) => {
                        old.node.overlay(new)
                    }
                    _ => {
                        entries.insert(name.clone(), entry.clone());
                    }
                }
            }
        }
    }

    /// Whether it is a table that does not say another `kind` than this one does.
    fn is_like(&self, other: &Table) -> bool {
        let Value::Table(own) = &self.value else {
            return false;
        };
        match (own.get("kind"), other.get("kind")) {
            (Some(a), Some(b)) => match (&a.node.value, &b.node.value) {
                (Value::Text(a), Value::Text(b)) => a == b,
                _ => true,
            },
            _ => true,
        }
    }

    /// The value as JSON writes it; null for a number that JSON does not have.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Bool(b) => (*b).into(),
            Value::Integer(i) => (*i).into(),
            Value::Float(x) => (*x).into(),
            Value::Text(t) => t.as_str().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Table(table) => {
                let fields = table.iter().map(|(k, e)| (k.clone(), e.node.to_json()));
                serde_json::Value::Object(fields.collect())
            }
        }
    }

    /// A refusal of this node: `expected` says what would be right.
    pub fn wrong(&self, expected: &str) -> Refusal {
        Refusal::at(&self.at, format!("found {}", self.found())).help(expected.to_string())
    }

    /// The value in words, for messages.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Bool(b) => format!("{b}"),
            Value::Integer(i) => format!("the number {i}"),
            Value::Float(x) => format!("the number {x}"),
            Value::Text(t) => format!("\"{t}\""),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }
}

/// Refuses the first entry of a table that is not `known`.
pub(super) fn refuse_unknown(entries: &Table, known: &[&str], what: &str) -> Result<(), Refusal> {
    match entries
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        Some((name, entry)) => Err(Refusal::at(
            &entry.key,
            format!("{what} has no option \"{name}\""),
        )
        .help(suggestion(name, known.iter().copied()))),
        None => Ok(()),
    }
}

/// Where an item of a list stands, by its `name` or its place from 0.
fn place_of(items: &[Node], part: &str) -> Option<usize> {
    let named = |node: &Node| {
        let name = node.get("name").map(|n| &n.value);
        matches!(name, Some(Value::Text(name)) if name == part)
    };
    items.iter().position(named).or(part.parse().ok())
}

fn table(parsed: toml::de::DeTable<'_>, source: &Arc<Source>) -> Result<Value, Refusal> {
    let mut entries: Vec<(std::ops::Range<usize>, String, Entry)> = Vec::new();
    for (key, value) in parsed {
        let at = At {
            source: source.clone(),
            range: key.span(),
        };
        entries.push((
            key.span(),
            key.into_inner().into_owned(),
            Entry {
                key: at,
                node: node(value, source)?,
            },
        ));
    }
    // The parser sorts by name; people wrote an order.
    entries.sort_by_key(|(span, ..)| span.start);
    Ok(Value::Table(
        entries
            .into_iter()
            .map(|(_, name, entry)| (name, entry))
            .collect(),
    ))
}

fn node(
    parsed: toml::Spanned<toml::de::DeValue<'_>>,
    source: &Arc<Source>,
) -> Result<Node, Refusal> {
    use toml::de::DeValue;
    let at = At {
        source: source.clone(),
        range: parsed.span(),
    };
    let refuse = |message: &str| Refusal::at(&at, message.to_string());
    let value =
        match parsed.into_inner() {
            DeValue::Boolean(b) => Value::Bool(b),
            DeValue::Integer(i) => {
                let text = i.as_str().replace('_', "");
                Value::Integer(
                    i64::from_str_radix(&text, i.radix())
                        .map_err(|_| refuse("this number does not fit 64 bits"))?,
                )
            }
            DeValue::Float(x) => {
                let x: f64 = x
                    .as_str()
                    .replace('_', "")
                    .parse()
                    .map_err(|_| refuse("this is not a number"))?;
                if !x.is_finite() {
                    return Err(refuse("a number must be finite")
                        .help("NaN and infinity mean nothing here"));
                }
                Value::Float(x)
            }
            DeValue::String(s) => Value::Text(s.into_owned()),
            DeValue::Array(list) => Value::List(
                list.into_iter()
                    .map(|n| node(n, source))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(t) => table(t, source)?,
            // A day may be written without quotes. Who wants another kind of text says so.
            DeValue::Datetime(day) if day.time.is_none() && day.offset.is_none() => {
                Value::Text(day.to_string())
            }
            DeValue::Datetime(_) => {
                return Err(refuse("times of day have no meaning here")
                    .help("write a text, such as \"20m\""));
            }
        };
    Ok(Node { value, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_another_kind_replaces_and_one_of_the_same_merges() {
        let parse = |text: &str| Node::parse(&Source::new("x", text)).unwrap();
        let laid = |over: &str| {
            let mut file = parse("[a]\nkind = \"poisson\"\nrate = 1\nx = { y = 1 }");
            file.overlay(parse(over).table("over").unwrap());
            file.to_json().to_string()
        };
        let other = laid("[a]\nkind = \"diurnal\"\nlow = 2");
        assert_eq!(other, r#"{"a":{"kind":"diurnal","low":2}}"#);
        let same = laid("[a]\nkind = \"poisson\"\nx = { z = 2 }");
        assert_eq!(
            same,
            r#"{"a":{"kind":"poisson","rate":1,"x":{"y":1,"z":2}}}"#
        );
    }
}
