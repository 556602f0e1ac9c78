//! The timer store against a model: a plain list searched for the least (instant, insertion).

use gameday::sim::timers::{TimerId, TimerQueue};
use proptest::prelude::*;

#[derive(Default)]
struct Model {
    /// (instant, insertion, tag)
    pending: Vec<(u64, u64, u32)>,
    inserted: u64,
}

impl Model {
    fn insert(&mut self, at: u64, tag: u32) {
        self.inserted += 1;
        self.pending.push((at, self.inserted, tag));
    }
    fn pop_until(&mut self, limit: u64) -> Option<(u64, u32)> {
        let (i, &(at, _, tag)) = self
            .pending
            .iter()
            .enumerate()
            .min_by_key(|(_, t)| (t.0, t.1))?;
        if at > limit {
            return None;
        }
        self.pending.swap_remove(i);
        Some((at, tag))
    }
    fn cancel(&mut self, tag: u32) {
        self.pending.retain(|t| t.2 != tag);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert { after: u64 },
    Cancel { which: usize },
    PopWithin { span: u64 },
}

/// Spans from 0 to beyond every level of the wheel; small ones often, so that ties are common.
fn span() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..4u64,
        4 => 0..100u64,
        3 => 0..100_000u64,
        2 => 0..10_000_000_000u64,
        1 => 0..(u64::MAX / 1000),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => span().prop_map(|after| Step::Insert { after }),
        2 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        4 => span().prop_map(|span| Step::PopWithin { span }),
    ]
}

fn agree(steps: Vec<Step>, burst: usize) -> Result<(), TestCaseError> {
    let (mut queue, mut model) = (TimerQueue::new(), Model::default());
    let mut live: Vec<(u32, TimerId)> = Vec::new();
    let (mut now, mut tag) = (0u64, 0);
    for step in steps {
        match step {
            Step::Insert { after } => {
                // A burst of equals overflows the near tier.
                for _ in 0..if tag % 64 == 0 { burst } else { 1 } {
                    let at = now.saturating_add(after);
                    model.insert(at, tag);
                    live.push((tag, queue.insert(at, tag)));
                    tag += 1;
                }
            }
            Step::Cancel { which } if !live.is_empty() => {
                let (tag, id) = live.swap_remove(which % live.len());
                prop_assert!(!queue.fired(id));
                prop_assert_eq!(queue.tag(id), tag);
                queue.release(id);
                model.cancel(tag);
            }
            Step::Cancel { .. } => {}
            Step::PopWithin { span } => {
                let limit = now.saturating_add(span);
                let (got, expected) = (queue.pop_until(limit), model.pop_until(limit));
                prop_assert_eq!(got, expected);
                match got {
                    Some((at, tag)) => {
                        now = at;
                        let i = live.iter().position(|t| t.0 == tag).unwrap();
                        let (_, id) = live.swap_remove(i);
                        prop_assert!(queue.fired(id));
                        queue.release(id);
                    }
                    None => now = limit,
                }
            }
        }
        prop_assert_eq!(queue.len(), model.pending.len());
    }
    while let Some(expected) = model.pop_until(u64::MAX) {
        prop_assert_eq!(queue.take_until(u64::MAX), Some(expected));
    }
    prop_assert!(queue.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn timers_leave_by_instant_and_then_by_insertion(
        steps in prop::collection::vec(step(), 1..400),
        burst in 1..80usize,
    ) {
        agree(steps, burst)?;
    }
}

#[test]
fn ten_thousand_timers_of_one_instant_leave_in_the_order_they_came() {
    let mut queue = TimerQueue::new();
    for tag in 0..10_000 {
        queue.insert(7, tag);
    }
    for tag in 0..10_000 {
        assert_eq!(queue.take_until(7), Some((7, tag)));
    }
    assert_eq!(queue.take_until(u64::MAX), None);
}

#[test]
fn a_timer_before_the_last_instant_counts_as_due_at_it() {
    let mut queue = TimerQueue::new();
    queue.insert(100, 1);
    assert_eq!(queue.take_until(100), Some((100, 1)));
    queue.insert(5, 2);
    let (at, tag) = queue.take_until(100).unwrap();
    assert!(at <= 100 && tag == 2);
}
