//! Access logs, and any CSV or JSONL by a map: what is read, what is refused, what is kept.

use assert_cmd::Command;
use gameday::{
    config::{Node, Source as Text},
    trace::{Overrides, Request, Source, Tags, TraceSpec},
};
use std::path::Path;

fn read_with(path: &Path, over: &Overrides, seed: u64) -> Result<(Vec<Request>, Tags), String> {
    let spec = TraceSpec::given(path, over).map_err(|e| e.to_string())?;
    let Source::Open(mut stream) = spec.open(seed).map_err(|e| e.to_string())? else {
        panic!("a file is no closed loop");
    };
    let rows: Result<Vec<Request>, _> = stream.by_ref().collect();
    let rows = rows.map_err(|e| e.to_string())?;
    let tags = stream.tags().borrow().clone();
    Ok((rows, tags))
}

fn read(text: &str, over: &Overrides) -> Result<(Vec<Request>, Tags), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t");
    std::fs::write(&path, text).unwrap();
    read_with(&path, over, 1)
}

fn mapped(map: &str) -> Overrides {
    Overrides {
        map: Some(map.into()),
        ..Overrides::default()
    }
}

const LOG: &str = r#"10.0.0.1 - ada [25/Oct/2015:04:11:25 +0100] "GET /a?token=x HTTP/1.1" 200 10 "-" "one" 0.250
10.0.0.2 - - [25/Oct/2015:04:11:25 +0100] "GET /b/7 HTTP/1.1" 404 20 "-" "say \"hi\"" 0.5
10.0.0.1 - - [25/Oct/2015:03:11:26 +0000] "POST /a HTTP/1.1" 500 - "-" "-" 1.5
"#;

#[test]
fn a_row_of_an_access_log_is_a_request() {
    let fold = Overrides {
        fold_paths: true,
        ..Overrides::default()
    };
    let (rows, tags) = read(LOG, &fold).unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|r| {
            (
                tags.route.name(r.route),
                tags.address.name(r.address),
                tags.client.name(r.client),
                tags.user.name(r.user),
                r.status,
                r.bytes,
                r.service_time,
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("/a", "address-1", "one", "ada", 200, 10, 250_000_000),
            (
                "/b/{n}",
                "address-2",
                "say \"hi\"",
                "",
                404,
                20,
                500_000_000
            ),
            // No bytes are logged: those of the body, as everywhere.
            ("/a", "address-1", "", "", 500, 20, 1_500_000_000),
        ]
    );
    // Two in the first second; the third a second later, in another zone.
    assert!(rows[1].arrived < 1_000_000_000 && rows[2].arrived < 2_000_000_000);
    assert!(rows[0].arrived <= rows[1].arrived && rows[1].arrived < rows[2].arrived);
}

#[test]
fn a_second_is_filled_by_the_seed_in_the_order_of_the_file() {
    let line = |i: u32| {
        format!(
            "10.0.0.1 - - [25/Oct/2015:04:11:{:02} +0100] \"GET /{i} HTTP/1.1\" 200 1\n",
            i / 500
        )
    };
    let text: String = (0..1500).map(line).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, text).unwrap();
    let times = |seed: u64| -> Vec<(u64, u64)> {
        let (rows, _) = read_with(&path, &Overrides::default(), seed).unwrap();
        rows.iter().map(|r| (r.op, r.arrived)).collect()
    };
    let one = times(1);
    assert_eq!(one, times(1));
    assert_ne!(one, times(2));
    assert!(one.iter().map(|(op, _)| *op).eq(0..1500));
    assert!(one.windows(2).all(|w| w[0].1 <= w[1].1));
    // Evenly: each tenth of a second has its share, give or take.
    for tenth in 0..10_u64 {
        let from = 1_000_000_000 + tenth * 100_000_000 - one[0].1;
        let within = one
            .iter()
            .filter(|(_, t)| (from..from + 100_000_000).contains(t))
            .count();
        assert!((20..=80).contains(&within), "{tenth}: {within}");
    }
    let none = Overrides {
        spread: Some("0s".into()),
        ..Overrides::default()
    };
    let (rows, _) = read_with(&path, &none, 1).unwrap();
    assert!(rows[..500].iter().all(|r| r.arrived == 0));
}

