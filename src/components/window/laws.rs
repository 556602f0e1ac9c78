//! What every sound window keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{FLAWS, Window, kinds};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3600 * SECOND;
/// As the options have it.
const OVER: u64 = 30 * SECOND;

fn make(kind: &str, options: &str) -> Box<dyn Window> {
    build(kind, options).unwrap_or_else(|e| panic!("{e}"))
}

fn build(kind: &str, options: &str) -> Result<Box<dyn Window>, crate::config::Refusal> {
    let text = format!("window = {{ kind = \"{kind}\", {options} }}");
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    pick(&kinds(), "window", file.get("window").unwrap())
}

/// Of a kind with these options.
type Law = fn(&dyn Fn() -> Box<dyn Window>) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "what_comes_after_a_long_idle_is_read",
        what_comes_after_a_long_idle_is_read,
    ),
    (
        "of_equal_values_the_newest_counts",
        of_equal_values_the_newest_counts,
    ),
    (
        "what_is_older_than_the_window_is_not_read",
        what_is_older_than_the_window_is_not_read,
    ),
    ("reading_alone_lets_time_pass", reading_alone_lets_time_pass),
    (
        "the_work_of_a_value_does_not_grow_with_the_window",
        the_work_of_a_value_does_not_grow_with_the_window,
    ),
    (
        "the_maximum_of_shards_is_that_of_the_whole",
        the_maximum_of_shards_is_that_of_the_whole,
    ),
    (
        "an_empty_window_has_no_maximum",
        an_empty_window_has_no_maximum,
    ),
];

fn same<T: PartialEq + std::fmt::Debug>(found: T, right: T, what: &str) -> Result<(), String> {
    match found == right {
        true => Ok(()),
        false => Err(format!("{what}: {found:?} where {right:?} is right")),
    }
}

/// micrometer-metrics/micrometer#2647.
fn what_comes_after_a_long_idle_is_read(make: &dyn Fn() -> Box<dyn Window>) -> Result<(), String> {
    for idle in [12 * HOUR, 12 * HOUR + 7, 20 * 24 * HOUR] {
        let mut w = make();
        w.record(42, SECOND);
        let mut most = 0;
        for (n, value) in [666, 13, 100_500].into_iter().enumerate() {
            let now = SECOND + idle + n as u64 * SECOND;
            w.record(value, now);
            most = most.max(value);
            // Whatever went before by count is smaller.
            same(w.read(now), Some(most), "after the idle time")?;
        }
    }
    Ok(())
}

fn of_equal_values_the_newest_counts(make: &dyn Fn() -> Box<dyn Window>) -> Result<(), String> {
    let mut w = make();
    w.record(500, SECOND);
    w.record(500, 20 * SECOND);
    w.record(7, 21 * SECOND);
    let now = 20 * SECOND + OVER - 1;
    same(w.read(now), Some(500), "the second of two")
}

fn what_is_older_than_the_window_is_not_read(
    make: &dyn Fn() -> Box<dyn Window>,
) -> Result<(), String> {
    let mut w = make();
    w.record(9_000, SECOND);
    let mut now = SECOND;
    for _ in 0..20 {
        now += 4 * SECOND;
        w.record(3, now);
    }
    same(w.read(now), Some(3), "80 s after the spike")
}

fn reading_alone_lets_time_pass(make: &dyn Fn() -> Box<dyn Window>) -> Result<(), String> {
    let mut w = make();
    let Some(over) = w.over() else {
        return Ok(()); // by count, time passes for nobody
    };
    w.record(9_000, SECOND);
    same(w.read(SECOND + over - 1), Some(9_000), "within the window")?;
    same(w.read(SECOND + over + w.grain()), None, "after it")
}

fn the_work_of_a_value_does_not_grow_with_the_window(
    make: &dyn Fn() -> Box<dyn Window>,
) -> Result<(), String> {
    let falling = |n: u64| 1_000_000 - n;
    let rising = |n: u64| n;
    let mixed = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    for values in [&falling as &dyn Fn(u64) -> u64, &rising, &mixed] {
        let mut w = make();
        let n = 5000;
        for i in 0..n {
            let now = SECOND + i * (OVER / 2 / n);
            w.record(values(i), now);
            w.read(now);
        }
        // Of a value: its coming, its going, who stops it, and the front at each record and reading.
        let each = w.looked_at() as f64 / n as f64;
        if each > 6.0 {
            return Err(format!("{each} values looked at for each that came"));
        }
    }
    Ok(())
}

fn the_maximum_of_shards_is_that_of_the_whole(
    make: &dyn Fn() -> Box<dyn Window>,
) -> Result<(), String> {
    let (mut whole, mut shards) = (make(), [make(), make(), make()]);
    for n in 0..300u64 {
        let value = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44;
        let now = SECOND + n * SECOND / 100;
        whole.record(value, now);
        shards[(n % 3) as usize].record(value, now);
        let merged = shards.iter_mut().filter_map(|s| s.read(now)).max();
        same(merged, whole.read(now), "merged")?;
    }
    Ok(())
}

