//! A tree, written as TOML again: what a program writes for people to keep and to change.

use super::node::{Node, Table, Value};
use std::fmt::Write;

impl Node {
    /// A whole file: plain values first, then a `[table]` for each table and a `[[list]]` for each item of a list of
    /// tables, what is inside of them on one line each. Comments are lost. Reading it gives the same tree.
    pub fn to_file(&self) -> String {
        let Value::Table(top) = &self.value else {
            return self.to_inline();
        };
        let mut text = String::new();
        let tables = |node: &Node| match &node.value {
            Value::Table(_) => true,
            Value::List(items) => {
                !items.is_empty() && items.iter().all(|i| matches!(i.value, Value::Table(_)))
            }
            _ => false,
        };
        for (name, entry) in top.iter().filter(|(_, e)| !tables(&e.node)) {
            let _ = writeln!(text, "{} = {}", key(name), entry.node.to_inline());
        }
        for (name, entry) in top.iter().filter(|(_, e)| tables(&e.node)) {
            match &entry.node.value {
                Value::Table(table) => section(&mut text, &format!("[{}]", key(name)), table),
                Value::List(items) => {
                    for item in items {
                        if let Value::Table(table) = &item.value {
                            section(&mut text, &format!("[[{}]]", key(name)), table);
                        }
                    }
                }
                _ => {}
            }
        }
        text
    }

    /// A value on one line.
    pub fn to_inline(&self) -> String {
        match &self.value {
            Value::Bool(b) => b.to_string(),
            Value::Integer(i) => i.to_string(),
            // With its point or exponent, so that it is read as a float again.
            Value::Float(x) => format!("{x:?}"),
            Value::Text(text) => quoted(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Node::to_inline).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Table(table) if table.is_empty() => "{}".into(),
            Value::Table(table) => {
                let one = |(name, entry): (&String, &super::Entry)| {
                    format!("{} = {}", key(name), entry.node.to_inline())
                };
                let all: Vec<String> = table.iter().map(one).collect();
                format!("{{ {} }}", all.join(", "))
            }
        }
    }
}

fn section(text: &mut String, heading: &str, table: &Table) {
    let _ = writeln!(text, "\n{heading}");
    for (name, entry) in table {
        let _ = writeln!(text, "{} = {}", key(name), entry.node.to_inline());
    }
}

/// A key, in quotes where it needs them.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) {
        name.into()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{At, Entry, Source};
    use proptest::prelude::*;

    fn node(value: Value) -> Node {
        Node {
            value,
            at: At::nowhere(),
        }
    }

    fn table(fields: Vec<(String, Node)>) -> Node {
        let entry = |(name, node)| {
            (
                name,
                Entry {
                    key: At::nowhere(),
                    node,
                },
            )
        };
        node(Value::Table(fields.into_iter().map(entry).collect()))
    }

    fn trees() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Integer),
            (-1e300..1e300).prop_map(Value::Float),
            ".*".prop_map(Value::Text),
        ];
        let leaf = leaf.prop_map(node);
        leaf.prop_recursive(3, 24, 4, |inner| {
            let fields = prop::collection::vec((".*", inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|l| node(Value::List(l))),
                fields.prop_map(table),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(fields in prop::collection::vec((".*", trees()), 0..5)) {
            let tree = table(fields);
            let text = tree.to_file();
            let again = Node::parse(&Source::new("x.toml", text.clone()));
            let again = again.map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            // The order of a file's tables is another: JSON with sorted keys tells no order.
            let sorted = |n: &Node| n.to_json().as_object().cloned().map(|mut o| { o.sort_keys(); o });
            prop_assert_eq!(sorted(&again), sorted(&tree), "{}", text);
        }
    }
}
