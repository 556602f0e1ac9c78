//! A choice of names by shares that drifts may change, and their numbers in the trace's dictionaries.

use super::mix::{Choosing, Mix};
use crate::{
    config::Names,
    sim::dice::{Dice, Purpose},
    trace::request::Tags,
};
use std::cell::RefCell;

/// A choice of names, with their numbers in the trace's dictionary.
#[derive(Debug)]
pub(super) struct Chooser {
    names: Vec<String>,
    counted: Option<Mix>,
    numbers: Vec<u32>,
    pub choosing: Choosing,
}

impl Chooser {
    pub fn new(mix: &Mix) -> Chooser {
        // Names of many are spelled out only when they are met.
        let counted = (mix.count() > 1000).then(|| mix.clone());
        let names = if counted.is_some() {
            vec![]
        } else {
            (0..mix.count()).map(|i| mix.name(i)).collect()
        };
        Chooser {
            names,
            counted,
            numbers: vec![0; mix.count()],
            choosing: Choosing::new(&mix.shares),
        }
    }

    pub fn turn(&mut self, mix: &Mix) {
        if mix.count() > 1000 || self.counted.is_some() {
            self.numbers.resize(self.numbers.len().max(mix.count()), 0);
            self.counted = Some(mix.clone());
            self.choosing.turn(&mix.shares);
            return;
        }
        let mut weights = vec![0.0; self.names.len()];
        for i in 0..mix.count() {
            let name = mix.name(i);
            match self.names.iter().position(|n| *n == name) {
                Some(place) => weights[place] = mix.shares[i],
                None => {
                    self.names.push(name);
                    weights.push(mix.shares[i]);
                }
            }
        }
        self.numbers.resize(self.names.len(), 0);
        self.choosing.turn(&weights);
    }

    #[inline]
    pub fn choose(
        &mut self,
        dice: Dice,
        purpose: Purpose,
        version: usize,
        tags: &RefCell<Tags>,
        of: fn(&mut Tags) -> &mut Names,
    ) -> u32 {
        let place = self.choosing.choose(dice, purpose, version);
        let number = self.numbers[place];
        if number != 0 {
            return number;
        }
        let name = match &self.counted {
            Some(mix) => mix.name(place),
            None => self.names[place].clone(),
        };
        let number = of(&mut tags.borrow_mut()).number(&name);
        self.numbers[place] = number;
        number
    }
}
