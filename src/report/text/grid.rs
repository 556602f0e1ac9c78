//! Aligned columns and wrapped lines for a terminal of a hundred columns.

use super::paint::{Ink, Paint};

/// Columns of a terminal that text is laid out for.
pub const WIDTH: usize = 100;

/// A cell: text and what it is.
pub type Cell = (String, Ink);

/// Rows of cells, the first column to the left, all others to the right.
#[derive(Debug, Default)]
pub struct Grid {
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// Appends a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, each indented by two. Columns are as wide as their widest cell.
    pub fn lines(&self, paint: Paint) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |c: usize| {
            let cells = self.rows.iter().filter_map(|r| r.get(c));
            cells
                .map(|(text, _)| text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<Cell>| {
            let mut line = String::from("  ");
            for (c, (text, ink)) in row.iter().enumerate() {
                let space = " ".repeat(widths[c].saturating_sub(text.chars().count()));
                let painted = paint.ink(*ink, text);
                if c == 0 {
                    line += &(painted + &space);
                } else {
                    line += &format!("  {space}{painted}");
                }
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// Two blocks of lines side by side, or the second below the first when both do not fit.
pub fn beside(left: &[String], right: &[String], width_of: impl Fn(&str) -> usize) -> Vec<String> {
    let widest = |lines: &[String]| lines.iter().map(|l| width_of(l)).max().unwrap_or(0);
    let gap = 4;
    if widest(left) + gap + widest(right) > WIDTH {
        let blank = String::new();
        return left
            .iter()
            .chain(std::iter::once(&blank))
            .chain(right)
            .cloned()
            .collect();
    }
    let column = widest(left) + gap;
    let rows = left.len().max(right.len());
    let line = |i: usize| {
        let (l, r) = (
            left.get(i).map_or("", |l| l),
            right.get(i).map_or("", |r| r),
        );
        let space = " ".repeat(column.saturating_sub(width_of(l)));
        format!("{l}{space}{}", r.strip_prefix("  ").unwrap_or(r))
            .trim_end()
            .to_owned()
    };
    (0..rows).map(line).collect()
}

/// Words of a text over lines of the terminal's width, `first` before the first and as much space before the others.
/// Control characters go: a name in a trace must not speak to the terminal.
pub fn wrap(first: &str, text: &str) -> Vec<String> {
    let shown = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
    let first = shown(first);
    let indent = first.chars().count();
    let room = WIDTH.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().map(shown) {
        let line = lines.last_mut().map_or(0, |l| l.chars().count());
        if line > 0 && line + 1 + word.chars().count() > room {
            lines.push(word);
        } else if let Some(last) = lines.last_mut() {
            if line > 0 {
                last.push(' ');
            }
            last.push_str(&word);
        }
    }
    let space = " ".repeat(indent);
    let prefix = |i: usize| if i == 0 { &first } else { &space };
    let line = |(i, l): (usize, &String)| format!("{}{l}", prefix(i)).trim_end().to_owned();
    lines.iter().enumerate().map(line).collect()
}

/// The width of a line without its colours.
pub fn visible(line: &str) -> usize {
    let (mut width, mut escape) = (0, false);
    for c in line.chars() {
        match c {
            '\u{1b}' => escape = true,
            'm' if escape => escape = false,
            _ if !escape => width += 1,
            _ => {}
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_whatever_their_width() {
        let mut grid = Grid::default();
        grid.row([("".into(), Ink::Plain), ("baseline".into(), Ink::Plain)]);
        grid.row([("p99.9".into(), Ink::Plain), ("1s".into(), Ink::Bad)]);
        let lines = grid.lines(Paint { styled: false });
        assert_eq!(lines, ["         baseline", "  p99.9        1s"]);
    }

    #[test]
    fn long_text_wraps_under_itself() {
        let lines = wrap("  - ", &"word ".repeat(40));
        assert!(lines.len() > 1 && lines.iter().all(|l| l.chars().count() <= WIDTH));
        assert!(lines[1].starts_with("    word"));
    }

    #[test]
    fn a_text_cannot_speak_to_the_terminal() {
        assert_eq!(wrap("a\n", "b\u{1b}[31m c\u{7}"), ["ab[31m c"]);
    }

    #[test]
    fn blocks_that_do_not_fit_stand_below_one_another() {
        let wide = vec!["x".repeat(60)];
        assert_eq!(beside(&wide, &wide, visible).len(), 3);
        assert_eq!(
            beside(&["a".to_owned()], &["  b".to_owned()], visible),
            ["a    b"]
        );
    }
}
