//! The picture of a sweep: with two swept paths a heat map for each goal, with one a line with its interval. Of more paths the
//! two with most effect are shown, with the others as chosen; the subtitle says so.
//!
//! Pale is good and dark is bad, whichever way the goal goes; what fails gates is hatched, what to take is framed.

mod heat;
mod line;

use super::{
    canvas::{Anchor, Canvas, Type, picture},
    font::{Face, Font},
    layout::{LEFT, NAME, ROOM, WIDTH},
    style::{Palette, Pen},
};
use crate::{
    config::{Refusal, show_percent},
    experiments::sweep::{Goal, Of, Summary},
    report::words::thousands,
};

/// Panels at most: goals beyond are in the tables.
const MOST_PANELS: usize = 4;

/// What a panel shows of a point.
#[derive(Clone, Copy)]
enum Shown<'a> {
    /// A goal's median, with its place among the goals.
    Goal(usize, &'a Goal),
    /// The share of seeds in which all gates hold.
    Gates,
}

impl Shown<'_> {
    fn title(self, summary: &Summary) -> String {
        let n = summary.plan.seeds.1;
        match self {
            Shown::Goal(_, goal) if n == 1 => goal.name.clone(),
            Shown::Goal(_, goal) => format!("{}, median of {n} seeds", goal.name),
            Shown::Gates => format!("seeds of {n} in which all gates hold"),
        }
    }

    fn value(self, summary: &Summary, point: usize) -> Option<f64> {
        let at = &summary.points[point];
        match self {
            Shown::Goal(g, _) => at.values[g].median,
            Shown::Gates => Some(at.passed as f64 / summary.plan.seeds.1 as f64),
        }
    }

    fn ends(self, summary: &Summary, point: usize) -> Option<(f64, f64)> {
        let at = &summary.points[point];
        match self {
            Shown::Goal(g, _) => at.values[g].low.zip(at.values[g].high),
            Shown::Gates => Some(at.share),
        }
    }

    fn lower(self) -> bool {
        match self {
            Shown::Goal(_, goal) => goal.lower,
            Shown::Gates => false,
        }
    }

    fn show(self, summary: &Summary, value: Option<f64>) -> String {
        match (self, value) {
            (Shown::Goal(_, goal), value) => goal.show(value, &summary.plan.axes),
            (Shown::Gates, Some(value)) => show_percent(value),
            (Shown::Gates, None) => "–".into(),
        }
    }
}

/// What is on the picture.
struct View<'a> {
    summary: &'a Summary,
    /// From top to bottom.
    panels: Vec<Shown<'a>>,
    /// The axis along the picture, by its place.
    across: usize,
    /// The axis up the picture, if there is one.
    up: Option<usize>,
}

impl<'a> View<'a> {
    fn of(summary: &'a Summary) -> View<'a> {
        let plan = &summary.plan;
        let goals = plan.goals.iter().enumerate();
        // What a setting costs needs no picture: it is along an axis.
        let quantities = goals.filter(|(_, g)| matches!(g.of, Of::Quantity(_)));
        let mut panels: Vec<Shown> = quantities.map(|(i, g)| Shown::Goal(i, g)).collect();
        if !plan.gates.is_empty() && plan.seeds.1 > 1 {
            panels.truncate(MOST_PANELS - 1);
            panels.push(Shown::Gates);
        }
        panels.truncate(MOST_PANELS);
        if panels.is_empty() {
            panels.push(Shown::Gates);
        }
        let swept: Vec<usize> = (0..plan.axes.len())
            .filter(|a| plan.axes[*a].is_swept())
            .collect();
        let mut view = View {
            summary,
            across: swept[0],
            up: None,
            panels,
        };
        let mut by_effect = swept.clone();
        if swept.len() > 2 {
            by_effect.sort_by(|a, b| view.effect(*b).total_cmp(&view.effect(*a)));
            by_effect.truncate(2);
            by_effect.sort_unstable();
        }
        if let [up, across] = by_effect[..] {
            // The one with more values lies along the picture, where there is more room.
            let long = plan.axes[up].values.len() > plan.axes[across].values.len();
            (view.across, view.up) = if long {
                (up, Some(across))
            } else {
                (across, Some(up))
            };
        }
        view
    }

    /// How far the first panel's values go along an axis, on average over the lines of the grid.
    fn effect(&self, axis: usize) -> f64 {
        let plan = &self.summary.plan;
        let (mut sum, mut lines) = (0.0, 0.0);
        for point in 0..plan.points() {
            let mut places = plan.places(point);
            if places[axis] > 0 {
                continue;
            }
            let along = (0..plan.axes[axis].values.len()).filter_map(|place| {
                places[axis] = place;
                self.panels[0].value(self.summary, plan.point(&places))
            });
            let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                (l.min(v), h.max(v))
            });
            if high >= low {
                sum += high - low;
                lines += 1.0;
            }
        }
        if lines > 0.0 { sum / lines } else { 0.0 }
    }

    /// The point with these places on the axes that are shown; elsewhere as chosen.
    fn point(&self, across: usize, up: usize) -> usize {
        let plan = &self.summary.plan;
        let mut places = plan.places(self.summary.choice.point);
        places[self.across] = across;
        if let Some(axis) = self.up {
            places[axis] = up;
        }
        plan.point(&places)
    }

    fn columns(&self) -> usize {
        self.summary.plan.axes[self.across].values.len()
    }

    fn rows(&self) -> usize {
        self.up
            .map_or(1, |up| self.summary.plan.axes[up].values.len())
    }

    fn fails(&self, point: usize) -> bool {
        self.summary.points[point].passed < self.summary.plan.seeds.1
    }

    fn titles(&self) -> (String, String) {
        let plan = &self.summary.plan;
        let chosen = plan.name(self.summary.choice.point);
        let title = match self.summary.choice.passes {
            true => format!("What to set: {chosen}"),
            false => format!("Nothing passes all gates; nearest: {chosen}"),
        };
        let others: Vec<String> = plan
            .axes
            .iter()
            .zip(plan.settings(self.summary.choice.point))
            .enumerate()
            .filter(|(i, (axis, _))| axis.is_swept() && *i != self.across && Some(*i) != self.up)
            .map(|(_, (_, setting))| setting)
            .collect();
        let with = match others.is_empty() {
            true => String::new(),
            false => format!(" · shown at {} (as chosen)", others.join(" ")),
        };
        let seeds = match plan.seeds.1 {
            1 => format!("seed {}", plan.seeds.0),
            n => format!("{n} seeds"),
        };
        let subtitle = format!(
            "{}: {} · {} runs, {seeds}{with}",
            plan.incident,
            plan.title,
            thousands(plan.runs())
        );
        (title, subtitle)
    }
}

