#![no_main]
//! Whatever the text of an incident file: an incident, or a refusal.

use gameday::{
    incident::{Incident, Overlay, Registries},
    trace::Overrides,
};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|text: &str| {
    let (overlay, overrides) = (Overlay::default(), Overrides::default());
    let registries = Registries::builtin();
    if let Err(refusal) = Incident::read(Path::new("fuzz.toml"), text, &overlay, &overrides, &registries) {
        assert!(!refusal.to_string().is_empty());
    }
});
