//! The key numbers: each indicator in focus in the phases that are compared, under its course over time.

use super::open;
use super::verdict::mark;
use crate::gates::{self, Verdict};
use crate::incident::{Phase, PhaseName};
use crate::report::Findings;
use crate::report::focus::{Focus, focus};
use crate::report::spark::{heights, scale_of};
use crate::report::words::{escape, show};
use std::fmt::Write as _;

/// Numbers at most.
const MOST: usize = 8;
/// Cells of a course, and its height in as many.
const CELLS: usize = 120;
const HEIGHT: f64 = 32.0;

/// The section; nothing when nothing was counted.
pub fn section(findings: &Findings) -> String {
    let focus = focus(findings, MOST);
    if focus.is_empty() {
        return String::new();
    }
    let cards: String = focus.iter().map(|f| card(findings, f)).collect();
    format!(
        "{}<ul class=\"cards\">\n{cards}</ul>\n</section>\n",
        open("figures", "", "Key numbers", "")
    )
}

fn card(findings: &Findings, focus: &Focus) -> String {
    let indicator = focus.indicator;
    let (class, sign) = match focus.verdict {
        None => ("", String::new()),
        verdict => {
            let (class, sign) = mark(verdict);
            (class, format!(" <b class=\"{class}\">{sign}</b>"))
        }
    };
    let mut html = format!(
        "<li class=\"{class}\"><h3><code>{}</code>{sign}</h3>\n<p class=\"soft\">{}</p>\n{}<dl>\n",
        indicator.name,
        escape(indicator.doc),
        course(findings, focus)
    );
    for phase in findings.compared() {
        let value = findings.value_over(indicator, phase.from, phase.to);
        let bad = match breaks(findings, focus, &phase) {
            true => " class=\"bad\"",
            false => "",
        };
        let _ = writeln!(
            html,
            "<div><dt>{}</dt><dd{bad}>{}</dd></div>",
            phase.name.word(),
            escape(&show(indicator.unit, value))
        );
    }
    html + "</dl></li>\n"
}

/// Whether a gate about it is broken in a phase.
fn breaks(findings: &Findings, focus: &Focus, phase: &Phase) -> bool {
    focus.verdict == Some(Verdict::Breach)
        && findings.judgements.iter().any(|j| {
            j.verdict == Verdict::Breach
                && j.phase == phase.name.word()
                && gates::indicators(&j.expression).contains(&focus.indicator)
        })
}

/// A line over time, with the incident shaded. It is a decoration: the numbers stand below it.
fn course(findings: &Findings, focus: &Focus) -> String {
    let edges = &findings.watch.windows.edges;
    let values = findings.series(focus.indicator.name);
    let heights = heights(&values, edges, CELLS, scale_of(focus.indicator.unit));
    let (mut path, mut pen) = (String::new(), 'M');
    for (i, height) in heights.iter().enumerate() {
        let Some(height) = height else {
            pen = 'M';
            continue;
        };
        // Half a pixel from the border, so that no line is cut.
        let y = (1.0 - height) * (HEIGHT - 2.0) + 1.0;
        let _ = write!(path, "{pen}{i}.5 {y:.1}");
        if pen == 'M' {
            // A cell between two gaps is seen too.
            path += "h.1";
        }
        pen = 'L';
    }
    let (from, to) = findings.bounds();
    let place = |time: u64| {
        let share = time.saturating_sub(from) as f64 / to.saturating_sub(from).max(1) as f64;
        share.min(1.0) * CELLS as f64
    };
    let during = |p: &&Phase| p.name == PhaseName::Incident && findings.anything_happened();
    let shade = findings.truth.phases.iter().find(during).map(|p| {
        let (x, width) = (place(p.from), place(p.to) - place(p.from));
        format!("<rect x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"{HEIGHT}\"/>")
    });
    format!(
        "<svg viewBox=\"0 0 {CELLS} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{}<path d=\"{path}\"/></svg>\n",
        shade.unwrap_or_default()
    )
}
