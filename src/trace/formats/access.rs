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
use std::{borrow::Cow, ops::Range};

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

/// The parts of a line, as places in it. An absent one is empty.
#[derive(Debug, Default, PartialEq)]
struct Parts {
    host: Range<usize>,
    user: Range<usize>,
    time: Range<usize>,
    request: Range<usize>,
    status: Range<usize>,
    bytes: Range<usize>,
    agent: Range<usize>,
    took: Range<usize>,
}

/// What is wrong with a line, where, and what would be right.
type Broken = (Range<usize>, &'static str, &'static str);

fn parse(line: &str) -> Result<Parts, Broken> {
    let mut parts = Parts::default();
    let end = line.len()..line.len();
    let Some(open) = line.find(" [") else {
        return Err((
            0..line.len(),
            "no time in brackets",
            "host ident user [25/Oct/2015:04:11:25 +0100] ...",
        ));
    };
    let who = &line[..open];
    let mut words = who.splitn(3, ' ');
    let (host, ident) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let user = words.next().unwrap_or("");
    if host.is_empty() || ident.is_empty() || user.is_empty() {
        return Err((
            0..open,
            "not three words before the time",
            "host ident user; - where there is none",
        ));
    }
    parts.host = 0..host.len();
    parts.user = open - user.len()..open;
    let Some(close) = line[open..].find(']').map(|i| open + i) else {
        return Err((
            open + 1..line.len(),
            "this bracket is never closed",
            "[25/Oct/2015:04:11:25 +0100]",
        ));
    };
    parts.time = open + 2..close;
    let mut scan = Scan {
        line,
        at: close + 1,
    };
    parts.request = match scan.quoted() {
        Some(Ok(range)) => range,
        Some(Err(at)) => {
            return Err((
                at,
                "this quote is never closed",
                "the request in quotes, \\\" for a quote in it",
            ));
        }
        None => {
            return Err((
                scan.here(),
                "no request in quotes behind the time",
                "\"GET /path HTTP/1.1\"",
            ));
        }
    };
    let number = "a status and bytes follow the request, such as 200 24323";
    parts.status = scan
        .word()
        .ok_or((end.clone(), "the line ends before its status", number))?;
    parts.bytes = scan
        .word()
        .ok_or((end.clone(), "the line ends before its bytes", number))?;
    let mut quoted = 0;
    while !scan.rest().is_empty() {
        match scan.quoted() {
            Some(Ok(range)) => {
                quoted += 1;
                if quoted == 2 {
                    parts.agent = range;
                }
            }
            // Writers of logs cut long lines, and what is long is the agent: it is kept as far as it goes.
            Some(Err(at)) if quoted == 1 => {
                parts.agent = at.end..line.len();
                break;
            }
            Some(Err(at)) => {
                return Err((
                    at,
                    "this quote is never closed",
                    "the referrer and the agent in quotes, \\\" for a quote in them",
                ));
            }
            None => {
                let range = scan.word().unwrap_or(end.clone());
                let word = &line[range.clone()];
                let value = word.find('=').map_or(0, |i| i + 1);
                let named = &word[..value];
                let number = &word[value..];
                let plain = number.bytes().any(|b| b.is_ascii_digit())
                    && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                match named {
                    "" if plain => parts.took = range,
                    "rt=" | "request_time=" if plain => parts.took = range.start + value..range.end,
                    "" if !matches!(word, "-" | "." | "p") => {
                        return Err((
                            range,
                            "no text in quotes, number or key=value",
                            "what stands behind the agent is one of these",
                        ));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(parts)
}

struct Scan<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.line[self.at..];
        self.at = self.line.len() - rest.trim_start_matches(' ').len();
        self.line[self.at..].trim_end()
    }

    fn here(&self) -> Range<usize> {
        self.at.min(self.line.len())..self.line.len()
    }

    fn word(&mut self) -> Option<Range<usize>> {
        let rest = self.rest();
        let length = rest.find(' ').unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        (length > 0).then_some(start..start + length)
    }

    /// What stands in quotes here; the place of the quote where it is never closed.
    fn quoted(&mut self) -> Option<Result<Range<usize>, Range<usize>>> {
        let rest = self.rest();
        let open = self.at;
        let mut bytes = rest.strip_prefix('"')?.bytes().enumerate();
        while let Some((i, byte)) = bytes.next() {
            match byte {
                // What stands behind a backslash belongs to the text.
                b'\\' => drop(bytes.next()),
                b'"' => {
                    self.at = open + i + 2;
                    return Some(Ok(open + 1..open + 1 + i));
                }
                _ => {}
            }
        }
        Some(Err(open..open + 1))
    }
}

/// A text with the escapes of quotes and backslashes undone.
fn unescaped(text: &str) -> Cow<'_, str> {
    match text.contains('\\') {
        true => Cow::Owned(text.replace("\\\"", "\"").replace("\\\\", "\\")),
        false => Cow::Borrowed(text),
    }
}

/// `25/Oct/2015:04:11:25 +0100`, or as in ISO 8601, in ns since 1970.
fn time(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let b = text.as_bytes();
    if !text.is_ascii()
        || b.len() != 26
        || b[2] != b'/'
        || b[6] != b'/'
        || b[11] != b':'
        || b[20] != b' '
    {
        return stamp::stamp(text);
    }
    let month = MONTHS
        .iter()
        .position(|m| m.eq_ignore_ascii_case(&text[3..6]))?
        + 1;
    let iso = format!(
        "{}-{month:02}-{}T{}{}:{}",
        &text[7..11],
        &text[..2],
        &text[12..20],
        &text[21..24],
        &text[24..]
    );
    stamp::stamp(&iso)
}

/// The path of a request line, without a query, and its method. `None` where the line is no request.
fn path(request: &str) -> Option<(&str, &str)> {
    let mut words = request.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    if method.is_empty()
        || !method
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || b == b'-' || b == b'_')
    {
        return None;
    }
    let target = match target.find("://") {
        // The whole address, as to a proxy.
        Some(i) if !target.starts_with('/') => {
            let rest = &target[i + 3..];
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => target,
    };
    let end = target.find(['?', '#']).unwrap_or(target.len());
    let path = &target[..end];
    Some((method, if path.is_empty() { "/" } else { path }))
}

/// A path with its numbers as `{n}` and its long ids as `{id}`.
fn folded(path: &str) -> String {
    let fold = |part: &str| -> String {
        let hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
        if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) {
            "{n}".into()
        } else if part.len() >= 16
            && part.bytes().all(hex)
            && part.bytes().any(|b| b.is_ascii_digit())
        {
            "{id}".into()
        } else {
            part.into()
        }
    };
    path.split('/').map(fold).collect::<Vec<_>>().join("/")
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

    fn part(line: &str, which: fn(Parts) -> Range<usize>) -> String {
        line[which(parse(line).unwrap())].to_string()
    }

    #[test]
    fn common_combined_and_trailing_fields_are_read() {
        let common = r#"::1 - ann lee [25/Oct/2015:04:11:25 +0100] "GET /a?b=1 HTTP/1.1" 200 12"#;
        assert_eq!(part(common, |p| p.host), "::1");
        assert_eq!(part(common, |p| p.user), "ann lee");
        assert_eq!(part(common, |p| p.request), "GET /a?b=1 HTTP/1.1");
        assert_eq!(part(common, |p| p.bytes), "12");
        assert_eq!(part(common, |p| p.agent), "");
        let combined =
            format!(r#"{common} "http://x/\"q\"" "A \"b\" c\\" "10.0.0.1, 10.0.0.2" 0.123"#);
        assert_eq!(part(&combined, |p| p.agent), r#"A \"b\" c\\"#);
        assert_eq!(part(&combined, |p| p.took), "0.123");
        assert_eq!(unescaped(&part(&combined, |p| p.agent)), r#"A "b" c\"#);
        let cut = format!(r#"{common} "-" "Mozilla/5.0 (comp"#);
        assert_eq!(part(&cut, |p| p.agent), "Mozilla/5.0 (comp");
        let keyed = format!(r#"{common} "-" "-" rt=0.25 uct="0.001" 5"#);
        assert_eq!(part(&keyed, |p| p.took), "5");
    }

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

    #[test]
    fn time_zones_are_honoured() {
        let stamp = |t| stamp::stamp(t).unwrap();
        assert_eq!(
            time("25/Oct/2015:04:11:25 +0100"),
            Some(stamp("2015-10-25T03:11:25Z"))
        );
        assert_eq!(
            time("01/Jan/2016:00:00:00 -0930"),
            Some(stamp("2016-01-01T09:30:00Z"))
        );
        assert_eq!(
            time("2015-10-25T04:11:25+01:00"),
            Some(stamp("2015-10-25T03:11:25Z"))
        );
        for bad in [
            "30/Feb/2015:04:11:25 +0100",
            "25/Okt/2015:04:11:25 +0100",
            "25/Oct/2015:04:11:25",
            "",
        ] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_route_is_the_path_alone() {
        assert_eq!(path("GET /a/b?c=/d HTTP/1.1"), Some(("GET", "/a/b")));
        assert_eq!(path("GET http://x.org?q HTTP/1.1"), Some(("GET", "/")));
        assert_eq!(path("GET http://x.org/y#z HTTP/1.1"), Some(("GET", "/y")));
        assert_eq!(path("OPTIONS * HTTP/1.0"), Some(("OPTIONS", "*")));
        assert_eq!(path("GET /old"), Some(("GET", "/old")));
        assert_eq!(path(r"\x16\x03\x01"), None);
        assert_eq!(path("-"), None);
        assert_eq!(
            folded("/v1/users/42/7f3a2b1c-0000-4000-8000-123456789abc/x"),
            "/v1/users/{n}/{id}/x"
        );
        assert_eq!(folded("/"), "/");
        assert_eq!(folded("/defaced-decade-cafe"), "/defaced-decade-cafe");
    }

    #[test]
    fn a_broken_line_says_where() {
        for (line, at) in [
            ("nonsense", 0),
            ("- [25/Oct/2015:04:11:25 +0100] \"GET / HTTP/1.1\" 200 1", 0),
            (
                "a - - [25/Oct/2015:04:11:25 +0100 \"GET / HTTP/1.1\" 200 1",
                6,
            ),
            ("a - - [25/Oct/2015:04:11:25 +0100] GET", 35),
            ("a - - [25/Oct/2015:04:11:25 +0100] \"GET / 200 1", 35),
            ("a - - [25/Oct/2015:04:11:25 +0100] \"GET /\" 200", 46),
            ("a - - [25/Oct/2015:04:11:25 +0100] \"GET /\" 200 1 \"x", 49),
            (
                "a - - [25/Oct/2015:04:11:25 +0100] \"GET /\" 200 1 \"x\" \"y\" what",
                57,
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().0.start, at, "{line}");
        }
    }
}
