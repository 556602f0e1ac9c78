//! The frame of every page: its head, and a policy by which it asks nothing of anybody and runs no script but its own.

use crate::config::base64::encode as base64;
use sha2::{Digest, Sha256};

/// What all pages look like.
const STYLE: &str = include_str!("style.css");

/// A whole page. `title` and `body` are markup, `head` further elements of the head; `style` comes after the common one;
/// no script when it is empty.
pub fn frame(title: &str, head: &str, style: &str, script: &str, body: &str) -> String {
    let style = format!("\n{STYLE}{style}");
    let script = match script {
        "" => String::new(),
        script => format!("\n{script}"),
    };
    // A hash admits what it is of and nothing else, wherever it would come from.
    let admits = |text: &str| format!("'sha256-{}'", base64(&Sha256::digest(text)));
    let scripts = match script.is_empty() {
        true => "'none'".to_owned(),
        false => admits(&script),
    };
    let policy = format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {scripts}; base-uri 'none'; form-action 'none'",
        admits(&style)
    );
    let script = match script.is_empty() {
        true => script,
        false => format!("<script>{script}</script>\n"),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n{head}\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}{script}</body>\n</html>\n"
    )
}
