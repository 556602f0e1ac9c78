//! The table beside the matchers, and what it costs.

use super::{super::kinds, table::Table as States, *};
use crate::config::{Node as File, Source, pick};
use proptest::prelude::*;

fn states(rule: &str) -> Result<(States, u64), Unbuilt> {
    let (_, program) = pattern::compile(rule, &At::nowhere()).unwrap();
    let mut meter = Meter::new(3, 10_000_000);
    let table = States::build(&program, &mut meter, BUILD)?;
    Ok((table, meter.total()))
}

fn validate(options: &str) -> Result<Box<dyn Work>, String> {
    let text = format!("work = {{ kind = \"validate\", {options} }}");
    let file = File::parse(&Source::new("law.toml", text)).unwrap();
    pick(&kinds(), "work", file.get("work").unwrap()).map_err(|e| e.to_string())
}

proptest! {
    /// A whole text matches a pattern when the pattern between the edges is found in it.
    #[test]
    fn a_table_of_states_takes_what_the_pattern_matches_whole(
        parts in prop::collection::vec((prop::sample::select(vec!["a", "[bc]", ".", "[^a]", "é", "(?:a|bc)", "(?:a*|b)", "[^é-ü\\n]"]), prop::sample::select(vec!["", "*", "+", "?", "{2,3}"])), 0..5),
        text in "[abc é\n]{0,6}",
    ) {
        let rule: String = parts.iter().map(|(atom, sign)| format!("{atom}{sign}")).collect();
        let (table, _) = states(&rule).unwrap();
        let right = regex::Regex::new(&format!("^(?:{rule})$")).unwrap().is_match(&text);
        let mut meter = Meter::new(3, u64::MAX);
        prop_assert_eq!(table.matches(&text, &mut meter, CHECK), Ok(right), "{:?} {:?}", rule, text);
        prop_assert!(meter.spent()[CHECK] <= text.chars().count() as u64);
    }
}

#[test]
fn inmanta_10738_building_costs_tens_of_times_what_using_does() {
    let spent = |way: &str, items: usize| {
        let work = validate(&format!("way = \"{way}\"")).unwrap();
        let names: Vec<_> = (0..items).map(|n| format!("name-{n:05}")).collect();
        let text = serde_json::json!(names).to_string();
        let mut meter = Meter::new(3, u64::MAX);
        let job = Job {
            text: &text,
            fragment: 0,
        };
        work.run(&job, &mut meter).unwrap();
        let costs = meter.spent().iter().zip(work.costs());
        costs.map(|(units, cost)| *units as f64 * cost).sum::<f64>()
    };
    let [once, request, item] = ["once", "per-request", "per-item"].map(|way| spent(way, 200));
    let build = (item - once) / 200.0;
    assert!((request - once - build).abs() < 1.0, "one build a request");
    let each = once / 200.0;
    assert!(build > 20.0 * each, "{build} ns to build, {each} ns to use");
}

#[test]
fn rules_that_are_no_rules_are_refused_at_their_place() {
    for (rule, message) in [
        ("^a$", "this rule has ^ or $"),
        ("a(?:b|$)", "this rule has ^ or $"),
        ("a(?=b)", "this group is not known"),
        // Which of the last 20 characters were an a: two to the power of 20 states.
        (
            "[ab]*a[ab]{20}",
            "the validator of this rule takes too many states",
        ),
    ] {
        let said = validate(&format!("rule = '{rule}'"))
            .err()
            .unwrap_or_default();
        assert!(
            said.starts_with("law.toml:1:") && said.contains(message),
            "{rule}: {said}"
        );
    }
    assert!(matches!(states("[ab]*a[ab]{20}"), Err(Unbuilt::TooLarge)));
}
