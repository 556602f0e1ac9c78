//! Prompts of which an engine found little in its memory of prefixes.

use crate::{
    diagnosis::{
        stats::{quantile, spaced},
        view::{Thing, View},
    },
    recording::requests,
};

/// Prompts that the usual share is read off.
const SAMPLE: usize = 50_000;

/// The share of a prompt that was found, for each prompt; a first turn of a conversation finds less than a later one.
pub fn share(view: &View, i: usize) -> Option<f32> {
    let asked = view.get(requests::input_tokens, i);
    (asked > 0).then(|| view.get(requests::prefix_hit, i) as f32 / asked as f32)
}

/// Prompts in order of arrival; bad is one of which less than half is found of what the better quarter finds.
pub fn of(view: &View) -> Vec<Thing> {
    if !view.has(requests::prefix_hit) || !view.has(requests::input_tokens) {
        return vec![];
    }
    let mut shares: Vec<f32> = spaced(0..view.len(), SAMPLE)
        .filter_map(|i| share(view, i))
        .collect();
    let Some(good) = quantile(&mut shares, 0.75) else {
        return vec![];
    };
    (0..view.len())
        .filter_map(|i| {
            let bad = share(view, i)? < good / 2.0;
            Some(Thing {
                time: view.arrived[i],
                bad,
            })
        })
        .collect()
}
