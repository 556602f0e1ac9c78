//! Several futures in place, until all have ended.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Polls all of them in order whenever one may have moved; gives their values in order. Dropping it drops them all.
pub(super) fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> JoinAll<F> {
    JoinAll(futures.map(|f| (Some(Box::pin(f)), None)).collect())
}

/// One of the futures while it lives, and its value once it has ended.
type Part<F> = (Option<Pin<Box<F>>>, Option<<F as Future>::Output>);

/// See [`join_all`].
pub(super) struct JoinAll<F: Future>(Vec<Part<F>>);

impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut pending = false;
        for (future, value) in &mut self.0 {
            if let Some(f) = future {
                match f.as_mut().poll(cx) {
                    Poll::Ready(v) => (*future, *value) = (None, Some(v)),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            return Poll::Pending;
        }
        Poll::Ready(
            self.0
                .iter_mut()
                .filter_map(|(_, value)| value.take())
                .collect(),
        )
    }
}
