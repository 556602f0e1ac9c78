//! Where the writing wing puts its rows: into the tables (unless told to keep none), into the digest, and to observers.

use super::{
    Recording,
    staging::Staging,
    table::Table,
    tables::{AttemptRow, EventRow, GaugeRow, RequestRow, Row, WriteRow},
};
use crate::sim::digest::RunDigest;
use std::{cell::RefCell, rc::Rc};

/// Is told of every row as it comes about. Requests are told in order of their *end*.
pub trait Observer {
    /// A number of the recording's own dictionaries (gauges, dependencies, steps, events) got its name. Told in order
    /// of the numbers, before any row that has it. Names of a trace are its own, see `Lookup` in `indicators`.
    fn name(&mut self, _dictionary: &'static str, _number: u32, _name: &str) {}
    /// A request ended. `ended` is virtual ns.
    fn request(&mut self, row: &RequestRow, ended: u64);
    /// A call to a dependency ended.
    fn attempt(&mut self, _row: &AttemptRow) {}
    /// A gauge was read.
    fn gauge(&mut self, _row: &GaugeRow) {}
    /// Something happened that operators see.
    fn event(&mut self, _row: &EventRow) {}
}

/// An observer that others look at while the run goes on, such as the watches behind a guard.
impl<O: Observer> Observer for Rc<RefCell<O>> {
    fn name(&mut self, dictionary: &'static str, number: u32, name: &str) {
        self.borrow_mut().name(dictionary, number, name);
    }
    fn request(&mut self, row: &RequestRow, ended: u64) {
        self.borrow_mut().request(row, ended);
    }
    fn attempt(&mut self, row: &AttemptRow) {
        self.borrow_mut().attempt(row);
    }
    fn gauge(&mut self, row: &GaugeRow) {
        self.borrow_mut().gauge(row);
    }
    fn event(&mut self, row: &EventRow) {
        self.borrow_mut().event(row);
    }
}

/// What to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Every row.
    Rows,
    /// Gauges and events alone: memory does not grow with the traffic.
    NoRows,
}

/// Columns that are part of every digest. Those that came later are where they, or one behind them, are recorded: a run that
/// has no use for them keeps its digest.
const ALWAYS: usize = 64;

/// The same of attempts.
const ALWAYS_OF_ATTEMPTS: usize = 12;

/// Takes rows while a run goes on.
pub struct Recorder<'o> {
    keep: Keep,
    recording: Recording,
    requests: Staging<RequestRow>,
    attempts: Staging<AttemptRow>,
    digest: RunDigest,
    /// Columns of requests that the digest is made of.
    digested: usize,
    /// Those of attempts.
    digested_of_attempts: usize,
    observers: Vec<&'o mut dyn Observer>,
    /// Names of each dictionary that observers were told of, one after another as the dictionaries came about.
    told: Vec<usize>,
    begun: u64,
    ended: u64,
    attempted: usize,
}

