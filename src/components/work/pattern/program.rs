//! A pattern as instructions, the same for every matcher: Thompson's construction. Source: Cox, "Regular Expression
//! Matching: the Virtual Machine Approach", 2009.

use super::syntax::{Node, Set};

/// An instruction.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::components::work) enum Step {
    /// Any character but the end of a line.
    Any,
    Char(char),
    /// By its number.
    Set(usize),
    Start,
    End,
    Jump(usize),
    /// First here, then there.
    Split(usize, usize),
    /// A turn begins of a loop whose body may match nothing; the place is kept under this number.
    Mark(usize),
    /// Its end: first `again` or first `out`, but never again when nothing was matched since the mark.
    Loop {
        mark: usize,
        again: usize,
        out: usize,
        lazy: bool,
    },
    Match,
}

/// Instructions at most.
const MOST: usize = 4000;

/// A pattern, compiled.
#[derive(Clone, Debug, PartialEq, Default)]
pub(in crate::components::work) struct Program {
    pub steps: Vec<Step>,
    pub sets: Vec<Set>,
    pub marks: usize,
}

impl Program {
    /// `None`: it would be too long.
    pub fn of(node: &Node) -> Option<Program> {
        let mut program = Program::default();
        program.emit(node)?;
        program.push(Step::Match)?;
        Some(program)
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= MOST).then_some(self.steps.len() - 1)
    }

    /// To the next instruction, or, at the split, around what follows.
    fn fork(&mut self, at: usize, lazy: bool) {
        let (here, there) = (at + 1, self.steps.len());
        self.steps[at] = split(here, there, lazy);
    }

    fn emit(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Empty => {}
            Node::Any => {
                self.push(Step::Any)?;
            }
            Node::Char(c) => {
                self.push(Step::Char(*c))?;
            }
            Node::Set(set) => {
                let known = self.sets.iter().position(|known| known == set);
                let number = known.unwrap_or_else(|| {
                    self.sets.push(set.clone());
                    self.sets.len() - 1
                });
                self.push(Step::Set(number))?;
            }
            Node::Start => {
                self.push(Step::Start)?;
            }
            Node::End => {
                self.push(Step::End)?;
            }
            Node::Concat(nodes) => {
                for node in nodes {
                    self.emit(node)?;
                }
            }
            Node::Alternate(nodes) => {
                let mut ends = vec![];
                let last = nodes.len() - 1;
                for (i, node) in nodes.iter().enumerate() {
                    if i == last {
                        self.emit(node)?;
                        break;
                    }
                    let at = self.push(Step::Match)?;
                    self.emit(node)?;
                    ends.push(self.push(Step::Match)?);
                    self.fork(at, false);
                }
                for end in ends {
                    self.steps[end] = Step::Jump(self.steps.len());
                }
            }
            Node::Repeat {
                node,
                least,
                most,
                lazy,
            } => self.repeat(node, *least, *most, *lazy)?,
        }
        Some(())
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, lazy: bool) -> Option<()> {
        let Some(most) = most else {
            self.copies(node, least.saturating_sub(1))?;
            return match least {
                0 => self.star(node, lazy),
                _ => self.plus(node, lazy),
            };
        };
        self.copies(node, least)?;
        let mut forks = vec![];
        for _ in least..most {
            forks.push(self.push(Step::Match)?);
            self.emit(node)?;
        }
        for fork in forks {
            self.fork(fork, lazy);
        }
        Some(())
    }

    fn copies(&mut self, node: &Node, copies: u32) -> Option<()> {
        let before = self.steps.len();
        for _ in 0..copies {
            self.emit(node)?;
            if self.steps.len() == before {
                break; // nothing, however often: (?:){1000}
            }
        }
        Some(())
    }

    fn star(&mut self, node: &Node, lazy: bool) -> Option<()> {
        let at = self.push(Step::Match)?;
        if node.may_be_empty() {
            self.plus(node, lazy)?;
        } else {
            self.emit(node)?;
            self.push(Step::Jump(at))?;
        }
        self.fork(at, lazy);
        Some(())
    }

    fn plus(&mut self, node: &Node, lazy: bool) -> Option<()> {
        let again = self.steps.len();
        if !node.may_be_empty() {
            self.emit(node)?;
            let at = self.push(Step::Match)?;
            self.steps[at] = split(again, at + 1, lazy);
            return Some(());
        }
        let mark = self.marks;
        self.marks += 1;
        self.push(Step::Mark(mark))?;
        self.emit(node)?;
        let at = self.push(Step::Match)?;
        self.steps[at] = Step::Loop {
            mark,
            again,
            out: at + 1,
            lazy,
        };
        Some(())
    }
}

/// The greedy one goes on first, the lazy one out.
fn split(on: usize, out: usize, lazy: bool) -> Step {
    if lazy {
        Step::Split(out, on)
    } else {
        Step::Split(on, out)
    }
}

impl Program {
    /// Whether an instruction that takes a character takes this one.
    #[inline]
    pub fn takes(&self, step: &Step, c: char) -> bool {
        match step {
            Step::Any => c != '\n',
            Step::Char(this) => *this == c,
            Step::Set(number) => self.sets[*number].has(c),
            _ => false,
        }
    }
}
