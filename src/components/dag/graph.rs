//! The graph, checked.

use crate::sim::hash::FixedState;
use hashbrown::HashMap;

/// Steps, each with those that it waits for; without cycles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dag {
    /// For each step, those that wait for it.
    children: Vec<Vec<u32>>,
    /// For each step, how many it waits for.
    parents: Vec<u32>,
    /// For each step, the longest way from a step that waits for nobody.
    depth: Vec<u32>,
}

/// What is wrong with a graph. Steps and edges by index, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Two steps of one name: the second.
    SameName(usize),
    /// A step waits for one that there is not: the step, and which of its edges.
    Unknown(usize, usize),
    /// A step waits for itself.
    Itself(usize, usize),
    /// A step says twice that it waits for the same.
    Twice(usize, usize),
    /// Each waits for the next, the last for the first.
    Cycle(Vec<usize>),
}

impl Dag {
    /// Checks names and edges; `after[i]` names what step `i` waits for.
    ///
    /// # Errors
    /// The first thing wrong: names, then edges in order, then a cycle.
    pub fn build<N: AsRef<str>>(names: &[&str], after: &[Vec<N>]) -> Result<Dag, Wrong> {
        let mut number: HashMap<&str, usize, FixedState> = HashMap::default();
        for (i, name) in names.iter().enumerate() {
            if number.insert(name, i).is_some() {
                return Err(Wrong::SameName(i));
            }
        }
        let n = names.len();
        let mut dag = Dag {
            children: vec![vec![]; n],
            parents: vec![0; n],
            depth: vec![0; n],
        };
        let mut before: Vec<Vec<usize>> = vec![vec![]; n];
        // Who named a step last: an edge that is there twice is seen without a look at the others.
        let mut named_by = vec![usize::MAX; n];
        for (i, edges) in after.iter().enumerate() {
            for (e, name) in edges.iter().enumerate() {
                let Some(&parent) = number.get(name.as_ref()) else {
                    return Err(Wrong::Unknown(i, e));
                };
                if parent == i {
                    return Err(Wrong::Itself(i, e));
                }
                if std::mem::replace(&mut named_by[parent], i) == i {
                    return Err(Wrong::Twice(i, e));
                }
                before[i].push(parent);
                dag.children[parent].push(i as u32);
                dag.parents[i] += 1;
            }
        }
        let mut waits_for = dag.parents.clone();
        let mut order: Vec<usize> = (0..n).filter(|&i| waits_for[i] == 0).collect();
        let mut next = 0;
        while let Some(&step) = order.get(next) {
            next += 1;
            for &child in &dag.children[step] {
                let child = child as usize;
                dag.depth[child] = dag.depth[child].max(dag.depth[step] + 1);
                waits_for[child] -= 1;
                if waits_for[child] == 0 {
                    order.push(child);
                }
            }
        }
        match waits_for.iter().position(|&w| w > 0) {
            None => Ok(dag),
            Some(start) => Err(Wrong::Cycle(cycle(start, &before, &waits_for))),
        }
    }

    /// Steps.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Those that wait for this step.
    pub fn children(&self, step: usize) -> &[u32] {
        &self.children[step]
    }

    /// How many each step waits for.
    pub fn parents(&self) -> &[u32] {
        &self.parents
    }

    /// The longest way to this step from one that waits for nobody.
    pub fn depth(&self, step: usize) -> usize {
        self.depth[step] as usize
    }
}

/// The path of a cycle. What Kahn's algorithm left over waits for another that is left over, so walking back from any of
/// them comes round.
fn cycle(start: usize, before: &[Vec<usize>], waits_for: &[u32]) -> Vec<usize> {
    let mut path = vec![start];
    let mut place = vec![usize::MAX; before.len()];
    place[start] = 0;
    loop {
        let here = path[path.len() - 1];
        let Some(&next) = before[here].iter().find(|&&b| waits_for[b] > 0) else {
            return path;
        };
        if place[next] != usize::MAX {
            return path.split_off(place[next]);
        }
        place[next] = path.len();
        path.push(next);
    }
}
