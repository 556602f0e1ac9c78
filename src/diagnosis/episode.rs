//! From series to episodes: what moved together, since when, until when, and which of them hurt most.

use super::{
    contrast,
    scan::{self, Noise, Stretch, Sums},
    series::{Marker, Series, What},
    stats::{ln, quantile, spaced},
    threshold::{least_effect, least_z},
    view::View,
    windows::Windows,
};

/// A quantity that was worse over a stretch.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which, and how it is marked.
    pub marker: Marker,
    /// Where.
    pub stretch: Stretch,
    /// By how much: points of a share, or ln of a ratio of durations.
    pub effect: f64,
    /// Bad share before.
    pub before: f64,
    /// Bad share during.
    pub during: f64,
    /// The version that it is confined to, when it was found by comparing versions that served side by side.
    pub version: Option<contrast::Version>,
}

impl Finding {
    /// Evidence a thing brings, in nats: Kullback-Leibler divergence of the two shares.
    fn telling(&self) -> f64 {
        let clip = |p: f64| p.clamp(1e-4, 1.0 - 1e-4);
        let (p0, p1) = (clip(self.before), clip(self.during));
        p1 * ln(p1 / p0) + (1.0 - p1) * ln((1.0 - p1) / (1.0 - p0))
    }
}

/// Things that moved together.
#[derive(Clone, Debug)]
pub struct Episode {
    /// First window.
    pub from: usize,
    /// The window after the last.
    pub to: usize,
    /// What moved, the most telling first.
    pub findings: Vec<Finding>,
    /// Requests that went worse than they would have: the measure by which episodes are ranked.
    pub harm: f64,
}

impl Episode {
    /// The finding of a quantity.
    pub fn of(&self, what: What) -> Option<&Finding> {
        self.findings.iter().find(|f| f.marker.what == what)
    }
}

/// Everything about a run's windows.
pub struct Frame {
    /// The windows.
    pub windows: Windows,
    /// What moves.
    pub series: Vec<Series>,
    /// Windows left out at the start.
    pub warm: usize,
}

impl Frame {
    /// The series of a quantity.
    pub fn of(&self, what: What) -> Option<&Series> {
        self.series.iter().find(|s| s.marker.what == what)
    }
}

/// Stretches of one quantity that are looked for at most: an incident, a decoy, and one more.
const STRETCHES: usize = 3;

/// The episodes of a run, the most harmful first.
pub fn all(view: &View, frame: &Frame) -> Vec<Episode> {
    let mut findings: Vec<Finding> = frame
        .series
        .iter()
        .flat_map(|s| stretches(view, frame, s, least_z(s.marker.what)))
        .collect();
    findings.extend(contrast::findings(view, frame));
    let mut episodes: Vec<Episode> = vec![];
    findings.sort_by(|a, b| b.stretch.z.total_cmp(&a.stretch.z));
    for finding in findings {
        let Stretch { from, to, .. } = finding.stretch;
        let together = |e: &&mut Episode| {
            let common = to.min(e.to).saturating_sub(from.max(e.from));
            2 * common >= (to - from).min(e.to - e.from)
        };
        match episodes.iter_mut().find(together) {
            Some(episode) => {
                let led = episode.findings.iter().any(|f| f.marker.what.primary());
                if finding.version.is_none() && (finding.marker.what.primary() || !led) {
                    (episode.from, episode.to) = (episode.from.min(from), episode.to.max(to));
                }
                episode.findings.push(finding);
            }
            None => episodes.push(Episode {
                from,
                to,
                findings: vec![finding],
                harm: 0.0,
            }),
        }
    }
    episodes.retain(|e| counts(view, frame, e));
    for episode in &mut episodes {
        episode
            .findings
            .sort_by(|a, b| b.telling().total_cmp(&a.telling()));
        episode.harm = harm(frame, episode);
    }
    episodes.sort_by(|a, b| b.harm.total_cmp(&a.harm));
    episodes
}

/// The largest Z of each quantity among the stretches that pass the gate of effect; 0 for none. For calibration.
pub fn loudest(view: &View, frame: &Frame) -> Vec<(What, f64)> {
    frame
        .series
        .iter()
        .map(|s| {
            (
                s.marker.what,
                stretches(view, frame, s, 0.0)
                    .iter()
                    .map(|f| f.stretch.z)
                    .fold(0.0, f64::max),
            )
        })
        .collect()
}

