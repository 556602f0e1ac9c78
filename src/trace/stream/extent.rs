//! How long a trace is, how many requests it has, and by how much its times are scaled: what takes a pass over it.

use super::{Base, Mode, Stream, scaled};
use crate::{
    config::{Refusal, show_rate},
    trace::spec::{Extent, TraceSpec},
};

/// By how much times are multiplied.
pub(super) fn scale(spec: &TraceSpec, seed: u64) -> Result<f64, Refusal> {
    if let (Some(file), None) = (&spec.file, spec.shape.rate)
        && !file.has_clock()
    {
        return Err(Refusal::file(file.path.display(), "has keys and no times")
            .help("say how fast they come: --rate 500/s, or rate = \"500/s\" in [trace]"));
    }
    if let Some(speed) = spec.shape.speed {
        return Ok(1.0 / speed.0);
    }
    let Some(rate) = spec.shape.rate else {
        return Ok(1.0);
    };
    let evenly = spec.file.as_ref().is_some_and(|file| !file.has_clock());
    if evenly && spec.shape.filter.is_none() && rate.0 > 0.0 {
        // Rows stand a nominal second apart: no pass is needed to know the mean gap.
        return Ok(1.0 / rate.0);
    }
    if rate.0 <= 0.0 {
        return Err(Refusal::new("a trace cannot be scaled to a rate of 0"));
    }
    let Pass {
        rows, first, last, ..
    } = pass(spec, seed, true)?;
    if rows < 2 || last == first {
        return Err(Refusal::new(format!(
            "{rows} requests at one time cannot be scaled to {}",
            show_rate(rate.0)
        )));
    }
    let gap = (last - first) as f64 / (rows - 1) as f64;
    Ok(1e9 / rate.0 / gap)
}

struct Pass {
    rows: u64,
    first: u64,
    last: u64,
    end: u64,
}

fn pass(spec: &TraceSpec, seed: u64, raw: bool) -> Result<Pass, Refusal> {
    let mut stream = Stream::new(spec, seed, Mode::Times { raw })?;
    let mut pass = Pass {
        rows: 0,
        first: 0,
        last: 0,
        end: 0,
    };
    let mut count = |at: u64| {
        if pass.rows == 0 {
            pass.first = at;
        }
        pass.last = at;
        pass.rows += 1;
    };
    let all = stream.laps == 1 && stream.take_rows == u64::MAX && spec.shape.filter.is_none();
    if let (Base::Generated(arrivals), true) = (&mut stream.base, all) {
        // Nothing chooses among the arrivals, so their times are those of the requests.
        let (scale, end) = (stream.scale, stream.end);
        let times = arrivals.map(|(_, at)| scaled(at, scale));
        times.take_while(|at| *at < end).for_each(count);
    } else {
        for request in &mut stream {
            count(request?.arrived);
        }
    }
    pass.end = if stream.end == u64::MAX || spec.is_file() || stream.take_rows != u64::MAX {
        pass.last
    } else {
        stream.end.saturating_add(stream.lap * stream.period)
    };
    Ok(pass)
}

/// The extent of an open trace.
pub(in crate::trace) fn extent(spec: &TraceSpec, seed: u64) -> Result<Extent, Refusal> {
    let pass = pass(spec, seed, false)?;
    if pass.rows == 0 {
        let refusal = match (&spec.file, &spec.shape.filter) {
            (Some(file), Some(filter)) => Refusal::file(
                file.path.display(),
                format!("no request passes the filter {}", filter.text()),
            ),
            (None, Some(filter)) => {
                Refusal::new(format!("no request passes the filter {}", filter.text()))
            }
            _ => Refusal::new("the trace has no requests").help("raise its rate or its duration"),
        };
        return Err(refusal);
    }
    Ok(Extent {
        rows: pass.rows,
        first: pass.first,
        last: pass.last,
        length: pass.end.max(1),
    })
}
