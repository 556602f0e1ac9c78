//! One declared table per kind of thing: it gives the reader, the places for refusals, the JSON Schema
//! and the reference page. See [`options!`](crate::options).

use super::{
    node::{Entry, Node, Table, Value, refuse_unknown},
    refusal::{Refusal, suggestion},
    source::At,
};
use serde_json::json;

/// A type that can be read from a located value.
pub trait Read: Sized {
    /// What a right value looks like, as the end of a sentence: `a rate such as "50/s"`.
    const WHAT: &'static str;
    /// Reads it.
    ///
    /// # Errors
    /// A refusal at the value's place, saying what would be right.
    fn read(node: &Node) -> Result<Self, Refusal>;
    /// Its JSON Schema.
    fn schema() -> serde_json::Value;
}

/// A struct that `options!` declared: it can say which options it has.
pub trait Options: Read {
    /// What the options are for, one sentence.
    const DOC: &'static str;
    /// The options, in the order of their declaration.
    fn fields() -> Vec<Field>;
    /// Reads the options from a table whose entries named in `taken` are somebody else's, such as `kind`.
    ///
    /// # Errors
    /// The first option that is unknown, missing or wrong.
    fn read_table(at: &At, table: &Table, taken: &[&str]) -> Result<Self, Refusal>;
}

/// One option of a kind, for the schema, the reference page and `gameday list`.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in the file.
    pub name: &'static str,
    /// What it means, with units.
    pub doc: &'static str,
    /// What a right value looks like.
    pub what: &'static str,
    /// Its value when the file says nothing, in words; `None` when it must be given.
    pub default: Option<&'static str>,
    /// JSON Schema of its value.
    pub schema: serde_json::Value,
}

/// A named implementation in a registry: what the user writes as `kind = "name"`.
pub struct Kind<T: 'static> {
    /// As written in the file.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its options.
    pub fields: fn() -> Vec<Field>,
    /// Reads the options (all but `kind`) and builds the value.
    pub build: fn(&At, &Table, &[&str]) -> Result<T, Refusal>,
}

/// Reads a table entry by entry and knows which names were asked for.
pub struct Reader<'a> {
    at: At,
    table: &'a Table,
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `table`, which is `what` (for messages) and stands at `at`.
    pub fn new(at: &At, table: &'a Table, what: &'static str) -> Reader<'a> {
        Reader {
            at: at.clone(),
            table,
            what,
        }
    }

    /// The entry, if it is there.
    pub fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.table.get(name)
    }

    /// The value, if it is there.
    ///
    /// # Errors
    /// When it is there and wrong.
    pub fn optional<T: Read>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.table
            .get(name)
            .map(|entry| T::read(&entry.node))
            .transpose()
    }

    /// The value, which must be there.
    ///
    /// # Errors
    /// When it is missing or wrong.
    pub fn required<T: Read>(&self, name: &str) -> Result<T, Refusal> {
        self.optional(name)?.ok_or_else(|| {
            Refusal::at(&self.at, format!("{} lacks \"{name}\"", self.what))
                .help(format!("\"{name}\" is {}", T::WHAT))
        })
    }

    /// Refuses entries other than `known`.
    ///
    /// # Errors
    /// The first unknown entry, with a suggestion.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        refuse_unknown(self.table, known, self.what)
    }
}

/// Looks a `kind = "..."` up in its registry and builds it. A bare text is a kind without options.
///
/// # Errors
/// An unknown kind (with the list of known ones), or what its options are refused for.
pub fn pick<T>(kinds: &[Kind<T>], what: &'static str, node: &Node) -> Result<T, Refusal> {
    let empty = Table::new();
    let (name, at, table) = match &node.value {
        Value::Text(name) => (name.as_str(), &node.at, &empty),
        Value::Table(table) => {
            let Some(entry) = table.get("kind") else {
                return Err(Refusal::at(&node.at, format!("this {what} has no kind"))
                    .help(format!("add kind = \"...\"; {}", known(kinds))));
            };
            match &entry.node.value {
                Value::Text(name) => (name.as_str(), &entry.node.at, table),
                _ => {
                    return Err(entry
                        .node
                        .wrong(&format!("the kind of {what}; {}", known(kinds))));
                }
            }
        }
        _ => {
            return Err(node.wrong(&format!(
                "a {what} such as {{ kind = \"{}\", ... }}",
                kinds[0].name
            )));
        }
    };
    let Some(kind) = kinds.iter().find(|k| k.name == name) else {
        return Err(Refusal::at(at, format!("unknown {what} \"{name}\""))
            .help(suggestion(name, kinds.iter().map(|k| k.name))));
    };
    (kind.build)(&node.at, table, &["kind"])
}

/// Names of kinds, in the order of their table.
pub fn known_names<T>(kinds: &[Kind<T>]) -> Vec<&'static str> {
    kinds.iter().map(|k| k.name).collect()
}

