//! One deterministic repair of the punctuation of a JSON object.

/// The object in `raw` with what stands around it stripped, single quotes made double, and trailing commas dropped. Valid
/// JSON comes back as it is. `None` where there is no one whole object: nothing is ever closed, or made up.
pub fn repair(raw: &str) -> Option<String> {
    if serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok() {
        return Some(raw.into());
    }
    let start = raw.find('{')?;
    // A list or a text that was cut short is no wrapper.
    if raw[..start].contains(['[', '"']) {
        return None;
    }
    let mut out = String::with_capacity(raw.len());
    let mut depth = 0usize;
    let mut rest = raw[start..].char_indices();
    while let Some((i, c)) = rest.next() {
        match c {
            '"' | '\'' => {
                out.push('"');
                loop {
                    match rest.next()?.1 {
                        end if end == c => break,
                        '"' => out.push_str("\\\""),
                        '\\' => match rest.next()?.1 {
                            '\'' => out.push('\''),
                            escaped => out.extend(['\\', escaped]),
                        },
                        other => out.push(other),
                    }
                }
                out.push('"');
            }
            ',' => {
                let next = raw[start + i + 1..].trim_start();
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
                    let after = &raw[start + i + 1..];
                    return (!after.contains(['{', '}', '[', ']'])).then_some(out);
                }
            }
            c => out.push(c),
        }
    }
    None
}
