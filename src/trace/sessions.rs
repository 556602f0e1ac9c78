//! Closed loop: people who talk in turns, and send the next one a while after they have the answer to the last.
//!
//! A session knows its turns, not their times: whoever drives it says when the answer came. Each turn repeats the prompt of
//! the one before and adds to it, so its prefix blocks grow. Op numbers are session * 2^16 + turn: turn 3 of session 17 is the
//! same request with the same dice, whenever it is sent.

use super::{
    arrivals::Arrivals,
    payload::Payload,
    population::{Delays, Filler, Sizes},
    request::{Facts, Field, Request, SharedTags},
    shape::{Shape, Take},
    spec::{Extent, TraceSpec},
};
use crate::{
    config::{Count, Node, Refusal, Span},
    sim::{
        dice::{Dice, Purpose},
        distribution::Distribution,
        hash::mix,
    },
};
use std::{cell::RefCell, rc::Rc};

crate::options! {
    /// Sessions of several turns.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Closed {
        /// So many people, each of whom starts another conversation after the last. Without it sessions start by `arrivals`.
        users: Option<Count> = None, "by arrivals";
        /// Time over which they begin, evenly spread.
        ramp: Span = Span(0), "0";
        /// Turns of a conversation.
        turns: Sizes = Sizes(Distribution::Uniform { low: 1.0, high: 9.0 }), "uniform from 1 to 9";
        /// Time from an answer to the next turn.
        think: Delays = Delays(Distribution::Exponential { mean: 10e9 }), "exponential, mean 10s";
        /// Time from the end of a conversation to the next one of the same person.
        pause: Delays = Delays(Distribution::Exponential { mean: 60e9 }), "exponential, mean 1m";
        /// Prompt-prefix blocks that all conversations of a tenant share (a system prompt).
        system_blocks: Count = Count(2), "2";
        /// Blocks that the first turn adds.
        first_blocks: Sizes = Sizes(Distribution::Constant(2.0)), "2";
        /// Blocks that each later turn adds.
        turn_blocks: Sizes = Sizes(Distribution::Constant(1.0)), "1";
        /// Tokens of a block.
        block_tokens: Count = Count(512), "512";
    }
}

const TURNS: Purpose = Purpose::named("trace.session.turns");
const THINK: Purpose = Purpose::named("trace.session.think");
const PAUSE: Purpose = Purpose::named("trace.session.pause");
const BLOCKS: Purpose = Purpose::named("trace.session.blocks");
/// Dice of a session, apart from those of its turns.
const SESSION: u64 = 1 << 63;
/// Turns of a session: op numbers have room for no more.
const MOST_TURNS: u64 = 1 << 16;
/// Blocks of one prompt.
const MOST_BLOCKS: usize = 1 << 16;

impl Closed {
    pub(super) fn check(
        &self,
        node: &Node,
        arrivals: bool,
        shape: &Shape,
        laps: u64,
    ) -> Result<(), Refusal> {
        let place = |path: &str| node.get(path).unwrap_or(node);
        match (self.users, arrivals) {
            (Some(_), true) => {
                return Err(
                    Refusal::at(&place("sessions.users").at, "users and arrivals at once").help(
                        "either so many people who come back, or sessions that start by arrivals",
                    ),
                );
            }
            (None, false) => {
                return Err(
                    Refusal::at(&place("sessions").at, "nobody starts a session")
                        .help("give sessions.users, or arrivals"),
                );
            }
            (Some(users), false) if users.0 == 0 || users.0 > 1 << 24 => {
                return Err(place("sessions.users").wrong("between 1 and 16M users"));
            }
            _ => {}
        }
        if self.block_tokens.0 == 0 {
            return Err(place("sessions.block_tokens").wrong("at least 1 token"));
        }
        for (name, given) in [
            ("speed", shape.speed.is_some()),
            ("rate", shape.rate.is_some()),
            ("filter", shape.filter.is_some()),
            ("loop", laps > 1),
        ] {
            if given {
                return Err(Refusal::at(
                    &place(name).at,
                    format!("{name} has no meaning for sessions"),
                )
                .help(
                    "in a closed loop the answers set the pace; change users, think or arrivals",
                ));
            }
        }
        Ok(())
    }
}

