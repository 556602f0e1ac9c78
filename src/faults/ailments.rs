//! Faults of processes rather than of calls: those that stand still, are rationed, stay cold, or lose connections.

use super::{Faults, Planted, Reach};
use crate::{
    service::seams::{Ailments, Call, Loss, Moment, Quota},
    sim::dice::{Dice, Purpose},
    trace::Request,
};

/// What a fault does to processes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ail {
    /// Nothing.
    None,
    /// They stand still.
    Pause {
        /// ns that each pause lasts.
        lasts: u64,
        /// ns from one pause to the next; 0: there is one, for as long as the fault lasts.
        every: u64,
    },
    /// A quota is laid on their CPU.
    Ration(Quota),
    /// Fresh ones compute more slowly.
    Cold {
        /// How many times.
        factor: f64,
        /// ns that a process is fresh.
        lasts: u64,
    },
    /// Opening connections takes longer.
    Connect,
    /// Connections are not given back.
    Leak,
    /// Their health probes fail.
    Probe,
    /// They lose workers.
    Lose,
    /// They die.
    Die {
        /// ns until another may start.
        down: u64,
        /// Up to so many ns more.
        jitter: u64,
        /// Where a request brings it about; `None`: by itself.
        moment: Option<Moment>,
    },
}

/// How long a replica is without a process, ns.
struct Down {
    down: u64,
    jitter: u64,
}

impl Down {
    fn down(&self, fault: usize, dice: Dice) -> u64 {
        let more = dice.draw(DOWN, (fault as u64) << 32).unit() * self.jitter as f64;
        self.down.saturating_add(more as u64)
    }
}

const CONNECTS: Purpose = Purpose::named("fault-connect-victim");
const HOW_LONG: Purpose = Purpose::named("fault-connect");
const DIES: Purpose = Purpose::named("fault-crash-victim");
const PROBED: Purpose = Purpose::named("fault-probe");
const RAMPS: Purpose = Purpose::named("fault-crash-ramp");
const DOWN: Purpose = Purpose::named("fault-crash");
const LOSES: Purpose = Purpose::named("fault-leak-victim");

impl Faults {
    /// Those in force on a replica, by their place.
    fn on(&self, replica: u16, now: u64) -> impl Iterator<Item = &Planted> {
        self.planted.iter().filter(move |p| {
            p.reach == Reach::Replicas
                && (p.replica == 0 || p.replica == replica)
                && p.shape.strength(now) > 0.0
        })
    }

    /// Those by which processes of a replica die now, by this moment of a request or by themselves.
    fn dying(
        &self,
        replica: u16,
        by: Option<Moment>,
        now: u64,
    ) -> impl Iterator<Item = (usize, &Planted, Down)> {
        self.planted.iter().enumerate().filter_map(move |(i, p)| {
            let Ail::Die {
                down,
                jitter,
                moment,
            } = p.fault.ail()
            else {
                return None;
            };
            let here = (p.replica == 0 || p.replica == replica) && p.shape.strength(now) > 0.0;
            (here && moment == by).then_some((i, p, Down { down, jitter }))
        })
    }

    /// The first that strikes this call, of those that ail it so.
    fn of_call(
        &self,
        ail: Ail,
        victims: Purpose,
        call: &Call<'_>,
        dice: Dice,
        now: u64,
    ) -> Option<(u64, f64, &Planted)> {
        self.planted.iter().enumerate().find_map(|(i, planted)| {
            let here = planted.fault.ail() == ail
                && planted.dependency == call.dependency
                && (planted.replica == 0 || planted.replica == call.replica);
            let n = (i as u64) << 32 | u64::from(call.attempt);
            let strength = planted.shape.strength(now);
            let struck = here
                && strength > 0.0
                && dice.draw(victims, n).chance(planted.share)
                && planted.means(call.request, &self.tags);
            struck.then_some((n, strength, planted))
        })
    }
}

impl Ailments for Faults {
    fn held(&self, replica: u16, now: u64) -> u64 {
        let mut until = 0;
        for planted in self.on(replica, now) {
            let Ail::Pause { lasts, every } = planted.fault.ail() else {
                continue;
            };
            let end = planted.shape.end(now);
            let end = match (now - planted.shape.from).checked_rem(every) {
                None => end,
                Some(since) if since < lasts => (now - since).saturating_add(lasts).min(end),
                Some(_) => continue,
            };
            planted.hit();
            until = until.max(end);
        }
        until
    }

    fn ration(&self, replica: u16, now: u64) -> Option<Quota> {
        self.on(replica, now)
            .find_map(|planted| match planted.fault.ail() {
                Ail::Ration(quota) => {
                    planted.hit();
                    Some(quota)
                }
                _ => None,
            })
    }

    fn chill(&self, replica: u16, up_for: u64, now: u64) -> f64 {
        let mut all = 1.0;
        for planted in self.on(replica, now) {
            if let Ail::Cold { factor, lasts } = planted.fault.ail()
                && up_for < lasts
            {
                planted.hit();
                all *= factor;
            }
        }
        all
    }

    fn penalty(&self, call: &Call<'_>, dice: Dice, now: u64) -> u64 {
        let struck = self.of_call(Ail::Connect, CONNECTS, call, dice, now);
        struck.map_or(0, |(n, strength, planted)| {
            planted.hit();
            planted.fault.penalty(strength, &mut dice.draw(HOW_LONG, n))
        })
    }

    fn fails_probe(&self, replica: u16, dice: Dice, now: u64) -> bool {
        self.planted.iter().enumerate().any(|(i, p)| {
            let here = p.fault.ail() == Ail::Probe && (p.replica == 0 || p.replica == replica);
            let share = p.share * p.shape.strength(now);
            let fails = here && dice.draw(PROBED, i as u64).chance(share);
            if fails {
                p.hit();
            }
            fails
        })
    }

    fn fatal(&self, replica: u16, dice: Dice, now: u64) -> Option<u64> {
        let (i, planted, all) = self.dying(replica, None, now).next()?;
        planted.hit();
        Some(all.down(i, dice))
    }

    fn losses(&self, replica: u16, now: u64) -> Vec<Loss> {
        let lost = self.on(replica, now).filter_map(|planted| {
            let (class, workers) = planted.fault.loses()?;
            let since = planted.shape.began(now);
            if since == now {
                planted.hit();
            }
            Some(Loss {
                class: class.map(str::to_string),
                workers,
                since,
            })
        });
        lost.collect()
    }

    fn poisons(
        &self,
        moment: Moment,
        nth: u32,
        replica: u16,
        request: &Request,
        dice: Dice,
        now: u64,
    ) -> Option<u64> {
        let (i, planted, all) = self.dying(replica, Some(moment), now).find(|(i, p, _)| {
            let n = (*i as u64) << 32 | u64::from(nth);
            let strength = p.strikes_by(DIES, request, &self.tags, dice, n, now);
            strength.is_some_and(|s| dice.draw(RAMPS, n).chance(s))
        })?;
        planted.hit();
        Some(all.down(i, dice))
    }

    fn leaks(&self, call: &Call<'_>, dice: Dice, now: u64) -> bool {
        let struck = self.of_call(Ail::Leak, LOSES, call, dice, now);
        struck.is_some_and(|(n, strength, planted)| {
            let lost = dice.draw(HOW_LONG, n).chance(strength);
            if lost {
                planted.hit();
            }
            lost
        })
    }
}
