//! Merging: the lists of those who answered become one page.

use crate::{
    components::merge::Source,
    service::{
        journey::Visit,
        ranked::{displaced, lists},
        world::World,
    },
};

/// Makes the page of a request whose calls have been answered by these steps, first to last.
pub(in crate::service) fn page(w: &World<'_>, v: &Visit<'_>, answered: &[usize]) {
    let (Some(spec), Some(merger)) = (&v.version.spec.merge, &w.mergers[v.version_index]) else {
        return;
    };
    if v.background {
        return;
    }
    let lists = lists(w, v.lasting, v.version_index, spec.pool);
    let list = |step: &usize| {
        let (step, hits) = lists.iter().find(|(of, _)| of == step)?;
        Some(Source {
            number: *step as u32,
            hits,
        })
    };
    let mut sources: Vec<Source<'_>> = answered.iter().filter_map(list).collect();
    let page = merger.merge(&sources);
    sources.reverse();
    let other = merger.merge(&sources);
    let mut pages = w.pages.borrow_mut();
    pages.pages += 1;
    pages.displaced += displaced(&page, &lists, merger.k(), v.lasting);
    pages.unstable += u64::from(page.items != other.items);
    pages.items += page.items.len() as u64;
    // Who contributes nothing is read as nothing.
    for (step, _) in &lists {
        let step = v.version.spec.steps[*step].number;
        pages.by_step.entry(step).or_insert(0);
    }
    for (i, item) in page.items.iter().enumerate() {
        pages.repeated += u64::from(page.items[..i].iter().any(|before| before.id == item.id));
        let step = v.version.spec.steps[item.source as usize].number;
        *pages.by_step.entry(step).or_insert(0) += 1;
    }
}
