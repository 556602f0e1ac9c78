//! A figure in pixels. The drawn half: it paints, and decides nothing about what is shown (plots do) or where it stands
//! (`layout` does). Here is everything but the series: titles, phases, grid, marks, legends.

use super::canvas::{Anchor, Canvas, Type, picture};
use super::figure::{Figure, Mark, Panel, Series};
use super::font::{Face, Font};
use super::layout::{Frame, LANE, LEFT, Layout, NAME, ROOM, STRIP, TITLES};
use super::shapes::Shapes;
use super::style::{Palette, Pen, blend};
use crate::config::Refusal;

/// Room for the ramp of a map of counts, with what its ends are.
const SCALE: f64 = 330.0;
/// A name keeps so much, however many there are.
const LEAST: f64 = 30.0;
/// Size of a panel's title.
const HEAD: f64 = 16.0;

/// The figure as PNG.
pub fn png(figure: &Figure, palette: &Palette) -> Result<Vec<u8>, Refusal> {
    let layout = Layout::of(figure);
    picture(
        super::layout::WIDTH,
        layout.height,
        palette.paper,
        |canvas| {
            let sheet = Sheet {
                canvas,
                palette,
                shapes: Shapes { canvas, palette },
            };
            sheet.titles(figure)?;
            sheet.bands(figure, &layout.frames)?;
            for (panel, frame) in figure.panels.iter().zip(&layout.frames) {
                sheet.grid(panel, frame)?;
                if let Some(heat) = &panel.heat {
                    sheet.shapes.heat(heat, frame)?;
                }
                sheet.shapes.tiles(&panel.tiles, frame)?;
            }
            sheet.marks(figure, &layout)?;
            for (panel, frame) in figure.panels.iter().zip(&layout.frames) {
                sheet.header(panel, frame)?;
                sheet.shapes.series(panel, frame)?;
            }
            Ok(())
        },
    )
}

struct Sheet<'c, 'b> {
    canvas: &'c Canvas<'b>,
    palette: &'c Palette,
    shapes: Shapes<'c, 'b>,
}

impl Sheet<'_, '_> {
    fn ink(&self, face: Face, size: f64) -> Type {
        Type {
            face,
            size,
            colour: self.palette.ink,
        }
    }

    fn soft(&self, size: f64) -> Type {
        Type {
            face: Face::Regular,
            size,
            colour: self.palette.soft,
        }
    }

    fn titles(&self, figure: &Figure) -> Result<(), Refusal> {
        let title = Font::of(Face::Bold).fitted(&figure.title, 24.0, ROOM);
        let subtitle = Font::of(Face::Regular).fitted(&figure.subtitle, HEAD, ROOM);
        self.canvas.text(
            (LEFT, 30.0),
            &title,
            self.ink(Face::Bold, 24.0),
            Anchor::Start,
        )?;
        self.canvas
            .text((LEFT, 51.0), &subtitle, self.soft(HEAD), Anchor::Start)?;
        Ok(())
    }

    /// Phases: shades in every panel, names in the strip.
    fn bands(&self, figure: &Figure, frames: &[Frame]) -> Result<(), Refusal> {
        let Some(first) = frames.first() else {
            return Ok(());
        };
        for band in &figure.bands {
            // Opaque, since nothing but paper lies below: plotters fills such areas at once.
            let shade = |share| {
                blend(
                    self.palette.pen(band.role).colour,
                    self.palette.paper,
                    share,
                )
            };
            let (from, to) = (first.across(band.from), first.across(band.to));
            for frame in frames {
                self.canvas.fill(
                    (from, frame.y0),
                    (to, frame.y1),
                    shade(self.palette.shade),
                    1.0,
                )?;
            }
            // A gap to the next one.
            let end = (to - 1.0).max(from);
            self.canvas
                .fill((from, TITLES), (end, TITLES + STRIP), shade(0.28), 1.0)?;
            let name = Font::of(Face::Regular).fitted(&band.label, NAME, to - from - 6.0);
            let at = ((from + to) / 2.0, TITLES + 15.0);
            self.canvas
                .text(at, &name, self.ink(Face::Regular, NAME), Anchor::Middle)?;
        }
        Ok(())
    }

