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
