//! Drifts of the traffic: they begin, ramp and end, and move no request that they need not.

use gameday::{
    config::{At, Node, Source as Text},
    trace::{Request, Source, TraceSpec},
};

const MINUTE: u64 = 60_000_000_000;

const TRACE: &str = r#"
arrivals = { kind = "constant", rate = "50/s" }
duration = "10m"
tenants  = { acme = 1, globex = 1 }
models   = { large = 1, small = 1 }
"#;

fn spec() -> TraceSpec {
    let node = Node::parse(&Text::new("trace.toml", TRACE)).unwrap();
    TraceSpec::read(&node, std::path::Path::new(".")).unwrap()
}

fn set(path: &str, value: &str) -> Vec<(String, At, Node)> {
    let source = Text::new("value", value);
    let node = Node::parse_value(&source).unwrap();
    vec![(path.into(), At::whole(&source), node)]
}

/// Requests, with the name of each one's tenant.
fn requests(spec: &TraceSpec) -> Vec<(Request, String)> {
    let source = spec.open(7).unwrap();
    let tags = source.tags();
    let Source::Open(stream) = source else {
        panic!("an open loop")
    };
    stream
        .map(|request| {
            let request = request.unwrap();
            let tenant = tags.borrow().tenant.name(request.tenant).to_string();
            (request, tenant)
        })
        .collect()
}

fn share(all: &[(Request, String)], from: u64, to: u64, tenant: &str) -> f64 {
    let here: Vec<_> = all
        .iter()
        .filter(|(r, _)| (from..to).contains(&r.arrived))
        .collect();
    here.iter().filter(|(_, name)| name == tenant).count() as f64 / here.len() as f64
}

#[test]
fn a_drift_that_ramps_takes_over_request_by_request_and_ends() {
    let mut drifting = spec();
    drifting
        .drift(
            2 * MINUTE,
            4 * MINUTE,
            &set("tenants", "{ acme = 0, globex = 1 }"),
        )
        .unwrap();
    drifting.drift(8 * MINUTE, 0, &[]).unwrap();
    let (before, after) = (requests(&spec()), requests(&drifting));
    assert_eq!(before.len(), after.len());
    // Four standard errors of a share of half of 3,000 requests a minute are 3.7 %.
    for (minute, right) in [
        (0, 0.5),
        (1, 0.5),
        (2, 0.4375),
        (3, 0.3125),
        (4, 0.1875),
        (5, 0.0625),
        (6, 0.0),
        (7, 0.0),
        (8, 0.5),
        (9, 0.5),
    ] {
        let is = share(&after, minute * MINUTE, (minute + 1) * MINUTE, "acme");
        assert!(
            (is - right).abs() < 0.037,
            "minute {minute}: {is}, not {right}"
        );
    }
    for ((a, tenant), (b, drifted)) in before.iter().zip(&after) {
        assert_eq!((a.op, a.arrived, a.model), (b.op, b.arrived, b.model));
        // Nobody turns to the tenant that shrinks, but once it is back.
        if b.arrived < 8 * MINUTE && tenant == "globex" {
            assert_eq!(drifted, "globex");
        }
        if b.arrived < 2 * MINUTE {
            assert_eq!(tenant, drifted);
        }
    }
}

#[test]
fn the_load_ramps_with_its_drift() {
    let mut drifting = spec();
    drifting
        .drift(2 * MINUTE, 4 * MINUTE, &set("load", "3"))
        .unwrap();
    let all = requests(&drifting);
    let rate = |minute: u64| {
        let range = minute * MINUTE..(minute + 1) * MINUTE;
        all.iter()
            .filter(|(r, _)| range.contains(&r.arrived))
            .count() as f64
            / 3000.0
    };
    for (minute, right) in [(1, 1.0), (3, 1.75), (4, 2.25), (6, 3.0), (8, 3.0)] {
        // A copy may come up to a second after its original.
        assert!(
            (rate(minute) - right).abs() < 0.08,
            "minute {minute}: {}",
            rate(minute)
        );
    }
}

#[test]
fn a_drift_cannot_begin_while_another_ramps() {
    let mut drifting = spec();
    drifting.drift(MINUTE, MINUTE, &set("load", "2")).unwrap();
    let refusal = drifting
        .drift(MINUTE + 1, 0, &set("load", "3"))
        .unwrap_err();
    assert!(
        refusal.to_string().contains("while another ramps"),
        "{refusal}"
    );
}
