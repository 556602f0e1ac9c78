//! Days of the calendar, as plans name them: `2026-12-15`. No clock is asked; what is today is given by who knows.

use super::{
    node::{Node, Value},
    options::Read,
    refusal::Refusal,
};
use serde_json::json;
use std::fmt;

/// A day. Days compare in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(jiff::civil::Date);

impl Day {
    /// Reads `2026-12-15`; `None` when it is no day of the calendar, or written otherwise.
    pub fn parse(text: &str) -> Option<Day> {
        let shape = |(i, b): (usize, u8)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        };
        if text.len() != 10 || !text.bytes().enumerate().all(shape) {
            return None;
        }
        text.parse().ok().map(Day)
    }

    /// Days from this one until `later`; negative when that was before.
    pub fn until(self, later: Day) -> i64 {
        let between = later.0.duration_since(self.0);
        between.as_hours() / 24
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Read for Day {
    const WHAT: &'static str = "a day such as \"2026-12-15\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(text) => Day::parse(text.trim()).ok_or_else(|| node.wrong(Self::WHAT)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-12-15"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_calendar() {
        let day = |text| Day::parse(text).unwrap();
        assert!(day("2026-12-15") < day("2027-01-02"));
        assert_eq!(day("2026-12-15").until(day("2027-01-02")), 18);
        assert_eq!(day("2028-03-01").until(day("2028-02-28")), -2);
        assert_eq!(day("2026-12-15").to_string(), "2026-12-15");
        for wrong in [
            "2026-02-30",
            "15.12.2026",
            "2026-12-15T00:00",
            "soon",
            "2026-1-2",
            "",
            "+026-12-15",
        ] {
            assert_eq!(Day::parse(wrong), None, "{wrong}");
        }
    }
}
