//! Sizes and durations drawn from a distribution, as a file writes them: `512`, or `{ kind = "lognormal", p50 = 400, p99 = 8000 }`.

use crate::{
    config::{
        At, Count, Field, Kind, Node, Read, Reader, Refusal, Share, Span, Table, Value, pick,
    },
    sim::{dice::Draw, distribution::Distribution},
};
use serde_json::json;
use std::marker::PhantomData;

/// A number of things (tokens, bytes), drawn anew each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes(pub Distribution);

/// A duration in ns, drawn anew each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Delays(pub Distribution);

impl Sizes {
    /// One of them.
    #[inline]
    pub fn sample(&self, draw: &mut Draw) -> u64 {
        self.0.sample_u64(draw)
    }
}

impl Delays {
    /// One of them, ns.
    #[inline]
    pub fn sample(&self, draw: &mut Draw) -> u64 {
        self.0.sample_u64(draw)
    }
}

/// What a bare value is.
trait Unit: Read + 'static {
    fn number(&self) -> f64;
}
impl Unit for Count {
    fn number(&self) -> f64 {
        self.0 as f64
    }
}
impl Unit for Span {
    fn number(&self) -> f64 {
        self.0 as f64
    }
}

struct Kinds<U>(PhantomData<U>);

impl<U: Unit> Kinds<U> {
    const ALL: &'static [Kind<Distribution>] = &[
        Kind {
            name: "constant",
            summary: "always the same",
            fields: || vec![field::<U>("value", "The value.")],
            build: constant::<U>,
        },
        Kind {
            name: "uniform",
            summary: "equally likely between two bounds",
            fields: || {
                vec![
                    field::<U>("low", "The least."),
                    field::<U>("high", "The most."),
                ]
            },
            build: uniform::<U>,
        },
        Kind {
            name: "exponential",
            summary: "no memory",
            fields: || vec![field::<U>("mean", "The mean.")],
            build: exponential::<U>,
        },
        Kind {
            name: "lognormal",
            summary: "by its median and 99th percentile",
            fields: || {
                vec![
                    field::<U>("p50", "The median."),
                    field::<U>("p99", "The 99th percentile."),
                ]
            },
            build: lognormal::<U>,
        },
        Kind {
            name: "pareto",
            summary: "a heavy tail",
            fields: || {
                vec![
                    field::<U>("min", "The least."),
                    field::<f64>("alpha", "The exponent of the tail."),
                    field::<U>("cap", "The most."),
                ]
            },
            build: pareto::<U>,
        },
        Kind {
            name: "bimodal",
            summary: "now one distribution, now the other",
            fields: || {
                vec![
                    field::<Node>("a", "The usual one: a value, or a distribution."),
                    field::<Node>("b", "The other, like `a`."),
                    field::<Share>("share", "Share of the other."),
                ]
            },
            build: bimodal::<U>,
        },
    ];
}

fn field<T: Read>(name: &'static str, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        what: T::WHAT,
        default: None,
        schema: T::schema(),
    }
}

fn checked(at: &At, distribution: Distribution) -> Result<Distribution, Refusal> {
    match distribution.validate() {
        Ok(()) => Ok(distribution),
        Err(bad) => Err(Refusal::at(at, bad.to_string())),
    }
}

fn reader<'a>(
    at: &At,
    table: &'a Table,
    taken: &[&str],
    names: &[&str],
) -> Result<Reader<'a>, Refusal> {
    let reader = Reader::new(at, table, "a distribution");
    reader.only(&[names, taken].concat())?;
    Ok(reader)
}

fn constant<U: Unit>(at: &At, table: &Table, taken: &[&str]) -> Result<Distribution, Refusal> {
    let r = reader(at, table, taken, &["value"])?;
    Ok(Distribution::Constant(r.required::<U>("value")?.number()))
}

fn uniform<U: Unit>(at: &At, table: &Table, taken: &[&str]) -> Result<Distribution, Refusal> {
    let r = reader(at, table, taken, &["low", "high"])?;
    let (low, high) = (
        r.required::<U>("low")?.number(),
        r.required::<U>("high")?.number(),
    );
    checked(at, Distribution::Uniform { low, high })
}

fn exponential<U: Unit>(at: &At, table: &Table, taken: &[&str]) -> Result<Distribution, Refusal> {
    let r = reader(at, table, taken, &["mean"])?;
    checked(
        at,
        Distribution::Exponential {
            mean: r.required::<U>("mean")?.number(),
        },
    )
}

fn lognormal<U: Unit>(at: &At, table: &Table, taken: &[&str]) -> Result<Distribution, Refusal> {
    let r = reader(at, table, taken, &["p50", "p99"])?;
    let (p50, p99) = (
        r.required::<U>("p50")?.number(),
        r.required::<U>("p99")?.number(),
    );
    if p50 <= 0.0 {
        return Err(Refusal::at(at, "the median of a lognormal must be above 0"));
    }
    checked(at, Distribution::lognormal(p50, p99))
}

fn pareto<U: Unit>(at: &At, table: &Table, taken: &[&str]) -> Result<Distribution, Refusal> {
    let r = reader(at, table, taken, &["min", "alpha", "cap"])?;
    let (min, alpha) = (
        r.required::<U>("min")?.number(),
        r.required::<f64>("alpha")?,
    );
    let cap = Some(r.required::<U>("cap")?.number());
    checked(at, Distribution::Pareto { min, alpha, cap })
}

fn bimodal<U: Unit>(at: &At, table: &Table, taken: &[&str]) -> Result<Distribution, Refusal> {
    let r = reader(at, table, taken, &["a", "b", "share"])?;
    let half = |name| read::<U>(&r.required::<Node>(name)?).map(Box::new);
    let (a, b) = (half("a")?, half("b")?);
    let share = r.required::<Share>("share")?.0;
    checked(at, Distribution::Bimodal { a, b, share })
}

fn read<U: Unit>(node: &Node) -> Result<Distribution, Refusal> {
    match &node.value {
        Value::Table(_) => pick(Kinds::<U>::ALL, "distribution", node),
        _ => Ok(Distribution::Constant(U::read(node)?.number())),
    }
}

impl Read for Sizes {
    const WHAT: &'static str =
        "a number, or a distribution such as { kind = \"lognormal\", p50 = 400, p99 = 8000 }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        read::<Count>(node).map(Sizes)
    }
    fn schema() -> serde_json::Value {
        schema::<Count>()
    }
}

impl Read for Delays {
    const WHAT: &'static str = "a duration, or a distribution such as { kind = \"lognormal\", p50 = \"200ms\", p99 = \"2s\" }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        read::<Span>(node).map(Delays)
    }
    fn schema() -> serde_json::Value {
        schema::<Span>()
    }
}

fn schema<U: Unit>() -> serde_json::Value {
    let kinds: Vec<_> = Kinds::<U>::ALL
        .iter()
        .map(|k| {
            let mut schema = crate::config::schema_of(k.summary, &(k.fields)());
            schema["properties"]["kind"] = json!({ "const": k.name });
            schema
        })
        .collect();
    json!({ "anyOf": [U::schema(), { "type": "object", "oneOf": kinds }] })
}

/// In words, for reports.
pub fn describe(d: &Distribution) -> &'static str {
    match d {
        Distribution::Constant(_) => "constant",
        Distribution::Uniform { .. } => "uniform",
        Distribution::Exponential { .. } => "exponential",
        Distribution::Lognormal { .. } => "lognormal",
        Distribution::Pareto { .. } => "pareto",
        Distribution::Bimodal { .. } => "bimodal",
        _ => "drawn",
    }
}
