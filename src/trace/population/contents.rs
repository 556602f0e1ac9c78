//! What is asked: contents by popularity. A content is a prompt with its parameters; clients say it in their own form.

use super::{
    amount::Sizes,
    mix::{Choosing, exponent, zipf},
};
use crate::{
    config::{Count, Node, Read, Refusal, Share},
    sim::dice::{Dice, Purpose},
};

crate::choice! {
    /// Who shares contents with whom.
    pub enum Shared {
        /// All tenants ask for the same.
        All = "all",
        /// Each tenant asks for its own.
        Tenant = "tenant",
    }
}

/// An exponent of Zipf's law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponent(pub f64);

impl Read for Exponent {
    const WHAT: &'static str = "an exponent between 0 (all alike) and 10";
    fn read(node: &Node) -> Result<Self, Refusal> {
        exponent(node).map(Exponent)
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "number", "minimum": 0, "maximum": 10 })
    }
}

crate::options! {
    /// A part of the traffic that asks for contents of its own, such as news.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Segment {
        /// Share of all requests, or of those of the tenant.
        share: Share = Share(0.0), "0";
        /// Whose requests: a tenant that scans what nobody else asks for; of all, if nobody is named.
        tenant: String = String::new(), "all";
        /// How many contents it has.
        count: Count = Count(100), "100";
        /// Zipf exponent of their popularity.
        exponent: Exponent = Exponent(0.9), "0.9";
    }
}

impl Segment {
    fn none() -> Segment {
        Segment {
            share: Share(0.0),
            tenant: String::new(),
            count: Count(100),
            exponent: Exponent(0.9),
        }
    }
}

crate::options! {
    /// What is asked, and how popular it is.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Contents {
        /// How many different contents there are.
        count: Count = Count(10_000), "10k";
        /// Zipf exponent of their popularity; 0 is all alike.
        exponent: Exponent = Exponent(0.9), "0.9";
        /// Number of the first one; another number is another set of contents.
        first: Count = Count(0), "0";
        /// Who shares them.
        shared: Shared = Shared::All, "all";
        /// A part of the traffic with contents of its own.
        segment: Segment = Segment::none(), "none";
        /// Bytes of a prompt, at least; fixed for each content.
        length: Sizes = Sizes(crate::sim::distribution::Distribution::Constant(0.0)), "as short as can be";
        /// Elements of a list that a prompt comes with, as a field `list`; fixed for each content.
        list: Sizes = Sizes(crate::sim::distribution::Distribution::Constant(0.0)), "none";
        /// Temperatures that contents are asked with, one fixed for each content.
        temperatures: Vec<f64> = vec![0.7], "[0.7]";
    }
}

impl Default for Contents {
    fn default() -> Self {
        Contents {
            count: Count(10_000),
            exponent: Exponent(0.9),
            first: Count(0),
            shared: Shared::All,
            segment: Segment::none(),
            length: Sizes(crate::sim::distribution::Distribution::Constant(0.0)),
            list: Sizes(crate::sim::distribution::Distribution::Constant(0.0)),
            temperatures: vec![0.7],
        }
    }
}

/// The longest list.
const MOST_ELEMENTS: u64 = 100_000;
/// The most contents that may be told apart.
pub const MOST: u64 = 10_000_000;
/// Numbers of a segment's contents start here.
const SEGMENT: u64 = 1 << 40;

const WHICH: Purpose = Purpose::named("trace.content");
const SEGMENTED: Purpose = Purpose::named("trace.content.segment");
const IN_SEGMENT: Purpose = Purpose::named("trace.content.in-segment");
const LENGTH: Purpose = Purpose::named("trace.content.length");
const LIST: Purpose = Purpose::named("trace.content.list");
const TEMPERATURE: Purpose = Purpose::named("trace.content.temperature");

