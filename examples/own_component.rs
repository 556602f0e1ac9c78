//! A component of your own, in a replay: implement the trait, push it into the registry, name it in a file.
//!
//!     cargo run --example own_component
//!
//! Nothing of the crate is edited. The file is checked with your options as with those that ship: a wrong name is refused
//! at its place, `gameday::config::Field` describes them, and retuning by a deploy works.

use gameday::components::limiter::{Admission, RateLimiter};
use gameday::config::{At, Count, Kind, Node, Options, Refusal, Table};
use gameday::incident::{Incident, Overlay, Registries, Run, RunOptions, run};
use gameday::recording::{Keep, outcome};
use std::path::Path;

gameday::options! {
    /// So many for everybody together in each full minute of the clock.
    #[derive(Clone, Debug)]
    pub struct PerMinute {
        /// Requests a minute.
        limit: Count,
    }
}

const MINUTE: u64 = 60_000_000_000;

/// All there is to it. `scope`, `key` and `name` in the same table are read by the stage, and not shown to us.
struct Mine(PerMinute, u64, u64);
impl RateLimiter for Mine {
    fn check(&mut self, _key: u64, cost: u32, now: u64) -> Admission {
        let used = if self.1 == now / MINUTE { self.2 } else { 0 };
        if used + u64::from(cost) > self.0.limit.0 {
            return Admission::Refused {
                until: (now / MINUTE + 1) * MINUTE,
            };
        }
        (self.1, self.2) = (now / MINUTE, used + u64::from(cost));
        Admission::Granted {
            remaining: (self.0.limit.0 - self.2) as u32,
        }
    }
    fn give_back(&mut self, _key: u64, cost: u32, _now: u64) {
        self.2 = self.2.saturating_sub(u64::from(cost));
    }
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("my limiter")?;
        self.0 = PerMinute::read_table(&options.at, table, &["kind"])?;
        Ok(())
    }
}

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    let options = PerMinute::read_table(at, table, taken)?;
    Ok(Box::new(Mine(options, 0, 0)))
}

/// What ships, and ours.
pub fn registries() -> Registries {
    let mut registries = Registries::builtin();
    registries.components.limiters.push(Kind {
        name: "per-minute",
        summary: "so many in each full minute",
        fields: PerMinute::fields,
        build,
    });
    registries
}

/// Replays an incident whose text names it.
pub fn replay(text: &str) -> Result<Run, Refusal> {
    let registries = registries();
    let (path, overlay) = (Path::new("own_component.toml"), Overlay::default());
    let incident = Incident::read(path, text, &overlay, &Default::default(), &registries)?;
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    run(&incident, &registries, &options)
}

/// The incident that comes with this example.
pub const INCIDENT: &str = include_str!("own_component.toml");

#[allow(
    dead_code,
    reason = "the test that includes this file calls `replay` itself"
)]
fn main() {
    match replay(INCIDENT) {
        Err(refusal) => eprintln!("{refusal}"),
        Ok(run) => {
            let rows = run.recording.requests.rows();
            let refused = rows.filter(|r| r.outcome == outcome::REJECTED).count();
            println!(
                "{} requests, {refused} refused by our own limiter",
                run.requests
            );
        }
    }
}
