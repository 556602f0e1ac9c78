//! Clients that leave, and the work that goes on without them: what a run counts of both.
//!
//! Work is a worker's own computing and calls under way at dependencies; waiting for a worker, for a connection or between
//! attempts is none. It is counted as it is done, so that work that never ends is seen as well.

use crate::service::spec::DependencySpec;
use std::cell::{Cell, RefCell};

/// For whom a piece of work is done once its client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum For {
    /// For nobody.
    Nobody,
    /// It is meant to be done all the same.
    Record,
}

/// See the module.
#[derive(Default)]
pub(in crate::service) struct Departures {
    /// Whether work may outlive its client in this run: every try is an errand then.
    pub on: Cell<bool>,
    /// Requests and calls that go on for clients that have left.
    pub tasks: Cell<u32>,
    /// Calls that go on though their client has left, and are meant to.
    pub meant: Cell<u32>,
    /// Records that were to be made, and were not, in all.
    pub killed: Cell<u64>,
    meter: Meter,
    tally: RefCell<Tally>,
}

/// Since gauges were last read.
#[derive(Default)]
struct Tally {
    edge: u32,
    handler: u32,
    killed: u32,
    /// By dependency: sent, received, honoured.
    cancels: Vec<[u32; 3]>,
    dropped: u32,
    served: u32,
    /// Requests taken from the queue, and ns that they waited there.
    started: (u32, u64),
    /// Clients whose work has ended, ns from their leaving until it had, and the longest of these.
    cleaned: (u32, u64, u64),
}

impl Departures {
    /// A client has left; `told`: the handler knows.
    pub fn left(&self, told: bool) {
        let mut tally = self.tally.borrow_mut();
        tally.edge += 1;
        tally.handler += u32::from(told);
    }

    /// A cancellation was sent to a call of this dependency; who received it, and honoured it.
    pub fn cancel(&self, dependency: usize, received: bool, honoured: bool) {
        let cancels = &mut self.tally.borrow_mut().cancels;
        if cancels.len() <= dependency {
            cancels.resize(dependency + 1, [0; 3]);
        }
        let all = &mut cancels[dependency];
        all[0] += 1;
        all[1] += u32::from(received);
        all[2] += u32::from(honoured);
    }

    /// A record that was to be made is not.
    pub fn kill(&self) {
        self.killed.set(self.killed.get() + 1);
        self.tally.borrow_mut().killed += 1;
    }

    /// A request is taken from the queue after so many ns; `gone`: its client had left by then, and it is served or dropped.
    pub fn dequeued(&self, waited: u64, gone: bool, dropped: bool) {
        let tally = &mut *self.tally.borrow_mut();
        tally.dropped += u32::from(dropped);
        if !dropped {
            tally.served += u32::from(gone);
            tally.started.0 += 1;
            tally.started.1 += waited;
        }
    }

    /// All that was done for a client has ended, so many ns after it left.
    pub fn cleaned(&self, after: u64) {
        let cleaned = &mut self.tally.borrow_mut().cleaned;
        *cleaned = (cleaned.0 + 1, cleaned.1 + after, cleaned.2.max(after));
    }

    /// A piece of work begins; `gone`: its client has left.
    pub fn begin(&self, whom: For, gone: bool, now: u64) {
        self.meter.change(now, whom, gone, 1, true);
    }

    /// A piece of work ends.
    pub fn end(&self, whom: For, gone: bool, now: u64) {
        self.meter.change(now, whom, gone, 1, false);
    }

    /// The client of so many pieces of work leaves.
    pub fn orphan(&self, whom: For, pieces: u32, now: u64) {
        self.meter.pass(now);
        let of = self.meter.of(whom);
        of.set(of.get() + pieces);
    }

    /// ns of work that was done for nobody, in all.
    pub fn wasted(&self, now: u64) -> u64 {
        self.meter.read(now);
        self.meter.wasted.get()
    }

