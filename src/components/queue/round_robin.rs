//! Weighted round robin: each class that has waiters gets its share of the turns, spread as evenly as may be.
//!
//! The smooth form (nginx, 2012): at each turn every class with waiters earns its share, the richest is served and pays for
//! all. A class with nobody waiting saves nothing up, so it cannot come back with a burst; `burst` bounds turns in a row.

use super::{
    Discipline, OF_OTHERS,
    lanes::{Lanes, classes},
};
use crate::config::{At, Node, Options, Refusal, Table};

crate::options! {
    /// Weighted round robin.
    #[derive(Clone, Debug)]
    pub struct RoundRobinOptions {
        /// Weight of each class, such as { interactive = 8, maintenance = 1 }.
        classes: Option<Node> = None, "none: first come, first served";
        /// Weight of classes that are not named.
        other: f64 = 1.0, "1";
        /// Turns in a row that a class gets at most while others wait.
        burst: u32 = 8, "8";
        /// Least share of the turns of a class in percent, whatever its weight, such as { maintenance = 5 }.
        floors: Option<Node> = None, "none";
    }
}

struct RoundRobin {
    lanes: Lanes,
    credit: Vec<f64>,
    burst: u32,
    /// Who had the last turn, and how many in a row.
    run: (usize, u32),
}

struct Read {
    shares: Vec<(String, f64)>,
    other: f64,
    burst: u32,
}

fn read(at: &At, table: &Table) -> Result<Read, Refusal> {
    let o = RoundRobinOptions::read_table(at, table, OF_OTHERS)?;
    let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
    let weight = |w: f64| (1e-3..=1e6).contains(&w);
    let what = "a weight from 0.001 to 1e6: a class of weight 0 would starve";
    let mut shares = classes(o.classes.as_ref(), weight, what)?;
    if !weight(o.other) {
        return Err(
            Refusal::at(place("other"), format!("a weight of {}", o.other))
                .help("from 0.001 to 1e6: a class of weight 0 would starve"),
        );
    }
    if o.burst == 0 {
        return Err(Refusal::at(place("burst"), "a burst of 0 turns").help("1 or more"));
    }
    let floors = classes(
        o.floors.as_ref(),
        |f| (0.0..100.0).contains(&f),
        "a share in percent, below 100",
    )?;
    let mut other = o.other;
    let total = other + shares.iter().map(|(_, w)| w).sum::<f64>();
    other /= total;
    shares.iter_mut().for_each(|(_, w)| *w /= total);
    // Raise those below their floor; the others share what is left in proportion.
    let mut raised = vec![false; shares.len()];
    let mut sum = 0.0;
    for (name, floor) in &floors {
        let Some(i) = shares.iter().position(|(n, _)| n == name) else {
            return Err(
                Refusal::at(place("floors"), format!("no class \"{name}\" has a weight"))
                    .help("name it in `classes` too"),
            );
        };
        sum += floor / 100.0;
        if shares[i].1 < floor / 100.0 {
            shares[i].1 = floor / 100.0;
            raised[i] = true;
        }
    }
    if sum >= 1.0 {
        return Err(Refusal::at(
            place("floors"),
            "these floors leave nothing to the classes without one",
        )
        .help("their sum is below 100"));
    }
    Ok(Read {
        shares: rescaled(shares, raised, &floors, &mut other),
        other,
        burst: o.burst,
    })
}

/// Shrinks those that are not at their floor until all shares add up to 1, none below its floor.
fn rescaled(
    mut shares: Vec<(String, f64)>,
    mut raised: Vec<bool>,
    floors: &[(String, f64)],
    other: &mut f64,
) -> Vec<(String, f64)> {
    // Each round fixes at least one class more, or ends.
    loop {
        let fixed: f64 = shares
            .iter()
            .zip(&raised)
            .map(|((_, s), r)| if *r { *s } else { 0.0 })
            .sum();
        let free = *other
            + shares
                .iter()
                .zip(&raised)
                .map(|((_, s), r)| if *r { 0.0 } else { *s })
                .sum::<f64>();
        let factor = (1.0 - fixed) / free;
        *other *= factor;
        let mut again = false;
        for ((name, share), raised) in shares.iter_mut().zip(&mut raised).filter(|(_, r)| !**r) {
            *share *= factor;
            if let Some((_, floor)) = floors.iter().find(|(n, _)| n == name)
                && *share < floor / 100.0
            {
                *share = floor / 100.0;
                *raised = true;
                again = true;
            }
        }
        if !again {
            return shares;
        }
    }
}

pub fn build(at: &At, table: &Table, _: &[&str]) -> Result<Box<dyn Discipline>, Refusal> {
    let read = read(at, table)?;
    Ok(Box::new(RoundRobin {
        credit: vec![0.0; read.shares.len() + 1],
        lanes: Lanes::new(read.shares, read.other),
        burst: read.burst,
        run: (0, 0),
    }))
}

