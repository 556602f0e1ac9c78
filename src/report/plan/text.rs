//! The plan for a terminal of a hundred columns.

use super::{Block, Lean, Plan, content};
use crate::report::text::{Ink, Paint, wrap};

/// The whole plan. `styled` uses colour.
pub fn render(plan: &Plan, styled: bool) -> String {
    let paint = Paint { styled };
    let h = plan.hardening;
    let question = if h.question.is_empty() {
        String::new()
    } else {
        format!("{} · ", h.question)
    };
    let mut lines: Vec<String> = wrap("", &h.title)
        .iter()
        .map(|l| paint.ink(Ink::Head, l))
        .collect();
    let name = format!("{question}{} · plan", h.incident);
    lines.extend(wrap("", &name).iter().map(|l| paint.ink(Ink::Dim, l)));
    let mut table_before = false;
    for block in content::blocks(plan) {
        let is_table = matches!(block, Block::Table { .. });
        let apart = is_table || matches!(block, Block::Paragraph(_));
        if matches!(block, Block::Heading(_)) || apart && table_before {
            lines.push(String::new());
        }
        table_before = is_table;
        lines.extend(painted(&block, paint));
    }
    lines.join("\n") + "\n"
}

/// A block without colour.
#[cfg(test)]
pub(super) fn block(block: &Block) -> Vec<String> {
    painted(block, Paint { styled: false })
}

fn painted(block: &Block, paint: Paint) -> Vec<String> {
    match block {
        Block::Heading(text) => vec![paint.ink(Ink::Head, text)],
        Block::Paragraph(text) => wrap("  ", text),
        Block::Item(label, text) => wrap(&format!("    {label:<11} "), text),
        Block::Entry(text, good) => {
            let (mark, ink) = match good {
                Some(true) => ("✓", Ink::Good),
                Some(false) => ("✗", Ink::Bad),
                None => ("?", Ink::Doubt),
            };
            let mut lines = wrap(&format!("  {mark} "), text);
            if let Some(first) = lines.first_mut() {
                *first = first.replacen(mark, &paint.ink(ink, mark), 1);
            }
            lines
        }
        Block::Table { columns, rows } => table(columns, rows, paint),
        Block::Commands(all) => all.iter().map(|c| format!("  {c}")).collect(),
    }
}

/// Columns as wide as their widest cell; the last wraps under itself where it leans left.
fn table(columns: &[(&'static str, Lean)], rows: &[Vec<String>], paint: Paint) -> Vec<String> {
    let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|r| r.iter().map(|c| plain(c)).collect())
        .collect();
    let wide = |text: &str| text.chars().count();
    let width = |c: usize| {
        let cells = rows.iter().filter_map(|r| r.get(c)).map(|t| wide(t));
        cells.max().unwrap_or(0).max(wide(columns[c].0))
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let last = columns.len() - 1;
    let line = |cells: &[&str]| -> Vec<String> {
        let mut first = String::from("  ");
        for (c, cell) in cells.iter().enumerate().take(last) {
            let space = " ".repeat(widths[c] - wide(cell));
            match columns[c].1 {
                Lean::Left => first += &format!("{cell}{space}  "),
                Lean::Right => first += &format!("{space}{cell}  "),
            }
        }
        match columns[last].1 {
            Lean::Left => wrap(&first, cells[last]),
            Lean::Right => {
                let space = " ".repeat(widths[last] - wide(cells[last]));
                vec![format!("{first}{space}{}", cells[last])]
            }
        }
    };
    let head: Vec<&str> = columns.iter().map(|c| c.0).collect();
    let head = line(&head);
    let mut lines: Vec<String> = head.iter().map(|l| paint.ink(Ink::Dim, l)).collect();
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        lines.extend(line(&cells));
    }
    lines
}
