//! What every sound merge keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{FLAWS, Hit, Item, Merge, Merged, Normalise, Source, kinds, scores::Scale};
use crate::{
    config::{Choice, Node, Source as File, pick},
    sim::hash::mix,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const K: usize = 5;
const CAP: usize = 2;

fn node(kind: &str, options: &str) -> Node {
    let base = format!("kind = \"{kind}\"\nk = {K}\ncap = {CAP}\n");
    let mut base = Node::parse(&File::new("law.toml", base)).unwrap();
    let over = Node::parse(&File::new("flaw.toml", format!("flaw = {{ {options} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    base
}

fn make(kind: &str, options: &str) -> Box<dyn Merge> {
    pick(&kinds(), "merge", &node(kind, options)).unwrap()
}

/// Lists of documents and scores, by the number of their source.
type Lists = Vec<Vec<Hit>>;

fn merge(by: &dyn Merge, lists: &Lists) -> Merged {
    let sources = lists.iter().enumerate().map(|(i, hits)| Source {
        number: i as u32,
        hits,
    });
    by.merge(&sources.collect::<Vec<_>>())
}

fn ids(merged: &Merged) -> Vec<u64> {
    merged.items.iter().map(|i| i.id).collect()
}

/// What makes a component of this kind with further options, and the lists.
type Law = fn(&dyn Fn(&str) -> Box<dyn Merge>, &Lists) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "scaling_one_list_by_ten_changes_no_order",
        scaling_one_list_by_ten_changes_no_order,
    ),
    (
        "each_document_stands_there_once",
        each_document_stands_there_once,
    ),
    (
        "the_order_of_answers_makes_no_difference",
        the_order_of_answers_makes_no_difference,
    ),
    (
        "no_source_fills_the_page_alone",
        no_source_fills_the_page_alone,
    ),
    (
        "a_list_out_of_order_is_put_in_order",
        a_list_out_of_order_is_put_in_order,
    ),
    (
        "a_shorter_page_is_the_head_of_a_longer_one",
        a_shorter_page_is_the_head_of_a_longer_one,
    ),
    (
        "who_is_credited_has_the_document",
        who_is_credited_has_the_document,
    ),
];

type Make<'a> = &'a dyn Fn(&str) -> Box<dyn Merge>;

fn same(a: &Merged, b: &Merged, what: &str) -> Result<(), String> {
    match ids(a) == ids(b) {
        true => Ok(()),
        false => Err(format!("{what}: {:?}, but {:?}", ids(a), ids(b))),
    }
}

/// irzix/nestjs-agentic#130.
fn scaling_one_list_by_ten_changes_no_order(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let by = make("");
    let before = merge(&*by, lists);
    (0..lists.len()).try_for_each(|i| {
        let mut scaled = lists.clone();
        scaled[i].iter_mut().for_each(|hit| hit.score *= 10.0);
        same(&before, &merge(&*by, &scaled), &format!("list {i} by ten"))
    })
}

fn each_document_stands_there_once(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let merged = merge(&*make(""), lists);
    let mut sorted = ids(&merged);
    sorted.sort_unstable();
    sorted.dedup();
    match sorted.len() == merged.items.len() {
        true => Ok(()),
        false => Err(format!("{:?}", ids(&merged))),
    }
}

fn the_order_of_answers_makes_no_difference(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let by = make("");
    let mut sources: Vec<Source<'_>> = lists
        .iter()
        .enumerate()
        .map(|(i, hits)| Source {
            number: i as u32,
            hits,
        })
        .collect();
    let first = by.merge(&sources);
    (0..lists.len()).try_for_each(|i| {
        sources.rotate_left(1);
        same(&first, &by.merge(&sources), &format!("rotated {i} times"))?;
        let backwards: Vec<_> = sources.iter().rev().copied().collect();
        same(&first, &by.merge(&backwards), &format!("{i}, backwards"))
    })
}

/// A source has more than its share only when all that others have is there.
fn no_source_fills_the_page_alone(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let merged = merge(&*make(""), lists);
    let whole = merge(&*make("k = 1000"), lists);
    for source in 0..lists.len() as u32 {
        let of = |item: &&Item| item.source == source;
        let has = merged.items.iter().filter(of).count();
        let left = |item: &&Item| item.source != source && !ids(&merged).contains(&item.id);
        // Others that have had their share are not asked either.
        let within = |item: &Item| {
            merged
                .items
                .iter()
                .filter(|i| i.source == item.source)
                .count()
                < CAP
        };
        if has > CAP && whole.items.iter().filter(left).any(within) {
            return Err(format!("{has} of source {source}: {:?}", merged.items));
        }
    }
    Ok(())
}

fn a_list_out_of_order_is_put_in_order(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let by = make("");
    let mut turned = lists.clone();
    turned.iter_mut().for_each(|list| list.reverse());
    same(&merge(&*by, lists), &merge(&*by, &turned), "turned round")
}

fn a_shorter_page_is_the_head_of_a_longer_one(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let longest = merge(&*make("k = 1000"), lists);
    (1..30).try_for_each(|k| {
        let mut head = longest.clone();
        head.items.truncate(k);
        same(
            &merge(&*make(&format!("k = {k}")), lists),
            &head,
            &format!("a page of {k}"),
        )
    })
}

fn who_is_credited_has_the_document(make: Make<'_>, lists: &Lists) -> Result<(), String> {
    let merged = merge(&*make(""), lists);
    let has = |item: &&Item| !lists[item.source as usize].iter().any(|h| h.id == item.id);
    match merged.items.iter().find(has) {
        Some(item) => Err(format!("{item:?}")),
        None => Ok(()),
    }
}

/// Lists as retrievers give them: each document once. Scores are quarters, so that ten times each is exact.
fn lists() -> impl Strategy<Value = Lists> {
    let hit = (0u64..12, -8i32..24).prop_map(|(id, score)| Hit {
        id,
        score: f64::from(score) / 4.0,
    });
    let list = prop::collection::vec(hit, 0..10).prop_map(|mut list| {
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|hit| seen.insert(hit.id));
        list
    });
    prop::collection::vec(list, 0..5)
}

/// The kinds, and what each has of sound options.
fn sound() -> Vec<(&'static str, String)> {
    let mut all = vec![];
    for kind in kinds() {
        let fields = (kind.fields)();
        let normalised = fields.iter().any(|f| f.name == "normalise");
        for (word, how) in Normalise::WORDS {
            if normalised && *how != Normalise::None {
                all.push((kind.name, format!("normalise = \"{word}\"")));
            }
        }
        if !normalised {
            all.push((kind.name, String::new()));
        }
    }
    all
}

proptest! {
    #[test]
    fn every_kind_keeps_every_law(lists in lists()) {
        for (kind, options) in sound() {
            let make = |more: &str| {
                let both = [options.as_str(), more].into_iter().filter(|o| !o.is_empty());
                make(kind, &both.collect::<Vec<_>>().join(", "))
            };
            for (name, law) in LAWS {
                if let Err(wrong) = law(&make, &lists) {
                    panic!("{kind} {options} breaks {name}: {wrong}");
                }
            }
        }
    }

    #[test]
    fn a_page_is_what_one_would_write_down_by_hand(lists in lists()) {
        for (kind, options) in sound() {
            let page = merge(&*make(kind, &options), &lists);
            prop_assert_eq!(ids(&page), by_hand(kind, &options, &lists), "{} {}", kind, options);
        }
    }
}

/// All documents with their scores, sorted; then one after the other, those beyond the cap at the end.
fn by_hand(kind: &str, options: &str, lists: &Lists) -> Vec<u64> {
    // Score, source that it counts for, place of the document within it.
    let mut all: BTreeMap<u64, (f32, usize, usize)> = BTreeMap::new();
    let mut sums: BTreeMap<u64, Vec<(usize, f64)>> = BTreeMap::new();
    for (source, list) in lists.iter().enumerate() {
        let mut list = list.clone();
        list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        let how = Normalise::WORDS
            .iter()
            .find(|(word, _)| options.contains(word));
        let scale = Scale::of(&list, how.map_or(Normalise::None, |(_, how)| *how));
        for (rank, hit) in list.iter().enumerate() {
            let gives = 1.0 / (61.0 + rank as f64);
            sums.entry(hit.id).or_default().push((source, gives));
            let score = scale.at(hit.score);
            match all.get(&hit.id) {
                Some((best, _, _)) if *best >= score => {}
                _ => drop(all.insert(hit.id, (score, source, rank))),
            }
        }
    }
    if kind == "reciprocal-rank" {
        for (id, of) in &sums {
            let most = of.iter().map(|(_, g)| *g).fold(0.0, f64::max);
            let source = of.iter().find(|(_, g)| *g == most).unwrap().0;
            let sum: f64 = of.iter().map(|(_, g)| g).sum();
            all.insert(*id, (sum as f32, source, *id as usize));
        }
    }
    let mut order: Vec<_> = all.iter().collect();
    order.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut page, mut put_off, mut of) = (vec![], vec![], BTreeMap::new());
    for (id, (_, source, _)) in order {
        let n = of.entry(source).or_insert(0);
        if *n < CAP {
            *n += 1;
            page.push(*id);
        } else {
            put_off.push(*id);
        }
    }
    page.extend(put_off);
    page.truncate(K);
    page
}

