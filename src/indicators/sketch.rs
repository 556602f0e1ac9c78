//! A mergeable summary of durations: which values occurred how often, to three significant digits.
//!
//! The layout is that of HdrHistogram (Tene): 1,024 equal steps in each power of two, so a value is known to one part
//! in a thousand and two summaries merge without loss. Quantiles are those of the `hdrhistogram` crate, number for
//! number. Unlike it, a [`Sketch`] costs what was put into it (a window holds some dozens to thousands of values, where
//! a dense histogram is 450 KB): recent values are kept as step numbers, older ones as packed runs.
//! Not here: which values are put in, see `watch`.

use hdrhistogram::Histogram;

/// Steps in a power of two is `1 << HALF`: what three significant digits need.
const HALF: u32 = 10;
/// Steps of all values of 64 bits.
const STEPS: usize = 55 << HALF;
/// Step numbers kept as they came before they are packed. Packing costs the same however few there are.
const FRESH: usize = 4096;
/// The same once the window is over: stragglers are few, and there are many windows.
const SETTLED: usize = 64;

/// Sketches with fewer entries together are merged by sorting, others through a dense table of 450 KB.
const SPARSE: usize = 4096;

/// The step that a value falls on.
#[inline(always)]
fn step_of(value: u64) -> u16 {
    let shift = 63 - HALF - (value | ((1 << (HALF + 1)) - 1)).leading_zeros();
    ((shift << HALF) as u64 + (value >> shift)) as u16
}

/// The smallest value of a step.
fn floor_of(step: u16) -> u64 {
    let step = u64::from(step);
    let shift = (step >> HALF).saturating_sub(1);
    (step - (shift << HALF)) << shift
}

/// The largest value of a step, which stands for all of them.
fn ceiling_of(step: u16) -> u64 {
    let shift = (u64::from(step) >> HALF).saturating_sub(1);
    floor_of(step).saturating_add((1 << shift) - 1)
}

/// A growing summary of values.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    count: u64,
    zeros: u64,
    sum: u64,
    max: u64,
    fresh: Vec<u16>,
    packed: Vec<u8>,
    settled: bool,
}

impl Sketch {
    /// Puts a value in.
    #[inline(always)]
    pub fn push(&mut self, value: u64) {
        self.count += 1;
        // Most waits are none at all, and need no place.
        if value == 0 {
            self.zeros += 1;
            return;
        }
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
        if self.fresh.len() == self.fresh.capacity() {
            self.make_room();
        }
        self.fresh.push(step_of(value));
    }

    #[cold]
    fn make_room(&mut self) {
        if self.fresh.len() >= if self.settled { SETTLED } else { FRESH } {
            self.pack();
        }
    }

    fn pack(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        sort(&mut fresh);
        // A distance and a count of one byte each is the most that most entries take.
        let mut packed = Packer {
            bytes: Vec::with_capacity(self.packed.len() + 2 * fresh.len()),
            last: 0,
        };
        merge(Runs::new(&self.packed), counted(&fresh), |step, n| {
            packed.push(step, n)
        });
        self.packed = packed.bytes;
        fresh.clear();
        self.fresh = fresh;
    }

    /// A summary of nothing that has this room for new values.
    pub(super) fn with_room(room: Vec<u16>) -> Sketch {
        debug_assert!(room.is_empty());
        Sketch {
            fresh: room,
            ..Sketch::default()
        }
    }

    /// The window is over: takes no more memory than its values need. Values may still be put in. Gives back the room
    /// that its new values had, for the next window.
    pub fn settle(&mut self) -> Vec<u16> {
        self.pack();
        self.packed.shrink_to_fit();
        self.settled = true;
        std::mem::take(&mut self.fresh)
    }

    /// Values put in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum, in full precision.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The largest, in full precision.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        2 * self.fresh.capacity() + self.packed.capacity()
    }

    /// Entries, fresh and packed, about.
    fn size(&self) -> usize {
        self.fresh.len() + self.packed.len() / 2
    }

    /// As a dense histogram, for the formats that want one.
    pub fn to_histogram(&self) -> Histogram<u64> {
        Tally::of([self]).to_histogram()
    }
}

