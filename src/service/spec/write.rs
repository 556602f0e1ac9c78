//! What a file says of writes.

use super::DependencySpec;
use crate::{
    components::ledger::LedgerOptions,
    config::{At, Node, Percent, Read, Refusal, Span, suggestion},
    service::latency::Latency,
};

crate::options! {
    /// A write that each request makes once, by a ledger of idempotency records.
    #[derive(Clone, Debug)]
    pub struct WriteOptions {
        /// Who takes the writes: a name under `[dependency]`.
        dependency: (String, At),
        /// How long the answer to a write is waited for.
        timeout: Span = Span(2_000_000_000), "2s";
        /// Tries of a write in one visit of the service.
        tries: u32 = 3, "3";
        /// Wait before the second try; doubles with each.
        after: Span = Span(100_000_000), "100ms";
        /// How long a look into the ledger takes, and a question to the dependency.
        lookup: Span = Span(1_000_000), "1ms";
        /// How often who finds an operation under way looks again.
        poll: Span = Span(50_000_000), "50ms";
        /// Share of the requests that come to two replicas at once.
        twice: Percent = Percent(0.0), "0%";
        /// How long after it was taken it is due: the client is answered ("accepted") when it is taken, and the job waits in the memory of the process that took it.
        delay: Option<Latency> = None, "written before the answer";
        /// How long a request may be worked on, or a job wait, before its queue hands out another copy; 0 is for ever. Each time again until one has ended, a hundred copies at most; where there is a `delay`, to any replica and until one is written, and a longer time counts for what waits already.
        visibility: Span = Span(0), "for ever";
        /// Whom to call once the write is done, such as a topic for an event: a name under `[dependency]`. By the process itself, once; or, with `ledger.outbox`, by a relay until it is acknowledged.
        then: Option<(String, At)> = None, "nothing";
        /// Retries of a proxy between the service and the dependency, which know no ledger.
        proxy_retries: u32 = 0, "0";
        /// How long that proxy waits for an answer before it sends the write again.
        proxy_timeout: Span = Span(1_000_000_000), "1s";
        /// Whether a ledger is asked before anything is written; false: each copy writes.
        idempotent: bool = true, "true";
        /// The ledger's options.
        ledger: Option<Node> = None, "sound";
    }
}

/// The write of a service.
#[derive(Clone, Debug)]
pub struct WriteSpec {
    /// Index of the dependency.
    pub dependency: usize,
    /// That of its second step.
    pub then: Option<usize>,
    /// As the file says.
    pub options: WriteOptions,
    /// Those of its ledger.
    pub ledger: LedgerOptions,
}

impl WriteSpec {
    /// Whether it comes from a queue, which keeps it or hands out copies of it.
    pub fn is_queued(&self) -> bool {
        self.options.delay.is_some() || self.options.visibility.0 > 0
    }

    /// Whether anything of it goes on when nobody waits for it.
    pub fn outlives(&self) -> bool {
        self.options.delay.is_some() || self.then.is_some()
    }
}

/// Tries at most, of whoever tries.
const MOST_TRIES: u32 = 100;

pub(super) fn read_write(
    node: &Node,
    dependencies: &[DependencySpec],
) -> Result<WriteSpec, Refusal> {
    let options = WriteOptions::read(node)?;
    let named = |(name, at): &(String, At)| {
        let place = dependencies.iter().position(|d| d.name == *name);
        place.ok_or_else(|| {
            let known = dependencies.iter().map(|d| d.name.as_str());
            Refusal::at(at, format!("there is no [dependency.{name}]"))
                .help(suggestion(name, known))
        })
    };
    let dependency = named(&options.dependency)?;
    let then = options.then.as_ref().map(named).transpose()?;
    let at = |option: &str| node.get(option).unwrap_or(node);
    for (option, n) in [
        ("tries", options.tries),
        ("proxy_retries", options.proxy_retries.saturating_add(1)),
    ] {
        if n == 0 || n > MOST_TRIES {
            return Err(at(option).wrong("at most a hundred tries, and one at least"));
        }
    }
    for (option, span, least) in [
        ("timeout", options.timeout, true),
        ("poll", options.poll, true),
        ("proxy_timeout", options.proxy_timeout, true),
        // 0 is for ever.
        ("visibility", options.visibility, options.visibility.0 > 0),
    ] {
        if least && span.0 < 1_000_000 {
            return Err(at(option).wrong("1ms or more"));
        }
    }
    let ledger = match &options.ledger {
        Some(node) if !options.idempotent => {
            let message = "idempotent = false, and a ledger that nobody asks";
            return Err(Refusal::at(&node.at, message).help("leave one of the two out"));
        }
        Some(node) => {
            // Would be read and change nothing.
            if let (Some(outbox), None) = (node.get("outbox"), then) {
                let message = "a write of one step, which needs no outbox";
                return Err(Refusal::at(&outbox.at, message)
                    .help("say then = \"NAME\" beside the ledger, or leave it out"));
            }
            LedgerOptions::read(node)?
        }
        None => LedgerOptions::plain(),
    };
    Ok(WriteSpec {
        dependency,
        then,
        options,
        ledger: LedgerOptions {
            // Nobody would take out what is put there.
            outbox: ledger.outbox && then.is_some(),
            ..ledger
        },
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        components::Registry,
        config::{Node, Source},
        service::ServiceSpec,
    };

    #[test]
    fn what_the_write_of_a_run_has_no_use_for_is_refused() {
        let text = "[service]\nwrite = { dependency = \"db\", ledger = { outbox = false } }\n\
                    [dependency.db]\nlatency = \"5ms\"\n";
        let root = Node::parse(&Source::new("i.toml", text)).unwrap();
        let refusal = ServiceSpec::read(&root, &Registry::default()).unwrap_err();
        let refusal = refusal.to_string();
        assert!(refusal.starts_with("i.toml:2:"), "{refusal}");
        assert!(refusal.contains("needs no outbox"), "{refusal}");
    }
}
