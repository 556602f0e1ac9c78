#![no_main]
//! Whatever the bytes of a trace: requests in order of time, or a refusal.

use gameday::trace::{Input, Requests, formats::ReadOptions};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let (&[flags], bytes) = bytes.split_at(bytes.len().min(1)) else {
        return;
    };
    let Ok(input) = Input::of("fuzz", Cursor::new(bytes.to_vec())) else {
        return;
    };
    let options = ReadOptions {
        reorder: u64::from(flags >> 1) * 1_000_000_000,
        ..ReadOptions::default()
    };
    let lenient = flags & 1 == 1;
    let Ok(requests) = Requests::read(input, None, &options, lenient, Default::default()) else {
        return;
    };
    let mut last = 0;
    for request in requests.map_while(Result::ok) {
        assert!(request.arrived >= last);
        last = request.arrived;
    }
});
