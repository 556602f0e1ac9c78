//! From series to episodes: what moved together, since when, until when, and which of them hurt most.

use super::{
    contrast, deploys,
    scan::{self, Noise, Stretch, Sums},
    series::{Marker, Series, What},
    stats::{ln, quantile, spaced},
    threshold::{least_effect, least_z, spike_z},
    trouble,
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
    /// Bad share before.
    pub before: f64,
    /// Bad share during.
    pub during: f64,
    /// How large the change is, in units of the least that matters (`threshold::least_effect`).
    pub times: f64,
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
    /// Until when the run is known to be healthy, ns; 0 is not at all.
    pub healthy: u64,
}

impl Frame {
    /// The first window in which something may begin: nearer to the start than two shortest lengths there is no "before" to compare
    /// with, and what is known to be healthy is all "before".
    pub fn first(&self) -> usize {
        let least = self.warm + 2 * self.windows.shortest;
        least.max(self.windows.of(self.healthy))
    }

    /// The series of a quantity.
    pub fn of(&self, what: What) -> Option<&Series> {
        self.series.iter().find(|s| s.marker.what == what)
    }
}

/// Whether a mechanism moved for a small part of the time that more arrived: it did not bring the surge, and is an episode of
/// its own, or none.
fn within_a_surge(episode: &Episode, finding: &Finding) -> bool {
    let length = |s: &Stretch| s.to - s.from;
    finding.marker.what.primary()
        && episode
            .of(What::Arrivals)
            .is_some_and(|a| PART * length(&finding.stretch) < length(&a.stretch))
}

/// Whether an episode is a small part of a surge: it comes of it, or beside it, and does not lead.
fn part_of(episode: &Episode, (from, to): (usize, usize)) -> bool {
    from <= episode.from && episode.to <= to && PART * (episode.to - episode.from) < to - from
}

/// A half: a mechanism that explains a surge's harm lasts about as long.
const PART: usize = 2;
/// Share of the worst episode's harm from which an earlier one comes first.
const WAKE: f64 = 0.3;
/// Stretches of one quantity that are looked for at most: an incident, a decoy, and one more.
const STRETCHES: usize = 3;

