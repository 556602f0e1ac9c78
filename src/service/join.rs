//! Several futures in place, one of which ends first.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + 'f>>;

/// Futures with a number each, polled in the order in which they came whenever one may have moved. Dropping it drops them.
pub(super) struct First<'f, T>(Vec<(usize, Boxed<'f, T>)>);

impl<'f, T> First<'f, T> {
    pub fn new() -> Self {
        First(vec![])
    }

    pub fn push(&mut self, number: usize, future: impl Future<Output = T> + 'f) {
        self.0.push((number, Box::pin(future)));
    }

    /// Whether there is none left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first that ends, with its number; never, when there are none.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(usize, T)> {
        for (i, (number, future)) in self.0.iter_mut().enumerate() {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                let number = *number;
                drop(self.0.remove(i));
                return Poll::Ready((number, value));
            }
        }
        Poll::Pending
    }

    pub async fn next(&mut self) -> (usize, T) {
        poll_fn(|cx| self.poll_next(cx)).await
    }
}
