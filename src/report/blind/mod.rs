//! What blind incidents came to: for people, as JSON, and the files of a folder.

mod matrix;

use super::thousands;
use crate::{
    config::Refusal,
    experiments::blind::{Case, Diagnoser, Line, Seen, Share, Summary, TIMES},
};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// Misses that are listed at most.
const LISTED: usize = 40;

/// The tables, for people. `again` is the command that drew them, for the misses.
pub fn render(s: &Summary, again: &str) -> String {
    let mut out = String::new();
    if s.incidents > 0 {
        out += &format!(
            "{} incidents of {} requests in the median; {} draws hurt nobody, or were not healthy without the cause, and were drawn again",
            thousands(s.incidents),
            thousands(s.requests),
            thousands(s.redrawn)
        );
        if s.given_up > 0 {
            let _ = write!(out, "; {} cases were given up", s.given_up);
        }
        out += "\n\n";
    }
    if s.incidents > 0 {
        table(&mut out, s);
        for (by, title) in [
            ("family", "By family"),
            (
                "magnitude",
                "By what users felt, where 1 is just noticeable",
            ),
            ("service", "By the shape of the service"),
            ("traffic", "By traffic"),
            ("causes", "By how many things go wrong"),
            ("cause", "By cause"),
        ] {
            by_value(&mut out, s, by, title);
        }
        limits(&mut out, s);
        honesty(&mut out, s);
    }
    if let Some(alarms) = s.alarms.first().filter(|a| a.of > 0) {
        let _ = writeln!(out, "Healthy runs");
        for (name, alarms) in s.diagnosers.iter().zip(&s.alarms) {
            let _ = writeln!(
                out,
                "  {name:<12} {} alarms in {} {}",
                alarms.hits,
                thousands(alarms.of),
                interval(alarms)
            );
        }
        if alarms.hits > 0.0 {
            for (number, said) in s.false_alarms.iter().take(LISTED) {
                let _ = writeln!(out, "  {said:<28} {again} --only {number}");
            }
        }
        out.push('\n');
    }
    if !s.loud.is_empty() {
        let _ = writeln!(
            out,
            "Z of stretches that would alarm alone, at 99 %, 99.5 % and at most, by their size in units of the least that matters"
        );
        for (name, all) in &s.loud {
            let cells: Vec<String> = TIMES
                .iter()
                .zip(all)
                .map(|(t, [a, b, c])| format!("x{t}: {a:>4.1} {b:>4.1} {c:>4.1}"))
                .collect();
            let _ = writeln!(out, "  {name:<36} {}", cells.join("   "));
        }
        out.push('\n');
    }
    if !s.misses.is_empty() {
        let _ = writeln!(out, "Missed ({})", s.misses.len());
        for m in s.misses.iter().take(LISTED) {
            let _ = writeln!(
                out,
                "  {:<26} {:<26} {:<24} {again} --only {}",
                m.truth, m.said, m.effect, m.number
            );
        }
        if s.misses.len() > LISTED {
            let _ = writeln!(
                out,
                "  and {} more: misses.csv of --out",
                s.misses.len() - LISTED
            );
        }
    }
    out
}

fn table(out: &mut String, s: &Summary) {
    let _ = writeln!(
        out,
        "{:<14} {:>22} {:>22} {:>7} {:>22} {:>22} {:>9} {:>9}",
        "", "AC@1", "AC@3", "Avg@5", "seen", "onset on time", "median", "p90"
    );
    for (name, line) in s.diagnosers.iter().zip(&s.all) {
        let _ = writeln!(out, "{name:<14} {}", numbers(line));
    }
    out.push('\n');
}

fn numbers(line: &Line) -> String {
    let error = |q: f64| line.error(q).map_or("-".into(), |e| format!("{e:.1} s"));
    format!(
        "{:>22} {:>22} {:>7.3} {:>22} {:>22} {:>9} {:>9}",
        share(&line.first),
        share(&line.third),
        line.average.value(),
        share(&line.seen),
        share(&line.on_time),
        error(0.5),
        error(0.9)
    )
}

/// `96.4 % [95.1, 97.4]`.
fn share(share: &Share) -> String {
    if share.of == 0 {
        return "-".into();
    }
    let (low, high) = share.interval();
    format!(
        "{:.1} % [{:.1}, {:.1}]",
        share.value() * 100.0,
        low * 100.0,
        high * 100.0
    )
}

fn interval(share: &Share) -> String {
    let (low, high) = share.interval();
    format!(
        "({:.2} %, 95 % interval {:.2} to {:.2})",
        share.value() * 100.0,
        low * 100.0,
        high * 100.0
    )
}

fn by_value(out: &mut String, s: &Summary, by: &str, title: &str) {
    let Some(values) = s.by.get(by).filter(|v| v.len() > 1) else {
        return;
    };
    let _ = writeln!(out, "{title}");
    for (value, lines) in values {
        let Some(line) = lines.first() else {
            continue;
        };
        let others: Vec<String> = s
            .diagnosers
            .iter()
            .zip(lines)
            .skip(1)
            .map(|(n, l)| format!("{n} {:.0} %", l.first.value() * 100.0))
            .collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("   ({})", others.join(", "))
        };
        let _ = writeln!(
            out,
            "  {value:<28} {:>5}  AC@1 {:<22} AC@3 {:>5.1} %  seen {:>5.1} %  onset {:>5.1} %{others}",
            line.first.of,
            share(&line.first),
            line.third.value() * 100.0,
            line.seen.value() * 100.0,
            line.on_time.value() * 100.0,
        );
    }
    out.push('\n');
}

