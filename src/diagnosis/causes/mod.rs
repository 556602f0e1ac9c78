//! The catalogue of root causes. To add one: a file in its family's folder and a line in [`CAUSES`].
//!
//! A cause declares what must be so (`requires`: the weakest of these bounds its score, so no cause wins without its defining
//! evidence), what speaks for it and what speaks against it. It never looks at a recording. How the weights add up: `rank`.

mod cache;
mod cancellation;
mod compound;
mod cpu;
mod dependency;
mod duplicates;
mod keys;
mod latency;
mod limiter;
mod load;
mod parser;
mod partial;
mod queue;

use super::{
    evidence::{Evidence, Fact, Group},
    stats::Measure,
};
use serde::Serialize;

/// Kinds of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// The key of an answer changed.
    Keys,
    /// The cache behind the keys changed.
    Cache,
    /// Somebody who is called changed.
    Dependency,
    /// What comes in changed.
    Load,
    /// Something in the service itself takes longer, or waits.
    Latency,
    /// What is read cannot be read.
    Parser,
    /// A limiter refuses whom it should not.
    Limiter,
    /// Work goes on that nobody waits for.
    Cancellation,
    /// Something is done twice, or in part.
    Duplicates,
    /// Whom a queue serves, and whom not.
    Queue,
    /// What is computed costs more.
    Cpu,
    /// Success is said where there is none.
    Partial,
    /// Several things, one of which keeps the others alive.
    Compound,
}

impl Family {
    /// Its folder.
    pub fn name(self) -> &'static str {
        match self {
            Family::Keys => "keys",
            Family::Cache => "cache",
            Family::Dependency => "dependency",
            Family::Load => "load",
            Family::Latency => "latency",
            Family::Parser => "parser",
            Family::Limiter => "limiter",
            Family::Cancellation => "cancellation",
            Family::Duplicates => "duplicates",
            Family::Queue => "queue",
            Family::Cpu => "cpu",
            Family::Partial => "partial",
            Family::Compound => "compound",
        }
    }
}

/// What a cause is about, besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nothing further.
    None,
    /// The request-scoped field that keys follow.
    Field,
    /// The tag that keys follow.
    Tag,
    /// The tenant that grew most.
    Tenant,
    /// The dependency that changed most.
    Dependency,
}

/// One entry of the catalogue.
#[derive(Debug)]
pub struct Cause {
    /// Its name, in files and answers.
    pub id: &'static str,
    /// Its family.
    pub family: Family,
    /// What it is, one line.
    pub summary: &'static str,
    /// What it looks like, one line.
    pub signature: &'static str,
    /// Causes that it is mistaken for.
    pub look_alikes: &'static [&'static str],
    /// Must be so.
    pub requires: &'static [Clause],
    /// Speaks for it, and against it when it is not so.
    pub supports: &'static [Clause],
    /// Speaks against it when it is so.
    pub against: &'static [Clause],
    /// What it is about.
    pub subject: Subject,
    /// What stops the harm now.
    pub containment: &'static str,
    /// What cures it.
    pub remedy: &'static str,
    /// What to look at next, to be sure.
    pub next: &'static str,
    /// When an automated roll-back should have acted.
    pub trigger: &'static str,
}

/// A claim about one fact, as evidence in nats: 4 tanh of the distance from a line in units of a width.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// The fact.
    pub fact: Fact,
    /// Where the evidence turns: half of what would be noticeable.
    pub line: f64,
    /// How soft the turn is.
    pub width: f64,
    /// Whether more speaks for it.
    pub more: bool,
    /// The most nats that it may bring.
    pub most: f64,
    /// The most that it may take, when it is not so.
    pub least: f64,
}

/// The most that one clause may say: e⁴ is 55 to 1, so no single number decides alone.
const MOST: f64 = 4.0;
/// What timing may say: many things happen at any time (DESIGN.md section 7).
const TIMING: f64 = 1.5;

/// More than the line speaks for it.
pub const fn more(fact: Fact, line: f64, width: f64) -> Clause {
    Clause {
        fact,
        line,
        width,
        more: true,
        most: MOST,
        least: MOST,
    }
}

