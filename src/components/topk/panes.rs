//! A sliding window by time, cut into panes.

use std::collections::VecDeque;

/// What is kept of each pane, oldest first, for as long as it lies within the window.
#[derive(Clone, Debug)]
pub(super) struct Panes<T> {
    /// ns of a pane; 0 is for ever.
    length: u64,
    /// Panes of a window.
    panes: u64,
    /// Number of the pane that events go into.
    current: u64,
    /// When it was first asked or told anything, ns.
    began: Option<u64>,
    held: VecDeque<(u64, T)>,
}

impl<T> Panes<T> {
    /// An empty window.
    pub fn new(window: u64, panes: u32) -> Panes<T> {
        Panes {
            length: window / u64::from(panes.max(1)),
            panes: u64::from(panes.max(1)),
            current: 0,
            began: None,
            held: VecDeque::new(),
        }
    }

    /// Whether it is cut like that.
    pub fn is(&self, window: u64, panes: u32) -> bool {
        let other = Panes::<T>::new(window, panes);
        (self.length, self.panes) == (other.length, other.panes)
    }

    /// Whether nothing is ever past.
    pub fn for_ever(&self) -> bool {
        self.length == 0
    }

    /// Begins the pane of `now`; what has left the window goes to `past`. However long nothing happened, no more is done
    /// than there are panes.
    pub fn advance(&mut self, now: u64, mut past: impl FnMut(T)) {
        self.began.get_or_insert(now);
        let pane = now.checked_div(self.length).unwrap_or(0);
        if pane <= self.current {
            return;
        }
        self.current = pane;
        let first = self.first();
        while self.held.front().is_some_and(|(n, _)| *n < first) {
            self.held.pop_front().into_iter().for_each(|(_, t)| past(t));
        }
    }

    /// Number of the first pane of the window.
    fn first(&self) -> u64 {
        (self.current + 1).saturating_sub(self.panes)
    }

    /// Start of the window, as far back as there is anything.
    pub fn since(&self) -> u64 {
        let window = self.first().saturating_mul(self.length);
        window.max(self.began.unwrap_or(0))
    }

    /// What is kept of the current pane.
    pub fn current(&mut self, make: impl FnOnce() -> T) -> &mut T {
        if self.held.back().is_none_or(|(n, _)| *n < self.current) {
            self.held.push_back((self.current, make()));
        }
        let last = self.held.len() - 1;
        &mut self.held[last].1
    }

    /// All panes that hold something.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.held.iter().map(|(_, t)| t)
    }
}
