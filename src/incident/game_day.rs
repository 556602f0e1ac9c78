//! What a game day draws: how often, how far everything moves, and which values of the file are drawn anew each time.

use crate::{
    config::{At, Node, Percent, Read, Refusal, Source, Span, Value, parse_nanos, suggestion},
    sim::dice::{Dice, Purpose},
};

crate::options! {
    /// Game day.
    #[derive(Clone, Debug)]
    pub struct GameDayOptions {
        /// How often it is drawn.
        draws: u64 = 20, "20";
        /// Up to which share of the trace everything starts later.
        shift: Percent = Percent(0.0), "0%";
        /// Recovery time that the 90th percentile of breached draws must not exceed.
        objective: Option<Span> = None, "none";
        /// Dotted paths of the file with what they are drawn from: two amounts are a range, anything else is a list of which one is taken.
        vary: Option<Node> = None, "nothing";
    }
}

/// Draws at most: each is a whole replay, and their outcomes are kept.
pub const MOST_DRAWS: u64 = 100_000;

/// What a value is drawn from.
#[derive(Clone, Debug)]
enum From {
    /// Uniform between two amounts of one unit, both included.
    Range(f64, f64, Unit),
    /// One of these.
    List(Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Whole,
    Number,
    Nanos,
    /// What stands behind the number: `%`, `/s`.
    Text(&'static str),
}

/// A value that is drawn.
#[derive(Clone, Debug)]
pub struct Vary {
    /// The dotted path that it is set at.
    pub path: String,
    /// Where it stands.
    pub at: At,
    from: From,
}

/// A game day, checked.
#[derive(Clone, Debug)]
pub struct GameDay {
    /// How often it is drawn.
    pub draws: u64,
    /// Up to which share of the trace everything starts later.
    pub shift: f64,
    /// Bound on the recovery time, ns.
    pub objective: Option<u64>,
    /// What is drawn anew each time.
    pub vary: Vec<Vary>,
}

/// What may be drawn: the traffic, the service, and what happens.
const ROOTS: &[&str] = &[
    "trace",
    "clients",
    "service",
    "dependency",
    "timeline",
    "fix",
];

impl GameDay {
    /// Reads the table.
    ///
    /// # Errors
    /// Ranges of two units, and paths to what cannot be drawn.
    pub fn read(node: &Node) -> Result<GameDay, Refusal> {
        let o = GameDayOptions::read(node)?;
        if o.draws == 0 || o.draws > MOST_DRAWS {
            let at = node.get("draws").map_or(&node.at, |n| &n.at);
            return Err(
                Refusal::at(at, format!("{} is no number of draws", o.draws))
                    .help(format!("write one from 1 to {MOST_DRAWS}")),
            );
        }
        let mut vary = vec![];
        if let Some(node) = &o.vary {
            for (path, entry) in node.table("vary")? {
                vary.push(varied(path, &entry.key, &entry.node)?);
            }
        }
        Ok(GameDay {
            draws: o.draws,
            shift: o.shift.0,
            objective: o.objective.map(|o| o.0),
            vary,
        })
    }

    /// One that draws these values, each written `path=[from, to]`.
    ///
    /// # Errors
    /// As [`GameDay::read`].
    pub fn of_arguments(vary: &[String]) -> Result<GameDay, Refusal> {
        let mut day = GameDay {
            draws: 20,
            shift: 0.0,
            objective: None,
            vary: vec![],
        };
        for text in vary {
            let whole = At::whole(&Source::new("--vary", text.clone()));
            let Some((path, from)) = text.split_once('=') else {
                return Err(Refusal::at(&whole, "this varies nothing")
                    .help("write path=[from, to], such as trace.load=[0.9, 1.2]"));
            };
            let path = path.trim();
            let source = Source::new(format!("--vary {path}"), from.trim());
            day.vary
                .push(varied(path, &whole, &Node::parse_value(&source)?)?);
        }
        Ok(day)
    }

    /// The settings of a draw, each as `path=value`: from the game day's own seed, the draw's number and the path's place.
    pub fn drawn(&self, seed: u64, draw: u64) -> Vec<String> {
        let dice = Dice::new(seed, draw);
        let one = |(i, vary): (usize, &Vary)| {
            let share = dice.draw(VARIED, i as u64).unit();
            format!("{}={}", vary.path, vary.value(share))
        };
        self.vary.iter().enumerate().map(one).collect()
    }

    /// The settings at one end of every range: what has to be readable before anything is drawn.
    pub(super) fn ends(&self) -> [Vec<(&Vary, Node)>; 2] {
        [0.0, 1.0].map(|share| {
            let one = |vary: &'_ Vary| {
                let source = Source::new(vary.path.clone(), vary.value(share));
                Node::parse_value(&source).ok()
            };
            let all = self.vary.iter();
            all.filter_map(|vary| Some((vary, one(vary)?))).collect()
        })
    }
}

/// The value of a path in a draw.
const VARIED: Purpose = Purpose::named("gameday.vary");

impl Vary {
    /// The value at a share of its range, as a file would have it. From 0 to 1; 1 itself is the last.
    fn value(&self, share: f64) -> String {
        match &self.from {
            From::Range(low, high, unit) => {
                let x = low + (high - low) * share;
                match unit {
                    // Each whole number is as likely as any other.
                    Unit::Whole => {
                        let x = (low + (high - low + 1.0) * share).floor();
                        format!("{}", x.min(*high))
                    }
                    Unit::Number => format!("{x:?}"),
                    Unit::Nanos => format!("\"{}ns\"", x.round()),
                    Unit::Text(unit) => format!("\"{x}{unit}\""),
                }
            }
            From::List(items) => {
                let place = (share * items.len() as f64) as usize;
                items[place.min(items.len() - 1)].to_inline()
            }
        }
    }
}

fn varied(path: &str, at: &At, node: &Node) -> Result<Vary, Refusal> {
    let root = path.split('.').next().unwrap_or("");
    if !ROOTS.contains(&root) || !path.contains('.') {
        let message = format!("\"{path}\" cannot be drawn");
        return Err(Refusal::at(at, message).help(format!(
            "a path in quotes that begins with {}.; {}",
            ROOTS.join("., "),
            suggestion(root, ROOTS.iter().copied())
        )));
    }
    Ok(Vary {
        path: path.into(),
        at: at.clone(),
        from: from(node)?,
    })
}

fn amount(node: &Node) -> Option<(f64, Unit)> {
    match &node.value {
        Value::Integer(i) => Some((*i as f64, Unit::Whole)),
        Value::Float(x) => Some((*x, Unit::Number)),
        Value::Text(text) => {
            let text = text.trim();
            let with = |unit: &'static str| {
                let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
                Some((number, Unit::Text(unit)))
            };
            let span = || Some((parse_nanos(text)? as f64, Unit::Nanos));
            with("%").or_else(|| with("/s")).or_else(span)
        }
        _ => None,
    }
}

