//! Pages merged from ranked lists, in a replay: what the run recorded of them.

mod replay_support;

use gameday::{
    config::Refusal,
    incident::{Incident, Registries, Run, RunOptions, run},
    recording::Keep,
};
use replay_support::rerun;

const CALLS: &str = "call = [{ dependency = \"words\", on_failure = \"skip\" }, { dependency = \"vectors\", on_failure = \"skip\" }]";

/// Twenty seconds of 20 questions a second for two retrievers.
fn read(service: &str, words: &str, more: &str) -> Result<Incident, Refusal> {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"20/s\" }}\nduration = \"20s\"\n\
         [service]\n{service}\n[dependency.words]\nlatency = \"10ms\"\n{words}\n\
         [dependency.vectors]\nlatency = {{ kind = \"exponential\", mean = \"10ms\" }}\nresults = {{ count = 20, step = 0.05 }}\n{more}"
    );
    replay_support::read(&text)
}

fn go(merge: &str, words: &str, more: &str) -> Run {
    let service = format!("merge = {merge}\n{CALLS}");
    let incident = read(&service, words, more).unwrap_or_else(|e| panic!("{e}"));
    rerun(&incident)
}

/// Mean of the readings of a gauge.
fn mean(run: &Run, name: &str) -> f64 {
    let gauges = run.recording.gauges.rows();
    let named = gauges.filter(|g| run.recording.name("gauge", u32::from(g.gauge)) == name);
    let readings: Vec<f64> = named.map(|g| g.value).collect();
    assert!(!readings.is_empty(), "{name}");
    readings.iter().sum::<f64>() / readings.len() as f64
}

const RANKS: &str = "{ kind = \"reciprocal-rank\", k = 10, constant = 2 }";
const SCALED: &str = "results = { count = 20, noise = 0.6, scale = 10.0 }";
const PLAIN: &str = "results = { count = 20, noise = 0.6, scale = 1.0 }";

/// irzix/nestjs-agentic#130, in a replay: one retriever's scores times ten.
#[test]
fn a_retriever_that_scales_its_scores_by_ten_changes_no_page_unless_raw_scores_count() {
    let displaced = |merge: &str, words: &str| mean(&go(merge, words, ""), "merge.displaced");
    for sound in [
        RANKS,
        "{ kind = \"k-way\" }",
        "{ kind = \"k-way\", normalise = \"z-score\" }",
    ] {
        assert_eq!(displaced(sound, PLAIN), displaced(sound, SCALED), "{sound}");
    }
    for flaw in [
        "{ kind = \"k-way\", normalise = \"none\" }",
        "{ kind = \"reciprocal-rank\", by = \"score\" }",
    ] {
        assert!(
            displaced(flaw, SCALED) > displaced(flaw, PLAIN) + 0.05,
            "{flaw}"
        );
    }
}

#[test]
fn repeats_unstable_pages_and_one_sided_ones_are_seen() {
    let sound = go(
        "{ kind = \"k-way\", cap = 6 }",
        "results = { step = 0.05 }",
        "",
    );
    assert_eq!(mean(&sound, "merge.duplicates"), 0.0);
    assert_eq!(mean(&sound, "merge.unstable"), 0.0);
    assert!(mean(&sound, "merge.contribution.words") <= 0.6);
    let sum = mean(&sound, "merge.contribution.words") + mean(&sound, "merge.contribution.vectors");
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    let repeats = go("{ kind = \"k-way\", dedup = false }", PLAIN, "");
    let repeated = mean(&repeats, "merge.duplicates");
    assert!(repeated > 0.1, "{repeated}");
    assert!(mean(&repeats, "merge.displaced") > mean(&sound, "merge.displaced"));
    let ties = go(
        "{ kind = \"k-way\", ties = \"arrival\" }",
        "results = { step = 0.05 }",
        "",
    );
    assert!(mean(&ties, "merge.unstable") > 0.1);
    let raw = go("{ kind = \"k-way\", normalise = \"none\" }", SCALED, "");
    assert!(mean(&raw, "merge.contribution.words") > 0.95);
}

#[test]
fn who_does_not_answer_is_not_on_the_page() {
    let run = go(RANKS, "results = {}\nerror_rate = \"100%\"", "");
    assert_eq!(mean(&run, "merge.contribution.vectors"), 1.0);
    let both = go(RANKS, "results = {}", "");
    let (alone, both) = (
        mean(&run, "merge.displaced"),
        mean(&both, "merge.displaced"),
    );
    assert!(alone > both, "{alone}, {both}");
}

#[test]
fn one_call_alone_is_a_page_as_well() {
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    let service = format!("merge = {RANKS}\ncall = {{ dependency = \"words\" }}");
    let right = "results = { noise = 0 }";
    let incident = read(&service, right, "").unwrap_or_else(|e| panic!("{e}"));
    let run = run(&incident, &Registries::builtin(), &options).unwrap();
    // It knows what it knows, and is never wrong about it.
    assert_eq!(mean(&run, "merge.displaced"), 0.0);
    assert_eq!(mean(&run, "merge.contribution.words"), 1.0);
}

#[test]
fn lists_that_are_none_are_refused_at_their_place() {
    let service = |merge: &str| format!("merge = {merge}\n{CALLS}");
    for (service, words, why) in [
        (
            service("{ kind = \"k-wya\" }"),
            PLAIN,
            "did you mean \"k-way\"?",
        ),
        (service("{ kind = \"k-way\", k = 0 }"), PLAIN, "a page of 0"),
        (
            service("{ kind = \"k-way\", pool = 0 }"),
            PLAIN,
            "0 documents on a question",
        ),
        (
            service("{ kind = \"k-way\", pool = 4000000000 }"),
            PLAIN,
            "from 1 to 10000",
        ),
        (
            service(RANKS),
            "results = { count = 0 }",
            "a list of no documents",
        ),
        (service(RANKS), "results = { scale = 0 }", "a scale of 0"),
        (
            service(RANKS),
            "results = { scale = -3.0 }",
            "a scale of -3",
        ),
        (service(RANKS), "results = { noise = 1e300 }", "a noise of"),
        (
            service(RANKS),
            "results = { scael = 3 }",
            "did you mean \"scale\"?",
        ),
        (
            format!("merge = {RANKS}\n[dependency.x]\nlatency = \"1ms\""),
            PLAIN,
            "no call answers with a ranked list",
        ),
    ] {
        let refused = read(&service, words, "").map(drop).unwrap_err().to_string();
        assert!(refused.contains(why), "{service} {words}: {refused}");
    }
}
