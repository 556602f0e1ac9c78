//! One engine: sequences, the steps that serve them, and stretches of steps that need no look at each.
//!
//! A step is planned at its boundary: those in the batch first, in the order in which they entered it, then those that
//! wait, first come first served. As long as the next step would be planned alike, nothing is planned: the time of the
//! whole stretch is a sum in closed form, and its blocks are taken when it is over. What happens meanwhile (an arrival,
//! a cancellation) cuts the stretch at the next boundary.
//! Instants within are in ps, so that no fraction of a ns is lost over a million steps; a u128, which no run fills.

use super::{Done, Job, Pace, blocks::Blocks};
use std::collections::VecDeque;

/// ps a ns.
const PS: u128 = 1000;

/// A request in the engine.
#[derive(Default)]
struct Sequence {
    ticket: u64,
    /// Tokens of the prompt and those answered so far: what must be in memory for the next token to come out.
    tokens: u64,
    /// Tokens of it that are in memory.
    computed: u64,
    answered: u64,
    wanted: u64,
    /// Every step brings a token.
    decoding: bool,
    /// Cancelled; leaves at the next boundary.
    gone: bool,
    /// Blocks of the prompt that others may find, and what they really hold (empty: the keys say it).
    keys: Vec<u64>,
    truths: Vec<u64>,
    findable: Vec<u32>,
    nameless: u64,
    /// Prompt tokens that it does in the step under way.
    chunk: u64,
    first_token: u64,
    hit_tokens: u64,
    preempted: u32,
    wrong: bool,
    entered: bool,
}

/// Steps that are planned alike.
#[derive(Clone, Copy)]
struct Stretch {
    steps: u64,
    /// ps of the first step, and how much longer each next one is.
    first: u128,
    growth: u128,
    /// An arrival in its middle changes the next step.
    open: bool,
}

impl Stretch {
    fn time(&self, steps: u64) -> u128 {
        let n = u128::from(steps);
        n * self.first + self.growth * (n * n.saturating_sub(1) / 2)
    }
}

/// See the module.
pub(super) struct Engine {
    pace: Pace,
    blocks: Blocks,
    sequences: Vec<Sequence>,
    empty: Vec<u32>,
    batch: Vec<u32>,
    waiting: VecDeque<u32>,
    /// The boundary at which the stretch began, ps.
    clock: u128,
    stretch: Option<Stretch>,
    any_gone: bool,
    preemptions: u64,
}

impl Engine {
    pub fn new(pace: Pace) -> Engine {
        Engine {
            blocks: Blocks::new(pace.blocks),
            pace,
            sequences: vec![],
            empty: vec![],
            batch: vec![],
            waiting: VecDeque::new(),
            clock: 0,
            stretch: None,
            any_gone: false,
            preemptions: 0,
        }
    }

    /// Another pace, from the next boundary on. What is in memory stays.
    pub fn retune(&mut self, pace: Pace, now: u64) {
        self.pace = Pace {
            block: self.pace.block,
            blocks: self.pace.blocks,
            ..pace
        };
        self.cut(now);
    }

    pub fn flush(&mut self) {
        self.blocks.flush();
    }

    /// Sequences in it.
    pub fn load(&self) -> usize {
        self.batch.len() + self.waiting.len()
    }

