//! Clients leave: they close the connection after a while, and do not come back for what they asked.

use super::{COMMON, Fault, Reach};
use crate::{
    config::{At, Options, Refusal, Span, Table},
    sim::dice::Draw,
    trace::{Request, SharedTags},
};

crate::options! {
    /// Disconnect fault.
    #[derive(Clone, Debug)]
    pub struct DisconnectFault {
        /// How long a client waits before it leaves.
        after: Span,
        /// Up to so much more, or less, by dice.
        jitter: Span = Span(0), "0";
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = DisconnectFault::read_table(at, table, &[taken, COMMON].concat())?;
    if fault.after.0 == 0 {
        let place = table.get("after").map_or(at, |entry| &entry.node.at);
        return Err(
            Refusal::at(place, "a client that leaves before it has asked")
                .help("after = \"2s\", such as"),
        );
    }
    Ok(Box::new(fault))
}

impl Fault for DisconnectFault {
    fn reach(&self) -> Reach {
        Reach::Arrivals
    }

    /// While it ramps, a share of its victims is spared. Who would leave sooner anyway is left alone.
    fn arrive(&self, r: &mut Request, _: &SharedTags, strength: f64, draw: &mut Draw) -> bool {
        let jitter = self.jitter.0 as f64 * (2.0 * draw.unit() - 1.0);
        let after = ((self.after.0 as f64 + jitter) as u64).max(1);
        let leaves = draw.chance(strength) && (r.disconnect == 0 || r.disconnect > after);
        if leaves {
            r.disconnect = after;
        }
        leaves
    }
}
