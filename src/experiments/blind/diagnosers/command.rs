//! Somebody else's diagnoser: any command. It is given the folder of the recording (CSV, as docs/recording.md has it) as its
//! last argument, and prints one JSON object:
//!
//! ```json
//! { "causes": [{ "cause": "dependency-slow", "probability": 0.8 }, { "cause": "pool-leak" }], "onset": 612.5 }
//! ```
//!
//! `causes`, the most probable first, by their names in `gameday list causes`; an empty list says that there is no incident.
//! `onset` is in seconds from the start, and may be left out. Neither is anything of the truth: no file name, no environment.

use super::Answer;
use crate::{
    config::Refusal,
    recording::{Recording, files},
};
use serde_json::Value;
use std::{
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
};

/// A command.
pub struct Command {
    line: String,
    words: Vec<String>,
}

/// Folders of this process, so that no two asked at a time share one.
static FOLDERS: AtomicU64 = AtomicU64::new(0);

impl Command {
    /// A command by its line, such as `python my_agent.py`; words are parted by blanks, quotes keep them together.
    ///
    /// # Errors
    /// A line without a word, or with a quote that is not closed.
    pub fn parse(line: &str) -> Result<Command, Refusal> {
        let words = words(line).filter(|w| !w.is_empty()).ok_or_else(|| {
            Refusal::new(format!("--diagnoser {line:?} is no command"))
                .help("such as --diagnoser 'python my_agent.py'")
        })?;
        Ok(Command {
            line: line.into(),
            words,
        })
    }

    /// Its line.
    pub fn name(&self) -> &str {
        &self.line
    }

    /// Runs it on a recording.
    pub(super) fn ask(&self, recording: &Recording) -> Result<Answer, Refusal> {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("gameday-{}-{number}", std::process::id()));
        let asked = self.asked(recording, &folder);
        // Whatever it was worth, nothing is left behind.
        let _ = std::fs::remove_dir_all(&folder);
        asked
    }

    fn asked(&self, recording: &Recording, folder: &PathBuf) -> Result<Answer, Refusal> {
        files::save(recording, folder, files::SaveFormat::Csv)?;
        let fails = |why: String| Refusal::new(format!("the diagnoser {:?} {why}", self.line));
        let ran = std::process::Command::new(&self.words[0])
            .args(&self.words[1..])
            .arg(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| fails(format!("cannot be run: {e}")))?;
        if !ran.status.success() {
            return Err(fails(format!("failed: {}", ran.status)));
        }
        let text = String::from_utf8_lossy(&ran.stdout);
        read(&text).map_err(fails)
    }
}

/// Reads what it printed.
fn read(text: &str) -> Result<Answer, String> {
    let json: Value =
        serde_json::from_str(text.trim()).map_err(|e| format!("printed no JSON: {e}"))?;
    let causes = json["causes"]
        .as_array()
        .ok_or("printed no list \"causes\"")?;
    let mut answer = Answer {
        seen: !causes.is_empty(),
        ..Answer::default()
    };
    for cause in causes {
        let name = cause["cause"].as_str().or(cause.as_str());
        let name = name.ok_or("printed a cause without a name \"cause\"")?;
        answer.causes.push((
            name.to_string(),
            cause["probability"].as_f64().unwrap_or(0.0),
        ));
    }
    answer.onset = match &json["onset"] {
        Value::Null => None,
        onset => {
            let seconds = onset.as_f64().filter(|s| (0.0..1e9).contains(s));
            Some((seconds.ok_or("printed an onset that is no number of seconds")? * 1e9) as u64)
        }
    };
    Ok(answer)
}

/// The words of a line; `None`: a quote is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (vec![], None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_with(String::new);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_with(String::new).push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(
            words("a 'b c'  d\"e f\""),
            Some(vec!["a".into(), "b c".into(), "de f".into()])
        );
        assert_eq!(words("a 'b"), None);
        assert!(Command::parse(" ").is_err());
    }

    #[test]
    fn an_answer_is_read_and_what_is_none_is_said() {
        let answer =
            read(r#"{"causes": [{"cause": "a", "probability": 0.5}, "b"], "onset": 1.5}"#).unwrap();
        assert_eq!(answer.causes, [("a".into(), 0.5), ("b".into(), 0.0)]);
        assert_eq!((answer.seen, answer.onset), (true, Some(1_500_000_000)));
        assert!(!read(r#"{"causes": []}"#).unwrap().seen);
        assert!(read("[]").unwrap_err().contains("causes"));
        assert!(read("nothing").unwrap_err().contains("no JSON"));
    }
}
