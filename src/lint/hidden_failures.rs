//! Answers that say success while something failed beneath them.

use super::{Looks, Rule};
use crate::recording::{attempts, outcome, requests, result, told};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "hidden-failure",
    summary: "answers say that they are complete while sub-steps failed, or streams had no end",
    help: "say what is missing in the answer; count partial_failure_rate.hidden",
    looks: Looks::AtRecording(|recording, found| {
        let table = &recording.requests;
        let (mut complete, mut hidden, mut cut) = (0u64, 0u64, 0u64);
        let logs = table.has(requests::honest) && table.has(requests::told);
        for i in 0..table.len() {
            let row = table.row(i);
            let says = row.told == told::COMPLETE;
            complete += u64::from(says);
            hidden += u64::from(says && row.honest != outcome::OK);
            cut += u64::from(row.end_marker == crate::recording::end_marker::MISSING && says);
        }
        if hidden > 0 {
            found(format!(
                "{hidden} of {complete} answers that say that they are complete are not"
            ));
        }
        if cut > 0 {
            found(format!(
                "{cut} streams without an end were passed on as whole"
            ));
        }
        if !logs && table.has(requests::outcome) && recording.attempts.has(attempts::result) {
            // A step whose every attempt failed, under a request that says that all is well.
            let (mut good, mut bad) = (BTreeSet::new(), BTreeSet::new());
            for i in 0..recording.attempts.len() {
                let row = recording.attempts.row(i);
                let step = (row.request, row.step);
                match row.result {
                    result::OK => good.insert(step),
                    result::ERROR | result::TIMEOUT | result::THROTTLED => bad.insert(step),
                    _ => false,
                };
            }
            let ok = |request: u64| {
                usize::try_from(request)
                    .is_ok_and(|i| table.value(requests::outcome, i) == u64::from(outcome::OK))
            };
            let swallowed: BTreeSet<u64> = bad.difference(&good).map(|s| s.0).collect();
            let swallowed = swallowed.into_iter().filter(|&r| ok(r)).count();
            if swallowed > 0 {
                found(format!(
                    "{swallowed} requests are ok though a sub-step failed for good"
                ));
            }
        }
    }),
};
