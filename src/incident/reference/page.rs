//! A page out of a JSON Schema: one section a table, one row an option, nested tables after those that hold them.

use serde_json::{Map, Value};
use std::fmt::Write;

/// A page as it is being written.
#[derive(Default)]
pub struct Page {
    /// Markdown so far.
    pub text: String,
    /// Schemas of tables that have a section, as text without what their place says of them, and the section's path.
    told: Vec<(String, String)>,
}

/// A schema taken apart: what a value may be.
#[derive(Default)]
struct Forms<'a> {
    /// Words that it may be, with what they mean where that is known.
    words: Vec<(&'a str, &'a str)>,
    /// Tables with one set of options.
    tables: Vec<&'a Map<String, Value>>,
    /// Tables whose options go by their `kind`.
    kinds: Vec<&'a Map<String, Value>>,
    /// Tables with names of the user's choice, and what stands behind each.
    maps: Vec<&'a Value>,
    /// Lists, and what their items are.
    lists: Vec<&'a Value>,
    /// The rest.
    plain: Vec<&'a Map<String, Value>>,
}

impl<'a> Forms<'a> {
    fn of(schema: &'a Value) -> Forms<'a> {
        let mut forms = Forms::default();
        forms.add(schema);
        forms
    }

    fn add(&mut self, schema: &'a Value) {
        let Some(map) = schema.as_object() else {
            return;
        };
        if let Some(word) = map.get("const").and_then(Value::as_str) {
            self.words.push((word, words_of(map, "description")));
        } else if let Some(words) = map.get("enum").and_then(Value::as_array) {
            let words = words.iter().filter_map(Value::as_str);
            self.words.extend(words.map(|w| (w, "")));
        } else if let Some(some) = any_of(map) {
            some.iter().for_each(|s| self.add(s));
        } else if let Some(options) = options(map) {
            let kind = options.get("kind").and_then(|k| k.get("const"));
            // The default kind of a dependency need not be named.
            match kind {
                Some(_) => self.kinds.push(map),
                None => self.tables.push(map),
            }
        } else if let Some(each) = map.get("additionalProperties").filter(|s| s.is_object()) {
            self.maps.push(each);
        } else if let Some(items) = map.get("items") {
            self.lists.push(items);
        } else {
            self.plain.push(map);
        }
    }

    fn is_nested(&self) -> bool {
        let within = |s: &&Value| Forms::of(s).is_nested();
        !self.tables.is_empty()
            || !self.kinds.is_empty()
            || self.maps.iter().any(within)
            || self.lists.iter().any(within)
    }
}

fn any_of(map: &Map<String, Value>) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"]
        .iter()
        .find_map(|word| map.get(*word)?.as_array())
}

fn options(map: &Map<String, Value>) -> Option<&Map<String, Value>> {
    map.get("properties")?.as_object()
}

fn words_of<'a>(map: &'a Map<String, Value>, name: &str) -> &'a str {
    map.get(name).and_then(Value::as_str).unwrap_or("")
}

/// A schema without what its place says of it.
fn bare(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        for of_place in ["description", "default", "title", "examples"] {
            map.remove(of_place);
        }
    }
    schema.to_string()
}

/// A cell of a table: on one line, without bars.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

impl Page {
    /// A heading that can be linked to by its path.
    fn heading(&mut self, level: usize, path: &str, shown: &str) {
        let hashes = "#".repeat(level.min(6));
        let _ = write!(
            self.text,
            "\n<a id=\"{}\"></a>\n{hashes} {shown}\n\n",
            anchor(path)
        );
    }

    /// What stands behind `path`, if it is a table or holds any, and whatever it is made of. What was told before is not
    /// told again.
    pub fn section(&mut self, level: usize, path: &str, schema: &Value) {
        let forms = Forms::of(schema);
        if !forms.is_nested() {
            return;
        }
        if self.known(schema).is_some() {
            return;
        }
        self.told.push((bare(schema), path.into()));
        if !(forms.tables.is_empty() && forms.kinds.is_empty()) {
            self.heading(level, path, &format!("`{path}`"));
            if let Some(map) = schema.as_object() {
                self.about(map);
            }
            self.tables(level, path, &forms);
        }
        for each in &forms.maps {
            self.section(level, &format!("{path}.NAME"), each);
        }
        for items in &forms.lists {
            self.section(level, &format!("{path}[]"), items);
        }
    }

