//! A line over the values of one path: medians with the interval of the median as a band.

use super::super::{
    axis::{Axis, Reading},
    canvas::{Anchor, Point},
    font::{Face, Font},
    layout::{LEFT, NAME, ROOM},
    style::{Pen, Role},
};
use super::{Sheet, Shown, View};
use crate::config::Refusal;

const TOP: f64 = 66.0;
const HEADER: f64 = 30.0;
const HIGH: f64 = 190.0;
const FOOT: f64 = 34.0;
const LABEL: f64 = 22.0;
const LEGEND: f64 = 34.0;
/// Where values differ by more than this, the axis is logarithmic.
const DECADES: f64 = 20.0;

/// Height of the picture, px.
pub fn height(view: &View) -> u32 {
    (TOP + (HEADER + HIGH + FOOT) * view.panels.len() as f64 + LABEL + LEGEND) as u32
}

/// Draws the panels.
pub fn draw(view: &View, sheet: &Sheet) -> Result<(), Refusal> {
    let mut y = TOP;
    for shown in &view.panels {
        panel(view, sheet, *shown, y)?;
        y += HEADER + HIGH + FOOT;
    }
    let path = &view.summary.plan.axes[view.across].path;
    sheet.name(LEFT + ROOM / 2.0, y + 6.0, path, Anchor::Middle)?;
    legend(view, sheet, y + LABEL + 10.0)
}

fn reading(view: &View, shown: Shown) -> Reading {
    match shown {
        Shown::Gates => Reading::Percent,
        Shown::Goal(_, goal) => match goal.unit(&view.summary.plan.axes) {
            "ns" => Reading::Duration,
            "fraction" => Reading::Percent,
            "count" => Reading::Count,
            _ => Reading::Plain,
        },
    }
}

fn vertical(view: &View, shown: Shown) -> Axis {
    let points = (0..view.columns()).map(|c| view.point(c, 0));
    let mut all: Vec<f64> = vec![];
    for point in points {
        all.extend(shown.value(view.summary, point));
        all.extend(
            shown
                .ends(view.summary, point)
                .into_iter()
                .flat_map(|(a, b)| [a, b]),
        );
    }
    let (low, high) = all
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
    let reading = reading(view, shown);
    if let Shown::Gates = shown {
        return Axis {
            range: 0.0..1.02,
            ..Axis::linear(reading, std::iter::once(1.0), 1.0)
        };
    }
    if low > 0.0 && high / low > DECADES {
        return Axis::log(reading, all.into_iter());
    }
    let least = if reading == Reading::Percent {
        0.01
    } else {
        f64::MIN_POSITIVE
    };
    Axis::linear(reading, all.into_iter(), least.max(1e-9))
}

