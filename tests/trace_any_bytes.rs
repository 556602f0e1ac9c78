//! Whatever the bytes: requests or a refusal, never a panic.

use gameday::{
    config::{Node, Read, Source as Text},
    trace::{Input, Requests, TraceSpec, formats::ReadOptions, shape::Filter},
};
use proptest::prelude::*;
use std::{io::Cursor, path::Path};

fn read(bytes: Vec<u8>, lenient: bool, reorder: u64) {
    let Ok(input) = Input::of("t", Cursor::new(bytes)) else {
        return;
    };
    let options = ReadOptions {
        reorder,
        ..ReadOptions::default()
    };
    let Ok(requests) = Requests::read(input, None, &options, lenient, Default::default()) else {
        return;
    };
    let mut last = 0;
    for request in requests {
        match request {
            Ok(request) => {
                assert!(request.arrived >= last, "out of order");
                last = request.arrived;
            }
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
    }
}

/// Pieces that traces are made of, so that random texts reach deep.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\n".to_string()),
        Just(",".to_string()),
        Just("\"".to_string()),
        Just("{\"arrived\":".to_string()),
        Just(",\"tenant\":\"a\"}\n".to_string()),
        Just(
            "{\"timestamp\":1,\"input_length\":2,\"output_length\":3,\"hash_ids\":[1,2]}\n"
                .to_string()
        ),
        Just("2023-11-16 18:17:03.9799600,4808,10\r\n".to_string()),
        Just("1.5,acme,{\"a\":1}\n".to_string()),
        Just("# rows 3\n".to_string()),
        Just("# gameday trace 1\n".to_string()),
        Just("{\"rows\":1}\n".to_string()),
        Just("\\".to_string()),
        Just("]}[{".to_string()),
        "[0-9]{1,25}",
        "\\PC{0,6}",
    ]
}

const HEADS: &[&str] = &[
    "",
    "arrived,tenant,params\n",
    "arrived,prompt,body,blocks,deadline,idempotency_key,client\n",
    "TIMESTAMP,ContextTokens,GeneratedTokens\n",
    "{\"timestamp\":0,\"input_length\":1,\"output_length\":1,\"hash_ids\":[]}\n",
    "{\"arrived\":0}\n",
    "# gameday trace 1\narrived\n",
    "/product/17\n-1207959551\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(head in 0..HEADS.len(), bytes in prop::collection::vec(any::<u8>(), 0..300), lenient: bool) {
        let mut all = HEADS[head].as_bytes().to_vec();
        all.extend(bytes);
        read(all, lenient, 0);
    }

    #[test]
    fn any_pieces_of_a_trace(head in 0..HEADS.len(), pieces in prop::collection::vec(piece(), 0..40), lenient: bool, reorder in 0u64..10_000_000_000) {
        read(format!("{}{}", HEADS[head], pieces.concat()).into_bytes(), lenient, reorder);
    }

    #[test]
    fn any_archive(magic in prop_oneof![Just(vec![0x1f, 0x8b, 8, 0]), Just(vec![0x28, 0xb5, 0x2f, 0xfd]), Just(vec![0x50, 0x2a, 0x4d, 0x18])], bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut all = magic;
        all.extend(bytes);
        read(all, true, 0);
    }

    #[test]
    fn any_filter(text in "\\PC{0,30}", words in prop::collection::vec(prop_oneof![Just("tenant"), Just("=="), Just("\"a\""), Just("and"), Just("not"), Just("("), Just(")"), Just("in"), Just("["), Just("]"), Just("op"), Just("<"), Just("5"), Just(",")], 0..12)) {
        let _ = Filter::parse(&Text::new("f", text));
        let _ = Filter::parse(&Text::new("f", words.join(" ")));
    }

    #[test]
    fn any_setting(key in prop::sample::select(TraceSpec::fields().iter().map(|f| f.name).collect::<Vec<_>>()), value in prop_oneof![Just("5".to_string()), Just("-1".to_string()), Just("0".to_string()), Just("1e300".to_string()), Just("\"5m\"".to_string()), Just("\"x\"".to_string()), Just("[]".to_string()), Just("{}".to_string()), Just("true".to_string()), Just("{ count = 0 }".to_string()), Just("{ count = 5, exponent = -1 }".to_string()), Just("{ a = 0 }".to_string()), Just("{ a = -3 }".to_string()), Just("{ kind = \"lognormal\", p50 = 0, p99 = 1 }".to_string()), Just("{ kind = \"bursts\", busy = \"0/s\", quiet_for = \"1s\", busy_for = \"1s\" }".to_string()), "\\PC{0,10}"]) {
        let text = format!("arrivals = {{ kind = \"poisson\", rate = \"1/s\" }}\nduration = \"3s\"\n{key} = {value}\n");
        if let Ok(node) = Node::parse(&Text::new("x.toml", text))
            && let Ok(spec) = TraceSpec::read(&node, Path::new("."))
        {
            let _ = String::read(&node);
            let _ = spec.extent(1);
            if let Ok(gameday::trace::Source::Open(stream)) = spec.open(1) {
                stream.take(100).for_each(drop);
            }
        }
    }
}

/// A piece of what access logs and events are made of, or of what they are not.
fn log_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("10.0.0.1 - - [25/Oct/2015:04:11:25 +0100] \"GET /a?b HTTP/1.1\" 200 5".to_string()),
        Just(" \"-\" \"agent \\\" x\" 0.5".to_string()),
        Just("{\"ts\":1,\"a\":{\"b\":\"x\"}}".to_string()),
        Just("ts,b\n1,2".to_string()),
        "[\\[\\]\"\\\\:/ é{},.0-9a\u{7f}]{0,12}",
        Just("\n".to_string()),
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn logs_and_mapped_files_of_any_pieces_are_read_or_refused(
        pieces in proptest::collection::vec(log_piece(), 0..12),
        map in proptest::option::of(prop_oneof![Just("arrived=ts,tenant=a.b"), Just("arrived=ts:ms,prompt=b")]),
        fold in any::<bool>(),
        spread in proptest::option::of(0_u64..4_000_000_000),
    ) {
        let Ok(input) = Input::of("t", Cursor::new(pieces.concat().into_bytes())) else {
            return Ok(());
        };
        let map = map.map(|text| {
            let node = Node::parse_value(&Text::new("--map", format!("{text:?}"))).unwrap();
            std::rc::Rc::new(Read::read(&node).unwrap())
        });
        let mut options = ReadOptions { map, spread, ..ReadOptions::default() };
        options.access.fold = fold;
        let Ok(requests) = Requests::read(input, None, &options, true, Default::default()) else {
            return Ok(());
        };
        let mut last = 0;
        for request in requests {
            match request {
                Ok(request) => {
                    prop_assert!(request.arrived >= last);
                    last = request.arrived;
                }
                Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
            }
        }
    }
}
