//! One flat JSON object, split into members with their places kept. Values stay text: numbers are then read exactly,
//! and a refusal can point at the very value. Nested values are skipped here and checked by whoever reads them.

use std::{borrow::Cow, ops::Range};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `"text"`, the range without its quotes; `true` where it has escapes.
    Text(bool),
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// `[...]`.
    List,
    /// `{...}`.
    Object,
}

impl Kind {
    /// In words, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Text(_) => "a text",
            Kind::Number => "a number",
            Kind::Bool => "a truth value",
            Kind::Null => "null",
            Kind::List => "a list",
            Kind::Object => "an object",
        }
    }
}

/// One `"key": value`.
#[derive(Clone, Debug)]
pub struct Member {
    /// The key, without its quotes.
    pub key: Range<usize>,
    /// What the value is.
    pub kind: Kind,
    /// The value.
    pub value: Range<usize>,
}

/// Why a text is no object, and where.
#[derive(Debug)]
pub struct Broken {
    /// Byte.
    pub at: usize,
    /// What was wanted there.
    pub wanted: &'static str,
}

/// Splits `text`, an object with nothing but white space around it.
///
/// # Errors
/// Where it stops being one.
pub fn split(text: &str, members: &mut Vec<Member>) -> Result<(), Broken> {
    members.clear();
    let mut scan = Scan {
        b: text.as_bytes(),
        at: 0,
    };
    scan.space();
    scan.expect(b'{', "an object opens with {")?;
    scan.space();
    if !scan.eat(b'}') {
        loop {
            scan.space();
            scan.expect(b'"', "a key in quotes comes here")?;
            let (key, _) = scan.text()?;
            scan.space();
            scan.expect(b':', "a colon follows the key")?;
            scan.space();
            let (kind, value) = scan.value(0)?;
            members.push(Member { key, kind, value });
            scan.space();
            if scan.eat(b',') {
                continue;
            }
            scan.expect(b'}', "a comma or } follows a value")?;
            break;
        }
    }
    scan.space();
    if scan.at < scan.b.len() {
        return Err(scan.broken("one object stands on a line"));
    }
    Ok(())
}

/// A text value with its escapes undone.
pub fn unescaped(text: &str, escaped: bool) -> Option<Cow<'_, str>> {
    if !escaped {
        return Some(Cow::Borrowed(text));
    }
    let quoted = format!("\"{text}\"");
    serde_json::from_str::<String>(&quoted).ok().map(Cow::Owned)
}

const DEEPEST: usize = 64;

struct Scan<'a> {
    b: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn broken(&self, wanted: &'static str) -> Broken {
        Broken {
            at: self.at,
            wanted,
        }
    }

    fn space(&mut self) {
        while matches!(self.b.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.b.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, wanted: &'static str) -> Result<(), Broken> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.broken(wanted))
        }
    }

    /// Behind an opening quote: the range up to the closing one, and whether there are escapes.
    fn text(&mut self) -> Result<(Range<usize>, bool), Broken> {
        let start = self.at;
        let mut escaped = false;
        loop {
            let Some(i) = memchr::memchr2(b'"', b'\\', &self.b[self.at..]) else {
                self.at = start;
                return Err(self.broken("this text is never closed"));
            };
            self.at += i;
            if self.b[self.at] == b'"' {
                self.at += 1;
                return Ok((start..self.at - 1, escaped));
            }
            escaped = true;
            self.at = (self.at + 2).min(self.b.len());
        }
    }

    fn value(&mut self, depth: usize) -> Result<(Kind, Range<usize>), Broken> {
        let start = self.at;
        let kind = match self.b.get(self.at) {
            Some(b'"') => {
                self.at += 1;
                let (range, escaped) = self.text()?;
                return Ok((Kind::Text(escaped), range));
            }
            Some(b'{') => self.nested(depth, b'}', Kind::Object)?,
            Some(b'[') => self.nested(depth, b']', Kind::List)?,
            Some(b't') => self.word("true", Kind::Bool)?,
            Some(b'f') => self.word("false", Kind::Bool)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => {
                while matches!(
                    self.b.get(self.at),
                    Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
                ) {
                    self.at += 1;
                }
                Kind::Number
            }
            _ => return Err(self.broken(
                "a value comes here: a text in quotes, a number, true, false, null, [...] or {...}",
            )),
        };
        Ok((kind, start..self.at))
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Broken> {
        if self.b[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(kind)
        } else {
            Err(self.broken("a value is true, false or null, a number, or stands in quotes"))
        }
    }

    fn nested(&mut self, depth: usize, close: u8, kind: Kind) -> Result<Kind, Broken> {
        if depth >= DEEPEST {
            return Err(self.broken("values are nested at most 64 deep"));
        }
        self.at += 1;
        self.space();
        if self.eat(close) {
            return Ok(kind);
        }
        loop {
            self.space();
            if kind == Kind::Object {
                self.expect(b'"', "a key in quotes comes here")?;
                self.text()?;
                self.space();
                self.expect(b':', "a colon follows the key")?;
                self.space();
            }
            self.value(depth + 1)?;
            self.space();
            if self.eat(b',') {
                continue;
            }
            self.expect(close, "a comma or the closing bracket comes here")?;
            return Ok(kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Vec<(String, String)>, usize> {
        let mut members = vec![];
        split(text, &mut members).map_err(|b| b.at)?;
        Ok(members
            .iter()
            .map(|m| (text[m.key.clone()].into(), text[m.value.clone()].into()))
            .collect())
    }

    #[test]
    fn an_object_is_split_with_its_places() {
        let got = keys(r#" {"a": 12.5, "b":"x\"y","c":[1,{"d":[]}], "e":null} "#).unwrap();
        let got: Vec<_> = got.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            got,
            [
                ("a", "12.5"),
                ("b", "x\\\"y"),
                ("c", "[1,{\"d\":[]}]"),
                ("e", "null")
            ]
        );
        assert_eq!(keys("{}").unwrap(), []);
    }

    #[test]
    fn a_broken_object_says_where() {
        for (text, at) in [
            ("[1]", 0),
            ("{\"a\" 1}", 5),
            ("{\"a\":1", 6),
            ("{\"a\":\"x}", 6),
            ("{\"a\":1} x", 8),
            ("{\"a\":NaN}", 5),
            ("", 0),
            ("{\"a\\", 2),
        ] {
            assert_eq!(keys(text), Err(at), "{text}");
        }
        assert!(keys(&format!("{{\"a\":{}", "[".repeat(100_000))).is_err());
    }
}
