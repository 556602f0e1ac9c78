//! When an episode began and ended, and which stretch before it is clean enough to compare it with.

use super::{
    Onset, contrast,
    episode::{Episode, Finding, Frame},
    evidence::{self, Spans},
    expiry, marks,
    refine::{self, Instant, Step},
    scan::Stretch,
    series::What,
    view::View,
    windows::SECOND,
};
use crate::recording::{outcome, requests};
use std::{collections::BTreeMap, ops::Range};

/// The clean stretch before, the episode between its edges, and the onset's interval.
pub struct Located {
    /// What to compare.
    pub spans: Spans,
    /// Since when.
    pub onset: Onset,
    /// What led.
    pub lead: What,
}

/// Since when, until when, and what to compare with.
pub fn locate(view: &View, frame: &Frame, main: &Episode, episodes: &[Episode]) -> Located {
    let windows = &frame.windows;
    let coarse = Instant {
        at: windows.start(main.from),
        from: windows.start(main.from.saturating_sub(1)),
        to: windows.start(main.from + 1),
    };
    // Instants come from what moved at large; comparisons of versions know their beginning exactly.
    let lead = main
        .findings
        .iter()
        .filter(|f| f.version.is_none())
        .max_by(|a, b| rank_of(frame, a).cmp(&rank_of(frame, b)));
    // Who is worked on only after leaving waited in a queue that was longer than anybody waits: what filled it came before.
    let lead = match lead {
        Some(l) if l.marker.what == What::Orphans && waited(view, frame, l) => main
            .of(What::Arrivals)
            .filter(|a| a.stretch.from <= l.stretch.from)
            .or(Some(l)),
        lead => lead,
    };
    // Of those who wait because of a queue's rule, whoever waits first says since when: the others may only do so when the rule
    // is taken back and meets the line.
    let queue = |what: What| matches!(what, What::PassedOver | What::UrgentWaits);
    let lead = match lead {
        Some(l) if queue(l.marker.what) => main
            .findings
            .iter()
            .filter(|f| f.version.is_none() && queue(f.marker.what))
            .min_by_key(|f| f.stretch.from),
        lead => lead,
    };
    let mut begun = lead
        .and_then(|f| edge(view, frame, f, true))
        .unwrap_or(coarse);
    if lead.is_some_and(|f| f.marker.what == What::CapacityLess)
        && let Some(silent) = fell_silent(view, begun)
    {
        begun = silent;
    }
    if lead.is_some_and(|f| f.marker.what == What::PassedOver) {
        begun = line_began(view, frame, main, begun);
    }
    if lead.is_some_and(|f| f.marker.what.primary())
        && let Some(first) = roll_out(view, begun)
    {
        begun = Instant {
            at: first,
            from: first,
            ..begun
        };
    }
    let version = main.findings.iter().find_map(|f| f.version);
    if let Some(v) = version
        && let Some(&(_, first, _)) = contrast::appearances(view, v.column)
            .iter()
            .find(|a| a.0 == v.value)
        && (lead.is_none() || view.arrived[first] < begun.from)
    {
        let earlier = contrast::before_first(view, v.column, v.value, first);
        begun = Instant {
            at: view.arrived[first],
            from: earlier,
            to: view.arrived[first],
        };
    }
    // A shorter lifetime bites only as entries come of age; they say when it began.
    let onward = begun.to..windows.start(main.to);
    if lead.is_some_and(|f| f.marker.what == What::Misses)
        && let Some(expiry) = expiry::read(view, &(windows.start(frame.warm)..begun.from), &onward)
            .filter(|e| e.young.shrunk() > 0.4)
        && let Some(change) = expiry.change.filter(|c| c.at < begun.at)
    {
        begun = change;
    }
    // What is known to be healthy is no part of it, whatever single requests speak for.
    begun = Instant {
        at: begun.at.max(frame.healthy),
        from: begun.from.max(frame.healthy),
        to: begun.to.max(frame.healthy),
    };
    let open = main.to >= windows.count;
    let ended = if open {
        None
    } else {
        let coarse = Instant {
            at: windows.start(main.to),
            from: windows.start(main.to - 1),
            to: windows.start(main.to + 1),
        };
        // Well again is when users are: misses outlast what lies behind them.
        let felt = main
            .findings
            .iter()
            .filter(|f| f.version.is_none() && f.marker.what == What::Misses)
            .max_by_key(|f| f.stretch.to)
            .filter(|_| lead.is_some_and(|l| l.marker.what.behind_misses()));
        felt.or(lead)
            .and_then(|f| edge(view, frame, f, false))
            .filter(|e| e.from > begun.at)
            .or(Some(coarse))
    };
    let ended = lead
        .filter(|l| l.marker.what.behind_misses())
        .and_then(|l| undone(view, frame, l, begun.to..windows.start(main.to)))
        .or(ended);
    // An episode lasts a window at least, however uncertain its edges.
    let least = begun.at + windows.width;
    let until = ended.map(|e| e.at.max(least));
    let during_end = ended.map_or(view.end, |e| e.from.max(least));
    let during = begun.to.min(during_end - windows.width / 2)..during_end;
    // The longest stretch between warm-up and onset that no other episode touches.
    let warm = windows.start(frame.warm);
    let mut cuts = vec![(begun.from, begun.from)];
    cuts.extend(
        episodes
            .iter()
            .filter(|e| !std::ptr::eq(*e, main))
            .map(|e| {
                (
                    windows.start(e.from.saturating_sub(1)),
                    windows.start(e.to + 1),
                )
            }),
    );
    cuts.sort_unstable();
    let (mut from, mut best) = (warm, warm..warm);
    for (start, end) in cuts {
        let start = start.min(begun.from);
        if start > from && start - from > best.end - best.start {
            best = from..start;
        }
        from = from.max(end).min(begun.from);
    }
    // Too short a stretch is no baseline: then everything before, whatever else happened in it.
    let least = 2 * windows.shortest as u64 * windows.width;
    let before = if best.end - best.start < least {
        warm.min(begun.from.saturating_sub(least))..begun.from.max(1)
    } else {
        best
    };
    let ramp = lead.is_some_and(|f| ramp(frame, f));
    let around = begun.from.saturating_sub(3 * evidence::REACH)..begun.to + 3 * evidence::REACH;
    let version =
        version.or_else(|| contrast::at_onset(view, frame, around, begun.from..during_end));
    let healed = until.filter(|u| !changes_near(view, *u));
    let keys_until = healed.map_or(during_end, |u| {
        next_change(view, u).min(u + 3 * (u - begun.at))
    });
    Located {
        spans: Spans {
            before,
            during,
            version,
            keys_until,
            onset: begun.from..begun.to,
            // Where versions are compared and nothing moved at large, what they differ in leads.
            behind_misses: lead
                .or(main.findings.first())
                .is_some_and(|f| f.marker.what.behind_misses()),
        },
        onset: Onset {
            at: begun.at,
            from: begun.from,
            to: begun.to,
            until,
            ramp,
        },
        lead: lead
            .or(main.findings.first())
            .map_or(What::Slow, |f| f.marker.what),
    }
}

