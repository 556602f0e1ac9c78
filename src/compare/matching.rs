//! Which requests of two recordings are the same: by number and try, and then by what they are.

use crate::recording::{Meaning, Recording, RequestRow, Row as _, requests};
use serde::Serialize;

/// How many requests are the same in two recordings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matched {
    /// Rows that are.
    pub both: u64,
    /// Rows of the base alone.
    pub only_base: u64,
    /// Rows of the new one alone.
    pub only_new: u64,
    /// Rows of one number and try that are different requests.
    pub different: u64,
    /// Share of the first tries of the larger recording that are the same.
    pub share: f64,
    #[serde(skip)]
    pub(super) pairs: Vec<(usize, usize)>,
}

/// Which rows of two recordings are the same request.
pub fn matched(base: &Recording, new: &Recording) -> Matched {
    let index = |recording: &Recording| {
        let table = &recording.requests;
        let all = (0..table.len()).filter(|&i| table.value(requests::background, i) == 0);
        let mut all: Vec<(u64, u64, usize)> = all
            .map(|i| {
                (
                    table.value(requests::op, i),
                    table.value(requests::tries, i),
                    i,
                )
            })
            .collect();
        all.sort_unstable();
        all
    };
    let same = Same::new(base, new);
    let (mut a, mut b) = (
        index(base).into_iter().peekable(),
        index(new).into_iter().peekable(),
    );
    let mut found = Matched::default();
    let (mut first, mut firsts) = (0u64, [0u64; 2]);
    let is_first = |tries: u64| u64::from(tries <= 1);
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => break,
            (Some(x), Some(y)) => (x.0, x.1).cmp(&(y.0, y.1)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let x = a.next_if(|_| order.is_le());
        let y = b.next_if(|_| order.is_ge());
        firsts[0] += x.map_or(0, |x| is_first(x.1));
        firsts[1] += y.map_or(0, |y| is_first(y.1));
        match (x, y) {
            (Some(x), Some(y)) if same.are(x.2, y.2) => {
                found.both += 1;
                first += is_first(x.1);
                found.pairs.push((x.2, y.2));
            }
            (Some(_), Some(_)) => found.different += 1,
            (Some(_), None) => found.only_base += 1,
            (None, _) => found.only_new += 1,
        }
    }
    found.share = first as f64 / firsts[0].max(firsts[1]).max(1) as f64;
    found
}

/// Tells whether two rows are one request.
struct Same<'a> {
    base: &'a Recording,
    new: &'a Recording,
    /// Columns whose numbers must agree.
    numbers: Vec<usize>,
    /// Columns whose names must, with their dictionary.
    names: Vec<(usize, &'static str)>,
}

impl<'a> Same<'a> {
    fn new(base: &'a Recording, new: &'a Recording) -> Same<'a> {
        let both = |c: &usize| base.requests.has(*c) && new.requests.has(*c);
        let numbers = [
            requests::arrived,
            requests::h_canon,
            requests::bytes,
            requests::deadline,
        ];
        let names = [
            requests::tenant,
            requests::user,
            requests::route,
            requests::model,
        ];
        Same {
            base,
            new,
            numbers: numbers.into_iter().filter(both).collect(),
            names: names
                .into_iter()
                .filter(both)
                .filter_map(|c| match RequestRow::COLUMNS[c].meaning {
                    Meaning::Name(dictionary) => Some((c, dictionary)),
                    _ => None,
                })
                .collect(),
        }
    }

    fn are(&self, i: usize, j: usize) -> bool {
        let (a, b) = (&self.base.requests, &self.new.requests);
        let equal = |&c: &usize| a.value(c, i) == b.value(c, j);
        let named = |&(c, dictionary): &(usize, &'static str)| {
            self.base.name(dictionary, a.value(c, i) as u32)
                == self.new.name(dictionary, b.value(c, j) as u32)
        };
        self.numbers.iter().all(equal) && self.names.iter().all(named)
    }
}
