//! What a `--set` of a sweep says: a path, and the values that it takes one after another.
//!
//! ```text
//! set    = PATH "=" spec
//! spec   = item { "," item }
//! item   = range | VALUE
//! range  = AMOUNT ".." AMOUNT ":" ( STEP | "*" FACTOR )
//! ```
//!
//! Both ends of a range with a step belong to it, and the step has to reach the end. One with a factor (`10ms..1s:*2`) goes
//! on while it is not past the end. Commas within quotes, brackets and braces belong to the value.

use super::amount::{Amount, Unit};
use crate::config::{Node, Refusal, Source};
use std::{ops::Range, sync::Arc};

/// Values of one path at most: more is no grid that anybody looks at.
pub const MOST_VALUES: usize = 10_000;

/// A value of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// As it stands behind `=`.
    pub text: String,
    /// As an amount, where it is one.
    pub amount: Option<Amount>,
}

impl Setting {
    /// Of a text.
    pub fn new(text: &str) -> Setting {
        let plain = text.trim_matches(['"', '\'']);
        Setting {
            text: text.into(),
            amount: Amount::parse(plain),
        }
    }

    /// Of a value of a file.
    pub fn of_node(node: &Node) -> Setting {
        Setting::new(&node.to_inline())
    }

    /// Whether both set the same: as amounts (`60s` and `1m`), or as values of TOML.
    pub fn is(&self, other: &Setting) -> bool {
        if let (Some(a), Some(b)) = (&self.amount, &other.amount) {
            return a.unit == b.unit && a.value() == b.value();
        }
        let value = |s: &Setting| {
            let source = Source::new("value", s.text.trim());
            Node::parse_value(&source).map(|node| node.to_inline())
        };
        matches!((value(self), value(other)), (Ok(a), Ok(b)) if a == b)
    }
}

/// A path with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Dotted, into the incident file.
    pub path: String,
    /// In order; one for what is the same in all runs.
    pub values: Vec<Setting>,
}

impl Axis {
    /// Reads `path=spec`.
    ///
    /// # Errors
    /// What is no path with values, at its place in the argument.
    pub fn parse(text: &str) -> Result<Axis, Refusal> {
        let source = Source::new("--set", text);
        let whole = |message: &str| Refusal::text(&source, 0..text.len(), message);
        let Some(equals) = text.find('=') else {
            return Err(whole("this sets nothing").help(
                "write path=values, such as service.limiter.burst=10..200:10 or service.call.retry.max=1,2,3",
            ));
        };
        let path = text[..equals].trim();
        if path.is_empty() {
            return Err(whole("no path stands before =")
                .help("write a dotted path, such as service.limiter.burst=10..200:10"));
        }
        let mut values: Vec<Setting> = vec![];
        for range in items(text, equals + 1) {
            let item = &text[range.clone()];
            let place = trimmed(text, &range);
            if item.trim().is_empty() {
                return Err(Refusal::text(&source, range, "there is no value here")
                    .help("write one value, a list such as 1,2,3, or a range such as 10..200:10"));
            }
            let new = match ranged(item) {
                Some((from, rest)) => spread(&source, &place, from, rest)?,
                None => vec![Setting::new(item.trim())],
            };
            for setting in new {
                if values.iter().any(|v| v.is(&setting)) {
                    let message = format!("{} is there twice", setting.text);
                    return Err(Refusal::text(&source, place, message)
                        .help("every value of a path is tried once"));
                }
                values.push(setting);
                if values.len() > MOST_VALUES {
                    return Err(too_many(&source, place));
                }
            }
        }
        Ok(Axis {
            path: path.into(),
            values,
        })
    }

    /// Whether it takes more than one value.
    pub fn is_swept(&self) -> bool {
        self.values.len() > 1
    }

    /// Its values as numbers of one unit, if that is what they are.
    pub fn amounts(&self) -> Option<Vec<f64>> {
        let unit = &self.values.first()?.amount.as_ref()?.unit;
        let of = |s: &Setting| {
            s.amount
                .as_ref()
                .filter(|a| a.unit == *unit)
                .map(Amount::value)
        };
        self.values.iter().map(of).collect()
    }
}

fn too_many(source: &Arc<Source>, place: Range<usize>) -> Refusal {
    Refusal::text(source, place, format!("more than {MOST_VALUES} values"))
        .help("take a larger step")
}