/// When the line began of somebody who is passed over. He who is first in it had waited long by then: it began when he came, or
/// when more came than before, if that was not long before him.
fn line_began(view: &View, frame: &Frame, main: &Episode, seen: Instant) -> Instant {
    let began = &view.turns.began;
    let long = view.turns.long();
    let at = began.partition_point(|b| b.time < seen.from);
    let passed = began[at..]
        .iter()
        .take_while(|b| b.time <= seen.to + 10 * SECOND)
        .find(|b| b.other > long && b.other > 4.0 * b.waited);
    let Some(passed) = passed else { return seen };
    let waited = (f64::from(passed.other) * 1e9) as u64;
    let joined = passed.time.saturating_sub(waited).min(seen.at);
    let surge = main
        .of(What::Arrivals)
        .and_then(|f| edge(view, frame, f, true))
        // Before it the line came and went, for as long again.
        .filter(|s| (joined.saturating_sub(2 * waited + 30 * SECOND)..=joined).contains(&s.at));
    surge.unwrap_or(Instant {
        at: joined,
        from: joined.saturating_sub(waited / 4),
        to: joined,
    })
}

/// Whether most who are worked on for nobody had left before anything was done for them.
fn waited(view: &View, frame: &Frame, finding: &Finding) -> bool {
    let start = |w: usize| frame.windows.start(w);
    let all = marks::leavers::all(view);
    let within = view.between(start(finding.stretch.from), start(finding.stretch.to));
    let orphans: Vec<bool> = within
        .filter_map(|i| all.get(view.row(i) as usize))
        .filter(|l| l.is_orphan())
        .map(|l| l.begun)
        .collect();
    2 * orphans.iter().filter(|begun| !**begun).count() > orphans.len()
}

/// The first step of a roll-out, replica by replica, in whose course something began to move: what one replica of many does is
/// hardly seen in the sum of all, so a step shows late, and it was there since the first replica.
fn roll_out(view: &View, begun: Instant) -> Option<u64> {
    let log = evidence::events(view);
    let steps = |version: u64| {
        log.iter()
            .filter(move |e| e.version == version && e.replica > 0)
            .map(|e| e.time)
    };
    log.iter()
        .filter(|e| e.version > 1 && e.replica > 0)
        .filter_map(|e| Some((steps(e.version).min()?, steps(e.version).max()?)))
        .find(|&(first, last)| first < begun.from && begun.from <= last + evidence::REACH)
        .map(|(first, _)| first)
}