    /// The path under which it is told, if it is.
    fn known(&self, schema: &Value) -> Option<&str> {
        let find = |text: String| self.told.iter().find(|(known, _)| *known == text);
        let forms = Forms::of(schema);
        let alone = match (forms.tables.as_slice(), forms.kinds.is_empty()) {
            ([table], true) => find(bare(&Value::Object((*table).clone()))),
            _ => None,
        };
        let found = find(bare(schema)).or(alone);
        found.map(|(_, path)| path.as_str())
    }

    fn about(&mut self, map: &Map<String, Value>) {
        let (doc, default) = (words_of(map, "description"), words_of(map, "default"));
        let mut about = sentence(doc);
        if !default.is_empty() {
            let _ = write!(about, " If left out: {default}.");
        }
        if !about.is_empty() {
            let _ = writeln!(self.text, "{}\n", about.trim());
        }
    }

    fn tables(&mut self, level: usize, path: &str, forms: &Forms<'_>) {
        let mut nested = vec![];
        let several = forms.tables.len() > 1 || !forms.kinds.is_empty();
        for map in &forms.tables {
            let text = bare(&Value::Object((*map).clone()));
            self.told.push((text, path.into()));
            if several {
                let _ = writeln!(
                    self.text,
                    "*A table:* {}\n",
                    sentence(words_of(map, "description"))
                );
            }
            if let Some(options) = options(map) {
                let of: Vec<&str> = options.keys().map(String::as_str).collect();
                nested.extend(self.options(path, map, &of));
            }
        }
        if !forms.kinds.is_empty() {
            nested.extend(self.kinds(path, forms));
        }
        for (path, schema) in nested {
            self.section(level + 1, &path, &schema);
        }
    }

    fn kinds(&mut self, path: &str, forms: &Forms<'_>) -> Vec<(String, Value)> {
        let mut nested = vec![];
        let bare_names: Vec<String> = forms
            .words
            .iter()
            .map(|w| format!("`\"{}\"`", w.0))
            .collect();
        let _ = write!(self.text, "A table with `kind`");
        if !bare_names.is_empty() {
            let names = bare_names.join(", ");
            let _ = write!(self.text, ", or alone: {names}");
        }
        for map in &forms.plain {
            let _ = write!(self.text, ", or {}", plain(map));
        }
        self.text.push_str(".\n\n");
        // What is the same in all of them is told once.
        let of = |map: &Map<String, Value>| options(map).cloned().unwrap_or_default();
        let all: Vec<Map<String, Value>> = forms.kinds.iter().map(|m| of(m)).collect();
        let shared: Vec<&str> = match all.split_first() {
            Some((first, rest)) if !rest.is_empty() => first
                .iter()
                .filter(|(name, schema)| {
                    *name != "kind" && rest.iter().all(|other| other.get(*name) == Some(*schema))
                })
                .map(|(name, _)| name.as_str())
                .collect(),
            _ => vec![],
        };
        if let (false, Some(first)) = (shared.is_empty(), forms.kinds.first()) {
            self.text.push_str("Every kind has these:\n\n");
            nested.extend(self.options(path, first, &shared));
        }
        for map in &forms.kinds {
            let options = of(map);
            let kind = &options["kind"];
            let name = words_of_value(kind, "const");
            let unnamed = match kind.get("default") {
                Some(_) => " (`kind` may be left out)",
                None => "",
            };
            let _ = writeln!(
                self.text,
                "**`kind = \"{name}\"`**{unnamed}: {}\n",
                sentence(words_of(map, "description"))
            );
            let own: Vec<&str> = options
                .keys()
                .map(String::as_str)
                .filter(|name| *name != "kind" && !shared.contains(name))
                .collect();
            nested.extend(self.options(path, map, &own));
        }
        nested
    }