    /// Names and values of gauges. `queues` tells whether there are any.
    pub fn gauges(
        &self,
        dependencies: &[DependencySpec],
        queues: bool,
        now: u64,
        out: &mut dyn FnMut(String, f64),
    ) {
        let seconds = |ns: u64| ns as f64 / 1e9;
        let tally = std::mem::take(&mut *self.tally.borrow_mut());
        out("orphan.tasks".into(), f64::from(self.tasks.get()));
        out("orphan.intended".into(), f64::from(self.meant.get()));
        let [work, orphan, meant] = self.meter.read(now);
        out("work.seconds".into(), seconds(work));
        out("orphan.seconds".into(), seconds(orphan));
        out("intended.seconds".into(), seconds(meant));
        out("intended.killed".into(), f64::from(tally.killed));
        out("disconnects.edge".into(), f64::from(tally.edge));
        out("disconnects.handler".into(), f64::from(tally.handler));
        for (i, dependency) in dependencies.iter().enumerate() {
            let all = tally.cancels.get(i).copied().unwrap_or_default();
            for (gauge, n) in ["sent", "received", "honoured"].into_iter().zip(all) {
                out(format!("cancels.{gauge}.{}", dependency.name), f64::from(n));
            }
        }
        if queues {
            out("queue.expired_dropped".into(), f64::from(tally.dropped));
            out("queue.expired_served".into(), f64::from(tally.served));
            if let (n @ 1.., waited) = tally.started {
                let mean = waited as f64 / f64::from(n);
                out("queue.started_age".into(), mean);
            }
        }
        let (n, all, longest) = tally.cleaned;
        if n > 0 {
            out("cleanup.time".into(), all as f64 / f64::from(n));
        }
        out("cleanup.longest".into(), longest as f64);
    }
}

/// Pieces of work under way, and ns of work done since it was read.
#[derive(Default)]
struct Meter {
    running: Cell<u32>,
    orphans: Cell<u32>,
    meant: Cell<u32>,
    since: Cell<u64>,
    done: Cell<[u64; 3]>,
    /// ns of work for nobody, in all readings so far.
    wasted: Cell<u64>,
}

impl Meter {
    fn of(&self, whom: For) -> &Cell<u32> {
        match whom {
            For::Nobody => &self.orphans,
            For::Record => &self.meant,
        }
    }

    fn pass(&self, now: u64) {
        let time = now - self.since.replace(now);
        let under_way = [&self.running, &self.orphans, &self.meant];
        let mut done = self.done.get();
        for (done, n) in done.iter_mut().zip(under_way) {
            *done += time * u64::from(n.get());
        }
        self.done.set(done);
    }

    fn change(&self, now: u64, whom: For, gone: bool, n: u32, more: bool) {
        self.pass(now);
        let of = gone.then(|| self.of(whom));
        for count in std::iter::once(&self.running).chain(of) {
            count.set(match more {
                true => count.get() + n,
                false => count.get() - n,
            });
        }
    }

    /// ns of all work, of work for those who have left, and of such work that is meant to be done, since it was last read.
    fn read(&self, now: u64) -> [u64; 3] {
        self.pass(now);
        let done = self.done.take();
        self.wasted.set(self.wasted.get() + done[1]);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Beside a plain list of pieces, each with its begin, its client's leaving and its end.
        #[test]
        fn work_is_what_the_pieces_took_and_orphaned_what_they_took_after_their_client_left(
            pieces in prop::collection::vec((0u64..100, 0u64..100, 0u64..100, any::<bool>()), 1..40),
            readings in prop::collection::vec(0u64..200, 0..5),
        ) {
            let departures = Departures::default();
            let whom = |meant: bool| if meant { For::Record } else { For::Nobody };
            // (time, order at one time, what)
            let mut events: Vec<(u64, u8, usize)> = vec![];
            for (i, &(begin, leaves, lasts, _)) in pieces.iter().enumerate() {
                events.push((begin, 1, i));
                events.push((leaves, 2, i));
                events.push((begin + lasts, 3, i));
            }
            events.extend(readings.iter().map(|&at| (at, 0, 0)));
            events.sort_unstable();
            let mut sum = [0; 3];
            let mut state = vec![(false, false, false); pieces.len()];
            for (now, what, i) in events {
                let whom = whom(pieces[i].3);
                let (begun, gone, ended) = state[i];
                match what {
                    0 => {
                        let read = departures.meter.read(now);
                        sum.iter_mut().zip(read).for_each(|(s, r)| *s += r);
                    }
                    1 => {
                        departures.begin(whom, gone, now);
                        state[i].0 = true;
                    }
                    2 => {
                        departures.orphan(whom, u32::from(begun && !ended), now);
                        state[i].1 = true;
                    }
                    _ => {
                        departures.end(whom, gone, now);
                        state[i].2 = true;
                    }
                }
            }
            let read = departures.meter.read(1000);
            sum.iter_mut().zip(read).for_each(|(s, r)| *s += r);
            let after = |meant: bool| -> u64 {
                pieces.iter().filter(|p| p.3 == meant).map(|&(begin, leaves, lasts, _)| {
                    (begin + lasts).saturating_sub(leaves.max(begin))
                }).sum()
            };
            let all: u64 = pieces.iter().map(|p| p.2).sum();
            prop_assert_eq!(sum, [all, after(false), after(true)]);
        }
    }
}
