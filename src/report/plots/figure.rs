//! What is on a picture, before any pixel: panels, axes, series, bands, marks. The pure half.
//!
//! Plots build figures from findings; `draw` turns them into pixels and decides nothing. Tests look at the figure as
//! text.

use super::axis::Axis;
use super::style::Role;
use std::fmt::Write as _;

/// A picture.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// Which run: incident, seed, requests.
    pub subtitle: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// The horizontal axis of all panels that have none of their own.
    pub x: Axis,
    /// Stretches of the horizontal axis, shaded and named at the top.
    pub bands: Vec<Band>,
    /// Places on the horizontal axis, drawn through all panels and named at the top.
    pub marks: Vec<Mark>,
}

/// One pair of axes with what is drawn in it.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows, with its unit where the axis does not say it.
    pub title: String,
    /// Its own horizontal axis, where the figure's will not do.
    pub x: Option<Axis>,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, in order.
    pub series: Vec<Series>,
    /// Height in px at scale one, axis labels left out.
    pub height: u32,
    /// How many there are where, drawn below the series.
    pub heat: Option<Heat>,
    /// Boxes with names in them: the parts of a whole, row by row.
    pub tiles: Vec<Tile>,
}

impl Panel {
    /// A panel of series over the figure's own horizontal axis.
    pub fn new(title: impl Into<String>, y: Axis, height: u32, series: Vec<Series>) -> Panel {
        Panel {
            title: title.into(),
            x: None,
            y,
            series,
            height,
            heat: None,
            tiles: vec![],
        }
    }

    /// Whether there is anything to draw.
    pub fn has_data(&self) -> bool {
        let warm = self.heat.as_ref().is_some_and(|heat| heat.most() > 0);
        warm || !self.tiles.is_empty() || self.series.iter().any(Series::has_data)
    }
}

/// Counts in cells, shaded by their logarithm.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Edges of the columns along the horizontal axis, ascending.
    pub across: Vec<f64>,
    /// Edges of the rows along the vertical axis, ascending.
    pub up: Vec<f64>,
    /// Counts of a column from the lowest row up, column by column.
    pub counts: Vec<Vec<u64>>,
    /// What is counted, such as `requests a cell`.
    pub of: &'static str,
}

impl Heat {
    /// The largest count.
    pub fn most(&self) -> u64 {
        self.counts.iter().flatten().copied().max().unwrap_or(0)
    }

    /// How strongly a count of one or more is shaded: 0 for one, 1 for the largest, evenly by its logarithm.
    pub fn strength(&self, count: u64) -> f64 {
        let most = self.most().max(2) as f64;
        (libm::log(count.max(1) as f64) / libm::log(most)).clamp(0.0, 1.0)
    }
}

/// A box along the horizontal axis in a row of the vertical one.
#[derive(Clone, Debug)]
pub struct Tile {
    /// What it is; shown where it fits.
    pub label: String,
    /// What is said of it, behind the name where that fits as well.
    pub note: String,
    /// Which row.
    pub row: usize,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// What it is, which decides its colour.
    pub role: Role,
    /// How strongly it is coloured, 0 to 1.
    pub strength: f64,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line through the points; a point without a value is a gap.
    Line,
    /// An area on top of the areas before it in the same panel. The values are its own, not the sum.
    Stack,
    /// Bars along the horizontal axis, laid end to end with the series before it; points are (row, length).
    Bar,
}

/// Points that belong together.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// What it is, which decides colour, dash and width.
    pub role: Role,
    /// How it is drawn.
    pub shape: Shape,
    /// Places and values; `None` is "no data".
    pub points: Vec<(f64, Option<f64>)>,
}

impl Series {
    /// Whether there is anything to draw.
    pub fn has_data(&self) -> bool {
        self.points.iter().any(|(_, y)| y.is_some())
    }
}