/// The sessions of a trace, by their start.
#[derive(Debug)]
pub struct Sessions {
    shared: Rc<Shared>,
    starts: Starts,
    facts: Facts,
    left: u64,
}

#[derive(Debug)]
enum Starts {
    Users { next: u64, users: u64, ramp: u64 },
    Arrivals(Arrivals),
}

#[derive(Debug)]
struct Shared {
    seed: u64,
    settings: Closed,
    until: u64,
    filler: RefCell<Filler>,
    tags: SharedTags,
    blank: Rc<Payload>,
}

impl Sessions {
    pub(super) fn new(spec: &TraceSpec, seed: u64) -> Result<Sessions, Refusal> {
        let settings = spec
            .origin
            .sessions
            .clone()
            .ok_or_else(|| Refusal::new("the trace has no sessions"))?;
        if spec.population.changes_rates() || spec.drifts.iter().any(|(_, p)| p.changes_rates()) {
            return Err(
                Refusal::new("load, rates and surges have no meaning for sessions").help(
                    "in a closed loop the answers set the pace; change users, think or arrivals",
                ),
            );
        }
        let tags: SharedTags = Rc::default();
        let mut filled = spec.filled(&[]);
        let fields: Vec<Field> = filled
            .iter()
            .map(|(f, _)| *f)
            .filter(|f| *f != Field::InputTokens)
            .collect();
        let filler = Filler::new(
            seed,
            spec.population.clone(),
            &spec.drifts,
            &fields,
            tags.clone(),
        );
        let duration = spec.origin.duration.0;
        let (until, left) = match spec.shape.take {
            None => (duration, u64::MAX),
            Some(Take::Time(ns)) => (duration.min(ns), u64::MAX),
            Some(Take::Rows(n)) => (duration, n),
        };
        let starts = starts(spec, &settings, seed, until);
        filled.retain(|(f, _)| *f != Field::InputTokens);
        filled.push((Field::Blocks, "growing turn by turn".into()));
        filled.push((
            Field::InputTokens,
            format!("{} a block", settings.block_tokens.0),
        ));
        let how = match &starts {
            Starts::Users { users, .. } => format!("{users} users, closed loop"),
            Starts::Arrivals(_) => format!(
                "sessions by {}",
                spec.origin.arrivals.as_ref().map_or("", |a| &a.words)
            ),
        };
        filled.push((Field::Arrived, how));
        filled.sort_by_key(|(f, _)| *f);
        let shared = Shared {
            seed,
            settings,
            until,
            filler: RefCell::new(filler),
            tags,
            blank: Rc::new(Payload::new("", &[])),
        };
        Ok(Sessions {
            shared: Rc::new(shared),
            starts,
            facts: Facts {
                format: "generated".into(),
                origin: None,
                captured: vec![],
                filled,
            },
            left,
        })
    }

    pub(super) fn extent(spec: &TraceSpec, seed: u64) -> Result<Extent, Refusal> {
        let mut sessions = Sessions::new(spec, seed)?;
        let (mut rows, mut first, mut last) = (0, 0, 0);
        while let Some((_, at)) = sessions.start() {
            if rows == 0 {
                first = at;
            }
            last = at;
            rows += 1;
        }
        if rows == 0 {
            return Err(Refusal::new("no session starts within the trace")
                .help("raise its rate or its duration"));
        }
        Ok(Extent {
            rows,
            first,
            last,
            length: sessions.shared.until,
        })
    }

    /// The dictionaries of the trace's names, which grow as turns are asked for.
    pub fn tags(&self) -> &SharedTags {
        &self.shared.tags
    }

    /// What is made, and how.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// When no more turns are sent, ns.
    pub fn until(&self) -> u64 {
        self.shared.until
    }

    fn start(&mut self) -> Option<(u64, u64)> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        match &mut self.starts {
            Starts::Users { next, users, ramp } => {
                let n = *next;
                *next += 1;
                let at = (u128::from(*ramp) * u128::from(n) / u128::from((*users).max(1))) as u64;
                (n < *users && at < self.shared.until).then_some((n, at))
            }
            Starts::Arrivals(arrivals) => arrivals.next(),
        }
    }
}