/// The settings as a drift changes them, ready to choose by.
#[derive(Clone, Debug)]
pub struct Popularity {
    versions: Vec<Contents>,
    ranks: Choosing,
    segments: Choosing,
}

impl Popularity {
    /// By these settings.
    pub fn new(contents: Contents) -> Popularity {
        Popularity {
            ranks: Choosing::new(&weights(&contents)),
            segments: Choosing::new(&zipf(
                contents.segment.count.0.max(1) as usize,
                contents.segment.exponent.0,
            )),
            versions: vec![contents],
        }
    }

    /// From the next version on by these.
    pub fn turn(&mut self, contents: Contents) {
        self.ranks.turn(&weights(&contents));
        self.segments.turn(&zipf(
            contents.segment.count.0.max(1) as usize,
            contents.segment.exponent.0,
        ));
        self.versions.push(contents);
    }

    /// The number of the content that these dice ask for. `asks` tells whether a tenant is the one that asks.
    #[inline]
    pub fn choose(&self, dice: Dice, version: usize, asks: impl FnOnce(&str) -> bool) -> u64 {
        let settings = &self.versions[version.min(self.versions.len() - 1)];
        // The same throw decides in every version, so a share that grows only adds.
        if settings.segment.share.0 > 0.0
            && dice.draw(SEGMENTED, 0).unit() < settings.segment.share.0
            && (settings.segment.tenant.is_empty() || asks(&settings.segment.tenant))
        {
            return SEGMENT
                + settings.first.0
                + self.segments.choose(dice, IN_SEGMENT, version) as u64;
        }
        settings.first.0 + self.ranks.choose(dice, WHICH, version) as u64
    }

    /// The settings of a version.
    pub fn settings(&self, version: usize) -> &Contents {
        &self.versions[version.min(self.versions.len() - 1)]
    }
}

fn weights(contents: &Contents) -> Vec<f64> {
    zipf(
        contents.count.0.clamp(1, MOST) as usize,
        contents.exponent.0,
    )
}

/// One content, spelled out.
#[derive(Clone, Debug)]
pub struct Content {
    /// The text that is asked.
    pub prompt: String,
    /// A parameter of the model.
    pub temperature: f64,
    /// Numbers of the list that it comes with.
    pub list: Vec<u32>,
}

impl Contents {
    /// Whether a content belongs to a segment, and its number there or among all others.
    #[inline]
    pub(super) fn place(number: u64) -> (bool, u64) {
        match number.checked_sub(SEGMENT) {
            Some(n) => (true, n),
            None => (false, number),
        }
    }

    /// The content of a number, the same in every run of a seed. `owner` is the tenant where contents are not shared.
    pub fn content(&self, seed: u64, number: u64, owner: &str) -> Content {
        let dice = Dice::new(seed, number);
        let mut prompt = String::new();
        if !owner.is_empty() {
            prompt.push_str(owner);
            prompt.push(' ');
        }
        match number.checked_sub(SEGMENT) {
            Some(n) => prompt.push_str(&format!("Trending {n}")),
            None => prompt.push_str(&format!("Content {number}")),
        }
        let length = self.length.sample(&mut dice.draw(LENGTH, 0)).min(1 << 20) as usize;
        let words = ["tell", "me", "about", "it", "in", "full", "and", "why"];
        let mut draw = dice.draw(LENGTH, 1);
        while prompt.len() < length {
            prompt.push(' ');
            prompt.push_str(words[draw.below(8) as usize]);
        }
        let which = dice
            .draw(TEMPERATURE, 0)
            .below(self.temperatures.len() as u64) as usize;
        let elements = self.list.sample(&mut dice.draw(LIST, 0)).min(MOST_ELEMENTS);
        let mut draw = dice.draw(LIST, 1);
        let list = (0..elements).map(|_| draw.below(100_000) as u32).collect();
        Content {
            list,
            prompt,
            temperature: self.temperatures.get(which).copied().unwrap_or(0.7),
        }
    }
}