/// A shaded stretch.
#[derive(Clone, Debug)]
pub struct Band {
    /// Its name at the top.
    pub label: String,
    /// What it is.
    pub role: Role,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// A marked place.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Its name at the top.
    pub label: String,
    /// What it is.
    pub role: Role,
    /// Where.
    pub at: f64,
    /// Where it ends, for what lasts: a bar in its lane.
    pub until: Option<f64>,
    /// How far it may be off, drawn as a shade.
    pub spread: Option<(f64, f64)>,
}

impl Figure {
    /// The figure as text: what the picture says, for tests and for readers of a diff. Long series are cut to
    /// `points` points, evenly.
    pub fn text(&self, points: usize) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.subtitle);
        let _ = writeln!(text, "x: {}", self.x.text());
        for band in &self.bands {
            let _ = writeln!(
                text,
                "band {:?} {} to {}",
                band.label,
                self.x.word(band.from),
                self.x.word(band.to)
            );
        }
        for mark in &self.marks {
            let spread = mark
                .spread
                .map(|(a, b)| format!(" ({} to {})", self.x.word(a), self.x.word(b)));
            let until = mark
                .until
                .map(|u| format!(" until {}", self.x.word(u)))
                .unwrap_or_default();
            let at = self.x.word(mark.at);
            let _ = writeln!(
                text,
                "mark {:?} {at}{until}{}",
                mark.label,
                spread.unwrap_or_default()
            );
        }
        for panel in &self.panels {
            let _ = writeln!(text, "panel {:?}\n  y: {}", panel.title, panel.y.text());
            let x_axis = panel.x.as_ref().unwrap_or(&self.x);
            if panel.x.is_some() {
                let _ = writeln!(text, "  x: {}", x_axis.text());
            }
            if let Some(heat) = &panel.heat {
                heat.text(&mut text, points, x_axis, &panel.y);
            }
            for tile in &panel.tiles {
                let (from, to) = (x_axis.word(tile.from), x_axis.word(tile.to));
                let row = panel.y.word(tile.row as f64);
                let _ = writeln!(
                    text,
                    "  {row}: {:?} {from} to {to} {:?} {:?} {:.2}",
                    tile.label, tile.note, tile.role, tile.strength
                );
            }
            for series in &panel.series {
                let _ = write!(
                    text,
                    "  {:?} {:?} {:?}:",
                    series.shape, series.role, series.label
                );
                let n = series.points.len();
                let step = n.div_ceil(points.max(1)).max(1);
                for (x, y) in series.points.iter().step_by(step) {
                    // Bars lie: their values are along the horizontal axis.
                    let (x, y) = match series.shape {
                        Shape::Bar => (panel.y.word(*x), y.map(|y| x_axis.word(y))),
                        _ => (x_axis.word(*x), y.map(|y| panel.y.word(y))),
                    };
                    let _ = write!(text, " {x}={}", y.as_deref().unwrap_or("–"));
                }
                text.push('\n');
            }
        }
        text
    }
}

impl Heat {
    /// For some columns how many there are, and where most of them lie.
    fn text(&self, text: &mut String, points: usize, x: &Axis, y: &Axis) {
        let all: u64 = self.counts.iter().flatten().sum();
        let _ = write!(
            text,
            "  {} columns of {} cells, {all} in all, {} {} at most:",
            self.counts.len(),
            self.up.len().saturating_sub(1),
            self.most(),
            self.of
        );
        let step = self.counts.len().div_ceil(points.max(1)).max(1);
        for (counts, from) in self.counts.iter().zip(&self.across).step_by(step) {
            let all: u64 = counts.iter().sum();
            let fullest = counts
                .iter()
                .enumerate()
                .max_by_key(|(i, n)| (**n, usize::MAX - i));
            let at = fullest.and_then(|(i, n)| Some((self.up.get(i)?, n)));
            let _ = match at.filter(|_| all > 0) {
                Some((low, n)) => {
                    write!(text, " {}={all}, {n} from {}", x.word(*from), y.word(*low))
                }
                None => write!(text, " {}=–", x.word(*from)),
            };
        }
        text.push('\n');
    }
}
