//! What every sound work keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{Exhausted, FLAWS, Job, Meter, Work, kinds};
use crate::config::{Node, Refusal, Source, pick};
use proptest::prelude::*;

/// What the laws know of a kind.
struct Known {
    kind: &'static str,
    /// Options of the sound way that must be given.
    options: &'static str,
    /// The text of that many items, on which the flawed ways show.
    text: fn(usize) -> String,
    /// So many items are a small job, on which only work done needlessly shows.
    small: usize,
    /// Items, for the slope.
    sizes: &'static [usize],
    /// A sound way spends at most `by * size + and` units.
    by: u64,
    and: u64,
}

const KNOWN: &[Known] = &[
    Known {
        kind: "distinct",
        options: "",
        text: list,
        small: 4,
        sizes: &[100, 200, 400, 800],
        // A word, its quotes and a comma are 12 bytes.
        by: 14,
        and: 2,
    },
    Known {
        kind: "layers",
        options: "layers = 8",
        text: body,
        small: 4,
        sizes: &[100, 200, 400, 800],
        by: 1,
        and: 8,
    },
    Known {
        kind: "pattern",
        options: "pattern = '(?:.*.*=.*)'",
        text: |n| "x".repeat(n),
        small: 3,
        sizes: &[25, 50, 100],
        // Each of 11 instructions is looked at once, and found there again or left at most twice.
        by: 33,
        and: 33,
    },
    Known {
        kind: "pattern",
        options: "pattern = '\\s+$'",
        text: |n| " ".repeat(n) + ".",
        small: 6,
        sizes: &[100, 200, 400, 800],
        by: 12,
        and: 12,
    },
    Known {
        kind: "pattern",
        options: "pattern = '(a+)+$'",
        text: |n| "a".repeat(n) + "!",
        small: 2,
        sizes: &[6, 8, 10, 12, 14],
        by: 15,
        and: 15,
    },
    Known {
        kind: "scan",
        options: "",
        text: prose,
        small: 4,
        sizes: &[100, 200, 400, 800],
        by: 1,
        and: 0,
    },
    Known {
        kind: "serialize",
        options: "times = 8",
        text: body,
        small: 4,
        sizes: &[100, 200, 400, 800],
        by: 2,
        and: 0,
    },
    Known {
        kind: "stream",
        options: "",
        text: prose,
        small: 4,
        sizes: &[100, 200, 400, 800],
        by: 2,
        and: 0,
    },
    Known {
        kind: "validate",
        options: "",
        text: list,
        small: 4,
        sizes: &[100, 200, 400, 800],
        // 12 bytes parsed, 11 of them checked.
        by: 24,
        and: 2,
    },
];

/// A JSON array of words of which no two are equal.
fn list(words: usize) -> String {
    serde_json::json!(
        (0..words)
            .map(|n| format!("word{n:05}"))
            .collect::<Vec<_>>()
    )
    .to_string()
}

/// A request.
fn body(words: usize) -> String {
    serde_json::json!({ "prompt": prose(words), "temperature": 0.5, "stop": ["\n"] }).to_string()
}

/// Words of which no two are equal.
fn prose(words: usize) -> String {
    let words: Vec<_> = (0..words).map(|n| format!("word{n:05}")).collect();
    words.join(" ")
}

/// Bytes of a fragment in the laws.
const FRAGMENT: usize = 20;

/// Of a kind with these options.
fn known(kind: &str, options: &str) -> &'static Known {
    let known = |k: &&Known| k.kind == kind && k.options == options;
    KNOWN.iter().find(known).unwrap()
}

fn build(kind: &str, options: &str) -> Result<Box<dyn Work>, Refusal> {
    let text = format!("work = {{ kind = \"{kind}\", {options} }}");
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    pick(&kinds(), "work", file.get("work").unwrap())
}

fn make(kind: &str, options: &str) -> Box<dyn Work> {
    build(kind, options).unwrap_or_else(|e| panic!("{e}"))
}

/// The same set-up as a flaw's in the sound way.
fn sound(options: &str) -> &str {
    assert!(options.starts_with("way = \""));
    options.split_once(", ").map_or("", |(_, rest)| rest)
}

