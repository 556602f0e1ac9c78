//! Each cause of this folder against its look-alikes, by hand-made evidence.

use crate::diagnosis::{
    evidence::{Evidence, Fact},
    rank::ranked,
    stats::Measure,
};

fn first(facts: &[(Fact, f64)]) -> String {
    let mut evidence = Evidence::default();
    for &(fact, value) in facts {
        evidence.put(fact, Some(Measure::new(value, 0.0)));
    }
    ranked(&evidence)[0].cause.clone()
}

const FRAMES: [(Fact, &str); 5] = [
    (Fact::FrameFind, "quadratic-loop"),
    (Fact::FrameScan, "quadratic-accumulation"),
    (Fact::FrameWrite, "repeated-serialization"),
    (Fact::FrameParse, "json-parsed-per-layer"),
    (Fact::FrameBuild, "rebuilt-per-request"),
];

#[test]
fn the_frame_that_grew_names_the_cause_and_size_alone_names_none_of_them() {
    for (frame, cause) in FRAMES {
        let mut facts: Vec<(Fact, f64)> = FRAMES
            .iter()
            .map(|(of, _)| (*of, f64::from(u8::from(*of == frame))))
            .collect();
        facts.extend([
            (Fact::CpuMore, 0.5),
            (Fact::DeployAtOnset, 1.0),
            (Fact::CpuGivenSize, 0.5),
        ]);
        assert_eq!(first(&facts), cause);
        facts.pop();
        facts.extend([
            (Fact::CpuGivenSize, 0.0),
            (Fact::SizesGrew, 0.5),
            (Fact::PartSize, 1.0),
        ]);
        assert_eq!(first(&facts), "request-size-grown", "{cause}");
    }
}

#[test]
fn one_item_of_one_route_is_told_from_a_share_of_all_bodies() {
    let slow = [
        (Fact::CpuMore, 1.0),
        (Fact::CpuGivenSize, 1.0),
        (Fact::FrameMatch, 1.0),
    ];
    let with = |more: [(Fact, f64); 3]| first(&[slow.as_slice(), &more].concat());
    assert_eq!(
        with([
            (Fact::OneRoute, 1.0),
            (Fact::AllOfRoute, 1.0),
            (Fact::DeployAtOnset, 0.0)
        ]),
        "quadratic-on-content"
    );
    assert_eq!(
        with([
            (Fact::OneRoute, 0.1),
            (Fact::AllOfRoute, 0.1),
            (Fact::DeployAtOnset, 1.0)
        ]),
        "regex-backtracking"
    );
}

#[test]
fn the_lock_of_the_interpreter_is_told_from_that_of_somebody() {
    let with = |part| first(&[(Fact::PartLock, 0.9), (Fact::ForInterpreter, part)]);
    assert_eq!(with(1.0), "global-lock");
    assert_eq!(with(0.0), "lock-contention");
}

#[test]
fn replicas_that_serve_are_told_from_those_that_stand_still() {
    let with = |part| {
        first(&[
            (Fact::OutOfService, 0.5),
            (Fact::CapacityLess, 0.5),
            (Fact::ServedElse, part),
        ])
    };
    assert_eq!(with(1.0), "probe-removes-replicas");
    assert_eq!(with(0.25), "capacity-loss");
}
