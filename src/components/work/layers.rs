//! A request passes through layers (a gateway, a check of who asks, a log, the handler), each of which looks at its body.
//!
//! Sound (`once`): the first parses it and hands the value on. Flawed (`each`): each is given the bytes, and parses them.

use super::{
    Exhausted, Job, Meter, Work,
    json::{digest, parse},
    up_to,
};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};
use serde_json::Value;

crate::choice! {
    /// How often a body is parsed.
    pub enum LayersWay {
        /// By the first layer, which hands the value on.
        Once = "once",
        /// By each layer.
        Each = "each",
    }
}

crate::options! {
    /// Looking at a JSON body in each of several layers.
    #[derive(Clone, Debug, PartialEq)]
    pub struct LayersOptions {
        /// How often it is parsed: once, each.
        way: LayersWay = LayersWay::Once, "once";
        /// How many layers there are.
        layers: u32 = 5, "5";
    }
}

const PARSE: usize = 0;
const LOOK: usize = 1;

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    let options = LayersOptions::read_table(at, table, taken)?;
    up_to(1000, options.layers, at, table, "layers")?;
    Ok(Box::new(options))
}

/// What a layer sees of a body: one field, by its number.
fn look(body: &Value, layer: u32) -> u64 {
    let (name, value) = match body {
        Value::Object(fields) if !fields.is_empty() => {
            let field = fields.iter().nth(layer as usize % fields.len());
            field.map_or(("", body), |(name, value)| (name.as_str(), value))
        }
        other => ("", other),
    };
    let seen = match value {
        Value::Null => 0,
        Value::Bool(is) => 1 + u64::from(*is),
        Value::Number(n) => n.as_f64().unwrap_or(0.0).to_bits(),
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.len() as u64,
        Value::Object(fields) => fields.len() as u64,
    };
    mix(digest(name.as_bytes()) ^ seen)
}

impl Work for LayersOptions {
    /// Units: bytes parsed, fields looked at.
    fn parts(&self) -> &'static [&'static str] {
        &["parse", "look"]
    }

    fn costs(&self) -> &'static [f64] {
        &[5.0, 20.0]
    }

    /// The product covers what each layer saw. What is no JSON is refused by the first, and no other gets it.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let Ok(mut body) = parse(job.text, meter, PARSE)? else {
            return Ok(0);
        };
        let mut product = 0;
        for layer in 0..self.layers {
            if layer > 0 && self.way == LayersWay::Each {
                body = parse(job.text, meter, PARSE)?.unwrap_or_default();
            }
            meter.spend(LOOK, 1)?;
            product = mix(product ^ look(&body, layer));
        }
        Ok(product)
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        job.text.len() as u64
    }
}
