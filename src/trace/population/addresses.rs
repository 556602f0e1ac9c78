//! Network addresses: of a user, of an exit that many users share, or a lie.

use super::Addresses;
use crate::{
    sim::{
        dice::{Dice, Purpose},
        hash::{Map, mix},
    },
    trace::request::{Request, SharedTags},
};

const PLACE: Purpose = Purpose::named("trace.address");
const EXIT: Purpose = Purpose::named("trace.exit");
const FORGED: Purpose = Purpose::named("trace.forged-address");

impl Addresses {
    /// In words.
    pub(super) fn describe(&self) -> String {
        let own = match self.count.0 {
            0 => "one a user".to_string(),
            n => format!("{n} a tenant"),
        };
        let exit = |(name, share): &(String, f64)| {
            format!(", {} behind {name}", crate::config::show_percent(*share))
        };
        own + &self.exits.0.iter().map(exit).collect::<String>()
    }
}

/// Gives requests their addresses, and remembers whose they are.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Number of the address by tenant and user, or by tenant and place.
    known: Map<(u32, u64), u32>,
}

impl Places {
    /// Fills the address of a request whose tenant and user are decided.
    pub fn fill(
        &mut self,
        r: &mut Request,
        a: &Addresses,
        seed: u64,
        dice: Dice,
        tags: &SharedTags,
    ) {
        let tags = &mut *tags.borrow_mut();
        // Of the user, not of the request: who sits in an office does so all day.
        let who = match r.user {
            0 => tags.tenant.digest(r.tenant),
            user => tags.user.digest(user),
        };
        let mut at = Dice::new(seed, who).draw(EXIT, 0).unit();
        let exit = a.exits.0.iter().find(|(_, share)| {
            at -= share;
            at < 0.0
        });
        r.address = match exit {
            Some((name, _)) => tags.address.number(name),
            None => {
                let place = match a.count.0 {
                    0 => (r.tenant, u64::from(r.user) << 32),
                    n => (r.tenant, (dice.draw(PLACE, 0).unit() * n as f64) as u64 + 1),
                };
                let next = self.known.len() as u32 + 1;
                *self.known.entry(place).or_insert_with(|| {
                    let [_, b, c, d] = next.to_be_bytes();
                    tags.address.number(&format!("10.{b}.{c}.{d}"))
                })
            }
        };
        r.forged = match &a.forged_by[..] {
            [] => 0,
            tenants => {
                let name = tags.tenant.name(r.tenant);
                match tenants.iter().any(|t| t == name) {
                    true => mix(dice.draw(FORGED, 0).bits()).max(1),
                    false => 0,
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Exits, *};
    use crate::{config::Count, trace::Payloads};
    use std::rc::Rc;

    fn addresses(exits: &[(&str, f64)]) -> Addresses {
        Addresses {
            count: Count(0),
            exits: Exits(exits.iter().map(|(n, s)| (n.to_string(), *s)).collect()),
            forged_by: vec!["liar".into()],
        }
    }

    /// Addresses of 1,000 users, each asking twice.
    fn of(a: &Addresses) -> Vec<u32> {
        let (tags, mut places) = (SharedTags::default(), Places::default());
        let empty = Payloads::new(1).intern("", &[]);
        let mut fill = |op: u64| {
            let mut r = Request::blank(empty.clone());
            r.tenant = tags.borrow_mut().tenant.number("acme");
            r.user = tags
                .borrow_mut()
                .user
                .number(&format!("user-{}", op % 1000));
            places.fill(&mut r, a, 7, Dice::new(7, op), &tags);
            assert_eq!(r.forged, 0);
            r.address
        };
        let first: Vec<u32> = (0..1000).map(&mut fill).collect();
        let second: Vec<u32> = (1000..2000).map(&mut fill).collect();
        assert_eq!(first, second, "a user has one address");
        let _ = Rc::clone(&empty);
        first
    }

    #[test]
    fn every_user_has_an_address_and_a_share_of_them_one_exit() {
        let own = of(&addresses(&[]));
        let distinct: std::collections::BTreeSet<_> = own.iter().collect();
        assert_eq!(distinct.len(), 1000);
        let behind = of(&addresses(&[("office", 0.15)]));
        let most = behind
            .iter()
            .filter(|a| behind.iter().filter(|b| a == b).count() > 1)
            .count();
        assert!((120..=180).contains(&most), "{most}");
    }

    #[test]
    fn a_liar_has_another_name_each_time() {
        let (tags, mut places) = (SharedTags::default(), Places::default());
        let empty = Payloads::new(1).intern("", &[]);
        let forged: std::collections::BTreeSet<u64> = (0..100)
            .map(|op| {
                let mut r = Request::blank(empty.clone());
                r.tenant = tags.borrow_mut().tenant.number("liar");
                places.fill(&mut r, &addresses(&[]), 7, Dice::new(7, op), &tags);
                r.forged
            })
            .collect();
        assert_eq!(forged.len(), 100);
        assert!(!forged.contains(&0));
    }
}
