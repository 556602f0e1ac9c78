use super::*;
use proptest::prelude::*;

proptest! {
    /// Times that are made of known costs give these costs.
    #[test]
    fn known_costs_are_found_again(
        known in prop::collection::vec(0u32..50, 1..4),
        units in prop::collection::vec(prop::collection::vec(1u32..10_000, 3), 8..20),
    ) {
        let equation = |units: &Vec<u32>| {
            let units: Vec<f64> = units[..known.len()].iter().map(|u| f64::from(*u)).collect();
            let time: f64 = units.iter().zip(&known).map(|(u, c)| u * f64::from(*c)).sum();
            (units, time)
        };
        prop_assume!(known.iter().any(|c| *c > 0));
        let found = costs(&units.iter().map(equation).collect::<Vec<_>>());
        for (found, known) in found.iter().zip(&known) {
            prop_assert!((found - f64::from(*known)).abs() < 0.01 + 0.001 * f64::from(*known), "{:?}", found);
        }
    }
}

#[test]
fn what_cannot_be_told_apart_is_explained_by_one_alone() {
    let found = costs(&[(vec![10.0, 20.0], 100.0), (vec![30.0, 60.0], 300.0)]);
    let worked_out = 10.0 * found[0] + 20.0 * found[1];
    assert!((worked_out - 100.0).abs() < 1e-6, "{found:?}");
    assert!(found.contains(&0.0), "{found:?}");
}

#[test]
fn a_power_is_found_as_a_slope() {
    let points: Vec<(u64, u64)> = (1..9).map(|n| (n * 10, 7 * n * n * n)).collect();
    assert!((slope(&points) - 3.0).abs() < 1e-9);
}

/// A clock of its own, so that nothing here depends on the machine: every look is a tick.
fn rows(kind: &str) -> Vec<Row> {
    let options = Options {
        kind: Some(kind.into()),
        samples: 1,
    };
    let mut now = 0;
    let mut clock = || {
        now += LONG;
        now
    };
    run(&options, &mut clock).unwrap()
}

#[test]
fn sound_ways_have_slope_one_and_flawed_ones_their_own() {
    for (kind, slopes) in [
        ("distinct", vec![1.0, 1.9]),
        ("layers", vec![1.0, 1.0]),
        ("scan", vec![1.0]),
        ("serialize", vec![1.0, 1.0]),
        ("stream", vec![1.0, 2.0]),
        ("validate", vec![1.0, 1.0, 0.8]),
    ] {
        let found: Vec<f64> = rows(kind).iter().map(|row| row.slope).collect();
        assert_eq!(found.len(), slopes.len());
        for (found, right) in found.iter().zip(&slopes) {
            assert!(
                (found - right).abs() < 0.12,
                "{kind}: {found} where {right} is right"
            );
        }
    }
    let patterns = rows("pattern");
    let of = |flaw: Option<&'static str>| {
        let rows = patterns.iter().filter(move |row| row.flaw == flaw);
        rows.map(|row| row.slope)
    };
    assert!(of(None).all(|slope| (0.8..1.1).contains(&slope)));
    assert!(of(Some("backtracks-on-bodies")).all(|slope| slope > 2.7));
    assert!(of(Some("backtracks-on-blanks")).all(|slope| (1.9..2.1).contains(&slope)));
    assert!(of(Some("backtracks-without-bound")).all(|slope| slope > 4.0));
}

#[test]
fn each_row_names_parts_and_what_the_library_states() {
    let rows = rows("serialize");
    let text = render(&rows);
    for row in &rows {
        assert!(row.parts.iter().all(|part| part.measured.is_some()));
        assert!(text.contains(&format!("{:.2}", row.parts[0].stated)));
    }
    assert!(text.contains("flaw serialized-for-each"), "{text}");
}
