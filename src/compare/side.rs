//! One of the two recordings, cut into windows: small enough that blocks of them can follow what hangs together.

use super::spread::Spread;
use crate::{
    indicators::{Measure, Parts, Stage, Watch, Windows},
    recording::{Observer, Recording, Row, Table, requests},
};

/// Windows of a recording: at most, and at least. With fewer the autocorrelation time is mostly noise.
const WINDOWS: (u64, u64) = (300, 150);
/// Requests a window, where there are enough for that many windows.
const EACH: u64 = 10;

/// The stretch `[from, to)` of a recording (ns) as one of its own, which begins at 0. What was recorded at all stays so.
pub fn stretch(recording: &Recording, from: u64, to: u64) -> Recording {
    fn rows<R: Row>(table: &Table<R>, inside: impl Fn(&mut R) -> bool) -> Table<R> {
        let mut kept = Table::with_columns(table.recorded());
        for mut row in table.rows() {
            if inside(&mut row) {
                kept.push(&row);
            }
        }
        kept
    }
    let shifted = |time: &mut u64| {
        let inside = (from..to).contains(time);
        *time = time.saturating_sub(from);
        inside
    };
    Recording {
        origin: recording
            .origin
            .and_then(|o| o.checked_add(i64::try_from(from).ok()?)),
        span: recording.span.min(to).saturating_sub(from),
        requests: rows(&recording.requests, |r| shifted(&mut r.arrived)),
        attempts: rows(&recording.attempts, |r| shifted(&mut r.started)),
        gauges: rows(&recording.gauges, |r| shifted(&mut r.time)),
        events: rows(&recording.events, |r| shifted(&mut r.time)),
        writes: rows(&recording.writes, |r| {
            shifted(&mut r.landed);
            shifted(&mut r.started)
        }),
        names: recording.names.clone(),
    }
}

/// A recording with its windows and what they hold.
pub struct Side<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// All traffic.
    pub watch: Watch,
}

impl<'a> Side<'a> {
    /// Cut into windows, from 0 to the last arrival.
    pub fn new(recording: &'a Recording) -> Side<'a> {
        let requests = &recording.requests;
        let last = requests.len().checked_sub(1);
        let end = last.map_or(1, |i| requests.value(requests::arrived, i) + 1);
        let windows = (requests.len() as u64 / EACH).clamp(WINDOWS.1, WINDOWS.0);
        let windows = Windows::new(end.div_ceil(windows), end, &[]);
        let watch = Watch::from_recording(recording, windows);
        Side { recording, watch }
    }

    /// User requests.
    pub fn requests(&self) -> u64 {
        self.watch.requests(0..self.watch.windows.len())
    }

    /// Length of what is compared, in s.
    pub fn seconds(&self) -> f64 {
        let all = self.watch.windows.all();
        (all.end - all.start) as f64 / 1e9
    }

    /// Watches of parts of the traffic: `of` gives the number of the part that a row belongs to.
    pub fn parts(&self, count: usize, of: impl Fn(usize) -> Vec<usize>) -> Vec<Watch> {
        let windows = &self.watch.windows;
        let one = || Watch::with_parts(windows.clone(), Parts::stage(Stage::Latency));
        let mut watches: Vec<Watch> = (0..count).map(|_| one()).collect();
        for i in 0..self.recording.requests.len() {
            let parts = of(i);
            if !parts.is_empty() {
                let row = self.recording.requests.row(i);
                parts.iter().for_each(|&p| watches[p].request(&row, 0));
            }
        }
        watches
    }
}

/// What a stage took, window by window; `None` where it is not recorded, or nobody came to it.
pub fn spread(watch: &Watch, stage: Stage) -> Option<Spread> {
    let all = 0..watch.windows.len();
    watch.measure(&Measure::Mean(stage), all)?;
    Spread::of(watch, stage)
}

/// Two sums, window by window, of which a number is the ratio: of counters, or the mean of a gauge. `None` where they are
/// not recorded, or the second is nothing.
pub fn sums(watch: &Watch, measure: &Measure) -> Option<(Vec<f64>, Vec<f64>)> {
    let windows = 0..watch.windows.len();
    watch.measure(measure, windows.clone())?;
    let each = |measure: Measure| -> Vec<Option<f64>> {
        let one = |i| watch.measure(&measure, i..i + 1);
        windows.clone().map(one).collect()
    };
    let (above, below): (Vec<f64>, Vec<f64>) = match *measure {
        Measure::Ratio(above, below) => {
            let pairs = each(Measure::Count(above))
                .into_iter()
                .zip(each(Measure::Count(below)));
            pairs
                .map(|(a, b)| (a.unwrap_or(0.0), b.unwrap_or(0.0)))
                .unzip()
        }
        Measure::Gauge(..) => {
            let values = each(*measure).into_iter();
            values
                .map(|v| (v.unwrap_or(0.0), f64::from(u8::from(v.is_some()))))
                .unzip()
        }
        _ => return None,
    };
    (below.iter().sum::<f64>() > 0.0).then_some((above, below))
}
