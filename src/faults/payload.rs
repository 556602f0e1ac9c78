//! Payloads drift: what clients send, or what a model writes, is no longer what the reader was written for.

use super::{COMMON, Fault, Reach};
use crate::{
    components::parser::Json,
    config::{At, Options, Percent, Refusal, Table},
    sim::{
        dice::Draw,
        hash::{FixedState, mix},
    },
    trace::{Payload, Request, SharedTags, population::Defect},
};
use serde_json::Value;
use std::{hash::BuildHasher, rc::Rc};

crate::choice! {
    /// What becomes of a payload.
    pub enum Change {
        /// The field is left out.
        Drop = "drop",
        /// The field's value is of another type: a text for a number, a number for a text; or `value`.
        Retype = "retype",
        /// The field has a value that is new: `value`.
        Enum = "enum",
        /// The field has the name `value`.
        Rename = "rename",
        /// The field's value is written otherwise: `value`, with {} for the old one.
        Format = "format",
        /// The body stands in a code fence, with a sentence before it.
        Wrap = "wrap",
        /// The body ends after `value` bytes, where it is longer; without a `value`, after two thirds of it.
        Truncate = "truncate",
        /// Two pieces of the body change places, as when what came in pieces is put together wrongly.
        Splice = "splice",
    }
}

crate::choice! {
    /// What changes as a whole.
    pub enum By {
        /// Each request by itself.
        Request = "request",
        /// All requests of a tenant, from some time on.
        Tenant = "tenant",
        /// All requests of a version of clients, from some time on.
        Client = "client",
    }
}

crate::options! {
    /// Payload fault.
    #[derive(Clone, Debug)]
    pub struct PayloadFault {
        /// What becomes of the payload.
        change: Change,
        /// The field that it is about.
        field: String = String::new(), "none";
        /// The new value, name, form or number of bytes.
        value: Option<Json> = None, "none";
        /// Name of a list whose members have the field. Each is struck by itself: the longer the list, the likelier a payload.
        list: String = String::new(), "none";
        /// Share of them at full strength: of requests, of the list's members, or of tenants or versions of clients.
        share: Percent = Percent(1.0), "100%";
        /// What changes as a whole.
        by: By = By::Request, "request";
    }
}

impl Change {
    fn of_the_bytes(self) -> bool {
        matches!(self, Change::Wrap | Change::Truncate | Change::Splice)
    }
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Fault>, Refusal> {
    let fault = PayloadFault::read_table(at, table, &[taken, COMMON].concat())?;
    let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
    let word = fault.change.word();
    if !(0.0..=1.0).contains(&fault.share.0) {
        return Err(Refusal::at(place("share"), "a share is 0% to 100%"));
    }
    if fault.change.of_the_bytes() {
        for name in ["field", "list"] {
            if table.contains_key(name) {
                let message = format!("\"{word}\" is about the whole body");
                return Err(Refusal::at(place(name), message).help(format!("leave `{name}` out")));
            }
        }
    } else if fault.field.is_empty() {
        let message = format!("\"{word}\" is about a field, which is not named");
        return Err(Refusal::at(place("field"), message).help("add field = \"temperature\""));
    }
    let value = fault.value.as_ref().map(|Json(value)| value);
    let right = match fault.change {
        Change::Drop | Change::Wrap | Change::Splice => value.is_none(),
        Change::Retype => true,
        Change::Enum => value.is_some(),
        Change::Rename => value.and_then(Value::as_str).is_some_and(|s| !s.is_empty()),
        Change::Format => value.is_some_and(Value::is_string),
        Change::Truncate => value.is_none_or(|v| v.as_u64().is_some()),
    };
    if !right {
        let help = match fault.change {
            Change::Enum => "the value that is new, such as value = \"rich\"",
            Change::Rename => "the name that is sent, such as value = \"temp\"",
            Change::Format => {
                "how it is written, with {} for the old value, such as value = \"{} s\""
            }
            Change::Truncate => "a number of bytes, such as value = 120",
            _ => "leave it out",
        };
        let message = format!("no value of a \"{word}\"");
        return Err(Refusal::at(place("value"), message).help(help));
    }
    if !fault.list.is_empty() && fault.by != By::Request {
        let by = fault.by.word();
        let message = format!("members of a list are struck one by one, and not by {by}");
        return Err(Refusal::at(place("by"), message).help("leave `by` or `list` out"));
    }
    Ok(Box::new(fault))
}

impl PayloadFault {
    /// A value in its new form; `None` where that is the old one.
    fn changed(&self, old: &Value) -> Option<Value> {
        let given = self.value.as_ref().map(|Json(value)| value);
        let new = match self.change {
            Change::Retype => given.cloned().unwrap_or_else(|| retyped(old)),
            Change::Enum => given?.clone(),
            Change::Format => {
                let spelt = old.as_str().map_or_else(|| old.to_string(), str::to_string);
                given?.as_str()?.replace("{}", &spelt).into()
            }
            _ => return None,
        };
        (new != *old).then_some(new)
    }