/// Lists on which each flaw shows: scales apart, equal scores, the same documents, one list above all, out of order.
fn shown() -> Vec<Lists> {
    let list = |source: u64, scale: f64, of: u64| -> Vec<Hit> {
        (0..8)
            .map(|n| Hit {
                id: mix(source * of + n) % 16,
                score: scale * (8 - n) as f64,
            })
            .collect::<Vec<_>>()
    };
    let own = |source: u64, scale: f64| -> Vec<Hit> {
        (0..8)
            .map(|n| Hit {
                id: 100 * source + n,
                score: scale * (8 - n) as f64,
            })
            .collect()
    };
    let dedup = |mut list: Vec<Hit>| {
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|hit| seen.insert(hit.id));
        list
    };
    // All of one list near its top, all of the other near its bottom.
    let bent = |source: u64, high: f64| -> Vec<Hit> {
        let score = |n: u64| [16.0, high - n as f64, 0.0][n.div_ceil(7) as usize];
        let hit = |n| Hit {
            id: 100 * source + n,
            score: score(n),
        };
        (0..8).map(hit).collect()
    };
    vec![
        vec![bent(0, 16.0), bent(1, 8.0)],
        (0..3).map(|s| dedup(list(s, 1.0, 100))).collect(),
        (0..3).map(|s| dedup(list(s, 0.25, 0))).collect(),
        vec![own(0, 0.5), own(1, 30.0), own(2, 4.0)],
        vec![dedup(list(3, 2.0, 7)), own(1, 0.25), own(2, 0.25)],
    ]
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        let make = |more: &str| match more {
            "" => make(flaw.kind, flaw.options),
            more => make(flaw.kind, &format!("{}, {more}", flaw.options)),
        };
        for (name, law) in LAWS {
            let broken: Vec<String> = shown().iter().filter_map(|l| law(&make, l).err()).collect();
            assert_eq!(
                !broken.is_empty(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}

#[test]
fn a_page_of_ten_looks_at_few_of_a_hundred_thousand_documents() {
    let lists: Lists = (0..10u64)
        .map(|s| {
            let hit = |n: u64| Hit {
                id: mix(n * 10 + s) % 50_000,
                score: (20_000 - n) as f64 * (s + 1) as f64,
            };
            (0..10_000).map(hit).collect()
        })
        .collect();
    let page = merge(&*make("k-way", "k = 10, cap = 0"), &lists);
    assert_eq!(page.items.len(), 10);
    assert_eq!(page.work, 10 + u64::from(page.duplicates));
    assert!(page.work < 20, "{}", page.work);
    // Ranks are added up, so that each document is looked at: once in its list, and once more for the page.
    let page = merge(&*make("reciprocal-rank", "k = 10, cap = 0"), &lists);
    assert_eq!(page.work, 100_000 + 10);
}

#[test]
fn hostile_options_are_refused_and_hostile_scores_are_worst() {
    for (kind, options) in [
        ("k-way", "k = 0"),
        ("k-way", "k = 1_000_000_000_000"),
        ("k-way", "cap = -1"),
        ("k-way", "normalise = \"max\""),
        ("reciprocal-rank", "k = 0"),
        ("reciprocal-rank", "constant = -60"),
        ("reciprocal-rank", "by = \"luck\""),
    ] {
        let refused = pick(&kinds(), "merge", &node(kind, options));
        assert!(refused.is_err(), "{kind} takes {options}");
    }
    let hit = |id, score| Hit { id, score };
    let lists = vec![
        vec![
            hit(1, f64::NAN),
            hit(2, f64::INFINITY),
            hit(3, 1.0),
            hit(4, f64::NEG_INFINITY),
        ],
        vec![
            hit(5, f64::MAX),
            hit(6, f64::MIN),
            hit(7, -0.0),
            hit(8, 0.0),
        ],
        vec![],
        vec![hit(9, f64::NAN)],
    ];
    for (kind, options) in sound() {
        let page = merge(
            &*make(
                kind,
                &format!(
                    "{options}{}k = 20, cap = 0",
                    if options.is_empty() { "" } else { ", " }
                ),
            ),
            &lists,
        );
        assert_eq!(page.items.len(), 9, "{kind} {options}");
        let place = |id| ids(&page).iter().position(|i| *i == id);
        assert!(
            place(1) > place(3) && place(2) < place(3),
            "{kind} {options}"
        );
        assert!(page.items.iter().all(|i| i.score.is_finite()));
    }
}