/// `known: a, b, c`.
pub fn known<T>(kinds: &[Kind<T>]) -> String {
    let mut names: Vec<_> = kinds.iter().map(|k| k.name).collect();
    names.sort_unstable();
    format!("known: {}", names.join(", "))
}

/// What says no more of a right value than its type does.
const GENERAL: &[&str] = &["a table", "a value", "a list", "a text", bool::WHAT];

/// The JSON Schema of a table with these fields.
pub fn schema_of(doc: &str, fields: &[Field]) -> serde_json::Value {
    let properties: serde_json::Map<_, _> = fields
        .iter()
        .map(|f| {
            let mut schema = f.schema.clone();
            if let Some(map) = schema.as_object_mut() {
                if !GENERAL.contains(&f.what) && !f.what.starts_with("one of ") {
                    map.insert("title".into(), json!(f.what));
                }
                map.insert("description".into(), json!(f.doc.trim()));
                if let Some(default) = f.default {
                    map.insert("default".into(), json!(default));
                }
            }
            (f.name.to_string(), schema)
        })
        .collect();
    let required: Vec<_> = fields
        .iter()
        .filter(|f| f.default.is_none())
        .map(|f| f.name)
        .collect();
    json!({ "type": "object", "description": doc.trim(), "properties": properties, "required": required, "additionalProperties": false })
}

/// A fixed set of words, one of which a file may say. Implemented by [`choice!`](crate::choice).
pub trait Choice: Sized + Copy + 'static {
    /// The words with what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

impl Read for bool {
    const WHAT: &'static str = "true or false";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match node.value {
            Value::Bool(b) => Ok(b),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "boolean" })
    }
}

impl Read for f64 {
    const WHAT: &'static str = "a number";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match node.value {
            Value::Integer(i) => Ok(i as f64),
            Value::Float(x) => Ok(x),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "number" })
    }
}

impl Read for u64 {
    const WHAT: &'static str = "a whole number, 0 or more";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match node.value {
            Value::Integer(i) => u64::try_from(i).map_err(|_| node.wrong(Self::WHAT)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl Read for u32 {
    const WHAT: &'static str = "a whole number, 0 or more, below 4 billion";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match node.value {
            Value::Integer(i) => u32::try_from(i).map_err(|_| node.wrong(Self::WHAT)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
    }
}

impl Read for String {
    const WHAT: &'static str = "a text";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(t) => Ok(t.clone()),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "string" })
    }
}

impl<T: Read> Read for Vec<T> {
    const WHAT: &'static str = "a list";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::List(items) => items.iter().map(T::read).collect(),
            _ => Err(node.wrong(&format!("a list, each item {}", T::WHAT))),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

impl<T: Read> Read for Option<T> {
    const WHAT: &'static str = T::WHAT;
    fn read(node: &Node) -> Result<Self, Refusal> {
        T::read(node).map(Some)
    }
    fn schema() -> serde_json::Value {
        T::schema()
    }
}

/// A value that also keeps its place, for checks that can only be made later.
impl<T: Read> Read for (T, At) {
    const WHAT: &'static str = T::WHAT;
    fn read(node: &Node) -> Result<Self, Refusal> {
        Ok((T::read(node)?, node.at.clone()))
    }
    fn schema() -> serde_json::Value {
        T::schema()
    }
}

/// Anything; read later by somebody who knows more.
impl Read for Node {
    const WHAT: &'static str = "a value";
    fn read(node: &Node) -> Result<Self, Refusal> {
        Ok(node.clone())
    }
    fn schema() -> serde_json::Value {
        json!({})
    }
}

/// An option's name in files: without the `r#` that Rust wants before some words.
pub const fn plain_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', rest @ ..] => match std::str::from_utf8(rest) {
            Ok(plain) => plain,
            Err(_) => name,
        },
        _ => name,
    }
}

