//! The one streaming accumulator: everything that indicators need, window by window, as rows come about or are read
//! back from a recording.
//!
//! A request counts in the window in which it *arrived*, an attempt in the one in which it started, a reading of a
//! gauge in its own. A stretch that begins and ends on edges is the sum of its windows, so phases need not be known
//! beforehand except as cuts. Memory grows with windows and with different values, never with requests.
//! Not here: which rows are let in (`watches`), what the numbers are called (`catalogue`).

use super::{
    catalogue::Indicator,
    counts::{self, Cell, Parts, Stage, Users},
    distinct::Distinct,
    measure::{GaugeStat, Measure},
    sketch::{Sketch, Tally},
    windows::Windows,
};
use crate::recording::{AttemptRow, GaugeRow, Observer, Recording, RequestRow, attempts, requests};
use indexmap::IndexMap;
use std::ops::Range;

/// Windows that may still get rows in number: those before are settled.
const OPEN: usize = 2;

/// Accumulates what indicators need, window by window.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The windows.
    pub windows: Windows,
    parts: Parts,
    /// One a window; `None` where nothing happened.
    cells: Vec<Option<Box<Cell>>>,
    /// The window that the last row fell into, and its edges.
    last: (usize, Range<u64>),
    /// Windows before this one are settled.
    settled: usize,
    /// Rooms for new values that settled windows left.
    rooms: Vec<Vec<u16>>,
    gauges: IndexMap<u16, Readings>,
    /// Columns of requests, and of attempts, that the recording lacks.
    lacks: (u128, u64),
}

/// The readings of one gauge.
#[derive(Clone, Debug, Default)]
struct Readings {
    name: String,
    windows: Vec<Reading>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    n: u32,
    sum: f64,
    max: f64,
}

impl Watch {
    /// An accumulator of everything over these windows.
    pub fn new(windows: Windows) -> Watch {
        Watch::with_parts(windows, Parts::ALL)
    }

    /// An accumulator of counters and these parts.
    pub fn with_parts(windows: Windows, parts: Parts) -> Watch {
        let cells = vec![None; windows.len()];
        Watch {
            windows,
            parts,
            cells,
            last: (0, 0..0),
            settled: 0,
            rooms: vec![],
            gauges: IndexMap::new(),
            lacks: (0, 0),
        }
    }

    /// The same from the rows of a recording, of which a column that is not recorded gives no data.
    pub fn from_recording(recording: &Recording, windows: Windows) -> Watch {
        let mut watch = Watch::new(windows);
        watch.lacking(recording);
        for row in recording.requests.rows() {
            watch.take_request(&row);
        }
        for row in recording.attempts.rows() {
            watch.take_attempt(&row);
        }
        for row in recording.gauges.rows() {
            let name = || recording.name("gauge", row.gauge.into()).to_string();
            watch.take_gauge(&row, name);
        }
        watch
    }

    /// An empty accumulator over the same windows of the same rows.
    pub(super) fn empty_like(&self, parts: Parts) -> Watch {
        Watch {
            lacks: self.lacks,
            ..Watch::with_parts(self.windows.clone(), parts)
        }
    }

    /// Notes which columns are not recorded.
    pub(super) fn lacking(&mut self, recording: &Recording) {
        let requests = recording.requests.recorded();
        let attempts = recording.attempts.recorded();
        self.lacks.0 = requests.fold(u128::MAX, |mask, c| mask & !(1 << c));
        self.lacks.1 = attempts.fold(u64::MAX, |mask, c| mask & !(1 << c));
    }

    #[inline(always)]
    fn cell(&mut self, time: u64) -> &mut Cell {
        if !self.last.1.contains(&time) {
            self.turn_to(time);
        }
        let rooms = &mut self.rooms;
        self.cells[self.last.0].get_or_insert_with(|| Box::new(Cell::new(rooms)))
    }

    #[cold]
    fn turn_to(&mut self, time: u64) {
        let index = self.windows.index(time);
        let edges = &self.windows.edges;
        let end = if index + 1 == self.windows.len() {
            u64::MAX
        } else {
            edges[index + 1]
        };
        self.last = (index, edges[index]..end);
        while self.settled + OPEN < index {
            if let Some(cell) = &mut self.cells[self.settled] {
                cell.settle(&mut self.rooms);
            }
            self.settled += 1;
        }
    }

    #[inline]
    pub(super) fn take_request(&mut self, row: &RequestRow) {
        let parts = self.parts;
        self.cell(row.arrived).request(row, parts);
    }

    #[inline]
    pub(super) fn take_attempt(&mut self, row: &AttemptRow) {
        let parts = self.parts;
        self.cell(row.started).attempt(row, parts);
    }

