//! Who sends the requests: how long they wait, and whether they try again.

use crate::{
    config::{Percent, Span},
    service::latency::Latency,
};

crate::options! {
    /// Clients.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ClientOptions {
        /// How long they wait before they hang up; 0 is for ever.
        patience: Span = Span(0), "for ever";
        /// Whether and how they try again.
        retry: ClientRetry = ClientRetry::never(), "none";
        /// Whether they send again what was answered well: { share = "1%", after = { kind = "uniform", min = "2m", max = "5m" } }.
        replay: Option<ClientReplay> = None, "never";
    }
}

crate::options! {
    /// Retry habit of clients.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ClientRetry {
        /// Retries after the first try.
        max: u32 = 0, "0";
        /// Wait before the first retry; doubles with each.
        after: Span = Span(1_000_000_000), "1s";
        /// Share of the wait that is left to dice.
        jitter: Percent = Percent(0.5), "50%";
        /// Wait as long as a refusal says, and do not come back with what fails each time.
        obey_retry_after: bool = true, "true";
        /// Retries as a percentage of first tries, of all clients together; 100 is no bound.
        budget: Percent = Percent(1.0), "100%";
        /// Retries that the budget can save up.
        budget_burst: u32 = 10, "10";
    }
}

crate::options! {
    /// Operations that are sent once more though they were answered: by a reconciliation, a webhook that is delivered again, an
    /// app that was closed before it saw the answer. The same operation, as one more try of it.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ClientReplay {
        /// Share of the operations.
        share: Percent,
        /// How long after the answer.
        after: Latency,
    }
}

impl ClientRetry {
    /// They never try again.
    pub fn never() -> ClientRetry {
        ClientRetry {
            max: 0,
            after: Span(1_000_000_000),
            jitter: Percent(0.5),
            obey_retry_after: true,
            budget: Percent(1.0),
            budget_burst: 10,
        }
    }
}

impl ClientOptions {
    /// Those of a file that says nothing of them: they wait for ever and never try again.
    pub(super) fn patient() -> ClientOptions {
        ClientOptions {
            patience: Span(0),
            retry: ClientRetry::never(),
            replay: None,
        }
    }
}
