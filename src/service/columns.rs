//! What a recording of these versions has columns for.

use super::spec::{DependencyKind, DependencySpec, LevelSpec, ServiceSpec};
use crate::components::keys::Tag;
use crate::recording::{AttemptRow, RequestRow, Row, Table, attempts, requests};

/// The columns that a run of these versions records: the core, and those of the stages that are on.
pub fn recorded_columns(versions: &[ServiceSpec]) -> (Table<RequestRow>, Table<AttemptRow>) {
    let any = |on: fn(&ServiceSpec) -> bool| versions.iter().any(on);
    let mut off = vec![];
    let mut unless = |on: bool, columns: &[usize]| {
        if !on {
            off.extend_from_slice(columns);
        }
    };
    unless(any(|s| s.cold_for > 0), &[requests::cold]);
    unless(
        any(|s| s.key.is_some()),
        &[
            requests::h_raw,
            requests::h_fields,
            requests::h_canon,
            requests::h_key,
            requests::key_template,
            requests::serializer,
        ],
    );
    unless(
        any(|s| s.cache.is_some()),
        &[
            requests::cache,
            requests::miss,
            requests::hit_age,
            requests::writer,
        ],
    );
    unless(any(|s| s.single_flight.is_some()), &[requests::flight_wait]);
    unless(any(|s| s.queue.is_some()), &[requests::queue_wait]);
    unless(
        any(|s| s.limiter.is_some()),
        &[
            requests::limiter_key,
            requests::limiter_remaining,
            requests::limiter_scope,
            requests::reject,
        ],
    );
    let levels = |on: fn(&LevelSpec) -> bool| {
        let limiters = versions.iter().filter_map(|s| s.limiter.as_ref());
        limiters.flat_map(|l| &l.levels).any(on)
    };
    unless(levels(|l| l.soft), &[requests::soft_reject]);
    unless(any(|s| s.quota.is_some()), &[requests::quota]);
    unless(
        levels(|l| l.key.contains(&Tag::Address)),
        &[requests::address],
    );
    unless(
        any(ServiceSpec::parses),
        &[
            requests::parse_error,
            requests::parse_path,
            requests::parser_version,
        ],
    );
    unless(
        any(|s| {
            let of_outputs = s.steps.iter().filter_map(|s| s.parse_output.as_ref());
            s.parse.iter().chain(of_outputs).any(|p| p.shapes)
        }),
        &[
            requests::shape,
            requests::parse_at,
            requests::unknown_fields,
        ],
    );
    unless(
        any(|s| {
            s.dependencies
                .iter()
                .any(|d| matches!(d.kind, DependencyKind::Engine(_)))
        }),
        &[requests::ttft, requests::itl, requests::prefix_hit],
    );
    unless(
        any(ServiceSpec::logs_parts),
        &[requests::told, requests::honest, requests::steps_failed],
    );
    let part =
        |on: fn(&DependencySpec) -> bool| versions.iter().any(|s| s.dependencies.iter().any(on));
    unless(
        part(|d| d.items.is_some()),
        &[requests::items_sent, requests::items_stored],
    );
    unless(
        part(|d| d.shards.is_some()),
        &[requests::shards, requests::shards_ok, requests::hits],
    );
    unless(part(|d| d.stream.is_some()), &[requests::end_marker]);
    unless(
        any(|s| s.dependencies.iter().any(|d| d.pool > 0)),
        &[requests::pool_wait],
    );
    let cores = |s: &ServiceSpec| s.cpu.as_ref().is_some_and(|cpu| cpu.cores.is_some());
    let metered = any(|s| !s.work.is_empty()) || versions.iter().any(cores);
    unless(metered, &[requests::cpu, requests::core_wait]);
    let locks = |s: &ServiceSpec| {
        let gil = s
            .cpu
            .as_ref()
            .and_then(|cpu| cpu.cores)
            .is_some_and(|c| c.gil);
        gil || s.work.iter().any(|site| !site.options.lock.is_empty())
    };
    unless(versions.iter().any(locks), &[requests::lock_wait]);
    unless(any(|s| !s.work.is_empty()), &[requests::work_size]);
    let columns = 0..RequestRow::COLUMNS.len();
    let connects = any(|s| s.dependencies.iter().any(|d| d.keep.is_some()));
    let reads = any(|s| s.steps.iter().any(|s| s.parse_output.is_some()));
    let leavers = any(ServiceSpec::minds_leavers);
    let of_attempts = 0..AttemptRow::COLUMNS.len();
    (
        Table::with_columns(columns.filter(|c| !off.contains(c))),
        Table::with_columns(of_attempts.filter(|c| match *c {
            attempts::connect => connects,
            attempts::parse_error => reads,
            attempts::budget | attempts::meant => leavers,
            _ => true,
        })),
    )
}