fn starts(spec: &TraceSpec, settings: &Closed, seed: u64, until: u64) -> Starts {
    match (&settings.users, &spec.origin.arrivals) {
        (None, Some(process)) => Starts::Arrivals(Arrivals::new(process, seed, until)),
        (users, _) => Starts::Users {
            next: 0,
            users: users.map_or(0, |u| u.0),
            ramp: settings.ramp.0,
        },
    }
}

impl Iterator for Sessions {
    type Item = Session;

    fn next(&mut self) -> Option<Session> {
        let (number, start) = self.start()?;
        let mut session = Session {
            number,
            start,
            turn: 0,
            talk: 0,
            left: 0,
            blocks: vec![],
            sender: Request::blank(self.shared.blank.clone()),
            returns: matches!(self.starts, Starts::Users { .. }),
            shared: self.shared.clone(),
        };
        session.begin(start);
        Some(session)
    }
}

/// One person: the turns, one after another.
#[derive(Debug)]
pub struct Session {
    /// Its number.
    pub number: u64,
    /// When its first turn is sent, ns.
    pub start: u64,
    /// The next turn.
    turn: u64,
    /// Conversations begun.
    talk: u64,
    /// Turns left of the conversation.
    left: u64,
    blocks: Vec<u64>,
    sender: Request,
    returns: bool,
    shared: Rc<Shared>,
}

impl Session {
    /// Begins a conversation.
    fn begin(&mut self, now: u64) {
        let settings = &self.shared.settings;
        let dice = Dice::new(self.shared.seed, SESSION | self.number);
        if self.turn == 0 {
            let mut filler = self.shared.filler.borrow_mut();
            let version = filler.version(now, dice);
            filler.sender(&mut self.sender, dice, version);
        }
        self.left = settings
            .turns
            .sample(&mut dice.draw(TURNS, self.talk))
            .max(1);
        self.talk += 1;
        let tenant = self.shared.tags.borrow().tenant.digest(self.sender.tenant);
        self.blocks.clear();
        let system = settings.system_blocks.0.min(MOST_BLOCKS as u64);
        // Ids stay below 2^53, so that any JSON reader keeps them whole.
        self.blocks
            .extend((0..system).map(|i| mix(tenant ^ mix(i + 1)) >> 11));
    }

    /// Time from the answer to the last turn to the next turn, ns. 0 before the first.
    pub fn think(&self) -> u64 {
        let settings = &self.shared.settings;
        let dice = Dice::new(self.shared.seed, SESSION | self.number);
        match (self.turn, self.left) {
            (0, _) => 0,
            (turn, 0) => settings.pause.sample(&mut dice.draw(PAUSE, turn)),
            (turn, _) => settings.think.sample(&mut dice.draw(THINK, turn)),
        }
    }

    /// Whether another turn may come.
    pub fn is_over(&self) -> bool {
        (self.left == 0 && !self.returns) || self.turn >= MOST_TURNS
    }

    /// The next turn, sent at `now`; `None` when the session is over or the trace has ended.
    pub fn turn(&mut self, now: u64) -> Option<Request> {
        if self.is_over() || now >= self.shared.until {
            return None;
        }
        if self.left == 0 {
            self.begin(now);
        }
        let settings = &self.shared.settings;
        let op = self.number * MOST_TURNS + self.turn;
        let dice = Dice::new(self.shared.seed, op);
        let fresh = self.blocks.len() as u64 <= settings.system_blocks.0;
        let sizes = if fresh {
            &settings.first_blocks
        } else {
            &settings.turn_blocks
        };
        let more = sizes
            .sample(&mut dice.draw(BLOCKS, 0))
            .min((MOST_BLOCKS - self.blocks.len().min(MOST_BLOCKS)) as u64);
        self.blocks
            .extend((0..more).map(|i| mix(mix(self.shared.seed ^ op) ^ mix(i)) >> 11));
        let mut request = self.sender.clone();
        request.op = op;
        request.arrived = now;
        request.payload = Rc::new(Payload::parts(String::new(), vec![], &self.blocks));
        request.input_tokens =
            (self.blocks.len() as u64 * settings.block_tokens.0).min(u64::from(u32::MAX)) as u32;
        let mut filler = self.shared.filler.borrow_mut();
        let version = filler.version(now, dice);
        filler.request(&mut request, dice, version);
        self.turn += 1;
        self.left -= 1;
        Some(request)
    }
}
