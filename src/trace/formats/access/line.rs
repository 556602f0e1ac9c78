//! A line of an access log and its parts: who, when, what was asked for, and what came of it.

use crate::trace::stamp;
use std::{borrow::Cow, ops::Range};

/// The parts of a line, as places in it. An absent one is empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parts {
    pub host: Range<usize>,
    pub user: Range<usize>,
    pub time: Range<usize>,
    pub request: Range<usize>,
    pub status: Range<usize>,
    pub bytes: Range<usize>,
    pub agent: Range<usize>,
    pub took: Range<usize>,
}

/// What is wrong with a line, where, and what would be right.
pub(super) type Broken = (Range<usize>, &'static str, &'static str);

pub(super) fn parse(line: &str) -> Result<Parts, Broken> {
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
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    match text.contains('\\') {
        true => Cow::Owned(text.replace("\\\"", "\"").replace("\\\\", "\\")),
        false => Cow::Borrowed(text),
    }
}

/// `25/Oct/2015:04:11:25 +0100`, or as in ISO 8601, in ns since 1970.
pub(super) fn time(text: &str) -> Option<u64> {
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
pub(super) fn path(request: &str) -> Option<(&str, &str)> {
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
pub(super) fn folded(path: &str) -> String {
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
