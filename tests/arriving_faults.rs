//! Faults of requests as they come in: they strike whom their condition means, for as long as they last, and nobody else.

mod replay_support;

use gameday::{incident::Run, indicators::Lookup, recording::outcome};

fn replay(timeline: &str) -> Run {
    let text = format!(
        r#"
schema = 1
title = "t"
[trace]
arrivals = {{ kind = "poisson", rate = "50/s" }}
duration = "3m"
tenants  = {{ acme = 1, globex = 1 }}
output_tokens = 100
[service]
call = {{ dependency = "llm" }}
[dependency.llm]
latency = "500ms"
{timeline}
"#
    );
    replay_support::replay(&text)
}

const LEAVE: &str = r#"
[[timeline]]
at = "1m"
for = "1m"
fault = { kind = "disconnect", after = "200ms", percentage = 40, where = 'tenant == "acme"' }
"#;

#[test]
fn those_leave_whom_the_fault_means_and_no_others_change() {
    let (before, after) = (replay(""), replay(LEAVE));
    let acme = before.recording.number("tenant", "acme").unwrap();
    let (mut left, mut there) = (0u64, 0u64);
    let rows = |run: &Run| run.recording.requests.rows().collect::<Vec<_>>();
    for (a, b) in rows(&before).into_iter().zip(rows(&after)) {
        assert_eq!(a.op, b.op);
        let minute = b.arrived / 60_000_000_000;
        if minute == 1 && b.tenant == acme {
            there += 1;
            left += u64::from(b.outcome == outcome::HUNG_UP);
        } else {
            assert_eq!((a.outcome, a.latency), (b.outcome, b.latency));
        }
        if b.outcome == outcome::HUNG_UP {
            assert_eq!(b.latency, 200_000_000);
        }
    }
    // Four standard errors of a share of 40 %.
    let four = 4.0 * (0.24 / there as f64).sqrt();
    assert!(
        (left as f64 / there as f64 - 0.4).abs() < four,
        "{left} of {there}"
    );
    assert_eq!(after.truth.entries[0].hits, left);
}

#[test]
fn a_fault_of_arrivals_has_no_target_and_no_replica() {
    for (fault, said) in [
        (
            r#"kind = "disconnect", after = "1s", target = "llm""#,
            "does not act at calls",
        ),
        (
            r#"kind = "disconnect", after = "1s", replica = 1"#,
            "no replica yet",
        ),
        (
            r#"kind = "disconnect", after = "0s""#,
            "before it has asked",
        ),
        (r#"kind = "size", input = -1.0"#, "a factor of -1"),
        (r#"kind = "size", input = nan"#, "must be finite"),
        (
            r#"kind = "size", where = 'tenat == "x"'"#,
            "did you mean \"tenant\"",
        ),
    ] {
        let timeline = format!("[[timeline]]\nat = \"1m\"\nfault = {{ {fault} }}");
        let panic = std::panic::catch_unwind(|| replay(&timeline)).err();
        let message = panic.and_then(|p| p.downcast_ref::<String>().cloned());
        let message = message.unwrap_or_else(|| panic!("{fault} is taken"));
        assert!(message.contains(said), "{fault}: {message}");
    }
}
