//! A trace on its way into the replay: rows of a file or a generator, scaled, filled, chosen, repeated, and multiplied
//! where a surge asks for it. An iterator; nothing is held but the copies of the last second.

mod extent;
mod surges;

pub(super) use extent::extent;

use super::{
    arrivals::Arrivals,
    formats,
    input::Input,
    payload::Payload,
    population::{Filler, Population, Turn},
    request::{Facts, Field, Request, SharedTags},
    requests::{Requests, Skipped},
    shape::{LAP, Take},
    spec::TraceSpec,
};
use crate::config::{Refusal, show_rate};
use extent::scale;
use std::{cmp::Reverse, collections::BinaryHeap, rc::Rc};
use surges::{Copied, Surges};

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Requests with everything.
    Full,
    /// Times alone: nothing is filled, copied or repeated unless it must be, for lengths and rates.
    Times {
        /// Without the scaling, the cut by time and the repetition: what a rate is worked out from.
        raw: bool,
    },
}

/// Requests in order of time.
#[derive(Debug)]
pub struct Stream {
    spec: TraceSpec,
    mode: Mode,
    base: Base,
    tags: SharedTags,
    facts: Facts,
    filler: Option<Filler>,
    surges: Option<Surges>,
    scale: f64,
    lap: u64,
    laps: u64,
    /// Length of a lap, ns, known at its end.
    period: u64,
    first: Option<u64>,
    last: u64,
    taken: u64,
    take_rows: u64,
    end: u64,
    ahead: Option<Request>,
    copies: BinaryHeap<Reverse<(u64, u64, Copied)>>,
    skipped: Skipped,
    blank: Rc<Payload>,
    done: bool,
}

#[derive(Debug)]
enum Base {
    File(Box<Requests>),
    Generated(Arrivals),
}

impl Stream {
    pub(super) fn new(spec: &TraceSpec, seed: u64, mode: Mode) -> Result<Stream, Refusal> {
        let raw = mode == Mode::Times { raw: true };
        let full = mode == Mode::Full;
        let tags: SharedTags = Rc::default();
        let scale = if raw { 1.0 } else { scale(spec, seed)? };
        let (take_rows, take_time) = match spec.shape.take {
            None => (u64::MAX, u64::MAX),
            Some(Take::Rows(n)) => (n, u64::MAX),
            Some(Take::Time(_)) if raw => (u64::MAX, u64::MAX),
            Some(Take::Time(ns)) => (u64::MAX, ns),
        };
        let base = base(spec, seed, mode, &tags)?;
        let (captured, origin, format) = match &base {
            Base::File(file) => (
                file.facts().captured.clone(),
                file.facts().origin,
                file.facts().format.clone(),
            ),
            Base::Generated(_) => (vec![], None, "generated".into()),
        };
        let filled = spec.filled(&captured);
        let needs_fill = full || spec.shape.filter.is_some();
        let filler = (needs_fill && !filled.is_empty()).then(|| {
            let fields: Vec<Field> = filled.iter().map(|(f, _)| *f).collect();
            let later: &[(Turn, Population)] = if full { &spec.drifts } else { &[] };
            Filler::new(seed, spec.population.clone(), later, &fields, tags.clone())
        });
        let surges = if full {
            Surges::new(spec, seed, &tags)?
        } else {
            None
        };
        let mut facts = Facts {
            format,
            origin,
            captured,
            filled,
        };
        if let Some(process) = &spec.origin.arrivals
            && !spec.is_file()
        {
            facts
                .filled
                .insert(0, (Field::Arrived, process.words.clone()));
        }
        if let (Some(file), Some(rate)) = (&spec.file, spec.shape.rate)
            && !file.has_clock()
        {
            let how = format!("evenly, {}", show_rate(rate.0));
            facts.filled.insert(0, (Field::Arrived, how));
        }
        let generated = match &base {
            Base::Generated(_) => scaled(spec.origin.duration.0, scale),
            Base::File(_) => u64::MAX,
        };
        Ok(Stream {
            end: take_time.min(generated),
            spec: spec.clone(),
            mode,
            base,
            tags,
            facts,
            filler,
            surges,
            scale,
            lap: 0,
            laps: if raw { 1 } else { spec.laps },
            period: 0,
            first: None,
            last: 0,
            taken: 0,
            take_rows,
            ahead: None,
            copies: BinaryHeap::new(),
            skipped: Skipped::default(),
            blank: Rc::new(Payload::new("", &[])),
            done: false,
        })
    }

    /// The dictionaries of its names, which grow as it is read.
    pub fn tags(&self) -> &SharedTags {
        &self.tags
    }

    /// What was captured, what filled, and when it was.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Rows that `lenient` left out so far, over all laps.
    pub fn skipped(&self) -> Skipped {
        let mut skipped = self.skipped.clone();
        if let Base::File(file) = &self.base {
            skipped.rows += file.skipped().rows;
            skipped.first.extend(file.skipped().first.iter().cloned());
            skipped.first.truncate(5);
        }
        skipped
    }