    pub(super) fn take_gauge(&mut self, row: &GaugeRow, name: impl FnOnce() -> String) {
        let windows = self.windows.len();
        let readings = self.gauges.entry(row.gauge).or_insert_with(|| Readings {
            name: name(),
            windows: vec![Reading::default(); windows],
        });
        let reading = &mut readings.windows[self.windows.index(row.time)];
        reading.max = if reading.n == 0 {
            row.value
        } else {
            reading.max.max(row.value)
        };
        reading.n += 1;
        reading.sum += row.value;
    }

    /// The value of an indicator over the windows that lie within `[from, to)`, which should be edges. `None` is "no
    /// data".
    pub fn over(&self, indicator: &Indicator, from: u64, to: u64) -> Option<f64> {
        self.measure(&indicator.measure, self.windows.within(from, to))
    }

    /// The value in each window.
    pub fn series(&self, indicator: &Indicator) -> Vec<Option<f64>> {
        let windows = 0..self.windows.len();
        windows
            .map(|i| self.measure(&indicator.measure, i..i + 1))
            .collect()
    }

    /// A stage's durations over a range of windows, for several questions at once.
    pub fn tally(&self, stage: Stage, windows: Range<usize>) -> Tally {
        Tally::of(self.sketches(stage, windows))
    }

    /// User requests that arrived in a range of windows.
    pub fn requests(&self, windows: Range<usize>) -> u64 {
        self.count(super::measure::REQUESTS, windows)
    }

    /// The names of the gauges that were read, in order of appearance.
    pub fn gauges(&self) -> impl Iterator<Item = &str> {
        self.gauges.values().map(|readings| readings.name.as_str())
    }

    /// Bytes of memory held, about.
    pub fn bytes(&self) -> usize {
        let of =
            |cell: &Cell| size_of::<Cell>() + cell.stages.iter().map(Sketch::bytes).sum::<usize>();
        self.cells.iter().flatten().map(|cell| of(cell)).sum()
    }

    /// A measure over a range of windows.
    pub fn measure(&self, measure: &Measure, windows: Range<usize>) -> Option<f64> {
        let windows = windows.start.min(self.cells.len())..windows.end.min(self.cells.len());
        if windows.is_empty() || self.lacks_for(measure) {
            return None;
        }
        match *measure {
            Measure::Quantile(stage, q) => {
                let tally = self.tally(stage, windows);
                tally.quantile(q).map(|ns| ns as f64)
            }
            Measure::Max(stage) => {
                let sketches = self.sketches(stage, windows).filter(|s| s.count() > 0);
                sketches.map(|s| s.max() as f64).max_by(f64::total_cmp)
            }
            Measure::Mean(stage) => {
                let (n, sum) = self
                    .sketches(stage, windows)
                    .fold((0, 0u128), |(n, sum), s| {
                        (n + s.count(), sum + u128::from(s.sum()))
                    });
                (n > 0).then(|| sum as f64 / n as f64)
            }
            Measure::Ratio(above, below) => {
                let below = self.count(below, windows.clone());
                (below > 0).then(|| self.count(above, windows) as f64 / below as f64)
            }
            Measure::Count(counters) => Some(self.count(counters, windows) as f64),
            Measure::Rate(counters) => {
                let (from, to) = self.windows.span(&windows);
                Some(self.count(counters, windows) as f64 / ((to - from) as f64 / 1e9))
            }
            Measure::Keys => self.distinct(windows, |cell| &cell.keys),
            Measure::Contents => self.distinct(windows, |cell| &cell.contents),
            Measure::KeysPerContent => {
                let contents = self.distinct(windows.clone(), |cell| &cell.contents)?;
                Some(self.distinct(windows, |cell| &cell.keys)? / contents)
            }
            Measure::UsersHarmed => {
                let asked = self.users(windows.clone(), |users| &users.asked)?;
                let failed = self.users(windows, |users| &users.failed).unwrap_or(0.0);
                Some((failed / asked).min(1.0))
            }
            Measure::UsersShutOut => {
                let asked = self.users(windows.clone(), |users| &users.asked)?;
                let answered = self.users(windows, |users| &users.answered).unwrap_or(0.0);
                Some((1.0 - answered / asked).max(0.0))
            }
            Measure::Gauge(name, stat) => self.gauge(name, stat, windows),
            Measure::GaugeShare(above, below) => {
                let (below, _) = self.sum_of_gauge(below, windows.clone());
                let (above, _) = self.sum_of_gauge(above, windows);
                (below > 0.0).then(|| above / below)
            }
        }
    }

