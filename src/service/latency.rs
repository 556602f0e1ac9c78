//! How long something takes, as a file says it: a distribution, per token, or as captured.

use crate::{
    config::{At, Node, Options, Read, Refusal, Span, Table, Value, suggestion},
    sim::{dice::Draw, distribution::Distribution},
    trace::Request,
};

/// How long something takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Latency {
    /// Drawn; ns.
    Drawn(Distribution),
    /// By the request's tokens, times a factor that is drawn.
    PerToken {
        /// ns whatever the size.
        base: f64,
        /// ns a token asked.
        per_input: f64,
        /// ns a token answered.
        per_output: f64,
        /// Lognormal factor with median 1; its sigma.
        sigma: f64,
    },
    /// What the captured service took, times a factor.
    AsCaptured {
        /// 1 is as it was.
        factor: f64,
    },
}

/// What of a request a latency may depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Tokens asked.
    pub input_tokens: u32,
    /// Tokens answered.
    pub output_tokens: u32,
    /// ns that the captured service took.
    pub captured: u64,
}

impl Size {
    /// Of a request.
    pub fn of(request: &Request) -> Size {
        Size {
            input_tokens: request.input_tokens,
            output_tokens: request.output_tokens,
            captured: request.service_time,
        }
    }
}

impl Latency {
    /// ns for a request of this size.
    #[inline]
    pub fn sample(&self, size: Size, draw: &mut Draw) -> u64 {
        match self {
            Latency::Drawn(distribution) => distribution.sample_u64(draw),
            Latency::PerToken {
                base,
                per_input,
                per_output,
                sigma,
            } => {
                let tokens = base
                    + per_input * f64::from(size.input_tokens)
                    + per_output * f64::from(size.output_tokens);
                let factor = if *sigma > 0.0 {
                    draw.lognormal(0.0, *sigma)
                } else {
                    1.0
                };
                (tokens * factor) as u64
            }
            Latency::AsCaptured { factor } => (size.captured as f64 * factor) as u64,
        }
    }

    /// Whether it needs the captured service time of requests.
    pub fn needs_captured(&self) -> bool {
        matches!(self, Latency::AsCaptured { .. })
    }
}

crate::options! {
    /// Constant latency.
    #[derive(Clone, Debug)]
    pub struct ConstantOptions {
        /// How long.
        time: Span,
    }
}
crate::options! {
    /// Uniform latency.
    #[derive(Clone, Debug)]
    pub struct UniformOptions {
        /// The least.
        min: Span,
        /// The most.
        max: Span,
    }
}
crate::options! {
    /// Exponential latency.
    #[derive(Clone, Debug)]
    pub struct ExponentialOptions {
        /// The mean.
        mean: Span,
    }
}
crate::options! {
    /// Lognormal latency.
    #[derive(Clone, Debug)]
    pub struct LognormalOptions {
        /// The median.
        p50: Span,
        /// The 99th percentile.
        p99: Span,
    }
}
crate::options! {
    /// Pareto latency.
    #[derive(Clone, Debug)]
    pub struct ParetoOptions {
        /// The least.
        min: Span,
        /// The tail's exponent; the smaller, the heavier.
        alpha: f64,
        /// The most; 0 is no bound.
        cap: Span = Span(0), "no bound";
    }
}
crate::options! {
    /// Bimodal latency.
    #[derive(Clone, Debug)]
    pub struct BimodalOptions {
        /// The usual one: a duration, or a distribution that is not per token nor as captured.
        a: Node,
        /// The other, like `a`.
        b: Node,
        /// Share of the other.
        share: crate::config::Share,
    }
}
crate::options! {
    /// Latency per token.
    #[derive(Clone, Debug)]
    pub struct TokenOptions {
        /// Whatever the size.
        base: Span = Span(0), "0";
        /// For each token asked.
        per_input: Span = Span(0), "0";
        /// For each token answered.
        per_output: Span = Span(0), "0";
        /// Spread of the lognormal factor (its sigma); 0 is none.
        sigma: f64 = 0.0, "0";
    }
}
crate::options! {
    /// Latency as captured.
    #[derive(Clone, Debug)]
    pub struct CapturedOptions {
        /// 1 is as it was.
        factor: f64 = 1.0, "1";
    }
}

const KINDS: &[&str] = &[
    "constant",
    "uniform",
    "exponential",
    "lognormal",
    "pareto",
    "bimodal",
    "tokens",
    "as-captured",
];

impl Read for Latency {
    const WHAT: &'static str = "a latency such as \"20ms\", \"as-captured\" or { kind = \"lognormal\", p50 = \"180ms\", p99 = \"1.2s\" }";

