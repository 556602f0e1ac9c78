//! Access logs of web servers: the "common" and the "combined" format of Apache and nginx.
//!
//! `host ident user [25/Oct/2015:04:11:25 +0100] "GET /path?query HTTP/1.1" 200 24323 "referrer" "agent"`, and behind it
//! whatever the operator added: texts in quotes, `key=value` and numbers, of which the last bare one (or `rt=`) is the time
//! that the request took: seconds where it has a point (nginx `$request_time`), else microseconds (Apache `%D`), unless
//! `request_time` says otherwise.
//!
//! The path becomes the route (without the query string), the agent the client, the host the address. Addresses are not
//! kept: each is `address-N`, in order of first appearance, which leads nowhere back; `hash = "address"` gives names that are
//! the same in other files. Times are whole seconds: rows of one second are spread within it by the seed, in the order of
//! the file ([`ReadOptions::spread`]). nginx stamps a request when it ends, Apache when it begins; neither is changed.

mod line;

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{Column, Draft},
    shown,
};
use crate::{
    config::{Names, Refusal},
    trace::{
        lines::{Fault, Lines},
        request::{Field, Request, SharedTags},
        stamp::{self, Time},
    },
};
use line::{Parts, folded, parse, path, time, unescaped};
use std::ops::Range;

const COMMON: &[Field] = &[
    Field::Arrived,
    Field::User,
    Field::Route,
    Field::Client,
    Field::Address,
    Field::Prompt,
    Field::Bytes,
    Field::ServiceTime,
    Field::Status,
];

/// The format.
pub const FORMAT: Format = Format {
    name: "access-log",
    summary: "access logs of nginx and Apache, common or combined, with the time that a request took at the end where it is logged",
    fills: COMMON,
    clock: true,
    sniff,
    open,
};

crate::choice! {
    /// The unit of the time that a request took.
    pub enum RequestTime {
        /// Seconds where it has a point, else microseconds.
        Recognised = "recognised",
        /// Seconds.
        Seconds = "s",
        /// Milliseconds.
        Millis = "ms",
        /// Microseconds.
        Micros = "us",
        /// Not read.
        Ignored = "ignored",
    }
}

/// How access logs are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccessOptions {
    /// The unit of a trailing time.
    pub request_time: RequestTime,
    /// Whether numbers and ids in paths are folded.
    pub fold: bool,
}

impl Default for AccessOptions {
    fn default() -> Self {
        AccessOptions {
            request_time: RequestTime::Recognised,
            fold: false,
        }
    }
}

/// Lines that are looked at.
const LOOKED_AT: usize = 20;

fn sniff(head: &str) -> Result<(), String> {
    let mut first = "";
    for line in head
        .lines()
        .filter(|l| !l.trim().is_empty())
        .take(LOOKED_AT)
    {
        if parse(line).is_ok() {
            return Ok(());
        }
        first = if first.is_empty() { line } else { first };
    }
    Err(format!(
        "{} is not host ident user [day/Mon/year:hh:mm:ss +zone] \"request\" status bytes",
        shown(first)
    ))
}

/// ns that a request took.
fn took(text: &str, unit: RequestTime) -> Option<u64> {
    let scaled = |by: u64| stamp::decimal(text).map(|ns| ns / by);
    match unit {
        RequestTime::Ignored => Some(0),
        RequestTime::Seconds => scaled(1),
        RequestTime::Millis => scaled(1_000),
        RequestTime::Micros => scaled(1_000_000),
        RequestTime::Recognised if text.contains('.') => scaled(1),
        RequestTime::Recognised => scaled(1_000_000),
    }
}

struct Access {
    lines: Lines,
    draft: Draft,
    options: AccessOptions,
    /// Addresses in order of first appearance.
    addresses: Names,
    name: String,
}

fn open(lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let head = String::from_utf8_lossy(lines.head()).into_owned();
    let looked_at: Vec<(&str, Parts)> = head
        .lines()
        .take(LOOKED_AT)
        .filter_map(|line| parse(line).ok().map(|parts| (line, parts)))
        .collect();
    let has = |part: fn(&Parts) -> &Range<usize>| {
        looked_at
            .iter()
            .any(|(line, parts)| !matches!(&line[part(parts).clone()], "" | "-"))
    };
    let captured = |field: &Field| match field {
        Field::User => has(|p| &p.user),
        Field::Client => has(|p| &p.agent),
        Field::ServiceTime => {
            has(|p| &p.took) && options.access.request_time != RequestTime::Ignored
        }
        _ => true,
    };
    Ok(Opened {
        captured: COMMON.iter().copied().filter(captured).collect(),
        rows: Box::new(Access {
            lines,
            draft: Draft::new(tags, options),
            options: options.access,
            addresses: Names::default(),
            name: String::new(),
        }),
        origin: None,
    })
}

