//! A figure in pixels. The drawn half: it places and paints, and decides nothing about what is shown.
//!
//! From top to bottom: title, subtitle, a strip with the names of the phases, lanes with the names of the marks, then
//! the panels, each below a line with its title and its legend, so that no legend ever covers data.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, Type, picture};
use super::figure::{Figure, Mark, Panel, Series, Shape};
use super::font::{Face, Font};
use super::style::{Palette, Pen, blend};
use crate::config::Refusal;

/// Width of every picture, px.
pub const WIDTH: u32 = 1200;

const LEFT: f64 = 84.0;
const RIGHT: f64 = 30.0;
/// Title and subtitle.
const TITLES: f64 = 62.0;
/// The strip of phases.
const STRIP: f64 = 20.0;
/// A lane of names of marks.
const LANE: f64 = 19.0;
/// Lanes at most; marks beyond have a line, but no name.
const LANES: usize = 6;
/// A panel's title and legend.
const HEADER: f64 = 30.0;
/// Between panels.
const GAP: f64 = 6.0;
/// Ticks and label of a horizontal axis.
const FOOT: f64 = 26.0;
const FOOT_LABEL: f64 = 20.0;
/// Below everything.
const BOTTOM: f64 = 10.0;

/// A rectangle in px, and the axes in it.
struct Frame<'a> {
    x0: f64,
    x1: f64,
    y0: f64,
    y1: f64,
    x: &'a Axis,
    y: &'a Axis,
}

impl Frame<'_> {
    fn across(&self, value: f64) -> f64 {
        self.x0 + self.x.place(value) * (self.x1 - self.x0)
    }
    fn up(&self, value: f64) -> f64 {
        // Rows count from the top.
        let place = if self.y.rows.is_empty() { 1.0 - self.y.place(value) } else { self.y.place(value) };
        self.y0 + place * (self.y1 - self.y0)
    }
    fn at(&self, x: f64, y: f64) -> Point {
        (self.across(x), self.up(y))
    }
}

/// The figure as PNG.
pub fn png(figure: &Figure, palette: &Palette) -> Result<Vec<u8>, Refusal> {
    let lanes = lanes(figure);
    let used = lanes.iter().flatten().map(|(lane, _)| lane + 1).max().unwrap_or(0);
    let strip = if figure.bands.is_empty() { 0.0 } else { STRIP + 2.0 };
    let top = TITLES + strip + used as f64 * LANE;
    let mut frames = vec![];
    let mut y = top;
    for (i, panel) in figure.panels.iter().enumerate() {
        let x = panel.x.as_ref().unwrap_or(&figure.x);
        let y0 = y + HEADER;
        let y1 = y0 + f64::from(panel.height);
        frames.push(Frame { x0: LEFT, x1: f64::from(WIDTH) - RIGHT, y0, y1, x, y: &panel.y });
        let foot = has_foot(figure, i);
        y = y1 + if foot { FOOT + if x.label.is_empty() { 0.0 } else { FOOT_LABEL } } else { GAP };
    }
    let height = (y + BOTTOM).ceil() as u32;
    picture(WIDTH, height, palette.paper, |canvas| {
        let sheet = Sheet { canvas, palette };
        sheet.titles(figure)?;
        sheet.bands(figure, &frames)?;
        for (i, (panel, frame)) in figure.panels.iter().zip(&frames).enumerate() {
            sheet.grid(panel, frame, has_foot(figure, i))?;
        }
        sheet.marks(figure, &frames, &lanes)?;
        for (panel, frame) in figure.panels.iter().zip(&frames) {
            sheet.header(panel, frame)?;
            sheet.series(panel, frame)?;
        }
        Ok(())
    })
}

/// Whether a panel's horizontal axis is named below it: the last of those that share one.
fn has_foot(figure: &Figure, panel: usize) -> bool {
    let own = |i: usize| figure.panels.get(i).is_none_or(|p| p.x.is_some());
    own(panel) || own(panel + 1)
}

