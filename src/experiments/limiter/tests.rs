use super::*;
use proptest::prelude::*;

fn key(name: &str, gaps_ms: &[u64]) -> Key {
    let mut now = 0;
    let arrived = gaps_ms.iter().map(|gap| {
        now += gap * 1_000_000;
        now
    });
    Key {
        name: name.into(),
        arrived: arrived.collect(),
    }
}

fn refused(keys: &[Key], kind: &str, rate: f64, burst: u64) -> u64 {
    effect(keys, kind, rate, burst).unwrap().refused
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The formula against the limiters themselves, tried one burst after another.
    #[test]
    fn the_least_burst_is_the_one_that_trying_finds(
        gaps in proptest::collection::vec(0_u64..300, 1..80),
        rate in prop_oneof![Just(1.0), Just(3.0), Just(7.5), Just(40.0), 0.5..50.0],
    ) {
        let keys = [key("a", &gaps)];
        let least = least_burst(&keys[0].arrived, rate).unwrap();
        for kind in ["token-bucket", "gcra"] {
            let found = (1..=80).find(|burst| refused(&keys, kind, rate, *burst) == 0);
            prop_assert_eq!(found, Some(least));
        }
    }

    /// What is proposed refuses no more than allowed, and no smaller burst does so.
    #[test]
    fn no_smaller_burst_would_do(
        a in proptest::collection::vec(0_u64..300, 1..60),
        b in proptest::collection::vec(0_u64..900, 1..40),
        allow in 0.0..0.3,
    ) {
        let keys = [key("a", &a), key("b", &b)];
        let ends = keys.iter().flat_map(|k| [k.arrived[0], k.arrived[k.arrived.len() - 1]]);
        prop_assume!(ends.clone().min() != ends.max());
        let question = Question { kind: "gcra".into(), rate: Some(4.0), burst: None, allow };
        let tuning = tune(&keys, &question).unwrap();
        let allowed = (allow * tuning.requests as f64) as u64;
        prop_assert!(tuning.effect.refused <= allowed);
        for burst in 1..tuning.effect.burst {
            prop_assert!(refused(&keys, "gcra", 4.0, burst) > allowed);
        }
    }
}

#[test]
fn a_clump_needs_its_size_and_an_even_stream_needs_one() {
    let clump = key("clump", &[0; 8]);
    assert_eq!(least_burst(&clump.arrived, 5.0).unwrap(), 8);
    let even = key("even", &[200; 50]);
    assert_eq!(least_burst(&even.arrived, 5.0).unwrap(), 1);
    // Half of what it asks is missing in the end: 50 tokens wanted, 24.5 came meanwhile.
    assert_eq!(least_burst(&even.arrived, 2.5).unwrap(), 26);
}

#[test]
fn percentiles_are_over_keys() {
    let keys: Vec<Key> = (1..=100)
        .map(|n| key(&n.to_string(), &[&[1000][..], &vec![0; n]].concat()[1..]))
        .chain([key("late", &[100_000])])
        .collect();
    let point = point(&keys, 1.0).unwrap();
    assert_eq!(point.bursts, [50, 90, 99, 100]);
    let question = Question {
        kind: "token-bucket".into(),
        rate: Some(1.0),
        burst: Some(98),
        allow: 0.0,
    };
    let effect = tune(&keys, &question).unwrap().effect;
    assert_eq!((effect.refused, effect.keys), (1 + 2, 2));
    assert_eq!(effect.worst, [("100".into(), 2, 100), ("99".into(), 1, 99)]);
}

#[test]
fn what_cannot_be_learnt_from_is_refused() {
    let question = Question {
        kind: "gcra".into(),
        rate: None,
        burst: None,
        allow: 0.0,
    };
    assert!(tune(&[], &question).is_err());
    assert!(tune(&[key("a", &[0, 0])], &question).is_err());
    for rate in [0.0, -1.0, f64::NAN] {
        let question = Question {
            rate: Some(rate),
            ..question.clone()
        };
        assert!(tune(&[key("a", &[1, 5])], &question).is_err());
    }
    let odd = Question {
        kind: "gcar".into(),
        ..question
    };
    assert!(
        tune(&[key("a", &[1, 5])], &odd)
            .unwrap_err()
            .to_string()
            .contains("gcra")
    );
}
