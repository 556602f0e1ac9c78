//! Where CPU went: folded stacks of `stage;site;part`, of two stretches of a recording and their difference.
//!
//! Everything is ns of CPU a request, so that a stretch of more traffic, or of a longer time, is no difference.

use crate::{
    config::{show_nanos, show_percent},
    recording::{Recording, gauges, requests},
};
use std::{collections::BTreeMap, fmt::Write, ops::Range};

/// CPU by stack, ns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// ns in all by `stage;site;part`.
    pub stacks: BTreeMap<String, u64>,
    /// Requests of users that arrived meanwhile.
    pub requests: u64,
}

impl Profile {
    /// Of what was spent, and who came, from a time to another. A reading counts where the middle of its while lies.
    pub fn of(recording: &Recording, span: Range<u64>) -> Profile {
        let mut profile = Profile::default();
        let table = &recording.gauges;
        let mut last = BTreeMap::<u64, (u64, u64)>::new();
        for row in 0..table.len() {
            let name = recording.name("gauge", table.value(gauges::gauge, row) as u32);
            let Some(stack) = name.strip_prefix("cpu.spent.") else {
                continue;
            };
            let time = table.value(gauges::time, row);
            let replica = table.value(gauges::replica, row);
            // When this replica was read before.
            let (now, before) = last.entry(replica).or_default();
            if time != *now {
                (*now, *before) = (time, *now);
            }
            let middle = *before + (time - *before) / 2;
            if !span.contains(&middle) {
                continue;
            }
            let value = f64::from_bits(table.value(gauges::value, row));
            let spent = profile.stacks.entry(stack.replace('.', ";")).or_default();
            *spent = spent.saturating_add(value as u64);
        }
        let arrived = |row: usize| span.contains(&recording.requests.value(requests::arrived, row));
        let user = |row: usize| recording.requests.value(requests::background, row) == 0;
        let rows = 0..recording.requests.len();
        profile.requests = rows.filter(|row| arrived(*row) && user(*row)).count() as u64;
        profile
    }

    /// ns a request of a stack.
    fn each(&self, stack: &str) -> u64 {
        let time = self.stacks.get(stack).copied().unwrap_or(0);
        time.checked_div(self.requests).unwrap_or(0)
    }

    /// ns a request of all stacks.
    pub fn per_request(&self) -> u64 {
        let all = self.stacks.values().fold(0u64, |a, b| a.saturating_add(*b));
        all.checked_div(self.requests).unwrap_or(0)
    }

    /// `stage;site;part ns`, one a line: what flame graphs are made of.
    pub fn folded(&self) -> String {
        let lines = self.stacks.keys().map(|s| (s, self.each(s)));
        let lines = lines.filter(|(_, time)| *time > 0);
        lines.map(|(s, time)| format!("{s} {time}\n")).collect()
    }
}

/// Stacks of both, in order.
fn stacks<'a>(before: &'a Profile, after: &'a Profile) -> Vec<&'a str> {
    let mut all: Vec<&str> = before
        .stacks
        .keys()
        .chain(after.stacks.keys())
        .map(|s| &**s)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// `stage;site;part ns ns`, of both stretches: what differential flame graphs are made of.
pub fn differential(before: &Profile, after: &Profile) -> String {
    let mut text = String::new();
    for stack in stacks(before, after) {
        let (was, is) = (before.each(stack), after.each(stack));
        if was + is > 0 {
            let _ = writeln!(text, "{stack} {was} {is}");
        }
    }
    text
}

/// The sites that spend most, for people.
pub fn table(before: &Profile, after: &Profile) -> String {
    let mut text = String::from("CPU a request, by stage;site;part\n");
    let (was, is) = (before.per_request(), after.per_request());
    let mut rows = stacks(before, after);
    rows.sort_by_key(|stack| {
        (
            std::cmp::Reverse(after.each(stack)),
            std::cmp::Reverse(before.each(stack)),
            *stack,
        )
    });
    let widest = rows.iter().map(|s| s.len()).max().unwrap_or(0).max(5);
    let share = |part: u64, all: u64| show_percent(part as f64 / (all.max(1)) as f64);
    let _ = writeln!(
        text,
        "  {:widest$}  {:>9}  {:>9}  {:>7}  {:>8}",
        "", "baseline", "incident", "share", "times"
    );
    let mut line = |name: &str, was: u64, is: u64, of: u64| {
        let times = match was {
            0 => "new".into(),
            _ => format!("{:.2}x", is as f64 / was as f64),
        };
        let _ = writeln!(
            text,
            "  {name:widest$}  {:>9}  {:>9}  {:>7}  {times:>8}",
            show_nanos(was),
            show_nanos(is),
            share(is, of)
        );
    };
    for stack in rows {
        line(stack, before.each(stack), after.each(stack), is);
    }
    line("all", was, is, is);
    let _ = writeln!(
        text,
        "  {} and {} requests",
        before.requests, after.requests
    );
    text
}

/// A flame graph of folded stacks, or of differential ones, as SVG. The same bytes for the same stacks.
///
/// # Errors
/// Why it could not be drawn.
#[cfg(feature = "flame")]
pub fn flame(folded: &str, title: &str) -> Result<Vec<u8>, crate::config::Refusal> {
    let mut options = inferno::flamegraph::Options::default();
    options.title = title.into();
    options.count_name = "ns of CPU a request".into();
    options.deterministic = true;
    let mut svg = vec![];
    inferno::flamegraph::from_lines(&mut options, folded.lines(), &mut svg)
        .map_err(|e| crate::config::Refusal::new(format!("no flame graph: {e}")))?;
    Ok(svg)
}