    fn grid(&self, panel: &Panel, frame: &Frame) -> Result<(), Refusal> {
        let thin = |colour, width| Pen {
            colour,
            dash: &[],
            width,
        };
        let grid = thin(self.palette.grid, 1.0);
        let faint = thin(blend(self.palette.grid, self.palette.paper, 0.5), 0.7);
        for v in panel.y.minor() {
            self.canvas
                .line(&[(frame.x0, frame.up(v)), (frame.x1, frame.up(v))], faint)?;
        }
        for v in frame.x.minor() {
            self.canvas.line(
                &[(frame.across(v), frame.y0), (frame.across(v), frame.y1)],
                faint,
            )?;
        }
        let about = ((frame.y1 - frame.y0) / 26.0).clamp(3.0, 8.0) as usize;
        for (v, name) in panel.y.ticks(about) {
            let y = frame.up(v);
            if panel.y.rows.is_empty() {
                self.canvas.line(&[(frame.x0, y), (frame.x1, y)], grid)?;
            }
            let name = Font::of(Face::Regular).fitted(&name, NAME, LEFT - 14.0);
            self.canvas.text(
                (frame.x0 - 8.0, y + 4.5),
                &name,
                self.soft(NAME),
                Anchor::End,
            )?;
        }
        for (v, name) in frame.x.ticks(9) {
            let x = frame.across(v);
            let end = frame.y1 + if frame.foot { 5.0 } else { 0.0 };
            self.canvas.line(&[(x, frame.y0), (x, end)], grid)?;
            if frame.foot {
                self.canvas
                    .text((x, frame.y1 + 20.0), &name, self.soft(NAME), Anchor::Middle)?;
            }
        }
        if frame.foot {
            let at = ((frame.x0 + frame.x1) / 2.0, frame.y1 + 40.0);
            self.canvas
                .text(at, &frame.x.label, self.soft(NAME), Anchor::Middle)?;
        }
        let corner = [
            (frame.x0, frame.y0),
            (frame.x0, frame.y1),
            (frame.x1, frame.y1),
        ];
        self.canvas.line(&corner, thin(self.palette.frame, 1.0))
    }

    /// Marks through all panels, from their names down.
    fn marks(&self, figure: &Figure, layout: &Layout) -> Result<(), Refusal> {
        let (Some(first), Some(last)) = (layout.frames.first(), layout.frames.last()) else {
            return Ok(());
        };
        let top = |lane: usize| layout.lanes_top + lane as f64 * LANE;
        for (mark, lane) in figure.marks.iter().zip(&layout.lanes) {
            let pen = self.palette.pen(mark.role);
            let x = first.across(mark.at);
            if let Some((from, to)) = mark.spread {
                let (from, to) = (
                    first.across(from).min(x - 0.5),
                    first.across(to).max(x + 0.5),
                );
                for frame in &layout.frames {
                    self.canvas
                        .fill((from, frame.y0), (to, frame.y1), pen.colour, 0.22)?;
                }
            }
            let from = lane.map_or(first.y0, |(lane, _)| top(lane) + 3.0);
            if figure.panels.iter().any(|p| p.heat.is_some()) {
                let halo = self.shapes.halo(pen);
                self.canvas.line(&[(x, from), (x, last.y1)], halo)?;
            }
            self.canvas.line(&[(x, from), (x, last.y1)], pen)?;
            if let (Some(until), Some(_)) = (mark.until, lane) {
                let end = first.across(until).max(x + 2.0);
                self.canvas
                    .fill((x, from - 2.0), (end, from + 1.0), pen.colour, 0.8)?;
            }
        }
        // Names over all lines.
        for (mark, lane) in figure.marks.iter().zip(&layout.lanes) {
            if let Some((lane, left)) = lane {
                self.mark_name(mark, first.across(mark.at), top(*lane), *left)?;
            }
        }
        Ok(())
    }

    fn mark_name(&self, mark: &Mark, x: f64, top: f64, left: bool) -> Result<(), Refusal> {
        let font = Font::of(Face::Regular);
        let room = if left { x - LEFT } else { LEFT + ROOM - x };
        let name = font.fitted(&mark.label, NAME, room);
        let (x, anchor) = if left {
            (x - 5.0, Anchor::End)
        } else {
            (x + 5.0, Anchor::Start)
        };
        let width = font.width(&name, NAME);
        let from = if left { x - width } else { x };
        let corners = ((from - 2.0, top + 5.0), (from + width + 2.0, top + LANE));
        self.canvas
            .fill(corners.0, corners.1, self.palette.paper, 1.0)?;
        let colour = blend(self.palette.pen(mark.role).colour, self.palette.ink, 0.75);
        let kind = Type {
            face: Face::Regular,
            size: NAME,
            colour,
        };
        self.canvas.text((x, top + 14.0), &name, kind, anchor)?;
        Ok(())
    }

