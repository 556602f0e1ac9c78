//! Hashing with a fixed seed: the same map iterates in the same order in every run and on every
//! machine.
//!
//! Not for keys that an attacker chooses: whoever knows the seed (anybody) can make keys collide.
//! Folded 64 x 64 bit multiplication, after wyhash (Wang Yi) and foldhash (Orson Peters).

use std::hash::{BuildHasher, Hasher};

/// A hash map with a fixed seed.
pub type Map<K, V> = hashbrown::HashMap<K, V, FixedState>;
/// A hash set with a fixed seed.
pub type Set<T> = hashbrown::HashSet<T, FixedState>;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15; // 2^64 / golden ratio
const FOLD: u64 = 0xA076_1D64_78BD_642F; // wyhash
const LAST: u64 = 0xE703_7ED1_A0B4_28DB; // wyhash

/// Scrambles 64 bits one to one: nearby inputs give unrelated outputs.
/// Source: SplitMix64's finaliser (Steele, Lea & Flood 2014; Stafford's variant 13).
#[inline(always)]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

/// Builds [`FixedHasher`]s, all alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedState;

impl BuildHasher for FixedState {
    type Hasher = FixedHasher;
    #[inline(always)]
    fn build_hasher(&self) -> FixedHasher {
        FixedHasher(SEED)
    }
}

/// A fast hasher with a fixed seed.
#[derive(Clone, Debug)]
pub struct FixedHasher(u64);

impl Hasher for FixedHasher {
    #[inline(always)]
    fn finish(&self) -> u64 {
        fold(self.0, LAST)
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let mut eight = [0; 8];
            eight.copy_from_slice(word);
            self.write_u64(u64::from_le_bytes(eight));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut eight = [0; 8];
            eight[..rest.len()].copy_from_slice(rest);
            // The length keeps "a" and "a\0" apart.
            self.write_u64(u64::from_le_bytes(eight) ^ (rest.len() as u64) << 56);
        }
    }
    #[inline(always)]
    fn write_u64(&mut self, word: u64) {
        // Added, not xored, after the fold: a word equal to the state may not wipe it out.
        self.0 = fold(self.0 ^ word, FOLD).wrapping_add(word.rotate_left(32));
    }
    #[inline(always)]
    fn write_u8(&mut self, v: u8) {
        self.write_u64(v.into());
    }
    #[inline(always)]
    fn write_u16(&mut self, v: u16) {
        self.write_u64(v.into());
    }
    #[inline(always)]
    fn write_u32(&mut self, v: u32) {
        self.write_u64(v.into());
    }
    #[inline(always)]
    fn write_u128(&mut self, v: u128) {
        self.write_u64(v as u64);
        self.write_u64((v >> 64) as u64);
    }
    #[inline(always)]
    fn write_usize(&mut self, v: usize) {
        self.write_u64(v as u64);
    }
    #[inline(always)]
    fn write_i8(&mut self, v: i8) {
        self.write_u64(v as u64);
    }
    #[inline(always)]
    fn write_i16(&mut self, v: i16) {
        self.write_u64(v as u64);
    }
    #[inline(always)]
    fn write_i32(&mut self, v: i32) {
        self.write_u64(v as u64);
    }
    #[inline(always)]
    fn write_i64(&mut self, v: i64) {
        self.write_u64(v as u64);
    }
    #[inline(always)]
    fn write_isize(&mut self, v: isize) {
        self.write_u64(v as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_same_in_every_process_and_on_every_machine() {
        assert_eq!(FixedState.hash_one(1u64), FixedState.hash_one(1u32));
        let known = [
            FixedState.hash_one(0u64),
            FixedState.hash_one(42u64),
            FixedState.hash_one("tenant-7"),
        ];
        assert_eq!(known, KNOWN);
    }
    const KNOWN: [u64; 3] = [
        16651351999786859568,
        3990300756845045228,
        1340037334853482588,
    ];

    #[test]
    fn nearby_keys_spread_over_low_and_high_bits() {
        for shift in [0, 57] {
            let mut buckets = [0u32; 128];
            for key in 0..128_000u64 {
                buckets[(FixedState.hash_one(key) >> shift) as usize & 127] += 1;
            }
            // 1,000 each on average, standard deviation 31.5
            assert!(
                buckets.iter().all(|n| (800..1200).contains(n)),
                "{buckets:?}"
            );
        }
    }

    #[test]
    fn strings_that_differ_in_trailing_zeros_differ() {
        assert_ne!(FixedState.hash_one("a"), FixedState.hash_one("a\0"));
        assert_ne!(
            FixedState.hash_one([1u8, 0].as_slice()),
            FixedState.hash_one([1u8].as_slice())
        );
    }
}