#[test]
fn bad_rows_of_a_log_are_refused_in_their_place() {
    let bad = format!("{LOG}10.0.0.1 - - [31/Feb/2015:04:11:25 +0100] \"GET / HTTP/1.1\" 200 1\n");
    let refusal = read(&bad, &Overrides::default()).unwrap_err();
    assert!(
        refusal.contains("t:4:15: found \"31/Feb/2015:04:11:25 +0100\""),
        "{refusal}"
    );
    let lenient = Overrides {
        lenient: true,
        ..Overrides::default()
    };
    assert_eq!(read(&bad, &lenient).unwrap().0.len(), 3);
    let cut = format!("{LOG}10.0.0.1 - - [25/Oct/2015:04:11:27 +0100] \"GET / HTTP/1.1\" 2x0 1\n");
    let refusal = read(&cut, &Overrides::default()).unwrap_err();
    assert!(refusal.contains("t:4:60: found \"2x0\""), "{refusal}");
}

#[test]
fn a_map_reads_any_csv_and_any_jsonl() {
    let csv = "id,ts,acct,ms\n1,1442018818771,acme,12.5\n2,1442018819771,\"glo,bex\",7\n";
    let (rows, tags) = read(csv, &mapped("arrived=ts,tenant=acct,service_time=ms:ms")).unwrap();
    assert_eq!(
        rows.iter().map(|r| r.arrived).collect::<Vec<_>>(),
        [0, 1_000_000_000]
    );
    assert_eq!(rows[0].service_time, 12_500_000);
    assert_eq!(tags.tenant.name(rows[1].tenant), "glo,bex");

    let json = "{\"at\":5,\"a\":{\"id\":\"acme\",\"n\":null}}\n{\"at\":1005,\"a\":{\"id\":7}}\n";
    let (rows, tags) = read(json, &mapped("arrived=at:ms,tenant=a.id")).unwrap();
    assert_eq!(
        rows.iter().map(|r| r.arrived).collect::<Vec<_>>(),
        [5_000_000, 1_005_000_000]
    );
    assert_eq!(tags.tenant.name(rows[1].tenant), "7");
}

#[test]
fn a_wrong_map_or_row_says_where() {
    let csv = "ts,acct\n1,a\nx,b\n";
    for (map, says) in [
        ("arrived=t,tenant=acct", "has no column \"t\" for arrived"),
        ("tenant=acct", "does not say when requests arrived"),
        ("arrived=ts,tenat=acct", "did you mean \"tenant\""),
        ("arrived=ts,arrived=acct", "mapped twice"),
        ("arrived", "a map such as"),
        ("arrived=ts", "t:3:1: arrived: found \"x\""),
        ("arrived=ts:ms", "t:3:1: arrived: found \"x\""),
    ] {
        let refusal = read(csv, &mapped(map)).unwrap_err();
        assert!(refusal.contains(says), "{map}: {refusal}");
    }
    let json = "{\"ts\":1,\"a\":{\"b\":1}}\n";
    let refusal = read(json, &mapped("arrived=ts,tenant=a")).unwrap_err();
    assert!(
        refusal.contains("t:1:13: tenant: an object where one value belongs"),
        "{refusal}"
    );
    let refusal = read(json, &mapped("arrived=ts,tenant=c")).unwrap_err();
    assert!(refusal.contains("no row at the start"), "{refusal}");
}