fn stretches(view: &View, frame: &Frame, series: &Series, least: f64) -> Vec<Finding> {
    let Frame { windows, warm, .. } = frame;
    let what = series.marker.what;
    let shortest = windows.shortest;
    let noise = Noise::of(&Sums::of(&series.y, &series.n, |w| w >= *warm), shortest);
    let mut taken: Vec<Stretch> = vec![];
    let mut found = vec![];
    for _ in 0..STRETCHES {
        let free = |w: usize| w >= *warm && !taken.iter().any(|t| (t.from..t.to).contains(&w));
        let sums = Sums::of(&series.y, &series.n, free);
        // Nearer to the start than two shortest lengths there is no "before" to compare with.
        let first = warm + 2 * shortest;
        let Some(stretch) = scan::worst(&sums, noise, shortest, first) else {
            break;
        };
        if stretch.z < least {
            break;
        }
        let before: Vec<usize> = (*warm..stretch.from).filter(|&w| free(w)).collect();
        let inside: Vec<usize> = (stretch.from..stretch.to).filter(|&w| free(w)).collect();
        taken.push(stretch);
        let Some(effect) = effect(view, windows, series, &before, &inside) else {
            continue;
        };
        if effect >= least_effect(what) {
            found.push(Finding {
                marker: series.marker,
                stretch,
                effect,
                before: share(series, &before),
                during: share(series, &inside),
                version: None,
            });
        }
    }
    found
}

fn share(series: &Series, windows: &[usize]) -> f64 {
    let sum = |v: &[f64]| windows.iter().map(|&w| v[w]).sum::<f64>();
    sum(&series.bad) / sum(&series.n).max(1.0)
}

/// How much worse, in units that people know: points of a share, or ln of the ratio of the quantile that the line stands for.
fn effect(
    view: &View,
    windows: &Windows,
    series: &Series,
    before: &[usize],
    inside: &[usize],
) -> Option<f64> {
    let (b, i) = (share(series, before), share(series, inside));
    let ratio = |q: f64| {
        let values = |of: &[usize]| -> Vec<f32> {
            let from = of.first().map_or(0, |&w| windows.start(w));
            let to = of.last().map_or(0, |&w| windows.start(w + 1));
            spaced(series.marker.between(view, from, to), 50_000)
                .filter(|&k| {
                    of.binary_search(&windows.of(series.marker.time(view, k)))
                        .is_ok()
                })
                .filter_map(|k| duration(view, series.marker.what, k))
                .collect()
        };
        let (old, new) = (
            quantile(&mut values(before), q)?,
            quantile(&mut values(inside), q)?,
        );
        (old > 0.0).then(|| ln(f64::from(new) / f64::from(old)))
    };
    if before.is_empty() || inside.is_empty() {
        return None;
    }
    match series.marker.what {
        What::CallsSlow => ratio(0.5),
        What::CallsVerySlow | What::ComputeSlow | What::Slow => ratio(0.95),
        What::Arrivals => Some(ln(i.max(1e-9) / b.max(1e-9))),
        _ => Some(i - b),
    }
}

/// The duration in seconds that a quantity is about.
pub fn duration(view: &View, what: What, i: usize) -> Option<f32> {
    use crate::recording::{requests, result};
    match what {
        What::CallsSlow | What::CallsVerySlow => {
            matches!(view.calls[i].result, 0 | result::OK | result::TIMEOUT)
                .then(|| view.calls[i].seconds)
        }
        What::ComputeSlow => Some(view.seconds(requests::compute, i)),
        What::Slow => Some(view.seconds(requests::latency, i)),
        _ => None,
    }
}

/// Whether an episode is an incident at all. A mechanism that changed is one. Users' trouble alone is one if arrivals rose
/// with it by more than the run's arrivals do by themselves (a surge), or did not rise (something that no quantity shows);
/// in between lies the ordinary swing of a service near saturation. More arrivals alone are good news.
fn counts(view: &View, frame: &Frame, episode: &Episode) -> bool {
    let mut primary = episode.findings.iter().filter(|f| f.marker.what.primary());
    if let Some(first) = primary.next() {
        let only_misses = first.marker.what == What::Misses
            && first.version.is_none()
            && primary.next().is_none();
        return !(only_misses && (echo(view, frame, episode) || fewer_requests(frame, episode)));
    }
    let failing = episode
        .of(What::Failures)
        .is_some_and(|f| f.effect >= FAILING);
    let slow = episode.of(What::Slow).is_some_and(|f| f.effect >= ln(SLOW));
    let surge = episode.of(What::Arrivals).is_some();
    let long = (episode.to - episode.from) as u64 * frame.windows.width >= LONG;
    (failing || slow)
        && long
        && (surge || growth(frame, episode) < SWING || tenant_surges(view, frame, episode))
}