/// Less than the line speaks for it.
pub const fn less(fact: Fact, line: f64, width: f64) -> Clause {
    Clause {
        fact,
        line,
        width,
        more: false,
        most: MOST,
        least: MOST,
    }
}

/// A deploy at the onset: never more than a hint.
pub const DEPLOYED: Clause = Clause {
    fact: Fact::DeployAtOnset,
    line: 0.5,
    width: 0.25,
    more: true,
    most: TIMING,
    least: TIMING,
};

impl Clause {
    /// The same with a smaller voice.
    pub const fn at_most(mut self, nats: f64) -> Clause {
        self.most = nats;
        self.least = nats;
        self
    }

    /// The same, but silent when it is not so.
    pub const fn hint(mut self) -> Clause {
        self.least = 0.0;
        self
    }

    /// The evidence, in nats; `None` when the fact is not recorded, which is never evidence of anything.
    pub fn nats(&self, evidence: &Evidence) -> Option<f64> {
        let Measure { value, se } = evidence.get(self.fact)?;
        // One standard error closer to the line, and never past it.
        let off = value - self.line;
        let sure = (off.abs() - se).max(0.0).copysign(off);
        let toward = if self.more { sure } else { -sure };
        let most = if toward > 0.0 { self.most } else { self.least };
        Some(most * libm::tanh(toward / self.width))
    }

    /// The group in which it votes.
    pub fn group(&self) -> Group {
        self.fact.group()
    }
}

