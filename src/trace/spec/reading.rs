//! How a trace file is read: which of its names is what, what must not be kept in clear, how coarse its times are.

use super::{TraceSpec, file::File};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    trace::formats::{
        ReadOptions,
        access::{self, AccessOptions, RequestTime},
        hide::{Hidden, Hide},
        mapped::Mapping,
    },
};
use std::rc::Rc;

crate::options! {
    /// How a trace file is read.
    #[derive(Clone, Debug)]
    pub struct Reading {
        /// Which of the names of any CSV or JSONL is which column, such as "arrived=ts:ms,tenant=account.id".
        map: Option<Mapping> = None, "none: a known format";
        /// Columns whose values are replaced by keyed digests, such as "tenant,user".
        hash: Option<Hidden> = None, "none";
        /// The file with the key of these digests.
        hash_key_file: Option<(String, At)> = None, "the environment variable GAMEDAY_HASH_KEY";
        /// Rows of one time are spread over so long by the seed, in their order.
        spread: Option<Span> = None, "1s of access logs, else 0";
        /// The unit of the time at the end of an access log's rows: "recognised", "s", "ms", "us" or "ignored".
        request_time: RequestTime = RequestTime::Recognised, "recognised";
        /// Whether numbers in the paths of an access log become {n}, and long ids {id}.
        fold_paths: bool = false, "false";
    }
}

/// Refuses what would change nothing: options of files where the trace is generated, those of access logs for other
/// formats, a key for digests that nobody asks for.
///
/// # Errors
/// The first of them, at its place.
pub(super) fn refuse_idle(table: &Table, file: Option<&File>) -> Result<(), Refusal> {
    let log = |file: &File| file.format == Some(access::FORMAT.name);
    for field in Reading::fields() {
        let Some(entry) = table.get(field.name) else {
            continue;
        };
        let why = match (field.name, file) {
            (name, None) => format!("{name} is of a file, and the trace is generated"),
            (name @ ("request_time" | "fold_paths"), Some(file)) if !log(file) => {
                format!("{name} is of access logs, and this is none")
            }
            ("hash_key_file", _) if !table.contains_key("hash") => {
                "a key, and nothing is hashed".into()
            }
            _ => continue,
        };
        let help = match file {
            None => "leave it out, or give a path",
            Some(_) if field.name == "hash_key_file" => "add hash = \"tenant,user\"",
            Some(_) => "leave it out",
        };
        return Err(Refusal::at(&entry.key, why).help(help));
    }
    Ok(())
}

impl TraceSpec {
    /// The options of a reader; `times_only` where nothing else is wanted.
    ///
    /// # Errors
    /// A key for digests that is not there.
    pub(in crate::trace) fn read_options(
        &self,
        seed: u64,
        times_only: bool,
    ) -> Result<ReadOptions, Refusal> {
        let reading = &self.reading;
        let hide = match &reading.hash {
            // Times need no key.
            Some(columns) if !times_only => Some(Rc::new(self.hide(columns)?)),
            _ => None,
        };
        Ok(ReadOptions {
            reorder: self.shape.reorder.0,
            times_only,
            bodies: true,
            map: reading.map.clone().map(Rc::new),
            hide,
            secret: reading.hash.is_some(),
            access: AccessOptions {
                request_time: reading.request_time,
                fold: reading.fold_paths,
            },
            spread: reading.spread.map(|span| span.0),
            seed,
        })
    }

    fn hide(&self, columns: &Hidden) -> Result<Hide, Refusal> {
        let at = |name: &str| self.node.get(name).map_or(&self.node.at, |n| &n.at);
        match &self.reading.hash_key_file {
            None => Hide::keyed(columns, None, at("hash")),
            Some((path, at)) => {
                let below = self.base.join(path);
                let path = if below.exists() { below } else { path.into() };
                Hide::keyed(columns, Some(&path), at)
            }
        }
    }

    /// Whether arrivals depend on the seed, in a file.
    pub(super) fn spreads(&self) -> bool {
        match (self.reading.spread, &self.file) {
            (Some(span), _) => span.0 > 0,
            (None, Some(file)) => file.format == Some(crate::trace::formats::access::FORMAT.name),
            (None, None) => false,
        }
    }
}
