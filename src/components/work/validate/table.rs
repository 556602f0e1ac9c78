//! A pattern as a table of states: the subset construction. Dear to build, cheap to use, as a validator is.

use super::super::{
    Exhausted, Meter,
    pattern::{Program, Step, after},
};
use std::collections::BTreeMap;

/// States at most: a pattern may need two to the power of its length.
const MOST_STATES: usize = 2000;

/// The state that nothing leaves.
const NO: u32 = 0;

/// A validator of whole texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// First characters of the classes, in order; the first is the first of all.
    classes: Vec<char>,
    /// By state and class: the next state.
    next: Vec<u32>,
    /// By state: whether the text may end here.
    ends: Vec<bool>,
}

/// Why there is no table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unbuilt {
    /// It would have too many states.
    TooLarge,
    Exhausted,
}

impl From<Exhausted> for Unbuilt {
    fn from(_: Exhausted) -> Unbuilt {
        Unbuilt::Exhausted
    }
}

impl Table {
    /// Builds it. Spends a unit for each instruction that a state is made of, and for each transition.
    pub fn build(program: &Program, meter: &mut Meter, part: usize) -> Result<Table, Unbuilt> {
        let classes = classes(program);
        let mut states: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        let (mut todo, mut table) = (
            vec![vec![], closure(program, &[0], meter, part)?],
            Table {
                classes,
                next: vec![],
                ends: vec![],
            },
        );
        for (number, state) in todo.iter().enumerate() {
            states.insert(state.clone(), number as u32);
        }
        let mut done = 0;
        while done < todo.len() {
            let state = std::mem::take(&mut todo[done]);
            done += 1;
            table
                .ends
                .push(state.iter().any(|&s| program.steps[s] == Step::Match));
            for &class in &table.classes {
                let takes = state
                    .iter()
                    .filter(|&&s| program.takes(&program.steps[s], class));
                let to: Vec<_> = takes.map(|s| s + 1).collect();
                let to = closure(program, &to, meter, part)?;
                meter.spend(part, 1)?;
                let known = states.len() as u32;
                let number = *states.entry(to).or_insert_with_key(|to| {
                    todo.push(to.clone());
                    known
                });
                table.next.push(number);
            }
            if todo.len() > MOST_STATES {
                return Err(Unbuilt::TooLarge);
            }
        }
        Ok(table)
    }

    /// Whether a whole text is right. Spends a unit for each of its characters until it is wrong.
    pub fn matches(&self, text: &str, meter: &mut Meter, part: usize) -> Result<bool, Exhausted> {
        let (mut state, mut units) = (1, 0);
        for c in text.chars() {
            units += 1;
            let class = self.classes.partition_point(|&first| first <= c) - 1;
            state = self.next[state as usize * self.classes.len() + class];
            if state == NO {
                break;
            }
        }
        meter.spend(part, units)?;
        Ok(self.ends[state as usize])
    }
}

/// First characters of the ranges that all instructions treat alike.
fn classes(program: &Program) -> Vec<char> {
    let mut firsts = vec!['\0'];
    let mut range =
        |from: char, to: char| firsts.extend([Some(from), after(to)].into_iter().flatten());
    for step in &program.steps {
        match step {
            Step::Any => range('\n', '\n'),
            Step::Char(c) => range(*c, *c),
            Step::Set(number) => {
                for &(from, to) in &program.sets[*number].0 {
                    range(from, to);
                }
            }
            _ => {}
        }
    }
    firsts.sort_unstable();
    firsts.dedup();
    firsts
}

/// Whatever can be reached without a character, in order. The edges of the text are not asked for: the whole is matched.
fn closure(
    program: &Program,
    from: &[usize],
    meter: &mut Meter,
    part: usize,
) -> Result<Vec<usize>, Exhausted> {
    let (mut reached, mut todo) = (vec![], from.to_vec());
    let mut seen = vec![false; program.steps.len()];
    let mut units = 0;
    while let Some(step) = todo.pop() {
        if std::mem::replace(&mut seen[step], true) {
            continue;
        }
        units += 1;
        match &program.steps[step] {
            Step::Jump(to) => todo.push(*to),
            Step::Split(first, second) => todo.extend([*first, *second]),
            Step::Loop { again, out, .. } => todo.extend([*again, *out]),
            Step::Mark(_) | Step::Start | Step::End => todo.push(step + 1),
            Step::Match | Step::Any | Step::Char(_) | Step::Set(_) => reached.push(step),
        }
    }
    meter.spend(part, units)?;
    reached.sort_unstable();
    Ok(reached)
}
