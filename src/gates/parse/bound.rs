//! What a quantity is compared with.

use super::{
    super::{
        amount::{amount, plain, such_as},
        syntax::{Bound, Quantity, To},
    },
    Parsed, Parser, Token, Wrong,
};
use crate::indicators::Unit;

impl Parser {
    pub(super) fn bound(&mut self, quantity: &Quantity) -> Parsed<Bound> {
        let unit = quantity.unit();
        let mut factor = 1.0;
        if let Some((Token::Number(text), place)) = self.tokens.get(self.next).cloned() {
            self.next += 1;
            let times = text.strip_suffix('x').map(str::to_string);
            let times = times.or_else(|| self.word("x").then(|| text.clone()));
            let Some(times) = times else {
                let amount = amount(&text, unit).map_err(|help| {
                    Wrong::new(
                        place,
                        format!("{quantity} is {unit}, and cannot be compared with {text}"),
                    )
                    .help(help)
                })?;
                return Ok(Bound::Amount(amount));
            };
            factor = plain(&times).filter(|x| *x > 0.0).ok_or_else(|| {
                Wrong::new(place, format!("\"{text}\" is no factor"))
                    .help("write one such as 1.15x")
            })?;
        }
        let place = self.place();
        let to = if self.word("baseline") {
            To::Baseline
        } else if self.word("reference") {
            To::Reference
        } else {
            let such = such_as(unit);
            return Err(self.wrong(&format!("{such}, baseline or reference")));
        };
        if to == To::Baseline && matches!(quantity, Quantity::Scalar(_)) {
            return Err(Wrong::new(
                place,
                format!("{quantity} has one value a run, and none in the baseline"),
            )
            .help("compare it with an amount, or with reference"));
        }
        let less = self.sign("-");
        if !less && !self.sign("+") {
            return Ok(Bound::Relative {
                factor,
                to,
                plus: 0.0,
            });
        }
        let (text, place) = self.number(such_as(unit))?;
        let points = self.word("points") || self.word("point");
        let plus = match (points, unit) {
            (true, Unit::Fraction) => plain(&text),
            (true, _) => None,
            (false, Unit::Fraction) => None,
            (false, _) => amount(&text, unit).ok(),
        };
        let plus = plus.ok_or_else(|| {
            let wrong = Wrong::new(place, format!("{text} cannot be added to {unit}"));
            match unit {
                Unit::Fraction => {
                    wrong.help("write 2 points: percentages of percentages are easily misread")
                }
                _ => wrong.help(format!("write {}", such_as(unit))),
            }
        })?;
        let plus = if less { -plus } else { plus };
        Ok(Bound::Relative { factor, to, plus })
    }
}
