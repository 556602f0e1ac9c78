#![no_main]
//! Whatever a gate says: what is read is written back as the same, what is not is refused.

use gameday::{
    config::{At, Source},
    gates::Gate,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let at = At::whole(&Source::new("fuzz", text));
    if let Ok(gate) = Gate::parse_text("g", text, &at) {
        let written = gate.to_string();
        let at = At::whole(&Source::new("again", written.as_str()));
        let again = Gate::parse_text("g", &written, &at).map(|g| g.to_string());
        assert_eq!(again.ok().as_deref(), Some(written.as_str()));
    }
});
