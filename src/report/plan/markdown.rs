//! The plan as Markdown: for the repository, a ticket, or the review's document.

use super::{Block, Lean, Plan, content};
use std::fmt::Write;

/// The whole plan.
pub fn render(plan: &Plan) -> String {
    let h = plan.hardening;
    let mut text = format!("# Plan: {}\n\n{}", safe(&h.title), safe(&h.incident));
    if !h.question.is_empty() {
        let _ = write!(text, ", {}", safe(&h.question));
    }
    text.push('\n');
    let mut items = false;
    for block in content::blocks(plan) {
        let is_item = matches!(block, Block::Item(..));
        // Items of one list stand together; everything else stands apart.
        if !(is_item && items) {
            text.push('\n');
        }
        items = is_item || matches!(block, Block::Entry(..));
        text += &self::block(&block);
    }
    text
}

/// What a file says cannot end a cell, or begin a tag.
fn safe(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '|' | '<' | '*' | '_' | '`' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("## {}\n", safe(text)),
        Block::Paragraph(text) => format!("{}\n", safe(text)),
        Block::Item(label, text) if label == "-" => format!("- {}\n", safe(text)),
        Block::Item(label, text) => format!("- {}: {}\n", safe(label), safe(text)),
        Block::Entry(text, good) => {
            let mark = match good {
                Some(true) => "✓",
                Some(false) => "✗",
                None => "?",
            };
            format!("### {mark} {}\n\n", safe(text))
        }
        Block::Table { columns, rows } => {
            let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
            let mut text = row(columns.iter().map(|c| safe(c.0)).collect());
            let rule = columns.iter().map(|c| match c.1 {
                Lean::Left => "---",
                Lean::Right => "---:",
            });
            let _ = writeln!(text, "|{}|", rule.collect::<Vec<_>>().join("|"));
            for cells in rows {
                text += &row(cells.iter().map(|c| safe(c)).collect());
            }
            text
        }
        Block::Commands(all) => format!("```sh\n{}\n```\n", all.join("\n")),
    }
}
