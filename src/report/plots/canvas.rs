//! A sheet to draw on: px at scale one go in, a PNG comes out.
//!
//! Everything is drawn three times as large and averaged down, since plotters does not smooth wide lines. Text is set
//! letter by letter from the font's own widths: plotters' text leaves the space before a letter out, and words come out
//! uneven. Fonts are compiled in, so a picture depends on nothing that is installed.

use super::font::{Face, Font};
use super::style::{Dash, Pen};
use crate::config::Refusal;
use plotters::prelude::*;
use plotters::style::RGBColor;

/// How much larger everything is drawn. Sizes of type are even, so that they are even here too, which plotters' text
/// wants: at an odd size points float above their line.
const OVER: u32 = 3;

/// A place in px from the upper left corner.
pub type Point = (f64, f64);

/// Where text stands relative to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It has its middle there.
    Middle,
    /// It ends there.
    End,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    /// Which font.
    pub face: Face,
    /// Height of a line in px.
    pub size: f64,
    /// Its colour.
    pub colour: RGBColor,
}

type Area<'b> = DrawingArea<BitMapBackend<'b>, plotters::coord::Shift>;

/// A sheet that is being drawn on.
pub struct Canvas<'b> {
    area: Area<'b>,
}

/// Draws a picture of this size, and gives it as PNG.
pub fn picture(
    width: u32,
    height: u32,
    paper: RGBColor,
    draw: impl FnOnce(&Canvas) -> Result<(), Refusal>,
) -> Result<Vec<u8>, Refusal> {
    let (w, h) = (width * OVER, height * OVER);
    let mut large = [paper.0, paper.1, paper.2].repeat((w * h) as usize);
    {
        let canvas = Canvas {
            area: BitMapBackend::with_buffer(&mut large, (w, h)).into_drawing_area(),
        };
        draw(&canvas)?;
        canvas.area.present().map_err(failed)?;
    }
    encode(width, height, &average(&large, width, height))
}

/// What is not expected to fail, said all the same.
fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(format!("a picture cannot be drawn: {error}"))
}

fn average(large: &[u8], width: u32, height: u32) -> Vec<u8> {
    let (over, row) = (OVER as usize, (width * OVER * 3) as usize);
    let mut small = Vec::with_capacity((width * height * 3) as usize);
    let out = (width * 3) as usize;
    for y in 0..height as usize {
        let lines = &large[y * over * row..(y + 1) * over * row];
        // Most lines of a picture are like the one above, and comparing is cheap.
        if y > 0 && *lines == large[(y - 1) * over * row..y * over * row] {
            small.extend_from_within(small.len() - out..);
            continue;
        }
        let mut last: Option<[&[u8]; OVER as usize]> = None;
        for x in 0..width as usize {
            let block: [&[u8]; OVER as usize] = std::array::from_fn(|line| {
                let at = line * row + x * over * 3;
                &lines[at..at + over * 3]
            });
            // And most pixels are like the one on their left.
            if last == Some(block) {
                small.extend_from_within(small.len() - 3..);
                continue;
            }
            let mut sums = [0u32; 3];
            for pixel in block.iter().flat_map(|line| line.chunks_exact(3)) {
                for (sum, part) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(*part);
                }
            }
            let n = OVER * OVER;
            small.extend(sums.map(|sum| ((sum + n / 2) / n) as u8));
            last = Some(block);
        }
    }
    small
}

fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