/// The values of several sketches together, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    count: u64,
    sum: u64,
    max: u64,
    /// Steps in order with how often each occurred.
    runs: Vec<(u16, u64)>,
}

impl Tally {
    /// The sum of these sketches.
    pub fn of<'a>(sketches: impl IntoIterator<Item = &'a Sketch>) -> Tally {
        let mut tally = Tally::default();
        let all: Vec<&Sketch> = sketches.into_iter().filter(|s| s.count > 0).collect();
        let zeros: u64 = all.iter().map(|s| s.zeros).sum();
        if zeros > 0 {
            tally.runs.push((0, zeros));
        }
        for sketch in &all {
            tally.count += sketch.count;
            tally.sum = tally.sum.saturating_add(sketch.sum);
            tally.max = tally.max.max(sketch.max);
        }
        if let [one] = all[..] {
            let mut fresh = one.fresh.clone();
            sort(&mut fresh);
            merge(Runs::new(&one.packed), counted(&fresh), |step, n| {
                tally.runs.push((step, n))
            });
        } else if all.iter().map(|s| s.size()).sum::<usize>() < SPARSE {
            let mut runs: Vec<(u16, u64)> = vec![];
            for sketch in all {
                runs.extend(Runs::new(&sketch.packed));
                runs.extend(sketch.fresh.iter().map(|&step| (step, 1)));
            }
            runs.sort_unstable();
            for (step, n) in runs {
                match tally.runs.last_mut() {
                    Some(last) if last.0 == step => last.1 += n,
                    _ => tally.runs.push((step, n)),
                }
            }
        } else {
            let mut dense = vec![0u64; STEPS];
            for sketch in all {
                Runs::new(&sketch.packed).for_each(|(step, n)| dense[usize::from(step)] += n);
                sketch
                    .fresh
                    .iter()
                    .for_each(|&step| dense[usize::from(step)] += 1);
            }
            let seen = dense.iter().enumerate().filter(|(_, n)| **n > 0);
            tally.runs.extend(seen.map(|(step, &n)| (step as u16, n)));
        }
        tally
    }

    /// Values put in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value that at least this fraction of all is not above, to three digits. `None` when there is none.
    pub fn quantile(&self, fraction: f64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((fraction.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut below = 0;
        let step = self.runs.iter().find(|(_, n)| {
            below += n;
            below >= rank
        });
        let step = step.or(self.runs.last())?.0;
        Some(if fraction <= 0.0 {
            floor_of(step)
        } else {
            ceiling_of(step)
        })
    }

    /// Mean, in full precision.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The largest, in full precision.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// How many values lie on a higher step than `value` does.
    pub fn above(&self, value: u64) -> u64 {
        let step = step_of(value);
        let from = self.runs.partition_point(|(s, _)| *s <= step);
        self.runs[from..].iter().map(|(_, n)| n).sum()
    }

    /// Value and count of every step that occurred, ascending; the value is the step's largest.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs.iter().map(|&(step, n)| (ceiling_of(step), n))
    }

    /// As a dense histogram of the full range, for the formats that want one.
    pub fn to_histogram(&self) -> Histogram<u64> {
        let mut histogram =
            Histogram::new_with_bounds(1, u64::MAX, 3).expect("bounds that the crate allows");
        for &(step, n) in &self.runs {
            histogram.saturating_record_n(floor_of(step), n);
        }
        histogram
    }
}

/// Sorts step numbers: by two passes over their bytes, since a comparison sort would cost as much as the rest together.
fn sort(steps: &mut Vec<u16>) {
    if steps.len() < 256 {
        steps.sort_unstable();
        return;
    }
    let mut other = vec![0u16; steps.len()];
    for shift in [0, 8] {
        let mut at = [0u32; 257];
        for &step in steps.iter() {
            at[usize::from(step >> shift & 0xFF) + 1] += 1;
        }
        for i in 1..257 {
            at[i] += at[i - 1];
        }
        for &step in steps.iter() {
            let place = &mut at[usize::from(step >> shift & 0xFF)];
            other[*place as usize] = step;
            *place += 1;
        }
        std::mem::swap(steps, &mut other);
    }
}

/// Sorted step numbers as runs.
fn counted(sorted: &[u16]) -> impl Iterator<Item = (u16, u64)> + '_ {
    sorted
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len() as u64))
}

