//! How far a command is, in one line on standard error, where somebody watches: virtual time, requests a second, time
//! left. Gone when it is done; never in a file, never on standard output.
//!
//! ```text
//! 3/20 incident-24-no-fix  ━━━━━━━━━━━──────  62%  0:37:12 of 1:00:00  41,886 requests/s  ETA 3s
//! ```

use crate::report::thousands;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::RefCell,
    io::IsTerminal,
    sync::atomic::{AtomicU64, Ordering},
};

#[expect(
    clippy::disallowed_types,
    reason = "wall time is shown to people, on stderr alone"
)]
type Wall = std::time::Instant;

/// Steps of the bar, which is as long as the rest of the line leaves room for.
const STEPS: u64 = 1000;
/// A line with a bar.
const BAR: &str = "{prefix}  {wide_bar}  {msg}";
/// A line of words, cut where the terminal ends.
const WORDS: &str = "{wide_msg}";
/// Letters of a name.
const NAME: usize = 28;
/// Below this share done, the time left is a guess.
const KNOWN: f64 = 0.01;

/// Runs one after another.
pub struct Progress {
    line: ProgressBar,
    begun: Wall,
    runs: usize,
    run: RefCell<OneRun>,
}

/// The run that is on.
struct OneRun {
    name: String,
    /// Its number, from 1; 0 before the first.
    number: usize,
    /// Virtual ns; 0 when that is not known.
    length: u64,
    begun: Wall,
}

impl Progress {
    /// Of so many runs.
    pub fn of(runs: usize) -> Progress {
        let begun = Wall::now();
        let run = OneRun {
            name: String::new(),
            number: 0,
            length: 0,
            begun,
        };
        Progress {
            line: line(),
            begun,
            runs,
            run: RefCell::new(run),
        }
    }

    /// The next run begins.
    pub fn start(&self, name: &str) {
        let number = self.run.borrow().number + 1;
        self.run.replace(OneRun {
            name: name.into(),
            number,
            length: 0,
            begun: Wall::now(),
        });
        self.at(0, 0);
    }

    /// The run is of so many virtual ns.
    pub fn lasts(&self, length: u64) {
        self.run.borrow_mut().length = length;
        self.at(0, 0);
    }

    /// The run is at this virtual ns, with so many requests begun.
    pub fn at(&self, now: u64, requests: u64) {
        let run = self.run.borrow();
        let point = Point {
            number: run.number,
            runs: self.runs,
            now,
            length: run.length,
            requests,
            seconds: run.begun.elapsed().as_secs_f64(),
            since_first: self.begun.elapsed().as_secs_f64(),
        };
        let name = format!("{}{}", number(run.number, self.runs), short(&run.name));
        match point.share() {
            Some(share) => draw_bar(&self.line, &name, share, &words(&point)),
            None => draw_words(&self.line, &format!("{name}  {}", words(&point))),
        }
    }

    /// What is done after the replay: `diagnosing`.
    pub fn says(&self, what: &str) {
        let run = self.run.borrow();
        let number = number(run.number, self.runs);
        draw_words(&self.line, &format!("{number}{}  {what}", short(&run.name)));
    }

    /// Wall time of the run so far, s.
    pub fn seconds(&self) -> f64 {
        self.run.borrow().begun.elapsed().as_secs_f64()
    }

