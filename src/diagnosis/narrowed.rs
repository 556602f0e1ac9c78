//! What a recording made elsewhere does not hold, and what can therefore not be told.

use crate::recording::{Recording, attempts, requests};

/// A sentence for each kind of thing that is not recorded, or says nothing throughout.
pub fn sentences(recording: &Recording) -> Vec<String> {
    let says = |column: usize| {
        let column = recording.requests.column(column);
        column.is_some_and(|c| c.iter().any(|v| v != 0))
    };
    let any = |columns: &[usize]| columns.iter().any(|&c| says(c));
    let calls = recording.attempts.has(attempts::time) && !recording.attempts.is_empty();
    let said = [
        (
            says(requests::latency),
            "no latency is recorded: whether anything is slow cannot be told",
        ),
        (
            says(requests::outcome),
            "no outcome is recorded: whether anything fails cannot be told",
        ),
        (
            calls || says(requests::call),
            "no call and no table of attempts is recorded: a slow dependency cannot be told from a slow service",
        ),
        (
            // Waits that are nought throughout are recorded: nobody waited.
            recording.requests.has(requests::queue_wait)
                || recording.requests.has(requests::pool_wait),
            "no queue_wait or pool_wait is recorded: waiting cannot be told from working",
        ),
        (
            any(&[
                requests::tenant,
                requests::route,
                requests::region,
                requests::class,
                requests::client,
                requests::model,
                requests::replica,
            ]),
            "no tenant, route, region, class, client, model or replica is recorded: for whom it is worse cannot be told",
        ),
        (
            !recording.events.is_empty() || says(requests::service_version),
            "no events and no service_version are recorded: no deploy can be blamed or cleared",
        ),
    ];
    let lacking = said.iter().filter(|(there, _)| !there);
    lacking.map(|(_, words)| (*words).to_string()).collect()
}