const NAME: f64 = 14.0;

/// For each mark its lane and whether its name stands left of its line; the first lane with room.
fn lanes(figure: &Figure) -> Vec<Option<(usize, bool)>> {
    let (x0, x1) = (LEFT, f64::from(WIDTH) - RIGHT);
    let mut taken: Vec<Vec<(f64, f64)>> = vec![];
    let mut order: Vec<usize> = (0..figure.marks.len()).collect();
    order.sort_by(|a, b| figure.marks[*a].at.total_cmp(&figure.marks[*b].at));
    let mut lanes = vec![None; figure.marks.len()];
    for i in order {
        let mark = &figure.marks[i];
        let at = x0 + figure.x.place(mark.at) * (x1 - x0);
        let width = Font::of(Face::Regular).width(&mark.label, NAME) + 12.0;
        let left = at + width > x1 && at - width > x0;
        let (from, to) = if left { (at - width, at + 2.0) } else { (at - 2.0, at + width) };
        let free = |lane: &Vec<(f64, f64)>| lane.iter().all(|(a, b)| to <= *a || from >= *b);
        let lane = taken.iter().position(free).unwrap_or(taken.len());
        if lane >= LANES {
            continue;
        }
        if lane == taken.len() {
            taken.push(vec![]);
        }
        taken[lane].push((from, to));
        lanes[i] = Some((lane, left));
    }
    lanes
}

struct Sheet<'c, 'b> {
    canvas: &'c Canvas<'b>,
    palette: &'c Palette,
}

impl Sheet<'_, '_> {
    fn kind(&self, face: Face, size: f64, soft: bool) -> Type {
        Type { face, size, colour: if soft { self.palette.soft } else { self.palette.ink } }
    }

    fn titles(&self, figure: &Figure) -> Result<(), Refusal> {
        let title = fitted(&figure.title, Face::Bold, 24.0, f64::from(WIDTH) - LEFT - RIGHT);
        let subtitle = fitted(&figure.subtitle, Face::Regular, 16.0, f64::from(WIDTH) - LEFT - RIGHT);
        self.canvas.text((LEFT, 30.0), &title, self.kind(Face::Bold, 24.0, false), Anchor::Start)?;
        self.canvas.text((LEFT, 51.0), &subtitle, self.kind(Face::Regular, 16.0, true), Anchor::Start)?;
        Ok(())
    }

    /// Phases: shades in every panel, names in the strip.
    fn bands(&self, figure: &Figure, frames: &[Frame]) -> Result<(), Refusal> {
        let Some(first) = frames.first() else { return Ok(()) };
        for band in &figure.bands {
            // Opaque, since nothing but paper lies below: plotters fills such areas at once.
            let shade = |share| blend(self.palette.pen(band.role).colour, self.palette.paper, share);
            let (from, to) = (first.across(band.from), first.across(band.to));
            for frame in frames {
                self.canvas.fill((from, frame.y0), (to, frame.y1), shade(self.palette.shade), 1.0)?;
            }
            self.canvas.fill((from, TITLES), ((to - 1.0).max(from), TITLES + STRIP), shade(0.28), 1.0)?;
            let name = fitted(&band.label, Face::Regular, NAME, to - from - 6.0);
            let at = ((from + to) / 2.0, TITLES + 15.0);
            self.canvas.text(at, &name, self.kind(Face::Regular, NAME, false), Anchor::Middle)?;
        }
        Ok(())
    }

