//! The faults of the house: what each is called, where it acts, and what a file may say of it.

use super::{Fault, Reach};
use crate::{
    config::{Field, Kind, Options, Percent},
    trace::Filter,
};

/// The faults that a file may name.
pub fn kinds() -> Vec<Kind<Box<dyn Fault>>> {
    vec![
        Kind {
            name: "latency",
            summary: "calls take longer",
            fields: super::latency::LatencyFault::fields,
            build: super::latency::build,
        },
        Kind {
            name: "error",
            summary: "calls fail",
            fields: super::error::ErrorFault::fields,
            build: super::error::build,
        },
        Kind {
            name: "outage",
            summary: "calls never end",
            fields: super::outage::OutageFault::fields,
            build: super::outage::build,
        },
        Kind {
            name: "disconnect",
            summary: "clients leave before they are answered",
            fields: super::disconnect::DisconnectFault::fields,
            build: super::disconnect::build,
        },
        Kind {
            name: "payload",
            summary: "what clients send is no longer what it was",
            fields: super::payload::PayloadFault::fields,
            build: super::payload::build,
        },
        Kind {
            name: "size",
            summary: "requests are larger, or smaller",
            fields: super::size::SizeFault::fields,
            build: super::size::build,
        },
        Kind {
            name: "clock-skew",
            summary: "a replica's clock shows another time",
            fields: super::clock_skew::ClockSkewFault::fields,
            build: super::clock_skew::build,
        },
        Kind {
            name: "item-error",
            summary: "items of bulk calls are refused",
            fields: super::parts::ItemErrorFault::fields,
            build: super::parts::build_item_error,
        },
        Kind {
            name: "shard-loss",
            summary: "a shard of searches is lost",
            fields: super::parts::ShardLossFault::fields,
            build: super::parts::build_shard_loss,
        },
        Kind {
            name: "cut-stream",
            summary: "connections of streamed answers are closed before the end",
            fields: super::parts::CutStreamFault::fields,
            build: super::parts::build_cut_stream,
        },
        Kind {
            name: "output",
            summary: "what a dependency writes is no longer what it was",
            fields: super::output::OutputFault::fields,
            build: super::output::build,
        },
        Kind {
            name: "timeout",
            summary: "calls are never answered, and given up in between",
            fields: super::cut::TimeoutFault::fields,
            build: super::cut::build_timeout,
        },
        Kind {
            name: "connection-reset",
            summary: "calls are broken off",
            fields: super::cut::ResetFault::fields,
            build: super::cut::build_reset,
        },
        Kind {
            name: "lost-response",
            summary: "calls are served, and their answers do not arrive",
            fields: super::cut::LostFault::fields,
            build: super::cut::build_lost,
        },
        Kind {
            name: "new-connection",
            summary: "opening a connection takes longer",
            fields: super::new_connection::NewConnectionFault::fields,
            build: super::new_connection::build,
        },
        Kind {
            name: "pool-leak",
            summary: "connections are not given back",
            fields: super::pool_leak::PoolLeakFault::fields,
            build: super::pool_leak::build,
        },
        Kind {
            name: "pause",
            summary: "processes stand still",
            fields: super::pause::PauseFault::fields,
            build: super::pause::build,
        },
        Kind {
            name: "cpu-quota",
            summary: "processes are frozen when their CPU time of a period is spent",
            fields: crate::service::RationOptions::fields,
            build: super::cpu_quota::build,
        },
        Kind {
            name: "crash",
            summary: "processes die, and others start in their place",
            fields: super::crash::CrashFault::fields,
            build: super::crash::build,
        },
        Kind {
            name: "probe-failure",
            summary: "health probes fail, however well replicas serve",
            fields: super::probe_failure::ProbeFailureFault::fields,
            build: super::probe_failure::build,
        },
        Kind {
            name: "worker-loss",
            summary: "processes lose workers, and others do not come in their place",
            fields: super::worker_loss::WorkerLossFault::fields,
            build: super::worker_loss::build,
        },
        Kind {
            name: "cold-start",
            summary: "fresh processes compute slowly",
            fields: super::cold_start::ColdStartFault::fields,
            build: super::cold_start::build,
        },
    ]
}

