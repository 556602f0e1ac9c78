//! Top-k and merge beside what one would write first, in one run: `cargo bench --bench ranks`.
//!
//! Rounds are interleaved, and what counts is the ratio to the naive version of the same round. Every row is checked: exact
//! lists equal to the naive one, bounds of the others held, pages equal.

use gameday::{
    components::{
        merge::{self, Hit, Merge, Merged, Source},
        topk::{self, TopK},
    },
    config::{Node, Source as Text, pick},
    sim::{
        dice::{Dice, Purpose},
        hash::Map,
        zipf::Zipf,
    },
};
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
use std::time::Instant;
use std::{collections::VecDeque, hint::black_box};

const ROUNDS: usize = 7;
const EVENTS: usize = 1_000_000;
/// Events between two looks at the list.
const EVERY: usize = 2_000;
const K: usize = 50;
const SECOND: u64 = 1_000_000_000;
const WINDOW: u64 = 60 * SECOND;
const PANES: u64 = 6;
const DRAWN: Purpose = Purpose::named("bench-ranks");

/// Wall nanoseconds of one of `n`.
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
fn time<T>(n: usize, work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_secs_f64() * 1e9 / n as f64, result)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A row of the table: ratio of the naive version's time to this one's.
fn table(title: &str, names: &[&str], times: &[Vec<f64>]) {
    println!("{title}\n        ns   naive takes [range] times as long");
    for (name, mine) in names.iter().zip(times) {
        let ratios: Vec<f64> = times[0].iter().zip(mine).map(|(n, t)| n / t).collect();
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let ns = median(mine);
        println!(
            "  {ns:8.1}   {:7.2} [{low:7.2} - {high:7.2}]  {name}",
            median(&ratios)
        );
    }
    println!();
}

fn built<T>(kinds: &[gameday::config::Kind<T>], text: &str) -> T {
    let node = Node::parse(&Text::new("bench.toml", text)).expect("TOML");
    pick(kinds, "component", &node).expect("options")
}

/// Keys with counts.
type List = Vec<(u64, u64)>;
/// One a look.
type Lists = Vec<List>;

/// Keeps a count for each key and the events of the window; sorts all counts for a list.
fn naive_top(events: &[(u64, u64)]) -> Lists {
    let (mut counts, mut window, mut lists) = (Map::<u64, u64>::default(), VecDeque::new(), vec![]);
    for (i, &(key, now)) in events.iter().enumerate() {
        let pane = WINDOW / PANES;
        let since = (now / pane + 1).saturating_sub(PANES) * pane;
        while let Some(&(old, at)) = window.front()
            && at < since
        {
            window.pop_front();
            if let Some(n) = counts.get_mut(&old) {
                *n -= 1;
                if *n == 0 {
                    counts.remove(&old);
                }
            }
        }
        window.push_back((key, now));
        *counts.entry(key).or_insert(0) += 1;
        if i % EVERY == 0 {
            let mut all: Vec<(u64, u64)> = counts.iter().map(|(k, n)| (*k, *n)).collect();
            all.sort_by_key(|&(key, n)| (std::cmp::Reverse(n), key));
            all.truncate(K);
            lists.push(all);
        }
    }
    lists
}

fn top(mut by: Box<dyn TopK>, events: &[(u64, u64)]) -> Lists {
    let mut lists = vec![];
    for (i, &(key, now)) in events.iter().enumerate() {
        by.record(key, now);
        if i % EVERY == 0 {
            let items = by.list(now).items;
            lists.push(items.iter().map(|r| (r.key, r.count)).collect());
        }
    }
    lists
}

fn tops() -> bool {
    let zipf = Zipf::new(200_000, 0.9).expect("weights");
    let events: Vec<(u64, u64)> = (0..EVENTS as u64)
        .map(|n| {
            let key = zipf.sample(&mut Dice::new(1, n).draw(DRAWN, 0)) as u64;
            (key, n * SECOND / 2000)
        })
        .collect();
    let make = |kind: &str| {
        let text = format!("{kind}\nk = {K}\nwindow = \"60s\"\npanes = {PANES}");
        built(&topk::kinds(), &text)
    };
    let names = [
        "count all, sort all",
        "exact",
        "space-saving, 500 counters a pane",
    ];
    let mut times = vec![vec![]; names.len()];
    let mut right = true;
    for _ in 0..ROUNDS {
        let (ns, truth) = time(EVENTS, || naive_top(&events));
        times[0].push(ns);
        let exact = make("kind = \"exact\"");
        let (ns, lists) = time(EVENTS, || top(exact, &events));
        times[1].push(ns);
        right &= lists == truth;
        let saving = make("kind = \"space-saving\"\ncounters = 500");
        let (ns, lists) = time(EVENTS, || top(saving, &events));
        times[2].push(ns);
        // An estimate is never too low.
        let low = |(list, truth): (&List, &List)| {
            let of = |key: u64| truth.iter().find(|(k, _)| *k == key);
            list.iter()
                .all(|(key, n)| of(*key).is_none_or(|(_, seen)| n >= seen))
        };
        right &= lists.iter().zip(&truth).all(low);
    }
    let title = format!(
        "Top {K} of a minute's window, Zipf 0.9 over 200,000 keys, a list every {EVERY} events; ns an event"
    );
    table(&title, &names, &times);
    right
}

