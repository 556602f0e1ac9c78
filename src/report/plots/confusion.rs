//! The confusion matrix of a diagnoser: a row for each true cause, a column for each answer, with how often. What is right lies
//! on the diagonal, in blue; what is not, in vermilion, and both get stronger with their share of the row.

use super::{
    canvas::{Anchor, Canvas, Type, picture},
    font::Face,
    style::{Palette, Pen, Role},
};
use crate::config::Refusal;
use std::collections::BTreeMap;

/// px of a cell, and what stands beside the cells.
const CELL: f64 = 17.0;
const NAMES: f64 = 236.0;
const TOP: f64 = 84.0;
const SIZE: f64 = 10.0;

/// How often each answer was given, by true cause; names in the order in which they are shown. Columns are numbered as the rows
/// are, and what is only answered stands at the end.
pub fn draw(
    order: &[String],
    counts: &BTreeMap<String, BTreeMap<String, u64>>,
    title: &str,
    palette: &Palette,
) -> Result<Vec<u8>, Refusal> {
    let mut columns: Vec<&str> = order.iter().map(String::as_str).collect();
    let rows = columns.len();
    for answer in counts.values().flat_map(BTreeMap::keys) {
        if !columns.contains(&answer.as_str()) {
            columns.push(answer);
        }
    }
    // Answers that are no row are spelled out below.
    let extra = &columns[rows..];
    let width = (NAMES + CELL * columns.len() as f64 + 24.0).max(640.0);
    let foot = 34.0 + 14.0 * extra.len() as f64;
    let height = TOP + CELL * rows as f64 + foot;
    picture(width as u32, height as u32, palette.paper, |canvas| {
        let sheet = Sheet { canvas, palette };
        sheet.words((16.0, 26.0), title, Face::Bold, 16.0, Anchor::Start)?;
        let legend = "rows: the true cause; columns: the first answer, numbered as the rows; blue is right, vermilion is not";
        sheet.words((16.0, 46.0), legend, Face::Regular, 12.0, Anchor::Start)?;
        for (j, _) in columns.iter().enumerate() {
            let x = NAMES + CELL * (j as f64 + 0.5);
            sheet.words(
                (x, TOP - 5.0),
                &(j + 1).to_string(),
                Face::Regular,
                SIZE,
                Anchor::Middle,
            )?;
        }
        for (i, cause) in order.iter().enumerate() {
            let y = TOP + CELL * i as f64;
            sheet.words(
                (NAMES - 6.0, y + 12.0),
                &format!("{cause}  {}", i + 1),
                Face::Regular,
                12.0,
                Anchor::End,
            )?;
            let row = counts.get(cause);
            let total: u64 = row.map_or(0, |r| r.values().sum());
            for (j, answer) in columns.iter().enumerate() {
                let n = row.and_then(|r| r.get(*answer)).copied().unwrap_or(0);
                sheet.cell((NAMES + CELL * j as f64, y), n, total, i == j)?;
            }
        }
        for (k, name) in extra.iter().enumerate() {
            let y = TOP + CELL * rows as f64 + 22.0 + 14.0 * k as f64;
            sheet.words(
                (NAMES, y),
                &format!("{}  {name}", rows + k + 1),
                Face::Regular,
                12.0,
                Anchor::Start,
            )?;
        }
        Ok(())
    })
}

struct Sheet<'a, 'b> {
    canvas: &'a Canvas<'b>,
    palette: &'a Palette,
}

impl Sheet<'_, '_> {
    fn words(
        &self,
        at: (f64, f64),
        text: &str,
        face: Face,
        size: f64,
        anchor: Anchor,
    ) -> Result<(), Refusal> {
        let kind = Type {
            face,
            size,
            colour: self.palette.ink,
        };
        self.canvas.text(at, text, kind, anchor).map(|_| ())
    }

    fn cell(&self, at: (f64, f64), n: u64, total: u64, right: bool) -> Result<(), Refusal> {
        let to = (at.0 + CELL, at.1 + CELL);
        if n > 0 {
            let role = if right {
                Role::Baseline
            } else {
                Role::Incident
            };
            let share = 0.25 + 0.6 * n as f64 / total.max(1) as f64;
            self.canvas
                .fill(at, to, self.palette.pen(role).colour, share)?;
            self.words(
                (at.0 + CELL / 2.0, at.1 + 12.0),
                &n.to_string(),
                Face::Regular,
                SIZE,
                Anchor::Middle,
            )?;
        }
        let pen = Pen {
            colour: self.palette.grid,
            ..self.palette.pen(Role::Rest)
        };
        let corners = [at, (to.0, at.1), to, (at.0, to.1), at];
        self.canvas.line(
            &corners,
            Pen {
                width: 0.5,
                dash: &[],
                ..pen
            },
        )
    }
}
