//! Tables of others that are wrong: each is refused at its place, with what would be right.

use gameday::recording::files::load;
use std::fs;

/// A folder with one file, and what loading it is refused with.
fn refused(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let refusal = load(folder.path())
        .err()
        .unwrap_or_else(|| panic!("accepted: {text}"))
        .to_string();
    refusal.replace(&format!("{}", folder.path().display()), "FOLDER")
}

#[test]
fn what_is_wrong_in_a_table_is_refused_at_its_place() {
    for (name, text, place, help) in [
        (
            "requests.csv",
            "arrived_ns,outcome\n1,ok\n2,okk\n",
            "FOLDER/requests.csv:3:3: outcome: found \"okk\"",
            "did you mean \"ok\"?",
        ),
        (
            "requests.csv",
            "arrived_ns,latency_ns\n1,-5\n",
            "FOLDER/requests.csv:2:3: latency_ns: found \"-5\"",
            "a time that is not negative",
        ),
        (
            "requests.csv",
            "arrived_ns,attempts\n1,70000\n",
            "FOLDER/requests.csv:2:3: attempts",
            "at most 65535 fits here",
        ),
        (
            "requests.csv",
            "arrived_ns,attempts\n1,1.5\n",
            "FOLDER/requests.csv:2:3: attempts",
            "a whole number",
        ),
        (
            "requests.csv",
            "arrived_ns,h_key\n1,xyz\n",
            "FOLDER/requests.csv:2:3: h_key",
            "16 hexadecimal digits",
        ),
        (
            "requests.csv",
            "arrived_ns,cold\n1,2\n",
            "FOLDER/requests.csv:2:3: cold",
            "true or false",
        ),
        (
            "requests.csv",
            "arrived_ns,cold\n1\n",
            "FOLDER/requests.csv:2:1: this line has 1 fields",
            "",
        ),
        (
            "requests.csv",
            "arrived_ns,latncy_ns\n1,2\n",
            "FOLDER/requests.csv:1:12: requests have no column \"latncy_ns\"",
            "did you mean \"latency_ns\"?",
        ),
        (
            "requests.csv",
            "arrived_ns,arrived_ms\n1,2\n",
            "FOLDER/requests.csv:1:12: the column \"arrived_ms\" is there twice",
            "in one unit",
        ),
        (
            "requests.csv",
            "arrived_ns\n2\n1\n",
            "FOLDER: row 1 of its requests arrived before",
            "sort the requests",
        ),
        (
            "requests.csv",
            "latency_ns\n2\n",
            "FOLDER: its requests have no column arrived_ns",
            "",
        ),
        (
            "requests.jsonl",
            "{\"arrived_ns\":1}\n{\"arrived_ns\":2,\"outcome\":\"timeot\"}\n",
            "FOLDER/requests.jsonl:2:17: outcome: found \"timeot\"",
            "did you mean \"timeout\"?",
        ),
        (
            "requests.jsonl",
            "{\"arrived_ns\":1,}\n",
            "FOLDER/requests.jsonl:1:17: trailing comma",
            "",
        ),
        (
            "requests.jsonl",
            "[1]\n",
            "FOLDER/requests.jsonl:1:1: invalid type",
            "a JSON object",
        ),
        (
            "requests.jsonl",
            "{\"arrived_ns\":[1]}\n",
            "FOLDER/requests.jsonl:1:2: arrived_ns: found a list",
            "a single value",
        ),
        (
            "requests.jsonl",
            "{\"arrived_ns\":1} 7\n",
            "FOLDER/requests.jsonl:1:18: trailing characters",
            "",
        ),
        (
            "gauges.csv",
            "time_ns\n1\n",
            "FOLDER: has no requests.parquet, requests.csv or requests.jsonl",
            "",
        ),
        (
            "recording.json",
            "{\"format\": }",
            "FOLDER/recording.json:1:12: this is not JSON",
            "",
        ),
        (
            "recording.json",
            "{\"format\": \"gameday-recording\", \"schema\": 9}",
            "FOLDER/recording.json: has schema 9",
            "reads schema 1",
        ),
    ] {
        let told = refused(name, text);
        assert!(told.starts_with(place), "{text}: {told}");
        assert!(told.contains(help), "{text}: {told}");
    }
}
