//! Two parsers, while producers change over: the new one first, and that of before for what it refuses.

use super::{How, Parser, Reading, Refused};
use serde_json::Value;

/// See the module. What both refuse is refused for the reason of the new one.
pub struct Dual {
    /// Tried first.
    pub new: Box<dyn Parser>,
    /// Tried where the new one refuses.
    pub old: Box<dyn Parser>,
}

impl Parser for Dual {
    /// What the old one reads is said to be by [`How::Fallback`], about the field that the new one refused: it is counted.
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<Reading, Refused> {
        let refused = match self.new.parse(raw, fields) {
            Ok(reading) => return Ok(reading),
            Err(refused) => refused,
        };
        match self.old.parse(raw, fields) {
            Ok(reading) if reading.fault.is_none() => Ok(Reading {
                how: How::Fallback,
                about: refused.1,
                ..reading
            }),
            _ => Err(refused),
        }
    }

    fn unknown(&self, fields: &[(String, Value)]) -> u16 {
        self.new.unknown(fields)
    }

    fn counts_fields(&self) -> bool {
        self.new.counts_fields()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::JsonOptions, *};

    fn parser(required: &[&str], numbers: &[&str]) -> Box<dyn Parser> {
        let own = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
        Box::new(JsonOptions {
            required: own(required),
            texts: vec![],
            numbers: own(numbers),
        })
    }

    #[test]
    fn the_old_one_reads_what_the_new_one_refuses_and_no_more() {
        let dual = Dual {
            new: parser(&["a", "b"], &[]),
            old: parser(&["a"], &["c"]),
        };
        let parse = |raw: &str| {
            let Ok(Value::Object(map)) = serde_json::from_str(raw) else {
                panic!("{raw}")
            };
            dual.parse(raw, &map.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(parse(r#"{"a":1,"b":2}"#).map(|r| r.how), Ok(How::AsSent));
        let read = parse(r#"{"a":1}"#).unwrap();
        assert_eq!((read.how, read.about.as_str()), (How::Fallback, "b"));
        let (why, about) = parse(r#"{"a":1,"c":"x"}"#).unwrap_err();
        assert_eq!((why.word(), about.as_str()), ("missing_field", "b"));
    }
}