/// Two ascending lists of runs as one.
fn merge(
    a: impl Iterator<Item = (u16, u64)>,
    b: impl Iterator<Item = (u16, u64)>,
    mut push: impl FnMut(u16, u64),
) {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    loop {
        match (a.peek().copied(), b.peek().copied()) {
            (Some((x, n)), Some((y, m))) if x == y => {
                push(x, n + m);
                a.next();
                b.next();
            }
            (Some((x, n)), other) if other.is_none_or(|(y, _)| x < y) => {
                push(x, n);
                a.next();
            }
            (_, Some((y, m))) => {
                push(y, m);
                b.next();
            }
            (_, None) => return,
        }
    }
}

/// Runs as bytes: the distance to the last step and the count, seven bits a byte. About two bytes a run.
struct Packer {
    bytes: Vec<u8>,
    last: u16,
}

impl Packer {
    fn push(&mut self, step: u16, n: u64) {
        self.number(u64::from(step - self.last));
        self.number(n);
        self.last = step;
    }

    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }
}

/// Reads what [`Packer`] wrote.
struct Runs<'a> {
    bytes: std::slice::Iter<'a, u8>,
    step: u16,
}

impl<'a> Runs<'a> {
    fn new(bytes: &'a [u8]) -> Runs<'a> {
        Runs {
            bytes: bytes.iter(),
            step: 0,
        }
    }

    fn number(&mut self) -> Option<u64> {
        let (mut n, mut shift) = (0, 0);
        loop {
            let byte = *self.bytes.next()?;
            n |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(n);
            }
            shift += 7;
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = (u16, u64);
    fn next(&mut self) -> Option<(u16, u64)> {
        self.step += self.number()? as u16;
        Some((self.step, self.number()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Vec<u64>> {
        let value = prop_oneof![
            Just(0),
            0u64..5_000,
            1_000_000u64..2_000_000_000,
            // At the very top theirs is off by one (18446744073709551614); 292 years are enough.
            any::<u64>().prop_map(|v| v >> 1)
        ];
        prop::collection::vec(value, 1..9_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn quantiles_are_those_of_the_hdrhistogram_crate(
            values in values(), cut in 0usize..9_000, settle in any::<bool>(), fraction in 0.0f64..=1.0
        ) {
            let mut theirs = Histogram::<u64>::new_with_bounds(1, u64::MAX, 3).unwrap();
            let mut ours = [Sketch::default(), Sketch::default()];
            for (i, &value) in values.iter().enumerate() {
                theirs.record(value).unwrap();
                let half = usize::from(i >= cut.min(values.len() / 2));
                if settle && i % 1000 == 999 {
                    ours[half].settle();
                }
                ours[half].push(value);
            }
            let tally = Tally::of(&ours);
            for q in [0.0, 0.5, 0.95, 0.99, 0.999, 1.0, fraction] {
                prop_assert_eq!(tally.quantile(q), Some(theirs.value_at_quantile(q)), "quantile {}", q);
            }
            prop_assert_eq!(tally.to_histogram(), theirs);
            prop_assert_eq!(tally.max(), values.iter().max().copied());
            let threshold = values[0];
            let step = step_of(threshold);
            prop_assert_eq!(tally.above(threshold), values.iter().filter(|&&v| step_of(v) > step).count() as u64);
        }

        #[test]
        fn a_step_holds_the_values_from_its_floor_to_its_ceiling(value in any::<u64>()) {
            let step = step_of(value);
            prop_assert!(floor_of(step) <= value && value <= ceiling_of(step));
            prop_assert_eq!(step_of(floor_of(step)), step);
            prop_assert_eq!(step_of(ceiling_of(step)), step);
        }
    }

    #[test]
    fn a_settled_window_costs_about_two_bytes_a_distinct_value() {
        let mut sketch = Sketch::default();
        (0..100_000u64).for_each(|i| sketch.push(1_000_000 + i % 500 * 1_000));
        sketch.settle();
        assert!(sketch.bytes() < 2_000, "{} bytes", sketch.bytes());
    }

    #[test]
    fn an_empty_sketch_has_no_quantile() {
        assert_eq!(Tally::of([&Sketch::default()]).quantile(0.5), None);
    }
}