#[test]
fn hashed_names_are_nowhere_in_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (log, key, to) = (
        folder.path().join("log"),
        folder.path().join("key"),
        folder.path().join("to.csv"),
    );
    std::fs::write(&log, LOG).unwrap();
    std::fs::write(&key, "0123456789abcdef0123").unwrap();
    let convert = |key: Option<&Path>| {
        let mut command = Command::cargo_bin("gameday").unwrap();
        command.env_remove("GAMEDAY_HASH_KEY").args([
            "trace",
            "convert",
            "--force",
            "--hash",
            "user,address",
        ]);
        if let Some(key) = key {
            command.arg("--hash-key-file").arg(key);
        }
        command.arg(&log).arg(&to).output().unwrap()
    };
    let refused = convert(None);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is none"));
    assert!(convert(Some(&key)).status.success());
    let first = std::fs::read_to_string(&to).unwrap();
    for clear in ["ada", "10.0.0", "token"] {
        assert!(!first.contains(clear), "{clear}: {first}");
    }
    assert_eq!(first.matches("h:").count(), 4, "{first}");
    std::fs::write(&key, "another key of many bytes").unwrap();
    assert!(convert(Some(&key)).status.success());
    assert_ne!(first, std::fs::read_to_string(&to).unwrap());
}

#[test]
fn a_bad_row_of_a_file_with_hashed_columns_is_refused_without_a_word_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "0123456789abcdef0123").unwrap();
    let hashed = |map: Option<&str>| Overrides {
        map: map.map(String::from),
        hash: Some("tenant,user,address".into()),
        hash_key_file: Some(key.display().to_string()),
        ..Overrides::default()
    };
    let log = "10.9.8.7 - secretive [31/Feb/2015:04:11:25 +0100] \"GET / HTTP/1.1\" 200 1\n";
    for (text, map, place) in [
        (format!("{LOG}{log}"), None, "t:4:"),
        (
            "ts,acct\n1,secretive\nx,secretive\n".into(),
            Some("arrived=ts,tenant=acct"),
            "t:3:1:",
        ),
        (
            "{\"ts\":1,\"a\":\"secretive\"}\n{\"ts\":-1,\"a\":\"secretive\"}\n".into(),
            Some("arrived=ts,tenant=a"),
            "t:2:",
        ),
        (
            "secretive 10.9.8.7 asks\nsecretive again\n".into(),
            None,
            "fits no known format",
        ),
    ] {
        let refusal = read(&text, &hashed(map)).unwrap_err();
        assert!(refusal.contains(place), "{refusal}");
        for clear in ["secretive", "10.9.8.7"] {
            assert!(!refusal.contains(clear), "{refusal}");
        }
    }
}

#[test]
fn what_would_be_read_and_change_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let trace = |text: &str| {
        let node = Node::parse(&Text::new("i.toml", text)).unwrap();
        TraceSpec::read(&node, folder.path())
            .map(drop)
            .map_err(|e| e.to_string())
    };
    std::fs::write(folder.path().join("t.csv"), "arrived,tenant\n1,a\n").unwrap();
    std::fs::write(folder.path().join("t.log"), LOG).unwrap();
    let generated = "arrivals = { kind = \"poisson\", rate = \"5/s\" }\n";
    for (text, says) in [
        (
            format!("{generated}spread = \"1s\""),
            "the trace is generated",
        ),
        (
            format!("{generated}fold_paths = true"),
            "the trace is generated",
        ),
        (
            format!("{generated}request_time = \"ms\""),
            "the trace is generated",
        ),
        (
            "path = \"t.csv\"\nhash_key_file = \"key\"".into(),
            "a key, and nothing is hashed",
        ),
        (
            "path = \"t.csv\"\nfold_paths = true".into(),
            "fold_paths is of access logs",
        ),
        (
            "path = \"t.csv\"\nrequest_time = \"s\"".into(),
            "request_time is of access logs",
        ),
    ] {
        let refusal = trace(&text).unwrap_err();
        assert!(refusal.contains(says), "{text}: {refusal}");
        assert!(refusal.starts_with("i.toml:2:1: "), "{refusal}");
    }
    trace("path = \"t.log\"\nfold_paths = true\nrequest_time = \"s\"").unwrap();
}
