//! Two matchers of one program. Both find the leftmost match, and of those that start there the one that the pattern
//! prefers; both count a unit for each instruction that they look at.

use super::{
    super::{Exhausted, Meter},
    program::{Program, Step},
};

/// Where a match lies, in bytes.
pub(super) type Found = Option<(usize, usize)>;

/// Instructions between two looks at the meter.
const BATCH: u64 = 1024;

/// The part of the work that is matching.
const MATCH: usize = 0;

/// Counts instructions, and tells the meter now and then: its look-up is no part of the work.
struct Count<'a> {
    meter: &'a mut Meter,
    since: u64,
}

impl Count<'_> {
    #[inline]
    fn one(&mut self) -> Result<(), Exhausted> {
        self.since += 1;
        match self.since < BATCH {
            true => Ok(()),
            false => self.settle(),
        }
    }

    fn settle(&mut self) -> Result<(), Exhausted> {
        self.meter.spend(MATCH, std::mem::take(&mut self.since))
    }
}

/// The character at a place, and its bytes.
#[inline]
fn char_at(text: &str, at: usize) -> Option<(char, usize)> {
    match text.as_bytes().get(at) {
        None => None,
        Some(byte) if byte.is_ascii() => Some((char::from(*byte), 1)),
        Some(_) => {
            let c = text[at..].chars().next()?;
            Some((c, c.len_utf8()))
        }
    }
}

/// What a backtracking matcher comes back to.
enum Frame {
    Try { step: usize, at: usize },
    Restore { mark: usize, at: usize },
}

/// Tries one way after the other, as PCRE, Python, Java, JavaScript do: no bound but that of the meter.
pub(super) fn backtrack(
    program: &Program,
    text: &str,
    meter: &mut Meter,
) -> Result<Found, Exhausted> {
    let mut count = Count { meter, since: 0 };
    // Frames lie on the heap: a text of 20,000 blanks has as many.
    let mut frames = vec![];
    let mut marks = vec![usize::MAX; program.marks];
    let mut start = 0;
    loop {
        frames.push(Frame::Try { step: 0, at: start });
        while let Some(frame) = frames.pop() {
            let (mut step, mut at) = match frame {
                Frame::Try { step, at } => (step, at),
                Frame::Restore { mark, at } => {
                    marks[mark] = at;
                    continue;
                }
            };
            loop {
                count.one()?;
                match &program.steps[step] {
                    Step::Match => {
                        count.settle()?;
                        return Ok(Some((start, at)));
                    }
                    Step::Jump(to) => step = *to,
                    Step::Split(first, second) => {
                        frames.push(Frame::Try { step: *second, at });
                        step = *first;
                    }
                    Step::Mark(mark) => {
                        let was = std::mem::replace(&mut marks[*mark], at);
                        frames.push(Frame::Restore {
                            mark: *mark,
                            at: was,
                        });
                        step += 1;
                    }
                    Step::Loop { mark, out, .. } if marks[*mark] == at => step = *out,
                    Step::Loop {
                        again, out, lazy, ..
                    } => {
                        let (first, second) = if *lazy { (out, again) } else { (again, out) };
                        frames.push(Frame::Try { step: *second, at });
                        step = *first;
                    }
                    Step::Start if at == 0 => step += 1,
                    Step::End if at == text.len() => step += 1,
                    Step::Start | Step::End => break,
                    takes => match char_at(text, at) {
                        Some((c, bytes)) if program.takes(takes, c) => {
                            at += bytes;
                            step += 1;
                        }
                        _ => break,
                    },
                }
            }
        }
        match char_at(text, start) {
            Some((_, bytes)) => start += bytes,
            None => break,
        }
    }
    count.settle()?;
    Ok(None)
}

/// Goes all ways at once, so that no instruction is looked at twice for one character: O(instructions) for each, whatever
/// the text. Source: Pike's matcher, as in Cox 2009; RE2 and `regex` have the same bound.
pub(super) fn simulate(
    program: &Program,
    text: &str,
    meter: &mut Meter,
) -> Result<Found, Exhausted> {
    let mut count = Count { meter, since: 0 };
    let (mut here, mut next) = (Threads::of(program), Threads::of(program));
    let (mut found, mut at) = (None, 0);
    loop {
        if found.is_none() {
            here.add(program, 0, at, at == 0, at == text.len(), &mut count)?;
        }
        if here.list.is_empty() && found.is_some() {
            break;
        }
        let Some((c, bytes)) = char_at(text, at) else {
            // What stands at the end takes no character.
            for &(step, start) in &here.list {
                count.one()?;
                if program.steps[step] == Step::Match {
                    found = Some((start, at));
                    break;
                }
            }
            break;
        };
        next.clear();
        let end = at + bytes == text.len();
        for &(step, start) in &here.list {
            count.one()?;
            match &program.steps[step] {
                Step::Match => {
                    // What the pattern likes less is of no interest any more.
                    found = Some((start, at));
                    break;
                }
                takes if program.takes(takes, c) => {
                    next.add(program, step + 1, start, false, end, &mut count)?;
                }
                _ => {}
            }
        }
        std::mem::swap(&mut here, &mut next);
        at += bytes;
    }
    count.settle()?;
    Ok(found)
}

/// The ways that are open, what the pattern prefers first.
struct Threads {
    /// An instruction that takes a character, or the match; and where it started.
    list: Vec<(usize, usize)>,
    /// By instruction: the turn in which it was added last.
    seen: Vec<u64>,
    turn: u64,
    todo: Vec<usize>,
}

impl Threads {
    fn of(program: &Program) -> Threads {
        Threads {
            list: vec![],
            seen: vec![0; program.steps.len()],
            turn: 1,
            todo: vec![],
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.turn += 1;
    }

    /// Follows whatever takes no character.
    fn add(
        &mut self,
        program: &Program,
        step: usize,
        start: usize,
        at_start: bool,
        at_end: bool,
        count: &mut Count,
    ) -> Result<(), Exhausted> {
        self.todo.push(step);
        while let Some(step) = self.todo.pop() {
            count.one()?;
            if self.seen[step] == self.turn {
                continue;
            }
            self.seen[step] = self.turn;
            match &program.steps[step] {
                Step::Jump(to) => self.todo.push(*to),
                Step::Mark(_) => self.todo.push(step + 1),
                Step::Split(first, second) => self.todo.extend([*second, *first]),
                Step::Loop {
                    again, out, lazy, ..
                } => {
                    let (first, second) = if *lazy { (out, again) } else { (again, out) };
                    self.todo.extend([*second, *first]);
                }
                Step::Start if at_start => self.todo.push(step + 1),
                Step::End if at_end => self.todo.push(step + 1),
                Step::Start | Step::End => {}
                Step::Match | Step::Any | Step::Char(_) | Step::Set(_) => {
                    self.list.push((step, start));
                }
            }
        }
        Ok(())
    }
}
