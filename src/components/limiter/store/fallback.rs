//! What a process decides by itself while the store is slow or gone.

use crate::{
    components::limiter::{Admission, RateLimiter, gcra::Gcra},
    config::{At, Count, Rate, Refusal, Span},
};

crate::choice! {
    /// What is done without the store.
    pub enum Mode {
        /// An emergency limit of each process, and best-effort traffic is shed.
        Limit = "limit",
        /// Everybody enters. A flaw.
        Open = "open",
        /// Nobody enters. A flaw.
        Closed = "closed",
    }
}

crate::options! {
    /// Fallback.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Fallback {
        /// How long the store may take to answer; 0 is for ever.
        after: Span = Span(20_000_000), "20ms";
        /// How long the store is left alone after it failed to.
        pause: Span = Span(1_000_000_000), "1s";
        /// Requests a second that each replica lets in without the store.
        rate: Rate,
        /// Burst of those.
        burst: Count = Count(10), "10";
        /// Classes that are shed then.
        shed: Vec<String> = vec![], "none";
        /// What is done without the store: "limit", or, as flaws, "open" and "closed".
        mode: Mode = Mode::Limit, "limit";
    }
}

/// What a process says without the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// It may enter.
    Admit,
    /// Best-effort traffic is not served now.
    Shed,
    /// The emergency limit is used up.
    Refuse {
        /// ns at which it will not be; `u64::MAX` is not known.
        until: u64,
    },
}

/// See the module. One a process.
pub struct Emergency {
    options: Fallback,
    bucket: Gcra,
    /// The store is left alone until then, ns.
    resumes: u64,
    decisions: u64,
}

impl Emergency {
    /// A process that has had no trouble with the store.
    ///
    /// # Errors
    /// A rate or burst that lets nobody in.
    pub fn new(options: &Fallback, at: &At) -> Result<Emergency, Refusal> {
        Ok(Emergency {
            bucket: Gcra::new(options.rate.0, options.burst.0, at)?,
            options: options.clone(),
            resumes: 0,
            decisions: 0,
        })
    }

    /// A deploy: other options, the same state but for the emergency bucket, which is full where its limit is another.
    ///
    /// # Errors
    /// A rate or burst that lets nobody in.
    pub fn retune(&mut self, options: &Fallback) -> Result<(), Refusal> {
        if (options.rate, options.burst) != (self.options.rate, self.options.burst) {
            self.bucket = Gcra::new(options.rate.0, options.burst.0, &At::nowhere())?;
        }
        self.options = options.clone();
        Ok(())
    }

    /// Whether the store is to be asked.
    pub fn asks(&self, now: u64) -> bool {
        now >= self.resumes
    }

    /// ns that it may take; `None` is for ever.
    pub fn patience(&self) -> Option<u64> {
        (self.options.after.0 > 0).then_some(self.options.after.0)
    }

    /// The store failed to answer.
    pub fn failed(&mut self, now: u64) {
        self.resumes = now.saturating_add(self.options.pause.0);
    }

    /// Whether a class is shed first.
    pub fn is_best_effort(&self, class: &str) -> bool {
        self.options.shed.iter().any(|c| c == class)
    }

    /// Decides without the store.
    pub fn decide(&mut self, best_effort: bool, now: u64) -> Local {
        self.decisions += 1;
        match self.options.mode {
            Mode::Open => Local::Admit,
            Mode::Closed => Local::Refuse {
                until: self.resumes.max(now),
            },
            Mode::Limit if best_effort => Local::Shed,
            Mode::Limit => match self.bucket.check(0, 1, now) {
                Admission::Granted { .. } => Local::Admit,
                Admission::Refused { until } => Local::Refuse { until },
            },
        }
    }

    /// Decisions made without the store so far.
    pub fn decisions(&self) -> u64 {
        self.decisions
    }
}