    fn grid(&self, panel: &Panel, frame: &Frame, foot: bool) -> Result<(), Refusal> {
        let thin = |colour, width| Pen { colour, dash: &[], width };
        let grid = thin(self.palette.grid, 1.0);
        let faint = thin(blend(self.palette.grid, self.palette.paper, 0.5), 0.7);
        for v in panel.y.minor() {
            self.canvas.line(&[(frame.x0, frame.up(v)), (frame.x1, frame.up(v))], faint)?;
        }
        let about = ((frame.y1 - frame.y0) / 30.0).clamp(3.0, 8.0) as usize;
        let small = self.kind(Face::Regular, 14.0, true);
        for (v, name) in panel.y.ticks(about) {
            let y = frame.up(v);
            if panel.y.rows.is_empty() {
                self.canvas.line(&[(frame.x0, y), (frame.x1, y)], grid)?;
            }
            let name = fitted(&name, Face::Regular, 14.0, LEFT - 14.0);
            self.canvas.text((frame.x0 - 8.0, y + 4.5), &name, small, Anchor::End)?;
        }
        for v in frame.x.minor() {
            self.canvas.line(&[(frame.across(v), frame.y0), (frame.across(v), frame.y1)], faint)?;
        }
        for (v, name) in frame.x.ticks(9) {
            let x = frame.across(v);
            self.canvas.line(&[(x, frame.y0), (x, frame.y1 + if foot { 5.0 } else { 0.0 })], grid)?;
            if foot {
                self.canvas.text((x, frame.y1 + 20.0), &name, small, Anchor::Middle)?;
            }
        }
        if foot && !frame.x.label.is_empty() {
            let at = ((frame.x0 + frame.x1) / 2.0, frame.y1 + 40.0);
            self.canvas.text(at, &frame.x.label, small, Anchor::Middle)?;
        }
        let border = thin(self.palette.frame, 1.0);
        self.canvas.line(&[(frame.x0, frame.y0), (frame.x0, frame.y1), (frame.x1, frame.y1)], border)
    }