fn from(node: &Node) -> Result<From, Refusal> {
    let wanted = "a range such as [\"200ms\", \"600ms\"], or a list of which one is taken";
    let items = match &node.value {
        Value::List(items) if !items.is_empty() => items,
        _ => return Err(node.wrong(wanted)),
    };
    let [low, high] = &items[..] else {
        return Ok(From::List(items.clone()));
    };
    let (a, b) = match (amount(low), amount(high)) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return Ok(From::List(items.clone())),
        _ => return Err(node.wrong(wanted)),
    };
    let unit = match (a.1, b.1) {
        (one, other) if one == other => one,
        (Unit::Whole | Unit::Number, Unit::Whole | Unit::Number) => Unit::Number,
        _ => {
            return Err(Refusal::at(&node.at, "a range between two units")
                .help("write both ends in one unit, such as [\"200ms\", \"600ms\"]"));
        }
    };
    if a.0 > b.0 {
        return Err(Refusal::at(&node.at, "a range that ends before it begins")
            .help("the smaller comes first"));
    }
    Ok(From::Range(a.0, b.0, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(vary: &str) -> Result<GameDay, Refusal> {
        let source = Source::new("x", format!("{{ vary = {{ {vary} }} }}"));
        GameDay::read(&Node::parse_value(&source).unwrap())
    }

    #[test]
    fn draws_stay_in_their_range_reach_its_ends_and_are_the_same_each_time() {
        let day = day(
            r#""timeline.0.fault.latency" = ["200ms", "600ms"], "service.replicas" = [2, 4], "trace.load" = [0.9, 1.2],
               "timeline.0.fault.percentage" = ["5%", "10%"], "service.balancer" = ["random", "least-in-flight", "round-robin"]"#,
        );
        let day = day.unwrap();
        let draws: Vec<Vec<String>> = (0..300).map(|draw| day.drawn(7, draw)).collect();
        let values = |i: usize| draws.iter().map(move |d| d[i].split_once('=').unwrap().1);
        let spans = values(0).map(|v| parse_nanos(v.trim_matches('"')).unwrap());
        let (low, high) = (spans.clone().min().unwrap(), spans.max().unwrap());
        assert!((200_000_000..210_000_000).contains(&low), "{low}");
        assert!((590_000_000..=600_000_000).contains(&high), "{high}");
        for replicas in ["2", "3", "4"] {
            let n = values(1).filter(|v| *v == replicas).count();
            assert!((70..130).contains(&n), "{replicas}: {n}");
        }
        assert!(values(2).all(|v| (0.9..=1.2).contains(&v.parse::<f64>().unwrap())));
        assert!(values(3).all(|v| v.ends_with("%\"")));
        let different: std::collections::BTreeSet<&str> = values(4).collect();
        assert_eq!(different.len(), 3);
        assert_eq!(draws[5], day.drawn(7, 5));
        assert_ne!(draws[5], day.drawn(8, 5));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for wrong in [
            r#""trace.load" = 1.0"#,
            r#""trace.load" = []"#,
            r#""trace.load" = ["5%", "10ms"]"#,
            r#""trace.load" = [2.0, 1.0]"#,
            r#""trace.load" = [1.0, "x"]"#,
            r#""seed" = [1, 2]"#,
            r#""gates.latency" = ["a", "b"]"#,
        ] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
