//! The texts that sites work on besides bodies: answers, which nobody captured.
//!
//! An answer is a JSON object with a text and a list of records, some four bytes a token long, made from the digest of what
//! was asked and its size. So that each is worked on once, there are few of them: sizes go up in steps of about 4%, and of
//! one size there are [`FACES`].

use crate::sim::{
    dice::{Dice, Purpose},
    hash::{Map, mix},
};
use std::rc::Rc;

/// Different answers of a size.
const FACES: u64 = 4;
/// Bytes a token.
const TOKEN: u64 = 4;
/// The longest answer, bytes.
const LONGEST: u64 = 4 << 20;
const TEXT: Purpose = Purpose::named("answer-text");

/// Answers that were made, by digest.
#[derive(Default)]
pub(in crate::service) struct Texts(Map<u64, Rc<str>>);

/// Answers that are kept, of a few thousand bytes each.
const KEPT: usize = 1_000;

impl Texts {
    /// Digest and bytes of the answer to what has this digest, of so many tokens; 0 tokens are a short answer.
    pub fn answer(content: u64, tokens: u32) -> (u64, u64) {
        let bytes = stepped((u64::from(tokens.max(8)) * TOKEN).min(LONGEST));
        let face = mix(content) % FACES;
        (mix(mix(bytes) ^ face), bytes)
    }

    /// The text of an answer.
    pub fn text(&mut self, (digest, bytes): (u64, u64)) -> Rc<str> {
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        let made = self.0.entry(digest);
        made.or_insert_with(|| make(digest, bytes as usize).into())
            .clone()
    }
}

/// The size rounded up to one of 18 steps an octave.
fn stepped(bytes: u64) -> u64 {
    let (mut step, mut exact) = (32u64, 32.0f64);
    while step < bytes {
        exact *= 1.039_259_225_603_108_7; // 2^(1/18)
        step = exact.ceil() as u64;
    }
    step
}

fn make(digest: u64, bytes: usize) -> String {
    let mut draw = Dice::new(digest, 0).draw(TEXT, 0);
    let words = [
        "the", "answer", "is", "known", "since", "long", "and", "told", "again", "to", "all",
        "who", "ask", "for", "it", "here",
    ];
    let mut text = String::with_capacity(bytes + 64);
    text.push_str("{\"items\":[");
    let mut number = 0u64;
    // Records of some 40 bytes, for half of it; then prose.
    while text.len() < bytes / 2 {
        if number > 0 {
            text.push(',');
        }
        text.push_str(&format!(
            "{{\"id\":{number},\"name\":\"{}-{:x}\",\"n\":{}}}",
            words[draw.below(16) as usize],
            draw.below(1 << 20),
            draw.below(1000)
        ));
        number += 1;
    }
    text.push_str("],\"text\":\"");
    while text.len() + 12 < bytes {
        text.push_str(words[draw.below(16) as usize]);
        text.push(' ');
    }
    text.push_str("\"}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_json_of_about_its_size_and_always_the_same() {
        for tokens in [0, 10, 333, 5_000, 37_500] {
            let known = Texts::answer(7, tokens);
            let text = Texts::default().text(known);
            assert_eq!(text, Texts::default().text(known));
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            let wanted = f64::from(tokens.max(8)) * 4.0;
            let ratio = text.len() as f64 / wanted;
            assert!(
                (0.9..1.2).contains(&ratio) || text.len() < 100,
                "{tokens}: {}",
                text.len()
            );
        }
        assert_eq!(Texts::answer(7, 5_000), Texts::answer(7, 5_010), "one step");
        assert_ne!(Texts::answer(7, 5_000), Texts::answer(7, 5_500));
    }
}
