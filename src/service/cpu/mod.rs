//! CPU of a replica: cores that are waited for ([`cores`]), and a quota: what is spent within an accounting period freezes
//! the process until the next one.
//!
//! As the bandwidth control of the Linux scheduler does it: work takes slices out of what is left of the period; who finds
//! nothing left stands still until the period ends, whatever else the machine has to do. A burst of requests in parallel
//! spends a quota of 30 ms in 10 ms, and an average use far below the quota says nothing of it.

mod cores;

use super::{journey::Visit, seams::Ailments, world::World};
use crate::config::{At, Node, Read, Refusal, Span};
pub use cores::CoreSpec;
pub(super) use cores::{Bill, Cores, compute};
use std::cell::Cell;

crate::options! {
    /// CPU of each replica.
    #[derive(Clone, Debug, PartialEq)]
    pub struct CpuOptions {
        /// CPU time of a replica in each period, all its requests together.
        quota: Option<Span> = None, "no quota";
        /// Accounting period of the quota.
        period: Option<Span> = None, "100ms";
        /// What work takes of the quota at a time.
        slice: Option<Span> = None, "5ms";
        /// Cores of a replica: whoever computes waits for one, first come, first served.
        cores: Option<u32> = None, "no bound";
        /// Threads of each process: no more than that compute at a time.
        threads: Option<u32> = None, "as many as cores";
        /// Processes of a replica.
        processes: Option<u32> = None, "1";
        /// Whether a global interpreter lock lets one thread of a process compute at a time, as in CPython.
        gil: Option<bool> = None, "false";
    }
}

crate::options! {
    /// A quota on the CPU of each replica.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RationOptions {
        /// CPU time of a replica in each period, all its requests together.
        quota: Span,
        /// Accounting period.
        period: Span = Span(100_000_000), "100ms";
        /// What work takes of the quota at a time.
        slice: Span = Span(5_000_000), "5ms";
    }
}

/// CPU of each replica, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct CpuSpec {
    /// The quota, where there is one.
    pub quota: Option<Quota>,
    /// The cores, where they are bounded.
    pub cores: Option<CoreSpec>,
}

impl CpuSpec {
    /// Reads and checks.
    ///
    /// # Errors
    /// Quotas and periods that a kernel would refuse, and options that would change nothing.
    pub fn read(node: &Node) -> Result<CpuSpec, Refusal> {
        let o = CpuOptions::read(node)?;
        let at = |name: &str| node.get(name).map_or(&node.at, |n| &n.at);
        let useless = |names: &[&str], without: &str| {
            let found = names.iter().find(|name| node.get(name).is_some());
            found.map_or(Ok(()), |name| {
                let message = format!("`{name}` says nothing without `{without}`");
                Err(Refusal::at(at(name), message)
                    .help(format!("add `{without}`, or leave it out")))
            })
        };
        let quota = match o.quota {
            Some(quota) => {
                let ration = RationOptions {
                    quota,
                    period: o.period.unwrap_or(Span(100 * MILLI)),
                    slice: o.slice.unwrap_or(Span(5 * MILLI)),
                };
                Some(ration.sensible(at)?)
            }
            None => {
                useless(&["period", "slice"], "quota")?;
                None
            }
        };
        let Some(cores) = o.cores else {
            useless(&["threads", "processes", "gil"], "cores")?;
            if quota.is_none() {
                let refusal = Refusal::at(&node.at, "neither a quota nor cores");
                return Err(refusal.help("say quota = \"30ms\" a period, or cores = 4"));
            }
            return Ok(CpuSpec { quota, cores: None });
        };
        let spec = CoreSpec {
            cores,
            threads: o.threads.unwrap_or(cores),
            processes: o.processes.unwrap_or(1),
            gil: o.gil.unwrap_or(false),
        };
        for (name, n) in [
            ("cores", spec.cores),
            ("threads", spec.threads),
            ("processes", spec.processes),
        ] {
            if !(1..=10_000).contains(&n) {
                return Err(Refusal::at(at(name), format!("{n} {name}")).help("1 to 10000"));
            }
        }
        let cores = Some(spec);
        Ok(CpuSpec { quota, cores })
    }
}

const MILLI: u64 = 1_000_000;
/// Grants of one piece of work that are counted one by one; what is left then takes its time in proportion.
const MOST_GRANTS: u32 = 10_000;

impl RationOptions {
    /// The quota, where a kernel would take it; `at` says where an option stands.
    ///
    /// # Errors
    /// Quotas and periods that a kernel would refuse.
    pub fn sensible<'a>(&self, at: impl Fn(&str) -> &'a At) -> Result<Quota, Refusal> {
        for (name, span, most) in [
            ("quota", self.quota, 1000 * MILLI * 1000),
            ("period", self.period, 1000 * MILLI),
            ("slice", self.slice, 1000 * MILLI),
        ] {
            let least = if name == "slice" { MILLI / 10 } else { MILLI };
            if !(least..=most).contains(&span.0) {
                let message = format!("a {name} of {}", crate::config::show_nanos(span.0));
                return Err(Refusal::at(at(name), message).help(format!(
                    "from {} to {}",
                    crate::config::show_nanos(least),
                    crate::config::show_nanos(most)
                )));
            }
        }
        Ok(Quota {
            quota: self.quota.0,
            period: self.period.0,
            slice: self.slice.0,
        })
    }
}