    fn marks(&self, figure: &Figure, frames: &[Frame], lanes: &[Option<(usize, bool)>]) -> Result<(), Refusal> {
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Ok(()) };
        let strip = if figure.bands.is_empty() { 0.0 } else { STRIP + 2.0 };
        let top = TITLES + strip;
        for (mark, lane) in figure.marks.iter().zip(lanes) {
            let pen = self.palette.pen(mark.role);
            let x = first.across(mark.at);
            if let Some((from, to)) = mark.spread {
                let (from, to) = (first.across(from), first.across(to));
                let (from, to) = (from.min(x - 0.5), to.max(x + 0.5));
                for frame in frames {
                    self.canvas.fill((from, frame.y0), (to, frame.y1), pen.colour, 0.22)?;
                }
            }
            let from = lane.map_or(first.y0, |(lane, _)| top + lane as f64 * LANE + 3.0);
            self.canvas.line(&[(x, from), (x, last.y1)], pen)?;
            if let (Some(until), Some(_)) = (mark.until, lane) {
                let end = first.across(until).max(x + 2.0);
                self.canvas.fill((x, from - 2.0), (end, from + 1.0), pen.colour, 0.8)?;
            }
        }
        // Names over all lines.
        for (mark, lane) in figure.marks.iter().zip(lanes) {
            if let Some((lane, left)) = lane {
                self.mark_name(mark, first.across(mark.at), top + *lane as f64 * LANE, *left)?;
            }
        }
        Ok(())
    }

    fn mark_name(&self, mark: &Mark, x: f64, top: f64, left: bool) -> Result<(), Refusal> {
        let (x, anchor) = if left { (x - 5.0, Anchor::End) } else { (x + 5.0, Anchor::Start) };
        let width = Font::of(Face::Regular).width(&mark.label, NAME);
        let from = if left { x - width } else { x };
        self.canvas.fill((from - 2.0, top + 5.0), (from + width + 2.0, top + LANE), self.palette.paper, 1.0)?;
        let colour = blend(self.palette.pen(mark.role).colour, self.palette.ink, 0.75);
        let kind = Type { face: Face::Regular, size: NAME, colour };
        self.canvas.text((x, top + 14.0), &mark.label, kind, anchor)?;
        Ok(())
    }

    /// A panel's title on the left, its legend on the right, on paper so that no mark crosses them.
    fn header(&self, panel: &Panel, frame: &Frame) -> Result<(), Refusal> {
        let (base, size) = (frame.y0 - 9.0, 16.0);
        let paper = |from: f64, to: f64| {
            self.canvas.fill((from, base - 13.0), (to, base + 5.0), self.palette.paper, 1.0)
        };
        let width = Font::of(Face::Bold).width(&panel.title, size);
        paper(frame.x0 - 2.0, frame.x0 + width + 8.0)?;
        self.canvas.text((frame.x0, base), &panel.title, self.kind(Face::Bold, size, false), Anchor::Start)?;
        let shown: Vec<&Series> = panel.series.iter().filter(|s| s.has_data()).collect();
        if shown.is_empty() {
            let at = ((frame.x0 + frame.x1) / 2.0, (frame.y0 + frame.y1) / 2.0);
            self.canvas.text(at, "no data", self.kind(Face::Regular, size, true), Anchor::Middle)?;
        }
        let (swatch, space) = (30.0, 18.0);
        let wide = |s: &Series| swatch + Font::of(Face::Regular).width(&s.label, NAME) + space;
        let all: f64 = shown.iter().map(|s| wide(s)).sum();
        let mut x = (frame.x1 - all + space).max(frame.x0 + width + 16.0);
        paper(x - 8.0, frame.x1)?;
        for series in shown {
            self.swatch(series, (x, base - 4.5), swatch - 7.0)?;
            let kind = self.kind(Face::Regular, NAME, false);
            self.canvas.text((x + swatch, base), &series.label, kind, Anchor::Start)?;
            x += wide(series);
        }
        Ok(())
    }

    fn swatch(&self, series: &Series, at: Point, width: f64) -> Result<(), Refusal> {
        let pen = self.palette.pen(series.role);
        match series.shape {
            Shape::Line => self.canvas.line(&[at, (at.0 + width, at.1)], pen),
            Shape::Stack | Shape::Bar => {
                let (from, to) = ((at.0 + width - 13.0, at.1 - 5.0), (at.0 + width, at.1 + 5.0));
                self.canvas.fill(from, to, pen.colour, self.palette.fill)
            }
        }
    }

    fn series(&self, panel: &Panel, frame: &Frame) -> Result<(), Refusal> {
        let mut below: Vec<f64> = vec![];
        for series in &panel.series {
            match series.shape {
                Shape::Line => self.lines(series, frame)?,
                Shape::Stack => self.stack(series, frame, &mut below)?,
                Shape::Bar => self.bars(series, frame, &mut below)?,
            }
        }
        let bars = panel.series.iter().any(|s| s.shape == Shape::Bar);
        if bars && frame.x.reading != super::axis::Reading::Percent {
            for (row, total) in below.iter().enumerate().filter(|(_, total)| **total > 0.0) {
                let (x, y) = frame.at(*total, row as f64);
                let kind = self.kind(Face::Bold, 14.0, false);
                self.canvas.text((x + 6.0, y + 4.5), &frame.x.word(*total), kind, Anchor::Start)?;
            }
        }
        Ok(())
    }

    fn lines(&self, series: &Series, frame: &Frame) -> Result<(), Refusal> {
        let pen = self.palette.pen(series.role);
        for run in runs(&series.points) {
            let points: Vec<Point> = run.iter().map(|(_, x, y)| frame.at(*x, *y)).collect();
            match points[..] {
                [only] => self.canvas.dot(only, pen.width, pen.colour)?,
                _ => self.canvas.line(&points, pen)?,
            }
        }
        Ok(())
    }

    fn stack(&self, series: &Series, frame: &Frame, below: &mut Vec<f64>) -> Result<(), Refusal> {
        let colour = self.palette.pen(series.role).colour;
        below.resize(series.points.len().max(below.len()), 0.0);
        for run in runs(&series.points) {
            let mut top: Vec<Point> = run.iter().map(|(i, x, y)| frame.at(*x, below[*i] + y)).collect();
            let mut bottom: Vec<Point> = run.iter().map(|(i, x, _)| frame.at(*x, below[*i])).collect();
            if let ([t], [b]) = (&top[..], &bottom[..]) {
                // A window alone is a post.
                (top, bottom) = (vec![(t.0 - 2.0, t.1), (t.0 + 2.0, t.1)], vec![(b.0 - 2.0, b.1), (b.0 + 2.0, b.1)]);
            }
            bottom.reverse();
            top.extend(bottom);
            self.canvas.polygon(&top, colour, self.palette.fill)?;
        }
        for (i, (_, y)) in series.points.iter().enumerate() {
            below[i] += y.unwrap_or(0.0);
        }
        Ok(())
    }

    fn bars(&self, series: &Series, frame: &Frame, below: &mut Vec<f64>) -> Result<(), Refusal> {
        let colour = self.palette.pen(series.role).colour;
        let half = (frame.y1 - frame.y0) / frame.y.rows.len().max(1) as f64 * 0.31;
        below.resize(frame.y.rows.len().max(below.len()), 0.0);
        for (row, length) in &series.points {
            let index = row.max(0.0) as usize;
            let (Some(length), Some(base)) = (length, below.get_mut(index)) else { continue };
            let (from, to) = (frame.across(*base), frame.across(*base + length));
            *base += length;
            let y = frame.up(*row);
            self.canvas.fill((from, y - half), (to, y + half), colour, self.palette.fill)?;
            self.canvas.fill((to - 0.7, y - half), (to, y + half), self.palette.paper, 1.0)?;
            let name = frame.x.word(*length);
            if Font::of(Face::Regular).width(&name, 14.0) + 8.0 < to - from {
                let kind = Type { face: Face::Regular, size: 14.0, colour: on(blend(colour, self.palette.paper, self.palette.fill)) };
                self.canvas.text(((from + to) / 2.0, y + 4.5), &name, kind, Anchor::Middle)?;
            }
        }
        Ok(())
    }
}

