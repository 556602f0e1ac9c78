//! Heat maps: a cell for each pair of values, its colour from the best to the worst of the panel, its number in it.

use super::super::{
    canvas::Anchor,
    font::{Face, Font},
    layout::{LEFT, NAME, ROOM},
    style::{Pen, Role, blend},
};
use super::{Sheet, Shown, View};
use crate::config::Refusal;
use plotters::style::RGBColor;

const TOP: f64 = 66.0;
/// A panel's title and scale.
const HEADER: f64 = 34.0;
/// Names of columns and of the axis.
const FOOT: f64 = 50.0;
const GAP: f64 = 10.0;
/// The line that says what marks mean.
const LEGEND: f64 = 30.0;
/// Names of rows stand left of the cells.
const NAMES: f64 = 40.0;
/// Where values differ by more than this, colours go by their logarithm.
const DECADES: f64 = 20.0;

fn cell_height(view: &View) -> f64 {
    (320.0 / view.rows() as f64).clamp(14.0, 40.0)
}

/// Height of the picture, px.
pub fn height(view: &View) -> u32 {
    let panel = HEADER + cell_height(view) * view.rows() as f64 + FOOT + GAP;
    (TOP + panel * view.panels.len() as f64 + LEGEND + 10.0) as u32
}

/// From values to colours.
struct Ramp {
    best: f64,
    worst: f64,
    logarithmic: bool,
    pale: RGBColor,
    dark: RGBColor,
}

impl Ramp {
    fn of(values: &[f64], shown: Shown, sheet: &Sheet) -> Ramp {
        let (low, high) = match shown {
            Shown::Gates => (0.0, 1.0),
            Shown::Goal(..) => values
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                    (l.min(*v), h.max(*v))
                }),
        };
        let (best, worst) = if shown.lower() {
            (low, high)
        } else {
            (high, low)
        };
        let (paper, hue) = (
            sheet.palette.paper,
            sheet.palette.pen(Role::Incident).colour,
        );
        Ramp {
            best,
            worst,
            logarithmic: low > 0.0 && high / low > DECADES,
            pale: blend(hue, paper, 0.05),
            dark: blend(hue, paper, 0.85),
        }
    }

    fn colour(&self, value: f64) -> RGBColor {
        let at = |v: f64| if self.logarithmic { libm::log10(v) } else { v };
        let (best, worst) = (at(self.best), at(self.worst));
        let share = if best == worst {
            0.0
        } else {
            (at(value) - best) / (worst - best)
        };
        blend(self.dark, self.pale, share.clamp(0.0, 1.0))
    }
}

/// Draws the panels.
pub fn draw(view: &View, sheet: &Sheet) -> Result<(), Refusal> {
    let mut y = TOP;
    for shown in &view.panels {
        y = panel(view, sheet, *shown, y)?;
    }
    legend(view, sheet, y + 14.0)
}

