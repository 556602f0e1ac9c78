//! The requests of a trace file, one after another, in order of time.
//!
//! Memory is bounded by a line, the rows within the `reorder` window, and the dictionaries of names. Rows that go back
//! within the window are put in their place; with `lenient`, rows that are wrong are left out and counted. A file that is
//! cut, damaged or not readable is refused even then: nobody knows what is missing.

use super::{
    formats::{self, Format, ReadOptions, Rows},
    input::Input,
    lines::{Fault, Lines},
    request::{Facts, Request, SharedTags},
};
use crate::{
    config::{Refusal, show_count},
    sim::dice::{Dice, Purpose},
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    path::Path,
    rc::Rc,
};

/// Rows that may wait to be put in order.
const MOST_WAITING: usize = 1_000_000;
/// Bad rows whose refusals are kept.
const KEPT: usize = 5;

/// Rows that `lenient` left out.
#[derive(Clone, Debug, Default)]
pub struct Skipped {
    /// How many.
    pub rows: u64,
    /// The first few refusals.
    pub first: Vec<Refusal>,
}

/// A trace file being read: an iterator of requests, `arrived` in ns from the first (or from the file's own start).
pub struct Requests {
    rows: Box<dyn Rows>,
    name: Rc<str>,
    tags: SharedTags,
    facts: Facts,
    reorder: u64,
    lenient: bool,
    waiting: BinaryHeap<Reverse<Waiting>>,
    newest: u64,
    drained: bool,
    next: Option<Request>,
    base: u64,
    skipped: Skipped,
    done: bool,
    spread: Spread,
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests")
            .field("name", &self.name)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// Spreads rows of one time.
struct Spread {
    /// ns; 0 is not at all.
    over: u64,
    seed: u64,
    /// The first row of the next time.
    ahead: Option<Request>,
    /// Rows of one time, in the order of the file.
    ready: VecDeque<Request>,
}

const SPREAD: Purpose = Purpose::named("spread of coarse times");

impl Spread {
    /// Deals the rows over their time: each draws an instant by its own dice, and in the order of the file they take them.
    fn deal(&mut self) {
        let Some(time) = self.ready.front().map(|r| r.arrived) else {
            return;
        };
        // No further than to the next time, so that the order holds.
        let room = self.ahead.as_ref().map_or(self.over, |next| {
            next.arrived.saturating_sub(time).min(self.over)
        });
        let draw = |r: &Request| {
            let unit = Dice::new(self.seed, r.op).draw(SPREAD, 0).unit();
            ((unit * room as f64) as u64).min(room.saturating_sub(1))
        };
        let mut instants: Vec<u64> = self.ready.iter().map(draw).collect();
        instants.sort_unstable();
        for (request, instant) in self.ready.iter_mut().zip(instants) {
            request.arrived = time.saturating_add(instant);
        }
    }
}

struct Waiting(Request);

impl Waiting {
    fn place(&self) -> (u64, u64) {
        (self.0.arrived, self.0.op)
    }
}
impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl Requests {
    /// Opens a trace file, whatever its format and packing.
    ///
    /// # Errors
    /// A file that is not there, not a trace, or wrong up to its first row.
    pub fn open(path: &Path) -> Result<Requests, Refusal> {
        Requests::read(
            Input::open(path)?,
            None,
            &ReadOptions::default(),
            false,
            Rc::default(),
        )
    }

    /// Reads an input: in `format`, or the one that it looks like.
    ///
    /// # Errors
    /// An unknown format, or whatever is wrong up to the first row.
    pub fn read(
        input: Input,
        format: Option<&Format>,
        options: &ReadOptions,
        lenient: bool,
        tags: SharedTags,
    ) -> Result<Requests, Refusal> {
        let format = match format {
            Some(format) => format,
            None if options.map.is_some() => &formats::mapped::FORMAT,
            None => formats::recognise(&input, options.secret)?,
        };
        let name: Rc<str> = Rc::from(&*input.name);
        let mut lines = Lines::new(input);
        if options.secret {
            lines.keep_secret();
        }
        let opened = (format.open)(lines, options, tags.clone())?;
        let mut requests = Requests {
            rows: opened.rows,
            name,
            tags,
            facts: Facts {
                format: format.name.into(),
                origin: opened.origin.map(|ns| ns as i64),
                captured: opened.captured,
                filled: vec![],
            },
            reorder: options.reorder,
            lenient,
            waiting: BinaryHeap::new(),
            newest: 0,
            drained: false,
            next: None,
            base: 0,
            skipped: Skipped::default(),
            done: false,
            spread: Spread {
                over: 0,
                seed: options.seed,
                ahead: None,
                ready: VecDeque::new(),
            },
        };
        requests.spread.over = options.spread.unwrap_or(requests.rows.step());
        match requests.step()? {
            Some(first) => {
                if requests.rows.absolute() {
                    requests.base = first.arrived;
                    requests.facts.origin = Some(first.arrived as i64);
                }
                requests.next = Some(first);
            }
            None => {
                let help = requests
                    .skipped
                    .first
                    .first()
                    .map(|r| format!("the first was: {}", r.message()));
                let refusal = Refusal::file(&requests.name, "no row could be read");
                return Err(match help {
                    Some(help) => refusal.help(help),
                    None => refusal,
                });
            }
        }
        Ok(requests)
    }

    /// The dictionaries of its names.
    pub fn tags(&self) -> &SharedTags {
        &self.tags
    }

    /// What the file has, and when it starts.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What `lenient` left out so far.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// The next row in order of time, as the file counts it; rows of one time spread where times are coarse.
    fn step(&mut self) -> Result<Option<Request>, Refusal> {
        if self.spread.over == 0 {
            return self.ordered();
        }
        if let Some(request) = self.spread.ready.pop_front() {
            return Ok(Some(request));
        }
        let first = match self.spread.ahead.take() {
            Some(first) => Some(first),
            None => self.ordered()?,
        };
        let Some(first) = first else { return Ok(None) };
        let time = first.arrived;
        self.spread.ready.push_back(first);
        while let Some(next) = self.ordered()? {
            if next.arrived != time {
                self.spread.ahead = Some(next);
                break;
            }
            self.spread.ready.push_back(next);
            if self.spread.ready.len() > MOST_WAITING {
                let message = format!(
                    "more than {} rows have one time",
                    show_count(MOST_WAITING as u64)
                );
                return Err(Refusal::file(&self.name, message)
                    .help("times are too coarse to be spread: spread = \"0s\""));
            }
        }
        self.spread.deal();
        Ok(self.spread.ready.pop_front())
    }

    /// The next row in order of time, as it stands.
    fn ordered(&mut self) -> Result<Option<Request>, Refusal> {
        if self.reorder == 0 {
            return self.row();
        }
        loop {
            if let Some(Reverse(Waiting(first))) = self.waiting.peek()
                && (self.drained || first.arrived.saturating_add(self.reorder) < self.newest)
            {
                return Ok(self.waiting.pop().map(|Reverse(Waiting(r))| r));
            }
            if self.drained {
                return Ok(None);
            }
            match self.row()? {
                None => self.drained = true,
                Some(request) => {
                    self.newest = self.newest.max(request.arrived);
                    self.waiting.push(Reverse(Waiting(request)));
                    if self.waiting.len() > MOST_WAITING {
                        return Err(Refusal::file(
                            &self.name,
                            format!(
                                "more than {} rows lie within the reorder window",
                                show_count(MOST_WAITING as u64)
                            ),
                        )
                        .help("choose a shorter --reorder, or sort the file"));
                    }
                }
            }
        }
    }

    fn row(&mut self) -> Result<Option<Request>, Refusal> {
        loop {
            match self.rows.next_row() {
                Ok(row) => return Ok(row),
                Err(Fault::Row(refusal)) if self.lenient => {
                    self.skipped.rows += 1;
                    if self.skipped.first.len() < KEPT {
                        self.skipped.first.push(refusal);
                    }
                }
                Err(fault) => return Err(fault.into_refusal()),
            }
        }
    }
}

impl Iterator for Requests {
    type Item = Result<Request, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = match self.next.take() {
            Some(request) => Ok(Some(request)),
            None => self.step(),
        };
        match next {
            Ok(Some(mut request)) => {
                request.arrived = request.arrived.saturating_sub(self.base);
                Some(Ok(request))
            }
            Ok(None) => {
                self.done = true;
                None
            }
            Err(refusal) => {
                self.done = true;
                Some(Err(refusal))
            }
        }
    }
}