/// Black or white, whichever reads on a colour.
fn on(colour: plotters::style::RGBColor) -> plotters::style::RGBColor {
    let light = 0.299 * f64::from(colour.0) + 0.587 * f64::from(colour.1) + 0.114 * f64::from(colour.2);
    if light > 140.0 { super::style::LIGHT.ink } else { super::style::LIGHT.paper }
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

/// A text cut to a width, with an ellipsis; empty when not even that fits.
fn fitted(text: &str, face: Face, size: f64, width: f64) -> String {
    let font = Font::of(face);
    if font.width(text, size) <= width {
        return text.to_owned();
    }
    let mut cut: String = text.to_owned();
    while cut.pop().is_some() {
        let shown = format!("{}…", cut.trim_end());
        if cut.chars().count() >= 2 && font.width(&shown, size) <= width {
            return shown;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::super::style::Role;
    use super::*;

    #[test]
    fn a_window_without_data_breaks_the_line() {
        let points = [(0.0, Some(1.0)), (1.0, None), (2.0, Some(2.0)), (3.0, Some(3.0))];
        assert_eq!(runs(&points), [vec![(0, 0.0, 1.0)], vec![(2, 2.0, 2.0), (3, 3.0, 3.0)]]);
    }

    #[test]
    fn names_that_would_overlap_go_into_lanes_of_their_own() {
        let mark = |at: f64| Mark { label: "deploy 7f3a".into(), role: Role::Change, at, until: None, spread: None };
        let figure = Figure {
            title: String::new(),
            subtitle: String::new(),
            panels: vec![],
            x: Axis::clock(0, 1000),
            bands: vec![],
            marks: vec![mark(100.0), mark(110.0), mark(500.0), mark(999.0)],
        };
        let lanes = lanes(&figure);
        assert_eq!(lanes, [Some((0, false)), Some((1, false)), Some((0, false)), Some((0, true))]);
    }

    #[test]
    fn a_text_too_wide_is_cut() {
        assert!(fitted("recovering", Face::Regular, 14.0, 40.0).ends_with('…'));
        assert_eq!(fitted("recovering", Face::Regular, 14.0, 3.0), "");
    }
}
