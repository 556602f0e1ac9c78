//! The same engine as nobody would build it: every step by itself, every block looked for in a list. The laws hold the
//! real one to it, to the ns.

use super::Done;

/// What happens: at an instant (ns), a job or the cancellation of one.
#[derive(Clone, Debug)]
pub enum What {
    /// Tokens asked and answered, keys of its whole blocks.
    Job(u64, u64, Vec<u64>),
    /// Of the job with this ticket.
    Cancel(usize),
}

/// Sizes and times (ps).
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub base: u64,
    pub per_sequence: u64,
    pub per_kv_token: u64,
    pub per_prompt_token: u64,
    pub max_batch: usize,
    pub block: u64,
    pub blocks: u64,
    pub chunk: u64,
    pub chunked: bool,
}

#[derive(Clone, Debug)]
struct Seq {
    ticket: usize,
    prompt: u64,
    wanted: u64,
    keys: Vec<u64>,
    answered: u64,
    in_memory: u64,
    prefilling: bool,
    named: Vec<u64>,
    nameless: u64,
    first_token: u64,
    hit: Option<u64>,
    preempted: u32,
}

/// Findable blocks with how many hold them, and the order in which those that nobody holds go.
#[derive(Default)]
struct Memory {
    free: u64,
    known: Vec<(u64, u32)>,
    line: Vec<u64>,
}

impl Memory {
    fn take(&mut self, n: u64) {
        for _ in 0..n {
            if self.free > 0 {
                self.free -= 1;
            } else {
                let gone = self.line.remove(0);
                self.known.retain(|(k, _)| *k != gone);
            }
        }
    }
    fn room(&self) -> u64 {
        self.free + self.line.len() as u64
    }
    fn knows(&self, key: u64) -> bool {
        self.known.iter().any(|(k, _)| *k == key)
    }
    fn hold(&mut self, key: u64) {
        self.line.retain(|k| *k != key);
        self.known.iter_mut().find(|(k, _)| *k == key).unwrap().1 += 1;
    }
    fn release(&mut self, s: &mut Seq) {
        self.free += s.nameless;
        s.nameless = 0;
        for key in s.named.drain(..).rev() {
            let known = self.known.iter_mut().find(|(k, _)| *k == key).unwrap();
            known.1 -= 1;
            if known.1 == 0 {
                self.line.push(key);
            }
        }
    }
}