    /// Clears the line, so that something else can be printed. What is told next brings it back.
    pub fn clear(&self) {
        draw_words(&self.line, "");
        self.line.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

/// Many runs at once, on all cores.
pub struct Tally {
    line: ProgressBar,
    begun: Wall,
    name: String,
    /// What they are called: `draws`.
    what: &'static str,
    of: u64,
    done: AtomicU64,
}

impl Tally {
    /// Of so many.
    pub fn of(name: &str, of: u64, what: &'static str) -> Tally {
        let tally = Tally {
            line: line(),
            begun: Wall::now(),
            name: name.into(),
            what,
            of,
            done: AtomicU64::new(0),
        };
        tally.show(0);
        tally
    }

    /// So many more are done.
    pub fn more(&self, n: u64) {
        self.show(self.done.fetch_add(n, Ordering::Relaxed) + n);
    }

    fn show(&self, done: u64) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let share = done as f64 / self.of.max(1) as f64;
        let words = counted(done, self.of, self.what, seconds);
        draw_bar(&self.line, &short(&self.name), share, &words);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

/// A line, or none where there is no terminal.
fn line() -> ProgressBar {
    let line = ProgressBar::new(STEPS);
    if !std::io::stderr().is_terminal() {
        line.set_draw_target(ProgressDrawTarget::hidden());
    }
    line
}

fn draw_bar(line: &ProgressBar, name: &str, share: f64, words: &str) {
    style(line, BAR);
    line.set_prefix(name.to_owned());
    line.set_message(words.to_owned());
    line.set_position((share * STEPS as f64) as u64);
}

fn draw_words(line: &ProgressBar, words: &str) {
    style(line, WORDS);
    line.set_message(words.to_owned());
}

fn style(line: &ProgressBar, template: &str) {
    if line.is_finished() {
        line.reset();
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style.progress_chars("━━─"));
    }
}

/// Where a run is.
struct Point {
    number: usize,
    runs: usize,
    now: u64,
    length: u64,
    requests: u64,
    /// Wall time of this run, and since the first began.
    seconds: f64,
    since_first: f64,
}

impl Point {
    /// How much is done; `None` when nobody knows of how much.
    fn share(&self) -> Option<f64> {
        (self.length > 0).then(|| (self.now as f64 / self.length as f64).min(1.0))
    }
}

/// What stands behind the bar.
fn words(p: &Point) -> String {
    let mut parts = vec![match p.share() {
        Some(share) => format!(
            "{:3.0}%  {} of {}",
            (share * 100.0).floor(),
            clock(p.now),
            clock(p.length)
        ),
        None => clock(p.now),
    }];
    if p.requests > 0 && p.seconds > 0.0 {
        let speed = p.requests as f64 / p.seconds;
        parts.push(format!("{} requests/s", thousands(speed as u64)));
    }
    if let Some(share) = p.share().filter(|s| *s >= KNOWN) {
        // Runs of one incident take about as long as one another.
        let done = p.number.saturating_sub(1) as f64 + share;
        parts.push(format!("ETA {}", left(p.since_first, done, p.runs as f64)));
    }
    parts.join("  ")
}

fn counted(done: u64, of: u64, what: &str, seconds: f64) -> String {
    let mut line = format!("{done}/{of} {what}");
    if done > 0 && seconds > 0.0 {
        line += &format!("  {:.1}/s", done as f64 / seconds);
        line += &format!("  ETA {}", left(seconds, done as f64, of as f64));
    }
    line
}

/// The time that is left when the rest goes like what is done.
fn left(seconds: f64, done: f64, of: f64) -> String {
    let left = seconds * ((of - done) / done.max(1e-9)).max(0.0);
    match left.ceil() as u64 {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        s => format!("{}h{:02}m", s / 3600, s / 60 % 60),
    }
}

fn number(number: usize, runs: usize) -> String {
    match runs {
        0 | 1 => String::new(),
        _ => format!("{number}/{runs} "),
    }
}

/// A name of a file must not speak to the terminal, nor fill it.
fn short(name: &str) -> String {
    let shown = name.chars().filter(|c| !c.is_control());
    let mut short: String = shown.clone().take(NAME).collect();
    if shown.count() > NAME {
        short.pop();
        short.push('…');
    }
    short
}

/// `1:07:03`.
fn clock(ns: u64) -> String {
    let s = ns / 1_000_000_000;
    format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn point() -> Point {
        Point {
            number: 1,
            runs: 1,
            now: 2232 * S,
            length: 3600 * S,
            requests: 178_000,
            seconds: 4.0,
            since_first: 4.0,
        }
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long_yet() {
        assert_eq!(
            words(&point()),
            " 62%  0:37:12 of 1:00:00  44,500 requests/s  ETA 3s"
        );
    }

    #[test]
    fn the_time_left_is_that_of_all_runs() {
        let line = words(&Point {
            number: 3,
            runs: 20,
            now: 1800 * S,
            since_first: 10.0,
            ..point()
        });
        // 2.5 runs in 10 s: the other 17.5 take 70.
        assert!(line.ends_with("ETA 1m10s"), "{line}");
    }

    #[test]
    fn nothing_is_guessed_at_the_start_and_nothing_divides_by_zero() {
        let start = words(&Point {
            now: 0,
            requests: 0,
            seconds: 0.0,
            since_first: 0.0,
            ..point()
        });
        assert_eq!(start, "  0%  0:00:00 of 1:00:00");
        let unknown = words(&Point {
            length: 0,
            ..point()
        });
        assert_eq!(unknown, "0:37:12  44,500 requests/s");
        let over = words(&Point {
            now: 4000 * S,
            ..point()
        });
        assert!(
            over.contains("100%") && over.ends_with("ETA 0s"),
            "requests may end after the trace: {over}"
        );
        assert_eq!(counted(0, 0, "draws", 0.0), "0/0 draws");
    }

    #[test]
    fn a_tally_counts_what_is_done_on_all_cores() {
        assert_eq!(counted(7, 20, "draws", 14.0), "7/20 draws  0.5/s  ETA 26s");
    }

    #[test]
    fn a_name_neither_fills_the_line_nor_speaks_to_the_terminal() {
        assert_eq!(short("a\u{1b}[31mb"), "a[31mb");
        assert_eq!(short(&"n".repeat(99)).chars().count(), NAME);
    }
}
