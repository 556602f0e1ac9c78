//! The counterfactual answer: what of an incident it takes for a gate to be breached, and how much of the harm is whose.
//!
//! Every entry of the timeline, every condition that a control would take away, and every setting that might have been
//! otherwise is an item. Replays of the same traffic with the same dice, with some of the items and without the others, say
//! what each of them does ([`game`](self)): had it never happened, and had it been withdrawn while the gate was broken. A
//! trigger matters in the first and no longer in the second; what keeps an outage up matters in both.

mod game;
mod items;

pub use game::{MOST, Point, Share};
pub use items::Item;

use crate::{
    config::{Entry, Refusal, show_nanos},
    gates::{Gate, Judgement, Objective, Stretch, Verdict},
    incident::{self, Incident, PhaseName, Registries, Run, RunOptions, Standard},
    indicators::{Unit, Worse},
    recording::Keep,
};
use game::Game;
use items::Items;
use serde::Serialize;
use std::ops::Range;

/// Share of the excess from which an item has a part in it: less is hardly told from nothing on a page.
pub const PART: f64 = 0.1;
/// What follows upon a withdrawal is held to the gate from this share of the time that is left: queues drain first.
const SETTLES: u64 = 4;

/// Numbers alone.
const ROWLESS: RunOptions<'static> = RunOptions {
    keep: Keep::NoRows,
    progress: None,
};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The gate, by its name in the file or as a condition; the first that is breached without.
    pub gate: Option<String>,
    /// Settings that might have been otherwise, as `path=value`.
    pub otherwise: Vec<String>,
    /// Whether controls of the file's actions count as settings that might have been otherwise.
    pub actions: bool,
    /// When things are withdrawn, ns; half through the time in which the gate is broken without.
    pub withdrawn_at: Option<u64>,
    /// Up to so many items every set is replayed.
    pub exact: usize,
    /// Of more, so many orders are drawn.
    pub samples: u64,
}

/// What part an item had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It would not have come so far without it, and it goes on without it.
    Trigger,
    /// Withdrawn, it is better; and it would not have come so far without it.
    Sustainer,
    /// Nothing gets better without it.
    Bystander,
    /// It is worse without it.
    Helps,
}

impl Role {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Role::Trigger => "trigger",
            Role::Sustainer => "sustains it",
            Role::Bystander => "no part in it",
            Role::Helps => "makes it less",
        }
    }
}

/// What the sets of one question came to: never, or withdrawn.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The time over which the gate is held, ns.
    pub over: (u64, u64),
    /// What the gate says with everything there.
    pub said: String,
    /// Whether it is breached then.
    pub breached: bool,
    /// The quantity with everything there.
    pub with: f64,
    /// The quantity with nothing of it there.
    pub without: f64,
    /// Share of the excess of each item, in the unit of the quantity, worse being positive.
    pub shares: Vec<Part>,
    /// Smallest sets that breach, by letters. An empty one: it is breached with nothing of it there.
    pub sets: Vec<Vec<String>>,
    /// Whether every set was replayed: shares and sets are then all there is.
    pub exact: bool,
    /// How many replays.
    pub replays: usize,
}

/// The part of an item in the excess.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Its letter.
    pub letter: String,
    /// In the unit of the quantity.
    pub amount: f64,
    /// Half of the width of its interval of 95 %; 0 where it is exact.
    pub half: f64,
    /// As a share of the whole excess; `None` where there is none.
    pub share: Option<f64>,
}

/// The whole answer.
#[derive(Clone, Debug, Serialize)]
pub struct Bisection {
    /// The incident, with its variant.
    pub incident: String,
    /// Its title.
    pub title: String,
    /// Its seed.
    pub seed: u64,
    /// The gate.
    pub gate: String,
    /// Its condition.
    pub condition: String,
    /// The quantity whose excess is divided.
    pub quantity: String,
    /// What it is counted in.
    #[serde(skip)]
    pub unit: Unit,
    /// Whether more of it is worse.
    #[serde(skip)]
    pub worse: Worse,
    /// Its value over the baseline, where there is one.
    pub baseline: Option<f64>,
    /// What was there.
    pub items: Vec<Item>,
    /// What part each had.
    pub roles: Vec<Role>,
    /// Had it never happened.
    pub never: Answer,
    /// When things were withdrawn, ns.
    pub withdrawn_at: Option<u64>,
    /// Had it been withdrawn then; `None` where there was no time for it.
    pub withdrawn: Option<Answer>,
    /// What could not be asked, and why.
    pub limits: Vec<String>,
}

