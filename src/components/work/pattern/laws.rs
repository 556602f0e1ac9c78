//! The two matchers beside one another, and beside the crate `regex`.

use super::{matchers::*, *};
use crate::config::Source;
use proptest::prelude::*;

fn program(pattern: &str) -> Program {
    compile(pattern, &At::nowhere())
        .unwrap_or_else(|e| panic!("{pattern}: {e}"))
        .1
}

fn linear(program: &Program, text: &str) -> (Option<(usize, usize)>, u64) {
    let mut meter = Meter::new(1, u64::MAX);
    let found = simulate(program, text, &mut meter).unwrap();
    (found, meter.total())
}

fn backtracking(
    program: &Program,
    text: &str,
    most: u64,
) -> Result<(Option<(usize, usize)>, u64), Exhausted> {
    let mut meter = Meter::new(1, most);
    let found = backtrack(program, text, &mut meter)?;
    Ok((found, meter.total()))
}

/// A pattern in this dialect, and the same for `regex`, whose classes know more than ASCII.
fn patterns() -> impl Strategy<Value = (String, String)> {
    let same = |p: &str| (p.to_string(), p.to_string());
    let leaf = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "c", "é", "=", ".", "[ab]", "[^a]", "[a-c=]", "[^\\n é-ü]", "\\.", "\\n", "[-a]", "\\\\"]).prop_map(same),
        2 => prop::sample::select(vec![("\\s", "[\\t-\\r ]"), ("\\S", "[^\\t-\\r ]"), ("\\d", "[0-9]"), ("\\D", "[^0-9]"), ("\\w", "[0-9A-Z_a-z]"), ("\\W", "[^0-9A-Z_a-z]"), ("[\\s=]", "[\\t-\\r =]"), ("[^\\d\\w]", "[^0-9A-Z_a-z]")])
            .prop_map(|(ours, theirs)| (ours.to_string(), theirs.to_string())),
        1 => prop::sample::select(vec!["^", "$", ""]).prop_map(same),
    ];
    let signs = prop::sample::select(vec![
        "*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,3}?", "{2,}", "{0}", "{0,}?",
    ]);
    leaf.prop_recursive(4, 16, 3, move |inner| {
        let group = |open: &'static str| {
            move |(ours, theirs): (String, String)| {
                (format!("{open}{ours})"), format!("{open}{theirs})"))
            }
        };
        let join = |by: &'static str| {
            move |parts: Vec<(String, String)>| {
                let (ours, theirs): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
                (
                    format!("(?:{})", ours.join(by)),
                    format!("(?:{})", theirs.join(by)),
                )
            }
        };
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(join("")),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(join("|")),
            1 => inner.clone().prop_map(group("(")),
            3 => (inner, signs.clone()).prop_map(move |(node, sign)| {
                let (ours, theirs) = group("(?:")(node);
                (ours + sign, theirs + sign)
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Not only whether there is a match, but where.
    #[test]
    fn both_matchers_find_what_the_regex_crate_finds((ours, theirs) in patterns(), text in "[abc= \n9é.]{0,12}") {
        let program = program(&ours);
        let right = regex::Regex::new(&theirs).unwrap().find(&text).map(|m| (m.start(), m.end()));
        let (found, units) = linear(&program, &text);
        prop_assert_eq!(found, right, "linear: {} in {:?}", ours, text);
        let chars = text.chars().count() as u64;
        prop_assert!(units <= 4 * program.steps.len() as u64 * (chars + 1), "{} units", units);
        if let Ok((found, _)) = backtracking(&program, &text, 20_000) {
            prop_assert_eq!(found, right, "backtracking: {} in {:?}", ours, text);
        }
    }

    /// Whatever people write is read or refused at its place, without a panic.
    #[test]
    fn any_text_is_a_pattern_or_is_refused(text in prop_oneof!["[ab(|)*+?{}2,\\[\\]\\^$\\\\.d:-]{0,14}", any::<String>()]) {
        match compile(&text, &At::whole(&Source::new("p", text.as_str()))) {
            Ok((_, program)) => {
                let found = linear(&program, "ab2").0;
                // What is read is read as `regex` does, but for its classes.
                if text.is_ascii() && !["\\d", "\\s", "\\w", "\\D", "\\S", "\\W", "\\<", "\\>"].iter().any(|p| text.contains(p))
                    && let Ok(right) = regex::Regex::new(&text)
                {
                    prop_assert_eq!(found, right.find("ab2").map(|m| (m.start(), m.end())));
                }
            }
            Err(refusal) => prop_assert!(refusal.to_string().starts_with("p:"), "{}", refusal),
        }
    }
}

#[test]
fn what_the_dialect_does_not_have_is_refused_at_its_place() {
    let refused = |pattern: &str| {
        let text = format!("work = {{ kind = \"pattern\", pattern = '{pattern}' }}");
        let file = crate::config::Node::parse(&Source::new("law.toml", text)).unwrap();
        let built = crate::config::pick(&super::super::kinds(), "work", file.get("work").unwrap());
        built.err().map(|e| e.to_string()).unwrap_or_default()
    };
    for (pattern, column, message) in [
        ("ab(?=c)", 3, "this group is not known"),
        ("ab(?i:c)", 3, "this group is not known"),
        ("(a)\\1", 4, "there are no back references"),
        ("a\\b", 2, "this escape is not known"),
        ("a(b", 2, "this group is not closed"),
        ("a)b", 2, "\")\" closes nothing"),
        ("a**", 2, "a repetition of a repetition"),
        ("a++", 2, "a repetition of a repetition"),
        ("*a", 1, "nothing is repeated"),
        ("^*a", 1, "the edge of a text is repeated"),
        ("a{2", 2, "this is no number of times"),
        ("a{3,2}", 2, "the most is less than the least"),
        ("a{9999}", 2, "that many repetitions"),
        ("x[]", 2, "a class of no characters"),
        ("x[a", 2, "this class is not closed"),
        ("x[c-a]", 3, "the range goes backwards"),
        ("x[a[b]]", 4, "a class within a class"),
        (
            "((a{1000}){1000}){1000}",
            0,
            "this pattern takes too many instructions",
        ),
    ] {
        let said = refused(pattern);
        // The text of the pattern starts at column 39.
        let place = format!("law.toml:1:{}: {message}", 38 + column);
        assert!(said.starts_with(&place), "{pattern}: {said}");
    }
    let deep = "(".repeat(60) + &")".repeat(60);
    assert!(refused(&deep).contains("groups within groups"));
    assert!(refused(&"a".repeat(3000)).contains("a pattern of 3000 characters"));
    // Nothing, more often than anybody can count.
    let mut nothing = String::new();
    for _ in 0..40 {
        nothing = format!("({nothing}){{1000}}");
    }
    assert!(program(&nothing).steps.len() < 10);
}

/// Their post-mortem counts 4,5,... steps for `x=` and ever more x: the same growth here.
#[test]
fn cloudflare_2019_the_rule_is_quadratic_where_it_matches_and_cubic_where_it_does_not() {
    let program = program("(?:.*.*=.*)");
    let units = |text: &str| backtracking(&program, text, u64::MAX).unwrap().1 as f64;
    let slope = |text: fn(usize) -> String| libm::log2(units(&text(128)) / units(&text(64)));
    let matching = slope(|n| "x=".to_string() + &"x".repeat(n));
    assert!((1.8..2.1).contains(&matching), "{matching}");
    let not = slope(|n| "x".repeat(n));
    assert!((2.7..3.1).contains(&not), "{not}");
    let linear = |n: usize| linear(&program, &"x".repeat(n)).1 as f64;
    assert!((linear(128) / linear(64) - 2.0).abs() < 0.05);
}

/// 20,000 blanks that are not at the end: their 2 * 10^8 checks, each of which is three instructions here. Broken off
/// long before, and not by the end of the stack.
#[test]
fn stack_exchange_2016_twenty_thousand_blanks_are_quadratic() {
    let program = program("\\s+$");
    let blanks = |n: usize| " ".repeat(n) + "x";
    for n in [10, 100, 1000] {
        let (found, units) = backtracking(&program, &blanks(n), u64::MAX).unwrap();
        let checks = (n * (n + 1) / 2) as u64;
        assert_eq!(found, None);
        assert!(
            (3 * checks..3 * checks + 10 * n as u64).contains(&units),
            "{n}: {units}"
        );
    }
    assert_eq!(
        backtracking(&program, &blanks(20_000), 3_000_000),
        Err(Exhausted)
    );
    assert_eq!(
        backtracking(&program, &" ".repeat(20_000), 3_000_000)
            .unwrap()
            .0,
        Some((0, 20_000))
    );
    let (found, units) = linear(&program, &blanks(20_000));
    assert!(found.is_none() && units < 300_000, "{units}");
}

#[test]
fn a_repetition_of_a_repetition_doubles_with_each_character() {
    let program = program("(a+)+$");
    let units = |n: usize| {
        backtracking(&program, &("a".repeat(n) + "!"), u64::MAX)
            .unwrap()
            .1 as f64
    };
    for n in 8..14 {
        let growth = units(n + 1) / units(n);
        assert!((1.9..2.2).contains(&growth), "{n}: {growth}");
    }
}