/// Byte ranges of the items behind `from`: commas on the top level part them.
fn items(text: &str, from: usize) -> Vec<Range<usize>> {
    let (mut out, mut start, mut depth, mut quote, mut escaped) = (vec![], from, 0u32, None, false);
    for (i, c) in text[from..].char_indices().map(|(i, c)| (from + i, c)) {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                out.push(start..i);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(start..text.len());
    out
}

fn trimmed(text: &str, range: &Range<usize>) -> Range<usize> {
    let item = &text[range.clone()];
    let from = range.start + (item.len() - item.trim_start().len());
    from..from + item.trim().len()
}

/// `10..200:10` in two; a text that begins with no amount is a value, such as a path with dots.
fn ranged(item: &str) -> Option<(Amount, &str)> {
    let (from, rest) = item.trim().split_once("..")?;
    Some((Amount::parse(from)?, rest))
}

/// The values of a range.
fn spread(
    source: &Arc<Source>,
    place: &Range<usize>,
    from: Amount,
    rest: &str,
) -> Result<Vec<Setting>, Refusal> {
    let no = |message: String| Refusal::text(source, place.clone(), message);
    let (to, by) = match rest.split_once(':') {
        Some((to, by)) => (to.trim(), by.trim()),
        None => {
            return Err(no("this range has no step".into()).help(
                "write its step behind a colon, such as 10..200:10, or a factor, such as 10ms..1s:*2",
            ));
        }
    };
    let Some(to) = Amount::parse(to) else {
        return Err(no(format!("\"{to}\" is no amount"))
            .help("a range goes from one amount to another, such as 10..200:10"));
    };
    if to.unit != from.unit {
        return Err(no("a range between two units".into())
            .help("write both ends in one unit, such as 10ms..1s:10ms or 5%..50%:5%"));
    }
    if to.value() < from.value() {
        return Err(
            no("an empty range: it ends before it begins".into()).help("the smaller comes first")
        );
    }
    match by.strip_prefix('*') {
        Some(factor) => multiplied(&from, &to, factor.trim(), &no),
        None => stepped(&from, &to, by, &no),
    }?
    .ok_or_else(|| too_many(source, place.clone()))
}

type Values = Result<Option<Vec<Setting>>, Refusal>;

fn stepped(from: &Amount, to: &Amount, by: &str, no: &dyn Fn(String) -> Refusal) -> Values {
    let such = "such as 10..200:10 or 10ms..1s:10ms";
    let step = Amount::parse(by).filter(|s| s.digits > 0);
    let step = step.ok_or_else(|| {
        no(format!("\"{by}\" is no step")).help(format!("write an amount above 0, {such}"))
    })?;
    if step.unit != from.unit {
        return Err(no(format!("the step \"{by}\" is of another unit"))
            .help(format!("write it in the unit of the ends, {such}")));
    }
    let places = from.places.max(to.places).max(step.places);
    let wide = |a: &Amount| {
        a.at_places(places)
            .ok_or_else(|| no("these numbers are too long".into()))
    };
    let (first, last, step) = (wide(from)?, wide(to)?, wide(&step)?);
    let at = |digits| Amount {
        digits,
        places,
        unit: from.unit.clone(),
    };
    let (n, left) = ((last - first) / step, (last - first) % step);
    if left != 0 {
        let written = |digits| at(digits).written();
        let (low, high) = (last - left, last - left + step);
        return Err(
            no(format!("steps of {by} do not reach {}", to.written())).help(format!(
                "end at {} or at {}",
                written(low),
                written(high)
            )),
        );
    }
    if n >= MOST_VALUES as i128 {
        return Ok(None);
    }
    Ok(Some(
        (0..=n).map(|i| setting(at(first + step * i))).collect(),
    ))
}

fn multiplied(from: &Amount, to: &Amount, by: &str, no: &dyn Fn(String) -> Refusal) -> Values {
    let factor = Amount::parse(by).filter(|f| f.unit == Unit::Plain && f.value() > 1.0);
    let factor = factor.ok_or_else(|| {
        no(format!("\"{by}\" is no factor")).help("write a number above 1, such as 10ms..1s:*2")
    })?;
    if from.digits <= 0 {
        return Err(no("a factor leads nowhere from here".into())
            .help("begin above 0, or write a step, such as 0..200:10"));
    }
    // What has no parts is rounded to whole ones; elsewhere thousandths are kept.
    let more = if from.is_whole() || factor.places == 0 {
        0
    } else {
        3
    };
    let places = (from.places + more).max(to.places);
    let wide = |a: &Amount| {
        a.at_places(places)
            .ok_or_else(|| no("these numbers are too long".into()))
    };
    let (first, last) = (wide(from)?, wide(to)?);
    let mut values: Vec<i128> = vec![];
    loop {
        let next = first as f64 * libm::pow(factor.value(), values.len() as f64);
        let next = libm::round(next) as i128;
        if next > last {
            break;
        }
        if values.last().is_some_and(|v| next <= *v) {
            return Err(no(format!(
                "the factor {by} is too small: two values would be alike"
            ))
            .help("take a larger one, or a step"));
        }
        values.push(next);
        if values.len() > MOST_VALUES {
            return Ok(None);
        }
    }
    let at = |digits| Amount {
        digits,
        places,
        unit: from.unit.clone(),
    };
    Ok(Some(values.into_iter().map(|v| setting(at(v))).collect()))
}

fn setting(amount: Amount) -> Setting {
    Setting::new(&amount.written())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<String> {
        let axis = Axis::parse(text).unwrap_or_else(|e| panic!("{e}"));
        axis.values.into_iter().map(|v| v.text).collect()
    }

    #[test]
    fn one_value_a_list_and_ranges_are_read() {
        assert_eq!(values("a.b=7"), ["7"]);
        assert_eq!(values("a.b= 1, 2 ,3"), ["1", "2", "3"]);
        assert_eq!(values("a=10..50:20"), ["10", "30", "50"]);
        assert_eq!(values("a=0.1..0.4:0.1"), ["0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(values("a=10ms..100ms:*2"), ["10ms", "20ms", "40ms", "80ms"]);
        assert_eq!(values("a=500ms..1500ms:500ms"), ["500ms", "1s", "1500ms"]);
        assert_eq!(values("a=10..50:*1.5"), ["10", "15", "23", "34"]);
        assert_eq!(values("a=1%..2%:0.5%"), ["1%", "1.5%", "2%"]);
        assert_eq!(
            values("a=1,2,10..30:10,1s"),
            ["1", "2", "10", "20", "30", "1s"]
        );
        assert_eq!(values("a=64KiB..256KiB:*2"), ["64KiB", "128KiB", "256KiB"]);
        assert_eq!(
            values("a=fifo,\"x, y\",[1, 2],{ k = 1, l = 2 }"),
            ["fifo", "\"x, y\"", "[1, 2]", "{ k = 1, l = 2 }"]
        );
        assert_eq!(values("trace=../traces/x.csv"), ["../traces/x.csv"]);
    }

    #[test]
    fn what_is_no_grid_is_refused_at_its_place() {
        for (text, said) in [
            ("a", "this sets nothing"),
            ("=1", "no path"),
            ("a=", "no value"),
            ("a=1,,2", "no value"),
            ("a=1,2,1", "1 is there twice"),
            ("a=60s,1m", "1m is there twice"),
            ("a=10..20", "no step"),
            ("a=20..10:5", "empty range"),
            ("a=10..25:10", "end at 20 or at 30"),
            ("a=10..20:0", "no step"),
            ("a=10..20:-5", "no step"),
            ("a=10..20:x", "no step"),
            ("a=10..x:1", "no amount"),
            ("a=10..20s:1", "two units"),
            ("a=10s..20s:1", "another unit"),
            ("a=10..20:*1", "no factor"),
            ("a=0..20:*2", "begin above 0"),
            ("a=10..20:*1.01", "too small"),
            ("a=0..1000000:1", "more than 10000"),
        ] {
            let refused = Axis::parse(text).unwrap_err().to_string();
            assert!(refused.contains(said), "{text}: {refused}");
        }
        let shown = Axis::parse("a=1,10..25:10").unwrap_err().to_string();
        assert_eq!(
            shown,
            "--set:1:5: steps of 10 do not reach 25\n    1 | a=1,10..25:10\n      |     ^^^^^^^^^ end at 20 or at 30"
        );
    }

    proptest! {
        #[test]
        fn a_range_has_both_ends_and_every_step_between(from in -1000i64..1000, n in 0usize..200, step in 1i64..50, places in 0u32..4) {
            let scale = 10i64.pow(places);
            let text = |v: i64| Amount { digits: v.into(), places, unit: Unit::Plain }.written();
            let to = from + step * n as i64;
            let axis = Axis::parse(&format!("a={}..{}:{}", text(from), text(to), text(step))).unwrap();
            prop_assert_eq!(axis.values.len(), n + 1);
            for (i, value) in axis.values.iter().enumerate() {
                let expected = (from + step * i as i64) as f64 / scale as f64;
                prop_assert_eq!(value.text.parse::<f64>().unwrap(), expected);
                prop_assert_eq!(value.amount.as_ref().unwrap().value(), expected);
            }
        }

        #[test]
        fn no_text_is_worse_than_refused(text in "[a-z0-9.,:*%\"\\[\\]{}= -]{0,24}") {
            if let Ok(axis) = Axis::parse(&text) {
                prop_assert!(!axis.values.is_empty() && !axis.path.is_empty());
            }
        }
    }
}
