//! Waiting for an instant, alone or as the limit of something else.

use super::timers::TimerId;
use super::{Nanos, Sim};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

impl Sim {
    /// Waits for `duration` ns. A sleep of 0 lets everything go first that is ready or due now;
    /// one that would pass the end of time ([`Nanos::MAX`]) never ends, and holds no run open.
    #[inline(always)]
    pub fn sleep(&self, duration: Nanos) -> Sleep<'_> {
        self.sleep_until(self.now().saturating_add(duration))
    }

    /// Waits until the instant `at`; one in the past counts as now.
    #[inline(always)]
    pub fn sleep_until(&self, at: Nanos) -> Sleep<'_> {
        Sleep {
            sim: self,
            at,
            timer: Timer::New,
        }
    }

    /// `future`, or [`Elapsed`] after `duration` ns. At a tie `future` wins: it is polled first.
    #[inline(always)]
    pub fn timeout<F: Future>(&self, duration: Nanos, future: F) -> Timeout<'_, F> {
        Timeout {
            future,
            sleep: self.sleep(duration),
        }
    }

    /// As [`timeout`](Self::timeout), with the instant at which it is over.
    #[inline(always)]
    pub fn timeout_at<F: Future>(&self, at: Nanos, future: F) -> Timeout<'_, F> {
        Timeout {
            future,
            sleep: self.sleep_until(at),
        }
    }
}

#[derive(Clone, Copy)]
enum Timer {
    New,
    Set(TimerId),
    Over,
}

/// Future of [`Sim::sleep`] and [`Sim::sleep_until`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep<'s> {
    sim: &'s Sim,
    at: Nanos,
    timer: Timer,
}

impl Sleep<'_> {
    /// The instant at which it ends.
    pub fn deadline(&self) -> Nanos {
        self.at
    }
}

impl Future for Sleep<'_> {
    type Output = ();
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let sim = self.sim;
        match self.timer {
            Timer::New => {
                if self.at != Nanos::MAX {
                    let whom = sim.wake_ref(cx);
                    let at = self.at.max(sim.now());
                    self.timer = Timer::Set(sim.timers.borrow_mut().insert(at, whom));
                }
                Poll::Pending
            }
            Timer::Set(id) => {
                let mut timers = sim.timers.borrow_mut();
                if timers.fired(id) {
                    timers.release(id);
                    self.timer = Timer::Over;
                    return Poll::Ready(());
                }
                let whom = timers.tag(id);
                drop(timers);
                if sim.is_stale(whom, cx) {
                    sim.forget(whom);
                    let whom = sim.wake_ref(cx);
                    sim.timers.borrow_mut().set_tag(id, whom);
                }
                Poll::Pending
            }
            Timer::Over => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Timer::Set(id) = self.timer {
            self.sim.release_timer(id);
        }
    }
}

/// The time was up before the future was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time was up")
    }
}

impl std::error::Error for Elapsed {}

pin_project! {
    /// Future of [`Sim::timeout`] and [`Sim::timeout_at`].
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct Timeout<'s, F> {
        #[pin]
        future: F,
        #[pin]
        sleep: Sleep<'s>,
    }
}

impl<F: Future> Future for Timeout<'_, F> {
    type Output = Result<F::Output, Elapsed>;
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(value) = this.future.poll(cx) {
            return Poll::Ready(Ok(value));
        }
        this.sleep.poll(cx).map(|()| Err(Elapsed))
    }
}