    fn lacks_for(&self, measure: &Measure) -> bool {
        let lacks = |columns: &[usize]| columns.iter().any(|c| self.lacks.0 >> c & 1 == 1);
        let lacks_counter = |numbers: &[usize]| {
            numbers.iter().any(|&number| {
                let columns = counts::columns_of(number);
                let of_attempts = columns.is_empty();
                lacks(columns) || of_attempts && self.lacks.1 >> attempts::result & 1 == 1
            })
        };
        match *measure {
            Measure::Quantile(stage, _) | Measure::Max(stage) | Measure::Mean(stage) => {
                let mut attempts = stage.attempt_columns().iter();
                lacks(stage.columns()) || attempts.any(|c| self.lacks.1 >> c & 1 == 1)
            }
            // Who counts as a request does not depend on how it ended.
            Measure::Ratio(above, below) => {
                let below = if below == super::measure::REQUESTS {
                    &[]
                } else {
                    below
                };
                lacks_counter(above) || lacks_counter(below)
            }
            Measure::Count(counters) | Measure::Rate(counters) => {
                counters != super::measure::REQUESTS && lacks_counter(counters)
            }
            Measure::Keys => lacks(&[requests::h_key]),
            Measure::Contents => lacks(&[requests::h_canon]),
            Measure::KeysPerContent => lacks(&[requests::h_key, requests::h_canon]),
            Measure::UsersHarmed | Measure::UsersShutOut => {
                lacks(&[requests::user, requests::outcome])
            }
            Measure::Gauge(..) | Measure::GaugeShare(..) => false,
        }
    }

    fn sketches(&self, stage: Stage, windows: Range<usize>) -> impl Iterator<Item = &Sketch> {
        let cells = self.cells[windows].iter().flatten();
        cells.map(move |cell| &cell.stages[stage as usize])
    }

    fn count(&self, counters: &[usize], windows: Range<usize>) -> u64 {
        let cells = self.cells[windows].iter().flatten();
        cells
            .flat_map(|cell| counters.iter().map(|&c| u64::from(cell.counts[c])))
            .sum()
    }

    fn distinct(&self, windows: Range<usize>, of: impl Fn(&Cell) -> &Distinct) -> Option<f64> {
        let mut union = Distinct::default();
        for cell in self.cells[windows].iter().flatten() {
            union.merge(of(cell));
        }
        Some(union.count()).filter(|n| *n > 0.0)
    }

    /// How many users there are of a kind; `None` where there are none, or nobody counts them.
    fn users(&self, windows: Range<usize>, of: impl Fn(&Users) -> &Distinct) -> Option<f64> {
        let mut union = Distinct::default();
        let cells = self.cells[windows].iter().flatten();
        for users in cells.filter_map(|cell| cell.users.as_deref()) {
            union.merge(of(users));
        }
        Some(union.count()).filter(|n| *n > 0.0)
    }

    /// The mean or largest reading of a gauge, or of all gauges of a kind (`pool.in_use` is also `pool.in_use.llm`), over
    /// windows; `None` when it was not read there.
    pub fn gauge(&self, name: &str, stat: GaugeStat, windows: Range<usize>) -> Option<f64> {
        match stat {
            GaugeStat::Max => {
                let read = self.readings(name, windows);
                read.map(|r| r.max).max_by(f64::total_cmp)
            }
            GaugeStat::Mean => {
                let (sum, n) = self.sum_of_gauge(name, windows);
                (n > 0).then(|| sum / n as f64)
            }
        }
    }

    /// The sum of the readings of a gauge, or of a kind, over windows, and how many there are: for what is counted since it
    /// was last read.
    pub fn sum_of_gauge(&self, name: &str, windows: Range<usize>) -> (f64, u64) {
        self.readings(name, windows)
            .fold((0.0, 0), |(sum, n), r| (sum + r.sum, n + u64::from(r.n)))
    }

    /// Readings of the windows in which there are any. `pool.in_use` is also `pool.in_use.llm`.
    fn readings(&self, name: &str, windows: Range<usize>) -> impl Iterator<Item = &Reading> {
        let is = move |known: &str| {
            let rest = known.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let gauges = self.gauges.values().filter(move |r| is(&r.name));
        let read = gauges.flat_map(move |r| &r.windows[windows.clone()]);
        read.filter(|reading| reading.n > 0)
    }
}

impl Observer for Watch {
    #[inline]
    fn request(&mut self, row: &RequestRow, _ended: u64) {
        self.take_request(row);
    }
    #[inline]
    fn attempt(&mut self, row: &AttemptRow) {
        self.take_attempt(row);
    }
    /// Without a dictionary at hand a gauge is called by its number; [`Watches`](super::Watches) knows the names.
    fn gauge(&mut self, row: &GaugeRow) {
        self.take_gauge(row, || row.gauge.to_string());
    }
}