/// The episodes of a run, the most harmful first.
pub fn all(view: &View, frame: &Frame) -> Vec<Episode> {
    let mut findings: Vec<Finding> = frame
        .series
        .iter()
        .flat_map(|s| stretches(view, frame, s, |times| least_z(s.marker.what, times)))
        .collect();
    findings.extend(deploys::findings(view, frame));
    findings.extend(contrast::findings(view, frame));
    let mut episodes: Vec<Episode> = vec![];
    findings.sort_by(|a, b| b.stretch.z.total_cmp(&a.stretch.z));
    for finding in findings {
        let Stretch { from, to, .. } = finding.stretch;
        let together = |e: &&mut Episode| {
            let common = to.min(e.to).saturating_sub(from.max(e.from));
            2 * common >= (to - from).min(e.to - e.from) && !within_a_surge(e, &finding)
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
    episodes.retain(|e| trouble::counts(view, frame, e));
    for episode in &mut episodes {
        episode
            .findings
            .sort_by(|a, b| b.telling().total_cmp(&a.telling()));
        episode.harm = harm(frame, episode);
    }
    // The first episode that is not small beside the worst: what follows is often its wake (a cold cache after a roll-back).
    let worst = episodes.iter().map(|e| e.harm).fold(0.0, f64::max);
    let surges: Vec<(usize, usize)> = episodes
        .iter()
        .filter(|e| e.of(What::Arrivals).is_some())
        .map(|e| (e.from, e.to))
        .collect();
    episodes.sort_by(|a, b| {
        let small = |e: &Episode| e.harm < WAKE * worst;
        let led = |e: &Episode| {
            e.findings.iter().any(|f| f.marker.what.primary())
                && !surges.iter().any(|s| part_of(e, *s))
        };
        small(a)
            .cmp(&small(b))
            .then(led(b).cmp(&led(a)))
            .then(a.from.cmp(&b.from))
    });
    episodes
}

/// The largest Z of each quantity, and the stretches that would alarm alone if Z did not count. For calibration.
pub fn loudest(view: &View, frame: &Frame) -> Vec<Loud> {
    let each = |s: &Series| {
        let sums = sums(s, |w| w >= frame.warm);
        let shortest = frame.windows.shortest;
        let noise = Noise::of(&sums, shortest);
        let any = scan::worst(&sums, noise, shortest, frame.first()).map_or(0.0, |w| w.z);
        let alone = |f: Finding| Episode {
            from: f.stretch.from,
            to: f.stretch.to,
            findings: vec![f],
            harm: 0.0,
        };
        let alone = stretches(view, frame, s, |_| 0.0)
            .into_iter()
            .map(|f| ((f.stretch.z, f.times), alone(f)))
            .filter(|(_, e)| s.marker.what.primary() && trouble::counts(view, frame, e))
            .map(|(loud, _)| loud)
            .collect();
        Loud {
            quantity: s.marker.what.name(),
            z: any,
            alone,
        }
    };
    frame.series.iter().map(each).collect()
}

/// How loud a quantity was in a run.
#[derive(Clone, Debug)]
pub struct Loud {
    /// Its name.
    pub quantity: &'static str,
    /// The largest Z of any stretch.
    pub z: f64,
    /// Z and size, in units of the least that matters, of each stretch that would alarm alone if its Z were large enough.
    pub alone: Vec<(f64, f64)>,
}

/// The sums of a series. New contents become fewer all along, so they are only held against what was just before.
fn sums(series: &Series, keep: impl Fn(usize) -> bool) -> Sums {
    let sums = Sums::of(&series.y, &series.n, keep);
    match series.marker.what {
        What::NewContents => sums.local(),
        _ => sums,
    }
}

/// Z of a stretch by the noise of what remains when its own step is taken out. A step of a quarter of the run lies in two of five
/// differences of adjacent means at the longest scales, and would pass for noise of its own.
fn studentised(
    series: &Series,
    sums: &Sums,
    keep: impl Fn(usize) -> bool,
    shortest: usize,
    stretch: Stretch,
) -> f64 {
    let Stretch { from, to, .. } = stretch;
    let step = sums.step(shortest, from, to);
    let mut rest = series.clone();
    rest.y[from..to].iter_mut().for_each(|y| *y -= step);
    let noise = Noise::of(&self::sums(&rest, keep), shortest);
    sums.z(noise, shortest, from, to)
}

/// σ of counting alone by which a stretch must be worse than what was just before it: one look at a place that the scan has
/// chosen, so as much as a scan of a hundred places would need.
const COUNTED: f64 = 4.5;
/// ns below which a stretch is a spike, in a run long enough to have had others like it.
const SPIKE: u64 = 60_000_000_000;

/// Nats from which a few bad things, of which there are hardly any elsewhere, are no chance: with ten thousand stretches looked
/// at, one in three hundred runs would have such a one.
const TOLD: f64 = 15.0;

/// Nats of so many bad things in a stretch, against the rate at which there are any elsewhere.
fn told(series: &Series, warm: usize, stretch: Stretch) -> f64 {
    let Stretch { from, to, .. } = stretch;
    let all = |of: &[f64]| of[warm..].iter().sum::<f64>();
    let within = |of: &[f64]| of[from..to].iter().sum::<f64>();
    let (k, n) = (within(&series.bad), within(&series.n));
    let (others, of) = (all(&series.bad) - k, all(&series.n) - n);
    let usual = (others + 0.5) / (of + 1.0);
    let here = k / n.max(1.0);
    if here <= usual {
        return 0.0;
    }
    k * ln(here / usual) - n * (here - usual)
}

fn stretches(
    view: &View,
    frame: &Frame,
    series: &Series,
    least: impl Fn(f64) -> f64,
) -> Vec<Finding> {
    let Frame { windows, warm, .. } = frame;
    let shortest = windows.shortest;
    let noise = Noise::of(&sums(series, |w| w >= *warm), shortest);
    let mut taken: Vec<Stretch> = vec![];
    let mut found = vec![];
    for _ in 0..STRETCHES {
        let free = |w: usize| w >= *warm && !taken.iter().any(|t| (t.from..t.to).contains(&w));
        let sums = sums(series, free);
        let Some(stretch) = scan::worst(&sums, noise, shortest, frame.first()) else {
            break;
        };
        let stretch = Stretch {
            z: studentised(series, &sums, free, shortest, stretch),
            ..stretch
        };
        if stretch.z < least(f64::INFINITY) {
            break;
        }
        // What beats the rest of the run by the slope that all of it has (a cache that fills) does not beat what was just before.
        let Stretch { from, to, .. } = stretch;
        let here = if series.marker.what.rare() {
            // Shares next to none are no normal variables: five in a thousand, and none in ten thousand, is told by its odds.
            told(series, *warm, stretch) * COUNTED / TOLD
        } else {
            sums.counted(shortest, from, to)
        };
        let spike = (to - from) as u64 * windows.width < SPIKE && view.end >= 20 * SPIKE;
        if here >= COUNTED && (!spike || stretch.z >= spike_z(series.marker.what)) {
            let of = finding(view, frame, series, stretch, free);
            found.extend(of.filter(|f| f.stretch.z >= least(f.times)));
        }
        taken.push(stretch);
    }
    let mut found = merged(frame.windows.shortest, found);
    if series.marker.what == What::Arrivals {
        // A burst just before a surge is no part of it.
        let sums = Sums::of(&series.y, &series.n, |w| w >= *warm);
        for f in &mut found {
            f.stretch = scan::placed(&sums, shortest, f.stretch);
        }
    }
    found
}

/// The finding of a stretch, if the change is large enough to matter and lasts. Windows for which `keep` says no are left out.
pub fn finding(
    view: &View,
    frame: &Frame,
    series: &Series,
    stretch: Stretch,
    keep: impl Fn(usize) -> bool,
) -> Option<Finding> {
    // Just before, and as long: the run may have drifted since its start.
    let back = (stretch.to - stretch.from).max(4 * frame.windows.shortest);
    let from = stretch.from.saturating_sub(back).max(frame.warm);
    let before: Vec<usize> = (from..stretch.from).filter(|&w| keep(w)).collect();
    let inside: Vec<usize> = (stretch.from..stretch.to).filter(|&w| keep(w)).collect();
    let effect = effect(view, &frame.windows, series, &before, &inside)?;
    let large = effect >= least_effect(series.marker.what)
        && (!series.marker.what.behind_misses()
            || felt(view, frame, series.marker.what, &before, &inside));
    (large && lasting(series, frame.windows.shortest, &before, &inside)).then(|| Finding {
        marker: series.marker,
        stretch,
        before: share(series, &before),
        during: share(series, &inside),
        times: effect / least_effect(series.marker.what),
        version: None,
    })
}

/// Whether more look-ups miss: of what has expired, or of known contents. Keys and lifetimes may change, and nobody notices.
/// Not misses at large: while a cache fills they fall by themselves.
fn felt(view: &View, frame: &Frame, what: What, before: &[usize], inside: &[usize]) -> bool {
    use crate::recording::{cache, miss, requests};
    let span = |windows: &[usize]| {
        let from = windows.first().map_or(0, |&w| frame.windows.start(w));
        let to = windows.last().map_or(0, |&w| frame.windows.start(w + 1));
        from..to
    };
    let expired = |windows: &[usize]| {
        let (mut n, mut k) = (0.0f64, 0.0);
        for i in view.between(span(windows).start, span(windows).end) {
            let word = view.get(requests::cache, i) as u8;
            n += f64::from(u8::from(word != 0));
            let dead = view.get(requests::miss, i) == u64::from(miss::EXPIRED);
            k += f64::from(u8::from(word == cache::MISS && dead));
        }
        k / n.max(1.0)
    };
    let known = |windows: &[usize]| {
        let (all, span) = (&view.repeats.known, span(windows));
        let at = |t| all.partition_point(|x| x.time < t);
        let of = &all[at(span.start)..at(span.end)];
        of.iter().filter(|x| x.bad).count() as f64 / of.len().max(1) as f64
    };
    let more = match what {
        What::DiedYoung => expired(inside) - expired(before),
        What::NewContents => return true, // they miss, so its own effect is what is felt
        _ => known(inside) - known(before),
    };
    more >= least_effect(What::Misses)
}

/// Whether a stretch is worse for most of its time, and not for a spike within it: half of its windows and more lie above the
/// middle between before and during. Of what is counted in ones and twos nothing can be said window by window.
fn lasting(series: &Series, shortest: usize, before: &[usize], inside: &[usize]) -> bool {
    if !matches!(
        series.marker.what,
        What::Misses | What::CallsSlow | What::CallsVerySlow | What::ComputeSlow
    ) {
        return true;
    }
    let middle = (share(series, before) + share(series, inside)) / 2.0;
    let above = inside
        .iter()
        .filter(|&&w| series.bad[w] > middle * series.n[w])
        .count();
    // No stretch is shorter than the shortest, so a spike half as long fills more than half of it.
    if inside.len() < 2 * shortest {
        3 * above > 2 * inside.len()
    } else {
        2 * above > inside.len()
    }
}

/// Stretches that follow one another are one: a roll-out, its plateau, and the refill after a roll-back.
fn merged(shortest: usize, mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|f| f.stretch.from);
    let mut all: Vec<Finding> = vec![];
    for finding in found {
        let Some(last) = all
            .last_mut()
            .filter(|l| finding.stretch.from <= l.stretch.to + shortest)
        else {
            all.push(finding);
            continue;
        };
        let windows = |f: &Finding| (f.stretch.to - f.stretch.from) as f64;
        let (a, b) = (windows(last), windows(&finding));
        last.during = (a * last.during + b * finding.during) / (a + b);
        last.stretch.to = last.stretch.to.max(finding.stretch.to);
        last.stretch.z = last.stretch.z.max(finding.stretch.z);
    }
    all
}

/// Share of bad things over some windows.
pub fn share(series: &Series, windows: &[usize]) -> f64 {
    let sum = |v: &[f64]| windows.iter().map(|&w| v[w]).sum::<f64>();
    sum(&series.bad) / sum(&series.n).max(1.0)
}

/// How much worse, in units that people know: points of a share, or ln of the ratio of the quantile that the line stands for.
pub fn effect(
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
        What::ComputeSlow => super::series::computed(view, i),
        What::Slow => Some(view.seconds(requests::latency, i)),
        _ => None,
    }
}