impl<'o> Recorder<'o> {
    /// A recorder of these columns of requests and attempts.
    pub fn new(
        keep: Keep,
        requests: Table<RequestRow>,
        attempts: Table<AttemptRow>,
        observers: Vec<&'o mut dyn Observer>,
    ) -> Recorder<'o> {
        let last = requests.recorded().last().map_or(0, |column| column + 1);
        let digested_of_attempts = attempts.recorded().last().map_or(0, |column| column + 1);
        let recording = Recording {
            requests,
            attempts,
            ..Recording::default()
        };
        Recorder {
            keep,
            recording,
            requests: Staging::default(),
            attempts: Staging::default(),
            attempted: 0,
            digest: RunDigest::default(),
            digested: last.max(ALWAYS),
            digested_of_attempts: digested_of_attempts.max(ALWAYS_OF_ATTEMPTS),
            observers,
            told: vec![],
            begun: 0,
            ended: 0,
        }
    }

    /// A request begins: its row's number, in order of arrival.
    #[inline]
    pub fn begin(&mut self) -> u64 {
        self.begun += 1;
        if self.keep == Keep::Rows {
            self.recording.requests.reserve();
        }
        self.begun - 1
    }

    /// A request ended.
    #[inline]
    pub fn request(&mut self, number: u64, row: &RequestRow) {
        let ended = row.arrived + row.latency;
        self.ended += 1;
        self.recording.span = self.recording.span.max(ended);
        self.feed(ended, 1, number, row, self.digested);
        if self.keep == Keep::Rows {
            let table = &mut self.recording.requests;
            self.requests.put(number as usize, row, table);
        }
        self.observers
            .iter_mut()
            .for_each(|o| o.request(row, ended));
    }

    /// A call to a dependency ended.
    #[inline]
    pub fn attempt(&mut self, row: &AttemptRow) {
        // Dependencies and steps have their names before the first call, and get no others.
        if self.told.is_empty() {
            self.tell_names();
        }
        let columns = self.digested_of_attempts;
        self.feed(row.started + row.time, 2, 0, row, columns);
        if self.keep == Keep::Rows {
            let table = &mut self.recording.attempts;
            self.attempts.put(self.attempted, row, table);
            self.attempted += 1;
        }
        self.observers.iter_mut().for_each(|o| o.attempt(row));
    }

    /// A gauge was read.
    pub fn gauge(&mut self, row: &GaugeRow) {
        self.tell_names();
        self.feed(row.time, 3, 0, row, GaugeRow::COLUMNS.len());
        self.recording.gauges.push(row);
        self.observers.iter_mut().for_each(|o| o.gauge(row));
    }

    /// Something happened that operators see.
    pub fn event(&mut self, row: &EventRow) {
        self.tell_names();
        self.feed(row.time, 4, 0, row, EventRow::COLUMNS.len());
        self.recording.events.push(row);
        self.observers.iter_mut().for_each(|o| o.event(row));
    }

    /// All tries of writes, at the end of a run: only then is it known what became of them.
    pub fn writes(&mut self, rows: &[WriteRow]) {
        for row in rows {
            let end = row.started.saturating_add(row.time);
            self.feed(end, 5, 0, row, WriteRow::COLUMNS.len());
            if self.keep == Keep::Rows {
                self.recording.writes.push(row);
            }
        }
    }

    /// Tells observers of the names that came about since the last time.
    fn tell_names(&mut self) {
        let names = &self.recording.names;
        self.told.resize(names.len(), 0);
        for ((dictionary, names), told) in names.iter().zip(&mut self.told) {
            // Number 0 is no name.
            for number in (*told).max(1)..names.len() {
                let name = names.name(number as u32);
                for observer in &mut self.observers {
                    observer.name(dictionary, number as u32, name);
                }
            }
            *told = names.len();
        }
    }

    #[inline(always)]
    fn feed<R: Row>(&mut self, time: u64, table: u64, number: u64, row: &R, columns: usize) {
        self.digest.row(time, columns + 2, |words| {
            words.put(table);
            words.put(number);
            row.each(|column, word| {
                if column < columns {
                    words.put(word);
                }
            });
        });
    }

    /// The recording itself, for dictionaries and the origin. The last rows are not in its tables yet.
    pub fn recording_mut(&mut self) -> &mut Recording {
        &mut self.recording
    }

    /// Requests begun and ended so far. At the end of a run they are equal, or somebody lost one.
    pub fn counts(&self) -> (u64, u64) {
        (self.begun, self.ended)
    }

    /// Ends the recording.
    pub fn finish(mut self) -> (Recording, RunDigest) {
        let Recording {
            requests, attempts, ..
        } = &mut self.recording;
        let begun = requests.len();
        self.requests.finish(requests, begun);
        self.attempts.finish(attempts, self.attempted);
        (self.recording, self.digest)
    }
}
