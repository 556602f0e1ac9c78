//! What tests of the engine share.

#![allow(dead_code, reason = "each test uses what it needs")]

use gameday::sim::Sim;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// Counts its drops.
pub struct Counted(pub Rc<Cell<u32>>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Polls once, whatever comes of it.
pub async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Runs one test body to its end.
pub fn run<T>(body: impl AsyncFnOnce(Rc<Sim>) -> T) -> T {
    let sim = Sim::new();
    let result = sim.block_on(body(sim.clone()));
    assert_eq!(Rc::strong_count(&sim), 1, "the simulation is leaked");
    result.expect("the test got stuck")
}
