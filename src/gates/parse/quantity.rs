//! What is compared: an indicator, a stage with a statistic, or a scalar; of which rows, and apart by what.

use super::{
    super::{
        amount::amount,
        named::NAMED,
        scalars::{SCALARS, find_scalar},
        syntax::{By, Name, Quantity, Subject},
    },
    Parsed, Parser, Token, Wrong,
};
use crate::{
    config::suggestion,
    indicators::{Measure, Selector, Stage, Unit, Worse, catalogue, find, suggest},
};
use std::ops::Range;

impl Parser {
    pub(super) fn quantity(&mut self) -> Parsed<Quantity> {
        let (name, place) = self.any_word("a quantity such as latency.p95")?;
        if let Some(scalar) = find_scalar(&name) {
            return Ok(Quantity::Scalar(scalar));
        }
        // Selectors need the table of the indicator, which may depend on a statistic that comes after them.
        let braces = self.next;
        if self.sign("{") {
            while self.next < self.tokens.len() && !self.sign("}") {
                self.next += 1;
            }
        }
        let (name, unit, worse, measure) = self.named_quantity(&name, &place)?;
        let after = self.next;
        self.next = braces;
        let select = self.selectors(&measure)?;
        self.next = self.next.max(after);
        let by = self.split(&measure)?;
        Ok(Quantity::Indicator(Subject {
            name,
            unit,
            worse,
            measure,
            select,
            by,
        }))
    }

    /// The indicator of a name and the statistic that may follow.
    pub(super) fn named_quantity(
        &mut self,
        name: &str,
        place: &Range<usize>,
    ) -> Parsed<(Name, Unit, Worse, Measure)> {
        let listed = |indicator: &'static crate::indicators::Indicator| {
            (
                Name::Listed(indicator.name),
                indicator.unit,
                indicator.worse,
                indicator.measure,
            )
        };
        if let Some(Token::Word(word)) = self.peek() {
            let statistic = match word.as_str() {
                "med" | "median" => "p50",
                "avg" => "mean",
                word => word,
            };
            let full = format!("{name}.{statistic}");
            if let Some(indicator) = find(&full) {
                self.next += 1;
                return Ok(listed(indicator));
            }
            if statistic == "mean"
                && let Some(indicator) = find(name)
                && matches!(indicator.measure, Measure::Gauge(..))
            {
                self.next += 1;
                return Ok(listed(indicator));
            }
        }
        if let Some(stage) = Stage::find(name) {
            if !self.word("p") {
                return Err(self
                    .wrong(&format!("a statistic of {name}"))
                    .help(format!("write {name} p(95), {name} max or {name} mean")));
            }
            self.need_sign("(")?;
            let (text, place) = self.number("a percentile such as 95")?;
            let p: Option<f64> = text.parse().ok().filter(|p| *p > 0.0 && *p <= 100.0);
            let p = p.ok_or_else(|| {
                Wrong::new(place, format!("there is no percentile {text}"))
                    .help("write a number above 0, up to 100")
            })?;
            self.need_sign(")")?;
            // One thing, one name: p(95) is .p95.
            let wanted = Measure::Quantile(stage, p / 100.0);
            return Ok(match catalogue().find(|i| i.measure == wanted) {
                Some(indicator) => listed(indicator),
                None => (
                    Name::Percentile(stage, p),
                    Unit::Nanos,
                    Worse::Higher,
                    wanted,
                ),
            });
        }
        find(name).map(listed).ok_or_else(|| {
            let scalars = SCALARS.iter().map(|s| s.name);
            let named = NAMED.iter().map(|n| n.name);
            let others: Vec<_> = scalars.chain(named).collect();
            let near = suggestion(name, others.iter().copied());
            let help = if near.starts_with("did") {
                near
            } else {
                suggest(name)
            };
            Wrong::new(place.clone(), format!("unknown quantity \"{name}\"")).help(help)
        })
    }

    pub(super) fn selectors(&mut self, measure: &Measure) -> Parsed<Vec<Selector>> {
        let mut select = vec![];
        if !self.sign("{") {
            return Ok(select);
        }
        loop {
            let (column, place) = self.any_word("a column such as tenant")?;
            let spec = Selector::column(measure.table(), &column)
                .map_err(|(message, help)| Wrong::new(place, message).help(help))?;
            let not = self.sign("!=");
            if !not {
                self.need_sign("=")?;
            }
            let place = self.place();
            let value = match self.peek() {
                Some(Token::Text(value) | Token::Word(value) | Token::Number(value)) => {
                    value.clone()
                }
                _ => return Err(self.wrong("a value such as \"acme\"")),
            };
            self.next += 1;
            let selector = Selector::new(spec, not, &value)
                .map_err(|(message, help)| Wrong::new(place, message).help(help))?;
            select.push(selector);
            if self.sign("}") {
                return Ok(select);
            }
            self.need_sign(",")?;
        }
    }

    pub(super) fn split(&mut self, measure: &Measure) -> Parsed<Option<By>> {
        if !self.word("by") {
            return Ok(None);
        }
        let (column, place) = self.any_word("a column such as tenant")?;
        let column = Selector::column(measure.table(), &column)
            .map_err(|(message, help)| Wrong::new(place, message).help(help))?
            .name;
        let mut min = 0;
        if self.sign("(") {
            if !self.word("min") {
                return Err(self.wrong("min").help("write (min 500 requests)"));
            }
            let (text, place) = self.number("a number of requests")?;
            let n = amount(&text, Unit::Count).map_err(|help| {
                Wrong::new(
                    place.clone(),
                    format!("\"{text}\" is no number of requests"),
                )
                .help(help)
            })?;
            if n.fract() != 0.0 || n > 1e15 {
                return Err(Wrong::new(
                    place,
                    format!("\"{text}\" is no whole number of requests"),
                ));
            }
            min = n as u64;
            if !self.word("requests") {
                return Err(self.wrong("requests").help("write (min 500 requests)"));
            }
            self.need_sign(")")?;
        }
        Ok(Some(By { column, min }))
    }
}
