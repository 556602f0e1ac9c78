//! Where everything on a picture stands: frames of panels, lanes for the names of marks, the height of the whole.
//!
//! From top to bottom: title, subtitle, a strip with the names of the phases, lanes with the names of the marks, then
//! the panels, each below a line with its title and its legend, so that no legend ever covers data.

use super::axis::Axis;
use super::canvas::Point;
use super::figure::Figure;
use super::font::{Face, Font};

/// Width of every picture, px.
pub const WIDTH: u32 = 1200;
/// From the left edge to the panels: room for the names of ticks.
pub const LEFT: f64 = 84.0;
/// From the panels to the right edge: room for half of the last tick's name.
pub const RIGHT: f64 = 30.0;
/// Width of a panel.
pub const ROOM: f64 = WIDTH as f64 - LEFT - RIGHT;
/// Title and subtitle.
pub const TITLES: f64 = 62.0;
/// The strip of phases.
pub const STRIP: f64 = 20.0;
/// A lane of names of marks.
pub const LANE: f64 = 19.0;
/// Size of small type: names of ticks, marks and series.
pub const NAME: f64 = 14.0;

/// Lanes at most; marks beyond have a line, but no name.
const LANES: usize = 6;
/// A panel's title and legend.
const HEADER: f64 = 30.0;
/// Between panels.
const GAP: f64 = 6.0;
/// Ticks of a horizontal axis, and its label.
const FOOT: f64 = 26.0;
const FOOT_LABEL: f64 = 20.0;
/// Below everything.
const BOTTOM: f64 = 10.0;

/// A panel's rectangle in px, and the axes in it.
pub struct Frame<'a> {
    /// Left.
    pub x0: f64,
    /// Right.
    pub x1: f64,
    /// Top.
    pub y0: f64,
    /// Bottom.
    pub y1: f64,
    /// Along it.
    pub x: &'a Axis,
    /// Up it.
    pub y: &'a Axis,
    /// Whether the horizontal axis is named below it: the last of those that share one.
    pub foot: bool,
}

impl Frame<'_> {
    /// Where a value of the horizontal axis lies.
    pub fn across(&self, value: f64) -> f64 {
        self.x0 + self.x.place(value) * (self.x1 - self.x0)
    }

    /// Where a value of the vertical axis lies. Rows count from the top.
    pub fn up(&self, value: f64) -> f64 {
        let place = self.y.place(value);
        let place = if self.y.rows.is_empty() {
            1.0 - place
        } else {
            place
        };
        self.y0 + place * (self.y1 - self.y0)
    }

    /// Both.
    pub fn at(&self, x: f64, y: f64) -> Point {
        (self.across(x), self.up(y))
    }
}

/// The place of a mark's name: its lane, and whether it stands left of its line.
pub type Lane = Option<(usize, bool)>;

/// Everything placed.
pub struct Layout<'a> {
    /// One a panel.
    pub frames: Vec<Frame<'a>>,
    /// One a mark.
    pub lanes: Vec<Lane>,
    /// Where the lanes begin.
    pub lanes_top: f64,
    /// Height of the picture, px.
    pub height: u32,
}

impl Layout<'_> {
    /// Places a figure.
    pub fn of(figure: &Figure) -> Layout<'_> {
        let lanes = lanes(figure);
        let used = lanes
            .iter()
            .flatten()
            .map(|(lane, _)| lane + 1)
            .max()
            .unwrap_or(0);
        let lanes_top = TITLES
            + if figure.bands.is_empty() {
                0.0
            } else {
                STRIP + 2.0
            };
        let mut y = lanes_top + used as f64 * LANE;
        let own = |i: usize| figure.panels.get(i).is_none_or(|p| p.x.is_some());
        let mut frames = vec![];
        for (i, panel) in figure.panels.iter().enumerate() {
            let x = panel.x.as_ref().unwrap_or(&figure.x);
            let (y0, foot) = (y + HEADER, own(i) || own(i + 1));
            let y1 = y0 + f64::from(panel.height);
            frames.push(Frame {
                x0: LEFT,
                x1: LEFT + ROOM,
                y0,
                y1,
                x,
                y: &panel.y,
                foot,
            });
            y = y1
                + match (foot, x.label.is_empty()) {
                    (false, _) => GAP,
                    (true, true) => FOOT,
                    (true, false) => FOOT + FOOT_LABEL,
                };
        }
        Layout {
            frames,
            lanes,
            lanes_top,
            height: (y + BOTTOM).ceil() as u32,
        }
    }
}

/// For each mark the first lane with room for its name.
fn lanes(figure: &Figure) -> Vec<Lane> {
    let mut taken: Vec<Vec<(f64, f64)>> = vec![];
    let mut order: Vec<usize> = (0..figure.marks.len()).collect();
    order.sort_by(|a, b| figure.marks[*a].at.total_cmp(&figure.marks[*b].at));
    let mut lanes = vec![None; figure.marks.len()];
    for i in order {
        let mark = &figure.marks[i];
        let at = LEFT + figure.x.place(mark.at) * ROOM;
        let width = Font::of(Face::Regular).width(&mark.label, NAME) + 12.0;
        let left = at + width > LEFT + ROOM && at - width > LEFT;
        let (from, to) = if left {
            (at - width, at + 2.0)
        } else {
            (at - 2.0, at + width)
        };
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

#[cfg(test)]
mod tests {
    use super::super::figure::Mark;
    use super::super::style::Role;
    use super::*;

    #[test]
    fn names_that_would_overlap_go_into_lanes_of_their_own() {
        let label = || "deploy 7f3a".to_owned();
        let mark = |at| Mark {
            label: label(),
            role: Role::Change,
            at,
            until: None,
            spread: None,
        };
        let figure = Figure {
            title: String::new(),
            subtitle: String::new(),
            panels: vec![],
            x: Axis::clock(0, 1000),
            bands: vec![],
            marks: vec![mark(100.0), mark(110.0), mark(500.0), mark(999.0)],
        };
        let right = |lane| Some((lane, false));
        assert_eq!(
            lanes(&figure),
            [right(0), right(1), right(0), Some((0, true))]
        );
    }
}
