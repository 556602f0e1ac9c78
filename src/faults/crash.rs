//! A process that dies: its requests fail at once, what it kept in memory is lost, and another starts in its place after a
//! while. Of its own accord, when the fault begins (and again at once when it comes up, for as long as the fault lasts); or,
//! with `where` or `percentage`, by requests that are the death of whoever serves them.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    faults::ailments::Ail,
    service::seams::Moment,
};

crate::choice! {
    /// Where in its journey a request kills the process that serves it.
    pub enum When {
        /// When a worker takes it up.
        Work = "work",
        /// When its write has taken effect, and nobody has noted that yet.
        Written = "written",
        /// When its write is noted as done, and the second step of it (`service.write.then`) has not begun.
        Committed = "committed",
    }
}

crate::options! {
    /// Crash fault.
    #[derive(Clone, Debug)]
    pub struct CrashFault {
        /// How long after a process died another starts in its place.
        down: Span = Span(10_000_000_000), "10s";
        /// Up to so much longer, by dice.
        jitter: Span = Span(0), "0";
        /// Where a request that kills does it, with `where` or `percentage`: work, written, committed.
        when: When = When::Work, "work";
    }
}

/// The shortest time between two processes, ns: a crash that lasts kills each of them.
const LEAST: u64 = 1_000_000;

/// A crash, and whether requests bring it about.
struct Crash {
    options: CrashFault,
    by_request: bool,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let options = CrashFault::read_table(at, table, &[taken, COMMON].concat())?;
    let by_request = ["where", "percentage"]
        .iter()
        .any(|n| table.contains_key(*n));
    if let (Some(when), false) = (table.get("when"), by_request) {
        let message = format!(
            "\"{}\", and no request brings it about",
            options.when.word()
        );
        return Err(Refusal::at(&when.node.at, message)
            .help("say percentage = 1, or where = '...', beside it; or leave `when` out"));
    }
    if options.down.0 < LEAST {
        let place = table.get("down").map_or(at, |entry| &entry.node.at);
        return Err(Refusal::at(place, "a process does not start in no time").help("1ms or more"));
    }
    Ok(Box::new(Crash {
        options,
        by_request,
    }))
}

impl Fault for Crash {
    fn reach(&self) -> Reach {
        Reach::Replicas
    }

    fn aims(&self) -> &'static [&'static str] {
        &["percentage", "where"]
    }

    fn ail(&self) -> Ail {
        Ail::Die {
            down: self.options.down.0,
            jitter: self.options.jitter.0,
            moment: match (self.by_request, self.options.when) {
                (false, _) => None,
                (true, When::Work) => Some(Moment::Work),
                (true, When::Written) => Some(Moment::Written),
                (true, When::Committed) => Some(Moment::Committed),
            },
        }
    }
}
