//! Several accumulators side by side: one for all traffic, one for each selection or split that somebody asks about.

use super::{
    counts::Parts,
    select::{Lookup, Ready, Selector, TableOf, places},
    watch::Watch,
    windows::Windows,
};
use crate::{
    recording::{
        AttemptRow, Dictionaries, GaugeRow, Meaning, Observer, Recording, RequestRow, Row,
    },
    sim::hash::FixedState,
};
use indexmap::IndexMap;

/// Values of a column that get an accumulator of their own; the rest share one.
const SEGMENTS: usize = 256;

/// What has to be accumulated: rows that pass all of `select`, apart for each value of the column `by`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSpec {
    /// Conditions on rows. Rows of tables that lack one of the columns are not let in.
    pub select: Vec<Selector>,
    /// The column to split by.
    pub by: Option<&'static str>,
    /// What to keep besides counters.
    pub parts: Parts,
}

impl WatchSpec {
    /// All traffic, everything.
    pub fn all() -> WatchSpec {
        WatchSpec {
            select: vec![],
            by: None,
            parts: Parts::ALL,
        }
    }

    fn same_rows(&self, select: &[Selector], by: Option<&str>) -> bool {
        self.select == select && self.by == by
    }
}

/// The accumulators of a run, and what each is of. Plain data: it outlives the run.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The windows that all of them share.
    pub windows: Windows,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    spec: WatchSpec,
    ready: Vec<Ready>,
    whole: Watch,
    split: Option<Split>,
}

#[derive(Clone, Debug)]
struct Split {
    places: [Option<usize>; 3],
    values: IndexMap<u64, Watch, FixedState>,
}

/// One value of a split.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Its name for people.
    pub name: String,
    /// Its accumulator.
    pub watch: &'a Watch,
}

impl Watched {
    /// Accumulators for these specs, and always the one for all traffic. Specs of the same rows share one.
    pub fn new(windows: Windows, specs: impl IntoIterator<Item = WatchSpec>) -> Watched {
        let mut merged = vec![WatchSpec::all()];
        for spec in specs {
            let known = merged
                .iter_mut()
                .find(|known| known.same_rows(&spec.select, spec.by));
            match known {
                Some(known) => known.parts = known.parts.and(spec.parts),
                None => merged.push(spec),
            }
        }
        let entry = |spec: WatchSpec| {
            // What a split does not keep apart is counted, and no more.
            let parts = if spec.by.is_some() {
                Parts::NONE
            } else {
                spec.parts
            };
            let split = spec.by.map(|column| Split {
                places: places(column),
                values: IndexMap::default(),
            });
            Entry {
                ready: spec.select.iter().map(Ready::new).collect(),
                whole: Watch::with_parts(windows.clone(), parts),
                split,
                spec,
            }
        };
        let entries = merged.into_iter().map(entry).collect();
        Watched { windows, entries }
    }

    /// The same from the rows of a recording. Of a split, the values with the most rows get an accumulator of their
    /// own.
    pub fn from_recording(
        recording: &Recording,
        windows: Windows,
        specs: impl IntoIterator<Item = WatchSpec>,
    ) -> Watched {
        let mut watched = Watched::new(windows, specs);
        for entry in &mut watched.entries {
            entry.whole.lacking(recording);
            entry.make_room_for_the_largest(recording);
        }
        for row in recording.requests.rows() {
            watched.take(&row, TableOf::Requests, recording, Watch::take_request);
        }
        for row in recording.attempts.rows() {
            watched.take(&row, TableOf::Attempts, recording, Watch::take_attempt);
        }
        for row in recording.gauges.rows() {
            watched.take_gauge(&row, recording);
        }
        watched
    }

    /// The accumulator of all traffic.
    pub fn all(&self) -> &Watch {
        &self.entries[0].whole
    }

    /// The accumulator of the rows that pass these selectors, if it was asked for.
    pub fn selected(&self, select: &[Selector]) -> Option<&Watch> {
        let mut entries = self.entries.iter();
        let found = entries.find(|e| e.spec.same_rows(select, None));
        found.map(|e| &e.whole)
    }

    /// The values of a split in order of appearance, and how many requests came after the table of values was full
    /// and belong to none of them. `None` when it was not asked for.
    pub fn segments(
        &self,
        select: &[Selector],
        by: &str,
        lookup: &dyn Lookup,
    ) -> Option<(Vec<Segment<'_>>, u64)> {
        let mut entries = self.entries.iter();
        let entry = entries.find(|e| e.spec.same_rows(select, Some(by)))?;
        let split = entry.split.as_ref()?;
        let all = 0..self.windows.len();
        let mut own = 0;
        let segments = split.values.iter().map(|(&value, watch)| {
            own += watch.requests(all.clone());
            let name = show(by, value, lookup);
            Segment { name, watch }
        });
        let segments = segments.collect();
        let other = entry.whole.requests(all.clone()) - own;
        Some((segments, other))
    }

    /// What is accumulated, the one of all traffic first.
    pub fn specs(&self) -> impl Iterator<Item = &WatchSpec> {
        self.entries.iter().map(|e| &e.spec)
    }