/// Runs all events, in order of time, and gives what was answered and how many steps it took.
pub fn run(sizes: Sizes, events: &[(u64, What)]) -> (Vec<Done>, u64) {
    let z = sizes;
    let mut memory = Memory {
        free: z.blocks,
        ..Memory::default()
    };
    let (mut batch, mut waiting, mut done): (Vec<Seq>, Vec<Seq>, Vec<Done>) =
        (vec![], vec![], vec![]);
    let (mut next, mut now, mut steps) = (0, 0u64, 0);
    loop {
        // What came before this boundary; an idle engine begins with the next event.
        let mut gone = vec![];
        while let Some((at, what)) = events.get(next) {
            let idle = batch.is_empty() && waiting.is_empty();
            if idle {
                now = now.max(at * 1000);
            } else if at * 1000 >= now {
                break;
            }
            next += 1;
            match what {
                What::Job(prompt, wanted, keys) => waiting.push(Seq {
                    ticket: next - 1,
                    prompt: *prompt,
                    wanted: *wanted,
                    keys: keys.clone(),
                    answered: 0,
                    in_memory: 0,
                    prefilling: true,
                    named: vec![],
                    nameless: 0,
                    first_token: 0,
                    hit: None,
                    preempted: 0,
                }),
                What::Cancel(ticket) => gone.push(*ticket),
            }
        }
        batch.retain_mut(|s| {
            let stays = !gone.contains(&s.ticket) && s.answered < s.wanted;
            if !stays {
                memory.release(s);
            }
            stays
        });
        waiting.retain(|s| !gone.contains(&s.ticket));
        if batch.is_empty() && waiting.is_empty() {
            if next == events.len() {
                return (done, steps);
            }
            continue;
        }
        // The batch goes on.
        let mut room = z.chunk;
        let mut chunks = vec![];
        let mut preempted = false;
        let mut n = 0;
        while n < batch.len() {
            if batch[n].prefilling {
                let chunk = (batch[n].prompt + batch[n].answered - batch[n].in_memory).min(room);
                room -= chunk;
                chunks.push(chunk);
            } else {
                let need = (batch[n].in_memory + 1).div_ceil(z.block);
                if need > batch[n].nameless + batch[n].named.len() as u64 {
                    while memory.room() == 0 && n < batch.len() {
                        let mut last = batch.pop().unwrap();
                        memory.release(&mut last);
                        last.in_memory = 0;
                        last.prefilling = true;
                        last.preempted += 1;
                        waiting.insert(0, last);
                        preempted = true;
                    }
                    if n == batch.len() {
                        break;
                    }
                    memory.take(1);
                    batch[n].nameless += 1;
                }
                chunks.push(0);
            }
            n += 1;
        }
        // New ones.
        while !preempted && room > 0 && batch.len() < z.max_batch && !waiting.is_empty() {
            let s = &waiting[0];
            let target = s.prompt + s.answered;
            let mut found = vec![];
            for key in &s.keys {
                if !memory.knows(*key) || (found.len() as u64 + 1) * z.block >= target {
                    break;
                }
                found.push(*key);
            }
            let idle = found.iter().filter(|k| memory.line.contains(k)).count() as u64;
            let hit = found.len() as u64 * z.block;
            let need = target.div_ceil(z.block) - found.len() as u64;
            if memory.room() - idle < need {
                break;
            }
            if !z.chunked && target - hit > room && room < z.chunk {
                break;
            }
            let mut s = waiting.remove(0);
            found.iter().for_each(|k| memory.hold(*k));
            memory.take(need);
            s.named = found;
            s.nameless = need;
            s.in_memory = hit;
            s.hit.get_or_insert(hit);
            let chunk = if z.chunked {
                (target - hit).min(room)
            } else {
                target - hit
            };
            room = room.saturating_sub(chunk);
            chunks.push(chunk);
            batch.push(s);
        }
        // The step.
        let decoding = batch.iter().filter(|s| !s.prefilling);
        let context: u64 = decoding.clone().map(|s| s.in_memory + 1).sum();
        now += z.base
            + z.per_sequence * decoding.count() as u64
            + z.per_kv_token * context
            + z.per_prompt_token * chunks.iter().sum::<u64>();
        steps += 1;
        let at = now.div_ceil(1000);
        // An answer that ends gives its blocks back before the next one's prompt can be found.
        for (s, chunk) in batch.iter_mut().zip(chunks) {
            if s.prefilling {
                s.in_memory += chunk;
                if s.in_memory < s.prompt + s.answered {
                    continue;
                }
                s.prefilling = false;
                for key in s.keys.clone().into_iter().skip(s.named.len()) {
                    if !memory.knows(key) {
                        memory.known.push((key, 1));
                        s.named.push(key);
                        s.nameless -= 1;
                    }
                }
            } else {
                s.in_memory += 1;
            }
            s.answered += 1;
            if s.answered == 1 {
                s.first_token = at;
            }
            if s.answered == s.wanted {
                let late = |(t, w): &(u64, What)| {
                    *t * 1000 < now && matches!(w, What::Cancel(n) if *n == s.ticket)
                };
                if !events.iter().any(late) {
                    done.push(Done {
                        ticket: s.ticket as u64,
                        first_token: s.first_token,
                        ended: at,
                        hit_tokens: s.hit.unwrap_or(0),
                        wrong: false,
                        preempted: s.preempted,
                    });
                }
            }
        }
    }
}