    /// The next row of the source in this lap, with its place in the replay.
    #[inline]
    fn row(&mut self) -> Result<Option<Request>, Refusal> {
        loop {
            if self.taken >= self.take_rows {
                if !self.turn_lap()? {
                    return Ok(None);
                }
                continue;
            }
            let next = match &mut self.base {
                Base::Generated(arrivals) => arrivals.next().map(|(op, at)| {
                    let mut request = Request::blank(self.blank.clone());
                    request.op = op;
                    request.arrived = at;
                    request
                }),
                Base::File(file) => file.next().transpose()?,
            };
            let mut request = match next {
                Some(request) => request,
                None if self.turn_lap()? => continue,
                None => return Ok(None),
            };
            let within = if self.scale == 1.0 {
                request.arrived
            } else {
                scaled(request.arrived, self.scale)
            };
            if within >= self.end {
                if !self.turn_lap()? {
                    return Ok(None);
                }
                continue;
            }
            request.arrived = within.saturating_add(self.lap * self.period);
            request.op += self.lap * LAP;
            if let Some(surges) = &mut self.surges {
                let limit = self.end.saturating_add(self.lap * self.period);
                surges.multiply(&mut request, self.filler.as_mut(), limit, &mut self.copies);
                if request.op == u64::MAX {
                    continue;
                }
            } else if let Some(filler) = &mut self.filler {
                filler.fill(&mut request);
            }
            if let Some(filter) = &self.spec.shape.filter
                && !filter.passes(&request, &self.tags.borrow())
            {
                continue;
            }
            self.taken += 1;
            self.first.get_or_insert(request.arrived);
            self.last = request.arrived;
            return Ok(Some(request));
        }
    }

    /// Starts the next lap, if there is one.
    fn turn_lap(&mut self) -> Result<bool, Refusal> {
        if self.lap + 1 >= self.laps || self.first.is_none() {
            return Ok(false);
        }
        if self.lap == 0 {
            self.period = self.lap_length();
        }
        if let Base::File(file) = &self.base {
            self.skipped.rows += file.skipped().rows;
            self.skipped
                .first
                .extend(file.skipped().first.iter().cloned());
            self.skipped.first.truncate(5);
        }
        self.lap += 1;
        self.taken = 0;
        // The same seed: a lap repeats the arrivals, and its op numbers give it dice of its own.
        self.base = base(&self.spec, self.seed(), self.mode, &self.tags)?;
        Ok(true)
    }

    fn seed(&self) -> u64 {
        match &self.base {
            Base::Generated(arrivals) => arrivals.seed(),
            Base::File(_) => 0,
        }
    }

    /// The declared length of a generated trace or of a cut by time; else up to the last row and one mean gap more.
    fn lap_length(&self) -> u64 {
        if self.end < u64::MAX
            && (self.take_rows == u64::MAX)
            && self.spec.shape.filter.is_none()
            && matches!(self.base, Base::Generated(_))
        {
            return self.end;
        }
        let span = self.last - self.first.unwrap_or(0);
        let gaps = self.taken.saturating_sub(1).max(1);
        (self.last + span / gaps).max(1)
    }
}

impl Iterator for Stream {
    type Item = Result<Request, Refusal>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if self.surges.is_none() {
            let row = self.row();
            self.done = !matches!(row, Ok(Some(_)));
            return row.transpose();
        }
        loop {
            if self.ahead.is_none() {
                match self.row() {
                    Ok(row) => self.ahead = row,
                    Err(refusal) => {
                        self.done = true;
                        return Some(Err(refusal));
                    }
                }
            }
            let first_copy = self.copies.peek().map(|Reverse((at, op, _))| (*at, *op));
            let copy = match (first_copy, &self.ahead) {
                (Some(copy), Some(ahead)) => copy < (ahead.arrived, ahead.op),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => {
                    self.done = true;
                    return None;
                }
            };
            if !copy {
                return self.ahead.take().map(Ok);
            }
            let Some(Reverse((_, _, Copied(mut request)))) = self.copies.pop() else {
                continue;
            };
            if let Some(filler) = &mut self.filler {
                filler.fill_as(&mut request);
            }
            let passes = self
                .spec
                .shape
                .filter
                .as_ref()
                .is_none_or(|f| f.passes(&request, &self.tags.borrow()));
            if passes {
                return Some(Ok(request));
            }
        }
    }
}

fn scaled(ns: u64, scale: f64) -> u64 {
    if scale == 1.0 {
        ns
    } else {
        (ns as f64 * scale).round() as u64
    }
}

fn base(spec: &TraceSpec, seed: u64, mode: Mode, tags: &SharedTags) -> Result<Base, Refusal> {
    if let Some(file) = &spec.file {
        let times_only = mode != Mode::Full && spec.shape.filter.is_none();
        let options = spec.read_options(seed, times_only)?;
        let format = file.format.and_then(|name| formats::named(name).ok());
        let requests = Requests::read(
            Input::open(&file.path)?,
            format,
            &options,
            spec.shape.lenient,
            tags.clone(),
        )?;
        return Ok(Base::File(Box::new(requests)));
    }
    match &spec.origin.arrivals {
        Some(process) => Ok(Base::Generated(Arrivals::new(
            process,
            seed,
            spec.origin.duration.0,
        ))),
        None => Err(Refusal::new("the trace has neither a file nor arrivals")),
    }
}
