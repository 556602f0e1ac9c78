//! What becomes of payloads on their way through a service, held against what the run recorded.

mod replay_support;

use gameday::{
    incident::Run,
    recording::{RequestRow, outcome, parsed, served_by},
};
use replay_support::rows;
use std::collections::BTreeSet;

const SCHEMA: &str = "kind = \"schema-json\", time = \"1ms\", renamed = { temp = \"temperature\" }, \
    fields = { prompt = \"text\", temperature = { type = \"number\", default = 0.2 }, top_p = { type = \"number\", required = false } }";

/// 10 s of 100 requests a second of these clients, through a parser and what `service` says.
fn go(clients: &str, parse: &str, service: &str) -> Run {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"constant\", rate = \"100/s\" }}\nduration = \"10s\"\n\
         contents = {{ count = 50, exponent = 0.5, temperatures = [0.2, 0.7, 1.0] }}\n[trace.clients]\n{clients}\n\
         [service]\nparse = {{ {parse} }}\n{service}\n"
    );
    replay_support::replay(&text)
}

fn gauge_max(run: &Run, name: &str) -> Option<f64> {
    let gauges = run.recording.gauges.rows();
    let named = gauges.filter(|g| run.recording.name("gauge", u32::from(g.gauge)) == name);
    named.map(|g| g.value).reduce(f64::max)
}

const DEFECTS: &str = "defects = { wrapped = \"20%\", trailing_comma = \"10%\", single_quotes = \"10%\", truncated = \"10%\" }";

#[test]
fn a_repaired_payload_is_the_same_question_to_a_cache_and_takes_the_time_of_three_readings() {
    let service = "key = { fields = [\"prompt\", \"temperature\"] }\ncache = { kind = \"lru\", capacity = 1000 }";
    let keys = |run: &Run| {
        let read = |r: &&RequestRow| r.outcome == outcome::OK;
        let rows = rows(run);
        rows.iter()
            .filter(read)
            .map(|r| r.h_key)
            .collect::<BTreeSet<_>>()
    };
    let plain = go("a = 1", SCHEMA, service);
    let damaged = go(&format!("a = {{ {DEFECTS} }}"), SCHEMA, service);
    assert_eq!(keys(&plain), keys(&damaged));
    assert_eq!((plain.wrong_answers, damaged.wrong_answers), (0, 0));
    let mut seen = [0usize; 3];
    for row in rows(&damaged) {
        let (place, time) = match row.parse_error {
            0 => (0, 1),
            parsed::REPAIRED => (1, 3),
            _ => (2, 1),
        };
        seen[place] += 1;
        assert!(row.compute >= time * 1_000_000, "{} ns", row.compute);
        assert_eq!(row.outcome == outcome::PARSE_ERROR, place == 2);
    }
    // 40 % repaired, 10 % refused.
    assert!(
        seen[1].abs_diff(400) < 60 && seen[2].abs_diff(100) < 40,
        "{seen:?}"
    );
    // Without the repair all of them are refused, each for its own reason.
    let strict = go(
        &format!("a = {{ {DEFECTS} }}"),
        &format!("{SCHEMA}, repair = \"none\""),
        service,
    );
    let of = |word: &str| {
        let word = parsed::WORDS.iter().position(|w| *w == word).unwrap();
        rows(&strict)
            .iter()
            .filter(|r| usize::from(r.parse_error) == word)
            .count()
    };
    assert_eq!(of("truncated"), seen[2]);
    assert_eq!(of("wrapped") + of("syntax"), seen[1]);
    assert!(of("wrapped").abs_diff(200) < 50, "{}", of("wrapped"));
}

