//! Two recordings one behind the other, as one; and a recording cut off at an instant.
//!
//! What two recordings say of the same service is set on one clock: the first request of the second comes where the next one of the
//! first would have come. Identities of operations are made apart; names are one dictionary; what only one of them records
//! is left out, since a column that is empty on one side would look like a change.

use super::{
    AttemptRow, Column, Dictionaries, EventRow, GaugeRow, Meaning, Recording, RequestRow, Row,
    Table, WriteRow, attempts, events, gauges, requests, writes,
};

/// Two recordings as one.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The rows of both.
    pub recording: Recording,
    /// Where the second begins, ns.
    pub at: u64,
    /// Columns that only one of them records, `table.column`, and so are left out; of a table that one does not have at all, `table`.
    pub left_out: Vec<String>,
    /// Columns of requests that both record.
    pub common: usize,
}

/// The gauge whose value is the number of a name: of a region.
const NUMBERS_OF_REGIONS: &str = "replica.region";

/// Sets `second` behind `first`. `None` if one of them has no requests, or no times.
pub fn join(first: &Recording, second: &Recording) -> Option<Joined> {
    let (from, last, n) = ends(first)?;
    let (start, second_last, _) = ends(second)?;
    // A mean gap after the last request: no time without traffic, and no two at once.
    let at = (last + ((last - from) / n.max(1)).max(1)).min(i64::MAX as u64 / 2);
    let op = |r: &Recording| {
        let of_writes = (0..r.writes.len()).map(|row| r.writes.value(writes::op, row));
        let of_requests = (0..r.requests.len()).map(|row| r.requests.value(requests::op, row));
        of_requests.chain(of_writes).max().unwrap_or(0)
    };
    let mut names = first.names.clone();
    let mut seam = Seam {
        at,
        start,
        ops: op(first).saturating_add(1),
        rows: first.requests.len() as u64,
        numbers: numbers(&mut names, &second.names),
        left_out: vec![],
    };
    let requests = seam.append(&first.requests, &second.requests, |_| true);
    let common = requests.recorded().count();
    // Calls of the first's requests go on beyond its end, as they did; readings and changes there are of another time.
    let attempts = seam.append(&first.attempts, &second.attempts, |_| true);
    let gauges = seam.gauges(first, second, &names);
    let early = |row: usize| first.events.value(events::time, row) < at;
    let events = seam.log(&first.events, &second.events, early);
    let writes = seam.append(&first.writes, &second.writes, |_| true);
    let ended = |r: &Recording, last: u64| r.span.max(last);
    let end = at + ended(second, second_last).saturating_sub(start);
    Some(Joined {
        recording: Recording {
            origin: None,
            span: end,
            requests,
            attempts: in_order(attempts, |t, row| {
                t.value(attempts::started, row) + t.value(attempts::time, row)
            }),
            gauges: in_order(gauges, |t, row| t.value(gauges::time, row)),
            events: in_order(events, |t, row| t.value(events::time, row)),
            writes: in_order(writes, |t, row| t.value(writes::started, row)),
            names,
        },
        at,
        left_out: seam.left_out,
        common,
    })
}

/// When the first and the last request arrived, and how many gaps lie between.
fn ends(recording: &Recording) -> Option<(u64, u64, u64)> {
    let arrived = recording.requests.column(requests::arrived)?;
    let (first, last) = (arrived.iter().min()?, arrived.iter().max()?);
    Some((first, last, arrived.len().saturating_sub(1) as u64))
}

/// The numbers that the second's names have in the dictionaries of both, by dictionary.
fn numbers(names: &mut Dictionaries, second: &Dictionaries) -> Vec<(&'static str, Vec<u64>)> {
    let of = |(dictionary, theirs): (&&'static str, &crate::config::Names)| {
        let both = names.entry(*dictionary).or_default();
        let new = (0..theirs.len()).map(|n| match n {
            // Number 0 is no name.
            0 => 0,
            n => u64::from(both.number(theirs.name(n as u32))),
        });
        (*dictionary, new.collect())
    };
    second.iter().map(of).collect()
}

/// What becomes of the second's values.
struct Seam {
    at: u64,
    start: u64,
    ops: u64,
    rows: u64,
    numbers: Vec<(&'static str, Vec<u64>)>,
    left_out: Vec<String>,
}

impl Seam {
    fn named(&self, dictionary: &str, number: u64) -> u64 {
        let of = self.numbers.iter().find(|(name, _)| *name == dictionary);
        let new = of.and_then(|(_, of)| of.get(usize::try_from(number).ok()?));
        new.copied().unwrap_or(number)
    }

    /// A value of the second on the clock, and in the words, of both.
    fn value<R: Row>(&self, column: usize, word: u64) -> u64 {
        match R::COLUMNS[column].meaning {
            // Written never.
            Meaning::Instant
                if word == 0 && R::TABLE == WriteRow::TABLE && column == writes::landed =>
            {
                0
            }
            // What is told of the time before its first request is told at its beginning.
            Meaning::Instant => self.at.saturating_add(word.saturating_sub(self.start)),
            Meaning::Name(dictionary) => self.named(dictionary, word),
            _ if R::TABLE == RequestRow::TABLE && column == requests::op => {
                word.saturating_add(self.ops)
            }
            _ if R::TABLE == WriteRow::TABLE && column == writes::op => {
                word.saturating_add(self.ops)
            }
            _ if R::TABLE == AttemptRow::TABLE && column == attempts::request => {
                word.saturating_add(self.rows)
            }
            _ => word,
        }
    }

