//! What a bisection came to, for a terminal.

use super::{
    text::{Ink, Paint, wrap},
    words::{clock, show},
};
use crate::{
    config::show_percent,
    experiments::bisect::{Answer, Bisection, Role},
};

/// The whole answer. `styled` uses colour.
pub fn render(b: &Bisection, styled: bool) -> String {
    let paint = Paint { styled };
    let head = |text: &str| paint.ink(Ink::Head, text);
    let mut lines: Vec<String> = wrap("", &b.title).iter().map(|l| head(l)).collect();
    lines.push(paint.ink(
        Ink::Dim,
        &format!("{} · bisect · seed {}", b.incident, b.seed),
    ));
    lines.push(String::new());
    let baseline = b.baseline.map_or(String::new(), |v| {
        format!("; {} over the baseline", show(b.unit, Some(v)))
    });
    lines.extend(wrap(
        "  ",
        &format!(
            "gate {}: {}; divided is {}{baseline}",
            b.gate, b.condition, b.quantity
        ),
    ));
    lines.push(String::new());
    lines.push(head("What was there"));
    for (item, role) in b.items.iter().zip(&b.roles) {
        let at = item
            .at
            .map_or(String::new(), |at| format!(" at {}", clock(at)));
        let instead = item.instead.as_ref();
        let instead = instead.map_or(String::new(), |i| format!(" (instead: {i})"));
        let text = format!("{}{at}{instead}: {}", item.what, role.word());
        lines.extend(wrap(&format!("  {:<3}", item.letter), &text));
    }
    lines.push(String::new());
    lines.push(head("Had it never happened"));
    lines.extend(answer(b, &b.never));
    if let (Some(at), Some(withdrawn)) = (b.withdrawn_at, &b.withdrawn) {
        lines.push(String::new());
        lines.push(head(&format!("Had it been withdrawn at {}", clock(at))));
        lines.extend(answer(b, withdrawn));
    }
    lines.push(String::new());
    lines.push(head("In short"));
    lines.extend(wrap("  ", &short(b)));
    for limit in &b.limits {
        lines.extend(wrap("  ", &format!("({limit})")));
    }
    lines.join("\n") + "\n"
}

fn answer(b: &Bisection, a: &Answer) -> Vec<String> {
    let (from, to) = a.over;
    let values = format!(
        "from {} to {}: {} with all of it, {} with nothing of it ({})",
        clock(from),
        clock(to),
        show(b.unit, Some(a.with)),
        show(b.unit, Some(a.without)),
        a.said
    );
    let mut lines = wrap("  ", &values);
    let sets: Vec<String> = a
        .sets
        .iter()
        .map(|s| match s.is_empty() {
            true => "nothing at all".into(),
            false => s.join(" and "),
        })
        .collect();
    let takes = match (a.breached, sets.is_empty()) {
        (false, _) | (_, true) => "the gate holds".to_string(),
        _ if a.exact => format!("it takes {}", sets.join(", or ")),
        _ => format!(
            "it takes {} (some of the smallest sets)",
            sets.join(", or ")
        ),
    };
    lines.extend(wrap("  ", &takes));
    for part in &a.shares {
        let within = |amount: f64| {
            let sign = if amount < 0.0 { "-" } else { "" };
            format!("{sign}{}", show(b.unit, Some(amount.abs())))
        };
        let share = part
            .share
            .map_or("   –".into(), |s| format!("{:>4.0}%", s * 100.0));
        let half = match part.half > 0.0 {
            true => format!(" ± {}", within(part.half)),
            false => String::new(),
        };
        lines.push(format!(
            "  {:<3}{share}  {}{half}",
            part.letter,
            within(part.amount)
        ));
    }
    let how = match a.exact {
        true => "every set replayed",
        false => "orders drawn, 95% intervals",
    };
    lines.push(format!("  {how}: {} replays", a.replays));
    lines
}

/// Who is who, in a sentence each.
fn short(b: &Bisection) -> String {
    let of = |role: Role| {
        let all = b.items.iter().zip(&b.roles).filter(|(_, r)| **r == role);
        all.map(|(i, _)| i.letter.clone()).collect::<Vec<_>>()
    };
    let mut said = vec![];
    let (triggers, sustainers) = (of(Role::Trigger), of(Role::Sustainer));
    if !triggers.is_empty() {
        let later = if b.withdrawn.is_some() {
            ", and withdrawing it later does not help"
        } else {
            ""
        };
        said.push(format!("Triggered by {}{later}.", triggers.join(" and ")));
    }
    if !sustainers.is_empty() {
        said.push(format!(
            "Kept up by {}: withdrawn, it gets better.",
            sustainers.join(" and ")
        ));
    }
    let idle = of(Role::Bystander);
    if !idle.is_empty() {
        let least = show_percent(crate::experiments::bisect::PART);
        said.push(format!(
            "{}: less than {least} of it either way.",
            idle.join(", ")
        ));
    }
    if said.is_empty() {
        said.push("No item makes a difference.".into());
    }
    said.join(" ")
}
