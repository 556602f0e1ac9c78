//! What becomes of work whose client has left. Sources: Q25; python/cpython#75633, vllm-project/vllm#10087,
//! psycopg/psycopg#509, ROCm/ATOM#1441, joseprupi/quantraserver#90.

use super::QueueSpec;
use crate::config::{At, Node, Percent, Refusal};

crate::choice! {
    /// What a service does when a client closes its connection.
    pub enum OnDisconnect {
        /// The handler is told, and cancels all that it does for it.
        Stop = "stop",
        /// A middleware hides it: the edge sees it, the handler does not, and works to the end.
        Masked = "masked",
        /// The handler is told, and nothing that it does can be stopped.
        Ignore = "ignore",
    }
}

crate::choice! {
    /// What a call does when its request is cancelled.
    pub enum OnCancel {
        /// It ends at once.
        Stop = "stop",
        /// It is a task of its own, which nobody cancels: it goes on, with its retries.
        Detach = "detach",
        /// The handler catches the cancellation and drops it: this call goes on, and all that comes after it.
        Swallow = "swallow",
        /// The driver does not honour it: the handler is let go, the attempt goes on at the dependency and keeps its connection.
        Ignore = "ignore",
    }
}

impl OnCancel {
    /// Whether the call outlives its request.
    pub fn outlives(self) -> bool {
        matches!(self, OnCancel::Detach | OnCancel::Ignore)
    }
}

crate::choice! {
    /// What becomes of a request in the queue whose client has left, or whose deadline has passed.
    pub enum Expired {
        /// It leaves the queue at once.
        Leave = "leave",
        /// It is dropped when its turn comes.
        Drop = "drop",
        /// It is worked on as if somebody waited for it.
        Serve = "serve",
    }
}

crate::choice! {
    /// On which exits a request is taken out of the registry.
    pub enum Removal {
        /// On every exit.
        Every = "every-exit",
        /// When an answer has gone out, good or bad: not when the client left before.
        Answer = "answer",
        /// When it has succeeded.
        Success = "success",
        /// When it was refused before any work was done: what is taken in, stays.
        Refusal = "refusal",
    }
}

crate::options! {
    /// Registry of requests under way.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RegistryOptions {
        /// On which exits an entry is removed: every-exit, answer, success, refusal.
        removal: Removal = Removal::Every, "every-exit";
        /// Entries of each replica at most: with so many a request is turned away; 0 is no bound.
        limit: u32 = 0, "no bound";
    }
}

crate::options! {
    /// What a pool loses when a request is cancelled.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct LostOnCancel {
        /// Share of cancelled waits for a connection that take the slot with them: the pool is one smaller until the process restarts.
        slot: Percent = Percent(0.0), "0";
        /// Share of calls cancelled under way whose connection is never given back: it stays in use until the process restarts.
        connection: Percent = Percent(0.0), "0";
    }
}

impl LostOnCancel {
    pub(super) fn checked(self, at: &At, pool: u32) -> Result<LostOnCancel, Refusal> {
        if pool == 0 {
            return Err(
                Refusal::at(at, "a pool without a bound has no slot to lose").help("add pool = 64"),
            );
        }
        if self.slot.0 <= 0.0 && self.connection.0 <= 0.0 {
            return Err(Refusal::at(at, "nothing is lost here")
                .help("such as { slot = \"0.5%\" }, { connection = \"20%\" }, or leave it out"));
        }
        Ok(self)
    }
}

/// Refuses a queue that lets go of those who have left where nobody tells it that they have.
pub(super) fn check_expired(
    service: &Node,
    queue: Option<&QueueSpec>,
    on_disconnect: Option<OnDisconnect>,
) -> Result<(), Refusal> {
    let leaves = queue.is_some_and(|q| q.expired == Some(Expired::Leave));
    match (on_disconnect, service.get("queue.expired")) {
        (Some(how @ (OnDisconnect::Masked | OnDisconnect::Ignore)), Some(node)) if leaves => {
            let message = format!(
                "with on_disconnect = \"{}\" nobody takes those who left out of the queue",
                how.word()
            );
            Err(Refusal::at(&node.at, message)
                .help("\"drop\" looks when their turn comes; \"serve\" does not look"))
        }
        _ => Ok(()),
    }
}