    /// Changes the field of an object; whether there was anything to change.
    fn change(&self, fields: &mut Vec<(String, Value)>) -> bool {
        let Some(i) = fields.iter().position(|(name, _)| *name == self.field) else {
            // A value that is new may be of a field that is new.
            return match (&self.change, &self.value) {
                (Change::Enum, Some(Json(value))) => {
                    fields.push((self.field.clone(), value.clone()));
                    true
                }
                _ => false,
            };
        };
        match (self.change, &self.value) {
            (Change::Drop, _) => drop(fields.remove(i)),
            (Change::Rename, Some(Json(Value::String(name)))) => fields[i].0.clone_from(name),
            _ => match self.changed(&fields[i].1) {
                Some(new) => fields[i].1 = new,
                None => return false,
            },
        }
        true
    }

    /// Changes members of the list, each with this probability; whether there were any.
    fn change_members(&self, fields: &mut [(String, Value)], share: f64, draw: &mut Draw) -> bool {
        let list = fields.iter_mut().find(|(name, _)| *name == self.list);
        let Some((_, Value::Array(members))) = list else {
            return false;
        };
        let mut any = false;
        for member in members {
            if let Value::Object(object) = member
                && draw.chance(share)
            {
                let mut own: Vec<_> = std::mem::take(object).into_iter().collect();
                any |= self.change(&mut own);
                object.extend(own);
            }
        }
        any
    }

    /// The body's bytes in their new form; `None` where nothing changes.
    fn bytes(&self, raw: &str) -> Option<String> {
        let whole = |end: usize| (0..=end).rev().find(|i| raw.is_char_boundary(*i));
        let new = match self.change {
            Change::Wrap => Defect::Wrapped.damage(raw),
            Change::Splice => Defect::Spliced.damage(raw),
            _ => match &self.value {
                Some(Json(most)) => {
                    let most = usize::try_from(most.as_u64()?).ok()?;
                    raw[..whole(most.min(raw.len()))?].into()
                }
                None => Defect::Truncated.damage(raw),
            },
        };
        (new != raw).then_some(new)
    }
}

/// The same in another type.
fn retyped(old: &Value) -> Value {
    match old {
        Value::Number(n) => n.to_string().into(),
        Value::String(s) => (FixedState.hash_one(s) % 1_000_000_000).into(),
        Value::Bool(b) => u8::from(*b).into(),
        _ => old.to_string().into(),
    }
}

fn written(fields: &[(String, Value)]) -> String {
    let each = fields
        .iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
    format!("{{{}}}", each.collect::<Vec<_>>().join(","))
}

impl Fault for PayloadFault {
    fn reach(&self) -> Reach {
        Reach::Arrivals
    }

    /// While it ramps, a share of its victims is spared: of requests, of members, or of tenants and versions of clients.
    fn arrive(&self, r: &mut Request, tags: &SharedTags, strength: f64, draw: &mut Draw) -> bool {
        let share = strength * self.share.0;
        let within = |digest: u64| (mix(digest) >> 12) as f64 / (1u64 << 52) as f64 <= share;
        let struck = match self.by {
            By::Request => !self.list.is_empty() || draw.chance(share),
            By::Tenant => within(tags.borrow().tenant.digest(r.tenant)),
            By::Client => within(tags.borrow().client.digest(r.client)),
        };
        if !struck {
            return false;
        }
        let old = r.payload.clone();
        // What its client meant by it is what it said before, but for a value that is new and a field that is gone.
        let meant = || old.meant().unwrap_or(&old.fields).to_vec();
        let payload = if self.change.of_the_bytes() {
            match self.bytes(&old.raw) {
                Some(raw) => Payload::new(&raw, &old.blocks).meaning(meant()),
                None => return false,
            }
        } else {
            let mut fields = old.fields.clone();
            let any = match self.list.is_empty() {
                true => self.change(&mut fields),
                false => self.change_members(&mut fields, share, draw),
            };
            if !any {
                return false;
            }
            let payload = Payload::parts(written(&fields), fields, &old.blocks);
            match self.change {
                Change::Retype | Change::Rename | Change::Format => payload.meaning(meant()),
                _ => payload,
            }
        };
        if r.bytes == old.raw.len() as u64 {
            r.bytes = payload.raw.len() as u64;
        }
        r.payload = Rc::new(payload);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Node, Source},
        sim::dice::{Dice, Purpose},
    };

    const RAW: &str = r#"{"prompt":"say it","n":7,"items":[{"kind":"a"},{"kind":"b"}]}"#;

    fn fault(toml: &str) -> Result<Box<dyn Fault>, Refusal> {
        let node = Node::parse(&Source::new("x", toml)).unwrap();
        build(&node.at, node.table("x").unwrap(), &[])
    }