/// Whether one tenant's share of the traffic rose: bursts of everybody leave shares as they are, so this sees a hot tenant
/// where the sum of arrivals swings by itself.
fn tenant_surges(view: &View, frame: &Frame, episode: &Episode) -> bool {
    use crate::{recording::requests, sim::hash::FixedState};
    let start = |w: usize| frame.windows.start(w);
    let mut counts: hashbrown::HashMap<u64, [f64; 2], FixedState> = hashbrown::HashMap::default();
    let mut totals = [0.0f64; 2];
    for (side, rows) in [
        view.between(start(frame.warm), start(episode.from)),
        view.between(start(episode.from), start(episode.to)),
    ]
    .into_iter()
    .enumerate()
    {
        for i in rows {
            counts.entry(view.get(requests::tenant, i)).or_default()[side] += 1.0;
            totals[side] += 1.0;
        }
    }
    counts
        .iter()
        .filter(|(tenant, _)| **tenant != 0)
        .any(|(_, n)| {
            let (before, during) = (n[0] / totals[0].max(1.0), n[1] / totals[1].max(1.0));
            // Tenants come in sessions: the error is twice that of independent requests.
            let se = 2.0 * (0.25 / totals[0].max(1.0) + 0.25 / totals[1].max(1.0)).sqrt();
            during - before >= TENANT_POINTS && during - before >= 5.0 * se
        })
}

/// Points of the traffic by which a tenant's share must grow to be hot.
const TENANT_POINTS: f64 = 0.08;

/// Whether a rise of misses is the first expiry of what was written when the recording began: expired misses make up most of
/// it, and hardly an entry died at an age at which others used to hit.
fn echo(view: &View, frame: &Frame, episode: &Episode) -> bool {
    use crate::recording::{miss, requests};
    let start = |w: usize| frame.windows.start(w);
    let (before, during) = (
        start(frame.warm)..start(episode.from),
        start(episode.from)..start(episode.to),
    );
    let rate = |span: &std::ops::Range<u64>| {
        let rows = view.between(span.start, span.end);
        let n = rows.len().max(1) as f64;
        let (mut misses, mut expired) = (0.0, 0.0);
        for i in rows {
            misses += f64::from(u8::from(view.get(requests::miss, i) != 0));
            expired += f64::from(u8::from(
                view.get(requests::miss, i) == u64::from(miss::EXPIRED),
            ));
        }
        (misses / n, expired / n)
    };
    let (b, d) = (rate(&before), rate(&during));
    d.1 - b.1 >= 0.6 * (d.0 - b.0)
        && super::expiry::read(view, &before, &during).is_some_and(|e| e.young.value < 0.25)
}

/// Whether a higher miss rate is fewer requests: contents come back later, and not more calls are made than before.
fn fewer_requests(frame: &Frame, episode: &Episode) -> bool {
    let Some(series) = frame.of(What::Misses) else {
        return false;
    };
    let a_window = |r: std::ops::Range<usize>| {
        r.clone().map(|w| series.bad[w]).sum::<f64>() / r.len().max(1) as f64
    };
    growth(frame, episode) < -SWING
        && a_window(episode.from..episode.to) < 1.02 * a_window(frame.warm..episode.from)
}

/// ln ratio of arrivals in the episode to those before.
fn growth(frame: &Frame, episode: &Episode) -> f64 {
    let Some(series) = frame.of(What::Arrivals) else {
        return 0.0;
    };
    let all = |r: std::ops::Range<usize>| share(series, &r.collect::<Vec<_>>());
    ln(all(episode.from..episode.to).max(1e-9) / all(frame.warm..episode.from).max(1e-9))
}

/// Points of failed requests from which users' trouble is an incident without any mechanism that changed: twice the
/// "noticeable" 1 %.
const FAILING: f64 = 0.02;
/// The same for the ratio of p95: minutes of three times the p95 by traffic alone are common near saturation.
const SLOW: f64 = 4.0;
/// ln ratio of arrivals below which they do not explain anything.
const SWING: f64 = 0.05;
/// ns that trouble without a mechanism must last: a queue needs a minute to drain after a burst.
const LONG: u64 = 60_000_000_000;

/// Requests that went worse than before: slow or failed ones count fully, misses a little.
fn harm(frame: &Frame, episode: &Episode) -> f64 {
    [
        (What::Slow, 1.0),
        (What::Failures, 1.0),
        (What::Misses, 0.2),
    ]
    .into_iter()
    .filter_map(|(what, weight)| {
        let series = frame.of(what)?;
        let before: Vec<usize> = (frame.warm..episode.from).collect();
        let usual = share(series, &before);
        let excess: f64 = (episode.from..episode.to)
            .map(|w| series.bad[w] - usual * series.n[w])
            .sum();
        Some(weight * excess.max(0.0))
    })
    .sum()
}