/// A quota in force. All in ns, none of them 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// CPU time of a period.
    pub quota: u64,
    /// Length of a period.
    pub period: u64,
    /// What is taken at a time.
    pub slice: u64,
}

/// What a piece of work is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Run for so many ns.
    Run(u64),
    /// Stand still until then, ns.
    Until(u64),
}

/// The accounts of one process.
#[derive(Clone, Debug, Default)]
pub struct Cpu {
    /// Where its periods begin, ns; those of two processes do not begin together.
    phase: u64,
    period: Cell<u64>,
    used: Cell<u64>,
    throttled_now: Cell<bool>,
    /// Periods in which work stood still, and CPU ns used, since gauges were read; and when that was.
    throttled: Cell<u64>,
    busy: Cell<u64>,
    read: Cell<u64>,
    /// ns that it stood still for, since gauges were read, and until when it is known to.
    paused: Cell<u64>,
    paused_until: Cell<u64>,
    /// Length of the periods of the last quota in force, ns; 0: there was none.
    length: Cell<u64>,
}

impl Cpu {
    /// Accounts with nothing spent, at `now`.
    pub fn new(seed: u64, now: u64) -> Cpu {
        Cpu {
            phase: seed,
            read: Cell::new(now),
            ..Cpu::default()
        }
    }

    /// Asks for `want` ns of CPU.
    pub fn take(&self, quota: &Quota, want: u64, now: u64) -> Grant {
        self.length.set(quota.period);
        let phase = self.phase % quota.period;
        let shifted = now.saturating_add(phase);
        let number = shifted / quota.period;
        if self.period.replace(number) != number {
            self.used.set(0);
            self.throttled_now.set(false);
        }
        let left = quota.quota.saturating_sub(self.used.get());
        if left == 0 {
            if !self.throttled_now.replace(true) {
                self.throttled.set(self.throttled.get() + 1);
            }
            return Grant::Until(((number + 1).saturating_mul(quota.period)) - phase);
        }
        let run = want.min(quota.slice).min(left);
        self.used.set(self.used.get() + run);
        Grant::Run(run)
    }

    fn pause(&self, now: u64, until: u64) {
        let known = self.paused_until.get().max(now);
        self.paused
            .set(self.paused.get() + until.saturating_sub(known));
        self.paused_until.set(known.max(until));
    }

    /// ns that it has stood still for since the last reading, as far as a request of its noticed.
    pub fn read_pauses(&self) -> u64 {
        self.paused.replace(0)
    }

    fn ran(&self, time: u64) {
        self.busy.set(self.busy.get().saturating_add(time));
    }

    /// Share of periods since the last reading in which work stood still, and cores in use in the mean. `None` where no
    /// quota was ever in force.
    pub fn read(&self, now: u64) -> Option<(f64, f64)> {
        let (throttled, busy) = (self.throttled.replace(0), self.busy.replace(0));
        let since = now.saturating_sub(self.read.replace(now));
        let length = self.length.get();
        if length == 0 || since == 0 {
            return None;
        }
        let periods = (since as f64 / length as f64).max(1.0);
        let share = (throttled as f64 / periods).min(1.0);
        Some((share, busy as f64 / since as f64))
    }
}

/// The quota that a request's work is under.
pub(super) fn quota(w: &World<'_>, v: &Visit<'_>) -> Option<Quota> {
    let laid = match w.saboteur.ailments() {
        Some(ailments) => ailments.ration(v.process.replica, w.sim.now()),
        None => None,
    };
    laid.or_else(|| v.version.spec.cpu.as_ref().and_then(|cpu| cpu.quota))
}

/// Waits while the process of this request stands still: whatever was under way in it is late by the same end.
#[inline]
pub(super) async fn stand_still(w: &World<'_>, v: &Visit<'_>) {
    if let Some(ailments) = w.saboteur.ailments()
        && ailments.held(v.process.replica, w.sim.now()) > w.sim.now()
    {
        // Boxed: it is seldom.
        Box::pin(held(w, v, ailments)).await;
    }
}

async fn held(w: &World<'_>, v: &Visit<'_>, ailments: &dyn Ailments) {
    loop {
        let (now, until) = (w.sim.now(), ailments.held(v.process.replica, w.sim.now()));
        if until <= now {
            return;
        }
        v.process.cpu.pause(now, until);
        w.sim.sleep(until - now).await;
    }
}