/// Requests that went worse than before: slow or failed ones count fully, misses a little.
fn harm(frame: &Frame, episode: &Episode) -> f64 {
    [
        (What::Slow, 1.0),
        (What::Failures, 1.0),
        (What::Hidden, 1.0),
        (What::Incomplete, 0.5),
        // A default with a good status is a failure that no other quantity shows.
        (What::ParseErrors, 0.5),
        (What::Misses, 0.2),
        // Charged twice, or not at all, is worse than slow.
        (What::Repeats, 10.0),
        (What::SharedKeys, 10.0),
        (What::Unpublished, 10.0),
        // Nobody feels work for nobody, until there is no room for the rest.
        (What::Orphans, 0.2),
        (What::RecordsKilled, 1.0),
        (What::Held, 0.1),
        (What::Listed, 0.1),
        (What::PoolSmaller, 0.1),
        // Nobody feels a dearer request until there is no core for it.
        (What::CpuMore, 0.1),
        (What::CpuFar, 0.2),
    ]
    .into_iter()
    .filter_map(|(what, weight)| {
        let series = frame.of(what)?;
        let before: Vec<usize> = (frame.warm..episode.from).collect();
        let usual = share(series, &before);
        let excess = |w: usize| series.bad[w] - usual * series.n[w];
        let windows = episode.from..episode.to;
        if what.of_readings() {
            // What is read now and then stands for the requests of that time.
            let requests: f64 = frame
                .of(What::Slow)
                .map_or(0.0, |s| windows.clone().map(|w| s.n[w]).sum());
            let readings: f64 = windows.clone().map(|w| series.n[w]).sum();
            let share = windows.map(excess).sum::<f64>() / readings.max(1.0);
            return Some(weight * share.max(0.0) * requests);
        }
        let excess: f64 = windows.map(excess).sum();
        Some(weight * excess.max(0.0))
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(from: usize, to: usize, during: f64) -> Finding {
        Finding {
            marker: Marker {
                what: What::Misses,
                line: 0.0,
            },
            stretch: Stretch {
                z: during * 10.0,
                from,
                to,
            },
            before: 0.1,
            during,
            times: 1.0,
            version: None,
        }
    }

    #[test]
    fn a_roll_out_and_its_plateau_are_one_stretch_and_a_later_one_is_its_own() {
        let all = merged(
            3,
            vec![found(60, 70, 0.2), found(40, 50, 0.4), found(50, 52, 0.9)],
        );
        let ends: Vec<_> = all.iter().map(|f| (f.stretch.from, f.stretch.to)).collect();
        assert_eq!(ends, [(40, 52), (60, 70)]);
        // Ten windows at 0.4 and two at 0.9; as loud as its loudest part.
        assert!((all[0].during - 5.8 / 12.0).abs() < 1e-9, "{:?}", all[0]);
        assert_eq!(all[0].stretch.z, 9.0);
    }

    #[test]
    fn a_gap_of_the_shortest_length_does_not_part_them() {
        let windows =
            |gap: usize| merged(3, vec![found(10, 20, 0.5), found(20 + gap, 40, 0.5)]).len();
        assert_eq!((windows(3), windows(4)), (1, 2));
    }
}
