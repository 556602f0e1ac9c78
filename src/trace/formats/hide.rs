//! Names that must not be kept in clear: in their place a keyed digest, which nobody without the key can guess back.
//!
//! A digest without a key would be no secrecy: there are four billion addresses and far fewer account numbers, and whoever
//! has the trace can try them all. So a key is needed, BLAKE3 in its keyed mode, and there is none by default: one in the
//! program would be known to everybody, and one drawn at random would give other names each time and no two files that can be
//! joined. It comes from a file (`hash_key_file`, `--hash-key-file`) or from the environment ([`VARIABLE`]). The same key gives
//! the same names in every file; equal texts in two columns have unlike names. Without the key nothing leads back.

use super::draft::Column;
use crate::config::{At, Node, Read, Refusal, Value, suggestion};
use std::path::Path;

/// The environment variable that holds a key.
pub const VARIABLE: &str = "GAMEDAY_HASH_KEY";

/// A key has at least this many bytes: fewer can be tried out.
const SHORTEST_KEY: usize = 16;
/// A key file has at most this many bytes.
const LONGEST_KEY: u64 = 4096;
/// Bytes of a digest that are kept: of 16 million names two are alike once in 8,000 traces.
const KEPT: usize = 10;

/// Columns that can be hidden.
const HIDABLE: &[(&str, Column)] = &[
    ("tenant", Column::Tenant),
    ("user", Column::User),
    ("route", Column::Route),
    ("region", Column::Region),
    ("class", Column::Class),
    ("client", Column::Client),
    ("model", Column::Model),
    ("address", Column::Address),
    ("prompt", Column::Prompt),
    ("idempotency_key", Column::Idempotency),
];

/// Columns whose values are hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden(pub Vec<Column>);

impl Read for Hidden {
    const WHAT: &'static str = "columns such as \"tenant,user\" or [\"tenant\", \"user\"]";

    fn read(node: &Node) -> Result<Self, Refusal> {
        let names = match &node.value {
            Value::Text(list) => list.split(',').map(|n| n.trim().to_string()).collect(),
            _ => Vec::<String>::read(node).map_err(|_| node.wrong(Self::WHAT))?,
        };
        let column = |name: &String| {
            let found = HIDABLE.iter().find(|(n, _)| n == name);
            found.map(|(_, column)| *column).ok_or_else(|| {
                Refusal::at(&node.at, format!("\"{name}\" cannot be hashed"))
                    .help(suggestion(name, HIDABLE.iter().map(|(n, _)| *n)))
            })
        };
        names
            .iter()
            .map(column)
            .collect::<Result<_, _>>()
            .map(Hidden)
    }

    fn schema() -> serde_json::Value {
        let names: Vec<_> = HIDABLE.iter().map(|(n, _)| *n).collect();
        serde_json::json!({ "anyOf": [
            { "type": "string", "examples": ["tenant,user"] },
            { "type": "array", "items": { "enum": names } },
        ] })
    }
}

/// Hides the values of some columns.
#[derive(Clone)]
pub struct Hide {
    columns: Vec<Column>,
    key: [u8; 32],
}

impl std::fmt::Debug for Hide {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hide")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Hide {
    /// Hides these columns under a key.
    ///
    /// # Errors
    /// A key that is too short.
    pub fn new(columns: &Hidden, key: &[u8]) -> Result<Hide, String> {
        let key = key.trim_ascii();
        if key.len() < SHORTEST_KEY {
            return Err(format!(
                "a key of {} bytes can be guessed: it has {SHORTEST_KEY} at least",
                key.len()
            ));
        }
        Ok(Hide {
            columns: columns.0.clone(),
            key: blake3::derive_key("gameday names of a trace, 2026", key),
        })
    }

    /// The key from the file that is named, or else from the environment.
    ///
    /// # Errors
    /// No key at all, one that cannot be read, or one that is too short.
    pub fn keyed(columns: &Hidden, file: Option<&Path>, at: &At) -> Result<Hide, Refusal> {
        let make = "make one: head -c 32 /dev/urandom | base64 > hash.key";
        let key = match file {
            Some(path) => read_key(path).map_err(|why| {
                Refusal::at(at, format!("the key {} {why}", path.display())).help(make)
            })?,
            None => std::env::var_os(VARIABLE)
                .map(std::ffi::OsString::into_encoded_bytes)
                .ok_or_else(|| {
                    Refusal::at(at, "names are hashed under a key, and there is none").help(format!(
                        "give --hash-key-file FILE, hash_key_file = \"...\", or the environment variable {VARIABLE}; {make}"
                    ))
                })?,
        };
        Hide::new(columns, &key).map_err(|why| Refusal::at(at, why).help(make))
    }

    /// Whether values of a column are hidden.
    pub fn covers(&self, column: Column) -> bool {
        self.columns.contains(&column)
    }

    /// What stands for a value, if its column is hidden.
    pub fn hide(&self, column: Column, text: &str) -> Option<String> {
        if !self.covers(column) {
            return None;
        }
        let name = HIDABLE.iter().find(|(_, c)| *c == column)?.0;
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher
            .update(name.as_bytes())
            .update(&[0])
            .update(text.as_bytes());
        let digest = hasher.finalize();
        let mut shown = String::with_capacity(2 * KEPT + 2);
        shown.push_str("h:");
        for byte in &digest.as_bytes()[..KEPT] {
            use std::fmt::Write;
            let _ = write!(shown, "{byte:02x}");
        }
        Some(shown)
    }
}

fn read_key(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut key = vec![];
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_KEY + 1).read_to_end(&mut key))
        .map_err(|e| format!("cannot be read: {}", crate::trace::input::reason(&e)))?;
    match key.len() as u64 > LONGEST_KEY {
        true => Err(format!("has more than {LONGEST_KEY} bytes")),
        false => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(key: &[u8]) -> Hide {
        Hide::new(&Hidden(vec![Column::Tenant, Column::User]), key).unwrap()
    }

    #[test]
    fn the_same_key_gives_the_same_name_and_another_key_another() {
        let (a, b) = (hide(b"0123456789abcdef"), hide(b"0123456789abcdeg"));
        let name = a.hide(Column::Tenant, "acme").unwrap();
        assert_eq!(name.len(), 22);
        assert_eq!(a.hide(Column::Tenant, "acme"), Some(name.clone()));
        // Written with a line end at the end of its file, it is the same key.
        assert_eq!(
            hide(b"0123456789abcdef\n").hide(Column::Tenant, "acme"),
            Some(name.clone())
        );
        assert_ne!(a.hide(Column::Tenant, "acmf"), Some(name.clone()));
        assert_ne!(a.hide(Column::User, "acme"), Some(name.clone()));
        assert_ne!(b.hide(Column::Tenant, "acme"), Some(name));
        assert_eq!(a.hide(Column::Route, "acme"), None);
    }

    #[test]
    fn a_key_that_can_be_guessed_is_refused_and_none_is_shown() {
        assert!(
            Hide::new(&Hidden(vec![]), b"short  \n  ")
                .unwrap_err()
                .contains("5 bytes")
        );
        let shown = format!("{:?}", hide(b"0123456789abcdef"));
        assert_eq!(shown, "Hide { columns: [Tenant, User], .. }");
    }
}