fn panel(view: &View, sheet: &Sheet, shown: Shown, top: f64) -> Result<f64, Refusal> {
    let (plan, Some(up)) = (&view.summary.plan, view.up) else {
        return Ok(top);
    };
    let (across, up) = (&plan.axes[view.across], &plan.axes[up]);
    let (columns, rows) = (view.columns(), view.rows());
    let values: Vec<f64> = (0..rows)
        .flat_map(|r| (0..columns).map(move |c| (c, r)))
        .filter_map(|(c, r)| shown.value(view.summary, view.point(c, r)))
        .collect();
    let ramp = Ramp::of(&values, shown, sheet);
    sheet.bold(LEFT + NAMES, top + 20.0, &shown.title(view.summary), 16.0)?;
    if !values.is_empty() {
        scale(view, sheet, shown, &ramp, top)?;
    }
    let (x0, y0) = (LEFT + NAMES, top + HEADER);
    let (wide, high) = ((ROOM - NAMES) / columns as f64, cell_height(view));
    for row in 0..rows {
        // The first value at the bottom, as on any vertical axis.
        let from = y0 + (rows - 1 - row) as f64 * high;
        let name = Font::of(Face::Regular).fitted(&up.values[row].text, NAME, LEFT + NAMES - 30.0);
        sheet.name(x0 - 8.0, from + high / 2.0 + 5.0, &name, Anchor::End)?;
        for column in 0..columns {
            let x = x0 + column as f64 * wide;
            cell(
                view,
                sheet,
                shown,
                &ramp,
                view.point(column, row),
                (x, from),
                (x + wide, from + high),
            )?;
        }
    }
    for point in [plan.present_point(), Some(view.summary.choice.point)]
        .into_iter()
        .flatten()
    {
        let places = plan.places(point);
        let (column, row) = (places[view.across], places[view.up.unwrap_or(0)]);
        if view.point(column, row) != point {
            continue;
        }
        let (x, y) = (
            x0 + column as f64 * wide,
            y0 + (rows - 1 - row) as f64 * high,
        );
        mark(view, sheet, point, (x, y), (x + wide, y + high))?;
    }
    let bottom = y0 + rows as f64 * high;
    // As many names as have room.
    let widest = across
        .values
        .iter()
        .map(|v| Font::of(Face::Regular).width(&v.text, NAME))
        .fold(0.0, f64::max);
    let every = ((widest + 8.0) / wide).ceil().max(1.0) as usize;
    for (column, value) in across.values.iter().enumerate().step_by(every) {
        let room = (wide * every as f64 - 4.0).max(40.0);
        let name = Font::of(Face::Regular).fitted(&value.text, NAME, room);
        sheet.name(
            x0 + (column as f64 + 0.5) * wide,
            bottom + 18.0,
            &name,
            Anchor::Middle,
        )?;
    }
    sheet.name(
        x0 + (ROOM - NAMES) / 2.0,
        bottom + 38.0,
        &across.path,
        Anchor::Middle,
    )?;
    sheet.name(
        12.0,
        bottom + 38.0,
        &format!("↑ {}", up.path),
        Anchor::Start,
    )?;
    Ok(bottom + FOOT + GAP)
}

fn cell(
    view: &View,
    sheet: &Sheet,
    shown: Shown,
    ramp: &Ramp,
    point: usize,
    from: (f64, f64),
    to: (f64, f64),
) -> Result<(), Refusal> {
    let value = shown.value(view.summary, point);
    let ground = value.map_or(sheet.palette.paper, |v| ramp.colour(v));
    sheet.canvas.fill(from, to, ground, 1.0)?;
    let light =
        |c: RGBColor| 0.299 * f64::from(c.0) + 0.587 * f64::from(c.1) + 0.114 * f64::from(c.2);
    let (ink, paper) = (sheet.palette.ink, sheet.palette.paper);
    let far = |c: RGBColor| (light(c) - light(ground)).abs();
    let text = if far(ink) >= far(paper) { ink } else { paper };
    if view.fails(point) {
        hatch(sheet, blend(text, ground, 0.45), from, to)?;
    }
    let word = shown.show(view.summary, value);
    let width = Font::of(Face::Regular).width(&word, NAME);
    if width + 6.0 <= to.0 - from.0 && to.1 - from.1 >= NAME + 2.0 {
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        if view.fails(point) {
            let (a, b) = (
                (middle.0 - width / 2.0 - 3.0, middle.1 - 8.0),
                (middle.0 + width / 2.0 + 3.0, middle.1 + 8.0),
            );
            sheet.canvas.fill(a, b, ground, 1.0)?;
        }
        let kind = super::Type {
            face: Face::Regular,
            size: NAME,
            colour: text,
        };
        sheet
            .canvas
            .text((middle.0, middle.1 + 5.0), &word, kind, Anchor::Middle)?;
    }
    let thin = Pen {
        colour: paper,
        dash: &[],
        width: 1.0,
    };
    sheet.frame(from, to, thin)
}

/// Slanted lines within a rectangle.
fn hatch(sheet: &Sheet, colour: RGBColor, from: (f64, f64), to: (f64, f64)) -> Result<(), Refusal> {
    const APART: f64 = 8.0;
    let (wide, high) = (to.0 - from.0, to.1 - from.1);
    let pen = Pen {
        colour,
        dash: &[],
        width: 1.0,
    };
    let mut at = APART / 2.0;
    while at < wide + high {
        // From the left or bottom edge up to the top or right edge.
        let start = if at <= high {
            (from.0, from.1 + at)
        } else {
            (from.0 + at - high, to.1)
        };
        let end = if at <= wide {
            (from.0 + at, from.1)
        } else {
            (to.0, from.1 + at - wide)
        };
        sheet.canvas.line(&[start, end], pen)?;
        at += APART;
    }
    Ok(())
}

