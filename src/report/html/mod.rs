//! `report.html`: the verdict, the diagnosis, the gates, the pictures, and how to do it again, in one file that asks nothing
//! of the network and needs no other file. Light and dark by the reader's setting or choice.
//!
//! Everything that comes from a file or a trace passes through `escape`; the page has no other way in, and by its policy
//! runs no script but its own. Without script everything is there, one below the other. Tables and sentences are those of
//! the text.

mod diagnosis;
mod frame;
mod gates;
mod moved;
mod numbers;
#[cfg(feature = "plots")]
mod palette;
mod pictures;
mod run;
mod strip;
mod verdict;

pub(super) use frame::frame;
pub use pictures::Image;

use super::words::escape;
use super::{Findings, story};

/// What is only on the page of a run.
const PAGE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("script.js");

/// The page with these pictures, in their order, and the way to these files beside it.
pub fn render(findings: &Findings, images: &[Image], files: &[&str]) -> String {
    let sections = [
        verdict::section(findings),
        pair(&diagnosis::section(findings), &gates::section(findings)),
        moved::section(findings),
        strip::section(findings),
        pictures::section(images),
        numbers::happened(findings),
        numbers::tables(findings),
        run::section(findings),
        run::files(files),
    ]
    .concat();
    let title = escape(findings.title);
    let body = format!(
        "<a class=\"skip\" href=\"#main\">To the report</a>\n\
         <header>\n<div class=\"top\"><p class=\"soft\">{}</p></div>\n<h1>{title}</h1>\n{}</header>\n\
         <main id=\"main\" tabindex=\"-1\">\n{sections}</main>\n",
        escape(&story::name(findings)),
        nav(&sections, findings),
    );
    let (_, mark) = verdict::mark(findings.verdict());
    frame(
        &format!("{mark} {title} · gameday"),
        "",
        PAGE,
        SCRIPT,
        &body,
    )
}

/// What stands side by side where there is room.
fn pair(left: &str, right: &str) -> String {
    match right.is_empty() {
        true => left.to_owned(),
        false => format!("<div class=\"pair\">\n{left}{right}</div>\n"),
    }
}

/// Every section of the page: what it is called in a link, and there.
const SECTIONS: [(&str, &str); 10] = [
    ("verdict", "Verdict"),
    ("diagnosis", "Diagnosis"),
    ("gates", "Gates"),
    ("moved", "What moved"),
    ("figures", "Key numbers"),
    ("pictures", "Pictures"),
    ("course", "What happened"),
    ("numbers", "Numbers by phase"),
    ("run", "Run"),
    ("files", "Files"),
];

/// The beginning of a section with its heading; `beside` stands behind the heading, in a softer voice.
fn open(id: &str, class: &str, heading: &str, beside: &str) -> String {
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let beside = match beside {
        "" => String::new(),
        words => format!(" <span class=\"soft\">{words}</span>"),
    };
    format!(
        "<section id=\"{id}\"{class} aria-labelledby=\"{id}-is\">\n<h2 id=\"{id}-is\">{heading}{beside}</h2>\n"
    )
}

/// The way to each section that is there.
fn nav(sections: &str, findings: &Findings) -> String {
    let there = |id: &str| sections.contains(&format!("<section id=\"{id}\""));
    let links: String = SECTIONS
        .iter()
        .filter(|(id, _)| there(id))
        .map(|(id, words)| match *id {
            "diagnosis" => (id, story::concluded(findings)),
            _ => (id, *words),
        })
        .map(|(id, words)| format!("<li><a href=\"#{id}\">{words}</a></li>"))
        .collect();
    format!("<nav aria-label=\"Sections\"><ul>{links}</ul></nav>\n")
}

/// The class of good and bad news.
fn tone(good: Option<bool>) -> &'static str {
    match good {
        Some(true) => "good",
        Some(false) => "bad",
        None => "soft",
    }
}

/// A sentence with its mark.
fn told((words, good): &story::Told) -> String {
    let mark = match good {
        None => return escape(words),
        Some(true) => "✓",
        Some(false) => "✗",
    };
    format!("{} <b class=\"{}\">{mark}</b>", escape(words), tone(*good))
}