/// Does `time` ns of work, on a core of its own.
#[inline]
pub(super) async fn work(w: &World<'_>, v: &Visit<'_>, time: u64) {
    v.process.cpu.ran(time);
    match quota(w, v) {
        None => w.sim.sleep(time).await,
        // Boxed: few services have a quota, and no other journey shall be larger for it.
        Some(_) => Box::pin(rationed(w, v, time, &Cell::new(0))).await,
    }
}

/// `until` holds when the work ends if nothing holds it up from now on.
async fn rationed(w: &World<'_>, v: &Visit<'_>, mut left: u64, until: &Cell<u64>) {
    for _ in 0..MOST_GRANTS {
        if left == 0 {
            break;
        }
        // Asked each time: a quota may be lifted while work stands still.
        let Some(quota) = quota(w, v) else { break };
        match v.process.cpu.take(&quota, left, w.sim.now()) {
            Grant::Run(time) => {
                until.set(w.sim.now().saturating_add(left));
                w.sim.sleep(time).await;
                left -= time;
            }
            Grant::Until(then) => {
                until.set(then.saturating_add(left));
                w.sim.sleep(then.saturating_sub(w.sim.now())).await;
            }
        }
    }
    if left > 0 {
        let slowly = quota(w, v).map_or(1, |q| q.period.div_ceil(q.quota));
        let time = left.saturating_mul(slowly);
        until.set(w.sim.now().saturating_add(time));
        w.sim.sleep(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;
    use proptest::prelude::*;

    const QUOTA: Quota = Quota {
        quota: 30 * MILLI,
        period: 100 * MILLI,
        slice: 5 * MILLI,
    };

    #[test]
    fn a_burst_spends_the_quota_and_stands_still_until_the_period_ends() {
        let cpu = Cpu::new(0, 0);
        let runs: Vec<Grant> = (0..7).map(|_| cpu.take(&QUOTA, 20 * MILLI, 0)).collect();
        assert!(runs[..6].iter().all(|g| *g == Grant::Run(5 * MILLI)));
        assert_eq!(runs[6], Grant::Until(100 * MILLI));
        assert_eq!(
            cpu.take(&QUOTA, MILLI, 99 * MILLI),
            Grant::Until(100 * MILLI)
        );
        assert_eq!(cpu.take(&QUOTA, MILLI, 100 * MILLI), Grant::Run(MILLI));
        let (share, _) = cpu.read(1000 * MILLI).unwrap();
        assert!((share - 0.1).abs() < 1e-9, "one period of ten: {share}");
        assert_eq!(cpu.read(2000 * MILLI).unwrap().0, 0.0);
    }

    proptest! {
        /// In no period is more granted than the quota, and who is sent to wait is sent to a time at which it may run.
        #[test]
        fn no_period_grants_more_than_its_quota(
            seed: u64,
            quota in 1u64..200, period in 1u64..300, slice in 1u64..50,
            steps in prop::collection::vec((0u64..80, 1u64..100), 1..200),
        ) {
            let q = Quota { quota: quota * MILLI, period: period * MILLI, slice: slice * MILLI };
            let cpu = Cpu::new(seed, 0);
            let (mut now, mut spent) = (0, std::collections::BTreeMap::new());
            for (wait, want) in steps {
                now += wait * MILLI;
                match cpu.take(&q, want * MILLI, now) {
                    Grant::Run(time) => {
                        prop_assert!(time > 0 && time <= want * MILLI && time <= q.slice);
                        let of = spent.entry((now + seed % q.period) / q.period).or_insert(0);
                        *of += time;
                        prop_assert!(*of <= q.quota);
                    }
                    Grant::Until(then) => {
                        prop_assert!(then > now && then <= now + q.period);
                        let after = cpu.clone().take(&q, want * MILLI, then);
                        prop_assert!(matches!(after, Grant::Run(_)), "{after:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_quota_that_no_kernel_takes_is_refused_at_its_place() {
        for (bad, said) in [
            ("quota = \"0s\"", "a quota of 0"),
            ("quota = \"30ms\", period = \"0s\"", "a period of 0"),
            ("quota = \"30ms\", period = \"1h\"", "a period of 1h"),
            ("quota = \"30ms\", slice = \"1ns\"", "a slice of 1ns"),
            (
                "period = \"100ms\", cores = 1",
                "`period` says nothing without `quota`",
            ),
            (
                "quota = \"30ms\", gil = true",
                "`gil` says nothing without `cores`",
            ),
            ("cores = 0", "0 cores"),
            ("", "neither a quota nor cores"),
        ] {
            let file = Node::parse(&Source::new("cpu.toml", format!("cpu = {{ {bad} }}"))).unwrap();
            let refused = CpuSpec::read(file.get("cpu").unwrap()).unwrap_err();
            assert!(refused.to_string().contains(said), "{refused}");
        }
    }
}
