//! Values of columns: texts become numbers.

use super::{super::stamp, draft::Wrong};
use crate::config::parse_nanos;
use xxhash_rust::xxh3::xxh3_64;

/// The digest of a key; ours writes `digest:` and the digest itself, since the key is not kept.
pub(super) fn idempotency(text: &str) -> u64 {
    let written = text.strip_prefix("digest:").filter(|hex| hex.len() == 16);
    written
        .and_then(|hex| u64::from_str_radix(hex, 16).ok())
        .unwrap_or_else(|| xxh3_64(text.as_bytes()))
        .max(1)
}

/// A value that is wrong: `found`, cut short, where `right` would do.
pub(super) fn wrong(found: &str, right: &str) -> Wrong {
    let shown: String = found.chars().take(40).collect();
    let dots = if shown.len() < found.len() { "..." } else { "" };
    (
        format!("found \"{}{dots}\"", super::super::lines::plain(&shown)),
        right.into(),
    )
}

/// A status of HTTP, or another number below 1000.
pub(super) fn status(text: &str) -> Result<u16, Wrong> {
    stamp::digits(text)
        .filter(|n| *n < 1000)
        .map(|n| n as u16)
        .ok_or_else(|| wrong(text, "a status such as 200"))
}

/// A number without a sign or a fraction.
pub(super) fn whole(text: &str) -> Result<u64, Wrong> {
    stamp::digits(text).ok_or_else(|| wrong(text, "a whole number, 0 or more"))
}

/// As [`whole`], of 32 bits.
pub(super) fn whole32(text: &str) -> Result<u32, Wrong> {
    let n = whole(text)?;
    u32::try_from(n).map_err(|_| wrong(text, "a whole number, 0 or more, below 4 billion"))
}

/// ns of a duration, or of seconds.
pub(super) fn span(text: &str) -> Result<u64, Wrong> {
    stamp::decimal(text)
        .or_else(|| parse_nanos(text))
        .ok_or_else(|| wrong(text, "a duration such as 250ms, or seconds such as 0.25"))
}
