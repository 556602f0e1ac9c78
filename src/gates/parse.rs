//! Reads an expression.
//!
//! ```text
//! text      = gate [ "abort_on_breach" ]
//! gate      = all { "or" all }
//! all       = part { "and" part }
//! part      = "(" gate ")" | NAMED | condition
//! condition = quantity op bound { "for" DURATION | "during" PHASE }
//! quantity  = NAME [ "{" selector { "," selector } "}" ] [ statistic ] [ split ]
//! selector  = COLUMN ( "=" | "!=" ) ( TEXT | WORD | NUMBER )
//! statistic = "p" "(" NUMBER ")" | "p50" | "p95" | "p99" | "p999" | "med" | "max" | "mean" | "avg"
//! split     = "by" COLUMN [ "(" "min" NUMBER "requests" ")" ]
//! op        = "<" | "<=" | ">" | ">=" | "==" | "!="
//! bound     = AMOUNT | [ NUMBER "x" ] ( "baseline" | "reference" ) [ ( "+" | "-" ) ( AMOUNT | NUMBER "points" ) ]
//! ```
//!
//! `NAME` is an indicator, a stage with a statistic (`latency p(97.5)`), or a scalar. An `AMOUNT` has the unit of its
//! quantity: a duration (`250ms`), a percentage (`2%`), a rate (`50/s`), a count (`10k`) or a plain number.

use super::{
    abort::Abort,
    amount::{amount, plain, such_as},
    lex::{Token, lex},
    named::{NAMED, find_named},
    scalars::{SCALARS, find_scalar},
    syntax::{Bound, By, Condition, Expr, Name, Op, Quantity, Subject, To},
};
use crate::{
    config::{parse_nanos, suggestion},
    indicators::{Measure, Selector, Stage, Unit, Worse, catalogue, find, suggest},
};
use std::ops::Range;