/// The deploy within an episode that ended it: what it undid goes on as its own wake, at less than half. (A roll-back of keys
/// gives new keys to all contents that were first asked for meanwhile.)
fn undone(view: &View, frame: &Frame, lead: &Finding, within: Range<u64>) -> Option<Instant> {
    let (windows, series) = (&frame.windows, frame.of(lead.marker.what)?);
    let margin = windows.width * windows.shortest as u64;
    let share = |from: u64, to: u64| {
        let sum = |v: &[f64]| {
            v.get(windows.of(from)..windows.of(to))
                .map_or(0.0, |v| v.iter().sum())
        };
        (sum(&series.bad), sum(&series.n).max(1.0))
    };
    evidence::events(view)
        .iter()
        .filter(|e| e.version > 0)
        .map(|e| e.time)
        .filter(|t| (within.start + margin..within.end.saturating_sub(margin)).contains(t))
        .find(|&t| {
            // As long before it as after it: keys that are new once fade by themselves.
            let near = (within.end - t).min(t - within.start);
            let (early, late) = (share(t - near, t), share(t + windows.width, within.end));
            2.0 * late.0 / late.1 < early.0 / early.1
        })
        .map(|t| Instant {
            at: t,
            from: t,
            to: t,
        })
}

/// Whether something was deployed or rolled back about then: then it did not heal by itself.
fn changes_near(view: &View, time: u64) -> bool {
    evidence::events(view)
        .iter()
        .any(|e| e.version > 0 && e.time.abs_diff(time) < (30 * SECOND).min(view.end / 20))
}

/// When something else is served next: a deploy, or rows of another version than those just before.
fn next_change(view: &View, time: u64) -> u64 {
    let deployed = evidence::events(view)
        .iter()
        .filter(|e| e.version > 0 && e.time > time)
        .map(|e| e.time)
        .min()
        .unwrap_or(view.end);
    let just = view.between(time.saturating_sub(60 * SECOND), time);
    let other = [requests::key_template, requests::service_version]
        .into_iter()
        .filter_map(|column| {
            let usual = view.get(column, just.clone().last()?);
            let alike = just
                .clone()
                .filter(|&i| view.get(column, i) == usual)
                .count();
            // While several versions serve side by side, the comparison is of one version anyway.
            (20 * alike >= 19 * just.len()).then_some(())?;
            view.between(time, view.end)
                .find(|&i| view.get(column, i) != usual)
                .map(|i| view.arrived[i])
        });
    other.min().unwrap_or(view.end).min(deployed)
}

/// What lies behind misses leads them: keys and lifetimes change at one instant, and misses follow as they may. Then primary
/// quantities; then arrivals (one tenant's, which say more precisely when), which explain what users feel; among them the one whose stretch is worst for its own noise.
fn rank_of(frame: &Frame, finding: &Finding) -> (u8, bool, bool, bool, bool, bool, u64) {
    (
        finding.marker.what.precise(),
        finding.marker.what.behind_misses(),
        finding.marker.what.primary(),
        !came_with_it(frame, finding),
        finding.marker.what == What::OneTenant,
        finding.marker.what == What::Arrivals,
        (finding.stretch.z * 1e3) as u64,
    )
}

/// How many times as many things there are in an episode, where something else brought them.
const BROUGHT: f64 = 5.0;

/// Whether its very things came with the episode, as calls do with the misses of a cache that had kept them away. Of the few
/// before there is hardly anything to tell when it began; what brought them says that.
fn came_with_it(frame: &Frame, finding: &Finding) -> bool {
    let Some(series) = frame.of(finding.marker.what) else {
        return false;
    };
    let Stretch { from, to, .. } = finding.stretch;
    let mean = |of: Range<usize>| {
        let n = of.len().max(1) as f64;
        series.n[of].iter().sum::<f64>() / n
    };
    // Its later half: the stretch may begin too early, for want of things that say when.
    let usual = mean(frame.warm..from.max(frame.warm));
    mean((from + to) / 2..to) > BROUGHT * usual
}