#[test]
fn the_same_question_in_the_words_of_two_versions_has_one_key_and_a_lost_name_is_a_wrong_answer() {
    let service = "key = { fields = [\"prompt\", \"temperature\"] }\ncache = { kind = \"lru\", capacity = 1000 }";
    let clients = "old = { version = \"1\", names = { temperature = \"temp\" } }\nnew = { version = \"2\", extra = { locale = \"de\" } }";
    let keys = |run: &Run| rows(run).iter().map(|r| r.h_key).collect::<BTreeSet<_>>();
    let (plain, both) = (go("a = 1", SCHEMA, service), go(clients, SCHEMA, service));
    assert_eq!(keys(&plain), keys(&both));
    assert!(rows(&both).iter().all(|r| r.parse_error == parsed::ADAPTED));
    assert_eq!(both.wrong_answers, 0);
    let lost = go(
        clients,
        &SCHEMA.replace("temp = \"temperature\"", ""),
        service,
    );
    assert!(lost.wrong_answers > 200, "{}", lost.wrong_answers);
    assert!(rows(&lost).iter().all(|r| r.outcome == outcome::OK));
}

#[test]
fn fields_are_counted_by_version_of_the_client_and_by_few_of_them() {
    let clients = "web = 1\nold = { version = \"1\", omits = [\"temperature\"] }\nnew = { version = \"2\", extra = { locale = \"de\", zone = 1 } }";
    let run = go(clients, SCHEMA, "");
    let of = |name: &str| gauge_max(&run, name).unwrap_or(-1.0);
    let rows = rows(&run);
    let sent = |client: &str| {
        let sent = rows
            .iter()
            .filter(|r| run.recording.name("client", r.client) == client);
        sent.count() as f64
    };
    // Gauges are read once a second: the last second may be missing.
    for (gauge, each) in [
        ("parse.missing_fields.old 1", sent("old 1")),
        ("parse.unknown_fields.new 2", 2.0 * sent("new 2")),
    ] {
        assert!(
            of(gauge) > 0.85 * each && of(gauge) <= each,
            "{gauge}: {} of {each}",
            of(gauge)
        );
    }
    assert_eq!(
        (
            of("parse.unknown_fields.old 1"),
            of("parse.missing_fields.new 2")
        ),
        (0.0, 0.0)
    );
    // Refused for one field, it is counted as one.
    let strict = go(clients, &format!("{SCHEMA}, unknown = \"refuse\""), "");
    assert!(gauge_max(&strict, "parse.unknown_fields.new 2").unwrap() <= sent("new 2"));
    // Whoever makes up a version for each request fills no memory with it.
    let many: String = (0..300)
        .map(|i| format!("c{i} = {{ extra = {{ x = 1 }} }}\n"))
        .collect();
    let many = go(&many, SCHEMA, "");
    let names: BTreeSet<u16> = many.recording.gauges.rows().map(|g| g.gauge).collect();
    let of_parsers = |n: &&u16| {
        many.recording
            .name("gauge", u32::from(**n))
            .starts_with("parse.")
    };
    assert!(names.iter().filter(of_parsers).count() <= 128);
    assert!(gauge_max(&many, "parse.unknown_fields").unwrap() > 100.0);
}

#[test]
fn what_cannot_be_read_is_refused_or_gets_a_default_and_is_never_passed_on() {
    let clients = format!("a = {{ {DEFECTS} }}");
    let service = "call = { dependency = \"llm\" }\n[dependency.llm]\nlatency = \"10ms\"";
    for (on_failure, end) in [
        ("refuse", outcome::PARSE_ERROR),
        ("default", outcome::DEGRADED),
    ] {
        let run = go(
            &clients,
            &format!("{SCHEMA}, on_failure = \"{on_failure}\""),
            service,
        );
        let rows = rows(&run);
        let unread: Vec<_> = rows
            .iter()
            .filter(|r| parsed::is_fault(r.parse_error))
            .collect();
        assert!(unread.len() > 60);
        for row in unread {
            assert_eq!((row.outcome, row.attempts), (end, 0));
            assert_eq!(
                row.served_by == served_by::FALLBACK,
                end == outcome::DEGRADED
            );
        }
        assert_eq!(run.wrong_answers, 0);
    }
    // The flaw: answered as if nothing were wrong. The recording tells it by the category, the truth by the answers.
    let flawed = go(
        &clients,
        &format!("{SCHEMA}, answer_malformed = true"),
        service,
    );
    let rows = rows(&flawed);
    assert!(rows.iter().all(|r| r.outcome == outcome::OK));
    let unread = rows
        .iter()
        .filter(|r| parsed::is_fault(r.parse_error))
        .count();
    assert_eq!(flawed.wrong_answers, unread as u64);
}