    /// The rows of both, in the columns that both record; of the first those for which `keep` says so.
    fn append<R: Row>(
        &mut self,
        first: &Table<R>,
        second: &Table<R>,
        keep: impl Fn(usize) -> bool,
    ) -> Table<R> {
        let none = |t: &Table<R>| t.is_empty() || t.recorded().next().is_none();
        match (none(first), none(second)) {
            (true, true) => return Table::with_columns([]),
            (true, false) | (false, true) => {
                self.left_out.push(R::TABLE.into());
                return Table::with_columns([]);
            }
            (false, false) => {}
        }
        let (both, one): (Vec<usize>, Vec<usize>) = (0..R::COLUMNS.len())
            .filter(|&c| first.has(c) || second.has(c))
            .partition(|&c| first.has(c) && second.has(c));
        let lost = one.iter().map(|&c| R::COLUMNS[c].name);
        self.left_out
            .extend(lost.map(|name| format!("{}.{name}", R::TABLE)));
        self.rows_of(first, second, both, keep)
    }

    /// The change logs of both: a log is of changes, and where there is none, none is known.
    fn log(
        &self,
        first: &Table<EventRow>,
        second: &Table<EventRow>,
        keep: impl Fn(usize) -> bool,
    ) -> Table<EventRow> {
        let recorded = |c: &usize| first.has(*c) || second.has(*c);
        let columns = (0..EventRow::COLUMNS.len()).filter(recorded).collect();
        self.rows_of(first, second, columns, keep)
    }

    fn gauges(
        &mut self,
        first: &Recording,
        second: &Recording,
        names: &Dictionaries,
    ) -> Table<GaugeRow> {
        let (of_first, at) = (&first.gauges, self.at);
        let early = |row: usize| of_first.value(gauges::time, row) < at;
        let mut table = self.append(of_first, &second.gauges, early);
        let regions = names.get("gauge").and_then(|n| n.find(NUMBERS_OF_REGIONS));
        if let Some(regions) = regions.filter(|_| table.has(gauges::value)) {
            let kept = (0..of_first.len()).filter(|&row| early(row)).count();
            for row in kept..table.len() {
                let mut reading = table.row(row);
                if u32::from(reading.gauge) == regions {
                    let number = self.named("region", reading.value as u64);
                    reading.value = number as f64;
                    table.set(row, &reading);
                }
            }
        }
        table
    }

    fn rows_of<R: Row>(
        &self,
        first: &Table<R>,
        second: &Table<R>,
        columns: Vec<usize>,
        keep: impl Fn(usize) -> bool,
    ) -> Table<R> {
        let kept: Vec<usize> = (0..first.len()).filter(|&row| keep(row)).collect();
        let mut table = Table::with_columns([]);
        for c in columns {
            let old = kept.iter().map(|&row| first.value(c, row));
            let new = (0..second.len()).map(|row| self.value::<R>(c, second.value(c, row)));
            table.put_column(c, old.chain(new).collect());
        }
        table
    }
}

/// The rows in the order of a time.
fn in_order<R: Row>(table: Table<R>, time: impl Fn(&Table<R>, usize) -> u64) -> Table<R> {
    if (0..table.len()).is_sorted_by_key(|row| time(&table, row)) {
        return table;
    }
    let mut order: Vec<usize> = (0..table.len()).collect();
    order.sort_by_key(|&row| time(&table, row));
    picked(&table, &order)
}

fn picked<R: Row>(table: &Table<R>, rows: &[usize]) -> Table<R> {
    let mut new = Table::with_columns([]);
    for c in table.recorded() {
        let column: Column = rows.iter().map(|&row| table.value(c, row)).collect();
        new.put_column(c, column);
    }
    new
}

/// What a recording says until an instant, ns: requests that arrived, and calls that left, before it, with their ends.
pub fn until(recording: &Recording, end: u64) -> Recording {
    fn before<R: Row>(table: &Table<R>, time: usize, end: u64) -> Table<R> {
        let rows: Vec<usize> = (0..table.len())
            .filter(|&row| table.value(time, row) < end)
            .collect();
        picked(table, &rows)
    }
    let table = &recording.requests;
    let kept: Vec<usize> = (0..table.len())
        .filter(|&row| table.value(requests::arrived, row) < end)
        .collect();
    let mut calls = before(&recording.attempts, attempts::started, end);
    if calls.has(attempts::request) && kept.len() < table.len() {
        // Rows have other numbers when some between them are gone. A call of nobody here is left without a request of its own.
        let new = |row: u64| kept.binary_search(&(row as usize)).map_or(0, |n| n as u64);
        let column = (0..calls.len()).map(|row| new(calls.value(attempts::request, row)));
        let column: Column = column.collect();
        calls.put_column(attempts::request, column);
    }
    Recording {
        origin: recording.origin,
        span: recording.span.min(end),
        requests: picked(table, &kept),
        attempts: calls,
        gauges: before(&recording.gauges, gauges::time, end),
        events: before(&recording.events, events::time, end),
        writes: before(&recording.writes, writes::started, end),
        names: recording.names.clone(),
    }
}

/// Sets the clock back, so that `start` is 0; what was before is at 0.
pub fn from(recording: &mut Recording, start: u64) {
    fn back<R: Row>(table: &mut Table<R>, start: u64) {
        for c in 0..R::COLUMNS.len() {
            if R::COLUMNS[c].meaning == Meaning::Instant && table.has(c) {
                let rows = 0..table.len();
                let times = rows.map(|row| table.value(c, row).saturating_sub(start));
                let times: Column = times.collect();
                table.put_column(c, times);
            }
        }
    }
    back(&mut recording.requests, start);
    back(&mut recording.attempts, start);
    back(&mut recording.gauges, start);
    back(&mut recording.events, start);
    back(&mut recording.writes, start);
    recording.span = recording.span.saturating_sub(start);
}