/// The picture as PNG.
///
/// # Errors
/// None that is expected.
pub fn png(summary: &Summary, palette: &Palette) -> Result<Vec<u8>, Refusal> {
    let view = View::of(summary);
    let height = if view.up.is_some() {
        heat::height(&view)
    } else {
        line::height(&view)
    };
    picture(WIDTH, height, palette.paper, |canvas| {
        let sheet = Sheet { canvas, palette };
        let (title, subtitle) = view.titles();
        let fitted = |face, text: &str, size| Font::of(face).fitted(text, size, ROOM);
        sheet.bold(LEFT, 30.0, &fitted(Face::Bold, &title, 24.0), 24.0)?;
        sheet.soft(
            LEFT,
            51.0,
            &fitted(Face::Regular, &subtitle, 16.0),
            Anchor::Start,
            16.0,
        )?;
        match view.up {
            Some(_) => heat::draw(&view, &sheet),
            None => line::draw(&view, &sheet),
        }
    })
}

/// A canvas with its colours.
struct Sheet<'c, 'b> {
    canvas: &'c Canvas<'b>,
    palette: &'c Palette,
}

impl Sheet<'_, '_> {
    fn bold(&self, x: f64, y: f64, text: &str, size: f64) -> Result<f64, Refusal> {
        let kind = Type {
            face: Face::Bold,
            size,
            colour: self.palette.ink,
        };
        self.canvas.text((x, y), text, kind, Anchor::Start)
    }

    fn soft(&self, x: f64, y: f64, text: &str, anchor: Anchor, size: f64) -> Result<f64, Refusal> {
        let kind = Type {
            face: Face::Regular,
            size,
            colour: self.palette.soft,
        };
        self.canvas.text((x, y), text, kind, anchor)
    }

    fn name(&self, x: f64, y: f64, text: &str, anchor: Anchor) -> Result<f64, Refusal> {
        self.soft(x, y, text, anchor, NAME)
    }

    fn pen(&self, width: f64) -> Pen {
        Pen {
            colour: self.palette.ink,
            dash: &[],
            width,
        }
    }

    fn frame(&self, from: (f64, f64), to: (f64, f64), pen: Pen) -> Result<(), Refusal> {
        if !pen.dash.is_empty() {
            let corners = [from, (to.0, from.1), to, (from.0, to.1), from];
            return self.canvas.line(&corners, pen);
        }
        // Four bars: corners of a wide line have a notch.
        let (half, colour) = (pen.width / 2.0, pen.colour);
        let (x0, y0, x1, y1) = (from.0 - half, from.1 - half, to.0 + half, to.1 + half);
        for (a, b) in [
            ((x0, y0), (x1, y0 + pen.width)),
            ((x0, y1 - pen.width), (x1, y1)),
            ((x0, y0), (x0 + pen.width, y1)),
            ((x1 - pen.width, y0), (x1, y1)),
        ] {
            self.canvas.fill(a, b, colour, 1.0)?;
        }
        Ok(())
    }
}