impl Access {
    fn read(&mut self) -> Result<Option<Request>, Fault> {
        loop {
            if !self.lines.advance()? {
                return Ok(None);
            }
            if !self.lines.text().trim().is_empty() {
                break;
            }
        }
        self.draft.clear();
        let Access {
            lines,
            draft,
            options,
            addresses,
            name,
        } = self;
        let refuse = |lines: &Lines, (range, found, right): (Range<usize>, String, String)| {
            Fault::Row(lines.refuse(range, found).help(right))
        };
        let text = lines.text();
        let row = parse(text)
            .map_err(|(range, found, right)| (range, found.to_string(), right.to_string()))
            .and_then(|parts| {
                let place = parts.time.clone();
                fill(text, parts, draft, *options, addresses, name)?;
                draft
                    .finish()
                    .map_err(|(found, right)| (place, found, right))
            });
        row.map(Some).map_err(|wrong| refuse(lines, wrong))
    }
}

/// Sets everything that a line has.
fn fill(
    text: &str,
    parts: Parts,
    draft: &mut Draft,
    options: AccessOptions,
    addresses: &mut Names,
    name: &mut String,
) -> Result<(), (Range<usize>, String, String)> {
    let place = parts.time.clone();
    let at = time(&text[place.clone()]).ok_or_else(|| {
        let found = format!(
            "found \"{}\"",
            crate::trace::lines::plain(&text[place.clone()])
        );
        (
            place.clone(),
            found,
            "a time such as 25/Oct/2015:04:11:25 +0100".to_string(),
        )
    })?;
    draft.set_time(Time::Stamp(at));
    let mut set = |column: Column, range: &Range<usize>, value: &str| {
        if !draft.wants(column) || value == "-" {
            return Ok(());
        }
        draft
            .set(column, value)
            .map_err(|(found, right)| (range.clone(), found, right))
    };
    set(Column::Status, &parts.status, &text[parts.status.clone()])?;
    set(Column::Bytes, &parts.bytes, &text[parts.bytes.clone()])?;
    set(Column::User, &parts.user, &text[parts.user.clone()])?;
    set(
        Column::Client,
        &parts.agent,
        &unescaped(&text[parts.agent.clone()]),
    )?;
    let request = unescaped(&text[parts.request.clone()]);
    if let Some((method, path)) = path(&request) {
        set(Column::Prompt, &parts.request, &format!("{method} {path}"))?;
        match options.fold {
            true => set(Column::Route, &parts.request, &folded(path))?,
            false => set(Column::Route, &parts.request, path)?,
        }
    }
    let took_at = &text[parts.took.clone()];
    if !took_at.is_empty() && draft.wants(Column::ServiceTime) {
        let ns = took(took_at, options.request_time).ok_or_else(|| {
            let found = format!("found \"{took_at}\"");
            (
                parts.took.clone(),
                found,
                "how long it took: seconds such as 0.123, or microseconds".to_string(),
            )
        })?;
        draft.set_span(Column::ServiceTime, ns);
    }
    if draft.wants(Column::Address) {
        let host = &text[parts.host.clone()];
        let address = match draft.hides(Column::Address) {
            true => host,
            false => {
                use std::fmt::Write;
                name.clear();
                let _ = write!(name, "address-{}", addresses.number(host));
                name.as_str()
            }
        };
        draft
            .set(Column::Address, address)
            .map_err(|(found, right)| (parts.host.clone(), found, right))?;
    }
    Ok(())
}

impl Rows for Access {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let row = self.read();
        if row.is_err() {
            self.draft.skip();
        }
        row
    }

    fn absolute(&self) -> bool {
        self.draft.absolute()
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }

    fn step(&self) -> u64 {
        stamp::SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_how_long_is_recognised_by_its_point() {
        use RequestTime as R;
        assert_eq!(took("0.123", R::Recognised), Some(123_000_000));
        assert_eq!(took("1234", R::Recognised), Some(1_234_000));
        assert_eq!(took("12", R::Millis), Some(12_000_000));
        assert_eq!(took("3", R::Seconds), Some(3_000_000_000));
        assert_eq!(took("3", R::Ignored), Some(0));
        assert_eq!(took("1.2.3", R::Recognised), None);
    }
}
