//! What happened, and all numbers by phase.

use super::open;
use crate::report::tables::{self, Table};
use crate::report::words::{clock, escape};
use crate::report::{Findings, story};
use std::fmt::Write as _;

/// The timeline as it was carried out, between the phases that follow from it.
pub fn happened(findings: &Findings) -> String {
    let all = story::happenings(findings);
    if all.is_empty() {
        return String::new();
    }
    let mut html = open("course", "", "What happened", "");
    html += "<div class=\"wide\"><table class=\"text\">\n\
             <caption class=\"unseen\">Phases, and what was done to the run, in order of time</caption>\n";
    for happening in all {
        let class = if happening.phase {
            " class=\"soft\""
        } else {
            ""
        };
        let _ = writeln!(
            html,
            "<tr{class}><td>{}</td><td>{}</td></tr>",
            clock(happening.at),
            escape(&happening.words)
        );
    }
    html + "</table></div>\n</section>\n"
}

/// All tables.
pub fn tables(findings: &Findings) -> String {
    let tables = [
        tables::latency(findings),
        tables::outcomes(findings),
        tables::cache(findings),
    ]
    .concat();
    let blocks: String = tables.iter().map(table).collect();
    if blocks.is_empty() {
        return blocks;
    }
    format!(
        "{}<div class=\"tables\">\n{blocks}</div>\n</section>\n",
        open("numbers", "", "Numbers by phase", "")
    )
}

fn table(table: &Table) -> String {
    let mut html = format!(
        "<div class=\"wide\"><table><caption>{}</caption>\n<thead><tr><td></td>",
        table.title
    );
    for phase in &table.phases {
        let _ = write!(html, "<th scope=\"col\">{phase}</th>");
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        let name = row.name.trim_start();
        let class = match name == row.name {
            true => "",
            false => " class=\"part\"",
        };
        let _ = write!(html, "<tr><th scope=\"row\"{class}>{name}</th>");
        for cell in &row.values {
            let class = if cell.worse { " class=\"bad\"" } else { "" };
            let _ = write!(html, "<td{class}>{}</td>", escape(&cell.text));
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}