/// Divides an incident. `done` is told of each replay.
///
/// # Errors
/// As a run; an incident in which nothing happens; no gate that is breached; a quantity without data in a replay.
pub fn bisect(
    incident: &Incident,
    question: &Question,
    registries: &Registries,
    done: &(dyn Fn(u64, u64) + Sync),
) -> Result<Bisection, Refusal> {
    if incident.healthy || incident.timeline.is_empty() {
        return Err(Refusal::new("nothing happens in this incident")
            .help("what is bisected is a [[timeline]]"));
    }
    let mut incident = incident.clone();
    let asked = asked(&mut incident, question)?;
    let was = incident::run(&incident, registries, &ROWLESS)?;
    let standard =
        Standard::of(&was).ok_or_else(|| Refusal::new("the trace is too short for an incident"))?;
    let gate = match asked {
        Some(gate) => gate,
        None => first_breached(&incident, &standard, &was)?,
    };
    let end = was.watched.windows.all().end;
    let stretch = Stretch {
        to: standard.stretch.to.min(end),
        ..standard.stretch.clone()
    };
    let length = incident.trace.extent(incident.seed)?.length;
    let mut limits = vec![];
    let items = Items::of(&incident, question, registries, &mut limits)?;
    if items.all.len() > MOST {
        return Err(Refusal::new(format!(
            "{} items are more than can be bisected",
            items.all.len()
        ))
        .help(format!("at most {MOST}")));
    }
    let quantity = quantity(&gate, &standard, &was, &stretch)?;
    let trial = Trial {
        incident: &incident,
        registries,
        items: &items,
        standard: &standard,
        gate: &gate,
        quantity: &quantity,
    };
    let count = |inert: u64| {
        let live = items.all.len() - inert.count_ones() as usize;
        match live <= question.exact {
            true => 1u64 << live,
            false => question.samples * live as u64,
        }
    };
    let broken = trial.broken(&was, end);
    let at = question
        .withdrawn_at
        .or_else(|| broken.as_ref().map(|b| b.start + (b.end - b.start) / 2));
    let last = broken.as_ref().map_or(stretch.to, |b| b.end);
    let at = match at {
        Some(at) if at >= last || at <= stretch.from => {
            if question.withdrawn_at.is_some() {
                return Err(Refusal::new(format!(
                    "{} is not while the incident lasts",
                    show_nanos(at)
                ))
                .help(format!(
                    "it lasts from {} to {}",
                    show_nanos(stretch.from),
                    show_nanos(last)
                )));
            }
            None
        }
        other => other,
    };
    let inert = at.map(|at| items.inert(&incident, at, length, registries, &mut limits));
    let total = count(0) + inert.map_or(0, count);
    let play_never = |set: u64| {
        let point = trial.never(set, &stretch)?;
        done(1, total);
        Ok(point)
    };
    let never = trial.answer(&play_never, 0, &stretch, question)?;
    let withdrawn = match (at, inert) {
        (Some(at), Some(inert)) => {
            let later = Stretch {
                name: "incident".into(),
                from: at + (last - at) / SETTLES,
                to: last,
            };
            let play = |set: u64| {
                let point = trial.withdrawn(set, at, &later)?;
                done(1, total);
                Ok(point)
            };
            Some(trial.answer(&play, inert, &later, question)?)
        }
        _ => {
            limits.push("the gate is not broken for long enough to withdraw anything".into());
            None
        }
    };
    let baseline = was
        .truth
        .phases
        .iter()
        .find(|p| p.name == PhaseName::Baseline);
    let baseline = baseline.and_then(|p| {
        let calm = Stretch {
            name: p.name.word().into(),
            from: p.from,
            to: p.to,
        };
        standard.hold(&was, |c| quantity.clone().of_any_phase().value(c, &calm))
    });
    let roles = (0..items.all.len())
        .map(|i| role(i, &never, withdrawn.as_ref()))
        .collect();
    Ok(Bisection {
        incident: incident.label(),
        title: incident.title.clone(),
        seed: incident.seed,
        gate: gate.name().into(),
        condition: gate.expression().into(),
        quantity: quantity.to_string(),
        unit: quantity.unit(),
        worse: quantity.worse(),
        baseline,
        items: items.all,
        roles,
        never,
        withdrawn_at: at,
        withdrawn,
        limits,
    })
}

