//! Stored items: what a route shows to everybody, such as the newest post of a home page. Nobody asks for them; whoever
//! comes to the route gets them.

use crate::{
    config::{Bytes, Count, Node, Read, Refusal},
    sim::hash::Map,
    trace::request::{Request, SharedTags},
};

crate::options! {
    /// An item that a route shows to everybody.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Item {
        /// Bytes of its words.
        bytes: Bytes = Bytes(400), "400";
        /// A run of so many blanks in the middle of it.
        blanks: Count = Count(0), "none";
    }
}

/// The longest item, bytes and blanks each.
const LONGEST: u64 = 1 << 20;

/// Items by route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items(pub Vec<(String, Item)>);

impl Read for Items {
    const WHAT: &'static str = "items by route, such as { \"/home\" = { bytes = 400 } }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let mut items = vec![];
        for (route, entry) in node.table("items")? {
            let item = Item::read(&entry.node)?;
            for (name, size) in [("bytes", item.bytes.0), ("blanks", item.blanks.0)] {
                if size > LONGEST {
                    let place = entry.node.get(name).unwrap_or(&entry.node);
                    return Err(place.wrong("a megabyte at most"));
                }
            }
            items.push((route.clone(), item));
        }
        Ok(Items(items))
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": Item::schema() })
    }
}

impl Item {
    /// Its text: words, with the blanks in the middle.
    fn text(&self) -> String {
        let words = [
            "somebody",
            "wrote",
            "this",
            "and",
            "everybody",
            "reads",
            "it",
        ];
        let mut text = String::with_capacity((self.bytes.0 + self.blanks.0) as usize + 16);
        let say = |text: &mut String, from: u64, to: u64| {
            for i in from.. {
                if text.len() as u64 >= to {
                    break;
                }
                text.push_str(words[i as usize % words.len()]);
                text.push(if i % 9 == 8 { '.' } else { ' ' });
            }
        };
        say(&mut text, 0, self.bytes.0 / 2);
        text.extend((0..self.blanks.0).map(|_| ' '));
        say(&mut text, 3, self.bytes.0 + self.blanks.0);
        text.push('.');
        text
    }
}

/// Gives requests the item of their route.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Number of the item by version and route.
    known: Map<(usize, u32), u32>,
}

impl Shown {
    /// Fills the item of a request whose route is decided.
    #[inline]
    pub fn fill(&mut self, r: &mut Request, version: usize, items: &Items, tags: &SharedTags) {
        if let Some(&number) = self.known.get(&(version, r.route)) {
            r.item = number;
            return;
        }
        let tags = &mut *tags.borrow_mut();
        let route = tags.route.name(r.route);
        let of_route = items.0.iter().find(|(name, _)| name == route);
        r.item = of_route.map_or(0, |(_, item)| tags.item.number(&item.text()));
        self.known.insert((version, r.route), r.item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_stand_in_the_middle_of_an_item() {
        let item = Item {
            bytes: Bytes(400),
            blanks: Count(20_000),
        };
        let text = item.text();
        assert_eq!(text, item.text());
        let run = text.split(|c| c != ' ').map(str::len).max().unwrap();
        assert!((20_000..20_002).contains(&run), "{run}");
        assert!(text.ends_with('.') && !text.starts_with(' '));
        assert!((20_400..20_420).contains(&text.len()), "{}", text.len());
    }
}