/// All causes.
pub const CAUSES: &[&Cause] = &[
    &keys::field_added::CAUSE,
    &keys::version_bumped::CAUSE,
    &keys::model_field_added::CAUSE,
    &keys::normalisation_lost::CAUSE,
    &keys::serializer_drift::CAUSE,
    &keys::per_process_seed::CAUSE,
    &cache::ttl_changed::CAUSE,
    &cache::capacity_cut::CAUSE,
    &cache::flush::CAUSE,
    &cache::traffic_mix_shift::CAUSE,
    &cache::volatile_prefix::CAUSE,
    &cache::working_set_grew::CAUSE,
    &dependency::slow::CAUSE,
    &dependency::errors::CAUSE,
    &compound::retry_storm::CAUSE,
    &compound::retry_without_backoff::CAUSE,
    &compound::capacity_loss::CAUSE,
    &compound::shard_loss::CAUSE,
    &compound::cold_cache_overload::CAUSE,
    &compound::latent_bug_by_data::CAUSE,
    &compound::restart_herd::CAUSE,
    &latency::slow_minority_dependency::CAUSE,
    &latency::new_connection_penalty::CAUSE,
    &latency::hot_tenant_queue::CAUSE,
    &latency::cold_start::CAUSE,
    &latency::autoscaler_lag::CAUSE,
    &latency::pool_too_small::CAUSE,
    &latency::pool_leak::CAUSE,
    &latency::retries_in_tail::CAUSE,
    &latency::request_size_grown::CAUSE,
    &latency::size_shift_blocks_others::CAUSE,
    &latency::cpu_quota_throttling::CAUSE,
    &latency::runtime_pause::CAUSE,
    &latency::lock_contention::CAUSE,
    &load::traffic_surge::CAUSE,
    &load::hot_tenant::CAUSE,
    &limiter::key_too_broad::CAUSE,
    &limiter::stacked::CAUSE,
    &limiter::refill_lost::CAUSE,
    &limiter::refill_too_slow::CAUSE,
    &limiter::burst_too_small::CAUSE,
    &limiter::window_cliff::CAUSE,
    &limiter::clock_skew::CAUSE,
    &limiter::divided::CAUSE,
    &limiter::abuse::CAUSE,
    &queue::strict_priority::CAUSE,
    &queue::ageing_too_slow::CAUSE,
    &queue::ageing_saturates::CAUSE,
    &queue::ageing_too_aggressive::CAUSE,
    &queue::no_burst_cap::CAUSE,
    &queue::no_floor::CAUSE,
    &queue::prefetch_hoarding::CAUSE,
    &queue::single_fifo_flood::CAUSE,
    &queue::poison_message::CAUSE,
    &queue::by_length::CAUSE,
    &queue::worker_loss::CAUSE,
    &parser::missing_field::CAUSE,
    &parser::type_strictness::CAUSE,
    &parser::enum_drift::CAUSE,
    &parser::strict_parser_first::CAUSE,
    &parser::wrapped_output::CAUSE,
    &parser::payload_truncated::CAUSE,
    &parser::stream_assembly::CAUSE,
    &parser::schema_mismatch::CAUSE,
    &parser::format_drift::CAUSE,
    &partial::tool_failure_swallowed::CAUSE,
    &partial::item_errors_hidden::CAUSE,
    &partial::dropped_at_deadline::CAUSE,
    &partial::partial_results::CAUSE,
    &partial::truncated_as_complete::CAUSE,
    &partial::silent_fallback::CAUSE,
    &partial::aggregate_boolean::CAUSE,
    &cancellation::detached_task::CAUSE,
    &cancellation::swallowed_cancellation::CAUSE,
    &cancellation::cancellation_hostile_driver::CAUSE,
    &cancellation::disconnect_masked::CAUSE,
    &cancellation::no_cancel_path::CAUSE,
    &cancellation::registry_leak::CAUSE,
    &cancellation::no_deadline::CAUSE,
    &cancellation::deadline_ignored::CAUSE,
    &cancellation::slot_leak_on_cancel::CAUSE,
    &cancellation::connection_leak::CAUSE,
    &cancellation::audit_killed::CAUSE,
    &duplicates::idempotency_key_unstable::CAUSE,
    &duplicates::idempotency_key_too_broad::CAUSE,
    &duplicates::idempotency_store_lost::CAUSE,
    &duplicates::check_then_act_race::CAUSE,
    &duplicates::idempotency_record_expired::CAUSE,
    &duplicates::visibility_timeout_too_short::CAUSE,
    &duplicates::timeout_taken_for_failure::CAUSE,
    &duplicates::hidden_retry_layer::CAUSE,
    &duplicates::lease_shorter_than_work::CAUSE,
    &duplicates::no_outbox::CAUSE,
    &cpu::quadratic_loop::CAUSE,
    &cpu::quadratic_accumulation::CAUSE,
    &cpu::repeated_serialization::CAUSE,
    &cpu::regex_backtracking::CAUSE,
    &cpu::quadratic_on_content::CAUSE,
    &cpu::json_parsed_per_layer::CAUSE,
    &cpu::rebuilt_per_request::CAUSE,
    &cpu::global_lock::CAUSE,
    &cpu::probe_removes_replicas::CAUSE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_look_alike_is_in_the_catalogue_and_no_name_twice() {
        for cause in CAUSES {
            assert_eq!(
                CAUSES.iter().filter(|c| c.id == cause.id).count(),
                1,
                "{}",
                cause.id
            );
            for other in cause.look_alikes {
                assert!(
                    // One that is drawn and not named yet may be mistaken for it too.
                    crate::diagnosis::catalogue::all().any(|(c, _)| c.id == *other),
                    "{}: {other}",
                    cause.id
                );
            }
            assert!(
                !cause.requires.is_empty(),
                "{} must require something",
                cause.id
            );
        }
    }

    #[test]
    fn evidence_moves_each_clause_the_way_it_says() {
        for cause in CAUSES {
            for clause in cause
                .requires
                .iter()
                .chain(cause.supports)
                .chain(cause.against)
            {
                let at = |value: f64| {
                    let mut evidence = Evidence::default();
                    evidence.put(clause.fact, Some(Measure::new(value, 0.0)));
                    clause.nats(&evidence)
                };
                let (low, high) = (
                    at(clause.line - 3.0 * clause.width),
                    at(clause.line + 3.0 * clause.width),
                );
                assert_eq!(low < high, clause.more, "{}: {:?}", cause.id, clause.fact);
                assert_eq!(at(clause.line), Some(0.0));
            }
        }
    }

    #[test]
    fn what_is_not_recorded_is_no_evidence() {
        let nothing = Evidence::default();
        assert!(
            CAUSES
                .iter()
                .flat_map(|c| c.requires)
                .all(|clause| clause.nats(&nothing).is_none())
        );
    }
}
