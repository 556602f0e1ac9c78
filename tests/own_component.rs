//! What examples/own_component.rs promises to those who bring a component of their own.

#[path = "../examples/own_component.rs"]
mod own_component;

use gameday::recording::outcome;
use own_component::{INCIDENT, replay};

const MINUTE: u64 = 60_000_000_000;

#[test]
fn our_own_limiter_decides_in_a_replay_and_a_deploy_retunes_it() {
    let run = replay(INCIDENT).unwrap();
    let mut let_in = [0; 20];
    let mut asked = [0; 20];
    for row in run.recording.requests.rows() {
        let minute = (row.arrived / MINUTE) as usize;
        asked[minute] += 1;
        let_in[minute] += u32::from(row.outcome != outcome::REJECTED);
    }
    for (minute, (asked, let_in)) in asked.into_iter().zip(let_in).enumerate() {
        let limit = if minute < 10 { 700 } else { 350 };
        assert_eq!(let_in, limit.min(asked), "minute {minute}");
    }
}

#[test]
fn its_options_are_refused_at_their_place_like_those_that_ship() {
    for (from, to, message) in [
        ("limit = 700", "limt = 700", "did you mean \"limit\"?"),
        ("limit = 700", "limit = -1", "own_component.toml:11"),
        ("per-minute", "per-minuet", "did you mean \"per-minute\"?"),
    ] {
        let refusal = replay(&INCIDENT.replacen(from, to, 1)).err().unwrap();
        assert!(refusal.to_string().contains(message), "{refusal}");
    }
}

#[test]
fn two_runs_are_the_same_to_the_byte() {
    let digest = || replay(INCIDENT).unwrap().digest.to_string();
    assert_eq!(digest(), digest());
}
