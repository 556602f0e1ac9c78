//! Sizes shift: requests ask more, or are answered at greater length, than those before them.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::dice::Draw,
    trace::{Request, SharedTags},
};

crate::options! {
    /// Size fault.
    #[derive(Clone, Debug)]
    pub struct SizeFault {
        /// How many times the tokens asked.
        input: f64 = 1.0, "1";
        /// How many times the tokens answered.
        output: f64 = 1.0, "1";
        /// How many times the bytes of the body.
        bytes: f64 = 1.0, "1";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = SizeFault::read_table(at, table, &[taken, COMMON].concat())?;
    for (name, factor) in [
        ("input", fault.input),
        ("output", fault.output),
        ("bytes", fault.bytes),
    ] {
        if !(factor.is_finite() && (0.0..=MOST).contains(&factor)) {
            let place = table.get(name).map_or(at, |entry| &entry.node.at);
            return Err(
                Refusal::at(place, format!("a factor of {factor}")).help(format!("0 to {MOST}"))
            );
        }
    }
    Ok(Box::new(fault))
}

/// The largest factor: beyond it nobody's requests have grown.
const MOST: f64 = 1e6;

impl Fault for SizeFault {
    fn reach(&self) -> Reach {
        Reach::Arrivals
    }

    /// While it ramps, the factors do.
    fn arrive(&self, r: &mut Request, _: &SharedTags, strength: f64, _: &mut Draw) -> bool {
        let grown = |size: u64, factor: f64| {
            (size as f64 * (1.0 + (factor - 1.0) * strength)).round() as u64
        };
        let tokens = |size: u32, factor| grown(size.into(), factor).min(u32::MAX.into()) as u32;
        let before = (r.input_tokens, r.output_tokens, r.bytes);
        r.input_tokens = tokens(r.input_tokens, self.input);
        r.output_tokens = tokens(r.output_tokens, self.output);
        r.bytes = grown(r.bytes, self.bytes);
        (r.input_tokens, r.output_tokens, r.bytes) != before
    }
}