fn an_empty_window_has_no_maximum(make: &dyn Fn() -> Box<dyn Window>) -> Result<(), String> {
    same(make().read(0), None, "at the start")?;
    same(make().read(u64::MAX), None, "at the end of time")
}

proptest! {
    /// Beside a list of all values that is looked through.
    #[test]
    fn what_is_read_is_the_largest_of_the_window(
        steps in prop::collection::vec((prop_oneof![Just(0u64), 0..SECOND, 0..OVER, Just(12 * HOUR)], 0u64..9, any::<bool>()), 1..200),
    ) {
        for kind in kinds() {
            for options in ["", "over = \"7s\""] {
                let mut w = make(kind.name, options);
                let (mut all, mut now) = (Vec::<(u64, u64)>::new(), 0);
                for (gap, value, record) in &steps {
                    now += gap;
                    if *record {
                        w.record(*value, now);
                        all.push((*value, now));
                    }
                    let within = |over: u64| all.iter().filter(|(_, at)| now - at < over).map(|(v, _)| *v).max();
                    let over = w.over().unwrap();
                    let (least, most) = (within(over), within(over + w.grain()));
                    let read = w.read(now);
                    prop_assert!(least <= read && read <= most, "{}: {:?} is not from {:?} to {:?}", kind.name, read, least, most);
                }
            }
        }
    }

    /// By count, in time and memory that are bounded.
    #[test]
    fn a_window_by_count_reads_the_last_of_them(values in prop::collection::vec(0u64..9, 1..200), last in 1usize..20) {
        let mut w = make("sliding-max", &format!("last = {last}"));
        for n in 0..values.len() {
            w.record(values[n], n as u64 * HOUR);
            let right = values[(n + 1).saturating_sub(last)..=n].iter().max().copied();
            prop_assert_eq!(w.read(n as u64 * HOUR), right);
            prop_assert!(w.held() <= last);
        }
    }

    /// With too little memory it errs upwards, and forgets all the same.
    #[test]
    fn memory_is_bounded_and_the_error_is_upwards(values in prop::collection::vec(0u64..1000, 1..300)) {
        let (mut small, mut exact) = (make("sliding-max", "most = 4"), make("sliding-max", ""));
        let mut now = 0;
        for value in values {
            now += SECOND / 3;
            small.record(value, now);
            exact.record(value, now);
            prop_assert!(small.held() <= 4);
            prop_assert!(small.read(now) >= exact.read(now));
        }
        prop_assert_eq!(small.read(now + OVER), None);
    }
}

#[test]
fn every_kind_keeps_every_law() {
    for kind in kinds() {
        for (name, law) in LAWS {
            if let Err(wrong) = law(&|| make(kind.name, "")) {
                panic!("{} breaks {name}: {wrong}", kind.name);
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(&|| make(flaw.kind, flaw.options));
            assert_eq!(
                broken.is_err(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}

/// The case as it was reported: a ring that turns once after 12 idle hours.
#[test]
fn micrometer_2647_after_12_idle_hours_a_ring_that_turns_once_reads_nothing() {
    let read = |options: &str| {
        let mut w = make("ring-max", options);
        w.record(1, 0);
        [666, 13, 100_500].map(|value| {
            w.record(value, 12 * HOUR);
            w.read(12 * HOUR)
        })
    };
    assert_eq!(read(""), [Some(666), Some(666), Some(100_500)]);
    assert_eq!(read("catch_up = \"one-turn\""), [None; 3]);
}

#[test]
fn windows_that_hold_nothing_or_everything_are_refused_at_their_place() {
    for (kind, wrong) in [
        ("sliding-max", "over = \"0s\""),
        ("sliding-max", "over = \"900000h\""),
        ("sliding-max", "last = 0"),
        ("sliding-max", "last = 200000"),
        ("sliding-max", "last = 5, over = \"3s\""),
        ("sliding-max", "most = 1"),
        ("sliding-max", "most = 99999999999"),
        ("sliding-max", "over = -1"),
        ("ring-max", "buckets = 0"),
        ("ring-max", "buckets = 4000000000"),
        ("ring-max", "over = \"2ns\""),
        ("ring-max", "over = \"0s\""),
    ] {
        let refused = build(kind, wrong).err().map(|e| e.to_string());
        assert!(
            refused.is_some_and(|e| e.starts_with("law.toml:1:")),
            "{wrong} was taken"
        );
    }
    // Hostile values are values.
    for kind in kinds() {
        let mut w = make(kind.name, "");
        w.record(u64::MAX, u64::MAX - 1);
        assert_eq!(w.read(u64::MAX), Some(u64::MAX));
    }
}
