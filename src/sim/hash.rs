//! Hashing with a fixed seed (first cut; the engine brings the final one).
/// Builds hashers that give the same numbers in every run.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedState;
/// Multiply-xor hasher.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedHasher(u64);
impl std::hash::BuildHasher for FixedState {
    type Hasher = FixedHasher;
    fn build_hasher(&self) -> FixedHasher {
        FixedHasher(0)
    }
}
impl std::hash::Hasher for FixedHasher {
    fn finish(&self) -> u64 {
        mix(self.0)
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = mix(self.0.rotate_left(23) ^ n);
    }
}
/// SplitMix64's finaliser: every bit of the input reaches every bit of the output.
#[inline(always)]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
