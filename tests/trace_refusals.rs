//! Every input that is no trace is refused where it is wrong, with what would be right.

use gameday::trace::{Input, Requests, TraceSpec, formats::ReadOptions};
use std::{io::Cursor, path::Path};

fn read_as(bytes: impl AsRef<[u8]>, reorder: u64, lenient: bool) -> Result<Vec<u64>, String> {
    let stream = Cursor::new(bytes.as_ref().to_vec());
    let input = Input::of("t", stream).map_err(|e| e.to_string())?;
    let options = ReadOptions {
        reorder,
        ..ReadOptions::default()
    };
    let requests = Requests::read(input, None, &options, lenient, Default::default())
        .map_err(|e| e.to_string())?;
    requests
        .map(|r| r.map(|r| r.arrived).map_err(|e| e.to_string()))
        .collect()
}

fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<u64>, String> {
    read_as(bytes, 0, false)
}

/// The input is refused, and the refusal opens and goes on as said.
#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, opens: &str, says: &[&str]) {
    let refusal = read(bytes).expect_err("it should be refused");
    assert!(refusal.starts_with(opens), "{refusal}");
    for part in says {
        assert!(refusal.contains(part), "{part} is not in: {refusal}");
    }
}

const S: u64 = 1_000_000_000;

fn gz(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = zstd::stream::write::Encoder::new(vec![], 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_bad_number_on_line_57_is_named_with_its_place() {
    let mut text = String::from("arrived,tenant,input_tokens\n");
    for i in 0..55 {
        text.push_str(&format!("{i},acme,7\n"));
    }
    text.push_str("55,acme,12x\n");
    refused(
        &text,
        "t:57:9: input_tokens: found \"12x\"",
        &["   57 | 12x", "^^^ a whole number"],
    );
}

#[test]
fn numbers_that_are_none_are_refused() {
    for bad in ["NaN", "-1", "inf", "1e3", "", "0x10", "1,2"] {
        assert!(read(format!("arrived\n{bad}\n")).is_err(), "{bad:?}");
    }
    refused(
        "arrived,bytes\nNaN,1\n",
        "t:2:1: arrived: found \"NaN\"",
        &["seconds from the start"],
    );
    refused(
        "arrived,output_tokens\n1,-5\n",
        "t:2:3: output_tokens: found \"-5\"",
        &[],
    );
    refused(
        "arrived,input_tokens\n1,5000000000\n",
        "t:2:3: ",
        &["below 4 billion"],
    );
    refused(
        "arrived,deadline\n1,soon\n",
        "t:2:3: deadline: found \"soon\"",
        &["250ms"],
    );
    refused(
        "{\"arrived\":1,\"input_tokens\":1.5}\n",
        "t:1:29: input_tokens: found \"1.5\"",
        &[],
    );
    refused(
        "{\"arrived\":NaN}\n",
        "t: fits no known format",
        &["native-jsonl"],
    );
    refused(
        "{\"arrived\":1}\n{\"arrived\":NaN}\n",
        "t:2:12: this line is no JSON object",
        &[],
    );
    refused("{\"arrived\":-1}\n", "t:1:12: arrived: found \"-1\"", &[]);
}

#[test]
fn times_that_go_back_are_refused_and_reorder_forgives() {
    let text = "arrived\n1\n2\n1.5\n3\n2.9\n4\n";
    refused(
        text,
        "t:4:1: time goes back by 500ms (the first row to do so)",
        &["--reorder 1s"],
    );
    let sorted = read_as(text, S / 2, false).unwrap();
    assert_eq!(
        sorted,
        [1, 2, 3, 4, 6, 8].map(|h| match h {
            1 => S,
            2 => S + S / 2,
            3 => 2 * S,
            4 => 2_900_000_000,
            6 => 3 * S,
            _ => 4 * S,
        })
    );
    let refusal = read_as("arrived\n10\n9.9\n9.8\n3\n", S, false).unwrap_err();
    assert!(
        refusal.contains("time goes back by 7s (3 rows did so by now, the furthest by 7s)"),
        "{refusal}"
    );
}

#[test]
fn rows_put_in_order_keep_their_numbers_in_the_file() {
    let input = Input::of("t", Cursor::new(b"arrived\n1\n3\n2\n".to_vec())).unwrap();
    let options = ReadOptions {
        reorder: 5 * S,
        ..ReadOptions::default()
    };
    let requests = Requests::read(input, None, &options, false, Default::default()).unwrap();
    let ops: Vec<u64> = requests.map(|r| r.unwrap().op).collect();
    assert_eq!(ops, [0, 2, 1]);
}

#[test]
fn an_endless_line_is_refused_after_a_bounded_read() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buf.len() as u64;
            assert!(self.0 < 40 << 20, "it should have stopped by now");
            buf.fill(b'1');
            Ok(buf.len())
        }
    }
    use std::io::Read;
    let input = Input::of("t", Cursor::new(b"arrived\n").chain(Endless(0))).unwrap();
    let refusal = Requests::read(
        input,
        None,
        &ReadOptions::default(),
        true,
        Default::default(),
    )
    .unwrap_err();
    assert!(
        refusal
            .to_string()
            .starts_with("t:2:1: a line of more than 16MiB"),
        "{refusal}"
    );
    // A quote that never closes gathers lines, and no more of them.
    let mut text = b"arrived,prompt\n1,\"".to_vec();
    text.extend(std::iter::repeat_n(b"abc\n", 5 << 20).flatten());
    let refusal = read(&text).unwrap_err();
    assert!(refusal.contains("a line of more than 16MiB"), "{refusal}");
}

