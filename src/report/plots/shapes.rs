//! Series in pixels: lines with gaps, areas on top of one another, bars end to end, and their swatches in the legend.

use super::axis::Reading;
use super::canvas::{Anchor, Canvas, Point, Type};
use super::figure::{Heat, Panel, Series, Shape, Tile};
use super::font::{Face, Font};
use super::layout::{Frame, NAME};
use super::style::{Palette, Pen, Role, blend, contrast};
use crate::config::{Refusal, show_count};
use plotters::style::RGBColor;

/// Draws series.
pub struct Shapes<'c, 'b> {
    /// On what.
    pub canvas: &'c Canvas<'b>,
    /// In which colours.
    pub palette: &'c Palette,
}

impl Shapes<'_, '_> {
    /// All series of a panel, in order.
    pub fn series(&self, panel: &Panel, frame: &Frame) -> Result<(), Refusal> {
        let mut below: Vec<f64> = vec![];
        let halo = panel.heat.is_some();
        for series in &panel.series {
            match series.shape {
                Shape::Line => self.lines(series, frame, halo)?,
                Shape::Stack => self.stack(series, frame, &mut below)?,
                Shape::Bar => self.bars(series, frame, &mut below)?,
            }
        }
        let bars = panel.series.iter().any(|s| s.shape == Shape::Bar);
        // Shares add up to one, which need not be said.
        if bars && frame.x.reading != Reading::Percent {
            for (row, total) in below.iter().enumerate().filter(|(_, total)| **total > 0.0) {
                let (x, y) = frame.at(*total, row as f64);
                let kind = Type {
                    face: Face::Bold,
                    size: NAME,
                    colour: self.palette.ink,
                };
                self.canvas.text(
                    (x + 6.0, y + 4.5),
                    &frame.x.word(*total),
                    kind,
                    Anchor::Start,
                )?;
            }
        }
        Ok(())
    }

    /// What a series looks like, for the legend.
    pub fn swatch(&self, series: &Series, at: Point, width: f64) -> Result<(), Refusal> {
        let pen = self.palette.pen(series.role);
        match series.shape {
            Shape::Line => self.canvas.line(&[at, (at.0 + width, at.1)], pen),
            Shape::Stack | Shape::Bar => {
                let (from, to) = (
                    (at.0 + width - 13.0, at.1 - 5.0),
                    (at.0 + width, at.1 + 5.0),
                );
                self.canvas.fill(from, to, pen.colour, self.palette.fill)
            }
        }
    }

    /// With a halo of paper where the ground is of all shades.
    fn lines(&self, series: &Series, frame: &Frame, halo: bool) -> Result<(), Refusal> {
        let pen = self.palette.pen(series.role);
        for run in runs(&series.points) {
            let points: Vec<Point> = run.iter().map(|(_, x, y)| frame.at(*x, *y)).collect();
            if halo {
                self.canvas.line(&points, self.halo(pen))?;
            }
            match points[..] {
                [only] => self.canvas.dot(only, pen.width, pen.colour)?,
                _ => self.canvas.line(&points, pen)?,
            }
        }
        Ok(())
    }

    /// What lies below a line on a ground of all shades.
    pub fn halo(&self, pen: Pen) -> Pen {
        Pen {
            colour: self.palette.paper,
            dash: &[],
            width: pen.width + 2.0,
        }
    }

    /// The cells of a map of counts; those without any stay ground.
    pub fn heat(&self, heat: &Heat, frame: &Frame) -> Result<(), Refusal> {
        for (x, counts) in heat.across.windows(2).zip(&heat.counts) {
            for (y, count) in heat.up.windows(2).zip(counts).filter(|(_, n)| **n > 0) {
                let colour = self.palette.ramp(heat.strength(*count));
                let (from, to) = (frame.at(x[0], y[0]), frame.at(x[1], y[1]));
                self.canvas.fill(from, to, colour, 1.0)?;
            }
        }
        Ok(())
    }

    /// The ramp of a map of counts with what its ends are, ending at a place. Gives where it begins.
    pub fn scale(&self, heat: &Heat, end: Point) -> Result<f64, Refusal> {
        const WIDTH: usize = 120;
        let soft = Type {
            face: Face::Regular,
            size: NAME,
            colour: self.palette.ink,
        };
        let many = format!("{} {}", show_count(heat.most()), heat.of);
        let font = Font::of(Face::Regular);
        self.canvas.text(end, &many, soft, Anchor::End)?;
        let right = end.0 - font.width(&many, NAME) - 6.0;
        let left = right - WIDTH as f64;
        for i in 0..WIDTH {
            let colour = self.palette.ramp(i as f64 / (WIDTH - 1) as f64);
            let x = left + i as f64;
            self.canvas
                .fill((x, end.1 - 11.0), (x + 1.0, end.1 + 1.0), colour, 1.0)?;
        }
        self.canvas
            .text((left - 6.0, end.1), "1", soft, Anchor::End)?;
        Ok(left - 6.0 - font.width("1", NAME))
    }