    fn struck(toml: &str, id: u64, strength: f64) -> Option<String> {
        let mut request = Request::blank(Rc::new(Payload::new(RAW, &[])));
        request.bytes = RAW.len() as u64;
        let mut draw = Dice::new(22, id).draw(Purpose::named("t"), 0);
        let hit =
            fault(toml)
                .unwrap()
                .arrive(&mut request, &SharedTags::default(), strength, &mut draw);
        assert_eq!(hit, *request.payload.raw != *RAW);
        assert_eq!(request.bytes, request.payload.raw.len() as u64);
        let whole = serde_json::from_str::<Value>(&request.payload.raw);
        let fields: Vec<_> = match whole {
            Ok(Value::Object(map)) => map.into_iter().collect(),
            _ => vec![],
        };
        assert_eq!(
            fields, request.payload.fields,
            "the fields are those of the bytes"
        );
        hit.then(|| request.payload.raw.to_string())
    }

    #[test]
    fn each_change_is_seen_in_the_bytes() {
        for (toml, now) in [
            (
                "change = \"drop\"\nfield = \"n\"",
                r#"{"prompt":"say it","items":"#,
            ),
            (
                "change = \"retype\"\nfield = \"n\"",
                r#"{"prompt":"say it","n":"7","#,
            ),
            (
                "change = \"enum\"\nfield = \"n\"\nvalue = 8",
                r#"{"prompt":"say it","n":8,"#,
            ),
            (
                "change = \"rename\"\nfield = \"n\"\nvalue = \"m\"",
                r#"{"prompt":"say it","m":7,"#,
            ),
            (
                "change = \"format\"\nfield = \"n\"\nvalue = \"{} s\"",
                r#"{"prompt":"say it","n":"7 s","#,
            ),
            ("change = \"wrap\"", "Here is the JSON"),
            ("change = \"truncate\"\nvalue = 9", r#"{"prompt""#),
            ("change = \"splice\"", r#"{"prompt":"say it","#),
            (
                "change = \"enum\"\nlist = \"items\"\nfield = \"kind\"\nvalue = \"new\"",
                r#"{"prompt":"say it","n":7,"items":[{"kind":"new"},{"kind":"new"}]}"#,
            ),
        ] {
            let made = struck(toml, 1, 1.0).unwrap_or_default();
            assert!(made.starts_with(now), "{toml}: {made}");
        }
        let spliced = struck("change = \"splice\"", 1, 1.0).unwrap();
        assert!(serde_json::from_str::<Value>(&spliced).is_err());
    }

    #[test]
    fn what_is_not_there_or_is_short_is_left_alone() {
        assert_eq!(struck("change = \"drop\"\nfield = \"gone\"", 1, 1.0), None);
        assert_eq!(struck("change = \"truncate\"\nvalue = 900", 1, 1.0), None);
        assert_eq!(struck("change = \"wrap\"", 1, 0.0), None);
    }

    #[test]
    fn the_longer_the_list_the_likelier_the_payload() {
        let toml = "change = \"enum\"\nlist = \"items\"\nfield = \"kind\"\nvalue = \"new\"\nshare = \"20%\"";
        // Of two members one at least: 1 - 0.9 * 0.9 at half strength.
        let hits = (0..10_000)
            .filter(|&id| struck(toml, id, 0.5).is_some())
            .count();
        assert!(hits.abs_diff(1900) < 160, "{hits}");
    }

    #[test]
    fn a_tenant_that_has_changed_stays_changed() {
        let toml = "change = \"wrap\"\nby = \"tenant\"";
        let tags = SharedTags::default();
        let numbers: Vec<u32> = (0..200)
            .map(|i| tags.borrow_mut().tenant.number(&format!("t{i}")))
            .collect();
        let changed = |strength: f64| -> Vec<u32> {
            let struck = |tenant: &u32| {
                let mut r = Request::blank(Rc::new(Payload::new(RAW, &[])));
                r.tenant = *tenant;
                let mut draw = Dice::new(1, 1).draw(Purpose::named("t"), 0);
                fault(toml)
                    .unwrap()
                    .arrive(&mut r, &tags, strength, &mut draw)
            };
            numbers.iter().copied().filter(struck).collect()
        };
        let (few, many) = (changed(0.3), changed(0.6));
        assert!(few.len().abs_diff(60) < 30 && many.len().abs_diff(120) < 30);
        assert!(few.iter().all(|tenant| many.contains(tenant)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for toml in [
            "change = \"drop\"",
            "change = \"wrap\"\nfield = \"n\"",
            "change = \"enum\"\nfield = \"n\"",
            "change = \"rename\"\nfield = \"n\"\nvalue = 3",
            "change = \"truncate\"\nvalue = -3",
            "change = \"truncate\"\nvalue = \"x\"",
            "change = \"drop\"\nfield = \"n\"\nshare = \"200%\"",
            "change = \"drop\"\nfield = \"n\"\nlist = \"items\"\nby = \"tenant\"",
        ] {
            assert!(fault(toml).is_err(), "{toml}");
        }
    }
}