fn job(text: &str) -> Job<'_> {
    Job {
        text,
        fragment: FRAGMENT,
    }
}

/// The product, and the units by part.
fn run(work: &dyn Work, job: &Job, most: u64) -> (Result<u64, Exhausted>, Meter) {
    let mut meter = Meter::new(work.parts().len(), most);
    (work.run(job, &mut meter), meter)
}

/// Size and units of a text of that many items.
fn spent(work: &dyn Work, of: &Known, items: usize) -> (u64, u64) {
    let text = (of.text)(items);
    let (product, meter) = run(work, &job(&text), u64::MAX);
    assert!(product.is_ok());
    (work.size(&job(&text)), meter.total())
}

/// By least squares through the logarithms of units against size.
fn slope(work: &dyn Work, of: &Known, sizes: &[usize]) -> f64 {
    let points: Vec<_> = sizes
        .iter()
        .map(|&items| spent(work, of, items))
        .map(|(size, units)| (libm::log(size as f64), libm::log(units as f64)))
        .collect();
    let n = points.len() as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let over: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let under: f64 = points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
    over / under
}

/// Of a work, and of what is known of its kind.
type Law = fn(&dyn Work, &Known) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    ("units_grow_as_size_does", units_grow_as_size_does),
    (
        "what_is_needed_once_is_done_once",
        what_is_needed_once_is_done_once,
    ),
    (
        "a_watchdog_breaks_off_what_spends_more_and_nothing_else",
        a_watchdog_breaks_off_what_spends_more_and_nothing_else,
    ),
    (
        "units_depend_on_the_text_alone",
        units_depend_on_the_text_alone,
    ),
];

fn units_grow_as_size_does(work: &dyn Work, of: &Known) -> Result<(), String> {
    let slope = slope(work, of, of.sizes);
    // Logarithms count as none.
    match slope < 1.15 {
        true => Ok(()),
        false => Err(format!("units grow with the power {slope:.2} of size")),
    }
}

fn what_is_needed_once_is_done_once(work: &dyn Work, of: &Known) -> Result<(), String> {
    let (size, units) = spent(work, of, of.small);
    match units <= of.by * size + of.and {
        true => Ok(()),
        false => Err(format!("{units} units for a size of {size}")),
    }
}

fn a_watchdog_breaks_off_what_spends_more_and_nothing_else(
    work: &dyn Work,
    of: &Known,
) -> Result<(), String> {
    let text = (of.text)(of.small);
    let (product, whole) = run(work, &job(&text), u64::MAX);
    let total = whole.total();
    for (most, right) in [
        (total, product),
        (total - 1, Err(Exhausted)),
        (0, Err(Exhausted)),
    ] {
        let (found, meter) = run(work, &job(&text), most);
        if found != right || meter.total() > total {
            return Err(format!("{found:?} with {most} of {total} units"));
        }
    }
    Ok(())
}

fn units_depend_on_the_text_alone(work: &dyn Work, of: &Known) -> Result<(), String> {
    let text = (of.text)(of.small);
    let first = run(work, &job(&text), u64::MAX);
    run(work, &job(&(of.text)(3)), u64::MAX).0.unwrap();
    let again = run(work, &job(&text), u64::MAX);
    match first.0 == again.0 && first.1.spent() == again.1.spent() {
        true => Ok(()),
        false => Err(format!("{first:?}, and again {again:?}")),
    }
}

