//! Metered work: what a site computes for a request, charged to the cores of its replica.

use crate::{
    recording::{RequestRow, outcome},
    service::{
        cpu,
        journey::Visit,
        metered::Texts,
        spec::{On, SiteSpec, SiteStage},
        world::World,
    },
};
use std::borrow::Cow;

/// Whether a request passes any site at this stage.
#[inline]
pub(in crate::service) fn any(v: &Visit<'_>, stage: SiteStage) -> bool {
    v.version.spec.work.iter().any(|s| s.options.stage == stage)
}

/// Passes the sites of a stage one after another. `Err`: a watchdog broke one off, and this is how the request ends.
pub(in crate::service) async fn at(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
    stage: SiteStage,
) -> Result<(), u8> {
    for (number, site) in w.metered.of(v.version_index) {
        let options = &site.options;
        let passes = |w: &World<'_>| match &options.r#where {
            Some(filter) => filter.passes(v.request, &w.tags.borrow()),
            None => true,
        };
        if options.stage != stage || !passes(w) {
            continue;
        }
        let Some(cost) = cost(w, v, number, site) else {
            continue;
        };
        let time = cost.bill.iter().map(|(_, time)| time).sum();
        w.metered.note_slope(number, cost.size, time);
        row.work_size = row.work_size.max(cost.bytes);
        let lock = Some(options.lock.as_str()).filter(|name| !name.is_empty());
        let bill = super::compute::paced(w, v, row, &cost.bill);
        cpu::compute(w, v, row, bill, lock).await;
        if cost.broken_off {
            return Err(outcome::ERROR);
        }
    }
    Ok(())
}

/// What a site costs for this request; `None` where there is nothing to work on.
fn cost(
    w: &World<'_>,
    v: &Visit<'_>,
    number: usize,
    site: &SiteSpec,
) -> Option<std::rc::Rc<crate::service::metered::Cost>> {
    let payload = &v.request.payload;
    Some(match site.options.on {
        On::Request if payload.raw.is_empty() => return None,
        On::Request => {
            let text = || Cow::Borrowed(&*payload.raw);
            w.metered.cost(number, payload.raw_digest, text)
        }
        On::Answer => {
            let known = Texts::answer(payload.raw_digest, v.request.output_tokens);
            let text = || Cow::Owned(w.metered.texts.borrow_mut().text(known).to_string());
            w.metered.cost(number, known.0, text)
        }
        On::Item => {
            let tags = w.tags.borrow();
            let digest = match v.request.item {
                0 => return None,
                item => tags.item.digest(item),
            };
            let text = || Cow::Borrowed(tags.item.name(v.request.item));
            w.metered.cost(number, digest, text)
        }
    })
}
