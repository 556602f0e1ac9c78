//! Places to wait: first come, first served, and safe to leave.

mod sim_support;

use futures_util::future::{join, join_all, join3, join4};
use gameday::sim::sync::{Event, Flights, Latch, Parking, Semaphore, Station, mpsc, oneshot};
use gameday::sim::{Elapsed, Nanos, Sim};
use sim_support::{poll_once, run};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

// ---- semaphore ---------------------------------------------------------------------------------

#[test]
fn a_permit_granted_to_a_waiter_that_is_dropped_unseen_goes_to_the_next() {
    run(async |sim| {
        let semaphore = Semaphore::new(&sim, 1);
        let permit = semaphore.acquire().await;
        assert!(sim.timeout(10, semaphore.acquire()).await.is_err());
        let (mut b, mut c) = (semaphore.acquire(), semaphore.acquire());
        assert!(poll_once(&mut b).await.is_pending());
        assert!(poll_once(&mut c).await.is_pending());
        drop(permit);
        drop(b);
        let _permit = c.await;
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn nobody_barges_past_those_who_wait() {
    run(async |sim| {
        let semaphore = Semaphore::new(&sim, 1);
        let permit = semaphore.acquire().await;
        let mut waiting = semaphore.acquire();
        assert!(poll_once(&mut waiting).await.is_pending());
        drop(permit);
        assert!(
            semaphore.try_acquire().is_none(),
            "the permit is spoken for"
        );
        let _permit = waiting.await;
    });
}

#[test]
fn a_pool_shrinks_as_permits_come_back_and_grows_at_once() {
    run(async |sim| {
        let semaphore = Semaphore::new(&sim, 3);
        let held = (semaphore.acquire().await, semaphore.acquire().await);
        semaphore.remove_permits(2);
        assert_eq!(semaphore.available(), 0);
        drop(held.0);
        assert_eq!(semaphore.available(), 0, "one was still owed");
        drop(held.1);
        assert_eq!(semaphore.available(), 1);
        let permit = semaphore.acquire().await;
        semaphore.remove_permits(1);
        let mut waiting = semaphore.acquire();
        assert!(poll_once(&mut waiting).await.is_pending());
        semaphore.add_permits(1);
        assert!(
            poll_once(&mut waiting).await.is_pending(),
            "that one was owed"
        );
        semaphore.add_permits(1);
        let second = waiting.await;
        drop(permit);
        assert_eq!(semaphore.available(), 1);
        second.forget();
        assert_eq!(
            semaphore.available(),
            1,
            "a forgotten permit does not come back"
        );
    });
}

#[test]
fn waiters_that_give_up_are_not_counted() {
    run(async |sim| {
        let semaphore = Semaphore::new(&sim, 1);
        let permit = semaphore.acquire().await;
        let mut patient = semaphore.acquire();
        for i in 0..100 {
            assert!(sim.timeout(1, semaphore.acquire()).await.is_err());
            if i == 50 {
                assert!(poll_once(&mut patient).await.is_pending());
            }
            assert_eq!(semaphore.waiting(), usize::from(i >= 50));
        }
        let last = semaphore.acquire();
        drop(permit);
        drop(patient.await);
        drop(last.await);
    });
}

// ---- station -----------------------------------------------------------------------------------

#[test]
fn a_job_that_leaves_a_station_frees_its_place_in_the_queue_or_its_server() {
    run(async |sim| {
        let station = Station::new(&sim, 1);
        let impatient = sim.timeout(20, station.serve(50));
        let jobs = join3(station.serve(50), impatient, station.serve(7));
        assert_eq!(jobs.await, (0, Err(Elapsed), 50));
        assert_eq!(sim.now(), 57);
        assert!(sim.timeout(5, station.serve(50)).await.is_err());
        assert_eq!(station.serve(1).await, 62);
        assert_eq!((station.busy(), station.waiting()), (0, 0));
    });
}

#[test]
fn a_station_takes_on_and_lays_off_servers() {
    run(async |sim| {
        let station = Station::new(&sim, 1);
        let began = RefCell::new(Vec::new());
        let job = |d| {
            let (station, began) = (&station, &began);
            async move {
                let at = station.serve(d).await;
                began.borrow_mut().push(at);
            }
        };
        let manager = async {
            sim.sleep(5).await;
            station.resize(3);
            assert_eq!((station.busy(), station.waiting()), (3, 1));
            sim.sleep(1).await;
            station.resize(1);
            assert_eq!((station.busy(), station.servers()), (3, 1));
        };
        join(manager, join_all([10, 10, 10, 10].map(job))).await;
        // Two more start at 5; the last one waits until none of the three is left.
        assert_eq!(*began.borrow(), [0, 5, 5, 15]);
        assert_eq!(sim.now(), 25);
    });
}

#[test]
fn a_station_without_servers_keeps_jobs_until_it_gets_one() {
    run(async |sim| {
        let station = Station::new(&sim, 0);
        let opens = async {
            sim.sleep(100).await;
            station.resize(1);
        };
        assert_eq!(join(station.serve(5), opens).await.0, 100);
    });
}

// ---- parking -----------------------------------------------------------------------------------

#[test]
fn a_policy_calls_parked_tasks_in_the_order_it_likes() {
    let sim = Sim::new();
    let parking = Parking::new(&sim);
    let (queue, busy) = (RefCell::new(Vec::new()), Cell::new(false));
    let order = RefCell::new(Vec::new());
    // One worker, shortest job first.
    let next = || loop {
        let shortest = {
            let mut queue = queue.borrow_mut();
            queue.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
            queue.pop()
        };
        match shortest {
            None => return busy.set(false),
            Some((_, id)) if parking.unpark(id) => return,
            Some(_) => {} // has left
        }
    };
    let (sim_ref, parking_ref, queue, busy) = (&sim, &parking, &queue, &busy);
    let (order_ref, next) = (&order, &next);
    let jobs = [(0, 50), (1, 30), (2, 10), (3, 5), (4, 20)];
    let end = sim.run(jobs, |size: u64| async move {
        let work = async {
            if busy.replace(true) {
                let parked = parking_ref.park().on_lost(next);
                queue.borrow_mut().push((size, parked.id()));
                parked.await;
            }
            sim_ref.sleep(size).await;
            order_ref.borrow_mut().push(size);
            next();
        };
        // The job of 5 gives up while it is parked.
        let patience = if size == 5 { 40 } else { Nanos::MAX };
        let _ = sim_ref.timeout(patience, work).await;
    });
    assert_eq!(*order.borrow(), [50, 10, 20, 30]);
    assert_eq!((end.now, end.stuck, parking.waiting()), (110, 0, 0));
}

#[test]
fn a_turn_given_to_a_task_that_dies_before_it_notices_is_given_on() {
    run(async |sim| {
        let parking = Parking::new(&sim);
        let lost = Cell::new(0);
        let count_lost = || lost.set(lost.get() + 1);
        let mut named = parking.park().on_lost(&count_lost);
        let mut left = parking.park().on_lost(&count_lost);
        assert!(poll_once(&mut named).await.is_pending());
        assert!(poll_once(&mut left).await.is_pending());
        let (named_id, left_id) = (named.id(), left.id());
        assert!(parking.unpark(named_id));
        assert!(named.is_named() && !parking.is_parked(named_id));
        drop(named);
        assert_eq!(lost.get(), 1);
        drop(left);
        assert_eq!(lost.get(), 1, "that one had no turn to lose");
        // A number is not given to another before the policy has let it go.
        let third = parking.park();
        assert_eq!(third.id(), named_id);
        assert!(!parking.unpark(left_id));
        assert_eq!(parking.park().id(), left_id);
        assert!(parking.unpark(third.id()));
        third.await;
    });
}

// ---- flights, latch, event -----------------------------------------------------------------------

#[test]
fn followers_get_what_the_leader_brings_or_what_was_agreed_if_it_dies() {
    run(async |sim| {
        let flights = Flights::new(&sim);
        let lead = flights.lead("dropped");
        let id = lead.id();
        let follow = || flights.follow(id).unwrap();
        let impatient = sim.timeout(1, follow());
        let leader = async {
            sim.sleep(5).await;
            assert_eq!(lead.followers(), 2);
            lead.publish("fetched");
        };
        let (a, b, impatient, ()) = join4(follow(), follow(), impatient, leader).await;
        assert_eq!((a, b, impatient), ("fetched", "fetched", Err(Elapsed)));
        assert!(flights.follow(id).is_none(), "the flight has landed");

        let lead = flights.lead("dropped");
        assert!(
            flights.follow(id).is_none(),
            "an old id names no new flight"
        );
        let follow = flights.follow(lead.id()).unwrap();
        drop(lead);
        assert_eq!(follow.await, "dropped");
    });
}

#[test]
fn a_leader_can_outlive_the_request_that_took_off() {
    run(async |sim| {
        let flights = Rc::new(Flights::new(&sim));
        let lead = flights.lead_owned(0);
        let id = lead.id();
        let clock = sim.clone();
        let fetch = async move {
            clock.sleep(50).await;
            lead.publish(7);
        };
        sim.spawn(fetch).detach();
        assert_eq!(flights.follow(id).unwrap().await, 7);
        assert_eq!(sim.now(), 50);
    });
}

#[test]
fn a_latch_stays_set_and_an_event_passes() {
    run(async |sim| {
        let (latch, event) = (Latch::new(&sim), Event::new(&sim));
        let asked_before = event.wait();
        event.notify();
        asked_before.await;
        let waits = async { (latch.wait().await, event.wait().await).0 };
        let acts = async {
            sim.sleep(3).await;
            assert!(latch.set(7));
            assert!(!latch.set(8));
            sim.sleep(3).await;
            event.notify();
        };
        assert_eq!(join(waits, acts).await.0, 7);
        assert_eq!((latch.wait().await, sim.now()), (7, 6));
        assert!(sim.timeout(1, event.wait()).await.is_err());
        assert_eq!((latch.waiting(), event.waiting()), (0, 0));
    });
}

// ---- channels ----------------------------------------------------------------------------------

#[test]
fn a_bounded_channel_holds_senders_back_in_order() {
    run(async |sim| {
        let (tx, mut rx) = mpsc::channel(&sim, 2);
        let senders: Vec<_> = (0..5)
            .map(|i| {
                let tx = tx.clone();
                sim.spawn(async move { tx.send(i).await })
            })
            .collect();
        sim.sleep(1).await;
        assert_eq!((tx.len(), tx.try_send(9)), (2, Err(mpsc::NotSent::Full(9))));
        drop(tx);
        let mut got = Vec::new();
        while let Some(i) = rx.recv().await {
            got.push(i);
        }
        assert_eq!(got, [0, 1, 2, 3, 4]);
        for sender in senders {
            assert_eq!(sender.await, Ok(()));
        }
    });
}

#[test]
fn senders_learn_that_the_receiver_has_gone_and_receivers_that_senders_have() {
    run(async |sim| {
        let (tx, rx) = mpsc::channel(&sim, 1);
        tx.send(1).await.unwrap();
        let theirs = tx.clone();
        let waits = sim.spawn(async move { theirs.send(2).await });
        sim.sleep(1).await;
        drop(rx);
        assert_eq!(waits.await, Err(2));
        assert_eq!(tx.try_send(3), Err(mpsc::NotSent::Closed(3)));
        let (tx, rx) = oneshot::channel(&sim);
        drop(rx);
        assert_eq!(tx.send(1), Err(1));
        let (tx, rx) = oneshot::channel::<()>(&sim);
        let waits = sim.spawn(rx);
        sim.sleep(1).await;
        drop(tx);
        assert_eq!(waits.await, Err(oneshot::Closed));
        let (tx, mut rx) = mpsc::unbounded::<()>(&sim);
        let waits = sim.spawn(async move { rx.recv().await });
        sim.sleep(1).await;
        drop(tx);
        assert_eq!(waits.await, None);
    });
}

#[test]
fn an_unbounded_channel_keeps_order_and_never_holds_back() {
    run(async |sim| {
        let (tx, mut rx) = mpsc::unbounded(&sim);
        let clock = sim.clone();
        let sender = sim.spawn(async move {
            for i in 0..1000 {
                tx.try_send(i).unwrap();
                if i % 100 == 0 {
                    clock.sleep(1).await;
                }
            }
        });
        for i in 0..1000 {
            assert_eq!(rx.recv().await, Some(i));
        }
        sender.await;
        assert_eq!((rx.recv().await, sim.now()), (None, 10));
    });
}