/// A frame around what is chosen, a broken one around what is there now.
fn mark(
    view: &View,
    sheet: &Sheet,
    point: usize,
    from: (f64, f64),
    to: (f64, f64),
) -> Result<(), Refusal> {
    let inset = |by: f64| ((from.0 + by, from.1 + by), (to.0 - by, to.1 - by));
    if point == view.summary.choice.point {
        let (a, b) = inset(1.5);
        sheet.frame(a, b, sheet.pen(3.0))?;
        let (a, b) = inset(4.0);
        return sheet.frame(
            a,
            b,
            Pen {
                colour: sheet.palette.paper,
                dash: &[],
                width: 1.5,
            },
        );
    }
    let (a, b) = inset(2.0);
    sheet.frame(
        a,
        b,
        Pen {
            dash: &[5.0, 4.0],
            width: 2.0,
            ..sheet.pen(2.0)
        },
    )
}

/// The panel's colours, from best to worst.
fn scale(view: &View, sheet: &Sheet, shown: Shown, ramp: &Ramp, top: f64) -> Result<(), Refusal> {
    const WIDE: f64 = 160.0;
    let right = LEFT + ROOM;
    let (best, worst) = (
        format!("best {}", shown.show(view.summary, Some(ramp.best))),
        format!("{} worst", shown.show(view.summary, Some(ramp.worst))),
    );
    let end = (right - Font::of(Face::Regular).width(&worst, NAME) - 6.0).round();
    sheet.name(right, top + 20.0, &worst, Anchor::End)?;
    const STEPS: usize = 40;
    let at = |i: usize| end - WIDE + WIDE * i as f64 / STEPS as f64;
    for i in 0..STEPS {
        let share = (i as f64 + 0.5) / STEPS as f64;
        let colour = blend(ramp.dark, ramp.pale, share);
        sheet
            .canvas
            .fill((at(i), top + 8.0), (at(i + 1), top + 22.0), colour, 1.0)?;
    }
    let frame = Pen {
        colour: sheet.palette.frame,
        dash: &[],
        width: 1.0,
    };
    sheet.frame((end - WIDE, top + 8.0), (end, top + 22.0), frame)?;
    sheet.name(end - WIDE - 6.0, top + 20.0, &best, Anchor::End)?;
    Ok(())
}

/// What the marks mean.
fn legend(view: &View, sheet: &Sheet, y: f64) -> Result<(), Refusal> {
    let plan = &view.summary.plan;
    let mut x = LEFT + NAMES;
    let (from, to) = ((x, y - 11.0), (x + 26.0, y + 3.0));
    sheet.frame(from, to, sheet.pen(3.0))?;
    let chosen = if view.summary.choice.passes {
        "what to set"
    } else {
        "nearest to passing"
    };
    x = sheet.name(x + 33.0, y, chosen, Anchor::Start)? + 24.0;
    if plan
        .present_point()
        .is_some_and(|p| p != view.summary.choice.point)
    {
        let pen = Pen {
            dash: &[5.0, 4.0],
            ..sheet.pen(2.0)
        };
        sheet.frame((x, y - 11.0), (x + 26.0, y + 3.0), pen)?;
        x = sheet.name(x + 33.0, y, "as it is now", Anchor::Start)? + 24.0;
    }
    if view.summary.points.iter().any(|p| view.fails(p.point)) {
        let (from, to) = ((x, y - 11.0), (x + 26.0, y + 3.0));
        hatch(sheet, sheet.palette.soft, from, to)?;
        sheet.frame(
            from,
            to,
            Pen {
                colour: sheet.palette.frame,
                dash: &[],
                width: 1.0,
            },
        )?;
        let word = if plan.seeds.1 == 1 {
            "a gate does not hold"
        } else {
            "a gate does not hold in some seed"
        };
        sheet.name(x + 33.0, y, word, Anchor::Start)?;
    }
    Ok(())
}