/// The gate that is asked for. A condition that the file has not is measured beside its gates.
fn asked(incident: &mut Incident, question: &Question) -> Result<Option<Gate>, Refusal> {
    let Some(name) = &question.gate else {
        return Ok(None);
    };
    if let Some(gate) = incident.gates.iter().find(|g| g.name() == name) {
        return Ok(Some(gate.clone()));
    }
    let source = crate::config::Source::new("--gate", name);
    let place = crate::config::At::whole(&source);
    if !name.contains(['<', '>', '=']) {
        let known = incident.gates.iter().map(Gate::name);
        return Err(Refusal::at(
            &place,
            format!("there is no gate \"{name}\", and it is no condition"),
        )
        .help(crate::config::suggestion(name, known)));
    }
    let gate = Gate::parse_text(name, name, &place)?;
    if gate.needs_reference() {
        return Err(
            Refusal::at(&place, "there is no committed run to hold a replay against")
                .help("a bound of its own, or of the baseline"),
        );
    }
    incident.measures.push(gate.clone());
    Ok(Some(gate))
}

fn first_breached(incident: &Incident, standard: &Standard, was: &Run) -> Result<Gate, Refusal> {
    let breached = |g: &&Gate| standard.verdict(g, was).verdict == Verdict::Breach;
    incident.gates.iter().find(breached).cloned().ok_or_else(|| {
        Refusal::new("no gate is breached, so there is nothing to divide")
            .help("name a gate with --gate, or give a condition: --gate 'latency.p95 < 1.2x baseline'")
    })
}

/// The quantity of a gate whose excess is divided: the first with data whose condition makes one.
fn quantity(
    gate: &Gate,
    standard: &Standard,
    was: &Run,
    stretch: &Stretch,
) -> Result<Objective, Refusal> {
    let all = Objective::of_gate(gate).into_iter().map(|(o, _)| o);
    let mut known = all.filter(|o| standard.hold(was, |c| o.value(c, stretch)).is_some());
    known.next().ok_or_else(|| {
        Refusal::new(format!(
            "the gate \"{}\" has no quantity with data",
            gate.name()
        ))
        .help("name another with --gate")
    })
}

fn role(i: usize, never: &Answer, withdrawn: Option<&Answer>) -> Role {
    let large = |answer: &Answer| {
        let part = &answer.shares[i];
        // Beyond its interval, where it was sampled.
        let sure = part.amount.abs() > part.half;
        part.share.filter(|_| sure).unwrap_or(0.0)
    };
    let (ever, later) = (large(never), withdrawn.map_or(0.0, large));
    if later >= PART {
        Role::Sustainer
    } else if ever >= PART {
        Role::Trigger
    } else if ever <= -PART || later <= -PART {
        Role::Helps
    } else {
        Role::Bystander
    }
}

/// What replays are made of, and what they are held to.
struct Trial<'a> {
    incident: &'a Incident,
    registries: &'a Registries,
    items: &'a Items,
    standard: &'a Standard,
    gate: &'a Gate,
    quantity: &'a Objective,
}