/// Where a fault of the house acts, by its name: known before there is one, for the schema.
pub fn reach_of(name: &str) -> Option<Reach> {
    Some(match name {
        "latency" | "error" | "outage" | "item-error" | "shard-loss" | "cut-stream" | "output"
        | "timeout" | "connection-reset" | "new-connection" | "pool-leak" | "lost-response" => {
            Reach::Calls
        }
        "disconnect" | "payload" | "size" => Reach::Arrivals,
        "clock-skew" => Reach::Clocks,
        "pause" | "cpu-quota" | "cold-start" | "crash" | "probe-failure" | "worker-loss" => {
            Reach::Replicas
        }
        _ => return None,
    })
}

/// What a file may say of every fault of this name beside its own options.
pub fn common_fields(name: &str) -> Vec<Field> {
    let reach = reach_of(name);
    let mut fields = CommonOptions::fields();
    fields.retain(|f| match reach {
        Some(Reach::Calls) | None => true,
        Some(Reach::Arrivals) => matches!(f.name, "percentage" | "where"),
        Some(Reach::Clocks | Reach::Replicas) => match name {
            "crash" => f.name != "target",
            "probe-failure" => matches!(f.name, "percentage" | "replica"),
            _ => f.name == "replica",
        },
    });
    for field in &mut fields {
        match (reach, field.name) {
            (Some(Reach::Calls), "target") => {
                field.default = None;
                field.doc = "Dependency whose calls it strikes.";
            }
            (Some(Reach::Clocks | Reach::Replicas), "replica") => {
                field.doc = "The only replica that it strikes; 0 is all.";
            }
            (Some(Reach::Replicas), "percentage") => {
                field.doc = match name {
                    "crash" => "Percentage of requests that kill whoever serves them.",
                    _ => "Percentage of probes that fail.",
                };
            }
            (Some(Reach::Replicas), "where") => {
                field.doc = "Which requests kill whoever serves them.";
            }
            (Some(Reach::Arrivals), "percentage") => {
                field.doc = "Percentage of requests that it strikes.";
            }
            (Some(Reach::Calls), "percentage") => {
                field.doc = "Percentage of calls that it strikes.";
            }
            _ => {}
        }
    }
    fields
}

/// Options that every fault has, read by the incident beside the fault's own.
pub const COMMON: &[&str] = &["kind", "target", "percentage", "replica", "where"];

crate::options! {
    /// What every fault has.
    #[derive(Clone, Debug)]
    pub struct CommonOptions {
        /// Dependency whose calls it strikes; a fault that acts elsewhere has none.
        target: Option<(String, crate::config::At)> = None, "none";
        /// Percentage of calls, or of requests, that it strikes.
        percentage: Percent = Percent(1.0), "100%";
        /// The only replica whose calls it strikes; 0 is all.
        replica: u32 = 0, "all";
        /// Which requests it strikes, such as 'tenant == "acme" and input_tokens > 1000'.
        r#where: Option<Filter> = None, "all";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_schema_says_of_where_a_fault_acts_is_so() {
        use crate::config::{Node, Source, pick};
        let own = [
            ("latency", "latency = \"1s\""),
            ("timeout", "after = \"1s\""),
            ("new-connection", "latency = \"1s\""),
            ("payload", "change = \"drop\"\nfield = \"prompt\""),
            ("size", "input = 2"),
            ("disconnect", "after = \"1s\""),
            ("clock-skew", "skew = \"1s\""),
            ("item-error", "field = \"a\""),
            ("cut-stream", "after = \"1s\""),
            ("output", "change = \"wrap\""),
            ("pause", "lasts = \"1s\"\nevery = \"2s\""),
            ("cpu-quota", "quota = \"1ms\""),
            ("worker-loss", "workers = 1"),
        ];
        for kind in kinds() {
            let name = kind.name;
            let own = own.iter().find(|(of, _)| *of == name).map_or("", |o| o.1);
            let text = format!("kind = \"{name}\"\n{own}");
            let node = Node::parse(&Source::new("fault", text)).unwrap();
            let fault = pick(&kinds(), "fault", &node).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(reach_of(name), Some(fault.reach()), "{name}");
            if matches!(fault.reach(), Reach::Clocks | Reach::Replicas) {
                let fields = common_fields(name);
                let said = fields.iter().map(|f| f.name).filter(|n| *n != "replica");
                assert_eq!(said.collect::<Vec<_>>(), fault.aims(), "{name}");
            }
        }
    }
}