    /// A panel's title on the left, its legend on the right, on paper so that no mark crosses them.
    fn header(&self, panel: &Panel, frame: &Frame) -> Result<(), Refusal> {
        let base = frame.y0 - 9.0;
        let paper = |from: f64, to: f64| {
            self.canvas.fill(
                (from, base - 13.0),
                (to, base + 5.0),
                self.palette.paper,
                1.0,
            )
        };
        let title = Font::of(Face::Bold).fitted(&panel.title, HEAD, frame.x1 - frame.x0);
        let width = Font::of(Face::Bold).width(&title, HEAD);
        paper(frame.x0 - 2.0, frame.x0 + width + 8.0)?;
        self.canvas.text(
            (frame.x0, base),
            &title,
            self.ink(Face::Bold, HEAD),
            Anchor::Start,
        )?;
        let shown: Vec<&Series> = panel.series.iter().filter(|s| s.has_data()).collect();
        if !panel.has_data() {
            let at = ((frame.x0 + frame.x1) / 2.0, (frame.y0 + frame.y1) / 2.0);
            self.canvas
                .text(at, "no data", self.soft(HEAD), Anchor::Middle)?;
            return Ok(());
        }
        let (swatch, space) = (30.0, 18.0);
        let scale = panel.heat.as_ref().map_or(0.0, |_| SCALE);
        let room = frame.x1 - frame.x0 - width - 16.0 - scale;
        let labels = labels(&shown, room - shown.len() as f64 * (swatch + space));
        let wide = |label: &String| swatch + Font::of(Face::Regular).width(label, NAME) + space;
        let all: f64 = labels.iter().map(wide).sum();
        let mut x = (frame.x1 - all + space).max(frame.x0 + width + 16.0);
        if !shown.is_empty() {
            paper(x - 8.0, frame.x1)?;
        }
        if let Some(heat) = &panel.heat {
            paper(frame.x0 + width + 8.0, x)?;
            self.shapes.scale(heat, (x - 2.0 * space, base))?;
        }
        for (series, label) in shown.iter().zip(&labels) {
            self.shapes.swatch(series, (x, base - 4.5), swatch - 7.0)?;
            let kind = self.ink(Face::Regular, NAME);
            self.canvas
                .text((x + swatch, base), label, kind, Anchor::Start)?;
            x += wide(label);
        }
        Ok(())
    }
}

/// The names of series, the longest cut until all fit into the room.
fn labels(series: &[&Series], room: f64) -> Vec<String> {
    let font = Font::of(Face::Regular);
    let mut widths: Vec<f64> = series.iter().map(|s| font.width(&s.label, NAME)).collect();
    widths.sort_by(f64::total_cmp);
    // The short ones take what they need, the others share the rest evenly.
    let (mut left, mut cap) = (room, f64::INFINITY);
    for (i, width) in widths.iter().enumerate() {
        let share = left / (widths.len() - i) as f64;
        if *width > share {
            cap = share;
            break;
        }
        left -= width;
    }
    let fit = |s: &&Series| match cap.is_finite() {
        true => font.fitted(&s.label, NAME, cap.max(LEAST)),
        false => s.label.clone(),
    };
    series.iter().map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::super::figure::Shape;
    use super::super::style::Role;
    use super::*;

    #[test]
    fn long_names_are_cut_and_short_ones_are_not() {
        let of = |label: &str| Series {
            label: label.into(),
            role: Role::All,
            shape: Shape::Line,
            points: vec![],
        };
        let (long, short) = (of(&"a tenant with a name ".repeat(9)), of("all"));
        let both = [&short, &long, &long];
        let cut = labels(&both, 300.0);
        assert_eq!(cut[0], "all");
        assert!(cut[1].ends_with('…') && cut[1] == cut[2], "{cut:?}");
        let width = |l: &String| Font::of(Face::Regular).width(l, NAME);
        let all: f64 = cut.iter().map(width).sum();
        assert!((200.0..=300.0).contains(&all), "{all}");
        assert_eq!(labels(&both[..1], 300.0), ["all"]);
    }
}
