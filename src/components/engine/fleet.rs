//! Several engines behind one name, and which of them takes a prompt.

use super::{Done, EngineOptions, Job, PrefixKey, Routing, batch::Engine};
use crate::{
    config::{At, Node, Options, Refusal, Table},
    sim::hash::mix,
};

/// Sequences that an engine may have more than the least loaded one and still be chosen for what it has in memory:
/// half as many again, and a few.
const MORE: usize = 4;

/// Where a job is, for [`Fleet::cancel`].
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    engine: u32,
    at: u32,
}

/// All engines of a dependency.
pub struct Fleet {
    options: EngineOptions,
    engines: Vec<Engine>,
    /// When each must be looked at again, ns; `u64::MAX` is never.
    due: Vec<u64>,
    turn: usize,
    done: Vec<Done>,
}

/// Options of a dependency that are none of the engine's.
const OF_DEPENDENCY: &[&str] = &["kind", "latency", "error_rate", "pool"];

impl Fleet {
    /// Builds them from their options.
    ///
    /// # Errors
    /// Sizes that no engine has.
    pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Fleet, Refusal> {
        Fleet::new(
            EngineOptions::read_table(at, table, &[taken, OF_DEPENDENCY].concat())?,
            at,
        )
    }

    fn new(options: EngineOptions, at: &At) -> Result<Fleet, Refusal> {
        let pace = options.pace(at)?;
        let n = options.engines as usize;
        Ok(Fleet {
            engines: (0..n).map(|_| Engine::new(pace)).collect(),
            due: vec![u64::MAX; n],
            turn: 0,
            done: vec![],
            options,
        })
    }

    /// A deploy: another pace from the next step on; what is in memory stays. The number of engines and the size of
    /// their memory stay as they were.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal> {
        let table = options.table("the engine")?;
        let new = EngineOptions::read_table(&options.at, table, OF_DEPENDENCY)?;
        let pace = new.pace(&options.at)?;
        self.advance(now);
        for (n, engine) in self.engines.iter_mut().enumerate() {
            engine.retune(pace, now);
            self.due[n] = engine.next_change().unwrap_or(u64::MAX);
        }
        self.options = EngineOptions {
            engines: self.options.engines,
            block: self.options.block,
            blocks: self.options.blocks,
            ..new
        };
        Ok(())
    }

    /// Forgets all prefixes that no sequence holds.
    pub fn flush(&mut self) {
        self.engines.iter_mut().for_each(Engine::flush);
    }

    /// When it must be looked at again, ns; `u64::MAX` is never.
    pub fn next_change(&self) -> u64 {
        self.due.iter().copied().min().unwrap_or(u64::MAX)
    }

    /// Lets time pass until `now`.
    pub fn advance(&mut self, now: u64) {
        for (n, due) in self.due.iter_mut().enumerate() {
            if *due <= now {
                self.engines[n].advance(now, &mut self.done);
                *due = self.engines[n].next_change().unwrap_or(u64::MAX);
            }
        }
    }

    /// Answers that are complete, in the order in which they were found to be.
    pub fn done(&mut self) -> std::vec::Drain<'_, Done> {
        self.done.drain(..)
    }

    /// Takes a job on; `None` when it would not fit an empty engine's memory.
    pub fn submit(&mut self, job: &Job<'_>, now: u64) -> Option<Seat> {
        self.advance(now);
        let block = u64::from(self.options.block);
        let job = Job {
            prompt: job.prompt.max(1),
            answer: job.answer.max(1),
            ..*job
        };
        let last = job.prompt.checked_add(job.answer - 1)?;
        if last.div_ceil(block) > self.options.blocks.0 {
            return None;
        }
        let (keys, truths) = self.keys(&job, now);
        let n = self.route(&keys);
        let at = self.engines[n].submit(&job, keys, truths, now);
        self.due[n] = self.engines[n].next_change().unwrap_or(u64::MAX);
        Some(Seat {
            engine: n as u32,
            at,
        })
    }

    /// The caller of a job that is not done has gone: it leaves at the next boundary.
    pub fn cancel(&mut self, seat: Seat, now: u64) {
        let n = seat.engine as usize;
        self.engines[n].cancel(seat.at, now);
        self.due[n] = self.engines[n].next_change().unwrap_or(u64::MAX);
    }

    /// A key for each whole block of the prompt that may be found again, each with all before it in it; and the same with
    /// all in it that changes what is computed, where that is something else.
    fn keys(&self, job: &Job<'_>, now: u64) -> (Vec<u64>, Vec<u64>) {
        if !self.options.prefix_reuse {
            return (vec![], vec![]);
        }
        let whole = (job.prompt / u64::from(self.options.block)).min(job.prefix.len() as u64);
        let stamp = now.checked_div(self.options.stamp.0).map_or(0, |n| n + 1);
        let chain = |parts: &[PrefixKey]| {
            let of = |part: &PrefixKey| match part {
                PrefixKey::Model => job.inputs.model,
                PrefixKey::Adapter => job.inputs.adapter,
                PrefixKey::Revision => self.options.revision,
                PrefixKey::Tokenizer => self.options.tokenizer,
                PrefixKey::Tools => job.inputs.tools,
                PrefixKey::Parameters => job.inputs.parameters,
                PrefixKey::Tenant => job.inputs.tenant,
            };
            // Apart by kind: an adapter is not a model of the same digest.
            let part =
                |key: u64, part: &PrefixKey| mix(key ^ mix(of(part) ^ mix(*part as u64 + 1)));
            let start = parts.iter().fold(mix(stamp), part);
            let next = |key: &mut u64, id: &u64| {
                *key = mix(*key ^ mix(*id));
                Some(*key)
            };
            job.prefix[..whole as usize]
                .iter()
                .scan(start, next)
                .collect()
        };
        let keys = chain(&self.options.prefix_key);
        let in_key = |part: &PrefixKey| self.options.prefix_key.contains(part);
        let sound = PrefixKey::MEANING.iter().all(in_key);
        let truths = if sound {
            vec![]
        } else {
            chain(PrefixKey::MEANING)
        };
        (keys, truths)
    }

    fn route(&mut self, keys: &[u64]) -> usize {
        let n = self.engines.len();
        let turn = self.turn;
        self.turn = (turn + 1) % n;
        if self.options.routing == Routing::RoundRobin || n == 1 {
            return turn;
        }
        // Ties go round, or the first engine would get all that comes when nobody has anything to do.
        let around = (0..n).map(|i| (turn + i) % n);
        let load = |&i: &usize| self.engines[i].load();
        let Some(least) = around.clone().min_by_key(load) else {
            return turn;
        };
        if self.options.routing == Routing::LeastLoaded {
            return least;
        }
        let most = self.engines[least].load() * 3 / 2 + MORE;
        let mut best = (self.engines[least].blocks().find(keys).0, least);
        for i in around.filter(|i| load(i) <= most) {
            let found = self.engines[i].blocks().find(keys).0;
            if found > best.0 {
                best = (found, i);
            }
        }
        best.1
    }

    /// Names and values of its gauges, of all engines together.
    pub fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        let sum = |of: fn(&Engine) -> u64| self.engines.iter().map(of).sum::<u64>() as f64;
        out("engine.batch", sum(|e| e.batch() as u64));
        out("engine.waiting", sum(|e| e.waiting() as u64));
        out("engine.kv_blocks.used", sum(|e| e.blocks().held()));
        out("engine.kv_blocks.cached", sum(|e| e.blocks().idle()));
        out("engine.kv_blocks.evicted", sum(|e| e.blocks().evicted()));
        out("engine.preemptions", sum(Engine::preemptions));
    }
}