/// What is wrong with an expression, and where in it.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl Wrong {
    pub fn new(range: Range<usize>, message: impl Into<String>) -> Wrong {
        Wrong {
            range,
            message: message.into(),
            help: None,
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> Wrong {
        self.help = Some(help.into());
        self
    }
}

/// Phases that a condition may be held in.
pub const PHASES: &[&str] = &[
    "warm-up",
    "baseline",
    "incident",
    "recovering",
    "recovered",
    "recovery",
    "all",
];

/// Parentheses in parentheses; beyond, nobody can read it, and the stack is finite.
const DEEPEST: usize = 32;

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Result<Expr, Wrong> {
    let (expr, abort) = parse_gate(text)?;
    match abort {
        None => Ok(expr),
        Some(_) => unreachable!("named conditions end no run"),
    }
}

/// Reads the text of a gate: its expression, and whether breaking it ends the run.
pub(super) fn parse_gate(text: &str) -> Result<(Expr, Option<Abort>), Wrong> {
    let mut parser = Parser {
        tokens: lex(text)?,
        next: 0,
        end: text.len(),
        depth: 0,
    };
    let expr = parser.any()?;
    let place = parser.place();
    let abort = parser.word("abort_on_breach");
    match parser.peek() {
        Some(_) if abort => Err(parser.wrong("the end")),
        Some(_) => Err(parser.wrong("and, or, for, during, abort_on_breach, or the end")),
        None if abort => {
            let abort = Abort::of(&expr, &place)?;
            Ok((expr, Some(abort)))
        }
        None => Ok((expr, None)),
    }
}

/// Reads a quantity alone, perhaps with the phase that it is of.
pub(super) fn parse_quantity(text: &str) -> Result<(Quantity, Option<&'static str>), Wrong> {
    let mut parser = Parser {
        tokens: lex(text)?,
        next: 0,
        end: text.len(),
        depth: 0,
    };
    let quantity = parser.quantity()?;
    let during = match parser.word("during") {
        true => Some(parser.phase()?),
        false => None,
    };
    match parser.peek() {
        None => Ok((quantity, during)),
        Some(Token::Sign(_)) => Err(parser
            .wrong("during or the end")
            .help("what is wanted is the quantity alone, such as latency p(95) during incident")),
        Some(_) => Err(parser.wrong("during or the end")),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    depth: usize,
}

type Parsed<T> = Result<T, Wrong>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn place(&self) -> Range<usize> {
        let token = self.tokens.get(self.next);
        token.map_or(self.end..self.end, |(_, range)| range.clone())
    }

    /// A refusal of the next token.
    fn wrong(&self, expected: &str) -> Wrong {
        let found = match self.peek() {
            None => "nothing".into(),
            Some(Token::Word(word)) => format!("\"{word}\""),
            Some(Token::Number(number)) => number.clone(),
            Some(Token::Text(text)) => format!("the text \"{text}\""),
            Some(Token::Sign(sign)) => format!("\"{sign}\""),
        };
        Wrong::new(
            self.place(),
            format!("found {found}, where {expected} would be right"),
        )
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.next += usize::from(is);
        is
    }

    fn need_sign(&mut self, sign: &str) -> Parsed<()> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(self.wrong(&format!("\"{sign}\"")))
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.next += usize::from(is);
        is
    }

    fn any_word(&mut self, expected: &str) -> Parsed<(String, Range<usize>)> {
        match self.tokens.get(self.next) {
            Some((Token::Word(word), range)) => {
                self.next += 1;
                Ok((word.clone(), range.clone()))
            }
            _ => Err(self.wrong(expected)),
        }
    }

    fn number(&mut self, expected: &str) -> Parsed<(String, Range<usize>)> {
        match self.tokens.get(self.next) {
            Some((Token::Number(number), range)) => {
                self.next += 1;
                Ok((number.clone(), range.clone()))
            }
            _ => Err(self.wrong(expected)),
        }
    }

    fn any(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Expr::Any))
    }

    fn all(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.part()?];
        while self.word("and") {
            parts.push(self.part()?);
        }
        Ok(one_or(parts, Expr::All))
    }

    fn part(&mut self) -> Parsed<Expr> {
        let place = self.place();
        if self.sign("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(Wrong::new(place, "too many parentheses within each other"));
            }
            let inner = self.any()?;
            self.depth -= 1;
            self.need_sign(")")?;
            return Ok(inner);
        }
        if let Some(Token::Word(word)) = self.peek()
            && let Some(named) = find_named(word)
        {
            self.next += 1;
            return Ok(Expr::Named(named));
        }
        Ok(Expr::Compare(Box::new(self.condition()?)))
    }

    fn condition(&mut self) -> Parsed<Condition> {
        let quantity = self.quantity()?;
        let op = self.op()?;
        let bound = self.bound(&quantity)?;
        let (mut sliding, mut during) = (None, None);
        loop {
            let place = self.place();
            let again = if self.word("for") {
                if matches!(quantity, Quantity::Scalar(_)) {
                    return Err(Wrong::new(
                        place,
                        format!("{quantity} has one value a run, so \"for\" means nothing"),
                    ));
                }
                let (text, place) = self.number("a duration such as 30s")?;
                let ns = parse_nanos(&text).filter(|ns| *ns > 0);
                let ns = ns.ok_or_else(|| {
                    Wrong::new(place, format!("\"{text}\" is no duration"))
                        .help("write one such as 30s")
                })?;
                sliding.replace(ns).is_some()
            } else if self.word("during") {
                during.replace(self.phase()?).is_some()
            } else {
                break;
            };
            if again {
                return Err(Wrong::new(place, "this is said twice"));
            }
        }
        Ok(Condition {
            quantity,
            op,
            bound,
            sliding,
            during,
        })
    }

    fn phase(&mut self) -> Parsed<&'static str> {
        let (word, place) = self.any_word("a phase")?;
        let phase = PHASES.iter().find(|phase| **phase == word);
        phase.copied().ok_or_else(|| {
            Wrong::new(place, format!("there is no phase \"{word}\""))
                .help(suggestion(&word, PHASES.iter().copied()))
        })
    }

    fn op(&mut self) -> Parsed<Op> {
        if let Some(Token::Sign(sign)) = self.peek()
            && let Some((_, op)) = Op::ALL.iter().find(|(s, _)| s == sign)
        {
            self.next += 1;
            return Ok(*op);
        }
        let wrong = self.wrong("a comparison");
        Err(match self.peek() {
            Some(Token::Sign("{")) => wrong
                .help("which requests stands before the statistic: latency{tenant=\"acme\"} p(95)"),
            Some(Token::Sign("=")) => wrong.help("equal is written =="),
            _ => wrong.help("known: <, <=, >, >=, ==, !="),
        })
    }

    fn quantity(&mut self) -> Parsed<Quantity> {
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
    fn named_quantity(
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

    fn selectors(&mut self, measure: &Measure) -> Parsed<Vec<Selector>> {
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

    fn split(&mut self, measure: &Measure) -> Parsed<Option<By>> {
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

    fn bound(&mut self, quantity: &Quantity) -> Parsed<Bound> {
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

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
