//! A sweep for machines: every point, every run, and both with what was concluded.

use crate::{
    config::Refusal,
    experiments::sweep::{Axis, Interval, Outcome, Plan, Summary, word},
};
use serde_json::{Value, json};

fn written(rows: Vec<Vec<String>>) -> Result<Vec<u8>, Refusal> {
    let mut writer = csv::Writer::from_writer(vec![]);
    let failed =
        |e: &dyn std::fmt::Display| Refusal::new(format!("a table cannot be written: {e}"));
    for row in rows {
        writer.write_record(row).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}

/// A number exactly; nothing where there is no data.
fn cell(value: Option<f64>) -> String {
    value.map_or(String::new(), |v| v.to_string())
}

fn paths(plan: &Plan) -> impl Iterator<Item = String> + '_ {
    plan.axes.iter().map(|a| a.path.clone())
}

fn values(plan: &Plan, point: usize) -> impl Iterator<Item = String> + '_ {
    let places = plan.places(point);
    let one = |(axis, place): (&Axis, usize)| axis.values[place].text.clone();
    plan.axes.iter().zip(places).map(one)
}

/// A goal's column with its unit: `latency.p95 [ns]`.
fn columns(plan: &Plan) -> Vec<String> {
    let of = |g: &crate::experiments::sweep::Goal| format!("{} [{}]", g.name, g.unit(&plan.axes));
    plan.goals.iter().map(of).collect()
}

/// `results.csv`: a row for each point.
///
/// # Errors
/// None that is expected.
pub fn results_csv(summary: &Summary) -> Result<Vec<u8>, Refusal> {
    let plan = &summary.plan;
    let mut head = vec!["point".to_string()];
    head.extend(paths(plan));
    head.extend(["seeds", "passed", "passed_low", "passed_high"].map(String::from));
    for column in columns(plan) {
        head.extend([
            column.clone(),
            format!("{column} low"),
            format!("{column} high"),
        ]);
    }
    head.extend(["front", "chosen"].map(String::from));
    let mut rows = vec![head];
    for point in &summary.points {
        let mut row = vec![point.point.to_string()];
        row.extend(values(plan, point.point));
        row.extend([
            plan.seeds.1.to_string(),
            point.passed.to_string(),
            point.share.0.to_string(),
            point.share.1.to_string(),
        ]);
        for Interval { median, low, high } in &point.values {
            row.extend([*median, *low, *high].map(cell));
        }
        let chosen = summary.choice.point == point.point;
        row.extend([point.front, chosen].map(|is| is.to_string()));
        rows.push(row);
    }
    written(rows)
}

/// `runs.csv`: a row for each run.
///
/// # Errors
/// None that is expected.
pub fn runs_csv(plan: &Plan, outcomes: &[Outcome]) -> Result<Vec<u8>, Refusal> {
    let mut judged: Vec<(&str, &str)> = vec![];
    for (gate, phase, _) in outcomes.iter().flat_map(|o| &o.verdicts) {
        if !judged.contains(&(gate, phase)) {
            judged.push((gate, phase));
        }
    }
    let mut head = vec!["run".to_string(), "point".into()];
    head.extend(paths(plan));
    head.extend(["seed", "digest", "passed"].map(String::from));
    head.extend(columns(plan));
    head.extend(
        judged
            .iter()
            .map(|(gate, phase)| format!("gate {gate} in {phase}")),
    );
    let mut rows = vec![head];
    for outcome in outcomes {
        let (point, seed) = plan.run(outcome.run);
        let mut row = vec![outcome.run.to_string(), point.to_string()];
        row.extend(values(plan, point));
        row.extend([
            seed.to_string(),
            outcome.digest.clone(),
            outcome.passes().to_string(),
        ]);
        row.extend(outcome.values.iter().map(|v| cell(*v)));
        row.extend(judged.iter().map(|(gate, phase)| {
            let found = outcome
                .verdicts
                .iter()
                .find(|(g, p, _)| g == gate && p == phase);
            found.map_or(String::new(), |(.., verdict)| word(*verdict).into())
        }));
        rows.push(row);
    }
    written(rows)
}

/// `results.json`: the plan, each point with its intervals, the point to take with the reason, and the notes.
pub fn json(summary: &Summary) -> String {
    let plan = &summary.plan;
    let points: Vec<Value> = summary
        .points
        .iter()
        .map(|p| {
            let goals: Vec<Value> = p
                .values
                .iter()
                .map(|v| json!({ "median": v.median, "low": v.low, "high": v.high }))
                .collect();
            json!({
                "point": p.point,
                "set": plan.settings(p.point),
                "passed": p.passed,
                "passed_share": { "low": p.share.0, "high": p.share.1 },
                "goals": goals,
                "front": p.front,
            })
        })
        .collect();
    let choice = &summary.choice;
    let json = json!({
        "digest": plan.digest(),
        "plan": plan.to_json(),
        "choice": {
            "point": choice.point,
            "set": plan.settings(choice.point),
            "passes": choice.passes,
            "reason": choice.reason,
        },
        "now": plan.present_point(),
        "notes": summary.notes,
        "points": points,
    });
    format!("{json:#}\n")
}
