//! The journey of one request through the service: every stage by name, in order.

use super::{
    answers, cpu, deaths,
    errand::Errand,
    parts::Parts,
    process::Process,
    seams::Moment,
    spec::SiteStage,
    stages::{
        admission, cache, compute, flight, graph, key, parse, queue, store, trending, work, write,
    },
    version::Version,
    world::World,
};
use crate::{
    recording::{RequestRow, outcome, served_by},
    sim::dice::Dice,
    trace::Request,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// A request on its way: what every stage may ask for.
pub(super) struct Visit<'a> {
    pub request: &'a Request,
    pub version: &'a Version,
    /// Index of the version, for what is built per version.
    pub version_index: usize,
    pub process: Rc<Process>,
    /// Dice of this try of the client's: what failed by chance may go well the next time.
    pub dice: Dice,
    /// Dice of the operation: what is wrong with it is wrong at each try.
    pub lasting: Dice,
    /// Number of its row, for the rows of its attempts.
    pub number: u64,
    pub background: bool,
    /// The answer is a wrong one, or made out of one.
    pub spoilt: Cell<bool>,
    /// What a refusal said of when to come back, ns; 0: nothing, [`NEVER`](super::process::NEVER) for what fails each time.
    pub retry_after: Cell<u64>,
    /// What its answer is made of, where that is logged.
    pub parts: Option<Rc<RefCell<Parts>>>,
    /// What is shared by its parts, where they may outlive its client.
    pub errand: Option<Rc<Errand>>,
}

impl Visit<'_> {
    /// What is known by now of a request that may be worked on longer than its client waits.
    #[inline]
    pub fn note(&self, row: &RequestRow) {
        if let Some(errand) = &self.errand {
            errand.note(row);
        }
    }
}

/// Goes through the stages. Gives the outcome, and leaves times and tags in `row`; when it is dropped half way (the client
/// hung up), what the row holds by then stands.
pub(super) async fn journey(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow) -> u8 {
    cpu::stand_still(w, v).await;
    // Boxed, here and below: few services have work that is counted.
    if work::any(v, SiteStage::Filter)
        && let Err(failed) = Box::pin(work::at(w, v, row, SiteStage::Filter)).await
    {
        return failed;
    }
    if let Err(refused) = admission::enter(w, v, row) {
        return refused;
    }
    // Boxed: few services have their limits in a store, and no other journey shall be larger for it.
    if let Some(stored) = store::of(v)
        && let Err(refused) = Box::pin(store::enter(w, v, row, stored)).await
    {
        return refused;
    }
    if let Err(refused) = parse::read(w, v, row).await {
        return refused;
    }
    if work::any(v, SiteStage::Parse)
        && let Err(failed) = Box::pin(work::at(w, v, row, SiteStage::Parse)).await
    {
        return failed;
    }
    let keys = key::make(w, v, row);
    v.note(row);
    if trending::see(w, v, keys) {
        row.served_by = served_by::CACHE;
        return outcome::OK;
    }
    if cache::look_up(w, v, keys, row).await {
        row.served_by = served_by::CACHE;
        return outcome::OK;
    }
    v.note(row);
    let lead = match flight::join(w, v, keys, row).await {
        flight::Role::Lead(lead) => lead,
        flight::Role::Follower(landed) => {
            row.served_by = served_by::FLIGHT;
            return landed;
        }
    };
    let end = match queue::wait(w, v, row).await {
        Err(refused) => refused,
        Ok(_worker) => {
            // Poison is poison at each try.
            deaths::may_kill(w, v, Moment::Work, 0).await;
            let mut end = outcome::OK;
            if work::any(v, SiteStage::Compute)
                && let Err(failed) = Box::pin(work::at(w, v, row, SiteStage::Compute)).await
            {
                end = failed;
            }
            if end == outcome::OK {
                compute::work(w, v, row).await;
                end = graph::all(w, v, row).await;
            }
            // Boxed, as few services write.
            if let Some(write) = &v.version.spec.write
                && matches!(end, outcome::OK | outcome::DEGRADED)
            {
                end = Box::pin(write::once(w, v, row, write, end)).await;
            }
            if work::any(v, SiteStage::Answer)
                && matches!(end, outcome::OK | outcome::DEGRADED)
                && let Err(failed) = Box::pin(work::at(w, v, row, SiteStage::Answer)).await
            {
                end = failed;
            }
            cache::fill(w, v, keys, row, end);
            end
        }
    };
    lead.land(end, || answers::identity(w, v, row));
    end
}
