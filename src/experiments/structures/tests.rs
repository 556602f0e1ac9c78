use super::*;

fn small() -> Options {
    Options {
        sizes: vec![16, 300],
        batch: 8,
        samples: 40,
        ..Options::default()
    }
}

#[test]
fn all_candidates_of_an_operation_give_the_same_answers() {
    for exponent in [0.0, 1.2] {
        let options = Options {
            exponent,
            ..small()
        };
        let rows = run(&options, &mut || 0).unwrap();
        for operation in Operation::ALL {
            for &size in &options.sizes {
                let of = rows
                    .iter()
                    .filter(|r| r.operation == operation && r.size == size);
                let answers: Vec<u64> = of.map(|r| r.answers).collect();
                assert!(answers.len() >= 4);
                assert!(
                    answers.iter().all(|a| *a == answers[0]),
                    "{operation:?} at {size}"
                );
            }
        }
    }
}

#[test]
fn what_expires_is_what_came_as_long_as_the_size_stays() {
    for candidate in &mut Operation::Expire.candidates() {
        candidate.fill(&(0..80).collect::<Vec<u64>>());
        for n in 0..50u64 {
            let keys: Vec<u64> = (0..8).map(|i| mix(n * 8 + i)).collect();
            let expired = candidate.batch(&keys);
            assert_eq!(
                (expired, candidate.len()),
                (8, 80),
                "{} batch {n}",
                candidate.name()
            );
        }
    }
}

#[test]
fn percentiles_are_those_of_the_clock() {
    // Of 40 samples, each of which takes 1, 2, 3 ... ns, the 20th, the 38th and the last.
    let (mut looks, mut now) = (0u64, 0u64);
    let mut clock = || {
        looks += 1;
        now += if looks.is_multiple_of(2) {
            looks / 2 % 44
        } else {
            0
        };
        now
    };
    let row = &run(
        &Options {
            sizes: vec![16],
            ..small()
        },
        &mut clock,
    )
    .unwrap()[0];
    // The first four are the warm-up: what is left are 5 ... 43 and 0.
    assert_eq!((row.p50, row.p95, row.longest), (23, 41, 43));
}

#[test]
fn the_verdict_is_the_least_tail_within_the_budget_and_the_smaller_of_two_alike() {
    let row = |name, p95, bytes| Row {
        operation: Operation::Lookup,
        name,
        size: 1,
        p50: 1,
        p95,
        longest: p95,
        bytes,
        budget: 1000,
        answers: 0,
    };
    let rows = [
        row("a", 500, 10),
        row("b", 100, 900),
        row("c", 105, 300),
        row("d", 1001, 1),
    ];
    let verdict = |rows: &[Row]| verdict(rows, Operation::Lookup, 1).map(|r| r.name);
    assert_eq!(verdict(&rows), Some("c"));
    assert_eq!(verdict(&rows[..2]), Some("b"));
    assert_eq!(verdict(&rows[3..]), None);
    let options = Options {
        sizes: vec![1],
        ..small()
    };
    assert!(render(&rows[3..], &options).contains("none holds the budget"));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let refused = |options: Options| run(&options, &mut || 0).is_err();
    assert!(refused(Options {
        sizes: vec![],
        ..small()
    }));
    assert!(refused(Options {
        sizes: vec![0],
        ..small()
    }));
    assert!(refused(Options {
        sizes: vec![usize::MAX],
        ..small()
    }));
    assert!(refused(Options {
        batch: 0,
        ..small()
    }));
    assert!(refused(Options {
        samples: 3,
        ..small()
    }));
    assert!(refused(Options {
        exponent: f64::NAN,
        ..small()
    }));
    assert!(refused(Options {
        exponent: -1.0,
        ..small()
    }));
    let mut options = small();
    assert!(options.set_budgets("lookup=2ms, top-k=1us").is_ok());
    assert_eq!(options.budgets[0], (Operation::Lookup, 2_000_000));
    for wrong in ["lookup", "lookup=fast", "looks=1ms"] {
        assert!(options.set_budgets(wrong).is_err(), "{wrong}");
    }
}

/// Counts the hashes that are worked out: the work of a map, without a clock.
#[derive(Clone, Default)]
struct Counted(std::rc::Rc<std::cell::Cell<u64>>);

impl std::hash::BuildHasher for Counted {
    type Hasher = <crate::sim::hash::FixedState as std::hash::BuildHasher>::Hasher;
    fn build_hasher(&self) -> Self::Hasher {
        self.0.set(self.0.get() + 1);
        crate::sim::hash::FixedState.build_hasher()
    }
}

/// A map whose work is counted, and which may be made to wait for somebody else's lock.
struct Metered {
    map: hashbrown::HashMap<u64, u64, Counted>,
    reserved: bool,
    waits: u64,
    batches: u64,
}

impl Candidate for Metered {
    fn name(&self) -> &'static str {
        "metered"
    }
    fn fill(&mut self, keys: &[u64]) {
        let room = if self.reserved { 2 * keys.len() } else { 0 };
        let work = self.map.hasher().clone();
        self.map = hashbrown::HashMap::with_capacity_and_hasher(room, work);
        self.map.extend(keys.iter().map(|&key| (key, key)));
    }
    fn batch(&mut self, keys: &[u64]) -> u64 {
        self.map.extend(keys.iter().map(|&key| (key, key)));
        self.batches += 1;
        if self.batches.is_multiple_of(20) {
            let work = &self.map.hasher().0;
            work.set(work.get() + self.waits);
        }
        0
    }
    fn len(&self) -> usize {
        self.map.len()
    }
    fn bytes(&self) -> u64 {
        0
    }
}

/// ClickHouse#34980: a rehash stalls for as long as there are entries. rostamlabs/rostam#134: it was blamed, and it was lock
/// waits. The live size tells them apart: the longest batch grows with it, or does not.
#[test]
fn q16_the_tail_follows_the_live_size_for_a_rehash_and_not_for_a_lock() {
    let longest = |size: usize, reserved: bool, waits: u64| {
        let options = Options {
            exponent: 0.0,
            batch: 64,
            samples: 300,
            ..small()
        };
        let work = Counted::default();
        let mut candidate = Metered {
            map: hashbrown::HashMap::with_hasher(work.clone()),
            reserved,
            waits,
            batches: 0,
        };
        let live: Vec<u64> = (0..size as u64).map(mix).collect();
        let zipf = Zipf::new(2 * size, 0.0).unwrap();
        let row = measure(&options, &live, &zipf, &mut candidate, &mut || work.0.get());
        (row.p50, row.longest)
    };
    let (small, large) = (1_000, 10_000);
    for (reserved, waits, follows) in [(false, 0, true), (true, 0, false), (true, 5_000, false)] {
        let ((median, before), (_, after)) = (
            longest(small, reserved, waits),
            longest(large, reserved, waits),
        );
        assert_eq!(median, 64);
        if follows {
            assert!(before > 500 && after > 6 * before, "{before} {after}");
        } else {
            assert_eq!((before, after), (64 + waits, 64 + waits));
        }
    }
}