    #[inline]
    fn take<R: Row>(
        &mut self,
        row: &R,
        table: TableOf,
        lookup: &dyn Lookup,
        mut put: impl FnMut(&mut Watch, &R),
    ) {
        let (first, rest) = self.entries.split_at_mut(1);
        put(&mut first[0].whole, row);
        for entry in rest {
            let Entry {
                spec,
                ready,
                whole,
                split,
            } = entry;
            if !ready.iter_mut().all(|r| r.lets_in(row, table, lookup)) {
                continue;
            }
            put(whole, row);
            let Some(split) = split else { continue };
            let Some(column) = split.places[table as usize] else {
                continue;
            };
            let value = row.word(column);
            if let Some(watch) = split.values.get_mut(&value) {
                put(watch, row);
            } else if split.values.len() < SEGMENTS {
                let watch = whole.empty_like(spec.parts);
                put(split.values.entry(value).or_insert(watch), row);
            }
        }
    }

    fn take_gauge(&mut self, row: &GaugeRow, lookup: &dyn Lookup) {
        self.take(row, TableOf::Gauges, lookup, |watch, row| {
            watch.take_gauge(row, || lookup.name("gauge", row.gauge.into()));
        });
    }
}

impl Entry {
    fn make_room_for_the_largest(&mut self, recording: &Recording) {
        let Some(split) = &mut self.split else { return };
        let mut rows: IndexMap<u64, u64, FixedState> = IndexMap::default();
        let [requests, attempts, _] = split.places;
        if let Some(column) = requests.and_then(|c| recording.requests.column(c)) {
            column.iter().for_each(|v| *rows.entry(v).or_default() += 1);
        } else if let Some(column) = attempts.and_then(|c| recording.attempts.column(c)) {
            column.iter().for_each(|v| *rows.entry(v).or_default() += 1);
        }
        if rows.len() > SEGMENTS {
            rows.sort_by(|a, n, b, m| m.cmp(n).then(a.cmp(b)));
            let largest = rows.keys().take(SEGMENTS);
            let empty = |&value: &u64| (value, self.whole.empty_like(self.spec.parts));
            split.values = largest.map(empty).collect();
        }
    }
}

/// A value of a column for people.
fn show(column: &str, value: u64, lookup: &dyn Lookup) -> String {
    let mut columns = [TableOf::Requests, TableOf::Attempts, TableOf::Gauges]
        .iter()
        .flat_map(|t| t.columns());
    let meaning = columns.find(|c| c.name == column).map(|c| c.meaning);
    let name = match meaning {
        Some(Meaning::Name(dictionary)) => lookup.name(dictionary, value as u32),
        Some(Meaning::Word(words)) => words.get(value as usize).unwrap_or(&"").to_string(),
        Some(Meaning::Flag) => (value == 1).to_string(),
        _ => value.to_string(),
    };
    if name.is_empty() {
        "(none)".into()
    } else {
        name
    }
}

/// [`Watched`] while the run goes on.
pub struct Watches<'n> {
    watched: Watched,
    names: Known<'n>,
}

/// Names that the recorder told of, and then those of the trace.
struct Known<'n> {
    told: Dictionaries,
    trace: Box<dyn Lookup + 'n>,
}

impl Lookup for Known<'_> {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        let told = self.told.number(dictionary, name);
        told.or_else(|| self.trace.number(dictionary, name))
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        match self.told.get(dictionary) {
            Some(names) => names.name(number).into(),
            None => self.trace.name(dictionary, number),
        }
    }
}

impl<'n> Watches<'n> {
    /// Accumulators for these specs. Names that the recorder does not tell of, those of a trace, are looked up as rows
    /// with new numbers come.
    pub fn new(
        windows: Windows,
        specs: impl IntoIterator<Item = WatchSpec>,
        lookup: impl Lookup + 'n,
    ) -> Watches<'n> {
        Watches {
            watched: Watched::new(windows, specs),
            names: Known {
                told: Dictionaries::default(),
                trace: Box::new(lookup),
            },
        }
    }

    /// As it stands.
    pub fn watched(&self) -> &Watched {
        &self.watched
    }

    /// The run is over.
    pub fn finish(self) -> Watched {
        self.watched
    }
}

impl Observer for Watches<'_> {
    fn name(&mut self, dictionary: &'static str, number: u32, name: &str) {
        let names = self.names.told.entry(dictionary).or_default();
        debug_assert_eq!(names.len(), number as usize, "told in order");
        names.number(name);
    }
    #[inline]
    fn request(&mut self, row: &RequestRow, _ended: u64) {
        let names = &self.names;
        self.watched
            .take(row, TableOf::Requests, names, Watch::take_request);
    }
    #[inline]
    fn attempt(&mut self, row: &AttemptRow) {
        let names = &self.names;
        self.watched
            .take(row, TableOf::Attempts, names, Watch::take_attempt);
    }
    fn gauge(&mut self, row: &GaugeRow) {
        self.watched.take_gauge(row, &self.names);
    }
}