/// Puts all lists into one, sorts it, drops what stands there already.
fn naive_merge(lists: &[Vec<Hit>], k: usize) -> Vec<u64> {
    let scaled = lists.iter().enumerate().flat_map(|(source, list)| {
        let low = list.iter().map(|h| h.score).fold(f64::INFINITY, f64::min);
        let high = list
            .iter()
            .map(|h| h.score)
            .fold(f64::NEG_INFINITY, f64::max);
        let at = move |h: &Hit| (((h.score - low) / (high - low)) as f32, source, h.id);
        list.iter().map(at)
    });
    let mut all: Vec<(f32, usize, u64)> = scaled.collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut seen = gameday::sim::hash::Set::default();
    let once = all.into_iter().filter(|(_, _, id)| seen.insert(*id));
    once.map(|(_, _, id)| id).take(k).collect()
}

fn naive_fusion(lists: &[Vec<Hit>], k: usize) -> Vec<u64> {
    // Sum, the source of its best rank, and that rank.
    let mut sums: Map<u64, (f64, usize, usize)> = Map::default();
    for (source, list) in lists.iter().enumerate() {
        for (rank, hit) in list.iter().enumerate() {
            let sum = sums.entry(hit.id).or_insert((0.0, source, rank));
            sum.0 += 1.0 / (61.0 + rank as f64);
            if rank < sum.2 {
                (sum.1, sum.2) = (source, rank);
            }
        }
    }
    let mut all: Vec<(u64, (f64, usize, usize))> = sums.into_iter().collect();
    all.sort_by(|(a, x), (b, y)| {
        let by_score = (y.0 as f32).total_cmp(&(x.0 as f32));
        by_score.then((x.1, a).cmp(&(y.1, b)))
    });
    all.into_iter().take(k).map(|(id, _)| id).collect()
}

fn merges(documents: usize, of: usize) -> bool {
    let queries: usize = 200_000 / (documents * of).max(1) + 20;
    let lists: Vec<Vec<Vec<Hit>>> = (0..queries as u64)
        .map(|query| {
            let list = |source: u64| {
                let mut draw = Dice::new(query, source).draw(DRAWN, 1);
                let mut list: Vec<Hit> = (0..documents)
                    .map(|_| Hit {
                        id: draw.below(3 * documents as u64),
                        score: draw.unit() * 30.0,
                    })
                    .collect();
                list.sort_by_key(|h| h.id);
                list.dedup_by_key(|h| h.id);
                list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
                list
            };
            (0..of as u64).map(list).collect()
        })
        .collect();
    let page = |by: &dyn Merge, lists: &[Vec<Hit>]| -> Merged {
        let sources = lists.iter().enumerate().map(|(i, hits)| Source {
            number: i as u32,
            hits,
        });
        by.merge(&sources.collect::<Vec<_>>())
    };
    let heap = built(&merge::kinds(), "kind = \"k-way\"");
    let fusion = built(&merge::kinds(), "kind = \"reciprocal-rank\"");
    let all = |merge: &dyn Fn(&[Vec<Hit>]) -> Vec<u64>| -> Vec<Vec<u64>> {
        lists.iter().map(|l| merge(l)).collect()
    };
    let ids = |page: Merged| page.items.iter().map(|i| i.id).collect::<Vec<u64>>();
    let (mut sorted, mut fused) = (vec![vec![]; 2], vec![vec![]; 2]);
    let mut right = true;
    for _ in 0..ROUNDS {
        let (ns, truth) = time(queries, || all(&|l| naive_merge(l, 10)));
        sorted[0].push(ns);
        let (ns, pages) = time(queries, || all(&|l| ids(page(&*heap, l))));
        sorted[1].push(ns);
        right &= pages == truth;
        let (ns, truth) = time(queries, || all(&|l| naive_fusion(l, 10)));
        fused[0].push(ns);
        let (ns, pages) = time(queries, || all(&|l| ids(page(&*fusion, l))));
        fused[1].push(ns);
        right &= pages == truth;
    }
    let title = format!("A page of 10 of {of} lists of {documents} documents; ns a page");
    table(
        &format!("{title}, by scores"),
        &["put together, sort", "k-way"],
        &sorted,
    );
    table(
        &format!("{title}, by ranks"),
        &["add up, sort", "reciprocal-rank"],
        &fused,
    );
    right
}

fn main() {
    let right = [tops(), merges(20, 3), merges(100, 4), merges(1_000, 10)];
    // What is fast and wrong is nothing.
    assert!(right.iter().all(|r| *r), "results differ: {right:?}");
}
