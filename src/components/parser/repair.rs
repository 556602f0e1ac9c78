//! One deterministic repair of the punctuation of a JSON object.

/// The object in `raw`, mended: what stands around it is stripped; single and typographic quotes are made double; trailing
/// commas are dropped; bare line breaks within texts are escaped; `True`, `False` and `None` are spelled as JSON does.
/// Valid JSON comes back as it is. `None` where there is no one whole object: nothing is ever closed, or made up. One pass.
///
/// ```
/// use gameday::components::parser::repair;
/// assert_eq!(repair("Sure:\n```json\n{'a': [1, 2,],}\n```").as_deref(), Some(r#"{"a": [1, 2]}"#));
/// assert_eq!(repair(r#"{"a": "cut sh"#), None);
/// ```
pub fn repair(raw: &str) -> Option<String> {
    mend(raw, false)
}

/// The repair; with the flaw of a text that ends at an escaped quote before a comma when `cut`.
pub(super) fn mend(raw: &str, cut: bool) -> Option<String> {
    if serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok() {
        return Some(raw.into());
    }
    let start = raw.find('{')?;
    let before = &raw[..start];
    let before = &before[before.rfind("```").map_or(0, |fence| fence + 3)..];
    // A list or a text that was cut short is no wrapper.
    if before.contains(['[', '"']) {
        return None;
    }
    let body = &raw[start..];
    let mut out = String::with_capacity(body.len());
    let mut depth = 0usize;
    let mut rest = body.char_indices();
    while let Some((i, c)) = rest.next() {
        match c {
            '"' | '\'' | '“' => text(if c == '“' { '”' } else { c }, &mut rest, &mut out, cut)?,
            ',' => {
                let next = body[i + 1..].trim_start();
                if !next.starts_with(['}', ']']) {
                    out.push(',');
                }
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
            }
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                out.push(c);
                if depth == 0 {
                    // A second object: which of them was meant?
                    let after = &body[i + 1..];
                    return (!after.contains(['{', '}', '[', ']'])).then_some(out);
                }
            }
            c if c.is_alphabetic() => {
                let word = &body[i..];
                let end = word.find(|c: char| !c.is_alphanumeric() && c != '_');
                let word = &word[..end.unwrap_or(word.len())];
                out.push_str(match word {
                    "True" => "true",
                    "False" => "false",
                    "None" => "null",
                    other => other,
                });
                for _ in word.chars().skip(1) {
                    rest.next();
                }
            }
            c => out.push(c),
        }
    }
    None
}

/// The rest of a text that ends with `end`, as JSON writes it.
fn text(
    end: char,
    rest: &mut std::str::CharIndices,
    out: &mut String,
    mut cut: bool,
) -> Option<()> {
    let mut over = false;
    out.push('"');
    loop {
        let (_, c) = rest.next()?;
        let from = out.len();
        match c {
            c if c == end => break,
            '"' => out.push_str("\\\""),
            '\\' => match rest.next()?.1 {
                '\'' => out.push('\''),
                escaped => {
                    out.extend(['\\', escaped]);
                    if cut && !over && escaped == '"' && rest.as_str().starts_with(',') {
                        (over, cut) = (true, false);
                        continue;
                    }
                }
            },
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
        if over {
            out.truncate(from);
        }
    }
    out.push('"');
    Some(())
}