impl Canvas<'_> {
    fn px(point: Point) -> (i32, i32) {
        let at = |v: f64| (v.clamp(-1e5, 1e5) * f64::from(OVER)).round() as i32;
        (at(point.0), at(point.1))
    }

    /// A filled rectangle between two corners.
    pub fn fill(
        &self,
        from: Point,
        to: Point,
        colour: RGBColor,
        share: f64,
    ) -> Result<(), Refusal> {
        let (a, b) = (Self::px(from), Self::px(to));
        if a.0 == b.0 || a.1 == b.1 {
            return Ok(());
        }
        // The lower right corner of the bitmap's rectangles is outside.
        let corners = [(a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1))];
        self.area
            .draw(&Rectangle::new(corners, colour.mix(share).filled()))
            .map_err(failed)
    }

    /// A filled area with straight sides.
    pub fn polygon(&self, corners: &[Point], colour: RGBColor, share: f64) -> Result<(), Refusal> {
        if corners.len() < 3 {
            return Ok(());
        }
        let corners: Vec<(i32, i32)> = corners.iter().map(|p| Self::px(*p)).collect();
        self.area
            .draw(&Polygon::new(corners, colour.mix(share)))
            .map_err(failed)
    }

    /// A line through places.
    pub fn line(&self, points: &[Point], pen: Pen) -> Result<(), Refusal> {
        for piece in dashed(points, pen.dash) {
            let style = ShapeStyle {
                color: pen.colour.to_rgba(),
                filled: true,
                stroke_width: (pen.width * f64::from(OVER)).round() as u32,
            };
            let mut path: Vec<(i32, i32)> = piece.iter().map(|p| Self::px(*p)).collect();
            path.dedup();
            if let [only] = path[..] {
                path.push((only.0 + 1, only.1));
            }
            self.area
                .draw(&PathElement::new(path, style))
                .map_err(failed)?;
        }
        Ok(())
    }

    /// A filled circle.
    pub fn dot(&self, at: Point, radius: f64, colour: RGBColor) -> Result<(), Refusal> {
        let radius = (radius * f64::from(OVER)).round() as i32;
        self.area
            .draw(&Circle::new(Self::px(at), radius, colour.filled()))
            .map_err(failed)
    }

    /// A line of text with its baseline at this place. Gives where it ends.
    pub fn text(&self, at: Point, text: &str, kind: Type, anchor: Anchor) -> Result<f64, Refusal> {
        let font = Font::of(kind.face);
        let width = font.width(text, kind.size);
        let start = match anchor {
            Anchor::Start => at.0,
            Anchor::Middle => at.0 - width / 2.0,
            Anchor::End => at.0 - width,
        };
        // Whole px at the picture's scale for the baseline, so that letters stand on it sharply.
        let baseline = at.1.round();
        let size = kind.size * f64::from(OVER);
        let style = TextStyle::from((font.family(), size)).color(&kind.colour);
        for (letter, pen, bearing) in font.letters(text, size) {
            let x = (start * f64::from(OVER) + pen).round() as i32 + bearing.floor() as i32;
            // plotters puts the baseline half a size below the place.
            let y = (baseline * f64::from(OVER) - size / 2.0).round() as i32;
            let mut buffer = [0u8; 4];
            let element = Text::new(&*letter.encode_utf8(&mut buffer), (x, y), style.clone());
            self.area.draw(&element).map_err(failed)?;
        }
        Ok(start + width)
    }
}

/// A line cut into its strokes.
fn dashed(points: &[Point], dash: Dash) -> Vec<Vec<Point>> {
    if dash.is_empty() || points.len() < 2 {
        return vec![points.to_vec()];
    }
    let mut pieces = vec![];
    let (mut index, mut left) = (0, dash[0]);
    let mut piece = vec![points[0]];
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = libm::hypot(to.0 - from.0, to.1 - from.1);
            let stroke = index % 2 == 0;
            if length < left {
                left -= length;
                if stroke {
                    piece.push(to);
                }
                break;
            }
            let share = left / length;
            from = (
                from.0 + (to.0 - from.0) * share,
                from.1 + (to.1 - from.1) * share,
            );
            if stroke {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            index = (index + 1) % dash.len();
            left = dash[index].max(0.1);
        }
    }
    pieces.push(piece);
    pieces.retain(|p| p.len() > 1 && p.first() != p.last());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashed_line_is_strokes_with_gaps_between() {
        let pieces = dashed(&[(0.0, 0.0), (10.0, 0.0)], &[3.0, 2.0]);
        assert_eq!(
            pieces,
            [vec![(0.0, 0.0), (3.0, 0.0)], vec![(5.0, 0.0), (8.0, 0.0)]]
        );
    }

    #[test]
    fn nine_pixels_become_their_mean() {
        let mut large = vec![0u8; 27];
        large[0] = 255;
        assert_eq!(average(&large, 1, 1), [28, 0, 0]);
        assert_eq!(average(&large.repeat(2), 1, 2), [28, 0, 0, 28, 0, 0]);
    }
}