impl Trial<'_> {
    /// Of one question: shares, and smallest sets.
    fn answer(
        &self,
        play: &(dyn Fn(u64) -> Result<Point, Refusal> + Sync),
        inert: u64,
        over: &Stretch,
        question: &Question,
    ) -> Result<Answer, Refusal> {
        let mut game = Game::new(self.items.all.len(), inert, play);
        let exact = game.live().len() <= question.exact;
        let shares = match exact {
            true => game.exact()?,
            false => game.sampled(question.samples, self.incident.seed)?,
        };
        let sets = game.smallest(exact)?;
        let (top, bottom) = (game.of(game.full())?, game.of(0)?);
        let whole = top.harm - bottom.harm;
        let part = |(item, share): (&Item, &Share)| Part {
            letter: item.letter.clone(),
            amount: share.amount,
            half: share.half,
            share: (whole > 0.0).then(|| share.amount / whole),
        };
        let letters = |set: u64| {
            let there = self.items.all.iter().enumerate();
            there
                .filter(|(i, _)| set >> i & 1 == 1)
                .map(|(_, item)| item.letter.clone())
                .collect()
        };
        let was = incident::run(self.incident, self.registries, &ROWLESS)?;
        let said = self.judge(&was, over);
        let sign = self.sign();
        Ok(Answer {
            over: (over.from, over.to),
            breached: top.breached,
            said: said.detail,
            with: top.harm * sign,
            without: bottom.harm * sign,
            shares: self.items.all.iter().zip(&shares).map(part).collect(),
            sets: sets.into_iter().map(letters).collect(),
            exact,
            replays: game.replays(),
        })
    }

    /// 1 where more is worse, -1 where less is.
    fn sign(&self) -> f64 {
        match self.quantity.worse() {
            Worse::Higher => 1.0,
            Worse::Lower => -1.0,
        }
    }

    fn judge(&self, run: &Run, over: &Stretch) -> Judgement {
        let gate = self.gate.within_the_incident();
        self.standard.hold(run, |context| gate.judge(context, over))
    }

    fn point(&self, run: &Run, over: &Stretch, set: u64) -> Result<Point, Refusal> {
        let judged = self.judge(run, over);
        let quantity = self.quantity.clone().of_any_phase();
        let value = self
            .standard
            .hold(run, |context| quantity.value(context, over));
        let Some(value) = value.filter(|v| v.is_finite()) else {
            let there = self.items.words(set);
            return Err(Refusal::new(format!(
                "{} has no data in the replay with {there}",
                self.quantity
            ))
            .help("name another gate with --gate"));
        };
        Ok(Point {
            harm: value * self.sign(),
            breached: judged.verdict == Verdict::Breach,
        })
    }

    /// The replay in which what is not in the set never was.
    fn never(&self, set: u64, over: &Stretch) -> Result<Point, Refusal> {
        let absent = self.items.absent(set);
        let mut tried = match absent.settings.is_empty() {
            true => self.incident.clone(),
            false => self.incident.with_values(
                absent
                    .settings
                    .iter()
                    .map(|(path, e): &(String, Entry)| (path.as_str(), &e.key, e.node.clone())),
                self.registries,
            )?,
        };
        tried.measures = self.incident.measures.clone();
        tried.left_out = absent.entries;
        let run = incident::run(&tried, self.registries, &ROWLESS)?;
        self.point(&run, over, set)
    }

    /// The replay in which what is not in the set was withdrawn at a time.
    fn withdrawn(&self, set: u64, at: u64, over: &Stretch) -> Result<Point, Refusal> {
        let tried = self.items.withdraw(self.incident, set, at)?;
        let run = incident::run(&tried, self.registries, &ROWLESS)?;
        self.point(&run, over, set)
    }

    /// From the first to the last window in which the gate does not hold, before the fix begins; the incident phase where the
    /// gate says nothing of windows. `None`: it is never broken.
    fn broken(&self, run: &Run, end: u64) -> Option<Range<u64>> {
        let stretch = &self.standard.stretch;
        let last = run.truth.mitigated().unwrap_or(end).min(end);
        let gate = self.gate.within_the_incident();
        if !gate.is_windowed() {
            return (stretch.from < stretch.to.min(last))
                .then(|| stretch.from..stretch.to.min(last));
        }
        let windows = &run.watched.windows;
        let broken: Vec<usize> = self.standard.hold(run, |context| {
            let within = windows.within(stretch.from, last);
            within
                .filter(|&w| gate.holds_in(context, w..w + 1) == Some(false))
                .collect()
        });
        let (first, final_) = (broken.first()?, broken.last()?);
        Some(windows.edges[*first].max(stretch.from)..windows.edges[final_ + 1].min(last))
    }
}