#[test]
fn every_kind_keeps_every_law() {
    for kind in kinds() {
        assert!(KNOWN.iter().any(|of| of.kind == kind.name));
    }
    for of in KNOWN {
        let work = make(of.kind, of.options);
        assert_eq!(work.parts().len(), work.costs().len());
        for (name, law) in LAWS {
            if let Err(wrong) = law(&*work, of) {
                panic!("{} breaks {name}: {wrong}", of.kind);
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        let work = make(flaw.kind, flaw.options);
        for (name, law) in LAWS {
            let broken = law(&*work, known(flaw.kind, sound(flaw.options)));
            assert_eq!(
                broken.is_err(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}

/// The size up to which a watchdog of twenty million units never bites the sound way.
#[test]
fn no_sound_way_is_broken_off_at_half_a_megabyte() {
    for of in KNOWN {
        let work = make(of.kind, of.options);
        let mut text = (of.text)(of.sizes[0]);
        while text.len() < 500_000 {
            text.push(' ');
            text.push_str(&text.clone());
        }
        assert!(
            run(&*work, &job(&text), 20_000_000).0.is_ok(),
            "{}",
            of.kind
        );
    }
}

#[test]
fn all_pairs_and_reading_again_have_slope_two() {
    for (kind, options) in [
        ("distinct", "way = \"pairs\""),
        ("stream", "way = \"reread\""),
    ] {
        let of = known(kind, sound(options));
        let flawed = slope(&*make(kind, options), of, of.sizes);
        assert!((1.85..2.1).contains(&flawed), "{kind}: {flawed}");
    }
}

/// JSON of any shape, cut short and garbled too, and texts of any characters.
fn texts() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e9f64..1e9).prop_map(Into::into),
        "[a-c \"\\\\é\u{1F600}]{0,6}".prop_map(Into::into),
    ];
    let json = leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec(("[a-c]{1,3}", inner), 0..6)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Value>()),
        ]
    });
    prop_oneof![
        4 => json.clone().prop_map(|value| value.to_string()),
        2 => (json, any::<prop::sample::Index>()).prop_map(|(value, cut)| {
            let text: Vec<char> = value.to_string().chars().collect();
            text[..cut.index(text.len() + 1)].iter().collect()
        }),
        2 => "[ -~\n\té]{0,60}",
        1 => any::<String>(),
        1 => (0usize..400).prop_map(|n| "[".repeat(n) + &"]".repeat(n)),
        1 => "[ab=;! ]{0,40}",
    ]
}

/// Work that is done once too often costs a factor, whatever the size.
#[test]
fn what_is_done_for_each_costs_a_factor_and_has_slope_one() {
    for (kind, options) in [
        ("layers", "way = \"each\", layers = 8"),
        ("serialize", "way = \"each\", times = 8"),
    ] {
        let of = known(kind, sound(options));
        let [each, once] = [options, of.options].map(|options| make(kind, options));
        for &items in of.sizes {
            let part = if kind == "layers" { 0 } else { 1 };
            let text = (of.text)(items);
            let of = |work: &dyn Work| run(work, &job(&text), u64::MAX).1.spent()[part];
            assert_eq!(of(&*each), 8 * of(&*once));
        }
        let slope = slope(&*each, of, of.sizes);
        assert!((0.95..1.05).contains(&slope), "{kind}: {slope}");
    }
}

proptest! {
    #[test]
    fn every_way_gives_the_product_of_the_sound_way(text in texts(), fragment in 0usize..9) {
        for flaw in FLAWS {
            let job = Job { text: &text, fragment };
            let (right, _) = run(&*make(flaw.kind, sound(flaw.options)), &job, u64::MAX);
            // Where the flawed way has no bound, it may be broken off.
            let (flawed, _) = run(&*make(flaw.kind, flaw.options), &job, 300_000);
            prop_assert!(right.is_ok());
            prop_assert!(flawed == right || flawed == Err(Exhausted), "{}: {flawed:?} and {right:?}", flaw.name);
        }
    }

    /// Whatever is spent, on whichever parts.
    #[test]
    fn a_meter_is_exhausted_once_more_than_its_most_was_spent(spends in prop::collection::vec((0usize..3, 0u64..9), 0..30), most in 0u64..60) {
        let mut meter = Meter::new(3, most);
        let (mut parts, mut all) = ([0; 3], 0);
        for (part, units) in spends {
            let counted = units.min(most - parts.iter().sum::<u64>());
            parts[part] += counted;
            all += units;
            prop_assert_eq!(meter.spend(part, units), if counted < units { Err(Exhausted) } else { Ok(()) });
        }
        prop_assert_eq!(meter.spent(), &parts[..]);
        prop_assert_eq!(meter.total(), all.min(most));
    }
}