    /// The rows of a table's options, of these names; hands over those that need sections of their own.
    pub fn options(
        &mut self,
        path: &str,
        map: &Map<String, Value>,
        names: &[&str],
    ) -> Vec<(String, Value)> {
        let mut nested = vec![];
        let Some(options) = options(map) else {
            return nested;
        };
        if names.is_empty() {
            return nested;
        }
        self.text
            .push_str("| option | what it is | a right value | if left out |\n|---|---|---|---|\n");
        for name in names {
            let schema = &options[*name];
            let inner = match path {
                "" => name.to_string(),
                path => format!("{path}.{name}"),
            };
            let required = map.get("required").and_then(Value::as_array);
            let required = required.is_some_and(|all| all.iter().any(|r| r == name));
            let default = match (required, words_of_value(schema, "default")) {
                (true, _) => "**required**".to_string(),
                (false, "") => "nothing".into(),
                (false, default) => default.to_string(),
            };
            let value = self.value(&inner, schema);
            let _ = writeln!(
                self.text,
                "| `{name}` | {} | {} | {} |",
                cell(words_of_value(schema, "description")),
                cell(&value),
                cell(&default)
            );
            nested.push((inner, schema.clone()));
        }
        self.text.push('\n');
        nested
    }

    /// What a right value looks like, in words.
    fn value(&self, path: &str, schema: &Value) -> String {
        let forms = Forms::of(schema);
        let title = words_of_value(schema, "title");
        let link = |path: &str, schema: &Value| {
            let path = self.known(schema).unwrap_or(path);
            format!("[{path}](#{})", anchor(path))
        };
        if !title.is_empty() {
            // The section is that of what stands behind the names, or of the items.
            let (mut at, mut of) = (path.to_string(), schema);
            loop {
                let inner = Forms::of(of);
                match (inner.maps.first(), inner.lists.first()) {
                    _ if !(inner.tables.is_empty() && inner.kinds.is_empty()) => break,
                    (Some(each), _) => (at, of) = (format!("{at}.NAME"), each),
                    (_, Some(items)) => (at, of) = (format!("{at}[]"), items),
                    _ => break,
                }
            }
            return match forms.is_nested() {
                true => format!("{title}: see {}", link(&at, of)),
                false => title.to_string(),
            };
        }
        let mut said: Vec<String> = vec![];
        if forms.is_nested() && forms.kinds.len() + forms.tables.len() > 0 {
            said.push(format!("the table {}", link(path, schema)));
        } else {
            for (word, meaning) in &forms.words {
                said.push(match *meaning {
                    "" => format!("`\"{word}\"`"),
                    meaning => format!("`\"{word}\"` ({})", meaning.trim().trim_end_matches('.')),
                });
            }
        }
        for map in &forms.plain {
            said.push(plain(map));
        }
        for each in &forms.maps {
            let inner = self.value(&format!("{path}.NAME"), each);
            said.push(format!(
                "a table of names of your choice, each with {inner}"
            ));
        }
        for items in &forms.lists {
            let inner = self.value(&format!("{path}[]"), items);
            said.push(format!("a list, each item: {inner}"));
        }
        said.join(", or ")
    }
}

fn words_of_value<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or("")
}

fn sentence(doc: &str) -> String {
    let doc = doc.trim();
    match doc.chars().next() {
        None => String::new(),
        Some(first) => {
            let rest = &doc[first.len_utf8()..];
            format!("{}{}.", first.to_uppercase(), rest.trim_end_matches('.'))
        }
    }
}

fn anchor(path: &str) -> String {
    path.replace("[]", "").replace(['.', ' '], "-")
}

/// What is no table, list or word.
fn plain(map: &Map<String, Value>) -> String {
    if let Some(title) = map.get("title").and_then(Value::as_str) {
        return title.into();
    }
    let bound = |name: &str| map.get(name).and_then(Value::as_f64);
    let range = match (bound("minimum"), bound("maximum")) {
        (Some(low), Some(high)) if high < 4e9 => format!(" from {low} to {high}"),
        (Some(low), _) => format!(", {low} or more"),
        _ => String::new(),
    };
    let examples: Vec<String> = map
        .get("examples")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|e| format!("`{e}`"))
        .collect();
    let such = match examples.is_empty() {
        true => String::new(),
        false => format!(" such as {}", examples.join(" or ")),
    };
    match map.get("type") {
        Some(Value::String(kind)) => match kind.as_str() {
            "boolean" => "`true` or `false`".into(),
            "integer" => format!("a whole number{range}"),
            "number" => format!("a number{range}"),
            "object" => "a table".into(),
            _ => format!("a text{such}"),
        },
        Some(Value::Array(_)) if !such.is_empty() => such.trim_start_matches(" such as ").into(),
        _ if map.contains_key("const") => format!("`{}`", map["const"]),
        _ => "as is said of it".into(),
    }
}
