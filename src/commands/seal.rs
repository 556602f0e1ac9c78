//! What a riddle was, in a file that is not read at a glance: the words of the command that replays it and the digest of the
//! run, as JSON in Base64. It keeps an honest reader from reading ahead, and nobody else.
//!
//! ```text
//! gameday riddle 1 <XXH3 of the rest, 32 hexadecimal digits>
//! eyJkaWdlc3QiOiI3ZDgw...
//! ```

use crate::{config::Refusal, config::base64, report::training::SEAL};
use serde::{Deserialize, Serialize};
use std::{io::ErrorKind, path::Path};
use xxhash_rust::xxh3::xxh3_128;

/// Begins the file: what it is, and the version of its layout.
const HEAD: &str = "gameday riddle 1";
/// Letters a line.
const LINE: usize = 76;

/// See the module.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Words of the command line, the program first.
    pub words: Vec<String>,
    /// Of the run that was shown.
    pub digest: String,
}

impl Seal {
    /// The file.
    ///
    /// # Errors
    /// What is no JSON: nothing that is known.
    pub fn close(&self) -> Result<String, Refusal> {
        let json = serde_json::to_vec(self)
            .map_err(|e| Refusal::new(format!("the run cannot be sealed: {e}")))?;
        let text = base64::encode(&json);
        let letters: Vec<char> = text.chars().collect();
        let lines: Vec<String> = letters.chunks(LINE).map(|l| l.iter().collect()).collect();
        let sum = xxh3_128(text.as_bytes());
        Ok(format!("{HEAD} {sum:032x}\n{}\n", lines.join("\n")))
    }

    /// Reads the seal of a report.
    ///
    /// # Errors
    /// A folder that is no riddle, and a file that is not what was written.
    pub fn open(report: &Path) -> Result<Seal, Refusal> {
        let file = report.join(SEAL);
        let no = |why: &str, help: &str| Err(Refusal::file(report.display(), why).help(help));
        let make = "make one: gameday replay INCIDENT --blind";
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(_) if report.is_file() => {
                return no("is a file", "name the folder of the report");
            }
            Err(_) if !report.exists() => {
                return no("there is no such folder", make);
            }
            Err(e) if e.kind() == ErrorKind::NotFound && report.join("summary.json").exists() => {
                return no(
                    "is the report of a run in the open: there is nothing to reveal",
                    make,
                );
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return no(&format!("is no riddle: it has no file \"{SEAL}\""), make);
            }
            Err(e) => {
                return Err(Refusal::file(
                    file.display(),
                    format!("cannot be read: {e}"),
                ));
            }
        };
        let damaged = || {
            Refusal::file(
                file.display(),
                "the seal is damaged: it is not what was written",
            )
            .help("pose the riddle again: gameday replay INCIDENT --blind")
        };
        read(&text).ok_or_else(damaged)
    }
}

fn read(text: &str) -> Option<Seal> {
    let (head, rest) = text.split_once('\n')?;
    let sum = head.strip_prefix(HEAD)?.trim();
    let text: String = rest.lines().map(str::trim_end).collect();
    if format!("{:032x}", xxh3_128(text.as_bytes())) != sum {
        return None;
    }
    serde_json::from_slice(&base64::decode(&text)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_sealed_is_read_back_and_is_not_read_at_a_glance() {
        let seal = Seal {
            words: ["gameday", "replay", "incident-27", "--variant", "strict"]
                .map(String::from)
                .to_vec(),
            digest: "7d".into(),
        };
        let text = seal.close().unwrap();
        assert!(!text.contains("incident") && !text.contains("strict"));
        assert_eq!(read(&text), Some(seal));
        let by_windows = text.replace('\n', "\r\n");
        assert!(read(&by_windows.replacen("\r\n", "\n", 1)).is_some());
        for wrong in [
            &text[1..],
            &text[..text.len() - 8],
            "",
            "gameday riddle 1 0\n",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(gameday riddle 1 )?.{0,60}\n.{0,40}") {
            let _ = read(&text);
        }
    }
}
