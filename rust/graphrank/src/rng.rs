//! Randomness that depends on the seed and on the unit of work, never on threads or order.
//!
//! Every unit of work (a walk, a row, a peer) asks for its own stream: [`stream`]`(seed, domain, index)`. The domain
//! keeps two uses of one seed apart. The generator is xoshiro256++ (Blackman and Vigna, 2021), its state filled by
//! SplitMix64 from a mixed key, so streams of neighbouring indices share no visible structure.

pub use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// What a stream is for. Adding a use adds a variant; a variant never changes its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
#[non_exhaustive]
pub enum Domain {
    /// Generated test and benchmark graphs.
    Generator = 1,
}

/// The stream of unit `index` in `domain` under `seed`.
///
/// ```
/// use graphrank::rng::{stream, Domain};
/// use rand_xoshiro::rand_core::Rng;
/// let a = stream(7, Domain::Generator, 0).next_u64();
/// assert_eq!(a, stream(7, Domain::Generator, 0).next_u64());
/// assert_ne!(a, stream(7, Domain::Generator, 1).next_u64());
/// ```
#[must_use]
pub fn stream(seed: u64, domain: Domain, index: u64) -> Xoshiro256PlusPlus {
    let key = mix(mix(mix(seed) ^ domain as u64) ^ index);
    Xoshiro256PlusPlus::seed_from_u64(key)
}

/// SplitMix64's finaliser: a bijection that spreads every input bit over the output.
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
