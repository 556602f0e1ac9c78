//! Texts that work is measured on.

use serde_json::{Value, json};

/// Bytes of a fragment: some fifteen tokens of a model.
pub(super) const FRAGMENT: usize = 64;

/// Texts for one work.
pub(super) struct Texts {
    /// Of one shape, and of sizes that double: for the slope.
    pub growing: Vec<String>,
    /// Of other shapes, so that the costs of parts can be told apart.
    pub others: Vec<String>,
}

/// For a kind with these options.
pub(super) fn of(kind: &str, options: &str) -> Texts {
    let sizes = [100, 200, 400, 800];
    let each = |of: &dyn Fn(usize) -> String| sizes.iter().map(|&n| of(n)).collect::<Vec<_>>();
    match kind {
        "distinct" => Texts {
            growing: each(&|n| list(n, 8)),
            others: vec![list(20, 8), list(100, 60), list(400, 60)],
        },
        // The second of a list is wrong from its first character on, so that nothing is checked.
        "validate" => Texts {
            growing: each(&|n| list(n, 8)),
            others: vec![list(100, 25), numbers(100), numbers(400)],
        },
        "pattern" => {
            let text = match options {
                o if o.contains("\\s+$") => |n: usize| " ".repeat(n) + ".",
                o if o.contains("(a+)+") => |n: usize| "a".repeat(n / 25) + "!",
                _ => |n: usize| "x".repeat(n / 4),
            };
            Texts {
                growing: [100, 200, 300, 400].map(text).to_vec(),
                others: vec![],
            }
        }
        "stream" | "scan" => Texts {
            growing: each(&|n| prose(5 * n)),
            others: vec![body(400).to_string()],
        },
        _ => Texts {
            growing: each(&|n| body(n).to_string()),
            // Blanks that are read, and not written.
            others: [100, 400]
                .map(|n| {
                    body(n)
                        .to_string()
                        .replace(',', ",                        ")
                })
                .to_vec(),
        },
    }
}

/// A JSON array of words of so many characters, of which no two are equal.
fn list(words: usize, length: usize) -> String {
    let word = |n: usize| {
        let number = format!("{n:05}");
        "word".repeat(length / 4 + 1)[..length.saturating_sub(5)].to_string() + &number
    };
    json!((0..words).map(word).collect::<Vec<_>>()).to_string()
}

fn numbers(numbers: usize) -> String {
    json!((0..numbers).map(|n| 10_000_000 + n).collect::<Vec<_>>()).to_string()
}

fn prose(words: usize) -> String {
    const WORDS: [&str; 8] = [
        "a", "queue", "that", "grows", "is", "a", "promise", "broken,",
    ];
    let words: Vec<_> = (0..words).map(|n| WORDS[n % WORDS.len()]).collect();
    words.join(" ")
}

/// A request of a chat: a text, settings, and a list of messages.
fn body(words: usize) -> Value {
    let message = |n: usize| json!({ "role": "user", "at": 1_700_000_000 + n, "text": prose(10) });
    json!({
        "prompt": prose(words),
        "temperature": 0.5,
        "stream": true,
        "messages": (0..words / 10).map(message).collect::<Vec<_>>(),
    })
}
