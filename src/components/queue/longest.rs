//! The longest line first: waiters x weight. It keeps lines even and workers busy, and it starves: a class that asks seldom
//! is served only when its line has grown as long as that of a class that floods, so whoever sends most is served most.
//! `rescue` bounds that.

use super::{
    Discipline, OF_OTHERS,
    lanes::{Lanes, classes},
};
use crate::config::{At, Node, Options, Refusal, Span, Table};

crate::options! {
    /// The longest line first.
    #[derive(Clone, Debug)]
    pub struct LongestOptions {
        /// What a waiter of each class counts, such as { interactive = 1, maintenance = 1 }; each has a line of its own.
        classes: Option<Node> = None, "none: first come, first served";
        /// What a waiter counts of classes that are not named.
        other: f64 = 1.0, "1";
        /// Whoever has waited for so long goes first, however short its line; 0 is never, which starves.
        rescue: Span = Span(30_000_000_000), "30s";
    }
}

struct Longest {
    lanes: Lanes,
    /// ns.
    rescue: u64,
}

struct Read {
    classes: Vec<(String, f64)>,
    other: f64,
    rescue: u64,
}

fn read(at: &At, table: &Table) -> Result<Read, Refusal> {
    let o = LongestOptions::read_table(at, table, OF_OTHERS)?;
    let weight = |w: f64| (1e-3..=1e6).contains(&w);
    if !weight(o.other) {
        let place = table.get("other").map_or(at, |entry| &entry.node.at);
        return Err(Refusal::at(place, format!("a weight of {}", o.other))
            .help("from 0.001 to 1e6: waiters of weight 0 would never be served"));
    }
    let what = "a weight from 0.001 to 1e6: waiters of weight 0 would never be served";
    Ok(Read {
        classes: classes(o.classes.as_ref(), weight, what)?,
        other: o.other,
        rescue: match o.rescue.0 {
            0 => u64::MAX,
            rescue => rescue,
        },
    })
}

pub fn build(at: &At, table: &Table, _: &[&str]) -> Result<Box<dyn Discipline>, Refusal> {
    let read = read(at, table)?;
    Ok(Box::new(Longest {
        lanes: Lanes::new(read.classes, read.other),
        rescue: read.rescue,
    }))
}

impl Discipline for Longest {
    fn lane(&self, class: &str) -> u32 {
        self.lanes.find(class)
    }
    fn push(&mut self, ticket: u32, lane: u32, now: u64) {
        self.lanes.push(ticket, lane, now);
    }
    fn pop(&mut self, now: u64) -> Option<u32> {
        let rescue = self.rescue;
        let best = self.lanes.pop_best(|_, lane, head| {
            if now.saturating_sub(head.joined) >= rescue {
                f64::INFINITY
            } else {
                lane.value * lane.len() as f64
            }
        });
        best.map(|(_, ticket)| ticket)
    }
    fn ahead(&self, lane: u32, _now: u64) -> usize {
        let Some(own) = self.lanes.lanes.get(lane as usize) else {
            return 0;
        };
        // The last of its line is served when no other line counts as much as one waiter of its own; those who are
        // rescued meanwhile are among them, or delay it by a turn.
        let each = self.lanes.lanes.iter().enumerate().map(|(i, other)| {
            let behind = match i == lane as usize {
                true => 0,
                false => (own.value / other.value).ceil() as usize - 1,
            };
            other.len().saturating_sub(behind)
        });
        each.sum()
    }
    fn oldest(&self, lane: u32) -> Option<u64> {
        self.lanes.oldest(lane)
    }
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let read = read(&options.at, options.table("the queue")?)?;
        self.lanes.replace(read.classes, read.other);
        self.rescue = read.rescue;
        Ok(())
    }
    fn gauges(&self, now: u64, out: &mut dyn FnMut(&str, f64)) {
        self.lanes.gauges(now, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{CLASSES, Op, SECOND, make, node, ops};
    use super::*;
    use crate::config::Source;
    use proptest::prelude::*;

    /// A list that is searched whole each time: (ticket, class, joined).
    #[derive(Default)]
    struct List(Vec<(u32, usize, u64)>);

    impl List {
        const WEIGHTS: [f64; 3] = [2.0, 1.0, 1.5];

        fn pop(&mut self, now: u64, rescue: u64) -> Option<u32> {
            let overdue = self.0.iter().position(|w| now - w.2 >= rescue);
            let next = overdue.or_else(|| {
                let counts = |class| {
                    let own = self.0.iter().filter(|w| w.1 == class).count();
                    own as f64 * Self::WEIGHTS[class]
                };
                // The list is in the order of arrival: the first of all who are in the longest line is the older head.
                let most = (0..3).map(counts).fold(0.0, f64::max);
                self.0.iter().position(|w| counts(w.1) == most)
            })?;
            Some(self.0.remove(next).0)
        }
    }

    proptest! {
        #[test]
        fn it_is_the_first_of_the_longest_line_or_who_is_overdue(ops in ops(), rescue in 0u64..20) {
            let options = format!("classes = {{ urgent = 2, slow = 1 }}, other = 1.5, rescue = \"{rescue}s\"");
            let mut queue = make(&node("longest-queue", &options));
            let rescue = if rescue == 0 { u64::MAX } else { rescue * SECOND };
            let (mut list, mut now, mut next) = (List::default(), 0u64, 0);
            for op in ops {
                match op {
                    Op::Join { class, after } => {
                        now += after;
                        // Nobody comes any more, and nobody is overdue: how many go before a newcomer.
                        if rescue == u64::MAX {
                            let mut rest = List(list.0.clone());
                            rest.0.push((next, class, now));
                            let before = std::iter::from_fn(|| rest.pop(now, rescue));
                            let before = before.take_while(|t| *t != next).count();
                            prop_assert_eq!(queue.ahead(queue.lane(CLASSES[class]), now), before);
                        }
                        queue.push(next, queue.lane(CLASSES[class]), now);
                        list.0.push((next, class, now));
                        next += 1;
                    }
                    Op::Serve { after } => {
                        now += after;
                        prop_assert_eq!(queue.pop(now), list.pop(now, rescue));
                    }
                    Op::Retune => {}
                }
            }
        }
    }

    #[test]
    fn weights_that_cannot_be_are_refused_at_their_place() {
        for options in ["\nclasses = { a = 0 }", "\nother = 0", "\nother = 1e7"] {
            let node = Node::parse(&Source::new("x.toml", options.to_string())).unwrap();
            let refused = build(&node.at, node.table("x").unwrap(), &[]);
            let refused = refused.err().unwrap().to_string();
            assert!(refused.contains("x.toml:2:"), "{refused}");
        }
    }
}