fn limits(out: &mut String, s: &Summary) {
    if s.limits.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "Detection limit: what users must feel for a true cause to come first, where 1 is just noticeable"
    );
    for (family, limit) in &s.limits {
        let _ = writeln!(
            out,
            "  {family:<10} in half of the cases {:>6.2}   in 95 % {:>6.2}",
            limit.half, limit.most
        );
    }
    out.push('\n');
}

fn honesty(out: &mut String, s: &Summary) {
    let _ = writeln!(
        out,
        "Honesty of {}",
        s.diagnosers.first().map_or("", String::as_str)
    );
    if s.held_out.of > 0 {
        let _ = writeln!(
            out,
            "  true cause struck from the catalogue: none-of-these first   {}",
            share(&s.held_out)
        );
    }
    if s.cited.of > 0 {
        let _ = writeln!(
            out,
            "  right, and the evidence is not there without the cause      {}",
            share(&s.cited)
        );
    }
    if s.both.of > 0 {
        let _ = writeln!(
            out,
            "  two causes: both found                                      {}",
            share(&s.both)
        );
    }
    let _ = writeln!(
        out,
        "  expected calibration error                                  {:.3}",
        s.calibration_error
    );
    for (i, bin) in s
        .calibration
        .iter()
        .enumerate()
        .filter(|(_, b)| b.right.of > 0)
    {
        let _ = writeln!(
            out,
            "    said {:>3}-{:>3} %  {:>5} answers, mean {:>5.1} %, right {}",
            i * 10,
            i * 10 + 10,
            bin.right.of,
            bin.confidence / bin.right.of as f64 * 100.0,
            share(&bin.right)
        );
    }
    out.push('\n');
}

/// One case in full.
pub fn one(case: &Case, diagnosers: &[Diagnoser], seen: &Seen, styled: bool) -> String {
    let mut out = seen.file.clone();
    out.push('\n');
    let seconds = |ns: u64| format!("{:.1} s", ns as f64 * 1e-9);
    if case.cause.is_empty() {
        out += "in truth healthy\n";
    } else {
        let truth: Vec<String> = case
            .truth
            .causes
            .iter()
            .map(|names| names.join(" or "))
            .collect();
        let (from, to) = case.truth.onset;
        let _ = writeln!(
            out,
            "in truth {} ({}), from {} to {}; draws before that hurt nobody: {}",
            truth.join(" and "),
            case.family,
            seconds(from),
            seconds(to),
            case.redrawn
        );
        for e in seen.effects.all.iter().filter(|e| e.size >= 0.1) {
            let _ = writeln!(
                out,
                "  {:<28} x{:.2} of what is noticeable, {:.0} nats",
                e.what, e.size, e.nats
            );
        }
    }
    for (diagnoser, (answer, score)) in diagnosers.iter().zip(&case.said) {
        let causes: Vec<String> = answer
            .causes
            .iter()
            .map(|(c, p)| format!("{c} {:.0} %", p * 100.0))
            .collect();
        let onset = answer.onset.map_or("none".into(), seconds);
        let _ = writeln!(
            out,
            "{}: onset {onset}, {}; AC@1 {:.2}",
            diagnoser.name(),
            causes.join(", "),
            score.at[0]
        );
    }
    out.push('\n');
    out += &super::text::of_diagnosis(&seen.diagnosis, styled);
    out += "\nquantities: the largest Z, and that of stretches which would alarm alone\n";
    for loud in &seen.loudest {
        let alone: Vec<String> = loud
            .alone
            .iter()
            .map(|(z, t)| format!("{z:.1} (x{t:.1})"))
            .collect();
        let _ = writeln!(
            out,
            "  {:<36} {:>6.1}   {}",
            loud.quantity,
            loud.z,
            alone.join(", ")
        );
    }
    out += "\nfacts\n";
    for f in &seen.diagnosis.facts {
        let _ = writeln!(out, "  {:<24} {:>9.3} ±{:.3}", f.fact, f.value, f.se);
    }
    out
}

/// As JSON.
pub fn json(s: &Summary) -> String {
    serde_json::to_string_pretty(s).unwrap_or_default() + "\n"
}

/// Writes `blind.json`, `confusion.csv`, `confusion.png`, `struck.csv` (what is named where the true cause is struck from the
/// catalogue) and `misses.csv` into a folder.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_all(s: &Summary, again: &str, folder: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let fails =
        |e: std::io::Error| Refusal::file(folder.display(), format!("cannot be written: {e}"));
    std::fs::create_dir_all(folder).map_err(fails)?;
    let mut written = vec![];
    let mut put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(fails)?;
        written.push(path);
        Ok::<(), Refusal>(())
    };
    put("blind.json", json(s).as_bytes())?;
    put("confusion.csv", matrix::csv(&s.confusion).as_bytes())?;
    put("struck.csv", matrix::csv(&s.struck).as_bytes())?;
    let mut misses = String::from("number,family,truth,said,felt,again\n");
    for m in &s.misses {
        let _ = writeln!(
            misses,
            "{},{},{},{},{},{again} --only {}",
            m.number, m.family, m.truth, m.said, m.effect, m.number
        );
    }
    put("misses.csv", misses.as_bytes())?;
    #[cfg(feature = "plots")]
    if !s.confusion.is_empty() {
        put("confusion.png", &matrix::png(s)?)?;
    }
    Ok(written)
}