/// When the first of the replicas that are gone answered for the last time: gauges are read now and then, and probes take a
/// while. Gone is who is silent when fewer are first read, for so many times as long as usual.
fn fell_silent(view: &View, read: Instant) -> Option<Instant> {
    let mut ends: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let reach = read.at.saturating_sub(SILENT)..read.at + SILENT;
    for i in view.between(reach.start, reach.end) {
        let fine = matches!(
            view.get(requests::outcome, i) as u8,
            outcome::OK | outcome::DEGRADED
        );
        let replica = view.get(requests::replica, i);
        if fine && replica != 0 {
            let end = view.arrived[i] + view.get(requests::latency, i);
            ends.entry(replica).or_default().push(end);
        }
    }
    let last = ends.values_mut().filter_map(|ends| {
        ends.sort_unstable();
        let next = ends.partition_point(|&t| t < read.at);
        let last = *ends[..next].last()?;
        let usual = (last - ends[0]) / (next as u64).saturating_sub(1).max(1);
        let silent = ends.get(next).map_or(reach.end.min(view.end), |&t| t) - last;
        (next >= 3 && silent > QUIET * usual.max(1)).then_some((last, usual))
    });
    let (last, usual) = last.min()?;
    // A process that ends, or is started anew, says when.
    let log = evidence::events(view);
    let ended = |e: &&evidence::Event| e.replica > 0 && (e.name == "exit" || e.version > 0);
    let of = log.iter().filter(ended).map(|e| e.time);
    if let Some(at) = of.filter(|t| (last..=read.to.max(last)).contains(t)).min() {
        return Some(Instant {
            at,
            from: at,
            to: at,
        });
    }
    // Who is asked seldom may have fallen silent that much later.
    Some(Instant {
        at: last,
        from: last,
        to: (last + 3 * usual).min(read.to.max(last)),
    })
}

/// ns about a reading in which answers of replicas are looked at: three intervals of a slow probe and more.
const SILENT: u64 = 60 * SECOND;
/// Times its usual interval between answers that a replica that still serves is not silent: e^-10, were they independent.
const QUIET: u64 = 10;

/// Instant at which the finding begins or ends.
fn edge(view: &View, frame: &Frame, finding: &Finding, begins: bool) -> Option<Instant> {
    let windows = &frame.windows;
    let series = frame.of(finding.marker.what)?;
    let (from, to) = (finding.stretch.from, finding.stretch.to);
    // Shares near the edge: what heals by itself is worst at first, what ramps is worst at last.
    let near = ((to - from) / 5).max(windows.shortest.min(to - from));
    let inside = if begins {
        from..from + near
    } else {
        to - near..to
    };
    let back = 2 * near.max(2 * windows.shortest);
    let outside = if begins {
        from.saturating_sub(back).max(frame.warm)..from
    } else {
        to..(to + back).min(windows.count)
    };
    let share = |r: std::ops::Range<usize>| {
        let sum = |v: &[f64]| v.get(r.clone()).unwrap_or(&[]).iter().sum::<f64>();
        (sum(&series.n) > 0.0).then(|| sum(&series.bad) / sum(&series.n))
    };
    let (bad, good) = (share(inside)?, share(outside).unwrap_or(finding.before));
    if bad <= good {
        return None;
    }
    // Four windows and 20 s on either side, as far as the stretch and its outside reach.
    let reach = 4 * windows.width + 20 * SECOND;
    let at = windows.start(if begins { from } else { to });
    let (low, high) = (
        windows.start(if begins { frame.warm } else { from }),
        if begins { windows.start(to) } else { view.end },
    );
    let (before, after) = if begins { (good, bad) } else { (bad, good) };
    let step = Step {
        before,
        after,
        from: at.saturating_sub(reach).max(low),
        to: (at + reach).min(high),
    };
    if finding.marker.what == What::Arrivals {
        // Shares of arrivals are multiples of the typical number a window.
        let typical = series.n.first().copied().unwrap_or(1.0) / (windows.width as f64 * 1e-9);
        return refine::rate(
            view,
            Step {
                before: before * typical,
                after: after * typical,
                ..step
            },
        );
    }
    refine::instant(view, finding.marker, step)
}

/// A ramp climbs: in its first sixth it has not half the excess that it has in its later half.
fn ramp(frame: &Frame, finding: &Finding) -> bool {
    let Some(series) = frame.of(finding.marker.what) else {
        return false;
    };
    let (from, to) = (finding.stretch.from, finding.stretch.to);
    let length = to - from;
    if length < 6 {
        return false;
    }
    let excess = |r: std::ops::Range<usize>| {
        let sum = |v: &[f64]| v.get(r.clone()).unwrap_or(&[]).iter().sum::<f64>();
        sum(&series.bad) / sum(&series.n).max(1.0) - finding.before
    };
    excess(from..from + (length / 6).max(2)) < 0.5 * excess(from + length / 2..to)
}
