//! Answers that were kept for another question: who counts them, and who gets to know.

mod replay_support;

use gameday::{incident::Run, indicators::find};
use replay_support::replay;

/// Ten contents of a tenant's or of all, asked of two models by three tenants.
fn go(service: &str, more: &str) -> Run {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"20/s\" }}\n\
         duration = \"2m\"\ntenants = {{ count = 3 }}\nmodels = {{ a = 2, b = 1 }}\ncontents = {{ count = 10 }}\n\
         [service]\n{service}\ncall = {{ dependency = \"llm\" }}\n[dependency.llm]\nlatency = \"300ms\"\n{more}"
    );
    replay(&text)
}

fn checked(run: &Run) -> Option<f64> {
    let indicator = find("cache.wrong_answers").unwrap();
    run.watched.all().over(indicator, 0, u64::MAX)
}

const CACHE: &str = "cache = { kind = \"lru\", capacity = 1000 }";
const SOUND: &str = "key = { fields = [\"tenant\", \"model\", \"prompt\"] }";

#[test]
fn a_key_of_all_that_decides_an_answer_gives_no_wrong_one() {
    let run = go(&format!("{SOUND}\n{CACHE}\ncheck_answers = \"50%\""), "");
    assert_eq!((run.wrong_answers, checked(&run)), (0, Some(0.0)));
}

#[test]
fn a_key_without_the_model_answers_with_another_models_words() {
    let run = go(
        &format!("key = {{ fields = [\"tenant\", \"prompt\"] }}\n{CACHE}\ncheck_answers = \"50%\""),
        "",
    );
    // Two thirds ask a, one third b: 4 in 9 find the other's answer.
    let share = checked(&run).unwrap();
    assert!(run.wrong_answers > 500, "{}", run.wrong_answers);
    assert!((0.2..0.7).contains(&share), "{share}");
}

#[test]
fn a_deploy_that_forgets_the_tenant_serves_one_tenant_to_another() {
    let deploy =
        "[[timeline]]\nat = \"50%\"\nset = { \"service.key.fields\" = [\"model\", \"prompt\"] }\n";
    let run = go(
        &format!("{SOUND}\n{CACHE}\ncheck_answers = \"100%\""),
        deploy,
    );
    assert!(run.wrong_answers > 300, "{}", run.wrong_answers);
    let all = run.watched.all();
    let half = all.windows.edges[all.windows.len() / 2];
    let indicator = find("cache.wrong_answers").unwrap();
    assert_eq!(all.over(indicator, 0, half), Some(0.0));
    assert!(all.over(indicator, half, u64::MAX).unwrap() > 0.3);
}

#[test]
fn what_is_said_to_decide_an_answer_goes_before_what_the_key_is_made_of() {
    let public = "key = { fields = [\"model\", \"prompt\"], meaning = [\"model\", \"body\"] }";
    assert_eq!(go(&format!("{public}\n{CACHE}"), "").wrong_answers, 0);
    let private =
        "key = { fields = [\"model\", \"prompt\"], meaning = [\"tenant\", \"model\", \"body\"] }";
    assert!(go(&format!("{private}\n{CACHE}"), "").wrong_answers > 500);
}

#[test]
fn a_model_rollout_makes_what_is_in_the_cache_stale_unless_the_key_says_which_revision() {
    let rollout = "[[timeline]]\nat = \"50%\"\nset = { \"dependency.llm.revision\" = 2 }\n";
    let stale = go(&format!("{SOUND}\n{CACHE}"), rollout);
    assert!(stale.wrong_answers > 500, "{}", stale.wrong_answers);
    let keyed = SOUND.replace("\"prompt\"", "\"prompt\", \"revision\"");
    assert_eq!(go(&format!("{keyed}\n{CACHE}"), rollout).wrong_answers, 0);
    let flushed = format!("{rollout}[[timeline]]\nat = \"50%\"\nflush = true\n");
    // Who is under way at that moment still brings the old answer.
    assert!(go(&format!("{SOUND}\n{CACHE}"), &flushed).wrong_answers < 30);
}

