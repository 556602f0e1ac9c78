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

mod bound;
mod cursor;
mod quantity;

use super::{
    abort::Abort,
    lex::{Token, lex},
    named::find_named,
    syntax::{Condition, Expr, Op, Quantity},
};
use crate::config::{parse_nanos, suggestion};
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
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
