//! A bound on retries as a share of requests: whatever fails, and however often each may try, a dependency gets no more
//! than that on top.
//!
//! Each first attempt earns a share of a token, each retry pays a whole one, and what is saved up is bounded (Finagle's
//! `RetryBudget`, 2016; gRPC A6 "retry throttling", 2017). Integers, so that nothing is lost by rounding.

/// What is saved up, in millionths of a retry.
#[derive(Clone, Copy, Debug)]
pub struct Budget(u64);

/// One retry.
const TOKEN: u64 = 1_000_000;

impl Budget {
    /// A budget at the start: `burst` retries.
    pub fn new(burst: u32) -> Budget {
        Budget(u64::from(burst) * TOKEN)
    }

    /// A first attempt is made, and earns its share.
    pub fn earn(&mut self, share: f64, burst: u32) {
        let earned = (share.clamp(0.0, 1.0) * TOKEN as f64) as u64;
        self.0 = (self.0 + earned).min(u64::from(burst) * TOKEN);
    }

    /// Pays for a retry; `false` when there is not enough. A share of 1 is no bound.
    pub fn pay(&mut self, share: f64) -> bool {
        if share >= 1.0 {
            return true;
        }
        let enough = self.0 >= TOKEN;
        if enough {
            self.0 -= TOKEN;
        }
        enough
    }

    /// Whole retries that are saved up.
    pub fn left(&self) -> u64 {
        self.0 / TOKEN
    }
}
