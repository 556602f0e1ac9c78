//! Tasks: whose they are, whom they outlive, and how they are cancelled.

mod sim_support;

use gameday::sim::sync::{Latch, Semaphore};
use gameday::sim::{Elapsed, Sim};
use sim_support::{Counted, run};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[test]
fn children_and_grandchildren_die_with_their_parent() {
    run(async |sim| {
        let drops = Rc::new(Cell::new(0));
        let parent = async {
            let (clock, counted) = (sim.clone(), Counted(drops.clone()));
            let grand_counted = Counted(drops.clone());
            let child = sim.spawn(async move {
                let _counted = counted;
                let grand_clock = clock.clone();
                let grandchild = clock.spawn(async move {
                    let _counted = grand_counted;
                    grand_clock.sleep(500).await;
                });
                clock.sleep(400).await;
                grandchild.await;
            });
            let clock = sim.clone();
            let quick = sim.spawn(async move {
                clock.sleep(30).await;
                5
            });
            assert_eq!(quick.await, 5);
            child.await;
        };
        assert_eq!(sim.timeout(100, parent).await, Err(Elapsed));
        assert_eq!((drops.get(), sim.now()), (2, 100));
    });
}

#[test]
fn a_detached_task_outlives_its_request() {
    let sim = Sim::new();
    let done = Rc::new(Cell::new(0));
    let end = sim.run([(0, ())], |()| {
        let (sim, done) = (sim.clone(), done.clone());
        async move {
            let clock = sim.clone();
            let work = async move {
                clock.sleep(50).await;
                done.set(clock.now());
            };
            sim.spawn(work).detach();
        }
    });
    assert_eq!((done.get(), end.unfinished_tasks), (50, 0));
}

#[test]
fn a_task_that_drops_its_own_handle_ends_at_its_next_await() {
    run(async |sim| {
        let slot = Rc::new(RefCell::new(None));
        let (own, drops) = (slot.clone(), Rc::new(Cell::new(0)));
        let (counted, clock) = (Counted(drops.clone()), sim.clone());
        let task = sim.spawn(async move {
            let _counted = counted;
            clock.sleep(1).await;
            drop(own.borrow_mut().take());
            clock.sleep(1).await;
            unreachable!("cancelled before");
        });
        *slot.borrow_mut() = Some(task);
        sim.sleep(10).await;
        assert_eq!(drops.get(), 1);
    });
}

#[test]
fn an_old_handle_does_not_cancel_a_newer_task_in_the_same_place() {
    run(async |sim| {
        let first = sim.spawn(async { 1 });
        sim.sleep(1).await;
        assert!(first.is_finished());
        let clock = sim.clone();
        let second = sim.spawn(async move {
            clock.sleep(5).await;
            2
        });
        drop(first);
        assert!(!second.is_finished());
        assert_eq!(second.await, 2);
    });
}

#[test]
fn a_request_is_cancelled_from_outside_with_all_that_it_holds() {
    let sim = Sim::new();
    let killed = Latch::new(&sim);
    let pool = Semaphore::new(&sim, 1);
    let ends = RefCell::new(Vec::new());
    let (sim_ref, killed, pool_ref, ends_ref) = (&sim, &killed, &pool, &ends);
    sim.run([(0, 0), (1, 1), (20, 2), (30, 3)], |i| async move {
        if i == 2 {
            killed.set("out of memory");
            return;
        }
        let work = async {
            let _permit = pool_ref.acquire().await;
            sim_ref.sleep(50).await;
        };
        let end = killed.until(work).await;
        ends_ref.borrow_mut().push((i, sim_ref.now(), end));
    });
    // Both at work die at 20; the one that comes after the kill does not even start.
    let dead = |i, at| (i, at, Err("out of memory"));
    assert_eq!(*ends.borrow(), [dead(0, 20), dead(1, 20), dead(3, 30)]);
    assert_eq!((pool.available(), pool.waiting()), (1, 0));
}