    /// Boxes with what fits into them.
    pub fn tiles(&self, tiles: &[Tile], frame: &Frame) -> Result<(), Refusal> {
        let half = (frame.y1 - frame.y0) / frame.y.rows.len().max(1) as f64 / 2.0 - 1.0;
        let font = Font::of(Face::Regular);
        for tile in tiles {
            let (from, to) = (frame.across(tile.from), frame.across(tile.to));
            let y = frame.up(tile.row as f64);
            let plain = self.palette.pen(Role::Alike).colour;
            let colour = blend(self.palette.pen(tile.role).colour, plain, tile.strength);
            let ground = blend(colour, self.palette.paper, self.palette.fill);
            // A gap to the next one, but never all of a box.
            let end = (to - 1.0).max(from + 0.4);
            self.canvas
                .fill((from, y - half), (end, y + half), ground, 1.0)?;
            let room = end - from - 8.0;
            let both = format!("{}  {}", tile.label, tile.note);
            let name = if font.width(&both, NAME) <= room {
                both
            } else if font.width(&tile.label, NAME) <= room {
                tile.label.clone()
            } else {
                continue;
            };
            let kind = Type {
                face: Face::Regular,
                size: NAME,
                colour: self.on(ground),
            };
            self.canvas
                .text((from + 5.0, y + 4.5), &name, kind, Anchor::Start)?;
        }
        Ok(())
    }

    fn stack(&self, series: &Series, frame: &Frame, below: &mut Vec<f64>) -> Result<(), Refusal> {
        let colour = self.palette.pen(series.role).colour;
        below.resize(series.points.len().max(below.len()), 0.0);
        for run in runs(&series.points) {
            let mut outline: Vec<Point> = run
                .iter()
                .map(|(i, x, y)| frame.at(*x, below[*i] + y))
                .collect();
            let mut bottom: Vec<Point> = run
                .iter()
                .map(|(i, x, _)| frame.at(*x, below[*i]))
                .collect();
            if let ([t], [b]) = (&outline[..], &bottom[..]) {
                // A window alone is a post.
                let post = |p: &Point| vec![(p.0 - 2.0, p.1), (p.0 + 2.0, p.1)];
                (outline, bottom) = (post(t), post(b));
            }
            outline.extend(bottom.into_iter().rev());
            self.canvas.polygon(&outline, colour, self.palette.fill)?;
        }
        for (below, (_, y)) in below.iter_mut().zip(&series.points) {
            *below += y.unwrap_or(0.0);
        }
        Ok(())
    }

    fn bars(&self, series: &Series, frame: &Frame, below: &mut Vec<f64>) -> Result<(), Refusal> {
        let colour = self.palette.pen(series.role).colour;
        let rows = frame.y.rows.len();
        let half = (frame.y1 - frame.y0) / rows.max(1) as f64 * 0.31;
        below.resize(rows.max(below.len()), 0.0);
        for (row, length) in &series.points {
            let (Some(length), Some(base)) = (length, below.get_mut(row.max(0.0) as usize)) else {
                continue;
            };
            let (from, to) = (frame.across(*base), frame.across(*base + length));
            *base += length;
            let y = frame.up(*row);
            self.canvas
                .fill((from, y - half), (to, y + half), colour, self.palette.fill)?;
            self.canvas.fill(
                (to - 0.7, y - half),
                (to, y + half),
                self.palette.paper,
                1.0,
            )?;
            let name = frame.x.word(*length);
            if Font::of(Face::Regular).width(&name, NAME) + 8.0 < to - from {
                let ground = blend(colour, self.palette.paper, self.palette.fill);
                let kind = Type {
                    face: Face::Regular,
                    size: NAME,
                    colour: self.on(ground),
                };
                self.canvas
                    .text(((from + to) / 2.0, y + 4.5), &name, kind, Anchor::Middle)?;
            }
        }
        Ok(())
    }

    /// Ink or paper, whichever reads on a colour.
    fn on(&self, ground: RGBColor) -> RGBColor {
        let far = |c: RGBColor| contrast(c, ground);
        let (ink, paper) = (self.palette.ink, self.palette.paper);
        if far(ink) >= far(paper) { ink } else { paper }
    }
}

/// Stretches of points with values: (index, place, value).
fn runs(points: &[(f64, Option<f64>)]) -> Vec<Vec<(usize, f64, f64)>> {
    let mut runs: Vec<Vec<(usize, f64, f64)>> = vec![];
    let mut open = false;
    for (i, (x, y)) in points.iter().enumerate() {
        match (y, runs.last_mut()) {
            (Some(y), Some(run)) if open => run.push((i, *x, *y)),
            (Some(y), _) => {
                runs.push(vec![(i, *x, *y)]);
                open = true;
            }
            (None, _) => open = false,
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_without_data_breaks_the_line() {
        let points = [
            (0.0, Some(1.0)),
            (1.0, None),
            (2.0, Some(2.0)),
            (3.0, Some(3.0)),
        ];
        assert_eq!(
            runs(&points),
            [vec![(0, 0.0, 1.0)], vec![(2, 2.0, 2.0), (3, 3.0, 3.0)]]
        );
    }
}