#[test]
fn files_without_a_row_are_refused() {
    refused("", "t: is empty", &[]);
    refused("arrived,tenant\n", "t: has a header and no rows", &[]);
    refused(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n",
        "t: has a header and no rows",
        &[],
    );
    refused("\n\n\n", "t: fits no known format", &[]);
    refused(gz(b""), "t: is an archive of nothing", &[]);
    refused(
        "{\"gameday\":\"trace\",\"version\":1}\n{\"rows\":0}\n",
        "t: has no rows",
        &[],
    );
}

#[test]
fn a_directory_and_a_missing_file_are_refused() {
    let folder = Requests::open(Path::new(env!("CARGO_MANIFEST_DIR")))
        .unwrap_err()
        .to_string();
    assert!(folder.contains("is a directory"), "{folder}");
    let missing = Requests::open(Path::new("nowhere/x.csv"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        missing,
        "nowhere/x.csv: cannot be read: no such file or directory"
    );
    let missing = TraceSpec::file(Path::new("nowhere/x.csv"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("no such file"), "{missing}");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    refused(
        b"arrived,tenant\n1,ac\xffme\n",
        "t:2:5: the byte 0xff is not UTF-8 text",
        &[],
    );
    refused(
        [0u8, 159, 146, 150, 1, 2, 3],
        "t: is binary, not a text",
        &[],
    );
    refused(
        [0x7f, b'E', b'L', b'F', 0, 0, 0, 0],
        "t: is binary, not a text",
        &[],
    );
    refused(b"PK\x03\x04\x00\x00", "t: is binary, not a text", &[]);
}

#[test]
fn an_unknown_format_says_of_each_why_not() {
    refused(
        "time,who\n1,2\n",
        "t: fits no known format",
        &[
            "native-csv: the header \"time,who\" has no column \"arrived\"",
            "native-jsonl: the first line is no JSON object",
            "mooncake: ",
            "azure-llm: ",
            "keys: \"time,who\" is no single word",
        ],
    );
    refused(
        "arived,tenant\n1,a\n",
        "t: fits no known format",
        &["if \"arived\" is it, call it so"],
    );
    refused(
        "{\"timestamp\":0,\"input_length\":1,\"output_length\":2}\n",
        "t: fits no known format",
        &["mooncake: the first object has no \"hash_ids\""],
    );
}

#[test]
fn line_ends_a_mark_and_a_missing_last_newline_change_nothing() {
    let plain = read("arrived,tenant\n1,a\n2,b\n").unwrap();
    assert_eq!(read("arrived,tenant\r\n1,a\r\n2,b\r\n").unwrap(), plain);
    assert_eq!(read("\u{feff}arrived,tenant\n1,a\n2,b").unwrap(), plain);
    assert_eq!(
        read("# a comment\n\narrived,tenant\n1,a\n\n2,b\n\n").unwrap(),
        plain
    );
    assert_eq!(
        read("\u{feff}{\"arrived\":1}\r\n{\"arrived\":2}").unwrap(),
        plain
    );
    assert_eq!(read(gz(b"arrived\n1\n2\n")).unwrap(), plain);
    assert_eq!(read(zst(b"arrived\n1\n2\n")).unwrap(), plain);
}

#[test]
fn several_members_and_frames_are_one_file() {
    assert_eq!(
        read([gz(b"arrived\n1\n"), gz(b"2\n")].concat()).unwrap(),
        [S, 2 * S]
    );
    assert_eq!(
        read([zst(b"arrived\n1\n"), zst(b"2\n")].concat()).unwrap(),
        [S, 2 * S]
    );
}

#[test]
fn headers_are_held_to_the_known_names() {
    refused(
        "arrived,tenant,tenant\n1,a,b\n",
        "t:1:16: the column \"tenant\" stands there twice",
        &[],
    );
    refused(
        "arrived,tenat\n1,a\n",
        "t:1:9: unknown column \"tenat\"",
        &["did you mean \"tenant\"?", "x_"],
    );
    refused("arrived,\n1,a\n", "t:1:9: unknown column \"\"", &[]);
    refused(
        "{\"arrived\":1,\"tenat\":\"a\"}\n",
        "t:1:15: unknown key \"tenat\"",
        &["did you mean \"tenant\"?"],
    );
    refused(
        "{\"arrived\":1,\"arrived\":2}\n",
        "t:1:15: the key \"arrived\" stands there twice",
        &[],
    );
    refused(
        "{\"arrived\":1}\n{\"tenant\":\"a\"}\n",
        "t:2:1: no time",
        &[],
    );
    assert_eq!(read("arrived,x_note\n1,anything\n").unwrap(), [S]);
}

#[test]
fn cells_that_do_not_fit_the_header_are_refused() {
    refused(
        "arrived,tenant\n1,a,b\n",
        "t:2:5: 3 cells where the header has 2",
        &[],
    );
    refused(
        "arrived,tenant\n1\n",
        "t:2:1: 1 cells where the header has 2",
        &[],
    );
    refused(
        "arrived,tenant\n1,\"a\n",
        "t:2:3: this quote is never closed",
        &[],
    );
    refused(
        "arrived,tenant\n1,\"a\"b\n",
        "t:2:6: text after a closing quote",
        &[],
    );
}

#[test]
fn a_quoted_cell_may_hold_anything() {
    let input = Input::of(
        "t",
        Cursor::new(b"arrived,prompt,tenant\n1,\"a,\n\"\"b\"\"\",x\n2,c,y\n".to_vec()),
    )
    .unwrap();
    let requests: Vec<_> = Requests::read(
        input,
        None,
        &ReadOptions::default(),
        false,
        Default::default(),
    )
    .unwrap()
    .map(Result::unwrap)
    .collect();
    assert_eq!(requests[0].payload.fields[0].1, "a,\n\"b\"");
    assert_eq!(&*requests[0].payload.raw, r#"{"prompt":"a,\n\"b\""}"#);
    refused(
        "arrived,prompt\n1,\"a\nb\"\nx,c\n",
        "t:4:1: arrived: found \"x\"",
        &[],
    );
}

#[test]
fn times_are_written_in_one_way() {
    refused(
        "arrived\n1\n2023-11-16T18:17:03Z\n",
        "t:3:1: a time of day where the rows before have seconds",
        &[],
    );
    let stamps =
        read("arrived\n2023-11-16 18:17:03.9799600\n2023-11-16T18:17:04.9799601Z\n").unwrap();
    assert_eq!(stamps, [0, S + 100]);
    assert_eq!(
        read("arrived\n1700000000.5\n1700000001.75\n").unwrap(),
        [0, 1_250_000_000]
    );
    assert_eq!(read("arrived\n12.345678901\n").unwrap(), [12_345_678_901]);
}

#[test]
fn lenient_leaves_bad_rows_out_and_counts_them() {
    let input = Input::of(
        "t",
        Cursor::new(b"arrived,bytes\n1,1\n2,x\nnever,3\n\xff,1\n3,4\n2,5\n4,6\n".to_vec()),
    )
    .unwrap();
    let mut requests = Requests::read(
        input,
        None,
        &ReadOptions::default(),
        true,
        Default::default(),
    )
    .unwrap();
    let rows: Vec<_> = requests
        .by_ref()
        .map(|r| r.map(|r| (r.op, r.bytes)).unwrap())
        .collect();
    assert_eq!(
        rows,
        [(0, 1), (4, 4), (6, 6)],
        "op is the row of the file, whatever was left out"
    );
    assert_eq!(requests.skipped().rows, 4);
    assert!(
        requests.skipped().first[1]
            .to_string()
            .starts_with("t:4:1: ")
    );
    let none = read_as("arrived\nx\ny\n", 0, true).unwrap_err();
    assert!(none.contains("no row could be read"), "{none}");
}

#[test]
fn a_cut_archive_is_noticed_at_every_point_even_when_lenient() {
    let text: String = std::iter::once("arrived,tenant\n".to_string())
        .chain((0..200).map(|i| format!("{i}.{:03},tenant-{}\n", i * 7 % 1000, i % 13)))
        .collect();
    for (kind, packed) in [
        ("gzip", gz(text.as_bytes())),
        ("Zstandard", zst(text.as_bytes())),
    ] {
        assert_eq!(read(&packed).unwrap().len(), 200);
        for cut in 4..packed.len() {
            let refusal = read_as(&packed[..cut], 0, true).expect_err("a cut archive");
            assert!(
                refusal.contains("cut short") && refusal.contains(kind),
                "{kind} cut at {cut}: {refusal}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_in_an_archive_is_noticed() {
    let text: String = std::iter::once("arrived,tenant\n".to_string())
        .chain((0..100).map(|i| format!("{i},t{i}\n")))
        .collect();
    for packed in [gz(text.as_bytes()), zst(text.as_bytes())] {
        let good = read(&packed).unwrap();
        for byte in 10..packed.len() {
            let mut bad = packed.clone();
            bad[byte] ^= 4;
            if let Ok(rows) = read(&bad) {
                assert_eq!(rows, good, "byte {byte}: other rows than were packed");
            }
        }
    }
}

#[test]
fn a_bomb_unpacks_line_by_line() {
    // 200 MB of zeros in a line: refused at the line, not held.
    let mut text = b"arrived,prompt\n1,".to_vec();
    text.resize(200 << 20, b'0');
    let packed = zst(&text);
    assert!(packed.len() < 1 << 20);
    drop(text);
    refused(&packed, "t:2:1: a line of more than 16MiB", &[]);
}

/// What others call the column is told apart from a file of another kind.
#[test]
fn a_time_under_another_name_is_pointed_at() {
    for (text, name) in [
        ("timestamp,tenant\n1,acme\n", "\"timestamp\""),
        ("tenant,arrived_ms\nacme,1\n", "\"arrived_ms\""),
        ("{\"ts\":1}\n", "\"ts\""),
    ] {
        let wanted = format!("if {name} is it, call it so; it is seconds from the start");
        refused(text, "t: fits no known format", &[&wanted]);
    }
}

#[test]
fn a_list_of_keys_is_read_a_line_a_key_and_its_bad_lines_are_bad_rows() {
    assert_eq!(read("a\n\nb\r\nc").unwrap(), [0, S, 2 * S]);
    // A word over a column of times is a header that was misspelt; over other words it is a key.
    refused("start\n1.5\n", "t: fits no known format", &["keys: "]);
    assert_eq!(read("start\nend\n").unwrap().len(), 2);
    refused("a key\nb\n", "t: fits no known format", &["has ' '"]);
    refused(
        b"one\ntwo\nth\xffree\nfour\n",
        "t:3:3: the byte 0xff is not UTF-8 text",
        &[],
    );
    let good = read_as(b"one\ntwo\nth\xffree\nfour\n", 0, true).unwrap();
    assert_eq!(good, [0, S, 2 * S]);
    let mut text = b"one\ntwo\n".to_vec();
    text.resize(20 << 20, b'x');
    refused(&text, "t:3:1: a line of more than 16MiB", &[]);
}

#[test]
fn keys_with_spaces_are_read_where_the_format_is_named() {
    let input = Input::of("t", Cursor::new(b"GET /a, b\n{\n".to_vec())).unwrap();
    let keys = gameday::trace::formats::named("keys").unwrap();
    let (options, tags) = (ReadOptions::default(), Default::default());
    let requests = Requests::read(input, Some(keys), &options, false, tags).unwrap();
    let bodies: Vec<String> = requests
        .map(|r| r.unwrap().payload.raw.to_string())
        .collect();
    assert_eq!(bodies, ["{\"prompt\":\"GET /a, b\"}", "{\"prompt\":\"{\"}"]);
}