fn panel(view: &View, sheet: &Sheet, shown: Shown, top: f64) -> Result<(), Refusal> {
    let (y0, y1) = (top + HEADER, top + HEADER + HIGH);
    let axis = vertical(view, shown);
    let up = |v: f64| y1 - axis.place(v) * (y1 - y0);
    let n = view.columns();
    let wide = ROOM / n as f64;
    let across = |c: usize| LEFT + (c as f64 + 0.5) * wide;
    sheet.bold(LEFT, top + 20.0, &shown.title(view.summary), 16.0)?;
    let grid = Pen {
        colour: sheet.palette.grid,
        dash: &[],
        width: 1.0,
    };
    for (v, name) in axis.ticks(6) {
        sheet
            .canvas
            .line(&[(LEFT, up(v)), (LEFT + ROOM, up(v))], grid)?;
        sheet.name(LEFT - 8.0, up(v) + 4.5, &name, Anchor::End)?;
    }
    let values = &view.summary.plan.axes[view.across].values;
    let widest = values
        .iter()
        .map(|v| Font::of(Face::Regular).width(&v.text, NAME))
        .fold(0.0, f64::max);
    let every = ((widest + 10.0) / wide).ceil().max(1.0) as usize;
    for (c, value) in values.iter().enumerate().step_by(every) {
        let name =
            Font::of(Face::Regular).fitted(&value.text, NAME, (wide * every as f64).max(40.0));
        sheet.name(across(c), y1 + 20.0, &name, Anchor::Middle)?;
    }
    let frame = Pen {
        colour: sheet.palette.frame,
        dash: &[],
        width: 1.0,
    };
    sheet
        .canvas
        .line(&[(LEFT, y0), (LEFT, y1), (LEFT + ROOM, y1)], frame)?;
    let place = |point: usize| view.summary.plan.places(point)[view.across];
    let chosen = place(view.summary.choice.point);
    if let Some(now) = view.summary.plan.present_point().map(place) {
        let pen = Pen {
            dash: &[5.0, 4.0],
            ..sheet.pen(1.5)
        };
        sheet
            .canvas
            .line(&[(across(now), y0), (across(now), y1)], pen)?;
    }
    sheet.canvas.line(
        &[(across(chosen), y0), (across(chosen), y1)],
        sheet.pen(2.0),
    )?;
    // Without data the line has a gap.
    let pen = sheet.palette.pen(Role::P50);
    let mut runs: Vec<Vec<(usize, f64)>> = vec![vec![]];
    for c in 0..n {
        match (shown.value(view.summary, view.point(c, 0)), runs.last_mut()) {
            (Some(value), Some(run)) => run.push((c, value)),
            _ => runs.push(vec![]),
        }
    }
    for run in runs.iter().filter(|r| !r.is_empty()) {
        let ends = |c: usize| shown.ends(view.summary, view.point(c, 0));
        let known: Vec<(usize, (f64, f64))> = run
            .iter()
            .filter_map(|(c, _)| Some((*c, ends(*c)?)))
            .collect();
        let mut outline: Vec<Point> = known.iter().map(|(c, e)| (across(*c), up(e.0))).collect();
        outline.extend(known.iter().rev().map(|(c, e)| (across(*c), up(e.1))));
        sheet.canvas.polygon(&outline, pen.colour, 0.22)?;
        let line: Vec<Point> = run.iter().map(|(c, v)| (across(*c), up(*v))).collect();
        if line.len() > 1 {
            sheet.canvas.line(
                &line,
                Pen {
                    dash: &[],
                    width: 2.0,
                    ..pen
                },
            )?;
        }
        for (c, value) in run {
            let at = (across(*c), up(*value));
            if view.fails(view.point(*c, 0)) {
                cross(sheet, at)?;
            } else {
                sheet.canvas.dot(at, 4.0, pen.colour)?;
            }
        }
    }
    Ok(())
}

fn cross(sheet: &Sheet, at: Point) -> Result<(), Refusal> {
    let pen = Pen {
        dash: &[],
        width: 2.2,
        ..sheet.palette.pen(Role::Incident)
    };
    let d = 5.0;
    sheet
        .canvas
        .line(&[(at.0 - d, at.1 - d), (at.0 + d, at.1 + d)], pen)?;
    sheet
        .canvas
        .line(&[(at.0 - d, at.1 + d), (at.0 + d, at.1 - d)], pen)
}

fn legend(view: &View, sheet: &Sheet, y: f64) -> Result<(), Refusal> {
    let plan = &view.summary.plan;
    let mut x = LEFT;
    let upright = |x: f64, pen| sheet.canvas.line(&[(x, y - 12.0), (x, y + 4.0)], pen);
    upright(x + 2.0, sheet.pen(2.0))?;
    let chosen = if view.summary.choice.passes {
        "what to set"
    } else {
        "nearest to passing"
    };
    x = sheet.name(x + 10.0, y, chosen, Anchor::Start)? + 24.0;
    if plan
        .present_point()
        .is_some_and(|p| p != view.summary.choice.point)
    {
        upright(
            x + 2.0,
            Pen {
                dash: &[5.0, 4.0],
                ..sheet.pen(1.5)
            },
        )?;
        x = sheet.name(x + 10.0, y, "as it is now", Anchor::Start)? + 24.0;
    }
    if view.summary.points.iter().any(|p| view.fails(p.point)) {
        cross(sheet, (x + 5.0, y - 4.5))?;
        let word = if plan.seeds.1 == 1 {
            "a gate does not hold"
        } else {
            "a gate does not hold in some seed"
        };
        x = sheet.name(x + 17.0, y, word, Anchor::Start)? + 24.0;
    }
    if plan.seeds.1 >= 5 {
        let colour = sheet.palette.pen(Role::P50).colour;
        sheet
            .canvas
            .fill((x, y - 11.0), (x + 26.0, y + 3.0), colour, 0.22)?;
        let word = if plan.gates.is_empty() {
            "90% interval of the median"
        } else {
            "90% interval of the median; of shares, 95%"
        };
        sheet.name(x + 33.0, y, word, Anchor::Start)?;
    }
    Ok(())
}
