//! What somebody answers: a cause by its name or by what it is, no incident, or a symptom that was taken for a cause.

use crate::{
    config::{Refusal, suggestion},
    diagnosis::catalogue::{self, Known},
    indicators,
};

/// An answer that can be graded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A cause of the catalogue, by its name.
    Cause(&'static str),
    /// Nothing is wrong.
    NoIncident,
    /// An indicator: what was seen, not why.
    Symptom(String),
}

/// How people say that nothing is wrong.
const NOTHING: [&str; 5] = ["no-incident", "none", "nothing", "healthy", "no-cause"];
/// Names that a refusal offers at most.
const OFFERED: usize = 6;
/// Letters of a word that is looked for in names.
const LETTERS: usize = 3;

/// As names are written: `Retry storm` is `retry-storm`.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || "-_".contains(c));
    let words: Vec<String> = words
        .map(|w| w.trim_matches(|c: char| c.is_ascii_punctuation()))
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

impl Answer {
    /// Reads an answer, in capitals or not, by the cause's name or its line in `gameday list causes`.
    ///
    /// # Errors
    /// What is none of these, with names that are near.
    pub fn read(text: &str) -> Result<Answer, Refusal> {
        let asked = plain(text);
        let is = |known: &Known| plain(known.id) == asked || plain(known.summary) == asked;
        let known = catalogue::all().map(|(known, _)| known).find(is);
        if let Some(known) = known {
            return Ok(Answer::Cause(known.id));
        }
        if NOTHING.contains(&asked.as_str()) {
            return Ok(Answer::NoIncident);
        }
        let indicator = indicators::catalogue().find(|i| plain(i.name) == asked);
        if let Some(indicator) = indicator {
            return Ok(Answer::Symptom(indicator.name.into()));
        }
        Err(
            Refusal::new(format!("--answer \"{text}\": there is no such cause"))
                .help(format!("{}all of them: gameday list causes", near(&asked))),
        )
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Answer::Cause(id) => id,
            Answer::NoIncident => NOTHING[0],
            Answer::Symptom(indicator) => indicator,
        }
    }
}

/// `did you mean "x"? ` or `perhaps: a, b; `, or nothing.
fn near(asked: &str) -> String {
    let ids: Vec<&str> = catalogue::all().map(|(known, _)| known.id).collect();
    // All names are too many to be read; what is near is told alone.
    let meant = suggestion(asked, ids.iter().copied());
    if let Some((meant, _)) = meant.split_once("? known: ") {
        return format!("{meant}? ");
    }
    let words: Vec<&str> = asked.split('-').filter(|w| w.len() >= LETTERS).collect();
    let shared = |id: &&&str| id.split('-').filter(|w| words.contains(w)).count();
    let mut found: Vec<&&str> = ids.iter().filter(|id| shared(id) > 0).collect();
    found.sort_by_key(|id| std::cmp::Reverse(shared(id)));
    let found: Vec<&str> = found.into_iter().take(OFFERED).copied().collect();
    match found.is_empty() {
        true => String::new(),
        false => format!("perhaps: {}; ", found.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_read_by_name_and_by_what_they_are() {
        for (known, _) in catalogue::all() {
            let spaced = known.id.replace('-', " ").to_uppercase();
            for text in [
                known.id,
                &spaced,
                known.summary,
                &format!(" {}. ", known.summary),
            ] {
                assert_eq!(
                    Answer::read(text).unwrap(),
                    Answer::Cause(known.id),
                    "{text}"
                );
            }
        }
        assert_eq!(Answer::read("No incident").unwrap(), Answer::NoIncident);
        assert_eq!(
            Answer::read("cache.hit_rate").unwrap(),
            Answer::Symptom("cache.hit_rate".into())
        );
    }

    #[test]
    fn what_is_none_is_refused_with_what_is_near() {
        let said = |text: &str| Answer::read(text).unwrap_err().to_string();
        assert!(
            said("retry-strom").contains("did you mean \"retry-storm\"?"),
            "{}",
            said("retry-strom")
        );
        assert!(said("the cache of keys broke").contains("perhaps: "));
        let far = said("zzz");
        assert!(
            far.contains("gameday list causes") && !far.contains("perhaps"),
            "{far}"
        );
    }
}