    pub fn batch(&self) -> usize {
        self.batch.len()
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    pub fn preemptions(&self) -> u64 {
        self.preemptions
    }

    /// When it must be looked at again, ns.
    pub fn next_change(&self) -> Option<u64> {
        let stretch = self.stretch?;
        let end = self.clock + stretch.time(stretch.steps);
        Some(u64::try_from(end.div_ceil(PS)).unwrap_or(u64::MAX))
    }

    /// Lets time pass until `now`, boundaries at `now` included.
    pub fn advance(&mut self, now: u64, done: &mut Vec<Done>) {
        while let Some(stretch) = self.stretch {
            let end = self.clock + stretch.time(stretch.steps);
            if end > u128::from(now) * PS {
                return;
            }
            self.clock = end;
            self.finish(stretch.steps, done);
            self.plan();
        }
    }

    /// Takes a job on, which joins at the next boundary after `now` (an idle engine begins at once). Its place here.
    pub fn submit(&mut self, job: &Job<'_>, keys: Vec<u64>, truths: Vec<u64>, now: u64) -> u32 {
        let sequence = Sequence {
            ticket: job.ticket,
            tokens: job.prompt,
            wanted: job.answer,
            keys,
            truths,
            ..Sequence::default()
        };
        let at = match self.empty.pop() {
            Some(at) => {
                self.sequences[at as usize] = sequence;
                at
            }
            None => {
                self.sequences.push(sequence);
                (self.sequences.len() - 1) as u32
            }
        };
        self.waiting.push_back(at);
        match self.stretch {
            None => {
                self.clock = u128::from(now) * PS;
                self.plan();
            }
            // Behind others that wait, nothing changes by it.
            Some(stretch) if stretch.open && self.waiting.len() == 1 => self.cut(now),
            Some(_) => {}
        }
        at
    }

    /// The caller hung up: leaves at the next boundary after `now`.
    pub fn cancel(&mut self, at: u32, now: u64) {
        self.sequences[at as usize].gone = true;
        self.any_gone = true;
        self.cut(now);
    }

    /// Ends the stretch at the first boundary after `now`.
    fn cut(&mut self, now: u64) {
        if let Some(stretch) = &mut self.stretch {
            let passed = (u128::from(now) * PS).saturating_sub(self.clock);
            let (mut low, mut high) = (1, stretch.steps);
            while low < high {
                let middle = low + (high - low) / 2;
                if stretch.time(middle) > passed {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            stretch.steps = high;
        }
    }

    /// Blocks that those decoding need for so many more steps, beyond what they hold.
    fn growth(&self, steps: u64) -> u64 {
        let need = |s: &Sequence| {
            let blocks = (s.tokens + steps - 1).div_ceil(self.pace.block);
            blocks.saturating_sub(s.nameless + s.findable.len() as u64)
        };
        let decoding = self.batch.iter().map(|&i| &self.sequences[i as usize]);
        decoding.filter(|s| s.decoding).map(need).sum()
    }

    /// What steps bring: tokens, ends. Those who leave give their blocks back.
    fn finish(&mut self, steps: u64, done: &mut Vec<Done>) {
        let now = u64::try_from(self.clock.div_ceil(PS)).unwrap_or(u64::MAX);
        if steps > 1 {
            self.blocks.take(self.growth(steps));
        }
        let mut batch = std::mem::take(&mut self.batch);
        let mut kept = 0;
        for n in 0..batch.len() {
            let at = batch[n];
            let s = &mut self.sequences[at as usize];
            if s.decoding {
                if steps > 1 {
                    let held = s.nameless + s.findable.len() as u64;
                    let blocks = (s.tokens + steps - 1).div_ceil(self.pace.block);
                    s.nameless += blocks.saturating_sub(held);
                }
                s.tokens += steps;
                s.computed += steps;
                s.answered += steps;
            } else if s.chunk > 0 {
                s.computed += s.chunk * steps;
                if s.computed == s.tokens {
                    s.decoding = true;
                    s.tokens += 1;
                    s.answered += 1;
                    s.first_token = if s.answered == 1 { now } else { s.first_token };
                    let from = s.findable.len();
                    for n in from..s.keys.len() {
                        let truth = *s.truths.get(n).unwrap_or(&s.keys[n]);
                        // Where another was faster, this one stays nameless.
                        if let Some(slot) = self.blocks.publish(s.keys[n], truth) {
                            s.findable.push(slot);
                            s.nameless -= 1;
                        }
                    }
                }
                s.chunk = 0;
            }
            if s.answered == s.wanted || s.gone {
                self.blocks.release(s.nameless, &mut s.findable);
                if !s.gone {
                    done.push(Done {
                        ticket: s.ticket,
                        first_token: s.first_token,
                        ended: now,
                        hit_tokens: s.hit_tokens,
                        wrong: s.wrong,
                        preempted: s.preempted,
                    });
                }
                self.empty.push(at);
            } else {
                batch[kept] = at;
                kept += 1;
            }
        }
        batch.truncate(kept);
        self.batch = batch;
    }

    /// Plans the next step, and how many may follow it alike.
    fn plan(&mut self) {
        if self.any_gone {
            self.any_gone = false;
            let (sequences, empty) = (&self.sequences, &mut self.empty);
            self.waiting.retain(|&at| {
                let gone = sequences[at as usize].gone;
                if gone {
                    empty.push(at);
                }
                !gone
            });
        }
        let mut room = self.pace.chunk;
        let preempted = self.continue_batch(&mut room);
        if !preempted {
            self.admit(&mut room);
        }
        if self.batch.is_empty() {
            self.stretch = None;
            return;
        }
        self.stretch = Some(self.stretch(room, preempted));
    }

    /// Those in the batch: a block where one is needed, a chunk of the prompt. Whether somebody had to leave.
    fn continue_batch(&mut self, room: &mut u64) -> bool {
        let mut preempted = false;
        let mut n = 0;
        while n < self.batch.len() {
            let at = self.batch[n] as usize;
            if !self.sequences[at].decoding {
                let s = &mut self.sequences[at];
                s.chunk = (s.tokens - s.computed).min(*room);
                *room -= s.chunk;
                n += 1;
                continue;
            }
            let s = &self.sequences[at];
            let held = s.nameless + s.findable.len() as u64;
            if s.tokens.div_ceil(self.pace.block) > held {
                while self.blocks.available() == 0 {
                    preempted = true;
                    let last = self.preempt_last();
                    if last == Some(at) || last.is_none() {
                        return true;
                    }
                }
                self.blocks.take(1);
                self.sequences[at].nameless += 1;
            }
            n += 1;
        }
        preempted
    }

    /// Who entered last goes back to the head of those who wait, and will compute all again.
    fn preempt_last(&mut self) -> Option<usize> {
        let at = self.batch.pop()?;
        let s = &mut self.sequences[at as usize];
        self.blocks.release(s.nameless, &mut s.findable);
        s.nameless = 0;
        s.computed = 0;
        s.chunk = 0;
        s.decoding = false;
        s.preempted += 1;
        self.preemptions += 1;
        self.waiting.push_front(at);
        Some(at as usize)
    }

    /// Those who wait, in order, while there is room in the batch, in the step and in memory. The whole prompt gets its
    /// blocks at once.
    fn admit(&mut self, room: &mut u64) {
        while *room > 0 && (self.batch.len() as u64) < self.pace.max_batch {
            let Some(&at) = self.waiting.front() else {
                return;
            };
            let s = &mut self.sequences[at as usize];
            // One token at least is computed, or none would come out.
            let most = ((s.tokens - 1) / self.pace.block).min(s.keys.len() as u64) as usize;
            let (found, idle) = self.blocks.find(&s.keys[..most]);
            let hit = found as u64 * self.pace.block;
            let need = s.tokens.div_ceil(self.pace.block) - found as u64;
            if self.blocks.available() - idle < need {
                return;
            }
            let todo = s.tokens - hit;
            if !self.pace.chunked && todo > *room && *room < self.pace.chunk {
                return;
            }
            let truths = if s.truths.is_empty() {
                &s.keys
            } else {
                &s.truths
            };
            s.wrong |= self
                .blocks
                .hold(&s.keys[..found], &truths[..found], &mut s.findable);
            self.blocks.take(need);
            s.nameless = need;
            s.computed = hit;
            if !s.entered {
                s.entered = true;
                s.hit_tokens = hit;
            }
            s.chunk = if self.pace.chunked {
                todo.min(*room)
            } else {
                todo
            };
            *room = room.saturating_sub(s.chunk);
            self.waiting.pop_front();
            self.batch.push(at);
        }
    }

    /// The step that is planned, and how often it can be repeated.
    fn stretch(&self, room: u64, preempted: bool) -> Stretch {
        let (mut decoding, mut context, mut prompt, mut chunks) = (0u128, 0u128, 0u64, 0);
        let mut steps = u64::MAX;
        for &at in &self.batch {
            let s = &self.sequences[at as usize];
            if s.decoding {
                decoding += 1;
                context += u128::from(s.tokens);
                steps = steps.min(s.wanted - s.answered);
            } else if s.chunk > 0 {
                prompt += s.chunk;
                chunks += 1;
                let left = s.tokens - s.computed;
                let alike = room == 0 && s.chunk == self.pace.chunk;
                steps = steps.min(if alike {
                    ((left - 1) / s.chunk).max(1)
                } else {
                    1
                });
            }
        }
        if preempted || chunks > 1 {
            steps = 1;
        }
        let pace = &self.pace;
        Stretch {
            steps: self.affordable(steps),
            first: pace.base
                + pace.per_sequence * decoding
                + pace.per_kv_token * context
                + pace.per_prompt_token * u128::from(prompt),
            growth: pace.per_kv_token * decoding,
            open: room > 0 && (self.batch.len() as u64) < pace.max_batch,
        }
    }

    /// So many of `steps` as there are blocks for.
    fn affordable(&self, steps: u64) -> u64 {
        let available = self.blocks.available();
        if steps == 1 || self.growth(steps) <= available {
            return steps;
        }
        let (mut low, mut high) = (1, steps);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.growth(middle) <= available {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}