    fn read(node: &Node) -> Result<Self, Refusal> {
        let at = &node.at;
        let empty = Table::new();
        match &node.value {
            Value::Text(word) if word == "as-captured" => Self::of_kind(word, at, at, &empty),
            Value::Text(_) | Value::Integer(0) => Ok(Latency::Drawn(Distribution::Constant(
                Span::read(node)?.0 as f64,
            ))),
            Value::Table(table) => match table.get("kind") {
                Some(kind) => Self::of_kind(&String::read(&kind.node)?, &kind.node.at, at, table),
                None => Err(Refusal::at(at, "this latency has no kind")
                    .help(format!("known: {}", KINDS.join(", ")))),
            },
            _ => Err(node.wrong(Self::WHAT)),
        }
    }

    fn schema() -> serde_json::Value {
        let mut plain = Span::schema();
        plain["title"] = Span::WHAT.into();
        let kinds: Vec<serde_json::Value> = [
            ConstantOptions::fields(),
            UniformOptions::fields(),
            ExponentialOptions::fields(),
            LognormalOptions::fields(),
            ParetoOptions::fields(),
            BimodalOptions::fields(),
            TokenOptions::fields(),
            CapturedOptions::fields(),
        ]
        .iter()
        .zip(KINDS)
        .map(|(fields, kind)| {
            let mut schema = crate::config::schema_of(summary(kind), fields);
            schema["properties"]["kind"] = serde_json::json!({ "const": kind });
            schema
        })
        .collect();
        serde_json::json!({ "anyOf": [plain, { "enum": ["as-captured"] }, { "oneOf": kinds }] })
    }
}

/// A kind in one sentence, for the schema.
fn summary(kind: &str) -> &'static str {
    match kind {
        "constant" => "always the same",
        "uniform" => "equally likely between two bounds",
        "exponential" => "no memory",
        "lognormal" => "by its median and 99th percentile",
        "pareto" => "a heavy tail",
        "bimodal" => "now one distribution, now the other",
        "tokens" => "by the tokens of the request",
        _ => "what the captured service took, by the trace's `service_time`",
    }
}

impl Latency {
    fn of_kind(kind: &str, kind_at: &At, at: &At, table: &Table) -> Result<Latency, Refusal> {
        let taken = &["kind"];
        let drawn = |d: Distribution| match d.validate() {
            Ok(()) => Ok(Latency::Drawn(d)),
            Err(bad) => Err(Refusal::at(
                at,
                format!("this latency makes no sense: {bad}"),
            )),
        };
        match kind {
            "constant" => drawn(Distribution::Constant(
                ConstantOptions::read_table(at, table, taken)?.time.0 as f64,
            )),
            "uniform" => {
                let o = UniformOptions::read_table(at, table, taken)?;
                drawn(Distribution::Uniform {
                    low: o.min.0 as f64,
                    high: o.max.0 as f64,
                })
            }
            "exponential" => {
                let o = ExponentialOptions::read_table(at, table, taken)?;
                drawn(Distribution::Exponential {
                    mean: o.mean.0 as f64,
                })
            }
            "lognormal" => {
                let o = LognormalOptions::read_table(at, table, taken)?;
                if o.p50.0 == 0 || o.p99 < o.p50 {
                    return Err(Refusal::at(at, "a lognormal latency needs 0 < p50 <= p99"));
                }
                drawn(Distribution::lognormal(o.p50.0 as f64, o.p99.0 as f64))
            }
            "pareto" => {
                let o = ParetoOptions::read_table(at, table, taken)?;
                let cap = (o.cap.0 > 0).then_some(o.cap.0 as f64);
                drawn(Distribution::Pareto {
                    min: o.min.0 as f64,
                    alpha: o.alpha,
                    cap,
                })
            }
            "bimodal" => {
                let o = BimodalOptions::read_table(at, table, taken)?;
                let half = |node: &Node| match Latency::read(node)? {
                    Latency::Drawn(d) => Ok(Box::new(d)),
                    _ => Err(Refusal::at(
                        &node.at,
                        "each half of a bimodal latency is a distribution",
                    )),
                };
                drawn(Distribution::Bimodal {
                    a: half(&o.a)?,
                    b: half(&o.b)?,
                    share: o.share.0,
                })
            }
            "tokens" => {
                let o = TokenOptions::read_table(at, table, taken)?;
                if !(0.0..=5.0).contains(&o.sigma) {
                    return Err(Refusal::at(at, format!("a spread of {}", o.sigma))
                        .help("sigma is from 0 to 5"));
                }
                Ok(Latency::PerToken {
                    base: o.base.0 as f64,
                    per_input: o.per_input.0 as f64,
                    per_output: o.per_output.0 as f64,
                    sigma: o.sigma,
                })
            }
            "as-captured" => {
                let o = CapturedOptions::read_table(at, table, taken)?;
                if !(o.factor.is_finite() && o.factor >= 0.0) {
                    return Err(
                        Refusal::at(at, format!("a factor of {}", o.factor)).help("0 or more")
                    );
                }
                Ok(Latency::AsCaptured { factor: o.factor })
            }
            other => Err(Refusal::at(kind_at, format!("unknown latency \"{other}\""))
                .help(suggestion(other, KINDS.iter().copied()))),
        }
    }
}
