//! Order of events, the end of a run and panics: what the executor promises.

mod sim_support;

use futures_util::future::{Either, join_all, join3, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use gameday::sim::sync::{Semaphore, oneshot};
use gameday::sim::{Elapsed, Nanos, SECONDS, Sim};
use sim_support::{Counted, poll_once, run};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

// ---- order of events ---------------------------------------------------------------------------

#[test]
fn timers_go_before_arrivals_of_the_same_instant_and_arrivals_in_order() {
    let sim = Sim::new();
    let log = RefCell::new(Vec::new());
    let (sim_ref, log_ref) = (&sim, &log);
    sim.run([(0, 'a'), (5, 'b'), (5, 'c')], |name| async move {
        log_ref.borrow_mut().push((sim_ref.now(), name));
        sim_ref.sleep(5).await;
        log_ref.borrow_mut().push((sim_ref.now(), name));
    });
    let expected = [(0, 'a'), (5, 'a'), (5, 'b'), (5, 'c'), (10, 'b'), (10, 'c')];
    assert_eq!(*log.borrow(), expected);
}

#[test]
fn equal_timers_fire_in_the_order_in_which_they_were_set() {
    run(async |sim| {
        let order = RefCell::new(Vec::new());
        let sleeper = |i: u32| {
            let (sim, order) = (&sim, &order);
            async move {
                sim.sleep(7).await;
                order.borrow_mut().push(i);
            }
        };
        join_all((0..100).map(sleeper)).await;
        assert_eq!(*order.borrow(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_sleep_of_zero_lets_what_is_due_go_first() {
    run(async |sim| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let (theirs, clock) = (order.clone(), sim.clone());
        let other = sim.spawn(async move {
            clock.sleep(0).await;
            theirs.borrow_mut().push("other");
        });
        sim.sleep(0).await;
        sim.sleep(0).await;
        order.borrow_mut().push("mine");
        other.await;
        assert_eq!(*order.borrow(), ["other", "mine"]);
        assert_eq!(sim.now(), 0);
    });
}

#[test]
fn sleeping_until_the_past_does_not_turn_time_back() {
    run(async |sim| {
        sim.sleep(100).await;
        sim.sleep_until(3).await;
        assert_eq!(sim.now(), 100);
    });
}

#[test]
fn at_a_tie_the_future_beats_its_timeout() {
    run(async |sim| {
        assert_eq!(sim.timeout(5, sim.sleep(5)).await, Ok(()));
        assert_eq!(sim.timeout(5, sim.sleep(6)).await, Err(Elapsed));
        assert_eq!(sim.timeout_at(12, sim.sleep(1)).await, Ok(()));
        assert_eq!(sim.now(), 11);
    });
}

#[test]
fn a_sleep_without_end_holds_no_run_open() {
    let sim = Sim::new();
    let end = sim.run([(0, ())], |()| async { sim.sleep(Nanos::MAX).await });
    assert_eq!((end.stuck, end.now), (1, 0));
}

#[test]
#[should_panic(expected = "arrivals may not go back in time")]
fn arrivals_that_go_back_in_time_are_a_bug_of_the_caller() {
    Sim::new().run([(5, ()), (4, ())], |()| async {});
}

#[test]
fn own_and_tokio_wakes_share_one_order() {
    run(async |sim| {
        let (first, first_rx) = tokio::sync::oneshot::channel::<()>();
        let (second, second_rx) = oneshot::channel::<()>(&sim);
        let (third, third_rx) = tokio::sync::oneshot::channel::<()>();
        let order = Rc::new(RefCell::new(Vec::new()));
        let push = |name| {
            let order = order.clone();
            move || order.borrow_mut().push(name)
        };
        let (a, b, c) = (push('a'), push('b'), push('c'));
        let tasks = join3(
            sim.spawn(async move {
                first_rx.await.unwrap();
                a();
            }),
            sim.spawn(async move {
                second_rx.await.unwrap();
                b();
            }),
            sim.spawn(async move {
                third_rx.await.unwrap();
                c();
            }),
        );
        sim.sleep(1).await;
        third.send(()).unwrap();
        second.send(()).unwrap();
        first.send(()).unwrap();
        tasks.await;
        assert_eq!(*order.borrow(), ['c', 'b', 'a']);
    });
}

#[test]
fn many_futures_under_wakers_of_others_all_end() {
    run(async |sim| {
        join_all((0..100).map(|k| sim.sleep(100 - k))).await;
        assert_eq!(sim.now(), 100);
        let mut each: FuturesUnordered<_> = (0..100u64)
            .map(|k| {
                let sim = &sim;
                async move {
                    sim.sleep(100 - k).await;
                    k
                }
            })
            .collect();
        let mut last = 100;
        while let Some(k) = each.next().await {
            assert!(k < last, "the shortest sleep ends first");
            last = k;
        }
        let winner = select(sim.sleep(3), sim.sleep(9)).await;
        assert!(matches!(winner, Either::Left(_)));
    });
}

#[test]
fn a_future_that_moves_to_another_task_wakes_that_one() {
    run(async |sim| {
        // Polled here first, then handed to a task of its own.
        let semaphore = Rc::new(Semaphore::new(&sim, 0));
        let mut acquire = semaphore.acquire_owned();
        assert!(poll_once(&mut acquire).await.is_pending());
        let task = sim.spawn(async move { acquire.await.forget() });
        sim.sleep(1).await;
        semaphore.add_permits(1);
        task.await;
    });
}

// ---- the end of a run --------------------------------------------------------------------------

#[test]
fn a_request_that_waits_for_ever_is_counted_and_dropped() {
    let sim = Sim::new();
    let never = Semaphore::new(&sim, 0);
    let drops = Rc::new(Cell::new(0));
    let end = sim.run((0..10).map(|i| (i, i)), |i| {
        let (never, counted) = (&never, Counted(drops.clone()));
        async move {
            let _counted = counted;
            if i % 3 == 0 {
                let _permit = never.acquire().await;
            }
        }
    });
    assert_eq!((end.arrivals, end.stuck, drops.get()), (10, 4, 10));
    assert_eq!(never.waiting(), 0);
}

#[test]
fn tasks_left_at_the_end_are_dropped_and_leak_nothing() {
    let sim = Sim::new();
    let drops = Rc::new(Cell::new(0));
    let end = sim.run([(0, ())], |()| {
        let (sim, counted) = (sim.clone(), Counted(drops.clone()));
        async move {
            let clock = sim.clone();
            let stuck = async move {
                let _counted = counted;
                let never = Semaphore::new(&clock, 0);
                let _permit = never.acquire().await;
            };
            sim.spawn(stuck).detach();
        }
    });
    assert_eq!((end.stuck, end.unfinished_tasks, drops.get()), (0, 1, 1));
    assert_eq!(Rc::strong_count(&sim), 1);
}

#[test]
fn the_run_waits_for_detached_tasks_and_not_for_background_ones() {
    let sim = Sim::new();
    let ticks = Rc::new(Cell::new(0));
    let end = sim.run([(0, ())], |()| {
        let (sim, ticks) = (sim.clone(), ticks.clone());
        async move {
            let clock = sim.clone();
            let tick_for_ever = async move {
                loop {
                    clock.sleep(SECONDS).await;
                    ticks.set(ticks.get() + 1);
                }
            };
            sim.spawn_background(tick_for_ever).detach();
            let clock = sim.clone();
            sim.spawn(async move { clock.sleep(10 * SECONDS).await })
                .detach();
        }
    });
    assert_eq!(end.now, 10 * SECONDS);
    // The tenth tick was set at 9 s, after the sleep that ends the run.
    assert_eq!((ticks.get(), end.unfinished_tasks), (9, 1));
}

#[test]
fn a_watchdog_can_end_a_run_that_would_go_on_for_ever() {
    let sim = Sim::new();
    let end = sim.run([(0, true), (0, false)], |watchdog| {
        let sim = sim.clone();
        async move {
            if watchdog {
                sim.sleep_until(7 * SECONDS).await;
                return sim.stop();
            }
            loop {
                sim.sleep(SECONDS).await;
            }
        }
    });
    assert_eq!((end.now, end.stuck), (7 * SECONDS, 1));
}

#[test]
fn a_run_may_follow_a_run() {
    let sim = Sim::new();
    assert_eq!(
        sim.run([(5, ())], |()| async { sim.sleep(5).await }).now,
        10
    );
    assert_eq!(
        sim.run([(10, ())], |()| async { sim.sleep(5).await }).now,
        15
    );
}

#[test]
fn simulations_nest_and_keep_their_wakes_apart() {
    let outer = Sim::new();
    let (tx, rx) = tokio::sync::oneshot::channel();
    let (tx, rx) = (RefCell::new(Some(tx)), RefCell::new(Some(rx)));
    let woken = Cell::new(false);
    let (outer_ref, woken_ref, tx, rx) = (&outer, &woken, &tx, &rx);
    let end = outer.run([(0, true), (1, false)], |receives| async move {
        if receives {
            let rx = rx.borrow_mut().take().unwrap();
            assert_eq!(rx.await, Ok(42u64));
            return woken_ref.set(true);
        }
        let tx = tx.borrow_mut().take().unwrap();
        let inner = Sim::new();
        let slept = inner.block_on(async {
            let (done, wait) = tokio::sync::oneshot::channel();
            let clock = inner.clone();
            let task = inner.spawn(async move {
                clock.sleep(42).await;
                done.send(()).unwrap();
            });
            wait.await.unwrap();
            task.await;
            // A wake for the outer simulation, sent from within the inner one.
            tx.send(inner.now()).unwrap();
            inner.sleep(1).await;
            inner.now()
        });
        assert_eq!((slept, outer_ref.now()), (Some(43), 1));
    });
    assert!(woken.get());
    assert_eq!((end.stuck, end.now), (0, 1));
}

#[test]
fn a_panic_in_a_request_drops_everything_and_leaves_the_thread_clean() {
    let drops = Rc::new(Cell::new(0));
    let sim = Sim::new();
    let (sim_ref, seen) = (&sim, drops.clone());
    let run = std::panic::AssertUnwindSafe(move || {
        let notify = &tokio::sync::Notify::new();
        sim_ref.run([(0, 0), (1, 1), (2, 2)], |i| {
            let (sim, counted) = (sim_ref.clone(), Counted(seen.clone()));
            let also_counted = Counted(seen.clone());
            async move {
                let _counted = counted;
                let clock = sim.clone();
                let _task = sim.spawn(async move {
                    let _counted = also_counted;
                    clock.sleep(100).await;
                });
                match i {
                    0 => notify.notified().await,
                    1 => sim.sleep(50).await,
                    _ => {
                        notify.notify_one(); // a wake that nobody will take
                        panic!("on purpose");
                    }
                }
            }
        });
    });
    let payload = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
    assert_eq!(drops.get(), 6);
    assert_eq!(Rc::strong_count(&sim), 1);
    // The thread, and even the same simulation, is fit for use.
    let end = sim.run([(2, ())], |()| async { sim.sleep(5).await });
    assert_eq!((end.now, end.polls, end.stuck), (7, 2, 0));
    let fresh = Sim::new();
    let end = fresh.run([(0, ())], |()| async { fresh.sleep(5).await });
    assert_eq!(end.polls, 2);
}

#[test]
fn a_panic_in_a_spawned_task_reaches_the_caller_of_run() {
    let sim = Sim::new();
    let sim_ref = &sim;
    let run = std::panic::AssertUnwindSafe(move || {
        sim_ref.block_on(async { sim_ref.spawn(async { panic!("in a task") }).await })
    });
    let payload = std::panic::catch_unwind(run)
        .map(|_: Option<()>| ())
        .unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"in a task"));
    assert_eq!(Rc::strong_count(&sim), 1);
}

#[test]
fn threads_have_their_own_simulations() {
    use rayon::prelude::*;
    let ends = (0..64u64).into_par_iter().map(|i| {
        let sim = Sim::new();
        let gate = tokio::sync::Semaphore::new(1);
        let (sim_ref, gate) = (&sim, &gate);
        let end = sim.run((0..100).map(|k| (k, ())), |()| async move {
            let _permit = gate.acquire().await.unwrap();
            sim_ref.sleep(i + 1).await;
        });
        (end.stuck, end.now)
    });
    for (i, end) in ends.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(end, (0, 100 * (i as u64 + 1)));
    }
}