#[test]
fn a_follower_of_a_flight_may_get_a_wrong_answer_too() {
    let flight = "key = { fields = [\"tenant\", \"prompt\"] }\nsingle_flight = \"shared\"";
    assert!(go(flight, "").wrong_answers > 50);
    let sound = format!("{SOUND}\nsingle_flight = \"shared\"");
    assert_eq!(go(&sound, "").wrong_answers, 0);
}

#[test]
fn without_a_checker_the_recording_knows_nothing_and_with_one_users_feel_nothing() {
    let service = format!("key = {{ fields = [\"tenant\", \"prompt\"] }}\n{CACHE}");
    let (off, on) = (
        go(&service, ""),
        go(&format!("{service}\ncheck_answers = \"10%\""), ""),
    );
    assert_eq!(checked(&off), None);
    let gauges = off.recording.gauges.rows();
    let names = gauges.map(|g| off.recording.name("gauge", g.gauge.into()).to_string());
    assert!(names.into_iter().all(|name| !name.starts_with("answers")));
    let rows = |run: &Run| run.recording.requests.rows().collect::<Vec<_>>();
    assert_eq!(rows(&off), rows(&on));
    assert_eq!(off.wrong_answers, on.wrong_answers);
}

/// Conversations of one tenant, half of them with an adapter, on an engine.
fn talk(engine: &str, service: &str, more: &str) -> Run {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\nsessions = {{ users = 20, system_blocks = 4 }}\nduration = \"5m\"\n\
         models = {{ base = 1, \"base+sql\" = 1 }}\noutput_tokens = 50\n\
         [service]\ncheck_answers = \"100%\"\ncall = {{ dependency = \"llm\" }}\n{service}\n\
         [dependency.llm]\nkind = \"llm-engine\"\n{engine}\n{more}"
    );
    replay(&text)
}

const WITHOUT_ADAPTER: &str = "prefix_key = [\"model\", \"revision\", \"tokenizer\", \"tools\"]";

#[test]
fn memory_that_another_adapter_computed_is_a_wrong_answer_and_the_sound_key_misses_it() {
    let sound = talk("", "", "");
    assert_eq!((sound.wrong_answers, checked(&sound)), (0, Some(0.0)));
    let flawed = talk(WITHOUT_ADAPTER, "", "");
    let share = checked(&flawed).unwrap();
    assert!(flawed.wrong_answers > 20 && share > 0.1, "{share}");
}

#[test]
fn a_rollout_that_keeps_the_memory_of_the_last_model_is_stale_where_the_key_forgets_the_revision() {
    let rollout = "[[timeline]]\nat = \"50%\"\nset = { \"dependency.llm.revision\" = 2 }\n";
    assert_eq!(talk("", "", rollout).wrong_answers, 0);
    let forgets = "prefix_key = [\"model\", \"adapter\", \"tokenizer\", \"tools\"]";
    assert!(talk(forgets, "", rollout).wrong_answers > 20);
}

#[test]
fn what_was_made_out_of_a_wrong_prefix_is_wrong_in_the_cache_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three.jsonl");
    let row = |arrived: u32, model: &str| {
        format!(
            "{{\"arrived\":{arrived},\"model\":\"{model}\",\"prompt\":\"p\",\"blocks\":[1,2],\"input_tokens\":1200,\"output_tokens\":50}}\n"
        )
    };
    // The second finds what the first computed with another adapter; the third finds the answer of the second.
    let rows = [row(0, "base"), row(20, "base+sql"), row(40, "base+sql")];
    std::fs::write(&path, rows.concat()).unwrap();
    let wrong = |engine: &str| {
        replay(&format!(
            "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\npath = {path:?}\n[service]\n\
             key = {{ fields = [\"model\", \"body\"] }}\ncache = {{ kind = \"lru\", capacity = 1000 }}\n\
             call = {{ dependency = \"llm\" }}\n[dependency.llm]\nkind = \"llm-engine\"\n{engine}\n"
        ))
        .wrong_answers
    };
    assert_eq!((wrong(""), wrong(WITHOUT_ADAPTER)), (0, 2));
}
