//! What a model does to the JSON that it writes: text around it, loose punctuation, an early end.

use crate::{
    config::{At, Percent, Refusal},
    sim::dice::{Dice, Purpose},
};

crate::options! {
    /// Shares of bodies that are damaged, each in one way.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Defects {
        /// In a code fence with a sentence before it.
        wrapped: Percent = Percent(0.0), "0%";
        /// With a comma after the last field.
        trailing_comma: Percent = Percent(0.0), "0%";
        /// With single quotes.
        single_quotes: Percent = Percent(0.0), "0%";
        /// Cut short, as at the limit of the model's tokens.
        truncated: Percent = Percent(0.0), "0%";
        /// With two pieces that have changed places, as when what came in pieces is put together wrongly.
        spliced: Percent = Percent(0.0), "0%";
    }
}

impl Default for Defects {
    fn default() -> Self {
        let none = Percent(0.0);
        Defects {
            wrapped: none,
            trailing_comma: none,
            single_quotes: none,
            truncated: none,
            spliced: none,
        }
    }
}

/// One way to be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Text around it.
    Wrapped,
    /// A comma too many.
    TrailingComma,
    /// Single quotes.
    SingleQuotes,
    /// An early end.
    Truncated,
    /// Pieces in the wrong order.
    Spliced,
}

const DEFECT: Purpose = Purpose::named("trace.defect");

impl Defects {
    fn shares(&self) -> [(f64, Defect); 5] {
        [
            (self.wrapped.0, Defect::Wrapped),
            (self.trailing_comma.0, Defect::TrailingComma),
            (self.single_quotes.0, Defect::SingleQuotes),
            (self.truncated.0, Defect::Truncated),
            (self.spliced.0, Defect::Spliced),
        ]
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.shares().iter().any(|(share, _)| *share > 0.0)
    }

    /// Refuses shares that are no shares of one whole.
    ///
    /// # Errors
    /// A share below 0, or more than 100 % together.
    pub fn check(&self, at: &At) -> Result<(), Refusal> {
        let shares = self.shares().map(|(share, _)| share);
        if shares.iter().all(|s| (0.0..=1.0).contains(s)) && shares.iter().sum::<f64>() <= 1.0 {
            return Ok(());
        }
        Err(Refusal::at(
            at,
            "defects are shares of 0% to 100%, and no more than 100% together",
        ))
    }

    /// The defect of a request's body, by its own dice.
    pub fn throw(&self, dice: Dice) -> Option<Defect> {
        match self.any() {
            true => self.pick(dice.draw(DEFECT, 0).unit()),
            false => None,
        }
    }

    /// The defect that a number from 0 to below 1 stands for.
    pub fn pick(&self, unit: f64) -> Option<Defect> {
        let mut left = unit;
        for (share, defect) in self.shares() {
            if left < share {
                return Some(defect);
            }
            left -= share;
        }
        None
    }
}

impl Defect {
    /// All of them.
    pub const ALL: [Defect; 5] = [
        Defect::Wrapped,
        Defect::TrailingComma,
        Defect::SingleQuotes,
        Defect::Truncated,
        Defect::Spliced,
    ];

    /// A JSON object with this defect.
    pub fn damage(self, raw: &str) -> String {
        match self {
            Defect::Wrapped => format!("Here is the JSON you asked for:\n```json\n{raw}\n```"),
            Defect::TrailingComma => match raw.rfind('}') {
                Some(end) => format!("{},}}", raw[..end].trim_end()),
                None => raw.into(),
            },
            Defect::SingleQuotes => single_quotes(raw),
            Defect::Truncated => {
                // Two thirds of it.
                raw[..whole(raw, raw.len() * 2 / 3)].into()
            }
            Defect::Spliced => {
                let (a, b) = (whole(raw, raw.len() / 3), whole(raw, raw.len() * 2 / 3));
                [&raw[..a], &raw[b..], &raw[a..b]].concat()
            }
        }
    }
}

/// The last end of a whole character up to here.
fn whole(raw: &str, end: usize) -> usize {
    let mut ends = (0..=end).rev();
    ends.find(|i| raw.is_char_boundary(*i)).unwrap_or(0)
}

/// Strings in single quotes, as Python prints them.
fn single_quotes(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push('\''),
            '\'' => out.push_str("\\'"),
            '\\' => match chars.next() {
                Some('"') => out.push('"'),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_defect_breaks_the_bytes_in_its_own_way() {
        let raw = r#"{"prompt":"it's \"so\"","t":1}"#;
        for (defect, damaged) in [
            (
                Defect::Wrapped,
                "Here is the JSON you asked for:\n```json\n{\"prompt\":\"it's \\\"so\\\"\",\"t\":1}\n```",
            ),
            (Defect::TrailingComma, r#"{"prompt":"it's \"so\"","t":1,}"#),
            (Defect::SingleQuotes, r#"{'prompt':'it\'s "so"','t':1}"#),
            (Defect::Truncated, r#"{"prompt":"it's \"s"#),
            (Defect::Spliced, r#"{"prompt":"o\"","t":1}it's \"s"#),
        ] {
            let made = defect.damage(raw);
            assert!(serde_json::from_str::<serde_json::Value>(&made).is_err());
            assert!(made.starts_with(&damaged[..10]), "{made}");
            if !matches!(defect, Defect::Truncated | Defect::Spliced) {
                assert_eq!(made, damaged);
            }
        }
    }

    #[test]
    fn shares_are_kept_and_more_than_all_is_refused() {
        let defects = Defects {
            wrapped: Percent(0.08),
            truncated: Percent(0.02),
            ..Defects::default()
        };
        let thrown = |d| {
            (0..100_000)
                .filter(|i| defects.throw(Dice::new(7, *i)) == Some(d))
                .count()
        };
        assert!(thrown(Defect::Wrapped).abs_diff(8000) < 400);
        assert!(thrown(Defect::Truncated).abs_diff(2000) < 200);
        let much = Defects {
            wrapped: Percent(0.6),
            truncated: Percent(0.6),
            ..Defects::default()
        };
        let node = crate::config::Node::parse(&crate::config::Source::new("x", "")).unwrap();
        assert!(much.check(&node.at).is_err() && defects.check(&node.at).is_ok());
    }
}