/// Declares the options of a kind: a struct, its reader with places, and its schema, in one table.
///
/// ```
/// use gameday::config::{Count, Node, Rate, Read, Source};
/// gameday::options! {
///     /// A bucket that fills at a rate.
///     #[derive(Clone, Debug, PartialEq)]
///     pub struct Bucket {
///         /// Tokens a second.
///         rate: Rate,
///         /// Tokens it holds at most.
///         burst: Count = Count(100), "100";
///     }
/// }
/// let node = Node::parse(&Source::new("x.toml", "rate = \"50/s\"")).unwrap();
/// assert_eq!(Bucket::read(&node).unwrap(), Bucket { rate: Rate(50.0), burst: Count(100) });
/// let node = Node::parse(&Source::new("x.toml", "rate = \"50/s\"\nbusrt = 1")).unwrap();
/// assert!(Bucket::read(&node).unwrap_err().to_string().contains("did you mean \"burst\"?"));
/// ```
///
/// A field with no default must be given; a field with one names its value and how to say it.
/// Field separators: a comma after a required field, a semicolon after one with a default.
#[macro_export]
macro_rules! options {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),*)])?
        pub struct $name:ident { $($body:tt)* }
    ) => {
        $crate::options!(@ [$name] [$($doc)+] [$($($derive)*)?] [] $($body)*);
    };
    (@ $n:tt $d:tt $v:tt [$($done:tt)*] $(#[doc = $fdoc:literal])+ $field:ident : $ty:ty = $default:expr, $words:literal ; $($rest:tt)*) => {
        $crate::options!(@ $n $d $v [$($done)* { [$($fdoc)+] $field [$ty] [(Some(($default, $words)))] }] $($rest)*);
    };
    (@ $n:tt $d:tt $v:tt [$($done:tt)*] $(#[doc = $fdoc:literal])+ $field:ident : $ty:ty , $($rest:tt)*) => {
        $crate::options!(@ $n $d $v [$($done)* { [$($fdoc)+] $field [$ty] [(None)] }] $($rest)*);
    };
    (@ [$name:ident] [$($doc:literal)+] [$($derive:ident)*] [$({ [$($fdoc:literal)+] $field:ident [$ty:ty] [$default:tt] })*]) => {
        $(#[doc = $doc])+
        #[derive($($derive),*)]
        pub struct $name {
            $( $(#[doc = $fdoc])+ pub $field: $ty, )*
        }
        impl $crate::config::Options for $name {
            const DOC: &'static str = concat!($($doc),+);
            fn fields() -> Vec<$crate::config::Field> {
                vec![$({
                    let default: Option<($ty, &'static str)> = $default;
                    $crate::config::Field {
                        name: $crate::config::plain_name(stringify!($field)),
                        doc: concat!($($fdoc),+),
                        what: <$ty as $crate::config::Read>::WHAT,
                        default: default.map(|d| d.1),
                        schema: <$ty as $crate::config::Read>::schema(),
                    }
                }),*]
            }
            fn read_table(
                at: &$crate::config::At,
                table: &$crate::config::Table,
                taken: &[&str],
            ) -> Result<Self, $crate::config::Refusal> {
                const NAMES: &[&str] = &[$($crate::config::plain_name(stringify!($field))),*];
                let what = concat!($($doc),+).trim().split(['.', ':', ';']).next().unwrap_or("this");
                let reader = $crate::config::Reader::new(at, table, what);
                reader.only(&[NAMES, taken].concat())?;
                Ok($name { $($field: {
                    let default: Option<($ty, &'static str)> = $default;
                    match (reader.optional::<$ty>($crate::config::plain_name(stringify!($field)))?, default) {
                        (Some(value), _) => value,
                        (None, Some((value, _))) => value,
                        (None, None) => reader.required::<$ty>($crate::config::plain_name(stringify!($field)))?,
                    }
                }),* })
            }
        }
        impl $crate::config::Read for $name {
            const WHAT: &'static str = "a table";
            fn read(node: &$crate::config::Node) -> Result<Self, $crate::config::Refusal> {
                let table = node.table("this")?;
                <$name as $crate::config::Options>::read_table(&node.at, table, &[])
            }
            fn schema() -> serde_json::Value {
                $crate::config::schema_of(
                    <$name as $crate::config::Options>::DOC,
                    &<$name as $crate::config::Options>::fields(),
                )
            }
        }
    };
}

/// Declares an enum of words that a file may say.
///
/// ```
/// gameday::choice! {
///     /// Where a cache lives.
///     pub enum Scope { /// With each process.
///         Local = "local", /// Outside of them.
///         Shared = "shared" }
/// }
/// assert_eq!(Scope::Local.word(), "local");
/// ```
#[macro_export]
macro_rules! choice {
    ($(#[doc = $doc:literal])+ pub enum $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[doc = $vdoc])+ $variant),+ }
        impl $name {
            /// The word that a file says.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }
        impl $crate::config::Choice for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $name::$variant)),+];
        }
        impl $crate::config::Read for $name {
            const WHAT: &'static str = concat!("one of", $(" \"", $word, "\""),+);
            fn read(node: &$crate::config::Node) -> Result<Self, $crate::config::Refusal> {
                let words = <$name as $crate::config::Choice>::WORDS;
                match &node.value {
                    $crate::config::Value::Text(text) => words
                        .iter()
                        .find(|(word, _)| word == text)
                        .map(|(_, value)| *value)
                        .ok_or_else(|| {
                            $crate::config::Refusal::at(&node.at, format!("unknown word \"{text}\""))
                                .help($crate::config::suggestion(text, words.iter().map(|w| w.0)))
                        }),
                    _ => Err(node.wrong(<$name as $crate::config::Read>::WHAT)),
                }
            }
            fn schema() -> serde_json::Value {
                serde_json::json!({ "oneOf": [$({
                    "const": $word,
                    "description": concat!($($vdoc),+).trim(),
                }),+] })
            }
        }
    };
}