impl Discipline for RoundRobin {
    fn lane(&self, class: &str) -> u32 {
        self.lanes.find(class)
    }
    fn push(&mut self, ticket: u32, lane: u32, now: u64) {
        self.lanes.push(ticket, lane, now);
    }
    fn pop(&mut self, _now: u64) -> Option<u32> {
        let mut paid = 0.0;
        let mut waiting = 0;
        for (lane, credit) in self.lanes.lanes.iter().zip(&mut self.credit) {
            if lane.len() == 0 {
                *credit = 0.0;
            } else {
                *credit += lane.value;
                paid += lane.value;
                waiting += 1;
            }
        }
        let (last, run) = self.run;
        let rests = (waiting > 1 && run >= self.burst).then_some(last);
        let credit = &self.credit;
        let (i, ticket) = self.lanes.pop_best(|i, _, _| {
            if rests == Some(i) {
                f64::NEG_INFINITY
            } else {
                credit[i]
            }
        })?;
        // Turns that the bound on bursts took away are not owed for ever.
        let most = f64::from(self.burst);
        self.credit[i] = (self.credit[i] - paid).max(-most);
        if let Some(rests) = rests {
            self.credit[rests] = self.credit[rests].min(most);
        }
        self.run = if i == last {
            (i, run.saturating_add(1))
        } else {
            (i, 1)
        };
        Some(ticket)
    }
    fn ahead(&self, lane: u32, _now: u64) -> usize {
        let Some(own) = self.lanes.lanes.get(lane as usize) else {
            return 0;
        };
        // While this lane has its turns, each other one gets its share of them, as far as it has waiters.
        let each = self.lanes.lanes.iter().map(|other| {
            let turns = (own.len() as f64 + 1.0) * other.value / own.value;
            other.len().min(turns as usize)
        });
        each.sum::<usize>().max(own.len())
    }
    fn oldest(&self, lane: u32) -> Option<u64> {
        self.lanes.oldest(lane)
    }
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let read = read(&options.at, options.table("the queue")?)?;
        self.credit = vec![0.0; read.shares.len() + 1];
        self.lanes.replace(read.shares, read.other);
        (self.burst, self.run) = (read.burst, (0, 0));
        Ok(())
    }
    fn gauges(&self, now: u64, out: &mut dyn FnMut(&str, f64)) {
        self.lanes.gauges(now, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    /// Turns of each lane out of `n`, all of them always with waiters; and the longest run of one.
    fn turns(options: &str, n: usize) -> (Vec<usize>, u32) {
        let node = Node::parse(&Source::new("x.toml", options.to_string())).unwrap();
        let mut queue = build(&node.at, node.table("x").unwrap(), &[]).unwrap();
        for lane in 0..3 {
            (0..n as u32).for_each(|_| queue.push(lane, lane, 0));
        }
        let mut counts = vec![0; 3];
        let (mut last, mut run, mut longest) = (9, 0, 0);
        for _ in 0..n {
            let lane = queue.pop(0).unwrap();
            counts[lane as usize] += 1;
            run = if lane == last { run + 1 } else { 1 };
            (last, longest) = (lane, longest.max(run));
        }
        (counts, longest)
    }

    #[test]
    fn turns_are_in_proportion_to_weights() {
        let (counts, _) = turns("classes = { a = 6, b = 3 }", 1000);
        assert_eq!(counts, [100, 600, 300]);
    }

    #[test]
    fn a_floor_lifts_a_light_class_and_the_rest_share_what_is_left() {
        let (counts, _) = turns(
            "classes = { a = 980, b = 10 }\nother = 10\nfloors = { b = 10 }\nburst = 100",
            1000,
        );
        assert!(counts[2] >= 99, "{counts:?}");
        assert!(counts[0] >= 8, "{counts:?}");
    }

    #[test]
    fn nobody_gets_more_turns_in_a_row_than_the_burst_while_others_wait() {
        let (counts, longest) = turns("classes = { a = 1000, b = 1 }\nburst = 3", 400);
        assert_eq!(longest, 3, "{counts:?}");
        assert!(counts[1] >= 299, "{counts:?}");
    }

    #[test]
    fn weights_and_floors_that_cannot_be_are_refused() {
        for (options, says) in [
            ("classes = { a = 0 }", "starve"),
            ("classes = { a = 1 }\nfloors = { b = 1 }", "no class"),
            ("classes = { a = 1 }\nfloors = { a = 100 }", "below 100"),
            (
                "classes = { a = 1, b = 1 }\nfloors = { a = 60, b = 60 }",
                "leave nothing",
            ),
            ("burst = 0", "1 or more"),
        ] {
            let node = Node::parse(&Source::new("x.toml", options.to_string())).unwrap();
            let refused = build(&node.at, node.table("x").unwrap(), &[])
                .err()
                .unwrap();
            assert!(refused.to_string().contains(says), "{options}: {refused}");
        }
    }
}
