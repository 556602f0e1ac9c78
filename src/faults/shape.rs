//! When a fault acts, and how strongly: a step, a ramp, or again and again.

/// See the module. All times in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Start.
    pub from: u64,
    /// End, exclusive; `None` is never.
    pub until: Option<u64>,
    /// Length of the ramp from nothing to full strength; 0 is a step.
    pub ramp: u64,
    /// Period and length of each burst, where it comes again and again.
    pub every: Option<(u64, u64)>,
}

impl Shape {
    /// At full strength at once.
    pub fn step(from: u64, until: Option<u64>) -> Shape {
        Shape {
            from,
            until,
            ramp: 0,
            every: None,
        }
    }

    /// Between 0 (not at all) and 1.
    pub fn strength(&self, now: u64) -> f64 {
        if now < self.from || self.until.is_some_and(|until| now >= until) {
            return 0.0;
        }
        let since = now - self.from;
        if self
            .every
            .is_some_and(|(period, length)| since % period >= length)
        {
            return 0.0;
        }
        if since < self.ramp {
            since as f64 / self.ramp as f64
        } else {
            1.0
        }
    }
}

impl Shape {
    /// When what acts at `now` began, or began for this time.
    pub fn began(&self, now: u64) -> u64 {
        match self.every {
            None => self.from,
            Some((period, _)) => now - (now - self.from) % period,
        }
    }

    /// When what acts at `now` ends, or ends for this time; `u64::MAX`: never.
    pub fn end(&self, now: u64) -> u64 {
        let last = self.until.unwrap_or(u64::MAX);
        match self.every {
            None => last,
            Some((period, length)) => {
                let begun = now - (now - self.from) % period;
                begun.saturating_add(length).min(last)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_rises_and_a_burst_comes_again() {
        let ramp = Shape {
            from: 100,
            until: Some(1000),
            ramp: 200,
            every: None,
        };
        assert_eq!(
            [99, 100, 200, 300, 999, 1000].map(|t| ramp.strength(t)),
            [0.0, 0.0, 0.5, 1.0, 1.0, 0.0]
        );
        let bursts = Shape {
            from: 100,
            until: None,
            ramp: 0,
            every: Some((90, 10)),
        };
        assert_eq!(
            [100, 109, 110, 189, 190, 199, 200].map(|t| bursts.strength(t)),
            [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]
        );
        assert_eq!([100, 109, 195].map(|t| bursts.end(t)), [110, 110, 200]);
        assert_eq!(ramp.end(300), 1000);
        assert_eq!([100, 109, 195].map(|t| bursts.began(t)), [100, 100, 190]);
        assert_eq!(ramp.began(300), 100);
    }
}
